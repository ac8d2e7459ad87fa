"""Whose deployment a row of Coolify's queue is: ours, a try of ours that failed, or somebody else's. Pure.

What is done about it is left to the step that deploys.
"""

from __future__ import annotations

from actions.model.coolify import HEAD, Deployment, DeploymentState, shown
from actions.model.git_text import is_full_id


def fits(row: Deployment, commit: str) -> bool:
    """Whether this row may be the one that was asked for; what is not told (yet) does not speak against it.

    What a webhook brought was not asked for by us. ``HEAD`` stands there until the job has looked at the branch, and
    for good where an image is only pulled.
    """
    told = row.image_tag or (row.commit if row.commit != HEAD else "")
    return not row.by_webhook and (not commit or not told or commit in (row.commit, row.image_tag))


def ours(row: Deployment, commit: str) -> bool:
    """Whether this row surely does what was asked for, by the API: it is followed, and nothing is sent again."""
    return row.by_api and not (row.by_webhook or row.restart_only or failed(row)) and _of(row, commit)


def failed_try(row: Deployment, commit: str) -> bool:
    """Whether this is an earlier try at the same that came to nothing: it is tried again, once more asked for."""
    return failed(row) and not row.by_webhook and _of(row, commit)


def failed(row: Deployment) -> bool:
    """Nothing came of it."""
    return row.state in (DeploymentState.FAILED, DeploymentState.CANCELLED)


def _of(row: Deployment, commit: str) -> bool:
    """By its commit; a row of an image that is only pulled has none, and says ``HEAD``."""
    if not commit:
        return False
    return commit in (row.commit, row.image_tag) or (row.commit == HEAD and not is_full_id(commit))


def whose(row: Deployment) -> str:
    """A deployment as people know it: of what, by whom, and its id."""
    told = shown(row.image_tag or row.commit) or "something"
    by = " by a push" if row.by_webhook else " by the API" if row.by_api else ""
    return f"a deployment of {told}{by} ({row.uuid})"
