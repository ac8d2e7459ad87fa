"""The root-cause analysis in a record's report: what the record knows, each claim with the number of its event. Pure.

What people write of it is how they pay the debts of the list's last part; nothing is asked twice, and nothing guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from actions.model import events as ev
from actions.model.checklist import Item, Phase
from actions.model.debt_again import again_words
from actions.model.due import due_words
from actions.model.incident import Incident, items, state_of
from actions.model.markdown_text import code, escape
from actions.model.matrix import Inputs
from actions.model.plan import Plan
from actions.model.record_timeline import clock_time, since, took
from actions.model.sensing import PREFIX

Events = Sequence[ev.Event]
MOST = 8
"""Lines of one kind; the rest is counted."""
WENT_WRONG = re.compile(r"went wrong|root[\s-]cause", re.IGNORECASE)
FAILURE_MODE = re.compile(r"failure mode", re.IGNORECASE)
TESTS_MISSED = re.compile(r"\btest\w*\b.*\b(?:miss|caught|catch|found|find)|\b(?:missed|not caught)\b", re.IGNORECASE)
ABOUT_TESTS = re.compile(r"\btest|staging|\bCI\b|alert", re.IGNORECASE)


def went_wrong_section(incident: Incident, events: Events) -> Iterator[str]:
    """What was seen first, what was known of the damage, what ran."""
    if incident.procedure is None:
        return
    if incident.declared is not None:
        yield f"- Declared as: {escape(incident.declared.title)} {_cite(events[0])}"
    met = [event for event in events if isinstance(event.body, ev.CriterionMarked) and event.body.met]
    yield from _few([f"- Criterion met: {_criterion(event)}" for event in _first_each(met, lambda one: one.code)])
    damage = _last(events, ev.InputsSet)
    if damage is not None:
        one = damage.body
        known = Inputs(one.severity, one.users_low, one.users_high, one.data_risk).words()
        yield f"- Damage, as it was known last: {escape(known)} {_cite(damage)}"
    pinned = [event for event in events if isinstance(event.body, ev.LinePinned)]
    yield from _few([f"- Error pinned: {_pinned(event)}" for event in sorted(pinned, key=lambda one: one.body.at)])
    deployed = [
        one for one in events if isinstance(one.body, ev.Observed) and one.body.what == f"{PREFIX}deployment.time"
    ]
    if deployed:
        yield f"- Deployment before it: {escape(deployed[-1].body.seen)} {_cite(deployed[-1])}"
    drawn = _last(events, ev.PlanDrawn)
    if drawn is not None:
        plan = Plan.from_json(drawn.body.plan)
        yield f"- What ran then: {code(plan.running)}; gone back to: {code(plan.target.identity)} {_cite(drawn)}"
    decided = _last(events, ev.Decided)
    if decided is not None:
        why = f": {escape(decided.body.reason)}" if decided.body.reason else ""
        yield f"- Decided: {escape(decided.body.decision)}, {since(events[0], decided)}{why} {_cite(decided)}"
    yield from _written(incident, events, WENT_WRONG)


def failure_mode_section(incident: Incident, events: Events) -> Iterator[str]:
    """What was not as it should be, what failed, and how long everything took."""
    if incident.procedure is None:
        return
    bad = [event for event in events if isinstance(event.body, ev.Observed) and not event.body.ok]
    yield from _few(
        [
            f"- Not as expected, {since(events[0], event)}: {escape(_name(event.body.what))}:"
            f" {escape(event.body.seen)} (expected {escape(event.body.expected)}) {_cite(event)}"
            for event in _first_each(bad, lambda one: one.what)
        ]
    )
    runs = {run.number: run for run in incident.runs}
    for event in events:
        body = event.body
        if isinstance(body, ev.StepFinished) and body.run in runs:
            run = runs[body.run]
            how = "took" if body.outcome == "done" else f"**{body.outcome.upper()}** after"
            words = f"{'undo of ' if run.undo else ''}{run.title}"
            yield f"- {escape(run.code)} {escape(words)}: {how} {took(body.ms)} {_cite(event)}"
    back = _last(
        [one for one in events if isinstance(one.body, ev.StepFinished) and _proves(incident, one)], ev.StepFinished
    )
    if back is not None:
        yield f"- Back, as proven: {since(events[0], back)} after the declaration {_cite(back)}"
    notes = [event for event in events if isinstance(event.body, ev.NoteAdded)]
    yield from _few([f"- Noted: {escape(event.body.text)} {_cite(event)}" for event in notes])
    yield from _written(incident, events, FAILURE_MODE)


def tests_missed_section(incident: Incident, events: Events) -> Iterator[str]:
    """What nothing watches for, what looked well all the same, and what is to be done about it."""
    if incident.procedure is None:
        return
    sensors = {f"Y{place}": one.sensor for place, one in enumerate(incident.procedure.criteria, 1)}
    met = [event for event in events if isinstance(event.body, ev.CriterionMarked) and event.body.met]
    for event in _first_each(met, lambda one: one.code):
        if not sensors.get(event.body.code):
            yield f"- Found by a person, nothing watches for it: {_criterion(event)}"
    yield from _few([f"- Looked well all the same: {line}" for line in _well(incident, events)])
    told = [one for one in events if isinstance(one.body, ev.NoteAdded) and ABOUT_TESTS.search(one.body.text)]
    yield from _few([f"- Noted: {escape(event.body.text)} {_cite(event)}" for event in told])
    for item in _last_part(incident):
        if ABOUT_TESTS.search(item.text) and not TESTS_MISSED.search(item.text):
            yield f"- To be done: {escape(item.code)} {escape(item.text)}: {_stands(incident, item)}"
    yield from _written(incident, events, TESTS_MISSED)


def _well(incident: Incident, events: Events) -> Iterator[str]:
    """Readings that were as expected before anything was changed, while some criterion was met or others were not."""
    ended = next((event.seq for event in events if isinstance(event.body, ev.StepStarted)), events[-1].seq + 1)
    early = [event for event in events if event.seq < ended and isinstance(event.body, ev.Observed)]
    bad = {event.body.what for event in early if not event.body.ok}
    for event in _first_each([one for one in early if one.body.ok], lambda one: one.what):
        body = event.body
        if body.what not in bad and body.what.startswith((f"{PREFIX}probe", f"{PREFIX}check", f"{PREFIX}app", "probe")):
            yield f"{escape(_name(body.what))}: {escape(body.seen)} {_cite(event)}"


def _written(incident: Incident, events: Events, about: re.Pattern[str]) -> Iterator[str]:
    """What people wrote: how they paid the debt of the item that asks for it."""
    for item in _last_part(incident):
        if not about.search(item.text):
            continue
        paid = [one for one in events if isinstance(one.body, ev.DebtPaid) and one.body.debt == item.code]
        for event in paid:
            who = f"{escape(event.actor)}, {escape(clock_time(event.at))}"
            yield f"- **{escape(item.code)}**, {who}: {escape(event.body.how)} {_cite(event)}"
        again = next((one for one in incident.debts if one.name == item.code and one.why and not one.paid), None)
        if again is not None:
            yield f"- **Not written yet**: {escape(item.code)} {escape(item.text)}: {escape(again_words(again))}"
        if paid:
            continue
        marked = [one for one in events if isinstance(one.body, ev.ItemMarked) and one.body.code == item.code]
        if marked and state_of(incident, item).settled:
            why = f": {escape(marked[-1].body.reason)}" if marked[-1].body.reason else "; nothing was written with it"
            state = escape(state_of(incident, item).value)
            yield f"- **{escape(item.code)}** {state} by {escape(marked[-1].actor)}{why} {_cite(marked[-1])}"
        else:
            yield f"- **Not written yet**: {escape(item.code)} {escape(item.text)}: {_stands(incident, item)}"


def _last_part(incident: Incident) -> list[Item]:
    return [item for item in items(incident) if item.phase is Phase.AFTER_24H]


def _stands(incident: Incident, item: Item) -> str:
    """``done``, ``paid by ops2: …`` or ``**open**, owner ops2, due …``."""
    debt = next((one for one in reversed(incident.debts) if one.name == item.code), None)
    if debt is None:
        state = state_of(incident, item)
        return escape(state.value) if state.settled else "**open**"
    if debt.paid:
        return f"done, says {escape(debt.paid_by)}: {escape(debt.paid)}"
    due = f", due {escape(due_words(debt.due))}" if debt.due else ""
    ticket = f", ticket {escape(debt.ticket)}" if debt.ticket else ""
    return f"**open**, owner {escape(debt.owner or 'nobody')}{due}{ticket}"


def _proves(incident: Incident, event: ev.Event) -> bool:
    """Whether this is the good end of a step that proves."""
    run = next((one for one in incident.runs if one.number == event.body.run), None)
    step = incident.plan.step(run.code) if run is not None and incident.plan is not None else None
    return step is not None and step.proves and event.body.outcome == "done"


def _cite(event: ev.Event) -> str:
    return f"[{event.seq}]"


def _name(what: str) -> str:
    return what.removeprefix(PREFIX)


def _criterion(event: ev.Event) -> str:
    body = event.body
    level = f" ({escape(body.level)})" if body.level else ""
    return f"{escape(body.code)}{level} {escape(body.text)}, said by {escape(event.actor)} {_cite(event)}"


def _pinned(event: ev.Event) -> str:
    body = event.body
    at = f" at {escape(body.at)}" if body.at else ""
    return f"{escape(body.source)}{at}: {escape(body.text)} {_cite(event)}"


def _last(events: Events, kind: type[Any]) -> ev.Event | None:
    return next((event for event in reversed(events) if isinstance(event.body, kind)), None)


def _first_each(events: Events, key: Callable[[Any], str]) -> list[ev.Event]:
    """The first event of each key, in order."""
    found: dict[str, ev.Event] = {}
    for event in events:
        found.setdefault(key(event.body), event)
    return list(found.values())


def _few(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"- ... and {len(lines) - MOST} more of these, among all events below"
