"""A record in the cockpit's panes, for reading: the state as it was known at each event, with its time line."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from actions.model.blocking import Move, Next
from actions.model.incident import procedure_warnings, restricted
from actions.model.ports import LogLine
from actions.model.record_timeline import timeline
from app import terminal_env, wishes
from app.cockpit import Cockpit
from app.keys import REVIEW_KEYS, bindings, footer, help_rows
from app.pane_layout import PaneLayout
from app.replay import Replay, Trouble, trouble
from widgets.checklist import Checklist
from widgets.command_log import CommandLog
from widgets.decision_matrix import DecisionMatrix
from widgets.footer_line import NextLine
from widgets.help_screen import HelpScreen
from widgets.hint_line import HintLine
from widgets.history import ReleaseHistory
from widgets.incident_bar import IncidentBar, bar_facts
from widgets.log_stream import LogStream
from widgets.preview import Preview
from widgets.preview_rows import preview_text

_LEVELS = {Trouble.FAILURE: "error", Trouble.ODD: "warning", Trouble.NONE: ""}


_KEY_HINTS = ("space ", "o ", "d ", "Enter ")
"""Lines of the preview that tell which key to press: of no use to a reader."""


class ReviewScreen(PaneLayout):
    """Reads; no key changes anything."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(REVIEW_KEYS)]
    AUTO_FOCUS = "#checklist"

    def __init__(self, replay: Replay, *, ascii: bool = False) -> None:
        super().__init__()
        self.replay = replay
        self.ascii = ascii
        self._restricted = restricted(replay.incident)
        """As it is at the end: who reads its beginning reads the same record."""
        self._lines = timeline(replay.events)
        self._shown = -1
        self._note = ""

    def compose(self) -> ComposeResult:
        """The panes of the cockpit; the time line stands where the logs are."""
        yield from self.compose_panes(lines_title="4 Time line")

    def on_mount(self) -> None:
        """Begin at the end, where the outcome stands."""
        self.show_all()

    def show_all(self) -> None:
        """Every pane as of the present place."""
        replay, incident = self.replay, self.replay.incident
        now = replay.now()
        facts = bar_facts(
            incident,
            now=now,
            elapsed_ms=replay.elapsed_ms(),
            me="",
            driver=False,
            authority=replay.authority_rules(),
            warnings=procedure_warnings(incident),
        )
        self.query_one(IncidentBar).show(replace(facts, reading=True, restricted=self._restricted))
        self.query_one(DecisionMatrix).show(incident)
        self.query_one(Checklist).show(incident, now=now)
        commands = self.query_one(CommandLog)
        commands.show(incident, now=now)
        commands.clear_output()
        commands.output(self._spool())
        target = incident.plan.target if incident.plan else None
        if target is not None:
            self.query_one(ReleaseHistory).show([target], target=target.identity, now=now)
        else:
            self.query_one(ReleaseHistory).show_error("no release was chosen yet")
        self.show_preview()
        self._show_lines()
        self.show_place()

    def _spool(self) -> list[str]:
        """The output of the newest run, as far as it was written then."""
        runs = self.replay.incident.runs
        if not runs:
            return []
        path = self.replay.folder / runs[-1].spool
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ["the output of this step is not in this store"]
        return [line[11:23] + "Z " + line[28:] for line in lines if line[:27] <= self.replay.event.at]

    def _show_lines(self) -> None:
        logs = self.query_one(LogStream)
        if self._shown > self.replay.at or self._shown < 0:
            logs.clear()
            self._shown = 0
        fresh = range(self._shown, self.replay.at)
        logs.extend([LogLine("", "", self._lines[at], _LEVELS[trouble(self.replay.events[at])]) for at in fresh])
        self._shown = self.replay.at

    def show_preview(self) -> None:
        """What the highlighted item was to do, as it was shown then."""
        code = self.query_one(Checklist).code
        text = preview_text(self.replay.incident, code)
        rows = tuple(row for row in text.rows if not (row and row[0][0] in _KEY_HINTS))
        self.query_one(Preview).show_text(replace(text, rows=rows))
        self.query_one(HintLine).show(self.replay.incident, code)

    def show_place(self) -> None:
        """Where we are in the record."""
        replay = self.replay
        words = f"Review, event {replay.at} of {len(replay.events)}: {self._lines[replay.at - 1]}"
        self.query_one(NextLine).show(Next(Move.NOTHING, "", words), footer(REVIEW_KEYS), self._note)
        self.show_tabs(replay.incident)

    def say(self, text: str) -> None:
        """Something to tell, until the next move."""
        self._note = text
        self.show_place()

    def panes_changed(self) -> None:
        """Another pane has the focus: no more to say in a review."""

    @on(Checklist.ItemHighlighted)
    def _item_highlighted(self) -> None:
        self.show_preview()

    @on(LogStream.FindWanted)
    def _find_wanted(self) -> None:
        wishes.find(self)

    @on(LogStream.LinePinned)
    def _line_pinned(self) -> None:
        self.say("a record that is read is not written to")

    def _go(self, at: int) -> None:
        self.replay.go_to(at)
        self._moved()

    def _moved(self) -> None:
        self._note = ""
        self.show_all()

    def action_back(self) -> None:
        self._go(self.replay.at - 1)

    def action_forward(self) -> None:
        self._go(self.replay.at + 1)

    def action_minute_back(self) -> None:
        self.replay.step_minutes(-1)
        self._moved()

    def action_minute_forward(self) -> None:
        self.replay.step_minutes(1)
        self._moved()

    def action_first(self) -> None:
        self._go(1)

    def action_last(self) -> None:
        self._go(len(self.replay.events))

    def action_next_error(self) -> None:
        self._trouble(1)

    def action_previous_error(self) -> None:
        self._trouble(-1)

    def _trouble(self, way: int) -> None:
        if self.replay.step_trouble(way):
            self._moved()
        else:
            self.say(f"no failure, override or stop {'after' if way > 0 else 'before'} this")

    def action_find(self) -> None:
        wishes.find(self)

    def action_criteria(self) -> None:
        """The criteria as they were known then."""
        from widgets.criteria_dialog import CriteriaDialog

        self.app.push_screen(CriteriaDialog(self.replay.incident, locked="a record is only read", ascii=self.ascii))

    def action_procedure(self) -> None:
        """The document that was followed, as it was understood then."""
        from app.procedure_wish import show_then

        show_then(self)

    def action_debts(self) -> None:
        """What was owed then."""
        from app.debt_wishes import debts_then

        debts_then(self)

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen([("", "Review"), *help_rows(REVIEW_KEYS)], ascii=self.ascii))

    def action_leave(self) -> None:
        self.app.exit(0)


def open_review(replay: Replay) -> int:
    """Open the record until the reader leaves."""
    ascii = terminal_env.ascii_only()
    return Cockpit(lambda: ReviewScreen(replay, ascii=ascii)).run() or 0
