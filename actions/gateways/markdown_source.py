"""A procedure's bytes as lines of Markdown: decoding, front matter, and dialects that our parser would misread.

Every change keeps the number of lines, so that line numbers stay those of the file. Parsing is left to
``markdown_blocks``.
"""

from __future__ import annotations

import re

from actions.model.errors import BadInput
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass

LONGEST = 1024 * 1024
"""Bytes. A document for the worst hour is some hundred lines; this is fifty times more, and read in some seconds."""

_FRONT = re.compile(r"^(?P<key>[A-Za-z][\w .-]{0,40}?)\s*:\s*(?P<value>.*)$")
_BOXED = re.compile(r"^(?P<indent>[ \t]*)(?:!!!|\?\?\?\+?|===)[ \t]+(?P<title>\S.*)$")
_COLONS = re.compile(r"^[ \t]*:{3,}[ \t]*(?P<title>.*)$")
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Source:
    """The lines that are parsed, and what was taken out of them before."""

    text: str
    lines: tuple[str, ...]
    """As in the file, without line ends."""
    front: tuple[tuple[int, str, str], ...]
    """Front matter: line, key in small letters, value; key empty: a line that is no ``key: value``."""
    aside: tuple[tuple[int, str], ...]
    """Titles of admonitions and the like, by line."""


def decoded(data: bytes, name: str) -> str:
    """The text of a file. Raises ``BadInput`` with the first byte that is none."""
    shown = sanitise(name)
    move = "save it as UTF-8 text and try again"
    if len(data) > LONGEST:
        size = f"{len(data) / 1_048_576:.1f} MiB, and {LONGEST // 1_048_576} MiB is the most that is read"
        raise BadInput(f"{shown} is too long for a procedure", size, "name the Markdown file of the procedure")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(f"{shown}:1 is not UTF-8", "byte 1: it begins as UTF-16", move)
    data = data.removeprefix(b"\xef\xbb\xbf")
    nul = data.find(b"\0")
    if nul >= 0:
        where = f"byte {nul + 1} is zero, which no text holds"
        raise BadInput(f"{shown}:{_line_of(data, nul)} is not text", where, "name the Markdown file of the procedure")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is 0x{data[error.start]:02X}"
        raise BadInput(f"{shown}:{_line_of(data, error.start)} is not UTF-8", where, move) from error


def _line_of(data: bytes, at: int) -> int:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def prepared(text: str) -> Source:
    """The document as our parser reads it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = tuple(lines)
    front = _take_front_matter(lines)
    aside = _take_boxes(lines)
    return Source("\n".join(lines), kept, tuple(front), tuple(aside))


def _take_front_matter(lines: list[str]) -> list[tuple[int, str, str]]:
    if not lines or lines[0].rstrip() not in ("---", "+++"):
        return []
    fence = lines[0].rstrip()
    ends = (fence, "...") if fence == "---" else (fence,)
    end = next((number for number, line in enumerate(lines[1:200], 1) if line.rstrip() in ends), None)
    if end is None or not _front_row(lines[1]) or not all(_may_be_front(line) for line in lines[1:end]):
        return []  # a line drawn above the document, not the beginning of front matter
    front = []
    for number in range(1, end):
        row = _front_row(lines[number])
        if row:
            front.append((number + 1, row[0], row[1]))
        elif lines[number].strip():
            front.append((number + 1, "", lines[number].strip()))
    lines[: end + 1] = [""] * (end + 1)
    return front


def _may_be_front(line: str) -> bool:
    return not line.strip() or line[0] in " \t-]}" or line.startswith("#") or _front_row(line) is not None


def _front_row(line: str) -> tuple[str, str] | None:
    match = _FRONT.match(line.replace("=", ":", 1) if ":" not in line else line)
    if match is None:
        return None
    return match["key"].lower().replace("_", " ").replace("-", " "), match["value"].strip().strip("'\"")


def _take_boxes(lines: list[str]) -> list[tuple[int, str]]:
    """Admonitions and tabs (``!!! note``, ``=== "Linux"``, ``:::``): their bodies become plain Markdown."""
    aside: list[tuple[int, str]] = []
    fence = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not line.strip("`~> \t"))):
            fence = "" if fence else mark[1]
        elif not fence and (box := _BOXED.match(line)) and not line.strip().startswith("===="):
            aside.append((number + 1, box["title"]))
            lines[number] = ""
            _dedent_body(lines, number + 1, box["indent"])
        elif not fence and (colons := _COLONS.match(line)):
            if colons["title"]:
                aside.append((number + 1, colons["title"]))
            lines[number] = ""
        number += 1
    return aside


def _dedent_body(lines: list[str], start: int, indent: str) -> None:
    for number in range(start, len(lines)):
        line = lines[number].expandtabs(4)
        if line.strip() and not line.startswith(indent + "    "):
            return
        lines[number] = indent + line[len(indent) + 4 :] if line.strip() else ""
