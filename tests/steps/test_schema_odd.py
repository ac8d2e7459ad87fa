"""Projects of other shapes than the tutorials': what is asked of them is understood, and nothing is made up."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from django_odd import MANAGE_ODD, lay_out_odd
from performing import Told, local_world
from postgres_server import PostgresServer

from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema, RunMigrate
from actions.model.migrations import GoBack, Migration, Verdict
from actions.model.schema_state import Diagnosis
from actions.steps.perform_schema import run_migrate
from actions.steps.schema_reading import Answered, ask_schema, backwards_sql, diagnosis, recorded
from actions.steps.schema_shapes import compare

pytestmark = [pytest.mark.timeout(180), pytest.mark.postgres]


@dataclass
class Odd:
    """The project over its two databases."""

    folder: Path
    server: PostgresServer
    one: str
    two: str

    def code(self, folder: Path, alias: str = "default") -> DjangoCode:
        env = {"ODD": self.one, "ODD_OTHER": self.two, "ODD_HOST": str(self.server.folder)}
        return DjangoCode("local", folder.name, MANAGE_ODD, str(folder), alias, env)

    def manage(self, folder: Path, *words: str) -> None:
        env = {**os.environ, **self.code(folder).env, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run((*MANAGE_ODD, *words), cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-2000:]

    def ask(self, target: Path, running: Path, alias: str = "default") -> Answered:
        name = self.one if alias == "default" else self.two
        asked = AskSchema(self.server.client(), name, self.code(target, alias), self.code(running, alias))
        return ask_schema(local_world(self.folder), asked)


@pytest.fixture
def odd(tmp_path: Path, postgres: PostgresServer) -> Odd:
    return Odd(tmp_path, postgres, postgres.new_database(), postgres.new_database())


def m(text: str) -> Migration:
    return Migration(*text.split("."))


def test_everything_of_an_odd_project_is_understood(odd: Odd) -> None:
    """Own user, labels, migrations elsewhere, squashed, two databases: SAFE for itself, sound, and reversible."""
    old, new = lay_out_odd(odd.folder / "old", "0002_note.py", "0003_parts.py", "0003_shelf.py"), odd.folder / "new"
    lay_out_odd(new)
    world, client = local_world(odd.folder), odd.server.client()
    odd.manage(new, "migrate", "-v", "0")
    odd.manage(new, "migrate", "-v", "0", "--database=other")
    for alias, name in (("default", odd.one), ("other", odd.two)):
        assert odd.ask(new, new, alias).verdict.verdict is Verdict.SAFE
        assert diagnosis(world, client, name, odd.code(new, alias)) == Diagnosis(), alias
    answered = odd.ask(old, new)
    found = answered.verdict
    assert found.verdict is Verdict.REVERSE_FIRST, found
    assert set(found.unknown) == {m("stock.0003_shelf"), m("pay.0002_note"), m("pay.0003_parts")}
    assert {GoBack(row.app, row.to, ()) for row in found.back} == {
        GoBack("stock", "0001_squashed_0002_price", ()),
        GoBack("pay", "0001_initial", ()),
    }
    assert "column pay_bill.note" not in map(str, found.drops), "its reversal is a noop: nothing is dropped"
    assert any("pay.0002_note" in text for text in found.noops)
    sql = backwards_sql(world, odd.code(new), [m("stock.0003_shelf")])
    assert 'DROP COLUMN "shelf"' in sql[m("stock.0003_shelf")]
    for row in found.back:
        effect = RunMigrate(client, odd.one, odd.code(new), row.app, row.to, row.takes, name="x")
        ended = run_migrate(effect, world, Told())
        assert ended.ok, ended
    assert odd.ask(old, new).verdict.verdict is Verdict.SAFE


def test_squashed_migrations_that_are_recorded_by_their_parts(odd: Odd) -> None:
    """Older releases recorded the parts; where only some of them are, Django goes by the parts, and so do we."""
    first = lay_out_odd(odd.folder / "first", "0002_price.py", "squashed_0002_price.py", "0003_shelf.py")
    parts = lay_out_odd(odd.folder / "parts", "squashed_0002_price.py", "0003_shelf.py")
    whole = lay_out_odd(odd.folder / "whole")
    odd.manage(first, "migrate", "-v", "0")
    assert odd.ask(whole, whole).verdict.verdict is Verdict.SAFE
    assert diagnosis(local_world(odd.folder), odd.server.client(), odd.one, odd.code(whole)) == Diagnosis()
    odd.manage(parts, "migrate", "-v", "0")
    back = odd.ask(first, parts).verdict
    assert [GoBack(row.app, row.to, ()) for row in back.back] == [GoBack("stock", "0001_initial", ())]
    squashed = odd.ask(first, whole).verdict
    assert squashed.verdict is Verdict.IRREVERSIBLE, "Django takes a squashed one back as a whole"
    assert "0001_squashed_0002_price" in squashed.why or "squash" in squashed.why, squashed.why
    odd.manage(whole, "migrate", "-v", "0")
    safe = odd.ask(parts, whole).verdict
    assert {str(one) for one in safe.unknown} >= {"stock.0003_shelf"}
    assert odd.ask(whole, whole).verdict.verdict is Verdict.SAFE


def test_tables_of_an_odd_project_are_compared(odd: Odd) -> None:
    """Checks, conditions, JSON, keys to an own user model, a second database: as Django made them they are proven."""
    new = lay_out_odd(odd.folder / "new")
    world, client = local_world(odd.folder), odd.server.client()
    odd.manage(new, "migrate", "-v", "0")
    odd.manage(new, "migrate", "-v", "0", "--database=other")
    rows = [row.migration for row in recorded(world, client, odd.one) or ()]

    def proven(one: str, alias: str = "default") -> str:
        name = odd.one if alias == "default" else odd.two
        found = compare(world, client, name, odd.code(new, alias), rows, (m(one),), forward=True)
        return "" if found.proven else found.words()

    rows.remove(m("pay.0003_parts"))
    assert proven("pay.0003_parts") == ""
    odd.server.sql("ALTER TABLE pay_bill DROP CONSTRAINT small", odd.one)
    assert "CHECK ((sum < 1000))" in proven("pay.0003_parts")
    rows.remove(m("stock.0003_shelf"))
    assert proven("stock.0003_shelf") == ""
    assert "change no table" in proven("audit.0001_initial")
    rows[:] = [row for row in rows if row.app != "audit"]
    assert proven("audit.0001_initial", "other") == ""
    assert proven("members.0001_initial") != "", "others stand on it and are recorded"
