"""Counts what a Markdown file holds, line by line, without any parser: the second opinion on the reader of procedures.

Knows fences, boxes and bars only. What the reader understands of them is none of its business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SHELL = {
    *("bash", "sh", "shell", "zsh", "ksh", "fish", "console", "shell-session", "shellsession", "terminal"),
    *("powershell", "ps1", "cmd", "bat", "batch"),
}
READABLE = {"", "text", "txt", "plain", "plaintext", "markdown", "md", "checklist"}

QUOTED = r"^(?P<quote>(?:[ \t]*>)*)[ \t]*"
LIST = r"(?:(?:[-*+]|\d{1,4}[.)])[ \t]+)*"
FENCE = re.compile(QUOTED + LIST + r"(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
ITEM = re.compile(QUOTED + r"(?:(?:[-*+]|\d{1,4}[.)])[ \t]*)+\[[ xX]?\](?![(\[:])")
BARE = re.compile(QUOTED + r"(?:(?:[-*+]|\d{1,4}[.)])[ \t]+)*(?:\[[ xX]\]|[☐☑☒])[ \t]+\S")
CELL = re.compile(r"(?:\||^)[ \t>]*\[[ xX]\](?![(\[:])")
RULE = re.compile(QUOTED + r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


@dataclass
class Count:
    """Line numbers, from 1."""

    items: list[int] = field(default_factory=list)
    """One entry for each box."""
    shell: list[int] = field(default_factory=list)
    """Fences of a shell with something in them."""
    unlabelled: list[int] = field(default_factory=list)
    """Fences without a language that hold something."""
    tables: dict[int, list[int]] = field(default_factory=dict)
    """Heading row -> rows."""


def count(text: str) -> Count:
    """Everything countable in a document."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = Count()
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if fence:
            number = _fence(lines, number, fence, found)
            continue
        if _begins_table(lines, number):
            number = _table(lines, number, found)
            continue
        if ITEM.match(lines[number]) or BARE.match(lines[number]):
            found.items.append(number + 1)
        number += 1
    return found


def _fence(lines: list[str], start: int, fence: re.Match[str], found: Count) -> int:
    marks, language = fence["marks"], re.split(r"[\s,{]", fence["info"].strip().lstrip("{."))[0].strip("}").lower()
    above = next((line for line in reversed(lines[:start]) if line.strip() and not line.startswith((" ", "\t"))), "")
    listed = lines[start].startswith((" ", "\t")) and re.match(r"(?:[-*+]|\d{1,4}[.)])[ \t]", above)
    end = start + 1
    while end < len(lines):
        rest = re.sub(r"^[ \t>]*", "", lines[end]).rstrip()
        closes = bool(rest) and set(rest) == {marks[0]} and len(rest) >= len(marks)
        if closes and _indent(lines[end]) - _indent(lines[start]) < 4:
            break
        left_quote = fence["quote"] and not lines[end].lstrip().startswith(">")
        left_list = listed and lines[end].strip() and not lines[end].startswith((" ", "\t", ">"))
        if left_quote or left_list:
            end -= 1  # it was never closed, and ends with what it stands in
            break
        end += 1
    body = lines[start + 1 : end]
    if language in SHELL and any(line.strip(" \t>") for line in body):
        found.shell.append(start + 1)
    if language == "" and any(line.strip(" \t>") for line in body):
        found.unlabelled.append(start + 1)
    if language in READABLE:
        found.items += [start + 2 + at for at, line in enumerate(body) if ITEM.match(line) or BARE.match(line)]
    return end + 1


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" >"))


def _begins_table(lines: list[str], number: int) -> bool:
    if number + 1 >= len(lines) or "|" not in lines[number] or not RULE.match(lines[number + 1]):
        return False
    return "|" in lines[number + 1] and _cells(lines[number]) == _cells(lines[number + 1])


def _cells(line: str) -> int:
    return len(re.split(r"(?<!\\)\|", line.strip(" \t>").removeprefix("|").removesuffix("|")))


def _table(lines: list[str], start: int, found: Count) -> int:
    rows = []
    number = start + 2
    while number < len(lines) and lines[number].strip(" \t>") and "|" in lines[number]:
        rows.append(number + 1)
        found.items += [number + 1] * len(CELL.findall(lines[number]))
        number += 1
    found.tables[start + 1] = rows
    return number
