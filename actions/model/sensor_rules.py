"""What is read of a system becomes a verdict with its words: seen, and expected. Pure; reading is the lookout's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.model.clock import span
from actions.model.error_count import ErrorCount
from actions.model.quick_dataclass import dataclass

WORTH_S = 60
"""A reading that merely says something else is recorded at most so often."""
AHEAD_S = 300
"""A file that is dated so far in the future cannot be judged by its age."""


@dataclass(frozen=True)
class Looked:
    """What a sensor says now."""

    ok: bool
    seen: str
    expected: str = ""
    ms: int = 0
    worth_s: int = WORTH_S
    """Seconds that must pass before other words of the same verdict are worth a line of the record."""


@dataclass(frozen=True)
class Answered:
    """One probe and how it was answered."""

    name: str
    ok: bool
    status: int
    """0: not at all."""
    ms: int
    detail: str
    wrong_status: bool = False
    slow_ms: int = 0
    """Its limit; 0: none."""
    timed: bool = False
    """Its time tells how quick the system is; that of an error page does not."""

    @property
    def words(self) -> str:
        """What was wrong with it; without times, which are never the same twice."""
        if self.wrong_status:
            return f"{self.name} answered {self.status}"
        return f"{self.name}: {re.sub(r' in [0-9]+ ms', '', self.detail)}"


def worth_recording(last: Looked | None, age_s: float, new: Looked) -> bool:
    """Whether a reading goes into the record after the one that stands there since ``age_s``."""
    if last is None or last.ok is not new.ok:
        return True
    if (last.seen, last.expected) == (new.seen, new.expected):
        return False
    return age_s >= new.worth_s or age_s < 0  # the wall clock was set


def probes_green(answers: Sequence[Answered]) -> Looked:
    """Every configured probe passes."""
    total, bad = len(answers), [one for one in answers if not one.ok]
    seen = f"{total - len(bad)} of {total} pass"
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        seen += f": {bad[0].words}{more}"
    slowest = max((one.ms for one in answers), default=0)
    return Looked(bool(answers) and not bad, seen, f"{total} of {total} pass", slowest)


def response_times(answers: Sequence[Answered]) -> Looked:
    """The slowest answer against its limit. The time of a wrong answer proves nothing."""
    timed = [one for one in answers if one.slow_ms]
    if not timed:
        return Looked(False, "no probe has a slow_ms")
    worst = max(timed, key=lambda one: one.ms / one.slow_ms)
    expected = f"at most {worst.slow_ms} ms"
    bad = next((one for one in timed if not one.ok), None)
    if bad is not None:
        return Looked(False, f"not known: {bad.words}", f"at most {bad.slow_ms} ms", bad.ms)
    return Looked(worst.ms <= worst.slow_ms, f"slowest {worst.ms} ms ({worst.name})", expected, worst.ms)


def error_limit(configured: int, worst: int) -> int:
    """How many error lines a minute are calm; -1: a tenth of the worst minute, at least one."""
    return configured if configured >= 0 else max(1, worst // 10)


def errors_rate(found: ErrorCount, window_s: int, configured: int, worst_before: int = 0, sources: int = 0) -> Looked:
    """The rate of error lines is calm again.

    ``configured``: the limit, -1: from the worst minute; ``worst_before``: the worst one that is on record;
    ``sources``: how many logs there should be.
    """
    rate = -(-found.count * 60 // window_s)
    worst = max(found.worst, worst_before, rate if window_s >= 60 else 0)
    limit = error_limit(configured, worst)
    expected = f"at most {limit} a minute"
    told = f"{rate} a minute, worst {worst}"
    if rate > limit:
        return Looked(False, told, expected)
    if found.troubles:
        return Looked(False, f"not all logs can be read: {found.troubles[0]}; worst {worst}", expected)
    if found.watched_ms and found.sources < max(1, sources):
        return Looked(False, f"{found.sources} of {max(1, sources)} logs are read; worst {worst}", expected)
    if found.watched_ms < window_s * 1000:
        return Looked(False, f"watched for less than {span(window_s)} yet; worst {worst}", expected)
    return Looked(True, told if found.lines else f"{told}; no line at all for {span(window_s)}", expected)


def worst_told(seen: str) -> int:
    """The worst minute that an earlier reading has recorded, in its words; 0: none."""
    found = re.search(r"\bworst ([0-9]{1,9})\b", seen)
    return int(found[1]) if found else 0


@dataclass(frozen=True)
class BackupFile:
    """The newest backup. ``verdict`` and ``whole``: what reading it came to."""

    name: str
    size: int
    age_s: int
    whole: bool = False
    verdict: str = ""


def backup_current(newest: BackupFile | None, place: str, max_age: str, max_age_s: int) -> Looked:
    """There is a backup, it is young enough, and it can be read whole."""
    expected = f"younger than {time_words(max_age)}"
    if newest is None:
        return Looked(False, f"no file {place}", expected)
    age = f"{span(newest.age_s)} old"
    if newest.age_s < -AHEAD_S:
        age = f"dated {span(-newest.age_s)} in the future"
    seen = f"{newest.name}, {age}, {size_words(newest.size)}"
    if newest.verdict:
        seen += f", {newest.verdict}"
    ok = newest.whole and newest.size > 0 and -AHEAD_S <= newest.age_s <= max_age_s
    return Looked(ok, seen, expected, worth_s=600)


def time_words(text: str) -> str:
    """``24h`` as ``24 h``, ``15m`` as ``15 min``."""
    return f"{text[:-1]} {'min' if text[-1] == 'm' else text[-1]}"


def size_words(size: int) -> str:
    """``0 bytes``, ``812 kB``, ``41 MB``, ``3.2 GB``: powers of a thousand."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"
