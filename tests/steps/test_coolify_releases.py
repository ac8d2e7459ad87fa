"""What Coolify's rows say of releases: under way, gone back by hand, deployed many times over, told by none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import BAD, GOOD, flying
from fake_coolify import Drive

from actions.gateways.deployments import parse, releases_of
from actions.model.clock import stamp
from actions.model.coolify import Application, Deployment, DeploymentState, RollbackImages
from actions.model.last_good import Standing, judge
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_releases import survey
from actions.steps.propose import Proposal, propose

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20
APPLICATION = Application("u", "shop", "running", "nixpacks")
TABLE = CoolifyTable(
    url="http://127.0.0.1", application="ab12cd34ef56gh78ij90kl12", token="${env:TOKEN}", containers=False
)
FINISHED = DeploymentState.FINISHED


class Told:
    """A Coolify that tells these rows; what runs is the version it names."""

    def __init__(self, rows: tuple[Deployment, ...], runs: str) -> None:
        self._rows, self._runs = rows, runs

    def application(self) -> Application:
        return APPLICATION

    def rollback_images(self) -> RollbackImages:
        return RollbackImages(asked=False, current=self._runs)

    def deployments(self, skip: int, take: int) -> tuple[tuple[Deployment, ...], int]:
        return self._rows[skip : skip + take], len(self._rows)


class Ground:
    """As much of a world as the survey asks for."""

    containers = None

    def __init__(self, coolify: Told) -> None:
        self.coolify = coolify


def ago(**times: float) -> str:
    return stamp(NOW - timedelta(**times))


def rows(*told: tuple[str, str] | tuple[str, str, DeploymentState], **more: Any) -> tuple[Deployment, ...]:
    """(commit, when, state), the first one first; as Coolify lists them."""
    found = []
    for number, (commit, at, *state) in enumerate(told, 1):
        kind = state[0] if state else FINISHED
        ended = at if kind.over else ""
        found.append(Deployment(f"d{number}", number, kind, commit, created=at, updated=at, finished=ended, **more))
    return tuple(reversed(found))


def history(told: tuple[Deployment, ...], runs: str) -> tuple[History, tuple[Release, ...]]:
    found = survey(TABLE, Ground(Told(told, runs))).releases  # type: ignore[arg-type]  # all that it asks for
    return History("coolify", (Listing("coolify", found),), now=NOW), found


def looked(told: tuple[Deployment, ...], runs: str) -> tuple[dict[str, tuple[Standing, str]], Proposal]:
    joined, found = history(told, runs)
    judged = {row.identity: judge(joined, row) for row in joined.rows()}
    return {sha: (one.standing, one.why) for sha, one in judged.items()}, propose(found, joined)


def of_file(*told: tuple[str, str]) -> tuple[Release, ...]:
    lines = (f'{{"at": "{at}", "sha": "{sha}", "result": "ok"}}\n' for sha, at in told)
    return releases_of(parse("".join(lines).encode(), "h"))


def of_coolify(*told: tuple[str, str]) -> tuple[Release, ...]:
    return history(rows(*told), told[-1][0])[1]


@pytest.mark.parametrize("state", [DeploymentState.QUEUED, DeploymentState.IN_PROGRESS, DeploymentState.OTHER])
def test_a_deployment_that_goes_on_has_not_failed(state: DeploymentState) -> None:
    """The fix that is being deployed right now is not called failed in the middle of an incident."""
    seen, found = looked(rows((A, ago(days=9)), (B, ago(days=2)), (C, ago(minutes=1), state)), B)
    assert seen[C] == (Standing.UNKNOWN, f"its deployment has not ended: {state.value}")
    assert seen[B][0] is Standing.RUNNING
    assert found.release is not None
    assert found.release.commit == A


def test_what_was_gone_back_from_by_hand_is_not_proposed() -> None:
    """The older commit was pinned and deployed once more, without Coolify's rollback and without an incident."""
    told = rows((C, ago(days=20)), (A, ago(days=9)), (B, ago(days=2)), (A, ago(days=1)), by_hand=True)
    seen, found = looked(told, A)
    assert seen[B] == (Standing.LEFT, "it was rolled back from 2026-11-21 12:00Z, with no incident on record")
    assert found.release is not None
    assert (found.release.commit, found.known_good) == (C, True)
    seen, found = looked(told[:-1], A)
    assert found.release is None, "not even guessed"
    assert found.why == "what was deployed before the running one and is there was gone back from, or went bad"


@pytest.mark.parametrize("source", [of_coolify, of_file])
def test_going_on_again_is_no_going_back(source: Callable[..., tuple[Release, ...]]) -> None:
    """One, two, back to one, two again: two was gone back from once, one never. The words say when that was."""
    told = source((A, ago(days=9)), (B, ago(days=5)), (A, ago(days=4)), (B, ago(days=2)))
    marks = {one.commit: [each.rolled_back for each in one.deployments] for one in told}
    assert marks == {A: [False, False], B: [False, True]}


def test_what_was_seen_last_goes_before_what_was_seen_once() -> None:
    """It ran for days, came back, and was rolled back from: not good, though it was once. The other way round it is."""
    told = rows((B, ago(days=30)), (A, ago(days=20)), (C, ago(days=12)), (A, ago(days=9)), (B, ago(days=8)))
    seen, _ = looked(told, B)
    assert seen[A] == (Standing.LEFT, "it was rolled back from 2026-11-14 12:00Z, with no incident on record")
    told = rows((B, ago(days=30)), (A, ago(days=20)), (B, ago(days=19)), (A, ago(days=9)), (C, ago(days=1)))
    seen, found = looked(told, C)
    assert seen[A][0] is Standing.GOOD
    assert seen[A][1].endswith(
        "; though, of an earlier time, it was rolled back from 2026-11-03 12:00Z, with no incident on record"
    )
    assert (found.release.commit if found.release else "") == A


def test_one_commit_that_is_deployed_five_times_in_a_row_ran_all_the_time() -> None:
    """Each twenty minutes anew, for a changed variable: it was live for two hours, not for twenty minutes."""
    many = [(A, ago(hours=20, minutes=-24 * n)) for n in range(5)]
    joined, found = history(rows(*many, (B, ago(hours=18))), B)
    row = joined.of(A)
    assert row is not None
    assert judge(joined, row).healthy_s == 2 * 3600
    assert [(life.since, life.until) for life in row.lives] == [(ago(hours=20), ago(hours=18))]
    assert len(row.deployments) == 5
    assert propose(found, joined).known_good


def test_what_runs_and_no_row_tells_of_is_the_newest() -> None:
    """Started by another hand, or its row was cleared away: what was deployed before it is still proposed."""
    seen, found = looked(rows((A, ago(days=9)), (B, ago(days=2))), C)
    assert seen[C][0] is Standing.UNKNOWN
    assert found.release is not None
    assert (found.release.commit, found.known_good) == (A, True)
    assert found.newer == (f"not {B[:10]}: it was deployed 2026-11-20 12:00Z; until when it was live is not known",)


def test_rows_of_one_second_stand_by_their_number() -> None:
    """Coolify orders them by a time in whole seconds: two of one second come in any order."""
    first, second = rows((A, ago(days=9)), (A, ago(days=9)))[1], rows((A, ago(days=9)), (B, ago(days=9)))[0]
    for told in ((first, second), (second, first)):
        joined, _ = history(told, B)
        row = joined.of(A)
        assert row is not None
        assert row.lives[0].until == second.finished


def test_a_push_that_is_being_deployed_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same over the real gateway and the server's own words."""
    with flying(tmp_path / "s", monkeypatch, drive=Drive.BY_HAND) as flown:
        flown.coolify.push(flown.app, C, "The fix")
        found = flown.session.releases()
        joined = History("coolify", (Listing("coolify", found),), now=datetime.now(UTC))
        row = joined.of(C)
        assert row is not None
        assert judge(joined, row).why == "its deployment has not ended: in_progress"
        assert {one.commit for one in found} >= {GOOD, BAD, C}
