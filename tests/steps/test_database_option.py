"""The database option on a real server: prepared beside, counted, swapped, proven, and swapped back."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from database_ground import INCIDENT, LIVE, LOST, WRITTEN_SINCE, Ground, make_ground, told
from performing import Told
from planned_steps import step_of
from postgres_server import OWNER, PostgresServer

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.errors import GoaroundError, Refused
from actions.model.events import EvidenceKept
from actions.model.plan import Plan
from actions.model.release import Release, WayBack
from actions.model.step import Outcome, Risk, StepResult
from actions.steps import database_preflight
from actions.steps.propose import propose

NEAR = "2026-11-22T02:00:00.000000Z"


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))  # as on a host whose server listens elsewhere
    return make_ground(postgres, tmp_path)


def backup_release(ground: Ground) -> Release:
    found, _ = releases(ground.settings, "database", ground.world)
    return next(one for one in found if one.source == "backup")


def drawn(ground: Ground) -> Plan:
    return draw(ground.settings, "database", backup_release(ground), ground.world, INCIDENT)


def run(ground: Ground, plan: Plan, *codes: str) -> dict[str, tuple[StepResult, Told]]:
    """The steps of a plan in their order, each as the worker does it; all must succeed."""
    out = {}
    for code in codes or [one.code for one in plan.steps]:
        step, report = step_of(plan, code), told()
        assert step.moved(ground.world) == "", code
        result = step.run(ground.world, report)
        assert result.outcome is Outcome.DONE, (code, result.summary, report.lines[-5:])
        out[code] = result, report
    return out


def prepared(ground: Ground, form: Format = Format.SQL_GZIP) -> Plan:
    """A backup, written since, restored beside and counted; the plan of the swap."""
    ground.dump(form)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    run(ground, drawn(ground))
    plan = drawn(ground)
    assert plan.facts["stage"] == "swap"
    return plan


def rows(ground: Ground, database: str, table: str) -> list[Any]:
    with psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=database) as session:
        quoted = table.replace('"', '""')
        return session.execute(f'SELECT * FROM "{quoted}"').fetchall()


def keyed(found: list[Any], key: int) -> dict[Any, Any]:
    return {row[:key]: row for row in found}


@pytest.mark.parametrize("form", [Format.SQL_GZIP, Format.CUSTOM, Format.DIRECTORY], ids=lambda form: form.value)
def test_there_and_back(ground: Ground, form: Format) -> None:
    """Restored beside, verified, counted, swapped, proven; undo brings every byte of the former state back."""
    was = ground.held(LIVE)
    plan = prepared(ground, form)
    now = ground.held(LIVE)
    side = plan.drawn["side"]
    assert ground.held(side) == was
    assert [one.code for one in plan.steps if one.risk is Risk.IRREVERSIBLE] == ["Y3"]
    results = run(ground, plan)
    assert ground.held(LIVE) == was
    kept = plan.drawn["kept"]
    swapped = results["Y3"][0]
    assert swapped.facts["debt"].startswith(f"the former database is kept as {kept} (")
    assert swapped.facts["due"] > plan.drawn["time"]
    proof = results["Y6"][0]
    assert proof.facts["running"] == plan.target.identity
    swap = step_of(plan, "Y3")
    undone = swap.undo(ground.world, told())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert ground.held(LIVE) == now
    assert side in undone.facts["debt"]
    assert ground.server.databases() == (LIVE, side)


def test_the_loss_is_what_an_independent_diff_finds(ground: Ground) -> None:
    """S03: rows that are there now and not in the backup, by table; the lost rows themselves are kept as data."""
    ground.dump(Format.CUSTOM)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    plan = drawn(ground)
    results = run(ground, plan)
    side = plan.drawn["side"]
    note = json.loads(
        ground.server.sql(f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{side}'")
    )
    reported = {name: (one["lost"], one["changed"], one["back"]) for name, one in note["loss"]["tables"].items()}
    expected = {}
    for table, key in (("auth_user", 1), ("household", 1), ("visit", 2), ('It\'s "odd" one', 1), ("heap", 0)):
        live, old = rows(ground, LIVE, table), rows(ground, side, table)
        if not key:  # rows without a key: as often as they stand there
            new = [row for row in set(live) for _ in range(max(0, live.count(row) - old.count(row)))]
            expected[table] = (len(new), 0, 0)
            continue
        ours, theirs = keyed(live, key), keyed(old, key)
        both = ours.keys() & theirs.keys()
        changed = sum(ours[one] != theirs[one] for one in both)
        expected[table] = (len(ours.keys() - theirs.keys()), changed, len(theirs.keys() - ours.keys()))
    expected["brand_new"] = (6, 0, 0)
    assert expected == LOST, "the test's own numbers"
    assert reported == {f"public.{table}": numbers for table, numbers in expected.items()}
    result, report = results["X3"]
    assert result.facts["loss rows"] == "27"
    assert "27 rows in 5 tables" in result.summary
    assert "4 rows changed" in result.summary
    kept = {body.name: body for body in report.of(EvidenceKept)}
    assert len(kept) == 7  # five tables that lose rows, two in which rows were changed
    assert all(body.private for body in kept.values())
    folder = Path(str(ground.folder.parent)) / "evidence"
    text = gzip.decompress((folder / kept[f"lost-{side}-public.visit.csv"].path).read_bytes()).decode()
    assert text == 'village,number,note\n1,1000,late\n2,1000,"tab\there, ""quoted"""\n'
    text = gzip.decompress((folder / kept[f"lost-{side}-public.heap.csv"].path).read_bytes()).decode()
    assert text.startswith("word,amount\n")
    assert "new,9" in text


def test_the_loss_stands_in_the_plan_of_the_swap(ground: Ground) -> None:
    """Approvals are over this number: it is in the facts, the notes and the row, and so in the plan's hash."""
    plan = prepared(ground)
    assert plan.facts["loss rows"] == "27"
    lost = [note.text for note in plan.notes if note.code == "data-lost"]
    assert lost[0].startswith("lost: 27 rows in 5 tables")
    assert any(text.startswith("lost in public.auth_user: 12 rows lost, 3 rows changed") for text in lost)
    swap = plan.step("Y3")
    assert swap is not None
    assert "27 rows in 5 tables" in swap.title


def test_rows_written_after_the_plan_stop_the_swap(ground: Ground) -> None:
    """F68: neither the second count nor the swap goes on over more rows than were approved; drawn again, they do."""
    plan = prepared(ground)
    ground.server.sql("INSERT INTO auth_user (username) VALUES ('late 1'), ('late 2')", LIVE)
    run(ground, plan, "Y1")
    result = step_of(plan, "Y2").run(ground.world, told())
    assert result.outcome is Outcome.FAILED
    assert "2 rows more than the plan says" in result.summary
    assert "2 rows more" in step_of(plan, "Y3").moved(ground.world)
    again = drawn(ground)
    assert again.facts["loss rows"] == "29"
    assert "4 rows changed" in again.facts["loss"], "what the whole count found is not forgotten by a quick one"
    assert again.digest != plan.digest
    run(ground, again)


def test_a_swapped_database_is_never_dropped_by_the_undo_of_its_restore(ground: Ground) -> None:
    """Once it was live, people may have written into it: it stays, whatever is undone."""
    ground.dump(Format.CUSTOM)
    first = drawn(ground)
    run(ground, first)
    plan = drawn(ground)
    run(ground, plan)
    ground.server.sql("INSERT INTO auth_user (username) VALUES ('written after the swap')", LIVE)
    restore = step_of(first, "X1")
    step_of(plan, "Y3").undo(ground.world, told())
    result = restore.undo(ground.world, told())
    assert result.outcome is not Outcome.DONE
    assert "was live" in result.summary
    assert plan.drawn["side"] in ground.server.databases()
    third = drawn(ground)
    assert third.facts["stage"] == "prepare", "what was live is not swapped in again as if it were the backup"
    assert any(note.code == "side-left" for note in third.notes)


def test_a_server_that_fell_in_the_middle_is_opened_by_undo(ground: Ground) -> None:
    """The live name is closed and nothing was renamed: undo lets people in, a new run goes on."""
    plan = prepared(ground)
    swap = step_of(plan, "Y3")
    ground.server.sql(f"ALTER DATABASE {LIVE} ALLOW_CONNECTIONS false")
    assert "lets nobody in" in swap.check(ground.world).detail
    undone = swap.undo(ground.world, told())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert ground.server.sql("SELECT count(*) FROM auth_user", LIVE) == "512"
    ground.server.sql(f"ALTER DATABASE {LIVE} ALLOW_CONNECTIONS false")
    assert swap.moved(ground.world) == ""
    assert swap.run(ground.world, told()).outcome is Outcome.DONE
    assert ground.server.sql("SELECT count(*) FROM auth_user", LIVE) == "500"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("DELETE FROM auth_user WHERE id = 400", "table public.auth_user: 500 rows expected, 499 rows found"),
        ("SELECT setval('auth_user_id_seq', 3)", "sequence public.auth_user_id_seq"),
        ("DELETE FROM django_migrations", "migrations"),
        ("DROP TABLE heap", "public.heap"),
    ],
)
def test_a_restore_that_is_not_the_backup_is_not_verified(ground: Ground, spoil: str, words: str) -> None:
    """F69: rows, sequences and migrations are compared, not one count of one table; the swap is not offered."""
    ground.dump(Format.SQL_GZIP)
    plan = drawn(ground)
    run(ground, plan, "X1")
    ground.server.sql(spoil, plan.drawn["side"])
    result = step_of(plan, "X2").run(ground.world, told())
    assert result.outcome is Outcome.FAILED
    assert words in result.summary
    assert step_of(plan, "X3").moved(ground.world)
    assert drawn(ground).facts["stage"] == "prepare"


def test_backups_are_listed_with_the_live_database_among_them(ground: Ground) -> None:
    """Newest first, with their age against the deployment; the newest from before it is proposed."""
    old, newer = ground.dump(Format.SQL_GZIP), ground.dump(Format.CUSTOM)
    import os

    os.utime(old, (1_795_312_800 - 7200, 1_795_312_800 - 7200))
    os.utime(newer, (1_795_312_800 + 600, 1_795_312_800 + 600))
    (ground.folder / "broken.sql.gz").write_bytes(b"")
    deployed = Release("v5", commit="a" * 40, live_since="2026-11-22T02:00:00.000000Z", ended="ok")
    world = replace(ground.world, known_releases=lambda: (deployed,))
    found, _ = releases(ground.settings, "database", world)
    listed = [(one.name, one.way_back) for one in found if one.name != "broken.sql.gz"]
    assert listed == [(newer.name, WayBack.READY), (LIVE, WayBack.RUNNING), (old.name, WayBack.READY)]
    assert next(one for one in found if one.name == old.name).subject.endswith("before the deployment of v5")
    assert propose(found).release == found[[one.name for one in found].index(old.name)]
    broken = next(one for one in found if one.name == "broken.sql.gz")
    assert broken.way_back is WayBack.GONE
    with pytest.raises(GoaroundError, match="no source"):
        draw(ground.settings, "database", broken, world, INCIDENT)


def test_a_role_without_rights_is_found_first(ground: Ground) -> None:
    """F64, S6: who may not make or rename a database is refused before anything is made."""
    ground.dump(Format.CUSTOM)
    ground.server.sql("CREATE ROLE app LOGIN; CREATE ROLE owner LOGIN CREATEDB")
    table = ground.settings.database
    assert table is not None
    release = backup_release(ground)
    for role, words in (("app", "CREATEDB"), ("owner", "does not own")):
        settings = replace(ground.settings, database=replace(table, admin=role, dsn=""))
        with pytest.raises(Refused) as caught:
            draw(settings, "database", release, ground.world, INCIDENT)
        assert words in caught.value.line()
        assert caught.value.code == "database-rights"


def test_a_server_without_room_is_found_first(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two databases stand side by side for a while: where there is no room for the second, nothing is begun."""
    ground.dump(Format.CUSTOM)
    monkeypatch.setattr(database_preflight, "ROOM", 1e9)
    with pytest.raises(Refused, match="no room") as caught:
        drawn(ground)
    assert caught.value.code == "database-room"
    assert ground.server.databases() == (LIVE,)


def test_what_holds_the_name_is_found_first(ground: Ground) -> None:
    """Replication slots and prepared transactions forbid that a database changes its name: said before all else."""
    ground.dump(Format.CUSTOM)
    release = backup_release(ground)
    ground.server.restart("-c wal_level=logical -c max_prepared_transactions=5")
    try:
        ground.server.sql("SELECT pg_create_logical_replication_slot('slot', 'test_decoding')", LIVE)
        ground.server.sql("BEGIN; DELETE FROM heap; PREPARE TRANSACTION 'stuck'", LIVE)
        with pytest.raises(Refused) as caught:
            draw(ground.settings, "database", release, ground.world, INCIDENT)
        assert "replication slots hang on it: slot" in caught.value.line()
        assert "prepared transactions stand open in it: stuck" in caught.value.line()
        assert caught.value.code == "database-held"
    finally:
        ground.server.sql("ROLLBACK PREPARED 'stuck'; SELECT pg_drop_replication_slot('slot')", LIVE)
        ground.server.restart()
