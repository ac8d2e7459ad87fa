"""What the preview says of a step or an item: pure, from the incident. Nothing runs that does not stand here first."""

from __future__ import annotations

from actions.model.blocking import blocked_reason
from actions.model.checklist import Item, Kind, State
from actions.model.clock import span
from actions.model.effect import shown
from actions.model.incident import Incident, items, state_of
from actions.model.plan import PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.step import Risk
from widgets.painted import Row
from widgets.presentation import RISKS, STATES, clock_text, harmless, joined


@dataclass(frozen=True)
class PreviewText:
    """A title, what stands at the title's side, and the lines (unwrapped)."""

    title: str
    side: str = ""
    rows: tuple[Row, ...] = ()


NOTHING = PreviewText("What will happen", "", ((("Nothing is highlighted.", "tone--dim"),),))


def preview_text(incident: Incident, code: str, *, driver: bool = True, undo: bool = False) -> PreviewText:
    """The preview of the item with this code; ``undo``: of its undo."""
    item = next((one for one in items(incident) if one.code == code), None)
    if item is None:
        return NOTHING
    step = incident.plan.step(code) if incident.plan and item.kind is Kind.STEP else None
    if step is not None:
        return _step(incident, step, driver, undo)
    rows = [*_state_rows(incident, item), *_how(incident, item)]
    return PreviewText(f"{item.code} {harmless(item.text)}", "changes nothing on the system", tuple(rows))


def risk_words(step: PlannedStep) -> str:
    """``reversible · about 20 s``."""
    risk = "undo below" if step.risk is Risk.REVERSIBLE and step.undo else ""
    return joined((RISKS[step.risk].word, risk, f"about {span(step.about_s)}"))


def one_line(step: PlannedStep) -> str:
    """The step in one line for narrow screens: ``X2 switch image · reversible · about 20 s``."""
    return joined((f"{step.code} {harmless(step.title)}", RISKS[step.risk].word, f"about {span(step.about_s)}"))


def _step(incident: Incident, step: PlannedStep, driver: bool, undo: bool) -> PreviewText:
    rows: list[Row] = []
    reason = blocked_reason(incident, step.code, driver=driver, undo=undo)
    running = state_of(incident, _item(incident, step)) is State.RUNNING
    if running:
        rows.append(((f"{STATES[State.RUNNING].text}: what stands here is being done", "tone--running"),))
    elif reason:
        rows.append(((f"blocked: {harmless(reason)}", "tone--danger"),))
    run = incident.last_run(step.code)
    if run is not None and not run.open and run.summary:
        rows.append(((f"last run {clock_text(run.started)}: {harmless(run.summary)}", _tone(incident, step)),))
    effects = step.undo if undo else step.effects
    rows += [effect_row(line) for line in shown(effects)]
    if not effects:
        rows.append((("no effects on the system", "tone--dim"),))
    if not undo:
        rows.append((("expect ", "tone--key"), (harmless(step.expected), "")))
        rows += _undo_rows(step)
        if step.leaves:
            rows.append((("if terminated ", "tone--key"), (harmless(step.leaves), "")))
    rows += [
        (("note   ", "tone--key"), (harmless(note), "")) for note in (incident.plan.notes if incident.plan else ())
    ]
    verb = "Undo of " if undo else ""
    return PreviewText(f"{verb}{step.code} {harmless(step.title)}", risk_words(step), tuple(rows))


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
    if item.kind is Kind.MANUAL:
        return [
            (("A person does this; nothing runs.", ""),),
            (("space ", "tone--key"), ("ticks it, or takes the tick back. ", "")),
            (("o ", "tone--key"), ("marks it overridden, not applicable or deferred, with a reason.", "")),
        ]
    if item.sensor == "decision":
        decision = incident.decision
        known = f"{decision.decision}, {decision.role}" if decision else "nobody has decided yet"
        return [
            (("Ticked by the record: ", ""), (harmless(known), "tone--title")),
            (("d ", "tone--key"), ("opens the facts, the matrix's recommendation and the decision.", "")),
        ]
    if item.sensor == "target":
        target = incident.plan.target.name if incident.plan else "none is chosen yet"
        return [
            (("Ticked when a plan is drawn: ", ""), (harmless(target), "tone--title")),
            (("Enter ", "tone--key"), ("on a release in the history draws the plan; drawing changes nothing.", "")),
        ]
    return [(("Ticked by what is observed.", ""),)]
