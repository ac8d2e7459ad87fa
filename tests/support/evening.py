"""A whole evening on the tiny system, as one person flies it and a second one approves, with a site that can be probed.

The site fails as long as the broken release runs: nothing but a real rollback makes it green. Backups lie in a folder,
messages go through a real command. What a key does next is asked of the model, never written down in a test.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from lookout_ground import PROBES, Site
from tiny_system import QuickClock, Tiny, build, run
from waiting import until

from actions.model.blocking import Move, Next, next_move
from actions.model.checklist import State
from actions.model.fold import fold
from actions.model.incident import Incident, items, state_of
from actions.model.record_text import markdown
from actions.model.record_timeline import timeline
from app.approval_desk import Desk
from app.feeds import LogFeed
from app.log_sources import log_sources
from app.lookout import Lookout
from app.monitoring import keep
from app.session import Session
from app.who import who_am_i

SETTINGS = """
[watch]
window = "{window}"
[database]
backups = "{folder}/backups/*.gz"
[messages]
link = "https://status.example.org/tiny"
[contacts]
stakeholders = "boss@example.org"
users = "users@example.org"
team = "dev@example.org"
[[channel]]
name = "post"
command = ["{folder}/post", "{{to}}"]
[[channel]]
name = "pager"
command = ["{folder}/pager", "{{to}}"]
"""
POST = "#!/bin/sh\n{ echo \"to $1\"; cat; echo; } >> '%s/posted'\n"
PAGER = "#!/bin/sh\ncat >/dev/null\necho 'the pager is out of order' >&2\nexit 7\n"


class LateClock(QuickClock):
    """The clocks of this machine, some time ago; that passes at once when a test says so.

    It ends where the machine's own clocks stand, because the worker, a process of its own, looks at those.
    """

    def __init__(self, ago_s: int) -> None:
        super().__init__()
        self.ago_s = ago_s

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=self.ago_s)

    def monotonic_ms(self) -> int:
        return super().monotonic_ms() - self.ago_s * 1000

    def pass_by(self, seconds: int) -> None:
        """So much time goes by."""
        assert seconds <= self.ago_s, "beyond the machine's own clocks"
        self.ago_s -= seconds


class Broken(dict[str, int]):
    """What the site answers: failure, as long as the release runs that broke it."""

    def __init__(self, tiny: Tiny) -> None:
        super().__init__()
        self.tiny = tiny

    def get(self, path: str, default: int = 404) -> int:  # type: ignore[override]  # of a dict[str, int]
        """A status for every path."""
        return 500 if self.tiny.running == self.tiny.former else 200


@dataclass
class Evening:
    """The system, its site, and the clock of this evening."""

    tiny: Tiny
    site: Site
    clock: LateClock

    def backup(self) -> Path:
        """A whole, young backup comes into being."""
        path = self.tiny.folder / "backups" / "tiny.sql.gz"
        path.write_bytes(gzip.compress(b"-- dump\n" * 5000))
        return path

    @property
    def posted(self) -> str:
        """Everything that the command was given to tell, with whom."""
        path = self.tiny.folder / "posted"
        return path.read_text() if path.exists() else ""

    def session(self, who: str = "ops1") -> Session:
        """A cockpit of one of the two."""
        return self.tiny.session(who, self.clock)

    def desk(self, session: Session, login: str = "ops2") -> Desk:
        """The desk of somebody who approves from a login of their own."""
        desk = Desk(session.journal, self.clock, replace(who_am_i({}), login=login), Incident(session.incident.id))
        desk.sync()
        return desk


@contextmanager
def evening(folder: Path, *, ago_s: int = 16 * 60, window: str = "5s") -> Iterator[Evening]:
    """Built and broken, under the built-in procedure."""
    tiny, site = build(folder), Site()
    tiny.follow_the_built_in()
    tiny.tell_deployments(9000, 4000, 22 + ago_s / 60)
    (tiny.folder / "backups").mkdir()
    for name, text in (("post", POST % tiny.folder), ("pager", PAGER)):
        (tiny.folder / name).write_text(text)
        (tiny.folder / name).chmod(0o755)
    tiny.add_to_config(PROBES.format(port=site.port, slow_ms=5000))
    tiny.add_to_config(SETTINGS.format(folder=tiny.folder, window=window))
    site.status = Broken(tiny)
    try:
        yield Evening(tiny, site, LateClock(ago_s))
    finally:
        site.close()


@contextmanager
def looking(session: Session) -> Iterator[Lookout]:
    """A lookout with short rounds, gone afterwards."""
    lookout = Lookout(session, every_s=0.05, backup_every_s=0.05)
    lookout.start()
    try:
        yield lookout
    finally:
        lookout.stop()


def the_key(session: Session) -> Next:
    """What Enter does now."""
    session.sync()
    approval = session.approvals() if session.incident.plan is not None else None
    return next_move(session.incident, driver=session.driver, approval=approval)


def state(session: Session, code: str) -> State:
    """Where an item stands."""
    return state_of(session.incident, next(one for one in items(session.incident) if one.code == code))


def press_on(session: Session, end: Callable[[Next], bool], patience: int = 120) -> list[Next]:
    """Do what Enter proposes, again and again, until it proposes what the test waits for; everything that was done.

    Ticks, says the lines, runs the steps; what is sensed is only waited for.
    """
    done: list[Next] = []
    while not end(found := the_key(session)):
        assert len(done) < patience, f"it goes round in circles: {done[-4:]}"
        assert not found.blocked, found
        done.append(found)
        if found.move is Move.TICK:
            session.mark(found.code, State.DONE)
        elif found.move is Move.SAY:
            assert session.close_phase() in found.words
        elif found.move is Move.KEEP:
            with_feed(session, lambda feed: keep(session, feed))
        elif found.move is Move.WAIT:
            until(lambda found=found: the_key(session) != found, f"{found.words}")  # type: ignore[misc]  # bound
        elif found.move is Move.RUN:
            assert run(session, found.code) == "done", session.incident.runs[-1].summary
        else:
            raise AssertionError(f"the test has to do this itself: {found}")
    return done


def with_feed(session: Session, do: Callable[[LogFeed], object]) -> None:
    """Do something with the logs that the system has."""
    feed = LogFeed(lambda: log_sources(session), session.clock, shown=False)
    feed.start()
    try:
        do(feed)
    finally:
        feed.stop()


def reads(session: Session) -> tuple[str, str]:
    """The time line and the report of the record, as they are read by others."""
    events = session.journal.events(session.incident.id)
    return "\n".join(timeline(events)), markdown(fold(session.incident.id, events), events)
