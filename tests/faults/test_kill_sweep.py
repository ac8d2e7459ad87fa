"""The kill sweep: SIGKILL at every passage of every named point, resume, and the same end. The tiny system is real."""

from __future__ import annotations

import itertools
import json
import queue
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny_system import PYTHON, Tiny, build, copy, environment
from waiting import until

from actions.engine.processes import alive, session_members
from actions.gateways.journal import SqliteJournal
from actions.model.chain import verify_lines
from actions.model.clock import SystemClock
from actions.model.incident import Incident
from actions.model.points import POINTS
from actions.model.step import Happened, Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FLIGHT = str(Path(__file__).resolve().parents[1] / "support" / "tiny_flight.py")
AT_ONCE = 3
"""Flights at a time: they wait for disks and processes more than they compute."""

COCKPIT_POINTS = tuple(
    name for name in POINTS if name.startswith(("journal.", "engine.before_intent", "engine.after_intent"))
)
WORKER_POINTS = tuple(name for name in POINTS if not name.endswith("_intent"))


@dataclass(frozen=True)
class Flown:
    """A flight that ended: by itself (`end`), or by the kill."""

    killed: bool
    end: dict[str, Any]
    before: tuple[int, int] | None
    """How often the deploy command had begun and ended before the first key was pressed."""
    output: str


class Airport:
    """Starts flights, `AT_ONCE` at a time; each is a process of its own (see `tiny_flight`)."""

    def __init__(self, folder: Path) -> None:
        self._free: queue.Queue[subprocess.Popen[bytes]] = queue.Queue()
        self._all = [
            subprocess.Popen(
                [PYTHON, FLIGHT],
                env=environment(Tiny(folder, None)),  # type: ignore[arg-type]  # only its store is asked for
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(AT_ONCE)
        ]
        for one in self._all:
            self._free.put(one)

    def close(self) -> None:
        for one in self._all:
            assert one.stdin is not None
            assert one.stdout is not None
            one.stdin.close()
            one.wait(120)
            one.stdout.close()

    def fly(self, tiny: Tiny, kill_worker: str = "", **variables: str) -> Flown:
        """One cockpit process from its start to its end."""
        output = tiny.folder / "flight.log"
        order = {"folder": str(tiny.folder), "output": str(output), "variables": variables, "kill_worker": kill_worker}
        one = self._free.get()
        assert one.stdin is not None
        assert one.stdout is not None
        one.stdin.write(json.dumps(order).encode() + b"\n")
        one.stdin.flush()
        status = int(one.stdout.readline())
        self._free.put(one)
        text = output.read_text()
        if status == -signal.SIGKILL:
            return Flown(True, {}, None, text)
        assert status == 0, text
        told = json.loads(text.splitlines()[-1])
        return Flown(False, told["end"], tuple(told["before"]) if told["before"] else None, text)


@pytest.fixture(scope="module")
def airport(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airport]:
    one = Airport(tmp_path_factory.mktemp("airport"))
    yield one
    one.close()


def record(tiny: Tiny) -> Incident | None:
    """The one incident of the store, its chain verified event by event; None when there is none."""
    journal = SqliteJournal(tiny.store, SystemClock())
    try:
        found = journal.newest()
        assert len(found) <= 1
        return verify_lines(journal.lines(found[0].id)).folded if found else None
    finally:
        journal.close()


def workers_ended(tiny: Tiny) -> bool:
    """Nothing of a dead cockpit is at work any more: its worker ends when its order is done."""
    incident = record(tiny) if (tiny.store / "journal.sqlite3").exists() else None
    runs = incident.runs if incident else ()
    return not any(alive(run.pid, run.pid_start) or session_members(run.pid) for run in runs)


def check_the_middle(tiny: Tiny) -> None:
    """Whatever was killed: what runs is the one release or the other, and the record is whole."""
    assert tiny.running in (tiny.former, tiny.target)
    until(lambda: workers_ended(tiny), "the end of the worker")
    assert tiny.running in (tiny.former, tiny.target)
    record(tiny)


def check_the_end(tiny: Tiny, flown: Flown, undisturbed: dict[str, Any]) -> None:
    """The same end as without the kill; deployed once, unless the operator was told that it had not happened."""
    assert flown.end == undisturbed, flown.output
    incident = record(tiny)
    assert incident is not None
    deploys = [run for run in incident.runs if run.code == "X2"]
    took = [run for run in deploys if run.took]
    assert len(took) == 1, "after a deployment that stands, it is never deployed again"
    assert deploys[-1] is took[0]
    for lost in deploys[:-1]:
        assert lost.resolved is Happened.NO or lost.outcome is Outcome.MOVED
    assert tiny.ended() == 1
    assert tiny.begun() <= len(deploys), "each start of the command belongs to an intent that the operator armed"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return build(tmp_path_factory.mktemp("tiny") / "template")


@pytest.fixture(scope="module")
def undisturbed(airport: Airport, template: Tiny, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    tiny = copy(template, tmp_path_factory.mktemp("undisturbed") / "tiny")
    flown = airport.fly(tiny)
    assert flown.end["outcome"] == "recovered"
    assert flown.end["live"] == flown.end["target"] == flown.end["observed"] == tiny.target
    assert flown.end["proven"]
    assert (flown.end["executed"], flown.end["verified"]) == ("ops1", "ops2")
    check_the_end(tiny, flown, flown.end)
    return flown.end


def sweep(one: Callable[[int], bool]) -> int:
    """Call with 1, 2, 3 ... until one says that nothing was killed any more; how many were."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in itertools.count(1, AT_ONCE):
            killed = list(pool.map(one, range(first, first + AT_ONCE)))
            if not all(killed):
                assert killed == sorted(killed, reverse=True), "a later passage was met and an earlier one was not"
                return first - 1 + sum(killed)
    raise AssertionError("not reached")


@pytest.mark.parametrize("point", COCKPIT_POINTS)
def test_killing_the_cockpit_anywhere_loses_nothing(
    point: str, airport: Airport, template: Tiny, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """Nothing is lost: whatever passage it dies at, the next cockpit reaches the end that was meant."""

    def one(number: int) -> bool:
        tiny = copy(template, tmp_path / str(number))
        first = airport.fly(tiny, GOAROUND_KILL_AT=f"{point}:{number}")
        if not first.killed:
            check_the_end(tiny, first, undisturbed)
            return False
        check_the_middle(tiny)
        counts = (tiny.begun(), tiny.ended())
        again = airport.fly(tiny)
        assert again.before in (counts, None), "resuming ran something by itself"
        check_the_end(tiny, again, undisturbed)
        return True

    passages = sweep(one)
    assert passages >= (10 if point.startswith("journal.") else 5), "the sweep has met fewer passages than there are"


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_killing_the_worker_anywhere_loses_nothing(
    point: str, airport: Airport, template: Tiny, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """A dead worker is noticed, the world is asked, and nothing is repeated that has happened."""

    def one(number: int) -> bool:
        tiny = copy(template, tmp_path / str(number))
        flown = airport.fly(tiny, f"{point}:{number}")
        check_the_end(tiny, flown, undisturbed)
        return (tiny.folder / "first-worker" / "second").exists()

    passages = sweep(one)
    assert passages >= (10 if point.startswith("journal.") else 4), "the sweep has met fewer passages than there are"
