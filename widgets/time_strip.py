"""Two lines over the logs: error lines of each minute as small bars, with marks where releases were deployed and where
the incident was declared, and the same in words.

Counting is the feed's. Each minute is one cell; a mark stands before the minute in which it happened, so that it hides
none. Nothing is painted while nothing has changed.
"""

from __future__ import annotations

from textual.strip import Strip

from actions.model.clock import span
from actions.model.minute_count import Minutes, moment_of
from actions.model.quick_dataclass import dataclass
from widgets.painted import Painted, Row
from widgets.presentation import harmless

LONGEST = 60
"""Minutes that are shown where there is room."""
SHORTEST = 10
"""Fewer tell nothing: then there are only words."""
BARS, BARS_ASCII = "▂▃▄▅▆▇█", ":-=+*%#"
NONE, NONE_ASCII = "▁", "_"
UNKNOWN, UNKNOWN_ASCII = "·", "."
"""A minute of which nothing is known is no minute without errors."""
DEPLOYED, DECLARED = "▲", "│"
SOON = "errors/min: error lines of the last hour, by the minute, once logs are read"
NO_LOG = "errors/min: no log is read; [system] logs or [compose] would show here"


@dataclass(frozen=True)
class StripFacts:
    """What the strip shows. Minutes are counted since 1970 UTC, as in ``Minutes``."""

    minutes: Minutes | None = None
    """None: no log is read (yet)."""
    begun: bool = False
    """It is known which logs there are."""
    deployments: tuple[tuple[int, str], ...] = ()
    """(minute, name of the release), in any order."""
    declared: int = 0
    """The minute of the declaration; 0: nothing is declared."""
    clock: str = ""
    """What is wrong with the clock that wrote the lines; empty: nothing."""


def strip_rows(facts: StripFacts, width: int, *, ascii: bool = False) -> tuple[Row, Row]:
    """Bars and words for a width in cells; the first row is empty where there is no room for bars."""
    known = facts.minutes
    if known is None:
        return ((f" {NO_LOG if facts.begun else SOON}", "tone--dim"),), ()
    right = f" now {known.count(known.now) or 0}"
    marks = {at for at, _ in facts.deployments} | {facts.declared}
    room = width - len(" 00:00Z ") - len(right) - 1
    shown = min(LONGEST, room, max(SHORTEST, _worth(marks, known)))
    while shown >= SHORTEST and shown + _inside(marks, facts, known.now - shown) > room:
        shown -= 1
    first = known.now - shown + 1
    words = _words(facts, known, first if shown >= SHORTEST else known.now - LONGEST + 1)
    if shown < SHORTEST:
        return (), words
    bars = _bars(facts, known, first, ascii=ascii)
    return ((f" {moment_of(first):%H:%M}Z ", "tone--dim"), *bars, (right, "tone--dim")), words


def _worth(marks: set[int], known: Minutes) -> int:
    """So many minutes back something is known of, or was deployed or declared."""
    begin = known.now - LONGEST + 1
    places = (*marks, max(known.since, begin) if known.since else 0)
    oldest = min((at for at in places if begin <= at <= known.now), default=known.now)
    return known.now - oldest + 3


def _inside(marks: set[int], facts: StripFacts, before: int) -> int:
    """How many marks take a cell of their own."""
    twice = facts.declared > before and any(at == facts.declared for at, _ in facts.deployments)
    return sum(at > before for at in marks) + twice


def _bars(facts: StripFacts, known: Minutes, first: int, *, ascii: bool) -> list[tuple[str, str]]:
    glyphs, none, unknown = (BARS_ASCII, NONE_ASCII, UNKNOWN_ASCII) if ascii else (BARS, NONE, UNKNOWN)
    every = range(first, known.now + 1)
    most = max((known.count(at) or 0 for at in every), default=0)
    deployed = {at for at, _ in facts.deployments}
    spans: list[tuple[str, str]] = []
    for at in every:
        if at in deployed:
            spans.append((DEPLOYED, "tone--warning"))
        if at == facts.declared:
            spans.append((DECLARED, "tone--title"))
        count = known.count(at)
        if count:
            spans.append((glyphs[-(-count * len(glyphs) // most) - 1], "tone--error"))
        else:
            spans.append((unknown if count is None else none, "tone--dim"))
    return _merged(spans)


def _merged(spans: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one tone as one span: fewer to paint."""
    out: list[tuple[str, str]] = []
    for text, tone in spans:
        if out and out[-1][1] == tone:
            out[-1] = (out[-1][0] + text, tone)
        else:
            out.append((text, tone))
    return out


def _words(facts: StripFacts, known: Minutes, first: int) -> Row:
    seen = [count for at in range(first, known.now + 1) if (count := known.count(at)) is not None]
    rate = f"errors/min {min(seen)}{f'-{max(seen)}' if max(seen) > min(seen) else ''}" if seen else "errors/min ?"
    doubts = []
    if facts.clock:
        doubts.append(f"clocks differ ({facts.clock}): lines count as they come")
    if known.waiting:
        doubts.append(f"{known.waiting} older error{'s' if known.waiting > 1 else ''} wait: no zone in their times")
    more = []
    if seen and known.since > first:
        more.append(f"not known before {moment_of(known.since):%H:%M}Z")
    if facts.declared:
        more.append(f"{DECLARED} declared {moment_of(facts.declared):%H:%M}Z")
    rest = [*_deployments(facts, known, first), *more]
    return (
        (f" {rate}", "tone--title"),
        ("".join(f"; {word}" for word in doubts), "tone--warning"),
        ("".join(f"; {word}" for word in rest), ""),
    )


def _deployments(facts: StripFacts, known: Minutes, first: int) -> list[str]:
    """The last one before the declaration, then those since, newest first."""
    ordered = sorted(facts.deployments, reverse=True)
    since = [one for one in ordered if facts.declared and one[0] > facts.declared]
    before = next((one for one in ordered if not facts.declared or one[0] <= facts.declared), None)
    words = []
    for at, name in [*([before] if before else []), *since[:2]]:
        glyph = f"{DEPLOYED} " if at >= first else ""
        if not facts.declared:
            when = f"{span((known.now - at) * 60)} ago"
        elif at == facts.declared:
            when = "within a minute of the declaration"
        else:
            way = "before" if at < facts.declared else "after"
            when = f"{span(abs(facts.declared - at) * 60)} {way} the declaration"
        words.append(f"{glyph}{harmless(name)} deployed {when}")
    return words


class TimeStrip(Painted):
    """Two lines. ``show`` it the facts."""

    DEFAULT_CSS = "TimeStrip { height: 2; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.facts = StripFacts()
        self.rows: tuple[Row, Row] = strip_rows(self.facts, 80)

    def show(self, facts: StripFacts) -> None:
        """Show these."""
        if facts != self.facts:
            self.facts = facts
            self._draw()

    def _draw(self) -> None:
        fresh = strip_rows(self.facts, self.content_size.width, ascii=self.ascii)
        if fresh != self.rows:
            self.rows = fresh
            self.refresh()

    def on_resize(self) -> None:
        """Another width, other minutes."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Bars, then words."""
        return self.painted(self.rows[y] if y < len(self.rows) else (), self.content_size.width)
