"""Coolify's word about its application: shown for what it is, and never green by itself."""

from __future__ import annotations

import pytest

from actions.model.coolify import Deployment, DeploymentState
from actions.model.procedure import SENSORS
from actions.model.sensing import can_sense
from actions.model.sensor_rules_coolify import SENSOR, coolify_status

BUSY = (Deployment("d7", 7, DeploymentState.IN_PROGRESS, "HEAD"),)


@pytest.mark.parametrize(
    ("status", "pending", "proven", "ok", "words"),
    [
        ("running:healthy", (), "", False, "Coolify says running:healthy; its word lags, and what runs is not proven"),
        ("running:healthy", (), "a1a1a1", True, "Coolify says running:healthy; a1a1a1 is proven"),
        ("running:healthy", BUSY, "a1a1a1", False, "the deployment d7 is in_progress"),
        ("running:unhealthy", (), "a1a1a1", False, "Coolify says running:unhealthy"),
        ("exited", (), "a1a1a1", False, "Coolify says exited"),
        ("", (), "", False, "Coolify says nothing"),
    ],
)
def test_it_is_green_only_with_the_proof(
    status: str, pending: tuple[Deployment, ...], proven: str, ok: bool, words: str
) -> None:
    """Whatever it says: the proof counts."""
    seen = coolify_status(status, pending, proven)
    assert (seen.ok, words in seen.seen) == (ok, True)


def test_it_is_a_name_that_a_document_may_give() -> None:
    """Where there is a table of it."""
    assert SENSOR in SENSORS
    assert can_sense(SENSOR, {"coolify": {"url": "x"}})
    assert not can_sense(SENSOR, {"compose": {"directory": "/x"}})
