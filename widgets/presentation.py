"""How everything is presented: glyph, word and colour class of every state, clipping by cells, and times for the eye.

Pure: plain strings in, plain strings out, so that all of it is tested without a terminal. Painting is left to
``row_view``; colours to the one style sheet, which knows the classes named here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, get_character_cell_size

from actions.model.checklist import Kind, State
from actions.model.clock import parse_stamp, span
from actions.model.quick_dataclass import dataclass
from actions.model.release import WayBack
from actions.model.step import Happened, Outcome, Risk

TONES = frozenset(
    "tone--" + name
    for name in (
        *("done", "failed", "open", "running", "overridden", "na", "deferred", "error", "warning", "dim", "danger"),
        *("production", "staging", "drill", "blocked", "title", "key", "added", "removed", "mark", "found"),
        *("cursor", "cursor-blurred"),
    )
)
"""Every colour class: the component classes of all widgets, coloured in one place by ``.tone--done { … }``."""


@dataclass(frozen=True)
class Mark:
    """How a state looks: one glyph of width 1, a word, and a colour class. Any one of them is enough to tell it."""

    glyph: str
    word: str
    style_class: str

    @property
    def text(self) -> str:
        """``✔ done``."""
        return f"{self.glyph} {self.word}"


STATES: dict[State, Mark] = {
    State.OPEN: Mark("○", "open", "tone--open"),
    State.RUNNING: Mark("●", "running", "tone--running"),
    State.DONE: Mark("✔", "done", "tone--done"),
    State.FAILED: Mark("✖", "failed", "tone--failed"),
    State.OVERRIDDEN: Mark("!", "overridden", "tone--overridden"),
    State.NOT_APPLICABLE: Mark("–", "n/a", "tone--na"),
    State.DEFERRED: Mark("↷", "deferred", "tone--deferred"),
}
KINDS: dict[Kind, Mark] = {
    Kind.SENSED: Mark("◎", "sensed", "tone--dim"),
    Kind.MANUAL: Mark("✎", "you", "tone--dim"),
    Kind.STEP: Mark("»", "step", "tone--dim"),
}
WAYS_BACK: dict[WayBack, Mark] = {
    WayBack.RUNNING: Mark("●", "runs now", "tone--running"),
    WayBack.READY: Mark("✔", "ready", "tone--done"),
    WayBack.PROTECTED: Mark("★", "ready, kept", "tone--done"),
    WayBack.PRUNABLE: Mark("△", "ready, a prune would take it", "tone--warning"),
    WayBack.REBUILD: Mark("◆", "built anew", "tone--warning"),
    WayBack.PULL: Mark("↓", "pulled", "tone--warning"),
    WayBack.GONE: Mark("✖", "gone", "tone--dim"),
    WayBack.UNKNOWN: Mark("?", "unknown", "tone--dim"),
}
RISKS: dict[Risk, Mark] = {
    Risk.READ: Mark("○", "changes nothing", "tone--dim"),
    Risk.REVERSIBLE: Mark("↷", "reversible", "tone--warning"),
    Risk.IRREVERSIBLE: Mark("▲", "irreversible", "tone--danger"),
}
OUTCOMES: dict[Outcome, Mark] = {
    Outcome.DONE: Mark("✔", "done", "tone--done"),
    Outcome.FAILED: Mark("✖", "failed", "tone--failed"),
    Outcome.MOVED: Mark("△", "not run: the world has moved", "tone--warning"),
    Outcome.TERMINATED: Mark("■", "terminated", "tone--failed"),
    Outcome.UNKNOWN: Mark("?", "not known whether it happened", "tone--failed"),
}
HAPPENED: dict[Happened, Mark] = {
    Happened.YES: Mark("✔", "it has happened", "tone--done"),
    Happened.NO: Mark("○", "it has not happened", "tone--open"),
    Happened.UNKNOWN: Mark("?", "not known whether it happened", "tone--failed"),
}
ENVIRONMENTS: dict[str, Mark] = {
    "production": Mark("▲", "PRODUCTION", "tone--production"),
    "staging": Mark("◆", "STAGING", "tone--staging"),
    "drill": Mark("●", "DRILL", "tone--drill"),
}
MODES: dict[str, Mark] = {
    "live": Mark("▲", "live", ""),
    "drill": Mark("●", "DRILL", "tone--drill"),
}
LEVELS: dict[str, Mark] = {
    "": Mark(" ", "", ""),
    "warning": Mark("!", "warning", "tone--warning"),
    "error": Mark("✖", "error", "tone--error"),
}

ASCII_TWINS: dict[str, str] = {
    "○": "o",
    "●": "*",
    "✔": "+",
    "✖": "X",
    "–": "-",
    "↷": "~",
    "◎": "@",
    "✎": "%",
    "»": "}",
    "★": "$",
    "△": "=",
    "■": "#",
    "▲": "^",
    "◆": "#",
    "▶": ">",
    "▌": "|",
    "█": "#",
    "│": "|",
    "─": "-",
    "·": ".",
    "…": "~",
    "→": ">",
    "↳": "\\",
    "↑": "^",
    "↓": "v",
    "⏎": "/",
    "“": '"',
    "”": '"',
}
"""Each glyph of ours and its twin, both of width 1, so that nothing moves where the locale is not UTF-8."""

_TO_ASCII = str.maketrans(ASCII_TWINS)


def environment_mark(name: str) -> Mark:
    """The mark of an environment; one that we do not know is treated as seriously as production."""
    known = ENVIRONMENTS.get(name)
    return known or Mark("▲", harmless(name).upper() or "ENVIRONMENT ?", "tone--production")


def harmless(text: str, *, ascii: bool = False) -> str:
    """Text that cannot drive a terminal. Outside text has been sanitised where it entered; this is the second lock.

    What does not print becomes ``�`` (tabs and line ends a space); with ``ascii`` our glyphs become their twins and
    what is left outside ASCII becomes ``?``, one per cell.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char in "\t\n\r" else "\ufffd" for char in text)
    if ascii and not text.isascii():
        text = text.translate(_TO_ASCII)
        if not text.isascii():
            text = "".join(char if char.isascii() else "?" * get_character_cell_size(char) for char in text)
    return text


def clip(text: str, width: int) -> str:
    """The text in at most ``width`` cells; where it was cut stands ``…``. Never half a wide letter."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text if len(text) <= width else text[: width - 1] + "…"
    if cell_len(text) <= width:
        return text
    room, taken, out = width - 1, 0, []
    for char in text:
        size = get_character_cell_size(char)
        if taken + size > room:
            break
        out.append(char)
        taken += size
    return "".join(out) + "…"


def fit(text: str, width: int) -> str:
    """Clipped and filled with spaces to exactly ``width`` cells."""
    return filled(clip(text, width), width)


def filled(text: str, width: int) -> str:
    """With spaces behind it, where it is shorter than ``width`` cells."""
    return text + " " * max(0, width - cell_len(text))


def drop_cells(text: str, cells: int) -> str:
    """The text without its first ``cells`` cells; a wide letter that is cut in two leaves a space."""
    if cells <= 0:
        return text
    if text.isascii():
        return text[cells:]
    gone = 0
    for index, char in enumerate(text):
        if gone >= cells:
            return " " * (gone - cells) + text[index:]
        gone += get_character_cell_size(char)
    return " " * max(0, gone - cells)


def wrap_cells(text: str, width: int, indent: int = 0) -> list[str]:
    """The text broken into lines of at most ``width`` cells (8 or more); every further one begins with ``↳``.

    Breaks behind a space where there is one in the second half of the line, else anywhere: nothing is left out.
    """
    width = max(width, 8)
    indent = min(indent, width - 6)
    lead = " " * indent + "↳ "
    lines: list[str] = []
    rest, first = text, True
    while True:
        room = width if first else width - indent - 2
        if cell_len(rest) <= room:
            lines.append(rest if first else lead + rest)
            return lines
        cut, taken = 0, 0
        for char in rest:
            size = get_character_cell_size(char)
            if taken + size > room:
                break
            taken += size
            cut += 1
        cut = max(cut, 1)
        space = rest.rfind(" ", cut // 2, cut)
        if space > 0 and rest[:space].strip():
            cut = space + 1
        lines.append(rest[:cut] if first else lead + rest[:cut])
        rest, first = rest[cut:], False


def clock_text(stamp_text: str, local: tzinfo | None = None) -> str:
    """``10:02:18Z``; with a zone ``10:02:18Z (12:02 +0200)``. A text that is no stamp is shown as it is."""
    moment = _moment(stamp_text)
    if moment is None:
        return harmless(stamp_text)
    text = moment.astimezone(UTC).strftime("%H:%M:%SZ")
    if local is not None:
        text += moment.astimezone(local).strftime(" (%H:%M %z)")
    return text


def minute_text(stamp_text: str) -> str:
    """``10:02Z``, for narrow places."""
    moment = _moment(stamp_text)
    return moment.astimezone(UTC).strftime("%H:%MZ") if moment else harmless(stamp_text)


def day_text(stamp_text: str, now: datetime) -> str:
    """``today 09:58Z``, ``yesterday 08:03Z``, ``28 Sep 07:11Z``, or ``28 Sep 2024`` in another year."""
    moment = _moment(stamp_text)
    if moment is None:
        return harmless(stamp_text)
    moment, today = moment.astimezone(UTC), now.astimezone(UTC).date()
    age = (today - moment.date()).days
    if age in (0, 1):
        return ("today ", "yesterday ")[age] + moment.strftime("%H:%MZ")
    day = f"{moment.day} {_MONTHS[moment.month - 1]}"
    return f"{day} {moment.strftime('%H:%MZ')}" if moment.year == today.year else f"{day} {moment.year}"


def ago_text(stamp_text: str, now: datetime) -> str:
    """``3 min 20 s ago``, or the text as it is where it is no stamp."""
    moment = _moment(stamp_text)
    if moment is None:
        return harmless(stamp_text)
    return f"{span(int((now - moment).total_seconds()))} ago"


def duration_text(milliseconds: int) -> str:
    """How long something took: ``120 ms``, ``4.2 s``, ``3 min 20 s``."""
    if milliseconds < 1000:
        return f"{max(0, milliseconds)} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 10_000 else span(milliseconds // 1000)


def minutes_text(seconds: int) -> str:
    """A running clock: ``04:12``, ``1:04:12``."""
    hours, rest = divmod(max(0, seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60:02}:{rest % 60:02}"


def groups_of_four(digest: str, limit: int = 0) -> str:
    """``7f3a 91c2 0be4 …``: hexadecimal digits as people read them to each other; ``limit`` groups at most."""
    groups = [digest[at : at + 4] for at in range(0, len(digest), 4)]
    if limit and len(groups) > limit:
        return " ".join((*groups[:limit], "…"))
    return " ".join(groups)


def joined(parts: Iterable[str], between: str = " · ") -> str:
    """The parts that are not empty."""
    return between.join(part for part in parts if part)


def _moment(text: str) -> datetime | None:
    try:
        return parse_stamp(text)
    except (ValueError, OverflowError):
        return None


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
