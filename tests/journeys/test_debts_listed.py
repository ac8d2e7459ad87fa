"""`goaround debts` and the reminders over many records, damaged ones, and those that nobody has signed."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from journals import declared, plan
from waiting import within

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock, SystemClock, stamp
from actions.model.debts import of_events
from actions.model.errors import GoaroundError
from app.cli import main
from app.debts import every_debt
from app.parking import by_urgency, owed_words, parked_records

Said = tuple[int, str, str]
NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def goaround(store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The console script on this store, from a folder without a configuration."""
    monkeypatch.chdir(store.parent)

    def run(*words: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([*words[:1], "--store", str(store), *words[1:]])
        out, err = capsys.readouterr()
        return int(str(end.value.code)), out, err

    return run


def journal_of(store: Path) -> SqliteJournal:
    return SqliteJournal(store, ManualClock(wall=NOW - timedelta(hours=5)))


def parked(journal: SqliteJournal, number: int, *, due_h: int = 24, signed: int = 2, debts: int = 1) -> str:
    """A record that was parked with so many debts, and signed by so many."""
    one = f"INC-20261101-{number:04d}"
    due = stamp(NOW + timedelta(hours=due_h))
    names = [f"X{at}.{at}" for at in range(1, debts + 1)]
    opened = [ev.DebtOpened(name, f"thing {name} of {one} is bent", "u on X1", due) for name in names]
    end = ev.IncidentParked("recovered", "", "v2", "v2", "", "", tuple(names))
    signs = [ev.SignedOff(part, part, part, 1, "") for part in ("executed", "verified")[:signed]]
    journal.declare("ops1", declared(), one)
    journal.append_all(one, "ops1", [*opened, end, *signs])
    return one


def damage(store: Path, one: str, kind: str, line: bytes) -> None:
    with sqlite3.connect(store / "journal.sqlite3") as db:
        db.execute("UPDATE events SET line=? WHERE incident=? AND kind=?", (line, one, kind))


def test_an_unsigned_record_is_named_and_led_to(store: Path, goaround: Callable[..., Said]) -> None:
    """Whoever parked it left before signing: the list, the status line and what D opens say so."""
    journal = journal_of(store)
    signed = parked(journal, 1)
    half = parked(journal, 2, signed=1)
    bare = parked(journal, 3, signed=0)
    out = goaround("debts")[1]
    assert f"◆ PARKED  {bare}: 1 debt, NOT SIGNED; goaround run --record {bare} signs it; it is parked until" in out
    assert f"◆ PARKED  {half}: 1 debt, not verified; goaround run --record {half} signs it" in out
    assert f"◆ PARKED  {signed}: 1 debt; it is parked until its debts are paid" in out
    said = goaround("status")[1]
    assert f"{half}: 1 debt, not verified" in said
    assert "not signed" in said, "the newest one, told in full"
    records = parked_records(journal, "")
    assert [one.incident for one in by_urgency(records, NOW)] == [bare, half, signed]
    assert owed_words(records, NOW) == "PARKED: 3 debts, unsigned"
    assert owed_words(parked_records(journal, "")[2:], NOW) == "PARKED: 1 debt"


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"incident": "INC-1"}', b"[" * 3000],
    ids=["empty", "cut", "list", "null", "bytes", "fields", "deep"],
)
def test_one_damaged_record_is_named_and_the_others_are_listed(
    store: Path, goaround: Callable[..., Said], line: bytes
) -> None:
    """For cron it is a failure; the list of the others stands; nothing says that it could be closed."""
    journal = journal_of(store)
    whole, broken = parked(journal, 1), parked(journal, 2)
    damage(store, broken, "debt.opened", line)
    status, out, err = goaround("debts")
    assert (status, err) == (1, "")
    assert f"! DAMAGED  event 2 of {broken}, which is about a debt, cannot be read" in out
    assert f"thing X1.1 of {whole} is bent" in out
    assert f"PARKED  {broken}: event 2 of {broken}" in out
    assert "can be closed" not in out
    data = json.loads(goaround("debts", "--json")[1])
    assert (list(data["damaged"]), [one["incident"] for one in data["debts"]]) == ([broken], [whole])
    assert goaround("records")[0] == 0
    for words in (("status",), ("debts", "pay", broken, "X1.1", "--how", "x"), ("debts", "close", broken)):
        status, out, err = goaround(*words)
        assert (status, out, err.count("\n")) == (1, "", 1), words
        assert f"the record {broken} is damaged" in err
        assert f"goaround verify {broken}" in err
    assert goaround("debts", "pay", whole, "X1.1", "--how", "straight")[0] == 0
    with pytest.raises(GoaroundError, match="cannot be read"):
        journal.debt_events()


def test_a_debt_of_another_shape_counts_as_damaged(store: Path, goaround: Callable[..., Said]) -> None:
    """An entry whose fields do not fit is not passed over as if nothing were owed."""
    journal = journal_of(store)
    broken = parked(journal, 1)
    event = next(one for one in journal.events(broken) if one.kind == "debt.opened")
    line = event.line().replace(b'"text"', b'"tale"')
    assert line != event.line()
    damage(store, broken, "debt.opened", line)
    status, out, _ = goaround("debts")
    assert (status, "! DAMAGED" in out) == (1, True)


def test_a_store_that_cannot_be_read_is_one_line(store: Path, goaround: Callable[..., Said]) -> None:
    """No database, or a folder in its place: what is wrong, and no traceback."""
    store.mkdir(mode=0o700)
    (store / "journal.sqlite3").write_bytes(b"this is no database, but long enough to look at" * 20)
    status, out, err = goaround("debts")
    assert (status != 0, out, err.count("\n")) == (True, "", 1)
    assert str(store) in err


def test_many_records_are_listed_at_once(store: Path, goaround: Callable[..., Said]) -> None:
    """Ten debts each, half of the records parked: read within a second."""
    journal = journal_of(store)
    due = stamp(NOW - timedelta(hours=1))
    for number in range(200):
        if number % 2:
            parked(journal, number, debts=10, due_h=-1)
            continue
        opened = [ev.DebtOpened(f"R{at}", "later", "", due) for at in range(10)]
        end = ev.Closed("recovered", "", "v2", "v2", "", "")
        one = journal.declare("ops1", declared(), f"INC-20261101-{number:04d}").incident
        journal.append_all(one, "ops1", [*opened, end])
    rows, told = within(1, lambda: (every_debt(journal), parked_records(journal, "")))
    assert (len(rows), len(told)) == (2_000, 100)
    status, out, _ = goaround("debts", "--overdue")
    assert (status, out.count("OVERDUE by")) == (1, 2_000)
    said = goaround("status")[1]
    assert said.count("PARKED INC-") == 3
    assert "and 96 more parked (goaround debts)" in said, "one of them is told in full"


def test_two_people_pay_the_same_debt_at_once(store: Path, goaround: Callable[..., Said]) -> None:
    """One of them has paid it; the other is told who has, and the record holds one payment."""
    from app.approval_desk import open_desk
    from app.debt_desk import pay

    one = parked(journal_of(store), 1)
    gate = threading.Barrier(4)
    said: list[str] = []

    def try_it(number: int) -> None:
        desk = open_desk(store, one)
        gate.wait()
        try:
            pay(desk, "X1.1", f"by {number}")
            said.append("paid")
        except GoaroundError as error:
            said.append(error.line())
        finally:
            desk.journal.close()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("paid") == 1, said
    assert all("X1.1 was paid by" in words for words in said if words != "paid"), said
    journal = SqliteJournal(store, SystemClock())
    assert [event.kind for event in journal.events(one)].count("debt.paid") == 1
    assert of_events(journal.debt_events([one])[one])[0].paid


def test_what_a_parked_record_refuses_is_listed_as_no_way(store: Path, goaround: Callable[..., Said]) -> None:
    """Its way back is not taken back; another way that was told stays one; as long as it is flown, `u` is a way."""
    journal = journal_of(store)
    drawn = plan()
    first = ev.DebtOpened("X1.1", "a file of ours holds v2", "u on X1", "")
    second = ev.DebtOpened("X1.2", "the rollback is not committed", "u on X1, or commit the rollback", "")
    kept = ev.DebtOpened("N1.1", "the notice is shown", "u on N1, or take it down", "")
    one = journal.declare("ops1", declared(), "INC-20261101-0001").incident
    bodies = (ev.PlanDrawn(drawn.digest, drawn.to_json()), first, second, kept)
    journal.append_all(one, "ops1", bodies)

    def ways() -> list[str]:
        return [row["undo"] for row in json.loads(goaround("debts", "--json")[1])["debts"]]

    assert ways() == ["u on X1", "u on X1, or commit the rollback", "u on N1, or take it down"]
    journal.append_all(one, "ops1", [ev.IncidentParked("recovered", "", "v2", "v2", "", "", ("X1.1",))])
    by_hand = "by hand; u on X1 takes the way back itself back: not of a parked record"
    assert ways() == [by_hand, "commit the rollback", "u on N1, or take it down"]
    damage(store, one, "plan.drawn", b"{}")
    assert ways()[0] == "u on X1", "no plan says what X1 is"


UNDO = (
    "u on N1, or N2 Take the maintenance notice down, or by hand: curl -X PATCH 'https://coolify.example.org/x' -d '{}'"
)


def test_the_list_says_what_is_bent_until_when_and_how_it_is_undone(store: Path, goaround: Callable[..., Said]) -> None:
    """Most urgent first; what is bent is told from what is to be done; what straightens it is a line to be copied."""
    journal = journal_of(store)
    one = journal.declare("ops1", declared(), "INC-20261101-0001").incident
    wide = "版本 v2.14.3 の固定 🚧"
    bodies = (
        ev.DebtOpened("R1", "the report is written", "", stamp(NOW - timedelta(hours=50))),
        ev.DebtOpened("X2.4", wide, "", ""),
        ev.DebtOpened("R2", "the cause is known", "", stamp(NOW + timedelta(hours=3))),
        ev.DebtOpened("N1.1", "the notice is shown", UNDO, stamp(NOW + timedelta(hours=5))),
        ev.DebtOpened("X1.3", "auto-deploy is off", "u on X1", stamp(NOW - timedelta(hours=4))),
        ev.DebtAssigned("X1.3", owner="ops2"),
        ev.IncidentParked("recovered", "", "v2", "v2", "", "", ("N1.1",)),
    )
    journal.append_all(one, "ops1", bodies)
    status, out, err = goaround("debts")
    assert (status, err) == (1, "")
    lines = out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert [head.split(one)[0].strip() for head in heads[:5]] == [
        "OVERDUE by 4 h, bent", "OVERDUE by 2 d", "bent", "bent", "open",
    ]  # fmt: skip
    assert [head.split("DRILL")[-1].split()[-1] for head in heads[:5]][2:4] == ["shown", "🚧"]
    assert "owner: ops2" in lines[1]
    assert lines[2] == "    straightened by: u on X1 (undoes X1 in the cockpit)"
    way = "u on N1 (undoes N1 in the cockpit), or N2 Take the maintenance notice down, or by hand: curl"
    assert next(line for line in lines if "curl" in line).startswith(f"    straightened by: {way}")
    assert heads[5] == "5 debts, 2 overdue, 3 bent"
    assert f"it is parked until its debts are paid: goaround --record {one} opens it" in out
    data = json.loads(goaround("debts", "--json")[1])
    assert {row["code"]: row["bent"] for row in data["debts"]} == {
        "X1.3": True, "R1": False, "N1.1": True, "X2.4": True, "R2": False,
    }  # fmt: skip
    assert goaround("debts", "pay", one, "X2.4", "--how", "u on X2")[0] == 0
    paid = next(row for row in json.loads(goaround("debts", "--json", "--all")[1])["debts"] if row["code"] == "X2.4")
    assert (paid["paid"], paid["bent"]) == ("by hand: u on X2", False), "words never read like a step"
