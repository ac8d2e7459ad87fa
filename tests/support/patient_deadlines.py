"""Deadlines that count from an event, so that a busy machine does not use them up before there is anything to wait for.

The product's own waiting and ending are what is tested; only when the deadline passes is up to the test.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PATIENCE_S = 90.0


class Leaping:
    """Stands for the module ``time``: its monotonic clock goes on, and leaps when the test says so."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self.sleep = time.sleep

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def leap(self, seconds: float) -> None:
        """So many seconds have passed."""
        self._ahead += seconds


def leaping(patch: pytest.MonkeyPatch, *modules: ModuleType) -> Leaping:
    """These modules measure time by a clock that leaps."""
    clock = Leaping()
    for module in modules:
        patch.setattr(module, "time", clock)
    return clock


def timers_begin(patch: pytest.MonkeyPatch, is_so: Callable[[], object]) -> None:
    """A ``threading.Timer`` that is started from now on counts from when this is so."""

    class Patient(threading.Timer):
        def run(self) -> None:
            end = time.monotonic() + PATIENCE_S
            while not is_so() and not self.finished.is_set() and time.monotonic() < end:
                time.sleep(0.01)
            super().run()

    patch.setattr(threading, "Timer", Patient)


def joins_begin(patch: pytest.MonkeyPatch, module: ModuleType, is_so: Callable[[], object]) -> None:
    """How long this module waits for a thread counts from when this is so."""

    class Patient(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            end = time.monotonic() + PATIENCE_S
            while not is_so() and self.is_alive() and time.monotonic() < end:
                time.sleep(0.01)
            super().join(timeout)

    patch.setattr(module, "threading", SimpleNamespace(Thread=Patient))


def talks_begin(patch: pytest.MonkeyPatch, is_so: Callable[[], object]) -> None:
    """The time-out of ``Popen.communicate`` counts from when this is so."""
    talk = subprocess.Popen.communicate

    def patient(child: subprocess.Popen[bytes], *given: Any, **more: Any) -> Any:
        end = time.monotonic() + PATIENCE_S
        while not is_so() and child.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return talk(child, *given, **more)

    patch.setattr(subprocess.Popen, "communicate", patient)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections while the block lasts: bound, so nobody else can listen there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port
