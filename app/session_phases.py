"""The phases of the list: ending one by its line, giving a time box more time, and the way around a gate.

What each of them may is judged by the model; nothing happens by itself when a time is over.
"""

from __future__ import annotations

from datetime import timedelta

from actions.model import events as ev
from actions.model import phases
from actions.model.checklist import State
from actions.model.clock import stamp
from actions.model.errors import BadInput, Refused
from actions.model.incident import Incident, item_of
from app.session_running import SessionRunning

LONGEST_EXTENSION_S = 24 * 3600


class SessionPhases(SessionRunning):
    """A session that ends phases and extends time boxes."""

    def close_phase(self) -> str:
        """End the present phase by its line, which is given back to be said aloud. Raises Refused with the reason."""
        self.sync()
        phase = phases.present(self.incident)
        if phase is None:
            raise Refused("no part of the list is left to be ended")

        def rule(incident: Incident) -> str | None:
            if phases.present(incident) is not phase:
                return "it was ended already"
            return self._open_rule(incident) or phases.close_reason(incident, phase)

        reason = rule(self.incident)
        if reason:
            raise Refused(reason)
        words = phases.line(self.incident, phase)
        self.record(ev.PhaseClosed(phase.value, words), rule)
        return words

    def extend(self, seconds: int, reason: str) -> None:
        """More time for the present phase, with the reason."""
        reason = self.clean(reason)
        if not 60 <= seconds <= LONGEST_EXTENSION_S:
            raise BadInput("more time: between 1 minute and 24 hours")
        if not reason:
            raise Refused("more time needs a reason")
        self.sync()
        box = phases.time_box(self.incident, self.elapsed_ms())
        if box is None:
            raise Refused("this part of the list has no time box")
        self.record(ev.TimeBoxExtended(box.phase.value, seconds, reason), self._open_rule)

    def override_gate(self, code: str, reason: str, second: str) -> None:
        """The way around a gate: a reason and a second person, in red in the record."""
        reason, second = self.clean(reason), self.clean(second, 80)
        item = item_of(self.incident, code)
        if item is None or not item.gate:
            raise BadInput(f"{code!r} is no gate")
        if not reason:
            raise Refused("the way around a gate needs a reason")
        problem = self.second_reason(second)
        if problem:
            raise Refused(problem)
        digest = self.incident.plan_digest
        bodies = (
            ev.GlassBroken(digest, f"gate {code}", (item.text,), reason, second),
            ev.DebtOpened(
                f"explain gate {code}", f"why the gate {code} was gone around: {item.text}", "", self.in_a_day()
            ),
            ev.ItemMarked(code, item.text, State.OVERRIDDEN.value, f"{reason} (second person: {second})"),
        )
        self.record_all(bodies, self._open_rule)

    def in_a_day(self) -> str:
        """When what is left to be explained or done is due: a stamp."""
        return stamp(self.clock.now() + timedelta(hours=24))

    def second_reason(self, second: str) -> str:
        """Why this cannot be the second person, or empty: somebody else than who flies, and known where people are."""
        from actions.model.approval import same_person  # the screen stands

        if not second:
            return "a second person is needed: name who stands beside you"
        people = self.incident.declared.people if self.incident.declared else {}
        found = next(
            (
                login
                for login, person in people.items()
                if second.casefold() in (login.casefold(), str(person.get("name", "")).casefold())
            ),
            None,
        )
        if people and found is None:
            return f"{second} is none of the configured people: {', '.join(people)}"
        if same_person(self.incident, found or second) == same_person(self.incident, self.who.login):
            return "the second person must be somebody else than you"
        return ""
