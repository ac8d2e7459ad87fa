"""Follows one deployment of a Coolify server to its end: its state, its log as it grows, and what its end says.

``finished`` is Coolify's word alone: what runs is proven elsewhere. While it is followed nothing is a failure of the
deployment but its own state: a server that cannot be asked leaves it unknown.
"""

from __future__ import annotations

from collections import Counter

from actions.model.coolify import Deployment, DeploymentState
from actions.model.coolify_rows import fits, version_told, whose
from actions.model.effect_coolify import QueueDeployment
from actions.model.errors import GoaroundError, Unreachable
from actions.model.ports import Coolify, Reporter, World
from actions.steps.coolify_log_says import built_anew, came_up, post_failed, why_failed
from actions.steps.perform_ground import Ended, Sightings, one_line, pause

LOST_S = 300
"""A server that tells nothing for so long while a deployment is followed is no longer waited for."""
LAST_LOOKS = 15
"""The post-deployment command is told after ``finished``: so often it is looked at again while its log grows."""
PASSES_BY = ("coolify-answer", "coolify-busy", "coolify-redirect")
"""Codes of what a server says while it is restarted, updated, or asked too often."""
TOLD = "coolify: "
"""Before each line of the deployment's log in the output of a step, and before its time there."""

Key = tuple[int, str, str]


def follow(effect: QueueDeployment, uuid: str, server: Coolify, world: World, report: Reporter) -> Ended:
    """Look until it is over. What ends it before leaves it unknown (``sure`` is False), never failed."""
    sightings = Sightings(world, report, "coolify deployment", DeploymentState.FINISHED.value)
    facts = {"deployment": uuid}
    told, lost_since, odd_since = "", -1, -1
    shown: Counter[Key] = Counter()
    while True:
        now = world.clock.monotonic_ms()
        try:
            row = server.deployment(uuid)
        except GoaroundError as error:
            if lost_since < 0:
                report.line(f"no answer that tells of {uuid}: {one_line(world, error.line())}; asked on")
                lost_since = now
            if not _passes_by(error) or now - lost_since > LOST_S * 1000:
                words = f"{uuid} is queued; how it goes on is not known: {error.line()}"
                return Ended(False, words, 0, facts, sure=False)
        else:
            lost_since = -1
            _tell(row, shown, report)
            if row.shown_state != told:
                told = row.shown_state
                report.line(f"{uuid}: {told}")
            odd_since = -1 if row.state is not DeploymentState.OTHER else odd_since if odd_since >= 0 else now
            if row.over or (odd_since >= 0 and now - odd_since > LOST_S * 1000):
                behind = ""
                if row.state is DeploymentState.FINISHED:
                    row = _last_looks(effect, row, shown, server, world, report)
                    behind = _behind(uuid, server)
                return _over(effect, row, sightings, facts, behind)
            sightings.seen(False, f"{uuid} is {told}")
        if report.stopping():
            return Ended(
                False, f"{uuid} is {told or 'queued'} and goes on by itself", 0, facts, sure=False, stopped=True
            )
        pause(world, report, effect.poll_s)


def _passes_by(error: GoaroundError) -> bool:
    return isinstance(error, Unreachable) or error.code in PASSES_BY


def _tell(row: Deployment, shown: Counter[Key], report: Reporter) -> bool:
    """New lines of its log; the server sends all of them each time, and not every one gives each an order of its own.

    Whether there were any.
    """
    seen: Counter[Key] = Counter()
    fresh = False
    for entry in row.log or ():
        key = (entry.order, entry.at, entry.text)
        seen[key] += 1
        if seen[key] > shown[key]:
            shown[key] += 1
            report.line(f"{TOLD}{f'{entry.at[11:23]}Z ' if entry.at else ''}{entry.text}")
            fresh = True
    return fresh


def _last_looks(
    effect: QueueDeployment, row: Deployment, shown: Counter[Key], server: Coolify, world: World, report: Reporter
) -> Deployment:
    """Its log goes on after ``finished`` while its post-deployment command runs: read until nothing more comes."""
    for _ in range(LAST_LOOKS if row.log is not None else 0):
        pause(world, report, effect.poll_s)
        if report.stopping():
            break
        try:
            again = server.deployment(row.uuid)
        except GoaroundError:
            break  # it is finished: what it says after that is only a help
        if again.state is not DeploymentState.FINISHED or not _tell(again, shown, report):
            break
        row = again
    return row


def _behind(uuid: str, server: Coolify) -> str:
    """Whose deployment comes next and replaces what is proven now; empty: nobody's, as far as is known."""
    try:
        others = [row for row in server.pending() if row.uuid != uuid]
    except GoaroundError:
        return ""  # it is finished: what comes after it is only a help
    return (
        f"; {whose(others[-1])} is {others[-1].shown_state} and will REPLACE it: cancel it in Coolify" if others else ""
    )


def _over(effect: QueueDeployment, row: Deployment, sightings: Sightings, facts: dict[str, str], behind: str) -> Ended:
    told = facts | {"coolify": row.word if row.state is DeploymentState.OTHER and row.word else row.state.value}
    wrong = ""
    if not fits(row, effect.commit, pulled=effect.pulled):
        wrong = f"; it says that it deployed {version_told(row, pulled=effect.pulled) or row.commit}"
    finished = row.state is DeploymentState.FINISHED
    sightings.last(finished and not wrong, f"{row.uuid} is {row.shown_state}{wrong}")
    if finished:
        more = "; its image was built anew, so it is not the one that ran before" if built_anew(row) else ""
        more += "; its post-deployment command failed" if post_failed(row) else ""
        words = f"Coolify says finished ({row.uuid}){wrong}{more}; what runs is proven next{behind}"
        return Ended(True, words, facts=told)
    if row.state is DeploymentState.OTHER:
        words = f"Coolify says of {row.uuid} {row.shown_state}: what came of it must be looked at"
        return Ended(False, words, 0, told, sure=False)
    why = why_failed(row)
    yet = "; yet its log says that its container came up: see what runs before it is sent again" if came_up(row) else ""
    return Ended(False, f"{row.uuid} is {row.shown_state}{f': {why}' if why else ''}{yet}", 1, told)
