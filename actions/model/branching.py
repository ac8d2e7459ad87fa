"""What follows from a criterion that opens a part of the procedure: items that come first, words of warning. Pure.

Which parts are open is ``incident.branches``; that their gates really hold is ``blocking``'s work.
"""

from __future__ import annotations

from collections.abc import Collection

from actions.model.incident import Incident, item_of, restricted, state_of
from actions.model.procedure import ListItem

CODE_ONLY = ("compose", "git", "coolify")
"""Ways back that bring older code, and touch no data."""
DATA, SECURITY = "data", "security"
RESTRICTED = "RESTRICTED"
_LOUD = {
    DATA: "DATA MAY BE DAMAGED: older code alone mends no data",
    SECURITY: f"SOMEBODY MAY BE INSIDE: evidence is kept before anything is changed; the record is {RESTRICTED}",
}
_BRIEF = {DATA: "DATA DAMAGED?", SECURITY: "SOMEBODY INSIDE?"}


def opened_by(incident: Incident, met: Collection[str]) -> frozenset[str]:
    """Branches that would be open if exactly these criteria were met."""
    criteria = incident.procedure.criteria if incident.procedure else ()
    return frozenset(one.branch for place, one in enumerate(criteria, 1) if one.branch and f"Y{place}" in met)


def items_of(incident: Incident, branch: str) -> tuple[ListItem, ...]:
    """What the document asks while this branch is open, whether or not it is."""
    parts = incident.procedure.checklists if incident.procedure else ()
    return tuple(item for part in parts for item in part.items if item.when == branch and not part.paper)


def consequence(incident: Incident, branch: str) -> str:
    """What ticking such a criterion leads to, for the line under it; empty for one that opens nothing."""
    if not branch:
        return ""
    codes = " ".join(item.code for item in items_of(incident, branch))
    parts = [f"opens {codes}"] if codes else []
    if branch == DATA:
        parts.append("older code alone mends no data")
    if branch == SECURITY:
        parts.append(f"the record is {RESTRICTED} from then on")
    return "; ".join(parts)


def warnings(incident: Incident, open_branches: Collection[str]) -> tuple[str, ...]:
    """One loud line for each of these branches, with the item that comes first and those that follow."""
    found = []
    for branch in sorted(set(open_branches) & set(_LOUD)):
        asked = _asked(incident, branch)
        words = _LOUD[branch]
        if asked:
            then = " ".join(item.code for item in asked[1:])
            words += f". First {asked[0].code}: {asked[0].text}" + (f". Then {then}" if then else "")
        found.append(words)
    return tuple(found)


def brief_warning(incident: Incident, open_branches: Collection[str]) -> str:
    """The same in one short line, for a narrow pane; empty where no branch is open."""
    found = []
    for branch in sorted(set(open_branches) & set(_BRIEF)):
        asked = " ".join(item.code for item in _asked(incident, branch))
        found.append(f"{_BRIEF[branch]} {f'first {asked}' if asked else 'what comes first is settled'}")
    return "; ".join(found)


def _asked(incident: Incident, branch: str) -> tuple[ListItem, ...]:
    return tuple(item for item in items_of(incident, branch) if not _settled(incident, item))


def option_warning(incident: Incident, option: str, open_branches: Collection[str]) -> str:
    """Why this way back is not enough by itself, or empty."""
    if DATA not in open_branches or option not in CODE_ONLY:
        return ""
    return f"{option} brings older code only. {warnings(incident, (DATA,))[0]}"


def _settled(incident: Incident, item: ListItem) -> bool:
    listed = item_of(incident, item.code)
    return listed is not None and state_of(incident, listed).settled


RESTRICTED_WORDS = (
    f"{RESTRICTED}: this record tells of a security hole. Give it to nobody who need not know: whoever has this file"
    " can read it."
)


def insiders(incident: Incident) -> frozenset[str]:
    """Who works on the incident, in small letters: roles of people, of the document's contacts and of who decides."""
    people = incident.declared.people if incident.declared else {}
    found = {"team", "management", "developers"}
    found |= {str(role) for person in people.values() for role in person.get("roles", ())}
    if incident.procedure is not None:
        found |= {one.role for one in incident.procedure.contacts}
        found |= {role for rule in incident.procedure.escalation for role in rule.roles}
    return frozenset(_key(role) for role in found)


def outsiders(incident: Incident, roles: Collection[str]) -> tuple[str, ...]:
    """Those of these recipients who learn of a security hole without working on it; nobody while it is none."""
    if not restricted(incident):
        return ()
    inside = insiders(incident)
    return tuple(role for role in roles if _key(role) not in inside)


def outside_words(names: Collection[str]) -> str:
    """What is said before such a message goes out."""
    return f"{RESTRICTED}, and not among those who work on it: {', '.join(names)}. Why may they know?"


def _key(role: str) -> str:
    return " ".join(role.replace("-", " ").casefold().split()).removeprefix("the ")
