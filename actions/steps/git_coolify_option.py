"""The part of the git option that Coolify carries out: its branch is set to the pushed one, deployed, proven, set back.

Pushing the branch and keeping the clone's state is left to ``git_option``; a deploy command of one's own, too.
"""

from __future__ import annotations

import dataclasses
import json

from actions.model.coolify import HEAD, shown
from actions.model.coolify_way import COMPOSE_PACK, GIT_PACKS, Choice, choose
from actions.model.effect_coolify import CoolifyCall, QueueDeployment, SetApplication
from actions.model.errors import Refused
from actions.model.git_text import is_full_id
from actions.model.note import Note
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.quick_dataclass import dataclass, replace
from actions.model.release import Release
from actions.model.system import Settings
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_environment import SetEnvironment
from actions.steps.coolify_notes import at_work, notes
from actions.steps.coolify_option import BRANCH, SILENT_S, UNPIN, cancel, evidence, newer, pin_due, proof_of, table_of
from actions.steps.coolify_releases import CoolifySurvey, survey
from actions.steps.coolify_restore import Restoring, restoring
from actions.steps.coolify_set import SetField
from actions.steps.git_branch import Clone
from actions.steps.git_coolify import DeployBranch
from actions.steps.git_owed import LeftBranch
from actions.steps.git_remove_option import Usual
from actions.steps.perform_coolify import coolify_of, owed_straight
from actions.steps.planned import planned

KEEPS = "B4"
PUT = "X3-branch"
"""Code under which it is owed that Coolify is on a branch of ours: a pinned commit or tag is another thing."""


@dataclass(frozen=True)
class Branches:
    """What was drawn for the remote."""

    clone: Clone
    sha: str
    branch: str
    undo_branch: str
    left: LeftBranch
    """How the branch of the undo is owed."""
    prefix: str
    """Beginning of every branch of this kind."""
    usual: Usual


def look(settings: Settings, world: World) -> CoolifySurvey:
    """The application as it is. Raises Refused when a branch cannot be deployed by it."""
    seen = survey(table_of(settings), world)
    application = seen.application
    if application.build_pack not in (*GIT_PACKS, COMPOSE_PACK):
        raise Refused(
            f"{application.name} is not built from git",
            f"its build pack is {application.build_pack or 'not told'}",
            "use the coolify option",
        )
    if application.git_commit_sha not in ("", HEAD):
        raise Refused(
            f"{application.name} is pinned to {shown(application.git_commit_sha)}",
            "Coolify would deploy that commit, whichever branch it is on",
            "un-pin it (git_commit_sha: HEAD), or use the coolify option",
        )
    return seen


def keep(settings: Settings, world: World) -> PlannedStep:
    """What Coolify knows is kept first."""
    return planned(evidence(table_of(settings), world), code=KEEPS, phase="before", gate=True, about_s=5)


def environment(settings: Settings, release: Release, world: World) -> Restoring:
    """The step that sets it back, where it can be."""
    return restoring(settings, table_of(settings), release, world, needs=(KEEPS,))


def steps(
    settings: Settings, seen: CoolifySurvey, made: Branches, target: str, world: World, needs: tuple[str, ...]
) -> tuple[PlannedStep, ...]:
    """Make room, deploy the branch, prove it, and set the branch back in the end; ``needs``: what comes before."""
    table = table_of(settings)
    found: list[PlannedStep] = []
    stuck = at_work(seen)
    if stuck:
        room = cancel(table, stuck)
        found.append(planned(room, code="X2", phase="carry out", needs=needs, about_s=5 * len(stuck)))
        needs = (*needs, "X2")
    deployed = _deploy(table, seen, made, target, world)
    assert deployed.pin is not None
    back = _set_back(settings, deployed.pin, seen, made, world)
    deployed = dataclasses.replace(deployed, owed_undo=f"u on X3, or {UNPIN} {back.title()}")
    proof = proof_of(settings, table, seen, target, made.sha)
    passes_s = max(5, settings.prove.seconds * len(proof.probes))
    return (
        *found,
        replace(
            planned(deployed, code="X3", phase="carry out", needs=needs, about_s=120, silent_s=SILENT_S),
            takes=(SetEnvironment.step_id,),
        ),
        planned(proof, code="X4", phase="carry out", needs=("X3",), proves=True, about_s=5 + passes_s),
        replace(planned(back, code=UNPIN, phase="after", optional=True, about_s=2), pays=PUT),
    )


def _deploy(table: CoolifyTable, seen: CoolifySurvey, made: Branches, target: str, world: World) -> DeployBranch:
    former = seen.running.version if is_full_id(seen.running.version) else ""
    call = CoolifyCall(table.url, "PATCH", f"/applications/{table.application}", {BRANCH: made.branch})
    before, after = json.dumps(seen.application.git_branch), json.dumps(made.branch)
    straight = _straight(before, made, world)
    return DeployBranch(
        queue=_queue(table, made.sha, seen.newest),
        target=target,
        back=_queue(table, former, -1) if former else None,
        pin=SetApplication(call, table.application, BRANCH, before, after),
        code=PUT,
        due=pin_due(world),
        clone=made.clone,
        branch=made.branch,
        undo_branch=made.undo_branch if former else "",
        left=made.left if former else None,
        straight=straight if straight != before else "",
    )


def _straight(before: str, made: Branches, world: World) -> str:
    """JSON of the branch that it should be on in the end.

    What an earlier plan of this incident has bent is known; where one of ours was set in an incident before, the usual
    branch is meant, if the remote tells which that is.
    """
    known = owed_straight(world, BRANCH, "")
    if known:
        return known
    bent = bool(made.prefix) and str(json.loads(before)).startswith(made.prefix)
    return json.dumps(made.usual.branch) if bent and made.usual.branch else before


def _queue(table: CoolifyTable, sha: str, newest: int) -> QueueDeployment:
    call = CoolifyCall(table.url, "POST", "/deploy", {"uuid": table.application, "force": False})
    return QueueDeployment(call, table.application, sha, newest, table.poll)


def _set_back(settings: Settings, pin: SetApplication, seen: CoolifySurvey, made: Branches, world: World) -> SetField:
    straight = _straight(pin.before, made, world)
    branch = json.loads(straight)
    then = newer(settings, seen, world, made.sha)
    if straight != pin.before:
        then = {**then, "branch": branch}
        if branch == made.usual.branch:
            bad = made.usual.bad
            then |= {"newer_than": bad, "also_bad": tuple(one for one in then.get("also_bad", ()) if one != bad)}
    return SetField(
        base=pin.call.base,
        application=pin.application,
        key=BRANCH,
        before=pin.after,
        after=straight,
        title_text=f"Put Coolify on {branch} again, once a newer version than the bad one is there",
        code=PUT,
        **then,
    )


def said(settings: Settings, seen: CoolifySurvey, made: Branches, world: World) -> tuple[Note, ...]:
    """What must be weighed of Coolify's part."""
    table = table_of(settings)
    choice: Choice = choose(coolify_of(world).version(), seen.application, seen.images, made.sha)
    why = f"Coolify is put on {made.branch}: pushes to {seen.application.git_branch} deploy nothing meanwhile"
    return notes(table, seen, dataclasses.replace(choice, why=why), world, by_branch=True)
