"""What may be told when, who was told, and that "solved" is never said of what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sample_incident import Evening

from actions.model import events as ev
from actions.model.checklist import Phase
from actions.model.codec import to_json
from actions.model.incident import Incident
from actions.model.message import BUILT_IN, templates
from actions.model.message_rules import (
    Ended,
    attempts,
    claims_solved,
    message_reason,
    newest,
    red_probes,
    stage,
    suggested,
    told,
    under_way,
)
from actions.model.procedure import Message, Procedure

PROBE = {"probe": [{"name": "health"}]}


def message(text: str = "", phase: Phase = Phase.BEFORE, subject: str = "about it", name: str = "m") -> Message:
    return Message(name, phase, "users", subject, text, 42)


SAYS_SOLVED = [
    ("The issue has been resolved.", True),
    ("Solved, the service is back.", True),
    ("The system is stable.", True),
    ("After the rollback, the system is stable again.", True),
    ("The service is now fully restored.", True),
    ("Rollback complete, system stable", True),
    ("Rollback done: we watch it.", True),
    ("It is back to normal.", True),
    ("All clear.", True),
    ("We will tell you here when it is back.", False),
    ("You will hear from us as soon as the problem is solved.", False),
    ("The problem is not solved.", False),
    ("The problem isn't fixed.", False),
    ("A rollback may follow.", False),
    ("We go back to 2025-10-01; it is back in five minutes.", False),
    ("Nothing is stable yet? It may be resolved tonight.", False),
    ("We are looking into it.", False),
]


@pytest.mark.parametrize(("text", "solved"), SAYS_SOLVED)
def test_what_says_solved_is_known_by_its_words(text: str, solved: bool) -> None:
    """In any phase; what speaks of a time to come says nothing of now. After the work every message counts."""
    assert claims_solved(message(text)) is solved
    assert claims_solved(message(text, Phase.AFTER))


def test_the_built_in_ones_are_what_they_say() -> None:
    """Only those for after the work claim that it is solved; each is for its phase."""
    assert [claims_solved(one) for one in BUILT_IN] == [one.phase is Phase.AFTER for one in BUILT_IN]
    assert {one.phase for one in BUILT_IN} == {Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER}


def observed(evening: Evening, ok: bool, what: str = "probe health") -> Evening:
    return evening.add(ev.Observed(0, what, ok, "200" if ok else "500", "200"))


def with_probe(evening: Evening) -> Evening:
    first = evening.events[0]
    data = {**first.data, "settings": PROBE}
    evening.events[0] = type(first)(**{**vars(first), "data": data})
    return evening


def forward(evening: Evening) -> Evening:
    return evening.add(ev.Decided("fix forward", "fix forward", "Low", "users", "devops-lead"))


WHEN_SOLVED = [
    ("nothing done", Evening(), "not proven"),
    ("decided", Evening().taken().decided(), "not proven"),
    ("switched, not proven", Evening().taken().decided().planned().ran("B1", 1).ran("X1", 2), "not proven"),
    ("proven", Evening().back(), None),
    ("proven, a probe red since", observed(Evening().back(), False), "a probe is red: probe health: 500"),
    ("proven, red, green again", observed(observed(Evening().back(), False), True), None),
    ("proven, the clock differs", observed(Evening().back(), False, "clock of app-1"), None),
    ("proven, the lookout sees red", observed(Evening().back(), False, "sensed probes.green"), "a probe is red"),
    ("proven, then changed again", Evening().back().ran("X1", 9), "not proven"),
    ("a step runs", Evening().back().started("X2", 9), "X2 proven back is running"),
    ("proven and closed", Evening().back().add(ev.Closed("recovered", "")), "the incident is closed"),
    ("fixed forward, no probe", forward(Evening()), "no probe is configured"),
    ("fixed forward, not looked", forward(with_probe(Evening())), "not been seen green since"),
    ("fixed forward, looked before", forward(observed(with_probe(Evening()), True)), "not been seen green since"),
    ("fixed forward, seen green", observed(forward(with_probe(Evening())), True), None),
    ("fixed forward, all seen", observed(forward(with_probe(Evening())), True, "sensed probes.green"), None),
    ("fixed forward, red", observed(forward(with_probe(Evening())), False), "a probe is red"),
    ("rolled back first, then forward", forward(with_probe(Evening().back().ran("X1", 9))), "not proven"),
]


@pytest.mark.parametrize(("evening", "reason"), [row[1:] for row in WHEN_SOLVED], ids=[row[0] for row in WHEN_SOLVED])
def test_solved_is_said_of_what_is_solved(evening: Evening, reason: str | None) -> None:
    """Proven, or fixed and seen by every probe; and no probe is red. Else the reason stands in the row."""
    found = message_reason(evening.incident, message("x", Phase.AFTER))
    assert found is None if reason is None else reason in (found or "")


def test_the_lookouts_red_gives_way_to_later_looks() -> None:
    """When every probe was read green later than the lookout saw red, none is red."""
    evening = observed(with_probe(Evening().back()), False, "sensed probes.green")
    assert red_probes(evening.incident)
    assert not red_probes(observed(evening, True).incident)


def test_other_messages_have_their_reasons_too() -> None:
    """No incident, closed, a template that cannot be read, nothing decided: each says what is missing."""
    early, going = message("hello"), message("x", Phase.CARRY_OUT)
    assert message_reason(Incident("INC-7"), early) == "no incident is open"
    assert message_reason(Evening().incident, early) is None
    assert message_reason(Evening().incident, going) == "nothing is decided yet"
    assert message_reason(Evening().decided().incident, going) is None
    stale = Evening().decided().add(ev.InputsSet("Low", 1, 1, "None"))
    assert "re-opened" in (message_reason(stale.incident, going) or "")
    assert "{nobody}" in (message_reason(Evening().incident, message("{nobody}")) or "")
    assert "is empty" in (message_reason(Evening().incident, Message("m", Phase.BEFORE, "", "", " ", 7)) or "")


def sent(
    evening: Evening, number: int, *, name: str = "m", to: str = "users", ok: bool = True, through: str = ""
) -> Evening:
    return evening.add(ev.MessageSent(name, tuple(to.split(",")), through or "smtp:mail", ok, "s", "t", "d", number))


def begun(evening: Evening, number: int, name: str = "m") -> Evening:
    return evening.add(ev.MessageStarted(number, name, ("users",), ("u@example.org",), "smtp:mail", "s", "t", 20))


def test_an_attempt_without_an_end_is_under_way_and_then_lost() -> None:
    """Within its deadline it is being sent; later, or in a record that is read, nobody knows whether it went out."""
    evening = begun(Evening(), 1)
    incident, at = evening.incident, evening.at
    assert under_way(incident, message(), at + timedelta(seconds=20)) is not None
    assert under_way(incident, message(), at + timedelta(seconds=31)) is None
    assert under_way(incident, message(), at - timedelta(hours=1)) is None
    assert [one.ended for one in attempts(incident)] == [Ended.LOST]
    assert told(incident, "m") is None
    ended = sent(evening, 1).incident
    assert [(one.ended, one.addresses) for one in attempts(ended)] == [(Ended.SENT, ("u@example.org",))]


def test_who_was_told() -> None:
    """By message or by people, the newest; each of several must have been reached. Copied or failed reached nobody."""
    evening = Evening()
    assert told(evening.incident, "management") is None
    sent(evening, 1, name="a", to="management", ok=False)
    sent(evening, 0, name="a", to="management", through="copied:tmux")
    assert told(evening.incident, "management") is None
    sent(evening, 0, name="a", to="Management,developers", through="read out")
    first = told(evening.incident, "the management")
    assert first is not None
    assert first.body.through == "read out"
    assert told(evening.incident, "management, developers and support") is None
    sent(evening, 2, name="b", to="support")
    last = told(evening.incident, "management, developers and support")
    assert last is not None
    assert last.body.name == "b"
    assert told(evening.incident, "a") == first
    assert told(evening.incident, BUILT_IN[0].name) is None
    assert told(Evening().incident, "users") is None


def test_telling_the_stakeholders_tells_its_members() -> None:
    """A message to stakeholders has told management, developers and support."""
    evening = sent(Evening(), 1, to="stakeholders")
    assert told(evening.incident, "management, developers and support") is not None
    assert told(evening.incident, "users") is None


def test_what_makes_sense_now() -> None:
    """The first message of the present stage that has reached nobody; none when all are told."""
    evening = Evening().taken()
    assert stage(evening.incident) is Phase.BEFORE
    assert suggested(evening.incident) == BUILT_IN[0]
    sent(evening, 1, name=BUILT_IN[0].name, ok=False)
    assert suggested(evening.incident) == BUILT_IN[0]
    sent(evening, 2, name=BUILT_IN[0].name)
    assert suggested(evening.incident) == BUILT_IN[1]
    evening.decided()
    assert stage(evening.incident) is Phase.CARRY_OUT
    assert suggested(evening.incident) == BUILT_IN[2]
    back = Evening().back()
    assert stage(back.incident) is Phase.AFTER
    assert suggested(back.incident) == BUILT_IN[4]
    for one in BUILT_IN[4:]:
        sent(back, 0, name=one.name, through="read out")
    assert suggested(back.incident) is None
    found = newest(back.incident, BUILT_IN[5])
    assert found is not None
    assert found.reached


def test_the_shipped_procedures_messages_can_be_rendered() -> None:
    """Every placeholder that the built-in document uses is known, and each message has its phase."""
    from pathlib import Path

    from actions.gateways.markdown import read_text
    from actions.model.message import template_problem

    path = Path(__file__).parents[2] / "app" / "procedure" / "rollback.md"
    procedure: Procedure = read_text(path.read_text(), path=str(path))
    body = ev.ProcedurePinned("p", "p.md", "0" * 64, to_json(procedure))
    found = templates(Evening().add(body).incident)
    assert found == procedure.messages != ()
    assert [template_problem(one) for one in found] == [""] * len(found)
    assert any(claims_solved(one) for one in found)
    assert not all(claims_solved(one) for one in found)
