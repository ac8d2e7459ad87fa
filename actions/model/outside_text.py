"""Make text from outside harmless for a terminal; leaves secrets to ``secret`` and looks to the widgets.

Terminals obey what stands in a log line, and neither Textual nor Rich filters it. So every text that was not
written by us (logs, git messages, API answers, names) goes through ``sanitise`` where it enters. What comes
out:

- holds printable characters only (``str.isprintable``), plus ``\\n`` when asked for;
- holds nothing invisible: no format character, no filler, no variation selector, no more than four marks on a
  letter;
- hides nothing a reader should see: of an escape sequence that does not end, only the introducer goes, its
  content is shown; what a carriage return would have overwritten is shown too, separated by ``⏎``.

Raw bytes 0x80-0x9F are not UTF-8, so they come out as U+FFFD and what follows is shown: taken for controls,
they would eat parts of every log written in an old code page. U+0080-U+009F, decoded, are controls and are
removed as such. Markup such as ``[/red]`` is no terminal control and passes unchanged; widgets never parse
outside text as markup.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from functools import cache
from unicodedata import category

from actions.model.late_pattern import late_pattern

LINE_MARK = "⏎"
"""Stands where outside text moved to another line or back to the start of this one."""

CUT_MARK = "…"
"""Stands where a text was cut."""

REPLACED = "\ufffd"
"""Stands for bytes that are not UTF-8, lone surrogates, private-use and unassigned characters, and excess
marks."""

BARE_MARK_BASE = "\u25cc"
"""Carries a combining mark that has no letter, which would else settle on whatever the widget drew before
it."""

MARKS_ON_A_LETTER = 4
LONGEST_STRING_SEQUENCE = 4096
"""Characters of content up to which an OSC, DCS, APC, PM or SOS sequence is believed to be one."""

_LONGEST_SEQUENCE = LONGEST_STRING_SEQUENCE + 8
_SEGMENT = 16_384
_OVERLAP = 16_384

# No alternative can fail after having scanned, and string content stops at the next introducer: linear time.
_SEQUENCE = late_pattern(
    # CSI. A terminal carries out C0 controls inside it and goes on reading parameters, so they belong to it.
    r"(?:\x1b\[|\x9b)[0-?\x00-\x09\x0b\x0c\x0e-\x17\x19\x1c-\x1f\x7f]{0,256}+[ -/]{0,16}+[@-~]?"
    # DCS, SOS, OSC, PM, APC: whole when it ends on its line within the limit, else the introducer alone.
    rf"|(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])"
    rf"(?:[^\x07\x18\x1a\x1b\x80-\x9f\n]{{0,{LONGEST_STRING_SEQUENCE}}}+(?:\x07|\x1b\\|\x9c))?+"
    # Every other escape: reset, charset, keypad, save cursor; and an escape that stands alone.
    r"|\x1b[ -/]{0,4}+[0-~]?"
)

_BREAKS = "\r\n\v\f\x85\u2028\u2029"
_BREAK_RUN = late_pattern(f"[{_BREAKS}]+")
_LEFT_FOR_LATER = frozenset(_BREAKS + "\t")

# Default-ignorable, yet "printable" by category: fillers and variation selectors.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_FILLER = late_pattern(f"[{_FILLERS}]")
# Format characters that do have a glyph (Arabic number signs and their kin): replaced, where the others
# vanish.
_SEEN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


@cache
def _marks() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Patterns for: any mark or filler; what of it is wrong; a mark at the start of a line; excess marks.

    Marks are Mn, Mc, Me, and the Hangul vowels and finals that take no room of their own. Computed from this
    Python's Unicode tables on first need (about 10 ms), because plain ASCII never needs them.
    """
    codes = [code for code in range(0x300, 0x1F000) if category(chr(code)) in ("Mn", "Mc", "Me")]
    codes += [*range(0x1161, 0x1200), *range(0xD7B0, 0xD7FC)]
    codes.sort()
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    mark = "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]"
    # All beyond the BMP is suspect: its many small ranges would be tried one by one for every character.
    low = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges if last < 0x10000)
    suspect = re.compile(f"[{_FILLERS}{low}\U00010000-\U0010ffff]")
    leading = re.compile(rf"^(?={mark})", re.MULTILINE)
    excess = re.compile(rf"(?<={mark}{{{MARKS_ON_A_LETTER}}}){mark}+")
    wrong = re.compile(rf"[{_FILLERS}]|^{mark}|{mark}{{{MARKS_ON_A_LETTER + 1}}}", re.MULTILINE)
    return suspect, wrong, leading, excess


def _shown(char: str) -> str:
    """What stands for a character that must not reach a terminal: nothing, a space, or U+FFFD."""
    kind = category(char)
    if kind == "Zs":
        return " "
    if kind == "Cc" or (kind == "Cf" and char not in _SEEN_FORMATS) or _FILLER.match(char):
        return ""
    return REPLACED


_ASCII_CONTROLS = {code: None for code in (*range(0x20), 0x7F) if chr(code) not in _LEFT_FOR_LATER}


def _without_odd(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII_CONTROLS)
    odd = {
        ord(char): _shown(char)
        for char in set(text)
        if char not in _LEFT_FOR_LATER and (not char.isprintable() or _FILLER.match(char))
    }
    return text.translate(odd) if odd else text


def _without_breaks(text: str, keep_newlines: bool) -> str:
    """Breaks at the ends of a line hide nothing and go; those inside become ``⏎``."""
    if keep_newlines:
        return "\n".join(_BREAK_RUN.sub(LINE_MARK, line.strip(_BREAKS)) for line in text.split("\n"))
    return _BREAK_RUN.sub(LINE_MARK, text.strip(_BREAKS))


def _clean(text: str, keep_newlines: bool) -> str:
    text = _without_odd(_SEQUENCE.sub("", text))
    # Columns are counted in characters: wide letters before a tab shift it, which is only a matter of looks.
    text = _without_breaks(text, keep_newlines).expandtabs(8)
    if not text.isascii():
        _, _, leading, excess = _marks()
        text = excess.sub(REPLACED, leading.sub(BARE_MARK_BASE, text))
    return text


def sanitise(text: str | bytes, *, keep_newlines: bool = False, limit: int | None = None) -> str:
    """The text as it may be written to any terminal; see the module for what that means.

    Bytes are read as UTF-8. ``\\n`` is kept with ``keep_newlines``; without it, line ends at both ends go and
    those inside become one ``⏎``. Tabs become spaces (8 stops). ``limit`` bounds the characters that come
    out, all lines together; a text that was cut ends in ``…``. Doing it twice changes nothing. Linear in the
    length of the text.

    Raises ValueError when ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not is_clean(text):
        text = _clean(text, keep_newlines)
    if limit is None or len(text) <= limit:
        return text
    return text[: limit - 1] + CUT_MARK


def is_clean(text: str, *, newlines: bool = False) -> bool:
    """Whether the text holds only what ``sanitise`` lets out (``newlines``: with ``keep_newlines``)."""
    if newlines and "\n" in text:
        return all(is_clean(line) for line in text.split("\n"))
    if not text.isprintable() or text.isascii():
        return text.isprintable()
    suspect, wrong, _, _ = _marks()
    # Nearly all text ends at the first search, which is ten times faster than the second.
    return not suspect.search(text) or not wrong.search(text)


class LineSanitiser:
    """Turns a stream of bytes into sanitised lines, whatever the chunks it arrives in.

    Only ``\\n`` ends a line. A line longer than ``longest`` characters comes out in pieces of at most that
    many, each ending in ``…`` where it goes on and beginning with ``…`` where it went before; so memory stays
    bounded. An escape sequence or a UTF-8 sequence is never cut. ``cut(text, at)`` may name a better place
    than ``at`` (a smaller index above 0), so that nothing is cut in two that a later stage must see whole:
    give it ``Redactor.safe_cut``.
    """

    def __init__(self, *, longest: int = 8192, cut: Callable[[str, int], int] | None = None) -> None:
        if longest < 16:
            raise ValueError(f"longest must be at least 16, not {longest}")
        self._longest = longest
        self._cut = cut
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._start()

    def _start(self) -> None:
        self._raw: list[str] = []  # this line as it came, not yet sanitised
        self._raw_length = 0
        self._text = ""  # this line, sanitised, not yet given out
        self._begun = False  # whether a piece of this line was given out

    def feed(self, data: bytes) -> list[str]:
        """The lines, and pieces of long lines, that are complete with these bytes."""
        return list(self._take(self._decoder.decode(data)))

    def finish(self) -> list[str]:
        """What is left when the stream has ended; the sanitiser may then be used for another stream."""
        lines = list(self._take(self._decoder.decode(b"", final=True)))
        if self._raw_length or self._text or self._begun:
            lines.extend(self._end())
        self._decoder.reset()
        return lines

    def _take(self, text: str) -> Iterator[str]:
        *ended, rest = text.split("\n")
        for line in ended:
            fresh = not (self._raw_length or self._text or self._begun)
            if fresh and len(line) <= min(self._longest, _SEGMENT):
                shown = sanitise(line)
                if len(shown) <= self._longest:
                    yield shown
                    continue
            yield from self._grow(line)
            yield from self._end()
        yield from self._grow(rest)

    def _grow(self, part: str) -> Iterator[str]:
        if not part:
            return
        self._raw.append(part)
        self._raw_length += len(part)
        # A sequence that begins inside the segment must be seen whole before the place to cut is known.
        if self._raw_length >= _SEGMENT + _LONGEST_SEQUENCE:
            yield from self._segments(_SEGMENT + _LONGEST_SEQUENCE)

    def _segments(self, at_least: int) -> Iterator[str]:
        """Sanitise whole segments while ``at_least`` raw characters are there; give out full pieces."""
        raw = "".join(self._raw)
        start = 0
        while len(raw) - start >= at_least:
            end = _segment_end(raw, start)
            self._text += sanitise(raw[start:end])
            start = end
            yield from self._pieces(_OVERLAP)
        self._raw = [raw[start:]]
        self._raw_length = len(raw) - start

    def _pieces(self, kept: int) -> Iterator[str]:
        """Give out full pieces while more than a piece and ``kept`` characters are there."""
        start = 0
        while len(self._text) - start > kept + self._longest - len(CUT_MARK) * self._begun:
            # The hook is shown the piece and what may belong to a secret at its end, no more: linear.
            window = self._text[start : start + self._longest + _OVERLAP]
            at = self._longest - 2 * len(CUT_MARK)
            if self._cut is not None:
                better = self._cut(window, at)
                at = better if 0 < better <= at else at
            yield (CUT_MARK if self._begun else "") + window[:at] + CUT_MARK
            self._begun = True
            start += at
        self._text = self._text[start:]

    def _end(self) -> Iterator[str]:
        yield from self._segments(_SEGMENT + 1)
        self._text += sanitise("".join(self._raw))
        yield from self._pieces(0)
        yield (CUT_MARK if self._begun else "") + self._text
        self._start()


def _segment_end(raw: str, start: int) -> int:
    end = start + _SEGMENT
    for found in _SEQUENCE.finditer(raw, start, end + _LONGEST_SEQUENCE):
        if found.start() >= end:
            break
        if found.end() > end:
            return found.end()
    return end
