"""A step in plain mode: shown, armed, started, watched to its end, or stopped. Which one is next is ``plain``'s."""

from __future__ import annotations

from typing import NoReturn

from actions.model.after_failure import abort_step
from actions.model.blocking import blocked_reason
from actions.model.clock import span
from actions.model.effect import shown
from actions.model.errors import GoaroundError, Refused
from actions.model.plan import PlannedStep
from actions.model.step import Risk
from app.plain_operator import Leave, Operator, PlainVoice
from app.session import Session


class PlainRunning(PlainVoice):
    """Runs steps, and shows their output as it comes."""

    def __init__(self, session: Session, operator: Operator) -> None:
        super().__init__(session, operator)
        self._spool_at: dict[str, int] = {}
        self._word = ""
        """What was last said of the running step."""

    def run(self, code: str, *, undo: bool = False) -> None:
        """Show what will happen, arm, start, watch."""
        incident = self.session.incident
        step = incident.plan.step(code) if incident.plan else None
        if step is None:
            raise Refused(f"{code!r} is no step of the plan")
        approval = self.session.approvals()
        reason = blocked_reason(incident, code, driver=self.session.driver, undo=undo, approval=approval)
        if reason:
            self.refuse(code, reason)
        armed = self._arm(step, undo)
        self.session.start(code, armed=armed, undo=undo)
        self.watch()

    def refuse(self, code: str, reason: str) -> NoReturn:
        """A wish that is refused is as visible in the record as one that is granted."""
        if self.session.driver and self.session.incident.plan and self.session.incident.plan.step(code):
            self.session.refuse(code, reason)
        raise Refused(reason)

    def _arm(self, step: PlannedStep, undo: bool) -> str:
        self.say(f"{'undo ' if undo else ''}{step.code} {step.title}: {step.risk.value}, about {span(step.about_s)}")
        self.show(shown(step.undo if undo else step.effects))
        if step.risk is Risk.IRREVERSIBLE:
            plan = self.session.incident.plan
            name = plan.system if plan else ""
            how = "Replaces what is live; u takes it back" if step.undo else "Cannot be undone"
            how = f"Takes {step.code} back" if undo else how
            typed = self.operator.ask("typed", f"{how}. Type {name} to arm, or Enter to go back > ")
            if typed != name:
                raise Refused("not armed: nothing was done")
            return "typed"
        if step.risk is Risk.REVERSIBLE or undo:
            does = "undo" if undo else "run"
            answer = self.operator.ask("arm", f"Enter: {does} {step.code} as shown; q: not now > ").strip()
            if answer:
                raise Refused("not armed: nothing was done")
        return "enter"

    def watch(self) -> None:
        """Show the output of the running step until its end is on record."""
        session = self.session
        self._word = ""
        while True:
            try:
                if not self._look():
                    break
            except KeyboardInterrupt:
                self._interrupted()
        self._follow()
        done = session.incident.runs[-1]
        outcome = done.outcome.value if done.outcome else f"resolved: {done.resolved.value if done.resolved else '?'}"
        self.say(f"{done.code} {outcome}: {done.summary}")
        found = abort_step(session.incident, done.code)
        if found is not None:
            self.say(f"Enter runs {done.code} again; u {found.code} undoes {found.code} {found.title}")

    def _look(self) -> bool:
        """Show what is new of the running step and wait a moment; False when none runs."""
        session = self.session
        session.sync()
        running = session.incident.running is not None
        self._follow()
        if running:
            word = session.look_after()
            # The seconds of a silence grow; that it has begun is said once.
            if word and word != self._word and not ("silent" in word and "silent" in self._word):
                self.say(word)
            self._word = word
            session.clock.sleep(0.1)
        return running

    def _interrupted(self) -> None:
        """Ctrl-C while a step runs asks; it never stops anything by itself."""
        ask = "a: stop after this step; n: terminate now; q: leave (the step goes on); Enter: go on watching > "
        try:
            answer = self.operator.ask("stop", ask).strip()
        except (EOFError, KeyboardInterrupt):
            raise Leave from None
        if answer == "q":
            raise Leave
        if answer in ("a", "n"):
            self._request_stop(answer)

    def _follow(self) -> None:
        runs = self.session.incident.runs
        if not runs:
            return
        path = self.session.folder() / runs[-1].spool
        if not path.exists():
            return
        at = self._spool_at.get(path.name, 0)
        with path.open("rb") as file:
            file.seek(at)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self._spool_at[path.name] = at + end
        for line in data[:end].decode("utf-8", "replace").splitlines():
            self.operator.say(f"      {line[11:23]}Z {line[28:]}")

    def stop(self) -> None:
        """The everything-stops key."""
        answer = self.operator.ask("stop", "a: stop after this step; n: terminate now; Enter: neither > ").strip()
        if answer in ("a", "n"):
            self._request_stop(answer)

    def _request_stop(self, answer: str) -> None:
        try:
            self.session.stop("after" if answer == "a" else "now")
        except GoaroundError as error:
            self.say(f"! {error.line()}")
            return
        self.say("stopped; r lifts it")
