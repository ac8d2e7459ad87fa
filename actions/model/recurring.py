"""Log lines that were pinned in an incident become rules: a line that says the same again is a problem that came back.

Pure. What differs each time (numbers, ids, times, quoted values) is left out of both before they are compared; reading
the lines, and what is done about them, is the watch's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from actions.model import events as ev
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.ports import LogLine

SENSOR = "recurring"
LONGEST = 2000
"""So much of a line is compared: a pinned line is kept no longer."""
TELLING = 6
"""Letters that must be left of a pinned line; with fewer it would match nearly everything."""

_STATUS = re.compile(
    r"((?:\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+|HTTP/[0-9.]+)[\"']?[ :,]+"
    r"|\b(?:status|status_code|code|returned|answered)[\"']?[ :=]+)([1-5][0-9]{2})\b"
)
_REQUEST = re.compile(r"\"((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [^\"]*)\"")
_WORDS = str.maketrans("0123456789", "abcdefghij")
_OUT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (
        re.compile(
            r"\b[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?"
            r"(?: ?(?:Z\b|UTC\b|[+-][0-9]{2}:?[0-9]{2}))?)?"
            r"|\b[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}[: ][0-9]{2}:[0-9]{2}:[0-9]{2}(?: [+-][0-9]{4})?"
            r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
            r"|\b[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?(?:Z\b)?"
        ),
        "<time>",
    ),
    (re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<![A-Za-z0-9])'(?:[^'\\]|\\.)*'(?![A-Za-z0-9])|`[^`]*`|“[^”]*”"), "<text>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{7,}\b"), "<id>"),
    (re.compile(r"[0-9]+(?:[.,][0-9]+)*"), "<n>"),
)


def normalise(text: str) -> str:
    """The line without what differs each time it is written.

    Times, uuids, hexadecimal ids, quoted strings and numbers become ``<time>``, ``<id>``, ``<text>`` and ``<n>``. The
    status of an HTTP answer stays, and so does the request line: 500 on a page is not 200 on it.
    """
    text = _REQUEST.sub(r"\1", text[:LONGEST])
    text = _STATUS.sub(lambda found: found[1] + "status-" + found[2].translate(_WORDS), text)
    for pattern, word in _OUT:
        text = pattern.sub(word, text)
    return " ".join(text.split())


@dataclass(frozen=True)
class Rule:
    """What is looked for again."""

    words: str
    """For people: ``like the pinned line: …``, ``matches: …``."""
    form: str = ""
    """The normalised form that a line must have; empty: the line must be ``exact`` or match ``pattern``."""
    exact: str = ""
    pattern: str = ""
    """A regular expression that a line must hold."""

    def finds(self, text: str, form: str) -> bool:
        """Whether this line (and its normalised form) is one."""
        if self.form:
            return form == self.form
        if self.exact:
            return text[:LONGEST] == self.exact
        return re.search(self.pattern, text[:LONGEST]) is not None


def pinned(events: Iterable[ev.Event]) -> tuple[str, ...]:
    """The log lines that were pinned, oldest first."""
    return tuple(event.body.text for event in events if isinstance(event.body, ev.LinePinned))


def rules_of(lines: Sequence[str], patterns: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Each pinned line (the same only once) and each configured pattern. A line with too few words counts exactly."""
    found: dict[str, Rule] = {}
    for line in lines:
        text = line[:LONGEST].strip()
        form = normalise(text)
        if not text:
            continue
        letters = sum(char.isalpha() for char in re.sub(r"<[a-z]+>", "", form))
        if letters >= TELLING:
            found.setdefault(form, Rule(f"like the pinned line: {_short(text)}", form))
        else:
            found.setdefault(text, Rule(f"exactly the pinned line: {_short(text)}", exact=text))
    for pattern in patterns:
        found.setdefault(f"/{pattern}/", Rule(f"matches: {_short(pattern)}", pattern=pattern))
    return tuple(found.values())


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"


@dataclass(frozen=True)
class Found:
    """What came back: how often since it was last told, which line was the first, and how often in all."""

    rule: Rule
    count: int
    first: str
    source: str
    total: int


class Recurrences:
    """Counts the lines that say again what was pinned. A burst of one kind is told at once, then gathered."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.totals = [0] * len(self.rules)
        self._waiting: dict[int, tuple[int, str, str]] = {}

    @property
    def total(self) -> int:
        """Lines in all."""
        return sum(self.totals)

    def take(self, lines: Iterable[LogLine]) -> None:
        """Lines that have come; those that were there before we looked tell nothing of now."""
        if not self.rules:
            return
        for line in lines:
            if line.old:
                continue
            text = line.text.strip()
            form = normalise(text)
            for number, rule in enumerate(self.rules):
                if rule.finds(text, form):
                    self.totals[number] += 1
                    count, first, source = self._waiting.get(number, (0, text, line.source))
                    self._waiting[number] = (count + 1, first, source)
                    break

    def told(self) -> tuple[Found, ...]:
        """What came since this was last asked; asking takes it."""
        waiting, self._waiting = self._waiting, {}
        return tuple(
            Found(self.rules[number], count, _short(first), source, self.totals[number])
            for number, (count, first, source) in sorted(waiting.items())
        )

    @property
    def waiting(self) -> bool:
        """Something came that was not told yet."""
        return bool(self._waiting)
