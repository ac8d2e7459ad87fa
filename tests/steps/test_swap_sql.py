"""Two databases change names: the live name answers with all of the old or all of the new, whatever is killed."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from postgres_server import PostgresServer

from actions.model.database_names import ident
from actions.model.swap_sql import SwapNames, open_sql, standing, standing_sql, swap_sql

NAMES = SwapNames("obcms 'prod\"", "obcms_rb_1", "obcms_pre_rb_1")
MARK = "CREATE TABLE which (name text); INSERT INTO which VALUES ('{}')"


@pytest.fixture
def pair(postgres: PostgresServer) -> PostgresServer:
    """A live database and one beside it, each knowing which it is."""
    postgres.new_database(NAMES.live, MARK.format("old"))
    postgres.new_database(NAMES.side, MARK.format("new"))
    return postgres


def connect(server: PostgresServer, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(server.folder), user="ops", dbname=database, autocommit=True)


def which(server: PostgresServer, database: str = NAMES.live) -> str:
    with connect(server, database) as session:
        row = session.execute("SELECT name FROM which").fetchone()
        assert row is not None
        return str(row[0])


def stands(server: PostgresServer, names: SwapNames = NAMES) -> Any:
    import json

    return standing(names, json.loads(server.sql(standing_sql(names))))


def test_there_and_back(pair: PostgresServer) -> None:
    """The same statement with the names the other way round is the undo; nothing is gone."""
    assert stands(pair).swapped is False
    pair.sql(swap_sql(NAMES))
    assert which(pair) == "new"
    assert stands(pair).swapped is True
    pair.sql(swap_sql(NAMES.back))
    pair.sql(open_sql(NAMES.side))  # what is not live is kept closed
    assert (which(pair), which(pair, NAMES.side)) == ("old", "new")
    assert stands(pair).swapped is False
    assert stands(pair).open


def test_open_sessions_do_not_stop_it(pair: PostgresServer) -> None:
    """Sessions, idle in a transaction too, are ended; who reconnects all the time gets in again."""
    stuck = connect(pair, NAMES.live)
    stuck.autocommit = False
    stuck.execute("LOCK TABLE which IN ACCESS EXCLUSIVE MODE")
    ending = threading.Event()
    answers: list[list[str]] = [[] for _ in range(4)]

    def reconnect(own: list[str]) -> None:
        while not ending.is_set():
            try:
                own.append(which(pair))
            except psycopg.OperationalError:
                own.append("")

    threads = [threading.Thread(target=reconnect, args=(own,)) for own in answers]
    for thread in threads:
        thread.start()
    try:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        until(lambda: pair.sql(waiting) == str(len(threads)), "who connects does not meet the lock")
        pair.sql(swap_sql(NAMES))
        until(lambda: all(own and own[-1] == "new" for own in answers), "who reconnects is not let in again")
    finally:
        ending.set()
        for thread in threads:
            thread.join()
        stuck.close()
    assert which(pair) == "new"
    for own in answers:
        assert set(own[own.index("new") :]) == {"new"}


def test_a_swap_that_cannot_be_leaves_everything_open(pair: PostgresServer) -> None:
    """A prepared transaction forbids the renaming: the live name lets people in as before."""
    pair.restart("-c max_prepared_transactions=5")
    try:
        pair.sql("BEGIN; INSERT INTO which VALUES ('more'); PREPARE TRANSACTION 'stuck'", NAMES.live)
        done = pair.run(
            "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", "postgres", stdin=swap_sql(NAMES).encode(), ok=False
        )
        assert done.returncode == 3
        assert b"nothing was swapped" in done.stderr
        assert which(pair) == "old"
        assert stands(pair).open
    finally:
        pair.sql("ROLLBACK PREPARED 'stuck'", NAMES.live)
        pair.restart()


@pytest.mark.parametrize("gone", ["live", "side", "kept is there"])
def test_names_that_moved_change_nothing(pair: PostgresServer, gone: str) -> None:
    """Whoever renamed something meanwhile finds it as it was."""
    if gone == "kept is there":
        pair.new_database(NAMES.kept)
    else:
        name = ident(NAMES.live if gone == "live" else NAMES.side)
        pair.sql(f"ALTER DATABASE {name} RENAME TO away")
    before = pair.databases()
    done = pair.run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", "postgres", stdin=swap_sql(NAMES).encode(), ok=False)
    assert b"not as they were" in done.stderr
    assert pair.databases() == before
    assert stands(pair).swapped is None


def killed_psql(server: PostgresServer, after_s: float, how: int) -> None:
    argv = (
        str(server.programs / "psql"),
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        str(server.folder),
        "-U",
        "ops",
        "-d",
        "postgres",
    )
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as psql:
        assert psql.stdin is not None
        psql.stdin.write(swap_sql(NAMES).encode())
        psql.stdin.close()
        time.sleep(after_s)
        psql.send_signal(how)


def settle(server: PostgresServer) -> None:
    """What psql had sent has ended on the server: its session is gone, whether it had begun when psql died or not."""
    sessions = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend'"
        " AND pid <> pg_backend_pid()"
    )
    until(lambda: server.sql(sessions) == "0", "the swap does not end")


def until(what: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("after_ms", [0, 15, 30, 45, 80])
def test_psql_is_killed_at_any_moment(pair: PostgresServer, after_ms: int, how: signal.Signals) -> None:
    """The live name answers with all of the old or all of the new, and lets people in; the other one is there."""
    session = connect(pair, NAMES.live)  # something to be ended
    killed_psql(pair, after_ms / 1000, how)
    settle(pair)
    session.close()
    seen = stands(pair)
    assert seen.swapped is not None
    assert seen.open
    other = NAMES.kept if seen.swapped else NAMES.side
    pair.sql(open_sql(other))
    assert {which(pair), which(pair, other)} == {"old", "new"}


@pytest.mark.parametrize("after_ms", [20, 35])
def test_a_cancelled_swap_is_told_at_worst(pair: PostgresServer, after_ms: int) -> None:
    """A Ctrl-C reaches the server itself: should it fall on the one moment between, it is seen and mended."""
    killed_psql(pair, after_ms / 1000, signal.SIGINT)
    settle(pair)
    seen = stands(pair)
    assert seen.swapped is not None
    assert seen.open or "lets nobody in" in seen.words
    pair.sql(open_sql(NAMES.live))
    assert which(pair) in ("old", "new")


def test_a_server_that_falls_in_the_middle_is_told(pair: PostgresServer) -> None:
    """Only the server's own end can leave the live name closed: it is seen, and one statement opens it."""
    pair.sql(f'ALTER DATABASE "{NAMES.live.replace(chr(34), chr(34) * 2)}" ALLOW_CONNECTIONS false')
    seen = stands(pair)
    assert (seen.swapped, seen.open) == (False, False)
    assert "lets nobody in" in seen.words
    pair.sql(open_sql(NAMES.live))
    assert which(pair) == "old"
