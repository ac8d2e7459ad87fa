"""Performs effects on a Coolify server: one field set, a deployment cancelled; and asks the engine what it deployed.

Nothing is sent twice. When no answer comes, the server is asked what it has before anything else is thought of it.
Queueing a deployment is left to ``perform_coolify_queue``.
"""

from __future__ import annotations

import json

from actions.model.coolify import Application, Deployment
from actions.model.effect_coolify import CancelDeployment, ObserveDeployed, SetApplication
from actions.model.errors import GoaroundError, OutcomeUnknown, Refused
from actions.model.ports import Container, Coolify, Reporter, World
from actions.steps.perform_ground import STOPPED, Ended, host_of, one_line, pause
from actions.steps.perform_running import await_running

FIELDS = {
    "is_auto_deploy_enabled": "auto_deploy",
    "git_commit_sha": "git_commit_sha",
    "git_branch": "git_branch",
    "docker_registry_image_tag": "image_tag",
    "docker_images_to_keep": "images_to_keep",
    "is_git_shallow_clone_enabled": "shallow_clone",
}
"""Key of a request -> field of ``Application`` by which it is read again."""
NOT_TOLD = "null"
"""``value_of`` a field of which the answer says nothing."""
LOOK_UP_S = 2.0
"""Between two looks for what came of a request."""
CANCEL_S = 60


def coolify_of(world: World) -> Coolify:
    """The server of this system. Raises Refused when there is none."""
    if world.coolify is None:
        raise Refused("there is no coolify option", "coolify.application is not configured", "add a [coolify] table")
    return world.coolify


def value_of(application: Application, key: str) -> str:
    """JSON of what stands in a field now; ``NOT_TOLD``: the answer does not say."""
    value = getattr(application, FIELDS[key])
    # A commit always stands there: HEAD where nothing is pinned.
    return NOT_TOLD if key == "git_commit_sha" and not value else json.dumps(value)


def owed_straight(world: World, key: str, before: str) -> str:
    """JSON of what should stand in a field in the end: before an earlier plan bent it, else what stands there now."""
    return world.earlier.straight.get(key, before) if world.earlier is not None else before


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
    except GoaroundError as error:
        # A proxy may say no in Coolify's place, after it was done.
        if not _stands(effect, server):
            raise
        lost = error.line()
    try:
        there = value_of(server.application(), effect.key)
    except GoaroundError as error:
        return Ended(False, f"{effect.key} was sent, and cannot be read again: {error.line()}", sure=False)
    if there == effect.after:
        return Ended(True, f"{effect.key} is {there}; it was {effect.before}", facts={effect.key: there})
    if there == NOT_TOLD:
        return Ended(False, f"{effect.key} was sent, and what it is now is not told", sure=False)
    return Ended(False, f"{effect.key} is still {there}{f' ({lost})' if lost else ''}", sure=not lost)


def _stands(effect: SetApplication, server: Coolify) -> bool:
    """Whether it is as it shall be, as far as that is told."""
    try:
        return value_of(server.application(), effect.key) == effect.after
    except GoaroundError:
        return False


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
        row: Deployment | None = None
        silent = ""
        try:
            row = server.deployment(effect.deployment)
        except GoaroundError as error:
            silent = error.line()
        if row is not None and row.over:
            return Ended(True, f"{effect.deployment} is {row.shown_state}", facts={"cancelled": effect.deployment})
        late = world.clock.monotonic_ms() > end
        if row is not None and (late or said):
            return Ended(False, f"{effect.deployment} is still {row.shown_state}{f': {said}' if said else ''}")
        if late:
            words = f"{effect.deployment} was asked to be cancelled; whether it is, is not known: {silent}"
            return Ended(False, one_line(world, words), sure=False)
        if report.stopping():
            return STOPPED
        pause(world, report, LOOK_UP_S)


def observe_deployed(effect: ObserveDeployed, world: World, report: Reporter) -> Ended:
    """Ask the engine until every container of the application is of the wanted version."""
    host_of(world, effect.host)

    def ask() -> tuple[str, str | None]:
        try:
            problem, seen = difference(deployed(world, effect.application, effect.image), effect.want)
        except GoaroundError as error:
            return error.line(), None
        return problem, seen or None

    return await_running(world, report, "running version", effect.want, effect.deadline_s, ask)


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
