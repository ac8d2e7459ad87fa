"""Services behind a profile, and env files, against the real engine and both generations of Compose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_stack import TOOLS, Recorder, Stack, removed_afterwards
from engine_images import ImageBuilder
from planned_steps import step_of

from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.step import Outcome
from actions.steps.compose_option import draw
from actions.steps.compose_releases import releases

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

APP = "#!/bin/sh\ntrap 'exit 0' TERM\necho {0}\nwhile :; do sleep 1 & wait $!; done\n"
FILE = """\
version: "3.8"
services:
  web:
    image: {0}:2
    env_file: [app.env]
    stop_grace_period: 1s
  worker:
    image: {0}:2
    profiles: [work]
    stop_grace_period: 1s
  seed:
    image: {0}:2
    profiles: [once]
    command: ["sh", "-c", "echo ran >> /ran/count"]
    volumes: ["./ran:/ran"]
"""


@pytest.fixture(params=sorted(TOOLS))
def stack(
    request: pytest.FixtureRequest, engine_name: str, build_image: ImageBuilder, tmp_path: Path
) -> Iterator[Stack]:
    for number in ("1", "2"):
        build_image(f"{engine_name}:{number}", {"/app.sh": APP.format(number)}, ["/app.sh"])
    folder = tmp_path / "obcms"
    (folder / "ran").mkdir(parents=True)
    (folder / "app.env").write_text("PASSWORD=pa$canary\n")
    one = Stack(engine_name, folder, request.param)
    one.write(FILE.format(engine_name))
    with removed_afterwards(engine_name):
        run_with_profiles(one)
        yield one


def run_with_profiles(one: Stack) -> None:
    """As somebody with more words on the command line did before us."""
    plain = TOOLS[one.tool]
    TOOLS[one.tool] = (*plain, "--profile", "work", "--profile", "once")
    try:
        one.compose("up", "-d")
    finally:
        TOOLS[one.tool] = plain


def go(plan: Plan, world: World, *codes: str) -> None:
    for code in codes:
        step = step_of(plan, code)
        assert step.moved(world) == ""
        result = step.run(world, Recorder())
        assert result.outcome is Outcome.DONE, result.summary


def test_a_worker_behind_a_profile_goes_back_and_a_job_does_not_run(stack: Stack) -> None:
    """F37, R9: proven means all services of the image, the one that only a colleague's command line knew of, too."""
    world, settings = stack.world(), stack.settings(tool=stack.tool)
    assert settings.compose is not None
    found = releases(settings.compose, world, stack.name)
    target = next(one for one in found if one.name == "1")
    plan = draw(settings, target, world, "INC-1")
    assert "canary" not in str(plan.to_json())
    go(plan, world, "B1", "B2", "B3")
    (stack.folder / "app.env").write_text("PASSWORD=other\n")
    assert step_of(plan, "X1").moved(world) == f"{stack.folder}/app.env has changed"
    plan = draw(settings, target, world, "INC-1")
    go(plan, world, "X1", "X2", "X3")
    assert set(stack.running().values()) == {target.images["web"]}
    assert len(stack.running()) == 2
    assert (stack.folder / "ran/count").read_text() == "ran\n", "the job ran once, long before us"
