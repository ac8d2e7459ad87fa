"""Which release is the last known good one, why this one, and why not the newer ones; and pins that go before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from actions.model.deployed import Deployed
from actions.model.golden import Pin, in_force, parse, pin_of
from actions.model.last_good import Standing, judge, last_good
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing, Trouble
from actions.steps.propose import propose

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(day: int, hour: int = 0, minute: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00.000000Z"


def made(number: int, since: str, until: str = "", **more: Any) -> Release:
    one = Release(
        f"v{number}",
        f"{number:040x}",
        source="git tag",
        created=at(number),
        live_since=since,
        live_until=until,
        ended="ok" if since else "",
        way_back=WayBack.READY,
    )
    return replace(one, **more)


RUNS = made(9, at(19), way_back=WayBack.RUNNING)
SHORT = made(8, at(18), at(18, 0, 4))
FAILED = made(7, at(17), at(17, 1), ended="failed")
ACCUSED = made(6, at(15), at(17))
GONE = made(5, at(13), at(15), way_back=WayBack.GONE)
GOOD = made(4, at(10), at(13))
OLDER = made(3, at(3), at(10))
NEVER = made(2, "")
ALL = (RUNS, SHORT, FAILED, ACCUSED, GONE, GOOD, OLDER, NEVER)
INCIDENT = Trouble("INC-7", at(16), "forward", at(16, 1))


def history(*releases: Release, pins: tuple[Pin, ...] = (), troubles: tuple[Trouble, ...] = (INCIDENT,)) -> History:
    return History("git", (Listing("git", releases or ALL),), troubles, pins, now=NOW)


def pin(release: Release, day: int = 19, **more: Any) -> Pin:
    return replace(Pin("shop", release.identity, release.name, at(day), "ops1", "black friday"), **more)


def test_the_last_known_good_is_explained_and_so_are_the_newer_ones() -> None:
    """F02: finished, live long enough, no incident after it, still there; each newer one has its reason."""
    found = last_good(history())
    assert found.row is not None
    assert found.row.release == GOOD
    assert found.why == (
        "its deployment was finished, live 3 d 0 h (2026-11-10 00:00Z to 2026-11-13 00:00Z)"
        " without an incident on record"
    )
    assert found.newer == (
        "not v8: was live for 4 min only, less than 30 min",
        "not v7: its last deployment: failed",
        "not v6: INC-7 was declared while it was live",
        "not v5: it is not there any more",
    )


def test_each_standing_is_told_apart() -> None:
    """What the column says."""
    seen = history()
    standing = {row.release.name: judge(seen, row).standing for row in seen.rows()}
    assert standing == {
        "v9": Standing.RUNNING,
        "v8": Standing.SHORT,
        "v7": Standing.FAILED,
        "v6": Standing.INCIDENT,
        "v5": Standing.GOOD,
        "v4": Standing.GOOD,
        "v3": Standing.GOOD,
        "v2": Standing.NEVER,
    }


@pytest.mark.parametrize(("healthy_s", "name"), [(60, "v8"), (1800, "v4"), (4 * 86400, "v3"), (30 * 86400, None)])
def test_how_long_is_long_enough_is_a_setting(healthy_s: int, name: str | None) -> None:
    """A release must have been live so long; where none was, none is called good."""
    found = last_good(History("git", (Listing("git", ALL),), (INCIDENT,), now=NOW, healthy_s=healthy_s))
    assert (found.row.release.name if found.row else None) == name


def test_what_an_incident_went_back_from_is_bad_however_long_it_ran() -> None:
    """And what it went back to is proven by it, which is said."""
    fled = Trouble("INC-9", at(13), "recovered", at(13, 1), fled=GOOD.identity, target=OLDER.identity)
    found = last_good(history(RUNS, GOOD, OLDER, troubles=(fled,)))
    assert found.row is not None
    assert found.row.release == OLDER
    assert found.newer == ("not v4: INC-9 went back from it",)
    assert found.why.endswith("without an incident on record, and INC-9 proved it")


def test_the_proposal_says_known_good_only_where_it_is() -> None:
    """Where nothing is known to be good the best guess is proposed, and called one; never one that is accused."""
    known = propose(ALL, history())
    assert (known.release, known.known_good) == (GOOD, True)
    assert known.why.startswith("last known good: ")
    few = (RUNS, ACCUSED, SHORT)
    guess = propose(few, history(*few))
    assert (guess.release, guess.known_good) == (SHORT, False)
    assert guess.why.startswith("not known to be good: was live from 2026-11-18")
    assert "not v6: INC-7 was declared while it was live" in guess.newer
    only = (RUNS, ACCUSED)
    assert propose(only, history(*only)).release is None


def test_without_any_history_the_old_guess_stands() -> None:
    """No source tells of deployments: the one before, said to be a guess."""
    bare = (Release("v2", "2" * 40, way_back=WayBack.RUNNING), Release("v1", "1" * 40, way_back=WayBack.READY))
    found = propose(bare, history(*bare, troubles=()))
    assert found.release == bare[1]
    assert found.why.startswith("not known to be good: the release before the running one; no history says")


def test_what_another_source_knows_decides() -> None:
    """An image list without times, and Coolify's deployments: the good image is proposed, as the image it is."""
    images = tuple(
        Release(f"v{n}", f"{n:040x}", {"web": f"sha256:{n:064x}"}, source="image tag", created=at(n), way_back=way)
        for n, way in ((3, WayBack.RUNNING), (2, WayBack.READY), (1, WayBack.READY))
    )
    deployed = (made(3, at(19)), made(2, at(18, 23, 58), at(19)), made(1, at(4), at(18, 23, 58)))
    seen = History("compose", (Listing("compose", images), Listing("coolify", deployed)), now=NOW)
    found = propose(images, seen)
    assert found.release is images[2]
    assert found.newer == ("not v2: was live for 2 min only, less than 30 min",)


def test_a_golden_release_goes_before_the_last_good_one() -> None:
    """R07: who pinned it, when and as what is said; its own life is said, too."""
    found = propose(ALL, history(pins=(pin(OLDER),)))
    assert (found.release, found.golden) == (OLDER, True)
    assert found.why.startswith(
        "golden as black friday: pinned by ops1 on 2026-11-19 00:00Z; its deployment was finished"
    )


def test_a_golden_one_that_is_gone_or_was_fled_from_since_is_not_proposed() -> None:
    """A pin is a person's word of its time: what happened since goes before it; a later pin stands."""
    assert propose(ALL, history(pins=(pin(GONE),))).newer[0] == "not v5: golden, but it is not there any more"
    fled = Trouble("INC-9", at(9), "recovered", at(13), fled=OLDER.identity)
    after = propose(ALL, history(pins=(pin(OLDER, 11),), troubles=(fled, INCIDENT)))
    assert after.release == GOOD
    assert after.newer[0] == "not v3: golden, but INC-9 went back from it since"
    again = propose(ALL, history(pins=(pin(OLDER, 14),), troubles=(fled, INCIDENT)))
    assert again.release == OLDER


def test_a_golden_one_that_somebody_rolled_back_from_since_is_not_proposed() -> None:
    """Without an incident, too: a pin is a person's word of its time."""
    lived = Deployed(at(3), until=at(10), ended="ok", rolled_back=True)
    left = replace(OLDER, deployments=(lived,))
    found = propose((RUNS, GOOD, left), history(RUNS, GOOD, left, pins=(pin(left, 9),)))
    assert found.release == GOOD
    assert found.newer == ("not v3: golden, but it was rolled back from 2026-11-10 00:00Z, since it was pinned",)
    assert propose((RUNS, GOOD, left), history(RUNS, GOOD, left, pins=(pin(left, 11),))).release == left


def test_a_guess_is_not_told_as_one_that_is_passed_over() -> None:
    """What speaks against it stands in its own line, not among the newer ones."""
    few = (RUNS, SHORT)
    guess = propose(few, history(*few))
    assert guess.release == SHORT
    assert guess.why.endswith("; was live for 4 min only, less than 30 min")
    assert guess.newer == ()


def test_a_pin_is_taken_back_by_a_later_line_and_a_bad_line_is_named() -> None:
    """The file is appended to, never rewritten; damage costs its own line and is said once."""
    lines = [pin(GOOD), pin(OLDER), pin(GOOD, golden=False), pin(OLDER, system="other")]
    content = b"".join(one.line() for one in lines[:2]) + b'{"torn\n' + b"".join(one.line() for one in lines[2:])
    pins, trouble = parse(content, "golden.jsonl")
    assert trouble.startswith("golden.jsonl: line 3 cannot be read and counts as no pin (next: ")
    assert [one.name for one in in_force(pins, "shop")] == ["v3"]


@pytest.mark.parametrize(
    "line", [b"[]", b"{}", b"\xff", b"[" * 5000, b'{"system": "shop"}', b'"x"', b"x" * 20_000, b"null"]
)
def test_no_line_can_break_the_reading(line: bytes) -> None:
    """Whatever stands there."""
    pins, trouble = parse(pin(GOOD).line() + line + b"\n" + pin(OLDER).line(), "f")
    assert len(pins) == 2
    assert "line 2" in trouble


def test_a_pin_by_commit_does_not_mean_another_image_of_it() -> None:
    """What was pinned is what was proven: a rebuild of the same commit is another release."""
    image = Release("v1", "1" * 40, {"web": f"sha256:{'e' * 64}"})
    by_image = pin(image, identity=f"sha256:{'f' * 64}", commit="1" * 40)
    assert pin_of((by_image,), image) is None
    assert pin_of((by_image,), Release("v1", "1" * 40)) is by_image
    assert pin_of((pin(image),), image) is not None


def test_control_characters_of_a_file_never_reach_a_terminal() -> None:
    """Another login may write the file of a shared store: its texts are outside texts."""
    pins, _ = parse(pin(GOOD, label="\x1b[31mred\u202e", by="o\x07ps").line(), "f")
    assert (pins[0].label, pins[0].by) == ("red", "ops")
