"""A snapshot is the live database as it was; those who connect meanwhile wait and are let in, whatever goes wrong."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from performing import local_world
from postgres_server import OWNER, PostgresServer

from actions.model.database_names import ident, literal
from actions.model.errors import GoaroundError, Refused
from actions.model.ports import World
from actions.model.side_note import drop_side_sql
from actions.model.snapshot_sql import SnapshotNote, note_json, read_snapshot_note
from actions.model.swap_sql import SwapNames, swap_sql
from actions.steps.database_preflight import live_database
from actions.steps.snapshots import Taken, snapshots, strays, take_snapshot

LIVE = "obcms 'prod\""
TABLES = """
CREATE TABLE t (id serial PRIMARY KEY, text text);
INSERT INTO t (text) SELECT repeat('x', 100) FROM generate_series(1, 20000);
CREATE TABLE seen (at timestamptz);
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


@pytest.fixture
def shop(postgres: PostgresServer) -> PostgresServer:
    postgres.new_database(LIVE, TABLES)
    return postgres


def connect(server: PostgresServer, database: str = LIVE) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(server.folder), user=OWNER, dbname=database, autocommit=True)


def take(server: PostgresServer, world: World, mark: str = "1122", release: str = "sha256:ab") -> Taken:
    return take_snapshot(world, server.client(), live_database(world, server.client(), LIVE), mark, release)


def data(server: PostgresServer, name: str) -> bytes:
    return server.dump(name, "--inserts", "--restrict-key=x")


def test_a_copy_that_says_what_it_is(shop: PostgresServer, world: World) -> None:
    """The same data, settings, rights and owner; listed with its time; it can take the live name at once."""
    shop.sql("CREATE ROLE app LOGIN; CREATE ROLE nobody LOGIN")
    shop.sql(
        f"ALTER DATABASE {ident(LIVE)} SET work_mem TO '9MB'; REVOKE ALL ON DATABASE {ident(LIVE)} FROM PUBLIC;"
        f"GRANT CONNECT ON DATABASE {ident(LIVE)} TO app; ALTER DATABASE {ident(LIVE)} OWNER TO app;"
    )
    before = data(shop, LIVE)
    taken = take(shop, world)
    (one,) = snapshots(world, shop.client(), LIVE)
    assert one == taken.snapshot
    assert (one.name, one.release) == (f"{LIVE}_snap_1122", "sha256:ab")
    assert one.size > 1_000_000
    assert not one.open
    shop.sql(f"ALTER DATABASE {ident(one.name)} ALLOW_CONNECTIONS true")
    assert data(shop, one.name) == before
    row = "SELECT pg_get_userbyid(datdba), datacl::text FROM pg_database WHERE datname = "
    assert shop.sql(row + literal(one.name)) == shop.sql(row + literal(LIVE))
    assert shop.sql("SHOW work_mem", one.name) == "9MB"
    shop.sql("DELETE FROM t", LIVE)
    shop.sql(swap_sql(SwapNames(LIVE, one.name, "kept")))
    assert data(shop, LIVE) == before
    with pytest.raises(AssertionError, match="left as it is"):
        shop.sql(drop_side_sql("kept", "predeploy"))


def test_who_connects_waits_and_who_was_in_is_ended(shop: PostgresServer, world: World) -> None:
    """Clients that come back all the time do not keep it from being made, and none of them is turned away."""
    refused: list[str] = []
    connected = 0
    ending = threading.Event()

    def reconnect() -> None:
        nonlocal connected
        while not ending.is_set():
            try:
                session = connect(shop)
            except psycopg.OperationalError as error:
                if "due to administrator command" not in str(error):  # it was in, and is ended for the copy
                    refused.append(str(error))
                continue
            connected += 1
            try:
                with session:
                    session.execute("INSERT INTO seen VALUES (clock_timestamp())")
                    time.sleep(0.01)
                    session.execute("SELECT 1")
            except psycopg.OperationalError:
                pass  # ended for the copy: what was announced

    stuck = connect(shop)
    stuck.autocommit = False
    stuck.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    threads = [threading.Thread(target=reconnect) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        while connected < 8:
            time.sleep(0.01)
        taken = take(shop, world)
        after = connected
        while connected < after + 8:
            time.sleep(0.01)
    finally:
        ending.set()
        for thread in threads:
            thread.join()
        stuck.close()
    assert refused == []
    assert taken.ended >= 1
    # In the copy there is nothing newer than its beginning; what came in afterwards is in the live one alone.
    shop.sql(f"ALTER DATABASE {ident(taken.snapshot.name)} ALLOW_CONNECTIONS true")
    newest = "SELECT max(at) FROM seen"
    assert shop.sql(newest, taken.snapshot.name) < shop.sql(newest, LIVE)


@pytest.mark.parametrize("why", ["name", "rights", "owner"])
def test_what_cannot_be_made_ends_nobody(shop: PostgresServer, world: World, why: str) -> None:
    """Refused, or failed on the server: sessions go on, nothing was made."""
    with connect(shop) as session:
        pid = session.info.backend_pid
        client = shop.client()
        live = live_database(world, client, LIVE)
        if why == "name":
            shop.new_database(f"{LIVE}_snap_1122")  # after the look: the server itself refuses
        elif why == "rights":
            shop.sql("CREATE ROLE app LOGIN CREATEDB")
            client = shop.client("app")
            live = live_database(world, client, LIVE)
        else:
            live = replace(live, shape=replace(live.shape, owner="nobody-at-all"))
        with pytest.raises(GoaroundError):
            take_snapshot(world, client, live, "1122", "")
        assert session.execute("SELECT pg_backend_pid()").fetchone() == (pid,)
    assert snapshots(world, shop.client(), LIVE) == ()
    assert [name for name in shop.databases() if "_snap_" in name] == ([f"{LIVE}_snap_1122"] if why == "name" else [])


def test_what_does_not_say_so_is_none(shop: PostgresServer, world: World) -> None:
    """Of another database, without a comment, with somebody else's: never listed as a way back."""
    note = note_json(SnapshotNote("2026-11-22T00:00:00.000000Z", "r"))
    for name, comment in {
        f"{LIVE}_snap_bare": "",
        f"{LIVE}_snap_odd": "kept by Bo",
        "other_snap_1": note,
        f"{LIVE}_snap_Not-A-Mark": note,
        f"{LIVE}_snap_ours": note,
    }.items():
        shop.new_database(name)
        if comment:
            shop.sql(f"COMMENT ON DATABASE {ident(name)} IS {literal(comment)}")
    assert [one.name for one in snapshots(world, shop.client(), LIVE)] == [f"{LIVE}_snap_ours"]
    assert strays(world, shop.client(), LIVE) == (f"{LIVE}_snap_bare",)


def test_one_that_was_live_is_none_any_more() -> None:
    """Whoever swaps it in writes so into its comment: it is not proposed again as what was before the deployment."""
    note = SnapshotNote("2026-11-22T00:00:00.000000Z", "r")
    assert read_snapshot_note(note_json(note)) == note
    assert read_snapshot_note(json.dumps({**json.loads(note_json(note)), "live": "2026"})) is None
    for text in (
        None,
        "",
        "x",
        "[]",
        "{}",
        '{"goaround": "predeploy"}',
        '{"goaround": "predeploy", "at": 1}',
        note_json(replace(note, at="x")),
    ):
        assert read_snapshot_note(text) is None


def test_a_prepared_transaction_is_named(shop: PostgresServer, world: World) -> None:
    """What would make the copy fail is told before anybody is ended."""
    live = live_database(world, shop.client(), LIVE)
    with pytest.raises(Refused, match="cannot change its name"):
        take_snapshot(
            world, shop.client(), replace(live, holds=("prepared transactions stand open in it: x",)), "1", ""
        )


def test_somebody_who_cannot_be_ended(shop: PostgresServer, world: World) -> None:
    """A superuser is inside, and we are none: the copy gives up, says why, and everybody is let in again."""
    shop.sql(f"CREATE ROLE app LOGIN CREATEDB; ALTER DATABASE {ident(LIVE)} OWNER TO app")
    client = shop.client("app")
    with connect(shop) as session:
        pid = session.info.backend_pid
        with pytest.raises(GoaroundError, match="the live database is as it was") as raised:
            take_snapshot(world, client, live_database(world, client, LIVE), "1122", "")
        assert "superuser" in raised.value.detail
        assert session.execute("SELECT pg_backend_pid()").fetchone() == (pid,)
    connect(shop).close()
    assert snapshots(world, client, LIVE) == ()
