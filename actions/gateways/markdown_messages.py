"""Reads texts to be sent: those that a comment names, and the wording under headings that announce it.

Rendering and sending them is left to others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.gateways.markdown_bindings import phase_named
from actions.gateways.markdown_blocks import Block
from actions.model.checklist import Phase
from actions.model.procedure import Message
from actions.model.procedure_words import phase_of

if TYPE_CHECKING:
    from actions.gateways.markdown_reading import Reader

_AUDIENCES = (
    ("users", re.compile(r"\busers?\b|\bcustomers?\b|\bpublic\b|\bclients?\b", re.IGNORECASE)),
    ("support", re.compile(r"\bsupport\b|\bhelp\s?desk\b", re.IGNORECASE)),
    ("developers", re.compile(r"\bdevelopers?\b|\bengineers?\b|\bengineering\b", re.IGNORECASE)),
    ("management", re.compile(r"\bmanagement\b|\bexecutives?\b|\bleadership\b", re.IGNORECASE)),
    ("stakeholders", re.compile(r"\bstakeholders?\b", re.IGNORECASE)),
    ("team", re.compile(r"\bteam\b|\binternal\b", re.IGNORECASE)),
)


def audience(text: str) -> str:
    """Whom a heading says a message is for; empty: it does not."""
    return next((name for name, pattern in _AUDIENCES if pattern.search(text)), "")


class MessageReader:
    """Messages, wherever their text stands."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def bound(self, block: Block) -> None:
        """The block that stands after a message comment."""
        reader = self.reader
        fields, reader.message = reader.message or {}, None
        text = block.text if block.kind in ("fence", "code") else "\n".join(row.text for row in block.all_rows())
        reader.take_extras(block.all_rows())
        self.add(text, block.line, fields)

    def add(self, text: str, line: int, fields: dict[str, str] | None = None) -> None:
        """A text to be sent: its subject may be its first line; whom to and when may be in the heading."""
        reader = self.reader
        given = fields or {}
        rest, subject = text.strip("\n"), given.get("subject", "")
        match = re.match(r"^\W*Subject\W*?[:\uff1a]\s*(?P<subject>[^\n]+)\n?", rest, re.IGNORECASE)
        if match and not subject:
            subject, rest = match["subject"].strip(" *"), rest[match.end() :].lstrip("\n")
        words = f"{reader.lead.text if reader.lead else ''} {reader.section.title}"
        phase = phase_named(given.get("phase", "")) or phase_of(words) or phase_of(subject) or Phase.BEFORE
        name = given.get("name", "") or (reader.lead.text if reader.lead else "") or reader.section.title
        to = given.get("to", "") or audience(words) or audience(subject)
        reader.drafts.messages.append(Message(name, phase, to, subject, rest.strip(), line))
        reader.bound_to = None
