"""The cockpit, flown in-process as an operator's evening: what it says, what it refuses, and what the record keeps."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from pilot_moves import comes, hears, incident_screen, looked, sees, sees_no
from textual import events
from textual.pilot import Pilot
from tiny_system import Tiny, build, drawn, environment, run
from waiting import until
from widget_bench import screen_text

from actions.model.events import Event
from actions.model.incident import Incident
from app import terminal_env
from app.cockpit import HELD_S, Cockpit, cockpit
from app.incident_screen import IncidentScreen
from app.session import Session
from widgets.checklist import Checklist
from widgets.close_dialog import CloseDialog
from widgets.confirm_dialog import ConfirmDialog
from widgets.decide_dialog import DecideDialog
from widgets.dialog import Dialog
from widgets.reason_dialog import ReasonDialog
from widgets.sign_off_dialog import SignOffDialog
from widgets.stop_dialog import StopDialog

WIDE = (160, 48)
HEAVY = ("docker", "git", "psycopg", "pyrage", "httpx", "pydantic", "numpy", "ruamel", "markdown_it", "pygments")
"""What takes long to load and is needed by steps alone."""


class Operator:
    """Somebody at the keys, who looks before pressing."""

    def __init__(self, pilot: Pilot[int], session: Session) -> None:
        self.pilot = pilot
        self.session = session

    @property
    def screen(self) -> IncidentScreen:
        """The cockpit's screen, also under a dialog."""
        return incident_screen(self.pilot)

    @property
    def incident(self) -> Incident:
        self.session.sync()
        return self.session.incident

    def events(self, kind: str) -> list[Event]:
        """The record's events of a kind."""
        events = self.session.journal.events(self.session.incident.id) if self.session.incident.id else []
        return [event for event in events if type(event.body).__name__ == kind]

    def deeds(self) -> list[Event]:
        """All that was done; what sensors saw comes by itself."""
        events = self.session.journal.events(self.session.incident.id)
        return [event for event in events if type(event.body).__name__ != "Observed"]

    async def text(self) -> str:
        await self.pilot.pause()
        return screen_text(self.pilot.app)

    async def sees(self, *words: str) -> str:
        """Wait until all of these are on the screen."""
        return await sees(self.pilot, *words)

    async def looks(self) -> None:
        """The moment a person takes between two keys, and before a step is started."""
        await looked(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def enter(self) -> None:
        await self.looks()
        await self.press("enter")

    async def types(self, text: str) -> None:
        await self.press(*("space" if char == " " else char for char in text))

    async def gives(self, text: str) -> None:
        """Answer a dialog of one line."""
        await hears(self.pilot, Dialog)
        await self.types(text)
        await self.press("enter")

    def stands_on(self, code: str) -> None:
        self.screen.query_one(Checklist).highlight(code)

    def says(self) -> str:
        """What the last line says of Enter: what it does, or why not."""
        following = self.screen.next()
        return f"blocked: {following.blocked}" if following.blocked else following.words

    async def done(self, code: str) -> None:
        """Wait for the recorded end of a step."""
        await comes(self.pilot, lambda: (last := self.incident.last_run(code)) and not last.open, f"the end of {code}")


@asynccontextmanager
async def flying(
    tiny: Tiny, *, who: str = "ops1", size: tuple[int, int] = WIDE, observe: bool = False
) -> AsyncIterator[Operator]:
    """The cockpit is open; the lease is taken unless somebody else has it."""
    session = tiny.session(who)
    if not observe:
        session.take_lease()
    try:
        async with cockpit(session, observe=observe, ascii=False).run_test(size=size) as pilot:
            yield Operator(pilot, session)
    finally:
        session.close()
        session.journal.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    system = build(tmp_path / "tiny")
    yield system
    system.let_go()


@pytest.fixture
def planned(tiny: Tiny) -> Tiny:
    """Declared, decided, and the plan drawn."""
    session = tiny.session()
    drawn(session, tiny)
    session.close()
    session.journal.close()
    return tiny


async def test_before_anything_is_declared_one_place_says_what_to_do(tiny: Tiny) -> None:
    """Which system, what runs, and that Enter declares; every other key refuses, and nothing is recorded."""
    async with flying(tiny) as op:
        await op.sees("No incident is open", "tiny, drill, on this host, runs v3", "Something broken? Enter declares")
        assert op.says() == "declare an incident"
        for key in ("space", "o", "a", "l", "u", "d", "X", "r", "c", "m", "s", "f8"):
            await op.press("2", key)
            assert isinstance(op.pilot.app.screen, IncidentScreen), f"{key} asks something"
        await op.sees("no incident is open: Enter declares one")
        assert op.session.journal.newest() == []
        await op.enter()
        assert isinstance(op.pilot.app.screen, ReasonDialog)
        await op.gives("pages fail")
        await op.sees("tick A1", "INC-")
        await sees_no(op.pilot, "No incident is open")
        assert op.incident.declared is not None
        assert op.incident.declared.title == "pages fail"


async def test_who_resumes_an_incident_sees_the_place_for_the_next_one_once_it_is_over(planned: Tiny) -> None:
    """An open incident needs no card for declaring one; turned away from it, the card is there."""
    async with flying(planned) as op:
        await op.sees("INC-")
        assert "No incident is open" not in await op.text()
        op.session.forget()
        op.screen.refresh_panes()
        await op.sees("No incident is open", "Something broken? Enter declares")


async def test_what_is_bent_during_the_evening_stands_in_the_record(planned: Tiny) -> None:
    """Override, not applicable, deferred, note, stop and its lifting: with reason, person and time."""
    async with flying(planned) as op:
        for code, key, state in (("A1", "o", "overridden"), ("A2", "a", "not applicable"), ("C1", "l", "deferred")):
            op.stands_on(code)
            await op.press(key)
            await op.sees(f"{code}: {state}", "Why?")
            await hears(op.pilot, Dialog)
            await op.press("enter")  # without a reason it is no answer
            await op.sees("It needs a few words")
            await op.gives(f"because of {code}")
            await op.sees(state if state != "not applicable" else "n/a")
            assert op.incident.marks[code].reason == f"because of {code}"
            assert op.incident.marks[code].state.value == state
        op.stands_on("A3")
        await op.press("space")
        assert op.incident.marks["A3"].state.value == "done"
        op.stands_on("A3")  # the cursor has gone on to what comes next
        await op.press("space")
        assert op.incident.marks["A3"].state.value == "open"
        await op.press("c")
        await op.gives("the phone rings")
        assert [event.body.text for event in op.events("NoteAdded")] == ["the phone rings"]
        await op.press("X")
        assert isinstance(op.pilot.app.screen, StopDialog)
        await hears(op.pilot, Dialog)
        await op.press("a")
        await op.sees("stopped")
        op.stands_on("B1")
        assert "everything is stopped" in op.says()
        await op.press("r")
        assert op.incident.stop is None
        assert {one.what.split()[0] for one in op.incident.deviations} >= {"A1", "A2"}


async def test_what_may_not_be_done_says_why_before_and_after_the_key(planned: Tiny) -> None:
    """The reason stands in the last line and in the row; pressing all the same is refused and recorded."""
    async with flying(planned) as op:
        op.stands_on("X2")
        await op.pilot.pause()
        words = op.says()
        assert words.startswith("blocked: ")
        assert "B1" in words
        await op.sees(words.removeprefix("blocked: ")[:20])
        await op.enter()
        refused = op.events("StepRefused")
        assert [(event.body.code, event.body.reason) for event in refused] == [("X2", words.removeprefix("blocked: "))]
        op.stands_on("B1")
        await op.press("space")
        await op.sees("B1 is ticked by what is observed, not by hand")
        await op.press("u")
        await op.sees("B1: this step has no undo")
        assert planned.begun() == 0
        assert not op.incident.runs


async def test_a_step_is_looked_at_then_run_then_undone(planned: Tiny) -> None:
    """Enter runs what is shown; a failure looks failed; the undo wants its word typed and puts the former back."""
    planned.ground.hook("pre-receive", "echo no pushes tonight >&2; exit 1")
    async with flying(planned) as op:
        for code in ("B1", "B2"):
            op.stands_on(code)
            await op.enter()
            await op.done(code)
        op.stands_on("X1")
        await op.enter()
        await op.done("X1")
        await op.sees("✖", "no pushes tonight", "failed")
        (planned.ground.remote / "hooks" / "pre-receive").unlink()
        await op.sees("run X1 again")
        await op.enter()
        await op.done("X1")
        op.stands_on("X2")
        await op.sees("run X2")
        await op.enter()
        await op.done("X2")
        assert planned.running == planned.target
        await op.sees("● runs now")  # the releases were read again
        op.stands_on("X2")
        await op.press("u")
        assert isinstance(op.pilot.app.screen, ConfirmDialog)
        await op.sees("to arm, by hand")
        await hears(op.pilot, Dialog)
        await op.press("enter")
        await op.sees("Not confirmed")
        for letter in "undo":
            await op.press(letter)
            await asyncio.sleep(0.05)
        await op.press("enter")
        await op.done("X2")
        assert planned.running == planned.former
        assert [run.undo for run in op.incident.runs] == [False, False, False, False, False, True]


async def test_a_key_held_down_does_the_one_thing_once(planned: Tiny) -> None:
    """Key repeat ticks one item, not the checklist; and it starts no step that was not looked at."""
    async with flying(planned) as op:
        op.stands_on("A1")
        await op.looks()
        keys = [events.Key("enter", "\r") for _ in range(30)]
        for number, key in enumerate(keys):
            key.time = keys[0].time + number * 0.03  # as the terminal repeats it, whatever the machine does meanwhile
            op.pilot.app.post_message(key)
        await op.sees("held down", "✔ caused by")
        await op.looks()
        assert [code for code, mark in op.incident.marks.items() if mark.state.value == "done"] == ["A1"]
        assert not op.incident.runs
        op.stands_on("B1")
        op.session.mark("A2", op.incident.marks["A1"].state)
        await op.enter()
        await op.done("B1")


async def test_enter_does_in_every_pane_what_the_last_line_says(planned: Tiny) -> None:
    """The words are the deed: in each pane the last line is compared with what happens."""
    async with flying(planned) as op:
        await op.press("1")
        assert op.says() == "decide: roll back or fix forward"
        await op.enter()
        assert isinstance(op.pilot.app.screen, DecideDialog)
        await op.press("escape")

        await op.press("3")
        await op.sees("v2")
        await comes(op.pilot, lambda: op.says() == "go back to v2: draws the plan, runs nothing", op.says)
        plans = len(op.events("PlanDrawn"))
        await op.enter()
        await op.sees("plan drawn: git to v2, 2 notes (5)")
        assert len(op.events("PlanDrawn")) == plans + 1
        assert not op.incident.runs

        for pane in ("4", "5", "6"):
            op.stands_on("A1" if pane == "4" else "A2" if pane == "5" else "A3")
            await op.press(pane)
            words = op.says()
            assert words.startswith("tick A")
            await op.sees(words)
            await op.enter()
            assert op.incident.marks[words.split()[1].rstrip(":")].state.value == "done"
        await op.press("2", "n")
        assert op.says().startswith("tick C1")


async def test_the_decision_is_recorded_with_its_matrix_and_reason(tiny: Tiny) -> None:
    """Deciding against the matrix wants a reason, and both stand in the record and on the screen."""
    async with flying(tiny) as op:
        await op.enter()
        await op.gives("pages fail")
        await op.sees("tick A1")
        await op.press("d")
        assert isinstance(op.pilot.app.screen, DecideDialog)
        await hears(op.pilot, Dialog)
        for name, letter in (("severity", "h"), ("risk", "l"), ("decision", "f")):
            op.pilot.app.screen.query_one(f"#{name}").focus()
            await op.pilot.pause()
            await op.press(letter)
        await op.sees("ROLL BACK within", "(●) fix forward")
        op.pilot.app.screen.query_one("#decide").focus()
        await op.press("enter")
        await op.sees("give the reason")
        await op.types("the fix is ready")
        op.pilot.app.screen.query_one("#decide").focus()
        await op.press("enter")
        await op.sees("against the matrix")
        decided = op.incident.decision
        assert decided is not None
        assert (decided.decision, decided.recommended, decided.reason) == (
            "fix forward",
            "roll back",
            "the fix is ready",
        )


async def test_the_end_is_closed_and_signed_by_two(planned: Tiny) -> None:
    """Recovered only when proven; executed, then verified by somebody else; then nothing is left to do."""
    session = planned.session()
    session.take_lease()
    for code in ("B1", "B2", "X1", "X2"):
        assert run(session, code) == "done"
    session.close()
    session.journal.close()
    async with flying(planned) as op:
        await op.press("s")
        assert isinstance(op.pilot.app.screen, CloseDialog)
        await op.sees("not proven")
        await op.press("escape")
        op.stands_on("X3")
        await op.enter()
        await op.done("X3")
        await op.sees("back, proven")
        await op.press("s")
        await hears(op.pilot, Dialog)
        op.pilot.app.screen.query_one("#close").focus()
        await op.press("enter")
        await op.sees("PARKED: recovered", "sign off: executed by")
        for part, person in (("executed", ""), ("verified", "ops1"), ("verified", "ops2")):
            if not isinstance(op.pilot.app.screen, SignOffDialog):
                await op.enter()
            await op.sees("Record head")
            await hears(op.pilot, Dialog)
            await op.types(person)
            op.pilot.app.screen.query_one("#sign").focus()
            await op.press("enter")
            if person == "ops1":
                await op.sees("must be somebody else")
                await op.press(*["backspace"] * 4)
            else:
                await op.sees("verified by somebody else" if part == "executed" else "is parked until X1-")
        assert (op.incident.signed, op.incident.finished) == (True, False)


async def test_a_second_cockpit_observes_and_says_who_flies(planned: Tiny) -> None:
    """One flies, the other looks on: every wish is refused with the name, and taking over is recorded on both."""
    async with flying(planned) as op:
        with closing(planned.session("ops2")) as other:
            # Another process would not get the lease either; in this one it is enough not to take it.
            app = cockpit(other, ascii=False)
            async with app.run_test(size=WIDE) as pilot:
                second = Operator(pilot, other)
                await second.sees("you observe; ops1 flies")
                before = op.deeds()
                for key in ("space", "o", "a", "l", "d", "u", "X", "r", "enter"):
                    await second.press("2")
                    await asyncio.sleep(HELD_S)
                    await second.press(key)
                    assert isinstance(app.screen, IncidentScreen), f"{key} asks an observer"
                await second.sees("you observe")
                assert op.deeds() == before
                await second.press("c")  # a note is anybody's
                await second.gives("seen from here")
                await second.sees("noted")
                assert op.events("NoteAdded")[-1].actor == "ops2"
            other.journal.close()


async def test_with_observe_no_key_changes_anything(planned: Tiny) -> None:
    """`--observe` looks on, even where nobody flies: no note, no take-over, no declaration."""
    async with flying(planned, observe=True) as op:
        before = op.incident.head_seq
        for pane in "24":
            for key in ("space", "o", "a", "l", "d", "u", "X", "r", "c", "m", "s", "T", "w", "enter"):
                await asyncio.sleep(HELD_S if key == "enter" else 0)
                await op.press(pane, key)
                assert isinstance(op.pilot.app.screen, IncidentScreen), f"{key} in pane {pane} asks something"
        assert op.incident.head_seq == before
        assert not op.session.driver


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (60, 16), (40, 10)])
async def test_every_size_shows_where_one_is_and_what_enter_does(planned: Tiny, size: tuple[int, int]) -> None:
    """The bar, the pane that has the focus and the last line are seen at any size, zoomed or not."""
    async with flying(planned, size=size) as op:
        await op.sees("DRILL", "Enter tick A1")
        for key, words in (("1", "Critical"), ("3", "v2"), ("4", "GET / 500"), ("5", "A1"), ("6", "ran"), ("2", "A1")):
            await op.press(key)
            await op.sees("DRILL", words)
            await op.press("z")
            await op.sees("DRILL", words)
            await op.press("z")
        await op.pilot.resize_terminal(160, 48)
        await op.sees("1 Decision", "2 Checklist", "3 Releases", "4 Logs", "5 What will happen", "6 What ran")


async def test_a_reversible_step_whose_preview_is_not_seen_is_shown_first(planned: Tiny) -> None:
    """Shown, then done, on the smallest screen too: the first Enter shows, the second runs."""
    session = planned.session()
    session.take_lease()
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    session.close()
    session.journal.close()
    async with flying(planned, size=(60, 16)) as op:
        op.stands_on("X1")
        await op.enter()
        await op.sees("5 What will happen", "push")
        assert op.incident.last_run("X1") is None
        await op.enter()
        await op.done("X1")


def test_the_first_paint_loads_nothing_that_only_steps_need(planned: Tiny) -> None:
    """With a configuration and a real record open, none of the heavy libraries is loaded at the first paint."""
    terminals = pytest.importorskip("terminals")
    answer = planned.folder / "first-paint.json"
    script = Path(__file__).resolve().parents[1] / "support" / "first_paint.py"
    command = (str(script), str(answer), "--config", str(planned.config), "--store", str(planned.store))
    with terminals.terminal(160, 48, environment(planned), sys.executable, "-P", *command) as line:
        assert line.wait() == 0, bytes(line.output[-2000:])
    seen = json.loads(answer.read_text())
    assert seen["incident"].startswith("INC-"), "no record was open"
    assert seen["size"] == [160, 48]
    assert {"textual", "sqlite3", "app", "widgets"} <= set(seen["loaded"]), "this list does not tell what is loaded"
    assert [name for name in HEAVY if name in seen["loaded"]] == []


async def test_leaving_ends_every_thread_of_the_cockpit(planned: Tiny) -> None:
    """Nothing is read for a screen that is gone, and no worker is left waiting."""
    before = set(threading.enumerate())
    async with flying(planned) as op:
        await op.sees("GET / 500")
        await op.press("q")
        worker = op.session._runner
    assert worker is None or worker is not op.session._runner

    def left() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one not in before and "log" in one.name]

    await asyncio.to_thread(until, lambda: not left(), left)


@pytest.mark.parametrize(
    ("ending", "by_key", "done"),
    [
        (False, False, ["leaves", "comes", "is painted"]),
        (False, True, ["comes", "is painted"]),
        (True, False, []),
        (True, True, []),
    ],
)
def test_who_is_let_go_on_comes_back_unless_it_is_ending(
    monkeypatch: pytest.MonkeyPatch, ending: bool, by_key: bool, done: list[str]
) -> None:
    """SIGCONT after SIGSTOP, after Ctrl-Z, and while the cockpit ends: the terminal is taken once, or left alone."""
    seen: list[str] = []
    app = Cockpit(IncidentScreen)  # type: ignore[arg-type]  # no screen is opened
    app._driver = SimpleNamespace(  # type: ignore[assignment]
        _must_signal_resume=by_key,
        suspend_application_mode=lambda: seen.append("leaves"),
        _sigcont_application=lambda: seen.append("comes"),
    )
    app._exit = ending
    monkeypatch.setattr(app, "refresh", lambda **_: seen.append("is painted"))
    app._goes_on()
    assert seen == done


def test_the_screen_is_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No animations anywhere, fewer frames through tmux or ssh; what is set stays."""
    monkeypatch.delenv("TEXTUAL_ANIMATIONS", raising=False)
    monkeypatch.delenv("TEXTUAL_FPS", raising=False)
    monkeypatch.setenv("TMUX", "yes")
    terminal_env.prepare()
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"
    assert os.environ["TEXTUAL_FPS"] == "20"
