"""What the running step tells of Coolify's deployment log, for the log pane: the same lines that stand under what ran.

The step has left out what it told before, by Coolify's own order; here lines are only found, and given their time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from actions.gateways.logs import NOTICE, level_of
from actions.model.ports import LogLine

TOLD = "coolify: "
"""Before each line of the deployment's log in the output of a step."""
SOURCE = "deployment"
_STATE = re.compile(r"([\w-]{6,64}): (queued|in_progress|finished|failed|cancelled-by-user)")


def deployment_lines(lines: Iterable[str]) -> list[LogLine]:
    """Of lines of a step's output, each with its time in front, those that are of a deployment."""
    found: list[LogLine] = []
    for line in lines:
        at, text = line[:27], line[28:]
        if text.startswith(TOLD):
            text = text.removeprefix(TOLD)
            found.append(LogLine(at, SOURCE, text, level_of(text)))
        elif state := _STATE.fullmatch(text):
            uuid, word = state.groups()
            weak = ", its word: what runs is proven by itself" if word == "finished" else ""
            bad = word in ("failed", "cancelled-by-user")
            found.append(
                LogLine(at, SOURCE, f"{NOTICE}Coolify says {word}{weak} ({uuid})", "error" if bad else "warning")
            )
    return found
