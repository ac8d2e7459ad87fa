"""Where a watch speaks and listens: plain lines or JSON out, typed lines and signals in. Works without a terminal.

A terminal that goes away ends a watch properly (SIGHUP); a pipe that nobody reads any more does not end it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Protocol

from actions.model.clock import Clock, stamp
from actions.model.outside_text import sanitise


class Door(Protocol):
    """Who is spoken to. ``stopped``: the name of the signal that asks to end; empty: none has."""

    @property
    def interactive(self) -> bool:
        """Somebody can type."""

    @property
    def stopped(self) -> str: ...

    def say(self, kind: str, text: str, **more: Any) -> None:
        """One line, or one JSON object of this kind."""

    def wait(self, seconds: float) -> list[str]:
        """Wait until something was typed or a signal came, at most so long; the lines that were typed."""


class TerminalDoor:
    """Standard output and input of this process."""

    def __init__(self, clock: Clock, *, as_json: bool = False) -> None:
        self._clock = clock
        self._json = as_json
        self.stopped = ""
        self.interactive = not as_json and sys.stdin is not None and sys.stdin.isatty()
        self._typed = b""
        self._wake = (-1, -1)

    def say(self, kind: str, text: str, **more: Any) -> None:
        """See ``Door.say``."""
        now = stamp(self._clock.now())
        if self._json:
            line = json.dumps({"at": now, "kind": kind, "text": sanitise(text), **more})
        else:
            line = sanitise(text) if kind == "event" else f"{now[11:19]}Z {sanitise(text)}"
        self.write(line)

    def write(self, line: str) -> None:
        """One line as it is; where nobody reads any more it goes nowhere."""
        with suppress(OSError, ValueError):
            encoding = sys.stdout.encoding or "utf-8"
            os.write(sys.stdout.fileno(), (line + "\n").encode(encoding, "replace"))

    def wait(self, seconds: float) -> list[str]:
        """See ``Door.wait``."""
        if self.stopped:
            return []
        listened = [self._wake[0]] if self._wake[0] >= 0 else []
        if self.interactive and self._in_front():
            listened.append(0)
        try:
            ready, _, _ = select.select(listened, [], [], max(0.0, seconds))
        except OSError:
            return []
        if self._wake[0] in ready:
            os.read(self._wake[0], 64)
        return self._read() if 0 in ready and self.interactive else []

    def _in_front(self) -> bool:
        """In the background nothing may be read from the terminal: the kernel would stop us."""
        try:
            return os.tcgetpgrp(0) == os.getpgrp()
        except OSError:
            return False

    def _read(self) -> list[str]:
        try:
            data = os.read(0, 4096)
        except OSError:
            data = b""
        if not data:
            self.interactive = False  # nobody types any more; the watch goes on
            return []
        *lines, self._typed = (self._typed + data).split(b"\n")
        return [sanitise(line.decode("utf-8", "replace")) for line in lines]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP ask to end instead of ending; what is ignored (nohup) stays ignored."""
        self._wake = os.pipe()
        for descriptor in self._wake:
            os.set_blocking(descriptor, False)
        before: dict[signal.Signals, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._told)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor in self._wake:
                os.close(descriptor)
            self._wake = (-1, -1)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self.stopped = signal.Signals(number).name
        with suppress(OSError):
            os.write(self._wake[1], b"!")
