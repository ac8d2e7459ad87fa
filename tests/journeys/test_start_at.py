"""Beginning in the middle: what was done by hand is recognised, what was not is overridden loudly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from git_ground import git
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, drawn, finish, pay_what_is_bent, refused, run

from actions.model.checklist import State
from actions.model.incident import step_state
from actions.model.record_timeline import timeline
from actions.model.start_at import open_before
from actions.model.step import Happened
from app.begin import Begin
from app.plain import Plain
from app.session import Session
from app.starting_at import MOVED, ask_before, begin_at


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


def kept(session: Session, tiny: Tiny) -> None:
    """A plan is drawn, and its evidence is kept."""
    drawn(session, tiny)
    for code in ("B1", "B2"):
        assert run(session, code) == "done"


def by_hand(tiny: Tiny) -> None:
    """Somebody switches, without the cockpit."""
    (tiny.folder / "running").write_text(f"{tiny.target}\n")


def states(session: Session) -> dict[str, State]:
    plan = session.incident.plan
    assert plan is not None
    return {step.code: step_state(session.incident, step) for step in plan.steps}


def test_a_switch_by_hand_is_recognised_and_the_rest_is_overridden_loudly(tiny: Tiny, session: Session) -> None:
    """R04: the deployment that somebody did by hand is found; the branch that nobody pushed is not, and both say so."""
    kept(session, tiny)
    by_hand(tiny)
    answers = ask_before(session, "X3")
    assert [(one.step.code, one.checked.happened) for one in answers] == [("X1", Happened.NO), ("X2", Happened.YES)]
    before = len(session.incident.runs)
    begin_at(session, "X3", answers, "ops2 switched by hand at 10:02")
    assert len(session.incident.runs) == before, "nothing ran"
    assert states(session)["X1"] is states(session)["X2"] is State.OVERRIDDEN
    told = "\n".join(timeline(session.journal.events(session.incident.id)))
    assert f"observed check of X2: {tiny.target} runs, as expected" in told
    assert f"found done: {tiny.target} runs; begun at X3: ops2 switched by hand at 10:02" in told
    assert "observed check of X1: NOT AS EXPECTED: NOT DONE: " in told
    assert "X1 OVERRIDDEN: Push " in told
    whats = [(one.what.partition(":")[0], one.reason.partition(":")[0]) for one in session.incident.deviations]
    assert whats == [("X1 overridden", "NOT DONE"), ("X2 overridden", "found done")]
    finish_from(session, "X3")
    assert session.incident.proven
    assert session.incident.closed is not None
    assert session.incident.closed.running == tiny.target


def finish_from(session: Session, code: str) -> None:
    assert run(session, code) == "done", session.incident.runs[-1].summary
    pay_what_is_bent(session)
    session.close_incident("recovered")


def test_what_is_not_there_is_not_run_over(tiny: Tiny, session: Session) -> None:
    """An override makes nothing true: the step that needs the branch finds that it is not there and does nothing."""
    kept(session, tiny)
    answers = ask_before(session, "X2")
    assert [one.words.partition(":")[0] for one in answers] == ["NOT DONE"]
    begin_at(session, "X2", answers, "I believe it was pushed")
    assert run(session, "X2") == "moved"
    assert "push it first" in session.incident.runs[-1].summary
    assert tiny.begun() == 0
    session.mark("X1", State.OPEN)
    finish(session)


def test_a_branch_pushed_by_hand_is_found_with_the_debt_it_leaves(tiny: Tiny, session: Session) -> None:
    """What was bent by hand is bent all the same: the ledger has it."""
    kept(session, tiny)
    assert session.incident.plan is not None
    branch = session.incident.plan.drawn["branch"]
    git(tiny.ground.clone, "push", "-q", "origin", f"{tiny.target}:refs/heads/{branch}")
    answers = ask_before(session, "X2")
    assert answers[0].found
    begin_at(session, "X2", answers, "pushed by hand")
    (found,) = session.incident.debts
    assert (found.name, found.paid) == (f"X1-{branch.rpartition('-')[2]}.found", "")
    assert found.undo.startswith(f"Z4 Remove {branch} from origin")
    assert branch in session.incident.debts[0].text
    assert run(session, "X2") == "done"
    assert tiny.running == tiny.target


def test_a_system_that_cannot_be_asked_is_not_believed(tiny: Tiny, session: Session) -> None:
    """No answer is no yes: it is recorded as not known, and overridden like anything that is not there."""
    kept(session, tiny)
    (tiny.folder / "running").unlink()
    answers = ask_before(session, "X3")
    assert answers[1].checked.happened is Happened.UNKNOWN
    begin_at(session, "X3", answers, "the site is down, ops2 says it is switched")
    assert "NOT KNOWN whether it was done" in session.incident.marks["X2"].reason
    seen = session.incident.observations["check of X2"][1]
    assert (seen.ok, seen.seen.partition(":")[0]) == (False, "NOT KNOWN whether it was done")


def test_gates_and_proofs_are_never_passed_over(tiny: Tiny, session: Session) -> None:
    """Evidence before, proof after: no reason in the world goes around them here."""
    plan = drawn(session, tiny)
    by_hand(tiny)
    assert "is a gate: it is run, never passed over" in refused(lambda: ask_before(session, "X2"))
    assert "B1 " in refused(lambda: begin_at(session, "X2", (), "hurry"))
    assert "Z9 is no step of the plan: B1, B2, X1, X2, X3, Z4, Z5" in refused(lambda: ask_before(session, "Z9"))
    assert "nothing is open before B1" in refused(lambda: ask_before(session, "B1"))
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    answers = ask_before(session, "X3")
    assert "needs a reason" in refused(lambda: begin_at(session, "X3", answers, "  "))
    session.stop("after")
    assert "r lifts it" in refused(lambda: begin_at(session, "X3", answers, "by hand"))
    session.lift_stop()
    assert open_before(session.incident, "X3") == plan.steps[2:4]


def test_what_has_changed_since_it_was_asked_is_asked_again(tiny: Tiny, session: Session) -> None:
    """The answers are of a moment: when a step has run since, nothing is recorded of them."""
    kept(session, tiny)
    answers = ask_before(session, "X3")
    assert run(session, "X1") == "done"
    assert MOVED in refused(lambda: begin_at(session, "X3", answers, "late"))
    assert not session.incident.deviations


def test_only_who_flies_begins_anywhere(tiny: Tiny, session: Session) -> None:
    """An observer may ask the system; recording it is for the one who flies."""
    kept(session, tiny)
    other = tiny.session("ops2")
    answers = ask_before(other, "X2")
    assert "you observe; ops1 flies" in refused(lambda: begin_at(other, "X2", answers, "mine"))
    other.close()
    other.journal.close()


def plain(session: Session, begin: Begin, *answers: str) -> Scripted:
    operator = Scripted(answers)
    Plain(session, operator, begin).fly()
    return operator


def test_the_command_line_begins_there_once_the_gates_are_through(tiny: Tiny, session: Session) -> None:
    """`run --plain --start-at x3 --reason TEXT`: evidence is kept first; then it is asked, said and recorded."""
    drawn(session, tiny)
    by_hand(tiny)
    said = plain(session, Begin(code="x3", reason="switched by hand"), "B1", "", "B2", "", "q")
    assert "asking the system what became of the steps before X3" in said.text
    assert "! X1 Push " in said.text
    assert f"X2 Deploy {session.incident.plan.drawn['branch']} with" in said.text  # type: ignore[union-attr]
    assert "! OVERRIDDEN, although not found done: X1; begun at X3: switched by hand" in said.text
    assert "Enter: run X3: Prove that v2 is back" in said.text
    assert [one.code for one in session.incident.runs] == ["B1", "B2"]


def test_a_wish_that_cannot_be_granted_is_said_once(tiny: Tiny, session: Session) -> None:
    """A wrong code costs a line, not the flight."""
    drawn(session, tiny)
    said = plain(session, Begin(code="X9", reason="x"), "l", "q")
    assert said.text.count("! --start-at X9: X9 is no step of the plan") == 1


def test_in_plain_lines_it_is_asked_why(tiny: Tiny, session: Session) -> None:
    """`h X3` shows what the system said before it asks for the reason; no reason, no record."""
    kept(session, tiny)
    by_hand(tiny)
    said = plain(session, Begin(), "h", "h x3", "", "h X3", "done by hand", "q")
    assert "! give the step to begin at (next: h X2)" in said.text
    assert "! not begun there: nothing was recorded" in said.text
    assert said.text.count(": found done: ") == 2
    assert [mark for mark in session.incident.marks if mark in ("X1", "X2")] == ["X1", "X2"]
