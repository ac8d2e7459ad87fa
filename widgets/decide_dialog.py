"""The decision: what is known of the damage, what the matrix says of it, and what a person decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.branching import opened_by, warnings
from actions.model.criteria import (
    criteria,
    marks_for,
    met_codes,
    over_codes,
    proposal_words,
    proposed_by,
    proposed_codes,
    sensed_words,
)
from actions.model.incident import Incident
from actions.model.matrix import Decision, Inputs, Recommendation, has_users, named, parse_users, recommend
from widgets.choice_line import ChoiceLine
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.recommendation import recommendation_words

UNKNOWN = "?"
"""The word for an input that nobody knows yet."""


@dataclass(frozen=True)
class DecideAnswer:
    """The facts, and the decision with its reason; no decision: only the facts are to be recorded."""

    inputs: Inputs
    decision: Decision | None = None
    reason: str = ""
    marks: tuple[tuple[str, bool], ...] = ()
    """(code, met) of the criteria that were ticked or not any more."""


class DecideDialog(Dialog[DecideAnswer | None]):
    """Answers the facts and the decision. A decision against the matrix needs a reason."""

    def __init__(
        self,
        incident: Incident,
        *,
        deciding: str = "",
        now: Callable[[], Incident] | None = None,
        times: tuple[str, ...] = (),
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``incident``: its matrix, its criteria and what is known now. ``deciding``: who may decide now, in words.
        ``now``: the incident with the newest readings, for the criteria. ``times``: how long each way back takes, a
        line each; with ``!`` what cannot be done in time.
        """
        super().__init__("Decide: roll back or fix forward", ascii=ascii, seconds=seconds)
        self.incident = incident
        self.inputs = incident.inputs
        self.deciding = deciding
        self.now = now
        self.times = times
        self.rows = criteria(incident)
        self.met = met_codes(incident)

    def body(self) -> Iterable[Widget]:
        """The fields in the order of the talk: damage, matrix, decision, reason; a column that is not there is not
        asked for.
        """
        matrix = self.incident.matrix
        severities, risks = named([row.severity for row in matrix]), named([row.data_risk for row in matrix])
        if severities:
            value = self.inputs.severity or UNKNOWN
            yield ChoiceLine("Severity", (*severities, UNKNOWN), value, ascii=self.ascii, id="severity")
        if has_users(matrix):
            users = self.inputs.users_text() if self.inputs.users_high >= 0 else ""
            yield Words("Users in % (60, 60-80, >80, <10; empty: not known):", ascii=self.ascii)
            yield PlainInput(users, placeholder=UNKNOWN, limit=20, id="users")
        if risks:
            value = self.inputs.data_risk or UNKNOWN
            yield ChoiceLine("Data risk", (*risks, UNKNOWN), value, ascii=self.ascii, id="risk")
        if self.rows:
            yield button("Criteria", "criteria")
            yield Words("", ascii=self.ascii, id="sensed")
            yield Words("", ascii=self.ascii, id="proposal")
        yield Words("", ascii=self.ascii, id="matrix")
        yield Words("", ascii=self.ascii, id="branches")
        for line in self.times:
            late = "-warning" if line.startswith("!") else ""
            yield Words(line, ascii=self.ascii, classes=f"times {late}".strip())
        if self.deciding:
            yield Words(f"May decide now: {self.deciding}", ascii=self.ascii, id="deciding")
        yield ChoiceLine("Decision", [one.value for one in Decision], "", ascii=self.ascii, id="decision")
        yield Words("Reason, needed where it differs from the matrix:", ascii=self.ascii)
        yield PlainInput(id="reason")

    def choices(self) -> Iterable[Button]:
        """Decide, or only record the facts."""
        yield button("Decide", "decide")
        yield button("Only the facts", "facts")

    def on_mount(self) -> None:
        """Show the recommendation."""
        self._recommend()

    @on(ChoiceLine.Chosen)
    @on(Input.Changed, "#users")
    def _facts_changed(self) -> None:
        self.trouble("")
        self._recommend()

    def found(self, inputs: Inputs) -> Recommendation | None:
        """What the matrix says of these facts and of the criteria that are ticked here."""
        return recommend(inputs, self.incident.matrix, self._proposed())

    def _proposed(self) -> str:
        return proposed_by(self.rows, self.met, self.incident)

    def _recommend(self) -> None:
        if self.rows:
            words = proposal_words(self._proposed(), len(self.met), len(self.rows))
            self.query_one("#proposal", Words).say(words, *(("-title",) if self.met else ()))
            self._say_sensed()
        self._say_branches()
        try:
            found = self.found(self.known())
        except ValueError as error:
            self.query_one("#matrix", Words).say(str(error), "-warning")
            return
        self.query_one("#matrix", Words).say(recommendation_words(found), "-title")

    def _say_sensed(self) -> None:
        """What sensors propose that is not ticked here."""
        look, over = proposed_codes(self.rows, self.met), over_codes(self.rows, self.met)
        words = self.query_one("#sensed", Words)
        words.say(f"! Sensors: {sensed_words(look, over)}.", "-warning")
        words.display = bool(look or over)

    def _say_branches(self) -> None:
        """What must come before any way back, as the criteria are ticked here."""
        loud = warnings(self.incident, opened_by(self.incident, self.met))
        words = self.query_one("#branches", Words)
        words.say("\n".join(f"! {line}" for line in loud), "-warning", "-title")
        words.display = bool(loud)

    def known(self) -> Inputs:
        """The facts as they stand in the fields. Raises ValueError with the reason when the users are no share."""
        text = "".join(field.value.strip() for field in self.query("#users").results(PlainInput))
        low, high = (-1, -1) if text in ("", UNKNOWN) else parse_users(text)
        return Inputs(self._chosen("#severity"), low, high, self._chosen("#risk"))

    def _chosen(self, name: str) -> str:
        """The word of a line, or empty: not known, or not asked."""
        value = "".join(line.value for line in self.query(name).results(ChoiceLine))
        return "" if value == UNKNOWN else value

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless something is missing; then say what and go there."""
        try:
            inputs = self.known()
        except ValueError as error:
            self._missing(str(error), "#users")
            return
        if name == "criteria":
            self._open_criteria(inputs)
            return
        if name == "facts":
            self.dismiss(DecideAnswer(inputs, marks=self._marks()))
            return
        decided = self.query_one("#decision", ChoiceLine).value
        if not decided:
            self._missing("Choose the decision first: roll back or fix forward.", "#decision")
            return
        decision = Decision(decided)
        reason = " ".join(self.query_one("#reason", PlainInput).value.split())
        found = self.found(inputs)
        if (found is None or found.row.decision is not decision) and not reason:
            said = "says nothing" if found is None else f"says {found.row.decision.value}"
            self._missing(f"The matrix {said}: give the reason for deciding {decided}.", "#reason")
            return
        self.dismiss(DecideAnswer(inputs, decision, reason, self._marks()))

    def _marks(self) -> tuple[tuple[str, bool], ...]:
        return marks_for(self.incident, self.met)

    def _open_criteria(self, inputs: Inputs) -> None:
        from widgets.criteria_dialog import CriteriaAnswer, CriteriaDialog

        def answered(answer: CriteriaAnswer | None) -> None:
            if answer is not None:
                self.met = answer.met
                self._recommend()

        dialog = CriteriaDialog(
            self.incident,
            inputs=inputs,
            met=self.met,
            accept="Take over",
            now=self.now,
            ascii=self.ascii,
            seconds=self._seconds,
        )
        self.app.push_screen(dialog, answered)

    def _missing(self, words: str, field: str) -> None:
        self.trouble(words)
        self.query_one(field).focus()
