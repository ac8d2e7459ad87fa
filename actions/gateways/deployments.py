"""Reads a history of deployments: a file with one JSON object a line, as a deploy command appends it.

    {"at": "2026-11-20T09:14:00Z", "ref": "v2.14.2", "sha": "<full id>", "result": "ok"}

``when`` and ``commit`` are taken for ``at`` and ``sha``. ``started`` (a time) and ``trigger`` (``webhook``,
``by hand``, ``rollback``) are shown where they are there and fit; further keys are left alone. Who was live when
follows from the order in the file. Joining it with the repository is left to the steps.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from actions.model.answer import parse_answer
from actions.model.clock import parse_stamp, stamp
from actions.model.deployed import BY_ROLLBACK, Deployed
from actions.model.errors import BadInput
from actions.model.git_text import is_full_id
from actions.model.outside_text import sanitise
from actions.model.ports import Host
from actions.model.release import Release
from actions.model.release_times import in_utc

LIMIT_BYTES = 16 * 1024 * 1024
LONGEST_LINE = 64 * 1024
MOST = 100
"""So many of a commit's newest deployments are told one by one."""
_GOOD = ("ok", "success", "succeeded", "finished", "deployed")
_NEXT = "correct the line, or take git.deployments out of the configuration"


@dataclass(frozen=True)
class Deployment:
    """One line of the history."""

    at: str
    """UTC stamp."""
    sha: str
    ref: str
    ok: bool
    result: str
    name: str = ""
    """What the release is called, when the file tells."""
    started: str = ""
    """UTC stamp, or empty."""
    trigger: str = ""


def read_deployments(host: Host, path: str) -> tuple[Release, ...]:
    """The releases that the file knows, the one deployed last first; none when there is no file.

    Raises BadInput naming file, line and field; a last line that is still being written is left out.
    """
    content = host.read_file(path, LIMIT_BYTES)
    return releases_of(parse(content, path)) if content else ()


def parse(content: bytes, path: str) -> tuple[Deployment, ...]:
    """The deployments in the order of the file. Raises BadInput naming file, line and field."""
    lines = content.split(b"\n")
    torn = lines.pop()
    found = [_one(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if torn.strip():
        with suppress(BadInput):  # no newline yet: the deploy command may be writing it at this moment
            found.append(_one(torn, f"{path}:{len(lines) + 1}"))
    return tuple(found)


def releases_of(history: tuple[Deployment, ...]) -> tuple[Release, ...]:
    """One release per commit: when it went live last, until when, and how its last deployment ended; newest first."""
    found: dict[str, Release] = {}
    deployments: dict[str, list[Deployed]] = defaultdict(list)
    live = ""
    first: dict[str, int] = {}  # in which order they came up first: an earlier one that comes again was gone back to
    for entry in history:
        if entry.ok:
            first.setdefault(entry.sha, len(first))
        if entry.ok and live in found and live != entry.sha:
            many, back = deployments[live], entry.trigger == BY_ROLLBACK or first[entry.sha] < first[live]
            last = next((n for n, one in enumerate(many) if one.was_live), None)
            if last is not None:
                many[last] = replace(many[last], until=entry.at, rolled_back=back)
        if not (entry.ok and live == entry.sha):  # once more while it runs: its life goes on
            ended = "ok" if entry.ok else entry.result
            many = deployments[entry.sha]
            many.insert(0, Deployed(entry.at, entry.started, "", ended, entry.trigger))
            del many[MOST:]
        known = found.pop(entry.sha, None) or Release(name="", commit=entry.sha, source="record")
        known = replace(known, name=entry.name or entry.ref or known.name, ended="ok" if entry.ok else entry.result)
        if entry.ok:
            if live and live != entry.sha and live in found:
                found[live] = replace(found[live], live_until=entry.at)
            since = known.live_since if live == entry.sha else entry.at
            known = replace(known, live_since=since, live_until="")
            live = entry.sha
        found[entry.sha] = known
    return tuple(replace(one, deployments=tuple(deployments[one.commit])) for one in reversed(found.values()))


def _one(line: bytes, where: str) -> Deployment:
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"longer than {LONGEST_LINE} bytes")
        data: Any = parse_answer(line)
    except ValueError as error:
        raise BadInput(where, f"is {sanitise(str(error), limit=120)}", _NEXT) from error
    if not isinstance(data, dict):
        raise BadInput(where, "is no JSON object", _NEXT)
    sha = _text(data, ("sha", "commit"), where).lower()
    if not is_full_id(sha):
        raise BadInput(f"{where}: sha", "must be a full commit id of 40 or 64 hexadecimal digits", _NEXT)
    at = _text(data, ("at", "when"), where)
    try:
        moment = stamp(parse_stamp(at))
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{where}: at", f"{at!r} is no time such as 2026-11-20T09:14:00Z", _NEXT) from error
    result = _text(data, ("result",), where)
    ref = _text(data, ("ref",), where, needed=False)
    name = _text(data, ("release", "name"), where, needed=False)
    started, trigger = (_optional(data, key) for key in ("started", "trigger"))
    return Deployment(moment, sha, ref, result.lower() in _GOOD, result, name, in_utc(started), trigger[:20])


def _optional(data: dict[str, Any], key: str) -> str:
    """A key that others may use for something else: what does not fit is not shown."""
    value = data.get(key)
    return sanitise(value, limit=60) if isinstance(value, str) else ""


def _text(data: dict[str, Any], keys: tuple[str, ...], where: str, *, needed: bool = True) -> str:
    for key in keys:
        if key in data:
            value = data[key]
            if not isinstance(value, str):
                raise BadInput(f"{where}: {key}", "must be a text", _NEXT)
            return sanitise(value, limit=200)
    if needed:
        raise BadInput(f"{where}: {keys[0]}", "is missing", _NEXT)
    return ""
