"""A workflow that a person tried: two buttons, and a note that a failure must have."""

from __future__ import annotations

from typing import Any

import pytest
from sample_incident import HOSTILE
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from widgets.dialog import DEAF_S, PlainInput
from widgets.workflow_dialog import WorkflowAnswer, WorkflowDialog


async def answered(pilot: Any, dialog: WorkflowDialog, button: str, note: str, seconds: Seconds) -> list[object]:
    answers = await opened(pilot, dialog)
    seconds.now += DEAF_S + 0.1
    dialog.query_one("#text", PlainInput).value = note
    dialog.query_one(f"#{button}").focus()
    await pilot.press("enter")
    await pilot.pause()
    return answers.given


@pytest.mark.parametrize(
    ("button", "note", "answer"),
    [
        ("works", "", WorkflowAnswer(True, "")),
        ("works", "  slow  at first ", WorkflowAnswer(True, "slow at first")),
        ("fails", "blank page", WorkflowAnswer(False, "blank page")),
    ],
)
async def test_it_answers_how_it_went(button: str, note: str, answer: WorkflowAnswer) -> None:
    """Works needs no words; the note comes without outer spaces."""
    seconds = Seconds()
    async with Bench().run_test(size=(80, 24)) as pilot:
        dialog = WorkflowDialog("S1b", "dashboard", "open /", seconds=seconds)
        assert await answered(pilot, dialog, button, note, seconds) == [answer]


async def test_a_failure_needs_a_word_of_what_was_seen() -> None:
    """It goes into the record; the field has the focus again."""
    seconds = Seconds()
    async with Bench().run_test(size=(80, 24)) as pilot:
        dialog = WorkflowDialog("S1b", "dashboard", "", seconds=seconds)
        assert await answered(pilot, dialog, "fails", "  ", seconds) == []
        assert "Say in a few words what does not work" in screen_text(pilot.app)
        assert dialog.focused is not None
        assert dialog.focused.id == "text"


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", SIZES)
async def test_all_of_it_is_seen_at_every_size(size: tuple[int, int], ascii: bool) -> None:
    """What to try and both buttons; hostile texts stay texts; Enter in the field chooses nothing."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        dialog = WorkflowDialog("S1b", "dashboard", "open / and look for the count", ascii=ascii, seconds=seconds)
        answers = await opened(pilot, dialog)
        text = screen_text(app)
        for words in (
            "S1b: does it work?",
            "dashboard",
            "open / and look",
            "[It works]",
            "[Does not work]",
            "[Cancel]",
        ):
            assert words in text, words
        seconds.now += DEAF_S + 0.1
        await pilot.press("enter")
        await pilot.pause()
        assert not answers.given
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == [None]
        await opened(pilot, WorkflowDialog("S1b", HOSTILE, HOSTILE, ascii=ascii, seconds=seconds))
        screen_text(app)
