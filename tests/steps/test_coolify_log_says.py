"""What the log of a Coolify deployment tells beside its state, in Coolify's own words."""

from __future__ import annotations

import pytest

from actions.model.coolify import Deployment, DeploymentState, LogEntry
from actions.steps.coolify_log_says import built_anew, came_up, post_failed, why_failed

FOUND = "No build configuration changed & image found (shop:a1) with the same Git Commit SHA. Build step skipped."
FRAME = "Deployment failed: Command execution failed (exit code 1)"


def row(*texts: str) -> Deployment:
    """Each line of its log; those that begin with ``!`` are errors."""
    log = tuple(
        LogEntry(number, text.removeprefix("!"), "stderr" if text.startswith("!") else "stdout")
        for number, text in enumerate(texts, 1)
    )
    return Deployment("d1", 1, DeploymentState.FAILED, "a" * 40, log=log)


@pytest.mark.parametrize(
    ("texts", "anew"),
    [
        ((FOUND, "Rolling update started."), False),
        (("Build configuration changed. Rebuilding image.", "Building docker image started."), True),
        (("Building docker image with Railpack.",), True),
        (("Pulling & building required images.",), True),
        (("GET / says: Building docker image started.",), False),
        ((), False),
    ],
)
def test_whether_it_was_built(texts: tuple[str, ...], anew: bool) -> None:
    """By Coolify's own lines alone; a log that nobody may read tells nothing."""
    assert built_anew(row(*texts)) is anew
    assert built_anew(Deployment("d1", 1, DeploymentState.FINISHED, "a" * 40, log=None)) is False


@pytest.mark.parametrize(
    ("texts", "up"),
    [
        (("New container started.", "New container is healthy.", "Rolling update completed."), True),
        (("New container started.",), False),
        (("New container is healthy.", "!New container is not healthy, rolling back to the old container."), False),
        (("!New container is unhealthy.",), False),
    ],
)
def test_whether_its_container_came_up(texts: tuple[str, ...], up: bool) -> None:
    """Only where nothing speaks against it: it is a hint to look, and no proof."""
    assert came_up(row(*texts)) is up


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("fine",), ""),
        (("!ERROR: no space left",), "ERROR: no space left"),
        (
            ("!ERROR: no space left", "!=====", f"!{FRAME}", "!Error type: X", "!====="),
            f"ERROR: no space left; {FRAME}",
        ),
        (("!=====", f"!{FRAME}", "!Error type: X"), FRAME),
        (("!Command execution failed (exit code 1)", f"!{FRAME}"), FRAME),
        (("!New container is unhealthy.", f"!{FRAME}"), f"New container is unhealthy; {FRAME}"),
    ],
)
def test_why_it_failed(texts: tuple[str, ...], why: str) -> None:
    """The error with Coolify's frame of it, each once."""
    assert why_failed(row(*texts)) == why


def test_the_post_deployment_command_ends_the_log() -> None:
    """An older one, of lines long before the end, is not this one's."""
    assert post_failed(row("Post-deployment command failed.", "sh: warm-up: exit status 1"))
    assert not post_failed(row("Post-deployment command failed.", *["line"] * 30))
