"""What a record proposes to change of its procedure: a diff that ``patch`` takes, after which it means the same."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tiny_system import FOLLOWED, Tiny, build

from actions.gateways.markdown import read_procedure, read_text
from actions.model.checklist import Phase, State
from actions.model.clock import ManualClock
from actions.model.incident import items
from actions.model.procedure import ListItem, Procedure
from actions.model.procedure_proposal import Change, remarks
from app import procedure_propose
from app.cli import main
from app.procedure_check import BUILT_IN, check
from app.procedure_pinning import KEPT_AS
from app.procedure_propose import Proposal, proposal
from app.session import Session

TODAY = date(2026, 11, 23)
TABLE = """\
# Ours

Owner: us | Updated: 2025-10-02 | Next review: 2026-01-02

## Before the rollback (T+15)

| Done | Code | Check |
|---|---|---|
| [ ] | Q1 | the cause is known |
| [ ] | Q2 | people were told |

## Afterwards (1-2 hours)

1. [ ] it is stable
   across two lines <!-- code: Z1 -->
   - [ ] all of it <!-- code: Z2 -->
2. [ ] report begun <!-- code: Z3 -->"""


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    return one


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def session(tiny: Tiny, clock: ManualClock) -> Iterator[Session]:
    one = tiny.session(clock=clock)
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


def made(session: Session) -> Proposal:
    text = (session.folder() / KEPT_AS).read_bytes().decode()
    return proposal(session.incident, session.journal.events(session.incident.id), text, TODAY)


def patched(tmp_path: Path, document: bytes, diff: str) -> Path:
    """The document after ``patch``, a program of its own."""
    if shutil.which("patch") is None:
        pytest.skip("there is no patch here")
    path = tmp_path / "patched.md"
    path.write_bytes(document)
    (tmp_path / "proposal.diff").write_bytes(diff.encode())
    command = ["patch", "--binary", "--no-backup-if-mismatch", "--fuzz=0", str(path), str(tmp_path / "proposal.diff")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def same_items(one: Procedure, other: Procedure) -> bool:
    def listed(procedure: Procedure) -> list[tuple[object, ...]]:
        return [
            (part.phase, item.code, item.text, item.kind, item.sensor, item.step, item.gate, item.when, item.depth)
            for part in procedure.checklists
            for item in part.items
        ]

    return listed(one) == listed(other)


def test_nothing_is_proposed_where_the_document_was_followed(session: Session) -> None:
    """But for the dates of a review that is overdue."""
    session.close_incident("false alarm", "the network")
    found = made(session)
    assert [one.new[0] for one in found.changes] == [
        "**Last updated:** 23 November 2026",
        "**Next review:** March 2027",
    ]


def test_a_whole_proposal_applies_and_means_the_same(session: Session, clock: ManualClock, tmp_path: Path) -> None:
    """K06: measured times in the headings, a remark under what was gone around, notes for the document, the review."""
    clock.advance(60)
    session.mark("A5", State.NOT_APPLICABLE, "no `users` yet: - [ ] # <!-- gate --> *none*")
    session.note("procedure: ask the *provider* first, within 5 minutes")
    session.note("not for the document")
    clock.advance(60 * 26)
    session.extend(600, "the provider is on the phone")
    session.mark("A1", State.DONE)
    session.mark("C1", State.OVERRIDDEN, "nobody is awake")
    session.close_incident("not recovered", "x")
    session.note("Procedure: a second remark, afterwards")
    found = made(session)
    assert found.left_out == ()
    document = (session.folder() / KEPT_AS).read_bytes()
    assert document == BUILT_IN.read_bytes()
    path = patched(tmp_path, document, found.diff)
    before, after = read_procedure(BUILT_IN), read_procedure(path)
    assert same_items(before, after)
    assert check(str(path), as_json=False) == 0
    text = path.read_text()
    one = session.incident.id
    lines = text.splitlines()
    assert lines[lines.index(next(line for line in lines if "code: A5" in line)) + 1].startswith(
        f"  - {one} (2026-11-22): not applicable: "
    )
    assert f"  - {one} (2026-11-22): overridden: nobody is awake" in lines
    assert "## Before going back (12-27 minutes)" in lines
    assert "### Assessment (5-27 minutes)" in lines
    assert "### Communication (2-5 minutes)" in lines
    assert any(line.startswith(f"Remark ({one}, ops1): ask the ") for line in lines)
    assert f"Remark ({one}, ops1): a second remark, afterwards" in lines
    assert "not for the document" not in text
    assert "**Next review:** March 2027" in lines
    assert after.next_review == "March 2027"
    notes = {item.code: item.notes for part in after.checklists for item in part.items}
    assert "no `users` yet" in " ".join(notes["A5"])
    assert "Before took 27 min, 20 min were planned, 10 min were added" in found.diff


def test_what_is_there_already_is_not_proposed_again(session: Session, tmp_path: Path) -> None:
    """A proposal that was applied leaves nothing to propose of it."""
    session.mark("A5", State.NOT_APPLICABLE, "no users yet")
    session.close_incident("not recovered", "x")
    first = made(session)
    path = patched(tmp_path, (session.folder() / KEPT_AS).read_bytes(), first.diff)
    events = session.journal.events(session.incident.id)
    assert proposal(session.incident, events, path.read_text(), TODAY).changes == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_document_of_somebody_elses_style(tiny: Tiny, tmp_path: Path, end: str) -> None:
    """Tables, numbers, nested items, dates on one line, other line ends, no end of the last line."""
    document = TABLE.replace("\n", end).encode()
    (tiny.folder / "rollback.md").write_bytes(document)
    tiny.add_to_config(FOLLOWED)
    clock = ManualClock()
    session = tiny.session(clock=clock)
    assert session.take_lease()
    session.declare("pages fail")
    codes = [item.code for item in items(session.incident) if item.phase is Phase.BEFORE]
    clock.advance(16 * 60 + 1)
    for code in codes:
        session.mark(code, State.NOT_APPLICABLE, "not here")
    session.close_phase()
    for code in ("Z1", "Z2", "Z3"):
        session.mark(code, State.OVERRIDDEN, "story | of a table")
    clock.advance(3 * 3600)
    session.note("procedure: last of all")
    session.close_incident("not recovered", "x")
    found = made(session)
    path = patched(tmp_path, document, found.diff)
    after = path.read_bytes().decode()
    assert same_items(read_text(TABLE), read_text(after))
    assert ("\r\n" in after) == (end == "\r\n")
    assert after.count("\n") == after.count(end)
    lines = after.split(end)
    assert "Owner: us | Updated: 2026-11-23 | Next review: 2027-02-23" in lines
    assert "## Before the rollback (T+17)" in lines
    assert any(line.startswith("   - INC-") for line in lines)
    assert found.left_out == ()
    session.close()
    session.journal.close()


def test_the_command_writes_a_proposal_and_never_the_document(
    session: Session, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a new file or to the terminal; a file that is there is not overwritten; the document stays as it is."""
    monkeypatch.chdir(tmp_path)
    session.mark("A5", State.NOT_APPLICABLE, "no users yet")
    session.close_incident("not recovered", "x")
    one, store = session.incident.id, str(tiny.store)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["procedure", "propose", "--store", store, one, *words])
        out, err = capsys.readouterr()
        return int(str(end.value.code)), out, err

    before = BUILT_IN.read_bytes()
    status, out, _ = run()
    assert status == 0
    assert "\n--- a/rollback.md\n+++ b/rollback.md\n" in out
    assert run("--to", "p.diff")[0] == 0
    assert (tmp_path / "p.diff").read_text() == out
    status, _, err = run("--to", "p.diff")
    assert (status, "is there already" in err) == (2, True)
    assert (run("--to", "nowhere/p.diff")[0], BUILT_IN.read_bytes()) == (2, before)


def test_what_would_change_the_meaning_is_left_out_and_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change is tried: one that would make another item, or take one away, is not proposed; the others are."""
    session.mark("A5", State.NOT_APPLICABLE, "no users yet")
    session.close_incident("not recovered", "x")
    (line,) = [item.line for item in items_of_document(session) if item.code == "A5"]
    bad = (
        Change(line, ("- [ ] an item more",), "one more", after=True),
        Change(line, ("nothing stands here any more",), "one less"),
    )
    monkeypatch.setattr(procedure_propose, "remarks", lambda *given: (bad[0], *remarks(*given), bad[1]))
    found = made(session)
    assert [text.split("(")[1].split(")")[0] for text in found.left_out] == ["one more", "one less"]
    assert any("no users yet" in one.new[0] for one in found.changes)
    assert "an item more" not in found.diff


def items_of_document(session: Session) -> list[ListItem]:
    """All items of the document that is followed."""
    assert session.incident.procedure is not None
    return [item for part in session.incident.procedure.checklists for item in part.items]
