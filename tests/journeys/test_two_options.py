"""Two ways back on one system: choosing the other one, its releases and its plan, in the cockpit and in plain lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_stack import Stack
from engine_images import ImageBuilder
from pilot_moves import comes, hears, incident_screen, looked, sees
from textual.pilot import Pilot
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, decided, drawn, environment, refused, run
from two_ways import both_configured, two_ways
from widget_bench import screen_text

from actions.model.incident import step_state
from actions.model.record_timeline import timeline
from app.begin import Begin
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.plain import Plain
from app.session import Session
from app.ways import choose_option, ways_of
from widgets.checklist import Checklist
from widgets.history import ReleaseHistory
from widgets.option_dialog import OptionDialog
from widgets.start_at_dialog import StartAtDialog

GOAROUND = Path(sys.executable).with_name("goaround")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def both(tmp_path: Path, engine_name: str, build_image: ImageBuilder) -> Iterator[tuple[Tiny, Stack]]:
    with two_ways(tmp_path, engine_name, build_image) as found:
        yield found


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


def opened(tiny: Tiny, who: str = "ops1") -> Session:
    session = tiny.session(who)
    session.take_lease()
    return session


def closed(session: Session) -> None:
    session.close()
    session.journal.close()


async def choose(pilot: Pilot[int], *keys: str) -> None:
    """`W`, to the wanted line, Enter to the button, Enter."""
    await pilot.press("W")
    await hears(pilot, OptionDialog)
    await pilot.press(*keys, "enter", "enter")
    await pilot.pause()


async def test_the_other_way_back_is_chosen_and_flown(both: tuple[Tiny, Stack]) -> None:
    """Its releases are read, its plan is drawn; what was drawn before is replaced, and the record says all of it."""
    tiny, _ = both
    session = opened(tiny)
    drawn(session, tiny)
    async with cockpit(session, observe=False, ascii=False).run_test(size=(160, 48)) as pilot:
        await sees(pilot, "3 Releases by git", "v2")
        await pilot.press("W")
        text = await sees(pilot, "Which way back?", "A plan by git to v2 is drawn. Another way back is another plan.")
        assert "● in use" in text
        await pilot.press("escape")
        assert session.option() == "git"
        await choose(pilot, "down")
        await sees(pilot, "the way back is compose now")
        await sees(pilot, "3 Releases by compose")
        await comes(pilot, lambda: incident_screen(pilot).releases_of == "compose", "the releases of the project")
        screen = incident_screen(pilot)
        assert {one.name for one in screen.releases} >= {"1", "2"}
        assert session.incident.plan is not None
        assert session.incident.plan.option == "git", "the plan stays until another is drawn"
        assert screen.focused is not None
        assert screen.focused.id == "releases"
        history = screen.query_one(ReleaseHistory)
        await comes(pilot, lambda: history.highlighted is not None and history.highlighted.name == "1", "release 1")
        await looked(pilot)
        await pilot.press("enter")
        await comes(pilot, lambda: session.incident.plans_drawn == 2, "the plan by compose")
        assert session.incident.plan.option == "compose"
        await comes(pilot, lambda: not screen.drawing, "the end of drawing")
        await choose(pilot, "up")
        await sees(pilot, "3 Releases by git")
        await comes(pilot, lambda: incident_screen(pilot).releases_of == "git", "the releases of git")
    told = "\n".join(timeline(session.journal.events(session.incident.id)))
    assert "way back chosen: compose instead of git" in told
    assert "plan drawn: compose to 1" in told
    assert "way back chosen: git instead of compose" in told
    closed(session)


async def test_a_switch_of_containers_by_hand_is_recognised(both: tuple[Tiny, Stack]) -> None:
    """R04 with containers: `docker compose up` by hand is found by the engine; the debt of the missing pin is kept."""
    tiny, stack = both
    session = opened(tiny)
    decided(session)
    choose_option(session, "compose")
    plan = session.draw(next(one for one in session.releases() if one.name == "1"))
    for code in ("B1", "B2", "B3"):
        assert run(session, code) == "done", session.incident.runs[-1].summary
    stack.write((stack.folder / stack.file).read_text().replace(f"{stack.name}:2", f"{stack.name}:1"))
    stack.compose("up", "-d")
    async with cockpit(session, observe=False, ascii=False).run_test(size=(160, 48)) as pilot:
        await sees(pilot, "3 Releases by compose")
        incident_screen(pilot).query_one(Checklist).highlight("X2")
        await pilot.press("H")
        await sees(pilot, "found done: ", "Nothing runs now; X2 is armed like any step.")
        await hears(pilot, StartAtDialog)
        await pilot.press(*"by", "space", *"hand", "enter", "enter")
        await sees(pilot, "begun at X2: Enter runs it as shown")
    assert step_state(session.incident, plan.steps[3]).value == "overridden"
    assert [debt.name for debt in session.incident.debts] == ["X1.found"]
    for code in ("X2", "X3"):
        assert run(session, code) == "done", session.incident.runs[-1].summary
    assert session.incident.proven
    closed(session)


def test_noop_by_each_way(both: tuple[Tiny, Stack]) -> None:
    """--option draws by the other way back, without having been chosen anywhere."""
    tiny, stack = both
    before = stack.sha256s()
    argv = [str(GOAROUND), "run", "--noop", "--json", "--config", str(tiny.config), "--store", str(tiny.store)]
    effects: list[str] = []
    for words, option, name in (((), "git", "v2"), (("--option", "compose"), "compose", "1")):
        done = subprocess.run([*argv, *words], capture_output=True, text=True, env=environment(tiny), timeout=60)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["option"], told["target"]["name"]) == (option, name)
        effects = [line for step in told["steps"] for line in step["effects"]]
    assert any("up -d --no-build" in line for line in effects)
    assert stack.sha256s() == before
    assert not tiny.store.exists()


def test_plain_lines_choose_too(both: tuple[Tiny, Stack]) -> None:
    """`option` lists the ways back, `option compose` turns to it and asks for the release."""
    tiny, _ = both
    session = opened(tiny)
    drawn(session, tiny)
    operator = Scripted(["option", "option database", "option git", "option compose", "", "q"])
    Plain(session, operator).fly()
    assert "* git        git: in use" in operator.text
    assert "  compose    compose: can be chosen" in operator.text
    assert "! 'database' is no configured way back: git, compose" in operator.text
    assert "git is the way back that is in use" in operator.text
    assert "    ! A plan by git to v2 is drawn. Another way back is another plan." in operator.lines
    assert "the way back is compose now: choose its release" in operator.text
    assert session.incident.plan is not None
    assert (session.incident.plan.option, session.incident.plan.target.name) == ("compose", "1")
    closed(session)


def test_the_command_line_chooses(tiny: Tiny) -> None:
    """`run --plain --option compose`: chosen as soon as an incident is declared, on record like any choice."""
    both_configured(tiny)
    session = opened(tiny)
    operator = Scripted(["", "pages fail", "q"])
    Plain(session, operator, Begin(option="compose")).fly()
    assert "the way back is compose now" in operator.text
    assert session.incident.option == "compose"
    closed(session)
    done = subprocess.run(
        [GOAROUND, "run", "--plain", "--option", "coolify", "--config", tiny.config, "--store", tiny.store],
        capture_output=True,
        text=True,
        env=environment(tiny),
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (2, "goaround: --option coolify: configured are git, compose\n")


def test_a_choice_outlives_the_cockpit_and_stays_the_drivers(tiny: Tiny) -> None:
    """The record knows it; an observer may look and choose nothing; while a step runs nobody turns elsewhere."""
    both_configured(tiny)
    session = opened(tiny)
    assert "no incident is declared" in refused(lambda: choose_option(session, "compose"))
    decided(session)
    assert choose_option(session, "compose")
    assert not choose_option(session, "compose")
    other = tiny.session("ops2")
    assert other.option() == "compose"
    assert [way.option for way in ways_of(other).rows if way.in_use] == ["compose"]
    assert "you observe; ops1 flies" in refused(lambda: choose_option(other, "git"))
    assert "'rm' is no configured way back: git, compose" in refused(lambda: choose_option(session, "rm"))
    closed(other)
    closed(session)


async def test_the_cockpit_says_why_the_releases_of_the_other_way_are_not_there(tiny: Tiny) -> None:
    """A project that is not there is said in its pane; the way back to git is the same key."""
    both_configured(tiny)
    session = opened(tiny)
    decided(session)
    async with cockpit(session, observe=False, ascii=False).run_test(size=(80, 24)) as pilot:
        await choose(pilot, "down")
        await sees(pilot, "the way back is compose now")
        await sees(pilot, "3 Releases by compose", "the Compose file")
        await choose(pilot, "up")
        await sees(pilot, "by git", "v2")
    closed(session)


async def test_with_one_way_back_nothing_changes(tiny: Tiny) -> None:
    """The pane is called as it was; the key shows the one way there is, without a button."""
    session = opened(tiny)
    decided(session)
    async with cockpit(session, observe=False, ascii=False).run_test(size=(160, 48)) as pilot:
        await sees(pilot, "3 Releases", "v2")
        assert "Releases by" not in screen_text(pilot.app)
        await pilot.press("W")
        text = await sees(pilot, "Which way back?", "the document does not describe it")
        assert "[Choose]" not in text
    closed(session)


async def test_a_gate_keeps_its_reason_in_the_cockpit(tiny: Tiny) -> None:
    """H on a step behind an open gate says why not, asks nothing of the system and opens nothing."""
    session = opened(tiny)
    drawn(session, tiny)
    async with cockpit(session, observe=False, ascii=False).run_test(size=(160, 48)) as pilot:
        incident_screen(pilot).query_one(Checklist).highlight("X2")
        await pilot.press("H")
        await sees(pilot, "is a gate: it is run, never passed over")
        assert isinstance(pilot.app.screen, IncidentScreen)
        incident_screen(pilot).query_one(Checklist).highlight("A1")
        await pilot.press("H")
        await sees(pilot, "A1: A1 is no step of the plan")
    closed(session)
