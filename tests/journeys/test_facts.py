"""What is known of the damage, from first guess to follow-up: on the record, in the list, in plain lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, refused

from actions.model import events as ev
from actions.model.blocking import Move, next_move
from actions.model.criteria import criteria, met_codes
from actions.model.fold import fold
from actions.model.incident import recommended
from actions.model.matrix import Decision, Inputs
from actions.model.record_text import markdown
from app.plain import Plain
from app.records import list_records
from app.session import Session


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    return one


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


def fly(session: Session, *answers: str) -> Scripted:
    operator = Scripted(answers)
    Plain(session, operator).fly()
    return operator


def test_criteria_are_recorded_by_the_one_who_flies_and_stand_for_the_severity(tiny: Tiny, session: Session) -> None:
    """A tick is an event with a name; the same tick again is none; an observer's is refused."""
    session.mark_criterion("Y2", True)
    head = session.incident.head_seq
    session.mark_criterion("Y2", True)
    assert session.incident.head_seq == head
    found = recommended(session.incident)
    assert found is not None
    assert (found.row.severity, found.decided_by) == ("Critical", ("criteria",))
    assert "no criterion 'Y99'" in refused(lambda: session.mark_criterion("Y99", True))
    assert "Y6 does not apply" in refused(lambda: session.mark_criterion("Y6", True))
    observer = tiny.session("ops2")
    assert "ops1" in refused(lambda: observer.mark_criterion("Y3", True))
    assert [one.code for one in criteria(observer.incident) if one.met] == ["Y2"]
    observer.close()
    observer.journal.close()


def test_a_criterion_after_the_decision_opens_it_again(session: Session) -> None:
    """The decision is open, NEXT goes there, and deciding once more closes it."""
    session.set_inputs(Inputs("", 20, 20, "Low"))
    session.decide(Decision.FIX_FORWARD)
    assert next_move(session.incident).move is Move.CLOSE
    session.mark_criterion("Y1", True)
    assert session.incident.decision_stale
    assert next_move(session.incident).move is Move.DECIDE
    assert "deciding otherwise needs a reason" in refused(lambda: session.decide(Decision.FIX_FORWARD))
    session.decide(Decision.ROLL_BACK)
    assert session.incident.decision is not None
    assert (session.incident.decision.row, session.incident.decision.decided_by) == ("Critical", "criteria")
    assert not session.incident.decision_stale


def test_a_fix_forward_is_closed_with_ticket_and_deadline_and_is_found_again(session: Session) -> None:
    """Neither can be left out; the list of records and the report name both."""
    session.set_inputs(Inputs("Low", 5, 5, "None"))
    session.decide(Decision.FIX_FORWARD)
    assert "ticket" in refused(lambda: session.close_incident("forward"))
    assert "deadline" in refused(lambda: session.close_incident("forward", "", "OPS-12", "soon"))
    assert session.incident.closed is None
    session.close_incident("forward", "the colour is wrong", "OPS-12\x1b[2J", "3d")
    end = session.incident.closed
    assert end is not None
    assert end.ticket.startswith("OPS-12")
    assert "\x1b" not in end.ticket
    assert end.due.endswith("Z")
    day = end.due[:10]
    lines = list_records(session.journal).splitlines()
    assert "follow-up" in lines[0]
    assert "OPS-12" in lines[1]
    assert f"due {day}" in lines[1]
    assert json.loads(list_records(session.journal, as_json=True))["records"][0]["due"] == end.due
    report = markdown(session.incident, session.journal.events(session.incident.id))
    assert "Follow-up\n\n- **OPEN when this was closed" in report
    assert "followed in OPS-12" in report


def test_other_records_list_no_follow_up(session: Session) -> None:
    """The column is there only where something is to be followed."""
    session.close_incident("abandoned", "a mistake", "OPS-1", "3d")
    assert session.incident.closed is not None
    assert session.incident.closed.ticket == ""
    assert "follow-up" not in list_records(session.journal)


def test_the_report_says_what_was_known_when(session: Session) -> None:
    """Inputs and criteria over time with T+, what the matrix said then, the deviation and what re-opened it."""
    session.set_inputs(Inputs("Low", -1, -1, ""))
    session.decide(Decision.ROLL_BACK, "we are tired | and *sure*")
    session.mark_criterion("Y2", True)
    session.mark_criterion("Y2", False)
    session.set_inputs(Inputs("Low", 60, 80, ""))
    events = session.journal.events(session.incident.id)
    report = markdown(fold(session.incident.id, events), events)
    table = report.partition("What was known when")[2].partition("\n## ")[0].strip().splitlines()
    rows = [line for line in table if line.startswith("| T+")]
    assert len(rows) == 6  # with the heading
    assert all(line.replace("\\|", "").count("|") == 10 for line in rows)
    assert "severity ? -\\> Low" in rows[1]
    assert "AGAINST THE MATRIX (fix forward): we are tired \\| and \\*sure\\*" in rows[2]
    assert "Y2 met: Database connections fail" in rows[3]
    assert "RE-OPENS THE DECISION" in rows[3]
    assert "Critical: roll back, by criteria (inputs disagree)" in rows[3]
    assert "Y2 NOT met any more" in rows[4]
    assert "High: roll back, by users (inputs disagree)" in rows[5]
    assert "The matrix that held: Critical: roll back" in report


def test_plain_lines_decide_with_criteria(session: Session) -> None:
    """By numbers only: the criteria first, wrong numbers said, unknown allowed, the change of row announced."""
    said = fly(session, "d", "y", "99", "2, 3", "3", "", "", "?", "?", "")
    assert "there is no criterion Y99" in said.text
    assert met_codes(session.incident) == {"Y2"}
    assert "new facts, the matrix: nothing known -> Critical (criteria 0 -> 2 met: +Y2 +Y3)" in said.text
    assert "criteria propose Critical: 1 of 17 met" in said.text
    assert "Enter: as they propose, Critical" in said.text
    assert session.incident.inputs == Inputs()
    assert session.incident.decision is not None
    assert session.incident.decision.decision == "roll back"
    assert session.incident.decision.decided_by == "criteria"


def test_plain_lines_close_a_fix_forward(session: Session) -> None:
    """Enter goes there once it is decided; a wrong day is asked for again."""
    said = fly(session, "d", "4", "5", "4", "", "", "", "OPS-12", "tomorrow", "24h", "q")
    assert "fix forward" in said.text
    assert "not 'tomorrow'" in said.text
    assert "closed: forward; the fix is followed in OPS-12, due " in said.text
    assert session.incident.closed is not None
    assert session.incident.closed.ticket == "OPS-12"


def test_plain_lines_without_anything_known_need_a_letter_and_a_reason(session: Session) -> None:
    """Where the matrix says nothing, Enter decides nothing."""
    said = fly(session, "d", "?", "?", "?", "", "d", "?", "?", "?", "b", "smoke", "q")
    assert "the matrix says nothing" in said.text
    assert "not decided" in said.text
    decided = [one for one in session.journal.events(session.incident.id) if isinstance(one.body, ev.Decided)]
    assert [one.body.reason for one in decided] == ["smoke"]
