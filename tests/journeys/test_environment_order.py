"""The environment is put back before the bad version is deployed again: else nobody is let to, and it is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, Flown
from environment_ground import kept, nothing_secret, row
from pilot_moves import comes, incident_screen, sees_joined
from tiny_flight_operator import Scripted

from actions.model.checklist import State
from actions.model.errors import Refused
from app.cockpit import cockpit
from app.plain import Plain
from widgets.checklist import Checklist

REASON = "B5 Set 3 variables back to what"
MOVE = "stands, and what the undo brings back would start with it: undo B5 first (u)"


def flown_back(flown: Flown) -> None:
    """B5, and the deployment after it."""
    flown.drawn()
    assert set(flown.fly().values()) == {"done"}, flown.said
    assert flown.runs == GOOD


def refusals(flown: Flown) -> list[str]:
    """What the record has of wishes that were refused."""
    session = flown.session
    events = session.journal.events_of_kinds(session.incident.id, ("step.refused",))
    return [f"{event.body.code}: {event.body.reason}" for event in events]


@pytest.mark.parametrize("version", ["4.2.0", "4.3.11"])
def test_the_deployment_is_not_undone_before_the_environment(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z27: Coolify starts the bad version with the environment that stands there; in the right order with its own."""
    with kept(tmp_path / "shop", monkeypatch, version=version) as flown:
        flown_back(flown)
        queued = flown.queued()
        with pytest.raises(Refused, match=r"undo B5 first \(u\)"):
            flown.session.start("X3", armed="enter", undo=True)
        assert (flown.queued(), flown.runs) == (queued, GOOD)
        assert flown.run("B5", undo=True) == "done", flown.said
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.runs, row(flown, "DEBUG").value) == (BAD, "canary-debug-now")
        nothing_secret(flown)


def test_plain_lines_say_why_and_record_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal with its next move, also for whoever reads the record later."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown_back(flown)
        with pytest.raises(Refused) as refused:
            Plain(flown.session, Scripted(())).run("X3", undo=True)
        assert REASON in str(refused.value)
        assert MOVE in str(refused.value)
        (told,) = refusals(flown)
        assert told.startswith(f"X3: {REASON}")
        assert told.endswith(MOVE)


async def test_the_cockpit_says_why_and_records_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``u`` on X3: the reason is on the screen and on record, no dialog opens, nothing is sent."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown_back(flown)
        acted = len(flown.acted())
        app = cockpit(flown.session, ascii=False)
        async with app.run_test(size=(200, 50)) as pilot:
            screen = incident_screen(pilot)
            screen.query_one(Checklist).highlight("X3")
            await comes(pilot, lambda: screen.code == "X3")
            await pilot.press("u")
            await sees_joined(pilot, "X3: B5 Set 3 variables back to what")
            assert app.screen is screen
        (told,) = refusals(flown)
        assert told.endswith(MOVE)
        assert len(flown.acted()) == acted


def test_it_is_not_set_after_the_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs would not have it, and the row would be green: the way to have it in is told, and works."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        plan = flown.drawn()
        codes = [step.code for step in plan.steps if not step.pays and step.code != "B5"]
        assert set(flown.fly(*codes).values()) == {"done"}, flown.said
        with pytest.raises(
            Refused, match=r"has run without it: to have it, undo X3 \(u\), draw the plan again, and run B5 first"
        ):
            flown.session.start("B5", armed="enter")
        assert flown.run("X3", undo=True) == "done", flown.said
        flown.session.draw(flown.release(), "coolify")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, row(flown, "DEBUG").value) == (GOOD, "canary-debug-then")
        assert flown.session.incident.proven


def test_an_undo_that_cannot_be_done_is_overridden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator decides: who has put the values back by hand says so, with a reason, and goes on."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown_back(flown)
        for file in (flown.folder / "store" / "incidents").rglob("coolify-environment-before*"):
            file.unlink()
        assert flown.run("B5", undo=True) == "failed"
        with pytest.raises(Refused, match=r"put it back by hand, then override B5 \(o\)"):
            flown.session.start("X3", armed="enter", undo=True)
        flown.session.mark("B5", State.OVERRIDDEN, "set back on Coolify's pages")
        assert flown.run("X3", undo=True) == "done", flown.said
        assert flown.runs == BAD


def test_an_environment_of_an_earlier_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is drawn again after B5: its undo is gone, and yet the bad version is not deployed with it."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        again = flown.session.draw(flown.release(), "coolify")
        assert again.step("B5") is None, "nothing differs any more"
        assert set(flown.fly().values()) == {"done"}, flown.said
        with pytest.raises(Refused, match=r"of an earlier plan stands.*put that back by hand, then pay B5\.\d+ \(D\)"):
            flown.session.start("X3", armed="enter", undo=True)
        assert flown.runs == GOOD
