"""What sensors say of the criteria, flown: proposed, taken over, on record; what damaged data and a hole ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hook_server import Hook, hook
from pilot_moves import hears, looked, sees, sees_no
from telling import named, started, through
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, refused, run
from widget_bench import screen_text

from actions.gateways.bundle import verify_bundle
from actions.model.branching import RESTRICTED_WORDS
from actions.model.checklist import Phase, State
from actions.model.criteria import criteria, met_codes
from actions.model.fold import fold
from actions.model.incident import branches, item_of, items, restricted, state_of
from actions.model.matrix import Decision, Inputs
from actions.model.record_text import markdown
from actions.model.record_timeline import timeline
from app import cli, messaging
from app.cockpit import cockpit
from app.plain import Plain
from app.records import list_records
from app.session import Session
from widgets.criteria_dialog import CriteriaDialog


@pytest.fixture
def chat() -> Iterator[Hook]:
    with hook() as one:
        yield one


@pytest.fixture
def tiny(tmp_path: Path, chat: Hook, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    monkeypatch.setenv("TINY_HOOK", f"{chat.url}/hooks/x")
    one.add_to_config(
        '\n[contacts]\nusers = "users@example.org"\nteam = "dev@example.org"\n'
        '[[channel]]\nname = "chat"\nwebhook = "${env:TINY_HOOK}"\ndeadline = 60\n'
    )
    return one


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


def report_of(session: Session) -> str:
    events = session.journal.events(session.incident.id)
    return markdown(fold(session.incident.id, events), events)


async def test_a_sensed_criterion_is_proposed_taken_over_by_one_key_and_stands_in_the_record(session: Session) -> None:
    """A01, A07: announced, shown, ticked by a person; the record holds what the sensor said at that moment."""
    app = cockpit(session, ascii=False)
    async with app.run_test(size=(160, 48)) as pilot:
        await sees(pilot, "none of 17 met")
        session.sense("app.runs", False, "web restarted 4 times", "every container runs")
        session.sense("probes.answer", False, "0 of 2 pass", "1 of 2 pass")
        await sees(pilot, "! 2 criteria look met: Y1 Y7", "sensors: 2 criteria look met: Y1 Y7 (y)")
        assert met_codes(session.incident) == frozenset()
        await pilot.press("y")
        await sees(pilot, "t ticks them", "! looks met since", "web restarted 4 times")
        await hears(pilot, CriteriaDialog)
        await pilot.press("t", "enter", "enter")
        await sees(pilot, "criteria propose Critical: 2 of 17 met (Y1 Y7)")
        assert not isinstance(app.screen, CriteriaDialog)
        assert "look met:" not in screen_text(app)
    assert met_codes(session.incident) == {"Y1", "Y7"}
    lines = timeline(session.journal.events(session.incident.id))
    assert any(
        "criterion Y7 (Critical) met:" in line and "(sensor: 0 of 2 pass, expected 1 of 2 pass)" in line
        for line in lines
    )
    session.mark_criterion("Y1", False)
    assert "THE SENSOR SAID OTHERWISE: web restarted 4 times" in report_of(session)


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_who_sees_only_the_list_is_told(session: Session, size: tuple[int, int]) -> None:
    """One pane at a time: the last line says it, once."""
    app = cockpit(session, ascii=True)
    async with app.run_test(size=size) as pilot:
        await sees(pilot, "A1")
        session.sense("app.runs", False, "web restarted 4 times", "every container runs")
        await sees(pilot, "sensors: 1 criterion looks met: Y1 (y)")


def test_the_plain_mode_says_the_same_and_takes_it_over(session: Session) -> None:
    """Announced before the next question, listed with what is seen, taken over by a command, on record."""
    session.sense("app.runs", False, "web restarted 4 times", "every container runs")
    session.sense("probes.answer", False, "0 of 2 pass", "1 of 2 pass")
    operator = Scripted(["y", "t", "t", "", "q"])
    Plain(session, operator).fly()
    text = operator.text
    assert text.index("! sensors: 2 criteria look met: Y1 Y7 (y)") < text.index("? for help")
    assert "looks met since" in text
    assert "web restarted 4 times, expected every container runs" in text
    assert "t: Y1 Y7 as the sensors say" in text
    assert "! no sensor proposes anything that is not ticked" in text
    assert "between 30 and 50 % the document says nothing" in text
    assert met_codes(session.incident) == {"Y1", "Y7"}


def test_going_back_for_medium_reasons_alone_needs_a_typed_one(session: Session) -> None:
    """A14-A18: fix forward with the reason; going back all the same is a deviation with words of its own."""
    for code in ("Y14", "Y15", "Y16", "Y17", "Y18"):
        session.mark_criterion(code, True)
    assert "the matrix says fix forward: deciding otherwise needs a reason" in refused(
        lambda: session.decide(Decision.ROLL_BACK)
    )
    operator = Scripted(["d", "", "?", "?", "b", "", "d", "", "?", "?", "b", "the board wants it", "q"])
    Plain(session, operator).fly()
    assert "the matrix says: fix forward, within 4-8 hours; decided by criteria" in operator.text
    assert "needs a reason" in operator.text
    decision = session.incident.decision
    assert decision is not None
    assert (decision.decision, decision.recommended, decision.reason) == (
        "roll back",
        "fix forward",
        "the board wants it",
    )
    assert any("the matrix said fix forward" in one.what for one in session.incident.deviations)


def with_plan(session: Session, tiny: Tiny) -> None:
    """Evidence is kept, the other gate is gone around; the next step changes the system."""
    session.set_inputs(Inputs("High", 60, 80, "Low"))
    session.decide(Decision.ROLL_BACK)
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    for item in items(session.incident):
        if item.phase is Phase.BEFORE and not state_of(session.incident, item).settled:
            if item.gate:
                session.override_gate(item.code, "rehearsed", "ops2")
            else:
                session.mark(item.code, State.NOT_APPLICABLE, "rehearsed")
    session.close_phase()


async def test_damaged_data_hold_older_code_until_writes_are_stopped(session: Session, tiny: Tiny) -> None:
    """A04: in the cockpit the row says why before anybody presses, Enter goes to W1, and once settled it goes on."""
    with_plan(session, tiny)
    app = cockpit(session, ascii=False)
    async with app.run_test(size=(160, 48)) as pilot:
        await sees(pilot, "run X1")
        session.mark_criterion("Y4", True)
        session.decide(Decision.ROLL_BACK)
        await sees(pilot, "GATE Writes are stopped", "open, gate: W1 Writes", "! DATA DAMAGED? first W1 W2", "tick W1")
        await pilot.press("enter")
        await sees(pilot, "tick W2")
        await looked(pilot)
        await pilot.press("enter")
        await sees(pilot, "run X1")
        await sees_no(pilot, "gate: W")
        await sees(pilot, "git brings older code only. DATA MAY BE DAMAGED: older code alone mends no data")


def test_damaged_data_hold_it_in_the_plain_mode_too(session: Session, tiny: Tiny) -> None:
    """The same gates and words for whoever listens; the refusal is on record."""
    with_plan(session, tiny)
    operator = Scripted(["y", "4", "", "d", "", "?", "?", "", "x1", "", "w1", "", "w2", "", "q"])
    Plain(session, operator).fly()
    text = operator.text
    assert "! DATA MAY BE DAMAGED: older code alone mends no data. First W1: Writes are stopped" in text
    assert "! git brings older code only" in text
    assert "X1 blocked: gate: W1 Writes are stopped" in text
    assert "W1 done" in text
    assert "W2 done" in text
    assert branches(session.incident) == {"data"}
    session.sync()
    kinds = [event.kind for event in session.journal.events(session.incident.id)]
    assert "step.refused" in kinds
    assert session.incident.last_run("X1") is None


def test_a_gate_of_a_branch_is_gone_around_as_any_other(session: Session, tiny: Tiny) -> None:
    """A reason and a second person; it stays open otherwise."""
    session.mark_criterion("Y4", True)
    assert "the way around it needs a second person" in refused(lambda: session.mark("W1", State.OVERRIDDEN, "no"))
    session.override_gate("W1", "writes must go on: payments", "ops2")
    item = item_of(session.incident, "W1")
    assert item is not None
    assert session.incident.marks["W1"].state is State.OVERRIDDEN


def test_a_security_hole_restricts_the_record_for_good(
    session: Session, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A03: marked in the list and the report, asked for when it is handed on; a bundle of it verifies as any other."""
    session.mark_criterion("Y3", True)
    session.mark_criterion("Y3", False)
    assert restricted(session.incident)
    assert session.journal.events(session.incident.id)[-1].data["branch"] == "security"
    rows = list_records(session.journal).splitlines()
    assert "DRILL RESTRICTED" in rows[1]
    assert json.loads(list_records(session.journal, as_json=True))["records"][0]["restricted"] is True
    assert f"**{RESTRICTED_WORDS}**" in report_of(session)
    words = ["export", session.incident.id, "--store", str(tiny.store), "--to", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is RESTRICTED and was not exported" in said
    assert "--restricted" in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--restricted"])
    assert left.value.code == 0
    assert RESTRICTED_WORDS in capsys.readouterr().out
    assert (tmp_path / "out" / "record.md").read_text().splitlines()[4] == f"**{RESTRICTED_WORDS}**"
    assert verify_bundle(tmp_path / "out").exit_status == 0
    with pytest.raises(SystemExit) as left:
        cli.main(["review", session.incident.id, "--store", str(tiny.store), "--plain"])
    assert capsys.readouterr().out.startswith(RESTRICTED_WORDS)


def test_other_records_are_listed_and_given_out_as_before(session: Session, tiny: Tiny, tmp_path: Path) -> None:
    """Damaged data restrict nothing; a text that looks like the mark is none."""
    session.mark_criterion("Y4", True)
    session.note('"branch":"security","met":true')
    assert not restricted(session.incident)
    assert "RESTRICTED" not in list_records(session.journal)
    with pytest.raises(SystemExit) as left:
        cli.main(["export", session.incident.id, "--store", str(tiny.store), "--to", str(tmp_path / "out")])
    assert left.value.code == 0


def test_nobody_outside_is_told_of_a_hole_without_a_reason(session: Session, chat: Hook) -> None:
    """Refused in every way; with a reason it goes out, and the reason stands in the record before it."""
    shown = started(session, named(session, "Maintenance notice").message)
    assert through(session, shown, "webhook:chat").startswith("told users")
    session.mark_criterion("Y3", True)
    shown = started(session, named(session, "Maintenance notice").message)
    assert "RESTRICTED" in messaging.outside(session, ("users",))
    assert messaging.outside(session, ("team",)) == ""
    for name in ("webhook:chat", "read out"):
        assert "not sent: RESTRICTED, and not among those who work on it: users" in refused(
            lambda name=name: through(session, shown, name)  # type: ignore[misc]  # a default of a lambda has no type
        )
    assert len(chat.posted) == 1
    way = next(one for one in messaging.ways_for(session, shown, ("users",)) if one.through == "webhook:chat")
    messaging.send(session, shown, ("users",), way, why="the law asks for it")
    assert len(chat.posted) == 2
    lines = timeline(session.journal.events(session.incident.id))[-3:]
    assert "RESTRICTED, and users are told all the same (Maintenance notice): the law asks for it" in lines[0]
    assert "message 2 told users" in lines[2]


def test_the_plain_mode_asks_before_it_tells_of_a_hole(session: Session, chat: Hook) -> None:
    """Enter is no."""
    session.mark_criterion("Y3", True)
    number = str(1 + [row.message.name for row in messaging.rows(session)].index("Maintenance notice"))
    ways = messaging.ways_for(session, started(session, named(session, "Maintenance notice").message), ("users",))
    way = str(1 + [one.through for one in ways].index("webhook:chat"))
    operator = Scripted(["i", number, way, "", "i", number, way, "the law", "", "q"])
    Plain(session, operator).fly()
    assert operator.text.count("RESTRICTED, and not among those who work on it: users") == 2
    assert len(chat.posted) == 1
    assert any("are told all the same" in text for _, _, text in session.incident.notes)


def test_a_person_ticks_although_the_sensor_is_well(session: Session) -> None:
    """The person decides; the record says plainly that the two differ."""
    session.sense("app.runs", True, "3 of 3 run", "every container runs")
    session.mark_criterion("Y1", True)
    one = criteria(session.incident)[0]
    assert (one.met, one.looks_met, one.looks_over) == (True, False, False)
    assert "(THE SENSOR SAID OTHERWISE: 3 of 3 run)" in report_of(session)
