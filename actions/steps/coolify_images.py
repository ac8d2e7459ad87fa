"""Which images of a Coolify application are there: by Coolify's list, or where that says nothing, by the engine's.

Coolify's list is empty also while it cannot reach its server, and before 4.3 there is none.
"""

from __future__ import annotations

from actions.model.coolify import Application, RollbackImage, RollbackImages
from actions.model.coolify_way import COMPOSE_PACK, IMAGE_PACK
from actions.model.errors import GoaroundError
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.model.system_coolify import CoolifyTable
from actions.steps.perform_coolify import coolify_of


def images_there(table: CoolifyTable, application: Application, world: World) -> tuple[RollbackImages, list[Note]]:
    """The images to go back to, and a note on each place that could not be asked."""
    notes = []
    try:
        told = _own(coolify_of(world).rollback_images(), application)
    except GoaroundError as error:
        told = RollbackImages(asked=False)
        notes.append(NoteKind.HISTORY_UNUSED.note(f"the images to go back to are not known: {error.line()}"))
    if told.known or not table.containers or world.containers is None or application.build_pack == COMPOSE_PACK:
        return told, notes
    try:
        there = _of_engine(table, application, world)
    except GoaroundError as error:
        notes.append(NoteKind.HISTORY_UNUSED.note(f"the engine does not tell which images are there: {error.line()}"))
        return told, notes
    found = _own(RollbackImages(True, told.current, there), application)
    return (found if found.known else told), notes


def _own(images: RollbackImages, application: Application) -> RollbackImages:
    """What is only pulled is named by others: there a tag may be anything."""
    return images if application.build_pack == IMAGE_PACK else images.built()


def _of_engine(table: CoolifyTable, application: Application, world: World) -> tuple[RollbackImage, ...]:
    assert world.containers is not None
    repository = application.image_name or table.application
    found = [
        RollbackImage(tag.rpartition(":")[2], image.created, current=False)
        for image in world.containers.images()
        for tag in image.tags
        if tag.rpartition(":")[0].removeprefix("docker.io/") == repository.removeprefix("docker.io/")
    ]
    return tuple(sorted(found, key=lambda image: image.created, reverse=True))
