"""What a heading means: which part of a procedure stands beneath it. By meaning, not by exact words.

Reading the parts is left to the readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from actions.gateways.markdown_bindings import phase_named
from actions.model.checklist import Phase
from actions.model.procedure_words import begins_with_level, decision_of, duration, phase_of


class Role(Enum):
    """Parts of a procedure that a heading announces."""

    CRITERIA = "criteria"
    CONTACTS = "contacts"
    ESCALATION = "escalation"
    LINKS = "links"
    SIGN_OFF = "sign-off"
    MESSAGES = "messages"


_ROLES = (
    (Role.SIGN_OFF, re.compile(r"\bsign(?:ed)?[\s-]?off|\bsignatures?\b", re.IGNORECASE)),
    (
        Role.ESCALATION,
        re.compile(
            r"\bescalat|\bwho (?:may |can )?decides?\b|\bwho approves\b|\bauthority\b|\bauthori[sz]ation\b"
            r"|\bapprov(?:al|ers?)|\bchain of command|\bdecision[\s-]mak",
            re.IGNORECASE,
        ),
    ),
    (
        Role.CRITERIA,
        re.compile(
            r"\bwhen (?:to|should|do|must|not to)\b.*\b(?:roll|revert|use|act|go|declare|start|run)|\btriggers\b"
            r"|\btrigger (?:condition|event|criteri|list)|\bcriteria\b|\bseverit(?:y|ies)\b|\bgo back if\b"
            r"|\bconditions for\b|\brollback conditions\b",
            re.IGNORECASE,
        ),
    ),
    (
        Role.CONTACTS,
        re.compile(
            r"\bcontacts?\b|\bon[\s-]?call\b|\bwho to (?:call|contact|reach)|\bpeople\b|^\W*(?:key )?roles\b"
            r"|\broles (?:and|&) resp|\bphone (?:numbers|list)",
            re.IGNORECASE,
        ),
    ),
    (
        Role.LINKS,
        re.compile(
            r"\btable of contents\b|^\W*contents\W*$"
            r"|\brelated\b|\bsee also\b|\breferences\b|\bfurther reading\b|\bother documents\b",
            re.IGNORECASE,
        ),
    ),
    (
        Role.MESSAGES,
        re.compile(
            r"\btemplates?\b|\bmessages?\b|\bannouncements?\b|\bstatus (?:page|update)|\bnotifications?\b|\bwording"
            r"|\bcommunications?\b|\bnotices?\b|\be-?mails?\b",
            re.IGNORECASE,
        ),
    ),
)
_LEADS = re.compile(
    r"\bescalation\b|\bwho (?:may )?decides?\b|\bdecision authority\b|\bcontacts\b|\btriggers\b|\bwhen to roll"
    r"|\b(?:rollback|severity) criteria\b|\bsee also\b|\brelated (?:documents?|documentation|runbooks)\b",
    re.IGNORECASE,
)
"""Only these, because a line above a list says much by the way that a heading would not."""
_OTHER_CRITERIA = re.compile(r"\b(?:exit|success|acceptance|completion|entry|done)\b", re.IGNORECASE)
_OPTION = re.compile(
    r"^\W*(?i:(?:rollback|recovery|restore|emergency)\s+)?(?i:option|method|scenario|path|approach|strategy|alternative|variant|plan|way|procedure|playbook|route)"
    r"\s*#?(?:\d{1,2}(?:\.\d)?[a-zA-Z]?|[A-Z]\d?)\b"
)
_STEP = re.compile(r"^\W*(?:step|stage)\s*#?\d", re.IGNORECASE)


@dataclass
class Section:
    """A heading and what is bound to it. The document itself is one, at level 0."""

    title: str
    level: int
    line: int
    parent: Section | None = None
    is_title: bool = False
    """It names the document: what it says is not passed on."""
    bound: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def upwards(self) -> Iterator[Section]:
        """This section, then those around it."""
        here: Section | None = self
        while here is not None:
            yield here
            here = here.parent

    @property
    def path(self) -> str:
        """``Before > Backup``, without the document's title."""
        titles = [one.title for one in self.upwards() if one.title and not one.is_title]
        return " > ".join(reversed(titles)) or self.title

    @property
    def role(self) -> Role | None:
        """What stands here: as the nearest heading says that says anything."""
        for one in self.upwards():
            if one.is_title and one is not self:
                return None
            if own := role_of(one.title):
                return own
            if one.is_option or (one is not self and "phase" in one.bound):
                return None
        return None

    @property
    def is_option(self) -> bool:
        """The document calls it a way back."""
        return "option" in self.bound or _OPTION.match(self.title) is not None

    @property
    def is_step(self) -> bool:
        """It is a step of the section around it."""
        return _STEP.match(self.title) is not None

    def option_section(self) -> Section:
        """The section whose steps stand here: an option around it, else the nearest that is no step itself."""
        for one in self.upwards():
            if one.is_option:
                return one
        here = self
        while here.is_step and here.parent is not None:
            here = here.parent
        return here


def role_of(title: str) -> Role | None:
    """What a heading announces."""
    if begins_with_level(title) and decision_of(title):
        return Role.CRITERIA
    for role, pattern in _ROLES:
        if pattern.search(title) and not (role is Role.CRITERIA and _OTHER_CRITERIA.search(title)):
            return role
    return None


def role_of_lead(text: str) -> Role | None:
    """What a line above a list announces."""
    return role_of(text) if _LEADS.search(text) else None


@dataclass
class Lead:
    """A short line above a list that names it: ``Before rollback:``."""

    text: str
    line: int
    bound: dict[str, str] = field(default_factory=dict)


def phase_at(section: Section, lead: Lead | None) -> Phase:
    """The phase of a list: as bound, else as the nearest words say, else it belongs to carrying out."""
    for bound, words in _nearest(section, lead):
        if "phase" in bound and (phase := phase_named(bound["phase"])):
            return phase
        if words and (said := phase_of(words)):
            return said
    return Phase.CARRY_OUT


def time_box_at(section: Section, lead: Lead | None) -> tuple[int | None, int | None]:
    """Lower and upper bound of the time that the nearest words give a list."""
    for _, words in _nearest(section, lead):
        low, high = duration(words)
        if high is not None:
            return low, high
    return None, None


def _nearest(section: Section, lead: Lead | None) -> Iterator[tuple[dict[str, str], str]]:
    if lead is not None:
        yield lead.bound, lead.text
    for one in section.upwards():
        yield one.bound, one.title


def action_after(text: str, level: str) -> str:
    """What a heading such as ``Critical (roll back at once)`` says to do."""
    at = text.lower().find(level.lower())
    rest = text[at + len(level) :] if at >= 0 else ""
    inside = re.search(r"\(([^)]*)\)", rest)
    if inside:
        return inside[1].strip()
    match = re.match(r"^[^-–—:]{0,24}[-–—:]\s*(?P<action>.+)$", rest)
    return match["action"].strip() if match else ""


def slug(title: str) -> str:
    """A heading's anchor, as most sites make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
