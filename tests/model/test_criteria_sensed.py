"""Sensors and criteria: a reading proposes, a person decides, and the record keeps both, also where they differ."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sample_incident import Evening
from with_procedure import following, marked

from actions.gateways.markdown import read_procedure
from actions.model import events as ev
from actions.model.criteria import CriterionState, criteria, over_codes, proposed_codes, sensed_words
from actions.model.criteria_gaps import open_shares
from actions.model.criteria_sensed import Look
from actions.model.incident import proposed_severity
from actions.model.record_known import known_section
from actions.model.record_timeline import timeline
from app.procedure_check import BUILT_IN


def sensed(
    evening: Evening, name: str, ok: bool, seen: str = "0 of 3 pass", expected: str = "1 of 3", *, later_s: float = 5
) -> Evening:
    """A reading of this sensor."""
    return evening.add(ev.Observed(0, f"sensed {name}", ok, seen, expected), later_s)


def said(evening: Evening, code: str, met: bool, sensed_then: str = "", seen: str = "") -> Evening:
    """A criterion marked, with what its sensor said then."""
    procedure = evening.incident.procedure
    assert procedure is not None
    one = procedure.criteria[int(code[1:]) - 1]
    return evening.add(ev.CriterionMarked(code, one.level, one.text, met, seen, "1 of 3", sensed_then, one.branch))


def state(evening: Evening, code: str) -> CriterionState:
    return next(one for one in criteria(evening.incident) if one.code == code)


def test_what_is_not_well_is_proposed_and_nothing_is_marked_by_it() -> None:
    """A07: every probe red proposes that a core function is gone; the severity stays a person's."""
    evening = sensed(following(), "probes.answer", False)
    one = state(evening, "Y7")
    assert (one.looks_met, one.met, one.look(one.met)) == (True, False, Look.PROPOSED)
    assert one.look_words(False) == "looks met since 09:59:10Z: 0 of 3 pass, expected 1 of 3"
    assert proposed_codes(criteria(evening.incident)) == ("Y7",)
    assert proposed_severity(evening.incident) == ""
    sensed(evening, "app.runs", False, "web restarted 4 times")
    assert sensed_words(proposed_codes(criteria(evening.incident))) == "2 criteria look met: Y1 Y7"
    sensed(evening, "probes.answer", True, "3 of 3 pass")
    assert proposed_codes(criteria(evening.incident)) == ("Y1",)
    assert state(evening, "Y7").look_words(False).startswith("looks well since 09:59:20Z: 3 of 3 pass")


def test_since_is_when_it_turned_not_when_it_was_last_read() -> None:
    """Other words of the same verdict do not begin it anew."""
    evening = sensed(following(), "app.runs", False, "web restarted 4 times")
    sensed(evening, "app.runs", False, "web restarted 9 times", later_s=120)
    assert state(evening, "Y1").look_words(False).startswith("looks met since 09:59:10Z: web restarted 9 times")


@pytest.mark.parametrize(
    ("marks", "readings_after", "wanted"),
    [
        ([(True, "met")], [], Look.AGREES),
        ([(True, "met")], [True], Look.OVER),
        ([(True, "met")], [True, False], Look.AGREES),
        ([(True, "met"), (False, "met")], [], Look.REFUSED),
        ([(True, "met"), (False, "met")], [True, False], Look.PROPOSED),
    ],
)
def test_a_tick_beside_its_sensor(marks: list[tuple[bool, str]], readings_after: list[bool], wanted: Look) -> None:
    """Agreement, an end, and a "no" that stands until the sensor has changed: each is told apart."""
    evening = sensed(following(), "app.runs", False)
    for met, verdict in marks:
        said(evening, "Y1", met, verdict)
    for ok in readings_after:
        sensed(evening, "app.runs", ok)
    one = state(evening, "Y1")
    assert one.look(one.met) is wanted
    assert one.looks_over is (wanted is Look.OVER)
    assert over_codes([one]) == (("Y1",) if wanted is Look.OVER else ())


def test_a_person_may_see_what_the_sensor_does_not() -> None:
    """Ticked against a sensor that is well: it says otherwise, and it does not look over until it has turned."""
    evening = said(sensed(following(), "app.runs", True, "3 run"), "Y1", True, "not met", "3 run")
    assert state(evening, "Y1").look(True) is Look.OTHERWISE
    sensed(evening, "app.runs", False)
    sensed(evening, "app.runs", True)
    assert state(evening, "Y1").look(True) is Look.OVER


def test_a_tick_that_is_not_recorded_yet_is_judged_too() -> None:
    """In the dialog, before Enter."""
    red = state(sensed(following(), "app.runs", False), "Y1")
    assert (red.look(True), proposed_codes([red], {"Y1"})) == (Look.AGREES, ())
    well = state(sensed(following(), "app.runs", True), "Y1")
    assert (well.look(True), well.look(False)) == (Look.OTHERWISE, Look.WELL)


def test_what_cannot_be_read_proposes_nothing() -> None:
    """A sensor that stumbles is no reason to act, and none to stay calm: it says so."""
    evening = sensed(following(), "errors.rate", False, "cannot be read: no such file", "")
    one = state(evening, "Y18")
    assert (one.looks_met, one.look(False), one.sensed.verdict) == (False, Look.UNKNOWN, "")
    assert one.look_words(False) == "cannot tell since 09:59:10Z: cannot be read: no such file"


def test_where_nothing_can_be_sensed_nothing_is_said() -> None:
    """A criterion without a sensor, or whose sensor this system has nothing for, is a person's to see."""
    assert {one.look(one.met) for one in criteria(following().incident)} <= {Look.NONE, Look.UNREAD}
    assert state(following(), "Y8").look(False) is Look.NONE


@pytest.mark.parametrize(
    ("met", "verdict", "words"),
    [
        (True, "met", "met: TEXT (sensor: 0 of 3 pass, expected 1 of 3)"),
        (True, "not met", "met: TEXT (THE SENSOR SAID OTHERWISE: 0 of 3 pass)"),
        (False, "met", "NOT met any more: TEXT (THE SENSOR SAID OTHERWISE: 0 of 3 pass, expected 1 of 3)"),
        (False, "not met", "NOT met any more: TEXT (sensor: 0 of 3 pass)"),
        (True, "", "met: TEXT (sensor: 0 of 3 pass, expected 1 of 3)"),
    ],
)
def test_the_record_says_what_the_sensor_said_then(met: bool, verdict: str, words: str) -> None:
    """Person and sensor side by side, and plainly where they differ, in the time line and in what was known when."""
    evening = said(following(), "Y1", met, verdict, "0 of 3 pass")
    text = evening.incident.procedure.criteria[0].text  # type: ignore[union-attr]
    wanted = words.replace("TEXT", text)
    assert timeline(evening.events)[-1].endswith(f"criterion Y1 (Critical) {wanted}")
    table = "\n".join(known_section(evening.incident, evening.events))
    assert wanted.split("(")[-1].rstrip(")") in table


def test_a_mark_of_before_there_were_sensors_is_written_as_it_was() -> None:
    """What old records hold is read, told and hashed as before."""
    evening = marked(following(), "Y1")
    assert set(evening.events[-1].data) == {"code", "level", "text", "met"}
    assert "sensor" not in timeline(evening.events)[-1]


def test_the_share_that_the_document_leaves_open_counts_for_the_worse() -> None:
    """A16, Z33: "more than 50 %" and "under 30 %" say nothing of 40 %: the screen says where that belongs."""
    built_in = read_procedure(BUILT_IN).criteria
    assert {f"Y{place + 1}": gap for place, gap in open_shares(built_in).items()} == {"Y9": (30, 50)}
    noted = {one.code: one.notes for one in criteria(following().incident) if one.notes}
    assert noted["Y9"] == ("between 30 and 50 % the document says nothing: counts here, as the worse",)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (("Slower by more than 50 %", "Slower by under 50 %"), {}),
        (("Search fails for over 60% of users", "Search fails for less than 20% of users"), {0: (20, 60)}),
        (("Search fails for over 60 %", "Login fails for under 20 %"), {}),
        (("Down by > 40 %", "Down by < 10 %", "Down by under 20 %"), {0: (20, 40)}),
        (("Under 30 %", "Over 50 %", "5 times 50 %"), {}),
    ],
)
def test_only_what_says_the_same_is_compared(texts: tuple[str, ...], wanted: dict[int, tuple[int, int]]) -> None:
    """Nothing is guessed of two criteria about different things."""
    one = read_procedure(BUILT_IN).criteria[0]
    assert open_shares([dataclasses.replace(one, text=text) for text in texts]) == wanted


def test_medium_criteria_alone_give_fix_forward(tmp_path: Path) -> None:
    """A14-A18: each of them, and all of them together."""
    from actions.model.incident import recommended
    from actions.model.matrix import Decision

    codes = ("Y14", "Y15", "Y16", "Y17", "Y18")
    for some in (*((code,) for code in codes), codes):
        found = recommended(marked(following(), *some).incident)
        assert found is not None
        assert (found.row.decision, found.row.severity, found.decided_by) == (
            Decision.FIX_FORWARD,
            "Medium",
            ("criteria",),
        )
    assert all(code in {one.code for one in criteria(following().incident)} for code in codes)
