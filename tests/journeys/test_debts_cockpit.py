"""The debts in the cockpit, a review and plain lines: seen in the bar, paid and assigned by key, also when closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pilot_moves import comes, hears, sees
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build
from widget_bench import screen_text

from actions.model import events as ev
from actions.model.incident import Debt
from app.cockpit import cockpit
from app.plain import Plain
from app.replay import Replay
from app.review_screen import ReviewScreen
from app.session import Session
from widgets.assign_dialog import AssignDialog
from widgets.debts_dialog import DebtsDialog
from widgets.dialog import Words
from widgets.reason_dialog import ReasonDialog


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    return one


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    """Closed, with what is due within a day left open."""
    one = tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    one.close_incident("not recovered", "it did not help")
    yield one
    one.close()
    one.journal.close()


def debt(session: Session, name: str) -> Debt:
    return next(one for one in session.incident.debts if one.name == name)


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_they_are_seen_in_the_bar_and_paid_in_the_dialog(session: Session, size: tuple[int, int]) -> None:
    """D lists them; Enter asks how, and it is on record; a gives one to somebody. All of it after the close."""
    app = cockpit(session)
    async with app.run_test(size=size) as pilot:
        await sees(pilot, "14 debts")
        assert "14 debts" in screen_text(app).splitlines()[0]
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        await pilot.press(*"known", "enter")
        await comes(pilot, lambda: debt(session, "R1").paid, "the payment")
        await hears(pilot, DebtsDialog)
        assert (debt(session, "R1").paid, debt(session, "R1").paid_by) == ("known", "ops1")
        await pilot.press("down", "a")
        await hears(pilot, AssignDialog)
        await pilot.press(*"ops2", "enter", *"3d", "enter", "enter", "enter")
        await comes(pilot, lambda: debt(session, "R3").owner == "ops2", "the owner")
        await hears(pilot, DebtsDialog)
        await pilot.press("escape")
        await sees(pilot, "13 debts")
        assert "13 debts" in screen_text(app).splitlines()[0]


async def test_who_only_observes_looks(tiny: Tiny, session: Session) -> None:
    """``--observe``: the list, and why nothing is changed."""
    app = cockpit(session, observe=True)
    head = session.journal.head(session.incident.id)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await pilot.press("enter")
        await sees(pilot, "--observe")
    assert session.journal.head(session.incident.id) == head


async def test_a_ticket_is_made_from_the_cockpit(tiny: Tiny) -> None:
    """In the background, by the configured command, and it is on record."""
    script = tiny.folder / "ticket"
    script.write_text("#!/bin/sh\necho FIX-7\n")
    script.chmod(0o755)
    tiny.add_to_config(f'\n[tickets]\ncommand = ["{script}", "{{code}}"]\n')
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    session.close_incident("not recovered", "it did not help")
    app = cockpit(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await pilot.press("a")
        dialog = await hears(pilot, AssignDialog)
        assert dialog.query_one("#command", Words).words == f"[Make a ticket] runs: {script} R1"
        dialog.chosen("make")
        await comes(pilot, lambda: session.sync() or debt(session, "R1").ticket, "the ticket")
        assert debt(session, "R1").ticket == "FIX-7"
    session.close()
    session.journal.close()


async def test_a_review_shows_them_as_they_stood_then(session: Session) -> None:
    """Open and red where they were open; who paid one, when and how, from that event on."""
    session.record_all((ev.DebtPaid("R1", "it was the cache"),), drive=False)
    one = session.incident.id
    replay = Replay(one, session.journal.events(one), session.folder())
    from app.cockpit import Cockpit

    app = Cockpit(lambda: ReviewScreen(replay))
    async with app.run_test(size=(160, 48)) as pilot:
        await sees(pilot, "13 debts")
        assert "13 debts" in screen_text(app).splitlines()[0]
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await pilot.press("G")
        await sees(pilot, "it was the cache", "by ops1")
        await pilot.press("enter", "escape", "left")
        await sees(pilot, "14 debts")
        assert "14 debts" in screen_text(app).splitlines()[0]


def test_plain_lines_list_pay_and_assign(session: Session) -> None:
    """The same in numbered lines: f lists, f CODE pays with words, or asks for the owner where none are given."""
    operator = Scripted(["f", "f r1", "the cache was cold", "f R2", "", "ops2", "2d", "", "f R99", "q"])
    Plain(session, operator).fly()
    assert debt(session, "R1").paid == "the cache was cold"
    assert debt(session, "R2").owner == "ops2"
    assert "14 debts" in operator.text
    assert "open  R3  Why tests missed it is known" in operator.text
    assert "has no debt 'R99'" in operator.text
