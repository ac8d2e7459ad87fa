"""What a database is beside its data: all of it is carried over by a restore and its swap, or refused before anything.

The server's own templates are of ICU; the databases are of ICU, of LATIN1 and of SQL_ASCII, with names that need
quoting. `pg_dump --create`, which knows nothing of us, says what each of them is before and after.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from performing import Told, local_world
from planned_steps import step_of
from postgres_server import OWNER, PostgresServer, start_server, stop_server

from actions.engine.planner import draw, releases
from actions.model.clock import SystemClock
from actions.model.errors import Refused
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.ready import ReadyLevel
from actions.model.step import Outcome
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.ready_backups import database_part

pytestmark = pytest.mark.postgres

INCIDENT = "INC-20261122-k7qf"
PASSWORD = 'it\'s "quoted" \\ Größe 1%s $HOME canary-5f1d'
ICU = ("--locale-provider=icu", "--icu-locale=en", "--locale=C", "-E", "UTF8")
ROLES = """
CREATE ROLE "App Owner" LOGIN CREATEDB CREATEROLE;
CREATE ROLE reader; CREATE ROLE "it's me" LOGIN;
CREATE ROLE weak LOGIN CREATEDB;
"""
HURRIED = """
ALTER ROLE "App Owner" SET statement_timeout = '3ms';
ALTER ROLE "App Owner" SET lock_timeout = '1ms';
ALTER ROLE "App Owner" SET idle_in_transaction_session_timeout = '1ms';
ALTER ROLE "App Owner" SET default_transaction_read_only = on;
"""
DJANGO = """
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text, applied timestamptz);
INSERT INTO django_migrations (app, name) VALUES ('auth', '0001_initial'), ('common', '0001_initial');
"""


@dataclass(frozen=True)
class Shape:
    """A database that is made, dumped, changed, restored beside, swapped in, and swapped back."""

    name: str
    options: str
    """Of CREATE DATABASE."""
    inside: str = ""
    about: str = ""
    """Statements about it, run in another one; `{db}` is its quoted name."""
    dump: tuple[str, ...] = ("-Fc",)
    table: dict[str, Any] = field(default_factory=dict)
    encoding: str = "UTF8"
    comment: str = ""


SHAPES = {
    "icu": Shape(
        'It\'s "Ünï" Prod 東京',
        "TEMPLATE template0 OWNER \"it's me\" LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn' TABLESPACE fast",
        """
        CREATE TABLE öffnung ("Schlüssel" serial PRIMARY KEY, wort text COLLATE "de-x-icu", n integer);
        INSERT INTO öffnung (wort, n) SELECT 'Straße ' || n, n FROM generate_series(1, 200) n;
        CREATE TABLE elsewhere (id integer PRIMARY KEY) TABLESPACE slow;
        INSERT INTO elsewhere SELECT generate_series(1, 20);
        CREATE UNLOGGED TABLE cache (id integer PRIMARY KEY); INSERT INTO cache VALUES (7);
        SELECT lo_from_bytea(4711, 'large\\000object'); COMMENT ON LARGE OBJECT 4711 IS 'a picture';
        CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
        CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen();
        CREATE PUBLICATION changes FOR TABLE öffnung;
        CREATE MATERIALIZED VIEW mv AS SELECT max(n) FROM öffnung;
        COMMENT ON TABLE öffnung IS 'it''s "odd"';
        GRANT SELECT ON öffnung TO reader; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
        """,
        """
        ALTER DATABASE {db} SET search_path = "$user", "It's", public;
        ALTER DATABASE {db} SET timezone = 'Asia/Manila';
        ALTER DATABASE {db} SET "app.tenant" = E'it''s \\\\ "one"';
        ALTER DATABASE {db} SET default_transaction_read_only = off;
        ALTER DATABASE {db} SET log_min_duration_statement = 250;
        ALTER DATABASE {db} SET temp_tablespaces = fast, slow;
        ALTER ROLE "it's me" IN DATABASE {db} SET statement_timeout = '5min';
        ALTER ROLE ALL IN DATABASE {db} SET work_mem = '5MB';
        ALTER DATABASE {db} CONNECTION LIMIT 33;
        REVOKE ALL ON DATABASE {db} FROM PUBLIC; REVOKE TEMPORARY ON DATABASE {db} FROM "it's me";
        GRANT CONNECT ON DATABASE {db} TO reader WITH GRANT OPTION; GRANT CREATE, CONNECT ON DATABASE {db} TO weak;
        COMMENT ON DATABASE {db} IS E'of the city; it''s \\\\ "ours"';
        """,
        ("-Fp",),
        comment='of the city; it\'s \\ "ours"',
    ),
    "latin1": Shape(
        "OBCMS " + "é" * 28 + "1",  # 63 bytes: cut in the middle of a letter to make room for what stands beside
        'TEMPLATE template0 OWNER "App Owner" ENCODING LATIN1 LOCALE_PROVIDER libc LC_COLLATE "C" LC_CTYPE "C"',
        """
        CREATE TABLE "Größe" ("Länge" serial PRIMARY KEY, wort text);
        INSERT INTO "Größe" (wort) SELECT 'Straße ' || n FROM generate_series(1, 300) n;
        """,
        "ALTER DATABASE {db} SET lock_timeout = '1s'; ALTER ROLE reader IN DATABASE {db} SET work_mem = '3MB';",
        ("-Fp",),
        {"role": OWNER, "admin": "App Owner", "password": "${env:TOKEN}", "keep": "yes"},
        "LATIN1",
    ),
    "ascii": Shape(
        "sql_ascii",
        "TEMPLATE template0 ENCODING SQL_ASCII LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'",
        """
        CREATE TABLE bytes (id serial PRIMARY KEY, word text);
        INSERT INTO bytes (word) VALUES ('plain'), (E'Gr\\xf6\\xdfe'), ('Größe');
        """,
        "GRANT CONNECT ON DATABASE {db} TO reader",
        encoding="SQL_ASCII",
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server whose templates are of ICU, that replicates logically and takes prepared transactions."""
    one = start_server("-c wal_level=logical -c max_prepared_transactions=5", ICU)
    try:
        for name in ("fast", "slow"):
            folder = one.folder / name
            folder.mkdir()
            if one.user:
                subprocess.run(("chown", one.user, str(folder)), check=True)
            one.sql(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        one.sql(ROLES)
        one.sql('ALTER ROLE "App Owner" PASSWORD ' + "'" + PASSWORD.replace("'", "''") + "'")
        hba = one.data / "pg_hba.conf"
        hba.write_text('local all "App Owner" scram-sha-256\n' + hba.read_text())
        one.control("reload")
        one.sql(HURRIED)
        yield one
    finally:
        stop_server(one)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def make(server: PostgresServer, shape: Shape) -> None:
    server.sql(f"CREATE DATABASE {quoted(shape.name)} {shape.options}")
    role = quoted(shape.table.get("admin", OWNER))
    server.sql(f"SET client_encoding = UTF8; SET ROLE {role}; {DJANGO} {shape.inside}", conninfo(shape.name))
    if shape.about:
        server.sql(shape.about.replace("{db}", quoted(shape.name)))


def conninfo(name: str) -> str:
    return "dbname='" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def told_by_pg_dump(server: PostgresServer, name: str) -> list[bytes]:
    """All of a database, its own properties included, but for its comment and what differs each time."""
    argv = ("--create", "--no-comments", "-d", conninfo(name))
    lines = server.run("pg_dump", *argv).stdout.splitlines()
    return [line for line in lines if not line.startswith((b"\\restrict ", b"\\unrestrict "))]


def told_by_the_server(server: PostgresServer, name: str) -> dict[str, Any]:
    found = server.sql(
        f"""SELECT to_jsonb(d) - ARRAY['oid', 'datname', 'datfrozenxid', 'datminmxid', 'datacl'] || jsonb_build_object(
          'acl', (SELECT jsonb_agg(ARRAY[grantee::regrole::text, privilege_type, is_grantable::text] ORDER BY 1, 2)
             FROM aclexplode(datacl)),
          'settings', (SELECT jsonb_agg(jsonb_build_array(setrole::regrole, setconfig) ORDER BY setrole)
             FROM pg_db_role_setting WHERE setdatabase = d.oid))
        FROM pg_database d WHERE datname = {literal(name)}"""
    )
    shape: dict[str, Any] = json.loads(found)
    shape["acl"] = sorted(shape["acl"] or ())
    for one in shape["settings"] or ():
        one[1].sort()
    return shape


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass
class Ground:
    server: PostgresServer
    world: World
    settings: Settings
    name: str
    """What stands in the file, made ready to be changed."""
    dump: Path

    def backup(self) -> Any:
        found, _ = releases(self.settings, "database", self.world)
        return next(one for one in found if one.name == self.dump.name)

    def plan(self) -> Plan:
        return draw(self.settings, "database", self.backup(), self.world, INCIDENT)


def ground_of(server: PostgresServer, folder: Path, shape: Shape) -> Ground:
    """The database as it is dumped, and a system over it."""
    make(server, shape)
    (folder / "backups").mkdir(parents=True)
    path = folder / "backups" / "nightly"
    path.write_bytes(server.run("pg_dump", *shape.dump, "-d", conninfo(shape.name)).stdout)
    os.utime(path, (time.time() - 3600,) * 2)
    table: dict[str, Any] = {"role": OWNER, **shape.table}
    if table.get("keep"):
        table["keep"] = str(folder / "keep")
    where: dict[str, Any] = {"reach": "host", "bin": str(server.programs), "backups": f"{folder}/backups/*", "jobs": 2}
    settings = Settings(
        SystemTable("obcms", "production", option="database"), database=DatabaseTable(name=shape.name, **where, **table)
    )
    world = replace(
        local_world(folder),
        resolve=lambda text: text.replace("${env:TOKEN}", PASSWORD),
        redact=lambda text: text.replace(PASSWORD, "[secret]"),
    )
    return Ground(server, world, settings, shape.name, path)


class Processes:
    """Watches every process of this machine for a text in its arguments."""

    def __init__(self, text: str) -> None:
        self.text, self.hits, self.looks = text.encode(), [], 0  # type: ignore[var-annotated]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = path.read_bytes()
                except OSError:
                    continue
                self.looks += b"psql" in words
                if self.text in words:
                    self.hits.append(words)


def run(ground: Ground, plan: Plan) -> list[str]:
    said = []
    for row in plan.steps:
        report, step = Told(), step_of(plan, row.code)
        assert step.moved(ground.world) == "", row.code
        result = step.run(ground.world, report)
        assert result.outcome is Outcome.DONE, (row.code, result.summary, report.lines[-5:])
        said += [str(result), *report.lines, str(report.bodies)]
    return said


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_all_of_it_is_carried_over(
    server: PostgresServer, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owner, encoding, locale and its provider, tablespace, settings, rights, limit, and all that lies inside."""
    monkeypatch.setenv("PGHOST", str(server.folder))
    shape = SHAPES[kind]
    ground = ground_of(server, tmp_path, shape)
    inside, outside = told_by_pg_dump(server, shape.name), told_by_the_server(server, shape.name)
    assert outside["encoding"] == int(server.sql(f"SELECT pg_char_to_encoding('{shape.encoding}')"))
    server.sql("INSERT INTO django_migrations (app) VALUES ('written since')", conninfo(shape.name))
    late = told_by_pg_dump(server, shape.name)
    assert late != inside
    with Processes("canary-5f1d") as watched:
        while not watched.looks:  # the watch works, however seldom it is let look
            server.sql("SELECT pg_sleep(0.1)")
        said = run(ground, ground.plan())
        plan = ground.plan()
        assert plan.facts["stage"] == "swap"
        said += run(ground, plan)
        assert told_by_the_server(server, shape.name) == outside
        assert told_by_pg_dump(server, shape.name) == inside
        words = server.sql(
            f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = {literal(shape.name)}"
        )
        assert json.loads(words).get("comment", "") == shape.comment
        undone = step_of(plan, "Y3").undo(ground.world, Told())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert told_by_the_server(server, shape.name) == outside
    assert told_by_pg_dump(server, shape.name) == late
    assert watched.looks, "the watch saw nothing at all"
    assert watched.hits == []
    assert "canary-5f1d" not in str((said, plan))


@dataclass(frozen=True)
class Refusal:
    """What stands in the way, and how it is told before anything is made."""

    about: str
    """Run in another database; `{db}` is the quoted name."""
    after: str
    code: str
    words: str
    inside: str = ""
    table: dict[str, Any] = field(default_factory=dict)
    """Of the configuration."""


OWNED = "ALTER DATABASE {db} OWNER TO weak;"
BACK = f"ALTER DATABASE {{db}} OWNER TO {OWNER};"
REFUSALS = {
    "security label": Refusal(
        "SET allow_system_table_mods = on; INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'selinux',"
        " 's0' FROM pg_database WHERE datname = 'plain'",
        "SET allow_system_table_mods = on; DELETE FROM pg_shseclabel",
        "database-held",
        "security labels, which would be lost (of selinux)",
    ),
    "template": Refusal(
        "ALTER DATABASE {db} IS_TEMPLATE true",
        "ALTER DATABASE {db} IS_TEMPLATE false",
        "database-held",
        "the database is a template",
    ),
    "subscription": Refusal(
        "",
        "",
        "database-held",
        "subscriptions write into it: from elsewhere",
        "CREATE SUBSCRIPTION \"from elsewhere\" CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)"
        '-- ALTER SUBSCRIPTION "from elsewhere" SET (slot_name = NONE); DROP SUBSCRIPTION "from elsewhere"',
    ),
    "logical slot": Refusal(
        "",
        "SELECT pg_drop_replication_slot('cdc')",
        "database-held",
        "replication slots hang on it: cdc",
        "SELECT pg_create_logical_replication_slot('cdc', 'test_decoding')",
    ),
    "prepared transaction": Refusal(
        "",
        "",
        "database-held",
        "prepared transactions stand open in it: it's stuck",
        "BEGIN; DELETE FROM django_migrations; PREPARE TRANSACTION 'it''s stuck'-- ROLLBACK PREPARED 'it''s stuck'",
    ),
    "tablespace": Refusal(
        f"ALTER DATABASE {{db}} SET TABLESPACE fast; {OWNED}",
        f"{BACK} ALTER DATABASE {{db}} SET TABLESPACE pg_default",
        "database-rights",
        "may not use its tablespace fast (CREATE)",
        table={"admin": "weak"},
    ),
    "settings of superusers": Refusal(
        f"{OWNED} ALTER DATABASE {{db}} SET log_min_duration_statement = 100",
        f"{BACK} ALTER DATABASE {{db}} RESET ALL",
        "database-rights",
        "may not give it its settings log_min_duration_statement (superuser)",
        table={"admin": "weak"},
    ),
    "settings of others": Refusal(
        f"{OWNED} ALTER ROLE reader IN DATABASE {{db}} SET work_mem = '9MB'",
        f"{BACK} ALTER ROLE reader IN DATABASE {{db}} RESET ALL",
        "database-rights",
        "may not give it the settings of reader (CREATEROLE)",
        table={"admin": "weak"},
    ),
    "connections of the role": Refusal(
        f"{OWNED} ALTER ROLE weak CONNECTION LIMIT 3",
        f"{BACK} ALTER ROLE weak CONNECTION LIMIT -1",
        "database-connections",
        "3 connections are left for weak: a restore takes 7",
        table={"admin": "weak", "jobs": 5},
    ),
    "connections of the server": Refusal(
        "", "", "database-connections", "connections are left for ops: a restore takes 66", table={"jobs": 64}
    ),
    "an extension of superusers": Refusal(
        OWNED,
        BACK,
        "backup-unusable",
        "needs extensions that only a superuser may make: pageinspect (set database.admin to one)",
        table={"admin": "weak"},
    ),
    "nobody's name": Refusal("", "", "refused", "there is no database Plain", table={"name": "Plain"}),
}


PEEKS = "CREATE EXTENSION pageinspect; CREATE EXTENSION pgcrypto"


@pytest.fixture(scope="module")
def plain(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A database without anything odd, and a backup of it."""
    return ground_of(server, tmp_path_factory.mktemp("plain"), Shape("plain", "TEMPLATE template0", PEEKS))


@pytest.mark.parametrize("what", sorted(REFUSALS))
def test_what_cannot_be_carried_over_is_refused_first(
    plain: Ground, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is made: one line that names it, and a next move."""
    monkeypatch.setenv("PGHOST", str(plain.server.folder))
    case, server = REFUSALS[what], plain.server
    release = plain.backup()
    before = server.sql("SELECT array_agg(datname ORDER BY datname) FROM pg_database")
    done, _, undone = case.inside.partition("-- ")
    if case.about:
        server.sql(case.about.replace("{db}", "plain"))
    if done:
        server.sql(done, "plain")
    try:
        assert plain.settings.database is not None
        settings = replace(plain.settings, database=replace(plain.settings.database, **case.table))
        with pytest.raises(Refused) as caught:
            draw(settings, "database", release, plain.world, INCIDENT)
        assert case.words in caught.value.line()
        assert "\n" not in caught.value.line()
        assert caught.value.code == case.code
        assert caught.value.next_move
        assert server.sql("SELECT array_agg(datname ORDER BY datname) FROM pg_database") == before
    finally:
        if undone:
            for one in undone.split("; "):
                server.sql(one, "plain")
        if case.after:
            server.sql(case.after.replace("{db}", "plain"))


def test_a_standby_is_refused(plain: Ground, tmp_path: Path) -> None:
    """What follows another server takes no database: said at once, with where to go."""
    standby = start_server()
    try:
        standby.new_database("plain", DJANGO)
        standby.control("-m", "fast", "stop")
        (standby.data / "standby.signal").touch()
        usual = f"-c listen_addresses='' -c unix_socket_directories='{standby.folder}'"
        standby.control("-o", usual, "start")
        world = plain.world
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setenv("PGHOST", str(standby.folder))
            with pytest.raises(Refused) as caught:
                draw(plain.settings, "database", plain.backup(), world, INCIDENT)
            looked = database_part(plain.settings, world).findings
        assert [one.code for one in looked if one.level is ReadyLevel.ERROR] == ["database-held"], looked
        assert caught.value.code == "database-standby"
        assert "is a standby: it takes no writes" in caught.value.line()
        assert "primary" in caught.value.next_move
    finally:
        stop_server(standby)


class Pooler(threading.Thread):
    """Answers as a connection pooler does: what a session is to be told at its start, it does not pass on."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            with one:
                while True:
                    size = int.from_bytes(one.recv(4, socket.MSG_WAITALL), "big")
                    packet = one.recv(size - 4, socket.MSG_WAITALL)
                    if int.from_bytes(packet[:4], "big") != 3 << 16:  # TLS or GSSAPI: no
                        one.sendall(b"N")
                        continue
                    break
                assert b"\0options\0" in packet
                words = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
                one.sendall(b"E" + (len(words) + 4).to_bytes(4, "big") + words)


def test_a_pooler_is_no_server(plain: Ground) -> None:
    """Behind it nobody knows which session is whose: a plan through it is refused, with where to go."""
    pooler = Pooler()
    pooler.start()
    release = plain.backup()
    assert plain.settings.database is not None
    table = replace(plain.settings.database, reach="dsn", dsn=f"postgresql://{OWNER}@127.0.0.1:{pooler.port}")
    with pooler.listener, pytest.raises(Refused) as caught:
        draw(replace(plain.settings, database=table), "database", release, plain.world, INCIDENT)
    assert "a connection pooler answers there, not the server" in caught.value.line()
    assert "database.dsn" in caught.value.next_move


@dataclass
class OtherClock(SystemClock):
    """This machine's clock, put forward."""

    seconds: int = 0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


@pytest.mark.parametrize(("seconds", "words"), [(0, ""), (-630, "ahead of"), (630, "behind")])
def test_clocks_that_differ_are_told(plain: Ground, seconds: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F14: whether a backup was taken before the deployment is not judged in silence by two clocks."""
    monkeypatch.setenv("PGHOST", str(plain.server.folder))
    world = replace(plain.world, clock=OtherClock(seconds))
    plan = draw(plain.settings, "database", plain.backup(), world, INCIDENT)
    told = [note.text for note in plan.notes if note.code == "clocks-differ"]
    assert len(told) == bool(words)
    assert all(re.match(rf"the server's clock is 10 min.* {words} this machine's", text) for text in told)
