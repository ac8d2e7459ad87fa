"""The debts on the screen: overdue ones first and red, paid with Enter, assigned with a; nothing is recorded here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sample_incident import HOSTILE
from textual.pilot import Pilot
from widget_bench import SIZES, Answers, Bench, Seconds, opened, screen_text
from with_procedure import following

from actions.model.clock import stamp
from actions.model.due import parse_due
from actions.model.incident import Debt, Incident
from actions.model.quick_dataclass import replace
from widgets.assign_dialog import AssignAnswer, AssignDialog
from widgets.debt_rows import DebtList, debt_rows
from widgets.debts_dialog import DebtsDialog, DebtWish
from widgets.painted import row_width

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PAID = Debt(
    "R1", "What went wrong is known", "", "", paid="see the wiki", paid_at="2026-11-23T10:00:00Z", paid_by="ops2"
)
OPEN = Debt("X1.3", "the branch stays on origin until somebody removes it", "u on X1", "")
LATE = Debt("R4", "A ticket for the real fix exists", "", "2026-11-23T12:00:00Z", owner="ops1", ticket="FIX-7")


def owing(*debts: Debt) -> Incident:
    return replace(following().incident, debts=debts)


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    return " ".join(text.replace("│", " ").replace("|", " ").replace("█", " ").replace("▌", " ").split())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_overdue_first_then_open_then_paid(size: tuple[int, int], ascii: bool) -> None:
    """At every size, in ASCII too: glyph and word, deadline, owner, ticket, undo, who paid it and how; the way out."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        dialog = DebtsDialog(owing(PAID, OPEN, LATE), NOW, ascii=ascii)
        await opened(pilot, dialog)
        text = screen_text(app)
        assert text.isascii() or not ascii
        shown = flat(text)
        assert "2 debts, 1 overdue. Enter pays, a assigns." in shown
        assert "! OVERDUE R4 A ticket for the real fix exists" in shown
        assert "OVERDUE by 2 d (was due 2026-11-23 12:00Z)" in shown
        assert "owner: ops1" in shown
        assert "ticket: FIX-7" in shown
        assert "[Pay]" in shown
        assert "[Leave]" in shown
        every = dialog.query_one(DebtList).text()
        assert every.index("R4") < every.index("X1.3") < every.index("R1 ")
        assert "straightened by: u on X1" in every
        assert "by ops2 2026-11-23 10:00Z: see the wiki" in every
        await pilot.press("pagedown", "pagedown", "pagedown")
        await pilot.pause()
        assert "see the wiki" in flat(screen_text(app)), "the last one is reached by scrolling"


async def test_enter_pays_and_a_assigns_the_highlighted_one() -> None:
    """Enter that opened the dialog pays nothing; what is paid already is refused in words."""
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        seconds = Seconds()
        answers = await opened(pilot, DebtsDialog(owing(PAID, OPEN, LATE), NOW, seconds=seconds))
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []
        seconds.now += 1
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert "R1 is paid already" in screen_text(app)
        await pilot.press("up", "enter")
        await pilot.pause()
        assert answers.given == [DebtWish("X1.3", "pay")]
        again = await opened(pilot, DebtsDialog(owing(PAID, OPEN, LATE), NOW, at="X1.3", seconds=seconds))
        await pilot.press("a")
        await pilot.pause()
        assert again.given == [DebtWish("X1.3", "assign")]


@pytest.mark.parametrize("size", SIZES)
async def test_who_may_only_look_is_told_why(size: tuple[int, int]) -> None:
    """No button changes anything; the keys say the reason."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        seconds = Seconds()
        answers = await opened(pilot, DebtsDialog(owing(OPEN), NOW, locked="you are not one of them", seconds=seconds))
        seconds.now += 1
        for key in ("enter", "a"):
            await pilot.press(key)
            await pilot.pause()
            assert "you are not one of them" in screen_text(app)
        assert "[Pay]" not in screen_text(app)
        assert answers.given == []
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == [None]


async def test_without_debts_it_says_so() -> None:
    """The empty state in words, and a way out."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        seconds = Seconds()
        answers = await opened(pilot, DebtsDialog(owing(), NOW, seconds=seconds))
        text = flat(screen_text(app))
        assert "Nothing is owed." in text
        assert "no debts: nothing is owed" in text
        seconds.now += 1
        await pilot.press("enter", "a")
        await pilot.pause()
        assert answers.given == []
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == [None]


@pytest.mark.parametrize("width", [20, 44, 60, 76])
def test_hostile_and_long_texts_are_folded(width: int) -> None:
    """Outside text stays in its line, whatever the width."""
    debt = Debt(HOSTILE, HOSTILE + " and so on" * 20, HOSTILE, "no time", owner=HOSTILE, ticket=HOSTILE)
    for _, row in debt_rows([debt, replace(debt, paid=HOSTILE, paid_by=HOSTILE)], NOW, width):
        assert row_width(row) <= width


def nobody_else(name: str) -> str:
    return "" if name.startswith("ops") else f"{name} is nobody"


async def assigning(
    pilot: Pilot[Any], people: str = "", command: Callable[[str, str], str] | None = None
) -> tuple[AssignDialog, Answers, Seconds]:
    seconds = Seconds()
    dialog = AssignDialog(LATE, lambda: NOW, nobody_else, people=people, command=command, seconds=seconds)
    answers = await opened(pilot, dialog)
    seconds.now += 1
    return dialog, answers, seconds


@pytest.mark.parametrize("size", SIZES)
async def test_assigning_says_what_is_wrong_before_it_answers(size: tuple[int, int]) -> None:
    """The deadline is said as it will be recorded; nobody unknown, nothing unchanged, no time that is over."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        dialog, answers, _ = await assigning(pilot, people="ops1, ops2")
        dialog.chosen("assign")
        await pilot.pause()
        assert "nothing is changed" in flat(screen_text(app))
        dialog.query_one("#owner").value = "Bob"  # type: ignore[attr-defined]  # a field
        dialog.chosen("assign")
        await pilot.pause()
        assert "Bob is nobody" in flat(screen_text(app))
        dialog.query_one("#owner").value = "ops2"  # type: ignore[attr-defined]  # a field
        dialog.query_one("#due").value = "2020-01-01"  # type: ignore[attr-defined]  # a field
        await pilot.pause()
        dialog.chosen("assign")
        await pilot.pause()
        assert "is over already" in flat(screen_text(app))
        dialog.query_one("#due").value = "2d"  # type: ignore[attr-defined]  # a field
        await pilot.pause()
        assert "Due 2026-11-27 12:00Z" in flat(screen_text(app))
        dialog.chosen("assign")
        await pilot.pause()
        assert answers.given == [AssignAnswer("ops2", "2d", "FIX-7")]


async def test_what_makes_a_ticket_is_shown_before_it_runs() -> None:
    """The command with what is typed filled in; a debt that has a ticket gets no second one."""
    app = Bench()
    seen: list[tuple[str, str]] = []

    def command(owner: str, due: str) -> str:
        seen.append((owner, due))
        return f"jira {owner} {due}"

    async with app.run_test(size=(80, 24)) as pilot:
        dialog, _, seconds = await assigning(pilot, command=command)
        assert "[Make a ticket]" not in screen_text(app).replace("[Make a ticket] runs", "")
        await pilot.press("escape")
        fresh = replace(LATE, ticket="")
        dialog = AssignDialog(fresh, lambda: NOW, lambda _: "", command=command, seconds=seconds)
        answers = await opened(pilot, dialog)
        seconds.now += 1
        dialog.query_one("#due").value = "2d"  # type: ignore[attr-defined]  # a field
        await pilot.pause()
        assert seen[-1] == ("ops1", parse_due("2d", NOW))
        assert f"runs: jira ops1 {stamp(datetime(2026, 11, 27, 12, tzinfo=UTC))}" in flat(screen_text(app))
        dialog.chosen("make")
        await pilot.pause()
        assert answers.given == [AssignAnswer("ops1", "2d", "", make=True)]
