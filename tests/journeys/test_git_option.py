"""An evening with the git option on the demo system: a broken release, a proposal, a rollback, a proof, and an undo."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_flight import Remembering
from git_ground import fingerprint, git

from actions.gateways.deployments import read_deployments
from actions.gateways.evidence import FileEvidence
from actions.gateways.local_host import LocalHost
from actions.gateways.probes import HttpxProber
from actions.gateways.repository import GitRepository
from actions.model.clock import SystemClock
from actions.model.effect import Expectation
from actions.model.events import EffectFinished, EvidenceKept, Observed
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.release import WayBack
from actions.model.step import Happened, Outcome, StepResult
from actions.model.system import GitTable, ProbeTable, ProveTable, RunningCommit, Settings, SystemTable
from actions.steps.catalog import build
from actions.steps.git_option import draw
from actions.steps.git_releases import survey
from actions.steps.propose import propose
from app.demo_config import HOST
from app.demo_system import DemoSystem, start, stop
from app.demo_system import build as build_demo


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoSystem]:
    system = build_demo(datetime.now(UTC), tmp_path / "demo")
    try:
        start(system)
        yield system
    finally:
        stop(system)


def settings_of(demo: DemoSystem) -> Settings:
    site = f"http://127.0.0.1:{demo.port}"
    headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
    return Settings(
        system=SystemTable("demo-site", "drill", logs=(str(demo.log),)),
        git=GitTable(
            repository=str(demo.folder / "checkout"),
            deploy=(sys.executable, str(demo.folder / "bin" / "deploy.py"), "{ref}"),
            deployments=str(demo.folder / "deployments.jsonl"),
            running=RunningCommit(url=f"{site}/version", field="commit", headers=headers),
        ),
        probe=(
            ProbeTable("health", f"{site}/health/", headers=headers),
            ProbeTable("front page", f"{site}/", headers=headers, expect=Expectation(body="Community register")),
        ),
        prove=ProveTable(passes=3, seconds=1),
    )


def world_of(demo: DemoSystem, evidence: Path) -> World:
    host, clock = LocalHost(), SystemClock()
    return World(
        clock=clock,
        host=host,
        prober=HttpxProber(clock),
        evidence=FileEvidence(evidence),
        repository=GitRepository(str(demo.folder / "checkout")),
        known_releases=lambda: read_deployments(host, str(demo.folder / "deployments.jsonl")),
    )


def fly(plan: Plan, code: str, world: World, report: Remembering) -> StepResult:
    """One step as the worker runs it: rebuilt from the plan, looked at once more, then run."""
    row = plan.step(code)
    assert row is not None
    step = build(row.step, row.params)
    assert step.moved(world) == ""
    return step.run(world, report)


def test_the_broken_release_is_rolled_back_proven_and_undone(demo: DemoSystem, tmp_path: Path) -> None:
    """The main job, on a real system: from what is proposed to what is proven, with the work tree untouched."""
    settings, world, report = settings_of(demo), world_of(demo, tmp_path / "evidence"), Remembering()
    assert settings.git is not None
    found = survey(settings.git, world)
    running = next(release for release in found.releases if release.way_back is WayBack.RUNNING)
    assert running.commit == demo.broken_sha
    proposal = propose(found.releases)
    assert proposal.release is not None
    assert (proposal.release.commit, proposal.release.name) == (demo.good_sha, demo.good_ref)

    checkout = demo.folder / "checkout"
    status, before = git(checkout, "status", "--porcelain"), fingerprint(checkout)
    assert status, "the demo's operator has an edit of their own"
    plan = draw(settings, proposal.release, world)
    assert any("uncommitted changes" in note.text for note in plan.notes)
    results = {row.code: fly(plan, row.code, world, report) for row in plan.steps if not row.optional}
    assert {code: result.outcome for code, result in results.items()} == dict.fromkeys(results, Outcome.DONE), results
    assert list(results) == ["B1", "B2", "X1", "X2", "X3"]
    assert results["X3"].facts["running"] == demo.good_sha
    assert results["X3"].facts["probes"] == "2 of 2"
    assert fingerprint(checkout) == before
    assert {body.ok for body in report.bodies if isinstance(body, Observed)} == {True}
    assert {body.ok for body in report.bodies if isinstance(body, EffectFinished)} == {True}
    assert "site.log" in {body.name for body in report.bodies if isinstance(body, EvidenceKept)}

    row = plan.step("X2")
    assert row is not None
    deploy = build(row.step, row.params)
    undone = deploy.undo(world, report)
    assert undone.outcome is Outcome.DONE, undone.summary
    assert deploy.check_undone(world).happened is Happened.YES
    branches = git(demo.folder / "origin.git", "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert {plan.drawn["branch"], plan.drawn["undo_branch"]} < set(branches)
