"""A system that Coolify runs, flown with real sessions and real workers against the fake server."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_coolify import Drive, FakeCoolify
from fake_coolify_quirks import Quirks
from fake_coolify_runtime import MemoryRuntime, Runtime
from fake_coolify_state import App, FakeClock
from tiny_system import ME, PROCEDURE, QuickClock, decided, run

from actions.engine.execute import execute
from actions.model.clock import SystemClock
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan
from actions.model.release import Release
from app.session import Session
from app.settings import load
from app.store import open_session

GOOD, BAD = "a1" * 20, "b2" * 20
"""The commit that ran well, and the one that runs now."""

CONFIG = """\
[system]
name = "shop"
environment = "drill"

[coolify]
url = "{url}"
application = "{uuid}"
token = "${{env:COOLIFY_OBSERVE}}"
act_token = "${{env:COOLIFY_ACT}}"
poll = 1
{coolify}
{more}
[[probe]]
name = "health"
url = "{site}"
deadline = {deadline}

[prove]
passes = 1
seconds = 0

[people]
ops1 = {{ name = "First Operator", roles = ["devops-lead"] }}
ops2 = {{ name = "Second Operator", roles = ["tech-manager"] }}
{me}

[procedure]
file = "rollback.md"
"""


class HurriedClock(SystemClock):
    """Waiting takes no time and counts all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_ms = 0

    def monotonic_ms(self) -> int:
        return super().monotonic_ms() + self._ahead_ms

    def sleep(self, seconds: float) -> None:
        self._ahead_ms += int(seconds * 1000) + 1


class InProcess:
    """The worker's side of a session without its process: the real engine, and a clock that does not wait."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.world = dataclasses.replace(session.world(), clock=HurriedClock())

    def start(self, commit: Callable[[int, int], int]) -> int:
        number = commit(os.getpid(), 1)
        session = self._session
        execute(session.journal, self.world, session.incident.id, number, session.folder())
        session.sync()
        return number

    def close(self) -> None:
        """Nothing is left."""


@dataclass
class Flown:
    """The fake, its application, and a session of the first operator."""

    coolify: FakeCoolify
    app: App
    folder: Path
    session: Session

    def drawn(self, commit: str = GOOD, option: str = "coolify") -> Plan:
        """Declare, decide, and draw the plan to that version."""
        decided(self.session)
        return self.session.draw(self.release(commit, option), option)

    def release(self, commit: str = GOOD, option: str = "coolify") -> Release:
        """That version, as it is offered."""
        return next(one for one in self.session.releases(option) if one.commit == commit)

    def run(self, code: str, *, undo: bool = False) -> str:
        """A step, without a process of its own; its outcome in a word, its summary in `said`."""
        runner = self.session._runner
        if runner is not None and not isinstance(runner, InProcess):
            runner.close()
        if not isinstance(runner, InProcess):
            self.session._runner = InProcess(self.session)  # type: ignore[assignment]
        return run(self.session, code, undo=undo)

    def with_workers(self) -> None:
        """Steps run in worker processes from now on, as they do for operators."""
        self.session._runner = None

    def fly(self, *codes: str) -> dict[str, str]:
        """These steps, or all that belong to the way back; the outcome of each. Ends at the first that fails."""
        plan = self.session.incident.plan
        assert plan is not None
        ended: dict[str, str] = {}
        for code in codes or [step.code for step in plan.steps if not step.pays]:
            ended[code] = self.run(code)
            if ended[code] != "done":
                break
        return ended

    @property
    def said(self) -> str:
        """The summary of the last run."""
        return self.session.incident.runs[-1].summary

    @property
    def runs(self) -> str:
        """What really runs."""
        return self.coolify.runs(self.app)

    def owed(self) -> list[str]:
        """What is bent now."""
        return [debt.text for debt in self.session.incident.debts if not debt.paid]

    def queued(self) -> int:
        """How many deployments the server has of it."""
        return len(self.coolify.deployments(self.app))

    def acted(self) -> list[tuple[str, str]]:
        """What was asked for with a method that changes something: method and last word of the path."""
        return [(one.method, one.path.rpartition("/")[2]) for one in self.coolify.requests if one.method != "GET"]


def write_config(
    coolify: FakeCoolify, app: App, folder: Path, *, table: str = "", more: str = "", deadline: int = 20
) -> Path:
    """The files of a system; `table`: lines of `[coolify]`; `more`: further tables, in which `{site}` is the site."""
    folder.mkdir(exist_ok=True)
    (folder / "rollback.md").write_text(PROCEDURE)
    path = folder / "goaround.toml"
    site = coolify.site(app)
    values = {"url": coolify.url, "uuid": app.uuid, "site": site, "me": ME, "deadline": deadline}
    path.write_text(CONFIG.format(**values, coolify=table, more=more.replace("{site}", site)))
    return path


def by_url(coolify: FakeCoolify, app: App, deadline: int = 20) -> str:
    """Lines of `[coolify]`: nobody asks the engine, the application tells its commit."""
    told = json.dumps(coolify.site(app))
    return f'containers = false\nrunning = {{ url = {told}, field = "commit", deadline = {deadline} }}'


@contextmanager
def flying(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    version: str = "4.3.11",
    pack: str = "nixpacks",
    quirks: Quirks | None = None,
    drive: Drive = Drive.BY_POLLS,
    runtime: Callable[[FakeClock], Runtime] = MemoryRuntime,
    table: str | None = None,
    more: str = "",
    valid: bool = True,
    deadline: int = 20,
    good: str = GOOD,
    bad: str = BAD,
    setup: Callable[[FakeCoolify, App], None] = lambda _coolify, _app: None,
) -> Iterator[Flown]:
    """GOOD ran for days, BAD runs now; `setup` comes before both. In the end every request was as the file has it."""
    made = FakeCoolify(version, drive=drive, quirks=quirks, runtime=runtime)
    made.judges = valid
    with made as coolify:
        app = coolify.add_app(pack)
        setup(coolify, app)
        coolify.has_deployed(app, good, "The good one", days=2)
        coolify.has_deployed(app, bad, "The bad one", hours=1)
        for name, secret in coolify.environment.items():
            monkeypatch.setenv(name, secret)
        config = write_config(
            coolify, app, folder, table=by_url(coolify, app) if table is None else table, more=more, deadline=deadline
        )
        session = open_session(load(config), store=str(folder / "store"), acting_as="ops1", clock=QuickClock())
        session.open()
        try:
            yield Flown(coolify, app, folder, session)
        finally:
            session.close()
            session.journal.close()
        assert not coolify.invalid, coolify.invalid  # whatever its answers are made to be


NOTES = {
    NoteKind.COOLIFY_WAY: True,
    NoteKind.COOLIFY_CAUTION: True,
    NoteKind.COOLIFY_REBUILDS: False,
    NoteKind.COOLIFY_EXPOSED: True,
}
"""The notes of plans by Coolify, each with whether the image of the target is there when it is drawn."""


def notes_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *, image: bool) -> tuple[Note, ...]:
    """The notes of a plan to the good version."""
    with flying(folder, monkeypatch, version="4.3.11", pack="nixpacks") as flown:
        if not image:
            flown.coolify.remove_image(flown.app, GOOD)
        return (*flown.drawn().notes, *_exposed(flown))


def _exposed(flown: Flown) -> tuple[Note, ...]:
    """What the same plan says more where the dashboard is not on this machine; its address answers nothing here."""
    from actions.model.coolify_way import choose
    from actions.steps.coolify_notes import notes
    from actions.steps.coolify_releases import survey

    world, table = flown.session.world(), flown.session.settings.coolify
    assert table is not None
    assert world.coolify is not None
    seen = survey(table, world)
    choice = choose(world.coolify.version(), seen.application, seen.images, GOOD)
    away = dataclasses.replace(table, url="http://coolify.example.org:8000")
    return notes(away, seen, choice, world)
