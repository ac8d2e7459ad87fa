"""Which deployment is suspected, of several, of none, of those that are not finished; and when errors began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from actions.model.clock import stamp
from actions.model.deployment_time import BadMoment, candidate, deployment_time, first_bad, name_of
from actions.model.minute_count import Minutes, minute_of
from actions.model.release import Release, WayBack
from actions.model.sensor_rules import error_limit

T0 = datetime(2026, 11, 22, 3, 3, 20, tzinfo=UTC)
"""The declaration."""


def at(minutes: float) -> str:
    """A stamp so many minutes before the declaration."""
    return stamp(T0 - timedelta(minutes=minutes))


def release(name: str, minutes: float | None, **more: str) -> Release:
    """A release that was deployed so many minutes before the declaration."""
    commit = (name.encode().hex() + "1a2b3c4d" * 5)[:40]
    since = at(minutes) if minutes is not None else ""
    return Release(name, commit=commit, live_since=since, **{"ended": "ok", **more})  # type: ignore[arg-type]  # all str


def minutes(*counts: int, until: datetime = T0, since: int = 0) -> Minutes:
    """Counts of the minutes up to that of ``until``, the newest last; known from the first of them."""
    last = minute_of(until)
    first = last - len(counts) + 1
    return Minutes({first + n: count for n, count in enumerate(counts) if count}, since or first, last)


def limit(worst: int) -> int:
    """As the lookout takes it where nothing is configured."""
    return error_limit(-1, worst)


DECLARED = BadMoment(T0)


def test_the_last_one_before_the_declaration_is_suspected() -> None:
    """Of several the newest; it is told with its commit, its time, and how long before."""
    found = deployment_time([release("v42", 22.4), release("v41", 3000), release("v40", 9000)], T0, DECLARED)
    assert found.ok
    assert found.seen == "v42 (7634321) deployed 2026-11-22 02:40Z, 22 min before the declaration"


def test_what_came_after_the_declaration_is_not_it() -> None:
    """The rollback itself is a deployment, too: it is never suspected."""
    rows = [release("back", -4), release("v42", 22), release("v41", 3000)]
    assert candidate(rows, T0, DECLARED) == rows[1]
    only = deployment_time(rows[:1], T0, DECLARED)
    assert not only.ok
    assert "was deployed after the declaration" in only.seen


def test_where_nothing_tells_it_says_so() -> None:
    """No release; none with a time: the running one's own time is no time of a deployment, and is called so."""
    assert deployment_time([], T0, DECLARED).seen == "no release was found"
    bare = Release("v42", commit="1a2b3c4" + "0" * 33, way_back=WayBack.RUNNING, created="2026-11-21T09:00:00Z")
    found = deployment_time([bare], T0, DECLARED)
    assert not found.ok
    assert found.seen == "no release says when it was deployed; v42 (1a2b3c4) runs, made 2026-11-21T09:00Z"


def test_what_is_not_finished_is_not_it() -> None:
    """A deployment that is under way, or that failed without ever having been live."""
    going = release("v43", 1, ended="in progress")
    failed = release("v42", 5, ended="failed")
    assert candidate([going, failed], T0, DECLARED) is None
    assert deployment_time([going, failed], T0, DECLARED).seen.startswith("the deployment of v43 (7634331) is not")
    old = release("v41", 600)
    assert candidate([going, failed, old], T0, DECLARED) == old


def test_one_that_is_live_counts_though_its_last_deployment_failed() -> None:
    """It was deployed, then deployed again in vain: the reading says that, too."""
    again = Release("v42", commit="1a2b3c4" + "0" * 33, live_since=at(30), ended="failed", way_back=WayBack.RUNNING)
    found = deployment_time([again], T0, DECLARED)
    assert found.ok
    assert found.seen.endswith("the declaration; its last deployment: failed")


def test_errors_that_began_earlier_point_to_the_earlier_one() -> None:
    """Somebody deployed a mend in vain before the incident was declared: the errors are older than that."""
    rows = [release("mend", 3), release("v42", 22), release("v41", 3000)]
    bad = first_bad(T0, minutes(0, 0, 0, 0, *[30] * 21), limit)
    assert bad == BadMoment(T0.replace(second=0) - timedelta(minutes=20), errors=True)
    assert candidate(rows, T0, DECLARED) == rows[0]
    assert candidate(rows, T0, bad) == rows[1]
    found = deployment_time(rows, T0, bad)
    assert found.seen.endswith("22 min before the declaration; errors since 2026-11-22 02:43Z")


def test_errors_may_begin_before_a_deployment_is_called_finished() -> None:
    """Its first container answers, and fails, while the last one is still being replaced."""
    rows = [release("v42", 18.5), release("v41", 3000)]
    bad = first_bad(T0, minutes(0, 0, 0, *[30] * 21), limit)
    assert bad.errors
    assert candidate(rows, T0, bad) == rows[0]


def test_a_pause_of_two_minutes_does_not_split_the_row_and_three_do() -> None:
    """Nobody visits for a moment; that is no end of the trouble."""
    assert first_bad(T0, minutes(0, 0, 0, 9, 9, 0, 0, 9, 9), limit).at == T0.replace(second=0) - timedelta(minutes=5)
    assert first_bad(T0, minutes(0, 9, 9, 0, 0, 0, 9, 9), limit).at == T0.replace(second=0) - timedelta(minutes=1)


def test_a_row_without_a_known_beginning_says_nothing() -> None:
    """The log begins in the middle of it; there is no error at all; the clock that wrote the lines is another."""
    assert first_bad(T0, minutes(*[30] * 20), limit) == DECLARED
    assert first_bad(T0, minutes(0, 0, 0), limit) == DECLARED
    assert first_bad(T0, Minutes(), limit) == DECLARED
    known = minutes(0, 0, 0, 30, 30)
    skewed = Minutes(known.counts, known.since, known.now, by_arrival=True)
    assert first_bad(T0, skewed, limit) == DECLARED


def test_a_single_error_now_and_then_is_no_trouble() -> None:
    """What is calm is measured by the worst minute, as the rate is."""
    assert first_bad(T0, minutes(1, 0, 1, 2, 1, 0, 2, 40, 40), limit).at == T0.replace(second=0) - timedelta(minutes=1)


def test_clocks_that_differ_are_said() -> None:
    """The time of a deployment is by the clock of whoever wrote it down."""
    found = deployment_time([release("v42", 22)], T0, DECLARED, "+63.0 s against ours")
    assert found.seen.endswith("the declaration; the clocks differ (+63.0 s against ours)")


def test_names() -> None:
    """The commit where there is one, else the image; nothing twice."""
    assert name_of(Release("v1", images={"web": "sha256:" + "ab" * 32})) == "v1 (abababa)"
    assert name_of(Release("v1", images={"web": "sha256:" + "ab" * 32, "db": "sha256:" + "cd" * 32})) == "v1"
    assert name_of(Release("1a2b3c4d5e", commit="1a2b3c4d5e" * 4)) == "1a2b3c4d5e"
