"""What `goaround ready` says of a real Compose stack with a Django application over PostgreSQL, sound and broken."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from compose_stack import run
from django_images import DjangoImages
from django_stack import DjangoStack, django_stack
from postgres_server import PostgresServer

from actions.engine.planner import releases
from actions.model.ports import World
from actions.model.ready import ReadyLevel, ReadyReport, Verdict
from actions.model.release import Release
from actions.model.step import Outcome
from actions.model.system import Settings
from actions.steps.compose_protect import protect
from app.command_lines import Quiet
from app.ready_checks import Checks

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.timeout(240)]
GROUND = ("clock-off", "disk-low", "disk-full", "probe-none")


@dataclass
class Standing:
    """A stack whose releases have tags of their own, so that they can be told apart."""

    one: DjangoStack
    made: list[str]

    @property
    def repository(self) -> str:
        return self.one.stack.name

    def release(self, number: str, of: str) -> str:
        """Tag an image of its own (the same code, another id), deploy it; the answer is the id."""
        tag = f"{self.repository}:v{number}"
        text = f"FROM {self.one.image(of)}\nLABEL goaround.test={self.repository}-{number}\n"
        subprocess.run(
            ["docker", "build", "-q", "-t", tag, "-"],
            input=text,
            text=True,
            check=True,
            capture_output=True,
            timeout=60,
            env={"DOCKER_BUILDKIT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        self.made.append(tag)
        return run("docker", "image", "inspect", "--format", "{{.Id}}", tag).strip()

    def deploy(self, number: str, of: str) -> str:
        image = self.release(number, of)
        subprocess.run(["docker", "tag", image, f"{self.repository}:deployed"], check=True, timeout=110)
        self.one.stack.compose("up", "-d", "--no-build", "web")
        self.one.migrate()
        return image

    def settings(self) -> Settings:
        return self.one.settings()

    def look(self, world: World | None = None) -> ReadyReport:
        return Checks(self.settings(), world or self.one.world(), "ops").run()

    def protect(self, name: str) -> None:
        """As the plan's own step does it."""
        world, settings = self.one.world(), self.settings()
        found, _ = releases(settings, "compose", world)
        release = next(one for one in found if one.name == name)
        step = protect(settings, world.host.name, release)
        assert step.run(world, Quiet(world.redact)).outcome is Outcome.DONE
        self.made += list(step.keep)


def codes(report: ReadyReport) -> list[str]:
    return [one.code for one in report.findings if one.level is not ReadyLevel.INFO and one.code not in GROUND]


@pytest.fixture
def standing(
    postgres: PostgresServer, django_image: DjangoImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Standing]:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    with django_stack(f"goaround-ready-{time.time_ns() % 10**9}", tmp_path, postgres, django_image) as one:
        it = Standing(one, [])
        try:
            yield it
        finally:
            one.stack.compose("down", "--timeout", "1")
            for tag in it.made:
                subprocess.run(["docker", "image", "rm", tag], capture_output=True, timeout=110, check=False)


def test_a_sound_stack_is_protected_then_green_then_loses_its_image(standing: Standing) -> None:
    """The target is there and its schema fits; unprotected is a warning, and with a tag of ours nothing is left."""
    first = standing.deploy("1", "2")
    standing.deploy("2", "2")
    report = standing.look()
    assert report.verdict is Verdict.READY
    assert codes(report) == ["target-unprotected"], report.findings
    standing.protect("v1")
    report = standing.look()
    assert (report.verdict, codes(report)) == (Verdict.READY, [])
    (target,) = report.targets
    assert (target.name, target.proposed, target.there, target.protected) == ("v1", True, True, True)
    assert target.schema == "SAFE"
    assert {"docker", "compose", "psql", "pg_dump", "postgresql"} <= set(report.facts)
    assert set(report.checks.values()) == {"ok"}
    _then_its_image_is_removed(standing, first)


def _then_its_image_is_removed(standing: Standing, image: str) -> None:
    """What our record knows and the engine no longer has is named; without a record there is simply none."""
    run("docker", "image", "rm", *(tag for tag in standing.made if not tag.endswith(":v2")))
    known = Release("v1", images={"web": image}, source="record", live_since="2026-11-01T00:00:00.000000Z", ended="ok")
    report = standing.look(replace(standing.one.world(), known_releases=lambda: (known,)))
    assert (report.verdict, codes(report)) == (Verdict.NOT_READY, ["target-gone"])
    assert report.findings[0].text.startswith("v1 (the image of web is not on the engine any more)")
    assert codes(standing.look()) == ["target-none"]


def test_a_migration_that_cannot_be_taken_back(standing: Standing) -> None:
    """One code; the image is there all the same."""
    standing.deploy("1", "2")
    standing.deploy("2", "one-way")
    standing.protect("v1")
    report = standing.look()
    assert (report.verdict, codes(report)) == (Verdict.NOT_READY, ["schema-irreversible"])
    assert "shop.0004_one_way" in report.findings[0].text
    assert (report.targets[0].there, report.targets[0].schema) == (True, "IRREVERSIBLE")
