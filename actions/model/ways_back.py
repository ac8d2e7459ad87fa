"""The ways back to choose from: what the document says of each, what was measured, and whether it can be gone. Pure.

A way that cannot be done in time stays to be chosen, and says so: the operator decides. What is measured comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from actions.model.estimate import NOT_KNOWN, Estimate, estimate, late_words
from actions.model.incident import Incident, branches, changes
from actions.model.measured import Measured
from actions.model.phases import decide_or_back_by
from actions.model.procedure import OptionText
from actions.model.quick_dataclass import dataclass
from actions.model.system import CONFIGURABLE

NOT_DESCRIBED = "the document does not describe it"


@dataclass(frozen=True)
class Way:
    """One way back."""

    option: str
    """``compose``; empty: none that goaround flies."""
    name: str
    """As the document calls it, or the option's own name."""
    takes: str
    """How long, in words: by the document, and as it was measured."""
    short: str
    """The same for a column: ``10-15 min``."""
    risk: str = ""
    good_for: str = ""
    reason: str = ""
    """Why it cannot be chosen; empty: it can."""
    late: str = ""
    """``cannot be done before T+15:00``; empty: it can, or nobody knows."""
    in_use: bool = False


@dataclass(frozen=True)
class Ways:
    """All of them, and what must be known before another is chosen."""

    rows: tuple[Way, ...]
    """As the document has them, then those that are configured alone."""
    in_use: str
    cautions: tuple[str, ...] = field(default_factory=tuple)
    """What holds whichever is chosen: data, the plan that is drawn, approvals that become void."""

    def of(self, option: str) -> Way | None:
        """The row of an option that can be chosen, or None."""
        return next((way for way in self.rows if way.option == option and not way.reason), None)


def ways(
    incident: Incident,
    configured: Sequence[str],
    in_use: str,
    elapsed_s: int | None,
    measured: Mapping[str, Measured] | None = None,
    valid_answers: int = 0,
) -> Ways:
    """The ways back as they stand now.

    ``configured``: options of the configuration, the first choice first. ``elapsed_s``: since the declaration; None:
    it does not count. ``valid_answers``: approvals of the plan that would become void.
    """
    known = measured or {}
    told = [one for one in (incident.procedure.options if incident.procedure else ()) if one.declared or one.option]
    described = {one.option for one in told}
    texts = [(one.option, one) for one in told] + [(name, None) for name in configured if name not in described]
    due, _ = decide_or_back_by(incident)
    rows = []
    for option, text in texts:
        time = estimate(option, incident, known.get(option)) if option else _as_written(text)
        late = late_words(time, elapsed_s, due)
        rows.append(
            Way(
                option=option,
                name=text.name if text else option,
                takes=time.words if text else f"{time.words}; {NOT_DESCRIBED}",
                short=time.short or "not known",
                risk=text.risk if text else "",
                good_for=text.good_for if text else "",
                reason="" if option in configured else _why_not(option),
                late=late,
                in_use=bool(option) and option == in_use,
            )
        )
    return Ways(tuple(rows), in_use, tuple(_cautions(incident, valid_answers)))


def _as_written(text: OptionText | None) -> Estimate:
    if text is None or text.duration_high_s is None:
        return Estimate("", None, None, NOT_KNOWN, "")
    words = f"takes about {text.duration} by the document"
    return Estimate("", text.duration_low_s, text.duration_high_s, words, "document")


def _why_not(option: str) -> str:
    if option in CONFIGURABLE:
        table = {"database": "[database] name", "migration": "[django] table"}.get(option, f"[{option}] table")
        return f"not configured: there is no {table}"
    if option == "forward":
        return "no way back: it is decided (d)"
    return "by hand alone, as the procedure says"


def _cautions(incident: Incident, valid_answers: int) -> Iterator[str]:
    if "data" in branches(incident):
        yield "Data may be lost: a way back of the code alone (compose, git, coolify) mends no data."
    plan = incident.plan
    if plan is None:
        return
    void = f", and voids {valid_answers} approval{'' if valid_answers == 1 else 's'} of it" if valid_answers else ""
    yield f"A plan by {plan.option} to {plan.target.name} is drawn. Another way back is another plan{void}."
    stand = [run.code for run in incident.runs if run.digest == incident.plan_digest and run.took and not run.undo]
    changed = [code for code in dict.fromkeys(stand) if changes(plan.step(code))]
    if changed:
        yield f"{', '.join(changed)} of it {'has' if len(changed) == 1 else 'have'} run: what they did stays."


def lines(found: Ways) -> Iterator[str]:
    """The ways as plain lines, for whoever sees no colours."""
    yield from (f"! {caution}" for caution in found.cautions)
    for way in found.rows:
        mark = "*" if way.in_use else " "
        state = f"NOT TO BE CHOSEN: {way.reason}" if way.reason else "in use" if way.in_use else "can be chosen"
        yield f"{mark} {way.option or '-':<10} {way.name}: {state}"
        good = f"; good for {way.good_for}" if way.good_for else ""
        yield f"             {way.takes}; risk {way.risk or 'not written'}{good}"
        if way.late and not way.reason:
            yield f"           ! {way.late}"
