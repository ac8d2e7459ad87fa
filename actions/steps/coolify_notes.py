"""What must be weighed before Coolify goes back: its way, what it does beside deploying, whom it may disturb.

Reads nothing: the survey is there. The plan itself is left to ``coolify_option``.
"""

from __future__ import annotations

from actions.model.clock import parse_stamp, span
from actions.model.coolify import HEAD, Deployment, DeploymentState, shown
from actions.model.coolify_rows import whose
from actions.model.coolify_way import COMPOSE_PACK, Choice
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.model.system import seconds_of
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_releases import CoolifySurvey


def at_work(seen: CoolifySurvey) -> tuple[Deployment, ...]:
    """Deployments that would hold ours up, newest first."""
    return tuple(row for row in seen.rows if row.state in (DeploymentState.QUEUED, DeploymentState.IN_PROGRESS))


def notes(
    table: CoolifyTable, seen: CoolifySurvey, choice: Choice, world: World, *, by_branch: bool = False
) -> tuple[Note, ...]:
    """Of the plan. ``by_branch``: pushes to the usual branch deploy nothing, so nothing must be frozen."""
    found = [NoteKind.COOLIFY_WAY.note(choice.why)]
    kind = {True: NoteKind.COOLIFY_REBUILDS, False: NoteKind.COOLIFY_CAUTION}
    found += [kind[choice.rebuilds and "anew" in words].note(words) for words in choice.cautions]
    exposed = table.exposed()
    if exposed:
        move = "use https://, or a tunnel (ssh -L)"
        found.append(NoteKind.COOLIFY_EXPOSED.note(f"{exposed}; {move}"))
    if not seen.running.version:
        cost = f"{seen.running.why}: there is no undo of the deployment"
        found.append(NoteKind.NO_UNDO.note(cost))
    found += [NoteKind.COOLIFY_CAUTION.note(words) for words in cautions(table, seen, world, by_branch=by_branch)]
    return tuple(found)


def cautions(table: CoolifyTable, seen: CoolifySurvey, world: World, *, by_branch: bool) -> list[str]:
    """What Coolify's present state means for this way back."""
    said, application = [], seen.application
    if by_branch:
        pass
    elif application.auto_deploy is False:
        said.append("auto-deploy is off already: nothing is frozen now; Z1 is for what an earlier plan has frozen")
    elif application.auto_deploy is None:
        said.append("whether auto-deploy is on is not told: switch it off by hand, or the next push deploys")
    elif not table.freeze:
        said.append("auto-deploy stays on ([coolify] freeze): the next push deploys")
    if application.git_commit_sha not in ("", HEAD):
        pinned = shown(application.git_commit_sha)
        said.append(f"git_commit_sha is pinned to {pinned} already, by hand or by an earlier plan")
    if application.build_pack == COMPOSE_PACK and table.running is None:
        said.append(
            "the tags of compose images tell what was asked for, not which code is in them: "
            "set coolify.running, so that the application itself tells its commit"
        )
    return [*said, *_still_young(table, seen, world)]


def _still_young(table: CoolifyTable, seen: CoolifySurvey, world: World) -> list[str]:
    """Of a deployment that X2 would cancel though it is not stuck yet: it may be somebody's fix."""
    oldest = at_work(seen)[-1:]
    if not oldest or not oldest[0].created:
        return []
    age = int((world.clock.now() - parse_stamp(oldest[0].created)).total_seconds())
    if age >= seconds_of("cancel_after", table.cancel_after):
        return []
    # Where Coolify's clock is ahead of ours it began after now: then it is young all the more.
    ago = f"began {span(age)} ago" if age >= 0 else "began just now (Coolify's clock is ahead of ours)"
    return [f"{whose(oldest[0])} {ago} and may still come to its end: X2 cancels it; ask whose it is"]
