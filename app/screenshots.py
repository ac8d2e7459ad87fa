"""``goaround screenshots``: the demo flown without a terminal, and a picture of every station of its story.

The pictures are SVG and stand alone: nothing is loaded from a network when they are looked at. Flying is the
autopilot's; what is on the screen is the cockpit's.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from app.screenshots_drill import IN_SIGHT, LAST_SEEN, STORY_OF_THE_DRILL, DrillCrew, make_harder
from app.screenshots_drill import STATIONS as DRILL_STATIONS
from app.session import Session
from app.settings import load
from app.store import open_session
from widgets.checklist import Checklist
from widgets.decide_dialog import DecideDialog
from widgets.log_stream import LogStream
from widgets.sign_off_dialog import SignOffDialog

SIZES = ((160, 48), (80, 24), (60, 16))
FLIGHT_STATIONS = ("start", "decide", "plan", "deploying", "proven", "sign-off")
STATIONS = (*FLIGHT_STATIONS, *DRILL_STATIONS, "review")
FOLDER = Path("/tmp/goaround-demo")
"""Where the demo lies for the pictures: its paths stand in them, and a name drawn by lot would differ each time."""
_FONT_FACES = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_SETTLE_S = 0.2
LONGEST_S = 240
"""For one flight; the lookout's readings go on in one that goes round in circles, so that silence shows nothing."""
_SEEN_LINES = 25
"""So many log lines are waited for before the first picture: an empty pane says nothing about the demo."""


def write_screenshots(to: Path) -> list[Path]:
    """Play the demo, and a harder drill, into temporary stores; write ``<station>-<width>x<height>.svg``.

    Gives the files, in order. Raises GoaroundError when one of them does not come to its end.
    """
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goaround-pictures-") as store:
        with _demo(Path(store)) as (session, _):
            written = asyncio.run(_fly(session, to))
            incident = session.incident.id
        written += asyncio.run(_read(Path(store), incident, to))
    with (
        tempfile.TemporaryDirectory(prefix="goaround-pictures-") as store,
        _demo(Path(store), make_harder) as (session, system),
    ):
        return written + asyncio.run(_drill(session, system, to))


@contextmanager
def _demo(
    store: Path, change: Callable[[demo_system.DemoSystem], None] = lambda _system: None
) -> Iterator[tuple[Session, demo_system.DemoSystem]]:
    """The demo, running, and the session that flies it."""
    system = demo_system.build(datetime.now(UTC), _own_folder())
    try:
        change(system)
        demo_system.start(system)
        session = open_session(load(system.config), store=str(store), acting_as=FIRST)
        try:
            session.take_lease()
            yield session, system
        finally:
            session.close()
            session.journal.close()
    finally:
        demo_system.stop(system)


def _own_folder() -> Path | None:
    """The folder of that name, where it is free; None: one that is drawn by lot."""
    try:
        os.mkdir(FOLDER, 0o700)
    except OSError:
        return None
    return FOLDER


async def _fly(session: Session, to: Path) -> list[Path]:
    photographer = _Photographer(session, to)
    await _to_its_end(session, STORY, photographer)
    return photographer.all_of(FLIGHT_STATIONS)


async def _drill(session: Session, system: demo_system.DemoSystem, to: Path) -> list[Path]:
    photographer = _DrillPhotographer(session, to, DrillCrew(session, system))
    await _to_its_end(session, STORY_OF_THE_DRILL, photographer)
    return photographer.all_of(DRILL_STATIONS)


async def _to_its_end(session: Session, story: dict[str, str], photographer: _Photographer) -> None:
    app = cockpit(session, ascii=False)
    try:
        async with asyncio.timeout(LONGEST_S), app.run_test(size=SIZES[0]) as pilot:
            await Autopilot(session, story, onlooker=photographer.look).fly(pilot)
    except TimeoutError as error:
        end = f"after {LONGEST_S} s it stood at: {', '.join(photographer.taken) or 'no station'}"
        raise GoaroundError("the demo did not come to its end", end, "try again") from error


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

    def all_of(self, stations: tuple[str, ...]) -> list[Path]:
        """The files. Raises GoaroundError when one of these stations was not seen."""
        missing = [name for name in stations if name not in self.taken]
        if missing:
            raise GoaroundError("the demo did not come by every station", f"missing: {', '.join(missing)}", "try again")
        return self.written

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


class _DrillPhotographer(_Photographer):
    """Takes the stations of the harder drill; whoever stands beside the operator acts once a station was seen."""

    def __init__(self, session: Session, to: Path, crew: DrillCrew) -> None:
        super().__init__(session, to)
        self.crew = crew

    async def look(self, pilot: Pilot[Any]) -> None:
        """Take the picture, then let the others act."""
        self.crew.before(pilot.app.screen)
        name = self.station(pilot.app.screen)
        if name == "matrix" and name not in self.taken:
            await pilot.press("1")
        checklist = next(iter(pilot.app.screen.query(Checklist)), None)
        if name == "after" and checklist is not None:
            checklist.highlight(LAST_SEEN)  # the list is scrolled so that this part of it is seen
            checklist.highlight(IN_SIGHT)
        await super().look(pilot)
        if name == "after" and checklist is not None:
            checklist.action_follow()
        self.crew.after(name)

    def station(self, screen: Screen[Any]) -> str:
        """As the crew says."""
        return self.crew.station(screen)


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
