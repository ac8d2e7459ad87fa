"""The dialogs about approvals: seen whole, left without effect, and never answered by accident; and their rows."""

from __future__ import annotations

from typing import Any

import pytest
from approving_book import Answers
from sample_incident import HOSTILE
from textual.screen import Screen
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from actions.model import events as ev
from widgets.approval_dialog import (
    ApprovalDialog,
    BreakGlassAnswer,
    BreakGlassDialog,
    PersonAnswer,
    PersonDialog,
)
from widgets.approval_rows import approval_rows
from widgets.checklist_rows import checklist_rows
from widgets.preview_rows import preview_text

PEOPLE = (("lead1", "Lead One", "flies"), ("tech1", "Tech One  tech-manager", ""), ("tech2", HOSTILE, ""))


def every_dialog(seconds: Seconds) -> list[Screen[Any]]:
    return [
        ApprovalDialog([HOSTILE, "needs tech-manager"], ("ask", "code", "no", "break"), seconds=seconds),
        PersonDialog(HOSTILE, HOSTILE, PEOPLE, "The code:", accept="Approve", seconds=seconds),
        BreakGlassDialog([HOSTILE], "obcms", seconds=seconds),
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_every_dialog_is_seen_and_left_without_effect(size: tuple[int, int]) -> None:
    """At 60x16 too, with hostile texts: Esc leaves and answers nothing."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        for dialog in every_dialog(seconds):
            answers = await opened(pilot, dialog)
            seconds.now += 1
            screen_text(app)
            await pilot.press("escape")
            await pilot.pause()
            assert answers.given == [None]


async def test_only_what_is_possible_has_a_button() -> None:
    """Nothing to ask for: no button for it; the others answer by their name."""
    app = Bench()
    seconds = Seconds()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, ApprovalDialog(["x"], ("code", "break"), seconds=seconds))
        seconds.now += 1
        text = screen_text(app)
        assert ("[Ask]" in text, "[Code read back]" in text, "[Break glass]" in text) == (False, True, True)
        app.screen.query_one("#break").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == ["break"]


async def test_a_code_is_typed_for_somebody_who_may_answer() -> None:
    """The first who may is chosen; an empty code is no answer."""
    app = Bench()
    seconds = Seconds()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = PersonDialog("Code", "They run x", PEOPLE, "The code:", accept="Approve", seconds=seconds)
        answers = await opened(pilot, dialog)
        seconds.now += 1
        app.screen.query_one("#accept").focus()
        await pilot.press("enter")
        assert "It is empty." in screen_text(app)
        app.screen.query_one("#text").focus()
        await pilot.press(*"12", "space", *"34")
        app.screen.query_one("#accept").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [PersonAnswer("tech1", "12 34")]


async def test_the_glass_breaks_only_with_reason_and_name() -> None:
    """Neither alone, no other name, no pasted one; Enter in a field goes on and breaks nothing."""
    app = Bench()
    seconds = Seconds()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, BreakGlassDialog(["needs tech-manager"], "shop", seconds=seconds))
        seconds.now += 1
        for field, keys, trouble in (
            ("text", "", "needs a reason"),
            ("text", "nobody", "another name"),
            ("typed", "shoq", "another name"),
        ):
            app.screen.query_one(f"#{field}").focus()
            if keys:
                await pilot.press(*keys)
            app.screen.query_one("#break").focus()
            await pilot.press("enter")
            await pilot.pause()
            assert trouble in screen_text(app)
            assert answers.given == []
        app.screen.query_one("#typed").focus()
        await pilot.press("backspace", "p", "enter")
        assert answers.given == []
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [BreakGlassAnswer("nobody", "shop")]


def test_a_glass_without_a_name_cannot_be_made() -> None:
    """Enter alone must never break it."""
    with pytest.raises(ValueError, match="name"):
        BreakGlassDialog(["x"], " ")


def words(book: Answers) -> tuple[str, str]:
    """The detail of X1's row, and the approval lines of its preview."""
    now = book.clock.now()
    row = next(one for one in checklist_rows(book.incident, now, None, book.state) if one.code == "X1")
    preview = preview_text(book.incident, "X1", approval=book.state)
    lines = ["".join(text for text, _ in line) for line in preview.rows]
    return row.detail, "\n".join(line for line in lines if line.startswith(("approval", "blocked")))


def test_rows_and_preview_say_where_the_approvals_stand() -> None:
    """Who is waited for, since when, who said no and why, what is void: before anybody presses."""
    book = Answers()
    assert "may act alone" in words(book)[1]
    book.after(20)
    assert "needs tech-manager" in words(book)[0]
    book.asked().after(2)
    row, preview = words(book)
    assert "waits for tech-manager (tech1, tech2, both1 may); asked 02:00 ago" in row
    assert "goaround approve INC-7" in preview
    book.denied("tech2", HOSTILE)
    row, preview = words(book)
    assert row.startswith("open, DENIED by Tech Two (tech2): zz[/red]zz")
    assert "\x1b" not in row + preview
    book.given("tech2").draw("v0")
    assert "2 void, to another plan" in words(book)[1]
    book.add(ev.GlassBroken(book.incident.plan_digest, "approval", ("tech-manager",), "nobody answers"), "lead1")
    assert "BREAK-GLASS by lead1: nobody answers" in words(book)[1]
    tones = {tone for row in approval_rows(book.state, "INC-7") for _, tone in row}
    assert "tone--danger" in tones
