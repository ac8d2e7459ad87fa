"""The debts of an incident: what is owed until when and by whom. Answers which one is to be paid or assigned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Button

from actions.model.debts import counted
from actions.model.incident import Incident
from widgets.debt_rows import DebtList
from widgets.dialog import Dialog, Words, button

AROUND = 7
"""Lines of the dialog that are not the list: its border, the words on top, a trouble, the buttons."""
PAY, ASSIGN = "pay", "assign"


@dataclass(frozen=True)
class DebtWish:
    """What somebody wants to do with which debt."""

    debt: str
    """Its name."""
    do: str
    """``pay`` or ``assign``."""


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
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``locked``: why nothing may be changed here; ``at``: the debt that is highlighted to begin with."""
        super().__init__(f"Debts of {incident.id}", ascii=ascii, seconds=seconds)
        self.incident = incident
        self.now = now
        self.locked = locked
        self.at = at

    def body(self) -> Iterable[Widget]:
        """How many, and the list."""
        left = counted(self.incident.debts, self.now)
        words = f"{left} open" if left and "overdue" not in left else left or "nothing is owed"
        keys = ". Enter pays, a assigns" if left and not self.locked else ""
        yield Words(f"{words[:1].upper()}{words[1:]}{keys}.", ascii=self.ascii, classes="-title", id="count")
        yield DebtList(self.incident.debts, self.now, at=self.at, ascii=self.ascii, id="debts")

    def choices(self) -> Iterable[Button]:
        """[Pay] and [Assign], where there is something to pay."""
        if counted(self.incident.debts, self.now) and not self.locked:
            yield button("Pay", PAY)
            yield button("Assign", ASSIGN)

    def on_mount(self) -> None:
        """The keys are the list's."""
        self.query_one(DebtList).focus()

    def fit(self) -> None:
        """The list takes what room there is."""
        rows = self.query_one(DebtList)
        rows.styles.height = max(3, min(rows.row_count, self.app.size.height - AROUND))

    @on(DebtList.Wanted)
    def _wanted(self, message: DebtList.Wanted) -> None:
        message.stop()
        self.chosen(message.do)

    def chosen(self, name: str) -> None:
        """Answer, unless the highlighted debt is paid or nothing may be changed here."""
        debt = self.query_one(DebtList).debt
        if self.locked:
            self.trouble(self.locked)
        elif debt is None or debt.paid:
            self.trouble(f"{debt.name} is paid already" if debt else "nothing is highlighted")
        else:
            self.dismiss(DebtWish(debt.name, name))
