"""What answers to probes say beyond "all pass": does anything answer, what is outside, is it slower than usual."""

from __future__ import annotations

import pytest

from actions.model.sensor_rules import Answered
from actions.model.sensor_rules_probes import (
    KEPT,
    OLD_MS,
    Timings,
    dependencies_answer,
    percentile_95,
    probe_named,
    probes_answer,
    response_baseline,
)

HEALTH = Answered("health", True, 200, 20, "200 in 20 ms", timed=True)
BROKEN = Answered("ready", False, 500, 9, "500 in 9 ms, expected 200", True)
GONE = Answered("front", False, 0, 9, "connection refused")
SLOWER = 50


@pytest.mark.parametrize(
    ("answers", "ok", "seen"),
    [
        ((HEALTH, BROKEN, GONE), True, "1 of 3 pass"),
        ((BROKEN, GONE), False, "0 of 2 pass: ready answered 500 and 1 more"),
        ((GONE,), False, "0 of 1 pass: front: connection refused"),
        ((HEALTH,), True, "1 of 1 pass"),
        ((), False, "0 of 0 pass"),
    ],
)
def test_one_that_passes_is_enough(answers: tuple[Answered, ...], ok: bool, seen: str) -> None:
    """A07: the core function is gone when nothing passes, and not before."""
    looked = probes_answer(answers)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, f"at least 1 of {len(answers)} passes")


@pytest.mark.parametrize(
    ("answer", "ok", "seen"),
    [
        (HEALTH, True, "200, as expected"),
        (BROKEN, False, "answered 500"),
        (GONE, False, "connection refused"),
        (
            Answered("admin", False, 200, 7, "200 in 7 ms, but the body (an HTML page) does not hold 'Log in'"),
            False,
            "200, but the body (an HTML page) does not hold 'Log in'",
        ),
    ],
)
def test_a_probe_by_its_name(answer: Answered, ok: bool, seen: str) -> None:
    """A11: what was wrong with this one, without its name, which the sensor has, and without its time."""
    looked = probe_named(answer)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, "passes")


def test_services_outside_side_by_side() -> None:
    """C01: each in words, those that do not answer first."""
    mail = Answered("mail-relay", True, 200, 31, "200 in 31 ms")
    payments = Answered("payments", False, 0, 9000, "no answer in time")
    maps = Answered("maps", False, 503, 12, "503 in 12 ms, expected 200", True)
    looked = dependencies_answer((mail, payments, maps))
    assert not looked.ok
    assert looked.seen == "payments: no answer (no answer in time); maps answered 503; mail-relay 200 in 31 ms"
    assert looked.expected == "all 3 answer"
    assert looked.worth_s >= 300, "milliseconds are no news"
    assert dependencies_answer((mail,)).ok
    assert dependencies_answer((mail,)).expected == "answers"
    assert not dependencies_answer(()).ok


@pytest.mark.parametrize(
    ("times", "p95"), [([7], 7), (range(1, 21), 19), (range(1, 101), 95), ([5] * 19 + [9000], 5), ([1, 2], 2)]
)
def test_the_nearest_rank(times: list[int], p95: int) -> None:
    """95 of 100 come within it; of twenty, one may be as slow as it likes."""
    assert percentile_95(list(times)) == p95


def baseline(times: dict[str, list[int]], **baselines: int) -> tuple[bool, str] | None:
    looked = response_baseline(times, baselines, SLOWER)
    if looked is None:
        return None
    assert looked.expected == "at most 50 % slower"
    assert looked.worth_s >= 300
    return looked.ok, looked.seen


def test_both_numbers_are_shown() -> None:
    """A09: now, the baseline, and by how much."""
    assert baseline({"front": [812] * 20}, front=140) == (False, "p95 812 ms, baseline 140 ms: 480 % slower")
    assert baseline({"front": [210] * 20}, front=140) == (True, "p95 210 ms, baseline 140 ms: 50 % slower")
    assert baseline({"front": [211] * 20}, front=140) == (False, "p95 211 ms, baseline 140 ms: 51 % slower")
    assert baseline({"front": [120] * 20}, front=140) == (True, "p95 120 ms, baseline 140 ms: no slower")


def test_five_times_as_long_is_another_limit() -> None:
    """Z33: "50 %" and "5 times" contradict each other; the configuration picks, and 400 % means five times."""
    slow = {"front": [600] * 20}
    assert not (response_baseline(slow, {"front": 140}, 50) or pytest.fail("no reading")).ok
    five = response_baseline(slow, {"front": 140}, 400)
    assert five is not None
    assert (five.ok, five.expected) == (True, "at most 400 % slower")
    assert not (response_baseline({"front": [701] * 20}, {"front": 140}, 400) or pytest.fail("no reading")).ok


def test_too_few_answers_say_nothing() -> None:
    """No red from three answers; but when most of them are too slow nobody waits for twenty."""
    assert baseline({}, front=140) is None
    assert baseline({"front": [100] * 19}, front=140) is None
    assert baseline({"front": [900] * 4}, front=140) is None
    assert baseline({"front": [100, 900, 100, 900, 900]}, front=140) == (
        False,
        "p95 900 ms, baseline 140 ms: 543 % slower",
    )
    assert baseline({"front": [100] * 15 + [900] * 4}, front=140) is None


def test_the_slowest_by_its_own_baseline_decides() -> None:
    """Not the one with the most milliseconds; and none is green while another is not known."""
    both = {"front": [1000] * 20, "api": [90] * 20}
    assert baseline(both, front=990, api=30) == (False, "p95 90 ms, baseline 30 ms: 200 % slower (api)")
    assert baseline({"front": [1000] * 20}, front=990, api=30) is None
    assert baseline({"front": [9000] * 20}, front=990, api=30) is not None, "one that is slow is enough"


def test_timings_are_a_window_that_slides() -> None:
    """The newest sixty of each; old ones, and times that prove nothing, are left out."""
    timings = Timings()
    for number in range(KEPT + 40):
        timings.add((Answered("front", True, 200, number, "", timed=True), BROKEN), number * 5000)
    now = (KEPT + 39) * 5000
    assert timings.recent("front", now) == tuple(range(40, KEPT + 40))
    assert timings.recent("ready", now) == (), "an error page is quick"
    assert timings.recent("front", now + OLD_MS) == (KEPT + 39,)
    assert timings.recent("front", now + OLD_MS + 1) == ()
