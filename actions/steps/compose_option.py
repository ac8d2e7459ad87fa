"""Draws the way back over Docker Compose: every step with every value, from one reading of the world.

Which releases there are is told by ``compose_releases``, what a step does by its own file. Nothing here changes the
system; resolving the configuration with the override needs a file on the host, which is taken away at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from actions.model.canonical import sha256_hex
from actions.model.clock import stamp
from actions.model.effect import ObserveImages
from actions.model.errors import BadInput, CommandFailed, GoaroundError, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable, Settings
from actions.steps.compose_evidence import keep_configuration, keep_logs
from actions.steps.compose_facts import ComposeFacts, compose, file_hashes, path_in, read_facts
from actions.steps.compose_names import is_image_id, keep_reference, override_name, short, split_reference, tag_problem
from actions.steps.compose_override import HEADER, changed_paths, config_diff, override_text
from actions.steps.compose_pinning import draw_commit
from actions.steps.compose_protect import ProtectImages
from actions.steps.compose_releases import releases_from
from actions.steps.compose_sources import drawn_in
from actions.steps.compose_switch import SwitchImages, identity, name_of
from actions.steps.compose_wait import AwaitHealthy
from actions.steps.configured_probes import configured_probes
from actions.steps.planned import planned
from actions.steps.prove import ProveBack
from actions.steps.schema_notes import gate

CHOOSE = "choose another release"


@dataclass(frozen=True)
class _Move:
    """What moves: which services from which images to which."""

    target: dict[str, str]
    switched: tuple[str, ...]
    former: dict[str, str]
    counts: dict[str, int]
    scale: dict[str, int]
    keep: dict[str, str]
    notes: tuple[Note, ...]


def draw(settings: Settings, release: Release, world: World, incident: str) -> Plan:
    """The plan to go back to ``release``. Raises BadInput or Refused naming the reason and the next move."""
    table = _table(settings)
    name = override_name(incident)
    _check_release(release)
    facts = read_facts(table, world)
    facts = replace(facts, drawn_in=drawn_in(facts.directory, facts.files, world))
    move = _move(settings, table, facts, release)
    move = replace(move, keep={**move.keep, **_exposed(settings, facts, table, world)})
    switch, notes = _draw_switch(settings, facts, release, move, incident, world)
    steps = _steps(settings, table, facts, release, switch, world)
    schema = gate(settings, world, release, "B4")
    steps[-3:-3] = schema.steps
    commit, problems = draw_commit(facts, release, move.target, name, world)
    if commit is not None:
        steps.append(planned(commit, code="X4", phase="carry out", needs=("X3",), optional=True))
    return Plan(
        option="compose",
        system=settings.system.name,
        target=release,
        running=identity(facts.running),
        drawn={"time": stamp(world.clock.now()), "override": path_in(facts.directory, name)}
        | {f"keep {short(image)}": tag for tag, image in sorted(move.keep.items())},
        steps=tuple(steps),
        notes=(*schema.notes, *_notes(facts, release, switch), *move.notes, *notes, *facts.notes, *problems),
        facts={
            "compose": f"{' '.join(facts.tool.argv)} {facts.tool.version}",
            "project": facts.project.name,
            "services": ", ".join(sorted(move.target)),
            **schema.facts,
        },
    )


def _table(settings: Settings) -> ComposeTable:
    if settings.compose is None:
        raise Refused("Compose is not configured", "", "add a [compose] table to the configuration")
    return settings.compose


def _check_release(release: Release) -> None:
    """What would fail only at the end is refused at the beginning."""
    problem = tag_problem(release.name) if release.source == "image tag" else ""
    if problem:
        raise BadInput(f"{sanitise(release.name)!r} is no image tag", problem, CHOOSE, code="target-no-tag")
    if not release.images:
        raise BadInput(
            f"{release.name} has no images", "it is known by its commit only", CHOOSE, code="target-no-image"
        )
    for service, image in release.images.items():
        if not is_image_id(image):
            raise BadInput(f"{service}: {sanitise(image)!r} is no full image id", "", CHOOSE, code="target-no-image")
    if release.way_back is WayBack.GONE:
        raise Refused(f"{release.name} is gone", release.note, CHOOSE, code="target-gone")


def _move(settings: Settings, table: ComposeTable, facts: ComposeFacts, release: Release) -> _Move:
    running = facts.running
    # A service that nobody started stays down, unless it was named or nothing runs at all.
    moving = [s for s in facts.services if s in running or not running or s in table.services]
    idle = sorted(set(facts.services) - set(moving))
    missing = [s for s in moving if s not in release.images]
    if missing:
        why = f"there is no image of it for {', '.join(missing)}"
        raise Refused(f"{release.name} cannot be chosen", why, CHOOSE, code="target-incomplete")
    target = {service: release.images[service] for service in moving}
    absent = sorted(s for s, image in target.items() if image not in facts.images)
    if absent:
        why = f"the image of {', '.join(absent)} is not on the engine"
        raise Refused(f"{release.name} is not there", why, CHOOSE, code="target-gone")
    switched = tuple(sorted(s for s in moving if not _is_on(facts, s, target[s])))
    if not switched:
        why = f"{', '.join(moving)} run its images"
        raise Refused(f"{release.name} runs already", why, CHOOSE, code="target-runs")
    counts = {s: len(facts.of(s)) or max(1, facts.project.services[s].scale) for s in moving}
    scale = {s: n for s, n in counts.items() if n != facts.project.services[s].scale}
    system = settings.system.name
    keep = {
        keep_reference(system, service, image): image
        for images in (running, target)
        for service, image in images.items()
        if service in target and image in facts.images
    }
    former = {s: image for s, image in running.items() if s in target}
    return _Move(target, switched, former, counts, scale, keep, _move_notes(facts, former, idle))


def _exposed(settings: Settings, facts: ComposeFacts, table: ComposeTable, world: World) -> dict[str, str]:
    """Keep tags for the images of earlier releases that a plain prune would take."""
    system = settings.system.name
    earlier = releases_from(facts, table, world.known_releases(), system)
    return {
        keep_reference(system, service, image): image
        for release in earlier
        for service, image in release.images.items()
        if image in facts.images and facts.images[image].dangling
    }


def _is_on(facts: ComposeFacts, service: str, image: str) -> bool:
    own = facts.of(service)
    return bool(own) and all(c.image_id == image and c.state == "running" for c in own)


def _move_notes(facts: ComposeFacts, former: dict[str, str], idle: list[str]) -> tuple[Note, ...]:
    notes = []
    if idle:
        notes.append(NoteKind.NO_CONTAINER.note(f"no container now, left alone: {', '.join(idle)}"))
    for service, image in sorted(former.items()):
        others = {c.image_id for c in facts.of(service)} - {image}
        if others:
            lost = ", ".join(sorted(map(short, others)))
            mixed = f"{service} runs different images; an undo puts all of it on {short(image)}, not on {lost}"
            notes.append(NoteKind.IMAGES_MIXED.note(mixed))
        if image not in facts.images:
            gone = f"{service}: what runs now is no image any more; there is no undo"
            notes.append(NoteKind.NO_UNDO.note(gone))
    if not former:
        nothing = "nothing runs now, so there is nothing that an undo could put back"
        notes.append(NoteKind.NOTHING_RUNS.note(nothing))
    return tuple(notes)


def _draw_switch(
    settings: Settings, facts: ComposeFacts, release: Release, move: _Move, incident: str, world: World
) -> tuple[SwitchImages, tuple[Note, ...]]:
    name = override_name(incident)
    path = path_in(facts.directory, name)
    present = world.host.read_file(path)
    if present is not None and not present.startswith(HEADER.encode()):
        raise Refused(f"{path} is there already", "it was not written by goaround", "move it out of the way")
    tags = {}
    if release.source == "image tag":
        for service, image in move.target.items():
            repository = split_reference(facts.project.services[service].image)[0]
            tags[f"{repository}:{release.name}"] = image
    diff, notes = config_change(facts, move.target, release.name, incident, world)
    known = releases_from(facts, _table(settings), world.known_releases(), settings.system.name)
    found = {r.identity: r.name for r in known}
    switch = SwitchImages(
        host=world.host.name,
        directory=facts.directory,
        files=facts.files,
        project=facts.project.name,
        tool=facts.tool,
        incident=incident,
        override=name,
        override_before="" if present is None else sha256_hex(present),
        target=move.target,
        switched=move.switched,
        target_name=release.name,
        former=move.former,
        former_name=found.get(identity(move.former)) or name_of(move.former),
        counts=move.counts,
        scale=move.scale,
        seen=file_hashes(facts, world),
        tags=tags,
        kept=move.keep,
        diff=diff,
    )
    return switch, notes


def config_change(
    facts: ComposeFacts, images: dict[str, str], name: str, incident: str, world: World
) -> tuple[str, tuple[Note, ...]]:
    """What Compose itself says the override changes; it is asked with a copy of it in a temporary file."""
    text = override_text(facts.tool, images, incident, name, keep={}).encode()
    path = f"/tmp/goaround-{secrets.token_hex(8)}.yml"
    try:
        world.host.write_file(path, text, mode=0o600, before="")
    except GoaroundError as error:
        unseen = f"the change of the configuration is not shown: {error.line()}"
        return "", (NoteKind.CHANGE_NOT_SHOWN.note(unseen),)
    try:
        after = compose(world).config(facts.tool, facts.directory, (*facts.files, path), facts.project.name)
    except CommandFailed as error:
        raise Refused(
            "Compose does not take the override", error.detail or error.title, "correct the Compose files"
        ) from error
    finally:
        world.host.remove_file(path, before=sha256_hex(text))
    expected = {f"services.{s}.{key}" for s in images for key in ("image", "pull_policy")}
    others = sorted(changed_paths(facts.project.text, after.text) - expected)
    elsewhere = f"the resolved configuration changes elsewhere, too: {', '.join(others)}"
    notes = (NoteKind.CHANGES_ELSEWHERE.note(elsewhere),) if others else ()
    return config_diff(facts.project.text, after.text), notes


def _steps(
    settings: Settings,
    table: ComposeTable,
    facts: ComposeFacts,
    release: Release,
    switch: SwitchImages,
    world: World,
) -> list[PlannedStep]:
    host, project = world.host.name, facts.project.name
    proof = ProveBack(
        target=release.name,
        images=ObserveImages(host, project, dict(switch.target), dict(switch.counts)),
        probes=configured_probes(settings),
    )
    wait = AwaitHealthy(host, project, dict(switch.target), table.health_deadline, table.steady)
    steps = [
        planned(keep_configuration(facts, world), code="B2", phase="before", gate=True, about_s=3),
        planned(ProtectImages(host, dict(switch.kept)), code="B3", phase="before", gate=True, about_s=1),
        planned(switch, code="X1", phase="carry out", needs=("B2", "B3"), about_s=20, silent_s=60),
        planned(wait, code="X2", phase="carry out", needs=("X1",), silent_s=table.health_deadline + 10),
        planned(
            proof,
            code="X3",
            phase="carry out",
            needs=("X1", "X2"),
            proves=True,
            about_s=settings.prove.seconds + 2,
            silent_s=max([60, *(probe.deadline for probe in settings.own_probes)]),
        ),
    ]
    if facts.containers or facts.leftovers:
        logs = planned(keep_logs(facts, world), code="B1", phase="before", gate=True, about_s=5)
        steps.insert(0, logs)
    return steps


def _notes(facts: ComposeFacts, release: Release, switch: SwitchImages) -> tuple[Note, ...]:
    """What an operator asks about any such plan."""
    untouched = sorted(set(facts.project.services) - set(switch.target))
    on_target = sorted(set(switch.target) - set(switch.switched))
    notes = [
        NoteKind.GOES_BACK.note(f"goes back: {facts.members.why}"),
        NoteKind.NOT_PULLED.note(f"not pulled and not built: the images of {release.name} are on the engine"),
    ]
    if untouched:
        notes.append(NoteKind.NOT_TOUCHED.note(f"not touched: {', '.join(untouched)}"))
    if on_target:
        notes.append(NoteKind.ON_TARGET.note(f"on {release.name} already: {', '.join(on_target)}"))
    up = f"until the rollback is committed, a plain `up` brings back what the Compose files say; name {switch.override}"
    notes += [
        NoteKind.DATA_STAYS.note("the images go back; environment, volumes and databases stay as they are now"),
        NoteKind.PLAIN_UP.note(f"{up}, too"),
        *facts.members.notes,
    ]
    down = [c for c in facts.containers if c.service in switch.target and c.state not in ("running", "restarting")]
    notes += [NoteKind.WILL_BE_STARTED.note(f"{c.name} is {c.state} now and will be started") for c in down]
    return tuple(notes)
