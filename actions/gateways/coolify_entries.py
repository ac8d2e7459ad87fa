"""The log of a Coolify deployment: a JSON text in the JSON, told whole with every answer; read once, line by line.

Which of its lines are new to whoever follows is theirs to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actions.gateways.coolify_values import flag, instant, number_of
from actions.model.coolify import LogEntry
from actions.model.outside_text import LINE_MARK, sanitise

LONGEST_LINE = 4000
LINES = 50_000
"""The newest lines of a log that are read."""


@dataclass(frozen=True)
class _Known:
    """What was read of one deployment's log: rows as they came, and the lines of each."""

    rows: list[Any]
    lines: list[tuple[LogEntry, ...]]


class Entries:
    """Reads logs; of the one that was read last it remembers the lines: they are told again every two seconds, and
    making megabytes of them harmless each time would be slower than that."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._last: tuple[str, _Known] = ("", _Known([], []))

    def read(self, uuid: str, told: Any) -> tuple[LogEntry, ...]:
        """The lines that are not hidden, by Coolify's order; without one, as they stand.

        ``told``: a JSON text, a list, or plain text; null until the first entry.
        """
        rows = _rows(told)
        name, last = self._last
        known = last if name == uuid else _Known([], [])
        lines = []
        for place, row in enumerate(rows):
            same = place < len(known.rows) and known.rows[place] == row
            lines.append(known.lines[place] if same else self._lines(row))
        self._last = (uuid, _Known(rows, lines))
        # Without an order of its own a row stays behind the one before it.
        order, placed = 0, []
        for entries in lines:
            order = (entries[0].order or order) if entries else order
            placed.append((order, entries))
        placed.sort(key=lambda one: one[0])
        found = [entry for _, entries in placed for entry in entries]
        if len(found) > LINES:
            # The same words each time: whoever follows tells every line once.
            left = f"lines before the newest {LINES} are not shown here: Coolify's dashboard has them"
            found = [LogEntry(0, left), *found[-LINES:]]
        return tuple(found)

    def head(self, told: Any, most: int) -> tuple[LogEntry, ...]:
        """The lines of the first ``most`` entries that are not hidden: what a deployment began with."""
        rows = [row for row in _rows(told) if not (isinstance(row, dict) and flag(row.get("hidden")) is True)]
        rows.sort(key=lambda row: (number_of(row.get("order")) or 0) if isinstance(row, dict) else 0)
        return tuple(entry for row in rows[:most] for entry in self._lines(row))

    def _lines(self, row: Any) -> tuple[LogEntry, ...]:
        if isinstance(row, str):
            row = {"output": row}
        if not isinstance(row, dict) or flag(row.get("hidden")) is True:
            return ()
        order, at = number_of(row.get("order")) or 0, instant(row.get("timestamp"))
        stream = "stderr" if row.get("type") in ("stderr", "err") else "stdout"
        output = row.get("output", row.get("message"))
        if isinstance(output, list | dict):
            output = json.dumps(output, ensure_ascii=False)
        # Redacted as a whole (a key has many lines), then told line by line: what a build says comes in one piece, and
        # cut as one line most of it would be lost.
        text = self._redact("" if output is None else str(output)).rstrip("\r\n" + LINE_MARK)
        parts = text.replace(LINE_MARK, "\n").splitlines() or [""]
        return tuple(LogEntry(order, sanitise(part, limit=LONGEST_LINE), stream, at) for part in parts)


def _rows(told: Any) -> list[Any]:
    if isinstance(told, str):
        if not told.strip():
            return []
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return list(told.splitlines())
        if isinstance(told, str | int | float):
            return str(told).splitlines()
    if isinstance(told, dict):
        told = told.get("logs", list(told.values()))
    return told if isinstance(told, list) else []
