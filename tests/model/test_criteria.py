"""Criteria, inputs and the matrix together: one answer for all that can be known, and what made it is named."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from sample_incident import Evening
from with_procedure import following, following_other, marked

from actions.model import events as ev
from actions.model.blocking import Move, next_move
from actions.model.criteria import (
    NONE_THERE,
    change_since_decision,
    criteria,
    mark_reason,
    marks_for,
    met_codes,
    proposed_by,
    row_change,
)
from actions.model.incident import forward_decided, proposed_severity, recommended
from actions.model.matrix import BUILT_IN, Decision, Inputs, Row, named, pointing, recommend

THREE = (
    Row("SEV-1", "over 60 %", 61, "Loss", Decision.ROLL_BACK, "30 min", 1800),
    Row("SEV-2", "20-60 %", 20, "Doubt", Decision.ROLL_BACK, "4 hours", 14400),
    Row("SEV-3", "under 20 %", 0, "Safe", Decision.FIX_FORWARD, "next release", None),
)


@pytest.mark.parametrize(("rows", "shares"), [(BUILT_IN, (100, 80, 49, 9)), (THREE, (61, 60, 0))])
def test_every_combination_has_one_answer(rows: tuple[Row, ...], shares: tuple[int, ...]) -> None:
    """Severity x users x data risk x criteria, each of them unknown too: total, the worst wins, the right one named."""
    places = [None, *range(len(rows))]
    for severity, users, risk, ticked in itertools.product(places, repeat=4):
        inputs = Inputs(
            "" if severity is None else rows[severity].severity,
            -1 if users is None else shares[users],
            -1 if users is None else shares[users],
            "" if risk is None else rows[risk].data_risk,
        )
        found = recommend(inputs, rows, "" if ticked is None else rows[ticked].severity)
        said = {"severity": severity, "criteria": ticked, "users": users, "data risk": risk}
        known = {name: place for name, place in said.items() if place is not None}
        if not known:
            assert found is None
            continue
        assert found is not None
        assert found.row is rows[min(known.values())]
        assert set(found.decided_by) == {name for name, place in known.items() if place == found.index}
        assert found.disagree is (len(set(known.values())) > 1)
        missing = {name for name in ("users", "data risk") if name not in known}
        missing |= set() if {"severity", "criteria"} & set(known) else {"severity"}
        assert set(found.unknown) == missing
        assert pointing(inputs, rows, "" if ticked is None else rows[ticked].severity) == known


def test_a_column_that_is_not_there_says_nothing() -> None:
    """Without data risk and shares of users in the document, neither points to the worst row, nor is it missed."""
    rows = tuple(Row(name, "", 0, "", Decision.ROLL_BACK, "", None) for name in ("Red", "Amber", "Green"))
    found = recommend(Inputs("Amber", 5, 5, ""), rows)
    assert found is not None
    assert (found.row.severity, found.decided_by, found.unknown) == ("Amber", ("severity",), ())
    assert recommend(Inputs("", 99, 99, ""), rows) is None
    assert named([row.data_risk for row in rows]) == ()


def test_criteria_have_codes_by_their_place_and_say_who_saw_them_when() -> None:
    """What does not apply to the system is left out and keeps its number; the history stays."""
    evening = marked(following(), "Y1", "Y8")
    evening = marked(evening, "Y1", met=False)
    rows = {one.code: one for one in criteria(evening.incident)}
    assert "Y6" not in rows, "payments are not configured"
    assert "payment" in evening.incident.procedure.criteria[5].text  # type: ignore[union-attr]
    assert (rows["Y8"].level, rows["Y8"].severity, rows["Y8"].met, rows["Y8"].by) == ("High", "High", True, "ops1")
    assert rows["Y1"].met is False
    assert [said.body.met for said in rows["Y1"].history] == [True, False]
    assert rows["Y2"].at == ""
    assert met_codes(evening.incident) == {"Y8"}
    assert proposed_severity(evening.incident) == "High"


def test_what_would_be_proposed_is_what_is_proposed_once_it_is_recorded() -> None:
    """The dialog's answer while ticking and the record's answer afterwards are the same."""
    for codes in (("Y1",), ("Y8", "Y14"), ("Y14",), ("Y2", "Y9"), ()):
        incident = following().incident
        before = proposed_by(criteria(incident), codes, incident)
        assert proposed_severity(marked(following(), *codes).incident) == before
        assert marks_for(incident, codes) == tuple((code, True) for code in codes)


def test_other_levels_propose_the_rows_of_their_own_document(tmp_path: Path) -> None:
    """SEV-1 is SEV-1 of the document's matrix, and only its rows and words hold."""
    evening = marked(following_other(tmp_path), "Y3")
    assert [row.severity for row in evening.incident.matrix] == ["SEV-1", "SEV-2", "SEV-3"]
    found = recommended(evening.incident)
    assert found is not None
    assert (found.row.severity, found.decided_by) == ("SEV-2", ("criteria",))
    found = recommended(marked(evening, "Y1").incident)
    assert found is not None
    assert found.row.severity == "SEV-1"


@pytest.mark.parametrize(
    ("code", "reason"),
    [("Y1", None), ("Y6", "Y6 does not apply to this system"), ("Y99", "there is no criterion 'Y99'")],
)
def test_only_what_applies_can_be_marked(code: str, reason: str | None) -> None:
    """A refusal says why."""
    assert mark_reason(following().incident, code) == reason


def test_without_a_procedure_there_is_nothing_to_mark() -> None:
    """Old records have none."""
    assert mark_reason(Evening().incident, "Y1") == NONE_THERE
    assert criteria(Evening().incident) == ()


def deciding(evening: Evening, decision: str = "fix forward", recommended_then: str = "fix forward") -> Evening:
    return evening.add(ev.Decided(decision, recommended_then, "Medium", "users", "devops-lead"))


def test_new_facts_reopen_the_decision_and_say_what_changed() -> None:
    """B07: a change of row is told with what made it, never silently."""
    evening = deciding(following().add(ev.InputsSet("", 20, 20, "")))
    assert forward_decided(evening.incident)
    before = evening.incident
    evening.add(ev.InputsSet("", 20, 85, ""))
    change = change_since_decision(evening.incident)
    assert change is not None
    assert change.words() == "Medium -> Critical (users 20 -> 20-85 %)"
    assert row_change(before, evening.incident) == change
    assert evening.incident.decision_stale
    assert not forward_decided(evening.incident)


def test_a_criterion_reopens_the_decision_too_and_taking_it_back_closes_it_again() -> None:
    """What is known now counts, not what was once thought."""
    evening = marked(deciding(following().add(ev.InputsSet("", 20, 20, ""))), "Y2")
    change = change_since_decision(evening.incident)
    assert change is not None
    assert change.words() == "Medium -> Critical (criteria 0 -> 1 met: +Y2)"
    assert evening.incident.decision_stale
    marked(evening, "Y2", met=False)
    assert change_since_decision(evening.incident) is None
    assert not evening.incident.decision_stale


def test_a_change_of_row_with_the_same_answer_is_told_and_reopens_nothing() -> None:
    """High to Critical is still a roll back, only sooner."""
    evening = following().add(ev.InputsSet("High", 60, 60, ""))
    evening.add(ev.Decided("roll back", "roll back", "High", "severity", "devops-lead"))
    evening.add(ev.InputsSet("High", 85, 85, ""))
    change = change_since_decision(evening.incident)
    assert change is not None
    assert change.words() == "High -> Critical (users 60 -> 85 %)"
    assert not evening.incident.decision_stale


def test_once_fix_forward_is_decided_next_closes_with_ticket_and_deadline() -> None:
    """A03: fix forward is an outcome of its own; a fact that re-opens the decision takes it away again."""
    evening = deciding(following().add(ev.InputsSet("", 20, 20, "")))
    move = next_move(evening.incident)
    assert move.move is Move.CLOSE
    assert "ticket and deadline" in move.words
    evening.add(ev.InputsSet("", 85, 85, ""))
    assert next_move(evening.incident).move is not Move.CLOSE
