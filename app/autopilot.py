"""Plays the demo's story in the cockpit with the keys an operator would press. It waits for states, never for time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from actions.model.blocking import Move
from actions.model.incident import keeps_failing
from app.incident_screen import IncidentScreen
from app.session import Session
from widgets.close_dialog import CloseDialog
from widgets.decide_dialog import DecideDialog
from widgets.dialog import DEAF_S
from widgets.reason_dialog import ReasonDialog
from widgets.sign_off_dialog import SignOffDialog

PACE_S = 0.25
"""Between two keys, so that an onlooker can follow."""
PATIENCE = 400
"""Looks without any change after which the story is given up."""
LONGEST_S = 600
"""Seconds after which it is given up in any case: what is sensed changes the record without end."""


class Autopilot:
    """The demo's operator."""

    def __init__(
        self,
        session: Session,
        story: dict[str, str],
        *,
        pace_s: float = PACE_S,
        onlooker: Callable[[Pilot[Any]], Awaitable[None]] | None = None,
    ) -> None:
        """``onlooker`` is called before every look at the screen, and before the button of a filled dialog."""
        self.session = session
        self.story = story
        self.pace_s = pace_s
        self.onlooker = onlooker

    async def fly(self, pilot: Pilot[Any]) -> None:
        """From declaring to the second signature, then leave."""
        looks = 0
        head = -1
        begun = time.monotonic()
        while looks < PATIENCE and time.monotonic() - begun < LONGEST_S:
            await asyncio.sleep(self.pace_s)
            looks = looks + 1 if self.session.incident.head_seq == head else 0
            head = self.session.incident.head_seq
            if isinstance(pilot.app.screen, IncidentScreen):
                await self._be_watched(pilot)
            screen = pilot.app.screen
            if not isinstance(screen, IncidentScreen):
                await self._answer(pilot, screen)
                continue
            if keeps_failing(self.session.incident):
                break
            if self.session.incident.signed:
                await asyncio.sleep(4 * self.pace_s)
                await pilot.press("q")
                return
            await self._press(pilot, screen)
        await pilot.press("q")

    async def _be_watched(self, pilot: Pilot[Any]) -> None:
        if self.onlooker is not None:
            await self.onlooker(pilot)

    async def _press(self, pilot: Pilot[Any], screen: IncidentScreen) -> None:
        busy = screen.drawing or screen.signing or screen.keeping or screen.reading_releases
        if self.session.incident.running is not None or busy:
            return
        if screen.focused is not None and screen.focused.id == "releases" and self.session.incident.plan is None:
            await pilot.press("enter")
            return
        if screen.pane not in ("checklist", "preview"):
            await pilot.press("2")
        if screen.next().move is Move.NOTHING:
            await pilot.press("n")
            return
        await pilot.press("enter")

    async def _answer(self, pilot: Pilot[Any], screen: object) -> None:
        """Fill the dialog that is open, as a person would."""
        await asyncio.sleep(DEAF_S + 0.1)
        if isinstance(screen, DecideDialog):
            await self._decide(pilot)
        elif isinstance(screen, CloseDialog):
            await self._to_button(pilot, "close")
        elif isinstance(screen, SignOffDialog):
            await self._type(pilot, "person", self.story[screen.part])
            await self._to_button(pilot, "sign")
        elif isinstance(screen, ReasonDialog):
            await self._type(pilot, "text", self.story["title"])
            await pilot.press("enter")

    async def _decide(self, pilot: Pilot[Any]) -> None:
        await self._choose(pilot, "severity", self.story["severity"])
        await self._type(pilot, "users", self.story["users"])
        await self._choose(pilot, "risk", self.story["data risk"])
        await self._choose(pilot, "decision", "roll back")
        await self._to_button(pilot, "decide")

    async def _choose(self, pilot: Pilot[Any], name: str, value: str) -> None:
        line: Any = pilot.app.screen.query_one(f"#{name}")
        line.focus()
        for _ in range(len(line.words)):
            if line.value == value:
                return
            await pilot.press(value[0].lower())
            await asyncio.sleep(self.pace_s / 4)

    async def _type(self, pilot: Pilot[Any], name: str, text: str) -> None:
        field: Any = pilot.app.screen.query_one(f"#{name}")
        field.focus()
        for _ in range(len(field.value)):
            await pilot.press("backspace")
        for char in text:
            await pilot.press("space" if char == " " else char)

    async def _to_button(self, pilot: Pilot[Any], name: str) -> None:
        pilot.app.screen.query_one(f"#{name}").focus()
        await asyncio.sleep(self.pace_s)
        await self._be_watched(pilot)
        await pilot.press("enter")
