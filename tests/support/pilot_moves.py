"""How a test sits before a cockpit in-process: it waits for what it sees, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from textual.pilot import Pilot
from waiting import LOOK_S, PATIENCE_S
from widget_bench import screen_text

from app.cockpit import HELD_S
from app.incident_screen import IncidentScreen
from app.wishes import LOOK_MS
from widgets.dialog import Dialog

D = TypeVar("D", bound=Dialog[Any])


async def comes(pilot: Pilot[Any], what: Callable[[], object], why: object = "") -> None:
    """Waits for it, looking again and again; fails with the screen when it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, f"never came: {why() if callable(why) else why}\n{screen_text(pilot.app)}"
        await asyncio.sleep(LOOK_S)
        await pilot.pause()


async def sees(pilot: Pilot[Any], *words: str) -> str:
    """Waits until all of these are on the screen, which it returns as it stands."""
    await pilot.pause()
    await _shows(pilot, words, lambda: screen_text(pilot.app))
    return screen_text(pilot.app)


async def sees_no(pilot: Pilot[Any], *words: str) -> str:
    """Waits until none of these is on the screen any more; the screen."""
    await comes(pilot, lambda: not any(word in screen_text(pilot.app) for word in words), f"still there: {words}")
    return screen_text(pilot.app)


async def sees_joined(pilot: Pilot[Any], *words: str) -> str:
    """As ``sees``, of what a person reads over the ends of lines: one line, without frames."""
    await pilot.pause()
    await _shows(pilot, words, lambda: _read(pilot))
    return _read(pilot)


async def hears(pilot: Pilot[Any], kind: type[D]) -> D:
    """The dialog of that kind, when it is on top; from now on not deaf to Enter."""
    await comes(pilot, lambda: isinstance(pilot.app.screen, kind) and pilot.app.screen.is_mounted, kind.__name__)
    await pilot.pause()
    dialog = cast(D, pilot.app.screen)
    dialog._opened -= 10
    return dialog


async def looked(pilot: Pilot[Any]) -> None:
    """The moment after which Enter runs the step that is shown, and is no second one of the same press."""
    await asyncio.sleep(HELD_S + 0.05)
    await pilot.pause()
    screen = incident_screen(pilot)
    await comes(pilot, lambda: screen.session.clock.monotonic_ms() - screen.armed_at > LOOK_MS)


def incident_screen(pilot: Pilot[Any]) -> IncidentScreen:
    """The cockpit's screen, also under a dialog."""
    return next(one for one in pilot.app.screen_stack if isinstance(one, IncidentScreen))


async def _shows(pilot: Pilot[Any], words: tuple[str, ...], text: Callable[[], str]) -> None:
    def missing() -> list[str]:
        now = text()
        return [word for word in words if word not in now]

    await comes(pilot, lambda: not missing(), missing)


def _read(pilot: Pilot[Any]) -> str:
    return " ".join(screen_text(pilot.app).replace("│", " ").replace("↳", " ").split())
