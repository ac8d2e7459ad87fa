"""The checklist as it is printed, filled in from the record: each of its lines, how, when, and whose."""

from __future__ import annotations

from pathlib import Path

import pytest
from with_procedure import following

from actions.model import events as ev
from actions.model.checklist import Item, Kind, Phase
from actions.model.paper_match import matched, meaning
from actions.model.paper_table import PaperLine, initials, paper_lines
from actions.model.procedure import ListItem
from actions.model.quick_dataclass import replace
from actions.model.record_text import markdown
from actions.model.sensing import PREFIX


def by_printed(lines: tuple[PaperLine, ...]) -> dict[str, PaperLine]:
    return {line.printed: line for line in lines}


def test_every_line_of_the_built_in_paper_means_an_item() -> None:
    """Fifteen lines, each another item of the list."""
    lines = paper_lines(following().incident)
    assert [(line.printed, line.code) for line in lines] == [
        ("issue verified and documented", "A2"),
        ("stakeholders told", "C1"),
        ("database backup made", "K1"),
        ("logs exported", "K2"),
        ("decision approved", "D1"),
        ("last good version identified", "G1"),
        ("deployment reverted (Docker or Git)", "G2"),
        ("application restarted", "G3"),
        ("health endpoints verified", "G4"),
        ("critical workflows tested", "S1"),
        ("stability confirmed", "T4"),
        ("users told", "S2"),
        ("incident report begun", "S3"),
        ("root-cause analysis scheduled", "S4"),
        ("forward fix planned", "S5"),
    ]


def test_each_line_tells_how_when_and_whose() -> None:
    """Ticked by hand, sensed, overridden, decided, or still open: never one for the other."""
    evening = following()
    evening.add(ev.ItemMarked("A2", "x", "done"))
    evening.add(ev.ItemMarked("C1", "x", "overridden", "phones are down"))
    evening.add(ev.ItemMarked("S2", "x", "not applicable", "no users yet"))
    evening.add(ev.InputsSet("High", 60, 80, "Low"))
    evening.add(ev.Decided("roll back", "roll back", "High", "severity", "devops-lead", ""))
    evening.add(ev.EvidenceKept(1, "logs", "logs.gz", "0" * 64, 10, private=False, complete=True))
    lines = by_printed(paper_lines(evening.incident, evening.events))
    assert lines["issue verified and documented"].how == "manual"
    assert lines["issue verified and documented"].who == "FO (ops1)"
    assert lines["issue verified and documented"].at
    told = lines["stakeholders told"]
    assert (told.state, told.how, told.seen) == ("overridden", "overridden", "phones are down")
    assert lines["users told"].how == "not applicable"
    decided = lines["decision approved"]
    assert (decided.state, decided.how, decided.who, decided.seen) == ("done", "sensed", "FO (ops1)", "roll back")
    assert decided.at
    kept = lines["logs exported"]
    assert (kept.state, kept.how, bool(kept.at)) == ("done", "sensed", True)
    assert lines["forward fix planned"] == PaperLine("forward fix planned", "S5", "open", "manual")
    text = markdown(evening.incident, evening.events)
    assert "## Checklist as printed" in text
    row = next(line for line in text.splitlines() if line.startswith("| stakeholders told"))
    assert "| C1 | OVERRIDDEN | overridden |" in row
    assert "phones are down" in row


def test_a_line_that_does_not_apply_is_not_taken_for_another() -> None:
    """Without a database there is no backup: nothing else that speaks of the database stands for it."""
    evening = following()
    declared = evening.incident.declared
    assert declared is not None
    without = replace(declared, settings={"procedure": {"lacks": ["database"]}})
    line = by_printed(paper_lines(replace(evening.incident, declared=without)))["database backup made"]
    assert line == PaperLine("database backup made", "K1", "not applicable", "not configured: database")


def test_what_is_sensed_is_told_with_what_was_seen() -> None:
    """A line that a sensor ticks has its time, and nobody's initials."""
    evening = following()
    evening.add(ev.Observed(0, PREFIX + "probes.green", True, "2 of 2 pass", "2 of 2 pass"))
    declared = evening.incident.declared
    assert declared is not None
    probed = replace(evening.incident, declared=replace(declared, settings={"probe": [{"name": "health"}]}))
    line = by_printed(paper_lines(probed, evening.events))["stability confirmed"]
    assert (line.state, line.how, line.who, line.seen) == ("done", "sensed", "", "2 of 2 pass")
    assert line.at


def test_a_line_that_means_nothing_says_so(tmp_path: Path) -> None:
    """It is not tacked to what it does not mean."""
    document = """# Back

## Before

- [ ] Somebody has looked <!-- code: A1 -->

## Printed checklist

```text
BEFORE
[ ] coffee brewed | strong
[ ] somebody has looked
```
"""
    path = tmp_path / "p.md"
    path.write_text(document)
    evening = following(path)
    coffee, looked = paper_lines(evening.incident)
    assert (coffee.code, coffee.state, coffee.how) == ("", "not matched", "")
    assert looked.code == "A1"
    text = markdown(evening.incident, evening.events)
    assert "NOT MATCHED" in text
    row = next(line for line in text.splitlines() if "coffee" in line)
    assert row.replace("\\|", "").count("|") == 8, "what stands on paper makes no column of its own"


def test_a_document_without_paper_has_no_table(tmp_path: Path) -> None:
    """The report has no empty section."""
    path = tmp_path / "p.md"
    path.write_text("# Back\n\n## Before\n\n- [ ] Somebody has looked\n")
    evening = following(path)
    assert not paper_lines(evening.incident)
    assert "as printed" not in markdown(evening.incident, evening.events)


@pytest.mark.parametrize(
    ("printed", "item"),
    [
        ("Issue verified and documented", "Document the problem: error messages, affected endpoints, user reports"),
        ("Stakeholders notified", "Notify management, developers, support team"),
        ("Database backup created", "Create database snapshot"),
        ("Logs exported", "Export recent error logs"),
        ("Rollback decision approved", "Rollback decision made and approved"),
        ("Last good version identified", "Identify last known good version"),
        ("Deployment reverted (Docker/Git)", "Revert deployment"),
        ("Application restarted", "Restart the app"),
        ("Health endpoints verified", "Verify health endpoints"),
        ("Critical workflows tested", "Test critical workflows (login, dashboard)"),
        ("System stable", "Confirm the system is stable"),
        ("Users notified of resolution", "Notify users"),
        ("Root cause analysis scheduled", "RCA scheduled"),
    ],
)
def test_other_words_for_the_same(printed: str, item: str) -> None:
    """As people write it on the wall and in the list."""
    line = ListItem("P1", printed, Kind.MANUAL, 1)
    rows = [
        Item("A1", "The weather is fine", Kind.MANUAL, Phase.BEFORE),
        Item("A2", item, Kind.MANUAL, Phase.BEFORE),
        Item("A3", "Lunch is ordered", Kind.MANUAL, Phase.BEFORE),
    ]
    found = matched([(Phase.BEFORE, line)], rows)[0]
    assert found is not None, (meaning(printed), meaning(item))
    assert found.code == "A2"


def test_each_item_is_meant_once() -> None:
    """Two printed lines of the same words: the phase tells which is which."""
    lines = [
        (Phase.AFTER, ListItem("P1", "stakeholders told", Kind.MANUAL, 1)),
        (Phase.BEFORE, ListItem("P2", "stakeholders told", Kind.MANUAL, 2)),
        (Phase.AFTER, ListItem("P3", "stakeholders told", Kind.MANUAL, 3)),
    ]
    rows = [
        Item("C1", "Management told", Kind.MANUAL, Phase.BEFORE),
        Item("T5", "Stakeholders told: done", Kind.MANUAL, Phase.AFTER),
    ]
    found = [item.code if item else "" for item in matched(lines, rows)]
    assert found in (["T5", "C1", ""], ["", "C1", "T5"])


def test_initials_come_from_the_name() -> None:
    """Of a login that nobody configured: the login."""
    people = {"ops1": {"name": "First Middle Operator"}, "x": {"name": ""}}
    assert initials(people, "ops1") == "FMO (ops1)"
    assert initials(people, "x") == "x"
    assert initials({}, "root") == "root"
