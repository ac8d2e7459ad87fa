"""The procedure read in one key: in an incident, before one, in a review and in plain mode; and its overdue review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pilot_moves import sees_joined
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build

from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.matrix import Inputs
from actions.model.procedure import Procedure
from app.cockpit import Cockpit, cockpit
from app.plain import Plain
from app.procedure_pinning import overdue_since
from app.replay import Replay
from app.review import open_replay
from app.review_screen import ReviewScreen
from app.session import Session
from widgets.procedure_screen import ProcedureScreen

SIZES = [(160, 48), (80, 24), (60, 16)]
OVERDUE = "the procedure's review is overdue since January 2026"
RUNBOOK = """# Going back at Example

**Next review:** {review}

## Contacts

| Role | Contact | Responsibility |
|---|---|---|
| DevOps Lead | lead@example.org | carries out |

## Who decides

- First 10 minutes: the DevOps Lead decides
- After 10 minutes: the Tech Manager must approve

## Before

- [ ] Somebody has looked

## Option: Git <!-- option: git -->

- Duration: 10-20 min
- Risk: medium

1. Push it

## Related documents

- [Restoring](restoring.md)
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    system = build(tmp_path / "tiny")
    system.follow_the_built_in()
    system.add_to_config('[contacts]\ndevops-lead = ["+44 20 7946 0000"]\n')
    return system


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(wall=datetime(2026, 11, 22, 10, 0, tzinfo=UTC))


@pytest.fixture
def session(tiny: Tiny, clock: ManualClock) -> Iterator[Session]:
    one = tiny.session(clock=clock)
    assert one.take_lease()
    yield one
    one.close()
    one.journal.close()


def own_document(tiny: Tiny, review: str = "March 2027") -> Path:
    """The system's own procedure, named in its configuration."""
    path = tiny.folder / "runbook.md"
    path.write_text(RUNBOOK.format(review=review), encoding="utf-8")
    tiny.add_to_config('[procedure]\nfile = "runbook.md"\n')
    return path


def plain(session: Session, *answers: str) -> list[str]:
    """What plain mode says to these answers."""
    operator = Scripted(answers)
    Plain(session, operator).fly()
    return operator.lines


@pytest.mark.parametrize("size", SIZES)
async def test_one_key_shows_whom_to_reach_and_who_decides_now(
    session: Session, clock: ManualClock, size: tuple[int, int]
) -> None:
    """In the incident: phone beside mail, the rule that holds at this minute, what cannot finish in time; q is back."""
    session.declare("pages fail")
    session.set_inputs(Inputs("Critical", 90, 90, "High"))
    clock.advance(8 * 60)
    async with cockpit(session).run_test(size=size) as pilot:
        await pilot.press("v")
        await sees_joined(pilot, "Procedure (n: next section)", "owner: DevOps Team", "overdue since January 2026")
        await pilot.press("n")
        await sees_joined(pilot, "+44 20 7946 0000", "tech-lead@example.org", "First Operator (ops1)")
        await pilot.press("n")
        await sees_joined(pilot, "▶ until T+15:00: DevOps Lead, now")
        clock.advance(7 * 60)
        await sees_joined(pilot, "▶ from then on: Tech Manager, now")
        await pilot.press("n", "down", "down", "down")
        await sees_joined(pilot, "cannot be done before T+15:00")
        await pilot.press("q")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ProcedureScreen)
        events = session.journal.events(session.incident.id)
        assert not [one for one in events if isinstance(one.body, ev.ItemMarked | ev.StepStarted)], "it only reads"


async def test_before_an_incident_the_configured_document_is_read(tiny: Tiny) -> None:
    """Nothing is declared by looking; the page says that this document is not pinned."""
    own_document(tiny)
    session = tiny.session()
    try:
        async with cockpit(session).run_test(size=(80, 24)) as pilot:
            await pilot.press("v")
            text = await sees_joined(pilot, "no incident is declared", "Going back at Example", "lead@example.org")
            assert "overdue" not in text
            assert "decides now" not in text
            await pilot.press("G")
            await sees_joined(pilot, "! Restoring -> restoring.md: missing")
        assert not session.incident.id
    finally:
        session.close()
        session.journal.close()


async def test_a_document_that_cannot_be_read_is_told_with_the_next_move(tiny: Tiny) -> None:
    """The cockpit stays; the reason stands where the page would."""
    own_document(tiny).unlink()
    session = tiny.session()
    try:
        async with cockpit(session).run_test(size=(80, 24)) as pilot:
            await pilot.press("v")
            await sees_joined(pilot, "does not exist", "name the Markdown file of the procedure")
            await pilot.press("escape")
            await pilot.pause()
            assert not isinstance(pilot.app.screen, ProcedureScreen)
        said = plain(session, "v", "q")
        assert any("runbook.md does not exist" in line for line in said if "! " in line), said
    finally:
        session.close()
        session.journal.close()


async def test_the_bar_says_that_the_review_is_overdue_and_the_record_keeps_it(tiny: Tiny, session: Session) -> None:
    """Judged by the clock of the declaration; a review of the record shows what was true then."""
    assert session.warnings() == ()
    session.declare("pages fail")
    assert session.warnings() == (OVERDUE,)
    async with cockpit(session).run_test(size=(160, 48)) as pilot:
        await sees_joined(pilot, f"! {OVERDUE}")
    replay = open_replay(tiny.store, session.incident.id)
    async with Cockpit(lambda: ReviewScreen(replay)).run_test(size=(160, 48)) as pilot:
        await sees_joined(pilot, f"! {OVERDUE}")
        await pilot.press("v")
        await sees_joined(pilot, "Procedure, as known then", "overdue since January 2026", "DevOps Lead, now")


def test_a_review_that_is_not_due_yet_is_no_warning(tiny: Tiny, clock: ManualClock) -> None:
    """The same document, declared a year apart."""
    own_document(tiny, review="30 November 2026")
    for wall, expected in (
        (datetime(2026, 11, 30, 23, 0, tzinfo=UTC), ()),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), ("the procedure's review is overdue since 30 November 2026",)),
    ):
        clock.wall = wall
        session = tiny.session(clock=clock)
        session.take_lease()
        session.declare("pages fail")
        assert session.warnings() == expected
        session.close_incident("false alarm", "nothing is broken")
        session.close()
        session.journal.close()


def test_a_date_that_is_told_in_many_words_is_told_as_a_day() -> None:
    """The line on top has no room for prose; what is no date is never overdue."""
    said = Procedure("x", "", "0" * 64, next_review="at the latest in January 2026, together with the drill")
    assert overdue_since(said, date(2026, 2, 1)) == "2026-01-31"
    assert overdue_since(said, date(2026, 1, 31)) == ""
    assert overdue_since(replace_review(said, "when somebody has time"), date(2026, 2, 1)) == ""
    assert overdue_since(replace_review(said, ""), date(2026, 2, 1)) == ""


def replace_review(procedure: Procedure, review: str) -> Procedure:
    """The same with another date."""
    return Procedure(procedure.title, procedure.path, procedure.sha256, next_review=review)


def test_plain_mode_says_the_same_page(session: Session) -> None:
    """Before the incident from the configuration, in it as pinned, with the rule that holds now."""
    said = plain(session, "v", "q")
    assert any("no incident is declared" in line for line in said)
    assert "      until T+15:00: DevOps Lead" in said
    session.declare("pages fail")
    said = plain(session, "v", "q")
    assert "    -- Who to reach --" in said
    assert "        reach +44 20 7946 0000 (configuration)" in said
    assert "        reach tech-lead@example.org (document)" in said
    assert "      until T+15:00: DevOps Lead, now" in said
    assert "    ! its review is overdue since January 2026" in said
    assert "      ! Incident response plan (still to be written): missing" in said


async def test_a_record_from_before_procedures_says_so(tiny: Tiny, session: Session) -> None:
    """No page is made up for it, and nothing of it is called overdue."""
    session.declare("pages fail")
    kept = open_replay(tiny.store, session.incident.id)
    events = [one for one in kept.events if not isinstance(one.body, ev.ProcedurePinned)]
    old = Replay(kept.id, [replace(one, seq=at) for at, one in enumerate(events, 1)], kept.folder)
    async with Cockpit(lambda: ReviewScreen(old)).run_test(size=(80, 24)) as pilot:
        await pilot.press("v")
        text = await sees_joined(pilot, "this record is from before procedures were kept with it")
        assert "overdue" not in text


def test_a_review_knows_who_decided_by_the_document(tiny: Tiny) -> None:
    """The document's ten minutes, not the built-in fifteen, hold in its replay as they held in the cockpit."""
    own_document(tiny)
    session = tiny.session()
    try:
        session.take_lease()
        session.declare("pages fail")
        rules = session.authority_rules()
        assert rules[0].within_s == 600
        assert open_replay(tiny.store, session.incident.id).authority_rules() == rules
    finally:
        session.close()
        session.journal.close()
