"""The right code over the restored database without images: the commit is named, awaited, proven; and the rights."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from database_ground import LIVE, told
from database_ground import make_ground as make_database
from django_ground import Project, environment, lay_out, migrated, project
from git_flight import Flight, make_flight
from git_ground import commit, git, make_ground
from performing import local_world
from postgres_server import OWNER, PostgresServer
from tiny_system import build as build_tiny

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.code_fit import Fit, fit_of
from actions.model.effect import RunCommand
from actions.model.migrations import Inside, Known, Migration, Recorded, verdict
from actions.model.plan import Plan
from actions.model.ports import ComposeTool
from actions.model.predeploy import KeptState, Predeploy
from actions.model.release import Release, WayBack
from actions.model.rights_sql import LACKING_SQL, rights_sql
from actions.model.step import Checked, Happened, Outcome
from actions.model.system import RunningCommit
from actions.model.system_database import DatabaseTable, DjangoTable
from actions.steps.catalog import build
from actions.steps.database_code import _ordered
from actions.steps.database_code_switch import FormerCode
from actions.steps.database_quiesce import ComposeServices
from app.predeploy_files import write

INCIDENT = "INC-3"


@dataclass(frozen=True)
class Ground:
    """Backed up under release 1; release 2 is deployed in a folder, and tells its commit. The clone has both, the
    first one twice.
    """

    flight: Flight
    shop: Project
    shas: tuple[str, ...]
    """Of v4 and v5, which both are release 1, and of v6."""

    def draw(self, flight: Flight | None = None) -> Plan:
        one = flight or self.flight
        found, _ = releases(one.settings, "database", one.world)
        backup = next(row for row in found if row.source == "backup")
        return draw(one.settings, "database", backup, one.world, INCIDENT)

    def told(self, path: str) -> Flight:
        """With a record of `predeploy` that took this backup while v4 ran."""
        kept = KeptState("backup", path, "2026-11-22T00:00:00.000000Z", 1)
        release = Release("v4", commit=self.shas[0])
        name = self.flight.settings.system.name
        record = Predeploy(name, "drill", "2026-11-22T00:00:00.000000Z", release=release, kept=(kept,))
        return replace(self.flight, world=replace(self.flight.world, predeploys=lambda: (record,)))

    def blind(self) -> Flight:
        """Nobody can tell which commit runs."""
        assert self.flight.settings.git is not None
        git_table = replace(self.flight.settings.git, running=None)
        return replace(self.flight, settings=replace(self.flight.settings, git=git_table))

    def run(self, plan: Plan, *codes: str) -> None:
        for code in codes:
            result = self.flight.step(plan, code).run(self.flight.world, told())
            assert result.outcome is Outcome.DONE, (code, result.summary)


@pytest.fixture
def ground(tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    first = migrated(tmp_path, postgres, "1")
    backups = tmp_path / "backups"
    backups.mkdir()
    (backups / "nightly.dump").write_bytes(postgres.dump(first.database, "-Fc"))
    os.utime(backups / "nightly.dump", (time.time() - 3600, time.time() - 3600))
    shop = project(tmp_path, postgres, "2", first.database)
    shop.manage("migrate", "-v", "0")
    base = make_ground(tmp_path)
    work = base.remote.parent / "work"
    shas = []
    for number, release in enumerate(("1", "1", "2"), start=4):
        git(work, "rm", "-rq", "--ignore-unmatch", "site")
        lay_out(work / "site", release)
        (work / "NEWS").write_text(f"{number}\n")
        git(work, "add", ".")
        shas.append(commit(work, f"Release {number}", 1794000000 + 86400 * number))
        git(work, "tag", f"v{number}")
    git(work, "push", "-q", "origin", "main", "--tags")
    git(base.clone, "fetch", "-q", "--tags")
    flight = make_flight(base, tmp_path / "system", directory=str(shop.folder))
    (flight.folder / "running").write_text(shas[2])
    assert flight.settings.git is not None
    running = RunningCommit(command=("cat", str(flight.folder / "running")), deadline=30)
    database = DatabaseTable(
        name=shop.database, reach="host", role="ops", bin=str(postgres.programs), backups=f"{backups}/*"
    )
    django = DjangoTable(manage=(sys.executable, "manage.py"), env=environment(postgres, shop.database))
    table = replace(flight.settings.git, running=running)
    settings = replace(flight.settings, git=table, database=database, django=django, probe=())
    return Ground(replace(flight, settings=settings), shop, tuple(shas))


def test_the_commit_that_fits_is_named_waited_for_and_proven(ground: Ground) -> None:
    """I05 without Compose: what runs does not fit, v5 does; a person deploys it, and nothing is green before."""
    first = ground.draw()
    ground.run(first, *(one.code for one in first.steps if one.code != "B1"))
    plan = ground.draw()
    assert plan.facts["code"] == "is deployed by hand"
    assert plan.facts["code release"] == f"v5 ({ground.shas[1][:10]})"
    notes = {note.code: note.text for note in plan.notes}
    assert ground.shas[1] in notes["code-by-hand"]
    assert "v6 DOES NOT FIT: it holds shop.0003_totals" in notes["code-goes"]
    assert "judged by names of files alone" in notes["schema-read-so"]
    assert ground.draw(ground.told(f"{plan.facts['backup']}.other")).facts["code release"] == plan.facts["code release"]
    own = ground.draw(ground.told(plan.facts["backup"]))
    assert own.facts["code release"] == f"v4 ({ground.shas[0][:10]})", "what ran when it was made, says its record"
    blind = ground.draw(ground.blind())
    vouched = ground.flight.step(blind, "Y4").run(ground.flight.world, told())
    assert vouched.outcome is Outcome.FAILED, "without `git.running` it never ticks itself: somebody has to vouch"
    assert ground.shas[1] in vouched.summary
    row = plan.step("Y4")
    assert row is not None
    assert "without its migrations" in row.title
    assert not any(isinstance(effect, RunCommand) for effect in row.effects), "nothing is deployed from here"
    ground.run(plan, "B4", "Y1", "Y2", "Y3")
    step, world = ground.flight.step(plan, "Y4"), ground.flight.world
    assert step.run(world, told()).outcome is Outcome.FAILED, "release 2 still runs"
    assert ground.flight.step(plan, "Y6").run(world, told()).outcome is Outcome.FAILED, "proven means: the code, too"
    (ground.flight.folder / "running").write_text(ground.shas[1])
    ground.run(plan, "Y4")
    proof = ground.flight.step(plan, "Y6").run(world, told())
    assert proof.outcome is Outcome.DONE, proof.summary
    assert proof.facts["running"] == plan.target.identity
    assert proof.facts["code running"] == ground.shas[1]


def test_rights_that_were_there_must_be_there_again(postgres: PostgresServer) -> None:
    """The proof is the application's own: a table, sequence or schema that its role lost is named, the rest is fine."""
    name = postgres.new_database(
        text="""
        CREATE ROLE plain LOGIN; CREATE SCHEMA inner_one; CREATE TABLE inner_one.item (id serial PRIMARY KEY);
        CREATE TABLE "odd one" (id int); CREATE TABLE theirs (id int);
        GRANT USAGE ON SCHEMA inner_one TO plain; GRANT ALL ON inner_one.item, "odd one" TO plain;
        GRANT USAGE ON SEQUENCE inner_one.item_id_seq TO plain; GRANT SELECT ON theirs TO plain
        """
    )
    before = tuple(json.loads(postgres.sql(f"SET ROLE plain; {LACKING_SQL}", name)))
    assert before == ("public.theirs",)

    def checked() -> str:
        text = f"SET ROLE plain; {rights_sql(before)}"
        return postgres.run("psql", "-XAtq", "-d", name, stdin=text.encode(), ok=False).stderr.decode()

    said = checked()
    assert said == ""
    for taken in (
        'REVOKE DELETE ON "odd one" FROM plain',
        "REVOKE ALL ON SEQUENCE inner_one.item_id_seq FROM plain",
        "REVOKE USAGE ON SCHEMA inner_one FROM plain",
    ):
        postgres.sql(taken, name)
        said = checked()
        assert "the role plain has not the rights it had" in said
    assert "inner_one.item, inner_one.item_id_seq" in said
    assert '"odd one"' in said
    assert "theirs" not in said


def test_the_proof_fails_where_the_application_lost_its_rights(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I05, Y6: restored by another role, the application reads and writes as before; a lost right is no green."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    one = make_database(postgres, tmp_path)
    postgres.sql("CREATE ROLE app LOGIN")
    postgres.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO app; REVOKE ALL ON nothing FROM app", LIVE)
    postgres.sql("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app", LIVE)
    assert one.settings.database is not None
    table = replace(one.settings.database, role="app", admin=OWNER)
    settings = replace(one.settings, database=table)
    one.dump(Format.CUSTOM)
    found, _ = releases(settings, "database", one.world)
    backup = next(row for row in found if row.source == "backup")
    stages = []
    for _ in range(2):
        plan = draw(settings, "database", backup, one.world, INCIDENT)
        stages.append(plan.facts["stage"])
        for row in plan.steps:
            if row.code == "Y6":
                postgres.sql("REVOKE INSERT ON visit FROM app", LIVE)
                lost = build(row.step, row.params).run(one.world, told())
                assert lost.outcome is Outcome.FAILED
                assert "public.visit" in lost.summary
                postgres.sql("GRANT INSERT ON visit TO app", LIVE)
            result = build(row.step, row.params).run(one.world, told())
            assert result.outcome is Outcome.DONE, (row.code, result.summary)
    assert stages == ["prepare", "swap"]


def test_a_former_image_that_is_gone_is_not_started_and_that_is_said(tmp_path: Path) -> None:
    """The data come back all the same; that nothing runs is not called done."""
    services = ComposeServices(
        "local", "/app", ("a.yml",), "p", ComposeTool(("docker", "compose"), "2.20.0", 2), ("web",)
    )
    code = FormerCode(services, None)
    assert code.after() == ()
    (stop,) = code.before()
    assert isinstance(stop, RunCommand)
    assert stop.argv[-2:] == ("stop", "web")
    back = code.judged(Checked(Happened.YES, "obcms_prod is as it was"), local_world(tmp_path))
    assert back.happened is Happened.UNKNOWN
    assert "nothing was started" in back.detail
    kept = Checked(Happened.NO, "obcms_prod is the other one")
    assert code.judged(kept, local_world(tmp_path)) == kept


def test_the_cockpits_world_knows_what_was_recorded_before_deployments(tmp_path: Path) -> None:
    """The backup's own release is found in the store in which `predeploy` wrote it."""
    tiny = build_tiny(tmp_path)
    session = tiny.session()
    try:
        record = Predeploy("tiny", "drill", "2026-11-22T00:00:00.000000Z", release=Release("v1", commit="a" * 40))
        write(tiny.store, record)
        world = session.build_world(session.loaded, tmp_path / "incident")
        assert tuple(world.predeploys()) == (record,)
    finally:
        session.close()
        session.journal.close()


def test_a_code_fits_only_in_both_directions() -> None:
    """Knowing less and holding more are both no fit, each with its names; what cannot be asked is unknown."""
    one, two = Migration("shop", "0001"), Migration("shop", "0002")
    held = Inside((Known(one), Known(two, parents=(one,))))
    rows = (Recorded(one), Recorded(two))
    assert fit_of(verdict(rows, held)).fit is Fit.FITS
    behind = fit_of(verdict(rows, Inside((Known(one),)), held))
    assert behind.fit is Fit.NOT
    assert "it does not know shop.0002" in behind.why
    ahead = fit_of(verdict(rows[:1], held))
    assert ahead.fit is Fit.NOT
    assert "it holds shop.0002" in ahead.why
    assert fit_of(verdict(rows, Inside(unknown="no such image"))).fit is Fit.UNKNOWN
    assert fit_of(verdict((), held)).fit is Fit.UNKNOWN
    squashed = Inside((Known(Migration("shop", "0001_squashed"), replaces=(one, two)),))
    assert fit_of(verdict(rows, squashed)).fit is Fit.FITS


def test_the_likeliest_is_asked_first() -> None:
    """The backup's own record, what was live when it was made, the newest before what runs, and newer ones last."""
    at = "2026-11-20T02:00:00.000000Z"
    rows = [
        Release("newer", images={"web": "a"}, created="2026-11-23"),
        Release("former", images={"web": "b"}, created="2026-11-19"),
        Release("old", images={"web": "c"}, created="2026-11-01"),
        Release("then", images={"web": "d"}, created="2026-10-01", live_since="2026-11-02", live_until="2026-11-21"),
        Release("recorded", images={"web": "e"}, created="2026-09-01"),
    ]
    running = Release("now", created="2026-11-22", way_back=WayBack.RUNNING)
    record = Release("", images={"web": "e"})
    found = [one.name for one in _ordered(rows, running, (record,), at)]
    assert found == ["recorded", "then", "former", "old", "newer"]
