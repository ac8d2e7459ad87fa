"""The maintenance notice flown on a real system: shown without waiting for anybody, owed until it is down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from evening import LateClock
from notice import NoticeBoard
from process_looks import end_each
from tiny_flight_operator import Scripted
from tiny_system import QuickClock, Tiny, build, children_of_session, drawn, pay_what_is_bent, refused, run, settle
from waiting import until

from actions.gateways.bundle import verify_stored
from actions.model.bent import bent_words
from actions.model.blocking import Move, next_item, next_move
from actions.model.checklist import Kind, Phase, State
from actions.model.incident import items, state_of
from actions.model.matrix import Decision
from actions.model.phases import close_reason
from actions.model.record_text import markdown
from actions.model.step import Happened, Outcome
from app.plain import Plain
from app.session import Session
from widgets.sign_off_dialog import summary_lines

DOCUMENT = """\
# A way back with a notice

## Before (20 minutes)

- [ ] decision made <!-- code: D1 --> <!-- sensed: decision -->
- [ ] release to go back to chosen <!-- code: D2 --> <!-- sensed: target -->
- [ ] maintenance notice shown, if users need one <!-- code: C3 --> <!-- step: maintenance.on -->
- [ ] support told <!-- code: C1 -->

## After (within 30 minutes)

- [ ] users told that it is solved <!-- code: S2 -->
- [ ] maintenance notice taken down <!-- code: T9 --> <!-- step: maintenance.off --> <!-- when: maintenance -->
"""


def system(folder: Path, *, looks: bool = True) -> tuple[Tiny, NoticeBoard]:
    tiny = build(folder)
    (tiny.folder / "rollback.md").write_text(DOCUMENT)
    board = NoticeBoard(tiny.folder, looks=looks)
    tiny.add_to_config(board.toml)
    return tiny, board


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    one, board = system(tmp_path / "tiny")
    yield one
    board.set("hold", False)
    one.let_go()


@pytest.fixture
def board(tiny: Tiny) -> NoticeBoard:
    return NoticeBoard(tiny.folder)


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session(clock=LateClock(16 * 60))
    yield one
    one.close()
    one.journal.close()


def state(session: Session, code: str) -> State:
    session.sync()
    return state_of(session.incident, next(one for one in items(session.incident) if one.code == code))


def to_the_end_of(session: Session, phase: Phase) -> None:
    """Do what Enter proposes until this part ends; the tech-manager's approval is gone around, loudly."""
    while phase.value not in session.incident.phases_closed:
        move = next_move(session.incident, driver=True)
        if move.move is Move.TICK:
            session.mark(move.code, State.DONE)
        elif move.move is Move.RUN:
            assert run(session, move.code) == "done", session.incident.runs[-1].summary
        else:
            assert move.move is Move.SAY, move
            session.close_phase()


def left(session: Session) -> list[str]:
    return [debt.text for debt in session.incident.debts if not debt.paid and debt.name.startswith("N")]


def test_it_stands_where_the_document_names_it_and_is_owed_until_it_is_down(
    tiny: Tiny, session: Session, board: NoticeBoard
) -> None:
    """The whole way: asked for at its place, really shown, asked down after, and nothing of it is left."""
    drawn(session, tiny)
    rows = [(item.code, item.phase) for item in items(session.incident) if item.kind is Kind.STEP]
    assert [code for code, phase in rows if phase is Phase.BEFORE] == ["N1", "B1", "B2"]
    assert [code for code, phase in rows if phase is Phase.AFTER] == ["N2", "Z4", "Z5"]
    item = next_item(session.incident)
    assert item is not None
    assert item.code == "N1"
    assert "N1" in (close_reason(session.incident, Phase.BEFORE) or "")
    to_the_end_of(session, Phase.BEFORE)
    assert (board.shown, left(session)) == (True, ["the maintenance notice is shown"])
    assert "N2" in session.incident.debts[0].undo
    to_the_end_of(session, Phase.CARRY_OUT)
    assert session.incident.proven
    session.mark("S2", State.DONE)
    assert "N2" in (close_reason(session.incident, Phase.AFTER) or "")
    assert next_move(session.incident).code == "N2"
    to_the_end_of(session, Phase.AFTER)
    assert (board.shown, left(session), state(session, "N2")) == (False, [], State.DONE)
    assert session.incident.proven, "taking a notice down changes nothing that was proven"
    pay_what_is_bent(session)
    session.close_incident("recovered")
    assert bent_words(session.incident) == ()


def test_it_waits_for_no_approval(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """After 15 minutes the tech-manager must approve going back; users are told without waiting for anybody."""
    drawn(session, tiny)
    clock = session.clock
    assert isinstance(clock, LateClock)
    clock.pass_by(16 * 60)
    assert run(session, "N1") == "done"
    assert board.shown
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    assert "tech-manager" in refused(lambda: session.start("X1", armed="enter"))
    assert run(session, "N2") == "done"
    assert not board.shown
    verified = verify_stored(session.journal.lines(session.incident.id), session.folder(), None, where="here")
    assert "began although" not in "\n".join(verified.lines())


def test_it_is_not_shown_before_it_is_decided_to_go_back(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """It changes what users see: like every such step it waits for the decision, and for that alone."""
    assert session.take_lease()
    session.declare("pages fail")
    release = next(one for one in session.releases() if one.commit == tiny.target)
    session.draw(release)
    assert "D1" in refused(lambda: session.start("N1", armed="enter"))
    session.decide(Decision.ROLL_BACK, "it is clear")
    assert run(session, "N1") == "done"


def test_who_needs_none_says_so_once(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """Not applicable with a reason, also before a plan is drawn and over another one: it is asked for no more."""
    assert session.take_lease()
    session.declare("pages fail")
    session.decide(Decision.ROLL_BACK, "it is clear")
    session.mark("C3", State.NOT_APPLICABLE, "nobody is awake")
    assert state(session, "C3") is State.NOT_APPLICABLE
    release = next(one for one in session.releases() if one.commit == tiny.target)
    session.draw(release)
    assert state(session, "N1") is State.NOT_APPLICABLE
    assert next_move(session.incident).code == "C1"
    session.mark("N1", State.OPEN)
    assert state(session, "N1") is State.OPEN, "what was said is taken back at the step itself"
    session.mark("N1", State.NOT_APPLICABLE, "nobody is awake")
    session.draw(release)
    assert state(session, "N1") is State.NOT_APPLICABLE
    to_the_end_of(session, Phase.BEFORE)
    to_the_end_of(session, Phase.CARRY_OUT)
    session.mark("S2", State.DONE)
    assert close_reason(session.incident, Phase.AFTER) is None, "nothing is bent: nothing is asked for"
    assert (board.calls("on"), board.calls("off")) == (0, 0)


def test_another_plan_does_not_forget_that_it_is_shown(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """Promise 3: drawn again, the plan knows what stands; it is not shown twice, and it is taken down."""
    drawn(session, tiny)
    assert run(session, "N1") == "done"
    other = next(one for one in session.releases() if one.commit == tiny.ground.shas[0])
    session.draw(other)
    assert state(session, "N1") is State.DONE
    assert next_move(session.incident).code == "C1"
    to_the_end_of(session, Phase.BEFORE)
    to_the_end_of(session, Phase.CARRY_OUT)
    to_the_end_of(session, Phase.AFTER)
    assert (board.calls("on"), board.shown, left(session)) == (1, False, [])


def test_shown_again_it_is_asked_down_again(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """Undoing the last step, or running the first once more: the debt is open again, and so is what pays it."""
    drawn(session, tiny)
    for code in ("N1", "N2"):
        assert run(session, code) == "done"
    assert left(session) == []
    assert run(session, "N2", undo=True) == "done"
    assert (board.shown, len(left(session)), state(session, "N2")) == (True, 1, State.OPEN)
    assert run(session, "N2") == "done"
    assert (board.shown, left(session), state(session, "N2")) == (False, [], State.DONE)
    assert run(session, "N1") == "done"
    assert (len(left(session)), state(session, "N2")) == (1, State.OPEN)
    assert run(session, "N1", undo=True) == "done"
    assert (board.shown, left(session)) == (False, [])


def test_fixing_forward_takes_it_down_first(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """The decision to roll back is gone: what is shown is still taken down, by the key that comes next."""
    drawn(session, tiny)
    assert run(session, "N1") == "done"
    session.decide(Decision.FIX_FORWARD, "a fix is ready")
    move = next_move(session.incident, approval=session.approvals())
    assert (move.move, move.code, move.blocked) == (Move.RUN, "N2", "")
    assert run(session, "N2") == "done"
    assert next_move(session.incident).move is Move.CLOSE
    assert "D1" in refused(lambda: session.start("N1", armed="enter"))


@pytest.mark.parametrize("looks", [True, False], ids=["looked at", "nobody can look"])
def test_killed_in_the_middle(tmp_path: Path, looks: bool) -> None:
    """The worker dies while the command runs: the world is asked, once, and what is or may be shown is owed."""
    tiny, board = system(tmp_path / "tiny", looks=looks)
    session = tiny.session(clock=QuickClock())
    drawn(session, tiny)
    board.set("hold")
    session.start("N1", armed="enter")
    until(lambda: board.shown, "the notice")
    running = session.incident.running
    assert running is not None
    end_each((running.pid, *children_of_session(running.pid)))
    board.set("hold", False)
    session.close()
    again = tiny.session(clock=QuickClock())
    assert again.take_lease()
    settle(again)
    last = again.incident.last_run("N1")
    assert last is not None
    assert last.resolved is (Happened.YES if looks else Happened.UNKNOWN)
    assert left(again) == [
        "the maintenance notice is shown"
        if looks
        else "the maintenance notice may be shown: it is not known how far its command came"
    ]
    assert board.calls("on") == 1, "nothing is run again by itself"
    assert state(again, "N1") is (State.DONE if looks else State.FAILED)
    if not looks:
        assert "nobody can look" in last.summary
        again.mark("N1", State.OVERRIDDEN, "I can see it")
    to_the_end_of(again, Phase.BEFORE)
    to_the_end_of(again, Phase.CARRY_OUT)
    to_the_end_of(again, Phase.AFTER)
    assert (board.shown, left(again)) == (False, [])
    again.close()
    again.journal.close()


def test_killed_while_it_is_taken_down(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """What is really gone is paid, though nobody told the end."""
    drawn(session, tiny)
    assert run(session, "N1") == "done"
    (tiny.folder / "notice").write_text(
        (tiny.folder / "notice").read_text().replace("off) ", f"off) rm -f '{tiny.folder}/notice.flag'; sleep 60;")
    )
    session.start("N2", armed="enter")
    until(lambda: not board.shown, "the notice is gone")
    running = session.incident.running
    assert running is not None
    end_each((running.pid, *children_of_session(running.pid)))
    settle(session)
    last = session.incident.runs[-1]
    assert (last.outcome, last.resolved) == (None, Happened.YES)
    assert (left(session), state(session, "N2")) == ([], State.DONE)


def test_closing_with_it_shown_is_said_loudly(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """Nobody forgets it by accident: closing says it, the sign-off says it, and the record keeps it as a debt."""
    drawn(session, tiny)
    assert run(session, "N1") == "done"
    (words,) = bent_words(session.incident)
    assert words == "STILL SO: the maintenance notice is shown (N2 Take the maintenance notice down)"
    operator = Scripted(["a"])
    Plain(session, operator).close()
    assert "! STILL SO: the maintenance notice is shown" in operator.text
    assert session.incident.closed is not None
    assert "Debts open: 1 (they stay)" in summary_lines(session.incident, 0)
    assert bent_words(session.incident) == (words,)
    events = session.journal.events(session.incident.id)
    assert "the maintenance notice is shown" in markdown(session.incident, events)


def test_a_failed_command_is_a_failure(tiny: Tiny, session: Session, board: NoticeBoard) -> None:
    """What failed looks failed, with the words of the command, and is asked for again."""
    drawn(session, tiny)
    board.set("broken")
    assert run(session, "N1") == "failed"
    last = session.incident.runs[-1]
    assert last.outcome is Outcome.FAILED
    assert "no such site" in last.summary
    assert (left(session), state(session, "N1")) == ([], State.FAILED)
    assert next_move(session.incident).code == "N1"


def test_without_a_configured_notice_a_person_does_it(tmp_path: Path) -> None:
    """No [maintenance]: the plan is as it was, the item is ticked by hand, and nothing is asked for after."""
    tiny = build(tmp_path / "tiny")
    (tiny.folder / "rollback.md").write_text(DOCUMENT)
    session = tiny.session()
    plan = drawn(session, tiny)
    assert [step.code for step in plan.steps] == ["B1", "B2", "X1", "X2", "X3", "Z4", "Z5"]
    kinds = {item.code: item.kind for item in items(session.incident)}
    assert kinds["C3"] is Kind.MANUAL
    assert "T9" not in kinds
    session.close()
    session.journal.close()


def test_the_plan_is_the_same_twice(tiny: Tiny, session: Session) -> None:
    """Codes and hash depend on nothing but the configuration and the world."""
    first = drawn(session, tiny)
    again = session.draw(first.target)
    assert [step.code for step in first.steps] == [step.code for step in again.steps]
    assert [step for step in first.steps if step.code[0] == "N"] == [s for s in again.steps if s.code[0] == "N"]
