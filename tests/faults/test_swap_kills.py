"""The swap and its undo are ended at named points, on both sides: all of the one or all of the other; it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from database_ground import LIVE, told
from killed_ground import KilledGround, standing
from planned_steps import step_of
from postgres_server import PostgresServer

from actions.model.database_names import literal
from actions.model.plan import Plan
from actions.model.step import Checked, Happened, Outcome, Step, StepResult

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BEFORE = "DO $goaround$"
CLOSED = "PERFORM pg_terminate_backend(pid) FROM"
BETWEEN = "EXECUTE format('ALTER DATABASE %I RENAME TO %I', side, live)"
UNCOMMITTED = "IF problem <> '' THEN"


class Swapping:
    """A plan whose next step is the swap; back there again as often as it is wanted."""

    def __init__(self, killed: KilledGround) -> None:
        self.killed = killed
        killed.fly(killed.drawn(), "X1", "X2", "X3")
        self.plan: Plan = killed.drawn()
        self.step: Step = step_of(self.plan, "Y3")
        self.side = self.plan.drawn["side"]
        self._note = killed.server.sql(f"SELECT shobj_description(oid, 'pg_database') {self._of(self.side)}")

    def _of(self, name: str) -> str:
        return f"FROM pg_database WHERE datname = {literal(name)}"

    def again(self) -> None:
        """As if it had never been live: else nothing swaps it in a second time."""
        assert self.killed.answers() == "old"
        self.killed.server.sql(f'COMMENT ON DATABASE "{self.side}" IS {literal(self._note)}')
        self.killed.server.sql(f'ALTER DATABASE "{self.side}" ALLOW_CONNECTIONS true')

    def open(self) -> bool:
        """Whether the live name lets anybody in."""
        return self.killed.server.sql(f"SELECT datallowconn {self._of(LIVE)}") == "t"

    def run_again(self) -> None:
        """The way on: to the new one."""
        world = self.killed.ground.world
        if self.step.check(world).happened is not Happened.YES:
            assert self.step.moved(world) == ""
            result = self.step.run(world, told())
            assert result.outcome is Outcome.DONE, result.summary
        assert self.step.check(world).happened is Happened.YES
        self.is_whole("new")

    def undo(self) -> None:
        """The way back: to the old one."""
        world = self.killed.ground.world
        result = self.step.undo(world, told())
        assert result.outcome is Outcome.DONE, result.summary
        assert self.step.check_undone(world).happened is Happened.YES
        self.is_whole("old")

    def is_whole(self, which: str) -> None:
        """Both databases are there under names that a plan knows, and the live one lets everybody in."""
        assert self.killed.answers() == which
        assert self.open()
        other = self.plan.drawn["kept"] if which == "new" else self.side
        assert set(self.killed.server.databases()) == {LIVE, other}


@pytest.fixture(scope="module")
def swap(_postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swapping]:
    with standing(_postgres_server, tmp_path_factory.mktemp("swap")) as ground:
        yield Swapping(ground)


def disturbed(swap: Swapping, *, undoing: bool) -> tuple[Callable[..., StepResult], Callable[..., Checked]]:
    """The swap, or its undo after an undisturbed swap; and how the world is asked about it."""
    if not undoing:
        return swap.step.run, swap.step.check
    swap.run_again()
    return swap.step.undo, swap.step.check_undone


@pytest.mark.parametrize(
    ("undoing", "how", "came"),
    [
        (False, "psql", False),
        (False, "backend", False),
        (False, "server", False),
        (False, "psql", True),
        (False, "both", True),
        (False, "server", True),
        (True, "both", False),
        (True, "both", True),
        (True, "server", True),
    ],
)
def test_ended_before_it_and_after_its_commit(swap: Swapping, how: str, undoing: bool, came: bool) -> None:
    """Before: nothing has happened. After, and before the journal says so: it has, and the names tell it."""
    killed, world = swap.killed, swap.killed.ground.world
    call, ask = disturbed(swap, undoing=undoing)
    result = killed.killed(call, how, **({"given": BEFORE} if came else {"before": BEFORE}))
    if how in ("psql", "backend"):  # the worker lives, and has asked
        assert (result.outcome is Outcome.DONE) is came, result
    elif how == "server" and came and not undoing:  # psql had told it
        assert result.outcome is Outcome.DONE
        assert "Now: how the names stand cannot be asked" in result.summary or "nobody answers" in result.summary
    else:
        assert result.outcome is Outcome.UNKNOWN, "nobody can say before the server was asked"
    seen = ask(world)
    assert seen.happened is (Happened.YES if came else Happened.NO), seen
    swap.is_whole("new" if came is not undoing else "old")
    if not undoing and how != "psql":
        swap.run_again()
    swap.undo()
    swap.again()


@pytest.mark.parametrize(
    ("undoing", "where", "worker_too"),
    [
        (False, CLOSED, False),
        (False, CLOSED, True),
        (False, BETWEEN, True),
        (False, UNCOMMITTED, False),
        (True, CLOSED, True),
        (True, BETWEEN, False),
    ],
)
def test_the_client_ends_inside_and_the_server_carries_it_to_its_end(
    swap: Swapping, where: str, undoing: bool, worker_too: bool
) -> None:
    """psql, or the worker with it: what was begun comes about as a whole, and is seen."""
    killed, world = swap.killed, swap.killed.ground.world
    call, ask = disturbed(swap, undoing=undoing)
    worker, _, keeper = killed.held(call, where)
    (client,) = killed.clients()
    if worker_too:
        worker.kill()
    os.kill(client, signal.SIGKILL)
    keeper.close()  # from here on it goes on
    result = worker.end()
    assert worker_too is (result is None)
    assert result is None or result.outcome is Outcome.DONE, result
    assert ask(world).happened is Happened.YES
    swap.is_whole("old" if undoing else "new")
    if not undoing:
        swap.undo()
    swap.again()


@pytest.mark.parametrize(
    ("undoing", "where", "who", "leave"),
    [
        (False, CLOSED, "backend", "on"),
        (False, CLOSED, "backend and worker", "on"),
        (False, CLOSED, "backend and worker", "back"),
        (False, CLOSED, "server", "back"),
        (False, BETWEEN, "backend", "back"),
        (False, BETWEEN, "server and worker", "on"),
        (False, UNCOMMITTED, "backend and worker", "back"),
        (True, CLOSED, "backend", "back"),
        (True, CLOSED, "server and worker", "back"),
        (True, BETWEEN, "backend and worker", "back"),
    ],
)
def test_the_session_or_the_server_ends_inside(swap: Swapping, undoing: bool, where: str, who: str, leave: str) -> None:
    """Both names or none. A name that was left closed is opened by whoever lives; else the operator is told."""
    killed, world = swap.killed, swap.killed.ground.world
    call, ask = disturbed(swap, undoing=undoing)
    worker, backend, keeper = killed.held(call, where)
    if "worker" in who:
        worker.kill()
    if "server" in who:
        killed.server.control("-m", "immediate", "stop")
    else:
        keeper.execute("SELECT pg_terminate_backend(%s)", (backend,))
    keeper.close()
    result = worker.end()
    if "server" in who:
        killed.server.restart()
    if who == "backend":
        assert result.outcome is not Outcome.DONE
        assert ask(world).happened is Happened.NO
        swap.is_whole("new" if undoing else "old")
    else:
        assert result is None or result.outcome is Outcome.UNKNOWN, result
        seen = ask(world)
        assert seen.happened is Happened.UNKNOWN
        assert "lets nobody in" in seen.detail
        assert "undo opens it" in seen.detail
    if leave == "on":
        swap.run_again()
    swap.undo()
    swap.again()


def test_the_proof_is_ended_inside_its_own_write(swap: Swapping) -> None:
    """What it writes is taken back, whoever ends: the new one is as it was, and the proof is run again."""
    swap.run_again()
    prove = step_of(swap.plan, "Y6")
    for how in ("psql", "both", "backend"):
        result = swap.killed.killed(prove.run, how, before="ROLLBACK;")
        assert result.outcome is not Outcome.DONE
        swap.is_whole("new")
        assert prove.check(swap.killed.ground.world).happened is Happened.NO
    result = prove.run(swap.killed.ground.world, told())
    assert result.outcome is Outcome.DONE, result.summary
    swap.is_whole("new")
    swap.undo()
