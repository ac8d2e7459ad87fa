"""What Coolify says of its application, weighed: its word lags, so it is never enough by itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from actions.model.coolify import Deployment
from actions.model.sensor_rules import Looked

SENSOR = "coolify.status"
HEALTHY = "running:healthy"
EXPECTED = f"Coolify says {HEALTHY}, no deployment is at work, and what runs is proven"


def coolify_status(status: str, pending: Sequence[Deployment], proven: str) -> Looked:
    """``status``: of the application; ``pending``: at work; ``proven``: the version that the proof saw run, or empty.

    It is well only where the proof says so, too: for minutes the status is still that of the container before.
    """
    words = [f"Coolify says {status or 'nothing'}"]
    words += [f"the deployment {one.uuid} is {one.state.value}" for one in pending[:1]]
    words.append(f"{proven} is proven" if proven else "its word lags, and what runs is not proven")
    return Looked(status == HEALTHY and not pending and bool(proven), "; ".join(words), EXPECTED)
