"""`database.restore`: the data of a backup beside the live database, or nothing at all; the live one is as it was."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from database_ground import INCIDENT, LIVE, SIDE, Ground, make_ground, told
from held_rows import HeldRows
from postgres_server import PostgresServer

from actions.model.backup_file import Format
from actions.model.database_shape import DatabaseShape, Grant, Setting, listed
from actions.model.effect import shown
from actions.model.effect_database import RunSql
from actions.model.side_note import SideNote, drop_side_sql, read_note, set_note_sql
from actions.model.step import Happened, Outcome
from actions.steps.side_reading import note_of


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> Ground:
    return make_ground(postgres, tmp_path)


PICKY = """
CREATE FUNCTION picky(n integer) RETURNS boolean LANGUAGE sql
  AS $$ SELECT n < 500 OR current_database() !~ '_rb_' $$;
CREATE TABLE z_late (n integer CONSTRAINT never CHECK (picky(n)));
INSERT INTO z_late SELECT generate_series(1, 900);
"""
"""A table whose rows are refused by any other database, from its middle on."""

FORMATS = [Format.SQL, Format.SQL_GZIP, Format.SQL_ZSTD, Format.CUSTOM, Format.DIRECTORY, Format.TAR]


def without_restrict(dump: bytes) -> bytes:
    """As an older pg_dump writes it."""
    return b"".join(line for line in dump.splitlines(True) if not line.startswith((b"\\restrict", b"\\unrestrict")))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.value)
def test_every_format_gives_the_same_bytes(ground: Ground, form: Format) -> None:
    """pg_dump of the side database is pg_dump of the live one; the live one was not touched."""
    before = ground.held(LIVE)
    step = ground.restore(ground.dump(form), form)
    assert step.moved(ground.world) == ""
    assert step.check(ground.world).happened is Happened.NO
    result = step.run(ground.world, told())
    assert result.outcome is Outcome.DONE, result.summary
    assert ground.held(SIDE) == before
    assert ground.held(LIVE) == before
    assert step.check(ground.world).happened is Happened.YES
    _, note = note_of(ground.world, ground.client, SIDE)
    assert note is not None
    assert (note.goaround, note.state, note.live) == (INCIDENT, "restored", "")


def test_a_plain_dump_can_give_no_command_to_psql(ground: Ground) -> None:
    """Restricted, psql refuses every command of its own that a dump could hold (F58), and the row is red."""
    path = ground.dump(Format.SQL)
    hit = ground.folder / "hit"
    path.write_bytes(
        without_restrict(path.read_bytes()).replace(b"\nSET ", b"\n\\! touch " + os.fsencode(hit) + b"\nSET ", 1)
    )
    step = ground.restore(path, Format.SQL, restrict="k7qf")
    result = step.run(ground.world, told())
    assert result.outcome is not Outcome.DONE
    assert not hit.exists()
    assert ground.server.databases() == (LIVE,)


def test_a_restricted_restore_is_whole(ground: Ground) -> None:
    """The word in front of it changes nothing of the data."""
    before = ground.held(LIVE)
    path = ground.dump(Format.SQL)
    path.write_bytes(without_restrict(path.read_bytes()))
    result = ground.restore(path, Format.SQL, restrict="k7qf").run(ground.world, told())
    assert result.outcome is Outcome.DONE, result.summary
    assert ground.held(SIDE) == before


@pytest.mark.parametrize("form", [Format.SQL_GZIP, Format.CUSTOM, Format.DIRECTORY], ids=lambda form: form.value)
def test_an_error_in_the_middle_leaves_nothing(ground: Ground, form: Format) -> None:
    """F59: the data do not fit; the side database is gone again, the live one byte for byte as it was."""
    ground.server.sql(PICKY, LIVE)
    before = ground.held(LIVE)
    result = ground.restore(ground.dump(form), form).run(ground.world, told())
    assert result.outcome is not Outcome.DONE
    assert "nothing of it is left" in result.summary
    assert ground.server.databases() == (LIVE,)
    assert ground.held(LIVE) == before


def test_a_truncated_archive_of_plain_sql_is_not_half_restored(ground: Ground) -> None:
    """S2: psql commits the half at the end of its input; gzip's end is judged, too, and nothing of it is left."""
    path = ground.dump(Format.SQL_GZIP)
    path.write_bytes(path.read_bytes()[:-2000])
    step = ground.restore(path, Format.SQL_GZIP)
    result = step.run(ground.world, told())
    assert result.outcome is not Outcome.DONE
    assert "gzip" in result.summary
    assert ground.server.databases() == (LIVE,)


def test_the_server_falls_in_the_middle(ground: Ground) -> None:
    """F61: nothing is done, the live data are there; run again, it comes to its end."""
    rows = HeldRows(ground.server)
    rows.make(LIVE)
    before = ground.held(LIVE)  # by a server that falls, sequences are set forward: so it is compared with this one
    step = ground.restore(ground.dump(Format.SQL), Format.SQL)
    results = []
    thread = threading.Thread(target=lambda: results.append(step.run(ground.world, told())))
    with rows.held():
        thread.start()
        rows.until_held(SIDE, thread.is_alive)
        ground.server.restart(how="immediate")
        thread.join(60)
    assert results[0].outcome is not Outcome.DONE
    assert ground.server.sql("SELECT count(*) FROM auth_user", LIVE) == "500"
    assert step.check(ground.world).happened is not Happened.YES
    again = step.run(ground.world, told())
    assert again.outcome is Outcome.DONE, again.summary
    assert ground.held(SIDE) == before


def test_its_session_is_ended(ground: Ground) -> None:
    """psql loses its session in the middle: nothing of it is left."""
    rows = HeldRows(ground.server)
    rows.make(LIVE)
    before = ground.held(LIVE)
    step = ground.restore(ground.dump(Format.CUSTOM), Format.CUSTOM)
    results = []
    thread = threading.Thread(target=lambda: results.append(step.run(ground.world, told())))
    with rows.held():
        thread.start()
        rows.until_held(SIDE, thread.is_alive)
        ground.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{SIDE}'")
        thread.join(60)
    assert results[0].outcome is not Outcome.DONE
    assert ground.server.databases() == (LIVE,)
    assert ground.held(LIVE) == before


def test_the_shape_of_the_live_one_is_given(ground: Ground) -> None:
    """Owner, encoding, settings, rights and the limit of connections: what a bare CREATE DATABASE loses (Z07)."""
    ground.server.sql('CREATE ROLE "app user" LOGIN; CREATE ROLE reader; CREATE ROLE owner CREATEDB')
    shape = DatabaseShape(
        owner="owner",
        encoding="UTF8",
        collate="C.UTF-8",
        ctype="C.UTF-8",
        connections=17,
        settings=(
            Setting("timezone", "Asia/Manila"),
            Setting("search_path", '"$user", "It""s", public'),
            Setting("statement_timeout", "5min", "app user"),
            Setting("app.tenant", "it's \\ one"),
        ),
        grants=(Grant("owner", ("CREATE", "TEMPORARY", "CONNECT")), Grant("reader", ("CONNECT",), True)),
        has_grants=True,
    )
    step = ground.restore(ground.dump(Format.CUSTOM), Format.CUSTOM, shape=shape)
    result = step.run(ground.world, told())
    assert result.outcome is Outcome.DONE, result.summary
    seen = ground.server.sql(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datconnlimit, datacl"
        f" FROM pg_database WHERE datname = '{SIDE}'"
    )
    assert seen == "owner|UTF8|C.UTF-8|17|{owner=CTc/owner,reader=c*/owner}"
    assert ground.server.sql("SHOW timezone", SIDE) == "Asia/Manila"
    assert ground.server.sql("SHOW search_path", SIDE) == '"$user", "It""s", public'
    assert ground.server.sql("SHOW app.tenant", SIDE) == "it's \\ one"
    configured = ground.server.sql(
        f"SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = '{SIDE}'"
        " AND setrole <> 0"
    )
    assert "statement_timeout=5min" in configured


def test_lists_of_names_are_taken_apart() -> None:
    """As PostgreSQL keeps them."""
    assert listed('"$user", public') == ("$user", "public")
    assert listed('"a, b","c""d", e') == ("a, b", 'c"d', "e")
    assert listed("") == ()


@pytest.mark.parametrize(
    "comment",
    ["", "the wiki", "{not json", '{"goaround":"INC-other"}', f'{{"goaround":"{INCIDENT}","live":"2026"}}'],
)
def test_what_is_not_ours_is_never_dropped(ground: Ground, comment: str) -> None:
    """Neither undo nor a new run drops a database that this incident did not make, or that was live."""
    ground.server.new_database(SIDE, "CREATE TABLE precious (id integer)")
    if comment:
        ground.server.sql(f"""COMMENT ON DATABASE "{SIDE}" IS '{comment}'""")
    step = ground.restore(ground.dump(Format.CUSTOM), Format.CUSTOM)
    assert step.moved(ground.world)
    assert step.undo(ground.world, told()).outcome is not Outcome.DONE
    assert step.run(ground.world, told()).outcome is not Outcome.DONE
    assert ground.server.sql("SELECT count(*) FROM precious", SIDE) == "0"


@pytest.mark.parametrize("name", ["obcms_prod", "obcms_prod_pre_rb", "postgres"])
def test_a_name_that_is_not_beside_is_never_dropped(ground: Ground, name: str) -> None:
    """Whatever its comment says: the live database and what is kept of it have no such name (nor the drop a way)."""
    if name not in (LIVE, "postgres"):
        ground.server.new_database(name)
    note = SideNote(INCIDENT, "sha256:1", state="restored")
    ground.server.sql(set_note_sql(name, note))
    try:
        argv = ("-X", "-v", "ON_ERROR_STOP=1", "-d", "template1")
        done = ground.server.run("psql", *argv, stdin=drop_side_sql(name, INCIDENT).encode(), ok=False)
        assert done.returncode == 3
        assert b"left as it is" in done.stderr
        assert ground.server.sql(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"
    finally:
        ground.server.sql("COMMENT ON DATABASE postgres IS NULL")


def test_undo_takes_it_away(ground: Ground) -> None:
    """Also while somebody looks at it; the live one is as it was."""
    step = ground.restore(ground.dump(Format.CUSTOM), Format.CUSTOM)
    assert step.run(ground.world, told()).outcome is Outcome.DONE
    assert step.undo(ground.world, told()).outcome is Outcome.DONE
    assert step.check_undone(ground.world).happened is Happened.YES
    assert ground.server.databases() == (LIVE,)


def test_a_backup_that_changed_is_not_restored(ground: Ground) -> None:
    """It was read when the plan was drawn; another one was not."""
    path = ground.dump(Format.CUSTOM)
    step = ground.restore(path, Format.CUSTOM)
    path.write_bytes(path.read_bytes() + b"x")
    assert "has changed" in step.moved(ground.world)
    path.unlink()
    assert "is gone" in step.moved(ground.world)


def test_what_is_shown_is_what_runs(ground: Ground) -> None:
    """The preview holds the SQL that makes and that drops, and the restore's own argv."""
    step = ground.restore(ground.dump(Format.CUSTOM), Format.CUSTOM)
    text = "\n".join(shown(step.effects()))
    assert "CREATE DATABASE" in text
    assert "--exit-on-error" in text
    assert "--jobs=2" in text
    assert all(isinstance(effect, RunSql) for effect in step.undo_effects())


def test_comments_of_others_are_no_notes() -> None:
    """Anything may stand in a comment."""
    for text in (None, "", "words", "{", "[]", "{}", '{"goaround": 7}', '{"goaround":"i","loss":5}'):
        assert read_note(text) is None
