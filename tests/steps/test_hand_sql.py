"""SQL written by hand: read before, shown in full, named by its hash, all of it or nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django_ground import environment, lay_out, migrated
from git_flight import make_flight
from git_ground import commit, git, make_ground
from performing import Told, local_world
from postgres_server import PostgresServer

from actions.engine.planner import draw
from actions.model.effect import shown
from actions.model.errors import BadInput, Refused
from actions.model.hand_sql import problem
from actions.model.loss import LossReport
from actions.model.release import Release
from actions.model.second_person import wants_second
from actions.model.side_note import SideNote, note_json
from actions.model.step import Outcome, Risk
from actions.model.system_database import DatabaseTable, DjangoTable
from actions.steps.hand_sql import draw_hand_sql, draw_try

pytestmark = [pytest.mark.timeout(180)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DELETE FROM t;", ""),
        ("-- COMMIT;\nUPDATE t SET x = 'COMMIT; \\ ''BEGIN''';", ""),
        ("DO $$ BEGIN DELETE FROM t; END $$;", ""),
        ("DO $f$ BEGIN PERFORM '\\'; END $f$;", ""),
        ('UPDATE t SET "commit;" = 1', ""),
        ("COMMIT;", "COMMIT has no place"),
        ("UPDATE t SET x = 1; commit ; DROP TABLE t", "commit has no place"),
        ("/* x */ BEGIN; DELETE FROM t", "BEGIN has no place"),
        ("drop\n database app", "drop database has no place"),
        ("CREATE INDEX CONCURRENTLY i ON t (x)", "has no place"),
        ("COPY t FROM PROGRAM 'x'", "has no place"),
        ("VACUUM t", "VACUUM has no place"),
        ("\\! rm -rf /", "a command to psql"),
        ("SELECT 1 \\gexec", "a command to psql"),
        (" ; -- nothing\n", "no statement"),
        ("SELECT '\0'", "NUL"),
        ("SELECT 1 AS a$x$; COMMIT; SELECT 2 AS b$x$", "line 1: COMMIT has no place"),
        ("SELECT date'\\'; COMMIT; --'", "COMMIT has no place"),
        ("/* /* */ ' */\nCOMMIT; --'", "line 2: COMMIT has no place"),
        ("/* one /* two */ DELETE FROM t", "line 1: a comment does not end"),
        (
            "UPDATE t SET x = '\n\n';\n\n  -- no\nVACUUM t;\nCOPY t FROM STDIN;\n\\q",
            "line 6: VACUUM has no place in a transaction"
            " of ours; line 7: COPY t … STDIN has no place in a transaction of ours; line 8: it holds a command",
        ),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (x)", "line 1: CREATE UNIQUE … CONCURRENTLY has no place"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", ""),
        ("REINDEX TABLE t", ""),
        ("REINDEX (VERBOSE) DATABASE d", "has no place"),
    ],
)
def test_what_may_be_run_in_one_transaction(text: str, words: str) -> None:
    """A statement that ended our transaction would leave half of the file done: refused before anything runs."""
    assert (words in problem(text)) if words else problem(text) == ""


@pytest.mark.postgres
def test_all_of_it_or_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    """The second statement fails: the first is not there either. Corrected, the file is drawn anew, and runs."""
    name = postgres.new_database(text="CREATE TABLE t (x int)")
    file, world = tmp_path / "back.sql", local_world(tmp_path)
    file.write_text("INSERT INTO t VALUES (1);\nINSERT INTO t VALUES ('no number');\n")
    step = draw_hand_sql(world, postgres.client(), name, str(file))
    result = step.run(world, Told())
    assert result.outcome is Outcome.FAILED
    assert postgres.sql("SELECT count(*) FROM t", name) == "0"
    file.write_text("INSERT INTO t VALUES (1) -- and no semicolon")
    assert "has changed" in step.moved(world)
    again = draw_hand_sql(world, postgres.client(), name, str(file))
    assert again.moved(world) == ""
    result = again.run(world, Told())
    assert result.outcome is Outcome.DONE
    assert result.facts["sha256"] == again.sha256
    assert postgres.sql("SELECT count(*) FROM t", name) == "1"
    file.unlink()
    assert "is gone" in again.moved(world)
    with pytest.raises(BadInput):
        draw_hand_sql(world, postgres.client(), name, str(file))


@pytest.mark.postgres
def test_it_can_be_tried_and_leaves_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    """Each statement says what it would do; everything is as before, also where one of them fails."""
    name = postgres.new_database(text="CREATE TABLE t (x int); INSERT INTO t SELECT generate_series(1, 7)")
    file, world = tmp_path / "back.sql", local_world(tmp_path)
    file.write_text("UPDATE t SET x = x + 1 WHERE x > 4;\nDROP TABLE t;\n")
    step = draw_try(world, draw_hand_sql(world, postgres.client(), name, str(file)))
    assert (step.database, step.beside) == (name, False)
    told = Told()
    assert step.run(world, told).outcome is Outcome.DONE
    assert "UPDATE 3" in told.lines
    assert "ROLLBACK" in told.lines
    assert postgres.sql("SELECT sum(x) FROM t", name) == "28"
    file.write_text("DELETE FROM t;\nDROP TABLE nowhere;\n")
    step = draw_try(world, draw_hand_sql(world, postgres.client(), name, str(file)))
    result = step.run(world, Told())
    assert result.outcome is Outcome.FAILED
    assert 'table "nowhere" does not exist' in result.summary
    assert postgres.sql("SELECT count(*) FROM t", name) == "7"


@pytest.mark.postgres
def test_it_is_tried_beside_the_live_one_where_that_has_recorded_the_same(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """A restored database of older migrations is no place to try what takes newer ones back."""
    made = "CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz)"
    name, world = postgres.new_database(text=made), local_world(tmp_path)
    beside = postgres.new_database(f"{name}_rb_20261122", text=made)
    note = SideNote("INC-1", state="restored", verified="now", loss=LossReport("now"))
    postgres.sql(f"COMMENT ON DATABASE {beside} IS '{note_json(note)}'")
    file = tmp_path / "back.sql"
    file.write_text("DELETE FROM django_migrations")
    step = draw_hand_sql(world, postgres.client(), name, str(file))
    assert draw_try(world, step).database == beside
    assert "beside the live one" in draw_try(world, step).title()
    postgres.sql("INSERT INTO django_migrations VALUES (1, 'a', '0001', now())", name)
    assert draw_try(world, step).database == name


@pytest.mark.postgres
def test_irreversible_migrations_go_back_by_hand(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IRREVERSIBLE is refused with the ways that are left; with a file there is a plan, proven by the verdict."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    shop = migrated(tmp_path, postgres, "1", "one-way")
    ground = make_ground(tmp_path)
    work = ground.remote.parent / "work"
    lay_out(work / "site", "2")
    git(work, "add", ".")
    sha = commit(work, "Release 4", 1794400000)
    git(work, "push", "-q", "origin", "main")
    git(ground.clone, "fetch", "-q")
    flight = make_flight(ground, tmp_path / "system", directory=str(shop.folder))
    (tmp_path / "kept").mkdir()
    database = DatabaseTable(
        name=shop.database, reach="host", role="ops", bin=str(postgres.programs), keep=str(tmp_path / "kept")
    )
    django = DjangoTable(manage=(sys.executable, "manage.py"), env=environment(postgres, shop.database))
    settings = replace(flight.settings, database=database, django=django)
    target = Release("v4", sha)
    with pytest.raises(Refused) as caught:
        draw(settings, "migration", target, flight.world, "INC-4")
    assert caught.value.code == "schema-irreversible"
    file = tmp_path / "back.sql"
    file.write_text(
        "UPDATE shop_order SET number = number || '-?';\nDELETE FROM django_migrations WHERE name = '0004_one_way';\n"
    )
    by_hand = replace(settings, django=replace(django, reverse_sql=str(file)))
    plan = draw(by_hand, "migration", target, flight.world, "INC-4")
    row = plan.step("X1")
    assert row is not None
    assert row.risk is Risk.IRREVERSIBLE
    assert "second person" in row.title
    assert any("UPDATE shop_order" in line for line in shown(row.effects))
    tried = plan.step("B3")
    assert tried is not None
    assert tried.optional
    assert wants_second(plan).startswith("X1: ")
    for code in ("B1", "B2", "B3", "X1", "X2"):
        step = flight.step(plan, code)
        assert step.moved(flight.world) == ""
        result = step.run(flight.world, Told())
        assert result.outcome is Outcome.DONE, (code, result)
