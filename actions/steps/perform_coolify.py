"""Performs effects on a Coolify server: one field set, a deployment cancelled, one deployment queued and followed.

Nothing is sent twice. When no answer comes, the server is asked what it has before anything else is thought of it.
"""

from __future__ import annotations

import json
from dataclasses import replace

from actions.model.coolify import Application, Deployment, DeploymentState
from actions.model.coolify_rows import failed_try, fits, ours, whose
from actions.model.effect_coolify import CancelDeployment, ObserveDeployed, QueueDeployment, SetApplication
from actions.model.errors import GoaroundError, OutcomeUnknown, Refused, Unreachable
from actions.model.ports import Container, Coolify, Reporter, World
from actions.steps.perform_ground import STOPPED, Ended, Sightings, failed, host_of, one_line, pause

FIELDS = {
    "is_auto_deploy_enabled": "auto_deploy",
    "git_commit_sha": "git_commit_sha",
    "git_branch": "git_branch",
    "docker_registry_image_tag": "image_tag",
    "docker_images_to_keep": "images_to_keep",
    "is_git_shallow_clone_enabled": "shallow_clone",
}
"""Key of a request -> field of ``Application`` by which it is read again."""
LOOK_UPS = 10
LOOK_UP_S = 2.0
"""A deployment whose request was not answered is looked for so often, so long after one another."""
LOST_S = 300
"""A server that is silent for so long while a deployment is followed is no longer waited for."""
CANCEL_S = 60
OBSERVE_S = 1.0


def coolify_of(world: World) -> Coolify:
    """The server of this system. Raises Refused when there is none."""
    if world.coolify is None:
        raise Refused("there is no coolify option", "coolify.application is not configured", "add a [coolify] table")
    return world.coolify


def value_of(application: Application, key: str) -> str:
    """JSON of what stands in a field now; ``null``: it is not told."""
    return json.dumps(getattr(application, FIELDS[key]))


def set_application(effect: SetApplication, world: World, report: Reporter) -> Ended:
    """Set one field, if it still holds what it held; read again, whatever was answered."""
    server = coolify_of(world)
    there = value_of(server.application(), effect.key)
    if there == effect.after:
        return Ended(True, f"{effect.key} is {there} already", facts={effect.key: there})
    if there != effect.before:
        return Ended(False, f"{effect.key} is {there} now, not {effect.before}: draw the plan again")
    lost = ""
    try:
        server.send(effect.call)
    except OutcomeUnknown as error:
        lost = error.line()
        report.line(f"not answered: {one_line(world, lost)}; it is read again")
    try:
        there = value_of(server.application(), effect.key)
    except GoaroundError as error:
        return Ended(False, f"{effect.key} was sent, and cannot be read again: {error.line()}", sure=False)
    if there == effect.after:
        return Ended(True, f"{effect.key} is {there}; it was {effect.before}", facts={effect.key: there})
    return Ended(False, f"{effect.key} is still {there}{f' ({lost})' if lost else ''}", sure=not lost)


def cancel_deployment(effect: CancelDeployment, world: World, report: Reporter) -> Ended:
    """Cancel it and wait until it is over; one that is over already is fine."""
    server = coolify_of(world)
    said = ""
    try:
        server.send(effect.call)
    except Refused as error:
        said = error.line()  # 400 when it has just ended: what it is now decides
    except OutcomeUnknown as error:
        said = error.line()
    end = world.clock.monotonic_ms() + CANCEL_S * 1000
    while True:
        state = server.deployment(effect.deployment).state
        if state.over:
            return Ended(True, f"{effect.deployment} is {state.value}", facts={"cancelled": effect.deployment})
        if world.clock.monotonic_ms() > end or said:
            return Ended(False, f"{effect.deployment} is still {state.value}{f': {said}' if said else ''}")
        if report.stopping():
            return STOPPED
        pause(world, report, LOOK_UP_S)


def queue_deployment(effect: QueueDeployment, world: World, report: Reporter) -> Ended:
    """Queue exactly one, then follow it to its end. One that was queued before and whose end was lost is that one."""
    server = coolify_of(world)
    already, others = queued_since(effect, server)
    if others:
        state = others[0].state
        move = "draw the plan again" if state.over else "cancel it first"
        return Ended(False, f"{whose(others[0])} is {state.value}; nothing was sent: {move}")
    if already is not None:
        report.line(f"{whose(already)} is {already.state.value} already: nothing is sent again, it is followed")
        return _follow(effect, already.uuid, server, world, report)
    newest = max((row.number for row in since(server, 0)), default=0)
    effect = replace(effect, newest=newest)
    found = _send(effect, server, world, report)
    return found if isinstance(found, Ended) else _follow(effect, found, server, world, report)


def queued_since(effect: QueueDeployment, server: Coolify) -> tuple[Deployment | None, tuple[Deployment, ...]]:
    """The one that was asked for already, and what of others stands in the way, newest first.

    Where ``newest`` is not known (an undo), only the very newest deployment can be ours, and it must name the commit.
    """
    at_work = server.pending()
    rows = since(server, max(effect.newest, 0))
    if effect.newest < 0:
        mine = [row for row in rows[:1] if ours(row, effect.commit) and row.commit == effect.commit]
        others = [row for row in at_work if row.uuid not in {one.uuid for one in mine}]
        return (mine[0] if mine else None), tuple(others)
    mine = [row for row in rows if ours(row, effect.commit)]
    known = {row.uuid for row in mine}
    others = [row for row in at_work if row.uuid not in known]
    others += [row for row in rows if row.uuid not in known and row.state.over and not failed_try(row, effect.commit)]
    return (mine[0] if mine else None), tuple(others)


def since(server: Coolify, newest: int) -> tuple[Deployment, ...]:
    """Deployments of the application itself that came after that one, newest first."""
    rows, _ = server.deployments(0, 10)
    return tuple(row for row in rows if row.number > newest and not row.pull_request)


def _send(effect: QueueDeployment, server: Coolify, world: World, report: Reporter) -> str | Ended:
    """The UUID of the one that is queued, or how it ended."""
    try:
        answer = server.send(effect.call)
    except OutcomeUnknown as error:
        report.line(f"{one_line(world, error.line())}: looking for it, nothing is sent again")
        return _look_up(effect, server, world, report, error.line())
    except GoaroundError as error:
        return failed(error)
    report.line(f"answered {answer.status}: {one_line(world, answer.text)}")
    uuid = answer.body.get("deployment_uuid")
    rows = answer.body.get("deployments")
    if not uuid and isinstance(rows, list) and rows and isinstance(rows[0], dict):
        uuid = rows[0].get("deployment_uuid")
    if isinstance(uuid, str) and uuid and _is_there(uuid, server):
        return one_line(world, uuid)
    return _look_up(effect, server, world, report, answer.text or "no deployment is named in the answer")


def _is_there(uuid: str, server: Coolify) -> bool:
    """A skipped request may be answered with the id of a deployment that never was."""
    try:
        return server.deployment(uuid).uuid == uuid
    except Refused:
        return False
    except GoaroundError:
        return True  # whoever follows it finds out


def _look_up(effect: QueueDeployment, server: Coolify, world: World, report: Reporter, why: str) -> str | Ended:
    """The one that came of an unanswered request, found by what was queued since."""
    asked = False
    for _ in range(LOOK_UPS):
        try:
            rows = since(server, effect.newest)
        except GoaroundError as error:
            report.line(f"not yet: {one_line(world, error.line())}")
        else:
            asked = True
            ours = [row for row in rows if fits(row, effect.commit)]
            if ours:
                return ours[-1].uuid
        if report.stopping():
            break
        pause(world, report, LOOK_UP_S)
    seen = "the server lists no deployment of it" if asked else "the server could not be asked"
    return Ended(False, f"{why}; {seen}; nothing was sent again: look before the next try", sure=False)


def _follow(effect: QueueDeployment, uuid: str, server: Coolify, world: World, report: Reporter) -> Ended:
    sightings = Sightings(world, report, "coolify deployment", DeploymentState.FINISHED.value)
    facts = {"deployment": uuid}
    told, lost_since, shown = "", 0, 0
    while True:
        try:
            row = server.deployment(uuid)
        except Unreachable as error:
            now = world.clock.monotonic_ms()
            lost_since = lost_since or now
            if now - lost_since > LOST_S * 1000:
                return Ended(
                    False, f"{uuid} is queued; how it goes on is not known: {error.line()}", 0, facts, sure=False
                )
        else:
            lost_since = 0
            shown = _tell(row, shown, report)
            if row.state.value != told:
                told = row.state.value
                report.line(f"{uuid}: {told}")
            if row.state.over:
                return _over(effect, row, sightings, facts)
            sightings.seen(False, f"{uuid} is {told}")
        if report.stopping():
            return Ended(
                False, f"{uuid} is {told or 'queued'} and goes on by itself", 0, facts, sure=False, stopped=True
            )
        pause(world, report, effect.poll_s)


def _tell(row: Deployment, shown: int, report: Reporter) -> int:
    """New lines of its log, by their order; the server sends all of them each time."""
    for entry in row.log or ():
        if entry.order > shown:
            report.line(f"coolify: {entry.text}")
            shown = entry.order
    return shown


def _over(effect: QueueDeployment, row: Deployment, sightings: Sightings, facts: dict[str, str]) -> Ended:
    told = facts | {"coolify": row.state.value}
    wrong = "" if fits(row, effect.commit) else f"; it says that it deployed {row.image_tag or row.commit}"
    sightings.last(row.state is DeploymentState.FINISHED and not wrong, f"{row.uuid} is {row.state.value}{wrong}")
    if row.state is DeploymentState.FINISHED:
        return Ended(True, f"Coolify says finished ({row.uuid}){wrong}; what runs is proven next", facts=told)
    why = next((e.text for e in reversed(row.log or ()) if e.stream == "stderr" and e.text.strip()), "")
    return Ended(False, f"{row.uuid} is {row.state.value}{f': {why}' if why else ''}", 1, told)


def observe_deployed(effect: ObserveDeployed, world: World, report: Reporter) -> Ended:
    """Ask the engine until every container of the application is of the wanted version."""
    host_of(world, effect.host)
    sightings = Sightings(world, report, "running version", effect.want)
    end = world.clock.monotonic_ms() + effect.deadline_s * 1000
    told = ""
    while True:
        begun = world.clock.monotonic_ms()
        try:
            found = deployed(world, effect.application, effect.image)
            problem, seen = difference(found, effect.want)
        except GoaroundError as error:
            problem, seen = one_line(world, error.line()), ""
        ms = world.clock.monotonic_ms() - begun
        facts = {"running": seen} if seen else {}
        if not problem:
            sightings.last(True, effect.want, ms)
            return Ended(True, f"{effect.want} runs", facts=facts)
        if problem != told:
            report.line(f"not yet: {problem}")
            told = problem
        late = world.clock.monotonic_ms() + OBSERVE_S * 1000 > end
        if late or report.stopping():
            sightings.last(False, problem, ms)
            return Ended(False, problem, facts=facts, stopped=not late)
        sightings.seen(False, problem, ms)
        pause(world, report, OBSERVE_S)


def deployed(world: World, application: str, image: str = "") -> tuple[Container, ...]:
    """Running containers of the application's own images. Raises Refused where no engine is asked."""
    if world.containers is None:
        raise Refused("nobody can tell what runs", "the engine of the system's host is not asked", "")
    there = world.containers.named(application)
    return tuple(one for one in there if one.state == "running" and version_of(one, application, image))


def version_of(container: Container, application: str, image: str = "") -> str:
    """The commit or tag that Coolify gave its image; empty for a container of somebody else's image.

    The database beside the web service of a compose application has its UUID in its name, and an image of others.
    """
    repository, _, tag = container.image_ref.rpartition(":")
    own = application in repository or (
        image and repository.removeprefix("docker.io/") == image.removeprefix("docker.io/")
    )
    return tag if repository and "/" not in tag and own else ""


def difference(found: tuple[Container, ...], want: str) -> tuple[str, str]:
    """Why this is not the wanted version (empty: it is), and what runs, in one word where it is one."""
    versions = {one.image_ref.rpartition(":")[2] for one in found}
    seen = " ".join(sorted(versions))
    if not found:
        return "no container with an image of the application runs", ""
    return ("" if versions == {want} else f"{seen} runs, not {want}"), seen
