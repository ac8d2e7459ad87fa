"""Services whose containers run take part, though their profile is not active in the shell that we were started from.

Somebody ran ``docker compose --profile worker up``; whoever goes back without that word would leave the worker on the
broken release and call it proven. Everything else about a project is left to ``compose_facts``.
"""

from __future__ import annotations

from dataclasses import replace

from actions.model.errors import GoaroundError
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import Compose, ComposeProject, ComposeTool, Container

UP = ("running", "restarting", "paused")


def with_profiles_in_use(
    compose: Compose,
    tool: ComposeTool,
    place: tuple[str, tuple[str, ...]],
    project: ComposeProject,
    containers: tuple[Container, ...],
) -> tuple[ComposeTool, ComposeProject, tuple[Note, ...]]:
    """The tool with the ``--profile`` words that cover all containers that are up, what it resolves, and why.

    ``place`` is the project's folder and its files. Ended containers count for nothing: they may be jobs.
    """
    strangers = {c.service for c in containers if c.state in UP and not c.one_off} - set(project.services)
    if not (strangers and project.idle_profiles):
        return tool, project, ()
    directory, files = place
    active = sorted({profile for service in project.services.values() for profile in service.profiles})
    try:
        whole = compose.config(_with(tool, (*active, *project.idle_profiles)), directory, files, project.name)
        hidden = sorted(strangers & set(whole.services))
        if not hidden:
            return tool, project, ()
        # Told by word, the profiles of the environment count no more: those that are active are told, too.
        needed = sorted({*active, *(whole.services[service].profiles[0] for service in hidden)})
        more = _with(tool, tuple(needed))
        found = compose.config(more, directory, files, project.name)
    except (GoaroundError, IndexError) as error:
        why = error.line() if isinstance(error, GoaroundError) else "Compose does not tell their profiles"
        note = f"{', '.join(sorted(strangers))}: containers run, but their services are not active here and stay: {why}"
        return tool, project, (NoteKind.PROFILES_UNKNOWN.note(note),)
    told = " ".join(f"--profile {name}" for name in needed)
    note = f"{', '.join(hidden)} runs, so {told} is given: it is not active in this shell"
    return more, found, (NoteKind.PROFILES_GIVEN.note(note),)


def _with(tool: ComposeTool, profiles: tuple[str, ...]) -> ComposeTool:
    return replace(tool, argv=(*tool.argv, *(word for name in profiles for word in ("--profile", name))))
