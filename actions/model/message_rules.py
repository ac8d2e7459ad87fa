"""What has been told to whom, which message makes sense now, and why one may not go out. Pure.

"Solved" is told only when it is: proven by the plan, or after a fix seen by every probe, and no probe is red.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum

from actions.model import events as ev
from actions.model.checklist import WORKFLOWS, Phase, State
from actions.model.clock import parse_stamp
from actions.model.incident import Incident, Said, changes, items, rollback_decided, state_of
from actions.model.message import place, recipients, template_problem, templates
from actions.model.message_facts import one_line
from actions.model.procedure import Message
from actions.model.quick_dataclass import dataclass

ALL_PROBES = "sensed probes.green"
COPIED = "copied"
GROUPS: dict[str, tuple[str, ...]] = {"stakeholders": ("management", "developers", "support")}
"""Whoever tells the first has told the others."""
READ_OUT = "read out"
LOOKED_AT_AFTER = (WORKFLOWS, "errors.rate", "response.times", "database.answers")
"""Sensors of what must be well before anybody is told that all is well, also where a person looks."""
_AFTER = (Phase.AFTER, Phase.AFTER_24H)
_SOLVED = re.compile(
    r"\b(?:(?:has|have) been (?:resolved|solved|restored|fixed)|issues? (?:resolved|solved|fixed)"
    r"|(?:is|are) (?:now |fully |again )*(?:resolved|solved|fixed|restored|stable|up again|back(?! (?:to|at|in)\b)"
    r"|back to normal|back (?:up|online))"
    r"|roll(?:ed )?-?\s?back (?:is |was |has been )?(?:now )?(?:complete|completed|done|successful|finished)"
    r"|(?:successfully|completely) (?:rolled back|restored|resolved)|services? (?:restored|back)|system stable)\b"
    r"|\ball clear\b|\A\W*(?:re)?solved\b|: (?:re)?solved\W*\Z",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:when|once|until|till|if|as soon as|unless|not|nothing|none|nobody|never|will|would|may|might|should"
    r"|expect(?:ed)?|whether)\b|n't\b",
    re.IGNORECASE,
)


def claims_solved(message: Message) -> bool:
    """Whether it says that all is well: it belongs after the work, or its words say so (not: "when it is solved")."""
    if message.phase in _AFTER:
        return True
    return any(_claims(part) for part in (message.name, message.subject, message.text))


def _claims(text: str) -> bool:
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        found = _SOLVED.search(sentence)
        if found and not _NOT_YET.search(sentence[: found.start() + 1] + " " + found[0]):
            return True
    return False


def red_probes(incident: Incident) -> tuple[str, ...]:
    """Probes whose newest reading was not as expected, with what was seen."""
    seen = incident.observations
    all_at = [seen.get(f"probe {name}", ("",))[0] for name in configured_probes(incident)]
    oldest = min(all_at, default="")
    return tuple(
        f"{what}: {one.seen}"
        for what, (at, one) in sorted(seen.items())
        # The lookout's reading of all of them together counts until each of them was read later.
        if not one.ok and (_probe_of(what) or (what == ALL_PROBES and at > oldest))
    )


def _probe_of(what: str) -> str:
    bare = what.removeprefix("second look: ")
    return bare.removeprefix("probe ") if bare.startswith("probe ") else ""


def unproven_reason(incident: Incident) -> str | None:
    """Why nobody may be told that it is solved, or None."""
    running = incident.running
    if running is not None:
        return f"{running.code} {running.title} is running"
    red = red_probes(incident)
    if red:
        return f"a probe is red: {red[0]}" + (f" (and {len(red) - 1} more)" if len(red) > 1 else "")
    if incident.proven:
        return None
    decision = incident.decision
    if decision is None or incident.decision_stale or rollback_decided(incident) or _changed(incident):
        return "not proven: the proving step has not succeeded since the last change"
    wanted = configured_probes(incident)
    if not wanted:
        return "not proven: no probe is configured that could show that the fix helps"
    together = incident.observations.get(ALL_PROBES)
    if together is not None and together[1].ok and together[0] > incident.decided_at:
        return None
    for name in wanted:
        found = incident.observations.get(f"probe {name}")
        if found is None or found[0] <= incident.decided_at:
            return f"not proven: probe {name} has not been seen green since the decision"
    return None


def untried_reason(incident: Incident) -> str | None:
    """Why it is too early to say that all is well although the target is back: what is looked at afterwards (the
    workflows, errors, times, queries) is not settled. Where it goes forward, only what was tried and failed counts.
    """
    procedure = incident.procedure
    parts = procedure.checklists if procedure else ()
    asked = {one.code for part in parts if not part.paper for one in part.items if one.sensor in LOOKED_AT_AFTER}
    rows = [one for one in items(incident) if one.phase in _AFTER and (one.parent or one.code in asked)]
    for item in sorted(rows, key=lambda one: one.sensor == WORKFLOWS):  # the group says less than its own
        state = state_of(incident, item)
        if state is State.FAILED or (rollback_decided(incident) and not state.settled):
            return f"{item.code} {item.text} {'failed' if state is State.FAILED else 'is open'}"
    return None


def _changed(incident: Incident) -> bool:
    """Something of a plan has changed the system, and no proof followed."""
    plan = incident.plan
    return any(changes(plan.step(run.code) if plan else None) for run in incident.runs)


def configured_probes(incident: Incident) -> tuple[str, ...]:
    """Names of the probes of the pinned configuration that say whether this system is well."""
    rows = incident.declared.settings.get("probe", ()) if incident.declared else ()
    rows = rows if isinstance(rows, list | tuple) else ()
    return tuple(
        str(row["name"]) for row in rows if isinstance(row, dict) and "name" in row and not row.get("external")
    )


def message_reason(incident: Incident, message: Message) -> str | None:
    """Why this message may not go out now, in any way, or None."""
    if incident.declared is None:
        return "no incident is open"
    if incident.closed is not None:
        return "the incident is closed"
    problem = template_problem(message)
    if problem:
        return problem
    if claims_solved(message):
        return unproven_reason(incident) or untried_reason(incident)
    if message.phase is Phase.CARRY_OUT and (incident.decision is None or incident.decision_stale):
        return "new facts re-opened the decision" if incident.decision else "nothing is decided yet"
    return None


def stage(incident: Incident) -> Phase:
    """Where the incident stands, as messages see it: before anything runs, carrying out, after the proof."""
    if unproven_reason(incident) is None:
        return Phase.AFTER
    plan = incident.plan
    begun = plan is not None and any(run.digest == incident.plan_digest for run in incident.runs)
    decided = incident.decision is not None and not incident.decision_stale
    return Phase.CARRY_OUT if decided or begun else Phase.BEFORE


class Ended(Enum):
    """How an attempt ended; the value is its words."""

    SENT = "sent"
    FAILED = "failed"
    UNDER_WAY = "being sent"
    LOST = "its end is not known"


@dataclass(frozen=True)
class Attempt:
    """One attempt to tell somebody something."""

    at: str
    by: str
    name: str
    to: tuple[str, ...]
    through: str
    ended: Ended
    detail: str = ""
    subject: str = ""
    text: str = ""
    addresses: tuple[str, ...] = ()
    number: int = 0

    @property
    def reached(self) -> bool:
        """Somebody was told; a text that was only copied has reached nobody yet."""
        return self.ended is Ended.SENT and self.through.partition(":")[0] != COPIED


def attempts(incident: Incident, now: datetime | None = None) -> tuple[Attempt, ...]:
    """All attempts, oldest first. ``now``: one past its deadline without an end counts as lost; None: at once."""
    ended = {said.body.attempt for said in incident.messages if said.body.attempt}
    began = {said.body.attempt: said.body for said in incident.message_attempts}
    rows: list[tuple[str, Attempt]] = []
    for said in incident.messages:
        rows.append((said.at, _ended(said, began.get(said.body.attempt))))
    for said in incident.message_attempts:
        if said.body.attempt not in ended:
            rows.append((said.at, _open(said, now)))
    return tuple(one for _, one in sorted(rows, key=lambda row: row[0]))


def _ended(said: Said, began: ev.MessageStarted | None) -> Attempt:
    body = said.body
    return Attempt(
        said.at,
        said.by,
        body.name,
        body.to,
        body.through,
        Ended.SENT if body.ok else Ended.FAILED,
        body.detail,
        body.subject,
        body.text,
        began.addresses if began else (),
        body.attempt,
    )


def _open(said: Said, now: datetime | None) -> Attempt:
    body = said.body
    fresh = now is not None and 0 <= (now - parse_stamp(said.at)).total_seconds() <= body.within_s + GRACE_S
    word = Ended.UNDER_WAY if fresh else Ended.LOST
    detail = "" if fresh else "no end is recorded: it may or may not have gone out"
    return Attempt(
        said.at, said.by, body.name, body.to, body.through, word, detail, body.subject, body.text, body.addresses,
        body.attempt,
    )  # fmt: skip


GRACE_S = 10
"""Beyond the deadline of a channel, for what comes before and after it."""


def under_way(incident: Incident, message: Message, now: datetime) -> Attempt | None:
    """The attempt at this message that is being made now."""
    name = one_line(message.name, 80)
    return next((one for one in attempts(incident, now) if one.name == name and one.ended is Ended.UNDER_WAY), None)


def newest(incident: Incident, message: Message, now: datetime | None = None) -> Attempt | None:
    """The newest attempt at this message."""
    name = one_line(message.name, 80)
    return next((one for one in reversed(attempts(incident, now)) if one.name == name), None)


def told(incident: Incident, name_or_to: str) -> Said | None:
    """The newest ``MessageSent`` that reached these people, or that is of this message; None: they are not all told.

    ``name_or_to``: the name of a message, or one or more roles ("management, developers and support"): of several,
    each must have been told, and the newest needed for that is given. What was only copied has reached nobody.
    """
    good = [said for said in incident.messages if said.body.ok and said.body.through.partition(":")[0] != COPIED]
    wanted = _key(name_or_to)
    named = [said for said in good if _key(said.body.name) == wanted]
    if named or any(_key(one.name) == wanted for one in templates(incident)):
        return named[-1] if named else None
    found = []
    for role in recipients(name_or_to):
        wanted_roles = {_key(role), *(group for group, members in GROUPS.items() if _key(role) in members)}
        reached = [said for said in good if wanted_roles & set(map(_key, said.body.to))]
        if not reached:
            return None
        found.append(reached[-1])
    return max(found, key=lambda said: said.at)


def _key(text: str) -> str:
    return one_line(text, 80).casefold().removeprefix("the ").removesuffix(".")


def suggested(incident: Incident) -> Message | None:
    """The first message that makes sense now: of this stage, may go out, and has reached nobody yet."""
    here = stage(incident)
    for message in templates(incident):
        phase = Phase.AFTER if message.phase in _AFTER else message.phase
        last = newest(incident, message)
        if phase is here and not (last and last.reached) and message_reason(incident, message) is None:
            return message
    return None


__all__ = [
    "Attempt",
    "Ended",
    "attempts",
    "claims_solved",
    "message_reason",
    "newest",
    "place",
    "red_probes",
    "stage",
    "suggested",
    "told",
    "under_way",
    "unproven_reason",
    "untried_reason",
]
