"""Handing the controls over: offered with a brief, read, taken; two people, two cockpits, one record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lookout_ground import watched
from pilot_moves import comes, hears, sees_joined
from textual.pilot import Pilot
from tiny_flight_operator import Scripted
from tiny_system import Tiny, begin_deploy, build, drawn, refused, run, settle
from watch_ground import done
from widget_bench import SIZES, screen_text

from actions.model.events import LeaseTaken
from actions.model.handover_brief import MOST, brief
from actions.model.matrix import Decision
from actions.model.record_text import markdown
from actions.model.record_timeline import departs, timeline
from app import handover
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.plain import Plain
from app.records import verify_target
from app.session import Session
from app.who import real_login
from widgets.dialog import Dialog
from widgets.handover_dialog import HandoverDialog, TakeDialog


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    system = build(tmp_path / "tiny")
    yield system
    system.let_go()


@pytest.fixture
def pilot(tiny: Tiny) -> Iterator[Session]:
    """ops1, who flies."""
    one = tiny.session("ops1")
    yield one
    one.close()
    one.journal.close()


@pytest.fixture
def other(tiny: Tiny, pilot: Session) -> Iterator[Session]:
    """ops2, who observes."""
    one = tiny.session("ops2")
    yield one
    one.close()
    one.journal.close()


def reads(session: Session) -> tuple[str, str]:
    session.sync()
    events = session.journal.events(session.incident.id)
    return "\n".join(timeline(events)), markdown(session.incident, events)


def test_offered_read_and_taken_while_a_step_runs(tiny: Tiny, pilot: Session, other: Session) -> None:
    """Who offers flies on until it is taken; the running step goes on; both acknowledgements stand in the record."""
    begin_deploy(pilot, tiny)
    other.open()
    assert not other.driver
    body = handover.offer(pilot, "Second Operator", "the remote is slow")
    assert body.to == "ops2"
    assert 8 <= len(body.brief) <= MOST
    pilot.note("flies on")
    assert pilot.driver
    assert refused(lambda: handover.accept(pilot)).startswith("the controls are not offered to you")
    other.sync()
    handover.accept(other)
    assert other.driver
    assert other.incident.running is not None
    pilot.sync()
    assert not pilot.driver
    assert "you observe" in refused(lambda: pilot.decide(Decision.ROLL_BACK))
    tiny.let_go()
    settle(other)
    assert other.incident.runs[-1].outcome is not None
    assert other.incident.runs[-1].outcome.value == "done"
    assert tiny.begun() == 1
    assert not [one for one in other.incident.deviations if "lease" in one.what]
    assert other.incident.offered is None
    lines, report = reads(other)
    assert "ops1  offers the controls to ops2, with a brief of 10 lines" in lines
    assert "ops2 has read the brief and takes the controls" in lines
    assert "## DRILL: Handing over" in report
    assert "NOTE the remote is slow" in report
    assert "ops2: **has read the brief and flies**" in report
    assert verify_target(other.incident.id, other.journal).status == 0


def test_who_may_offer_and_who_may_take(tiny: Tiny, pilot: Session, other: Session) -> None:
    """Only the one who flies offers, only to others that are configured; only that person takes."""
    drawn(pilot, tiny)
    other.open()
    assert "only the one who flies" in refused(lambda: handover.offer(other, "ops1"))
    assert "none of the configured people" in refused(lambda: handover.offer(pilot, "nobody"))
    assert "to whom?" in refused(lambda: handover.offer(pilot, " "))
    assert "you fly already" in refused(lambda: handover.offer(pilot, "ops1"))
    assert "nothing is offered" in refused(lambda: handover.withdraw(pilot))
    handover.offer(pilot, "ops2")
    stranger = tiny.session(real_login())
    stranger.open()
    assert "not offered to you" in refused(lambda: handover.accept(stranger))
    stranger.journal.close()
    handover.withdraw(pilot)
    other.sync()
    assert "not offered to you" in refused(lambda: handover.accept(other))
    handover.offer(pilot, "ops2")
    pilot.close_incident("not recovered")
    assert "not offered to you" in refused(lambda: handover.accept(other))
    assert "the incident is closed" in refused(lambda: handover.offer(pilot, "ops2"))


def test_an_offer_ends_with_another_takeover(tiny: Tiny, pilot: Session, other: Session) -> None:
    """What was offered by one who does not fly any more is void."""
    drawn(pilot, tiny)
    handover.offer(pilot, "ops2")
    stranger = tiny.session(real_login())
    stranger.open()
    assert stranger.take_lease(takeover_reason="it burns")
    other.open()
    assert "not offered to you" in refused(lambda: handover.accept(other))
    stranger.close()
    stranger.journal.close()


def test_from_a_shell_of_another_login(tmp_path: Path) -> None:
    """`goaround handover` in processes of their own: offered by the pilot, taken by the one it is for, no deviation."""
    with watched(tmp_path / "tiny") as ground:
        pilot = ground.tiny.session("ops1")
        drawn(pilot, ground.tiny)
        shown = done(ground, "handover")
        assert shown.returncode == 0, shown.stderr
        assert "BROKEN DRILL, tiny (drill): pages fail" in shown.stdout
        assert shown.stdout.endswith("not offered to anybody\n")
        assert "only the one who flies" in done(ground, "handover", "--to", "ops2").stderr
        handover.offer(pilot, real_login(), "gently")
        offered = done(ground, "handover")
        assert f"offered to {real_login()} by ops1, not taken yet" in offered.stdout
        taken = done(ground, "handover", pilot.incident.id, "--accept", "--json")
        assert taken.returncode == 0, taken.stderr
        assert json.loads(taken.stdout)["accepted"] is True
        pilot.sync()
        assert not pilot.driver
        events = [event for event in pilot.journal.events(pilot.incident.id) if isinstance(event.body, LeaseTaken)]
        assert (events[-1].body.from_holder, events[-1].body.accepted) == ("ops1", True)
        assert not departs(events[-1])
        assert not [one for one in pilot.incident.deviations if "lease" in one.what]
        status = done(ground, "status", "--json")
        assert json.loads(status.stdout)["flies"] == real_login()
        pilot.close()
        pilot.journal.close()


def test_the_brief_says_what_must_be_known(tiny: Tiny, pilot: Session) -> None:
    """What broke, since when, decision and by whom, plan, last step, what is next, what is bent, who was told, when."""
    drawn(pilot, tiny)
    assert run(pilot, "B1") == "done"
    from actions.model.checklist import State

    pilot.mark("A1", State.OVERRIDDEN, "nobody knows")
    lines = handover.present_brief(pilot)
    text = "\n".join(lines)
    assert len(lines) <= MOST
    for words in (
        "BROKEN DRILL, tiny (drill): pages fail; since ",
        "DECIDED roll back at ",
        " by ops1",
        "PLAN git to ",
        "1 of 4 steps done" if len(pilot.incident.plan.steps) == 4 else " steps done; not proven yet",  # type: ignore[union-attr]
        "LAST B1 ",
        ": done ",
        "NOW next: ",
        "BENT ",
        "A1 overridden",
        "nobody knows",
        "DEBTS none",
        "APPROVALS ",
        "TOLD nobody yet",
        "DUE back by: ",
    ):
        assert words in text, f"{words!r} in\n{text}"
    assert all(len(line) <= 240 and line.isprintable() for line in lines)
    assert len(brief(pilot.incident, 5_000_000, pilot.approvals(), "x" * 500)) <= MOST
    assert "OVER by" in "\n".join(brief(pilot.incident, 500_000_000))


def test_the_brief_of_nothing(tiny: Tiny, pilot: Session) -> None:
    """Right after the declaration every line says that there is nothing, instead of being left out."""
    assert pilot.take_lease()
    pilot.declare("pages fail")
    text = "\n".join(handover.present_brief(pilot))
    for words in (
        "DECIDED nothing yet",
        "PLAN none is drawn",
        "LAST no step has run",
        "BENT nothing",
        "TOLD nobody yet",
    ):
        assert words in text


# -- on the screen -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def shown(session: Session, size: tuple[int, int] = (160, 48), **more: bool) -> AsyncIterator[Eyes]:
    async with cockpit(session, ascii=False, **more).run_test(size=size) as pilot:
        yield Eyes(pilot)


class Eyes:
    """Who sits before a cockpit."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot

    async def sees(self, *words: str) -> str:
        return await sees_joined(self.pilot, *words)


async def test_the_observer_reads_it_and_flies_by_enter(tiny: Tiny, pilot: Session, other: Session) -> None:
    """The brief opens by itself for the one it is for; Enter on it is the acknowledgement; no reason is asked."""
    drawn(pilot, tiny)
    other.open()
    async with shown(other) as eyes:
        await eyes.sees("ops1 flies")
        handover.offer(pilot, "ops2", "mind the gap")
        await eyes.sees("ops1 offers you the controls", "NOTE mind the gap", "[I have read it and fly]", "DECIDED")
        assert isinstance(eyes.pilot.app.screen, TakeDialog)
        await hears(eyes.pilot, Dialog)
        await eyes.pilot.press("escape")
        await eyes.sees("ops1 offers you the controls: h reads the brief")
        assert pilot.incident.offered is None or not other.driver
        await eyes.pilot.press("h")
        await eyes.sees("NOTE mind the gap")
        await hears(eyes.pilot, Dialog)
        await eyes.pilot.press("enter")
        await eyes.sees("at the keys: ops2")
    assert other.driver
    pilot.sync()
    assert not pilot.driver


@pytest.mark.parametrize("size", SIZES)
async def test_the_pilot_offers_by_h_and_sees_it(
    tiny: Tiny, pilot: Session, other: Session, size: tuple[int, int]
) -> None:
    """The dialog fits every terminal; bar and last line say that it is not taken yet; it can be taken back."""
    drawn(pilot, tiny)
    async with shown(pilot, size) as eyes:
        screen = eyes.pilot.app.screen
        assert isinstance(screen, IncidentScreen)
        await eyes.pilot.press("h")
        await eyes.sees("Hand over the controls", "ops2 (Second Operator)")
        dialog = eyes.pilot.app.screen
        assert isinstance(dialog, HandoverDialog)
        await hears(eyes.pilot, Dialog)
        for letter in "ops1":
            await eyes.pilot.press(letter)
        await eyes.pilot.press("enter", "enter")
        await eyes.sees("You fly already")
        await eyes.pilot.press("backspace", "2", "enter", "h", "i", "enter")
        await eyes.sees("offered to ops2, not taken yet")
        assert pilot.incident.offered is not None
        assert pilot.incident.offered.body.brief[0] == "NOTE hi"
        assert pilot.driver
        if size[0] == 160:
            await eyes.sees("at the keys: ops1, offered to ops2")
        await eyes.pilot.press("h")
        await eyes.sees("not taken yet: you fly.")
        await hears(eyes.pilot, Dialog)
        eyes.pilot.app.screen.query_one("#withdraw").focus()
        await eyes.pilot.press("enter")
        await eyes.sees("the offer is taken back")
        assert pilot.incident.offered is None


@pytest.mark.parametrize("size", SIZES)
async def test_the_brief_is_read_to_its_end(tiny: Tiny, pilot: Session, other: Session, size: tuple[int, int]) -> None:
    """On a low terminal it begins at its beginning, and Enter takes nothing before its end was shown."""
    drawn(pilot, tiny)
    handover.offer(pilot, "ops2", "mind the gap " * 12)
    other.open()
    async with shown(other, size) as eyes:
        await eyes.sees("NOTE mind the gap")
        await hears(eyes.pilot, Dialog)
        pages, text = 0, ""
        while not other.driver:
            text = screen_text(eyes.pilot.app)
            await eyes.pilot.press("enter")
            await changes(eyes.pilot, text)
            pages += 1
            assert pages < 10
        assert "flies until you take them" in " ".join(text.split())
        assert (pages > 1) is (size == (60, 16))


async def changes(pilot: Pilot[int], text: str) -> None:
    await comes(pilot, lambda: screen_text(pilot.app) != text, "anything else")


async def test_the_pilot_sees_that_it_was_taken(tiny: Tiny, pilot: Session, other: Session) -> None:
    """Within a second the pilot's cockpit is an observer's, without a key being pressed."""
    drawn(pilot, tiny)
    other.open()
    handover.offer(pilot, "ops2")
    other.sync()
    async with shown(pilot) as eyes:
        await eyes.sees("at the keys: ops1, offered to ops2")
        handover.accept(other)
        await eyes.sees("you observe; ops2 flies")


async def test_a_cockpit_that_only_looks_is_asked_nothing(tiny: Tiny, pilot: Session, other: Session) -> None:
    """--observe: no dialog opens, h says why."""
    drawn(pilot, tiny)
    other.open()
    async with shown(other, observe=True) as eyes:
        handover.offer(pilot, "ops2")
        await eyes.sees("ops1 offers you the controls")
        screen = eyes.pilot.app.screen
        assert isinstance(screen, IncidentScreen)
        screen.look_after()  # when the dialog would open
        await eyes.pilot.pause()
        assert eyes.pilot.app.screen is screen
        await eyes.pilot.press("h")
        await eyes.sees("this cockpit was opened with --observe")
        assert not other.driver


def test_in_plain_lines(tiny: Tiny, pilot: Session, other: Session) -> None:
    """`g ops2` offers; for ops2 the prompt says so, and `g` and Enter take it."""
    drawn(pilot, tiny)
    offering = Scripted(["g ops2", "mind the gap", "q"])
    Plain(pilot, offering).fly()
    assert "NOTE mind the gap" in offering.text
    assert "offered to ops2, not taken yet: you fly" in offering.text
    other.open()
    taking = Scripted(["g", "q", "g", "", "q"])
    Plain(other, taking).fly()
    assert "ops1 offers you the controls: g reads the brief" in taking.text
    assert "not taken: you observe" in taking.text
    assert "you fly" in taking.text
    assert other.driver
    back = Scripted(["g ops1", "", "g", "g", "q"])
    Plain(other, back).fly()
    assert "the offer is taken back: you fly" in back.text
    assert "to whom?" in back.text


def test_without_an_incident_there_is_nothing_to_hand_over(tmp_path: Path) -> None:
    """One line, and the exit status of a refusal."""
    with watched(tmp_path / "tiny") as ground:
        ended = done(ground, "handover", "--to", "ops2")
        assert ended.returncode == 1
        assert "no incident is open" in ended.stderr
        assert done(ground, "handover", "--note", "x").returncode == 2
        assert done(ground, "handover", "--to", "ops2", "--accept").returncode == 2
