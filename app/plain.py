"""The cockpit as numbered lines: for screen readers, dumb terminals and pipes. The same engine, rules and record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.blocking import Move, Next, blocked_reason, move_for, next_move
from actions.model.checklist import State
from actions.model.errors import GoaroundError, Refused
from actions.model.incident import item_of, items, restricted, state_of
from actions.model.sensing import reading
from app import plain_decision
from app.begin import AS_ALWAYS, Begin
from app.handover_wishes import offered_words
from app.plain_operator import Leave, Operator
from app.plain_running import PlainRunning
from app.second_look import FAILED, second_look
from app.session import Session
from app.signing import sign_off

if TYPE_CHECKING:
    from app.lookout import Lookout
    from app.plain_ready import PlainReady

HELP = """\
Enter   does what the line says
CODE    goes to an item: X2
l       lists the whole checklist
d       decides (severity, users, data risk)
y       the criteria: what the sensors say of them, and ticks what holds
t       chooses the release to go back to
option [NAME]  the ways back: how long each takes; chooses another of those that are configured
h CODE  begins at a later step, with a reason: the system is asked what became of those before it
o CODE  overrides an item, with a reason
a CODE  marks an item as not applicable, with a reason
b MIN   gives this part of the list more minutes, with a reason
p       approvals: asks, takes a code read back over the phone, breaks the glass
u CODE  undoes a step
n TEXT  a note into the record
i       tells people: messages, to whom, through what
ready   would a rollback work right now: what was found; ready now: looks first
v       the procedure: who to reach, who decides now, ways back, prevention, documents
f       debts: lists them; with a code: pays that one with words, or assigns it
x       everything stops: after this step, or now
r       lifts the stop
s       signs off
end     closes the incident as it stands: given up, or a false alarm
g LOGIN gives the controls: offers them, with a brief; g alone takes what is offered, or takes the offer back
w       declares a new incident, once this one is closed
q       leaves (a running step goes on)"""


SENSED_LOOKS, SENSED_PAUSE_S = 240, 0.25
"""How often, and how far apart, plain mode looks whether a sensed item has ticked itself before it asks again."""


class Plain(PlainRunning):
    """The loop: say where we are, ask, do, say what came of it."""

    def __init__(self, session: Session, operator: Operator, begin: Begin = AS_ALWAYS) -> None:
        """``begin``: what the command line says of how it begins; done once, as soon as it can be."""
        super().__init__(session, operator)
        self.begin = begin
        self._focus = ""
        self.lookout: Lookout | None = None
        self._ready: PlainReady | None = None
        self._proposed: tuple[str, ...] = ()
        """Criteria that sensors propose, as far as it was said."""

    def fly(self) -> None:
        """Until the record is signed or the operator leaves; what is sensed is looked at meanwhile."""
        from app.lookout import Lookout
        from app.plain_ready import PlainReady

        self.lookout = lookout = Lookout(self.session)
        lookout.start()
        self._ready = ready = PlainReady(self.session)
        try:
            self._fly()
        finally:
            ready.stop()
            lookout.stop()

    def _fly(self) -> None:
        session = self.session
        if session.incident.id:
            mode = f"{session.incident.mode}{', RESTRICTED' if restricted(session.incident) else ''}"
            self.say(f"{session.incident.id} {mode}: resumed, {session.incident.head_seq} events")
        else:
            from app.parking import elsewhere  # at the beginning

            for one in elsewhere(session):
                words = one.words(session.clock.now())
                self.say(f"PARKED {words}; goaround run --record {one.incident} opens it")
        assert self._ready is not None  # it begins with the flight
        self._ready.begin(self.say)
        while True:
            session.sync()
            if session.incident.running is not None:
                try:
                    self.watch()
                except Leave:
                    return
                continue
            self._begin()
            self._proposed = plain_decision.say_newly_proposed(session, self.say, self._proposed)
            self._ready.news(self.say)
            move = self._move()
            if move.move is Move.NOTHING and not move.code:
                self.say(move.blocked)
                return
            try:
                self._obey(self.operator.ask("next", self._prompt(move)).strip(), move)
            except EOFError:
                closed = session.incident.closed is not None
                self.say(
                    f"nobody answers: leaving; {'what is recorded stays' if closed else 'the incident stays open'}"
                )
                return
            except Leave:
                return
            except GoaroundError as error:
                self.say(f"! {error.line()}")

    def _move(self) -> Next:
        incident = self.session.incident
        item = item_of(incident, self._focus) if incident.declared else None
        if item is not None and incident.closed is None:
            return move_for(incident, item, driver=self.session.driver, approval=self.session.approvals())
        return next_move(incident, driver=self.session.driver, approval=self.session.approvals())

    def _prompt(self, move: Next) -> str:
        offered = offered_words(self.session, "g")
        offered = f"{offered}\n" if offered else ""
        if move.blocked:
            return f"{offered}{move.code} blocked: {move.blocked}. ? for help > "
        return f"{offered}Enter: {move.words}. ? for help > "

    def _obey(self, answer: str, move: Next) -> None:
        word, _, rest = answer.partition(" ")
        codes = {item.code.casefold(): item.code for item in items(self.session.incident)}
        if not answer:
            self._focus = ""
            self._do(move)
        elif word.casefold() in codes and not rest:
            self._focus = codes[word.casefold()]
        else:
            self._command(word.casefold(), codes.get(rest.strip().casefold(), rest.strip()))

    def _command(self, word: str, rest: str) -> None:
        commands: dict[str, Callable[[], None]] = {
            "?": lambda: self.show(HELP.splitlines()),
            "l": self.list_items,
            "d": self.decide,
            "y": self.criteria,
            "t": self.choose,
            "option": lambda: self.option(rest),
            "h": lambda: self.start_at(rest),
            "o": lambda: self.mark(rest, State.OVERRIDDEN),
            "a": lambda: self.mark(rest, State.NOT_APPLICABLE),
            "b": lambda: self.extend(rest),
            "p": self.approvals,
            "u": lambda: self.run(rest, undo=True),
            "n": lambda: self.session.note(rest),
            "i": self.tell,
            "ready": lambda: self.ready(rest),
            "v": self.procedure,
            "f": lambda: self.debts(rest),
            "x": self.stop,
            "r": self.session.lift_stop,
            "s": lambda: self._do(next_move(self.session.incident, driver=self.session.driver)),
            "end": self.close,
            "g": lambda: self.handover(rest),
            "w": self.declare_another,
            "q": self._leave,
        }
        if word not in commands:
            raise Refused(f"{word!r} is no command here", "", "? lists them")
        commands[word]()

    def _leave(self) -> None:
        raise Leave

    def _do(self, move: Next) -> None:
        if move.blocked:
            if self._await_approval(move):
                return
            self.refuse(move.code, move.blocked)
        actions: dict[Move, Callable[[], None]] = {
            Move.DECLARE: self.declare,
            Move.TICK: lambda: self.mark(move.code, State.DONE),
            Move.DECIDE: self.decide,
            Move.CHOOSE: self.choose,
            Move.ASK: self.ask_approval,
            Move.RUN: lambda: self.run(move.code),
            Move.SAY: self.say_line,
            Move.WAIT: lambda: self.await_sensed(move.code),
            Move.KEEP: self.keep_monitoring,
            Move.CLOSE: self.close,
            Move.SIGN: lambda: self.sign("executed"),
            Move.VERIFY: lambda: self.sign("verified"),
        }
        if move.move in actions:
            actions[move.move]()

    def say_line(self) -> None:
        """End the phase by its line."""
        self.say(f'said aloud: "{self.session.close_phase()}"')

    def keep_monitoring(self) -> None:
        """What monitoring shows now becomes evidence."""
        from app.monitoring import keep  # when it is asked for

        assert self.lookout is not None  # it looks while somebody flies
        self.say("looking at error rate, response times and load of the database ...")
        kept = keep(self.session, self.lookout.feed())
        self.say(f"kept {kept.path}: {kept.note}")

    def await_sensed(self, code: str) -> None:
        """Wait until what a sensed item observes is as expected, for a while; Ctrl-C ends the waiting."""
        session = self.session
        self.say(f"waiting for {code}: it ticks itself when it is observed (Ctrl-C: no longer)")
        with contextlib.suppress(KeyboardInterrupt):
            for _ in range(SENSED_LOOKS):
                session.sync()
                item = item_of(session.incident, code)
                if item is None or state_of(session.incident, item).settled:
                    break
                session.clock.sleep(SENSED_PAUSE_S)
        item = item_of(session.incident, code)
        if item is not None:
            seen = reading(session.incident, item.sensor)
            self.say(f"{code} {state_of(session.incident, item).value}: {seen.seen if seen else 'not read yet'}")

    def extend(self, rest: str) -> None:
        """More time for the present part of the list: ``b 10`` for ten minutes."""
        if not rest.isdigit():
            raise Refused("give the minutes", "", "b 10")
        self.session.extend(int(rest) * 60, self.operator.ask("reason", "Why? > "))
        self.say(f"{rest} min more")

    def _around_gate(self, code: str) -> None:
        reason = self.operator.ask("reason", f"{code} is a gate. Why around it? > ")
        second = self.operator.ask("second", "Who stands beside you? > ")
        self.session.override_gate(code, reason, second)
        self.say(f"! {code} overridden: the gate is open")

    def ask_approval(self) -> None:
        """Ask for the approvals that the plan lacks."""
        from app import plain_approval

        plain_approval.ask(self)

    def approvals(self) -> None:
        """How the approvals stand, and what to do about them."""
        from app import plain_approval

        plain_approval.approvals(self)

    def debts(self, code: str) -> None:
        """What is owed; with a code: pay it, or give it to somebody."""
        from app import plain_debts

        plain_debts.debts(self, code)

    def _await_approval(self, move: Next) -> bool:
        """Wait where nothing but an approval that was asked for is missing; False where that is not so."""
        state, session = self.session.approvals(), self.session
        if (
            state.asked is None
            or not state.blocked
            or blocked_reason(session.incident, move.code, driver=session.driver)
        ):
            return False
        from app import plain_approval

        plain_approval.await_answer(self)
        return True

    def list_items(self) -> None:
        """The whole checklist with its states."""
        incident = self.session.incident
        phase = None
        for item in items(incident):
            if item.phase is not phase:
                phase = item.phase
                self.operator.say(f"    -- {phase.value} --")
            self.operator.say(
                f"    {item.code:<3} {state_of(incident, item).value:<14} {item.text} ({item.kind.value})"
            )

    def declare(self) -> None:
        """Open the incident."""
        title = self.operator.ask("title", "What is broken, in a few words > ")
        self.session.declare(title)
        incident = self.session.incident
        self.say(f"{incident.id} declared: {incident.mode}, {self.session.settings.system.environment}")

    def declare_another(self) -> None:
        """Turn away from a closed record, signed or not, and declare a new incident."""
        if self.session.incident.closed is None:
            raise Refused(f"{self.session.incident.id} is open", "", "close it first")
        self.session.forget()
        self.declare()

    def mark(self, code: str, state: State) -> None:
        """Give an item a state by hand."""
        reason = ""
        item = item_of(self.session.incident, code)
        if state is State.DONE and item is not None and item.parent and not item.sensor:
            from app.plain_workflow import tried  # where there are workflows

            tried(self, item)
            return
        if state in (State.OVERRIDDEN, State.NOT_APPLICABLE) and item is not None and item.gate:
            self._around_gate(code)
            return
        if state is not State.DONE:
            reason = self.operator.ask("reason", f"Why is {code} {state.value}? > ")
        elif item is not None and item.affirms:
            reason = self.operator.ask("who", f"{item.text}. Who affirms it? > ")
        self.session.mark(code, state, reason)
        self.say(f"{code} {state.value}")

    def decide(self) -> None:
        """What is known of the damage, what the matrix says, and the decision."""
        plain_decision.decide(self.session, self.operator, self.say)

    def criteria(self) -> None:
        """The criteria, ticked by number."""
        plain_decision.ask_criteria(self.session, self.operator, self.say)

    def choose(self) -> None:
        """List what there is to go back to, draw the plan, show it."""
        from app.plain_releases import choose  # when one is chosen

        choose(self)

    def _begin(self) -> None:
        if self.begin != AS_ALWAYS:
            from app import plain_modes  # rarely

            self.begin = plain_modes.begin(self, self.begin)

    def option(self, name: str) -> None:
        """The ways back; with a name: another of them."""
        from app import plain_modes

        plain_modes.option(self, name)

    def start_at(self, code: str) -> None:
        """Begin at a later step."""
        from app import plain_modes

        plain_modes.start_at(self, code)

    def look_at(self, code: str) -> None:
        """This item is the next."""
        self._focus = code

    def tell(self) -> None:
        """Tell people."""
        from app.plain_messages import tell  # when somebody is told

        tell(self)

    def handover(self, rest: str) -> None:
        """Offer the controls, take what is offered, or take the offer back."""
        from app.plain_handover import handover  # when somebody hands over

        handover(self, rest)

    def ready(self, rest: str) -> None:
        """Would a rollback work right now: all that was found."""
        if rest not in ("", "now") or self._ready is None:
            raise Refused(f"ready {rest} is no command here", "", "ready, or ready now")
        self._ready.show(rest, self.say, self.show)

    def procedure(self) -> None:
        """The document that is followed, line by line."""
        from app.plain_procedure import show  # when it is asked for

        show(self)

    def close(self) -> None:
        """The outcome."""
        incident = self.session.incident
        if incident.declared is None or (incident.closed is not None and not incident.is_parked):
            raise Refused("no incident is open")
        plain_decision.close(self.session, self.operator, self.say)

    def _look_again(self, person: str) -> None:
        """The proof once more, for the one who verifies; where it fails now, signing wants a reason."""
        lines = second_look(self.session, person)
        self.show(lines)
        if any(line.startswith(FAILED) for line in lines):
            reason = self.operator.ask("reason", "The second look failed. Why sign all the same? (Enter: do not) > ")
            if not reason.strip():
                raise Refused("not signed: the second look failed")
            self.session.note(f"signed although the second look failed: {reason}")

    def sign(self, part: str) -> None:
        """Sign off."""
        default = self.session.who.login if part == "executed" else ""
        prompt = f"{part.capitalize()} by{f' (Enter: {default})' if default else ', somebody else'} > "
        person = self.operator.ask(part, prompt).strip() or default
        if part == "verified":
            self._look_again(person)
        body = sign_off(self.session, part, person)
        state = f"signed by {body.signer}" if body.signature else f"unsigned: {body.unsigned}"
        self.say(f"{part} by {body.name or body.person} over event {body.over_seq} ({state})")
