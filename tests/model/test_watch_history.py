"""What a watch found while a release was live counts against it, and is said; what a change does to it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from actions.model import recurring
from actions.model.golden import Pin
from actions.model.last_good import Standing, judge, last_good
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.watch_history import RECURRING, Sighted, Watch

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
A, B, C = "a" * 40, "b" * 40, "c" * 40


def at(day: int, hour: int = 0, minute: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00.000000Z"


def made(sha: str, since: str, until: str = "", **more: Any) -> Release:
    one = Release(
        sha[:4], sha, source="git tag", created=since, live_since=since, live_until=until, ended="ok",
        way_back=WayBack.READY,
    )  # fmt: skip
    return replace(one, **more)


OWN = (made(C, at(19), way_back=WayBack.RUNNING), made(B, at(10), at(19)), made(A, at(3), at(10)))


def seen(watch: Watch, *pins: Pin) -> History:
    return History("git", (Listing("git", OWN),), (), pins, now=NOW, watches=(watch,))


def watch(*sights: tuple[str, bool], since: str = at(11), until: str = at(12), ended: bool = True) -> Watch:
    return Watch(
        "INC-7", since, until, ended, tuple(Sighted(when, "probes.green", ok, "2 of 3") for when, ok in sights)
    )


def why_b(found: History) -> tuple[Standing, str]:
    row = found.of(B)
    assert row is not None
    judged = judge(found, row)
    return judged.standing, judged.why


def test_a_release_whose_watch_ended_red_is_not_good() -> None:
    """F02: it ran for nine days without an incident; its watch found it bad, so the one before is proposed."""
    found = seen(watch((at(11), True), (at(11, 20), False)))
    words = "the watch of INC-7 found it bad: probes.green at 2026-11-11 20:00Z: 2 of 3"
    assert why_b(found) == (Standing.WATCHED, words)
    good = last_good(found)
    assert good.row is not None
    assert good.row.identity == A
    assert good.newer == (f"not bbbb: {words}",)


def test_a_watch_that_ended_well_is_said_with_what_was_red_for_a_while() -> None:
    """It stays good, and the reason names the watch."""
    standing, why = why_b(seen(watch((at(11), True), (at(11, 2), False), (at(11, 3), True))))
    assert standing is Standing.GOOD
    assert why.endswith(", and watched for 24 h by INC-7: well, though probes.green was red for a while")


def test_lines_of_a_known_problem_count_whatever_came_after() -> None:
    """The name is the one under which a watch records them."""
    assert RECURRING == recurring.SENSOR
    one = Watch("INC-7", at(11), at(12), True, (Sighted(at(11, 1), RECURRING, False, "3 lines: web: boom"),))
    assert why_b(seen(one))[0] is Standing.WATCHED


def test_what_was_red_before_is_counted_against_nobody_else() -> None:
    """Red under A and well under B; and red only while B was being replaced: that is the change's."""
    over = watch((at(9), False), (at(10, 0, 10), True), since=at(8), until=at(12))
    assert why_b(seen(over))[0] is Standing.GOOD
    changed = watch((at(18), True), (at(18, 23, 59), False), (at(19, 0, 1), True), since=at(18), until=at(20))
    assert why_b(seen(changed))[0] is Standing.GOOD


def test_what_was_red_before_and_never_turned_well_is() -> None:
    """Only changes are recorded: red under A, and still red at the end of the watch, hours into B."""
    assert why_b(seen(watch((at(9), False), since=at(8), until=at(11))))[0] is Standing.WATCHED
    broken = watch((at(9), False), since=at(8), until=at(11), ended=False)
    assert why_b(seen(broken))[0] is Standing.GOOD, "of a watch that broke off nobody knows"


@pytest.mark.parametrize(("since", "until"), [(at(1), at(2)), (at(19, 5), at(20))])
def test_a_watch_of_another_time_says_nothing_of_it(since: str, until: str) -> None:
    """Before it was deployed, or after it was replaced."""
    standing, why = why_b(seen(watch((since, False), since=since, until=until)))
    assert standing is Standing.GOOD
    assert "INC-7" not in why


def test_a_pin_does_not_outweigh_what_a_watch_found_since() -> None:
    """A pin is a person's word of its time; one that was set after the watch stands."""
    red = watch((at(11, 20), False))
    early, late = (Pin("shop", B, "bbbb", when, "ops1") for when in (at(10, 5), at(13)))
    passed = last_good(seen(red, early))
    assert passed.newer[0].startswith("not bbbb: golden, but since then the watch of INC-7 found it bad")
    stands = last_good(seen(red, late))
    assert stands.row is not None
    assert (stands.row.identity, stands.golden) == (B, True)
    assert "of its life: the watch of INC-7 found it bad" in stands.why
