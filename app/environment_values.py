"""The ``Environments`` port over our own store, and the store of evidence that marks what it keeps of an environment.

What was kept when is found by ``environment_earlier``, which is loaded when something is asked: the first screen is not
kept waiting for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError

if TYPE_CHECKING:
    from actions.gateways.journal import SqliteJournal
    from actions.model.coolify import Variable
    from actions.model.kept_environment import KeptFile, KnownEnvironment
    from actions.model.ports import EvidenceStore, KeptEvidence, World
    from actions.model.release import Release
    from actions.model.system import Settings
    from app.environment_earlier import Earlier

LARGEST = 8 * 1024 * 1024
"""Bytes of an environment that are held to be marked."""


def with_environments(world: World, journal: SqliteJournal, settings: Settings, incident: str) -> World:
    """The world with what our store knows of environments; ``incident``: the one at work, or empty."""
    environments = StoreEnvironments(world, journal, settings, incident)
    return replace(world, environments=environments, evidence=MarkingEvidence(world.evidence, journal.folder))


class StoreEnvironments:
    """Environments of one system; ``incident``: the one at work, or empty."""

    def __init__(self, world: World, journal: SqliteJournal, settings: Settings, incident: str) -> None:
        self._clock, self._journal, self._settings, self._incident = world.clock, journal, settings, incident
        self._identity = settings.environment.identity

    def known(self, release: Release) -> KnownEnvironment | None:
        """The newest one of its life; values come from it, or from an older file that holds the very same."""
        from actions.model.kept_environment import KeptFile, KnownEnvironment
        from actions.model.release_history import History
        from actions.model.release_rows import Listing
        from app.environment_earlier import earlier

        row = History("", (Listing("", (release,)),), now=self._clock.now()).row(0)
        times = tuple((life.since, life.until) for life in row.lives)
        newest = closed = gone = None
        for one in earlier(self._journal, self._settings, "coolify", release, times, []):
            newest = newest or one
            if one.file is None:
                gone = gone or (one if one.gone else None)
                continue
            if self.opens(one.encrypted_to):
                return self._open(newest, one, one.file)
            closed = closed or one
        if newest is None or (closed or gone) is None:
            return None
        marks = newest.marks
        if closed is None or closed.file is None:
            nowhere = KeptFile("", "")
            return KnownEnvironment(newest.at, newest.words, nowhere, marks, vouched=tuple(marks), gone=True)
        return KnownEnvironment(
            newest.at, newest.words, closed.file, marks, vouched=tuple(marks), closed_to=closed.encrypted_to
        )

    def _open(self, newest: Earlier, one: Earlier, file: KeptFile) -> KnownEnvironment:
        from actions.model.kept_environment import KnownEnvironment

        rows = [row for row in self.read(file) if not row.preview]
        there = self.marks({row.key: row.value for row in rows})
        return KnownEnvironment(
            at=newest.at,
            words=newest.words,
            file=file,
            marks=newest.marks,
            vouched=tuple(name for name, mark in newest.marks.items() if mark and there.get(name) == mark),
            forms={row.key: form for row in rows if (form := row.form(made=False))},
            made_forms={row.key: form for row in rows if (form := row.form(made=True))},
            uses={row.key: use for row in rows if (use := row.use())},
            once=tuple(row.key for row in rows if row.shown_once),
            whole=one is newest,
        )

    def marks(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """With the key of the store."""
        return _marks(self._journal.folder, variables)

    def read(self, file: KeptFile) -> tuple[Variable, ...]:
        """Proven by the sha256 that the record has of it."""
        from app.environment_earlier import bytes_of, rows_in

        return rows_in(bytes_of(self._journal, file, self._identity), file.path)

    def kept_here(self, name: str) -> tuple[KeptFile, ...]:
        """Of the incident at work."""
        from actions.model.kept_environment import KeptFile

        if not self._incident:
            return ()
        events = self._journal.events_of_kinds(self._incident, ("evidence.kept",))
        kept = [event.body for event in reversed(events)]
        return tuple(KeptFile(self._incident, one.path, one.sha256) for one in kept if getattr(one, "name", "") == name)

    def opens(self, readers: tuple[str, ...]) -> bool:
        """With the key of the configuration; whether it fits is found out when the file is opened."""
        return not readers or bool(self._identity)


def _marks(store: Path, variables: Mapping[str, str | None]) -> dict[str, str]:
    from actions.model.environment_diff import marks_of
    from app.environment_key import key_of

    return marks_of(key_of(store), variables)


class MarkingEvidence:
    """An evidence store that marks the variables of the files that hold an environment, while it has them in hand."""

    def __init__(self, inner: EvidenceStore, store: Path) -> None:
        self._inner, self._store = inner, store

    @property
    def encrypts_to(self) -> tuple[str, ...]:
        """As the store within."""
        return self._inner.encrypts_to

    def keep(self, name: str, chunks: Iterator[bytes], *, private: bool = False, limit_bytes: int = 0) -> KeptEvidence:
        """Kept by the store within; what has no marks is kept all the same."""
        if not private:
            return self._inner.keep(name, chunks, limit_bytes=limit_bytes)
        from app.environment_earlier import KEPT, variables_in

        source = KEPT.get(name)
        if source is None:
            return self._inner.keep(name, chunks, private=private, limit_bytes=limit_bytes)
        held = _Held(chunks)
        kept = self._inner.keep(name, held.passed(), private=private, limit_bytes=limit_bytes)
        if held.too_large or not kept.complete:
            return kept
        try:
            marks = _marks(self._store, variables_in(bytes(held.data), source, name))
        except GoaroundError:
            return kept  # a comparison later reads the file, or says that there is nothing to compare
        return replace(kept, marks=marks)


class _Held:
    """Chunks on their way through, and a copy of them as long as they are few."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.data = bytearray()
        self.too_large = False

    def passed(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if len(self.data) + len(chunk) <= LARGEST:
                self.data += chunk
            else:
                self.too_large = True
            yield chunk
