"""A watch as it is really run, a process of its own on the tiny system; and a door for watches on a clock of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lookout_ground import Watched
from tiny_system import drawn, environment
from waiting import until

from actions.model.clock import ManualClock
from app.session import Session
from app.signing import sign_off
from app.watch_run import Watch

MAIN = (sys.executable, "-c", "from app.cli import main; main()")


def command(ground: Watched, *words: str, store: bool = True) -> tuple[str, ...]:
    """The command line of a command on this system."""
    return (*MAIN, *words, "--config", str(ground.tiny.config), *(("--store", str(ground.tiny.store)) if store else ()))


def done(ground: Watched, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one to its end."""
    return subprocess.run(
        command(ground, *words),
        env=environment(ground.tiny),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        stdin=subprocess.DEVNULL,
    )


class Running:
    """A command that runs, and every line that it has said."""

    def __init__(self, ground: Watched, *words: str, stdin: int = subprocess.DEVNULL) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command(ground, *words),
            env=environment(ground.tiny),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=stdin,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self.lines.append(line.decode().rstrip("\n"))

    def says(self, *words: str) -> str:
        """Wait for a line that holds all of these; it."""

        def found() -> str:
            return next((line for line in list(self.lines) if all(word in line for word in words)), "")

        until(found, lambda: f"{words} in {self.lines}")
        return found()

    def ends(self, signal: int | None = None) -> int:
        """Its exit status, after this signal."""
        if signal is not None:
            os.kill(self.process.pid, signal)
        status = self.process.wait(110)
        self._reader.join(60)
        return status

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What it said, as JSON."""
        return [json.loads(line) for line in self.lines]


@contextmanager
def running(ground: Watched, *words: str, stdin: int = subprocess.DEVNULL) -> Iterator[Running]:
    """A command that runs; killed at the end of the test, if it still does."""
    one = Running(ground, *words, stdin=stdin)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait(60)
        one._reader.join(60)


def signed(ground: Watched, session: Session, *pinned: str) -> str:
    """An incident with these pinned lines, closed and signed by both; its id."""
    drawn(session, ground.tiny)
    for line in pinned:
        session.pin_line("site.log", "", line)
    session.close_incident("not recovered")
    sign_off(session, "executed", "ops1")
    sign_off(session, "verified", "ops2")
    return session.incident.id


class QuietDoor:
    """Nobody at a terminal, on a clock of the test: waiting lets time pass, after every reading has come in.

    ``script``: seconds since the beginning -> what happens then; lines that it gives back are typed.
    """

    def __init__(
        self, clock: ManualClock, script: dict[int, Callable[[], list[str] | None]], *, interactive: bool = False
    ) -> None:
        self.clock = clock
        self.script = dict(script)
        self.interactive = interactive
        self.stopped = ""
        self.said: list[tuple[str, str]] = []
        self.watch: Watch | None = None
        self._begun = clock.monotonic_ms()

    def say(self, kind: str, text: str, **_more: Any) -> None:
        self.said.append((kind, text))

    def wait(self, seconds: float) -> list[str]:
        if self.watch is not None:
            self.watch.readings.settle()
        self.clock.advance(seconds)
        gone = (self.clock.monotonic_ms() - self._begun) // 1000
        typed: list[str] = []
        for at in sorted(at for at in self.script if at <= gone):
            typed += self.script.pop(at)() or []
        return typed

    def texts(self, kind: str) -> list[str]:
        """Everything of this kind."""
        return [text for what, text in self.said if what == kind]
