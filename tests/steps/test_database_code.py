"""The right code over the restored database: real images of the Django project, over PostgreSQL in the same project."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from compose_stack import Recorder, Stack, removed_afterwards
from django_ground import ORDERS
from django_images import DjangoImages
from planned_steps import rebuilt
from services import find_initdb

from actions.engine.planner import draw, releases
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.step import Happened, Outcome
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable, DjangoTable

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.timeout(240)]

INCIDENT = "INC-20261122-k7qf"
APP = """
import os, time, psycopg
release = 2 if os.path.exists("/app/shop/migrations/0003_totals.py") else 1
column = "SELECT 1 + count(*) FROM pg_attribute WHERE attrelid = 'shop_order'::regclass AND attname = 'total'"
while True:
    try:
        with psycopg.connect("host=db dbname=obcms_prod user=obcms", autocommit=True) as session:
            while True:
                session.execute("UPDATE people_person SET name = name")
                found = session.execute(column).fetchone()[0]
                with open("/entry/trace", "a") as trace:
                    trace.write(f"code {release} schema {found}\\n")
                time.sleep(0.05)
    except psycopg.Error:
        time.sleep(0.05)
"""
"""Writes into whatever database it finds, and leaves a trace of which code met which schema."""
FILE = """\
x-app: &app
  image: {name}:deployed
  stop_signal: SIGKILL
  environment: {{SECRET_KEY: x, APP_DATABASE: obcms_prod, APP_DATABASE_HOST: db, APP_DATABASE_USER: obcms}}
  volumes: ["./entry:/entry"]
services:
  db:
    image: {database}
    stop_signal: SIGINT
    environment: {{POSTGRES_USER: obcms, POSTGRES_DB: obcms_prod, POSTGRES_HOST_AUTH_METHOD: trust}}
    volumes: ["./socket:/var/run/postgresql"]
  web:
    <<: *app
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
    entrypoint: ["python", "/entry/app.py"]
  worker:
    <<: *app
    entrypoint: ["sleep", "1000"]
  migrate:
    <<: *app
    restart: "no"
    entrypoint: ["sh", "-c", "echo ran >> /entry/migrated; exec python manage.py migrate -v 0"]
"""


@dataclass(frozen=True)
class Shop:
    """A project whose database is in it, too; its releases are tags."""

    stack: Stack
    image: DjangoImages
    backups: Path
    programs: Path
    """The clients on this machine; the server's socket lies in the project's folder."""

    def tag(self, image: str, tag: str) -> None:
        subprocess.run(["docker", "tag", image, f"{self.stack.name}:{tag}"], check=True, timeout=110)

    def untag(self, tag: str) -> None:
        subprocess.run(["docker", "image", "rm", f"{self.stack.name}:{tag}"], capture_output=True, timeout=110)

    def deploy_server(self) -> None:
        self.stack.compose("up", "-d", "db")
        ready = (str(self.programs / "pg_isready"), "-q", "-d", "obcms_prod", "-U", "obcms")
        tcp = ("docker", "exec", self.stack.container("db"), "pg_isready", "-q", "-h", "127.0.0.1")
        end = time.monotonic() + 60
        while any(subprocess.run(one, capture_output=True, timeout=110).returncode for one in (ready, tcp)):
            assert time.monotonic() < end
            time.sleep(0.1)

    def deploy(self, release: str) -> None:
        """The tag moves, everything is made anew, and the job migrates."""
        self.tag(self.image(release), "deployed")
        self.stack.compose("up", "-d", "--no-build")

    def on_two(self) -> None:
        """Release 2 runs, release 1 is there by its tag."""
        self.tag(self.image("1"), "1")
        if self.runs() != dict.fromkeys(("web", "worker"), self.image("2")):
            self.deploy("2")
        self.until_met("code 2 schema 2")

    def sql(self, text: str, database: str = "obcms_prod") -> str:
        argv = (str(self.programs / "psql"), "-XAtq", "-U", "obcms", database)
        done = subprocess.run(argv, input=text.encode(), capture_output=True, timeout=60, check=True)
        return done.stdout.decode().strip()

    def backup(self) -> Path:
        argv = (str(self.programs / "pg_dump"), "-U", "obcms", "-Fc", "obcms_prod")
        path = self.backups / "nightly.dump"
        path.write_bytes(subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout)
        os.utime(path, (time.time() - 3600, time.time() - 3600))
        return path

    def settings(self) -> Settings:
        table = DatabaseTable(
            name="obcms_prod",
            reach="dsn",
            dsn="postgresql://obcms@",
            bin=str(self.programs),
            backups=f"{self.backups}/*",
        )
        return replace(self.stack.settings(), database=table, django=DjangoTable(service="web", jobs=("migrate",)))

    def draw(self, world: World | None = None) -> Plan:
        world = world or self.stack.world()
        found, _ = releases(self.settings(), "database", world)
        backup = next(one for one in found if one.source == "backup")
        return draw(self.settings(), "database", backup, world, INCIDENT)

    def swap(self) -> Plan:
        """The plan of the swap: what is restored beside, verified and counted is there, or is made first."""
        plan = self.draw()
        if plan.facts["stage"] != "swap":
            self.fly(plan)
            plan = self.draw()
        assert plan.facts["stage"] == "swap"
        return plan

    def fly(self, plan: Plan, *codes: str) -> None:
        for code in codes or [one.code for one in plan.steps if not one.optional]:
            report, step = Recorder(), rebuilt(plan, code)
            assert step.moved(self.stack.world()) == "", code
            result = step.run(self.stack.world(), report)
            assert result.outcome is Outcome.DONE, (code, result.summary, report.lines[-8:])

    def runs(self) -> dict[str, str]:
        """Service -> image id of what is up."""
        return {
            service: image
            for name, image in self.stack.running().items()
            if (service := name.removeprefix(f"{self.stack.name}-").rpartition("-")[0]) != "db"
        }

    def migrated(self) -> int:
        return len((self.stack.folder / "entry" / "migrated").read_text().splitlines())

    def met(self) -> set[str]:
        """Which code has met which schema since the last time this was asked."""
        trace = self.stack.folder / "entry" / "trace"
        found = set(trace.read_text().splitlines())
        trace.write_text("")
        return found

    def until_met(self, line: str) -> None:
        trace, end = self.stack.folder / "entry" / "trace", time.monotonic() + 60
        while line not in trace.read_text():
            assert time.monotonic() < end, line
            time.sleep(0.05)


def texts(plan: Plan, code: str) -> list[str]:
    return [note.text for note in plan.notes if note.code == code]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database_image: str, django_image: DjangoImages) -> Iterator[Shop]:
    """Release 1 is deployed, backed up, and release 2 with its migrations is deployed over it."""
    initdb = find_initdb()
    assert initdb is not None  # the marker has looked
    folder = tmp_path_factory.mktemp("shop")
    (folder / "backups").mkdir()
    for part in ("entry", "socket"):
        (folder / "app" / part).mkdir(parents=True)
        (folder / "app" / part).chmod(0o777)
    (folder / "app" / "entry" / "app.py").write_text(APP)
    name = f"goaround-code-{os.getpid()}"
    one = Shop(Stack(name, folder / "app", "v2"), django_image, folder / "backups", initdb.parent)
    one.stack.write(FILE.format(name=name, database=database_image))
    with removed_afterwards(name), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGHOST", str(folder / "app" / "socket"))
        try:
            one.deploy_server()
            one.deploy("1")
            one.sql(ORDERS)
            one.backup()
            yield one
        finally:
            for tag in ("deployed", "1"):
                one.untag(tag)


def test_what_runs_fits_and_stays(shop: Shop) -> None:
    """I05: the backup was made under the release that runs: nothing is switched, and it is asked once more."""
    plan = shop.swap()
    assert plan.facts["code"] == "stays"
    assert plan.facts["code fit"] == "FITS"
    assert "it knows all" in texts(plan, "code-stays")[0]
    assert [one.code for one in plan.steps] == ["B4", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6"]
    assert [one.gate for one in plan.steps] == [True, *[False] * 6]
    shop.fly(plan, "B4")
    assert rebuilt(plan, "Y4").effects()[0].argv[-1] == "worker"  # type: ignore[union-attr]
    side = plan.drawn["side"]
    shop.sql("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0099_x', now())", side)
    late = rebuilt(plan, "B4").run(shop.stack.world(), Recorder())
    assert late.outcome is Outcome.FAILED, "it is asked when it runs"
    assert "it does not know shop.0099_x" in late.summary
    shop.sql("DELETE FROM django_migrations WHERE name = '0099_x'", side)


def test_none_fits(shop: Shop) -> None:
    """I05: without the image of the release that the backup was made under, the plan says so, and its gate holds."""
    shop.deploy("2")
    shop.until_met("code 2 schema 2")
    plan = shop.swap()
    assert plan.facts["code"] == "none fits"
    (words,) = texts(plan, "code-none-fits")
    assert "it holds shop.0003_totals" in words
    assert "no other release is there" in words
    assert texts(plan, "schema-must-fit")
    gate = rebuilt(plan, "B4").run(shop.stack.world(), Recorder())
    assert gate.outcome is Outcome.FAILED
    assert "DOES NOT FIT" in gate.summary
    digest = plan.digest
    shop.tag(shop.image("1"), "1")
    again = shop.draw()
    assert again.facts["code"] == "is switched"
    assert again.digest != digest, "the code is in what is approved"


def test_there_and_back_with_the_code(shop: Shop) -> None:
    """I05, R9: release 1 over its data, nothing migrates, proven for both; one undo brings both back. At no moment
    does a code meet a schema that is not its own, whichever way it goes.
    """
    shop.on_two()
    shop.sql("INSERT INTO shop_order (number, total) VALUES ('late', 7)")
    migrations, recorded = shop.migrated(), shop.sql("SELECT count(*) FROM django_migrations")
    shop.met()
    plan = shop.swap()
    assert [one.code for one in plan.steps] == ["B1", "B2", "B3", "B4", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"]
    assert plan.facts["code"] == "is switched"
    assert plan.facts["code web"].endswith(f"-> {shop.image('1')}")
    assert "shop.0003_totals" in texts(plan, "code-goes")[0]
    assert not texts(plan, "schema-must-fit")
    assert "brings deployed back over the restored data and runs migrate" in texts(plan, "plain-up")[0]

    switch = rebuilt(plan, "Y4")
    assert "is not the restored database" in switch.moved(shop.stack.world()), "never before the swap"
    shop.fly(plan, "B1", "B2", "B3", "B4", "Y1", "Y2", "Y3")
    refused = rebuilt(plan, "Y1").undo(shop.stack.world(), Recorder())
    assert refused.outcome is Outcome.FAILED, "release 2 must not be started over the data of release 1"
    assert shop.runs() == {}
    shop.fly(plan, "Y4", "Y5", "Y6")
    assert shop.runs() == {"web": shop.image("1"), "worker": shop.image("1")}
    shop.until_met("code 1 schema 1")
    assert shop.sql("SELECT count(*) FROM shop_order WHERE number = 'late'") == "0"
    assert shop.migrated() == migrations
    seen = switch.check(shop.stack.world())
    assert seen.happened is Happened.YES
    assert plan.drawn["kept"] in seen.facts["debt"], "so that it is paid when that is swapped back"
    assert switch.undo(shop.stack.world(), Recorder()).outcome is Outcome.DONE
    assert shop.runs() == {}, "alone it only stops: what ran before would meet the wrong schema"
    shop.fly(plan, "Y4")

    swap = rebuilt(plan, "Y3")
    back = swap.undo(shop.stack.world(), Recorder())
    assert back.outcome is Outcome.DONE, back.summary
    assert "deployed runs again" in back.summary
    assert back.facts["pays about"] == plan.drawn["kept"]
    assert shop.runs() == {"web": shop.image("2"), "worker": shop.image("2")}
    assert shop.sql("SELECT count(*) FROM shop_order WHERE number = 'late'") == "1"
    assert shop.sql("SELECT count(*) FROM django_migrations") == recorded
    assert swap.check_undone(shop.stack.world()).happened is Happened.YES
    shop.until_met("code 2 schema 2")
    assert shop.migrated() == migrations, "the job never ran again"
    assert shop.met() == {"code 1 schema 1", "code 2 schema 2"}
    assert not (shop.stack.folder / f"goaround-{INCIDENT.lower()}.code.override.yml").exists()


def test_an_undo_before_the_code_was_switched(shop: Shop) -> None:
    """Between the swap and the start nothing runs; the undo starts what ran, and can be repeated."""
    shop.on_two()
    plan = shop.swap()
    shop.met()
    shop.fly(plan, "B1", "B2", "B3", "B4", "Y1", "Y2", "Y3")
    swap = rebuilt(plan, "Y3")
    for _ in range(2):
        back = swap.undo(shop.stack.world(), Recorder())
        assert back.outcome is Outcome.DONE, back.summary
        assert shop.runs() == {"web": shop.image("2"), "worker": shop.image("2")}
        shop.until_met("code 2 schema 2")
        assert shop.met() == {"code 2 schema 2"}
        shop.stack.compose("stop", "web")
        assert swap.check_undone(shop.stack.world()).happened is Happened.UNKNOWN, "the data are back, the code not"
