"""What the containers of a project say about a switch: on the target, still as before, or in between.

Shared by the questions before a run, after a crash and after an undo; it asks nothing but the engine.
"""

from __future__ import annotations

from actions.model.outside_text import sanitise
from actions.model.ports import Container, World
from actions.model.step import Checked, Happened
from actions.steps.compose_facts import engine, without_leftovers
from actions.steps.compose_names import short

UP = ("running", "restarting", "paused")


def answer(
    world: World, project: str, wanted: dict[str, str], other: dict[str, str], counts: dict[str, int]
) -> Checked:
    """YES when every container runs the wanted image, NO when all are still on the other one, else UNKNOWN.

    ``wanted`` and ``other`` are service -> image id; ``counts`` the number of containers that must run.
    """
    containers = without_leftovers(engine(world).containers(project))
    problems = [p for service in sorted(wanted) if (p := _problem(service, containers, wanted, counts))]
    if not problems:
        return Checked(Happened.YES, f"every container of {', '.join(sorted(wanted))} runs the wanted image")
    untouched = all(_only_on(service, containers, other.get(service, "")) for service in wanted)
    if untouched:
        return Checked(Happened.NO, f"{', '.join(sorted(wanted))} are as they were")
    return Checked(Happened.UNKNOWN, sanitise("; ".join(problems), limit=600))


def _problem(service: str, containers: tuple[Container, ...], wanted: dict[str, str], counts: dict[str, int]) -> str:
    own = [c for c in containers if c.service == service]
    if not own:
        return f"{service} has no container"
    for container in own:
        if container.image_id != wanted[service]:
            return f"{container.name} is on {short(container.image_id)}, {container.state}"
        if container.state != "running":
            return f"{container.name} is {container.state} (exit code {container.exit_code})"

    need = counts.get(service, 1)
    return f"{service}: {len(own)} of {need} containers" if len(own) < need else ""


def _only_on(service: str, containers: tuple[Container, ...], image_id: str) -> bool:
    own = [c for c in containers if c.service == service]
    return all(c.image_id == image_id for c in own) if image_id else not own


def images_moved(
    containers: tuple[Container, ...], former: dict[str, str], target: dict[str, str], counts: dict[str, int]
) -> str:
    """Why the containers are no longer those that the plan was drawn for, in one line; empty: they are."""
    for service in sorted(target):
        own = [c for c in containers if c.service == service]
        for container in own:
            if container.image_id not in (former.get(service), target[service]):
                return f"{container.name} runs {short(container.image_id)} now"
        if own and len(own) != counts.get(service, len(own)):
            return f"{service} has {len(own)} containers now, not {counts[service]}"
        if former.get(service) and not own:
            return f"{service} has no container any more"
    return ""
