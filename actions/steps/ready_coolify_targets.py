"""Reads which versions Coolify could go back to, whether their images are there, and when a clean-up takes them.

An empty list of images proves nothing: then the engine of the system's host is asked, where it may be.
"""

from __future__ import annotations

from dataclasses import replace

from actions.model.coolify import PrunePolicy
from actions.model.coolify_way import COMPOSE_PACK, choose
from actions.model.errors import GoaroundError
from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.model.prune_horizon import Horizon, horizon
from actions.model.ready import Finding, TargetState
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release
from actions.model.system import Settings
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_keep import KEY
from actions.steps.coolify_releases import CoolifySurvey, survey
from actions.steps.coolify_set import SetField
from actions.steps.perform_coolify import coolify_of
from actions.steps.ready_choice import Past, chosen_of, state_of

ABOUT = "coolify"


def coolify_targets(
    settings: Settings, world: World, past: Past
) -> tuple[tuple[Release, ...], list[TargetState], list[Finding]]:
    """The versions, the proposed one first; how each is kept; and what is to be said. Raises what Coolify raises."""
    table = settings.coolify
    assert table is not None  # the caller has looked
    seen = survey(table, world)
    chosen = chosen_of(ABOUT, seen.releases, seen.notes, settings.ready.targets, past)
    findings = list(chosen.findings)
    unobserved = table.containers and not seen.running.observed
    if unobserved and not any(one.code == ReadyKind.RUNNING_UNKNOWN.code for one in findings):
        findings.append(ReadyKind.RUNNING_UNKNOWN.finding(seen.running.why, ABOUT))
    policy, why = _policy(table, world)
    states = []
    for release in chosen.releases:
        there = _there(table, world, seen, release.commit)
        at = horizon(
            seen.images,
            release.commit,
            seen.application.images_to_keep,
            policy,
            world.clock.now(),
            seen.running.version,
        )
        kept = None if at.spare is None else at.spare > 0
        prune = at.words() if there is not False else ""
        state = state_of(ABOUT, release, proposed=release is chosen.first)
        states.append(replace(state, there=there, protected=kept if there else None, prune=prune))
        if release is chosen.first:
            findings += _about(release, seen, world, there, at, _kept_longer(table, seen, at, policy))
            if not at.known:
                findings.append(ReadyKind.PRUNE_UNKNOWN.finding(why or at.when, ABOUT))
    return chosen.releases, states, findings


def _policy(table: CoolifyTable, world: World) -> tuple[PrunePolicy | None, str]:
    """When its server cleans up; else why that is not known."""
    if not table.server:
        return None, "coolify.server is not set: its clean-up cannot be asked"
    try:
        found = coolify_of(world).prune_policy()
    except GoaroundError as error:
        return None, error.line()
    return found, "" if found is not None else "this Coolify does not tell when it cleans up"


def _there(table: CoolifyTable, world: World, seen: CoolifySurvey, version: str) -> bool | None:
    held = None if seen.application.build_pack == COMPOSE_PACK else seen.images.holds(version)
    if held is not None or not table.containers or world.containers is None:
        return held
    try:
        tags = [tag for image in world.containers.images() for tag in image.tags]
    except GoaroundError:
        return None
    mine = [tag.rpartition(":") for tag in tags if _of(tag.rpartition(":")[0], seen, table)]
    if any(tag == version for _, _, tag in mine):
        return True
    return False if mine else None


def _of(repository: str, seen: CoolifySurvey, table: CoolifyTable) -> bool:
    """Coolify names what it builds by the application, a service's behind it; what is only pulled by its own name."""
    own = (table.application, seen.application.image_name)
    return repository in own or repository.startswith(f"{table.application}_")


def _kept_longer(table: CoolifyTable, seen: CoolifySurvey, at: Horizon, policy: PrunePolicy | None) -> tuple[str, str]:
    """What keeps the image longer, by hand; and the id of the step of a plan that does it, where there is one."""
    if policy is not None and not policy.retains:
        words = "in Coolify, on the server: switch the retention of application images on again"
        return f"{words} (disable_application_image_retention)", ""
    request = f'PATCH {table.url.rstrip("/")}/api/v1/applications/{table.application} {{"{KEY}": {at.wanted()}}}'
    known = seen.application.images_to_keep is not None
    return f"let Coolify keep {at.wanted()} images: {request}", SetField.step_id if known else ""


def _about(
    release: Release, seen: CoolifySurvey, world: World, there: bool | None, at: Horizon, mend: tuple[str, str]
) -> list[Finding]:
    """The proposed one."""
    try:
        choice = choose(coolify_of(world).version(), seen.application, seen.images, release.commit)
    except ValueError as error:
        return [ReadyKind.TARGET_NONE.finding(f"{release.name}: Coolify cannot go back to it: {error}", ABOUT)]
    if there is False:
        what = "Coolify would build it anew from git" if choice.rebuilds else "it must come from the registry"
        return [ReadyKind.TARGET_GONE.finding(f"{release.name}: its image is not on the server: {what}", ABOUT)]
    if there is None:
        unread = (note.text for note in seen.notes if note.code == NoteKind.HISTORY_UNUSED.code)
        said = next(iter((*unread, *(words for words in choice.cautions if "known" in words))), "Coolify does not tell")
        return [ReadyKind.TARGET_UNSURE.finding(f"{release.name}: {said}", ABOUT)]
    if at.takes_it:
        return [ReadyKind.PRUNE_TAKES_IT.finding(f"{release.name}: {at.words()}", ABOUT, *mend)]
    if at.spare == 0:
        return [ReadyKind.PRUNE_NEAR.finding(f"{release.name}: {at.words()}", ABOUT, *mend)]
    return []
