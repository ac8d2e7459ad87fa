"""The swap in a real Compose project: who is connected is stopped and started again, and nothing ever migrates."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import Recorder, Stack, removed_afterwards
from database_stack import await_server, sql
from planned_steps import step_of
from waiting import until

from actions.engine.planner import draw, releases
from actions.model.plan import Plan
from actions.model.step import Happened, Outcome
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable, DjangoTable, QueueTable

pytestmark = [pytest.mark.docker, pytest.mark.postgres]

INCIDENT = "INC-20261122-k7qf"
CLIENT = '["sh", "-c", "while true; do (echo; sleep 600) | psql -h db -U obcms -d obcms_prod -q; sleep 0.2; done"]'
FILE = """\
x-app: &app
  image: {image}
  stop_signal: SIGKILL
  environment: {{PGPASSWORD: hidden-canary, PGAPPNAME: app}}
services:
  db:
    image: {image}
    stop_signal: SIGINT
    environment: {{POSTGRES_USER: obcms, POSTGRES_DB: obcms_prod, POSTGRES_PASSWORD: hidden-canary}}
  web:
    <<: *app
    depends_on: {{db: {{condition: service_started}}}}
    entrypoint: {client}
  celery:
    <<: *app
    entrypoint: ["sleep", "1000"]
  reports:
    image: {image}
    stop_signal: SIGKILL
    environment: {{PGPASSWORD: hidden-canary, PGAPPNAME: reports}}
    entrypoint: {client}
  cache:
    image: {image}
    stop_signal: SIGKILL
    entrypoint: ["sleep", "1000"]
  migrate:
    <<: *app
    restart: "no"
    depends_on: {{db: {{condition: service_started}}}}
    entrypoint: ["psql", "-h", "db", "-U", "obcms", "-d", "obcms_prod", "-c", "INSERT INTO migrated VALUES (1)"]
"""
TABLES = """
CREATE TABLE migrated (n integer);
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text, applied timestamptz);
INSERT INTO django_migrations (app, name) VALUES ('common', '0001_initial');
CREATE TABLE item (id serial PRIMARY KEY, text text);
INSERT INTO item (text) SELECT md5(i::text) FROM generate_series(1, 500) AS i;
"""


@pytest.fixture
def stack(engine_name: str, database_image: str, tmp_path: Path) -> Iterator[Stack]:
    """A project whose application is connected, and whose migration has run once."""
    one = Stack(engine_name, tmp_path / "app", "v2")
    one.folder.mkdir()
    one.write(FILE.format(image=database_image, client=CLIENT))
    with removed_afterwards(one.name):
        one.compose("up", "-d", "db")
        await_server(one)
        sql(one, TABLES)
        one.compose("up", "-d", "--scale", "celery=2")
        until(lambda: sql(one, "SELECT count(*) FROM migrated") == "1", "the migration")
        until(lambda: sessions(one) == 2, "the sessions")
        yield one


def sessions(stack: Stack) -> int:
    return int(
        sql(stack, "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('app', 'reports')", "postgres")
    )


def up(stack: Stack) -> list[str]:
    return sorted(stack.compose("ps", "--services", "--filter", "status=running").split())


def settings_of(stack: Stack, folder: Path) -> Settings:
    table = DatabaseTable(name="obcms_prod", reach="compose:db", role="obcms", backups=f"{folder}/*", jobs=2)
    django = DjangoTable(service="nowhere", jobs=("migrate",))  # there is no code here that could be asked
    return replace(stack.settings(services=("celery", "web")), database=table, django=django)


def drawn(settings: Settings, stack: Stack) -> Plan:
    found, _ = releases(settings, "database", stack.world())
    backup = next(one for one in found if one.source == "backup")
    return draw(settings, "database", backup, stack.world(), INCIDENT)


def run(stack: Stack, plan: Plan, *codes: str) -> None:
    # That it cannot be asked which code fits is a gate: it is overridden here.
    for code in codes or [one.code for one in plan.steps if one.step != "database.fits"]:
        report = Recorder()
        step = step_of(plan, code)
        assert step.moved(stack.world()) == ""
        result = step.run(stack.world(), report)
        assert result.outcome is Outcome.DONE, (code, result.summary, report.lines[-5:])


@pytest.mark.parametrize("form", ["-Fc", "-Fp"])
def test_there_and_back(stack: Stack, tmp_path: Path, form: str) -> None:
    """Z10, Z11, R8, R9: sessions decide who is stopped; the same are started, the migration never runs again."""
    folder = tmp_path / "backups"
    folder.mkdir()
    argv = ("docker", "exec", stack.container("db"), "pg_dump", "-U", "obcms", form, "obcms_prod")
    dump = subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout
    path = folder / "nightly.dump"
    path.write_bytes(dump)
    import os

    os.utime(path, (time.time() - 3600, time.time() - 3600))
    sql(stack, "INSERT INTO item (text) VALUES ('late'); DELETE FROM item WHERE id = 3")
    settings = settings_of(stack, folder)
    before = up(stack)
    run(stack, drawn(settings, stack))
    assert up(stack) == before, "nothing that runs was touched"
    left = subprocess.run(
        ("docker", "exec", stack.container("db"), "ls", "/tmp"), capture_output=True, timeout=110, check=True
    )
    assert b"goaround" not in left.stdout
    plan = drawn(settings, stack)
    assert plan.facts["loss"].startswith("1 row in 1 table")
    assert "reports" in step_of(plan, "Y1").title()
    assert "cache" not in step_of(plan, "Y1").title()
    assert plan.facts["code fit"] == "UNKNOWN"
    assert any(note.code == "code-unknown" and "no service nowhere" in note.text for note in plan.notes)
    gate = step_of(plan, "B4").run(stack.world(), Recorder())
    assert gate.outcome is Outcome.FAILED, "what cannot be asked is not guessed"
    assert any(note.code == "jobs-held" and "migrate" in note.text for note in plan.notes)
    run(stack, plan, "Y1")
    assert up(stack) == ["cache", "db"]
    assert sessions(stack) == 0
    again = drawn(settings, stack)  # as after rows that came late: what was stopped is remembered
    run(stack, again)
    assert up(stack) == before
    assert len(stack.compose("ps", "-q", "celery").split()) == 2
    assert sql(stack, "SELECT count(*), bool_or(text = 'late') FROM item") == "500|f"
    assert sql(stack, "SELECT count(*) FROM migrated") == "1"
    until(lambda: sessions(stack) == 2, "the sessions")
    undone = step_of(again, "Y3").undo(stack.world(), Recorder())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert sql(stack, "SELECT count(*), bool_or(text = 'late') FROM item") == "500|t"
    assert sql(stack, "SELECT count(*) FROM migrated") == "1"


def test_stopping_is_undone_by_starting_exactly_these(stack: Stack, tmp_path: Path) -> None:
    """Undo starts what was stopped, in its number, and neither the migration nor anything else."""
    folder = tmp_path / "backups"
    folder.mkdir()
    argv = ("docker", "exec", stack.container("db"), "pg_dump", "-U", "obcms", "-Fc", "obcms_prod")
    (folder / "nightly.dump").write_bytes(subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout)
    settings = settings_of(stack, folder)
    stack.compose("stop", "cache")
    run(stack, drawn(settings, stack))
    unknown = next(note.text for note in drawn(settings, stack).notes if note.code == "queue-depth")
    assert "which application celery works for is not known" in unknown, "Z43: no number is guessed"
    (stack.folder / "depth").write_text("7\n")
    settings = replace(settings, queue=QueueTable(command=("cat", "depth")))
    plan = drawn(settings, stack)
    told = next(note.text for note in plan.notes if note.code == "queue-depth")
    assert "7 tasks wait in the queue: not drained" in told
    stop = step_of(plan, "Y1")
    assert stop.check(stack.world()).happened is Happened.NO
    report = Recorder()
    (stack.folder / "depth").write_text("0\n")
    done = stop.run(stack.world(), report)
    assert (done.facts["queue before"], done.facts["queue after"]) == ("0", "0")
    assert "after the writers are stopped: no task waits in the queue: drained" in report.lines
    assert stop.check(stack.world()).happened is Happened.YES
    assert stop.undo(stack.world(), Recorder()).outcome is Outcome.DONE
    assert stop.check_undone(stack.world()).happened is Happened.YES
    assert up(stack) == ["celery", "db", "reports", "web"]
    assert len(stack.compose("ps", "-q", "celery").split()) == 2
    assert sql(stack, "SELECT count(*) FROM migrated") == "1"
