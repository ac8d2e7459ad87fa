"""Switches services to the images of a release: an override file beside the project's own, ``up`` over both.

The original files are not touched, nothing is pulled or built, no other service is started. Which images,
files and names was decided by the drawer; how well the containers do afterwards is left to ``compose_wait``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from actions.model.canonical import sha256_hex
from actions.model.compose_command import compose_argv
from actions.model.effect import Effect, ObserveImages, RunCommand, WriteFile
from actions.model.errors import GoaroundError
from actions.model.ports import ComposeTool, Containers, Reporter, World
from actions.model.release import Release, short_id
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.compose_facts import engine, path_in, without_leftovers
from actions.steps.compose_names import short
from actions.steps.compose_override import override_text
from actions.steps.compose_state import answer, images_moved
from actions.steps.perform import perform

OVERRIDE_MODE = 0o644
"""It holds no secret, and colleagues who run Compose must be able to read it."""
DEBT = "until the pin stands in the Compose file, a plain `up` brings the release back that was left"

OWED = {"debt": DEBT, "by hand": "commit the rollback (pin what runs in the Compose file)"}


@dataclass(frozen=True)
class SwitchImages:
    """Pins services to images and lets Compose recreate those that run another one."""

    step_id: ClassVar[str] = "compose.switch"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    host: str
    directory: str
    files: tuple[str, ...]
    """The project's own Compose files."""
    project: str
    tool: ComposeTool
    incident: str
    override: str
    """File name of the override, in the project's folder."""
    override_before: str
    """sha256 of an override of the same name that is there already; empty: there is none."""
    target: dict[str, str]
    """Service -> image id, for every service that goes back."""
    switched: tuple[str, ...]
    """Those of them that are not on the target yet: the only ones that Compose is told to touch."""
    target_name: str
    former: dict[str, str]
    """Service -> image id that ran when this was drawn; a service without a container has none."""
    former_name: str
    counts: dict[str, int]
    """Service -> number of containers there must be."""
    scale: dict[str, int]
    """Those of them that differ from what the configuration says, so that Compose must be told."""
    seen: dict[str, str]
    """Path -> sha256 of the Compose files and ``.env``; empty: no such file."""
    tags: dict[str, str] = field(default_factory=dict)
    """Image reference -> id that it must still name: the tags that were chosen."""
    kept: dict[str, str] = field(default_factory=dict)
    """Tag of ours -> image id: what is kept from a prune, so that there is a way back from here, too."""
    diff: str = ""
    """What changes in the resolved configuration."""

    def __post_init__(self) -> None:
        if not self.switched:  # Compose would take it for every service, one-shot jobs included
            raise ValueError("switched: at least one service is needed")

    def title(self) -> str:
        """What the checklist row says."""
        count = len(self.switched)
        return f"Switch {count} service{'' if count == 1 else 's'} to {self.target_name}"

    def expected(self) -> str:
        """The state that counts as done."""
        ids = sorted(set(self.target.values()))
        what = ids[0] if len(ids) == 1 else f"their images of {self.target_name}"
        count = sum(self.counts.get(s, 1) for s in self.target)
        ran = "1 container of {} runs" if count == 1 else f"{count} containers of {{}} run"
        return f"{ran.format(_list(self.target))} {what}"

    def effects(self) -> tuple[Effect, ...]:
        """The override, the switch, and a first look at what runs."""
        return self._switch(self.target, self.target_name, self.override_before, self.diff)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The same with the former images; none when one of them does not exist or could not be kept."""
        if not all(self.former.get(service) in self.kept.values() for service in self.switched):
            return ()
        written = sha256_hex(self._text(self.target, self.target_name).encode())
        return self._switch(self.former, self.former_name, written, "")

    def _switch(self, images: dict[str, str], name: str, before: str, diff: str) -> tuple[Effect, ...]:
        scale = [word for s, n in sorted(self.scale.items()) if s in self.switched for word in ("--scale", f"{s}={n}")]
        words = ("up", "-d", "--no-build", "--no-deps", *scale, *self.switched)
        argv = compose_argv(self.tool, self.directory, (*self.files, self.override), self.project, *words)
        path = path_in(self.directory, self.override)
        text = self._text(images, name)
        return (
            WriteFile(self.host, path, text, before, diff=_with_diff(text, diff), mode=OVERRIDE_MODE),
            RunCommand(self.host, argv, cwd=self.directory),
            ObserveImages(self.host, self.project, {s: images[s] for s in sorted(images)}, dict(self.counts)),
        )

    def _text(self, images: dict[str, str], name: str) -> str:
        keep = {service: self._kept_as(service, image) for service, image in images.items()}
        return override_text(self.tool, images, self.incident, name, keep=keep)

    def _kept_as(self, service: str, image: str) -> str:
        ending = f"-{service}-{short(image)}"
        return min((tag for tag in self.kept if tag.endswith(ending)), key=len, default="")

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return (
            f"{self.override} in {self.directory}, and services of which some are switched and some are not; "
            "running it again or undoing it brings them together"
        )

    def moved(self, world: World) -> str:
        """Whether files, tags, images or containers are no longer as they were drawn."""
        for path, expected in sorted(self.seen.items()):
            content = world.host.read_file(path)
            if (sha256_hex(content) if content is not None else "") != expected:
                return f"{path} has changed"
        problem = self._override_moved(world)
        if problem:
            return problem
        problem = self._images_moved(engine(world))
        if problem:
            return problem
        containers = without_leftovers(engine(world).states(self.project))
        return images_moved(containers, self.former, self.target, self.counts)

    def _images_moved(self, there: Containers) -> str:
        """Asks for the images that matter alone: listing all takes longer than the rest of the pre-check."""
        seen = set()
        for reference, image in sorted(self.tags.items()):
            found = there.image_id(reference)
            if not found:
                return f"the tag {reference} is gone"
            if found != image:
                return f"the tag {reference} is on {short(found)} now, not on {short(image)}"
            seen.add(found)
        wanted = {*self.target.values(), *self.kept.values()} - seen
        gone = next((image for image in sorted(wanted) if not there.image_id(image)), "")
        return f"the image {short(gone)} is not on the engine any more" if gone else ""

    def _override_moved(self, world: World) -> str:
        path = path_in(self.directory, self.override)
        content = world.host.read_file(path)
        if content is None:
            return f"{path} is gone" if self.override_before else ""
        if content == self._text(self.target, self.target_name).encode():
            return ""  # written by a run that was cut off: it is what this one would write
        return "" if sha256_hex(content) == self.override_before else f"{path} is there with other content"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Write the override, switch, look. Until the pin is committed there is a debt, also where it went half way."""
        result = perform(self.effects(), world, report).as_result()
        owed = OWED if result.outcome is Outcome.DONE else self.half(world)
        return replace(result, facts={**result.facts, **owed})

    def half(self, world: World) -> dict[str, str]:
        """What is owed of a switch that has not come about: nothing where no container runs the target."""
        try:
            seen = without_leftovers(engine(world).containers(self.project))
        except GoaroundError:
            return {**OWED, "debt": f"it is not known whether anything was switched: {DEBT}", "debt of": ""}
        some = any(self.target.get(one.service) == one.image_id != self.former.get(one.service) for one in seen)
        return {**OWED, "debt of": ""} if some else {}

    def check(self, world: World) -> Checked:
        """Whether every container runs the target."""
        seen = answer(world, self.project, self.target, self.former, self.counts)
        if seen.happened is Happened.NO:
            return seen
        return replace(seen, facts=OWED if seen.happened is Happened.YES else self.half(world))

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Put the former images back."""
        return perform(self.undo_effects(), world, report).as_result()

    def check_undone(self, world: World) -> Checked:
        """Whether every container runs what ran before."""
        return answer(world, self.project, self.former, self.target, self.counts)


def identity(images: dict[str, str]) -> str:
    """The identity of a set of images, in the form of ``Release.identity``."""
    return Release(name="", images=images).identity


def name_of(images: dict[str, str]) -> str:
    """A set of images for the eye."""
    ids = sorted(set(images.values()))
    return short_id(ids[0]) if len(ids) == 1 else f"{len(ids)} images"


def _list(images: dict[str, str]) -> str:
    return ", ".join(sorted(images))


def _with_diff(text: str, diff: str) -> str:
    """The file and what it changes in the resolved configuration; empty: the file says it all."""
    if not diff:
        return ""
    return "\n".join((*text.splitlines(), "resolved configuration (compose config):", *diff.splitlines()))
