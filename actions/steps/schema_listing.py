"""The schema verdict of each release of a list, for the eye; the gate of a plan asks anew, and alone it binds.

A verdict stands on the target's code, the code that runs and the record of migrations, so it is kept under these three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from actions.model.canonical import content_hash
from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema
from actions.model.errors import GoaroundError
from actions.model.migrations import Inside, Recorded, Verdict
from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.system import Settings
from actions.steps.schema_code import question
from actions.steps.schema_reading import answered, inside, recorded

MOST = 5
"""So many releases are asked: each takes a container of its own, on a host that has trouble already."""


@dataclass(frozen=True)
class Listed:
    """The verdict of a release: ``SAFE``, and why in a line."""

    verdict: str
    why: str = ""


@dataclass
class Verdicts:
    """What was read already; one for as long as a cockpit lives."""

    kept: dict[tuple[str, str, str], Listed] = field(default_factory=dict)
    held: dict[tuple[str, str], Inside] = field(default_factory=dict)
    """Code and record -> what it holds."""
    folders: dict[str, Inside] = field(default_factory=dict)
    """The same of code in a folder, for one list: the next time another one may lie there."""

    def of(
        self, settings: Settings, world: World, releases: Iterable[Release], going: Callable[[], bool] = lambda: True
    ) -> Iterator[tuple[str, Listed | None]]:
        """(identity, verdict) of each, one after the other as they are read; None: this one comes later, or never.

        What is kept comes at once, before anything is asked of a container. ``going``: asked before each.
        """
        self.folders.clear()
        waiting: list[tuple[Release, AskSchema, tuple[Recorded, ...] | None]] = []
        rows: tuple[Recorded, ...] | None = None
        state = ""
        for release in [one for one in releases if one.identity and one.way_back is not WayBack.GONE][:MOST]:
            asked = question(settings, world, release)
            if not state and not asked.target.unknown:
                try:
                    rows = recorded(world, asked.client, asked.database)
                except GoaroundError as error:
                    yield release.identity, Listed(Verdict.UNKNOWN.value, world.redact(error.line()))
                    continue
                state = content_hash([str(row.migration) for row in rows or ()])
            found = self.kept.get(self._key(asked, state))
            yield release.identity, found
            if found is None:
                waiting.append((release, asked, rows))
        for release, asked, there in waiting:
            if not going():
                return
            yield release.identity, self._read(world, asked, there, state)

    @staticmethod
    def _key(asked: AskSchema, state: str) -> tuple[str, str, str]:
        return (_name(asked.target), _name(asked.running), state)

    def _read(self, world: World, asked: AskSchema, rows: tuple[Recorded, ...] | None, state: str) -> Listed:
        if asked.target.unknown:
            return Listed(Verdict.UNKNOWN.value, asked.target.unknown)
        found = answered(asked, rows, lambda code: self._inside(world, code, rows, state))
        listed = Listed(found.verdict.verdict.value, world.redact(found.verdict.why))
        sure = not found.target.unknown and (found.running is None or not found.running.unknown)
        if sure and all(self._key(asked, state)[: 1 if found.running is None else 2]):
            self.kept[self._key(asked, state)] = listed
        return listed

    def _inside(self, world: World, code: DjangoCode, rows: tuple[Recorded, ...] | None, state: str) -> Inside:
        key = (_name(code), state)
        found = self.held.get(key) if key[0] else self.folders.get(code.cwd)
        if found is None:
            found = inside(world, code, rows or ())
            if not key[0]:
                self.folders[code.cwd] = found
            elif not found.unknown:
                self.held[key] = found
        return found


def _name(code: DjangoCode) -> str:
    """What the code is, for good; empty: a folder, in which it may be another one the next time."""
    return code.image or code.commit
