"""Tables of people: contacts, who decides, and who signs. What a table is, is decided in ``markdown_tables``."""

from __future__ import annotations

from actions.gateways.markdown_blocks import TableRow
from actions.gateways.markdown_columns import ADDRESS, ROLE, TIME, column, find, take, words
from actions.gateways.markdown_drafts import Drafts
from actions.model.procedure import Contact, SignOff


def contacts(drafts: Drafts, heads: list[str], rows: list[TableRow]) -> str:
    """A table of people: who, how to reach them, and what they do."""
    taken: set[int] = set()
    role = take(heads, column(r"role|position|function|title|responsible\b"), taken)
    role = role if role is not None else take(heads, ROLE, taken)
    reach = [at for at, head in enumerate(heads) if at not in taken and ADDRESS.search(head)]
    taken.update(reach)
    duty = take(heads, column(r"responsib|dut(?:y|ies)|does\b|tasks?\b"), taken)
    for row in rows:
        said = [words(cell) for cell in row.cells]
        rest = [said[at] for at in range(len(heads)) if at not in taken and said[at]]
        name = said[role] if role is not None else said[0]
        addresses = ", ".join(said[at] for at in reach if said[at])
        does = said[duty] if duty is not None else ""
        duties = "; ".join(one for one in (does, *rest) if one)
        drafts.contacts.append(Contact(name, addresses, duties, row.line))
    return "contacts"


def escalation(drafts: Drafts, heads: list[str], rows: list[TableRow]) -> str:
    """A table of who decides, by time or by occasion."""
    time = find(heads, TIME)
    for row in rows:
        said = [words(cell) for cell in row.cells]
        when = said[time] if time is not None else said[0]
        who = " ".join(one for at, one in enumerate(said) if at != (time if time is not None else 0) and one)
        text = ": ".join(one for one in (when, who) if one)
        drafts.rules.append((when, who, text, row.line))
    return "escalation"


def signatures(drafts: Drafts, rows: list[TableRow]) -> str:
    """A table to be signed: a blank for each row."""
    for row in rows:
        name = next((words(cell) for cell in row.cells if words(cell).strip(" _.")), "")
        drafts.sign_offs.append(SignOff(name or "signature", row.line))
    return "sign-off"
