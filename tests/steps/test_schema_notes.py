"""The verdict in plans of a system without images: deployed code is asked where it lies, the target by its commit."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django_ground import Project, environment, lay_out, migrated
from git_flight import Flight, make_flight
from git_ground import commit, git, make_ground
from performing import Told
from postgres_server import PostgresServer

from actions.engine.planner import draw, releases
from actions.model.errors import Refused
from actions.model.migrations import Known, Migration, SchemaVerdict, Verdict
from actions.model.note import Level
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan
from actions.model.release import Release
from actions.model.step import Happened, Outcome, Risk
from actions.model.system_database import DatabaseTable, DjangoTable
from actions.steps.schema_notes import notes_of

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Ground:
    """Release 2 of the Django project is deployed in a folder; the clone has both releases."""

    flight: Flight
    shop: Project
    one: Release

    def draw(self, option: str) -> Plan:
        return draw(self.flight.settings, option, self.one, self.flight.world, "INC-3")


@pytest.fixture
def ground(tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    shop = migrated(tmp_path, postgres, "1", "2")
    base = make_ground(tmp_path)
    work = base.remote.parent / "work"
    shas = []
    for number, release in enumerate(("1", "2"), start=4):
        git(work, "rm", "-rq", "--ignore-unmatch", "site")
        lay_out(work / "site", release)
        git(work, "add", ".")
        shas.append(commit(work, f"Release {number}", 1794000000 + 86400 * number))
        git(work, "tag", f"v{number}")
    git(work, "push", "-q", "origin", "main", "--tags")
    git(base.clone, "fetch", "-q", "--tags")
    flight = make_flight(base, tmp_path / "system", directory=str(shop.folder))
    (flight.folder / "running").write_text(shas[1])
    (tmp_path / "kept").mkdir()
    database = DatabaseTable(
        name=shop.database, reach="host", role="ops", bin=str(postgres.programs), keep=str(tmp_path / "kept")
    )
    django = DjangoTable(manage=(sys.executable, "manage.py"), env=environment(postgres, shop.database))
    settings = replace(flight.settings, database=database, django=django)
    return Ground(replace(flight, settings=settings), shop, Release("v4", shas[0]))


def test_git_shows_the_verdict_and_is_held_by_it(ground: Ground) -> None:
    """S01 for git: the gate stands before the push, says that files alone were compared, and fails until SAFE."""
    plan = ground.draw("git")
    assert [step.code for step in plan.steps] == ["B1", "B2", "B3", "X1", "X2", "X3", "Z4", "Z5"]
    row = plan.step("B3")
    assert row is not None
    assert row.gate
    assert plan.facts["schema"] == "REVERSE FIRST"
    codes = [note.code for note in plan.notes]
    assert codes[0] == "schema-reverse-first"
    assert "schema-read-so" in codes, "a list of files is weaker, and that is said"
    step = ground.flight.step(plan, "B3")
    assert step.run(ground.flight.world, Told()).outcome is Outcome.FAILED
    ground.shop.manage("migrate", "people", "0001_initial")
    assert step.run(ground.flight.world, Told()).outcome is Outcome.DONE
    safe = ground.draw("git")
    assert safe.facts["schema"] == "SAFE"
    assert safe.notes[0].level is Level.INFO


def test_without_the_tables_nothing_is_asked(ground: Ground) -> None:
    """A system without [django] has the plan it always had."""
    settings = replace(ground.flight.settings, django=None)
    plan = draw(settings, "git", ground.one, ground.flight.world, "INC-3")
    assert [step.code for step in plan.steps] == ["B1", "B2", "X1", "X2", "X3", "Z4", "Z5"]
    assert not any("schema" in key for key in plan.facts)
    assert settings.options == ("git", "database")


def test_migrations_go_back_without_images(ground: Ground) -> None:
    """The same option with processes: kept, taken back, asked again, and applied anew by its undo."""
    world = ground.flight.world
    assert ground.one.commit in [one.commit for one in releases(ground.flight.settings, "migration", world)[0]]
    plan = ground.draw("migration")
    assert [step.code for step in plan.steps] == ["B1", "B2", "X1", "X2"]
    for code in ("B1", "B2", "X1", "X2"):
        step = ground.flight.step(plan, code)
        assert step.moved(world) == ""
        result = step.run(world, Told())
        assert result.outcome is Outcome.DONE, (code, result)
    assert ground.shop.recorded() == ("people.0001_initial", "shop.0001_initial")
    assert ground.flight.step(plan, "X1").undo(world, Told()).outcome is Outcome.DONE
    assert len(ground.shop.recorded()) == 6
    found = {note.code for note in plan.notes}
    assert found >= {NoteKind.REVERSAL_DROPS.code, NoteKind.REVERSAL_KEEPS.code, NoteKind.CODE_FOLLOWS.code}
    assert NoteKind.REVERSAL_KEPT.code in found


def test_nothing_is_kept_where_nothing_goes_and_that_is_said(ground: Ground) -> None:
    """Without values to lose and without a folder for backups there is a plan, with a warning."""
    assert ground.flight.settings.database is not None
    bare = replace(ground.flight.settings, database=replace(ground.flight.settings.database, keep=""))
    with pytest.raises(Refused) as caught:
        draw(bare, "migration", ground.one, ground.flight.world, "INC-3")
    assert caught.value.code == "nothing-kept"
    server, name = ground.shop.server, ground.shop.database
    server.sql("UPDATE shop_order SET total = NULL; UPDATE people_person SET phone = NULL", name)
    plan = draw(bare, "migration", ground.one, ground.flight.world, "INC-3")
    assert NoteKind.REVERSAL_UNKEPT.code in [note.code for note in plan.notes]
    row = plan.step("X1")
    assert row is not None
    assert row.risk is Risk.REVERSIBLE


def test_a_verdict_that_cannot_be_learnt_is_a_gate_too(ground: Ground) -> None:
    """A database that does not answer holds no plan up: UNKNOWN, with the reason, to be gone around by two people."""
    assert ground.flight.settings.database is not None
    lost = replace(ground.flight.settings.database, name="not_there")
    plan = draw(replace(ground.flight.settings, database=lost), "git", ground.one, ground.flight.world, "INC-3")
    assert plan.notes[0].code == "schema-unknown"
    assert "there is no such database" in plan.notes[0].text
    row = plan.step("B3")
    assert row is not None
    assert row.gate


def test_what_was_taken_back_by_hand_is_only_recorded_so(ground: Ground) -> None:
    """F72: `--fake` is offered where the comparison proves it, is marked, and does not start once that is not so."""
    server, name, world = ground.shop.server, ground.shop.database, ground.flight.world
    server.sql("DELETE FROM django_migrations WHERE name IN ('0003_totals', '0003_fill_phone')", name)
    hand = 'ALTER TABLE shop_order DROP COLUMN total; DROP TABLE shop_order_labels; DROP TABLE "order labels";'
    server.sql(hand, name)
    row = ground.draw("migration").step("X1")
    assert row is not None
    assert row.step == "migration.reverse_with_loss", "a part of it is there"
    server.sql("ALTER TABLE people_person DROP COLUMN phone; ALTER TABLE shop_order ALTER number DROP NOT NULL", name)
    plan = ground.draw("migration")
    row = plan.step("X1")
    assert row is not None
    assert row.step == "migration.reverse", "what is left is not as it was before"
    words = "column shop_order.number is character varying(30) NULL, not character varying(30) NOT NULL"
    assert any(words in note.text for note in plan.notes)
    server.sql("ALTER TABLE shop_order ALTER number SET NOT NULL", name)
    plan = ground.draw("migration")
    told = [note.text for note in plan.notes if note.code == NoteKind.HALF_APPLIED.code]
    assert any("people.0002_person_phone is recorded, but not there" in text for text in told)
    assert any("columns, types, nullability, defaults, indexes and constraints compared" in text for text in told)
    row = plan.step("X1")
    assert row is not None
    assert row.step == "migration.fake"
    assert row.risk is Risk.IRREVERSIBLE
    assert "second person" in row.title
    step = ground.flight.step(plan, "X1")
    server.sql("ALTER TABLE people_person ADD COLUMN phone varchar(30)", name)
    assert "the tables do not prove it: not as it should be: column people_person.phone is there" in step.moved(world)
    server.sql("ALTER TABLE people_person DROP COLUMN phone", name)
    assert step.moved(world) == ""
    result = step.run(world, Told())
    assert result.outcome is Outcome.DONE, result
    assert ground.shop.recorded() == ("people.0001_initial", "shop.0001_initial")
    assert ground.flight.step(plan, "X2").run(world, Told()).outcome is Outcome.DONE
    assert step.undo(world, Told()).outcome is Outcome.DONE
    assert "shop.0002_order_total" in ground.shop.recorded()


def test_what_is_there_and_not_recorded_is_recorded_and_nothing_else_is_done(ground: Ground) -> None:
    """F72, the other way: the plan goes to the release that holds it; what a comparison cannot show is left to run."""
    server, name, world = ground.shop.server, ground.shop.database, ground.flight.world
    server.sql("DELETE FROM django_migrations WHERE name IN ('0003_totals', '0002_order_total')", name)
    two = replace(ground.one, name="v5", commit=git(ground.flight.ground.clone, "rev-parse", "v5").strip())
    plan = draw(ground.flight.settings, "migration", two, world, "INC-3")
    row = plan.step("X1")
    assert row is not None
    assert (row.step, row.risk) == ("migration.fake_forward", Risk.IRREVERSIBLE)
    assert "shop.0002_order_total" in row.expected
    assert "0003" not in row.expected, "it fills data, which no table shows"
    step = ground.flight.step(plan, "X1")
    before = server.dump(name, "--schema-only")
    assert step.moved(world) == ""
    result = step.run(world, Told())
    assert result.outcome is Outcome.DONE, result
    assert ground.shop.recorded()[-1] == "shop.0002_order_total"
    assert _tables(server.dump(name, "--schema-only")) == _tables(before)
    assert step.moved(world) == ""
    assert step.check(world).happened is Happened.YES
    assert step.undo(world, Told()).outcome is Outcome.DONE
    assert "shop.0002_order_total" not in ground.shop.recorded()
    server.sql("ALTER TABLE shop_order DROP COLUMN total", name)
    assert "the tables do not prove it" in step.moved(world)
    with pytest.raises(Refused) as caught:
        draw(ground.flight.settings, "migration", two, world, "INC-3")
    assert caught.value.code == "fake-unproven"
    assert "shop.0002_order_total is not recorded, and half there" in caught.value.line()


def _tables(dump: bytes) -> list[bytes]:
    return [line for line in dump.splitlines() if not line.startswith((b"\\restrict", b"\\unrestrict"))]


def test_an_invalid_index_is_told_before_the_code_goes_back(ground: Ground) -> None:
    """A concurrent build that failed leaves an index that slows and enforces nothing: said with the verdict."""
    server, name = ground.shop.server, ground.shop.database
    argv = ("psql", "-X", "-d", name, "-c", "CREATE UNIQUE INDEX CONCURRENTLY broken ON shop_order (number)")
    assert server.run(argv[0], *argv[1:], ok=False).returncode != 0
    plan = ground.draw("git")
    assert any("the index broken is invalid" in note.text for note in plan.notes)


M = Migration("shop", "0004_x")
VERDICTS = {
    NoteKind.SCHEMA_SAFE: SchemaVerdict(Verdict.SAFE, "all known"),
    NoteKind.SCHEMA_REVERSE_FIRST: SchemaVerdict(Verdict.REVERSE_FIRST, "some are not"),
    NoteKind.SCHEMA_IRREVERSIBLE: SchemaVerdict(Verdict.IRREVERSIBLE, "one way", ways=("restore", "fix forward")),
    NoteKind.SCHEMA_UNKNOWN: SchemaVerdict(Verdict.UNKNOWN, "nobody answers"),
    NoteKind.SCHEMA_AHEAD: SchemaVerdict(Verdict.SAFE, "all known", missing=(M,)),
    NoteKind.NOT_ATOMIC: SchemaVerdict(Verdict.REVERSE_FIRST, "some are not", not_atomic=(M,)),
}


@pytest.mark.parametrize("kind", VERDICTS, ids=lambda kind: kind.code)
def test_a_verdict_is_told_in_notes(kind: NoteKind) -> None:
    """R05: each has its code; the verdict itself is the first."""
    notes = notes_of(VERDICTS[kind])
    assert kind.code in [note.code for note in notes]
    assert notes[0].text.startswith(VERDICTS[kind].verdict.value)
    assert Known(M).atomic, "a list of files claims nothing"
