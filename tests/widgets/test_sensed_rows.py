"""What a sensed item shows: the value seen, the value expected, when, and that no hand ticks it."""

from __future__ import annotations

from sample_incident import HOSTILE, Evening

from actions.model import events as ev
from actions.model.checklist import Kind, Phase
from actions.model.codec import to_json
from actions.model.fold import fold
from actions.model.incident import Incident, items
from actions.model.procedure import SENSORS, Checklist, ListItem, Procedure
from widgets.checklist_rows import checklist_rows
from widgets.painted import row_text
from widgets.preview_rows import preview_text


def evening() -> Evening:
    """Declared, with a procedure that asks for the probes and for the decision."""
    one = Evening()
    body = one.events[0].body
    assert isinstance(body, ev.Declared)
    body.settings["probe"] = [{"name": "health", "url": "http://127.0.0.1/"}]
    document = Procedure(
        "Rollback",
        "",
        "0" * 64,
        checklists=(
            Checklist(
                "After",
                Phase.AFTER,
                (
                    ListItem("T4", "Stability confirmed", Kind.SENSED, 1, sensor="probes.green"),
                    ListItem("K2", "Logs exported", Kind.SENSED, 2, sensor="logs.exported"),
                ),
                1,
            ),
        ),
    )
    return one.add(ev.ProcedurePinned("Rollback", "", "0" * 64, to_json(document)))


def saw(one: Evening, ok: bool, seen: str, expected: str = "3 of 3 pass") -> Incident:
    return incident(one.add(ev.Observed(0, "sensed probes.green", ok, seen, expected)))


def incident(one: Evening) -> Incident:
    return fold("INC-7", one.events)


def row(one: Evening, code: str = "T4") -> tuple[str, str]:
    """The detail of the item's row, and its tone."""
    found = next(row for row in checklist_rows(incident(one), one.at) if row.code == code)
    return found.detail, found.detail_tone


def preview(one: Evening, code: str = "T4") -> str:
    return "\n".join(row_text(row) for row in preview_text(incident(one), code).rows)


def test_the_row_shows_what_was_seen_and_what_is_expected() -> None:
    """Sensed items show both values; they tick and un-tick themselves."""
    one = evening()
    assert [item.kind for item in items(incident(one))] == [Kind.SENSED, Kind.SENSED]
    assert row(one)[0] == "open: not read yet"
    assert row(one, "K2")[0] == "open", "nothing is to be read for what the record itself says"
    saw(one, False, "2 of 3 pass: ready answered 500")
    assert row(one) == ("open: 2 of 3 pass: ready answered 500, expected 3 of 3 pass 09:59Z", "tone--warning")
    saw(one, True, "3 of 3 pass")
    assert row(one)[0] == "done: 3 of 3 pass"
    saw(one, False, "0 of 3 pass: no way there")
    assert row(one)[0].startswith("open: 0 of 3 pass")


def test_the_preview_says_what_is_observed_and_that_it_is_not_ticked_by_hand() -> None:
    """Seen, expected, when, what the sensor observes, and the only way around it."""
    one = evening()
    assert "it has not been read yet" in preview(one)
    saw(one, False, "2 of 3 pass: ready answered 500")
    text = preview(one)
    assert "2 of 3 pass: ready answered 500 (not ok)" in text
    assert "expected 3 of 3 pass" in text
    assert "09:59:" in text
    assert SENSORS["probes.green"] in text
    assert "cannot be ticked by hand; o overrides it, with a reason" in text


def test_outside_text_of_a_reading_is_harmless_on_the_screen() -> None:
    """What a server answered moves no cursor, even if the edge had let it through."""
    one = evening()
    saw(one, False, HOSTILE, HOSTILE)
    assert "\x1b" not in row(one)[0]
    assert "\u202e" not in preview(one)
    assert "\x1b" not in preview(one)
