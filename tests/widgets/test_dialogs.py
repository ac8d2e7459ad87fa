"""The dialogs: typed by their answer, left without effect, and never answered by accident."""

from __future__ import annotations

from typing import Any

import pytest
from sample_incident import HOSTILE, Evening
from textual import events
from textual.screen import Screen
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from actions.model import events as ev
from actions.model.blocking import close_reason
from actions.model.incident import Incident
from actions.model.matrix import Decision, Inputs
from actions.model.quick_dataclass import replace
from widgets.close_dialog import CloseAnswer, CloseDialog
from widgets.confirm_dialog import ConfirmDialog, progress_words
from widgets.decide_dialog import DecideAnswer, DecideDialog
from widgets.dialog import DEAF_S, PlainInput
from widgets.help_screen import HelpScreen
from widgets.reason_dialog import ReasonDialog
from widgets.sign_off_dialog import SignOffAnswer, SignOffDialog, summary_lines
from widgets.stop_dialog import StopDialog

NARROW = (60, 16)
LOST = ["obcms_prod on db @ app-1   PRODUCTION", "Lost: 143 rows in 12 tables", "Kept: obcms_prod_kept_inc7", HOSTILE]


def knowing(inputs: Inputs) -> Incident:
    """An incident of which this is known."""
    return replace(Incident("INC-7"), inputs=inputs)


def closed() -> Evening:
    """Back and closed."""
    return Evening().back().add(ev.Closed("recovered", "all well"))


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    return " ".join(text.replace("│", " ").split())


def every_dialog(seconds: Seconds) -> list[Screen[Any]]:
    """One of each, with hostile texts."""
    return [
        ConfirmDialog(HOSTILE, LOST, "obcms_prod", seconds=seconds),
        DecideDialog(knowing(Inputs("High", 60, 80, "Low")), seconds=seconds),
        ReasonDialog(HOSTILE, HOSTILE, value=HOSTILE, seconds=seconds),
        StopDialog(HOSTILE, HOSTILE, seconds=seconds),
        CloseDialog("Close INC-7", lambda outcome: HOSTILE if outcome == "recovered" else None, seconds=seconds),
        SignOffDialog(closed().incident, person="ops1", signing=HOSTILE, seconds=seconds),
        HelpScreen([("", HOSTILE), *[(f"F{n}", HOSTILE) for n in range(40)]], seconds=seconds),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", ["escape", "button"])
async def test_every_dialog_is_seen_whole_and_left_without_effect(size: tuple[int, int], way: str) -> None:
    """At 60x16 too: title and [Cancel] stand there, Esc and Tab-Enter leave, and leaving is None or False."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        for dialog in every_dialog(seconds):
            answers = await opened(pilot, dialog)
            seconds.now += 1
            text = screen_text(app)
            assert f"[{dialog.CANCEL}]" in text  # type: ignore[attr-defined]
            assert "[/red]" in text or isinstance(dialog, DecideDialog)
            if way == "escape":
                await pilot.press("escape")
            else:
                for _ in range(12):
                    if getattr(app.focused, "id", "") == "cancel":
                        break
                    await pilot.press("tab")
                await pilot.press("enter")
            await pilot.pause()
            assert answers.given == [False if isinstance(dialog, ConfirmDialog) else None]


async def test_dialogs_are_ascii_when_told() -> None:
    """Without UTF-8 nothing but ASCII is written, borders too; only what was typed stays as it was typed."""
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        for dialog in every_dialog(Seconds()):
            dialog.ascii = True  # type: ignore[attr-defined]
            await opened(pilot, dialog)
            for field in app.screen.query(PlainInput):
                field.value = ""
            await pilot.pause()
            assert screen_text(app).replace("\n", "").isascii()
            app.pop_screen()
            await pilot.pause()


async def test_only_the_exact_name_confirms() -> None:
    """Enter before the name is complete confirms nothing; the complete one does."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ConfirmDialog("Swap", LOST, "obcms_prod", seconds=seconds))
        seconds.now += 1
        await pilot.press(*"obcms_pro", "enter")
        await pilot.pause()
        assert answers.given == []
        assert "Not confirmed: 1 to go" in screen_text(app)
        await pilot.press("d")
        await pilot.pause()
        assert "complete: Enter confirms" in screen_text(app)
        seconds.now += 1
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [True]


async def test_enter_held_from_the_screen_before_is_not_heard() -> None:
    """The key that opened the dialog does not answer it, and Enter alone never does."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ConfirmDialog("Swap", LOST, "x", seconds=seconds))
        await pilot.press("enter", "x", "enter")
        await pilot.pause()
        assert answers.given == []
        seconds.now += DEAF_S
        await pilot.press("backspace", "enter", "enter")
        await pilot.pause()
        assert answers.given == []
        await pilot.press("x")
        seconds.now += 1
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [True]


async def test_keys_that_come_faster_than_a_hand_confirm_nothing() -> None:
    """A terminal without bracketed paste sends a paste as keys; typed again by hand it counts."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ConfirmDialog("Swap", LOST, "obcms_prod", seconds=seconds))
        seconds.now += 1
        await pilot.press(*"obcms_prod", "enter")
        await pilot.pause()
        assert answers.given == []
        assert "faster than a hand" in flat(screen_text(app))
        for letter in "obcms_prod":
            await pilot.press(letter)
            seconds.now += 0.1
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [True]


async def test_a_key_that_stays_held_never_closes_an_incident() -> None:
    """Enter on NEXT opens the dialog; held for seconds, its repeats go through none of its fields."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, CloseDialog("Close", lambda outcome: None, seconds=seconds))
        first = app.focused
        seconds.now += 0.5
        for _ in range(40):
            await pilot.press("enter")
            seconds.now += 0.03
        assert app.focused is first
        assert answers.given == []
        seconds.now += DEAF_S
        await pilot.press("enter")
        assert app.focused is not first


async def test_a_pasted_name_confirms_nothing() -> None:
    """The irreversible is typed by hand: a paste is refused with words, from the terminal and from the cockpit."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ConfirmDialog("Swap", LOST, "obcms_prod", seconds=seconds))
        seconds.now += 1
        field = app.screen.query_one(PlainInput)
        field.post_message(events.Paste("obcms_prod"))
        await pilot.pause()
        assert field.value == ""
        assert "Not pasted" in screen_text(app)
        app.copy_to_clipboard("obcms_prod")
        await pilot.press("ctrl+v", "enter")
        await pilot.pause()
        assert field.value == ""
        assert answers.given == []


@pytest.mark.parametrize("typed", ["\u043ebcms", "obcms ", " obcms", "OBCMS", "obcm", "obcmss", "ob\u0441ms", ""])
async def test_look_alike_letters_do_not_match(typed: str) -> None:
    """Cyrillic letters, other case, spaces around: another name."""
    assert progress_words(typed, "obcms") != progress_words("obcms", "obcms")
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ConfirmDialog("Swap", [], "obcms", seconds=seconds))
        seconds.now += 1
        app.screen.query_one(PlainInput).value = typed
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []


def test_a_confirmation_without_a_name_cannot_be_made() -> None:
    """Enter alone must never confirm."""
    with pytest.raises(ValueError, match="name to type"):
        ConfirmDialog("Swap", [], "  ")


async def test_pasted_text_is_made_harmless() -> None:
    """A clipboard is outside text: no escape sequence gets into a note, the record or the terminal."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ReasonDialog("Override C1", "Why?", seconds=seconds))
        seconds.now += 1
        app.screen.query_one(PlainInput).post_message(events.Paste("phone \x1b]0;x\x07dead\x1b[2J\nline two"))
        await pilot.pause()
        assert "phone dead" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == ["phone dead⏎line two"]


async def test_a_required_reason_is_required() -> None:
    """An override is never recorded without its reason; where it may stay empty it is an empty text."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, ReasonDialog("Override C1", "Why?", seconds=seconds))
        seconds.now += 1
        await pilot.press("space", "enter")
        await pilot.pause()
        assert "It needs a few words" in screen_text(app)
        await pilot.press(*"no phone", "tab", "enter")
        await pilot.pause()
        more = await opened(pilot, ReasonDialog("Note", "Text", False, seconds=seconds))
        await pilot.press("enter")
        await pilot.pause()
        assert more.given == []
        seconds.now += 1
        await pilot.press("enter")
        await pilot.pause()
        assert [*answers.given, *more.given] == ["no phone", ""]


async def test_a_decision_is_made_with_letters_arrows_tab_and_enter() -> None:
    """Facts in, the matrix answers live, a person decides."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, DecideDialog(knowing(Inputs()), seconds=seconds))
        seconds.now += 1
        assert "nothing is known yet" in screen_text(app)
        await pilot.press("m", "tab", *"60-80", "enter")
        await pilot.pause()
        text = screen_text(app)
        assert "(●) Medium" in text
        assert "ROLL BACK within 1-2 h, decided by users" in text
        await pilot.press("left", "left", "down", "r")
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert answers.given == [DecideAnswer(Inputs("Medium", 60, 80, "Low"), Decision.ROLL_BACK, "")]


async def test_deciding_against_the_matrix_needs_a_reason() -> None:
    """The operator decides; what differs says why, and a missing decision or a wrong share is said."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, DecideDialog(knowing(Inputs("Critical")), seconds=seconds))
        seconds.now += 1
        dialog = app.screen
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "Choose the decision first" in screen_text(app)
        await pilot.press("f")
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "The matrix says roll back: give the reason for deciding fix forward" in flat(screen_text(app))
        await pilot.press(*"fix ready", "up", "up", "up", *"lots")
        await pilot.pause()
        assert "not 'lots'" in screen_text(app)
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []
        dialog.query_one("#users", PlainInput).value = ">80"
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [DecideAnswer(Inputs("Critical", 81, 100, ""), Decision.FIX_FORWARD, "fix ready")]


async def test_facts_alone_can_be_recorded() -> None:
    """New facts need no decision at once."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, DecideDialog(knowing(Inputs("High")), seconds=seconds))
        seconds.now += 1
        app.screen.query_one("#facts").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [DecideAnswer(Inputs("High"))]


@pytest.mark.parametrize(("keys", "answer"), [("a", "after"), ("t", "now"), ("q", None), ("enter", None)])
async def test_stopping_says_what_it_leaves(keys: str, answer: str | None) -> None:
    """Both ways say what stays behind before they are pressed; Enter alone goes on."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        dialog = StopDialog("X1 switch image", "containers half recreated; X1 can run again", seconds=seconds)
        answers = await opened(pilot, dialog)
        text = screen_text(app)
        assert "Running: X1 switch image" in text
        assert "containers half recreated" in text
        assert "Nothing is left half done" in flat(text)
        seconds.now += 1
        await pilot.press(keys)
        await pilot.pause()
        assert answers.given == [answer]


async def test_nothing_that_does_not_run_is_terminated() -> None:
    """Without a running step there is nothing to terminate, only to stop."""
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, StopDialog("", seconds=Seconds()))
        await pilot.press("t")
        assert answers.given == []
        await pilot.press("a")
        await pilot.pause()
        assert answers.given == ["after"]


async def test_an_unproven_incident_is_not_closed_as_recovered() -> None:
    """The outcome that is not true stands there with its reason and cannot be chosen; the others need words."""
    seconds = Seconds()
    incident = Evening().taken().decided().planned().incident
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(
            pilot, CloseDialog("Close INC-7", lambda outcome: close_reason(incident, outcome), seconds=seconds)
        )
        seconds.now += 1
        assert "not proven" in screen_text(app)
        await pilot.press("down", "down", "enter", "enter", "enter")
        await pilot.pause()
        assert "not recovered: say in a few words" in screen_text(app)
        await pilot.press(*"db broken", "enter", "enter")
        await pilot.pause()
        assert answers.given == [CloseAnswer("not recovered", "db broken")]


async def test_a_proven_incident_is_closed_as_recovered() -> None:
    """What is true is chosen to begin with."""
    seconds = Seconds()
    incident = Evening().back().incident
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, CloseDialog("Close", lambda one: close_reason(incident, one), seconds=seconds))
        seconds.now += 1
        await pilot.press("enter", "enter", "enter")
        await pilot.pause()
        assert answers.given == [CloseAnswer("recovered", "")]


async def test_the_second_signature_is_another_person() -> None:
    """Executed by one, verified by somebody else: the same name is refused, in any spelling of case."""
    seconds = Seconds()
    executed = ev.SignedOff("executed", "ops1", "First Operator", 30, "0" * 64, unsigned="no key is configured")
    incident = closed().add(executed).incident
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, SignOffDialog(incident, person="ops1", ended_ms=692_000, seconds=seconds))
        seconds.now += 1
        text = screen_text(app)
        assert "Verified by" in text
        assert "UNSIGNED: no key is configured" in flat(text)
        await pilot.press(*"OPS1", "enter", "enter")
        await pilot.pause()
        assert "must be somebody else" in screen_text(app)
        assert answers.given == []
        app.screen.query_one(PlainInput).value = ""
        await pilot.press(*"ops2", "enter", "enter")
        await pilot.pause()
        assert answers.given == [SignOffAnswer("verified", "ops2")]


async def test_the_first_signature_stands_over_the_head() -> None:
    """What is signed for and the head of the record are seen before signing."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        dialog = SignOffDialog(
            closed().incident, person="ops1", ended_ms=692_000, seen="5 of 5 probes", seconds=seconds
        )
        answers = await opened(pilot, dialog)
        text = screen_text(app)
        assert "Recovered at T+11:32, proven: 5 of 5 probes" in text
        assert "7f3a 91c2 0be4" in text
        assert "Deviations: 0" in text
        await pilot.press("enter", "tab", "enter")
        assert answers.given == []
        seconds.now += 1
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [SignOffAnswer("executed", "ops1")]


def test_what_was_not_proven_is_signed_as_not_proven() -> None:
    """The record tells the truth in the summary, too: overrides and missing proof are named."""
    evening = Evening().taken().add(ev.ItemMarked("C1", "told", "overridden", "the phone is dead"))
    evening.add(ev.Closed("abandoned", "given up"))
    lines = summary_lines(evening.incident, 60_000)
    assert lines[0] == "Abandoned at T+01:00, NOT proven"
    assert lines[1] == 'Deviations: 1 (C1 overridden: told "the phone is dead")'


async def test_the_help_scrolls_and_closes() -> None:
    """All keys are reachable on a small screen; q closes."""
    rows = [("", "Everywhere"), *[(f"F{n}", f"does thing {n}") for n in range(40)]]
    app = Bench()
    async with app.run_test(size=NARROW) as pilot:
        answers = await opened(pilot, HelpScreen(rows, seconds=Seconds()))
        assert "does thing 0" in screen_text(app)
        await pilot.press("G")
        await pilot.pause()
        assert "does thing 39" in screen_text(app)
        await pilot.press("q")
        await pilot.pause()
        assert answers.given == [None]
