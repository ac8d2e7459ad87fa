"""Asks the configured command for the environment: ``NAME=value`` lines, or one JSON object. Its output is never told.

What the values are compared with is left to the caller. Of what cannot be read the line is named, and never quoted.
"""

from __future__ import annotations

import json

from actions.model.errors import BadInput, CommandFailed
from actions.model.outside_text import sanitise
from actions.model.ports import Host, World
from actions.model.system_environment import EnvironmentTable

KEY = "environment.command"
LONGEST_NAME = 200


def ask(table: EnvironmentTable, world: World) -> dict[str, str | None]:
    """Name -> value; None: a JSON null. Raises GoaroundError."""
    host: Host = world.host if table.where == "host" or world.local is None else world.local
    result = host.run(table.command, cwd=table.directory, timeout_s=table.timeout)
    if result.timed_out:
        raise CommandFailed(f"{KEY} did not end within {table.timeout} s", "", "try it by hand; environment.timeout")
    if result.exit_status:
        # Nothing of what it printed is shown: an error's words may hold a value.
        raise CommandFailed(f"{KEY} ended with {result.exit_status}", "", "try it by hand")
    return read(result.stdout)


def read(output: bytes) -> dict[str, str | None]:
    """Of what it printed. Raises BadInput naming the line or the key."""
    try:
        text = output.decode("utf-8")
    except UnicodeDecodeError as error:
        before = output.count(b"\n", 0, error.start)
        raise _bad(f"line {before + 1} is no UTF-8") from None
    if text.lstrip().startswith("{"):
        return _of_json(text)
    found: dict[str, str | None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, mark, value = line.partition("=")
        if not mark or not name.strip():
            raise _bad(f"line {number} is no NAME=value; values of several lines need JSON")
        found[_name(name.strip())] = value
    if not found:
        raise _bad("it prints no variable")
    return found


def _of_json(text: str) -> dict[str, str | None]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad("it begins as a JSON object, and is none") from None
    found: dict[str, str | None] = {}
    for name, value in data.items():
        if value is not None and not isinstance(value, str):
            raise _bad(f"{_name(name)}: a text or null is needed")
        found[_name(name)] = value
    if not found:
        raise _bad("it prints no variable")
    return found


def _name(text: str) -> str:
    return sanitise(text, limit=LONGEST_NAME)


def _bad(what: str) -> BadInput:
    return BadInput(f"{KEY}: {what}", "", "correct the command: NAME=value lines, or one JSON object")
