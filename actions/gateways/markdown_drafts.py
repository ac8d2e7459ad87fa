"""What has been read of a document so far, while it is still being read: drafts that later lines may add to.

Making a procedure of them is left to ``markdown_finish``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.gateways.markdown_blocks import Target
from actions.gateways.markdown_sections import Lead, Section
from actions.model.checklist import Phase
from actions.model.procedure import (
    Commands,
    Contact,
    Criterion,
    EscalationRule,
    Heading,
    Link,
    MatrixLine,
    Message,
    NotUnderstood,
    Prose,
    SignOff,
    TableRead,
)


@dataclass
class ItemDraft:
    """An item of a checklist."""

    text: str
    line: int
    depth: int
    ticked: bool
    group: str = ""
    bound: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    commands: list[Commands] = field(default_factory=list)


@dataclass
class ListDraft:
    """A checklist."""

    name: str
    phase: Phase
    line: int
    section: Section
    lead: Lead | None
    paper: bool
    low_s: int | None
    high_s: int | None
    items: list[ItemDraft] = field(default_factory=list)


@dataclass
class StepDraft:
    """A step of a section."""

    text: str
    line: int
    commands: list[Commands] = field(default_factory=list)


@dataclass
class OptionDraft:
    """A section with steps, or a row of a table of options."""

    name: str
    line: int
    section: Section | None
    labels: dict[str, str] = field(default_factory=dict)
    steps: list[StepDraft] = field(default_factory=list)
    table_line: int = 0


@dataclass
class Drafts:
    """Everything read so far."""

    facts: dict[str, str] = field(default_factory=dict)
    """title, owner, updated, next_review."""
    criteria: list[Criterion] = field(default_factory=list)
    criteria_bound: dict[int, dict[str, str]] = field(default_factory=dict)
    matrix: list[MatrixLine] = field(default_factory=list)
    lists: list[ListDraft] = field(default_factory=list)
    options: list[OptionDraft] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    rules: list[tuple[str, str, str, int]] = field(default_factory=list)
    """Escalation: when, who, the whole text, line. Read last, when the roles are known."""
    escalation: list[EscalationRule] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    sign_offs: list[SignOff] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    named_documents: list[Link] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    texts: list[Prose] = field(default_factory=list)
    tables: list[TableRead] = field(default_factory=list)
    wrong: list[NotUnderstood] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    options_by_section: dict[int, OptionDraft] = field(default_factory=dict)

    def not_understood(self, line: int, text: str, why: str) -> None:
        """Lists something that found no place."""
        self.wrong.append(NotUnderstood(line, text, why))

    def prose(self, section: Section, text: str, line: int) -> None:
        """Keeps running text."""
        if text.strip():
            self.texts.append(Prose(section.path, text, line))

    def option(self, section: Section) -> OptionDraft:
        """The draft of a section's steps, made when it is first needed."""
        draft = self.options_by_section.get(id(section))
        if draft is None:
            draft = OptionDraft(section.title, section.line, section)
            self.options_by_section[id(section)] = draft
            self.options.append(draft)
        return draft
