"""The proof: what runs first, then the probes; green only when both were seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from http_faults import FaultServer, plain
from performing import ScriptedEngine, Told, container, local_world

from actions.model.clock import ManualClock
from actions.model.effect import Expectation, ObserveCommit, ObserveImages, ProbeHttp
from actions.model.events import EffectStarted, Observed
from actions.model.release import Release
from actions.model.step import Happened, Outcome, Risk, StepResult
from actions.steps.planned import planned
from actions.steps.prove import NOT_PROVEN, ProveBack

IMAGES = ObserveImages("local", "shop", {"web": "sha256:new", "celery": "sha256:new"})
COMMIT = "2273691a04f0c1d2e3b4a5968778695a4b3c2d1e"
TOLD = ObserveCommit(COMMIT, "local", ("echo", COMMIT), deadline_s=30)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    made = FaultServer({"/health/": plain(b"healthy"), "/ready/": plain(b"ready"), "/bad/": plain(b"", 500)})
    yield made
    made.close()


def probes(server: FaultServer, *paths: str) -> tuple[ProbeHttp, ...]:
    return tuple(ProbeHttp(path.strip("/"), server.url(path), expect=Expectation(), deadline_s=30) for path in paths)


def prove(step: ProveBack, tmp_path: Path, image: str = "sha256:new") -> tuple[StepResult, Told]:
    engine = ScriptedEngine([(container(image=image), container("celery"))])
    told = Told()
    return step.run(local_world(tmp_path, ManualClock(), containers=engine), told), told


def test_green_is_what_runs_and_every_probe(tmp_path: Path, server: FaultServer) -> None:
    """Proven, not reported: the identity seen is the release's own, all probes passed, and all of it is on record."""
    step = ProveBack("v2.3.0", images=IMAGES, probes=probes(server, "/health/", "/ready/"))
    result, told = prove(step, tmp_path)
    assert result.outcome is Outcome.DONE
    assert result.facts["running"] == Release("v2.3.0", images=IMAGES.want).identity
    assert result.facts["probes"] == "2 of 2"
    assert result.summary == "v2.3.0 runs (sha256:new); 2 of 2 probes passed"
    assert [body.what for body in told.of(Observed)] == ["running images", "probe health", "probe ready"]


def test_the_right_answer_from_the_wrong_version_is_not_back(tmp_path: Path, server: FaultServer) -> None:
    """Probes pass against the old container all the same: they are not even asked."""
    step = ProveBack("v2.3.0", images=IMAGES, probes=probes(server, "/health/"))
    result, told = prove(step, tmp_path, image="sha256:old")
    assert result.outcome is Outcome.FAILED
    assert "runs sha256:old" in result.summary
    assert result.facts["probes"] == "0 of 1"
    assert not server.requests
    assert len(told.of(EffectStarted)) == 1


@pytest.mark.parametrize(
    ("paths", "passed"),
    [
        (("/bad/", "/health/"), "0 of 2"),
        (("/health/", "/bad/"), "1 of 2"),
        (("/health/", "/ready/", "/bad/"), "2 of 3"),
    ],
)
def test_the_right_version_that_does_not_answer_is_not_back(
    tmp_path: Path, server: FaultServer, paths: tuple[str, ...], passed: str
) -> None:
    """Every probe must pass, wherever in the row the bad one stands."""
    result, _ = prove(ProveBack("v2.3.0", images=IMAGES, probes=probes(server, *paths)), tmp_path)
    assert result.outcome is Outcome.FAILED
    assert result.facts["probes"] == passed
    assert result.facts["running"] == "sha256:new"
    assert "bad: 0 of" in result.summary


def test_a_commit_is_as_good_and_images_name_what_runs(tmp_path: Path, server: FaultServer) -> None:
    """With both, the identity is that of the images, as in a release."""
    result, _ = prove(ProveBack("v2.3.0", commit=TOLD, probes=probes(server, "/health/")), tmp_path)
    assert result.outcome is Outcome.DONE
    assert result.facts["running"] == COMMIT
    both, _ = prove(ProveBack("v2.3.0", images=IMAGES, commit=TOLD), tmp_path)
    assert both.facts["running"] == "sha256:new"
    assert both.summary.endswith("no probe is configured")


def test_without_a_way_to_learn_what_runs_nothing_is_proven(tmp_path: Path, server: FaultServer) -> None:
    """Passing probes alone are never green: a health page tells no version."""
    result, _ = prove(ProveBack("v2.3.0", probes=probes(server, "/health/")), tmp_path)
    assert result.outcome is Outcome.UNKNOWN
    assert result.summary == f"{NOT_PROVEN}; 1 of 1 probes passed"
    nothing, _ = prove(ProveBack("v2.3.0"), tmp_path)
    assert nothing.outcome is Outcome.UNKNOWN
    bad, _ = prove(ProveBack("v2.3.0", probes=probes(server, "/bad/")), tmp_path)
    assert bad.outcome is Outcome.FAILED


def test_it_only_looks_and_looks_again_after_a_crash(tmp_path: Path) -> None:
    """A reading whose end was lost proves nothing."""
    step = ProveBack("v2.3.0", images=IMAGES)
    world = local_world(tmp_path)
    assert step.risk is Risk.READ
    assert step.moved(world) == ""
    assert step.undo_effects() == ()
    assert step.check(world).happened is Happened.NO
    assert step.undo(world, Told()).outcome is Outcome.FAILED
    assert step.check_undone(world).happened is Happened.YES


def test_its_row_says_what_will_be_asked() -> None:
    """Shown, then done: title, expectation and effects of the row."""
    step = ProveBack("v2.3.0", images=IMAGES, commit=TOLD, probes=(ProbeHttp("up", "http://x/"),))
    row = planned(step, code="X4", phase="carry out", proves=True)
    assert row.title == "Prove that v2.3.0 is back"
    assert row.expected == f"celery, web run the images of v2.3.0; commit {COMMIT} runs; 1 probe passes: up"
    assert row.effects == (TOLD, IMAGES, ProbeHttp("up", "http://x/"))
    assert ProveBack("v1").expected() == "what runs cannot be learned"
