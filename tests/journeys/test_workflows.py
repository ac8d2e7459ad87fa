"""Critical workflows flown: a person says how each went, a probe ticks its own, and a failure is loud until mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from evening import reads
from lookout_ground import Watched, readings, watched
from pilot_moves import comes, hears, looked, sees_joined
from textual.pilot import Pilot
from tiny_flight_operator import Scripted
from tiny_system import refused
from waiting import until

from actions.model.checklist import State
from actions.model.incident import item_of, state_of
from actions.model.sensing import reading
from app import lookout as lookout_module
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.lookout import Lookout
from app.plain import Plain
from app.session import Session
from widgets.checklist import Checklist
from widgets.dialog import PlainInput
from widgets.workflow_dialog import WorkflowDialog

WORKFLOWS = """
[[workflow]]
name = "login page"
probe = "health"

[[workflow]]
name = "dashboard"
how = "open /dashboard and look for the number of the day"

[[workflow]]
name = "monthly report"
"""


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(lookout_module, "EVERY_S", 0.1)
    with watched(tmp_path / "tiny", slow_ms=5000) as one:
        one.tiny.add_to_config(WORKFLOWS)
        yield one


@pytest.fixture
def session(ground: Watched) -> Iterator[Session]:
    one = ground.tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


def state(session: Session, code: str) -> State:
    item = item_of(session.incident, code)
    assert item is not None
    return state_of(session.incident, item)


def says(session: Session) -> str:
    found = reading(session.incident, "critical.workflows")
    return found.seen if found else ""


async def say(pilot: Pilot[int], button: str, note: str) -> None:
    """Answer the dialog that is open."""
    dialog = await hears(pilot, WorkflowDialog)
    dialog.query_one("#text", PlainInput).value = note
    dialog.query_one(f"#{button}").focus()
    await pilot.press("enter")
    await pilot.pause()


async def test_a_person_says_how_each_went(ground: Watched, session: Session) -> None:
    """Space asks, the note stands in the row and in the record, a failure is red, and the group follows."""
    async with cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, IncidentScreen)
        await pilot.press("2", "z")
        screen.query_one(Checklist).highlight("S1b")
        await sees_joined(pilot, "S1a", "S1b", "S1c", "login page", "monthly report")
        await pilot.press("z")
        await sees_joined(pilot, "try open /dashboard and look for the number", "say whether S1b works")
        await pilot.press("space")
        await say(pilot, "fails", "blank page")
        await sees_joined(pilot, "S1b ✖", "failed", "blank page")
        assert state(session, "S1b") is State.FAILED
        screen.query_one(Checklist).highlight("S1")
        await sees_joined(pilot, "2 of 3 tried, 1 failed: dashboard (not ok)", "expected 3 of 3 work")
        screen.query_one(Checklist).highlight("S1b")
        await pilot.press("space")
        await say(pilot, "works", "the number is there")
        await sees_joined(pilot, "the number is there")
        screen.query_one(Checklist).highlight("S1c")
        await sees_joined(pilot, "The configuration does not say how")
        await looked(pilot)
        await pilot.press("enter")
        await say(pilot, "works", "")
        await comes(pilot, lambda: session.sync() or says(session) == "3 of 3 work", lambda: says(session))
        assert state(session, "S1") is State.DONE
        await pilot.press("space")
        await pilot.pause()
        assert state(session, "S1c") is State.OPEN, "a tick is taken back as any other"
    line, report = reads(session)
    assert "blank page" in line
    assert "S1b" in report.split("## Decision")[0], "what failed stands among the departures"


def test_a_probe_ticks_its_own_workflow(ground: Watched, session: Session) -> None:
    """Red while the site is red; nothing of it is ticked by hand, and a person's workflow is not sensed."""
    ground.site.status["/health"] = 500
    lookout = Lookout(session, every_s=0.05)
    lookout.start()
    try:
        until(lambda: says(session) == "1 of 3 tried, 1 failed: login page", lambda: says(session))
        assert "not by hand" in refused(lambda: session.mark("S1a", State.DONE))
        assert "cannot fail by hand" in refused(lambda: session.mark("S1a", State.FAILED, "it is red"))
        assert "cannot fail by hand" in refused(lambda: session.mark("S2", State.FAILED, "no"))
        assert "needs a reason" in refused(lambda: session.mark("S1b", State.FAILED))
        ground.site.status["/health"] = 200
        until(lambda: state(session, "S1a") is State.DONE, lambda: says(session))
    finally:
        lookout.stop()
    assert readings(session, "probe.health")
    assert not readings(session, "critical.workflows"), "the group is read off the record"


def test_plain_mode_shows_and_ticks_them(session: Session) -> None:
    """How it is tried, what it came to, and the group in the list."""
    operator = Scripted(["S1b", "", "f", "blank page", "S1b", "", "", "l", "S1b", "", "y", "", "q"])
    Plain(session, operator).fly()
    text = operator.text
    assert "S1b dashboard: open /dashboard and look for the number of the day" in text
    assert "! S1b failed" in text
    assert "S1b is not marked" in text, "whoever says nothing has tried nothing"
    assert "S1b failed         dashboard (manual)" in text
    assert "S1b done" in text
    assert state(session, "S1b") is State.DONE
