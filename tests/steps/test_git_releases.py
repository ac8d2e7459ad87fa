"""Releases from tags, log, history and what runs; and the proposal of the last known good one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from git_flight import Flight, make_flight
from git_ground import commit, git, make_ground

from actions.gateways.repository import GitRepository
from actions.model.errors import GoaroundError
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.steps.git_releases import Survey, releases, survey
from actions.steps.propose import Proposal, propose


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


def look(flight: Flight) -> Survey:
    assert flight.settings.git is not None
    return survey(flight.settings.git, flight.world)


def test_releases_carry_their_life(flight: Flight) -> None:
    """H01: tags and log are joined with the history of deployments and with what runs now."""
    found = look(flight)
    assert [release.name for release in found.releases] == ["v3", "v2", "v1"]
    newest, older, _ = found.releases
    assert newest.way_back is WayBack.RUNNING
    assert (newest.live_since, newest.live_until) == ("2026-11-13T09:00:00.000000Z", "")
    assert (older.live_since, older.live_until) == ("2026-11-12T09:00:00.000000Z", "2026-11-13T09:00:00.000000Z")
    assert (older.ended, older.subject, older.source) == ("ok", "Release 2", "git tag")
    assert older.way_back is WayBack.READY
    assert found.notes == ()


def test_commits_without_a_tag_have_short_names_and_full_ids(flight: Flight) -> None:
    """An untagged commit can be gone back to; its name is for the eye, its id is whole."""
    sha = commit(flight.ground.clone, "hot fix", 1794000000)
    assert flight.settings.git is not None
    newest = releases(flight.settings.git, flight.world)[0]
    assert (newest.name, newest.commit, newest.source) == (sha[:10], sha, "git log")


def test_only_tags_of_the_pattern_are_releases(flight: Flight) -> None:
    """`git.tags` says which tags are releases; others are commits like any."""
    git(flight.ground.clone, "tag", "nightly", flight.ground.shas[1])
    assert flight.settings.git is not None
    table = dataclasses.replace(flight.settings.git, tags="v[12]")
    names = [release.name for release in releases(table, flight.world)]
    assert names == [flight.ground.shas[2][:10], "v2", "v1"]


def test_a_tag_like_a_commit_is_remarked(flight: Flight) -> None:
    """S14: somebody who reads the list is told that this name is no id."""
    git(flight.ground.clone, "tag", flight.ground.shas[2][:7], flight.ground.shas[0])
    oldest = look(flight).releases[-1]
    assert "named like a commit id" in oldest.note


def test_a_deployment_that_is_not_in_the_clone_is_gone(flight: Flight) -> None:
    """What was deployed and is no longer here is shown as such, with the next move."""
    with (flight.folder / "deployments.jsonl").open("a") as history:
        history.write('{"at": "2026-11-15T09:00:00Z", "ref": "v2.9", "sha": "%s", "result": "ok"}\n' % ("ab" * 20))
    gone = next(release for release in look(flight).releases if release.name == "v2.9")
    assert gone.way_back is WayBack.GONE
    assert "git fetch" in gone.note


def test_a_running_commit_that_is_not_in_the_clone_is_said(flight: Flight) -> None:
    """The list never pretends to hold what runs."""
    (flight.folder / "running").write_text("cd" * 20)
    found = look(flight)
    assert any("not in the clone" in note.text for note in found.notes)
    assert [release.commit for release in found.releases if release.way_back is WayBack.RUNNING] == ["cd" * 20]


def proposed(flight: Flight) -> Proposal:
    found = look(flight).releases
    return propose(found, History("git", (Listing("git", found),), now=flight.world.clock.now()))


def test_a_running_commit_that_was_not_fetched_is_newer_than_all_that_was(flight: Flight) -> None:
    """The clone is older than the deployment that went wrong: the last known good release is proposed all the same."""
    (flight.folder / "running").write_text("cd" * 20)
    assert look(flight).releases[0].commit == "cd" * 20
    found = proposed(flight)
    assert found.release is not None
    assert (found.release.name, found.known_good) == ("v2", True)
    assert found.newer == ("not v3: it was deployed 2026-11-13 09:00Z; until when it was live is not known",)


def test_behind_the_cut_of_a_shallow_clone_nothing_newer_is_proposed(tmp_path: Path) -> None:
    """What runs is not there and may be older than all that is: what was fled from is not taken for the one before."""
    ground = make_ground(tmp_path)
    flight = make_flight(ground, tmp_path / "system")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", f"file://{ground.remote}", str(tmp_path / "shallow"))
    (flight.folder / "running").write_text(ground.shas[0])
    (flight.folder / "deployments.jsonl").write_text("")
    shallow = dataclasses.replace(
        flight, world=dataclasses.replace(flight.world, repository=GitRepository(str(tmp_path / "shallow")))
    )
    assert [one.commit for one in look(shallow).releases] == [ground.shas[2], ground.shas[0]]
    assert proposed(shallow).release is None


@pytest.mark.parametrize("wrong", [0, 2208988800])
def test_a_clock_that_was_wrong_does_not_make_a_release_older_than_what_it_was_built_on(
    tmp_path: Path, wrong: int
) -> None:
    """Dated 1970 it runs, and the one before it is proposed; dated 2040 it is the one before, and is proposed."""
    ground = make_ground(tmp_path)
    odd = commit(ground.clone, "made on a machine with a wrong clock", wrong)
    runs = odd if not wrong else commit(ground.clone, "on top of it", 1793523600 + 86400 * 5)
    flight = make_flight(ground, tmp_path / "system")
    (flight.folder / "running").write_text(runs)
    with (flight.folder / "deployments.jsonl").open("a") as history:
        for day, sha in ((19, odd), (20, runs)):
            history.write(f'{{"at": "2026-11-{day}T09:00:00Z", "sha": "{sha}", "result": "ok"}}\n')
    order = [runs, *([odd] if wrong else []), *reversed(ground.shas)]
    assert [one.commit for one in look(flight).releases] == order
    assert getattr(proposed(flight).release, "commit", "") == order[1]


def test_a_running_commit_that_cannot_be_read_is_said(flight: Flight) -> None:
    """Not known is a state of its own: no release is marked as running."""
    (flight.folder / "running").unlink()
    found = look(flight)
    assert any("running commit" in note.text for note in found.notes)
    assert not [release for release in found.releases if release.way_back is WayBack.RUNNING]


def test_a_release_deployed_long_ago_is_found(tmp_path: Path) -> None:
    """What was live is listed even where the log has been cut off before it."""
    flight = make_flight(make_ground(tmp_path), tmp_path / "system")
    for number in range(3):
        commit(flight.ground.clone, f"later {number}", 1794000000 + number)
    git(flight.ground.clone, "tag", "-d", "v1")
    assert flight.settings.git is not None
    found = survey(flight.settings.git, flight.world, limit=3).releases
    assert flight.ground.shas[0] in [release.commit for release in found]


def test_a_damaged_history_is_told_and_left_out(flight: Flight) -> None:
    """A wrong line in the history names file, line and field, and does not take the list away."""
    with (flight.folder / "deployments.jsonl").open("a") as history:
        history.write('{"at": "yesterday", "sha": "%s", "result": "ok"}\n' % ("ab" * 20))
    found = look(flight)
    assert [release.name for release in found.releases] == ["v3", "v2", "v1"]
    (note,) = found.notes
    assert "deployments.jsonl:4: at" in note.text


# --------------------------------------------------------------------------------------------- the proposal


def test_the_last_known_good_is_proposed(flight: Flight) -> None:
    """Z19: from the history of deployments, not from the first lines of a log."""
    commit(flight.ground.clone, "never deployed", 1794000000)
    proposal = propose(look(flight).releases)
    assert proposal.release is not None
    assert proposal.release.name == "v2"
    assert proposal.why == "was live from 2026-11-12 09:00Z to 2026-11-13 09:00Z and its deployment ended ok"


def row(name: str, *, since: str = "", ended: str = "", way_back: WayBack = WayBack.READY) -> Release:
    return Release(name, commit=name * 20, source="git tag", live_since=since, ended=ended, way_back=way_back)


@pytest.mark.parametrize(
    ("found", "name", "why"),
    [
        ((row("c3", way_back=WayBack.RUNNING), row("b2"), row("a1")), "b2", "no history says"),
        ((row("c3", since="3", way_back=WayBack.RUNNING), row("b2", ended="failed"), row("a1")), "a1", "no history"),
        (
            (row("c3", since="3", ended="ok", way_back=WayBack.RUNNING), row("b2", since="2", ended="failed"),
             row("a1", since="1", ended="ok")), "a1", "ended ok",
        ),
        # Gone back before: the release that was fled from was live last, and is not proposed.
        (
            (row("c3", since="3", ended="ok"), row("b2", since="4", ended="ok", way_back=WayBack.RUNNING),
             row("a1", since="1", ended="ok")), "a1", "ended ok",
        ),
        ((row("c3", since="3", ended="ok", way_back=WayBack.RUNNING), row("b2", since="2", ended="ok",
          way_back=WayBack.GONE)), None, "still there"),
        ((row("c3", way_back=WayBack.RUNNING),), None, "no older release"),
        ((row("c3"), row("b2")), None, "choose a release yourself"),
        ((row("c3", since="3", ended="ok"), row("b2", since="2", ended="ok")), "b2", "could not be read"),
        ((), None, "not known"),
    ],
)  # fmt: skip
def test_what_is_proposed(found: tuple[Release, ...], name: str | None, why: str) -> None:
    """A proposal says why; where nothing is known to be good, it says that instead of guessing."""
    proposal = propose(found)
    assert (proposal.release.name if proposal.release else None) == name
    assert why in proposal.why


def test_a_system_without_a_repository_is_refused(flight: Flight) -> None:
    """No git option, no list."""
    assert flight.settings.git is not None
    with pytest.raises(GoaroundError, match="no git option"):
        survey(flight.settings.git, dataclasses.replace(flight.world, repository=None))
