"""Draws the way back by Coolify: keep what is lost, freeze auto-deploy, make room, deploy the version once, prove it.

Every value is read here, once; the steps carry them. Which request fits is decided in ``coolify_way``.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import TypedDict

from actions.model.clock import parse_stamp, stamp
from actions.model.coolify import HEAD, Deployment, shown
from actions.model.coolify_way import IMAGE_PACK, Choice, CoolifyWay, choose
from actions.model.effect_coolify import CollectCoolify, CoolifyCall, ObserveDeployed, QueueDeployment, SetApplication
from actions.model.errors import Refused
from actions.model.naming import first_of
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import World
from actions.model.quick_dataclass import replace
from actions.model.release import Release
from actions.model.system import Settings
from actions.model.system_coolify import CoolifyTable
from actions.steps.configured_probes import configured_probes
from actions.steps.coolify_cancel import CancelStuck
from actions.steps.coolify_deploy import DeployByCoolify
from actions.steps.coolify_environment import SetEnvironment
from actions.steps.coolify_keep import keep_more
from actions.steps.coolify_notes import at_work, notes
from actions.steps.coolify_releases import CoolifySurvey, survey
from actions.steps.coolify_restore import restoring
from actions.steps.coolify_set import SetField
from actions.steps.evidence import KeepEvidence, private_words
from actions.steps.git_running import CommitReader
from actions.steps.perform_coolify import coolify_of, owed_straight
from actions.steps.planned import planned
from actions.steps.prove import ProveBack
from actions.steps.schema_notes import gate

CHOOSE = "choose another release"
COMMIT, BRANCH = "git_commit_sha", "git_branch"
THAW, UNPIN = "Z1", "Z2"
"""Codes of the steps that straighten things in the end; A to V are those of the procedure's own items."""
PIN = "X3-pin"
"""Code under which a pin is owed. Not X3: the deployment itself is part of going back, and its pin is not."""
SILENT_S = 300
"""A build says nothing for minutes; after these seconds the step is flagged as silent."""
FREEZE_DUE = timedelta(days=1)
PIN_DUE = timedelta(days=3)


def draw(settings: Settings, release: Release, world: World, incident: str = "") -> Plan:
    """The plan for going back to ``release``. Reads only; raises Refused with the reason when there is no way."""
    table = table_of(settings)
    seen = survey(table, world)
    version = release.commit
    if not version:
        raise Refused(f"{release.name} has no version that Coolify knows", "", CHOOSE, code="target-no-commit")
    if seen.running.observed and seen.running.version == version:
        raise Refused(f"{release.name} runs already", version, CHOOSE, code="target-runs")
    server_version = coolify_of(world).version()
    try:
        choice = choose(server_version, seen.application, seen.images, version)
    except ValueError as error:
        raise Refused(f"Coolify cannot go back to {release.name}", str(error), CHOOSE, code="target-no-way") from error
    schema = gate(settings, world, release, "B3")
    steps = _steps(settings, table, release, seen, choice, world)
    at = next(at for at, step in enumerate(steps) if step.phase == "carry out")
    environment = restoring(settings, table, release, world, needs=("B1",))
    return Plan(
        option="coolify",
        system=settings.system.name,
        target=release,
        running=seen.running.version,
        drawn={"time": stamp(world.clock.now()), "newest deployment": str(seen.newest), "way": choice.way.value},
        steps=(*steps[:at], *schema.steps, *environment.steps, *steps[at:]),
        notes=(*schema.notes, *notes(table, seen, choice, world), *environment.notes, *seen.notes),
        facts={
            "coolify": f"{table.url} {server_version.text}",
            "application": f"{seen.application.name} ({seen.application.build_pack})",
            "why so": choice.why,
            **schema.facts,
        },
    )


def table_of(settings: Settings) -> CoolifyTable:
    """``[coolify]`` with a token that acts. Raises Refused when there is none."""
    if settings.coolify is None:
        raise Refused("Coolify is not configured", "", "add a [coolify] table to the configuration")
    if not settings.coolify.act_token:
        raise Refused(
            "nothing can be deployed by Coolify",
            "coolify.act_token is not configured",
            'set it to "${env:NAME}" of a token that may deploy',
        )
    return settings.coolify


def _steps(
    settings: Settings, table: CoolifyTable, release: Release, seen: CoolifySurvey, choice: Choice, world: World
) -> list[PlannedStep]:
    before = [planned(evidence(table, world), code="B1", phase="before", gate=True, about_s=5)]
    needs: tuple[str, ...] = ("B1",)
    version = release.commit
    carry: list[PlannedStep] = []
    after: list[PlannedStep] = []
    if table.freeze and seen.application.auto_deploy is not None:
        frozen = _frozen(table, seen, world)
        if seen.application.auto_deploy:
            carry.append(planned(frozen, code="X1", phase="carry out", needs=needs, about_s=2))
            needs = (*needs, "X1")
        # Also where it is off already: an earlier plan of this incident may have switched it off and owe it.
        thawed = _thawed(frozen, newer(settings, seen, world, version))
        # Nobody asks for these while the incident is flown: a newer version must be there first. Later they are NEXT.
        after.append(replace(planned(thawed, code=THAW, phase="after", optional=True, about_s=2), pays="X1"))
    stuck = at_work(seen)
    if stuck:
        cancelled = cancel(table, stuck)
        carry.append(planned(cancelled, code="X2", phase="carry out", needs=needs, about_s=5 * len(stuck)))
        needs = (*needs, "X2")
    deploy = _deploy(table, release, seen, choice, world)
    if deploy.pin is not None:
        unpinned = _unpinned(deploy.pin, world, newer(settings, seen, world, version))
        deploy = dataclasses.replace(deploy, owed_undo=f"u on X3, or {UNPIN} {unpinned.title()}")
        after.append(replace(planned(unpinned, code=UNPIN, phase="after", optional=True, about_s=2), pays=PIN))
    kept = keep_more(table, seen, version, world)
    if kept is not None:
        before.append(kept[0])
        after.append(kept[1])
    proof = proof_of(settings, table, seen, release.name, version)
    carry += [
        # A deployment starts with the environment that stands there, and so does its undo.
        replace(
            planned(deploy, code="X3", phase="carry out", needs=needs, about_s=120, silent_s=SILENT_S),
            takes=(SetEnvironment.step_id,),
        ),
        planned(
            proof,
            code="X4",
            phase="carry out",
            needs=("X3",),
            proves=True,
            about_s=5 + max(5, settings.prove.seconds * len(proof.probes)),
        ),
    ]
    return [*before, *carry, *after]


def cancel(table: CoolifyTable, stuck: tuple[Deployment, ...]) -> CancelStuck:
    """The step that makes room."""
    told = [f"{shown(row.image_tag or row.commit) or row.uuid} {row.state.value}" for row in stuck]
    since = f", since {stuck[-1].created[11:16]}Z" if stuck[-1].created else ""
    return CancelStuck(table.url, tuple(row.uuid for row in stuck), f"{first_of(told, 2)}{since}")


def evidence(table: CoolifyTable, world: World) -> KeepEvidence:
    """What Coolify knows now and would not tell later."""

    def read(what: str, path: str, name: str, *, private: bool = False, **query: str) -> CollectCoolify:
        call = CoolifyCall(table.url, "GET", path.replace("{uuid}", table.application), query=query, acts=False)
        return CollectCoolify(call, what, name, private, world.evidence.encrypts_to if private else ())

    items = (
        read("environment", "/applications/{uuid}/envs", "coolify-environment.json", private=True),
        read("application", "/applications/{uuid}", "coolify-application.json"),
        read("deployments", "/deployments/applications/{uuid}", "coolify-deployments.json", skip="0", take="50"),
        read("log", "/applications/{uuid}/logs", "coolify-application.log", lines="10000", show_timestamps="true"),
    )
    return KeepEvidence(
        title_text="Keep what Coolify knows: environment, settings, deployments, log",
        expected_text=f"{len(items)} readings kept; {private_words(world.evidence.encrypts_to)}",
        collects=items,
    )


def pin_due(world: World) -> str:
    """Until when a pin should be gone: a stamp."""
    return _due(world, PIN_DUE)


def _due(world: World, after: timedelta) -> str:
    return stamp(parse_stamp(stamp(world.clock.now())) + after)


def _frozen(table: CoolifyTable, seen: CoolifySurvey, world: World) -> SetField:
    return SetField(
        base=table.url,
        application=table.application,
        key="is_auto_deploy_enabled",
        before=json.dumps(seen.application.auto_deploy),
        after="false",
        title_text="Freeze auto-deploy: no push deploys the bad version again",
        debt=f"auto-deploy of {seen.application.name} is off",
        code="X1",
        due=_due(world, FREEZE_DUE),
    )


def _thawed(frozen: SetField, once: Newer) -> SetField:
    return dataclasses.replace(
        frozen,
        before=frozen.after,
        after="true",
        title_text="Switch auto-deploy on again, once a newer version than the bad one is there",
        debt="",
        due="",
        **once,
    )


class Newer(TypedDict, total=False):
    """Fields of ``SetField``."""

    newer_than: str
    also_bad: tuple[str, ...]
    branch: str
    remote: str


def newer(settings: Settings, seen: CoolifySurvey, world: World, target: str) -> Newer:
    """For steps that let deployments go on by themselves: only once the branch ends with another version.

    What earlier plans of the incident went back from is no better, unless it is what this one goes to.
    """
    running = seen.running.version
    if not running:
        return {}
    # Where one of ours is deployed from, the branch that it is put back on counts.
    branch = str(json.loads(owed_straight(world, BRANCH, json.dumps(seen.application.git_branch))) or "")
    told = settings.git is not None and seen.application.build_pack != IMAGE_PACK and branch
    remote = settings.git.remote if settings.git is not None and told else ""
    bad = world.earlier.bad if world.earlier is not None else ()
    others = tuple(one for one in bad if one not in (running, target))
    return {"newer_than": running, "also_bad": others, "branch": branch, "remote": remote}


def _pin(table: CoolifyTable, choice: Choice, version: str) -> SetApplication | None:
    before, after = json.dumps(choice.pin_before), json.dumps(version)
    if not choice.pin_key:
        return None
    call = CoolifyCall(table.url, "PATCH", f"/applications/{table.application}", {choice.pin_key: version})
    return SetApplication(call, table.application, choice.pin_key, before, after)


def _unpinned(pin: SetApplication, world: World, once: Newer) -> SetField:
    after = _straight(pin, world)
    return SetField(
        base=pin.call.base,
        application=pin.application,
        key=pin.key,
        before=pin.after,
        after=after,
        title_text=f"Un-pin: {pin.key} becomes {json.loads(after)} again",
        code=PIN,
        **once,
    )


def _straight(pin: SetApplication, world: World) -> str:
    # A commit that is pinned already, and owed by no plan of this incident, was most likely pinned in an earlier one:
    # nobody else remembers what stood there before, and what a branch is for is told by its newest commit.
    return owed_straight(world, pin.key, json.dumps(HEAD) if pin.key == COMMIT else pin.before)


def _deploy(
    table: CoolifyTable, release: Release, seen: CoolifySurvey, choice: Choice, world: World
) -> DeployByCoolify:
    former = seen.running.version
    pin = _pin(table, choice, release.commit)
    return DeployByCoolify(
        queue=_queue(table, choice, release.commit, seen.newest),
        target=release.name,
        back=_queue(table, choice, former, -1) if former else None,
        pin=pin,
        straight=_straight(pin, world) if pin is not None else "",
        code=PIN,
        due=pin_due(world),
    )


def _queue(table: CoolifyTable, choice: Choice, version: str, newest: int) -> QueueDeployment:
    if choice.way is CoolifyWay.ROLLBACK:
        call = CoolifyCall(table.url, "POST", f"/applications/{table.application}/rollback", {"commit": version})
    else:
        # What is configured is deployed: it is pinned first.
        call = CoolifyCall(table.url, "POST", "/deploy", {"uuid": table.application, "force": False})
    pulled = choice.way is CoolifyWay.PIN_TAG
    return QueueDeployment(call, table.application, version, newest, table.poll, pulled)


def proof_of(settings: Settings, table: CoolifyTable, seen: CoolifySurvey, target: str, version: str) -> ProveBack:
    """The engine and the application itself are asked, as configured; then the probes."""
    deadline = max((probe.deadline for probe in settings.own_probes), default=120)
    asked = ObserveDeployed(
        settings.system.host, table.application, version, deadline, image=seen.application.image_name
    )
    reader = CommitReader.of(table.running, settings.system.host)
    return ProveBack(
        target=target,
        commit=reader.wanting(version) if reader is not None else None,
        deployed=asked if table.containers else None,
        probes=configured_probes(settings),
    )
