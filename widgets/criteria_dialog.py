"""The criteria: what holds is ticked, and what the matrix says of it stands beneath while it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on
from textual.widget import Widget
from textual.widgets import Button

from actions.model.criteria import (
    NONE_THERE,
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
from actions.model.matrix import Inputs, recommend
from widgets.criteria_list import CriteriaList
from widgets.dialog import Dialog, Words, button
from widgets.recommendation import recommendation_words

AROUND = 10
"""Lines of the dialog that are not the list: its border, what sensors propose, the answer, a trouble, the buttons."""
LOOK_S = 1.0
"""Seconds between two looks at what the sensors say, while the dialog is open."""


@dataclass(frozen=True)
class CriteriaAnswer:
    """What was ticked."""

    met: frozenset[str]
    """Codes of all criteria that are met."""
    marks: tuple[tuple[str, bool], ...]
    """(code, met) of those that are to be recorded, in the document's order."""


class CriteriaDialog(Dialog[CriteriaAnswer | None]):
    """Answers which criteria are met. Nothing is recorded before the button is pressed."""

    def __init__(
        self,
        incident: Incident,
        *,
        inputs: Inputs | None = None,
        met: frozenset[str] | None = None,
        locked: str = "",
        accept: str = "Record",
        now: Callable[[], Incident] | None = None,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``inputs`` and ``met``: as they stand in another dialog, not recorded yet. ``locked``: why nothing may be
        ticked here. ``now``: the incident with the newest readings; None: those of ``incident`` stay.
        """
        super().__init__("Criteria: what holds?", ascii=ascii, seconds=seconds)
        self.incident = incident
        self.inputs = incident.inputs if inputs is None else inputs
        self.rows = criteria(incident)
        self.met = met_codes(incident) if met is None else met
        self.locked = locked
        self.accept = accept
        self.now = now

    def body(self) -> Iterable[Widget]:
        """The list, and the answer to it."""
        if not self.rows:
            yield Words(f"T{NONE_THERE[1:]}.", ascii=self.ascii, id="none")
            return
        yield CriteriaList(self.rows, self.met, locked=bool(self.locked), ascii=self.ascii, id="criteria")
        yield Words("", ascii=self.ascii, id="sensed")
        yield Words("", ascii=self.ascii, id="proposal")
        yield Words("", ascii=self.ascii, id="matrix")

    def choices(self) -> Iterable[Button]:
        """[Record], where there is something to record."""
        if self.rows and not self.locked:
            yield button(self.accept, "record")

    def on_mount(self) -> None:
        """Show the answer."""
        self._say()
        if self.now is not None and self.rows:
            self.set_interval(LOOK_S, self._look)

    def _look(self) -> None:
        """What the sensors say now; what is ticked stays, and what others recorded is theirs."""
        assert self.now is not None
        fresh = criteria(self.now())
        if fresh != self.rows and [one.code for one in fresh] == [one.code for one in self.rows]:
            self.rows = fresh
            self.query_one(CriteriaList).show(fresh)
            self.fit()
            self._say()

    def fit(self) -> None:
        """The list takes what room there is."""
        for one in self.query(CriteriaList):
            one.styles.height = max(3, min(one.row_count, self.app.size.height - AROUND))

    @on(CriteriaList.Ticked)
    def _ticked(self) -> None:
        self.met = self.query_one(CriteriaList).met
        self._say()

    @on(CriteriaList.Refused)
    def _refused(self) -> None:
        self.trouble(self.locked)

    def _say(self) -> None:
        if not self.rows:
            return
        look, over = proposed_codes(self.rows, self.met), over_codes(self.rows, self.met)
        sensed = self.query_one("#sensed", Words)
        take = "" if self.locked or not look else ". t ticks what looks met" if over else ". t ticks them"
        sensed.say(f"! Sensors: {sensed_words(look, over)}{take}.", "-warning")
        sensed.display = bool(look or over)
        proposed = proposed_by(self.rows, self.met, self.incident)
        words = proposal_words(proposed, len(self.met), len(self.rows))
        tone = ("-title",) if proposed else ()
        self.query_one("#proposal", Words).say(f"{words[:1].upper()}{words[1:]}. Space ticks.", *tone)
        found = recommend(self.inputs, self.incident.matrix, proposed)
        self.query_one("#matrix", Words).say(recommendation_words(found), *(("-title",) if found else ()))

    def chosen(self, name: str) -> None:
        """Answer."""
        self.dismiss(CriteriaAnswer(self.met, marks_for(self.incident, self.met)))
