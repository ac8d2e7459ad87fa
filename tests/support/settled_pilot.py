"""Makes Textual's pilot certain: after keys and pauses a test goes on when the application has nothing left to do.

By itself the pilot takes a process that uses little processor time for one that is done; on a busy machine it may only
be waiting for its turn, and a key not have come to its widget yet. What threads, timers and other processes will do is
not waited for here: tests wait for what they see of it.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from typing import Any

import textual.app
import textual.pilot
from textual._wait import wait_for_idle
from textual.app import App
from textual.pilot import Pilot

MOST_S = 20.0
DRAWN_S = 0.5
"""How long is waited for a screen to be drawn: one that is covered may never be."""

_press, _pause, _resize = Pilot.press, Pilot.pause, Pilot.resize_terminal
_at_once: ContextVar[bool] = ContextVar("at_once", default=False)


async def settle(app: App[Any]) -> None:
    """Until nothing is ready to run in the loop, and the screen is laid out and drawn as it stands."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # no other way to see it is offered
    begun = time.monotonic()
    drawn_by = begun + DRAWN_S
    quiet = 0
    while quiet < 2 and time.monotonic() < begun + MOST_S:
        await asyncio.sleep(0)
        if ready:
            quiet = 0
        elif _to_draw(app) and time.monotonic() < drawn_by:
            quiet = 0
            await asyncio.sleep(0.005)
        else:
            quiet += 1


def _to_draw(app: App[Any]) -> bool:
    if not app._running or not app.screen_stack:
        return False
    screen = app.screen
    return bool(screen._callbacks or screen._dirty_widgets or screen._layout_required or screen._repaint_required)


async def press(self: Pilot[Any], *keys: str) -> None:
    """Each key when what the one before it has set going is done."""
    _at_once.set(getattr(self.app, "SETTLES", False))
    for key in keys:
        await _press(self, key)
        await settle(self.app)


async def pause(self: Pilot[Any], delay: float | None = None) -> None:
    """As before, and then until it is settled."""
    _at_once.set(getattr(self.app, "SETTLES", False))
    await _pause(self, delay)
    await settle(self.app)


async def resize_terminal(self: Pilot[Any], width: int, height: int) -> None:
    """As before, and then until it is settled."""
    await _resize(self, width, height)
    await settle(self.app)


async def _idle(min_sleep: float = 0.02, max_sleep: float = 1) -> None:
    if _at_once.get():  # 20 ms and more for each key: nothing here has clocks that they would give time to
        await asyncio.sleep(0)
    else:
        await wait_for_idle(min_sleep, max_sleep)


def make_certain() -> None:
    """From now on, for every pilot of this process; at once where the application says that it ``SETTLES``."""
    Pilot.press = press  # type: ignore[method-assign]
    Pilot.pause = pause  # type: ignore[method-assign]
    Pilot.resize_terminal = resize_terminal  # type: ignore[method-assign]
    textual.app.wait_for_idle = _idle  # type: ignore[attr-defined]
    textual.pilot.wait_for_idle = _idle  # type: ignore[attr-defined]
