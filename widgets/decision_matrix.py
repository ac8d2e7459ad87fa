"""The decision matrix: its rows, the one that wins, what made it win, and what was decided. A dialog decides."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from actions.model.incident import Incident, proposed_severity, recommended
from actions.model.matrix import pointing
from widgets.matrix_table import BY_CRITERIA, BY_PERSON, decision_words, table_rows
from widgets.painted import Painted, Row, wrapped
from widgets.presentation import clock_text, harmless, joined
from widgets.sensed_rows import proposal_rows, warning_rows


def matrix_rows(incident: Incident, width: int = 80) -> tuple[Row, ...]:
    """The pane's lines: a heading, the matrix, the inputs, what decided, the recommendation and the decision."""
    found = recommended(incident)
    points = pointing(incident.inputs, incident.matrix, proposed_severity(incident))
    rows: list[Row] = list(table_rows(incident.matrix, points, found, width))
    rows.append(((f"{BY_PERSON} ", "tone--warning"), (incident.inputs.words(), "")))
    rows += [*_criteria(incident), *proposal_rows(incident)]
    if found is None:
        rows.append((("Nothing is known yet: the matrix says nothing.", "tone--warning"),))
    else:
        words = f"{decision_words(found.row.decision)} recommended"
        rows.append(((words, "tone--title"), (f", {found.words()}", "tone--warning" if found.disagree else "")))
    if incident.closed is None:
        rows += warning_rows(incident, brief=True)
    rows += _decision(incident)
    return tuple(rows)


def _criteria(incident: Incident) -> list[Row]:
    if incident.procedure is None:
        return []
    from actions.model.criteria import criteria, proposal_words  # the first screen stands without them

    there = criteria(incident)
    if not there:
        return []
    met = [one.code for one in there if one.met]
    words = proposal_words(proposed_severity(incident), len(met), len(there))
    codes = f" ({' '.join(met)})" if met else ""
    tone = "tone--warning" if met else "tone--open"
    return [((f"{BY_CRITERIA if met else '○'} ", tone), (words + codes, ""), ("   y", "tone--key"))]


def _decision(incident: Incident) -> list[Row]:
    decision = incident.decision
    if decision is None:
        return [(("○ not decided yet", "tone--open"), ("   d decides", "tone--key"))]
    from actions.model.criteria import change_since_decision

    stands = f"{decision.decision} at {clock_text(incident.decided_at)}"
    change = change_since_decision(incident)
    if incident.decision_stale:
        what = f"! new facts re-opened it: {change.words() if change else 'the matrix says something else'}"
        return [((harmless(what), "tone--overridden"),), ((f"  was {stands}", ""), ("   d decides", "tone--key"))]
    against = bool(decision.recommended) and decision.decision != decision.recommended
    why = f'against the matrix: "{harmless(decision.reason)}"' if against else ""
    tone = "tone--overridden" if against else "tone--done"
    rows: list[Row] = []
    if change is not None and incident.closed is None:
        rows.append(((f"! new facts since: {harmless(change.words())}", "tone--warning"),))
    rows.append((("! " if against else "✔ ", tone), (joined((f"decided: {harmless(stands)}", why)), tone)))
    return rows


class DecisionMatrix(Painted, can_focus=True):
    """The matrix and where the incident stands in it."""

    class DecisionWanted(Message):
        """The operator wants to set the facts or decide."""

    DEFAULT_CSS = "DecisionMatrix { height: auto; min-height: 8; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "decide", "decide", id="matrix.decide", tooltip="Set the facts and decide", show=False)
    ]

    def __init__(
        self, title: str = "Decision", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.incident: Incident | None = None
        self.title = title
        self._shown: tuple[int, list[Row]] = (0, [])
        """For which width, and the lines."""

    def on_mount(self) -> None:
        """Name the pane."""
        self.set_titles(self.title)

    def show(self, incident: Incident) -> None:
        """Show the incident's matrix, inputs and decision."""
        if incident is self.incident:
            return
        self.incident = incident
        width, before = self._shown
        width = width or self.content_size.width
        self._shown = (0, [])
        if not width:  # it was never laid out
            self.refresh(layout=True)
            return
        lines = self.lines(width)
        if lines != before:
            self.refresh(layout=len(lines) != len(before))

    def lines(self, width: int) -> list[Row]:
        """The rows for a width in cells: the matrix fitted, the words under it wrapped."""
        known, lines = self._shown
        if known != width:
            lines = []
            if self.incident is not None:
                table = len(self.incident.matrix) + 1
                rows = matrix_rows(self.incident, width)
                lines = [*rows[:table], *(line for row in rows[table:] for line in wrapped(row, width))]
            self._shown = (width, lines)
        return lines

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return max(8, len(self.lines(max(8, width))))

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        lines = self.lines(width)
        if len(lines) > self.content_size.height:
            y += 1  # the heading gives way: what is known and decided is not to be cut off
        return self.painted(lines[y] if y < len(lines) else (), width)

    def action_decide(self) -> None:
        """Ask for the dialog."""
        self.post_message(self.DecisionWanted())
