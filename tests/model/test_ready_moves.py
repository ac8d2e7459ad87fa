"""The next move of a finding inside an incident: it exists as things stand, or it is by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_incident import Evening

from actions.model.blocking import blocked_reason
from actions.model.incident import Incident
from actions.model.plan import Plan, PlannedStep
from actions.model.ready import Finding, ReadyReport, TargetState
from actions.model.ready_kinds import ReadyKind
from actions.model.ready_moves import Standing, next_move, protected_first, protecting
from actions.model.release import Release
from actions.model.step import Risk

AT = "2026-11-22T10:00:00.000000Z"
COMMIT = "a" * 40
NEAR = ReadyKind.PRUNE_NEAR.finding("v1: soon", "coolify", "let Coolify keep 3 images: PATCH x", "coolify.set")
TAG = ReadyKind.TARGET_UNPROTECTED.finding("v1: exposed", "compose", "here: docker image tag a b", "compose.protect")
OFF = ReadyKind.PRUNE_TAKES_IT.finding("v1: off", "coolify", "switch it on again")
TARGETS = (
    TargetState("coolify", "v1", COMMIT, proposed=True),
    TargetState("compose", "v1", "sha256:1", proposed=True),
)
REPORT = ReadyReport("obcms", AT, "ops@jump", (NEAR, TAG), TARGETS, checks={"host": "ok"})
DECLARED = Evening().taken().incident
FRESH = Incident("")


def step(code: str, name: str, risk: Risk, **more: object) -> PlannedStep:
    fields = {"title": "Protect the target", "expected": "", "effects": (), "undo": (), "params": {}}
    return PlannedStep(code=code, phase="before", step=name, risk=risk, **{**fields, **more})  # type: ignore[arg-type]


KEEPS = step("B2", "coolify.set", Risk.REVERSIBLE, params={"key": "docker_images_to_keep"}, optional=True)
BACK = replace(KEEPS, code="Z3", phase="after", pays="B2", optional=False)
FREEZE = step("X1", "coolify.set", Risk.REVERSIBLE, params={"key": "is_auto_deploy_enabled"})


def plan(option: str, commit: str, *steps: PlannedStep) -> Plan:
    return Plan(option, "obcms", Release("v1" if commit == COMMIT else "v0", commit), "b" * 40, {}, steps)


def standing(incident: Incident = DECLARED, **more: object) -> Standing:
    given = {"driver": True, "observes": False, "option": "coolify", "report": REPORT, **more}
    return Standing(incident, **given)  # type: ignore[arg-type]


def flown(one: Plan | None) -> Incident:
    return replace(DECLARED, plan=one)


BY_HAND = "by hand, not on record, let Coolify keep 3 images: PATCH x"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (standing(FRESH), f"a step of the plan protects it, once an incident is declared; {BY_HAND}"),
        (standing(flown(None), driver=False, flier="ops2"), f"protecting is for who flies (ops2); {BY_HAND}"),
        (standing(flown(None), observes=True), f"protecting is for who flies; {BY_HAND}"),
        (standing(flown(None)), f"p draws the plan to v1, which has a step for it; {BY_HAND}"),
        (standing(flown(None), plain=True), f"t, choose v1: its plan has a step for it; {BY_HAND}"),
        (standing(flown(None), option="git"), f"W, choose coolify, then p here: its plan has a step for it; {BY_HAND}"),
        (
            standing(flown(None), option="git", plain=True),
            f"option coolify, then t: its plan has a step for it; {BY_HAND}",
        ),
        (
            standing(flown(plan("coolify", COMMIT, FREEZE))),
            f"the plan drawn (coolify to v1) has no step for it; {BY_HAND}",
        ),
        (standing(flown(plan("git", COMMIT, FREEZE))), f"the plan drawn (git to v1) has no step for it; {BY_HAND}"),
        (
            standing(flown(plan("coolify", "c" * 40, KEEPS, BACK))),
            f"the plan drawn is for v0, and protects that; {BY_HAND}",
        ),
        (standing(flown(plan("coolify", COMMIT, KEEPS, BACK))), "p goes to B2 Protect the target"),
        (standing(flown(plan("coolify", COMMIT, KEEPS, BACK)), plain=True), "B2, then Enter: Protect the target"),
        (
            standing(flown(plan("coolify", COMMIT, KEEPS, BACK)), driver=False, flier="ops2"),
            f"protecting is for who flies (ops2); {BY_HAND}",
        ),
    ],
)
def test_only_a_move_that_exists(now: Standing, words: str) -> None:
    """Drawn or not, by this way back or another, flying or looking; what is by hand is said to be off the record."""
    assert next_move(NEAR, now) == words


def test_what_no_step_mends_is_by_hand_always() -> None:
    """Retention that is switched off on the server: no key of ours helps, and none is named."""
    assert next_move(OFF, standing(flown(plan("coolify", COMMIT, KEEPS, BACK)))) == "switch it on again"
    assert next_move(OFF, standing(FRESH)) == "switch it on again"


def test_the_step_that_keeps_the_target_needs_no_decision() -> None:
    """A clean-up does not wait for one: what is owed and taken back may be done before, freezing may not."""
    one = plan("coolify", COMMIT, KEEPS, BACK, FREEZE)
    assert one.keeps_way(KEEPS)
    assert not one.keeps_way(FREEZE)
    assert not plan("coolify", COMMIT, KEEPS).keeps_way(KEEPS)  # nobody would take it back
    undecided = replace(flown(one), decision=None)
    assert blocked_reason(undecided, "B2") is None
    assert blocked_reason(undecided, "X1") == "the decision to roll back is not recorded (D1)"
    assert blocked_reason(undecided, "B2", driver=False) == "you observe; ops1 flies"


def test_which_way_back_the_key_is_for() -> None:
    """The one in use where it needs it, else the first that does."""
    assert protected_first(REPORT, "compose") == "compose"
    assert protected_first(REPORT, "git") == "coolify"
    assert protected_first(replace(REPORT, findings=()), "git") == "git"
    assert protecting(plan("coolify", COMMIT, FREEZE, KEEPS, BACK)) is KEEPS
    assert protecting(plan("coolify", COMMIT, FREEZE, BACK)) is None


def test_the_step_survives_the_file() -> None:
    """An answer of an older version has none."""
    from actions.model.ready import report_of

    data = REPORT.to_json()
    assert report_of(data) == REPORT
    for one in data["findings"]:
        del one["step"]
    assert [one.step for one in report_of(data).findings] == ["", ""]
    assert isinstance(report_of(data).findings[0], Finding)
