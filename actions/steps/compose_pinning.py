"""Draws the step that commits the rollback: which file gets which pin, or why none can.

The bytes are found by the editor behind its port; the step itself stands in ``compose_commit``.
"""

from __future__ import annotations

from collections import defaultdict

from actions.model.canonical import sha256_hex
from actions.model.effect import EditFile, edited_bytes
from actions.model.errors import GoaroundError
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.model.release import Release
from actions.steps.compose_commit import CommitRollback
from actions.steps.compose_facts import ComposeFacts, path_in
from actions.steps.compose_names import split_reference

FILE_MODE = 0o644
"""Not used: an existing file keeps its own mode."""


def draw_commit(
    facts: ComposeFacts, release: Release, target: dict[str, str], override: str, world: World
) -> tuple[CommitRollback | None, tuple[Note, ...]]:
    """The step, or None and the reason in a note."""
    if world.editor is None:
        return None, (NoteKind.NOT_COMMITTABLE.note("the rollback cannot be committed: no editor for Compose files"),)
    images = {service: pin_of(facts, release, service) for service in sorted(target)}
    try:
        edits = _edits(facts, images, world)
    except GoaroundError as error:
        why = ": ".join(filter(None, (error.title, error.detail)))
        note = f"the rollback cannot be committed by an edit of one line: {why}"
        return None, (NoteKind.NOT_COMMITTABLE.note(note),)
    return CommitRollback(edits, images, path_in(facts.directory, override)), ()


def pin_of(facts: ComposeFacts, release: Release, service: str) -> str:
    """How the image of a service is named in a file: by digest, else by tag, else by its id."""
    repository = split_reference(facts.project.services[service].image)[0]
    if repository and release.digests.get(service):
        return f"{repository}@{release.digests[service]}"
    if repository and release.source == "image tag":
        return f"{repository}:{release.name}"
    return release.images[service]


def _edits(facts: ComposeFacts, images: dict[str, str], world: World) -> tuple[EditFile, ...]:
    assert world.editor is not None
    contents = {name: world.host.read_file(path_in(facts.directory, name)) or b"" for name in facts.files}
    named = {name: world.editor.named(content) for name, content in contents.items()}
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for service, image in images.items():
        # A later file wins: the pin goes where the image is named last, else where the service begins.
        naming = [name for name in facts.files if named[name].get(service)]
        holding = [name for name in facts.files if service in named[name]]
        wanted[naming[-1] if naming else (holding or facts.files)[0]][service] = image
    edits = []
    for name, pins in wanted.items():
        changes = world.editor.pins(contents[name], pins)
        edited = edited_bytes(contents[name], changes)
        edits.append(
            EditFile(
                world.host.name,
                path_in(facts.directory, name),
                sha256_hex(contents[name]),
                sha256_hex(edited),
                changes,
                FILE_MODE,
            )
        )
    return tuple(edits)
