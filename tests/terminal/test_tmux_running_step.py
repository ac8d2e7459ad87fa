"""A step that runs is not the cockpit's: terminals shrink, go away, hang up and are killed, and the step goes on.

Every test stands at the same place: X2, the deploy command, which waits until the test lets it go.
"""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import time
from contextlib import closing

import pytest
from terminals import GOAROUND, HUMAN_S, LOOK_S, Tmux, clean_environment, terminal, tmux
from tiny_system import Tiny, environment
from waiting import until

from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from actions.model.fold import fold
from actions.model.incident import Incident, Run
from actions.model.step import Outcome

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(300)]


def record(tiny: Tiny) -> Incident:
    """The record as it lies on disk."""
    with closing(SqliteJournal(tiny.store, SystemClock(), read_only=True)) as journal:
        newest = journal.newest(1)[0].id
        return fold(newest, journal.events(newest))


def deploy(tiny: Tiny) -> Run | None:
    """The run of X2, if it was started."""
    return record(tiny).last_run("X2")


def cockpit(tiny: Tiny) -> tuple[str, ...]:
    return (*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))


def started(op: Tmux, tiny: Tiny) -> Run:
    """The cockpit is open and X2 runs in it."""
    op.run(*cockpit(tiny))
    op.sees("run X2")
    op.runs(op.says())
    until(lambda: tiny.begun() == 1, lambda: f"X2 never started\n{op.screen()}")
    op.sees("running")
    run = deploy(tiny)
    assert run is not None
    assert run.open
    return run


def ends_well(tiny: Tiny) -> None:
    """Let the deployment go on: it ends by itself, and its end is on record."""
    tiny.let_go()
    until(lambda: (run := deploy(tiny)) is not None and not run.open, "the end of X2 is not on record")
    run = deploy(tiny)
    assert run is not None
    assert run.outcome is Outcome.DONE
    assert (tiny.begun(), tiny.ended()) == (1, 1)
    assert tiny.running == tiny.target


def test_resizing_detaching_ctrl_c_and_ctrl_z_touch_no_running_step(before_deploy: Tiny) -> None:
    """The cockpit follows every size, comes back after detaching and `fg`, and Ctrl-C asks instead of stopping."""
    tiny = before_deploy
    with tmux(80, 24, environment(tiny)) as op:
        run = started(op, tiny)
        for width, height in ((40, 10), (200, 60), (80, 24)):
            op.resize(width, height)
            op.sees("Enter watch X2", "running")
        op.press("C-c")
        op.sees("q leaves; X2 goes on. X stops a step.")
        op.press("X")
        op.sees("X2")
        op.resize(40, 10)
        op.sees("Stop everything")
        op.sees("Go on]")  # the way out is seen at any size
        op.press("Escape")
        op.resize(80, 24)
        op.sees("Enter watch X2")

        attached, other = pty.openpty()
        client = subprocess.Popen(
            ["tmux", "-L", op.name, "attach", "-t", "main"],
            stdin=other, stdout=other, stderr=other, env={**clean_environment({}), "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(other)
        until(lambda: op.tmux("list-clients").strip(), "nobody attached")
        op.tmux("detach-client", "-s", "main")
        with contextlib.suppress(OSError):  # EIO: the client has left the terminal, and is about to end
            while os.read(attached, 65536):
                pass
        client.wait(60)
        os.close(attached)
        op.sees("Enter watch X2")

        op.press("C-z")
        op.sees("shell>")
        assert op.flags() == "0 1 0", "the shell got no clean terminal"
        op.types("fg")
        op.keys("Enter")
        op.sees("Enter watch X2", "running")

        still = deploy(tiny)
        assert still is not None
        assert still.open
        assert still.pid == run.pid
        assert record(tiny).stop is None
        ends_well(tiny)
        op.sees("run X3")
        op.press("q")
        op.sees("shell>")
        assert op.flags() == "0 1 0"


def test_q_leaves_a_clean_terminal_and_the_step_behind_it(before_deploy: Tiny) -> None:
    """Leaving is no stop: the step goes on, and the next cockpit attaches to it."""
    tiny = before_deploy
    with tmux(80, 24, environment(tiny)) as op:
        started(op, tiny)
        op.press("q")
        op.sees("left 0")
        assert op.flags() == "0 1 0"
        run = deploy(tiny)
        assert run is not None
        assert run.open
        op.run(*cockpit(tiny), then="left again")
        op.sees("Enter watch X2", "running")
        ends_well(tiny)
        op.sees("run X3")


def test_two_cockpits_and_a_review_side_by_side(before_deploy: Tiny) -> None:
    """The second cockpit observes and names who flies, `--observe` takes nothing, and a record is read meanwhile."""
    tiny = before_deploy
    place = environment(tiny)
    store = ("--store", str(tiny.store))
    with tmux(160, 48, place) as first, tmux(160, 48, place) as second:
        first.run(*cockpit(tiny))
        first.sees("run X2", "at the keys:")
        second.run(*cockpit(tiny))
        second.sees("you observe", "flies")
        second.press("Enter")
        second.sees("blocked: you observe")
        second.press("q")
        second.sees("left 0")
        second.run(*cockpit(tiny), "--observe", then="looked on")
        second.sees("you observe")
        second.press("T")
        second.sees("--observe, no key changes anything")
        second.press("q")
        second.sees("looked on 0")
        second.run(*GOAROUND, "review", record(tiny).id, *store, then="read")
        second.sees("Review, event", "4 Time line")
        second.press("g")
        second.sees("Review, event 1 of")
        second.press("]", "G", "q")
        second.sees("read 0")
        assert second.flags() == "0 1 0"
        first.sees("run X2")  # nothing of this has touched the one who flies
        first.press("q")
        first.sees("left 0")
    assert deploy(tiny) is None


@pytest.mark.parametrize("how", ["hang up", "TERM", "KILL"])
def test_a_cockpit_that_is_ended_leaves_the_step_running(before_deploy: Tiny, how: str) -> None:
    """The tmux server dies (SIGHUP), or the cockpit is told to end: it is gone, the step ends by itself, on record."""
    tiny = before_deploy
    with tmux(80, 24, environment(tiny)) as op:
        started(op, tiny)
        cockpit_pid = op.program_pid()
        if how == "hang up":
            op.kill()
        else:
            os.kill(cockpit_pid, getattr(signal, f"SIG{how}"))
        until(lambda: not os.path.exists(f"/proc/{cockpit_pid}"), "the cockpit lives on")
        if how == "TERM":
            op.sees("left 143")
            assert op.flags() == "0 1 0", "the terminal is not as it was"
        ends_well(tiny)


def test_enter_held_down_starts_no_step_that_was_not_looked_at(before_deploy: Tiny) -> None:
    """Key repeat is no decision: a hundred Enters show what will happen, and run nothing of it."""
    tiny = before_deploy
    with tmux(80, 24, environment(tiny)) as op:
        op.run(*cockpit(tiny))
        op.sees("run X2")
        op.keys(*["Enter"] * 100)  # at once: between two calls a busy machine may take longer than a hand
        op.sees("5 What will happen: X2", "held down")
        op.press("q")
        op.sees("left 0")
    assert deploy(tiny) is None, "a key held down has started the deployment"
    assert tiny.begun() == 0


def test_a_terminal_that_stops_reading_does_not_hold_the_step_up(before_deploy: Tiny) -> None:
    """A stalled line freezes the screen at most: the step ends, and its end is on record, while nobody reads."""
    tiny = before_deploy
    (tiny.folder / "talk").write_text("a line of much output\n" * 20_000)
    with terminal(80, 24, environment(tiny), *cockpit(tiny)) as line:
        line.sees("run X2")
        time.sleep(LOOK_S)
        line.write(b"\r")
        line.sees("this is what will happen")
        time.sleep(LOOK_S)
        line.write(b"\r")  # no Enter more: it would be heard when the screen comes back, and run what is next
        until(lambda: tiny.begun() == 1, lambda: f"X2 never started {bytes(line.output[-2000:])!r}")
        line.reading.clear()
        with (tiny.folder / "site.log").open("a") as log:
            log.writelines(f"ERROR number {number} of a flood\n" for number in range(50_000))
        ends_well(tiny)  # while the terminal still does not read
        line.reading.set()
        seen = len(line.output)
        until(lambda: len(line.output) > seen, "the screen never came back")
        time.sleep(HUMAN_S)
        line.write(b"q")
        assert line.wait() == 0
