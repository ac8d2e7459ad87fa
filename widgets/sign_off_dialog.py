"""The sign-off: what is signed for, over which head of the record, by whom. Signing itself is done elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.bent import bent_words
from actions.model.blocking import sign_reason
from actions.model.clock import t_plus
from actions.model.incident import Incident
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import clock_text, groups_of_four

PARTS = {"executed": "Executed by", "verified": "Verified by"}


@dataclass(frozen=True)
class SignOffAnswer:
    """Who signs which part: ``executed`` or ``verified``."""

    part: str
    person: str


def summary_lines(incident: Incident, ended_ms: int, seen: str = "") -> tuple[str, ...]:
    """What is signed for, a line each. ``ended_ms``: from the declaration to the close; ``seen``: what proves it."""
    outcome = incident.closed.outcome if incident.closed else "not closed"
    proof = "proven" if incident.proven else "NOT proven"
    first = f"{outcome[:1].upper()}{outcome[1:]} at {t_plus(ended_ms)}, {proof}{': ' + seen if seen else ''}"
    deviations = len(incident.deviations)
    # What was done without what it needs is never hidden behind "and 5 more".
    worst_first = sorted(incident.deviations, key=lambda one: not one.what.startswith("BREAK-GLASS"))
    named = "; ".join(one.what + (f' "{one.reason}"' if one.reason else "") for one in worst_first[:2])
    more = f"; and {deviations - 2} more" if deviations > 2 else ""
    open_debts = sum(not debt.paid for debt in incident.debts)
    second = f"Deviations: {deviations}{f' ({named}{more})' if deviations else ''}"
    lines = [first, second, f"Debts open: {open_debts}{' (they stay)' if open_debts else ''}"]
    for at, sign in incident.sign_offs:
        how = "signed" if sign.signature else f"UNSIGNED: {sign.unsigned or 'no key'}"
        lines.append(f"{PARTS.get(sign.part, sign.part)}  {sign.name or sign.person} {clock_text(at)} ({how})")
    return tuple(lines)


class SignOffDialog(Dialog[SignOffAnswer | None]):
    """Answers who signs, or None. The part is the next one that is missing; the model says who may not."""

    def __init__(
        self,
        incident: Incident,
        *,
        person: str = "",
        ended_ms: int = 0,
        seen: str = "",
        signing: str = "",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``person``: who sits here, to begin with; ``signing``: with what it will be signed, or that it is not."""
        super().__init__(f"Sign off {incident.id}", ascii=ascii, seconds=seconds)
        self.incident = incident
        self.part = "executed" if incident.executed is None else "verified"
        self.person = person
        self.ended_ms = ended_ms
        self.seen = seen
        self.signing = signing

    def body(self) -> Iterable[Widget]:
        """The summary, the head and the field."""
        bent = bent_words(self.incident)
        if bent:
            still = "\n".join(f"! {line}" for line in bent)
            yield Words(
                f"{still}\nYou sign although users may see it.", ascii=self.ascii, id="bent", classes="-warning"
            )
        yield Words("\n".join(summary_lines(self.incident, self.ended_ms, self.seen)), ascii=self.ascii, id="summary")
        head = groups_of_four(self.incident.head_hash, 8)
        yield Words(f"Record head  {head}\n{self.incident.head_seq} events", ascii=self.ascii, id="head")
        if self.signing:
            yield Words(self.signing, ascii=self.ascii, id="signing")
        hint = " (somebody other than who executed)" if self.part == "verified" else ""
        yield Words(f"{PARTS[self.part]}{hint}:", ascii=self.ascii, classes="-title")
        allowed = not sign_reason(self.incident, self.part, self.person)
        yield PlainInput(self.person if allowed else "", limit=100, id="person")

    def choices(self) -> Iterable[Button]:
        """[Sign]."""
        yield button("Sign", "sign")

    @on(Input.Submitted)
    def _to_the_button(self) -> None:
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless this person may not sign this part."""
        person = " ".join(self.query_one("#person", PlainInput).value.split())
        reason = sign_reason(self.incident, self.part, person) if person else "A name is needed."
        if reason:
            self.trouble(f"Not signed: {reason}")
            self.query_one("#person").focus()
            return
        self.dismiss(SignOffAnswer(self.part, person))
