"""Where a running step tells what happens: output lines into the spool file, facts into the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

from actions.engine.processes import mode_in
from actions.model.clock import Clock, stamp
from actions.model.errors import GoaroundError
from actions.model.events import Body, EffectFinished
from actions.model.ports import Journal


class SpoolReporter:
    """The reporter of one run. Bodies that carry a ``run`` get this run's number. Lines must be safe to show."""

    def __init__(self, journal: Journal, incident: str, actor: str, run: int, spool: Path, clock: Clock) -> None:
        self._journal = journal
        self._incident = incident
        self._actor = actor
        self._run = run
        self._clock = clock
        self._lock = threading.Lock()
        self._digest = hashlib.sha256()
        descriptor = os.open(spool, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, mode_in(spool.parent))
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._stop = threading.Event()
        self._recording = threading.Lock()
        self._held: list[Body] = []
        self.lost = ""
        """Why the file does not hold all of the output; empty: it does."""

    def line(self, text: str) -> None:
        """One line of output, with its time in front.

        A disk that is full costs the line and is noted in ``lost``: it must not end what is running. The record is
        not left behind: what was held is committed first.
        """
        with contextlib.suppress(GoaroundError):  # it stays held: the end of the run has room kept for it
            self._commit()
        data = f"{stamp(self._clock.now())} {text}\n".encode("utf-8", "replace")
        with self._lock:
            while data:
                try:
                    written = self._file.write(data) or 0
                except OSError as error:
                    self.lost = f"some output could not be kept: {error.strerror or error}"
                    return
                self._digest.update(data[:written])
                data = data[written:]

    def record(self, body: Body) -> None:
        """One fact into the journal, on disk when this returns.

        Only the end of an effect, which announces nothing, waits for what comes next (the next effect, a line, the
        end of the run) and is committed with it: the disk is waited for once. Lost in between, it is asked about.
        """
        if hasattr(body, "run"):
            changes: dict[str, Any] = {"run": self._run}
            body = dataclasses.replace(body, **changes)  # type: ignore[type-var]  # every body is a dataclass
        self._commit(body, hold=isinstance(body, EffectFinished))

    def take_held(self) -> list[Body]:
        """What waits for the end of the run, to be committed with it."""
        with self._recording:
            held, self._held = self._held, []
        return held

    def _commit(self, *bodies: Body, hold: bool = False) -> None:
        with self._recording:
            if hold:
                self._held += bodies
            elif self._held or bodies:
                # What cannot be committed is not kept for later: the effect it announces is not begun.
                self._journal.append_all(self._incident, self._actor, (*self._held, *bodies))
                self._held = []

    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """The operator wants the step ended."""
        self._stop.set()

    def close(self) -> str:
        """Put the spool on disk; its sha256."""
        with self._lock:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self.lost = self.lost or f"some output could not be kept: {error.strerror or error}"
            self._file.close()
            return self._digest.hexdigest()
