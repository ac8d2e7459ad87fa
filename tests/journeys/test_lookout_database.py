"""The database is looked at as the application's role: it answers, or the record says in words why not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from lookout_ground import readings, saw
from postgres_server import PostgresServer
from tiny_system import Tiny, build
from waiting import PATIENCE_S, until

from actions.model.criteria import criteria, proposed_codes
from actions.model.database_answers import ANSWERS_SQL, answered
from actions.model.sensor_rules import Looked
from app.lookout import Lookout
from app.lookout_database import DatabaseLook
from app.session import Session

SENSOR = "database.answers"


@pytest.fixture
def flown(tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A system whose database is a real one, of a role that is no superuser."""
    postgres.sql("CREATE ROLE app LOGIN")
    name = postgres.new_database("app_prod", "CREATE TABLE note (id int); ALTER TABLE note OWNER TO app", owner="app")
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    tiny: Tiny = build(tmp_path / "tiny")
    tiny.follow_the_built_in()
    with tiny.config.open("a") as file:
        file.write(f'\n[database]\nname = "{name}"\nreach = "host"\nrole = "app"\nbin = "{postgres.programs}"\n')
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    yield session
    session.close()
    session.journal.close()


@pytest.fixture
def looking(flown: Session) -> Iterator[Session]:
    lookout = Lookout(flown, every_s=0.1, backup_every_s=60)
    lookout.start()
    yield flown
    lookout.stop()


def proposed(session: Session) -> list[str]:
    rows = {row.code: row.text for row in criteria(session.incident)}
    return [rows[code] for code in proposed_codes(criteria(session.incident))]


@pytest.mark.postgres
def test_it_turns_with_the_database(looking: Session, postgres: PostgresServer) -> None:
    """Green while it answers; closed, it proposes the criterion; open again, it is green."""
    assert saw(looking, SENSOR, lambda one: one.ok).seen == "app reads and writes"
    assert "Database connections fail for everything" not in proposed(looking)
    postgres.sql("ALTER DATABASE app_prod ALLOW_CONNECTIONS false")
    red = saw(looking, SENSOR, lambda one: not one.ok)
    assert "takes no connections" in red.seen
    assert "Database connections fail for everything" in proposed(looking)
    postgres.sql("ALTER DATABASE app_prod ALLOW_CONNECTIONS true")
    saw(looking, SENSOR, lambda one: one.ok)


@pytest.mark.postgres
def test_a_database_that_only_reads_is_not_well(looking: Session, postgres: PostgresServer) -> None:
    """A standby, or a server out of room, answers and yet does not work."""
    saw(looking, SENSOR, lambda one: one.ok)
    postgres.sql("ALTER DATABASE app_prod SET default_transaction_read_only = on")
    assert "read-only" in saw(looking, SENSOR, lambda one: not one.ok).seen


@pytest.mark.postgres
def test_nothing_is_left_behind(looking: Session, postgres: PostgresServer) -> None:
    """What was written to prove writing is seen by nobody and is gone."""
    saw(looking, SENSOR, lambda one: one.ok)
    assert "goaround" not in postgres.sql("SELECT relname FROM pg_class WHERE relname ~ 'goaround'", "app_prod")
    assert len(readings(looking, SENSOR)) == 1, "the same answer is recorded once"


@pytest.mark.postgres
def test_who_waits_is_told(flown: Session, postgres: PostgresServer) -> None:
    """Sessions that hold others up stand beside the verdict."""
    postgres.sql(
        "CREATE TABLE other (id int); ALTER TABLE other OWNER TO app; INSERT INTO other VALUES (1)", "app_prod"
    )
    at_once = ANSWERS_SQL.replace("interval '60 s'", "interval '0 s'").replace("interval '5 s'", "interval '0 s'")

    def asked() -> Looked:
        return answered(
            json.loads(postgres.run("psql", "-qAtX", "-U", "app", "app_prod", stdin=at_once.encode()).stdout)
        )

    place = f"host={postgres.folder} user=app dbname=app_prod"
    with psycopg.connect(f"{place} application_name=report") as holder:
        holder.execute("LOCK TABLE other")
        looked = asked()
        assert looked.ok, looked.seen
        assert "1 session is idle in a transaction" in looked.seen
        with psycopg.connect(place, autocommit=True) as waiter:
            pid = waiter.info.backend_pid
            blocked = threading.Thread(target=lambda: waiter.execute("SELECT count(*) FROM other"))
            blocked.start()
            waiting = f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted"
            until(lambda: postgres.sql(waiting) == "1")
            looked = asked()
            held = f"that pid {holder.info.backend_pid} (app, report, idle in transaction) holds"
            assert f"1 session waits for a lock {held}" in looked.seen
            holder.rollback()
            blocked.join(PATIENCE_S)


@pytest.mark.postgres
def test_a_table_that_is_locked_or_may_not_be_written(flown: Session, postgres: PostgresServer) -> None:
    """J04: what is read and written is the application's own: without grants, without tables, or locked it is red."""
    look = DatabaseLook(flown).look
    assert look().ok
    with psycopg.connect(f"host={postgres.folder} user=app dbname=app_prod") as holder:
        holder.execute("LOCK TABLE note")
        assert (look().ok, look().seen) == (False, "app logs in, but note is locked")
    postgres.sql("ALTER TABLE note OWNER TO ops; GRANT SELECT ON note TO app", "app_prod")
    assert (look().ok, look().seen) == (False, "app logs in, but may read and write none of its tables")
    postgres.sql("DROP TABLE note", "app_prod")
    assert (look().ok, look().seen) == (False, "app logs in, but there is no table in the database")
    postgres.sql("CREATE TABLE django_migrations (id int GENERATED ALWAYS AS IDENTITY, app text)", "app_prod")
    postgres.sql("INSERT INTO django_migrations (app) VALUES ('a'); GRANT ALL ON django_migrations TO app", "app_prod")
    before = postgres.sql("SELECT ctid, * FROM django_migrations", "app_prod")
    assert look().ok
    assert postgres.sql("SELECT ctid, * FROM django_migrations", "app_prod") == before, "it was taken back"


@pytest.mark.postgres
def test_a_wrong_role_has_its_own_words(flown: Session, postgres: PostgresServer) -> None:
    """Distinct words for what is wrong, and the next move; the rest of the lookout goes on."""
    postgres.sql("REVOKE CONNECT ON DATABASE app_prod FROM PUBLIC, app; ALTER DATABASE app_prod OWNER TO ops")
    lookout = Lookout(flown, every_s=0.1, backup_every_s=60)
    lookout.start()
    try:
        red = saw(flown, SENSOR, lambda one: not one.ok)
    finally:
        lookout.stop()
    assert "permission denied" in red.seen
