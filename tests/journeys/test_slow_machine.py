"""A machine that stands still for a moment: keys count by when they were pressed, not by when they are heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pilot_moves import comes, hears, incident_screen, looked, sees
from textual import events
from textual.pilot import Pilot
from tiny_system import Tiny, build, drawn, run

from actions.model.checklist import State
from app.cockpit import cockpit
from app.session import Session
from app.wishes import LOOK_MS
from widgets.checklist import Checklist
from widgets.confirm_dialog import HAND_S, ConfirmDialog
from widgets.dialog import DEAF_S
from widgets.reason_dialog import ReasonDialog

WIDE = (160, 48)
STOOD_S = 5.0
"""So long nothing was heard: far more than any look takes."""


@pytest.fixture
def flown(tmp_path: Path) -> Iterator[tuple[Tiny, Session]]:
    """Everything before the deploy step is done and ticked."""
    tiny = build(tmp_path / "tiny")
    session = tiny.session()
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        assert run(session, code) == "done"
    for code in ("A1", "A2", "A3", "C1"):
        session.mark(code, State.DONE)
    session.close_phase()
    try:
        yield tiny, session
    finally:
        session.close()
        session.journal.close()


def pressed(pilot: Pilot[int], at: float, key: str = "enter", character: str | None = "\r") -> None:
    """A key as the terminal's reader stamps it, heard now."""
    event = events.Key(key, character)
    event.time = at
    pilot.app.post_message(event)


async def test_an_enter_of_before_answers_no_dialog(flown: tuple[Tiny, Session]) -> None:
    """It was pressed while the dialog came up, and is heard long after: it is the one that opened it, once more."""
    _, session = flown
    app = cockpit(session)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "run X2")
        await pilot.press("c")
        dialog = await hears(pilot, ReasonDialog)
        await pilot.press(*"seen")
        dialog._opened = time.monotonic() - STOOD_S
        for moment in (-0.1, 0.1, DEAF_S / 2):  # held down: each keeps it deaf for the next one
            pressed(pilot, dialog._opened + moment)
            await pilot.pause()
            assert app.screen is dialog, f"answered by an Enter of {moment} s after it came up"
        pressed(pilot, time.monotonic())
        await comes(pilot, lambda: app.screen is not dialog, "the Enter of now is heard")
    session.sync()
    assert session.incident.notes[-1][-1] == "seen"


async def test_an_enter_of_before_runs_no_step(flown: tuple[Tiny, Session]) -> None:
    """What will happen was shown, and the machine stood still: who pressed before nothing was seen has seen nothing."""
    tiny, session = flown
    app = cockpit(session)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "run X2")
        screen = incident_screen(pilot)
        screen.query_one(Checklist).highlight("X2")
        await looked(pilot)
        shown_at = time.monotonic() - STOOD_S
        screen.armed_at = session.clock.monotonic_ms() - int(STOOD_S * 1000)
        pressed(pilot, shown_at + LOOK_MS / 3000)
        await sees(pilot, "look at what will happen, then press Enter again")
        assert not session.incident.last_run("X2")
        pressed(pilot, time.monotonic())
        await comes(pilot, lambda: tiny.ended() == 1, "the deployment")


@pytest.mark.parametrize("apart_s", [0.0, HAND_S / 3])
async def test_a_paste_that_comes_as_keys_confirms_nothing(flown: tuple[Tiny, Session], apart_s: float) -> None:
    """All at once on the wire, and each letter heard a while after the one before: still no hand."""
    tiny, session = flown
    assert run(session, "X2") == "done"
    app = cockpit(session)
    async with app.run_test(size=WIDE) as pilot:
        await sees(pilot, "run X3")
        incident_screen(pilot).query_one(Checklist).highlight("X2")
        await pilot.press("u")
        dialog = await hears(pilot, ConfirmDialog)
        begun = time.monotonic()
        for number, letter in enumerate("undo"):
            pressed(pilot, begun + number * apart_s, letter, letter)
            await asyncio.sleep(2 * HAND_S)
        pressed(pilot, begun + 4 * apart_s)
        await sees(pilot, "that came faster than a hand types")
        assert app.screen is dialog
        for number, letter in enumerate("undo"):  # by hand, and heard all at once
            pressed(pilot, begun + 2 + number * 0.1, letter, letter)
        pressed(pilot, begun + 2.5)
        await comes(pilot, lambda: app.screen is not dialog, "typed by hand it counts, however late it is heard")
        await comes(pilot, lambda: tiny.running == tiny.former, "the undo")
