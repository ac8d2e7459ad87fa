"""The cockpit as numbered lines: the same engine, rules and record for pipes, screen readers and dumb terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tiny_flight_operator import Scripted
from tiny_system import Tiny, begin_deploy, build, decided, drawn, environment, run, settle
from waiting import PATIENCE_S, until

from actions.model.checklist import State
from actions.model.events import PlanDrawn
from actions.model.step import Outcome
from app.golden_desk import pin
from app.plain import Plain
from app.session import Session

GOAROUND = Path(sys.executable).with_name("goaround")
TO_THE_PLAN = ["", "pages fail", "", "", "", "", "3", "60-80", "2", "", "", ""]
"""NEXT, the title; three ticks; NEXT to decide, its three inputs and Enter; NEXT to choose, Enter for the proposal."""


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    assert one.take_lease()
    yield one
    tiny.let_go()
    one.close()
    one.journal.close()


def fly(session: Session, *answers: str) -> Scripted:
    operator = Scripted(answers)
    Plain(session, operator).fly()
    return operator


def test_a_pipe_of_answers_flies_to_the_plan(tiny: Tiny, session: Session) -> None:
    """Every question can be answered from a pipe; when it ends, the incident stays open and says so."""
    said = fly(session, *TO_THE_PLAN)
    assert session.incident.plan is not None, said.text
    assert session.incident.plan.target.commit == tiny.target
    assert "the matrix says: roll back" in said.text
    assert "nobody answers: leaving" in said.lines[-1]
    assert session.incident.closed is None


def test_notes_say_in_words_what_is_to_be_weighed(tiny: Tiny, session: Session) -> None:
    """R05: a screen reader hears which notes warn, of the releases and of the plan; the record holds their codes."""
    (tiny.folder / "running").write_text("maintenance")
    said = fly(session, *TO_THE_PLAN[:-1], "2", "q")
    unknown = "'maintenance' is told as the running commit, which is no full commit id"
    assert f"    ! warning: {unknown}" in said.lines, said.text
    cost = f"{unknown}: there is no undo, and that {tiny.target[:10]} runs may stay not proven"
    assert f"    ! warning: {cost}" in said.lines
    stays = "the branch stays on origin until Z4 removes it, once what is deployed has moved on; nothing is forced"
    assert f"    {stays}" in said.lines
    (recorded,) = [
        event.body.plan for event in session.journal.events(session.incident.id) if isinstance(event.body, PlanDrawn)
    ]
    assert recorded["notes"] == [
        {"code": "no-undo", "level": "warning", "text": cost},
        {"code": "branch-stays", "level": "info", "text": stays},
    ]


def test_the_effects_are_shown_before_anything_runs(tiny: Tiny, session: Session) -> None:
    """Shown, then done: the exact command stands there before Enter, and `q` runs nothing."""
    drawn(session, tiny)
    run(session, "B1")
    run(session, "B2")
    said = fly(session, "X1", "", "q", "q")
    push = next(line for line in said.lines if "git --git-dir=" in line)
    assert f"{tiny.target}^{{commit}}:refs/heads/rollback-emergency-" in push
    assert "! not armed: nothing was done" in said.text
    assert [one.code for one in session.incident.runs] == ["B1", "B2"]
    said = fly(session, "X1", "", "", "q")
    assert session.incident.runs[-1].outcome is Outcome.DONE
    assert "X1 done: " in said.text


def test_help_list_and_unknown_words(tiny: Tiny, session: Session) -> None:
    """Whatever is typed gets an answer, and nothing is done by accident."""
    drawn(session, tiny)
    said = fly(session, "?", "l", "fly me home", "u X2", "o Z9", "zz", "q")
    assert "overrides an item, with a reason" in said.text
    assert "-- carry out --" in said.text
    assert "! 'fly' is no command here (next: ? lists them)" in said.text
    assert "! nothing to undo: it has not run" in said.text
    assert "! there is no item 'Z9'" in said.text
    assert not session.incident.runs
    assert not session.incident.deviations


def test_overrides_notes_and_exclusions(tiny: Tiny, session: Session) -> None:
    """Deviations ask for their reason and are on record with it."""
    drawn(session, tiny)
    said = fly(session, "o b1", "disk is full", "a A3", "no database", "o B2", "", "n users call", "q")
    assert "B1 overridden" in said.text
    assert "! overridden needs a reason" in said.text
    assert [one.reason for one in session.incident.deviations] == ["disk is full", "no database"]
    assert session.incident.marks["A3"].state is State.NOT_APPLICABLE
    assert session.incident.notes[-1][2] == "users call"


def test_stop_and_lift(tiny: Tiny, session: Session) -> None:
    """Everything stops, and nothing runs until it is lifted."""
    drawn(session, tiny)
    said = fly(session, "x", "", "x", "a", "B1", "", "r", "B1", "", "q")
    assert "B1 blocked: everything is stopped; r lifts it" in said.text
    assert "stopped; r lifts it" in said.text
    assert [one.code for one in session.incident.runs] == ["B1"]
    assert session.incident.stop is None


def test_undo_shows_and_asks(tiny: Tiny, session: Session) -> None:
    """An undo is shown and armed like any other step."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2"):
        assert run(session, code) == "done"
    said = fly(session, "u X2", "q", "u X2", "", "q")
    assert said.text.count("undo X2 Deploy") == 2
    assert tiny.running == tiny.former
    assert session.incident.runs[-1].undo


def test_inputs_are_asked_again_until_they_are_good(session: Session) -> None:
    """A typing mistake costs a question, not the incident."""
    said = fly(
        session, "", "pages fail", "d", "9", "terrible", "high", "many", "200", "60-80", "x", "2", "f", "", "d", "3",
        "60-80", "2", "f", "the fix is ready", "q",
    )  # fmt: skip
    assert said.text.count("! a number from 1 to") == 3
    assert "needs a reason" in said.text
    assert session.incident.decision is not None
    assert (session.incident.decision.decision, session.incident.decision.reason) == ("fix forward", "the fix is ready")


def test_no_release_is_chosen_by_accident(tiny: Tiny, session: Session) -> None:
    """A number that is not there is refused."""
    from tiny_system import decided

    decided(session)
    said = fly(session, "t", "99", "t", "zero", "q")
    assert said.text.count("! no such release") == 2
    assert session.incident.plan is None


def test_the_list_says_how_each_release_fared(tiny: Tiny) -> None:
    """Who hears the list knows of every line whether it ran well, and as what somebody pinned it."""
    tiny.tell_deployments(9000, 250, 10)
    session = tiny.session()
    assert session.take_lease()
    pin(session, next(one for one in session.releases() if one.name == "v1"), "old faithful")
    decided(session)
    said = fly(session, "t", "99", "q")
    session.close()
    session.journal.close()
    rows = {line.split()[-1]: line for line in said.lines if "  Release " in line}
    assert "runs now  incident  Release 3" in rows["3"]
    assert "ready  good 4 h  Release 2" in rows["2"]
    assert "ready  good 6 d 1 h; GOLDEN (old faithful)  Release 1" in rows["1"]


def test_a_release_is_found_by_a_text(tiny: Tiny, session: Session) -> None:
    """A name or the beginning of an id lists what holds it, with its number, and chooses nothing."""
    from tiny_system import decided

    decided(session)
    said = fly(session, "t", "v1", tiny.former[:7], "Release", "99", "t", tiny.target[:7], "2", "q")
    rows = [line.split() for line in said.lines if line.startswith("   ") and "git tag" not in line]
    assert [row[1] for row in rows if row[:1] == ["3"]].count("v1") == 4, "in both lists, by its name, by a word"
    assert [row[1] for row in rows if row[:1] == ["1"]].count("v3") == 4, "in both lists, by its id, by a word"
    assert said.text.count("! no such release") == 1
    plan = session.incident.plan
    assert plan is not None
    assert plan.target.commit == tiny.target


def test_closing_unproven(tiny: Tiny, session: Session) -> None:
    """What is not proven is not closed as recovered; other ends have their letter."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2"):
        run(session, code)
    for code in ("A1", "A2", "A3", "C1", "S1", "S2", "S3", "S4", "S5"):
        session.mark(code, State.DONE)
    session.mark("X3", State.OVERRIDDEN, "no time")
    said = fly(session, "", "", "", "", "q", "", "n", "q")
    assert "park as 'not recovered'" in said.text
    assert "! not parked" in said.text
    assert "! bent: X1-" in said.text
    assert session.incident.is_parked
    assert session.incident.closed is not None
    assert session.incident.closed.outcome == "not recovered"


def test_a_false_alarm_is_closed_as_one(tiny: Tiny, session: Session) -> None:
    """Nothing was wrong with the release: that end has its letter before anything is decided, too."""
    said = fly(session, "end", "q")
    assert "! no incident is open" in said.text
    session.declare("pages fail")
    said = fly(session, "end", "q", "end", "x", "end", "q")
    assert "! not closed" in said.text
    assert "closed: false alarm" in said.text
    assert "! no incident is open" in said.text
    assert session.incident.closed is not None
    assert session.incident.closed.outcome == "false alarm"


def test_resuming_shows_the_running_step(tiny: Tiny, session: Session) -> None:
    """Who comes back while a step runs sees it, and its end."""
    begin_deploy(session, tiny)
    session.close()
    assert session.take_lease()
    operator = Scripted(["q"])
    plain = Plain(session, operator)
    flight = threading.Thread(target=plain.fly)
    flight.start()
    until(lambda: "deploying rollback-emergency" in operator.text, "the output")
    tiny.let_go()
    flight.join(PATIENCE_S)
    assert not flight.is_alive()
    assert "resumed" in operator.lines[0]
    assert "X2 done" in operator.text


def test_an_observer_is_told_and_reads_on(tiny: Tiny, session: Session) -> None:
    """Observing is a state with words, not an error."""
    drawn(session, tiny)
    other = tiny.session("ops2")
    said = fly(other, "n looking on", "")
    assert "you observe; ops1 flies" in said.text
    session.sync()
    assert session.incident.notes[-1][1] == "ops2"
    other.journal.close()


class Terminal:
    """The real command on a pipe, read line by line."""

    def __init__(self, tiny: Tiny) -> None:
        self.process = subprocess.Popen(
            [str(GOAROUND), "run", "--plain", "--config", str(tiny.config), "--store", str(tiny.store)],
            env=environment(tiny),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            # A shell that started the tests in the background has them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.seen = ""

    def sees(self, words: str) -> None:
        """Read until the words have come."""
        assert self.process.stdout is not None
        while words not in self.seen:
            data = os.read(self.process.stdout.fileno(), 4096)
            assert data, f"{words!r} never came: {self.seen}"
            self.seen += data.decode()

    def types(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())

    def leaves(self) -> int:
        """The exit status after the end of its input."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.seen += self.process.stdout.read().decode()
        return self.process.wait(PATIENCE_S)


@contextmanager
def terminal_over(tiny: Tiny) -> Iterator[Terminal]:
    """A terminal, gone afterwards."""
    one = Terminal(tiny)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.mark.parametrize(
    ("answer", "outcome"), [("", "done"), ("a", "done"), ("n", "terminated"), ("q", "done"), (None, "done")]
)
def test_ctrl_c_in_a_running_step_asks_and_stops_only_what_is_said(
    tiny: Tiny, answer: str | None, outcome: str
) -> None:
    """Never half-stopped: Ctrl-C asks. Only `n` ends the step; leaving, twice Ctrl-C or the end of input do not."""
    session = tiny.session()
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        run(session, code)
    session.close()
    session.journal.close()
    tiny.hold()
    with terminal_over(tiny) as terminal:
        terminal.types("X2", "", "")
        terminal.sees("deploying rollback-emergency")
        pid = tiny.deploy_pid()
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.sees("Enter: go on watching")
        assert Path(f"/proc/{pid}").exists(), "asking ends nothing"
        if answer is None:
            os.kill(terminal.process.pid, signal.SIGINT)
        else:
            terminal.types(answer)
        if answer in ("", "a"):
            terminal.sees("stopped" if answer else "> \n")
            tiny.let_go()
        if answer not in ("q", None):
            terminal.sees(f"X2 {outcome}")
        assert terminal.leaves() == 0, terminal.seen
    tiny.let_go()
    session = tiny.session()
    assert session.take_lease()
    settle(session)
    ended = session.incident.runs[-1]
    assert ended.outcome is Outcome(outcome)
    assert tiny.running == (tiny.former if answer == "n" else tiny.target)
    assert (session.incident.stop is not None) == (answer in ("a", "n"))
    session.close()
    session.journal.close()


def test_the_command_leaves_the_incident_open_at_the_end_of_its_input(tiny: Tiny) -> None:
    """`goaround run --plain </dev/null` begins nothing and ends well; a script resumes where another ended."""
    with terminal_over(tiny) as terminal:
        assert terminal.leaves() == 0
    assert "nobody answers" in terminal.seen
    assert "\x1b" not in terminal.seen
    with terminal_over(tiny) as terminal:
        terminal.types(*TO_THE_PLAN)
        terminal.sees("plan ")
        assert terminal.leaves() == 0
    with terminal_over(tiny) as terminal:
        terminal.types("q")
        assert terminal.leaves() == 0
    assert "resumed" in terminal.seen
    session = tiny.session()
    assert session.incident.plan is not None
    session.journal.close()
