"""The present incident of a system: every wish of the operator turned into events.

Knows no Textual, so that the cockpit, the plain mode and the tests stand on the same ground. What is known and how it
is recorded stands in ``session_record``, running steps in ``session_running``. What talks to the system is left to the
worker (running steps) and to ``world`` (reading releases, drawing plans).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from actions.engine.processes import mode_in
from actions.gateways.journal import new_incident_id
from actions.model import blocking, matrix
from actions.model import events as ev
from actions.model.canonical import canonical_json
from actions.model.checklist import NEEDS_REASON, Kind, State
from actions.model.clock import stamp
from actions.model.codec import from_json, to_json
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.incident import Incident, item_of, recommended
from actions.model.plan import Plan
from actions.model.release import Release
from actions.model.sensing import PREFIX
from app.known import with_bad
from app.places import pinned_config, pinned_recipients
from app.procedure_pinning import KEPT_AS
from app.procedure_pinning import pinned as pinned_procedure
from app.session_phases import SessionPhases
from app.version import VERSION


class Session(SessionPhases):
    """One system's present incident, and what its operator may wish."""

    def declare(self, title: str) -> None:
        """Open the incident and pin the configuration it runs with."""
        if not self.driver and not self.take_lease():
            raise Refused(f"{self.holder_line()} flies this system")
        self._check_fence()
        settings = self.settings
        mode = self.mode or ("drill" if settings.system.environment == "drill" else "live")
        body = ev.Declared(
            system=settings.system.name,
            environment=settings.system.environment,
            mode=mode,
            title=self.clean(title, 200) or "rollback",
            host=settings.system.host,
            option=settings.options[0] if settings.options else "",
            config_path=str(self.loaded.path),
            config_sha256=self.loaded.sha256,
            version=VERSION,
            jump_host=self.who.host,
            people={login: to_json(person) for login, person in settings.people.items()},
            settings=self.redactor.redact_json(to_json(settings)),
        )
        procedure, document = pinned_procedure(self.loaded, self.clock.now().date())
        procedure = from_json(ev.ProcedurePinned, self.redactor.redact_json(to_json(procedure)), "procedure")
        # Pinned first: an incident without its configuration could not be flown on after a crash.
        incident = new_incident_id(self.clock)
        folder = self.journal.incident_folder(incident)
        self._pin_config(folder)
        _write_whole(folder / KEPT_AS, document)
        try:
            event = self.journal.declare(self.who.login, body, incident, also=(procedure,))
        except GoaroundError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.incident = Incident(event.incident)
        self.sync()
        self._world = None
        row = self.journal.lease(settings.system.name)
        if row is not None:
            self.record(self._lease_body(row))

    def _pin_config(self, folder: Path) -> None:
        path = pinned_config(folder)
        if self.loaded.recipients.file_text:
            _write_whole(pinned_recipients(path), self.loaded.recipients.file_text.encode())
        _write_whole(path, self.loaded.text.encode())

    def set_inputs(self, inputs: matrix.Inputs) -> None:
        """What is known of the damage now."""
        if inputs != self.incident.inputs:
            body = ev.InputsSet(inputs.severity, inputs.users_low, inputs.users_high, inputs.data_risk)
            self.record(body, self._open_rule)

    def decide(self, decision: matrix.Decision, reason: str = "") -> None:
        """Record the decision; one that differs from the recommendation needs a reason."""
        reason = self.clean(reason)

        def rule(incident: Incident) -> str | None:
            found = recommended(incident)
            if found is not None and found.row.decision is not decision and not reason:
                return f"the matrix says {found.row.decision.value}: deciding otherwise needs a reason"
            return self._open_rule(incident)

        self.sync()
        found = recommended(self.incident)
        role, _ = self.authority()
        body = ev.Decided(
            decision=decision.value,
            recommended=found.row.decision.value if found else "",
            row=found.row.severity if found else "",
            decided_by=" and ".join(found.decided_by) if found else "",
            role=" or ".join(role.roles),
            reason=reason,
        )
        self.record(body, rule)

    def mark_criterion(self, code: str, met: bool) -> None:
        """A reason to act holds, or does not (any more), before and after the decision."""
        from actions.model.criteria import criteria, mark_reason  # the first screen stands

        self.sync()
        reason = mark_reason(self.incident, code)
        if reason:
            raise Refused(reason)
        one = next(one for one in criteria(self.incident) if one.code == code)
        if one.met is not met:
            seen = one.sensed.reading
            body = ev.CriterionMarked(
                code,
                one.level,
                one.text,
                met,
                seen.seen if seen else "",
                seen.expected if seen else "",
                one.sensed.verdict,
                one.branch,
            )
            self.record(body, self._open_rule)

    def mark(self, code: str, state: State, reason: str = "") -> None:
        """Tick, untick, override, defer or exclude an item."""
        reason = self.clean(reason)
        item = item_of(self.incident, code)
        if item is None:
            raise BadInput(f"there is no item {code!r}")
        if state in NEEDS_REASON and not reason:
            raise Refused(f"{state.value} needs a reason")
        if item.gate and state in (State.OVERRIDDEN, State.NOT_APPLICABLE):
            raise Refused(f"{code} is a gate: the way around it needs a second person, too (o)")
        if state is State.FAILED and not (item.parent and item.kind is Kind.MANUAL):
            raise Refused(f"{code} cannot fail by hand: only a workflow that a person tries can")
        if item.kind is not Kind.MANUAL and state is State.DONE:
            raise Refused(f"{code} is ticked by what is observed, not by hand; o overrides it with a reason")
        if item.affirms and state is State.DONE:
            from actions.model.affirming import said_by  # the screen stands

            try:
                reason = said_by(self.incident, reason)
            except ValueError as error:
                raise Refused(f"{code}: {error}") from error
        self.record(ev.ItemMarked(code, item.text, state.value, reason), self._open_rule)

    def sense(self, sensor: str, ok: bool, seen: str, expected: str, ms: int = 0) -> None:
        """A reading of a sensor into the record: what was seen, and what was expected."""
        body = ev.Observed(0, PREFIX + sensor, ok, self.clean(seen, 300), self.clean(expected, 300), ms)
        self.record(body, self._open_rule)

    def note(self, text: str) -> None:
        """A note into the record; observers may write notes, too."""
        cleaned = self.clean(text)
        if cleaned:
            self.record(ev.NoteAdded(cleaned), drive=False)

    def pin_line(self, source: str, at: str, text: str) -> None:
        """A log line into the record, with its time (that in the line where it comes with none) and its host."""
        from actions.model.line_time import line_time  # there are lines: the screen stands

        told = None if at else line_time(text, self.clock.now())
        if told is not None and told.zoned:  # without a zone it may be hours off: then the text alone stands for it
            at = stamp(told.at)
        host = self.settings.system.host
        host = self.who.host if host == "local" else host
        self.record(ev.LinePinned(self.clean(source), at, self.clean(text), self.clean(host)), drive=False)

    # -- releases and plans --------------------------------------------------------------------------------------

    def releases(self, option: str = "") -> tuple[Release, ...]:
        """Releases of an option, newest first. Slow (asks the world): not for the screen's thread."""
        return self.older_releases(option)

    def older_releases(self, option: str = "", depth: int = 1) -> tuple[Release, ...]:
        """The same, so many times as far back, where a source is read in pages."""
        from actions.engine import planner  # when it is needed first, the screen stands

        found, self.release_notes = planner.releases(
            self.settings, option or self.option(), self.world(), self.incident.id, depth=depth
        )
        system = self.settings.system
        return with_bad(found, self.journal, system.name, drill=system.environment == "drill")

    def option(self) -> str:
        """The option in use: that of the plan or the one chosen since, else the first configured one."""
        if self.incident.option:
            return self.incident.option
        if not self.settings.options:
            raise BadInput("no way back is configured", "", "add a [git] or [compose] table to the configuration")
        return str(self.settings.options[0])

    def draw(self, release: Release, option: str = "") -> Plan:
        """Draw and record the plan to this release. Slow: not for the screen's thread."""
        self.sync()
        reason = self._open_rule(self.incident) or blocking.running_reason(self.incident)
        if reason:
            raise Refused(reason)
        if self.incident.id and self._world is None:
            self.world()
        import dataclasses  # when it is needed first, the screen stands

        from actions.engine import planner
        from actions.model.bent_earlier import earlier
        from actions.model.carried import with_carried

        world = dataclasses.replace(self.world(), earlier=earlier(self.incident))
        plan = planner.draw(self.settings, option or self.option(), release, world, self.incident.id)
        plan = with_carried(plan, self.incident)
        data = plan.to_json()
        if self.redactor.finds(canonical_json(data).decode()):
            raise Refused(
                "the plan would hold a secret",
                "a configured value stands in clear text",
                "refer to it as ${env:NAME}",
            )
        self.record(ev.PlanDrawn(plan.digest, data), lambda one: self._open_rule(one) or blocking.running_reason(one))
        return plan

    def close_incident(self, outcome: str, text: str = "", ticket: str = "", due: str = "") -> None:
        """The outcome; only sign-offs follow. What goes forward needs its ticket, and ``due`` as ``parse_due`` takes
        it. Raises BadInput naming what is missing, Refused naming what is bent.
        """
        end, debts = self._end(outcome, text, ticket, due)
        self.record_all((*debts, end), lambda one: self._open_rule(one) or blocking.close_reason(one, outcome))

    def park_incident(self, outcome: str, text: str = "", ticket: str = "", due: str = "") -> None:
        """The outcome, as by closing; the record stays open for what is bent, and nobody flies any more."""
        from actions.engine import lease  # when it is needed first, the screen stands
        from actions.model.debts import holding

        end, debts = self._end(outcome, text, ticket, due)
        owed = tuple(one.name for one in holding(self.incident.debts))
        parked = ev.IncidentParked(end.outcome, end.text, end.target, end.running, end.ticket, end.due, owed)
        left = ev.LeaseReleased(self.who.login, self.fence)
        self.record_all((*debts, parked, left), lambda one: self._open_rule(one) or blocking.park_reason(one, outcome))
        lease.release(self.journal, self.settings.system.name, self.fence)
        self.driver = False

    def _end(self, outcome: str, text: str, ticket: str, due: str) -> tuple[ev.Closed, tuple[ev.Body, ...]]:
        """How it ended, and the debts that this leaves."""
        from actions.model.due import parse_due
        from app.follow_ups import follow_ups  # the first screen stands

        ticket = self.clean(ticket, 200)
        if outcome == "forward":
            if not ticket:
                raise BadInput("forward: give the ticket in which the fix is followed")
            try:
                due = parse_due(due, self.clock.now())
            except ValueError as error:
                raise BadInput(f"forward: {error}") from error
        else:
            ticket = due = ""
        plan = self.incident.plan
        observed = ""
        for run in self.incident.runs:
            observed = run.facts.get("running", observed)
        end = ev.Closed(outcome, self.clean(text), plan.target.identity if plan else "", observed, ticket, due)
        return end, follow_ups(self, outcome, ticket, due)


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".partial")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, mode_in(path.parent))
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
