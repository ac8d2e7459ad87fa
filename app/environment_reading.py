"""Compares the environment that a release ran with and that of now, where one was kept: names only, values never.

Kept are the records of ``goaround predeploy`` (names and marks) and, in our own record, what an incident saved before
it changed anything. Slow: not for the screen's thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model.clock import short_time, stamp
from actions.model.environment_diff import EnvironmentDiff, KeptVariables, differ, marks_of
from actions.model.errors import BadInput
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release
from actions.model.release_rows import Life
from app.environment_earlier import earlier
from app.environment_key import key_of

if TYPE_CHECKING:
    from actions.model.coolify import Variable
    from actions.model.ports import World
    from actions.model.system import Settings

NOT_KEPT = "no environment was kept while it was live: goaround predeploy keeps one"
NO_SOURCE = "the environment is known where [coolify], [compose] or environment.command is configured"


@dataclass(frozen=True)
class Compared:
    """What was found, or why nothing was."""

    found: EnvironmentDiff | None
    why: str
    """When and where the earlier one was kept; else why there is none."""
    kept: bool = False
    """An earlier one is there."""

    def words(self) -> str:
        """One line."""
        return f"{self.found.words()} ({self.why})" if self.found is not None else self.why


def source_of(settings: Settings, option: str) -> str:
    """Whose environment it is: that of the way back in use, where it has one."""
    there = {
        "coolify": settings.coolify is not None,
        "compose": settings.compose is not None,
        "command": bool(settings.environment.command),
    }
    if option == "git" and settings.git is not None:
        # What git deploys by Coolify runs with Coolify's; by a command of one's own, with what another one tells.
        option = "coolify" if settings.git.coolify else "command"
    if there.get(option):
        return option
    return next((name for name, has in there.items() if has), "")


def read_now(settings: Settings, world: World, source: str) -> tuple[Variable, ...]:
    """All variables, as far as they are told. Raises GoaroundError."""
    from actions.model.coolify import Variable

    if source == "coolify" and world.coolify is not None:
        return world.coolify.variables()
    if source == "compose" and settings.compose is not None:
        from actions.gateways.compose_environment import variables_of
        from actions.steps.compose_facts import read_facts

        facts = read_facts(settings.compose, world)
        found = variables_of(facts.project.text, facts.directory)
    elif source == "command":
        from actions.steps.environment_command import ask

        found = ask(settings.environment, world)
    else:
        raise BadInput(NO_SOURCE, "", "add one of them")
    return tuple(Variable("", name, value) for name, value in found.items())


def variables_now(settings: Settings, world: World, source: str) -> dict[str, str | None]:
    """Name -> value; None: not told. Raises GoaroundError."""
    return by_name(read_now(settings, world, source))


def by_name(variables: Iterable[Variable]) -> dict[str, str | None]:
    """Those that the system itself runs with; previews have an environment of their own."""
    return {one.key: one.value for one in variables if not one.preview}


def marked(world: World, store: Path, source: str, found: tuple[Variable, ...]) -> KeptVariables:
    """As names and marks. Raises GoaroundError."""
    return KeptVariables(stamp(world.clock.now()), source, marks_of(key_of(store), by_name(found)))


def compare(
    settings: Settings,
    world: World,
    journal: SqliteJournal,
    release: Release,
    lives: Iterable[Life],
    option: str,
    now: dict[str, str | None] | None = None,
) -> Compared:
    """That of the release's life against that of now. Raises GoaroundError of what is there and cannot be read.

    ``now``: as it was read already.
    """
    source = source_of(settings, option)
    if not source:
        return Compared(None, NO_SOURCE)
    times = tuple((life.since, life.until) for life in lives)
    closed: list[str] = []
    found = earlier(journal, settings, source, release, times, closed)
    then = next(found, None)
    if then is None:
        return Compared(None, "; ".join(closed[:1]) or NOT_KEPT, kept=bool(closed))
    key = key_of(journal.folder)
    diff = differ(then.marks, marks_of(key, now if now is not None else variables_now(settings, world, source)))
    return Compared(diff, f"against what was kept {short_time(then.at)} of {then.words}", kept=True)
