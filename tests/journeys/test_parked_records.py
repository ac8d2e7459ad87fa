"""Records that wait for their debts: parked at the end of an evening, paid days later, closed and signed again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bent_record import bent, session_of, with_notice
from notice import NoticeBoard
from pilot_moves import comes, hears, sees_joined
from textual.pilot import Pilot
from tiny_flight_operator import Scripted
from tiny_system import Tiny, drawn, moved_on, refused, run
from waiting import until
from widget_bench import screen_text

from actions.model.blocking import Move, next_move
from actions.model.clock import ManualClock
from actions.model.debts import holding
from actions.model.errors import GoaroundError
from app.cli import main
from app.cockpit import cockpit
from app.parking import close_parked
from app.plain import Plain
from app.records import export_record, verify_target
from app.session import Session
from app.signing import sign_off
from widgets.close_dialog import CloseDialog
from widgets.debts_dialog import DebtsDialog
from widgets.reason_dialog import ReasonDialog
from widgets.start_card import StartCard

Said = tuple[int, str, str]
"""Exit status, standard output, standard error."""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """With a maintenance notice."""
    with with_notice(tmp_path) as one:
        yield one


@pytest.fixture
def board(tiny: Tiny) -> NoticeBoard:
    return NoticeBoard(tiny.folder)


def names(session: Session) -> list[str]:
    session.sync()
    return [_step_of(one.name) for one in holding(session.incident.debts)]


def _step_of(debt: str) -> str:
    """``X1`` of ``X1-1004.3``: a branch is owed under its time."""
    return debt.partition(".")[0].partition("-")[0]


@pytest.fixture
def goaround(tiny: Tiny, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The console script on this store, from a folder without a configuration."""
    monkeypatch.chdir(tiny.folder.parent)

    def call(*words: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([*words[:1], "--store", str(tiny.store), *words[1:]])
        out, err = capsys.readouterr()
        return int(str(end.value.code)), out, err

    return call


def test_parked_paid_closed_and_signed(tiny: Tiny, goaround: Callable[..., Said], tmp_path: Path) -> None:
    """Closing is refused by name; parked, the lease is free; the last one who pays closes, and signs over the head."""
    session = bent(tiny)
    one = session.incident.id
    reason = refused(lambda: session.close_incident("recovered"))
    assert "2 things are bent: N1.1 the maintenance notice is shown" in reason
    assert "git push origin :refs/heads/rollback-" in reason
    session.park_incident("recovered", "back at once")
    assert session.incident.is_parked
    assert session.incident.holder is None
    assert not session.driver
    row = session.journal.lease("tiny")
    assert row is not None
    assert not row.held
    sign_off(session, "executed", "ops1")
    sign_off(session, "verified", "ops2")
    assert (session.incident.signed, session.incident.finished) == (True, False)
    session.forget()

    assert session.take_lease()
    session.declare("something else")
    assert session.incident.id != one, "another incident is opened on the system"
    session.close_incident("false alarm", "nothing")

    status, out, _ = goaround("debts")
    assert (status, f"◆ PARKED  {one}: 2 debts; it is parked until its debts are paid" in out) == (0, True)
    listed = next(text for text in goaround("records")[1].splitlines() if text.startswith(one))
    assert "PARKED" in listed
    assert "2 debts, next due 2" in listed
    assert f"◆ PARKED {one}: 2 debts" in goaround("status")[1]
    first, second = (debt.name for debt in holding(_fold(session, one)))
    refusal = goaround("debts", "close", one)
    assert (refusal[0], first in refusal[2], "pay them" in refusal[2]) == (1, True, True)
    assert f"still bent: {second}" in goaround("debts", "pay", one, first, "--how", "down again")[1]
    out = goaround("debts", "pay", one, second, "--how", "branch removed")[1]
    assert f"nothing is bent any more: close the record with goaround debts close {one}" in out
    assert "to be closed" in goaround("status")[1] or "it can be closed" in goaround("status")[1]
    status, out, err = goaround("debts", "close", one, "--json")
    assert status == 0, err
    answer = json.loads(out)
    assert (answer["outcome"], answer["executed"]["by"] != "") == ("recovered", True)
    assert "is not parked: it is closed already" in goaround("debts", "close", one)[2]

    other = session_of(tiny, "ops2")
    other.open(one)
    incident = other.incident
    assert (incident.is_parked, incident.verified) == (False, None)
    assert incident.executed is not None
    assert incident.closed is not None
    assert (incident.closed.text, incident.closed.running) == ("back at once", tiny.target)
    closed = next(event.seq for event in other.journal.events(one) if event.kind == "closed")
    assert incident.executed.over_seq == closed, "over the head of the close"
    sign_off(other, "verified", "ops2")
    assert other.incident.finished
    assert verify_target(one, other.journal).status == 0
    assert export_record(other.journal, one, tmp_path / "bundle").status == 0
    assert verify_target(str(tmp_path / "bundle"), None).status == 0


def _fold(session: Session, one: str) -> Any:
    from actions.model.debts import of_events

    return of_events(session.journal.debt_events([one])[one])


def test_a_step_straightens_what_a_parked_record_owes(tiny: Tiny, board: NoticeBoard) -> None:
    """Opened days later, with its pinned configuration: that step alone is run, and nothing else."""
    session = bent(tiny)
    one = session.incident.id
    session.park_incident("recovered")
    session.close()
    tiny.config.write_text(tiny.config.read_text().replace(f"{tiny.folder}/notice", "/bin/false"))
    later = session_of(tiny, "ops2")
    assert later.incident.id == ""
    later.open()
    assert later.incident.id == "", "what is parked does not open by itself"
    later.open(one)
    assert later.take_lease()
    sign_off(later, "executed", "ops1")
    sign_off(later, "verified", "ops2")
    assert (next_move(later.incident).move, next_move(later.incident).code) == (Move.RUN, "N2")
    assert "parked" in refused(lambda: later.start("X2", armed="enter"))
    assert "closed" in refused(lambda: later.close_incident("recovered"))
    assert board.shown
    assert run(later, "N2") == "done", later.incident.runs[-1].summary
    assert not board.shown
    assert names(later) == ["X1"]

    # The branch goes by its own step, once what is deployed has moved on: then nothing keeps the record open.
    assert (next_move(later.incident).move, next_move(later.incident).code) == (Move.RUN, "Z4")
    branch = later.incident.plan.drawn["branch"] if later.incident.plan else ""
    assert run(later, "Z4") == "moved"
    assert "main on origin still ends with the bad" in later.incident.runs[-1].summary
    fix = moved_on(tiny.ground)
    assert run(later, "Z4") == "moved"
    assert "still runs" in later.incident.runs[-1].summary
    (tiny.folder / "running").write_text(fix + "\n")
    assert run(later, "Z4") == "done", later.incident.runs[-1].summary
    assert f"refs/heads/{branch}" not in tiny.ground.refs()
    assert names(later) == []
    assert next_move(later.incident).move is Move.CLOSE
    close_parked(later)
    sign_off(later, "executed", "ops2")
    assert verify_target(one, later.journal).status == 0


def test_the_notice_that_another_incident_takes_down_is_owed_no_more(tiny: Tiny, board: NoticeBoard) -> None:
    """By a step of the newer incident, in the record in which it was opened."""
    session = bent(tiny)
    first = session.incident.id
    session.park_incident("recovered")
    session.forget()
    assert session.take_lease()
    (tiny.folder / "running").write_text(tiny.former + "\n")
    drawn(session, tiny)
    assert run(session, "N1") == "done"
    assert run(session, "N2") == "done"
    assert not board.shown
    # Told after the end of the run is on record: the worker is a moment behind.
    until(lambda: [_step_of(one.name) for one in holding(_fold(session, first))] == ["X1"])
    paid = next(one for one in _fold(session, first) if one.name.startswith("N1"))
    assert paid.paid == f"N2 of {session.incident.id}"


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_parked_from_the_cockpit(tiny: Tiny, size: tuple[int, int]) -> None:
    """The dialog names what is bent and parks; the bar says PARKED; then it is signed as it stands."""
    session = bent(tiny)
    app = cockpit(session)
    async with app.run_test(size=size) as pilot:
        await sees_joined(pilot, "Enter")
        await pilot.press("s")
        dialog = await hears(pilot, CloseDialog)
        assert isinstance(dialog, CloseDialog)
        assert dialog.query_one("#held").has_class("-warning")
        words = " ".join(dialog.held)
        assert "(N2 Take the maintenance notice down)" in words
        if size[0] >= 80:
            assert "It cannot be closed while this is bent" in " ".join(screen_text(app).split())
        assert "N1.1 the maintenance notice is shown" in words
        assert "(Z4 Remove rollback-" in words
        dialog.query_one("#close").focus()
        await pilot.press("enter")
        await sees_joined(pilot, "◆ PARKED")
        assert "2 debts" in screen_text(app).splitlines()[0]
        await sees_joined(pilot, "sign off: executed by")
    assert session.incident.is_parked


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_the_start_card_tells_of_it_and_opens_it(tiny: Tiny, size: tuple[int, int]) -> None:
    """Overdue ones loudly; D opens the record; the last debt paid, s closes it, and the card is gone."""
    session = bent(tiny)
    one = session.incident.id
    session.park_incident("recovered")
    session.close()
    now = ManualClock(wall=datetime.now(UTC) + timedelta(days=4))
    later = session_of(tiny, clock=now)
    later.open()
    assert later.take_lease()
    app = cockpit(later)
    async with app.run_test(size=size) as pilot:
        card = await sees_joined(pilot, "PARKED")
        assert f"◆ PARKED {one}: 2 debts, 2 overdue" in " ".join(
            "".join(text for text, _ in row) for row in app.screen.query_one(StartCard).lines(200)
        )
        assert "PARKED" in card
        assert "PARKED" in screen_text(app).splitlines()[0], "the bar reminds of it, too"
        await pilot.press("D")
        for count in (1, 0):
            await hears(pilot, DebtsDialog)
            await pilot.press("enter")
            await hears(pilot, ReasonDialog)
            await pilot.press(*"done", "enter")
            await owes(pilot, later, count)
        await hears(pilot, DebtsDialog)
        await pilot.press("escape")
        await sees_joined(pilot, "nothing is bent any more")
        assert later.incident.id == one
        await pilot.press("s")
        await comes(pilot, lambda: not later.incident.is_parked, "the close")
        await sees_joined(pilot, "closed")
        assert later.incident.closed is not None


async def owes(pilot: Pilot[Any], session: Session, count: int) -> None:
    await comes(pilot, lambda: len(holding(session.incident.debts)) == count, "the payment")


async def test_who_only_looks_opens_it_and_changes_nothing(tiny: Tiny) -> None:
    """``--observe``: D shows it; nothing is written."""
    session = bent(tiny)
    one = session.incident.id
    session.park_incident("recovered")
    session.close()
    later = session_of(tiny, "ops2")
    head = later.journal.head(one)
    app = cockpit(later, observe=True, ascii=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, f"# PARKED {one}: 2 debts")
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await pilot.press("escape")
        await pilot.press("s")
        await pilot.pause()
    assert later.journal.head(one) == head


def test_in_plain_lines(tiny: Tiny) -> None:
    """The same words: bent, parked, and how it is opened; then paid and closed."""
    session = bent(tiny)
    one = session.incident.id
    operator = Scripted(["s", "q", "s", "", "q"])
    # What the list still asks for is left: s goes on with what comes next, so the close is asked for by itself.
    from app import plain_decision

    flight = Plain(session, operator)
    with pytest.raises(GoaroundError, match="not parked"):
        plain_decision.close(session, Scripted(["q"]), operator.say)
    plain_decision.close(session, Scripted([""]), operator.say)
    assert "! bent: N1.1 the maintenance notice is shown; due " in operator.text
    assert "parked: recovered" in operator.text
    session.forget()
    assert session.take_lease()
    operator = Scripted(["q"])
    Plain(session, operator).fly()
    assert f"PARKED {one}: 2 debts, NOT SIGNED; goaround run --record {one} opens it" in operator.text
    session.open(one)
    for debt in holding(session.incident.debts):
        flight = Plain(session, Scripted(["straightened"]))
        flight.debts(debt.name)
    last = Scripted([""])
    plain_decision.close(session, last, last.say)
    assert "closed: recovered" in last.text
    assert not session.incident.is_parked


def test_a_record_of_the_command_line(tiny: Tiny) -> None:
    """``--record``: what is parked opens; another system's, or one that is done, is refused with the next move."""
    from app.flight import _open as open_record

    session = bent(tiny)
    one = session.incident.id
    session.park_incident("recovered")
    session.forget()
    later = session_of(tiny)
    open_record(later, one[-4:])
    assert later.incident.id == one
    assert later.take_lease()
    later.forget()
    later.declare("again")
    third = session_of(tiny, "ops2")
    assert f"{later.incident.id} is open for tiny" in refused(lambda: open_record(third, one))
