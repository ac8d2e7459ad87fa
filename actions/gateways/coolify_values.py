"""Takes single values out of Coolify's answers as they come: numbers as texts, flags as 0 and 1, lists as objects.

What cannot be read counts as not told (None, or empty); only a whole answer that is none is an error.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from actions.model.clock import stamp
from actions.model.coolify import DeploymentState
from actions.model.errors import BadInput

LARGEST = 2**53 - 1
"""Beyond it a number is not the same in every JSON."""
FIRST_YEAR, LAST_YEAR = 1971, 9990
"""Times outside are an engine's empty ones, or nonsense."""
_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_STATES = {
    "queued": DeploymentState.QUEUED,
    "pending": DeploymentState.QUEUED,
    "waiting": DeploymentState.QUEUED,
    "in_progress": DeploymentState.IN_PROGRESS,
    "inprogress": DeploymentState.IN_PROGRESS,
    "running": DeploymentState.IN_PROGRESS,
    "building": DeploymentState.IN_PROGRESS,
    "deploying": DeploymentState.IN_PROGRESS,
    "finished": DeploymentState.FINISHED,
    "success": DeploymentState.FINISHED,
    "succeeded": DeploymentState.FINISHED,
    "completed": DeploymentState.FINISHED,
    "failed": DeploymentState.FAILED,
    "failure": DeploymentState.FAILED,
    "error": DeploymentState.FAILED,
    "cancelled_by_user": DeploymentState.CANCELLED,
    "canceled_by_user": DeploymentState.CANCELLED,
    "cancelled_by_system": DeploymentState.CANCELLED,
    "cancelled": DeploymentState.CANCELLED,
    "canceled": DeploymentState.CANCELLED,
}
"""Coolify's five words, and how other versions and servers write them."""


def state_of(value: Any) -> DeploymentState:
    """A word for the state of a deployment; OTHER for one that nobody knows."""
    word = re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else ""
    return _STATES.get(word, DeploymentState.OTHER)


def rows_of(data: Any, *names: str) -> list[Any] | None:
    """A list as it comes: bare, as an object with numbers for keys, or under one of ``names``; None: it is none.

    ``null`` under a name is an empty list. An object that says something else (a message) is no list: nothing may be
    believed to be absent by it.
    """
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):
        return None
    for name in names:
        if name in data:
            inner = data[name]
            return [] if inner is None else rows_of(inner, "data")
    return list(data.values()) if all(isinstance(key, str) and key.isdecimal() for key in data) and data else None


def objects(rows: list[Any]) -> list[dict[str, Any]]:
    """Those of a list that are objects."""
    return [row for row in rows if isinstance(row, dict)]


def object_of(data: Any, what: str) -> dict[str, Any]:
    """An object, also where it stands alone under ``data``. Raises BadInput for anything else."""
    if isinstance(data, dict) and set(data) == {"data"}:
        data = data["data"]
    if not isinstance(data, dict):
        raise no_answer(what, "it is no object")
    return data


def no_answer(what: str, why: str) -> BadInput:
    """The error for a success that tells nothing of what was asked for."""
    return BadInput(f"Coolify's answer on {what} is none", why, "check coolify.url", code="coolify-answer")


def flag(value: Any) -> bool | None:
    """True, False, 1, 0, or a text for them; None: not told."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in (0, 1) else None
    return _FLAGS.get(value.strip().lower()) if isinstance(value, str) else None


def number_of(value: Any) -> int | None:
    """A whole number that is not negative, also as a text; None: not told."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value.strip()):
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= LARGEST else None


def instant(value: Any) -> str:
    """UTC stamp of an ISO time (without a zone: UTC, as Laravel stores them), of an engine's, of seconds or
    milliseconds since 1970; else empty."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Compared before it is divided: a number of four hundred digits is valid JSON, and no division takes it.
        seconds = value / 1000 if 1e11 < value < 1e14 else value
        return stamp(datetime.fromtimestamp(seconds, UTC)) if 1e8 < seconds < 1e11 else ""
    if not isinstance(value, str):
        return ""
    # `docker images` writes "2026-08-20 09:12:33 +0200 CEST", and Coolify hands it on for its rollback images.
    text = re.sub(r" ([+-]\d{4})(?: \S+)?$", r"\1", value.strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return ""
    return stamp(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
