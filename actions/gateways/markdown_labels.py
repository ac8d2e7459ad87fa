"""What single lines say: owner and dates, blanks to sign, labels of an option, contacts, and who decides when.

Pure text to answers; where they belong is left to the readers.
"""

from __future__ import annotations

import re

from actions.model.procedure import Contact, EscalationRule
from actions.model.procedure_words import duration, last_day

_LABEL = re.compile(r"^[\W_]*(?P<name>[A-Za-z][\w /&'().-]{1,48}?)\s*[:\uff1a]\s*(?P<value>.*)$", re.DOTALL)
_OWNER = re.compile(
    r"^(?:(?:document|runbook|procedure|doc|process|page) )?(?:owners?|owned by|owning team|owner team|maintainers?"
    r"|maintained by|responsible(?: team| party)?|authors?)$",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"^(?:(?:last|document|latest) )*(?:updated?|modified|revised|reviewed|revision|changed|edited|lastmod|tested)"
    r"(?: on| date| at)?$|^date$|^(?:last|document) review(?: date)?$|^version date$",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"^(?:next|scheduled|upcoming|planned)\b.*\b(?:review|update|revision)(?: date| due| on)?$"
    r"|^review (?:due|by|date|on|again|in|due date|before)$|^(?:to be )?reviewed (?:again )?by$",
    re.IGNORECASE,
)
_OPTION_LABELS = (
    (
        "duration",
        re.compile(
            r"^(?:(?:estimated|expected|total|typical|approx(?:imate|\.)?|average) )?(?:duration"
            r"|time(?: required| needed| to complete| estimate)?|eta|downtime|time frame|timeframe|timeline|rto)$",
            re.IGNORECASE,
        ),
    ),
    ("risk", re.compile(r"^(?:risk|risks|risk level|data risk|danger)$", re.IGNORECASE)),
    (
        "good_for",
        re.compile(
            r"^(?:works (?:best )?for|use (?:when|if|for|this when|this if|case)|when to use(?: this| it)?"
            r"|(?:best|good) for|suitable (?:for|when)|appl(?:ies|icable)(?: to| when| for| if)?|applicability"
            r"|scope|only if|only use (?:if|when)|use only (?:if|when)|best used when)$",
            re.IGNORECASE,
        ),
    ),
)
_SIGNED = re.compile(
    r"^(?:executed|performed|carried out|conducted|completed|done|verified|checked|approved|authori[sz]ed|reviewed"
    r"|signed|confirmed|witnessed|prepared|signature|date(?: and |/| & )?time|date|time|name)"
    r"(?: off)?(?: by)?(?: \([^)]*\))?$",
    re.IGNORECASE,
)
_BLANK = re.compile(
    r"(?P<name>[A-Za-z][^_:\n]{1,60}?)\s*[:\uff1a]?\s*(?:_[_ ]{2,}_|(?:…{2,}|\.{5,}|\[[\s_]+\])(?=\s*$))"
)


def metadata(text: str) -> dict[str, str]:
    """``owner``, ``updated``, ``next_review`` as a line gives them; also several on one line, divided by bars."""
    found = {}
    for part in re.split(r"\s+[|·•‖]\s+|\s{3,}", text):
        match = _LABEL.match(part)
        if match is None:
            continue
        value = match["value"].strip(" *_|")
        if not value or set(value) <= set("_.… "):
            continue
        name = " ".join(match["name"].split())
        key = metadata_key(name, value)
        if key:
            found[key] = value
    return found


def metadata_key(name: str, value: str) -> str:
    """Which of our three facts a label names; empty: none. What should be a date must read as one."""
    if _OWNER.match(name):
        return "owner"
    if _NEXT.match(name):
        return "next_review"
    if _UPDATED.match(name) and (name.lower() not in ("date", "changed", "tested", "revision") or last_day(value)):
        return "updated" if last_day(value) or re.search(r"\d", value) else ""
    return ""


def option_label(text: str) -> tuple[str, str] | None:
    """``duration``, ``risk`` or ``good_for`` with its value."""
    match = _LABEL.match(text)
    if match is None:
        return None
    return option_label_of(" ".join(match["name"].split()), match["value"].strip())


def option_label_of(name: str, value: str) -> tuple[str, str] | None:
    """The same for a name and a value that stand apart (a table's column)."""
    for key, pattern in _OPTION_LABELS:
        if pattern.match(name.strip()):
            return key, value
    return None


def sign_offs(text: str, expected: bool) -> list[str]:
    """Names of the blanks on a line. ``expected``: the section is for signatures, so an empty label is one."""
    names = [re.sub(r"^[\W\d]+", "", match["name"]).strip(" *-–:|") for match in _BLANK.finditer(text)]
    names = [name for name in names if name]
    if names:
        return names
    match = _LABEL.match(text)
    if match and not match["value"].strip(" *_.…|"):
        name = " ".join(match["name"].split())
        if _SIGNED.match(name) and (expected or name.lower().endswith(" by") or "signature" in name.lower()):
            return [name]
    return []


# --------------------------------------------------------------------------------------------------------- contacts

_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*|(?<!\w)\+?\d[\d\s()./-]{6,}\d|(?<![\w/])[#@][A-Za-z][\w.-]+|https?://\S+"
    r"|\{[\w.]+\}",
)
LONGEST_ROLE = 6
"""Words; what is longer is a sentence."""


def addresses(text: str) -> list[str]:
    """Mail addresses, telephone numbers, channels and handles in a text."""
    return [match[0].strip(" .,;") for match in _ADDRESS.finditer(text)]


def contact(text: str, line: int) -> Contact | None:
    """``Role: address - duty`` or ``Role - address``; None where it names no way to reach anybody."""
    found = addresses(text)
    head, mark, rest = _split_role(text)
    if found:
        first = _ADDRESS.search(text)
        role = head if mark and first and text.find(first[0]) >= len(head) else text[: first.start() if first else 0]
        role = role.strip(" :-–—*(|,<")
        duty = rest if mark else text[len(role) :]
        for one in found:
            duty = duty.replace(one, " ")
        duty = re.sub(r"\s*[(<\[]\s*[)>\]]\s*", " ", duty)
        duty = " ".join(duty.split()).strip(" :-–—,;(|")
        if len(role.split()) > LONGEST_ROLE:
            return None
        return Contact(role or found[0], ", ".join(found), duty, line)
    if mark and rest.strip() and len(head.split()) <= LONGEST_ROLE:
        return Contact(head.strip(" *"), "", rest.strip(), line)
    return None


def _split_role(text: str) -> tuple[str, str, str]:
    match = re.match(r"^(?P<head>[^:–—@]{2,60}?)\s*(?P<mark>:|–|—|\s-\s)\s*(?P<rest>.*)$", text, re.DOTALL)
    return (match["head"], match["mark"], match["rest"]) if match else ("", "", text)


# ------------------------------------------------------------------------------------------------------- who decides

_ROLE_WORDS = (
    r"(?:[A-Z][\w&/.-]*\s+){0,3}(?:Lead|Admin(?:istrator)?|Manager|Director|Engineer|Owner|Commander|Officer|Head|Chief"
    r"|On[\s-]?Call|DBA|CTO|CEO|CIO|CISO|SRE|VP|Operator|Architect|Coordinator|Supervisor|Team|Operations|DevOps)\b"
)
_ROLE = re.compile(_ROLE_WORDS)
_DATABASE = re.compile(r"\bdatabase\b|\bdb\b|\bdata(?:base)? (?:rollback|restore|loss)", re.IGNORECASE)
_LATER = re.compile(
    r"\b(?:after|beyond|past|no (?:response|answer|reply) (?:in|within|after)|if not|later than|exceeds)\b"
    r"|>|\bT\s*\+|\d\s*\+",
    re.IGNORECASE,
)
_WITHIN = re.compile(r"\b(?:first|within|until|up to|under|less than|during)\b|<|≤|^\s*0\s*(?:-|–|to)", re.IGNORECASE)


def escalation_rule(when: str, who: str, text: str, line: int, known_roles: tuple[str, ...]) -> EscalationRule:
    """One rule from its two halves: until when, and who. What neither says stays in its text."""
    low, high = duration(when)
    from_s, within_s = 0, None
    if high is not None:
        if _LATER.search(when) and not _WITHIN.search(when):
            from_s, within_s = (low, high) if low is not None else (high, None)
        elif low is not None and low > 0:
            from_s, within_s = low, high
        else:
            within_s = high
    head = when or text
    about = "database" if _DATABASE.search(re.sub(_ROLE, " ", head)) else ""
    return EscalationRule(text, line, roles_in(who, known_roles), about, from_s, within_s)


def roles_in(text: str, known_roles: tuple[str, ...]) -> tuple[str, ...]:
    """The roles that a text names: those of the contacts first, else words that read as one. In their order."""
    found: dict[str, int] = {}
    rest = text
    for role in sorted(known_roles, key=len, reverse=True):
        at = rest.lower().find(role.lower())
        if role and at >= 0:
            found[role] = at
            rest = rest[:at] + " " * len(role) + rest[at + len(role) :]
    for match in _ROLE.finditer(rest):
        found.setdefault(re.sub(r"^(?:The|And|Or|Only|Both|Always)\s+", "", match[0]), match.start())
    return tuple(sorted(found, key=lambda role: found[role]))


def split_rule(text: str) -> tuple[str, str]:
    """``First 15 minutes: DevOps Lead decides`` as its two halves."""
    match = re.match(r"^(?P<when>[^:→]{2,80}?)\s*(?::|→|=>|->|–|—)\s*(?P<who>.+)$", text, re.DOTALL)
    if match:
        return match["when"], match["who"]
    return text, text
