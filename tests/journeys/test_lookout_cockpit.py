"""The lookout in the cockpit and in the plain mode: the list turns green by itself while somebody merely looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lookout_ground import Watched, readings, saw, watched
from pilot_moves import sees
from tiny_flight_operator import Scripted
from waiting import until

from actions.model.checklist import State
from actions.model.incident import item_of, state_of
from app import lookout as lookout_module
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.plain import Plain
from app.session import Session
from widgets.checklist import Checklist


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(lookout_module, "EVERY_S", 0.1)
    with watched(tmp_path / "tiny", slow_ms=5000) as one:
        yield one


@pytest.fixture
def session(ground: Watched) -> Iterator[Session]:
    one = ground.tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


def looking() -> list[str]:
    """Threads of a lookout that live."""
    return [one.name for one in threading.enumerate() if one.name.startswith("lookout")]


async def test_the_after_list_turns_green_by_itself(ground: Watched, session: Session) -> None:
    """Red and green with the site, without a key; the row and the preview say what was seen and expected."""
    ground.site.status["/ready"] = 500
    app = cockpit(session, ascii=False)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        screen.query_one(Checklist).highlight("T4")
        await sees(pilot, "T4  ○", "open: 1 of 2 pass", "seen     1 of 2 pass: ready answered 500 (not ok)")
        await sees(pilot, "expected 2 of 2 pass", "every configured probe passes", "cannot be ticked by hand")
        ground.site.status["/ready"] = 200
        await sees(pilot, "done: 2 of 2 pass", "done: slowest")
        ground.site.status["/ready"] = 500
        await sees(pilot, "open: 1 of 2 pass")
    assert [one.ok for one in readings(session, "probes.green")] == [False, True, False]
    until(lambda: not looking(), lambda: f"the end of the lookout: {looking()}")


async def test_the_lookout_looks_again_when_somebody_waits(ground: Watched, session: Session) -> None:
    """Who asks does not wait for the next round."""
    with closing(_Stopper(session)) as stopper:
        stopper.lookout.start()
        until(lambda: ground.site.asked >= 2, "the first round")
        saw(session, "probes.green", lambda one: one.ok)
        ground.site.status["/ready"] = 500
        stopper.lookout.look_again()
        saw(session, "probes.green", lambda one: not one.ok)


class _Stopper:
    """A lookout whose rounds are an hour apart."""

    def __init__(self, session: Session) -> None:
        self.lookout = lookout_module.Lookout(session, every_s=3600, backup_every_s=3600)

    def close(self) -> None:
        self.lookout.stop()


def test_the_plain_mode_looks_too(ground: Watched, session: Session) -> None:
    """The same sensors for screen readers; when it is left nothing looks on."""
    ground.site.status["/ready"] = 500

    class Waiting(Scripted):
        def ask(self, kind: str, prompt: str) -> str:
            saw(session, "probes.green", lambda one: not one.ok)
            ground.site.status["/ready"] = 200
            saw(session, "probes.green", lambda one: one.ok)
            return super().ask(kind, prompt)

    Plain(session, Waiting(["q"])).fly()
    head = session.incident.head_seq
    until(lambda: not looking(), lambda: f"the end of the lookout: {looking()}")
    session.sync()
    assert session.incident.head_seq == head


async def test_an_override_of_a_sensed_item_is_taken_back_by_its_key(ground: Watched, session: Session) -> None:
    """Space takes back what was said by hand, as the last line promises; it never ticks what is observed."""
    ground.site.status["/ready"] = 500
    session.mark("T4", State.OVERRIDDEN, "seen elsewhere")
    app = cockpit(session, ascii=False)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        screen.query_one(Checklist).highlight("T4")
        await pilot.pause()
        assert item_state(session, "T4") is State.OVERRIDDEN
        await pilot.press("space")
        assert item_state(session, "T4") is State.OPEN
        await pilot.press("space")
        assert item_state(session, "T4") is State.OPEN
    until(lambda: not looking(), lambda: f"the end of the lookout: {looking()}")


def item_state(session: Session, code: str) -> State:
    """Where an item stands."""
    item = item_of(session.incident, code)
    assert item is not None
    return state_of(session.incident, item)
