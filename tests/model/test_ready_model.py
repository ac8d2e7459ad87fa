"""What follows from the findings of `goaround ready`: the verdict, what has changed, the lamp, the prune horizon."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fake_coolify import FakeCoolify

from actions.gateways.coolify import HttpCoolify
from actions.model.clock import parse_stamp
from actions.model.coolify import PrunePolicy, RollbackImage, RollbackImages
from actions.model.migrations import SchemaVerdict
from actions.model.migrations import Verdict as Schema
from actions.model.prune_horizon import horizon
from actions.model.ready import (
    ReadyLevel,
    ReadyReport,
    TargetState,
    Verdict,
    changes,
    lamp,
    ordered,
    parachute,
    report_of,
)
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release
from actions.steps.ready_schema import schema_finding

AT = "2026-11-22T10:00:00.000000Z"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
GONE = ReadyKind.TARGET_GONE.finding("v1 is not there", "compose")
OLD = ReadyKind.BACKUP_OLD.finding("3 d old", "backups")
HUNG = ReadyKind.CHECK_TIMED_OUT.finding("no end", "schema")
LOCAL = ReadyKind.TARGET_LOCAL.finding("here alone", "compose")


def report(*findings: object) -> ReadyReport:
    return ReadyReport("obcms", AT, "ops@jump", findings, checks={"host": "ok"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("findings", "verdict", "line"),
    [
        ((), Verdict.READY, "READY: a rollback would work right now"),
        ((LOCAL,), Verdict.READY, "READY: a rollback would work right now"),
        ((OLD, LOCAL), Verdict.READY, "READY: 1 warning"),
        ((HUNG, OLD), Verdict.UNKNOWN, "UNKNOWN: 1 unknown, 1 warning"),
        ((GONE, HUNG, replace(GONE, about="git")), Verdict.NOT_READY, "NOT READY: 2 errors, 1 unknown"),
    ],
)
def test_the_verdict(findings: tuple[object, ...], verdict: Verdict, line: str) -> None:
    """One error and it is not ready, whatever else could not be learnt; what is not known is never ready."""
    found = report(*findings)
    assert (found.verdict, found.line()) == (verdict, line)
    assert replace(found, findings=(), checks={}).verdict is Verdict.UNKNOWN


def test_it_survives_its_file() -> None:
    """As JSON and back it is the same; anything else is refused, never half understood."""
    target = TargetState("compose", "v1", "sha256:ab", proposed=True, there=True, schema="SAFE")
    full = replace(report(GONE, HUNG, OLD), targets=(target,), facts={"docker": "29"}, seconds=3)
    data = json.loads(json.dumps(full.to_json()))
    assert report_of(data) == full
    others: list[object] = [{}, [], None, {**data, "version": 2}, {**data, "findings": [{}]}, {**data, "at": "x"}]
    for broken in others:
        with pytest.raises(ValueError, match=r"."):
            report_of(broken)


def test_the_worst_stands_first_and_once() -> None:
    """Errors, what is not known, warnings, the rest."""
    assert ordered((LOCAL, OLD, HUNG, GONE, GONE)) == (GONE, HUNG, OLD, LOCAL)


def test_only_what_is_different_is_a_change() -> None:
    """An age that grows is none; a finding that comes or goes is, and so is the verdict."""
    assert not changes(report(OLD), report(replace(OLD, text="4 d old"), LOCAL))
    found = changes(report(OLD), report(GONE))
    assert ([one.code for one in found.new], [one.code for one in found.over]) == (["target-gone"], ["backup-old"])
    assert found.verdict


def test_the_lamp_knows_its_age() -> None:
    """Fresh: as it was found. A day old, from the future, or not known: never READY, never NOT READY."""
    now = parse_stamp(AT).timestamp()
    assert lamp(report(GONE), now + 60).word == "NOT READY 1"
    assert parachute(lamp(report(GONE), now + 60)) == "PARACHUTE NOT PACKED: not ready 1, 1 min ago"
    assert parachute(lamp(report(OLD), now)) == "parachute packed, 0 s ago"
    for found in (lamp(report(), now + 90_000), lamp(report(), now - 3600), lamp(report(HUNG), now), lamp(None, now)):
        assert (found.word, found.packed, parachute(found)) == ("READY?", False, "parachute: not known")


def test_every_kind_is_whole() -> None:
    """A code of its own in words with dashes, a meaning, and one next move, each in one line."""
    codes = [kind.code for kind in ReadyKind]
    assert len(set(codes)) == len(codes)
    for kind in ReadyKind:
        assert kind.code == kind.name.lower().replace("_", "-")
        assert kind.meaning.endswith(".")
        assert kind.next_move
        assert "|" not in kind.meaning + kind.next_move
        assert kind.finding("x").level is kind.level


@pytest.mark.parametrize(
    ("verdict", "code", "level"),
    [
        (Schema.REVERSE_FIRST, "schema-reverse-first", ReadyLevel.WARNING),
        (Schema.IRREVERSIBLE, "schema-irreversible", ReadyLevel.ERROR),
        (Schema.UNKNOWN, "schema-unknown", ReadyLevel.WARNING),
    ],
)
def test_the_schema(verdict: Schema, code: str, level: ReadyLevel) -> None:
    """SAFE says nothing; what cannot be taken back is no way back by the code alone."""
    found = schema_finding(SchemaVerdict(verdict, "because"), "compose", Release("v1"))
    assert found is not None
    assert (found.code, found.level) == (code, level)
    assert schema_finding(SchemaVerdict(Schema.SAFE, ""), "compose", Release("v1")) is None


def images(*tags: str, current: str = "new") -> RollbackImages:
    """The newest first."""
    rows = [RollbackImage(tag, f"2026-11-{22 - at:02}T00:00:00Z", tag == current) for at, tag in enumerate(tags)]
    return RollbackImages(True, current, tuple(rows))


def test_the_horizon_in_words() -> None:
    """When, how many are kept, and what becomes of the target."""
    policy = PrunePolicy("0 0 * * *", force=True, zone="UTC")
    there = images("new", "a", "b", "c")
    at = horizon(there, "c", 2, policy, NOW)
    assert (at.takes_it, at.place, at.wanted()) == (True, 2, 5)
    assert at.words() == ("a prune would take it; Coolify cleans up at 00:00Z daily (next 2026-11-23 00:00Z), keeps 2")
    assert horizon(there, "b", 2, policy, NOW).words().startswith("kept until the next deployment; ")
    assert horizon(there, "a", 2, policy, NOW).words().startswith("kept for 1 more deployment; ")
    assert not horizon(there, "gone", 2, policy, NOW).takes_it
    none = horizon(there, "a", 9, replace(policy, retains=False), NOW)
    assert none.takes_it
    assert none.words().endswith("keeps none (retention is switched off on the server)")


def test_the_horizon_is_what_a_clean_up_then_does() -> None:
    """Foretold for each image by its place; then the server cleans up, and exactly those are gone."""
    codes = [letter * 40 for letter in "abcdef"]
    for keep in (0, 1, 2, 4, 9):
        with FakeCoolify() as coolify:
            app = coolify.add_app()
            app.settings["docker_images_to_keep"] = keep
            for days, code in zip(range(9, 3, -1), codes, strict=True):
                coolify.has_deployed(app, code, days=days)
            asked = HttpCoolify(coolify.table(app, server=coolify.server.uuid), coolify.resolve, str)
            there = asked.rollback_images()
            kept = asked.application().images_to_keep
            policy, running = asked.prune_policy(), coolify.runs(app)
            taken = {tag for tag in codes if horizon(there, tag, kept, policy, NOW, running).takes_it}
            coolify.core.clean_up(coolify.server)
            left = {image.tag for image in asked.rollback_images().images}
            assert set(codes) - left == taken, keep


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Berlin", "Coolify cleans up at 00:00 Europe/Berlin daily (next 2026-11-22 23:00Z), keeps 2"),
        ("Etc/UTC", "Coolify cleans up at 00:00Z daily (next 2026-11-23 00:00Z), keeps 2"),
        ("", "daily (next 2026-11-23 00:00Z; read as UTC: its time zone is not told), keeps 2"),
        ("Mars/Olympus", "read as UTC: the time zone Mars/Olympus is not known on this machine), keeps 2"),
        ("../../etc/passwd", "is not known on this machine), keeps 2"),
    ],
)
def test_the_horizon_by_the_clock_of_the_server(zone: str, words: str) -> None:
    """Its time zone where it is told and known; else that it is read as UTC."""
    policy = PrunePolicy("0 0 * * *", force=True, zone=zone)
    at = horizon(images("new", "a"), "a", 2, policy, NOW)
    assert words in at.words()
    assert at.known
