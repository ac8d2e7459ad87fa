"""The ways back on the screen: what is in use, what can be chosen, what is late, and what cannot be chosen and why."""

from __future__ import annotations

import pytest
from sample_incident import Evening, plan
from textual.pilot import Pilot
from widget_bench import SIZES, Answers, Bench, Seconds, opened, screen_text
from with_procedure import following

from actions.model import events as ev
from actions.model.start_at import Answered
from actions.model.step import Checked, Happened
from actions.model.ways_back import Ways, ways
from widgets.option_dialog import NONE_THERE, OptionDialog
from widgets.option_list import OptionList
from widgets.start_at_dialog import StartAtDialog


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    return " ".join(text.replace("│", " ").replace("|", " ").replace("█", " ").replace("▌", " ").split())


def choice(elapsed_s: int = 0, *configured: str) -> Ways:
    """Somebody has to be back within 15 minutes; a plan by compose is drawn and approved."""
    drawn = plan()
    evening = following().add(ev.InputsSet("Critical", 90, 100, "High"))
    evening.add(ev.PlanDrawn(drawn.digest, drawn.to_json()))
    names = configured or ("compose", "git")
    return ways(evening.incident, names, "compose", elapsed_s, valid_answers=1)


async def show(pilot: Pilot[object], dialog: OptionDialog | StartAtDialog, seconds: Seconds) -> Answers:
    answers = await opened(pilot, dialog)
    seconds.now += 1
    await pilot.pause()
    return answers


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_another_way_back_is_chosen(size: tuple[int, int], ascii: bool) -> None:
    """At every size, in ASCII too: what it costs to change, each way in full, and the answer."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await show(pilot, OptionDialog(choice(), ascii=ascii, seconds=seconds), seconds)
        text = screen_text(app)
        assert text.isascii() or not ascii
        words = flat(text)
        assert "Another way back is another plan, and voids 1 approval of it." in words
        assert "in use" in words
        assert "Option 1b: Docker Compose" in words
        assert "10-15 min" in words
        assert "by the document; risk low." in words
        assert "Good for code and configuration." in words
        await pilot.press("down")
        await pilot.pause()
        assert "Can be chosen; its releases are read then." in flat(screen_text(app))
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert answers.given == ["git"]


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_late_says_so_and_can_be_chosen(size: tuple[int, int]) -> None:
    """Greyed with the word, not with the colour alone; the operator decides."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await show(pilot, OptionDialog(choice(400), seconds=seconds), seconds)
        await pilot.press("down")
        await pilot.pause()
        words = flat(screen_text(app))
        assert "△ late" in words
        assert "! Cannot be done before T+15:00: about 15 min are needed, 8 min left." in words
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert answers.given == ["git"]


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_not_here_says_why_and_cannot_be_chosen(size: tuple[int, int]) -> None:
    """The reason stands there before anybody presses, and again when it is pressed."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await show(pilot, OptionDialog(choice(), seconds=seconds), seconds)
        await pilot.press("up")
        await pilot.pause()
        one = app.screen.query_one(OptionList).way
        assert one is not None
        assert one.option == "coolify"
        words = flat(screen_text(app))
        assert "– not here" in words
        assert f"Cannot be chosen: {one.reason}." in words
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert answers.given == []
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == [None]


async def test_who_observes_looks_and_chooses_nothing() -> None:
    """The same list without the button, and the reason."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = OptionDialog(choice(), locked="You observe: the one who flies chooses.", seconds=seconds)
        await show(pilot, dialog, seconds)
        await pilot.press("down")
        await pilot.pause()
        text = screen_text(app)
        assert "[Choose]" not in text
        assert "You observe: the one who flies chooses." in text


async def test_where_there_is_nothing_to_choose_it_says_so() -> None:
    """One way back: it is shown, and there is no button; none at all: what to configure."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        await show(pilot, OptionDialog(choice(0, "compose"), seconds=seconds), seconds)
        assert "[Choose]" not in screen_text(app)
        await pilot.press("escape")
        await show(pilot, OptionDialog(ways(Evening().incident, (), "", None), seconds=seconds), seconds)
        assert NONE_THERE in flat(screen_text(app))


def answered(code: str, happened: Happened, detail: str) -> Answered:
    step = plan().step(code)
    assert step is not None
    return Answered(step, Checked(happened, detail))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_beginning_in_the_middle_shows_the_answers_and_wants_a_reason(size: tuple[int, int], ascii: bool) -> None:
    """What was found, what was not, that it will be overridden; Enter alone never records it."""
    seconds = Seconds()
    app = Bench()
    answers = (answered("B2", Happened.NO, "nothing is kept"), answered("X1", Happened.YES, "3 containers run it"))
    async with app.run_test(size=size) as pilot:
        given = await show(pilot, StartAtDialog("X2", "proven back", answers, ascii=ascii, seconds=seconds), seconds)
        text = screen_text(app)
        assert text.isascii() or not ascii
        words = flat(text)
        assert "! B2 configuration saved: NOT DONE: nothing is kept" in words
        assert "X1 switch image, 3 services: found done: 3 containers run it" in words
        assert "B2 will be OVERRIDDEN" in words
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert given.given == []
        assert "It needs a few words" in flat(screen_text(app))
        await pilot.press(*"by", "space", *"hand", "enter")
        await pilot.pause()
        assert given.given == [], "a reason is not yet the button"
        await pilot.press("enter")
        await pilot.pause()
        assert given.given == ["by hand"]
