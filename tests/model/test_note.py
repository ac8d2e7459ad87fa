"""Notes in records: typed ones survive the way, and plans from before notes had codes keep text and hash."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from actions.model import events as ev
from actions.model.codec import from_json
from actions.model.errors import RecordDamaged
from actions.model.fold import fold
from actions.model.note import Level, Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan

OLD = json.loads(
    '{"drawn":{"time":"20261122T100000Z"},"facts":{"remote":"origin"},"notes":["1 file differs from what runs",'
    '"the branch stays on origin"],"option":"git","running":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",'
    '"steps":[{"about_s":10,"code":"X1","effects":[{"argv":["docker","logs","web"],"cwd":"","host":"local",'
    '"kind":"collect","limit_bytes":0,"merge_stderr":true,"name":"web.log","private":false},{"host":"local",'
    '"kind":"collect-file","limit_bytes":268435456,"name":"app.env","path":"/srv/app.env","private":true},'
    '{"argv":["true"],"cwd":"","env":{},"host":"local","kind":"command","ok":[0],"timeout_s":0}],'
    '"expected":"it runs","gate":false,"leaves":"","needs":[],"optional":false,'
    '"params":{"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"phase":"carry out","proves":false,'
    '"risk":"reversible","silent_s":60,"step":"git.deploy","title":"deploy","undo":[]}],"system":"obcms",'
    '"target":{"author":"","bad":"","commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","created":"","digests":{},'
    '"ended":"","images":{},"live_since":"","live_until":"","name":"v1","note":"","source":"","subject":"",'
    '"way_back":"unknown"}}'
)
"""A plan as it was recorded before notes had codes, and its hash then."""
OLD_DIGEST = "90779adc669edc7cefff298759952bc7859eca7290b561693b521d9a5b9ed584"


def plan(*notes: Note) -> Plan:
    return replace(Plan.from_json(OLD), notes=notes)


def drawn(data: dict[str, Any], digest: str) -> ev.Event:
    body = ev.PlanDrawn(digest, data)
    at = "2026-11-22T10:00:00Z"
    return ev.Event("INC-1", 1, at, 0, "boot", "ops1", ev.body_kind(body), ev.body_data(body), ev.GENESIS, "0" * 64)


def test_an_old_plan_is_read_and_its_hash_verifies() -> None:
    """The record tells the truth: what was approved under a hash is under that hash for ever."""
    old = Plan.from_json(OLD)
    assert [str(note) for note in old.notes] == ["1 file differs from what runs", "the branch stays on origin"]
    assert {(note.code, note.level) for note in old.notes} == {("", Level.INFO)}
    assert old.digest == OLD_DIGEST
    assert old.to_json() == OLD


def test_an_incident_with_an_old_plan_goes_on() -> None:
    """Nothing is lost: an incident begun with an older version is folded, and its plan is what it was."""
    incident = fold("INC-1", [drawn(OLD, OLD_DIGEST)])
    assert incident.plan is not None
    assert incident.plan.digest == incident.plan_digest == OLD_DIGEST


def test_notes_with_codes_survive_the_journal() -> None:
    """R05: in a record a note is its code, its level and its text; read again, it is the same, and so is the hash."""
    now = plan(NoteKind.NO_UNDO.note("no undo"), NoteKind.BRANCH_STAYS.note("a branch stays"))
    data = json.loads(json.dumps(now.to_json()))
    assert data["notes"] == [
        {"code": "no-undo", "level": "warning", "text": "no undo"},
        {"code": "branch-stays", "level": "info", "text": "a branch stays"},
    ]
    assert Plan.from_json(data) == now
    assert Plan.from_json(data).digest == now.digest


def test_a_note_is_part_of_what_is_approved() -> None:
    """What was shown is what is signed: another code, level or text is another plan."""
    one = Note("no-undo", "text", Level.WARNING)
    others = (
        replace(one, code="nothing-runs"),
        replace(one, text="other"),
        replace(one, level=Level.INFO),
        Note("", "text"),
    )
    assert len({plan(note).digest for note in (one, *others)}) == 5


def test_a_code_of_a_newer_version_is_kept() -> None:
    """A record of a newer version is read as far as it can be understood, and its plan's hash is the same."""
    data = {**OLD, "notes": [{"code": "later", "level": "warning", "text": "t"}]}
    assert Plan.from_json(data).notes == (Note("later", "t", Level.WARNING),)
    assert Plan.from_json(data).to_json() == data


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([{"code": "x", "level": "fatal", "text": "t"}], r"plan\.notes\[0\]\.level: 'fatal' is none of info, warning"),
        (["fine", {"code": "x", "level": "info"}], r"plan\.notes\[1\]\.text: is missing"),
        ([{"code": "", "level": "info", "text": "t"}], "code is empty"),
        ([3], r"plan\.notes\[0\]: a table is needed"),
        ("text", r"plan\.notes: a list is needed"),
    ],
)
def test_a_note_that_does_not_fit_is_named(notes: Any, words: str) -> None:
    """A damaged plan is no crash: it is named, and the record is said to be damaged."""
    with pytest.raises(ValueError, match=words):
        Plan.from_json({**OLD, "notes": notes})
    with pytest.raises(RecordDamaged):
        fold("INC-1", [drawn({**OLD, "notes": notes}, OLD_DIGEST)])


def test_a_warning_has_a_code() -> None:
    """A note without a code is written as its bare text: a level could not come back."""
    with pytest.raises(ValueError, match="no level"):
        Note("", "text", Level.WARNING)
    with pytest.raises(ValueError, match="no level"):
        from_json(Note, {"code": "", "text": "t", "level": "warning"})


def test_a_plain_line_says_what_is_a_warning() -> None:
    """In word, not in colour alone; an ordinary note is its text."""
    assert NoteKind.NO_UNDO.note("gone").words() == "! warning: gone"
    assert NoteKind.BRANCH_STAYS.note("stays").words() == "stays"
