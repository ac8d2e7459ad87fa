"""What a criterion opens: items that come first and really hold, loud words, and a record that few may read."""

from __future__ import annotations

from sample_incident import Evening
from with_procedure import following, marked

from actions.model import events as ev
from actions.model.blocking import Move, blocked_reason, next_item, next_move
from actions.model.branching import (
    RESTRICTED_WORDS,
    brief_warning,
    opened_by,
    option_warning,
    outside_words,
    outsiders,
    warnings,
)
from actions.model.incident import branches, item_of, items, restricted
from actions.model.record_text import markdown


def codes(evening: Evening) -> set[str]:
    return {item.code for item in items(evening.incident)}


def planned(evening: Evening) -> Evening:
    return evening.decided().planned()


def evidence(evening: Evening) -> Evening:
    """The plan's evidence, and every gate that is not of a branch."""
    evening.ran("B1", 1).ran("B2", 2)
    for item in items(evening.incident):
        if item.gate and item.code not in ("W1", "W2", "W3"):
            evening.add(ev.ItemMarked(item.code, item.text, "overridden", "rehearsed"))
    return evening


def test_damaged_data_ask_for_stopping_writes_before_older_code() -> None:
    """A04: the items appear by themselves, their gates hold every change until settled, the reason says which."""
    evening = evidence(planned(following()))
    assert blocked_reason(evening.incident, "X1") is None
    assert not {"W1", "W2"} & codes(evening)
    marked(evening, "Y4").decided()
    assert branches(evening.incident) == {"data"}
    assert {"W1", "W2"} <= codes(evening)
    reason = blocked_reason(evening.incident, "X1")
    assert reason is not None
    assert reason.startswith("gate: W1 Writes are stopped")
    evening.ticked("W1")
    assert "gate: W2 Older code alone mends no data" in str(blocked_reason(evening.incident, "X1"))
    evening.ticked("W2")
    assert blocked_reason(evening.incident, "X1") is None


def test_a_gate_that_opens_late_is_what_comes_next() -> None:
    """Also once the part of the list was ended in which it stands."""
    evening = evidence(planned(following()))
    evening.add(ev.PhaseClosed("before", "Before: all"))
    assert next_move(evening.incident).code == "X1"
    marked(evening, "Y4").decided()
    move = next_move(evening.incident)
    assert (move.move, move.code) == (Move.TICK, "W1")
    evening.ticked("W1", "W2")
    assert next_move(evening.incident).code == "X1"
    evening.ran("X1", 3).ran("X2", 4)
    marked(evening, "Y4", met=False)
    marked(evening, "Y4")
    late = next_item(evening.incident)
    assert late is None or not late.gate, "what is done is not asked for again"


def test_a_security_hole_asks_for_evidence_first() -> None:
    """A03: what ticks that gate is the evidence itself, which the plan's first steps keep."""
    evening = marked(planned(following()), "Y3")
    gate = item_of(evening.incident, "W3")
    assert gate is not None
    assert (gate.gate, gate.sensor) == (True, "evidence.kept")
    for file, private in (("web.log", False), ("env", True)):
        evening.add(ev.EvidenceKept(1, file, file, "0" * 64, 1, private, True))
    evidence(evening)
    evening.decided()
    assert blocked_reason(evening.incident, "X1") is None


def test_the_words_are_loud_and_name_what_comes_first() -> None:
    """Nobody goes back with older code alone, thinking that this mends data."""
    incident = following().incident
    assert opened_by(incident, {"Y4", "Y1"}) == {"data"}
    (loud,) = warnings(incident, {"data"})
    assert loud.startswith("DATA MAY BE DAMAGED: older code alone mends no data. First W1: Writes are stopped")
    assert loud.endswith("Then W2")
    both = "DATA DAMAGED? first W1 W2; SOMEBODY INSIDE? first W3 W4"
    assert brief_warning(incident, {"data", "security"}) == both
    assert brief_warning(incident, frozenset()) == ""
    for option in ("compose", "git", "coolify"):
        assert f"{option} brings older code only" in option_warning(incident, option, {"data"})
    assert option_warning(incident, "database", {"data"}) == ""
    assert option_warning(incident, "git", frozenset()) == ""
    settled = marked(following(), "Y4").ticked("W1", "W2").incident
    assert brief_warning(settled, {"data"}) == "DATA DAMAGED? what comes first is settled"
    assert warnings(settled, {"data"}) == ("DATA MAY BE DAMAGED: older code alone mends no data",)


def test_restricted_once_is_restricted_for_good() -> None:
    """A mistake is taken back, what was said is not: somebody may have read and copied it meanwhile."""
    evening = following()
    assert not restricted(evening.incident)
    marked(evening, "Y4")
    assert not restricted(evening.incident)
    marked(evening, "Y3")
    assert restricted(evening.incident)
    marked(evening, "Y3", met=False)
    assert branches(evening.incident) == {"data"}
    assert restricted(evening.incident)
    assert not restricted(Evening().incident)


def test_the_report_says_restricted_at_its_head() -> None:
    """Whoever opens the file reads it before anything else; other reports say nothing of it."""
    evening = marked(following(), "Y3")
    report = markdown(evening.incident, evening.events)
    assert report.splitlines()[2] == f"**{RESTRICTED_WORDS}**"
    assert "RESTRICTED" not in markdown(following().incident, following().events)


def test_who_works_on_it_is_inside_and_everybody_else_is_not() -> None:
    """Roles of the configured people, of the document's contacts and of who decides; users and stakeholders not."""
    open_one = following()
    assert outsiders(open_one.incident, ("users", "stakeholders")) == ()
    incident = marked(open_one, "Y3").incident
    inside = ("team", "management", "tech-manager", "DevOps Lead", "Database Admin", "the DevOps Lead")
    assert outsiders(incident, inside) == ()
    assert outsiders(incident, ("users", "team", "stakeholders", "support")) == ("users", "stakeholders", "support")
    words = "RESTRICTED, and not among those who work on it: users, support. Why may they know?"
    assert outside_words(("users", "support")) == words
