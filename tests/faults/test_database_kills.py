"""The worker dies at the product's own points, the client while rows flow: all of the old data or all of the new.

Named statements of the programs, and the server's own end, are swept in the other files of kills.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, make_ground, told
from forked_worker import ForkedWorker
from held_rows import HeldRows
from planned_steps import step_of
from postgres_server import PostgresServer
from process_looks import end_each

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.plan import Plan
from actions.model.step import Happened, Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POINTS = ("step.before_effects", "effect.before", "effect.after", "step.after_effects")


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


def drawn(ground: Ground) -> Plan:
    found, _ = releases(ground.settings, "database", ground.world)
    backup = next(one for one in found if one.source == "backup")
    return draw(ground.settings, "database", backup, ground.world, INCIDENT)


def fly(ground: Ground, plan: Plan, *codes: str) -> None:
    for code in codes:
        result = step_of(plan, code).run(ground.world, told())
        assert result.outcome is Outcome.DONE, (code, result.summary)


def child(ground: Ground, plan: Plan, code: str, kill_at: str, *, undo: bool = False) -> bool:
    """Run the step in a process that dies at that point; whether it did."""
    step = step_of(plan, code)
    call = step.undo if undo else step.run
    worker = ForkedWorker(lambda: call(ground.world, told()), GOAROUND_KILL_AT=kill_at)
    return worker.end() is None


def answers(ground: Ground) -> str:
    """What the live name answers: all of the ``old`` or all of the ``new`` (the data of the backup)."""
    found = ground.server.sql("SELECT count(*) FROM auth_user; SELECT count(*) FROM visit", LIVE)
    return {"512\n297": "old", "500\n300": "new"}[found]


def sweep(at: str, one: Callable[[str], bool]) -> int:
    """At every passage of a point, until there is none any more; how many there were."""
    for number in itertools.count(1):
        if not one(f"{at}:{number}"):
            return number - 1
    raise AssertionError("not reached")


@pytest.mark.parametrize("point", POINTS)
def test_the_worker_dies_in_the_restore(ground: Ground, point: str) -> None:
    """The live one is never touched; the world is asked, and the step run again comes to its end."""
    ground.dump(Format.CUSTOM)
    plan = drawn(ground)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    restore = step_of(plan, "X1")

    def one(at: str) -> bool:
        died = child(ground, plan, "X1", at)
        assert answers(ground) == "old"
        quiet(ground)
        seen = restore.check(ground.world)
        if seen.happened is not Happened.YES:
            assert restore.moved(ground.world) == ""
            assert restore.run(ground.world, told()).outcome is Outcome.DONE
        assert restore.check(ground.world).happened is Happened.YES
        assert ground.server.sql("SELECT count(*) FROM auth_user", plan.drawn["side"]) == "500"
        assert restore.undo(ground.world, told()).outcome is Outcome.DONE
        assert ground.server.databases() == (LIVE,)
        return died

    assert sweep(point, one) >= (3 if point.startswith("effect") else 1)


def quiet(ground: Ground) -> None:
    """What a dead worker left running has ended."""
    end = time.monotonic() + 60
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname LIKE '{LIVE}%' OR query LIKE 'DO $goaround%'"
    while ground.server.sql(f"SELECT {sql.removeprefix('SELECT ')} AND pid <> pg_backend_pid()") != "0":
        assert time.monotonic() < end, "sessions of a dead worker stay"
        time.sleep(0.05)


@pytest.mark.parametrize("point", POINTS)
def test_the_worker_dies_in_the_swap_and_in_its_undo(ground: Ground, point: str) -> None:
    """F62: names are asked for; run again or undone, all of the one or all of the other, and everybody is let in."""
    ground.dump(Format.CUSTOM)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    fly(ground, drawn(ground), "X1", "X2", "X3")
    plan = drawn(ground)
    swap = step_of(plan, "Y3")

    def one(at: str) -> bool:
        assert answers(ground) == "old"
        died = child(ground, plan, "Y3", at)
        seen = swap.check(ground.world)
        assert seen.happened in (Happened.YES, Happened.NO)
        assert answers(ground) == ("new" if seen.happened is Happened.YES else "old")
        if seen.happened is Happened.NO:
            assert swap.run(ground.world, told()).outcome is Outcome.DONE
        assert answers(ground) == "new"
        child(ground, plan, "Y3", at, undo=True)
        back = swap.check_undone(ground.world)
        assert answers(ground) == ("old" if back.happened is Happened.YES else "new")
        if back.happened is not Happened.YES:
            assert swap.undo(ground.world, told()).outcome is Outcome.DONE
        assert answers(ground) == "old"
        return died

    assert sweep(point, one) >= 1


def client_pids(ground: Ground, program: str) -> list[int]:
    """Processes of that program that were started for this server's side database."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            environment = (entry / "environ").read_bytes() if words else b""
        except OSError:
            continue
        if words and words[0].endswith(program.encode()) and str(ground.server.folder).encode() in environment:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(("form", "program"), [(Format.CUSTOM, "/pg_restore"), (Format.SQL_GZIP, "/psql")])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_client_dies_in_the_restore(ground: Ground, form: Format, program: str, how: signal.Signals) -> None:
    """A killed pg_restore or psql is a failure, and nothing of the half is left."""
    rows = HeldRows(ground.server)
    rows.make(LIVE)
    ground.dump(form)
    plan = drawn(ground)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    results = []
    thread = threading.Thread(target=lambda: results.append(step_of(plan, "X1").run(ground.world, told())))
    with rows.held():
        thread.start()
        rows.until_held(plan.drawn["side"], thread.is_alive)
        assert end_each(client_pids(ground, program), how), "a client was at work"
        thread.join(60)
    assert results[0].outcome is not Outcome.DONE, results[0].summary
    quiet(ground)
    assert answers(ground) == "old"
    assert ground.server.databases() == (LIVE,), results[0].summary
