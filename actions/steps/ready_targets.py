"""Reads for ``goaround ready`` which releases each way back could go to, and how safely they are kept.

Everything here reads. What a plan would do with a release is drawn elsewhere; whether its schema fits is asked by
``ready_schema``, since that takes long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.ready import Finding, Part
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release, WayBack
from actions.model.system import Settings
from actions.steps import compose_releases, git_releases
from actions.steps.compose_facts import engine
from actions.steps.compose_names import short
from actions.steps.compose_protect import ProtectImages, keep_tags
from actions.steps.ready_choice import Past, chosen_of, no_past, state_of
from actions.steps.ready_coolify_targets import coolify_targets
from actions.steps.ready_replaced import with_replaced

CODE = ("coolify", "compose", "git")
"""Ways back that go to a release of the code. The others go to a backup, or to the release of one of these."""
REGISTRY_S = 30
MOST_ASKED = 4
"""Registries that are asked for one image."""
PLAIN_HTTP = r"does not look like a TLS handshake|server gave HTTP response to HTTPS client"
"""How docker says it: the engine may pull from there all the same, as it is configured."""


@dataclass(frozen=True)
class Targets:
    """What one way back could go to."""

    part: Part
    releases: tuple[Release, ...] = ()
    """The proposed one first."""


def targets_of(settings: Settings, option: str, world: World, past: Past = no_past) -> Targets:
    """Those of one way back. Raises what reading its releases raises."""
    if option == "coolify" and settings.coolify is not None:
        releases, there, said = coolify_targets(settings, world, past)
        return Targets(Part(tuple(said), tuple(there)), releases)
    if option == "compose" and settings.compose is not None:
        return _compose(settings, world, past)
    assert settings.git is not None  # the caller asks for configured ways alone
    survey = git_releases.survey(settings.git, world)
    chosen = chosen_of(option, survey.releases, survey.notes, settings.ready.targets, past)
    states = tuple(state_of(option, one, proposed=one is chosen.first) for one in chosen.releases)
    return Targets(Part(chosen.findings, states), chosen.releases)


def _compose(settings: Settings, world: World, past: Past) -> Targets:
    assert settings.compose is not None  # the caller has looked
    found = compose_releases.releases(settings.compose, world, settings.system.name)
    chosen = chosen_of("compose", found, (), settings.ready.targets, past)
    findings = with_replaced("compose", settings.system.name, world, found, chosen)
    states = []
    for release in chosen.releases:
        state = state_of("compose", release, proposed=release is chosen.first)
        state = replace(state, protected=release.way_back is WayBack.PROTECTED, prune=_prune(release))
        states.append(state)
        if release is chosen.first:
            findings += _exposed(release, by_hand(settings.system.name, world.host.name, release))
    return Targets(Part(tuple(findings), tuple(states)), chosen.releases)


def _prune(release: Release) -> str:
    if release.way_back is WayBack.PRUNABLE:
        return "`docker image prune` would take it"
    if compose_releases.PRUNE_ALL in release.note:
        return "a plain prune leaves it, `docker image prune -a` would take it"
    return ""


def by_hand(system: str, host: str, release: Release) -> str:
    """The commands that protect the release, as the step of a plan has them: for whoever has no incident open."""
    tags = keep_tags(system, release.images)
    commands = " && ".join(f"docker image tag {short(image)} {tag}" for tag, image in sorted(tags.items()))
    where = "here" if host == "local" else f"on {host}"
    return f"{where}: {commands}" if commands else ""


def _exposed(release: Release, move: str) -> list[Finding]:
    found = []
    if release.way_back is WayBack.PRUNABLE:
        words = f"{release.name}: nothing but its id names the image; the next `docker image prune` takes it"
        found.append(ReadyKind.TARGET_PRUNABLE.finding(words, "compose", move, ProtectImages.step_id))
    elif release.way_back is not WayBack.PROTECTED:
        words = f"{release.name}: when its tag moves on, a prune takes the image"
        found.append(ReadyKind.TARGET_UNPROTECTED.finding(words, "compose", move, ProtectImages.step_id))
    if not release.digests:
        words = f"{release.name} is on this engine alone, as far as is known"
        found.append(ReadyKind.TARGET_LOCAL.finding(words, "compose"))
    return found


def pullable(world: World, release: Release) -> tuple[bool | None, Part]:
    """Whether the registry still gives every image of the release by its digest; None: no digest is known."""
    images = [one for one in engine(world).images() if one.id in release.images.values()]
    if not images or len(images) < len({*release.images.values()}) or not all(one.digests for one in images):
        return None, Part()
    for image in images:
        # Pushed to several registries: any of them is enough.
        refused: list[str] = []
        for reference in image.digests[:MOST_ASKED]:
            refused.append(_refused(world, reference))
            if not refused[-1]:
                break
        if not refused[-1]:
            continue
        if any(re.search(PLAIN_HTTP, why) for why in refused):
            return None, Part(facts={"registry": "it speaks plain http, over which docker manifest does not ask"})
        words = f"{release.name}: {sanitise(image.digests[0], limit=120)}: {refused[0]}"
        return False, Part((ReadyKind.TARGET_NOT_PULLABLE.finding(words, "compose"),))
    return True, Part()


def _refused(world: World, reference: str) -> str:
    """Why the registry does not give it; empty: it does."""
    result = world.host.run(("docker", "manifest", "inspect", reference), timeout_s=REGISTRY_S)
    if result.exit_status == 0 and not result.timed_out:
        return ""
    said = world.redact(sanitise(result.stderr.decode("utf-8", "replace").strip()[-200:], limit=200))
    return said or f"no answer within {REGISTRY_S} s"
