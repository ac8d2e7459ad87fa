"""An environment of an application on the fake Coolify: kept while GOOD ran, and another one now that BAD runs."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from fake_coolify import FakeCoolify
from fake_coolify_state import App, VariableRow

from actions.model.codec import to_json
from actions.model.plan import Plan, PlannedStep
from app.predeploy import Asked, run_predeploy

KEEP = "[environment]\nkeep = true\n"


def variables(coolify: FakeCoolify, app: App) -> None:
    """As they were while GOOD ran."""
    coolify.add_variable(app, "DEBUG", "canary-debug-then")
    coolify.add_variable(app, "DSN", "canary $dsn-then", twin=False, is_literal=True, is_buildtime=False)
    coolify.add_variable(app, "PEM", "canary-line one\ncanary-line two", twin=False, is_multiline=True)
    coolify.add_variable(app, "STAYS", "canary-stays", twin=False)
    coolify.add_variable(app, "ONCE", "canary-once", twin=False, is_shown_once=True)


def row(flown: Flown, key: str, *, preview: bool = False) -> VariableRow:
    return next(one for one in flown.app.variables if (one.key, one.is_preview) == (key, preview))


def standing(flown: Flown) -> dict[str, tuple[Any, ...]]:
    """Of production: value and every flag."""
    return {
        one.key: (one.value, one.is_literal, one.is_multiline, one.is_shown_once, one.is_runtime, one.is_buildtime)
        for one in flown.app.variables
        if not one.is_preview
    }


def changed(flown: Flown) -> None:
    """What somebody did to them with the bad deployment."""
    row(flown, "DEBUG").value = "canary-debug-now"
    row(flown, "DEBUG", preview=True).value = "canary-debug-twin"
    dsn = row(flown, "DSN")
    dsn.value, dsn.is_literal = "canary-dsn-now", False
    row(flown, "ONCE").value = "canary-once-now"
    flown.app.variables.remove(row(flown, "PEM"))
    flown.coolify.add_variable(flown.app, "ADDED", "canary-added", twin=False)


@contextmanager
def kept(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: str = KEEP,
    *,
    setup: Callable[[FakeCoolify, App], None] = variables,
    then: Callable[[Flown], None] = changed,
    **given: Any,
) -> Iterator[Flown]:
    """GOOD runs, `predeploy` is run, BAD takes its place, the environment changes."""
    with flying(folder, monkeypatch, good=BAD, bad=GOOD, more=more, setup=setup, **given) as flown:
        assert predeploy(flown) == 0
        flown.coolify.has_deployed(flown.app, BAD, "The bad one")
        then(flown)
        yield flown


def predeploy(flown: Flown) -> int:
    return run_predeploy(Asked(str(flown.folder / "goaround.toml"), str(flown.folder / "store")))


def offered(plan: Plan) -> PlannedStep:
    step = plan.step("B5")
    assert step is not None, [note.text for note in plan.notes]
    return step


def sha(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def note(plan: Plan, code: str) -> str:
    return next((one.text for one in plan.notes if one.code == code), "")


def texts(flown: Flown) -> list[str]:
    """The whole record, what the steps printed, and what the plan says."""
    session = flown.session
    events = session.journal.events(session.incident.id)
    return [str(to_json(event.body)) for event in events]


def nothing_secret(flown: Flown, *more: str, sealed: bool = False) -> None:
    """No value in the record, in these texts, or in any file of the store but private evidence."""
    assert not [text for text in (*texts(flown), *more) if "canary" in text]
    private = 0
    for path in (flown.folder / "store").rglob("*"):
        if not path.is_file():
            continue
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        hidden = path.parent.name == "private"
        private += hidden
        assert b"canary" not in data or (hidden and not sealed), path
        assert not sealed or not hidden or path.suffix == ".age", path
    assert private
