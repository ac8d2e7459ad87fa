"""The ways back to choose from: what is said of each, and what must be known before another is chosen. Pure."""

from __future__ import annotations

from sample_incident import Evening, plan
from with_procedure import following, marked

from actions.model import events as ev
from actions.model.incident import Incident
from actions.model.measured import Flight, Measured
from actions.model.ways_back import Ways, lines, ways


def critical() -> Evening:
    """Somebody has to be back within 15 minutes."""
    return (
        following().add(ev.InputsSet("Critical", 90, 100, "High")).add(ev.Decided("roll back", "roll back", "", "", ""))
    )


def of(incident: Incident, *configured: str, elapsed_s: int = 0, **more: object) -> Ways:
    return ways(incident, configured, configured[0], elapsed_s, **more)  # type: ignore[arg-type]


def with_plan(evening: Evening) -> Evening:
    drawn = plan()
    return evening.add(ev.PlanDrawn(drawn.digest, drawn.to_json()))


def test_every_way_of_the_document_says_whether_it_can_be_chosen() -> None:
    """B05: name, duration, risk, what it is good for; those that are not configured say why not."""
    found = of(following().incident, "compose", "git")
    rows = {way.option: way for way in found.rows}
    assert [way.option for way in found.rows] == ["coolify", "compose", "git", "database", "migration"]
    assert (rows["compose"].name, rows["compose"].short, rows["compose"].risk) == (
        "Option 1b: Docker Compose",
        "10-15 min",
        "low",
    )
    assert rows["compose"].good_for == "code and configuration"
    assert rows["compose"].takes.startswith("takes about 10-15 min by the document")
    assert [option for option, way in rows.items() if not way.reason] == ["compose", "git"]
    assert all(way.reason for option, way in rows.items() if option not in ("compose", "git"))
    assert [option for option, way in rows.items() if way.in_use] == ["compose"]
    assert found.of("coolify") is None
    assert found.cautions == ()


def test_what_is_configured_and_not_described_is_there_too() -> None:
    """A document that says nothing of a way back does not take it away."""
    found = ways(Evening().incident, ("git",), "git", 0)
    assert [(way.option, way.name, way.reason) for way in found.rows] == [("git", "git", "")]
    assert found.rows[0].takes.endswith("; the document does not describe it")


def test_what_is_too_late_says_so_and_stays_to_be_chosen() -> None:
    """Cannot be done before T+15:00: the operator is told, and decides."""
    incident = critical().incident
    in_time = {way.option: way.late for way in of(incident, "compose", "git").rows}
    assert in_time["compose"] == in_time["git"] == ""
    assert in_time["database"].startswith("cannot be done before T+15:00"), "45-60 minutes"
    later = of(incident, "compose", "git", elapsed_s=120)
    way = later.of("compose")
    assert way is not None
    assert way.late.startswith("cannot be done before T+15:00: about 15 min are needed")


def test_what_was_measured_counts_before_what_is_written() -> None:
    """A way back that took four minutes three times is in time, whatever the document says."""
    flights = tuple(Flight(f"INC-{n}", "compose", False, "2026-11-01T10:00:00Z", 240_000) for n in range(3))
    known = {"compose": Measured("compose", flights)}
    incident = critical().incident
    way = of(incident, "compose", "git", elapsed_s=300, measured=known).of("compose")
    assert way is not None
    assert (way.late, way.short) == ("", "4 min")
    assert "measured 4 min" in way.takes


def test_before_another_is_chosen_it_is_said_what_that_costs() -> None:
    """Another way back is another plan: approvals are void then, and what has run stays."""
    drawn = with_plan(following())
    incident = drawn.incident
    assert of(incident, "compose", "git", valid_answers=1).cautions == (
        "A plan by compose to 2025-10-01 is drawn. Another way back is another plan, and voids 1 approval of it.",
    )
    digest = incident.plan_digest
    drawn.add(ev.StepStarted(1, "X1", "compose.switch", "switch", digest, False, "enter", 1, 1, "s"))
    drawn.add(ev.StepFinished(1, "done", "switched", 10))
    assert of(drawn.incident, "compose", "git").cautions[-1] == "X1 of it has run: what they did stays."


def test_where_data_may_be_lost_it_says_that_code_mends_none() -> None:
    """A04: with the branch open, no way back of the code stands there alone without that word."""
    evening = following()
    procedure = evening.incident.procedure
    assert procedure is not None
    code = next(f"Y{at}" for at, one in enumerate(procedure.criteria, 1) if one.branch == "data")
    found = of(marked(evening, code).incident, "compose", "git")
    assert found.cautions == ("Data may be lost: a way back of the code alone (compose, git, coolify) mends no data.",)


def test_as_plain_lines() -> None:
    """A screen reader hears the same: which is in use, which cannot be chosen and why, which is late."""
    text = "\n".join(lines(of(critical().incident, "compose", "git", elapsed_s=400)))
    assert "* compose    Option 1b: Docker Compose: in use" in text
    assert "  git        Option 2: Git: can be chosen" in text
    assert "  coolify    Option 1a: Coolify: NOT TO BE CHOSEN: " in text
    assert "           ! cannot be done before T+15:00" in text


def test_the_choice_is_kept_until_a_plan_is_drawn() -> None:
    """The record says which way back is in use: the chosen one, then that of the plan, then the one chosen since."""
    evening = following()
    assert evening.incident.option == ""
    evening.add(ev.OptionChosen("git", "compose"))
    assert evening.incident.option == "git"
    with_plan(evening)
    assert evening.incident.option == "compose"
    evening.add(ev.OptionChosen("git", "compose", "cannot be done before T+15:00"))
    assert evening.incident.option == "git"
    assert evening.incident.plan is not None, "the plan stays until another is drawn"
