"""The decision matrix: its rows, the one that wins, what made it win, and what was decided. A dialog decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from actions.model.incident import Incident
from actions.model.matrix import BUILT_IN, Decision, Inputs, recommend
from actions.model.matrix import Row as MatrixRow
from widgets.painted import Painted, Row, wrapped
from widgets.presentation import clock_text, fit, harmless, joined

COLUMNS = (("Severity", 9), ("Users", 11), ("Data risk", 10), ("Decision", 12), ("Within", 12))


def decision_words(decision: Decision) -> str:
    """``ROLL BACK`` is loud, ``fix forward`` is not."""
    words: str = decision.value
    return words.upper() if decision is Decision.ROLL_BACK else words


def inputs_words(inputs: Inputs) -> str:
    """What is known: ``severity High, users 60-80 %, data risk ?``."""
    return f"severity {inputs.severity or '?'}, users {inputs.users_text()}, data risk {inputs.data_risk or '?'}"


def matrix_rows(incident: Incident, matrix: Sequence[MatrixRow] = BUILT_IN) -> tuple[Row, ...]:
    """The pane's lines: a heading, the matrix, the inputs, what decided, the recommendation and the decision."""
    found = recommend(incident.inputs, matrix)
    rows: list[Row] = [((("  " + "".join(fit(name, size) for name, size in COLUMNS)).rstrip(), "tone--dim"),)]
    for index, row in enumerate(matrix):
        wins = found is not None and found.index == index
        cells = (row.severity, row.users, row.data_risk, decision_words(row.decision), row.within)
        text = "".join(fit(harmless(cell), size) for cell, (_, size) in zip(cells, COLUMNS, strict=True))
        rows.append(((("▶ " if wins else "  ") + text.rstrip(), "tone--title" if wins else ""),))
    rows.append((("Known: ", "tone--dim"), (inputs_words(incident.inputs), "")))
    if found is None:
        rows.append((("Nothing is known yet: the matrix says nothing.", "tone--warning"),))
    else:
        recommended = f"{decision_words(found.row.decision)} recommended"
        rows.append(((recommended, "tone--title"), (f", {found.words()}", "")))
    rows.append(_decision(incident))
    return tuple(rows)


def _decision(incident: Incident) -> Row:
    decision = incident.decision
    if decision is None:
        return (("○ not decided yet", "tone--open"), ("   d decides", "tone--key"))
    stands = f"{decision.decision} at {clock_text(incident.decided_at)}"
    if incident.decision_stale:
        return ((f"! new facts re-opened it: was {stands}", "tone--warning"), ("   d decides", "tone--key"))
    against = bool(decision.recommended) and decision.decision != decision.recommended
    why = f'against the matrix: "{harmless(decision.reason)}"' if against else ""
    tone = "tone--overridden" if against else "tone--done"
    return ((joined((f"✔ decided: {harmless(stands)}", why)), tone),)


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
        self.rows: tuple[Row, ...] = ()
        self.table = 0
        """How many of the rows are the matrix."""
        self.title = title

    def on_mount(self) -> None:
        """Name the pane."""
        self.set_titles(self.title)

    def show(self, incident: Incident, matrix: Sequence[MatrixRow] = BUILT_IN) -> None:
        """Show the incident's inputs and decision."""
        rows = matrix_rows(incident, matrix)
        if rows == self.rows:
            return
        width = max(8, self.content_size.width)
        before = len(self.lines(width))
        self.rows, self.table = rows, len(matrix) + 1
        self.refresh(layout=len(self.lines(width)) != before)

    def lines(self, width: int) -> list[Row]:
        """The rows for a width in cells: the matrix clipped, the words under it wrapped."""
        words = [line for row in self.rows[self.table :] for line in wrapped(row, width)]
        return [*self.rows[: self.table], *words]

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return max(8, len(self.lines(width)))

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        lines = self.lines(width)
        return self.painted(lines[y] if y < len(lines) else (), width)

    def action_decide(self) -> None:
        """Ask for the dialog."""
        self.post_message(self.DecisionWanted())
