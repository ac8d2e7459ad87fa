"""Messages: which there are, what they say for this incident, and whom they are for. What may be sent now is judged in
``message_rules``; sending is left to the gateways.

Pure. A text is rendered once, here, and what comes out is shown, sent and recorded as it is. Braces: ``{name}`` is a
placeholder of ``message_facts``, ``{{`` and ``}}`` are single braces; a brace that belongs to none stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from actions.model.checklist import Phase
from actions.model.errors import BadInput
from actions.model.incident import Incident
from actions.model.message_facts import PLACEHOLDERS, Now, facts, is_drill, one_line
from actions.model.outside_text import sanitise
from actions.model.procedure import Message
from actions.model.quick_dataclass import dataclass

DRILL_SUBJECT = "DRILL: "
DRILL_FIRST = "*** DRILL *** This is an exercise. Nothing has happened to the real system."
DRILL_LAST = "*** DRILL *** This was an exercise; nothing needs to be done."
SUBJECT_LIMIT = 200
TEXT_LIMIT = 20_000

_PARTS = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}\n]{0,60})\}")
_BETWEEN = re.compile(r"\s*(?:[,;/+&]|\band\b|\bund\b)\s*", re.IGNORECASE)

STAKEHOLDERS = "management, developers, support"
BUILT_IN: tuple[Message, ...] = (
    Message(
        "stakeholders: a problem after the deployment",
        Phase.BEFORE,
        STAKEHOLDERS,
        "{system} ({environment}): problem after the deployment, a rollback may follow",
        "What is seen: {title}\nSince: {since}\nSeverity: {severity}; users affected: {users}; data risk: {data_risk}\n"
        "Decision: {decision}\nFlying: {driver}\n\nNext update by {next_update}.\nIncident {incident}, {link}",
        0,
    ),
    Message(
        "users: being looked into",
        Phase.BEFORE,
        "users",
        "{system}: we are looking into a problem",
        "We are looking into a problem with {system} since the last deployment. A rollback may follow.\n"
        "We will write again by {next_update}.\n{link}",
        0,
    ),
    Message(
        "stakeholders: the way back has begun",
        Phase.CARRY_OUT,
        STAKEHOLDERS,
        "{system} ({environment}): {state}",
        "Decision: {decision}. Way back: {option}, to {target}.\nFlying: {driver}, since {since} ({duration}).\n\n"
        "Next update by {next_update}.\nIncident {incident}, {link}",
        0,
    ),
    Message(
        "users: maintenance",
        Phase.CARRY_OUT,
        "users",
        "{system}: short maintenance",
        "{system} is being set back to its earlier version. It may be interrupted for some minutes.\n"
        "We will write again by {next_update}.\n{link}",
        0,
    ),
    Message(
        "stakeholders: rollback done",
        Phase.AFTER,
        STAKEHOLDERS,
        "{system} ({environment}): rollback done, the system is stable",
        "{system} runs {running} again; every probe passes.\nIt took {duration}, since {since}.\n"
        "The system is being watched closely for 24 hours. A report follows.\nIncident {incident}, {link}",
        0,
    ),
    Message(
        "users: solved",
        Phase.AFTER,
        "users",
        "{system}: solved",
        "The problem with {system} is solved, the service is back. Thank you for your patience.\n{link}",
        0,
    ),
)
"""What there is to say where the procedure has no messages of its own."""


@dataclass(frozen=True)
class Rendered:
    """A message as it is shown, sent and recorded, to the letter."""

    name: str
    to: tuple[str, ...]
    """Roles or people, as the message names them."""
    subject: str
    text: str
    drill: bool


def templates(incident: Incident) -> tuple[Message, ...]:
    """The messages of the pinned procedure, or the built-in ones."""
    own = incident.procedure.messages if incident.procedure is not None else ()
    return own or BUILT_IN


def recipients(to: str) -> tuple[str, ...]:
    """Roles or people of a text such as ``management, developers and support``."""
    parts = (one_line(part.strip(" .:()"), 80) for part in _BETWEEN.split(to))
    return tuple(dict.fromkeys(part for part in parts if part)) or ("everybody concerned",)


def fill(template: str, values: Mapping[str, str], where: str) -> str:
    """The template with values in place of its placeholders; a value is never read as a template.

    Raises BadInput naming ``where`` for a placeholder that is none of ``values``.
    """

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0][0]
        key = re.sub(r"[\s-]+", "_", name.strip().casefold())
        if key not in values:
            raise BadInput(
                f"{where}: {{{one_line(name, 60)}}} is no placeholder",
                "known: " + ", ".join(values),
                "correct it, or write {{ and }} for braces",
                code="bad-placeholder",
            )
        return values[key]

    return _PARTS.sub(value, template)


def place(message: Message) -> str:
    """``message 'solved' (line 214)``."""
    line = f" (line {message.line})" if message.line else ""
    return f"message {one_line(message.name, 80)!r}{line}"


def template_problem(message: Message) -> str:
    """What is wrong with a template, in one line; empty: nothing."""
    try:
        for part in (message.subject, message.text):
            fill(part, dict.fromkeys(PLACEHOLDERS, ""), place(message))
    except BadInput as error:
        return error.line()
    return "" if message.text.strip() or message.subject.strip() else f"{place(message)}: is empty"


def render(incident: Incident, message: Message, now: Now, clean: Callable[[str], str] = str) -> Rendered:
    """The message for this incident now. ``clean`` takes secrets out; the mark of a drill is put on after it.

    Raises BadInput naming message and line for an unknown placeholder.
    """
    values = {key: one_line(clean(value)) for key, value in facts(incident, now).items()}
    subject = fill(message.subject, values, place(message)) or f"{values['system']}: {message.name}"
    text = fill(message.text, values, place(message))
    subject = one_line(clean(one_line(subject, SUBJECT_LIMIT * 4)), SUBJECT_LIMIT).lstrip("-– ") or values["system"]
    text = sanitise(clean(sanitise(text, keep_newlines=True)), keep_newlines=True, limit=TEXT_LIMIT).strip()
    drill = is_drill(incident)
    if drill:
        subject = DRILL_SUBJECT + subject
        text = "\n\n".join(part for part in (DRILL_FIRST, text, DRILL_LAST) if part)
    return Rendered(one_line(message.name, 80), recipients(message.to), subject, text or subject, drill)
