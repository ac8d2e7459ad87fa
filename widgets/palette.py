"""The one place of colours. The style sheet takes its variables from here, what is painted its tones.

Red is kept for what needs somebody now. Tones are no rules of the style sheet: reading and matching them took a
thirtieth of the time to the first screen.
"""

from __future__ import annotations

from functools import cache

from rich.style import Style

VARIABLES: dict[str, str] = {
    "ink": "#d6dde4",
    "quiet": "#7f8b97",
    "ground": "#10151a",
    "band": "#1c242c",
    "box": "#161d24",
    "line": "#3a4652",
    "good": "#8fc98f",
    "busy": "#86b7e8",
    "odd": "#e0b25a",
    "bad": "#ff6b60",
    "here": "#2c4156",
    "here-blurred": "#222b34",
}
"""Names of colours, as the style sheet says them after a ``$``."""

_INK, _QUIET, _GROUND = VARIABLES["ink"], VARIABLES["quiet"], VARIABLES["ground"]
_GOOD, _BUSY, _ODD, _BAD = VARIABLES["good"], VARIABLES["busy"], VARIABLES["odd"], VARIABLES["bad"]

_TONES: dict[str, tuple[str | None, str | None, bool]] = {
    "done": (_GOOD, None, False),
    "failed": (_BAD, None, True),
    "open": (_INK, None, False),
    "running": (_BUSY, None, True),
    "overridden": (_ODD, None, True),
    "na": (_QUIET, None, False),
    "deferred": (_ODD, None, False),
    "error": (_BAD, None, False),
    "warning": (_ODD, None, False),
    "dim": (_QUIET, None, False),
    "danger": (_GROUND, _BAD, True),
    "production": (_GROUND, "#ff8f84", True),
    "staging": (_GROUND, _ODD, True),
    "drill": (_GROUND, "#9fd0d8", True),
    "blocked": (_QUIET, None, False),
    "title": (_INK, None, True),
    "key": (_BUSY, None, True),
    "added": (_GOOD, None, False),
    "removed": (_ODD, None, False),
    "mark": (_BUSY, None, False),
    "found": (_GROUND, _ODD, False),
    "cursor": (None, VARIABLES["here"], False),
    "cursor-blurred": (None, VARIABLES["here-blurred"], False),
}
"""Tone -> (colour, ground, bold)."""


@cache
def tone_style(tone: str) -> Style:
    """What a tone (``tone--done``) looks like, and nothing of where it stands. KeyError: there is no such tone."""
    colour, ground, bold = _TONES[tone.removeprefix("tone--")]
    return Style(color=colour, bgcolor=ground, bold=bold or None)
