"""``goaround screenshots``: the demo flown without a terminal, and a picture of every station of its story.

The pictures are SVG and stand alone: nothing is loaded from a network when they are looked at. Flying is the
autopilot's; what is on the screen is the cockpit's.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from actions.model.blocking import Move
from actions.model.errors import GoaroundError
from app import demo_system
from app.autopilot import Autopilot
from app.cockpit import Cockpit, cockpit
from app.demo import FIRST, STORY
from app.incident_screen import IncidentScreen
from app.review import open_replay
from app.review_screen import ReviewScreen
from app.session import Session
from app.settings import load
from app.store import open_session
from widgets.checklist import Checklist
from widgets.decide_dialog import DecideDialog
from widgets.log_stream import LogStream
from widgets.sign_off_dialog import SignOffDialog

SIZES = ((160, 48), (80, 24), (60, 16))
FLIGHT_STATIONS = ("start", "decide", "plan", "deploying", "proven", "sign-off")
STATIONS = (*FLIGHT_STATIONS, "review")
_FONT_FACES = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_SETTLE_S = 0.2
_SEEN_LINES = 25
"""So many log lines are waited for before the first picture: an empty pane says nothing about the demo."""


def write_screenshots(to: Path) -> list[Path]:
    """Play the demo into a temporary store and write ``<station>-<width>x<height>.svg``; the files, in order.

    Raises GoaroundError when the demo does not come to its end.
    """
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goaround-pictures-") as store:
        system = demo_system.build(datetime.now(UTC))
        try:
            demo_system.start(system)
            session = open_session(load(system.config), store=store, acting_as=FIRST)
            try:
                session.take_lease()
                written = asyncio.run(_fly(session, to))
            finally:
                incident = session.incident.id
                session.close()
                session.journal.close()
        finally:
            demo_system.stop(system)
        return written + asyncio.run(_read(Path(store), incident, to))


async def _fly(session: Session, to: Path) -> list[Path]:
    photographer = _Photographer(session, to)
    app = cockpit(session, ascii=False)
    async with app.run_test(size=SIZES[0]) as pilot:
        await Autopilot(session, STORY, onlooker=photographer.look).fly(pilot)
    missing = [name for name in FLIGHT_STATIONS if name not in photographer.taken]
    if missing:
        raise GoaroundError("the demo did not come by every station", f"missing: {', '.join(missing)}", "try again")
    return photographer.written


async def _read(store: Path, incident: str, to: Path) -> list[Path]:
    app = Cockpit(lambda: ReviewScreen(open_replay(store, incident)))
    async with app.run_test(size=SIZES[0]) as pilot:
        await _settle(pilot)
        return await _pictures(pilot, to, "review")


class _Photographer:
    """Looks at the screen whenever the autopilot does, and takes each station once."""

    def __init__(self, session: Session, to: Path) -> None:
        self.session = session
        self.to = to
        self.taken: set[str] = set()
        self.written: list[Path] = []

    async def look(self, pilot: Pilot[Any]) -> None:
        """Take the picture when the story has come to a station."""
        name = self.station(pilot.app.screen)
        if name in self.taken:
            return
        if name == "start":
            await _wait_for_lines(pilot)
        if name:
            self.taken.add(name)
            self.written += await _pictures(pilot, self.to, name)

    def station(self, screen: Screen[Any]) -> str:
        """Which station this is; empty between two."""
        incident = self.session.incident
        if isinstance(screen, DecideDialog):
            return "decide"
        if isinstance(screen, SignOffDialog):
            return "sign-off" if screen.part == "verified" else ""
        if not isinstance(screen, IncidentScreen) or screen.drawing or screen.reading_releases:
            return ""
        if incident.declared is None:
            return "start" if screen.releases else ""
        if incident.running is not None:
            return "deploying" if incident.running.step == "git.deploy" else ""
        if incident.proven:
            return "proven"
        highlighted = screen.query_one(Checklist).code == screen.next().code == "X2"
        return "plan" if highlighted and screen.next().move is Move.RUN else ""


async def _wait_for_lines(pilot: Pilot[Any]) -> None:
    """Until the logs pane has something to show; an idle site is no reason to wait for ever."""
    logs = pilot.app.screen.query_one(LogStream)
    for _ in range(50):
        if logs.row_count >= _SEEN_LINES:
            return
        await _settle(pilot)


async def _pictures(pilot: Pilot[Any], to: Path, name: str) -> list[Path]:
    written = []
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await _settle(pilot)
        path = to / f"{name}-{width}x{height}.svg"
        path.write_text(standing_alone(pilot.app.export_screenshot(title=f"goaround, {name}")), encoding="utf-8")
        written.append(path)
    await pilot.resize_terminal(*SIZES[0])
    await _settle(pilot)
    return written


async def _settle(pilot: Pilot[Any]) -> None:
    await asyncio.sleep(_SETTLE_S)
    await pilot.pause()


def standing_alone(svg: str) -> str:
    """The picture without fonts from a network, and without spaces at line ends."""
    alone = _FONT_FACES.sub("", svg).replace("font-family: Fira Code, monospace", "font-family: monospace")
    return "\n".join(line.rstrip() for line in alone.split("\n")).rstrip("\n") + "\n"
