"""Whose deployment a row of Coolify's queue is: ours, a try of ours that failed, or somebody else's. Pure.

What is done about it is left to the step that deploys.
"""

from __future__ import annotations

import re

from actions.model.coolify import HEAD, Deployment, DeploymentState, shown
from actions.model.git_text import is_full_id
from actions.model.late_pattern import late_pattern

SHORTEST = 7
"""Characters of a commit id that is told in short."""
_BEGINS = late_pattern(r"(?:Starting deployment of|Restarting) \S+:([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}) to ")


def version_told(row: Deployment, *, pulled: bool = False) -> str:
    """What this row says that it deploys: a commit or a tag; empty: it does not say (yet).

    ``HEAD`` stands there until the job has looked at the branch, and for good where an image is only ``pulled``: there
    the tag stands in the first line of the deployment's log and nowhere else. (Of others, the branch stands there.)
    """
    if row.image_tag or row.commit not in ("", HEAD):
        return row.image_tag or row.commit
    if not pulled:
        return ""
    named = (_BEGINS.match(entry.text) for entry in (row.log or ())[:5])
    return next((found[1] for found in named if found), "")


def same_version(told: str, wanted: str) -> bool:
    """Whether these are one version; some servers tell a commit in short."""
    if told == wanted:
        return True
    short = told.lower()
    return is_full_id(wanted) and bool(re.fullmatch(f"[0-9a-f]{{{SHORTEST},64}}", short)) and wanted.startswith(short)


def fits(row: Deployment, commit: str, *, pulled: bool = False) -> bool:
    """Whether this row may be the one that was asked for; what is not told (yet) does not speak against it.

    What a webhook brought was not asked for by us, nor was a restart.
    """
    told = version_told(row, pulled=pulled)
    return not row.by_webhook and not row.restart_only and (not commit or not told or _names(row, told, commit))


def ours(row: Deployment, commit: str, *, pulled: bool = False) -> bool:
    """Whether this row surely does what was asked for, by the API: it is followed, and nothing is sent again."""
    if row.by_api is False or row.by_webhook or row.restart_only or failed(row):
        return False
    return _of(row, commit, pulled=pulled)


def failed_try(row: Deployment, commit: str, *, pulled: bool = False) -> bool:
    """Whether this is an earlier try at the same that came to nothing: it is tried again, once more asked for."""
    return failed(row) and not row.by_webhook and _of(row, commit, pulled=pulled)


def failed(row: Deployment) -> bool:
    """Nothing came of it."""
    return row.state in (DeploymentState.FAILED, DeploymentState.CANCELLED)


def _of(row: Deployment, commit: str, *, pulled: bool) -> bool:
    """By its version; a row of an image that is only pulled may have none, and say ``HEAD``."""
    if not commit:
        return False
    told = version_told(row, pulled=pulled)
    return _names(row, told, commit) if told else row.commit == HEAD and (pulled or not is_full_id(commit))


def _names(row: Deployment, told: str, commit: str) -> bool:
    return same_version(told, commit) or same_version(row.commit, commit)


def whose(row: Deployment) -> str:
    """A deployment as people know it: of what, by whom, and its id."""
    told = shown(row.image_tag or row.commit) or "something"
    by = " by a push" if row.by_webhook else " by the API" if row.by_api else ""
    what = "a restart" if row.restart_only else f"a deployment of {told}"
    return f"{what}{by} ({row.uuid})"
