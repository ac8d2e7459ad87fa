"""The code that an approver reads out over the phone: three groups of four digits. Pure.

Digits, because the ten of them are read out the same way by everybody, have no case, and none sounds like another the
way B, D, P and T do. The last one is a check digit (Damm): every single wrong digit and any two swapped
neighbours are told from a code that belongs to another plan.

What it proves: that somebody had this very plan, of this incident, on a goaround screen within the last minutes, and
answered for this person. It does not prove who that was: everything that it is made of stands in the record, so whoever
flies could have computed it. It prevents mistakes, not lies, and is marked as the weakest of the three ways.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from actions.model.approval import roles_of
from actions.model.canonical import sha256_hex
from actions.model.incident import Incident

WINDOW_S = 300
"""A code is made for five minutes of wall time …"""
WINDOWS = (0, -1, -2, 1)
"""… and taken for ten to fifteen, from a clock that may be five minutes ahead."""

_DIGITS = 12
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


class ReadBack(Enum):
    """What became of a code."""

    RIGHT = "right"
    MISHEARD = "misheard"
    """Its check digit does not fit: have it read out again."""
    OTHER = "other"
    """A well-formed code of another plan, person or time."""


def read_back_code(incident: Incident, person: str, at: datetime) -> str:
    """The code for this person's approval of the present plan at this moment: ``4071 9926 3358``."""
    return grouped(_code(incident, person, int(at.timestamp()) // WINDOW_S))


def judge(incident: Incident, person: str, typed: str, at: datetime) -> ReadBack:
    """Whether what was typed is the code of this person for the present plan, made lately."""
    digits = "".join(char for char in typed if char.isascii() and char.isdigit())
    if len(digits) != _DIGITS or _damm(digits) != 0:
        return ReadBack.MISHEARD
    window = int(at.timestamp()) // WINDOW_S
    right = any(digits == _code(incident, person, window + step) for step in WINDOWS)
    return ReadBack.RIGHT if right else ReadBack.OTHER


def grouped(digits: str) -> str:
    """In groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _code(incident: Incident, person: str, window: int) -> str:
    roles = ",".join(sorted(roles_of(incident, person)))
    text = "\n".join(("goaround read-back 1", incident.id, incident.plan_digest, person, roles, str(window)))
    payload = f"{int(sha256_hex(text.encode()), 16) % 10 ** (_DIGITS - 1):0{_DIGITS - 1}d}"
    return f"{payload}{_damm(payload)}"


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim
