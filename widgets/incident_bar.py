"""The line on top: where we are, since when, until when to decide, who may decide, who flies, and whether it is back.

``bar_facts`` reads the incident, ``bar_row`` lays the facts out for a width; neither needs a terminal. Times come in:
the wall clock to name a time of day, milliseconds for every countdown, so a clock that jumps changes no deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from textual.strip import Strip

from actions.model.clock import t_plus
from actions.model.debts import counted
from actions.model.incident import Incident, restricted
from actions.model.matrix import DEFAULT_AUTHORITY, Authority, may_decide
from actions.model.phases import NAMES, decide_or_back_by, time_box
from actions.model.quick_dataclass import dataclass
from widgets.painted import Painted, Row, Span, row_width
from widgets.presentation import environment_mark, harmless, joined, minutes_text

ANNOUNCED_S = 180
"""Seconds before it happens, from when on it is said that others will decide."""


@dataclass(frozen=True)
class BarFacts:
    """Everything the bar shows, as plain values."""

    environment: str = ""
    system: str = ""
    host: str = ""
    incident: str = ""
    mode: str = "live"
    elapsed_ms: int = 0
    deadline: str = ""
    """Time of day by which it must be ``deadline_for``: ``10:13Z``; empty: no deadline holds."""
    deadline_for: str = "decide"
    """``decide`` or ``back``."""
    left_s: int = 0
    """Seconds left; negative: over."""
    decided: str = ""
    """``roll back``, ``fix forward`` or empty; ``again`` when new facts re-opened it."""
    deciding: tuple[str, ...] = ()
    """Roles that may decide now; empty when nothing is to be decided."""
    deciding_is_me: bool = False
    next_deciding: tuple[str, ...] = ()
    """Roles that take over soon; empty while that is not to be announced."""
    next_in_s: int = 0
    box: str = ""
    """The part of the list that has a time box now."""
    box_left_s: int = 0
    """Seconds left of it; negative: over."""
    flies: str = ""
    """Who is at the keys; empty: nobody."""
    driver: bool = False
    """It is this cockpit."""
    restricted: bool = False
    """Few may read this record."""
    offered: str = ""
    """To whom the controls are offered; empty: to nobody."""
    reading: bool = False
    """A record is read: whoever looks neither flies nor observes."""
    proven: bool = False
    closed: str = ""
    """The outcome, once closed."""
    parked: bool = False
    """How it ended is recorded, and what is bent keeps it open."""
    debts: str = ""
    """``3 debts, 1 overdue`` that are open; empty: none is."""
    elsewhere: str = ""
    """``PARKED: 2 debts, 1 overdue`` of the system's other records that are parked; empty: none is."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the record or its store, most important first."""
    ready: str = ""
    """``READY``, ``NOT READY 2`` or ``READY?``: would a rollback work; empty: nobody has looked."""
    ready_age: str = ""
    """``3 min ago``; empty: it is being looked at."""


def bar_facts(
    incident: Incident,
    *,
    now: datetime,
    elapsed_ms: int,
    me: str,
    driver: bool,
    authority: Sequence[Authority] = DEFAULT_AUTHORITY,
    warnings: Sequence[str] = (),
    elsewhere: str = "",
) -> BarFacts:
    """The facts of this moment. ``me`` is a key of the incident's people; ``elapsed_ms`` runs since the declaration."""
    declared = incident.declared
    decided = incident.decision.decision if incident.decision else ""
    deciding = incident.closed is None and (not decided or incident.decision_stale)
    deadline, left = "", 0
    due, waits_for = decide_or_back_by(incident)
    if due is not None:
        left = due - elapsed_ms // 1000
        deadline = (now.astimezone(UTC) + timedelta(seconds=left)).strftime("%H:%MZ")
    rule, switch_s = may_decide(elapsed_ms // 1000, authority)
    soon = deciding and switch_s is not None and switch_s <= ANNOUNCED_S
    after, _ = may_decide(elapsed_ms // 1000 + (switch_s or 0), authority)
    box = time_box(incident, elapsed_ms)
    mine = declared.people.get(me, {}).get("roles", ()) if declared else ()
    return BarFacts(
        environment=declared.environment if declared else "",
        system=declared.system if declared else "",
        host=declared.host if declared else "",
        incident=incident.id,
        mode=incident.mode,
        elapsed_ms=elapsed_ms,
        deadline=deadline,
        deadline_for=waits_for,
        left_s=left,
        decided="again" if decided and incident.decision_stale else decided,
        deciding=rule.roles if deciding else (),
        deciding_is_me=deciding and any(role in mine for role in rule.roles),
        next_deciding=after.roles if soon and after.roles != rule.roles else (),
        next_in_s=switch_s or 0,
        box=NAMES[box.phase] if box else "",
        box_left_s=box.left_s if box else 0,
        flies=incident.holder.holder if incident.holder else "",
        driver=driver,
        offered=incident.offered.body.to if incident.offered and incident.closed is None else "",
        restricted=restricted(incident),
        proven=incident.proven,
        closed=incident.closed.outcome if incident.closed else "",
        parked=incident.is_parked,
        debts=counted(incident.debts, now),
        elsewhere=elsewhere,
        warnings=tuple(warnings),
    )


def host_words(host: str) -> str:
    """``app-1`` for ``ssh://deploy@app-1:22``, ``this host`` for ``local``."""
    if host in ("", "local"):
        return "this host"
    return host.removeprefix("ssh://").rpartition("@")[2]


_Variants = tuple[Row, ...]
"""One section, the longest form first; an empty row leaves it out."""


def _sections(facts: BarFacts) -> dict[str, _Variants]:
    mark = environment_mark(facts.environment)
    drill = facts.mode == "drill"
    place: Span = (f"{mark.word} {mark.glyph}", mark.style_class)
    where: Row = (place,)
    if drill and mark.word != "DRILL":
        where = (("DRILL ●", "tone--drill"), (" ", ""), place)
    system = harmless(facts.system)
    number: Row = ((harmless(facts.incident) or "no incident", ""),)
    return {
        "where": (where,),
        "system": (((f"{system} @ {host_words(facts.host)}", ""),), ((system, ""),), ()),
        "restricted": ((("■ RESTRICTED", "tone--danger"),),) if facts.restricted else ((),),
        "incident": ((*number, (f" {facts.mode}", "")) if facts.incident else number, number, ()),
        "elapsed": (((t_plus(facts.elapsed_ms), "tone--title"),),) if facts.incident else ((),),
        "deadline": _deadline(facts),
        "deciding": _deciding(facts),
        "box": _box(facts),
        "keys": _keys(facts),
        "back": _back(facts),
        "debts": _debts(facts),
        "ready": _ready(facts),
        "warnings": _warnings(facts),
    }


def _deadline(facts: BarFacts) -> _Variants:
    if facts.closed:
        if facts.parked:
            return (((f"◆ PARKED: {harmless(facts.closed)}", "tone--warning"),), (("◆ PARKED", "tone--warning"),))
        return (((f"closed: {harmless(facts.closed)}", "tone--title"),), (("closed", "tone--title"),))
    if not facts.deadline:
        if facts.decided and facts.decided != "again":
            return (((f"decided: {facts.decided}", ""),), ((facts.decided, ""),), ())
        return ((),)
    verb = "decide by" if facts.deadline_for == "decide" else "back by"
    if facts.left_s < 0:
        over = minutes_text(-facts.left_s)
        return (
            ((f"{verb} {facts.deadline}: OVER by {over}", "tone--danger"),),
            ((f"OVER by {over}", "tone--danger"),),
            ((f"OVER {over}", "tone--danger"),),
        )
    left = f"{minutes_text(facts.left_s)} left"
    tone = "tone--warning" if facts.left_s < 120 else ""
    return (((f"{verb} {facts.deadline}, {left}", tone),), ((left, tone),))


def _deciding(facts: BarFacts) -> _Variants:
    if not facts.deciding:
        return ((),)
    roles = " or ".join(harmless(role) for role in facts.deciding)
    again = " again (new facts)" if facts.decided == "again" else ""
    you = " (you)" if facts.deciding_is_me else ""
    if facts.next_deciding:
        after = " or ".join(harmless(role) for role in facts.next_deciding)
        soon = f"in {minutes_text(facts.next_in_s)} {after}"
        return (
            ((f"deciding{again or ' now'}: {roles}{you}, ", ""), (soon, "tone--warning")),
            ((f"{roles}{you}, ", ""), (soon, "tone--warning")),
            ((soon, "tone--warning"),),
            (),
        )
    return (((f"deciding{again or ' now'}: {roles}{you}", ""),), ((f"{roles}{you}", ""),), ((roles, ""),), ())


def _box(facts: BarFacts) -> _Variants:
    """The time box of the present part; once it is over it is said, and nothing happens."""
    if not facts.box:
        return ((),)
    if facts.box_left_s < 0:
        over = f"{facts.box}: OVER by {minutes_text(-facts.box_left_s)}"
        return (((f"{over} (b more time)", "tone--warning"),), ((over, "tone--warning"),), ())
    left = f"{facts.box}: {minutes_text(facts.box_left_s)}"
    return (((f"{left} left", ""),), ((left, ""),), ())


def _keys(facts: BarFacts) -> _Variants:
    name = harmless(facts.flies)
    if facts.reading:
        return (((f"at the keys: {name}", ""),), ()) if name else ((),)
    if facts.driver and facts.offered:
        to = harmless(facts.offered)
        return (
            ((f"at the keys: {name or 'you'}, offered to {to}", "tone--warning"),),
            ((f"you fly, offered to {to}", "tone--warning"),),
            ((f"offered to {to}", "tone--warning"),),
        )
    if facts.driver:
        return (((f"at the keys: {name or 'you'}", ""),), (("you fly", ""),), ())
    if not name:
        return ((("nobody flies; you observe", "tone--warning"),), (("nobody flies", "tone--warning"),))
    return (((f"you observe; {name} flies", "tone--warning"),), ((f"{name} flies", "tone--warning"),))


def _back(facts: BarFacts) -> _Variants:
    if not facts.incident:
        return ((),)
    if facts.proven:
        return ((("● back, proven", "tone--done"),), (("● back", "tone--done"),), ())
    return ((("○ not back yet", "tone--open"),), (("○ not back", "tone--open"),), ())


def _debts(facts: BarFacts) -> _Variants:
    """What is owed, and the key that shows it; and that other records wait for theirs."""
    if not facts.debts:
        return _elsewhere(facts)
    tone = "tone--failed" if "overdue" in facts.debts else "tone--warning"
    # Where there is no room for both numbers, what is overdue is the one that is said, and in a word, not by colour.
    short: Row = ((f"{facts.debts.rpartition(', ')[2].replace('overdue', 'late')} (D)", tone),)
    # Once it is closed nothing is more urgent than what is owed: it stays.
    whole: Row = ((f"{facts.debts} (D)", tone),)
    both = tuple((*whole, ("; ", "tone--dim"), *row) for row in _elsewhere(facts)[:1] if row)
    return (*both, whole, short) if facts.closed else (*both, whole, short, ())


def _elsewhere(facts: BarFacts) -> _Variants:
    if not facts.elsewhere:
        return ((),)
    tone = "tone--failed" if "overdue" in facts.elsewhere else "tone--warning"
    words = f"◆ {facts.elsewhere}"
    key = "" if facts.incident else " (D)"
    return (((f"{words}{key}", tone),), (("◆ PARKED", tone),), ())


def _ready(facts: BarFacts) -> _Variants:
    """The parachute: a red banner while it is not packed, and that one gives way late."""
    if not facts.ready or facts.closed or facts.proven:
        return ((),)
    word, age = facts.ready, f", {facts.ready_age}" if facts.ready_age else ""
    if word.startswith("NOT"):
        tone = "tone--danger"
        return (
            ((f"✖ {word}: parachute not packed{age} (R)", tone),),
            ((f"✖ {word}{age} (R)", tone),),
            ((f"✖ {word} (R)", tone),),
            ((f"✖ {word}", tone),),
            (),
        )
    if word == "READY":
        return (((f"✔ {word}{age} (R)", "tone--done"),), ((f"✔ {word}", "tone--done"),), (), (), ())
    said = "looking" if not age else f"not known{age}"
    return (((f"? {word} {said} (R)", "tone--warning"),), ((f"? {word}", "tone--warning"),), (), (), ())


def _warnings(facts: BarFacts) -> _Variants:
    if not facts.warnings:
        return ((),)
    texts = [harmless(text) for text in facts.warnings]
    count = f"! {len(texts)} warning{'s' if len(texts) > 1 else ''}"
    return (
        ((f"! {joined(texts, '; ')}", "tone--warning"),),
        ((f"! {texts[0]}" + (f" (+{len(texts) - 1})" if len(texts) > 1 else ""), "tone--warning"),),
        ((count, "tone--warning"),),
        (("!", "tone--warning"),),
    )


SHRINK = (
    *("ready", "box", "debts", "system", "ready", "keys", "box", "deciding", "deadline", "back", "warnings"),
    *("incident", "keys", "ready", "debts", "deciding", "warnings", "warnings", "deciding", "system", "deadline"),
    *("incident", "back", "ready"),
)
"""Which section gives way next, one form shorter each time; what is never named stays: where, how long since, and that
few may read it."""


def bar_row(facts: BarFacts, width: int) -> Row:
    """The facts in one line of at most ``width`` cells: sections grow shorter, then go, always in the same order."""
    sections = _sections(facts)
    form = dict.fromkeys(sections, 0)
    row = _joined(sections, form)
    for name in SHRINK:
        if row_width(row) <= width:
            break
        form[name] = min(form[name] + 1, len(sections[name]) - 1)
        row = _joined(sections, form)
    return row


def _joined(sections: dict[str, _Variants], form: dict[str, int]) -> Row:
    spans: list[Span] = [(" ", "")]
    for name, variants in sections.items():
        row = variants[form[name]]
        if row:
            if len(spans) > 1:
                spans.append((" ", "") if name == "system" else (" │ ", "tone--dim"))
            spans += row
    return tuple(spans)


class IncidentBar(Painted):
    """One line; ``show`` it the facts whenever they may have changed."""

    DEFAULT_CSS = "IncidentBar { height: 1; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.facts = BarFacts()

    def show(self, facts: BarFacts) -> None:
        """Show these facts; equal facts cost nothing."""
        if facts == self.facts:
            return
        self.facts = facts
        self.set_class(facts.mode == "drill" or facts.environment == "drill", "-drill")
        self.set_class(facts.environment == "production", "-production")
        self.set_class(facts.environment == "staging", "-staging")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.content_size.width
        return self.painted(bar_row(self.facts, width) if y == 0 else (), width)
