"""What the preview says of a step or an item: pure, from the incident. Nothing runs that does not stand here first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.after_failure import after_failure
from actions.model.blocking import blocked_reason, wants_approval
from actions.model.checklist import Item, Kind, Phase, State
from actions.model.clock import span
from actions.model.effect import shown
from actions.model.incident import Incident, item_of, items, state_of
from actions.model.note import Note
from actions.model.plan import PlannedStep
from actions.model.procedure import observes
from actions.model.quick_dataclass import dataclass, replace
from actions.model.sensing import KEPT_BY_KEY, reading
from actions.model.step import Risk
from widgets.painted import Row
from widgets.presentation import LEVELS, RISKS, STATES, clock_text, harmless, joined
from widgets.sensed_rows import option_rows, proposal_rows, warning_rows

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState
    from actions.model.estimate import Timing


@dataclass(frozen=True)
class PreviewText:
    """A title, what stands at the title's side, and the lines (unwrapped)."""

    title: str
    side: str = ""
    rows: tuple[Row, ...] = ()


NOTHING = PreviewText("What will happen", "", ((("Nothing is highlighted.", "tone--dim"),),))


def preview_text(
    incident: Incident,
    code: str,
    *,
    driver: bool = True,
    undo: bool = False,
    approval: ApprovalState | None = None,
    timing: Timing | None = None,
) -> PreviewText:
    """The preview of the item with this code; ``undo``: of its undo. ``timing``: how long the plan takes."""
    item = item_of(incident, code)
    if item is None:
        return NOTHING
    step = incident.plan.step(code) if incident.plan and item.kind is Kind.STEP else None
    if step is not None:
        text = _step(incident, step, driver, undo, approval)
        if undo or step.phase == Phase.AFTER.value:
            return text
        first, last = _time_rows(timing)
        return replace(text, rows=(*first, *_notice_rows(incident, step), *text.rows, *last))
    from widgets.watch_rows import watch_rows  # an item is looked at: the screen stands

    rows = [*_state_rows(incident, item), *watch_rows(incident, item), *_how(incident, item)]
    if item.sensor == "target":
        first, last = _time_rows(timing)
        rows = [*first, *rows, *last]
    return PreviewText(f"{item.code} {harmless(item.text)}", "changes nothing on the system", tuple(rows))


def _time_rows(timing: Timing | None) -> tuple[list[Row], list[Row]]:
    """What stands on top: that it is too late; and what stands beneath: how long the plan takes."""
    if timing is None:
        return [], []
    late: list[Row] = [((f"! {timing.late}", "tone--danger"),)] if timing.late else []
    return late, [(("time   ", "tone--key"), (harmless(timing.words), ""))]


def _notice_rows(incident: Incident, step: PlannedStep) -> list[Row]:
    """Before the proof: a notice that is shown may answer the probes instead of the system."""
    if not step.proves:
        return []
    from actions.model.bent import still_bent  # a step is looked at: the screen stands

    return [
        ((f"! {harmless(debt.text)}: a probe may see that; {other.code} straightens it", "tone--warning"),)
        for debt, other in still_bent(incident)
        if not other.optional  # a branch that waits to be removed answers no probe
    ]


def risk_words(step: PlannedStep) -> str:
    """``reversible · about 20 s``."""
    risk = "undo below" if step.risk is Risk.REVERSIBLE and step.undo else ""
    return joined((RISKS[step.risk].word, risk, f"about {span(step.about_s)}"))


def one_line(step: PlannedStep) -> str:
    """The step in one line for narrow screens: ``X2 switch image · reversible · about 20 s``."""
    return joined((f"{step.code} {harmless(step.title)}", RISKS[step.risk].word, f"about {span(step.about_s)}"))


def _step(
    incident: Incident, step: PlannedStep, driver: bool, undo: bool, approval: ApprovalState | None
) -> PreviewText:
    rows: list[Row] = []
    reason = blocked_reason(incident, step.code, driver=driver, undo=undo, approval=approval)
    running = state_of(incident, _item(incident, step)) is State.RUNNING
    if running:
        rows.append(((f"{STATES[State.RUNNING].text}: what stands here is being done", "tone--running"),))
    elif reason:
        rows.append(((f"blocked: {harmless(reason)}", "tone--danger"),))
    if wants_approval(incident, step) and approval is not None and not undo:
        from widgets.approval_rows import approval_rows  # the screen stands: there is a plan

        rows += approval_rows(approval, incident.id, reason or "")
    if incident.plan is not None and step.phase == Phase.CARRY_OUT.value and not undo:
        rows += option_rows(incident, incident.plan.option)
    run = incident.last_run(step.code)
    if run is not None and not run.open and run.summary:
        rows.append(((f"last run {clock_text(run.started)}: {harmless(run.summary)}", _tone(incident, step)),))
    failed = "" if undo or not driver else after_failure(incident, step.code)
    if failed:
        rows.append((("now    ", "tone--key"), (failed, "tone--title")))
    effects = step.undo if undo else step.effects
    rows += [effect_row(line) for line in shown(effects)]
    if not effects:
        rows.append((("no effects on the system", "tone--dim"),))
    if not undo:
        rows.append((("expect ", "tone--key"), (harmless(step.expected), "")))
        rows += _undo_rows(step)
        if step.leaves:
            rows.append((("if terminated ", "tone--key"), (harmless(step.leaves), "")))
    rows += [_note_row(note) for note in (incident.plan.notes if incident.plan else ())]
    verb = "Undo of " if undo else ""
    return PreviewText(f"{verb}{step.code} {harmless(step.title)}", risk_words(step), tuple(rows))


def _note_row(note: Note) -> Row:
    mark = LEVELS["warning" if note.is_warning else ""]
    level = ((f"{mark.text} ", mark.style_class),) if note.is_warning else ()
    return (("note   ", "tone--key"), *level, (harmless(note.text), ""))


def _item(incident: Incident, step: PlannedStep) -> Item:
    return next(one for one in items(incident) if one.code == step.code)


def _tone(incident: Incident, step: PlannedStep) -> str:
    return STATES[state_of(incident, _item(incident, step))].style_class


def _undo_rows(step: PlannedStep) -> list[Row]:
    if not step.undo:
        word = "nothing to undo" if step.risk is Risk.READ else "no undo"
        return [(("undo   ", "tone--key"), (word, "" if step.risk is Risk.READ else "tone--warning"))]
    rows: list[Row] = [(("undo   ", "tone--key"), ("u runs:", ""))]
    rows += [effect_row(line) for line in shown(step.undo)]
    return rows


def effect_row(line: str) -> Row:
    """A line of an effect: the place bold, added and removed lines of a diff in their tones."""
    if line.startswith("on "):
        return ((line, "tone--title"),)
    body = line[9:] if line.startswith("         ") else ""
    if body.startswith("+"):
        return ((line, "tone--added"),)
    if body.startswith("-"):
        return ((line, "tone--removed"),)
    verb = line[2:9]
    if line.startswith("  ") and verb.strip() and line[:9].isascii() and not body:
        return ((line[:9], "tone--key"), (line[9:], ""))
    return ((line, ""),)


def _state_rows(incident: Incident, item: Item) -> list[Row]:
    mark = incident.marks.get(item.code)
    if mark is None or mark.state is State.OPEN:
        return []
    look = STATES[mark.state]
    why = f': "{harmless(mark.reason)}"' if mark.reason else ""
    return [((f"{look.text} {clock_text(mark.at)} by {harmless(mark.by)}{why}", look.style_class),)]


def _how(incident: Incident, item: Item) -> list[Row]:
    if item.kind is Kind.MANUAL and item.parent:
        how = item.how or "The configuration does not say how: do what a user would do."
        return [
            (("try    ", "tone--key"), (harmless(how), "" if item.how else "tone--dim")),
            (("space ", "tone--key"), ("asks how it went: works, or does not work, with a note.", "")),
            (("o ", "tone--key"), ("marks it overridden, not applicable or deferred, with a reason.", "")),
        ]
    if item.kind is Kind.MANUAL:
        gate = [((_GATE, "tone--danger"),)] if item.gate and not state_of(incident, item).settled else []
        return [
            *gate,
            (("A person does this; nothing runs.", ""),),
            (("space ", "tone--key"), ("ticks it, or takes the tick back. ", "")),
            (("o ", "tone--key"), ("marks it overridden, not applicable or deferred, with a reason.", "")),
        ]
    if item.kind is Kind.STEP:
        return [
            (("A step of the plan does this: ", ""), ("choose the release first (D2).", "tone--title")),
            (("o ", "tone--key"), ("marks it overridden, not applicable or deferred, with a reason.", "")),
        ]
    if item.sensor == "decision":
        decision = incident.decision
        known = f"{decision.decision}, {decision.role}" if decision else "nobody has decided yet"
        return [
            *warning_rows(incident),
            *proposal_rows(incident),
            (("Ticked by the record: ", ""), (harmless(known), "tone--title")),
            (("d ", "tone--key"), ("opens the facts, the matrix's recommendation and the decision.", "")),
        ]
    if item.sensor == "target":
        target = incident.plan.target.name if incident.plan else "none is chosen yet"
        return [
            *(option_rows(incident, incident.plan.option) if incident.plan else warning_rows(incident)),
            (("Ticked when a plan is drawn: ", ""), (harmless(target), "tone--title")),
            (("Enter ", "tone--key"), ("on a release in the history draws the plan; drawing changes nothing.", "")),
        ]
    return _sensed(incident, item)


def _sensed(incident: Incident, item: Item) -> list[Row]:
    """What was seen and what is expected, when, and what it is that the sensor observes."""
    rows: list[Row] = []
    seen = reading(incident, item.sensor)
    if seen is None:
        rows.append((("seen     ", "tone--key"), ("it has not been read yet", "tone--dim")))
    else:
        look = STATES[State.DONE] if seen.ok else STATES[State.OPEN]
        tone = look.style_class if seen.ok else "tone--warning"
        rows.append((("seen     ", "tone--key"), (f"{harmless(seen.seen)} ({'ok' if seen.ok else 'not ok'})", tone)))
        if seen.expected:
            rows.append((("expected ", "tone--key"), (harmless(seen.expected), "")))
        if seen.at:
            rows.append((("since    ", "tone--key"), (f"{clock_text(seen.at)}, by the record", "")))
    rows.append((("observes ", "tone--key"), (harmless(observes(item.sensor)), "")))
    if item.sensor in KEPT_BY_KEY:
        rows.append((("Enter    ", "tone--key"), ("looks now, a few seconds, and keeps it as a text file.", "")))
    around = _AROUND_GATE if item.gate else _OVERRIDES
    rows.append((("It ticks and un-ticks itself and cannot be ticked by hand; ", ""), ("o ", "tone--key"), around))
    if item.gate and not (seen is not None and seen.ok):
        rows.insert(0, ((_GATE, "tone--danger"),))
    if item.gate and item.sensor == "backup.current":
        answers = reading(incident, "database.answers")
        if answers is not None and not answers.ok:
            rows.append(((_SILENT, "tone--warning"),))
    return rows


_GATE = "GATE, closed: nothing that changes the system is armed while this is open"
_SILENT = (
    "The database does not answer: nothing can be dumped now. Keep a copy of its files or volume, or settle for the"
    " newest backup, and go around the gate (o): that is what the way around is for."
)
_AROUND_GATE = ("goes around the gate, with a reason and a second person; it stays red in the record.", "")
_OVERRIDES = ("overrides it, with a reason that stays visible.", "")
