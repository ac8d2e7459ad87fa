"""The whole evening, from the alarm to two signatures: once as it should go, once with every deviation there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evening import Evening, evening, looking, press_on, reads, state, the_key
from lookout_ground import readings, saw
from pilot_moves import looked
from telling import named, started, through
from tiny_system import Tiny, build, pay_what_is_bent, refused, run

from actions.model import events as ev
from actions.model.blocking import Move
from actions.model.checklist import Kind, Phase, State
from actions.model.clock import ManualClock
from actions.model.criteria import criteria
from actions.model.debts import holding
from actions.model.fold import fold
from actions.model.incident import items
from actions.model.matrix import Decision, Inputs
from actions.model.message import DRILL_FIRST
from actions.model.phases import line
from actions.model.plan import Plan
from app import approving, messaging
from app.approval_desk import Desk
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.records import export_record, verify_target
from app.replay import Trouble, trouble
from app.review import open_replay, review
from app.session import Session
from app.signing import sign_off
from app.who import who_am_i
from widgets.checklist import Checklist
from widgets.sign_off_dialog import summary_lines


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Evening]:
    with evening(tmp_path / "tiny") as one:
        yield one


def target(session: Session, commit: str) -> Plan:
    """Draw the plan to the release with this commit."""
    return session.draw(next(one for one in session.releases() if one.commit == commit))


def tell(session: Session, name: str, way: str = "command:post") -> str:
    """Tell everybody a message is for; the last line."""
    return through(session, started(session, named(session, name).message), way)


def ticked(session: Session, *words: str) -> list[str]:
    """Tick the criteria that hold these words; their codes."""
    found = [one for one in criteria(session.incident) if any(word in one.text for word in words)]
    assert len(found) == len(words)
    for one in found:
        session.mark_criterion(one.code, True)
    return [one.code for one in found]


def checked(session: Session, night: Evening, capsys: pytest.CaptureFixture[str], to: Path) -> tuple[str, str]:
    """The record as it is read by others: verified, exported, replayed. (time line, Markdown report)"""
    found = verify_target(session.incident.id, session.journal)
    assert found.status == 0, found.text
    exported = export_record(session.journal, session.incident.id, to)
    assert exported.status == 0, exported.text
    assert verify_target(str(to), None).status == 0
    assert review(night.tiny.store, session.incident.id, plain=True) == 0
    shown = capsys.readouterr().out
    plain, report = reads(session)
    assert shown.splitlines() == plain.splitlines(), "what review prints is the time line"
    (document,) = [path for path in to.rglob("*.md") if path.read_text().startswith("# DRILL")]
    assert document.read_text() == report, "what is exported is the report"
    return shown, report


def signed(session: Session, executed: str, verified: str) -> None:
    """Closed as recovered, then two people stand for it."""
    kept = len(holding(session.incident.debts))
    stays = "debt stays" if kept == 1 else "debts stay"
    assert the_key(session).words == f"park the record: recovered ({kept} {stays} open)"
    pay_what_is_bent(session)
    assert the_key(session).words == "close the incident: recovered"
    session.close_incident("recovered")
    assert the_key(session).move is Move.SIGN
    sign_off(session, "executed", executed)
    assert the_key(session).move is Move.VERIFY
    assert "somebody else" in refused(lambda: sign_off(session, "verified", executed))
    sign_off(session, "verified", verified)
    assert session.incident.finished
    assert the_key(session).words == ""


def missing(text: str, wanted: list[str]) -> list[str]:
    """What of it does not stand there; line breaks and escapes of Markdown left out."""
    plain = " ".join(text.replace("\\", "").replace("*", "").split())
    return [words for words in wanted if words not in plain]


# ------------------------------------------------------------------------------------------------- as it should go


def test_the_evening_as_it_should_go(night: Evening, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Criteria, decision, list, approval by a second person, the rollback, the list after it, messages, signatures."""
    session, tiny = night.session(), night.tiny
    assert session.take_lease()
    session.declare("pages fail")
    codes = ticked(session, "more than 50 % of users")
    session.set_inputs(Inputs("", 60, 80, "Low"))
    session.decide(Decision.ROLL_BACK)
    assert session.incident.decision is not None
    assert (session.incident.decision.row, session.incident.decision.decided_by) == ("High", "criteria and users")
    assert "told stakeholders (command:post)" in tell(session, "Investigating")
    backup = night.backup()
    with looking(session):
        red = saw(session, "probes.green", lambda one: not one.ok)
        assert red.seen.startswith("0 of 2 pass: health answered 500")
        saw(session, "errors.rate", lambda one: one.ok or "watched" not in one.seen)
        before = press_on(session, lambda one: one.move not in (Move.TICK, Move.KEEP, Move.WAIT, Move.RUN))
        assert the_key(session).move is Move.CHOOSE
        plan = target(session, tiny.target)
        night.clock.pass_by(16 * 60)
        before += press_on(session, lambda one: one.move is Move.ASK)
        assert session.incident.phases_closed[Phase.BEFORE.value].body.words == "Before: 15 of 15"
        assert {one.code for one in before} >= {"A1", "C1", "B1", "B2"}
        assert backup.name in readings(session, "backup.current")[-1].seen

        ask = the_key(session)
        assert (ask.code, ask.words) == ("X1", "ask for the approval of tech-manager")
        approving.request_approval(session)
        assert "waits for tech-manager (ops2 may)" in the_key(session).blocked
        desk = night.desk(session)
        approving.approve(desk, plan.digest, "tiny")
        assert "told team (command:post)" in tell(session, "Rollback begins")

        assert "health" in refused(lambda: tell(session, "Solved")), "nobody says so while it is red"
        assert state(session, "T4") is State.OPEN
        carried = press_on(session, lambda one: one.code == "S1")
        assert [one.code for one in carried if one.move is Move.RUN] == ["X1", "X2", "X3"]
        assert tiny.running == tiny.target
        saw(session, "probes.green", lambda one: one.ok)
        assert (state(session, "T4"), state(session, "S1")) == (State.DONE, State.OPEN), (
            "green by itself, by nobody's key"
        )
        assert "S1" in refused(lambda: tell(session, "Rollback done")), "nobody says so before it was tried"
        press_on(session, lambda one: one.code == "T5")
        assert "told stakeholders" in tell(session, "Rollback done")
        assert "told users" in tell(session, "Solved")
        press_on(session, lambda one: one.move is Move.CLOSE)
    words = line(session.incident, Phase.AFTER)
    assert words.startswith("After: ")
    assert "," not in words, "nothing was left out"
    signed(session, "ops1", "ops2")
    assert not session.incident.deviations
    assert night.posted.count(DRILL_FIRST) == 4

    shown, report = checked(session, night, capsys, tmp_path / "bundle")
    facts = [
        f"criterion {codes[0]} (High) met",
        "damage: severity ?, users 60-80 %, data risk Low",
        "decided roll back (row High, by criteria and users; entitled: devops-lead)",
        "observed sensed probes.green: NOT AS EXPECTED: 0 of 2 pass: health answered 500",
        "observed sensed probes.green: 2 of 2 pass, as expected",
        "observed sensed backup.current: tiny.sql.gz",
        'said aloud: "Before: 15 of 15"',
        'said aloud: "Carry out: ',
        f'said aloud: "{words}"',
        "plan drawn: git to ",
        "approved by Second Operator (ops2) as tech-manager",
        "message 1 told stakeholders (command:post): DRILL: Deployment problem on tiny",
        "message 2 told team (command:post)",
        "message 4 told users (command:post)",
        "X2 ",
        "closed: recovered",
        "signed off: executed by First Operator (ops1)",
        "signed off: verified by Second Operator (ops2)",
    ]
    assert not missing(shown, facts)
    assert not missing(report, facts)
    asked = next(text for text in shown.splitlines() if "approved by Second" in text)
    assert asked.startswith("T+16:"), asked
    assert [event.actor for event in session.journal.events(session.incident.id) if event.kind == "approval.given"] == [
        "ops2"
    ]
    odd = [one.body for one in open_replay(tiny.store, session.incident.id).events if trouble(one) is not Trouble.NONE]
    assert [type(one) for one in odd] == [ev.SignedOff, ev.SignedOff], "without keys: that alone asks for an eye"
    session.close()
    session.journal.close()


# ------------------------------------------------------------------------------------------ every deviation there is


def test_the_evening_with_every_deviation(night: Evening, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Whatever was done otherwise stands in the review, in the report and on the sign-off, with its reason."""
    session, tiny = night.session(), night.tiny
    assert session.take_lease()
    session.declare("pages fail")
    ticked(session, "Visual flaws")
    session.set_inputs(Inputs("", 5, 5, "Low"))
    assert "the matrix says fix forward" in refused(lambda: session.decide(Decision.ROLL_BACK))
    session.decide(Decision.ROLL_BACK, "the fair opens tomorrow")
    assert "NOT SENT to stakeholders (command:pager): exit 7" in tell(session, "Investigating", "command:pager")

    session.mark("A3", State.DEFERRED, "the graphs load slowly")
    session.mark("A5", State.OVERRIDDEN, "the director knows")
    session.mark("C3", State.NOT_APPLICABLE, "nobody is awake")
    target(session, tiny.ground.shas[0])
    night.clock.pass_by(16 * 60)
    session.extend(600, "the provider is on the phone")
    with looking(session):
        press_on(session, lambda one: one.code == "K1")
        saw(session, "backup.current", lambda one: not one.ok)
    assert the_key(session).words.startswith("look at K1 again: no file ")
    assert "second person" in refused(lambda: session.mark("K1", State.OVERRIDDEN, "unreachable"))
    session.override_gate("K1", "the database host is down", "ops2")
    press_on(session, lambda one: one.code == "A3")
    assert "A3 was left for later" in refused(session.close_phase), "it comes back before the phase ends"
    press_on(session, lambda one: one.move is Move.ASK)

    first = session.incident.plan_digest
    approving.request_approval(session)
    desk = night.desk(session)
    approving.approve(desk, first, "tiny")
    assert not the_key(session).blocked
    target(session, tiny.target)
    assert session.incident.plan_digest != first
    assert session.approvals().void
    press_on(session, lambda one: one.move is Move.ASK)
    desk.sync()
    approving.deny(desk, session.incident.plan_digest, "the fair is cancelled")
    assert "DENIED by Second Operator" in the_key(session).blocked
    session.refuse("X1", the_key(session).blocked)
    approving.break_glass(session, "it is not, I asked", "tiny")

    assert run(session, "X1") == "done"
    assert run(session, "X2") == "done"
    session.stop("after")
    assert "everything is stopped" in the_key(session).blocked
    session.lift_stop()
    assert tiny.running == tiny.target
    assert run(session, "X2", undo=True) == "done"
    assert tiny.running == tiny.former
    solved = named(session, "Solved").message
    messaging.refuse(session, solved, refused(lambda: tell(session, "Solved")))
    press_on(session, lambda one: one.code == "S1" or one.move is Move.WAIT)
    assert tiny.running == tiny.target

    other = night.session("ops2")
    other.who = replace(other.who, host="jump-2")  # one process is one cockpit: this one sits at another host
    assert not other.take_lease()
    assert other.take_lease(takeover_reason="ops1 fell asleep")
    assert "ops2 flies" in refused(lambda: session.mark("S1", State.DONE))
    other.mark("T1", State.OVERRIDDEN, "we cannot wait for a whole minute")
    with looking(other):
        press_on(other, lambda one: one.move is Move.CLOSE)
    signed(other, "ops2", "ops1")
    shown, report = checked(other, night, capsys, tmp_path / "bundle")
    departures = report.split("Departures, refusals and failures")[2].split("\n## ")[0]
    deviations = [f"{one.what} {one.reason}" for one in other.incident.deviations]
    events = other.journal.events(other.incident.id)
    told = dict(zip((event.seq for event in events), shown.splitlines(), strict=True))
    eye = "\n".join(told[event.seq] for event in events if trouble(event) is not Trouble.NONE)
    every = {
        "against the matrix": ("AGAINST THE MATRIX", "the matrix said fix forward the fair opens tomorrow"),
        "override by hand": ("A5 OVERRIDDEN", "A5 overridden"),
        "not applicable": ("C3 NOT APPLICABLE", "C3 not applicable"),
        "left for later": ("A3 DEFERRED", "A3 deferred"),
        "more time": ("before: 10 min MORE: the provider", "10 min more the provider"),
        "around the gate": (
            "BREAK-GLASS, with ops2: without gate K1",
            "BREAK-GLASS, without gate K1: Snapshot of the database",
        ),
        "denied": ("DENIED by Second Operator", "Second Operator denied the plan"),
        "break-glass": ("BREAK-GLASS: without approval (", "BREAK-GLASS, without approval: "),
        "not told": ("NOT SENT to stakeholders (command:pager)", "not told: stakeholders"),
        "taken over": ("ops2 TOOK OVER from ops1", "lease taken from ops1 ops1 fell asleep"),
        "stopped": ("STOP, after this step", "stopped (after)"),
        "undone": ("UNDO of ", "X2 undone"),
        "sensed override": ("T1 OVERRIDDEN", "T1 overridden"),
    }
    for what, (words, on_sign_off) in every.items():
        assert words in shown, what
        assert not missing(departures, [words]), what
        assert words in eye, f"{what}: the review's key leads to it"
        assert any(on_sign_off in one for one in deviations), (what, deviations)
    assert "VOIDS 1 answer to the plan before" in shown
    assert "VOID from" in report
    assert any("answers to the one before are void" in one for one in deviations)
    assert "the stop is lifted" in shown
    assert "KEPT monitoring" in shown or "monitoring.txt" in shown, "what was left for later was done"
    assert {debt.name for debt in other.incident.debts} >= {"explain gate K1", "break-glass-2"}
    summary = summary_lines(other.incident, 0)
    assert f"Deviations: {len(deviations)} (BREAK-GLASS" in summary[1]
    assert summary[1].count("BREAK-GLASS") == 2, "both stand there, whatever else was done"
    assert not [one for one in events if isinstance(one.body, ev.Unknown)]
    for one in (session, other):
        one.close()
        one.journal.close()


# ------------------------------------------------------------------------------------------------ an evening's clock


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """The tiny system under the built-in procedure, with somebody for the database."""
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    dba = 'dba1 = { name = "Data Base", roles = ["database-admin"] }\n'
    one.config.write_text(one.config.read_text().replace("ops2 = {", f"{dba}ops2 = {{"))
    return one


def at_the_line(session: Session, tiny: Tiny) -> None:
    """Declared and decided, the plan drawn, everything before it settled."""
    assert session.take_lease()
    session.declare("pages fail")
    session.set_inputs(Inputs("High", 60, 80, "Low"))
    session.decide(Decision.ROLL_BACK)
    target(session, tiny.target)
    for item in items(session.incident):
        if item.phase is Phase.BEFORE and item.sensor not in ("decision", "target"):
            by_hand = State.DONE if item.kind is Kind.MANUAL else State.OVERRIDDEN
            session.mark(item.code, by_hand, "" if by_hand is State.DONE else "seen elsewhere")
    assert the_key(session).move is Move.SAY


def at_the_first_step(session: Session, tiny: Tiny) -> None:
    """The same, and its line was said."""
    at_the_line(session, tiny)
    session.close_phase()


async def test_in_the_cockpit_the_line_comes_before_doing_the_last_item_once_more(tiny: Tiny) -> None:
    """Enter says the line where nobody has moved away; who has moved away does what is highlighted; n comes back."""
    session = tiny.session()
    at_the_line(session, tiny)
    app = cockpit(session, ascii=True)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        checklist = screen.query_one(Checklist)
        assert screen.next().words.startswith('say aloud "Before: ')
        checklist.highlight("B2")
        assert screen.next().move is not Move.SAY
        await pilot.press("n")
        assert screen.next().move is Move.SAY
        await looked(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert Phase.BEFORE.value in session.incident.phases_closed
    session.close()
    session.journal.close()


def test_the_same_key_says_who_must_approve_from_minute_fifteen_on(tiny: Tiny) -> None:
    """Alone until 15:00; then Enter asks, waits for whom it names, and runs again once they have approved."""
    clock = ManualClock()
    session = tiny.session(clock=clock)
    at_the_first_step(session, tiny)
    clock.advance(14 * 60 + 59)
    key = the_key(session)
    assert (key.move, key.code, key.blocked) == (Move.RUN, "X1", "")
    clock.advance(1)
    key = the_key(session)
    assert (key.move, key.code, key.words) == (Move.ASK, "X1", "ask for the approval of tech-manager")
    assert "needs tech-manager (ops2 may)" in refused(lambda: session.start("X1", armed="enter"))
    assert not session.incident.runs, "the clock asks, it does not act"
    approving.request_approval(session)
    key = the_key(session)
    assert (key.move, key.code) == (Move.RUN, "X1")
    assert "waits for tech-manager (ops2 may)" in key.blocked
    desk = _desk(session, clock, "ops2")
    approving.approve(desk, session.incident.plan_digest, "tiny")
    key = the_key(session)
    assert (key.move, key.code, key.blocked) == (Move.RUN, "X1", "")
    clock.advance(30 * 60)
    assert the_key(session).move is Move.ASK, "an approval runs out, and the same key says so"
    approving.approve(desk, session.incident.plan_digest, "tiny")
    assert the_key(session).blocked == ""
    target(session, tiny.ground.shas[0])
    assert the_key(session).code == "B1", "the part was ended, but the new plan has brought its own steps into it"
    session.mark("B1", State.OVERRIDDEN, "kept already")
    session.mark("B2", State.OVERRIDDEN, "kept already")
    key = the_key(session)
    assert (key.move, key.words) == (Move.ASK, "ask for the approval of tech-manager"), "a changed plan voids"
    session.close()
    session.journal.close()


def test_the_same_key_names_both_for_the_database(tiny: Tiny) -> None:
    """For the database it asks for two from the first minute; each answer takes one of them away; a new plan voids."""
    clock = ManualClock()
    session = tiny.session(clock=clock)
    at_the_first_step(session, tiny)
    assert session.incident.plan is not None
    data = {**session.incident.plan.to_json(), "option": "database"}
    hard = Plan.from_json(data)
    session.record(ev.PlanDrawn(hard.digest, data))
    for code in ("B1", "B2"):
        session.mark(code, State.OVERRIDDEN, "kept already")
    key = the_key(session)
    assert (key.move, key.words) == (Move.ASK, "ask for the approval of database-admin and tech-manager")
    approving.request_approval(session)
    assert "database-admin (dba1 may)" in the_key(session).blocked
    approving.approve(_desk(session, clock, "dba1"), hard.digest, "tiny")
    blocked = the_key(session).blocked
    assert "tech-manager (ops2 may)" in blocked
    assert "dba1 may" not in blocked
    approving.approve(_desk(session, clock, "ops2"), hard.digest, "tiny")
    assert (the_key(session).move, the_key(session).blocked) == (Move.RUN, "")
    changed = Plan.from_json({**data, "running": "c" * 40})
    session.record(ev.PlanDrawn(changed.digest, changed.to_json()))
    for code in ("B1", "B2"):
        session.mark(code, State.OVERRIDDEN, "kept already")
    assert the_key(session).words == "ask for the approval of database-admin and tech-manager"
    assert fold(session.incident.id, session.journal.events(session.incident.id)) == session.incident
    session.close()
    session.journal.close()


def _desk(session: Session, clock: ManualClock, login: str) -> Desk:
    return Desk(session.journal, clock, replace(who_am_i({}), login=login), session.incident)
