"""The release history: what each source tells, joined by commit and digest; differences are said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow, Listing, Trouble
from actions.model.release_sheet import Behind, as_json, sheet

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
A, B, C = "a" * 40, "b" * 40, "c" * 40
IMAGE_A, IMAGE_B = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def at(day: int, hour: int = 0, minute: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:00.000000Z"


def image(name: str, identity: str, commit: str = "", **more: Any) -> Release:
    one = Release(name, commit, {"web": identity}, source="image tag", way_back=WayBack.READY, created=at(1))
    return replace(one, **more)


def commit(sha: str, name: str = "", **more: Any) -> Release:
    one = Release(name or sha[:10], sha, source="git log", way_back=WayBack.READY, created=at(2))
    return replace(one, **more)


def history(*listings: Listing, troubles: tuple[Trouble, ...] = (), option: str = "compose") -> History:
    return History(option, listings, troubles, now=NOW)


def row(found: History, identity: str) -> HistoryRow:
    one = found.of(identity)
    assert one is not None
    return one


def test_an_image_gets_the_life_that_another_source_knows_of_its_commit() -> None:
    """F01: an image that no record tells of was deployed by Coolify: by its commit the two are one row."""
    told = commit(A, source="coolify deployment", live_since=at(3), live_until=at(5), ended="ok", subject="The fix")
    found = history(Listing("compose", (image("v1", IMAGE_A, A),)), Listing("coolify", (told,)))
    one = row(found, IMAGE_A)
    assert len(found) == 1
    assert (one.own, one.sources) == (True, ("compose", "coolify"))
    assert (one.release.live_since, one.release.live_until, one.release.subject) == (at(3), at(5), "The fix")
    assert one.release.way_back is WayBack.READY, "what can be gone back to is the own way back's to say"
    assert [(life.seconds, life.source) for life in one.lives] == [(2 * 86400, "coolify")]
    facts = {(fact.what, fact.source): fact.said for fact in one.facts}
    assert facts["deployed", "coolify, coolify deployment"] == at(3)
    assert facts["image", "compose, image tag"] == IMAGE_A


def test_a_digest_joins_what_no_commit_does() -> None:
    """Two sources that know one image by its registry digest speak of one release."""
    digest = f"sha256:{'d' * 64}"
    mine = replace(image("v1", IMAGE_A), digests={"web": digest})
    other = Release("1.0", source="record", digests={"web": digest}, live_since=at(4), ended="ok")
    found = history(Listing("compose", (mine,)), Listing("record", (other,)))
    assert [one.release.live_since for one in found.rows()] == [at(4)]


def test_an_image_that_is_part_of_many_releases_joins_nothing() -> None:
    """The database's image stays the same for years: it makes no two releases one."""
    first = Release("v1", images={"web": IMAGE_A, "db": IMAGE_B}, source="image tag", created=at(1))
    other = Release("v2", images={"web": f"sha256:{'3' * 64}", "db": IMAGE_B}, source="record", live_since=at(2))
    assert len(history(Listing("compose", (first,)), Listing("record", (other,)))) == 2


def test_two_images_of_one_commit_stay_two_and_it_is_said() -> None:
    """A rebuild is another release; which of the two a commit's deployment was is not told, so it is not guessed."""
    mine = (image("v1b", IMAGE_B, A), image("v1", IMAGE_A, A))
    found = history(Listing("compose", mine), Listing("git", (commit(A, live_since=at(3), ended="ok"),)))
    assert len(found) == 2
    for identity in (IMAGE_A, IMAGE_B):
        assert row(found, identity).conflicts == (
            "2 images are of this commit: which of them was deployed is not told",
        )


def test_what_sources_tell_differently_is_said_not_decided() -> None:
    """Times, ends, commits and what runs: each conflict is one line with both names."""
    mine = image("v1", IMAGE_A, A, live_since=at(3), ended="ok", way_back=WayBack.RUNNING)
    git = (commit(B, "v2", way_back=WayBack.RUNNING), commit(A, live_since=at(5), ended="failed"))
    said = row(history(Listing("compose", (mine,)), Listing("git", git)), IMAGE_A).conflicts
    assert said == (
        "deployed last: compose says 2026-11-03 00:00Z, git says 2026-11-05 00:00Z",
        "how its last deployment ended: compose says ok, git says failed",
        "compose says that this runs; git says that v2 (bbbbbbbbbb) does",
    )


def test_the_same_deployment_minutes_apart_is_one() -> None:
    """A container is made a moment after Coolify begins: that is no conflict, and one life."""
    mine = image("v1", IMAGE_A, A, live_since=at(3, 0, 4), ended="ok")
    found = history(Listing("compose", (mine,)), Listing("coolify", (commit(A, live_since=at(3), live_until=at(4)),)))
    one = row(found, IMAGE_A)
    assert one.conflicts == ()
    assert [(life.source, life.until) for life in one.lives] == [("compose, coolify", at(4))]


def test_the_end_of_a_life_is_never_guessed_from_its_own_deployment() -> None:
    """Another source tells the same deployment minutes later: that did not replace it; the next release did."""
    mine = (image("v2", IMAGE_B, live_since=at(9)), image("v1", IMAGE_A, A, live_since=at(3)))
    again = commit(A, source="record", live_since=at(3, 0, 5), ended="ok")
    life = row(history(Listing("compose", mine), Listing("record", (again,))), IMAGE_A).lives[0]
    assert (life.until, life.guessed) == (at(9), True)


def test_what_two_sources_tell_of_one_time_is_one_life() -> None:
    """The record proved it half an hour after Coolify was through, git's file ends it although it runs: it ran from the
    first of them on, and what runs goes on to."""
    coolify = commit(A, source="coolify deployment", live_since=at(5), live_until=at(10), ended="ok")
    record = commit(A, source="INC-1", live_since=at(5, 0, 30), ended="ok")
    runs = commit(B, source="coolify deployment", live_since=at(10), ended="ok", way_back=WayBack.RUNNING)
    git = commit(B, live_since=at(12), live_until=at(15), ended="ok")
    listings = (Listing("coolify", (runs, coolify)), Listing("record", (record,)), Listing("git", (git,)))
    found = history(*listings, option="coolify")
    assert [(one.since, one.until, one.guessed) for one in row(found, A).lives] == [(at(5), at(10), False)]
    (life,) = row(found, B).lives
    assert (life.since, life.live, life.source) == (at(10), True, "git, coolify")


def test_rows_of_other_sources_stand_where_their_time_puts_them() -> None:
    """The order of the way back in use stays; commits that nobody deployed or named are hidden until asked for."""
    mine = (image("v3", IMAGE_B, created=at(9)), image("v1", IMAGE_A, created=at(1)))
    git = (
        commit(C, "v2", source="git tag", created=at(5)),
        commit(B, created=at(4)),
        commit(A, created=at(3), live_since=at(3)),
    )
    found = history(Listing("compose", mine), Listing("git", git))
    assert [one.name for one in found.shown()] == ["v3", "v2", A[:10], "v1"]
    assert [one.name for one in found.shown(every=True)] == ["v3", "v2", B[:10], A[:10], "v1"]
    assert not row(found, C).own


def test_a_source_that_fails_is_named_and_hides_no_other() -> None:
    """One server that does not answer costs its own rows alone; the failing one may be the way back in use itself."""
    found = history(
        Listing("compose", error="the engine does not answer"), Listing("git", (commit(A, source="git tag"),))
    )
    assert found.errors == ("compose: the engine does not answer",)
    assert [one.name for one in found.shown()] == [A[:10]]
    assert ("warning", "not read: compose: the engine does not answer") in sheet(found, found.row(0))


def test_an_incident_that_was_declared_in_its_life_follows_it() -> None:
    """And one that was abandoned was a false start: it accuses nobody."""
    mine = (
        image("v2", IMAGE_B, live_since=at(5), way_back=WayBack.RUNNING),
        image("v1", IMAGE_A, live_since=at(3), ended="ok"),
    )
    troubles = (Trouble("INC-1", at(4), "forward", at(4, 1)), Trouble("INC-2", at(4, 2), "abandoned", at(4, 3)))
    found = history(Listing("compose", mine), troubles=troubles)
    one = row(found, IMAGE_A)
    assert one.followed == ("INC-1",)
    assert (one.lives[0].until, one.lives[0].guessed) == (at(5), True), "the next deployment ended it"
    assert row(found, IMAGE_B).followed == ()


@pytest.mark.parametrize("outcome", ["abandoned", "false alarm"])
def test_what_was_no_trouble_accuses_no_release(outcome: str) -> None:
    """Nothing was wrong with the release, says whoever closed it: it is proposed as before."""
    trouble = Trouble("INC-1", at(4), outcome, at(4, 1))
    found = history(Listing("git", (commit(A, live_since=at(3), live_until=at(9)),)), troubles=(trouble,), option="git")
    assert row(found, A).followed == ()


def test_who_went_back_from_it_and_who_proved_it() -> None:
    """An incident's plan names both by what proves them; a commit or an image will do."""
    mine = (image("v2", IMAGE_B, B), image("v1", IMAGE_A, A))
    trouble = Trouble("INC-1", at(4), "recovered", at(4, 1), fled=B, target=IMAGE_A)
    found = history(Listing("compose", mine), troubles=(trouble,))
    assert row(found, IMAGE_B).fled == (trouble,)
    assert row(found, IMAGE_A).proven == (trouble,)


def test_the_sheet_says_everything_with_its_source() -> None:
    """Facts, times, reasons and what is read only now; the same in JSON."""
    told = commit(A, source="coolify deployment", live_since=at(3), live_until=at(5), ended="ok")
    found = history(Listing("compose", (image("v1", IMAGE_A, A),)), Listing("coolify", (told,)))
    behind = Behind("3 files, +20 -4 from what runs", ("shop/migrations/0002_total.py",), "1 changed (DEBUG)", True)
    text = "\n".join(line for _, line in sheet(found, found.row(0), behind))
    for words in (
        "v1: good",
        "since 2026-11-03 00:00Z, until 2026-11-05 00:00Z, 2 d 0 h, its deployment ended ok (coolify)",
        "3 files, +20 -4 from what runs",
        "migration shop/migrations/0002_total.py: the code goes back, the database does not",
        "1 changed (DEBUG)",
        f"image: {IMAGE_A} (compose, image tag)",
    ):
        assert words in text
    data = as_json(found, found.row(0), behind)
    assert (data["standing"], data["healthy_s"], data["behind"]["environment"]) == ("good", 172800, "1 changed (DEBUG)")


@pytest.mark.parametrize("stamp", ["", "yesterday", "0000-00-00T00:00:00Z"])
def test_a_time_that_is_none_breaks_nothing(stamp: str) -> None:
    """What a source tells is outside text: a row without a usable time is still a row."""
    found = history(Listing("compose", (image("v1", IMAGE_A, live_since=stamp, ended="ok"),)))
    assert row(found, IMAGE_A).release.name == "v1"
    assert sheet(found, found.row(0))
