"""HTML comments that bind: ``<!-- sensed: backup.current -->``, ``<!-- gate -->``, ``<!-- message: to=users -->``.

Several may stand in one comment, divided by ``;``. What they are bound to is left to the readers.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from actions.model.checklist import Phase
from actions.model.outside_text import sanitise
from actions.model.procedure import BRANCHES, NAMED_SENSORS, SENSORS, STEPS, sensor_known

KNOWN = ("branch", "code", "gate", "message", "option", "phase", "sensed", "step", "when")
_NAME = re.compile(r"^(?P<name>[A-Za-z][\w-]*)\s*(?:[:=]\s*(?P<value>.*))?$", re.DOTALL)
_CODE = re.compile(r"^[A-Z]{1,3}\d{1,3}[a-z]?$")
_TAG = re.compile(r"^[a-z][a-z0-9_.-]{0,40}$")
OPTIONS = ("coolify", "compose", "git", "database", "migration", "forward")


@dataclass
class Binding:
    """What one comment says."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, text and why of what it says that means nothing."""


def read_comment(line: int, text: str) -> Binding:
    """One comment. What it holds that binds nothing is listed as wrong, in words."""
    binding = Binding(line)
    shown = sanitise(" ".join(text.split()), limit=120)
    if not text.strip():
        return binding
    parts = [text] if re.match(r"\s*message\b", text) else text.split(";")
    for part in (part.strip() for part in parts):
        match = _NAME.match(part)
        name = match["name"].lower() if match else ""
        value = (match["value"] or "").strip() if match else ""
        if name not in KNOWN:
            why = f"a comment that binds nothing; what binds: {', '.join(KNOWN)}"
            binding.wrong.append((line, shown, why))
            continue
        problem = _problem(name, value)
        if problem:
            binding.wrong.append((line, shown, problem))
        else:
            binding.values[name] = value
    return binding


def _problem(name: str, value: str) -> str:
    if name == "gate":
        return "a gate takes no value" if value else ""
    if not value and name != "message":
        return f"{name} wants a value, as in `{name}: …`"
    if name == "sensed" and not sensor_known(value):
        names = (*SENSORS, *(f"{begin}NAME" for begin in NAMED_SENSORS))
        return f"no sensor has this name, so a person ticks it; there are: {', '.join(names)}"
    if name == "branch" and value not in BRANCHES:
        return f"no branch has this name; there are: {', '.join(BRANCHES)}"
    if name == "step" and value not in STEPS:
        return f"no step has this name, so a person ticks it; there are: {', '.join(STEPS)}"
    if name == "code" and not _CODE.match(value):
        return "a code is a letter or up to three, and a number: B1"
    if name == "when" and not _TAG.match(value):
        return "what it applies to is one word in small letters: payments"
    if name == "phase" and phase_named(value) is None:
        return f"no phase has this name; there are: {', '.join(phase.value for phase in Phase)}"
    if name == "option" and value not in OPTIONS:
        return f"no option has this name; there are: {', '.join(OPTIONS)}"
    return _message_problem(value) if name == "message" else ""


def _message_problem(value: str) -> str:
    try:
        fields = message_fields(value)
    except ValueError as error:
        return f"a message wants to=… phase=… subject=…: {error}"
    unknown = sorted(set(fields) - {"to", "phase", "subject", "name"})
    if unknown:
        return f"a message takes to, phase, subject and name, not {', '.join(unknown)}"
    if "phase" in fields and phase_named(fields["phase"]) is None:
        return f"no phase has this name; there are: {', '.join(phase.value for phase in Phase)}"
    return ""


def message_fields(value: str) -> dict[str, str]:
    """``to=users phase=after subject="It is solved"`` as a table. Raises ValueError where it is none."""
    fields = {}
    for word in shlex.split(value):
        key, mark, rest = word.partition("=")
        if not mark:
            raise ValueError(f"{word} has no =")
        fields[key.strip().lower()] = rest.strip()
    return fields


def phase_named(value: str) -> Phase | None:
    """The phase that a binding names: its value, with ``-`` or ``_`` for spaces, and ``after-24h``."""
    plain = re.sub(r"[\s_-]+", "", value.lower())
    return next((phase for phase in Phase if phase.value.replace(" ", "") == plain), None)
