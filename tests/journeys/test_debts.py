"""What is owed after an incident: listed over all records, assigned, and paid with words, even after the sign-off."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tiny_system
from bent_record import session_of, sessions_ended
from tiny_system import ME, Tiny, build, refused

from actions.model import events as ev
from actions.model.checklist import State
from actions.model.clock import ManualClock, SystemClock, parse_stamp
from actions.model.debts import counted
from actions.model.errors import BadInput, GoaroundError
from actions.model.fold import fold
from actions.model.incident import Debt
from actions.model.record_text import markdown
from actions.model.record_timeline import timeline
from app.cli import main
from app.debt_desk import assign, pay
from app.records import export_record, list_records, open_store, verify_target
from app.session import Session
from app.signing import sign_off
from app.who import real_login

DAYS_AGO = 3
TICKETS = '\n[tickets]\ncommand = ["{script}", "{{incident}}", "{{code}}", "{{text}}", "{{owner}}", "{{due}}"]\nurl = "https://t.example.org/{{ticket}}"\n'
COUNTS = (
    '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done >> {folder}/asked\necho made it\necho " FIX-7 "\n'
)
Said = tuple[int, str, str]
"""Exit status, standard output, standard error."""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """The tiny system under the built-in procedure, which names two documents that are not there."""
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    with sessions_ended():
        yield one


def past() -> ManualClock:
    """What was due within a day then is overdue by two days now."""
    return ManualClock(wall=datetime.now(UTC) - timedelta(days=DAYS_AGO, minutes=30))


def opened(tiny: Tiny, who: str = "ops1", clock: ManualClock | None = None) -> Session:
    """A session that flies, ended with the test."""
    session = session_of(tiny, who, clock)
    assert session.take_lease()
    return session


def closed(tiny: Tiny, outcome: str = "not recovered", **more: str) -> Session:
    """An incident some days ago, declared and closed."""
    session = opened(tiny, clock=past())
    session.declare("pages fail")
    session.close_incident(outcome, "it did not help", **more)
    return session


@pytest.fixture
def session(tiny: Tiny) -> Session:
    return closed(tiny)


@pytest.fixture
def goaround(tiny: Tiny, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The console script on this store, from a folder without a configuration."""
    monkeypatch.chdir(tiny.folder.parent)

    def run(*words: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([*words[:1], "--store", str(tiny.store), *words[1:]])
        out, err = capsys.readouterr()
        return int(str(end.value.code)), out, err

    return run


def debt(session: Session, name: str) -> Debt:
    session.sync()
    return next(one for one in session.incident.debts if one.name == name)


def test_before_anything_is_owed_it_says_so(goaround: Callable[..., Said], tiny: Tiny) -> None:
    """Looking makes no store; an empty list is words and exit status 0."""
    assert goaround("debts") == (0, f"no debts: no records yet in {tiny.store}\n", "")
    assert not tiny.store.exists()
    session = opened(tiny)
    session.declare("pages fail")
    session.close_incident("false alarm", "it was the network")
    session.close()
    assert goaround("debts") == (0, f"no debts in {tiny.store}: nothing is owed\n", "")
    assert json.loads(goaround("debts", "--json")[1])["debts"] == []


def test_every_debt_is_listed_and_an_overdue_one_fails_the_command(
    session: Session, goaround: Callable[..., Said], tiny: Tiny
) -> None:
    """K05, for cron: overdue ones first and in words, exit status 1; what has time yet does not fail it."""
    status, out, err = goaround("debts")
    lines = out.splitlines()
    assert (status, err) == (1, "")
    assert lines[0] == f"OVERDUE by 2 d  {session.incident.id} DRILL  R1  What went wrong is known"
    assert "was due" in lines[1]
    assert "owner: nobody" in lines[1]
    assert lines[-2] == "14 debts, 12 overdue"
    documents = [line for line in lines if "document-" in line]
    assert len(documents) == 2
    assert all(line.startswith("open  ") for line in documents)
    assert "Backup and recovery procedures (still to be written): named by the procedure, not there" in documents[0]
    for number in range(1, 13):
        assert goaround("debts", "pay", session.incident.id, f"R{number}", "--how", "done, see the wiki")[0] == 0
    status, out, _ = goaround("debts")
    assert (status, "2 debts" in out, "R1 " in out) == (0, True, False)
    assert goaround("debts", "--overdue") == (0, f"no overdue debts in {tiny.store}; open: 2 debts\n", "")
    status, out, _ = goaround("debts", "--all", session.incident.id)
    assert f"paid by {real_login()}" in out
    data = json.loads(goaround("debts", "--all", "--json")[1])
    assert (data["open"], data["overdue"], len(data["debts"])) == (2, 0, 14)
    paid = next(one for one in data["debts"] if one["code"] == "R1")
    assert (paid["paid"], paid["paid_by"], paid["system"]) == ("done, see the wiki", real_login(), "tiny")


def test_documents_that_are_missing_are_asked_for_once(session: Session, tiny: Tiny) -> None:
    """Q05: as long as the debt of another incident of this system says it; once paid and still missing, again."""
    first = [one for one in session.incident.debts if one.name.startswith("document-")]
    assert [parse_stamp(one.due) > parse_stamp(session.incident.closed_at) + timedelta(days=29) for one in first] == [
        True,
        True,
    ]
    session.close()
    again = closed(tiny)
    assert not [one for one in again.incident.debts if one.name.startswith("document-")]
    again.close()
    old = tiny.session()
    old.incident = fold(session.incident.id, old.journal.events(session.incident.id))
    pay(old, "document-1", "somebody said that it is written")
    third = closed(tiny)
    names = [(one.name, one.text) for one in third.incident.debts if one.name.startswith("document-")]
    assert names == [("document-1", first[0].text)]


def test_the_fix_that_goes_forward_is_owed_with_its_ticket(tiny: Tiny, goaround: Callable[..., Said]) -> None:
    """K04: the ticket of the close shows among the debts and in the list of records, until somebody pays it."""
    session = closed(tiny, "forward", ticket="FIX-7", due="1d")
    fix = debt(session, "fix")
    assert (fix.ticket, fix.paid) == ("FIX-7", "")
    assert "ticket: FIX-7" in goaround("debts", session.incident.id)[1]
    records = goaround("records")[1]
    assert "FIX-7 due " in records
    assert ", OVERDUE" in records
    assert "15 debts, 13 overdue" in records
    assert goaround("debts", "pay", session.incident.id, "fix", "--how", "v4 is out")[0] == 0
    records = goaround("records")[1]
    assert "FIX-7 done" in records
    assert "OVERDUE" not in records
    row = json.loads(goaround("records", "--json")[1])["records"][0]
    assert (row["debts"], row["overdue"]) == (14, 12)
    events = session.journal.events(session.incident.id)
    assert f"since then: done, says {real_login()}: v4 is out" in markdown(fold(session.incident.id, events), events)


def test_a_debt_gets_an_owner_a_deadline_and_a_ticket(session: Session, goaround: Callable[..., Said]) -> None:
    """By login or by name; what is not given stays as it was; each is an event of that record."""
    one = session.incident.id
    said = goaround("debts", "assign", one, "r5", "--owner", "Second operator", "--due", "3d", "--ticket", "FIX-9")
    assert said[0] == 0, said
    found = debt(session, "R5")
    assert (found.owner, found.ticket) == ("ops2", "FIX-9")
    assert parse_stamp(found.due) > datetime.now(UTC) + timedelta(days=2)
    assert goaround("debts", "assign", one, "R5", "--owner", "ops1")[0] == 0
    assert (debt(session, "R5").owner, debt(session, "R5").ticket) == ("ops1", "FIX-9")
    events = session.journal.events(one)
    assert [event.kind for event in events[-2:]] == ["debt.assigned"] * 2
    assert events[-1].actor == real_login()
    assert "debt R5 assigned: to ops2, due " in "\n".join(timeline(events))
    report = markdown(session.incident, events)
    assert "owner: ops1" in report
    assert "ticket: FIX-9" in report


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("pay", "ID", "R99", "--how", "x"), "has no debt 'R99': open: R1, R2"),
        (("pay", "ID", "R1"), "say how it was straightened"),
        (("pay", "ID", "R1", "--how", " "), "say how it was straightened"),
        (("pay", "ID"), "give the record and the code"),
        (("pay", "nothing", "R1", "--how", "x"), "no record 'nothing'"),
        (("assign", "ID", "R1"), "nothing to assign"),
        (("assign", "ID", "R1", "--owner", "Bob"), "Bob is none of the configured people"),
        (("assign", "ID", "R1", "--due", "tomorrow"), "deadline: "),
        (("assign", "ID", "R1", "--due", "2020-01-01"), "is over already"),
        (("assign", "ID", "R1", "--how", "x"), "--how does not belong here"),
        (("assign", "ID", "R1", "--make-ticket"), "no command makes tickets here"),
        (("ID", "--owner", "ops1"), "--owner does not belong here"),
        (("ID", "another"), "one record at most"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    session: Session, goaround: Callable[..., Said], words: tuple[str, ...], named: str
) -> None:
    """Exit status 2, what is wrong, and what there is instead."""
    head = session.journal.head(session.incident.id)
    status, out, err = goaround("debts", *(session.incident.id if word == "ID" else word for word in words))
    assert (status, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1
    assert session.journal.head(session.incident.id) == head


def test_who_is_none_of_the_people_may_not(tiny: Tiny, goaround: Callable[..., Said]) -> None:
    """A login that the incident does not know neither pays nor assigns; it may look."""
    tiny.config.write_text(tiny.config.read_text().replace(ME, ""))
    session = closed(tiny)
    head = session.journal.head(session.incident.id)
    status, _, err = goaround("debts", "pay", session.incident.id, "R1", "--how", "x")
    assert (status, "is none of the people of" in err) == (1, True)
    assert goaround("debts", "assign", session.incident.id, "R1", "--owner", "ops1")[0] == 1
    assert session.journal.head(session.incident.id) == head
    assert goaround("debts")[0] == 1


def test_what_is_paid_is_not_paid_twice_and_opened_anew_it_is_another(session: Session) -> None:
    """The first words stay as they were recorded."""
    pay(session, "R1", "known")
    assert "R1 was paid by ops1" in refused(lambda: pay(session, "R1", "again"))
    assert "R1 was paid by ops1" in refused(lambda: assign(session, "R1", owner="ops2"))
    session.record_all((ev.DebtOpened("R1", "once more", "", ""),), drive=False)
    pay(session, "R1", "the second time")
    assert [one.paid for one in session.incident.debts if one.name == "R1"] == ["known", "the second time"]


def test_what_a_step_has_bent_is_paid_by_hand_only_in_so_many_words(tiny: Tiny, goaround: Callable[..., Said]) -> None:
    """Its undo names the step; whoever straightened it otherwise says how, and the record says "by hand"."""
    session = opened(tiny)
    tiny_system.drawn(session, tiny)
    for code in ("B1", "B2"):
        session.mark(code, State.OVERRIDDEN, "tried elsewhere")
    session.override_gate("K1", "no database here", "ops2")
    assert tiny_system.run(session, "X1") == "done"
    bent = next(one for one in session.incident.debts if one.name.startswith("X1-"))
    assert bent.undo.startswith("Z4 Remove rollback-")
    assert "; or once nothing is deployed from it, by hand: git push origin :refs/heads/rollback-" in bent.undo
    assert bent.due, "a day, where the step says nothing else"
    said = goaround("debts", session.incident.id)[1]
    assert f"straightened by: {bent.undo}" in said
    status, _, err = goaround("debts", "pay", session.incident.id, bent.name)
    assert (status, "--how" in err) == (2, True)
    assert goaround("debts", "pay", session.incident.id, bent.name, "--how", "deleted the branch")[0] == 0
    assert debt(session, bent.name).paid == "by hand: deleted the branch"
    assert f"debt {bent.name} paid: by hand: deleted the branch" in "\n".join(
        timeline(session.journal.events(session.incident.id))
    )


@pytest.mark.ssh
def test_paying_after_the_sign_off_leaves_it_good(
    tiny: Tiny, tmp_path: Path, goaround: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature stands over what came before it: the record, and its export, verify as before."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    key = home / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().split()
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ops1@jump {public[0]} {public[1]}\n")
    text = tiny.config.read_text().replace("ops1 = { name", 'ops1 = { signer = "ops1@jump", name')
    tiny.config.write_text(text + '\n[signing]\nkey = "~/.ssh/id_ed25519"\n')
    monkeypatch.setenv("HOME", str(home))
    session = closed(tiny)
    sign_off(session, "executed", "ops1")
    one = session.incident.id
    status, out, _ = goaround("debts", "pay", one, "R1", "--how", "the cache was cold")
    assert (status, "recorded after the sign-off" in out) == (0, True)
    assert goaround("debts", "assign", one, "R2", "--owner", "ops2")[0] == 0
    store = open_store(tiny.store, SystemClock())
    assert store is not None
    found = verify_target(one, store, allowed)
    assert found.status == 0, found.text
    assert "signature of ops1@jump" in found.text
    assert "came after the last sign-off: nobody stands for them" in found.text
    bundle = tmp_path / "bundle"
    assert export_record(store, one, bundle).status == 0
    assert verify_target(str(bundle), None, allowed).status == 0
    report = (bundle / "record.md").read_text()
    assert "after the sign-off: 2 events, from " in report
    assert "1 debt paid among them; nobody has signed for them" in report
    assert "**after the sign-off**" in report
    assert any("debt R1 paid (after the sign-off): the cache was cold" in line for line in timeline(store.events(one)))


def with_tickets(tiny: Tiny, script: str) -> Path:
    path = tiny.folder / "ticket"
    path.write_text(script.format(folder=tiny.folder))
    path.chmod(0o755)
    tiny.add_to_config(TICKETS.format(script=path))
    return path


def test_a_ticket_is_made_by_the_configured_command(tiny: Tiny, goaround: Callable[..., Said]) -> None:
    """Shown before it runs, no shell in between, the last line is the ticket, and where it is read is said."""
    with_tickets(tiny, COUNTS)
    session = closed(tiny)
    one = session.incident.id
    session.record_all((ev.DebtOpened("odd", "--help; $(touch x) {owner}", "", ""),), drive=False)
    status, out, err = goaround("debts", "assign", one, "odd", "--owner", "ops2", "--due", "2d", "--make-ticket")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].startswith(f"$ {tiny.folder}/ticket {one} odd ")
    assert "ticket: FIX-7 (https://t.example.org/FIX-7)" in out
    asked = (tiny.folder / "asked").read_text().splitlines()
    assert asked[:4] == [one, "odd", " --help; $(touch x) {owner}", "ops2"]
    assert parse_stamp(asked[4]) == parse_stamp(debt(session, "odd").due).replace(microsecond=0)
    assert debt(session, "odd").ticket == "FIX-7"
    data = json.loads(goaround("debts", "--json")[1])
    assert next(row["url"] for row in data["debts"] if row["code"] == "odd") == "https://t.example.org/FIX-7"
    status, _, err = goaround("debts", "assign", one, "odd", "--make-ticket")
    assert (status, "is followed in FIX-7 already" in err) == (1, True)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("#!/bin/sh\necho no such project >&2\nexit 3\n", "exit 3: no such project"),
        ("#!/bin/sh\nexit 0\n", "it has said nothing"),
    ],
)
def test_a_ticket_that_is_not_made_assigns_nothing(
    tiny: Tiny, goaround: Callable[..., Said], script: str, why: str
) -> None:
    """Exit status 1; the record holds that it was asked for, and why there is none."""
    with_tickets(tiny, script)
    session = closed(tiny)
    status, _, err = goaround("debts", "assign", session.incident.id, "R4", "--owner", "ops2", "--make-ticket")
    assert (status, why in err) == (1, True)
    found = debt(session, "R4")
    assert (found.owner, found.ticket) == ("", "")
    notes = [text for _, _, text in session.incident.notes]
    assert notes[0].startswith("asks for a ticket for R4: ")
    assert notes[1].startswith(f"no ticket for R4: {why}")


def test_a_command_that_hangs_is_ended(tiny: Tiny) -> None:
    """At its deadline, with all that it started."""
    from app.debt_ticket import ticketer

    with_tickets(tiny, "#!/bin/sh\necho $$ > {folder}/pid\nsleep 600\n")
    session = closed(tiny)
    session.loaded = tiny.session().loaded
    make = ticketer(session.settings.tickets, lambda _: None, deadline_s=1)
    with pytest.raises(GoaroundError, match="no ticket"):
        assign(session, "R4", make=make)
    assert not Path(f"/proc/{(tiny.folder / 'pid').read_text().strip()}").exists()
    assert not debt(session, "R4").ticket


def test_a_secret_in_the_words_does_not_reach_the_record(
    tiny: Tiny, goaround: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration that the record has kept says which values are secret."""
    monkeypatch.setenv("TINY_TOKEN", tiny_system.TOKEN)
    session = closed(tiny)
    assert goaround("debts", "pay", session.incident.id, "R1", "--how", f"used {tiny_system.TOKEN} by hand")[0] == 0
    assert tiny_system.TOKEN.encode() not in b"".join(session.journal.lines(session.incident.id))
    assert debt(session, "R1").paid.startswith("used ")


def test_the_report_is_prefilled_and_takes_what_people_wrote(session: Session) -> None:
    """K01-K03: what the record knows, each with its event; what nobody wrote yet is said; how R1 to R3 were paid."""
    one = session.incident.id
    pay(session, "R1", "a migration locked the table")
    pay(session, "R3", "staging has no data of that size")
    events = session.journal.events(one)
    report = markdown(session.incident, events)
    wrong = report.split("What went wrong\n")[1].split("\n## ")[0]
    assert "Declared as: pages fail [1]" in wrong
    paid = next(event for event in events if isinstance(event.body, ev.DebtPaid))
    assert f"a migration locked the table [{paid.seq}]" in wrong
    mode = report.split("Failure mode\n")[1].split("\n## ")[0]
    assert "**Not written yet**: R2" in mode
    missed = report.split("Why tests missed it\n")[1].split("\n## ")[0]
    assert "staging has no data of that size" in missed
    assert "To be done: R5 Tests against recurrence added: **open**, owner nobody" in missed


def test_claims_cite_the_events_that_show_them(tiny: Tiny) -> None:
    """Criteria, pinned errors, readings, the decision and what ran: each claim has a number."""
    session = opened(tiny)
    tiny_system.decided(session)
    session.mark_criterion("Y1", True)
    session.pin_line("web", "2026-11-22T10:00:02Z", "later error")
    session.pin_line("web", "2026-11-22T10:00:01Z", "first error")
    session.sense("probes.green", False, "0 of 2 pass", "2 of 2 pass")
    release = next(one for one in session.releases() if one.commit == tiny.target)
    session.draw(release)
    session.note("tests never ran against this size")
    session.close_incident("not recovered", "x")
    events = session.journal.events(session.incident.id)
    report = markdown(session.incident, events)

    def cited(kind: type, text: str = "") -> str:
        return f"[{next(e.seq for e in events if isinstance(e.body, kind) and text in str(e.body))}]"

    wrong = report.split("What went wrong\n")[1].split("\n## ")[0]
    assert wrong.index("first error") < wrong.index("later error")
    for kind, text in (
        (ev.CriterionMarked, ""),
        (ev.LinePinned, "first error"),
        (ev.InputsSet, ""),
        (ev.PlanDrawn, ""),
        (ev.Decided, ""),
    ):
        assert cited(kind, text) in wrong, text or kind
    assert cited(ev.Observed, "probes.green") in report.split("Failure mode\n")[1].split("\n## ")[0]
    assert cited(ev.NoteAdded) in report.split("Why tests missed it\n")[1].split("\n## ")[0]
    assert tiny.former in wrong


def test_the_list_of_records_counts_what_is_owed(session: Session) -> None:
    """``14 debts, 12 overdue`` in its own column; nothing where nothing is owed."""
    journal = open_store(session.journal.folder, SystemClock())
    assert journal is not None
    assert "14 debts, 12 overdue" in list_records(journal)
    assert counted((), datetime.now(UTC)) == ""


def test_where_no_people_are_configured_anybody_may(tiny: Tiny, goaround: Callable[..., Said]) -> None:
    """And an owner is whoever is named."""
    text = tiny.config.read_text()
    start = text.index("[people]")
    tiny.config.write_text(
        text[:start] + "".join(f"{line}\n" for line in text[start:].splitlines() if " = {" not in line)
    )
    session = opened(tiny, real_login(), past())
    session.declare("pages fail")
    session.close_incident("not recovered", "x")
    assert goaround("debts", "assign", session.incident.id, "R1", "--owner", "Whoever Comes")[0] == 0
    assert debt(session, "R1").owner == "Whoever Comes"
    with pytest.raises(BadInput):
        pay(session, "R77", "x")
