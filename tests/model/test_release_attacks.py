"""The release history against what sources really tell: short ids, moved tags, rebuilt images, odd times, rollbacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from actions.model.deployed import Deployed
from actions.model.golden import Pin, in_force, parse
from actions.model.last_good import Judged, Standing, judge, last_good
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow, Listing, Trouble
from actions.model.release_sheet import as_json, sheet
from actions.steps.propose import propose

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
A, B = "a1" * 20, "b2" * 20
IMAGE_A, IMAGE_B = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def at(day: int, hour: int = 0, minute: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00.000000Z"


def commit(sha: str, since: str = "", until: str = "", **more: Any) -> Release:
    one = Release(
        sha[:10], sha, source="coolify deployment", created=since, live_since=since, live_until=until,
        ended="ok" if since else "", way_back=WayBack.READY,
    )  # fmt: skip
    return replace(one, **more)


def image(name: str, identity: str, sha: str = "", **more: Any) -> Release:
    one = Release(name, sha, {"web": identity}, source="image tag", way_back=WayBack.READY, created=at(1))
    return replace(one, **more)


def history(*listings: Listing, option: str = "coolify", **more: Any) -> History:
    return History(option, listings, now=NOW, **more)


def of(found: History, identity: str) -> tuple[HistoryRow, Judged]:
    row = found.of(identity)
    assert row is not None
    return row, judge(found, row)


def test_each_deployment_of_one_commit_is_a_life_and_the_long_one_counts() -> None:
    """A release that ran for days and came back for minutes is still known to be good, by the life that was."""
    times = (Deployed(at(18), at(17, 23, 56), at(18, 0, 5), "ok", "rollback"), Deployed(at(3), until=at(9), ended="ok"))
    found = history(
        Listing("coolify", (commit(B, at(19), way_back=WayBack.RUNNING), commit(A, at(18), deployments=times)))
    )
    row, judged = of(found, A)
    assert [life.since for life in row.lives] == [at(18), at(3)]
    assert (judged.standing, judged.healthy_s) == (Standing.GOOD, 6 * 86400)
    text = "\n".join(line for _, line in sheet(found, row))
    assert "2026-11-18 00:00Z by rollback: ok, took 4 min (coolify)" in text
    data = as_json(found, row)
    assert (data["trigger"], data["took_s"], [one["at"] for one in data["deployments"]]) == (
        "rollback", 240, [at(18), at(3)],
    )  # fmt: skip


def test_what_somebody_rolled_back_from_by_hand_is_not_good() -> None:
    """Coolify's own rollback at noon, no incident on record: what it fled from ran for hours and is not proposed."""
    fled = Deployed(at(18), until=at(19), ended="ok", rolled_back=True)
    back = Deployed(at(19), ended="ok", trigger="rollback")
    old = Deployed(at(10), until=at(18), ended="ok")
    own = (
        commit(A, at(19), way_back=WayBack.RUNNING, deployments=(back, old)),
        commit(B, at(18), at(19), deployments=(fled,)),
        commit("c" * 40, at(2), at(10)),
    )
    found = history(Listing("coolify", own))
    assert of(found, B)[1].standing is Standing.LEFT
    proposal = propose(own, found)
    assert proposal.release is own[2]
    assert proposal.newer == (f"not {B[:10]}: it was rolled back from 2026-11-19 00:00Z, with no incident on record",)


def test_deployments_that_failed_or_were_cancelled_are_told_and_count_as_no_life() -> None:
    """They stand in the sheet with how they ended; how long it was healthy is not counted from them."""
    tried = (
        Deployed(at(19, 1), at(19), "", "cancelled-by-user", "by hand"),
        Deployed(at(18), at(17, 23), "", "failed", "webhook"),
    )
    found = history(Listing("coolify", (commit(A, ended="cancelled-by-user", deployments=tried),)))
    row, judged = of(found, A)
    assert (row.lives, judged.standing) == ((), Standing.FAILED)
    text = "\n".join(line for _, line in sheet(found, row))
    assert "2026-11-19 01:00Z by hand: cancelled-by-user, took 1 h (coolify)" in text
    assert "2026-11-18 00:00Z by webhook: failed" in text


@pytest.mark.parametrize("short", [A[:7], A[:12], f"sha-{A[:7]}"])
def test_a_short_id_is_joined_where_one_commit_alone_begins_so(short: str) -> None:
    """An image tag or a deployment that names seven digits is the commit that the others tell in full."""
    tagged = replace(image(short, IMAGE_A), created=at(2))
    found = history(Listing("compose", (tagged,)), Listing("git", (commit(A, at(3), at(9)),)), option="compose")
    row, judged = of(found, IMAGE_A)
    assert (row.sources, judged.standing) == (("compose", "git"), Standing.GOOD)
    told = commit(short, at(3), at(9))
    assert len(history(Listing("git", (commit(A),)), Listing("coolify", (told,)), option="git")) == 1


def test_a_built_image_with_a_short_revision_is_joined_too() -> None:
    """Its label is the short id that `git rev-parse --short` writes: it gets the life of the commit that begins so."""
    built = replace(image(A[:7], IMAGE_A, source="built image"), created=at(2))
    found = history(Listing("compose", (built,)), Listing("git", (commit(A, at(3), at(9)),)), option="compose")
    row, judged = of(found, IMAGE_A)
    assert (row.sources, row.release.commit, judged.standing) == (("compose", "git"), A, Standing.GOOD)


def test_an_ambiguous_short_id_is_joined_with_none_and_that_is_said() -> None:
    """Two commits begin so: nothing is guessed, and the row says why it knows so little."""
    twins = (commit("abcdef1" + "0" * 33, at(3)), commit("abcdef1" + "1" * 33, at(5)))
    found = history(Listing("compose", (image("abcdef1", IMAGE_A),)), Listing("git", twins), option="compose")
    row, judged = of(found, IMAGE_A)
    assert (row.lives, judged.good) == ((), False)
    assert row.conflicts == ("compose: abcdef1 begins more than one commit: it is joined with none of them",)


def test_a_tag_that_was_moved_gives_no_life_to_the_image_that_has_it_now() -> None:
    """What was deployed as v1 last week cannot be the image that was made today under that name."""
    old = commit("v1", at(3), at(9))
    found = history(
        Listing("compose", (image("v1", IMAGE_A, created=at(19)),)), Listing("coolify", (old,)), option="compose"
    )
    row, judged = of(found, IMAGE_A)
    assert (row.lives, judged.good) == ((), False)
    assert row.conflicts[0].startswith("coolify deployed it 2026-11-03 00:00Z, before this image was made")


def test_of_two_images_of_one_commit_neither_is_good_by_the_others_life() -> None:
    """Which of both was deployed is not told: not good; one made after it is none of them."""
    both = (image("v1b", IMAGE_B, A), image("v1", IMAGE_A, A))
    told = Listing("git", (commit(A, at(3), at(9)),))
    found = history(Listing("compose", both), told, option="compose")
    assert {of(found, one)[1].why for one in (IMAGE_A, IMAGE_B)} == {
        "2 images are of its commit: which of them was deployed is not told"
    }
    later = (replace(both[0], created=at(12)), both[1])
    found = history(Listing("compose", later), told, option="compose")
    assert (of(found, IMAGE_A)[1].standing, of(found, IMAGE_B)[1].good) == (Standing.GOOD, False)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("2026-11-03T02:00:00+02:00", at(3)),
        ("2026-11-03 00:00:00", at(3)),
        ("2026-11-02T19:00:00.123456789-05:00", "2026-11-03T00:00:00.123456Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("yesterday", ""),
    ],
)
def test_times_of_another_zone_or_none_are_compared_as_moments(told: str, wanted: str) -> None:
    """A release that was live over an incident is accused of it, in whatever zone its source tells the time."""
    trouble = Trouble("INC-1", at(3, 0, 30), "forward", at(4))
    found = history(Listing("coolify", (commit(A, told, at(9), created=""),)), troubles=(trouble,))
    row, judged = of(found, A)
    assert [life.since for life in row.lives] == ([wanted] if wanted else [])
    assert (judged.standing is Standing.INCIDENT) is bool(wanted)
    assert any("a time that is none: yesterday" in words for words in row.conflicts) is (told == "yesterday")


def test_a_deployment_that_has_not_come_yet_is_said_and_is_never_good() -> None:
    """A clock or a zone that is wrong: the row says so, and the list explains why it is passed over."""
    own = (commit(B, at(19), way_back=WayBack.RUNNING), commit(A, at(25)))
    found = history(Listing("coolify", own))
    row, judged = of(found, A)
    assert judged.standing is Standing.UNKNOWN
    assert "which has not come yet" in judged.why
    assert any("its clock or its zone is wrong" in words for words in row.conflicts)
    assert any("which has not come yet" in words for words in last_good(found).newer)


def test_what_runs_is_not_known_is_said_so() -> None:
    """Not "none was live long enough": nothing can be older than what nobody knows."""
    found = last_good(history(Listing("coolify", (commit(A, at(3), at(9)),))))
    assert (found.row, found.why) == (None, "what runs is not known, so none is known to be from before it")


def test_a_newer_one_that_looks_good_is_explained() -> None:
    """git's list after a rollback by hand: why the release above what runs is not proposed."""
    own = (
        commit("c" * 40, at(10), at(12), source="git tag", name="v3"),
        commit(B, at(12), source="git tag", name="v2", way_back=WayBack.RUNNING),
        commit(A, at(3), at(9), source="git tag", name="v1"),
    )
    found = last_good(history(Listing("git", own), option="git"))
    assert found.row is not None
    assert found.row.release.name == "v1"
    assert found.newer == ("not v3: it is newer than what runs; one from before that is looked for",)


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_history_and_one_of_one_release(count: int) -> None:
    """Nothing breaks, nothing is proposed, and it is said why."""
    own = (commit(A, at(3), way_back=WayBack.RUNNING),)[:count]
    found = history(Listing("coolify", own))
    assert (len(found), propose(own, found).release) == (count, None)
    assert last_good(found).why


def pin(identity: str, day: int, **more: Any) -> Pin:
    return replace(Pin("shop", identity, identity[:10], at(day), "ops1", "friday", identity), **more)


def test_a_pin_of_a_release_that_is_gone_from_every_source_is_said() -> None:
    """It is not silently passed over: somebody relied on it."""
    own = (commit(B, at(12), way_back=WayBack.RUNNING), commit(A, at(3), at(12)))
    found = history(Listing("coolify", own), pins=(pin("d" * 40, 5), pin(A, 4)))
    assert [one.identity for one in found.unknown_pins()] == ["d" * 40]
    good = last_good(found)
    assert good.row is not None
    assert (good.row.identity, good.golden) == (A, True)
    assert good.newer[0] == "not dddddddddd: golden, but no source, as far as they were read, tells of it"


def test_pins_of_drills_and_of_the_real_thing_do_not_meet() -> None:
    """A drill can never pass for the real thing; lines that older versions wrote are of the real thing."""
    lines = pin(A, 4).line() + pin(B, 5, drill=True).line()
    assert b"drill" not in lines.split(b"\n")[0]
    pins, trouble = parse(lines, "golden.jsonl")
    assert not trouble
    assert [one.identity for one in in_force(pins, "shop")] == [A]
    assert [one.identity for one in in_force(pins, "shop", drill=True)] == [B]


def test_a_name_of_any_length_and_width_is_a_row_and_a_sheet() -> None:
    """Markup, wide letters, two hundred of them: a name is text and identifies nothing."""
    for name in ("[red]x[/red]", "リリース" * 50, "x" * 200, "a\u202eb"):
        found = history(Listing("coolify", (commit(A, at(3), at(9), name=name),)))
        assert sheet(found, of(found, A)[0])[0][1].startswith(name)


def test_the_sheet_of_the_proposed_one_says_why_no_newer_one() -> None:
    """The list shows which; whoever asks why finds it in one place, on that release alone."""
    own = (
        commit(B, at(19), way_back=WayBack.RUNNING),
        commit("c" * 40, at(18, 23, 58), at(19)),
        commit(A, at(3), at(18, 23, 58)),
    )
    found = history(Listing("coolify", own))
    proposal = propose(own, found)
    lines = [text for _, text in sheet(found, of(found, A)[0], None, proposal.words_for(A))]
    assert "not cccccccccc: was live for 2 min only, less than 30 min" in lines
    assert proposal.words_for(B) == proposal.words_for("") == ()
