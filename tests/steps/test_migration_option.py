"""Migrations taken back on real images: from a plan that was read, in the new code, with what came of it read again."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import Recorder
from django_images import DjangoImages
from django_stack import DjangoStack, django_stack
from planned_steps import fly, rebuilt
from postgres_server import PostgresServer

from actions.engine.planner import draw
from actions.model.effect import shown
from actions.model.effect_schema import RunMigrate
from actions.model.errors import Refused
from actions.model.migrations import Migration, Verdict
from actions.model.step import Happened, Outcome, Risk
from actions.model.system import Settings
from actions.steps.perform_schema import read_plan, run_migrate
from actions.steps.schema_code import question

pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres]
SHOP = ("shop.0003_totals", "shop.0002_order_total", "people.0003_fill_phone", "people.0002_person_phone")


@pytest.fixture(autouse=True)
def socket_client(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> None:
    """The test's server listens on a socket alone; libpq is told where by its own variable."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))


@pytest.fixture
def shop(
    engine_name: str, tmp_path: Path, postgres: PostgresServer, django_image: DjangoImages
) -> Iterator[DjangoStack]:
    with django_stack(engine_name, tmp_path / "shop", postgres, django_image) as one:
        yield one


@pytest.fixture
def settings(shop: DjangoStack, tmp_path: Path) -> Settings:
    """With a folder in which the database is kept."""
    (tmp_path / "kept").mkdir()
    found = shop.settings(lock_timeout="2s")
    assert found.database is not None
    return replace(found, database=replace(found.database, keep=str(tmp_path / "kept")))


def columns(shop: DjangoStack) -> str:
    sql = "SELECT string_agg(table_name || '.' || column_name, ' ') FROM information_schema.columns"
    sql += " WHERE table_schema = 'public'"
    return shop.server.sql(sql, shop.database)


def until_gone(shop: DjangoStack) -> None:
    """A session ends a moment after its client, and its locks with it."""
    end = time.monotonic() + 60
    there = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    while shop.server.sql(there) != "0":
        assert time.monotonic() < end, "the session in the way stays"
        time.sleep(0.02)


def moved(text: str) -> tuple[Migration, ...]:
    return tuple(Migration(*word.split(".")) for word in text.split())


def test_taken_back_in_the_new_code_and_applied_again(shop: DjangoStack, settings: Settings) -> None:
    """Kept, taken back, proven by the verdict; what is lost is a number before; one key applies it again."""
    shop.deploy("1", "2")
    world = shop.world()
    plan = draw(settings, "migration", shop.target("1"), world, "INC-7")
    row = plan.step("X1")
    assert row is not None
    assert row.risk is Risk.IRREVERSIBLE, "values that are there now go for good"
    assert "3 values of column shop_order.total" in row.expected
    text = "\n".join(shown(row.effects))
    assert 'ALTER TABLE "shop_order" DROP COLUMN "total"' in text or 'DROP COLUMN "sum"' in text
    assert "migrate people 0001_initial" in text
    assert "do-not-show" not in str(plan.to_json())
    codes = [note.code for note in plan.notes]
    assert codes[:3] == ["schema-reverse-first", "reversal-drops", "reversal-keeps"]
    assert "code-follows" in codes
    kept = fly(plan, world, "B1", "B2", "X1", "X2")
    assert any("Unapplying shop.0003_totals" in line for line in kept.lines), "progress is told as it comes"
    assert shop.recorded() == ("people.0001_initial", "shop.0001_initial")
    assert "shop_order.total" not in columns(shop)
    step = rebuilt(plan, "X1")
    assert step.check(world).happened is Happened.YES
    again = step.undo(world, Recorder())
    assert again.outcome is Outcome.DONE
    assert "values do not come back: column people_person.phone, column shop_order.total" in again.summary
    assert set(shop.recorded()) >= set(SHOP)
    assert "shop_order.total" in columns(shop)
    assert step.check_undone(world).happened is Happened.YES


def test_the_reversal_in_the_old_image_is_a_silent_no_op_that_is_noticed(shop: DjangoStack) -> None:
    """Django itself ends with 0 and does nothing (shown here); ours refuses, before and without running it."""
    shop.deploy("1", "2")
    shop.run_release("1")
    told = subprocess.run(
        ["docker", "exec", shop.stack.container("web"), "python", "manage.py", "migrate", "people", "0001_initial"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0
    assert "No migrations to apply" in told.stdout
    assert set(shop.recorded()) >= set(SHOP), "nothing was taken back"
    asked = question(shop.settings(), shop.world(), shop.target("1"))
    effect = RunMigrate(
        asked.client, asked.database, asked.target, "people", "0001_initial", moved(" ".join(SHOP)), name="goaround-x"
    )
    before = shop.recorded()
    ended = run_migrate(effect, shop.world(), Recorder())
    assert not ended.ok
    assert "does not hold them, and would do nothing" in ended.detail
    assert shop.recorded() == before
    with pytest.raises(Refused) as caught:
        draw(shop.settings(), "migration", shop.target("1"), shop.world(), "INC-7")
    assert "neither the target nor what runs holds it" in caught.value.line()


def test_irreversible_is_read_from_the_plans_text(shop: DjangoStack) -> None:
    """`migrate --plan` ends with 0 and prints IRREVERSIBLE; it is read, the option refused, the ways are named."""
    shop.deploy("1", "one-way")
    asked = question(shop.settings(), shop.world(), shop.target("2"))
    effect = RunMigrate(
        asked.client,
        asked.database,
        asked.running,
        "shop",
        "0003_totals",
        moved("shop.0004_one_way"),
        name="goaround-x",
    )
    ended = run_migrate(effect, shop.world(), Recorder())
    assert not ended.ok
    assert "Raw Python operation -> IRREVERSIBLE" in ended.detail
    with pytest.raises(Refused) as caught:
        draw(shop.settings(), "migration", shop.target("2"), shop.world(), "INC-7")
    assert caught.value.code == "schema-irreversible"
    assert "restore the database" in caught.value.line()


def test_a_reversal_that_fails_in_the_middle_tells_what_stands(shop: DjangoStack, settings: Settings) -> None:
    """F70: the record of migrations is read again; what was taken back stays so, the rest stays as it was."""
    shop.deploy("1", "2", "fails-back")
    world = shop.world()
    plan = draw(settings, "migration", shop.target("2"), world, "INC-8")
    row = plan.step("X1")
    assert row is not None
    assert row.risk is Risk.REVERSIBLE, "no value is in what it drops"
    step = rebuilt(plan, "X1")
    result = step.run(world, Recorder())
    assert result.outcome is Outcome.FAILED
    assert "an order is still open" in result.summary
    assert "2 of 3 are recorded" in result.summary
    assert "shop.0006_order_box" not in shop.recorded()
    assert "shop.0005_fails_back" in shop.recorded()
    assert step.check(world).happened is Happened.UNKNOWN
    assert step.moved(world) == "", "it may be tried again, or undone"
    assert step.undo(world, Recorder()).outcome is Outcome.DONE
    assert "shop.0006_order_box" in shop.recorded()


def test_a_session_in_the_way_is_shown_and_not_waited_for(shop: DjangoStack, settings: Settings) -> None:
    """F73: BEGIN, LOCK and silence: found before, named after, and `migrate` gives up within its limit."""
    shop.deploy("1", "2")
    world = shop.world()
    plan = draw(settings, "migration", shop.target("1"), world, "INC-9")
    argv = (str(shop.server.programs / "psql"), "-X", "-q", "-h", str(shop.server.folder), "-U", "ops", shop.database)
    held = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert held.stdin is not None
    assert held.stdout is not None
    try:
        held.stdin.write("BEGIN; LOCK TABLE shop_order; SELECT 'locked';\n")
        held.stdin.flush()
        while "locked" not in held.stdout.readline():
            pass
        looked = rebuilt(plan, "B2").run(world, Recorder())
        assert looked.outcome is Outcome.FAILED
        assert re.search(r"pid \d+ \(ops, psql, idle in transaction for \d+ s\) holds shop_order", looked.summary)
        result = rebuilt(plan, "X1").run(world, Recorder())
        assert result.outcome is Outcome.FAILED
        assert "lock timeout" in result.summary
        assert "idle in transaction" in result.summary
        assert re.search(r"[34] of 4 are recorded", result.summary), "each is whole, or was not begun"
        assert "shop_order.total" in columns(shop)
    finally:
        held.stdin.close()
        held.wait(60)
        held.stdout.close()
    until_gone(shop)
    assert rebuilt(plan, "B2").run(world, Recorder()).outcome is Outcome.DONE
    assert rebuilt(plan, "X1").run(world, Recorder()).outcome is Outcome.DONE, "the same step once more"


def test_a_plan_that_no_longer_fits_the_record_does_not_start(shop: DjangoStack, settings: Settings) -> None:
    """Somebody migrated meanwhile: shown again, nothing runs."""
    shop.deploy("1", "2")
    plan = draw(settings, "migration", shop.target("1"), shop.world(), "INC-9")
    shop.deploy("one-way")
    assert "other migrations are recorded now: shop.0004_one_way" in rebuilt(plan, "X1").moved(shop.world())


def test_values_are_not_dropped_where_nothing_keeps_them(shop: DjangoStack) -> None:
    """Nothing is lost: without a folder for backups there is no such plan."""
    shop.deploy("1", "2")
    with pytest.raises(Refused) as caught:
        draw(shop.settings(), "migration", shop.target("1"), shop.world(), "INC-9")
    assert caught.value.code == "nothing-kept"


def test_the_verdict_stands_before_the_switch_and_binds(shop: DjangoStack) -> None:
    """S01: the code option shows the verdict and has a gate that asks again; it opens when the verdict is SAFE."""
    shop.deploy("1", "2")
    world = shop.world()
    plan = draw(shop.settings(), "compose", shop.target("1"), world, "INC-5")
    assert plan.facts["schema"] == Verdict.REVERSE_FIRST.value
    assert plan.notes[0].code == "schema-reverse-first"
    assert [step.code for step in plan.steps] == [
        "B1",
        "B2",
        "B3",
        "B4",
        "X1",
        "X2",
        "X3",
        *(["X4"] if plan.step("X4") else []),
    ]
    row = plan.step("B4")
    assert row is not None
    assert row.gate
    assert row.risk is Risk.READ
    assert "REVERSE FIRST; taking back drops 3 values of column shop_order.total and 1 more" in row.title
    drops = next(note.text for note in plan.notes if note.code == "reversal-drops")
    assert "column shop_order.total (3 values that are not NULL)" in drops
    result = rebuilt(plan, "B4").run(world, Recorder())
    assert result.outcome is Outcome.FAILED
    assert result.facts["schema"] == "REVERSE FIRST"
    shop.migrate("people", "0001_initial")
    assert rebuilt(plan, "B4").run(world, Recorder()).outcome is Outcome.DONE
    without = replace(shop.settings(), django=None)
    assert draw(without, "compose", shop.target("1"), world, "INC-5").step("B4") is None


@pytest.mark.parametrize(
    ("text", "names", "one_way", "empty"),
    [
        ("Planned operations:\n  No planned migration operations.\n", [], 0, True),
        ("Planned operations:\na.1\n    Undo Add field x to y\nb.2_z\n    Raw SQL\n", ["a.1", "b.2_z"], 0, False),
        ("Planned operations:\na.1\n    Raw Python operation -> IRREVERSIBLE\n", ["a.1"], 1, False),
        ("loading settings 1.2\nPlanned operations:\na.1\n    x\n", ["a.1"], 0, False),
    ],
)
def test_a_plans_text_is_read(text: str, names: list[str], one_way: int, empty: bool) -> None:
    """Its exit status says nothing, so its words must be understood."""
    found = read_plan(text)
    assert [str(one) for one in found.migrations] == names
    assert len(found.one_way) == one_way
    assert found.empty is empty
