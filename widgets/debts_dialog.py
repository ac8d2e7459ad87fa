"""The debts of an incident: what is owed until when and by whom. Answers what is to be done with which one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Button

from actions.model.debt_again import again_reason, by_hand
from actions.model.debts import bent_words, counted, paid_words
from actions.model.incident import Incident
from actions.model.parked import with_ways
from widgets.debt_rows import DebtList
from widgets.dialog import Dialog, Words, button
from widgets.presentation import harmless, wrap_cells

AROUND = 4
"""Lines of the dialog that are neither words nor the list: its border, a trouble, the buttons."""
PAY, ASSIGN, AGAIN = "pay", "assign", "again"
LONGEST_TEXT, LONGEST_UNDO = 110, 250
"""Cells of what is said again where one is paid or assigned: the list has it whole, and the fields stay in sight."""


@dataclass(frozen=True)
class DebtWish:
    """What somebody wants to do with which debt."""

    debt: str
    """Its name."""
    do: str
    """``pay``, ``assign`` or ``again``: somebody paid it by mistake."""


class DebtsDialog(Dialog[DebtWish | None]):
    """Lists the debts. Nothing is recorded here: how one is paid, or to whom it goes, is asked next."""

    CANCEL = "Leave"

    def __init__(
        self,
        incident: Incident,
        now: datetime,
        *,
        locked: str = "",
        at: str = "",
        others: str = "",
        said: str = "",
        who: str = "",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``locked``: why nothing may be changed here; ``at``: the debt that is highlighted to begin with; ``others``:
        what other records of the system owe; ``said``: why the last wish was refused; ``who``: the login that looks.
        """
        super().__init__(f"Debts of {incident.id}", ascii=ascii, seconds=seconds)
        self.others, self.said, self.who = others, said, who
        self.incident = incident
        self.now = now
        self.locked = locked
        self.at = at

    def body(self) -> Iterable[Widget]:
        """How many, and the list; what others owe."""
        yield Words(self._counted(), ascii=self.ascii, classes="-title", id="count")
        room = min(78, self.app.size.width) - 4
        yield DebtList(with_ways(self.incident), self.now, at=self.at, room=room, ascii=self.ascii, id="debts")
        if self.others:
            yield Words(self.others, ascii=self.ascii, classes="-warning", id="others")

    def _counted(self) -> str:
        """``5 debts, 1 overdue; 2 of them are bent and keep the record open. Enter pays, a assigns.``"""
        left = counted(self.incident.debts, self.now)
        words = f"{left} open" if left and "overdue" not in left else left or "nothing is owed"
        bent = bent_words(self.incident.debts)
        keys = ". Enter pays, a assigns" if left and not self.locked else ""
        if not left and not self.locked and any(by_hand(one) for one in self.incident.debts):
            keys = ". Space takes back what was paid by hand"
        return f"{words[:1].upper()}{words[1:]}{f'; {bent}' if bent else ''}{keys}."

    def show(self, incident: Incident, now: datetime) -> None:
        """What was recorded meanwhile, by whomever, is seen; what somebody paid is said."""
        before = {(one.name, one.opened_at) for one in self.incident.debts if not one.paid}
        paid = [one for one in incident.debts if one.paid and (one.name, one.opened_at) in before]
        self.incident, self.now = incident, now
        self.query_one("#count", Words).say(self._counted(), "-title")
        self.query_one(DebtList).show(with_ways(incident), now)
        if paid:
            self.trouble("; ".join(paid_words(one) for one in paid))
        self.fit()

    def choices(self) -> Iterable[Button]:
        """[Pay] and [Assign], where there is something to pay."""
        if counted(self.incident.debts, self.now) and not self.locked:
            yield button("Pay", PAY)
            yield button("Assign", ASSIGN)

    def on_mount(self) -> None:
        """The keys are the list's."""
        self.query_one(DebtList).focus()
        if self.said:
            self.call_after_refresh(self.trouble, self.said)

    def fit(self) -> None:
        """The list takes what room there is."""
        rows = self.query_one(DebtList)
        width = min(78, self.app.size.width) - 4
        words = [self._counted(), *([self.others] if self.others else ())]
        told = self.query_one("#trouble", Words).words
        around = AROUND + sum(len(wrap_cells(harmless(one), width)) for one in words)
        around += max(0, len(wrap_cells(harmless(told), width)) - 1)
        rows.styles.height = max(3, min(rows.row_count, self.app.size.height - around))

    def trouble(self, text: str) -> None:
        """Said whole: the list makes room."""
        super().trouble(text)
        self.fit()

    @on(DebtList.Wanted)
    def _wanted(self, message: DebtList.Wanted) -> None:
        message.stop()
        self.chosen(message.do)

    def chosen(self, name: str) -> None:
        """Answer, unless the highlighted debt is paid or nothing may be changed here."""
        debt = self.query_one(DebtList).debt
        if self.locked:
            self.trouble(self.locked)
        elif debt is None:
            self.trouble("nothing is highlighted")
        elif name == AGAIN and (reason := again_reason(self.incident, debt.name, self.who)):
            self.trouble(reason)
        elif debt.paid and name != AGAIN:
            self.trouble(f"{debt.name} is paid already{': Space takes that back' if by_hand(debt) else ''}")
        else:
            self.dismiss(DebtWish(debt.name, name))
