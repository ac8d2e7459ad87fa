"""What ``goaround predeploy`` does about the code: what runs, how it answers, what the new one will migrate."""

from __future__ import annotations

from pathlib import Path

from actions.engine.planner import releases
from actions.model.coolify import Variable
from actions.model.environment_diff import KeptVariables
from actions.model.errors import GoaroundError, Refused
from actions.model.kept_environment import KeptValues
from actions.model.naming import first_of
from actions.model.ports import Image, World
from actions.model.predeploy import ProbeBaseline, ReverseSql
from actions.model.quick_dataclass import replace
from actions.model.recipient import NOT_ENCRYPTED
from actions.model.release import Release, WayBack, short_id
from actions.model.step import Outcome
from actions.model.system import Settings
from actions.steps.compose_facts import engine
from actions.steps.compose_names import KEEP_REPOSITORY, split_reference
from actions.steps.compose_protect import protect
from actions.steps.configured_probes import configured_probes
from actions.steps.predeploy_reading import ASKED, coming, new_release, probe_baseline
from app.command_lines import Quiet
from app.predeploy_parts import Parts

BY_CODE = ("compose", "git")
ELSE = "coolify"
"""Where neither of those is configured."""


class Code:
    """The code's part of one run."""

    def __init__(self, settings: Settings, world: World, parts: Parts, quiet: Quiet) -> None:
        self._settings, self._world, self._parts, self._quiet = settings, world, parts, quiet
        # What git has Coolify deploy, Coolify tells of: which commit runs, and whether its image is kept.
        told = settings.git is not None and settings.git.coolify
        asked = [one for one in settings.options if one in BY_CODE and not (told and one == "git")]
        self.option = next(iter((*asked, *(one for one in settings.options if one == ELSE))), "")
        self.release: Release | None = None
        self.probes: tuple[ProbeBaseline, ...] = ()
        self.migrations: tuple[ReverseSql, ...] = ()
        self.protected: dict[str, str] = {}
        self.values: KeptValues | None = None
        """Where the values of the environment lie."""
        self._known: tuple[Release, ...] = ()

    def look(self, image: str, commit: str) -> None:
        """All that is read. Raises BadInput where what is named as new does not exist."""
        if self.option:
            self.release = self._parts.part("release", "release-unknown", self._running)
        else:
            words = "neither [compose] nor [git] nor [coolify] is configured: how the code goes back is not known here"
            self._parts.gap("code-not-known", words, blocks=False)
        if self.release is not None:
            self._parts.part("target", "target-gone", self._still_there)
        if self._settings.probe:
            self._parts.part("probes", "probes-failed", self._probes, blocks=False)
        if image or commit:
            new = new_release(self._settings, self._world, image, commit, self._known)
            self._parts.part("schema", "migrations-unknown", lambda: self._schema(new), blocks=False)

    def _running(self) -> tuple[Release, str]:
        self._known, notes = releases(self._settings, self.option, self._world)
        one = next((one for one in self._known if one.way_back is WayBack.RUNNING), None)
        if one is None or not one.identity:
            why = "; ".join(note.text for note in notes) or "nothing of it runs"
            raise Refused("what runs now is not known", why, "start it, or configure how it is learned")
        since = f", live since {one.live_since[:16]}Z" if one.live_since else ""
        one = replace(one, deployments=())  # how often it was deployed is no part of what is kept
        return one, f"{one.name} runs ({short_id(one.identity)}){since}"

    def _still_there(self) -> tuple[None, str]:
        """Whether what runs can be gone back to when something else has taken its place."""
        assert self.release is not None  # the caller has looked
        if self.option == "git":
            repository, commit = self._world.repository, self.release.commit
            if repository is None or repository.commit(commit) is None:
                raise Refused(f"{short_id(commit)} is not in the clone", "", "git fetch --tags there")
            return None, f"{short_id(commit)} is in the clone"
        if self.option == ELSE:
            return None, self._held(self.release)
        there = {one.id: one for one in engine(self._world).images()}
        gone = sorted(service for service, one in self.release.images.items() if one not in there)
        if gone:
            raise Refused(f"the image of {', '.join(gone)} is not on the engine any more", "", "pull or build it again")
        loose = sorted(s for s, one in self.release.images.items() if self._moves_away(there[one]))
        if loose:
            words = f"the image of {', '.join(loose)} loses its tag when the new one takes it: a prune removes it then"
            self._parts.gap("image-unprotected", words, blocks=False, move="goaround predeploy --protect")
        return None, f"{len(set(self.release.images.values()))} images are on the engine"

    def _held(self, release: Release) -> str:
        held = self._world.coolify.rollback_images().holds(release.commit) if self._world.coolify is not None else None
        if held is None:
            return "Coolify does not tell which images are kept"
        if not held:
            raise Refused(f"the image of {release.name} is not on Coolify's server any more", "", "deploy it again")
        return "its image is among those that Coolify keeps"

    def keep_variables(self, store: Path, at: str, encrypt_to: tuple[str, ...]) -> KeptVariables | None:
        """The environment that runs, as names and marks of its values; None: there is no source, or it cannot be
        read. ``values`` is set where they are kept, too; ``encrypt_to``: the keys of those who can open them."""
        from app.environment_reading import marked, read_now, source_of

        source = source_of(self._settings, self.option)
        if not source:
            return None
        found: tuple[Variable, ...] = ()

        def keep() -> tuple[KeptVariables, str]:
            nonlocal found
            found = read_now(self._settings, self._world, source)
            kept = marked(self._world, store, source, found)
            untold = sum(not mark for mark in kept.marks.values())
            words = f"{len(kept.marks)} names kept, with a mark of each value and no value"
            return kept, f"{words}; {untold} values are not told" if untold else words

        kept = self._parts.part("variables", "variables-unknown", keep, blocks=False)
        if kept is not None and self._settings.environment.keep:
            args = (store, at, source, found, encrypt_to)
            self.values = self._parts.part("values", "values-not-kept", lambda: _values(*args), blocks=False)
        return replace(kept, at=at) if kept is not None else None

    def _moves_away(self, image: Image) -> bool:
        """No tag of it is a version, and none is ours."""
        tags = [split_reference(tag) for tag in image.tags]
        if any(repository == KEEP_REPOSITORY for repository, _ in tags):
            return False
        # A tag with a number in it names one release; ``latest`` or ``stable`` goes to the next one.
        return not any(char.isdigit() for _, tag in tags for char in tag)

    def _probes(self) -> tuple[None, str]:
        self.probes = tuple(probe_baseline(self._world, one) for one in configured_probes(self._settings))
        words = []
        for one in self.probes:
            if one.passed < one.asked:
                failed = f"{one.asked - one.passed} of {one.asked} answers fail before the deployment"
                seen = f"{one.name}: {failed}: {one.detail}"
                self._parts.gap("probe-fails", seen, blocks=False)
            told = f"p50 {one.p50_ms} ms, p95 {one.p95_ms} ms" if one.p95_ms >= 0 else "no baseline"
            words.append(f"{one.name} {told}")
        return None, f"{'; '.join(words)} (each asked up to {ASKED} times)"

    def _schema(self, new: Release) -> tuple[None, str]:
        found = coming(self._settings, self._world, new)
        self.migrations = found.migrations
        if found.unknown and not found.migrations:
            raise GoaroundError("which migrations will run is not known", found.unknown)
        if found.unknown:
            self._parts.gap("migrations-unsure", found.unknown, blocks=False)
        if found.foreign:
            words = f"recorded in the database, and not known to the new release: {first_of(found.foreign, 5)}"
            self._parts.gap("migrations-foreign", words, blocks=False)
        one_way = tuple(f"{one.migration} ({one.one_way[0]})" for one in found.migrations if one.one_way)
        if one_way:
            words = f"cannot be taken back, the data would have to be restored: {first_of(one_way, 5)}"
            self._parts.gap("migrations-one-way", words, blocks=False)
        half = tuple(one.migration for one in found.migrations if not one.atomic)
        if half:
            self._parts.gap("migrations-not-atomic", f"may stay half done: {first_of(half, 5)}", blocks=False)
        if not found.migrations:
            return None, "the new release brings no migration"
        sql = sum(bool(one.sql) for one in found.migrations)
        names = first_of([one.migration for one in found.migrations], 5)
        return None, f"{len(found.migrations)} migrations will run: {names}; reverse SQL of {sql}"

    def protect(self) -> None:
        """Tags what runs."""
        if self.release is not None and self.release.images:
            self._parts.part("protect", "protect-failed", self._protect, blocks=False)

    def _protect(self) -> tuple[None, str]:
        assert self.release is not None  # the caller has looked
        step = protect(self._settings, self._world.host.name, self.release)
        if moved := step.moved(self._world):
            raise Refused(moved)
        result = step.run(self._world, self._quiet)
        if result.outcome is not Outcome.DONE:
            raise GoaroundError("the images could not be tagged", result.summary)
        self.protected = dict(step.keep)
        self._parts.gaps = [gap for gap in self._parts.gaps if gap.code != "image-unprotected"]
        return None, f"{len(set(step.keep.values()))} images have a tag of ours"


def _values(
    store: Path, at: str, source: str, found: tuple[Variable, ...], encrypt_to: tuple[str, ...]
) -> tuple[KeptValues, str]:
    from app.environment_keeping import keep_values

    kept = keep_values(store, at, source, found, encrypt_to)
    told = sum(one.value is not None for one in found)
    how = f"encrypted to {', '.join(kept.encrypted_to)}" if kept.encrypted_to else NOT_ENCRYPTED
    return kept, f"{told} values kept; {how}"
