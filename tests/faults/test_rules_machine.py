"""Random wishes of random people, crashes and answers included, never lead past the rules: a state machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from journals import TARGET, Book, plan, planned

from actions.model import blocking, matrix
from actions.model import events as ev
from actions.model.chain import verify_lines
from actions.model.checklist import State
from actions.model.fold import fold
from actions.model.incident import Incident, changes, items, rollback_decided, state_of, step_state
from actions.model.plan import Plan
from actions.model.step import Outcome, Risk

CODES = ("B1", "B2", "X1", "X2", "X3", "X9", "A1", "S1", "nothing")
PLANS = (
    plan(),
    plan(
        planned("B1", phase="before", risk=Risk.READ, gate=True),
        planned("B2", phase="before", risk=Risk.READ, gate=True),
        planned("X1", needs=("B1", "B2")),
        planned("X2", risk=Risk.IRREVERSIBLE, needs=("X1",)),
        planned("X3", risk=Risk.READ, needs=("X2",), proves=True),
        planned("X9", phase="after", optional=True, needs=("X3",)),
    ),
    plan(planned("X1"), planned("X2", needs=("X1",))),  # nothing proves
)


class Wishes(RuleBasedStateMachine):
    """Every wish is judged as the session judges it; what is allowed goes into a real journal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.book = Book(self.folder / "store")
        self.one: Incident = self.book.incident()
        self.driver = True

    def teardown(self) -> None:
        result = verify_lines(self.book.journal.lines(self.book.id))
        assert result.folded == self.one
        self.book.journal.close()
        shutil.rmtree(self.folder)

    def add(self, body: ev.Body) -> None:
        before = self.one
        event = self.book.journal.append(self.book.id, "ops1", body)
        self.one = fold(self.book.id, [event], before)
        assert before.head_seq + 1 == self.one.head_seq

    @initialize(which=st.integers(0, len(PLANS) - 1))
    def begin(self, which: int) -> None:
        self.draw(which)

    @rule(steps=st.integers(1, 12))
    def press_next(self, steps: int) -> None:
        """What most operators do most of the time."""
        for _ in range(steps):
            move = blocking.next_move(self.one, driver=self.driver)
            if move.blocked:
                return
            if move.move is blocking.Move.TICK:
                self.mark(move.code, State.DONE)
            elif move.move is blocking.Move.DECIDE:
                self.decide(True)
            elif move.move is blocking.Move.RUN:
                self.start(move.code, False)
                self.end(Outcome.DONE)

    @rule(driver=st.sampled_from([True, True, True, False]))
    def hand_over(self, driver: bool) -> None:
        self.driver = driver

    @rule(which=st.integers(0, len(PLANS) - 1))
    def draw(self, which: int) -> None:
        if self.one.closed is None and not blocking.running_reason(self.one):
            self.add(ev.PlanDrawn(PLANS[which].digest, PLANS[which].to_json()))

    @rule(
        severity=st.sampled_from(matrix.SEVERITIES), users=st.integers(0, 100), risk=st.sampled_from(matrix.DATA_RISKS)
    )
    def learn(self, severity: str, users: int, risk: str) -> None:
        if self.one.closed is None:
            self.add(ev.InputsSet(severity, users, users, risk))

    @rule(back=st.booleans())
    def decide(self, back: bool) -> None:
        if self.one.closed is None:
            found = matrix.recommend(self.one.inputs)
            words = matrix.Decision.ROLL_BACK.value if back else matrix.Decision.FIX_FORWARD.value
            self.add(ev.Decided(words, found.row.decision.value if found else "", "", "", "x", "because"))

    @rule(code=st.sampled_from(CODES), state=st.sampled_from([*State]))
    def mark(self, code: str, state: State) -> None:
        item = next((item for item in items(self.one) if item.code == code), None)
        if item is not None and self.one.closed is None and state is not State.RUNNING:
            if state is State.DONE and item.kind.value != "manual":
                return
            self.add(ev.ItemMarked(code, item.text, state.value, "because"))

    @rule(code=st.sampled_from(CODES), undo=st.sampled_from([False, False, True]))
    def start(self, code: str, undo: bool) -> None:
        reason = blocking.blocked_reason(self.one, code, driver=self.driver, undo=undo)
        if reason is not None:
            assert reason.strip()
            return
        one = self.one
        assert one.plan is not None
        step = one.plan.step(code)
        assert step is not None
        # What must hold of everything that is started, said once more in other words than the rules say it.
        assert self.driver
        assert one.closed is None
        assert one.stop is None
        assert not [run for run in one.runs if run.outcome is None and run.resolved is None]
        if undo:
            assert step.undo
        else:
            if step.risk is not Risk.READ:
                assert rollback_decided(one)
            for needed in step.needs:
                other = one.plan.step(needed)
                assert other is not None
                assert step_state(one, other).settled
            if changes(step):
                assert all(step_state(one, gate).settled for gate in one.plan.steps if gate.gate)
        number = len(one.runs) + 1
        self.add(ev.StepStarted(number, code, "s", code, one.plan_digest, undo, "enter", 1, 1, "s"))

    @rule(index=st.integers(0, 5), undo=st.sampled_from([False, False, True]))
    def start_one_of_the_plan(self, index: int, undo: bool) -> None:
        assert self.one.plan is not None
        self.start(self.one.plan.steps[index % len(self.one.plan.steps)].code, undo)

    @rule(first=st.integers(0, 5), second=st.integers(0, 5))
    def two_keys_at_once(self, first: int, second: int) -> None:
        self.start_one_of_the_plan(first, False)
        self.start_one_of_the_plan(second, False)

    @precondition(lambda self: self.one.running is not None)
    @rule(outcome=st.sampled_from([*Outcome, Outcome.DONE, Outcome.DONE]))
    def end(self, outcome: Outcome) -> None:
        assert self.one.running is not None
        facts = {"running": TARGET.identity}
        self.add(ev.StepFinished(self.one.running.number, outcome.value, "so", 5, "", facts))

    @precondition(lambda self: self.one.running is not None)
    @rule(happened=st.sampled_from(["yes", "no", "unknown"]))
    def lose_the_end(self, happened: str) -> None:
        assert self.one.running is not None
        self.add(ev.StepResolved(self.one.running.number, happened, "seen"))

    @precondition(lambda self: self.one.stop is not None or len(self.one.runs) > 4)
    @rule(how=st.sampled_from(["after", "now", "lift", "lift", "lift"]))
    def stop(self, how: str) -> None:
        if self.one.closed is None:
            self.add(ev.StopLifted() if how == "lift" else ev.StopRequested(0, how))

    @precondition(lambda self: len(self.one.runs) > 2)
    @rule(outcome=st.sampled_from(["recovered", "recovered", "recovered", "forward", "abandoned"]))
    def close(self, outcome: str) -> None:
        if blocking.close_reason(self.one, outcome) is not None:
            return
        if outcome == "recovered":
            self.must_be_proven()
        self.add(ev.Closed(outcome, ""))

    def must_be_proven(self) -> None:
        """The last thing that ran and counts is a proof that succeeded; found by going through the runs alone."""
        assert self.one.plan is not None
        proven: set[str] = set()
        for run in self.one.runs:
            step = self.one.plan.step(run.code) if run.digest == self.one.plan_digest else None
            if step is None or changes(step):
                proven.clear()
            elif step.proves:
                proven.discard(run.code)
                if run.outcome is Outcome.DONE and not run.undo:
                    proven.add(run.code)
        assert proven == {step.code for step in self.one.plan.steps if step.proves} != set()

    @rule(part=st.sampled_from(["executed", "verified"]), person=st.sampled_from(["ops1", "ops2", " OPS1 "]))
    def sign(self, part: str, person: str) -> None:
        if blocking.sign_reason(self.one, part, person) is None:
            assert self.one.closed is not None
            if part == "verified":
                assert self.one.executed is not None
                assert person.strip().lower() != self.one.executed.person.strip().lower()
            self.add(ev.SignedOff(part, person, person, self.one.head_seq, self.one.head_hash))

    @invariant()
    def never_two_at_once(self) -> None:
        assert len([run for run in self.one.runs if run.open]) <= 1

    @invariant()
    def next_is_always_known(self) -> None:
        move = blocking.next_move(self.one, driver=self.driver)
        if move.move is blocking.Move.NOTHING:
            assert move.blocked
        else:
            assert move.words
        if move.move is blocking.Move.RUN and not move.blocked:
            assert blocking.blocked_reason(self.one, move.code) is None
        for item in items(self.one):
            assert isinstance(state_of(self.one, item), State)

    @invariant()
    def what_is_read_back_is_the_same(self) -> None:
        assert self.one.plan is None or Plan.from_json(self.one.plan.to_json()) == self.one.plan


TestWishes = Wishes.TestCase
TestWishes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
