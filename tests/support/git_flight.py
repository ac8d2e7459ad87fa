"""A world over real gateways for tests of the git option, a reporter that remembers, and a small real deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from git_ground import Ground, git

from actions.gateways.deployments import read_deployments
from actions.gateways.evidence import FileEvidence
from actions.gateways.local_host import LocalHost
from actions.gateways.probes import HttpxProber
from actions.gateways.repository import GitRepository
from actions.model.clock import Clock, ManualClock
from actions.model.events import Body
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import World
from actions.model.step import Step
from actions.model.system import GitTable, RunningCommit, Settings, SystemTable
from actions.steps.catalog import build


@dataclass
class Remembering:
    """A reporter that keeps everything in memory."""

    lines: list[str] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    stop: bool = False

    def line(self, text: str) -> None:
        self.lines.append(text)

    def record(self, body: Body) -> None:
        self.bodies.append(body)

    def stopping(self) -> bool:
        return self.stop


@dataclass(frozen=True)
class Flight:
    """A system whose deploy command really moves a file that tells the running commit; the newest release runs."""

    ground: Ground
    folder: Path
    settings: Settings
    world: World
    clock: ManualClock

    @property
    def running(self) -> str:
        """The commit that runs, as the system itself tells it."""
        return (self.folder / "running").read_text().strip()

    def step(self, plan: Plan, code: str) -> Step:
        """A step as the worker gets it: rebuilt from the plan's JSON."""
        row: PlannedStep | None = Plan.from_json(plan.to_json()).step(code)
        assert row is not None
        return build(row.step, row.params)


DEPLOY = """#!/bin/sh
# deploy REF: whatever REF is on the remote runs from now on
set -eu
sha=$(git --git-dir='{remote}' rev-parse --verify "refs/heads/$1^{{commit}}")
echo "deploying $1"
printf '%s\\n' "$sha" > '{folder}/running'
printf '{{"at": "2026-11-22T10:0%s:00Z", "ref": "%s", "sha": "%s", "result": "ok"}}\\n' 9 "$1" "$sha" \\
  >> '{folder}/deployments.jsonl'
"""


def make_flight(ground: Ground, folder: Path, *, clock: Clock | None = None, **changes: object) -> Flight:
    """Build it in an empty folder; `changes` replace keys of the `[git]` table."""
    folder.mkdir(exist_ok=True)
    script = folder / "deploy"
    script.write_text(DEPLOY.format(remote=ground.remote, folder=folder))
    script.chmod(0o755)
    (folder / "running").write_text(ground.shas[-1] + "\n")
    (folder / "site.log").write_text("GET / 500\n" * 50)
    history = [(f"2026-11-1{n}T09:00:00Z", f"v{n}", sha) for n, sha in enumerate(ground.shas, start=1)]
    (folder / "deployments.jsonl").write_text(
        "".join(f'{{"at": "{at}", "ref": "{ref}", "sha": "{sha}", "result": "ok"}}\n' for at, ref, sha in history)
    )
    table: dict[str, object] = {
        "repository": str(ground.clone),
        "deploy": (str(script), "{ref}"),
        "deployments": str(folder / "deployments.jsonl"),
        "running": RunningCommit(command=("cat", str(folder / "running"))),
        **changes,
    }
    system = SystemTable("obcms", "drill", logs=(str(folder / "site.log"),))
    settings = Settings(system, git=GitTable(**table))  # type: ignore[arg-type]  # tests name keys as a file would
    manual = ManualClock(wall=datetime(2026, 11, 22, 10, 4, 31, tzinfo=UTC))
    host = LocalHost()
    world = World(
        clock=clock or manual,
        host=host,
        prober=HttpxProber(clock or manual),
        evidence=FileEvidence(folder / "evidence"),
        repository=GitRepository(str(ground.clone), network_s=60),
        known_releases=lambda: read_deployments(host, str(folder / "deployments.jsonl")),
    )
    return Flight(ground, folder, settings, world, manual)


def dirty_the_clone(ground: Ground) -> None:
    """What an operator's clone looks like in the middle of an incident: edits, staged, untracked, another branch."""
    git(ground.clone, "checkout", "-q", "-b", "fix-by-hand")
    (ground.clone / "app.py").write_text("VERSION = 'edited by hand'\n")
    (ground.clone / "staged.py").write_text("x = 1\n")
    git(ground.clone, "add", "staged.py")
    (ground.clone / "docker-compose.prod.yml").write_text("services: {}\n")
