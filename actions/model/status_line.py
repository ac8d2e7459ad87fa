"""One line about a system's incident, for other terminals and for tmux's status line. Pure.

The words carry everything; tmux's own colours only stress them. Outside text must not speak tmux's format language.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from actions.model.blocking import next_item
from actions.model.clock import parse_stamp, span, t_plus
from actions.model.debts import counted, holding, overdue_s
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.phases import decide_or_back_by
from actions.model.quick_dataclass import dataclass
from actions.model.watching import open_watch

NOTHING = "nothing open"
MOST_PARKED = 3
"""So many records that are parked have their place in one line."""


@dataclass(frozen=True)
class Part:
    """A piece of the line and how serious it is: ``red``, ``yellow``, ``green`` or nothing."""

    text: str
    colour: str = ""


@dataclass(frozen=True)
class Owes:
    """What the records of a system owe, all of them together."""

    debts: str = ""
    """``3 debts, 1 overdue``; empty: nothing."""
    open: int = 0
    overdue: int = 0
    parked: tuple[str, ...] = ()
    """Records that are parked, other than the one that is told of: ``INC-…: 1 debt``."""

    def parts(self, *, flying: bool) -> tuple[Part, ...]:
        """The pieces, nothing where nothing is owed. ``flying``: an incident is open, and only what is late is said."""
        told, more = self.parked[:MOST_PARKED], len(self.parked) - MOST_PARKED
        found = [Part(f"◆ PARKED {words}", "red" if "overdue" in words else "yellow") for words in told]
        if more > 0:
            found.append(Part(f"and {more} more parked (goaround debts)", "yellow"))
        if self.debts and (self.overdue or not flying):
            found.append(Part(f"owed: {self.debts}", "red" if self.overdue else "yellow"))
        return tuple(found)


NOTHING_OWED = Owes()


def parts(incident: Incident, elapsed_ms: int, now: datetime, owes: Owes = NOTHING_OWED) -> tuple[Part, ...]:
    """The pieces, most important first."""
    flying = incident.declared is not None and incident.closed is None
    return (*_parts(incident, elapsed_ms, now), *owes.parts(flying=flying))


def _parts(incident: Incident, elapsed_ms: int, now: datetime) -> tuple[Part, ...]:
    declared = incident.declared
    if declared is None:
        return (Part(NOTHING),)
    if incident.closed is not None:
        return _after(incident, now)
    drill = incident.mode == "drill"
    where = [Part("DRILL", "yellow")] if drill else [Part("LIVE", "red")]
    run, stop = incident.running, incident.stop
    found = [*where, Part(f"{declared.system} {incident.id} {t_plus(elapsed_ms)}")]
    if run is not None:
        found.append(Part(f"{run.code} {run.title} running", "yellow"))
    elif stop is not None:
        found.append(Part("STOPPED", "red"))
    else:
        item = next_item(incident)
        if item is not None:
            found.append(Part(f"at {item.code}"))
    found += _deadline(incident, elapsed_ms)
    found.append(Part("back, proven", "green") if incident.proven else Part("not back yet", "red"))
    holder = incident.holder.holder if incident.holder else ""
    found.append(Part(f"{holder} flies") if holder else Part("nobody flies", "red"))
    if incident.offered is not None:
        found.append(Part(f"offered to {incident.offered.body.to}", "yellow"))
    return tuple(found)


def _deadline(incident: Incident, elapsed_ms: int) -> list[Part]:
    due_s, what = decide_or_back_by(incident)
    if due_s is None:
        return []
    left = due_s - elapsed_ms // 1000
    if left < 0:
        return [Part(f"{what}: OVER by {span(-left)}", "red")]
    return [Part(f"{what}: {span(left)} left", "yellow" if left < 120 else "")]


def _after(incident: Incident, now: datetime) -> tuple[Part, ...]:
    """Nothing is open, but something may be owed: a signature, a watch."""
    closed, declared = incident.closed, incident.declared
    assert closed is not None  # asked by ``parts``
    assert declared is not None  # as above
    found = [Part(NOTHING)]
    ended = "" if closed.outcome in ("recovered", "forward", "false alarm") else "red"
    if not incident.finished:
        waits = "not signed" if incident.executed is None else "awaits verification"
        word = "◆ PARKED" if incident.is_parked else "closed"
        found.append(Part(f"{declared.system} {incident.id} {word}: {closed.outcome}", ended))
        kept = holding(incident.debts)
        if incident.is_parked:
            owed = counted(kept, now) or "nothing is bent any more: close it"
            found.append(Part(owed, "red" if any(overdue_s(one, now) for one in kept) else "yellow"))
        if not incident.signed:
            found.append(Part(waits, "yellow"))
    watch = open_watch(incident)
    if watch is not None:
        until = parse_stamp(watch.body.until)
        over = until < now
        word = "watch BROKE OFF" if over else f"watched for another {span(int((until - now).total_seconds()))}"
        found.append(Part(f"{incident.id} {word}" if incident.finished else word, "red" if over else ""))
    return tuple(found)


def line(found: tuple[Part, ...], *, tmux: bool = False) -> str:
    """``LIVE | obcms INC-… T+12:04 | X2 deploy running | …``; with ``tmux`` in its colours."""
    texts = []
    for part in found:
        text = " ".join(sanitise(part.text).split())
        if tmux:
            text = text.replace("#", "##")
            text = f"#[fg={part.colour}]{text}#[default]" if part.colour else text
        texts.append(text)
    return " | ".join(texts)


def as_json(incident: Incident, elapsed_ms: int, now: datetime, owes: Owes = NOTHING_OWED) -> dict[str, Any]:
    """The same for programs."""
    declared = incident.declared
    owed = {"debts": owes.open, "overdue": owes.overdue}
    if declared is None:
        return {"open": False, **owed, "line": line(parts(incident, elapsed_ms, now, owes))}
    due_s, what = decide_or_back_by(incident)
    run = incident.running
    return {
        "open": incident.closed is None,
        "incident": incident.id,
        "system": declared.system,
        "mode": incident.mode,
        "elapsed_s": elapsed_ms // 1000,
        "decision": incident.decision.decision if incident.decision else "",
        "running": run.code if run else "",
        "stopped": incident.stop is not None,
        "proven": incident.proven,
        "flies": incident.holder.holder if incident.holder else "",
        "offered_to": incident.offered.body.to if incident.offered else "",
        "deadline": what if due_s is not None else "",
        "left_s": due_s - elapsed_ms // 1000 if due_s is not None else None,
        "outcome": incident.closed.outcome if incident.closed else "",
        "finished": incident.finished,
        "parked": incident.is_parked,
        **owed,
        "line": line(parts(incident, elapsed_ms, now, owes)),
    }
