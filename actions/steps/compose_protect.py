"""Tags images so that a plain prune does not take them: those that run, the target, and earlier ones.

Which images that are is decided by the drawer. A tag is never moved and never taken away by us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect, RunCommand
from actions.model.ports import Reporter, World
from actions.model.release import Release
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.model.system import Settings
from actions.steps.compose_facts import engine
from actions.steps.compose_names import is_image_id, keep_reference, short
from actions.steps.perform import perform

TAG_S = 60
"""Deadline for one tag."""


@dataclass(frozen=True)
class ProtectImages:
    """Gives images a tag of ours."""

    step_id: ClassVar[str] = "compose.protect"
    risk: ClassVar[Risk] = Risk.READ
    """A tag changes nothing that runs: images are protected as soon as a plan is drawn, before anything is decided."""
    host: str
    keep: dict[str, str]
    """Tag -> full image id."""

    def title(self) -> str:
        """What the checklist row says."""
        count = len(set(self.keep.values()))
        return f"Protect {count} image{'' if count == 1 else 's'} from a prune"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"{len(self.keep)} tags of ours are on the images: safe from `docker image prune`, not from `-a`"

    def effects(self) -> tuple[Effect, ...]:
        """One tag command for each tag."""
        return tuple(
            RunCommand(self.host, ("docker", "image", "tag", image, tag), timeout_s=TAG_S)
            for tag, image in sorted(self.keep.items())
        )

    def undo_effects(self) -> tuple[Effect, ...]:
        """None: taking the last tag from an image would delete it."""
        return ()

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return "some of the tags; they do no harm"

    def moved(self, world: World) -> str:
        """Whether an image has gone, or a tag is on another one."""
        for tag, image in sorted(self.keep.items()):
            if not engine(world).image_id(image):
                return f"the image {short(image)} is not on the engine any more"
            there = engine(world).image_id(tag)
            if there not in ("", image):
                return f"the tag {tag} is on {short(there)} already"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Set the tags."""
        return perform(self.effects(), world, report).as_result()

    def check(self, world: World) -> Checked:
        """Whether every tag is on its image."""
        missing = [tag for tag, image in sorted(self.keep.items()) if engine(world).image_id(tag) != image]
        if not missing:
            return Checked(Happened.YES, f"all {len(self.keep)} tags are there")
        # A tag that is missing is simply set: running it again is the same as running it once.
        return Checked(Happened.NO, f"{len(missing)} of {len(self.keep)} tags are missing: {missing[0]}")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Refuses: what has no other tag would be deleted with this one."""
        return StepResult(Outcome.FAILED, "the tags stay: taking the last tag from an image would delete it")

    def check_undone(self, world: World) -> Checked:
        """Nothing to undo."""
        return Checked(Happened.YES, "tags stay")


def keep_tags(system: str, *image_sets: dict[str, str]) -> dict[str, str]:
    """Tag -> image id, for every service and image of the given sets (service -> image id)."""
    return {
        keep_reference(system, service, image): image
        for images in image_sets
        for service, image in images.items()
        if is_image_id(image)
    }


def protect(settings: Settings, host: str, *chosen: Release) -> ProtectImages:
    """The step that protects all images of these releases; those that are gone are left out by the caller."""
    return ProtectImages(host, keep_tags(settings.system.name, *(release.images for release in chosen)))


def protect_earlier(settings: Settings, world: World, found: tuple[Release, ...]) -> ProtectImages | None:
    """Protects every image of earlier releases that a plain prune would take; None: there is none."""
    images = {image.id: image for image in engine(world).images()}
    exposed: dict[str, str] = {}
    for release in found:
        for service, image in release.images.items():
            if image in images and images[image].dangling:
                exposed[keep_reference(settings.system.name, service, image)] = image
    return ProtectImages(world.host.name, exposed) if exposed else None
