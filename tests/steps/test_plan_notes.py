"""Every kind of note is really drawn somewhere, and nothing is drawn that has no known kind."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import coolify_flight
import database_notes
import pytest
from compose_notes import CASES, Notes
from database_ground import make_ground as make_database_ground
from git_flight import Flight, dirty_the_clone, make_flight
from git_ground import commit, git, make_ground
from history_notes import HISTORY
from postgres_server import PostgresServer
from schema_notes import SCHEMA

from actions.engine.planner import releases
from actions.model.note import Level
from actions.model.note_kinds import NoteKind
from actions.model.release import Release
from actions.steps.git_option import draw
from actions.steps.git_releases import survey

SOURCE = Path(__file__).parents[2]
KINDS = {kind.code: kind for kind in NoteKind}


def plan_notes(flight: Flight) -> Notes:
    return draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world).notes


def survey_notes(flight: Flight) -> Notes:
    assert flight.settings.git is not None
    return survey(flight.settings.git, flight.world).notes


def _told(flight: Flight, running: str) -> Flight:
    (flight.folder / "running").write_text(running)
    return flight


def _damaged_history(flight: Flight) -> Notes:
    with (flight.folder / "deployments.jsonl").open("a") as history:
        history.write("{}\n")
    return survey_notes(flight)


def _with_migration(flight: Flight) -> Notes:
    work = flight.ground.remote.parent / "work"
    (work / "migrations").mkdir()
    (work / "migrations" / "0002_x.py").write_text("x = 1\n")
    git(work, "add", ".")
    sha = commit(work, "Release 4", 1794000000)
    git(work, "push", "-q", "origin", "main")
    git(flight.ground.clone, "fetch", "-q")
    return plan_notes(_told(flight, sha))


def _dirty(flight: Flight) -> Notes:
    dirty_the_clone(flight.ground)
    return plan_notes(flight)


def _without_logs(flight: Flight) -> Notes:
    system = dataclasses.replace(flight.settings.system, logs=())
    assert flight.settings.git is not None
    table = dataclasses.replace(flight.settings.git, deployments="")
    return plan_notes(
        dataclasses.replace(flight, settings=dataclasses.replace(flight.settings, system=system, git=table))
    )


GIT: dict[NoteKind, Callable[[Flight], Notes]] = {
    NoteKind.FILES_DIFFER: plan_notes,
    NoteKind.BRANCH_STAYS: plan_notes,
    NoteKind.MIGRATIONS_DIFFER: _with_migration,
    NoteKind.DIFFERENCE_UNKNOWN: lambda flight: plan_notes(_told(flight, "cd" * 20)),
    NoteKind.NO_UNDO: lambda flight: plan_notes(_told(flight, "maintenance")),
    NoteKind.CLONE_DIRTY: _dirty,
    NoteKind.NO_LOGS_CONFIGURED: _without_logs,
    NoteKind.RUNNING_UNKNOWN: lambda flight: survey_notes(_told(flight, "maintenance")),
    NoteKind.RUNNING_NOT_IN_CLONE: lambda flight: survey_notes(_told(flight, "cd" * 20)),
    NoteKind.HISTORY_UNUSED: _damaged_history,
}


def check(kind: NoteKind, notes: Notes) -> None:
    """The kind is among them, and every one is of a known kind with its level and one line of text."""
    assert kind.code in [note.code for note in notes], notes
    for note in notes:
        assert note.level is KINDS[note.code].level
        assert note.text.strip()
        assert "\n" not in note.text


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


@pytest.mark.parametrize("kind", GIT, ids=lambda kind: kind.code)
def test_git_draws_it(kind: NoteKind, flight: Flight) -> None:
    """R05: what the operator must know has a code a script can test; each comes from a real repository."""
    check(kind, GIT[kind](flight))


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.code)
def test_compose_draws_it(kind: NoteKind) -> None:
    """R05: each note of the Compose option comes from a plan that was really drawn."""
    check(kind, CASES[kind]())


@pytest.mark.parametrize("kind", database_notes.CASES, ids=lambda kind: kind.code)
def test_database_draws_it(
    kind: NoteKind, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R05: each note of the database option comes from a plan over a real server."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    check(kind, database_notes.CASES[kind](make_database_ground(postgres, tmp_path)))


@pytest.mark.parametrize("kind", coolify_flight.NOTES, ids=lambda kind: kind.code)
def test_coolify_draws_it(kind: NoteKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R05: each note of the Coolify option comes from a plan that was drawn over HTTP."""
    check(kind, coolify_flight.notes_of(tmp_path / "shop", monkeypatch, image=coolify_flight.NOTES[kind]))


def test_no_code_is_dead_and_each_is_told() -> None:
    """R05: a code that nothing draws would be a promise that nobody keeps; each has its sentence and its own word."""
    assert {
        *GIT,
        *CASES,
        *SCHEMA,
        *HISTORY,
        *database_notes.CASES,
        *database_notes.IN_COMPOSE,
        *coolify_flight.NOTES,
    } == set(NoteKind)
    assert len(KINDS) == len(NoteKind), "no two kinds share a code"
    for kind in NoteKind:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
        assert re.fullmatch(r"[A-Z].+\.", kind.meaning), kind
    assert len({kind.meaning for kind in NoteKind}) == len(NoteKind)


def test_notes_are_made_by_their_kinds_alone() -> None:
    """R05: no drawer can make up a code: outside of the model's one file, nobody makes a note but a kind of notes."""
    made = {path.relative_to(SOURCE).as_posix() for top in ("actions", "app", "widgets") for path in _making(top)}
    assert made == {"actions/model/note_kinds.py"}


def _making(top: str) -> list[Path]:
    def makes(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note"

    return [path for path in (SOURCE / top).rglob("*.py") if any(map(makes, ast.walk(ast.parse(path.read_text()))))]


def test_a_plain_way_back_over_git_warns_of_nothing(flight: Flight) -> None:
    """A warning on every plan would soon be read by nobody: where all is well, there is none."""
    assert [note.code for note in plan_notes(flight)] == ["files-differ", "branch-stays"]
    assert {note.level for note in plan_notes(flight)} == {Level.INFO}


def test_a_plain_way_back_over_compose_warns_of_nothing() -> None:
    """The same over Compose."""
    assert {note.level for note in CASES[NoteKind.GOES_BACK]()} == {Level.INFO}


def test_the_planner_passes_notes_on_as_they_are(flight: Flight) -> None:
    """R05: what could not be learnt of the releases reaches whoever asks, with its code."""
    found, notes = releases(flight.settings, "git", _told(flight, "maintenance").world)
    assert found
    assert [note.code for note in notes] == ["running-unknown"]
