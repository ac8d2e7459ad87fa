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
from actions.model.debts import bent_words, holds, in_order, overdue_s
from actions.model.due import parse_due
from actions.model.incident import Debt, Incident
from actions.model.quick_dataclass import replace
from widgets.assign_dialog import AssignAnswer, AssignDialog
from widgets.close_dialog import CloseDialog
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
        assert "2 debts, 1 overdue; 1 of them is bent and keeps the record open. Enter pays, a assigns." in shown
        assert "! OVERDUE R4 A ticket for the real fix exists" in shown
        assert "OVERDUE by 2 d (was due 2026-11-23 12:00Z)" in shown
        assert "owner: ops1" in shown
        assert "ticket: FIX-7" in shown
        assert "[Pay]" in shown
        assert "[Leave]" in shown
        every = dialog.query_one(DebtList).text()
        assert "○ open, bent  X1.3" in every
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


def many(count: int) -> tuple[Debt, ...]:
    """Every third one to be done, the others bent; due in no order, or over, or never."""
    dues = ("", "2026-11-22T12:00:00Z", "2026-11-26T12:00:00Z", "2026-11-24T12:00:00Z", "2027-01-01T12:00:00Z")
    text = "auto-deploy of shop-frontend-production-eu-central-1 版本 🚧 is off"
    undo = "u on X1, or by hand: curl -X PATCH https://coolify.example.org/api/v1/applications/a1b2c3d4e5f6 -d '{}'"
    return tuple(
        Debt(f"X1.{number}" if number % 3 else f"R{number}", text, undo if number % 3 else "", dues[number % 5])
        for number in range(count)
    )


def test_the_most_urgent_stands_first() -> None:
    """Overdue, then bent, then what is due next; what has no deadline comes last of its kind."""
    order = in_order((*many(15), PAID), NOW)
    late = [bool(overdue_s(one, NOW)) for one in order]
    assert late == sorted(late, reverse=True)
    for overdue in (True, False):
        of = [one for one in order if bool(overdue_s(one, NOW)) is overdue and not one.paid]
        assert [holds(one) for one in of] == sorted((holds(one) for one in of), reverse=True)
        for kind in (True, False):
            dues = [one.due or "9999" for one in of if holds(one) is kind]
            assert dues == sorted(dues)
    assert order[-1] == PAID
    assert bent_words(order) == "10 of them are bent and keep the record open"
    assert bent_words([OPEN]) == "it is bent and keeps the record open"
    assert bent_words([OPEN, replace(OPEN, name="X2.4"), PAID]) == "they are bent and keep the record open"
    assert bent_words([LATE, PAID]) == ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 14, 60])
async def test_many_debts_leave_the_buttons_in_sight(size: tuple[int, int], count: int) -> None:
    """However many there are: the count whole, the first debt whole, the way out; every one is reached by its key."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        seconds = Seconds()
        others = "◆ PARKED besides: INC-1: 3 debts, 1 overdue, NOT SIGNED: goaround debts lists and pays them"
        dialog = DebtsDialog(owing(*many(count)), NOW, others=others, seconds=seconds)
        await opened(pilot, dialog)
        shown = flat(screen_text(app))
        assert ("Enter pays, a assigns." in shown, "[Leave]" in shown) == (True, True)
        assert "goaround debts lists and pays them" in shown
        rows = dialog.query_one(DebtList)
        seen: list[str] = []
        for _ in range(count * 4):
            assert rows.debt is not None
            if rows.debt.name not in seen:
                seen.append(rows.debt.name)
                lines = [number for number, (place, _) in enumerate(rows._lines) if place >= 0]
                end = next((at for at in lines if at > rows.cursor), rows.row_count) - 1
                assert rows.top <= rows.cursor
                assert end < rows.top + rows.page or end - rows.cursor >= rows.page, "it is seen to its end"
            rows.action_down()
        assert len(seen) == count


@pytest.mark.parametrize("size", SIZES)
async def test_one_that_is_longer_than_the_room_is_read_to_its_end(size: tuple[int, int]) -> None:
    """Down goes on in it before it goes to the next, up goes back to its beginning: no line stays unseen."""
    names = ", ".join(f"SETTING_{number:02}" for number in range(120))
    long = Debt("X4.9", f"120 variables stay: {names}", f"remove by hand: {names}; then restart it", "")
    app = Bench()
    async with app.run_test(size=size) as pilot:
        dialog = DebtsDialog(owing(long, LATE), NOW, at="X4.9", seconds=Seconds())
        await opened(pilot, dialog)
        rows = dialog.query_one(DebtList)
        seen: set[int] = set()
        for _ in range(80):
            seen |= set(range(rows.top, rows.top + rows.page))
            rows.action_down()
        assert seen >= set(range(rows.cursor, rows.row_count))
        assert rows.debt == long, "it is the last one"
        read, rows.top = rows.top, rows.top - 1
        dialog.show(owing(long, LATE), NOW)
        assert rows.top == read - 1, "whoever reads stays where they are"
        rows.action_down()
        await pilot.pause()
        assert "then restart it" in flat(screen_text(app))
        for _ in range(80):
            rows.action_up()
        assert rows.debt == LATE
        assert rows.top == 0


async def test_what_is_recorded_meanwhile_is_shown() -> None:
    """The cursor stays with its debt; who has paid which is said; an opened one is added, the count follows."""
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = DebtsDialog(owing(OPEN, LATE, replace(OPEN, name="X2.4")), NOW, at="X2.4", seconds=Seconds())
        await opened(pilot, dialog)
        gone = replace(LATE, paid="by hand: done", paid_at="2026-11-25T12:00:00Z", paid_by="ops2")
        more = replace(OPEN, name="N1.7", text="the notice is shown")
        dialog.show(owing(OPEN, gone, replace(OPEN, name="X2.4"), more), NOW)
        await pilot.pause()
        shown = flat(screen_text(app))
        assert "3 debts open; they are bent and keep the record open" in shown
        assert "R4 was paid by ops2 2026-11-25 12:00Z: by hand: done" in shown
        assert "N1.7 the notice is shown" in shown
        found = dialog.query_one(DebtList).debt
        assert found is not None
        assert found.name == "X2.4"


HELD = tuple(f"X1.{number} {one.text}: OVERDUE by 3 d" for number, one in enumerate(many(60)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 14, 60])
async def test_parking_names_what_fits_and_how_much_more(size: tuple[int, int], count: int) -> None:
    """What is bent, the question, the outcomes and the button are seen at once, without scrolling."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        dialog = CloseDialog("Park INC-7", lambda _: None, held=HELD[:count])
        await opened(pilot, dialog)
        shown = flat(screen_text(app))
        assert "It cannot be closed while this is bent: ! X1.0 auto-deploy" in shown
        assert "How did it end?" in shown
        assert "( ) false alarm" in shown
        assert "[Park the record]" in shown
        named = shown.count("! X1.")
        assert (named == count) == (" more: leave this, D shows them all" not in shown)
        if named < count:
            assert f"! and {count - named} more: leave this, D shows them all" in shown
