"""A record stays open for what is bent: it cannot be closed but parked, and is closed once that is straight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from journals import Book, declared, plan, planned

from actions.engine.elsewhere import pay_elsewhere
from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.blocking import Move, blocked_reason, close_reason, next_move, park_reason, sign_reason
from actions.model.debts import due_by, holding, holds
from actions.model.incident import Debt, Incident
from actions.model.parked import with_ways
from actions.model.record_text import markdown, state_words
from actions.model.record_timeline import timeline
from actions.model.status_line import Owes, as_json, line, parts

NOTICE = ev.DebtOpened("N1.1", "the maintenance notice is shown", "u on N1, or N2 take it down", "2026-11-23T10:00:00Z")
PARKED = ev.IncidentParked("recovered", "back", "t", "t", owed=("N1.1",))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "store")


def flown(book: Book) -> Incident:
    """The way back is proven; a notice is still shown, and a step takes it down."""
    book.add(ev.LeaseTaken("ops1", "jump-1", 1, "pts/1", 1))
    book.decide()
    steps = plan().steps
    book.draw(
        plan(
            planned("N1", phase="before", step="maintenance.on"),
            *steps,
            planned("N2", phase="after", step="maintenance.off", pays="N1"),
            planned("X9", optional=True),
        )
    )
    for code in ("N1", *(step.code for step in steps)):
        book.run(code)
    return book.add(NOTICE)


@pytest.mark.parametrize(
    ("name", "undo", "wanted"),
    [
        ("X1.3", "u on X1", True),
        ("X1.found", "straighten it by hand", True),
        ("X3.12", "", True),
        ("fix", "", False),
        ("S3", "", False),
        ("document-2", "", False),
        ("break-glass-1", "", False),
        ("explain gate K1.5", "", False),
        (".7", "", False),
    ],
)
def test_what_a_step_has_bent_holds_the_record_open(name: str, undo: str, wanted: bool) -> None:
    """By where a debt comes from: things to do keep no record open."""
    assert holds(Debt(name, "text", undo, "")) is wanted


def test_it_is_not_closed_while_something_is_bent(book: Book) -> None:
    """Whatever the outcome: the reason names the debt, what straightens it, and the next move."""
    incident = flown(book)
    for outcome in ("recovered", "forward", "not recovered", "abandoned", "false alarm"):
        reason = close_reason(incident, outcome) or ""
        assert "N1.1 the maintenance notice is shown (u on N1, or N2 take it down)" in reason
        assert reason.endswith("straighten that, or park the record")
        assert park_reason(incident, outcome) is None
    assert "debt" not in (close_reason(book.add(ev.DebtPaid("N1.1", "N2")), "recovered") or "")
    assert park_reason(book.incident(), "recovered") == "nothing is bent: close it"
    assert close_reason(book.incident(), "recovered") is None


def test_parking_says_no_to_what_closing_says_no_to(book: Book) -> None:
    """A record is not parked as recovered when nothing is proven."""
    book.decide()
    book.draw(plan())
    incident = book.add(NOTICE)
    assert "not proven" in (park_reason(incident, "recovered") or "")
    assert park_reason(incident, "not recovered") is None


def test_a_parked_record_waits_for_its_debts_alone(book: Book) -> None:
    """Nothing is run but what straightens them, and that needs neither decision nor approval."""
    flown(book)
    incident = book.add(PARKED)
    assert (incident.is_parked, incident.finished) == (True, False)
    assert incident.closed is not None
    assert (incident.closed.outcome, incident.closed_at, incident.parked) == ("recovered", incident.parked_at, PARKED)
    for code in ("B1", "X1", "X9", "N1"):
        assert "parked" in (blocked_reason(incident, code) or ""), code
    assert blocked_reason(incident, "N2") is None
    assert blocked_reason(incident, "N1", undo=True) is None
    assert "parked" in (blocked_reason(incident, "X1", undo=True) or "")
    assert "observe" in (blocked_reason(incident, "N2", driver=False) or "")
    assert park_reason(incident, "recovered") == "the record is parked already"
    assert "N1.1" in (close_reason(incident, "recovered") or "")
    incident = book.add(ev.DebtPaid("N1.1", "by hand: taken down"))
    assert blocked_reason(incident, "N2") == "the record is parked, and what N2 straightens is not owed any more"
    assert close_reason(incident, "recovered") is None
    assert "parked as recovered" in (close_reason(incident, "abandoned") or "")


def test_a_parked_record_names_only_ways_that_there_are(book: Book) -> None:
    """Taking the way back itself back is refused with the next move, and no list says that it straightens anything."""
    flown(book)
    both = ev.DebtOpened("X1.2", "v2 runs, and the file does not say so", "u on X1, or commit the rollback", "")
    alone = ev.DebtOpened("X1.9", "v2 runs by a file of ours", "u on X1", "")
    incident = book.add(both, alone)
    assert with_ways(incident) == incident.debts, "as long as it is flown, u is a way"
    incident = book.add(PARKED)
    why = "the record is parked: u on X1 would take the way back itself back (w declares a new incident)"
    assert blocked_reason(incident, "X1", undo=True) == why
    ways = {one.name: one.undo for one in with_ways(incident)}
    assert ways["X1.2"] == "commit the rollback"
    assert ways["X1.9"] == "by hand; u on X1 takes the way back itself back: not of a parked record"
    assert ways["N1.1"].startswith("u on N1"), "the notice is taken down by its undo, too"


def test_next_of_a_parked_record(book: Book) -> None:
    """Signed as it stands; then what straightens it; then the close, and the signatures once more over that head."""
    flown(book)
    incident = book.add(PARKED)
    assert next_move(incident).move is Move.SIGN
    incident = book.add(_sign(incident, "executed", "ops1"))
    assert next_move(incident).move is Move.VERIFY
    incident = book.add(_sign(incident, "verified", "ops2"))
    assert (incident.signed, incident.finished) == (True, False)
    assert (next_move(incident).move, next_move(incident).code) == (Move.RUN, "N2")
    assert next_move(incident, driver=False).blocked == "the record is parked until N1.1 is paid (D)"
    incident = book.add(ev.DebtPaid("N1.1", "N2"))
    assert next_move(incident).move is Move.CLOSE
    incident = book.add(ev.Closed("recovered", "back", "t", "t"))
    assert (incident.is_parked, incident.executed, incident.verified) == (False, None, None)
    assert len(incident.sign_offs) == 2, "they stay in the record"
    assert sign_reason(incident, "executed", "ops2") is None
    incident = book.add(_sign(incident, "executed", "ops2"), _sign(incident, "verified", "ops1"))
    assert incident.finished
    assert next_move(incident).move is Move.NOTHING
    assert close_reason(incident, "recovered") == "the incident is closed"


def _sign(incident: Incident, part: str, person: str) -> ev.SignedOff:
    return ev.SignedOff(part, person, "", incident.head_seq, incident.head_hash, unsigned="no key")


def test_it_is_told_as_parked_wherever_a_record_is_told_of(book: Book) -> None:
    """Report, time line, list, one-line status and its JSON: PARKED, its debts, and until when."""
    flown(book)
    incident = book.add(PARKED)
    events = book.journal.events(book.id)
    assert state_words(incident).startswith("PARKED: recovered; waits for N1.1; nobody has signed off")
    report = markdown(incident, events)
    assert "- Parked: " in report
    assert "Ended, not closed: " in report
    assert "due: 2026-11-23 10:00Z" in report
    assert "PARKED until N1.1 is paid; ended: recovered" in "\n".join(timeline(events))
    (row,) = book.journal.newest()
    assert (row.state, row.outcome, row.parked) == ("PARKED, not signed", "recovered", True)
    now = book.clock.now()
    text = line(parts(incident, 0, now))
    assert "◆ PARKED: recovered | 1 debt | not signed" in text
    data = as_json(incident, 0, now, Owes("1 debt, 1 overdue", 1, 1))
    assert (data["parked"], data["open"], data["debts"], data["overdue"]) == (True, False, 1, 1)
    late = line(parts(incident, 0, now + timedelta(days=400)))
    assert "1 debt, 1 overdue" in late


def test_a_new_incident_can_be_opened_and_the_parked_one_is_found(book: Book) -> None:
    """The list of records is kept with the event, and closing takes the signatures of the parked one out of it."""
    flown(book)
    incident = book.add(PARKED)
    assert book.journal.parked("shop") == book.journal.parked() == (book.id,)
    assert book.journal.open_incident("shop") is None
    assert book.journal.unsigned_incident("shop") is None, "it is parked: the start card tells of it"
    newer = book.journal.declare("ops1", declared()).incident
    assert book.journal.open_incident("shop") == newer
    book.add(_sign(incident, "executed", "ops1"), _sign(incident, "verified", "ops2"))
    assert [row.state for row in book.journal.newest() if row.id == book.id] == ["PARKED"]
    book.add(ev.DebtPaid("N1.1", "N2"), ev.Closed("recovered", "back", "t", "t"))
    row = next(row for row in book.journal.newest() if row.id == book.id)
    assert (row.state, row.parked, row.executed) == ("closed, not signed", False, "")
    assert book.journal.parked() == ()
    assert book.journal.unsigned_incident("shop") == book.id


def test_a_store_from_before_is_read(tmp_path: Path) -> None:
    """Without the index, and only for reading: nothing is parked there."""
    book = Book(tmp_path / "store")
    flown(book)
    book.journal._db.execute("DROP INDEX events_parked")
    book.journal.close()
    older = SqliteJournal(tmp_path / "store", book.clock, read_only=True)
    assert [row.parked for row in older.newest()] == [False]
    assert older.parked("shop") == ()
    older.close()


def test_what_another_incident_straightens_is_paid_where_it_is_owed(book: Book) -> None:
    """The same words, the thing that is named, or the words with which a debt about it begins; nothing else."""
    flown(book)
    side = ev.DebtOpened("X1.9", "side database shop_rb is kept beside the live one (8 MB)", "dropdb shop_rb", "")
    other = ev.DebtOpened("X2.9", "auto-deploy of web is off", "u on X2", "")
    book.add(side, other, PARKED)
    later = Incident("INC-2", declared=declared(), debts=(Debt("X1.4", "auto-deploy of web is off", "u on X1", ""),))
    pay_elsewhere(book.journal, later, "A1", {}, [], "ops2")
    assert len(holding(book.incident().debts)) == 3, "nothing was straightened"
    elsewhere = replace(later, declared=declared(system="mail"))
    pay_elsewhere(book.journal, elsewhere, "A1", {"straightens": "the maintenance notice"}, [], "ops2")
    assert len(holding(book.incident().debts)) == 3, "another system's notice is another notice"
    pay_elsewhere(book.journal, later, "N2", {"straightens": "the maintenance notice"}, [], "ops2")
    assert [one.name for one in holding(book.incident().debts)] == ["X1.9", "X2.9"]
    pay_elsewhere(book.journal, later, "A1", {}, [ev.DebtPaid("X1.4", "A1")], "ops2")
    pay_elsewhere(book.journal, later, "X5", {"pays about": "shop_rb"}, [], "ops2")
    paid = {one.name: (one.paid, one.paid_by) for one in book.incident().debts}
    assert paid == {
        "N1.1": ("N2 of INC-2", "ops2"),
        "X2.9": ("A1 of INC-2", "ops2"),
        "X1.9": ("X5 of INC-2", "ops2"),
    }
    before = book.incident().head_seq
    pay_elsewhere(book.journal, later, "X5", {"pays about": "shop_rb"}, [], "ops2")
    assert book.incident().head_seq == before, "once"


def test_until_when_it_is_due_where_the_step_does_not_say(book: Book) -> None:
    """A day."""
    assert due_by(book.clock.now()) > due_by(book.clock.now() - timedelta(hours=1))
