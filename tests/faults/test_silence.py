"""Silence is measured by the growth of the output on the monotonic clock; a wall clock that jumps changes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actions.engine.silence import Heard
from actions.model.clock import ManualClock, stamp
from actions.model.incident import Run


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "run-001-X2.log"


def begun(clock: ManualClock, number: int = 1) -> Run:
    return Run(
        number, "X2", "git.deploy", "t", "d", False, 1, 1, "s", "ops1", stamp(clock.now()), clock.monotonic_ms(),
        clock.boot(),
    )  # fmt: skip


def write(spool: Path, clock: ManualClock, text: str = "a line\n") -> None:
    with spool.open("a") as file:
        file.write(text)
    os.utime(spool, (clock.now().timestamp(),) * 2)


def test_without_any_output_it_counts_from_the_start(clock: ManualClock, spool: Path) -> None:
    """A step that never said a word has been silent since it began."""
    run = begun(clock)
    clock.advance(42)
    assert Heard().silence_s(run, spool, clock) == 42
    spool.touch()
    assert Heard().silence_s(run, spool, clock) == 42


@pytest.mark.parametrize("jump", [-86_400, -3600, 0, 3600, 86_400])
def test_a_jump_of_the_wall_clock_is_not_silence(clock: ManualClock, spool: Path, jump: int) -> None:
    """Neither a false alarm nor a missed one when the wall clock is set."""
    run, heard = begun(clock), Heard()
    clock.advance(5)
    write(spool, clock)
    assert heard.silence_s(run, spool, clock) == 0
    clock.advance(30)
    clock.jump(jump)
    assert heard.silence_s(run, spool, clock) == 30
    write(spool, clock)
    assert heard.silence_s(run, spool, clock) == 0
    clock.advance(3)
    assert heard.silence_s(run, spool, clock) == 3


def test_who_attaches_later_sees_the_whole_silence(clock: ManualClock, spool: Path) -> None:
    """An operator who comes back sees how long it has really been quiet."""
    run = begun(clock)
    clock.advance(10)
    write(spool, clock)
    clock.advance(1800)
    assert Heard().silence_s(run, spool, clock) == 1800


def test_who_attaches_after_a_jump_states_only_what_is_sure(clock: ManualClock, spool: Path) -> None:
    """A silence that was not observed and cannot be computed is not recorded as one."""
    run = begun(clock)
    clock.advance(10)
    write(spool, clock)
    clock.advance(20)
    clock.jump(7200)
    heard = Heard()
    assert heard.silence_s(run, spool, clock) == 0
    clock.advance(15)
    assert heard.silence_s(run, spool, clock) == 15


def test_another_run_is_heard_anew(clock: ManualClock, spool: Path) -> None:
    """The silence of one step is not that of the next."""
    heard = Heard()
    first = begun(clock)
    clock.advance(50)
    assert heard.silence_s(first, spool, clock) == 50
    second = begun(clock, 2)
    assert heard.silence_s(second, spool, clock) == 0


def test_a_silence_is_recorded_once_for_each_limit_it_passes(clock: ManualClock, spool: Path) -> None:
    """Flagged when it passes the limit and each time it has grown by that; a new silence is flagged anew."""
    run, heard = begun(clock), Heard()
    recorded: list[tuple[int, int]] = []
    write(spool, clock)
    for second in range(1, 400):
        clock.advance(1)
        if second == 200:
            write(spool, clock)
        quiet = heard.silence_s(run, spool, clock)
        if quiet >= 60 and heard.due(quiet, 60, recorded[-1][1] if recorded else 0):
            recorded.append((second, quiet))
    assert recorded == [(60, 60), (120, 120), (180, 180), (260, 60), (320, 120), (380, 180)]


def test_the_same_silence_is_not_recorded_again_by_the_next_cockpit(clock: ManualClock, spool: Path) -> None:
    """A cockpit that attaches to a flagged silence says nothing new until it has grown by the limit."""
    run = begun(clock)
    clock.advance(100)
    later = Heard()
    assert later.silence_s(run, spool, clock) == 100
    assert not later.due(100, 60, 60)
    clock.advance(20)
    assert later.due(later.silence_s(run, spool, clock), 60, 60)
