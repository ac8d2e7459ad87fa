"""An answer of ``goaround ready`` as lines of text: worst first, the verdict last. Asks nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

from actions.model.clock import parse_stamp
from actions.model.ready import Changes, Finding, ReadyLevel, ReadyReport
from actions.model.ready_kinds import ReadyKind

MARKS = {
    ReadyLevel.ERROR: "NO  ",
    ReadyLevel.UNKNOWN: "??  ",
    ReadyLevel.WARNING: "!   ",
    ReadyLevel.INFO: "    ",
}
COMMAND = " " * 8
"""Begins what is copied as it stands: it is never folded."""
NARROWEST = 40
"""Columns below which a terminal breaks the lines itself."""


def lines(report: ReadyReport, move: Callable[[Finding], str] | None = None) -> Iterator[str]:
    """Everything, worst first, the verdict last. ``move``: the next move of a finding, where an incident is open."""
    for finding, same in by_cause(report.findings):
        yield from finding_lines(finding, move)
        if same:
            told = ", ".join(f"[{one.code}] {one.about}" for one in same)
            yield f"{MARKS[_worst(same)]}for the same reason: {told}"
    for target in report.targets:
        yield f"{'=>' if target.proposed else '  '}  {target.option} {target.name}: {target.words()}"
    for name, seen in report.facts.items():
        yield f"    {name}: {seen}"
    yield f"{report.line()} ({report.system}, {report.at[:19]}Z, {report.seconds} s)"


def by_cause(findings: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[Finding, ...]]]:
    """Each finding once; behind the one that the host is not reached those that could not be known for just that."""
    rows = list(findings)
    root = next((one for one in rows if one.code == ReadyKind.HOST_UNREACHED.code), None)
    cause = root.text.removeprefix(f"{root.about}: ") if root is not None else ""
    same = tuple(one for one in rows if one is not root and cause and cause in one.text)
    if root is not None:
        yield root, same
    for one in rows:
        if one is not root and one not in same:
            yield one, ()


def _worst(findings: Iterable[Finding]) -> ReadyLevel:
    """The worst of them."""
    order = list(MARKS)
    return min((one.level for one in findings), key=order.index)


def finding_lines(one: Finding, move: Callable[[Finding], str] | None = None) -> Iterator[str]:
    """What was found, and what to do."""
    about = f"{one.about}: " if one.about and not one.text.startswith(one.about) else ""
    yield f"{MARKS[one.level]}[{one.code}] {about}{one.text}"
    if one.level is ReadyLevel.INFO:
        return
    where, mark, command = one.next_move.partition(": ")
    if move is None and one.step and mark:
        # What changes something needs a key and a record, and an incident for both; what this prints is not run by us.
        yield f"      next: R, then p in the cockpit of an open incident (on record); or by hand, {where}:"
        yield f"{COMMAND}{command}"
        return
    following = move(one) if move is not None else one.next_move
    if following:
        yield f"      next: {following}"


def changed_lines(found: Changes, now: ReadyReport) -> Iterator[str]:
    """What is new, what is over, and the verdict where it is another one."""
    at = f"{parse_stamp(now.at):%H:%M:%SZ}"
    for one in found.new:
        for line in finding_lines(one):
            yield f"{at} new  {line}"
    for one in found.over:
        yield f"{at} over [{one.code}] {one.about}"
    if found.verdict:
        yield f"{at} {now.line()}"


def folded(text: Iterator[str], width: int) -> Iterator[str]:
    """Lines that fit into so many columns, what is continued set in; 0: as they are. A long word stays whole."""
    for line in text:
        if width < NARROWEST or len(line) <= width or line.startswith(COMMAND):
            yield line
            continue
        left = len(line) - len(line.lstrip(" "))
        yield from textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * max(6, left + 2),
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )


def safe(line: str) -> str:
    """As the terminal can show it."""
    return "".join(char if char.isprintable() else "?" for char in line)
