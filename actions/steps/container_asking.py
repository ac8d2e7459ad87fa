"""Asks the engine's own program one thing about containers, which the port of containers does not tell."""

from __future__ import annotations

from collections.abc import Mapping

from actions.model.ports import World

INSPECT_S = 20.0


def inspected(world: World, services: Mapping[str, str], form: str) -> list[tuple[str, str]]:
    """(service, what ``form`` gives) of each container. ``services``: container -> service; ``form``: no line break."""
    if not services:
        return []
    argv = ("docker", "inspect", "--format", f"{{{{.Id}}}} {form}", *services)
    result = world.host.run(argv, timeout_s=INSPECT_S)
    out = []
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        whole, _, told = line.partition(" ")
        service = services.get(whole) or next((s for one, s in services.items() if whole.startswith(one)), "")
        if service:
            out.append((service, told))
    return out
