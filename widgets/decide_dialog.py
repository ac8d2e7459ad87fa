"""The decision: what is known of the damage, what the matrix says of it, and what a person decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.matrix import DATA_RISKS, SEVERITIES, Decision, Inputs, Recommendation, parse_users, recommend
from widgets.choice_line import ChoiceLine
from widgets.dialog import Dialog, PlainInput, Words, button

UNKNOWN = "?"
"""The word for an input that nobody knows yet."""


@dataclass(frozen=True)
class DecideAnswer:
    """The facts, and the decision with its reason; no decision: only the facts are to be recorded."""

    inputs: Inputs
    decision: Decision | None = None
    reason: str = ""


def recommendation_words(found: Recommendation | None) -> str:
    """``The matrix: ROLL BACK within 15 min, decided by severity``."""
    if found is None:
        return "The matrix: nothing is known yet, so it says nothing."
    decision = found.row.decision.value
    loud = decision.upper() if found.row.decision is Decision.ROLL_BACK else decision
    return f"The matrix: {loud} within {found.row.within}, {found.words()}"


class DecideDialog(Dialog[DecideAnswer | None]):
    """Answers the facts and the decision. A decision against the matrix needs a reason."""

    def __init__(
        self,
        inputs: Inputs,
        recommendation_fn: Callable[[Inputs], Recommendation | None] = recommend,
        *,
        decision: Decision | None = None,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``decision``: the one that stands, to begin with."""
        super().__init__("Decide: roll back or fix forward", ascii=ascii, seconds=seconds)
        self.inputs = inputs
        self.decision = decision
        self.recommendation_fn = recommendation_fn

    def body(self) -> Iterable[Widget]:
        """The fields in the order of the talk: damage, matrix, decision, reason."""
        users = self.inputs.users_text() if self.inputs.users_high >= 0 else ""
        severity, risk = self.inputs.severity or UNKNOWN, self.inputs.data_risk or UNKNOWN
        yield ChoiceLine("Severity", (*SEVERITIES, UNKNOWN), severity, ascii=self.ascii, id="severity")
        yield Words("Users in % (60, 60-80, >80, <10; empty: not known):", ascii=self.ascii)
        yield PlainInput(users, placeholder=UNKNOWN, limit=20, id="users")
        yield ChoiceLine("Data risk", (*DATA_RISKS, UNKNOWN), risk, ascii=self.ascii, id="risk")
        yield Words("", ascii=self.ascii, id="matrix")
        decided = self.decision.value if self.decision else ""
        yield ChoiceLine("Decision", [one.value for one in Decision], decided, ascii=self.ascii, id="decision")
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

    def _recommend(self) -> None:
        try:
            found = self.recommendation_fn(self.known())
        except ValueError as error:
            self.query_one("#matrix", Words).say(str(error), "-warning")
            return
        self.query_one("#matrix", Words).say(recommendation_words(found), "-title")

    def known(self) -> Inputs:
        """The facts as they stand in the fields. Raises ValueError with the reason when the users are no share."""
        severity = self.query_one("#severity", ChoiceLine).value.replace(UNKNOWN, "")
        risk = self.query_one("#risk", ChoiceLine).value.replace(UNKNOWN, "")
        text = self.query_one("#users", PlainInput).value.strip()
        low, high = (-1, -1) if text in ("", UNKNOWN) else parse_users(text)
        return Inputs(severity, low, high, risk)

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
        if name == "facts":
            self.dismiss(DecideAnswer(inputs))
            return
        decided = self.query_one("#decision", ChoiceLine).value
        if not decided:
            self._missing("Choose the decision first: roll back or fix forward.", "#decision")
            return
        decision = Decision(decided)
        reason = " ".join(self.query_one("#reason", PlainInput).value.split())
        found = self.recommendation_fn(inputs)
        if (found is None or found.row.decision is not decision) and not reason:
            said = "says nothing" if found is None else f"says {found.row.decision.value}"
            self._missing(f"The matrix {said}: give the reason for deciding {decided}.", "#reason")
            return
        self.dismiss(DecideAnswer(inputs, decision, reason))

    def _missing(self, words: str, field: str) -> None:
        self.trouble(words)
        self.query_one(field).focus()
