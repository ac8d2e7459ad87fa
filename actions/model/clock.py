"""Wall time for people, monotonic time for durations; both injected. How they are shown is decided here, too.

Durations between events of one boot are taken from the monotonic clock, so a wall clock that jumps (DST, NTP) changes
no deadline. Across a reboot only the wall clock is left, and it is used.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the rest of the product knows of time."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards within one boot; the same for all processes of a machine."""

    def boot(self) -> str:
        """A short name of this boot; monotonic readings compare only within one boot."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return "unknown"


class SystemClock:
    """The clocks of this machine."""

    def __init__(self) -> None:
        self._boot = _boot_id()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def boot(self) -> str:
        return self._boot

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(eq=False, repr=False)
class ManualClock:
    """A clock that moves only when told to; for tests and for replays. ``jump`` moves the wall alone."""

    wall: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    ticks: int = 1_000_000
    boot_name: str = "boot0001"
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.ticks

    def boot(self) -> str:
        return self.boot_name

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.wall += timedelta(seconds=seconds)
        self.ticks += round(seconds * 1000)

    def jump(self, seconds: float) -> None:
        """The wall clock is set; no time passes."""
        self.wall += timedelta(seconds=seconds)


def stamp(moment: datetime) -> str:
    """UTC with microseconds and Z, as it stands in the journal."""
    # Not strftime: it writes the year 1 of an engine's empty times without its zeros, and stamps sort as text.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def short_time(at: str) -> str:
    """A stamp to the minute, for the eye: ``2026-11-22 03:14Z``; what is too short to be one stays as it is."""
    return f"{at[:16].replace('T', ' ')}Z" if len(at) >= 16 else at


def parse_stamp(text: str) -> datetime:
    """The inverse of ``stamp``; also takes what Docker and git print (RFC 3339, up to nanoseconds)."""
    head, dot, tail = text.partition(".")
    if dot:
        digits = "".join(c for c in tail if c.isdigit() or c in "+-:Zz")
        fraction = ""
        for index, char in enumerate(digits):
            if not char.isdigit():
                fraction, digits = digits[:index], digits[index:]
                break
        else:
            fraction, digits = digits, ""
        text = f"{head}.{(fraction + '000000')[:6]}{digits or 'Z'}"
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def t_plus(milliseconds: int) -> str:
    """``T+04:12``, with hours when there are any: ``T+1:04:12``."""
    seconds = max(0, milliseconds) // 1000
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"T+{hours}:{minutes:02}:{seconds:02}" if hours else f"T+{minutes:02}:{seconds:02}"


def span(seconds: int) -> str:
    """A duration in words of two units at most: ``41 s``, ``3 min 20 s``, ``25 h 54 min``, ``3 d 0 h``."""
    seconds = max(0, seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def elapsed_ms(clock: Clock, since_wall: str, since_mono: int, since_boot: str) -> int:
    """Milliseconds since a recorded moment: monotonic within one boot, wall time across a reboot; never negative."""
    if clock.boot() == since_boot:
        return max(0, clock.monotonic_ms() - since_mono)
    return max(0, round((clock.now() - parse_stamp(since_wall)).total_seconds() * 1000))
