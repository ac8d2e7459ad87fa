"""The database is looked at as the application's role: it answers, or the record says in words why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from lookout_ground import readings, saw
from postgres_server import PostgresServer
from tiny_system import Tiny, build

from actions.model.criteria import criteria, proposed_codes
from actions.model.database_answers import ANSWERS_SQL, answered
from app.lookout import Lookout
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
    with psycopg.connect(host=str(postgres.folder), user="app", dbname="app_prod") as holder:
        holder.execute("LOCK TABLE note")
        found = psycopg.connect(host=str(postgres.folder), user="app", dbname="app_prod", autocommit=True)
        with found as asked:
            text = ANSWERS_SQL.split("SELECT json_build_object")[1].split(";\nROLLBACK")[0]
            text = text.replace("interval '60 s'", "interval '0 s'").replace(
                "(SELECT sum(written) FROM goaround_looks)", "1"
            )
            row = asked.execute(f"SELECT json_build_object{text}").fetchone()
    assert row is not None
    looked = answered(row[0])
    assert looked.ok
    assert "1 session is idle in a transaction" in looked.seen


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
