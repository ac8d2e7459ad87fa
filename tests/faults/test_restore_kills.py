"""psql, pg_restore, the worker or the server end at a named point of the restore: the live one is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from database_ground import LIVE, told
from killed_ground import KilledGround, standing
from planned_steps import step_of
from postgres_server import PostgresServer
from process_looks import end_each

from actions.model.backup_file import Format
from actions.model.database_names import literal
from actions.model.side_note import read_note
from actions.model.step import Happened, Outcome, Step

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def killed(_postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledGround]:
    with standing(_postgres_server, tmp_path_factory.mktemp("restore")) as ground:
        yield ground


@dataclass(frozen=True)
class Point:
    """A named point of the restore."""

    where: dict[str, Any]
    side: str | None
    """What the side database says of itself after the worker died there: its state."""
    ends: tuple[tuple[str, str], ...]
    """Who is ended there, and what follows."""
    program: str = "psql"
    undone: bool = False
    """It lies in the undo."""


POINTS = {
    "the side database is made, and says nothing yet": Point(
        {"before": 'COMMENT ON DATABASE "'},
        "",
        (("psql", "again"), ("both", "again"), ("both", "undo"), ("server", "again")),
    ),
    "it is half filled": Point(
        {"after": 12}, "restoring", (("psql", "again"), ("worker", "again"), ("server", "undo")), "pg_restore"
    ),
    "it is filled, and not finished": Point(
        {"before": 'ALTER DATABASE "'}, "restoring", (("backend", "again"), ("both", "again"))
    ),
    "it is finished, and does not say so": Point(
        {"before": "DO $goaround$\nDECLARE"}, "restoring", (("both", "undo"),)
    ),
    "it is finished": Point({"given": '"state":"restored"'}, "restored", (("both", "again"),)),
    "it is closed, and not dropped": Point(
        {"before": "SELECT 'ended '"}, "restored", (("both", "again"), ("server", "undo")), undone=True
    ),
}


def note(killed: KilledGround, side: str) -> str | None:
    """The state that the side database's comment tells (empty: it has none); None: there is no such database."""
    sql = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = {literal(side)}"
    if side not in killed.server.databases():
        return None
    found = read_note(killed.server.sql(sql))
    return found.state if found is not None else ""


def run_again(killed: KilledGround, restore: Step) -> None:
    """What the cockpit does: nobody else has moved it, it runs to its end, and can be taken away."""
    if restore.check(killed.ground.world).happened is not Happened.YES:
        assert restore.moved(killed.ground.world) == ""
        result = restore.run(killed.ground.world, told())
        assert result.outcome is Outcome.DONE, result.summary
    assert restore.check(killed.ground.world).happened is Happened.YES
    undo(killed, restore)


def undo(killed: KilledGround, restore: Step) -> None:
    result = restore.undo(killed.ground.world, told())
    assert result.outcome is Outcome.DONE, result.summary
    assert restore.check_undone(killed.ground.world).happened is Happened.YES
    assert killed.server.databases() == (LIVE,), "nothing of it is left"


@pytest.mark.parametrize("name", POINTS)
def test_the_restore_ended_at_a_named_point(killed: KilledGround, name: str) -> None:
    """The live one holds all of the old; run again it comes to its end, undone nothing is left."""
    point = POINTS[name]
    plan = killed.drawn()
    restore, side = step_of(plan, "X1"), plan.drawn["side"]
    for how, leave in point.ends:
        if point.undone:
            killed.fly(plan, "X1")
        call = restore.undo if point.undone else restore.run
        result = killed.killed(call, how, point.program, **point.where)
        assert result.outcome is not Outcome.DONE, (how, result)
        assert killed.answers() == "old"
        if how in ("psql", "backend"):  # the worker lives, and has taken it away itself
            assert killed.server.databases() == (LIVE,), result.summary
        else:
            assert note(killed, side) == point.side, how
            seen = restore.check(killed.ground.world)
            assert (seen.happened is Happened.YES) is (point.side == "restored"), seen
            assert not point.undone or restore.check_undone(killed.ground.world).happened is Happened.NO
        (run_again if leave == "again" else undo)(killed, restore)
        assert killed.answers() == "old"


def test_a_drop_that_the_server_did_not_survive_is_carried_on(killed: KilledGround) -> None:
    """Since 15.4 such a database is marked invalid: nothing but its drop is allowed any more."""
    plan = killed.drawn()
    killed.fly(plan, "X1")
    restore = step_of(plan, "X1")
    killed.server.sql(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = {literal(plan.drawn['side'])}")
    assert restore.moved(killed.ground.world) == ""
    run_again(killed, restore)
    assert killed.answers() == "old"


def test_a_side_database_of_somebody_else_is_not_taken_for_ours(killed: KilledGround) -> None:
    """One without a comment is ours only when it was made as ours is: else nobody touches it."""
    plan = killed.drawn()
    restore, side = step_of(plan, "X1"), plan.drawn["side"]
    killed.server.new_database(side, "CREATE TABLE precious (n integer)")
    assert "did not make" in restore.moved(killed.ground.world)
    assert restore.check(killed.ground.world).happened is Happened.UNKNOWN
    assert restore.undo(killed.ground.world, told()).outcome is Outcome.FAILED
    assert killed.server.sql("SELECT count(*) FROM precious", side) == "0"
    killed.server.sql(f'DROP DATABASE "{side}"')


NOTED = "DO $goaround$\nDECLARE\n  side"
READINGS = (
    ("X2", "SELECT json_build_object(", ("psql", "both")),  # every table is counted
    ("X2", NOTED, ("backend",)),  # what was verified goes into the comment
    ("X3", "COPY ", ("psql", "both")),  # keys are compared, lost rows are kept
    ("X3", NOTED, ("both",)),  # the loss goes into the comment
)


def test_verify_and_loss_ended_at_a_named_point(killed: KilledGround) -> None:
    """Nothing half counted is taken for a number: it is counted again, and says the same as undisturbed."""
    plan = killed.drawn()
    killed.fly(plan, "X1")
    for number, (code, before, hows) in enumerate(READINGS):
        step = step_of(plan, code)
        for how in hows:
            result = killed.killed(step.run, how, before=before)
            assert result.outcome is not Outcome.DONE, (how, result)
            assert "loss" not in result.facts or before != "COPY ", "a half count is no count"
            assert killed.answers() == "old"
            assert step.check(killed.ground.world).happened is Happened.NO, how
            assert step_of(plan, "X1").check(killed.ground.world).happened is Happened.YES
        if READINGS[number + 1 : number + 2] and READINGS[number + 1][0] == code:
            continue
        killed.fly(plan, code)
    swap = killed.drawn()
    assert swap.facts["stage"] == "swap"
    assert swap.facts["loss rows"] == str(12 + 4 + 2 + 3 + 6)
    undo(killed, step_of(plan, "X1"))


def test_psql_is_killed_in_the_middle_of_a_plain_dump(killed: KilledGround) -> None:
    """However many sessions load it: nothing of the half is left, or it is known as such."""
    custom = killed.drawn()
    killed.fly(custom, "X1")
    dump = killed.ground.dump(Format.SQL_GZIP, custom.drawn["side"])
    undo(killed, step_of(custom, "X1"))
    plan = killed.drawn()
    assert plan.facts["backup"] == str(dump)
    restore, side = step_of(plan, "X1"), plan.drawn["side"]
    for leave, who in ((run_again, "psql"), (undo, "worker")):
        killed.programs.at("sleep", before="COPY public.visit")
        worker = killed.worker(restore.run)
        asleep = f"SELECT pid FROM pg_stat_activity WHERE datname = {literal(side)} AND query LIKE '%pg_sleep(3600)%'"
        while not killed.server.sql(asleep):
            assert worker.alive(), worker.end()
        clients = killed.clients()
        if who == "worker":
            worker.kill()
        assert end_each(clients), "a client was at work"
        result = worker.end()
        assert (result is None) is (who == "worker")
        assert killed.answers() == "old"
        assert note(killed, side) == ("restoring" if who == "worker" else None)
        leave(killed, restore)
    dump.unlink()
