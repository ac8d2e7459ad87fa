"""What the columns of a table are called, by their sense; and cells as words.

What follows from a table's columns is left to ``markdown_tables`` and ``markdown_people``.
"""

from __future__ import annotations

import re

from actions.gateways.markdown_blocks import Row, TableRow
from actions.gateways.markdown_fences import looks_like_shell


def column(words: str) -> re.Pattern[str]:
    """A pattern for headings that hold a word that begins so."""
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


SEVERITY = column(r"severity|level|priority|sev\b|class\b|tier|urgency|incident type")
USERS = column(r"users?|impact|affected|customers|scope|blast")
DATA = column(r"data")
DECISION = column(
    r"decision|actions?(?!\s*(?:owner|time))|response(?!\s*(?:time|sla|target))|what to do|recommend|decide|do\b"
)
TIME = column(r"time|deadline|within|sla\b|when\b|window|until|period|minutes|elapsed|after\b")
CRITERIA = column(r"criteri|description|examples?|symptom|conditions?|triggers?|definition|indicator|meaning|what it")
CONDITION = column(r"conditions?|triggers?|symptoms?|metric|signal|threshold|criteri|situation|alerts?\b|if\b|event")
ROLE = column(r"role|position|function|title|team|who\b|name|person|responsible\b|contact\b|level")
ADDRESS = column(r"contact|e-?mail|phone|mobile|tel\b|slack|reach|channel|pager|address|handle|teams\b|number")
REACH = column(r"e-?mail|phone|mobile|tel\b|slack|pager|handle|number")
DUTY = column(r"responsib|dut(?:y|ies)|does\b|area|tasks?\b|for what|when to|availability|hours|notes?|escalat")
DECIDES = column(r"who\b|decides?|authori|approv|escalat|owner|role|contact|decision[\s-]mak")
OPTION = column(r"option|method|approach|strategy|ways?\b|scenario|path\b|alternative|rollback type|procedure")
DURATION = column(r"duration|time|eta\b|downtime|rto\b|how long|speed")
RISK = column(r"risk|danger|data loss")
GOOD_FOR = column(r"good for|use (?:when|for|case|if)|works for|when\b|best for|appl|suitable|scope|for\b")
STEPS = column(r"steps?\b|how\b")
COMMAND = column(r"commands?\b|cmd\b|run\b|execute\b|shell")
SIGNED = column(r"signature|signed|sign\b|initials?|sign[\s-]?off")


def extras(row: TableRow) -> list[Row]:
    """Links and comments of a row, without its words."""
    return [Row("", part.line, links=part.links, comments=part.comments) for cell in row.cells for part in cell]


def stands_alone(code: str, text: str) -> bool:
    """Code that is the whole line, or reads as a command wherever it stands; not a name within a sentence."""
    return code.strip() == text.strip() or looks_like_shell(code)


def words(cell: list[Row]) -> str:
    """A cell in one line."""
    return " ".join(part.text for part in cell if part.text)


def find(heads: list[str], pattern: re.Pattern[str], but: re.Pattern[str] | None = None) -> int | None:
    """The first column that is called so; with ``but``, one that is not the first called like that."""
    other = find(heads, but) if but is not None else None
    return next((at for at, head in enumerate(heads) if pattern.search(head) and at != other), None)


def take(heads: list[str], pattern: re.Pattern[str], taken: set[int]) -> int | None:
    """The first column that is called so and is not taken yet; it is taken then."""
    found = next((at for at, head in enumerate(heads) if at not in taken and pattern.search(head)), None)
    if found is not None:
        taken.add(found)
    return found
