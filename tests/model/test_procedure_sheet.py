"""The procedure's page: who is reached how, who decides now, what fits into the time that is left, what is missing."""

from __future__ import annotations

from typing import Any

from with_procedure import following

from actions.model import events as ev
from actions.model.checklist import Kind, Phase
from actions.model.fold import fold
from actions.model.incident import procedure_warnings
from actions.model.matrix import Authority
from actions.model.phases import decide_or_back_by
from actions.model.procedure import (
    Checklist,
    Commands,
    Contact,
    EscalationRule,
    Link,
    ListItem,
    NotUnderstood,
    OptionStep,
    OptionText,
    Procedure,
)
from actions.model.procedure_line import Around, Line, Look, around, as_text
from actions.model.procedure_sheet import sheet, too_late
from actions.model.role import role_key

RULES = (Authority(900, ("devops-lead",)), Authority(None, ("tech-manager",)))
PEOPLE = {
    "ops1": {"name": "First Operator", "roles": ["devops-lead"]},
    "ops2": {"name": "", "roles": ["DevOps Lead", "night-shift"]},
}
PROCEDURE = Procedure(
    "Going back",
    "runbook.md",
    "ab" * 32,
    owner="Team",
    next_review="January 2026",
    contacts=(
        Contact("DevOps Lead", "lead@example.org", "carries out", 10),
        Contact("Database Admin", "", "database", 11),
    ),
    escalation=(
        EscalationRule("The lead decides", 20, ("DevOps Lead",), within_s=900),
        EscalationRule("Database: both of them", 21, ("Database Admin", "Tech Manager"), "database"),
    ),
    options=(
        OptionText("By Compose", "compose", 30, (OptionStep("Pull", 31, (Commands("sh", "pull it", 32),)),), "5 min"),
        OptionText("By Git", "git", 40, duration="10-15 min", duration_high_s=900, risk="medium", good_for="code"),
        OptionText("Drill", "", 50, (OptionStep("Simulate", 51),), declared=False),
    ),
    checklists=(
        Checklist("Testing", Phase.PREVENTION, (ListItem("V1", "The suite passes", Kind.MANUAL, 60),), 59),
        Checklist("Printed", Phase.PREVENTION, (ListItem("W1", "on paper", Kind.MANUAL, 70),), 69, paper=True),
        Checklist("Before", Phase.BEFORE, (ListItem("K1", "A backup", Kind.MANUAL, 80, when="payments"),), 79),
    ),
    links=(
        Link("Restoring (still to be written)", "", 90, False, "still to be written"),
        Link("Guide", "guide.md", 91, False),
        Link("Wiki", "https://wiki.example.org", 92, None),
        Link("Plan", "plan.md", 93, True),
    ),
    not_understood=(NotUnderstood(99, "???", "no words"),),
)


def page(procedure: Procedure = PROCEDURE, **more: Any) -> tuple[Line, ...]:
    """The page of a document with these facts around it."""
    return sheet(procedure, Around(**{"people": PEOPLE, "rules": RULES, **more}))


def part(lines: tuple[Line, ...], heading: str) -> tuple[Line, ...]:
    """The lines under a heading."""
    start = next(at for at, line in enumerate(lines) if line == Line(heading, Look.HEADING)) + 1
    end = next((at for at in range(start, len(lines)) if lines[at].look is Look.HEADING), len(lines))
    return lines[start:end]


def under(lines: tuple[Line, ...], name: str) -> list[str]:
    """What stands one deeper under a name."""
    start = next(at for at, line in enumerate(lines) if line.look is Look.NAME and line.text.startswith(name)) + 1
    end = next((at for at in range(start, len(lines)) if lines[at].look is Look.NAME), len(lines))
    return [line.text for line in lines[start:end]]


def test_a_role_is_told_with_every_way_to_reach_it_and_who_holds_it() -> None:
    """Not mail alone: phone and chat of the configuration stand beside the document's address; each says whence."""
    settings = {
        "contacts": {"DevOps_Lead": ["+44 20 7946 0000", "@lead"]},
        "channel": [{"name": "pager", "to": {"devops-lead": ["4711"]}}, {"name": "chat"}],
    }
    people = part(page(settings=settings), "Who to reach")
    assert people[0] == Line("DevOps Lead: carries out", Look.NAME, 1)
    assert under(people, "DevOps Lead") == [
        "reach +44 20 7946 0000, @lead (configuration)",
        "reach 4711 (pager)",
        "reach lead@example.org (document)",
        "held by First Operator (ops1), ops2 (ops2)",
    ]


def test_who_cannot_be_reached_is_a_warning() -> None:
    """A role without any address is seen before somebody is to be called."""
    people = part(page(), "Who to reach")
    assert Line("no way to reach is known: add one to [contacts]", Look.WARNING, 2) in people
    assert under(people, "Database Admin")[-1] == "nobody in [people] holds this role"


def test_roles_that_only_the_configuration_knows_are_listed_once_each() -> None:
    """Who may decide and who acts is not lost because the document has no line for it; spelling does not double it."""
    names = [line.text for line in part(page(), "Who to reach") if line.look is Look.NAME]
    assert names == ["DevOps Lead: carries out", "Database Admin: database", "tech-manager", "night-shift"]
    assert role_key(" DevOps_Lead ") == role_key("devops-lead") == "devops-lead"


def test_the_rule_that_holds_now_is_marked_and_moves_with_the_clock() -> None:
    """At T+15:00 sharp the next one decides; without an incident nobody decides now."""

    def now(elapsed_s: int | None) -> list[str]:
        lines = page(elapsed_s=elapsed_s)
        deciding = [line.text for line in part(lines, "Who decides") if line.look is Look.NOW]
        reach = [line for line in part(lines, "Who to reach") if line.text == "decides now"]
        assert len(reach) == len(deciding)
        return deciding

    assert now(899) == ["until T+15:00: DevOps Lead, now"]
    assert now(900) == ["from then on: tech-manager, now"]
    assert now(None) == []


def test_who_decides_says_where_it_comes_from_and_keeps_special_cases() -> None:
    """The configuration goes before the document, and says so; "database: both" is never left out."""
    written = [line.text for line in part(page(), "Who decides")]
    assert written[2:] == ["so says the document", "Database: both of them"]
    configured = [line.text for line in part(page(settings={"escalation": [{"within": "15m"}]}), "Who decides")]
    assert "so says the configuration" in configured
    assert "the document says otherwise or more: The lead decides" in configured
    assert "Database: both of them" in configured


def test_an_option_that_does_not_fit_into_the_time_left_says_so() -> None:
    """To the second: what just fits is not marked; without deadline, clock or duration nothing is claimed."""
    git = PROCEDURE.options[1]
    assert too_late(git, Around(elapsed_s=0, deadline_s=900)) == ""
    late = "cannot be done before T+15:00: about 15 min are needed, 14 min left"
    assert too_late(git, Around(elapsed_s=1, deadline_s=900)) == late
    assert too_late(git, Around(elapsed_s=1, deadline_s=None)) == ""
    assert too_late(git, Around(elapsed_s=None, deadline_s=900)) == ""
    assert too_late(PROCEDURE.options[0], Around(elapsed_s=5000, deadline_s=900)) == ""
    assert Line(late, Look.WARNING, 2) in part(page(elapsed_s=1, deadline_s=900), "Ways back")


def test_ways_back_tell_duration_risk_use_and_what_is_configured() -> None:
    """What is not written is said to be not written; a section that is no way back is not offered as one."""
    settings = {"git": {"remote": "origin"}, "compose": {"directory": "/x"}, "system": {"option": "git"}}
    ways = part(page(settings=settings), "Ways back")
    assert under(ways, "By Git") == ["configured, the first choice", "takes 10-15 min; risk medium", "good for code"]
    assert under(ways, "By Compose") == ["configured", "takes 5 min; risk not written"]
    assert "Drill" not in str(ways)
    by_hand = under(part(page(), "Ways back"), "By Git")
    assert by_hand[0] == "not configured here: by hand, as it stands below"
    bare = part(page(Procedure("x", "", "0" * 64), settings=settings), "Ways back")
    assert [line.text for line in bare][1:] == [
        "compose: configured; the document does not describe it",
        "git: configured; the document does not describe it",
    ]


def test_missing_documents_are_warnings_and_the_rest_is_told() -> None:
    """Found missing, still to be written, not looked at, there; prevention without the copy for paper."""
    lines = page()
    assert [(line.text, line.look) for line in part(lines, "Related documents")] == [
        ("Restoring (still to be written): missing", Look.WARNING),
        ("Guide -> guide.md: missing", Look.WARNING),
        ("Wiki -> https://wiki.example.org: not looked at", Look.PLAIN),
        ("Plan -> plan.md: there", Look.PLAIN),
    ]
    assert [line.text for line in part(lines, "Prevention")] == ["Testing", "V1 The suite passes"]
    assert [line.text for line in part(lines, "Not understood of the document")] == ["line 99: ???: no words"]
    assert [line.text for line in part(lines, "Does not apply here")] == [
        "K1 A backup: only with payments, which is not configured"
    ]
    assert "Does not apply here" not in str(page(settings={"procedure": {"applies": ["payments"]}}))
    assert under(part(lines, "How it is done"), "By Compose") == ["1. Pull", "pull it"]


def test_without_colours_the_page_says_the_same() -> None:
    """Headings, depth and warnings are told by signs and words."""
    text = list(as_text(page(elapsed_s=1, deadline_s=900, overdue="January 2026")))
    assert "-- Who to reach --" in text
    assert "! its review is overdue since January 2026" in text
    assert "  until T+15:00: DevOps Lead, now" in text
    assert "    ! cannot be done before T+15:00: about 15 min are needed, 14 min left" in text


def test_an_overdue_review_is_kept_with_the_incident() -> None:
    """What was true at the declaration stays true of the record; records from before it was kept claim nothing."""
    evening = following()
    assert procedure_warnings(evening.incident) == ()
    pinned = next(event.body for event in evening.events if isinstance(event.body, ev.ProcedurePinned))
    late = ev.ProcedurePinned(pinned.title, "", pinned.sha256, pinned.procedure, pinned.matrix, "January 2026")
    evening.add(late)
    incident = fold(evening.events[0].incident, evening.events)
    assert procedure_warnings(incident) == ("the procedure's review is overdue since January 2026",)
    assert around(incident, RULES, 61_000) == Around(
        settings=incident.declared.settings if incident.declared else {},
        people=incident.declared.people if incident.declared else {},
        rules=RULES,
        elapsed_s=61,
        overdue="January 2026",
    )


def test_the_page_counts_to_the_deadline_of_the_bar_until_it_is_over() -> None:
    """Decide by, then back by, then none: a closed record reproaches nobody with time."""
    evening = following()
    assert decide_or_back_by(evening.incident) == (None, "decide")
    evening.add(ev.InputsSet("Critical", 90, 90, "High"))
    assert decide_or_back_by(evening.incident) == (900, "decide")
    evening.add(ev.Decided("roll back", "roll back", "Critical", "severity", "devops-lead"))
    assert decide_or_back_by(evening.incident) == (900, "back")
    evening.add(ev.Closed("recovered", "back"))
    assert decide_or_back_by(evening.incident)[0] is None
    assert around(evening.incident, RULES, 5000).elapsed_s is None
