"""Whether what should be monitored is configured at all: errors, answer times, the database, CPU and memory. Pure.

It looks at the configuration (as JSON) alone; whether a value is good now is the other sensors' to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Presence:
    """Whether it is there, what is there, and what would have to be there."""

    ok: bool
    seen: str
    expected: str = ""


def presence(sensor: str, settings: Mapping[str, Any]) -> Presence | None:
    """Of a sensor ``configured.NAME``; None for any other."""
    found = _PRESENCES.get(sensor)
    return found(settings) if found else None


def _rows(settings: Mapping[str, Any], table: str) -> list[Mapping[str, Any]]:
    return [row for row in settings.get(table) or () if isinstance(row, Mapping)]


def _errors(settings: Mapping[str, Any]) -> Presence:
    logs = (settings.get("system") or {}).get("logs") or ()
    parts = [f"{len(logs)} log file{'' if len(logs) == 1 else 's'}"] if logs else []
    parts += ["the logs of Docker Compose"] if settings.get("compose") else []
    parts += ["the log of Coolify's application"] if settings.get("coolify") else []
    if parts:
        return Presence(True, f"{' and '.join(parts)} followed")
    return Presence(False, "no logs are followed", "[system] logs, or [compose]")


def _response(settings: Mapping[str, Any]) -> Presence:
    probes = [row for row in _rows(settings, "probe") if not row.get("external")]
    without = [str(row.get("name")) for row in probes if not row.get("slow_ms") and not row.get("baseline_ms")]
    if not probes:
        return Presence(False, "no probe is configured", "a [[probe]] with slow_ms or baseline_ms")
    if len(without) == len(probes):
        return Presence(False, "no probe says how long is too long", "slow_ms or baseline_ms of a [[probe]]")
    left = f"; without a limit: {', '.join(without)}" if without else ""
    return Presence(True, f"{len(probes) - len(without)} of {len(probes)} probes have a limit{left}")


def _database(settings: Mapping[str, Any]) -> Presence:
    named = [str(row.get("name")) for row in _rows(settings, "check") if row.get("load")]
    if named:
        return Presence(True, f"its load is looked at: {', '.join(named)}")
    if settings.get("database"):
        return Presence(True, "[database] is configured; its load is not looked at: no [[check]] has load = true")
    return Presence(False, "nothing looks at it", "a [[check]] with load = true, or [database]")


_RESOURCES = {"CPU": r"cpu|load", "memory": r"memory|mem|ram"}


def _resources(settings: Mapping[str, Any]) -> Presence:
    # Named so that a check of the database's load is not taken for the host's.
    names = [str(row.get("name")) for row in _rows(settings, "check") if not row.get("load")]
    found = {
        what: next((name for name in names if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", name.casefold())), "")
        for what, words in _RESOURCES.items()
    }
    missing = [what for what, name in found.items() if not name]
    if missing:
        there = "".join(f"{what}: {name}; " for what, name in found.items() if name)
        return Presence(False, f"{there}no check is named after {' or '.join(missing)}", "[[check]] for CPU and memory")
    return Presence(True, ", ".join(f"{what}: {name}" for what, name in found.items()))


_PRESENCES: dict[str, Callable[[Mapping[str, Any]], Presence]] = {
    "configured.errors": _errors,
    "configured.response": _response,
    "configured.database": _database,
    "configured.resources": _resources,
}
