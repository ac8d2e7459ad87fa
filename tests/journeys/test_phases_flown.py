"""The document flown: it is pinned, its phases end in a line, time boxes and authority run on a clock, gates hold."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_system import Tiny, build, decided, drawn, refused

from actions.model.blocking import Move, blocked_reason, next_move
from actions.model.checklist import Kind, Phase, State
from actions.model.clock import ManualClock
from actions.model.errors import GoaroundError
from actions.model.incident import items, state_of
from actions.model.record_text import markdown
from app.procedure_pinning import KEPT_AS
from app.session import Session
from widgets.incident_bar import bar_facts, bar_row
from widgets.painted import row_text


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """The tiny system under the built-in procedure."""
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
    yield one
    one.close()
    one.journal.close()


def pass_by(clock: ManualClock, seconds: int) -> None:
    """Both clocks move."""
    clock.advance(seconds)


def bar(session: Session) -> str:
    """The line on top, as wide as it likes."""
    facts = bar_facts(
        session.incident,
        now=session.clock.now(),
        elapsed_ms=session.elapsed_ms(),
        me="ops1",
        driver=True,
        authority=session.authority_rules(),
    )
    return row_text(bar_row(facts, 400))


def manual(session: Session, phase: Phase) -> list[str]:
    """Codes of what people do in this phase."""
    return [item.code for item in items(session.incident) if item.phase is phase and item.kind is Kind.MANUAL]


def test_the_document_is_pinned_and_a_later_change_of_it_changes_nothing(tiny: Tiny, clock: ManualClock) -> None:
    """What is flown is what was declared, and the bytes of the document are kept beside the record."""
    document = tiny.folder / "runbook.md"
    text = "# Our way back\n\n## Before (5 minutes)\n\n- [ ] look\n- [ ] tell\n\n## Carry out\n\n- [ ] do it\n"
    document.write_text(text)
    tiny.add_to_config('\n[procedure]\nfile = "runbook.md"\n')
    session = tiny.session(clock=clock)
    decided(session)
    document.write_text("# Another\n\n- [ ] something else\n")
    again = tiny.session(clock=clock)
    assert again.incident.procedure is not None
    assert again.incident.procedure.title == "Our way back"
    assert [item.text for item in items(again.incident)] == ["look", "tell", "do it"]
    assert (again.folder() / KEPT_AS).read_text() == text
    assert (again.folder() / KEPT_AS).stat().st_mode & 0o777 == 0o600


def test_a_document_that_cannot_be_flown_declares_nothing(tiny: Tiny, clock: ManualClock) -> None:
    """One line says what is wrong and how to look at it; no incident is half open."""
    (tiny.folder / "runbook.md").write_text("nothing to do here\n")
    tiny.add_to_config('\n[procedure]\nfile = "runbook.md"\n')
    session = tiny.session(clock=clock)
    assert session.take_lease()
    with pytest.raises(GoaroundError, match="cannot be flown") as caught:
        session.declare("broken")
    assert "procedure check" in caught.value.line()
    assert session.journal.open_incident("tiny") is None
    (tiny.folder / "runbook.md").unlink()
    with pytest.raises(GoaroundError, match=r"runbook\.md does not exist"):
        session.declare("broken")


def test_before_ends_in_a_line_that_is_said_aloud(tiny: Tiny, session: Session) -> None:
    """Everything settled, one overridden, one left for later which comes back: then the line, once."""
    drawn(session, tiny)
    todo = manual(session, Phase.BEFORE)
    for code in todo[2:]:
        session.mark(code, State.DONE)
    session.mark(todo[0], State.OVERRIDDEN, "no time")
    session.mark(todo[1], State.DEFERRED, "later")
    assert "A2 was left for later" in refused(session.close_phase)
    for code in ("B1", "B2"):
        session.mark(code, State.OVERRIDDEN, "the disk is full")
    for item in items(session.incident):
        if item.phase is Phase.BEFORE and item.kind is Kind.SENSED and not state_of(session.incident, item).settled:
            session.mark(item.code, State.OVERRIDDEN, "nothing to see")
    assert next_move(session.incident).code == todo[1]
    assert "left for later" in refused(session.close_phase)
    session.mark(todo[1], State.DONE)
    move = next_move(session.incident)
    assert move.move is Move.SAY
    words = session.close_phase()
    assert words.startswith("Before: ")
    assert "overridden" in words
    assert words in move.words
    assert next_move(session.incident).code == "X1"
    events = session.journal.events(session.incident.id)
    assert words in markdown(session.incident, events)


def test_the_time_box_runs_out_says_so_and_is_extended_with_a_reason(
    tiny: Tiny, session: Session, clock: ManualClock
) -> None:
    """Twenty minutes before the rollback; over prompts and never acts; a restart of the cockpit changes nothing."""
    session.declare("pages fail")
    assert "Before: 20:00 left" in bar(session)
    pass_by(clock, 21 * 60)
    assert "Before: OVER by 01:00 (b more time)" in bar(session)
    head = session.incident.head_seq
    session.sync()
    assert session.incident.head_seq == head, "a countdown at zero prompts, it does not press the button"
    assert "needs a reason" in refused(lambda: session.extend(600, " "))
    session.extend(600, "the provider is still on the phone")
    assert "Before: 09:00 left" in bar(session)
    session.close()
    again = tiny.session(clock=clock)
    assert "Before: 09:00 left" in bar(again)
    clock.jump(3600)
    assert "Before: 09:00 left" in bar(again), "a wall clock that jumps changes no time box"
    events = again.journal.events(again.incident.id)
    assert "the provider is still on the phone" in markdown(again.incident, events)


def test_who_decides_is_announced_three_minutes_ahead(session: Session, clock: ManualClock) -> None:
    """First the DevOps Lead; from minute twelve on it is said that the Tech Manager will; then it is so."""
    session.declare("pages fail")
    assert "deciding now: devops-lead (you)" in bar(session)
    assert "tech-manager" not in bar(session)
    pass_by(clock, 12 * 60 + 1)
    assert "deciding now: devops-lead (you), in 02:59 tech-manager" in bar(session)
    pass_by(clock, 3 * 60)
    assert "deciding now: tech-manager" in bar(session)


def test_a_gate_holds_until_its_backup_is_seen_or_two_people_go_around_it(tiny: Tiny, clock: ManualClock) -> None:
    """Without a current backup nothing that changes the system is armed; the way around is red and followed up."""
    backups = tiny.folder / "backups"
    backups.mkdir()
    first = 'ops1 = { name = "First Operator"'
    twice = first.replace("ops1", "ops1b") + " }\n" + first  # one person with two logins
    tiny.config.write_text(tiny.config.read_text().replace(first, twice))
    tiny.add_to_config(f'\n[database]\nbackups = "{backups}/*.sql.gz"\n')
    session = tiny.session(clock=clock)
    drawn(session, tiny)
    (gate,) = [item for item in items(session.incident) if item.gate]
    assert (gate.kind, gate.sensor) == (Kind.SENSED, "backup.current")
    for code in ("B1", "B2"):
        session.mark(code, State.OVERRIDDEN, "tried elsewhere")
    assert blocked_reason(session.incident, "X1") == f"gate: {gate.code} {gate.text} comes first"
    assert "not by hand" in refused(lambda: session.mark(gate.code, State.DONE))
    assert "second person" in refused(lambda: session.mark(gate.code, State.OVERRIDDEN, "the database is unreachable"))
    assert "second person" in refused(lambda: session.override_gate(gate.code, "unreachable", ""))
    assert "somebody else" in refused(lambda: session.override_gate(gate.code, "unreachable", "First Operator"))
    assert "somebody else" in refused(lambda: session.override_gate(gate.code, "unreachable", "ops1b"))
    assert "none of the configured people" in refused(lambda: session.override_gate(gate.code, "unreachable", "Bob"))
    session.sense("backup.current", True, "obcms.sql.gz, 1 h old", "younger than 24 h")
    assert "gate: " not in (blocked_reason(session.incident, "X1") or "")
    session.sense("backup.current", False, "obcms.sql.gz, 25 h old", "younger than 24 h")
    assert "gate: " in (blocked_reason(session.incident, "X1") or "")
    session.override_gate(gate.code, "the database is unreachable", "ops2")
    assert "gate: " not in (blocked_reason(session.incident, "X1") or "")
    assert any("BREAK-GLASS" in one.what for one in session.incident.deviations)
    assert any(debt.name == f"explain gate {gate.code}" for debt in session.incident.debts)
    report = markdown(session.incident, session.journal.events(session.incident.id))
    assert "BREAK-GLASS" in report
    assert "the database is unreachable" in report
    assert "ops2" in report


def test_what_is_due_within_a_day_stays_as_debts_when_the_incident_is_closed(session: Session) -> None:
    """Nobody has to remember it: the record says that it is open."""
    session.declare("pages fail")
    later = [item.code for item in items(session.incident) if item.phase is Phase.AFTER_24H]
    session.mark(later[0], State.DONE)
    session.close_incident("not recovered", "it did not help")
    documents = ["document-1", "document-2"]  # of those that the procedure names two are not there
    assert [debt.name for debt in session.incident.debts] == [*later[1:], *documents]
    assert all(debt.due > session.incident.closed_at for debt in session.incident.debts)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_clocks_hold_across_the_change_of_summer_time(
    zone: str, session: Session, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local time is for the eye; every countdown runs on."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        session.declare("pages fail")
        pass_by(clock, 600)
        assert "Before: 10:00 left" in bar(session)
    finally:
        monkeypatch.undo()
        os.environ.pop("TZ", None)
        time.tzset()
