"""Draws what the swap of databases does with the code: the gate before it, the start after it, and the way back.

Which code fits has been chosen by ``database_code``; the steps themselves stand in ``database_code_switch``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from actions.model.canonical import sha256_hex
from actions.model.database_client import DatabaseClient
from actions.model.effect import ObserveCommit, ObserveImages, RemoveFile
from actions.model.errors import Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.release import Release
from actions.model.swap_sql import SwapNames
from actions.model.system import ComposeTable, Settings
from actions.steps.compose_evidence import keep_configuration, keep_logs
from actions.steps.compose_facts import ComposeFacts, file_hashes, path_in
from actions.steps.compose_names import override_name, split_reference
from actions.steps.compose_option import config_change
from actions.steps.compose_override import HEADER
from actions.steps.compose_pinning import draw_commit
from actions.steps.compose_protect import ProtectImages, keep_tags
from actions.steps.compose_sources import drawn_in
from actions.steps.compose_switch import SwitchImages, name_of
from actions.steps.compose_wait import AwaitHealthy
from actions.steps.database_census import Census
from actions.steps.database_code import Choice, Way
from actions.steps.database_code_notes import choice_facts, choice_notes, switch_notes
from actions.steps.database_code_switch import AwaitCode, CheckFit, FormerCode, SwitchCode
from actions.steps.database_quiesce import StartServices
from actions.steps.git_running import CommitReader
from actions.steps.planned import planned


@dataclass(frozen=True)
class CodeGround:
    """What the drawing stands on."""

    settings: Settings
    world: World
    incident: str
    client: DatabaseClient
    names: SwapNames
    backup: str
    """Identity of the backup."""
    census: Census
    stopped: tuple[str, ...]
    """Services that are stopped when the names are swapped: to be started."""

    @property
    def started(self) -> tuple[str, ...]:
        """Those of them that do not migrate."""
        return tuple(one for one in self.stopped if one not in self.census.jobs)


@dataclass(frozen=True)
class CodeSteps:
    """What a plan of the swap has of the code."""

    before: tuple[PlannedStep, ...] = ()
    start: tuple[PlannedStep, ...] = ()
    after: tuple[PlannedStep, ...] = ()
    former: FormerCode | None = None
    """What the undo of the swap does with the code; None: the code is not another one."""
    proof: ObserveImages | ObserveCommit | None = None
    notes: tuple[Note, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def draw_code(ground: CodeGround, choice: Choice) -> CodeSteps:
    """The steps, notes and facts. Raises Refused where a file is in the way of the override."""
    drawn = _started(ground, choice)
    gate = _gate(choice)
    return replace(
        drawn,
        before=(*drawn.before, *gate),
        notes=(*choice_notes(choice), *drawn.notes),
        facts={**choice_facts(choice), **drawn.facts},
    )


def _started(ground: CodeGround, choice: Choice) -> CodeSteps:
    if choice.way is Way.BY_HAND:
        return _by_hand(ground, choice)
    facts, table = ground.census.facts, ground.settings.compose
    if facts is None or table is None:
        return CodeSteps()
    if choice.way is Way.SWITCHED and choice.chosen is not None:
        moving = tuple(s for s in ground.started if s in facts.services and s in facts.running)
        if moving:
            return _switched(ground, facts, table, choice, moving)
        words = (
            f"nothing of the code runs now, so nothing of it is started: start {choice.chosen.release.name} after it"
        )
        as_it_is = _as_it_is(ground, facts, table)
        return replace(as_it_is, notes=(NoteKind.CODE_BY_HAND.note(words),))
    return _as_it_is(ground, facts, table)


def _gate(choice: Choice) -> tuple[PlannedStep, ...]:
    if choice.asked is None or choice.chosen is None:
        return ()
    step = CheckFit(choice.asked, choice.chosen.found.fit.value)
    return (planned(step, code="B4", phase="before", gate=True, about_s=5, silent_s=180),)


def _as_it_is(ground: CodeGround, facts: ComposeFacts, table: ComposeTable) -> CodeSteps:
    """What was stopped is started with the images that it has."""
    if not ground.started:
        return CodeSteps()
    host = ground.world.host.name
    start = StartServices(ground.census.services(ground.started, host), tuple(sorted(ground.census.jobs)))
    images = {s: max(own, key=lambda one: one.created_at).image_id for s in ground.started if (own := facts.of(s))}
    wait = AwaitHealthy(host, facts.project.name, images, table.health_deadline, table.steady)
    return CodeSteps(
        start=(
            planned(start, code="Y4", phase="carry out", needs=("Y3",), about_s=15, silent_s=90),
            planned(wait, code="Y5", phase="carry out", needs=("Y4",), silent_s=table.health_deadline + 10),
        ),
        proof=_proof(ground, facts, images),
    )


def _proof(ground: CodeGround, facts: ComposeFacts, images: dict[str, str]) -> ObserveImages:
    counts = {s: len(facts.of(s)) or 1 for s in images}
    return ObserveImages(ground.world.host.name, facts.project.name, images, counts)


def _switched(
    ground: CodeGround, facts: ComposeFacts, table: ComposeTable, choice: Choice, moving: tuple[str, ...]
) -> CodeSteps:
    """As the Compose option switches: kept before, pinned by an override, nothing pulled, built or migrated."""
    world, host, census = ground.world, ground.world.host.name, ground.census
    facts = replace(facts, drawn_in=drawn_in(facts.directory, facts.files, world))
    assert choice.chosen is not None  # the caller has looked
    release = choice.chosen.release
    switch, notes = _switch(ground, facts, release, moving)
    if choice.running is not None:
        switch = replace(switch, former_name=choice.running.release.name)
    rest = tuple(s for s in ground.started if s not in moving)
    every = census.services(ground.started, host)
    others = census.services(rest, host) if rest else None
    images = {**{s: max(facts.of(s), key=lambda one: one.created_at).image_id for s in rest if facts.of(s)}}
    images |= switch.target
    held = tuple(sorted(census.jobs))
    owed = (
        f"while {ground.names.kept} is kept, {', '.join(moving)} are pinned to {release.name} by {switch.override}: "
        f"until the pin stands in the Compose file, a plain `up` brings {switch.former_name} back, with its migrations"
    )
    start = SwitchCode(ground.client, ground.names.live, ground.backup, switch, every, others, held, owed)
    wait = AwaitHealthy(host, facts.project.name, images, table.health_deadline, table.steady)
    commit, problems = draw_commit(facts, release, switch.target, switch.override, world)
    after: tuple[PlannedStep, ...] = ()
    if commit is not None:
        step = replace(commit, switched="Y4")
        after = (planned(step, code="Y7", phase="carry out", needs=("Y6",), optional=True),)
    return CodeSteps(
        before=(
            planned(keep_logs(facts, world), code="B1", phase="before", gate=True, about_s=5),
            planned(keep_configuration(facts, world), code="B2", phase="before", gate=True, about_s=3),
            planned(ProtectImages(host, dict(switch.kept)), code="B3", phase="before", gate=True, about_s=1),
        ),
        start=(
            planned(start, code="Y4", phase="carry out", needs=("Y3",), about_s=20, silent_s=90),
            planned(wait, code="Y5", phase="carry out", needs=("Y4",), silent_s=table.health_deadline + 10),
        ),
        after=after,
        former=_former(ground, facts, switch, rest),
        proof=_proof(ground, facts, images),
        notes=(*switch_notes(switch, rest, held), *notes, *problems),
        facts={f"code {service}": f"{switch.former[service]} -> {image}" for service, image in switch.target.items()},
    )


def _switch(
    ground: CodeGround, facts: ComposeFacts, release: Release, moving: tuple[str, ...]
) -> tuple[SwitchImages, tuple[Note, ...]]:
    world = ground.world
    target = {s: release.images[s] for s in moving}
    former = {s: facts.running[s] for s in moving}
    there = [{s: image for s, image in one.items() if image in facts.images} for one in (former, target)]
    counts = {s: len(facts.of(s)) or 1 for s in moving}
    tags = {}
    if release.source == "image tag":
        named_as = {s: split_reference(facts.project.services[s].image)[0] for s in moving}
        tags = {f"{named_as[s]}:{release.name}": image for s, image in target.items() if named_as[s]}
    name = override_name(f"{ground.incident}.code")
    diff, notes = config_change(facts, target, release.name, ground.incident, world)
    switch = SwitchImages(
        host=world.host.name,
        directory=facts.directory,
        files=facts.files,
        project=facts.project.name,
        tool=facts.tool,
        incident=ground.incident,
        override=name,
        override_before=_present(ground, facts, name),
        target=target,
        switched=moving,
        target_name=release.name,
        former=former,
        former_name=name_of(former),
        counts=counts,
        scale={s: n for s, n in counts.items() if n != facts.project.services[s].scale},
        seen=file_hashes(facts, world),
        tags=tags,
        kept=keep_tags(ground.settings.system.name, *there),
        diff=diff,
    )
    return switch, notes


def _present(ground: CodeGround, facts: ComposeFacts, name: str) -> str:
    """sha256 of an override of ours that is there already. Raises Refused where it is somebody else's."""
    path = path_in(facts.directory, name)
    present = ground.world.host.read_file(path)
    if present is not None and not present.startswith(HEADER.encode()):
        raise Refused(f"{path} is there already", "it was not written by goaround", "move it out of the way")
    return "" if present is None else sha256_hex(present)


def _former(ground: CodeGround, facts: ComposeFacts, switch: SwitchImages, rest: tuple[str, ...]) -> FormerCode:
    """The way back has an override of its own, so that it is the same whether the switch came about or not."""
    host, census = ground.world.host.name, ground.census
    every = census.services(ground.started, host)
    written = switch.effects()[0]
    content = getattr(written, "content", "")
    path = path_in(facts.directory, switch.override)
    remove = None if switch.override_before else RemoveFile(host, path, sha256_hex(content.encode()))
    if any(image not in facts.images for image in switch.former.values()):
        return FormerCode(every, None, None, remove)
    name = override_name(f"{ground.incident}.undo")
    back = replace(
        switch,
        override=name,
        override_before=_present(ground, facts, name),
        target=switch.former,
        target_name=switch.former_name,
        former=switch.target,
        former_name=switch.target_name,
        seen={},
        tags={},
        diff="",
    )
    return FormerCode(every, back, census.services(rest, host) if rest else None, remove)


def _by_hand(ground: CodeGround, choice: Choice) -> CodeSteps:
    """Without images: a person deploys the commit; the plan waits for it, and proves that it runs."""
    git, one = ground.settings.git, choice.chosen
    assert git is not None  # nothing else is chosen by hand
    assert one is not None
    reader = CommitReader.of(git.running, ground.settings.system.host)
    observe = reader.wanting(one.release.commit) if reader is not None else None
    step = AwaitCode(one.release.name, one.release.commit, observe)
    silent = (observe.deadline_s if observe is not None else 0) + 30
    words = (
        f"the code is not switched by this plan: when the names are swapped, deploy {one.release.name} "
        f"({one.release.commit}) without running its migrations, and start nothing else before; going back, stop it "
        "before the undo of the swap, and deploy what ran before after that"
    )
    return CodeSteps(
        start=(planned(step, code="Y4", phase="carry out", needs=("Y3",), about_s=120, silent_s=silent),),
        proof=observe,
        notes=(NoteKind.CODE_BY_HAND.note(words),),
    )
