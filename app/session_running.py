"""Running steps: the intent is committed, the worker performs it, and what becomes of it is looked after.

Nothing runs here. A run whose end was lost is not repeated: the worker asks the world about it.
"""

from __future__ import annotations

from actions.engine.runner import Runner, orphans, run_lives, terminate
from actions.model import blocking
from actions.model import events as ev
from actions.model.errors import GoaroundError, Refused
from actions.model.incident import Incident, Run
from actions.model.step import Happened, Risk
from app.session_record import SessionRecord


class SessionRunning(SessionRecord):
    """A session that starts, watches and stops steps."""

    def runner(self) -> Runner:
        """The runner of this incident; its worker is started here, so that a step begins at once."""
        with self._lock:
            if self._runner is None:
                self._runner = Runner(self.worker_argv(self.incident.id), self.folder() / "worker.log")
                self._runner.warm()
            return self._runner

    def start(self, code: str, *, armed: str, undo: bool = False) -> int:
        """Commit the intent and have the worker perform it; the run's number. Raises Refused with the reason."""

        from actions.model.approval import approval_state, moment_of

        def commit(pid: int, started: int) -> int:
            def rule(incident: Incident) -> str | None:
                approval = approval_state(incident, moment_of(self.clock))
                return blocking.blocked_reason(incident, code, driver=self.driver, undo=undo, approval=approval)

            self.sync()
            judged = self.incident
            reason = rule(judged) or self._doubt(judged, code, undo)
            if reason:
                raise Refused(reason)
            planned = judged.plan.step(code) if judged.plan else None
            assert planned is not None  # blocked_reason has looked
            if planned.risk is Risk.IRREVERSIBLE and armed != "typed":
                raise Refused("an irreversible step wants the target's name typed")
            number = len(judged.runs) + 1
            body = ev.StepStarted(
                run=number,
                code=code,
                step=planned.step,
                title=planned.title,
                digest=judged.plan_digest,
                undo=undo,
                armed=armed,
                pid=pid,
                pid_start=started,
                spool=f"run-{number:03}-{code}.log",
            )

            def same_run(incident: Incident) -> str | None:
                if incident.plan_digest != judged.plan_digest:
                    return "another plan was drawn: look at it first"
                return rule(incident) or (None if len(incident.runs) + 1 == number else "another step was started")

            self.record(body, same_run)
            return number

        return self.runner().start(commit)

    def _doubt(self, incident: Incident, code: str, undo: bool) -> str | None:
        """Why the signatures on which this step would rely are not to be believed, or None."""
        step = incident.plan.step(code) if incident.plan else None
        if step is None or not blocking.wants_approval(incident, step) or undo or not incident.approvals:
            return None
        from app.approval_signing import doubted  # rarely needed, and the first screen waits for this

        return doubted(incident, self.approvals()) or None

    def refuse(self, code: str, reason: str) -> None:
        """Record a wish that was refused: a "no" is as visible as a "yes"."""
        if self.incident.id and self._goes_on():
            self.record(ev.StepRefused(code, reason), drive=False)

    def look_after(self) -> str:
        """Keep an eye on the running step: flag silence, resolve a lost end. Each second; a line to show, or empty."""
        run = self.incident.running
        if run is None:
            self._resolving = 0
            return ""
        if run_lives(run.pid, run.pid_start) and run.boot == self.clock.boot():
            return self._flag_silence(run)
        left = orphans(run.pid, run.pid_start, run.started_mono) if run.boot == self.clock.boot() else ()
        if left:
            return f"the worker of {run.code} is gone; {len(left)} of its processes still run (X ends them)"
        if not self.driver:
            return f"the end of {run.code} is not known; the one who flies has it looked into"
        return self._have_resolved(run)

    def _have_resolved(self, run: Run) -> str:
        """Have the world asked about a lost end; again, ever less often, when the one who asks dies of it."""
        if self._resolving != run.number:
            self._resolving, self._asked_again = run.number, (0, 0)
        if self.runner().asking(run.number):
            return f"the end of {run.code} was lost: asking the system what happened"
        self.sync()
        if self.incident.running is None:
            return ""
        tries, at = self._asked_again
        now = self.clock.monotonic_ms()
        if now >= at:
            self._asked_again = (tries + 1, now + min(30_000, 500 * 2**tries))
            try:
                self.runner().resolve(run.number, self.who.login)
            except GoaroundError as error:
                return f"the end of {run.code} was lost, and nobody can be asked: {error.line()}"
        if tries:
            return (
                f"the end of {run.code} was lost, and asking what happened has failed"
                f" (why: {self.folder() / 'worker.log'}); it is tried again"
            )
        return f"the end of {run.code} was lost: asking the system what happened"

    def _flag_silence(self, run: Run) -> str:
        planned = self.incident.plan.step(run.code) if self.incident.plan else None
        quiet = self.silence_s(run)
        limit = planned.silent_s if planned else 60
        if quiet < limit:
            return ""
        if self.driver and self._heard.due(quiet, limit, run.silent_s):
            try:
                self.record(ev.StepSilent(run.number, quiet), drive=False)
            except GoaroundError as error:
                # Looking on must not end the cockpit.
                return f"{run.code} has been silent for {quiet} s, and that cannot be recorded: {error.line()}"
        return f"{run.code} has been silent for {quiet} s; it goes on (X stops)"

    def silence_s(self, run: Run) -> int:
        """Seconds since the running step last said something; a wall clock that jumps does not change it."""
        return self._heard.silence_s(run, self.folder() / run.spool, self.clock)

    def stop(self, how: str) -> None:
        """The everything-stops key: ``after`` this step, or ``now``."""
        run = self.incident.running
        self.record(ev.StopRequested(run.number if run else 0, how), self._step_rule)
        if how == "now" and run is not None and run.boot == self.clock.boot():
            # After a reboot the number would be a stranger's.
            terminate(run.pid, run.pid_start, run.started_mono)

    def lift_stop(self) -> None:
        """Steps may run again."""
        self.record(ev.StopLifted(), lambda one: self._step_rule(one) or (None if one.stop else "nothing is stopped"))

    def _step_rule(self, incident: Incident) -> str | None:
        """What is run for a parked record is stopped as everything else is."""
        return None if self.driver and incident.is_parked else self._open_rule(incident)

    def record_lost_run(self, why: str) -> None:
        """A run whose end can never be learnt (its system is gone) is recorded as unknown."""
        run = self.incident.running
        if run is not None:
            self.record(ev.StepResolved(run.number, Happened.UNKNOWN.value, why))
