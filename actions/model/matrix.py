"""The decision matrix: from severity, users affected and data risk to a recommendation; and who may decide when.

A total function over all combinations: where the inputs point to different rows, the worst row wins and is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from actions.model.quick_dataclass import dataclass
from actions.model.role import role_key

if TYPE_CHECKING:
    from actions.model.procedure import EscalationRule


class Decision(Enum):
    """What the matrix can recommend and a person can decide."""

    ROLL_BACK = "roll back"
    FIX_FORWARD = "fix forward"


@dataclass(frozen=True)
class Row:
    """One row of the matrix. ``users_above`` and ``users_upto`` bound its share of users in percent."""

    severity: str
    users: str
    users_above: int
    """The row holds for shares at or above this (the first row: above)."""
    data_risk: str
    decision: Decision
    within: str
    within_s: int | None
    """Seconds until it should be done; None: the next release."""


BUILT_IN: tuple[Row, ...] = (
    Row("Critical", "over 80 %", 81, "High", Decision.ROLL_BACK, "15 min", 15 * 60),
    Row("High", "50-80 %", 50, "Medium", Decision.ROLL_BACK, "1-2 h", 2 * 3600),
    Row("Medium", "10-50 %", 10, "Low", Decision.FIX_FORWARD, "4-8 h", 8 * 3600),
    Row("Low", "under 10 %", 0, "None", Decision.FIX_FORWARD, "next release", None),
)
"""Worst first. A share on a boundary belongs to the worse row; 80 % does not, as the first row says "over 80"."""

SEVERITIES = tuple(row.severity for row in BUILT_IN)
DATA_RISKS = tuple(row.data_risk for row in BUILT_IN)


@dataclass(frozen=True)
class Inputs:
    """What is known of the damage. Empty text and -1 mean: not known yet."""

    severity: str = ""
    users_low: int = -1
    users_high: int = -1
    data_risk: str = ""

    def words(self) -> str:
        """What is known: ``severity High, users 60-80 %, data risk ?``."""
        return f"severity {self.severity or '?'}, users {self.users_text()}, data risk {self.data_risk or '?'}"

    def users_text(self) -> str:
        """``60-80 %``, ``60 %`` or ``?``."""
        if self.users_high < 0:
            return "?"
        if self.users_low in (self.users_high, -1):
            return f"{self.users_high} %"
        return f"{self.users_low}-{self.users_high} %"


@dataclass(frozen=True)
class Recommendation:
    """The row that wins, and which inputs made it win."""

    row: Row
    index: int
    decided_by: tuple[str, ...]
    """``severity``, ``users``, ``data risk``, ``criteria``: those that point to the winning row."""
    unknown: tuple[str, ...]
    """Inputs that nobody has set; they count for nothing until they are."""
    disagree: bool
    """The set inputs point to different rows."""

    def words(self) -> str:
        """One line for the pane and the record."""
        text = f"decided by {' and '.join(self.decided_by)}"
        if self.disagree:
            text += " (inputs disagree, the worst counts)"
        if self.unknown:
            text += f"; not known: {', '.join(self.unknown)}"
        return text


def users_row(share: int, rows: Sequence[Row] = BUILT_IN) -> int:
    """Index of the row for a share of users in percent."""
    for index, row in enumerate(rows):
        if share >= row.users_above:
            return index
    return len(rows) - 1


def severity_of_level(level: str, levels: Sequence[str], rows: Sequence[Row] = BUILT_IN) -> str:
    """The severity that a criterion of this level proposes: of the same name, else of the same place from the worst.

    ``levels``: those of the document, worst first.
    """
    plain = level.strip().casefold()
    for row in rows:
        if row.severity.casefold() == plain:
            return row.severity
    place = list(levels).index(level) if level in levels else 0
    return rows[min(place, len(rows) - 1)].severity


def named(words: Sequence[str]) -> tuple[str, ...]:
    """The words of a column, each once, without the empty ones: what can be chosen there."""
    return tuple(dict.fromkeys(word for word in words if word))


def pointing(inputs: Inputs, rows: Sequence[Row] = BUILT_IN, criteria: str = "") -> dict[str, int]:
    """``severity``, ``criteria``, ``users`` and ``data risk``: each that is known, with the row that it points to.

    A column that the matrix has not (no shares of users, no data risk) has nothing to say.
    """
    points: dict[str, int] = {}
    severities = [row.severity for row in rows]
    risks = [row.data_risk for row in rows]
    if inputs.severity and inputs.severity in severities:
        points["severity"] = severities.index(inputs.severity)
    if criteria and criteria in severities:
        points["criteria"] = severities.index(criteria)
    if inputs.users_high >= 0 and has_users(rows):
        points["users"] = users_row(inputs.users_high, rows)
    if inputs.data_risk and inputs.data_risk in risks:
        points["data risk"] = risks.index(inputs.data_risk)
    return points


def has_users(rows: Sequence[Row]) -> bool:
    """Whether the matrix tells rows apart by the share of users."""
    return any(row.users_above for row in rows)


def recommend(inputs: Inputs, rows: Sequence[Row] = BUILT_IN, criteria: str = "") -> Recommendation | None:
    """The recommendation for what is known, or None while nothing is known.

    ``criteria``: the severity that the criteria which are met propose; it counts beside the one that a person set,
    and stands for it until somebody sets it.
    """
    points = pointing(inputs, rows, criteria)
    if not points:
        return None
    unknown = []
    if "severity" not in points and "criteria" not in points and any(row.severity for row in rows):
        unknown.append("severity")
    if "users" not in points and has_users(rows):
        unknown.append("users")
    if "data risk" not in points and any(row.data_risk for row in rows):
        unknown.append("data risk")
    worst = min(points.values())
    deciding = tuple(name for name, index in points.items() if index == worst)
    return Recommendation(rows[worst], worst, deciding, tuple(unknown), len(set(points.values())) > 1)


def parse_users(text: str) -> tuple[int, int]:
    """``60``, ``60%``, ``60-80 %``, ``>80`` or ``<10`` as a range in percent. Raises ValueError with the reason."""
    plain = text.replace("%", "").replace(" ", "").replace("–", "-")
    if not plain.isascii():
        raise ValueError(f"users: a percentage or a range such as 60-80, not {text!r}")
    low_text, dash, high_text = plain.partition("-")
    if plain[:1] in "<>" and plain[1:].isdigit():
        value = int(plain[1:])
        low, high = (0, max(0, value - 1)) if plain[0] == "<" else (min(100, value + 1), 100)
    elif low_text.isdigit() and (not dash or high_text.isdigit()):
        low = int(low_text)
        high = int(high_text) if dash else low
    else:
        raise ValueError(f"users: a percentage or a range such as 60-80, not {text!r}")
    if not 0 <= low <= high <= 100:
        raise ValueError(f"users: between 0 and 100 and in order, not {text!r}")
    return low, high


@dataclass(frozen=True)
class Authority:
    """Who may decide until when."""

    within_s: int | None
    roles: tuple[str, ...]


DEFAULT_AUTHORITY: tuple[Authority, ...] = (
    Authority(15 * 60, ("devops-lead",)),
    Authority(None, ("tech-manager",)),
)


def authority_of(rows: Iterable[EscalationRule]) -> tuple[Authority, ...]:
    """The general rules of a document; roles as the configuration writes them: ``DevOps Lead`` is ``devops-lead``."""
    general = sorted((row for row in rows if not row.about and row.roles), key=lambda row: row.from_s)
    return tuple(Authority(row.within_s, tuple(map(role_key, row.roles))) for row in general)


def may_decide(elapsed_s: int, rules: Sequence[Authority] = DEFAULT_AUTHORITY) -> tuple[Authority, int | None]:
    """The rule that holds now and the seconds until the next one takes over (None: it stays)."""
    for rule in rules:
        if rule.within_s is None:
            return rule, None
        if elapsed_s < rule.within_s:
            return rule, rule.within_s - elapsed_s
    return rules[-1], None
