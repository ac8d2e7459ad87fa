"""What words of a procedure mean: durations, shares, levels, phases, decisions and dates. Pure text to values.

Where a text means nothing, the answer is None or empty; nothing here raises.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from actions.model.checklist import Phase
from actions.model.matrix import Decision

_NUMBER = r"\d{1,6}(?:[.,]\d{1,3})?"
_UNIT = (
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|hr|h|working days?|business days?|days?|d|weeks?|wks?|w"
    r"|months?|quarters?|years?)\b"
)
_FIRST_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?)?"
_SPAN = re.compile(
    rf"(?<![\w.])(?P<low>{_NUMBER})\s*(?P<first>{_FIRST_UNIT})\s*(?:-|–|—|\u2212|to|bis|\.\.)\s*(?P<high>{_NUMBER})"
    rf"\s*-?\s*{_UNIT}",
    re.IGNORECASE,
)
_SINGLE = re.compile(rf"(?<![\w.])(?P<high>{_NUMBER})\s*-?\s*{_UNIT}", re.IGNORECASE)
_T_PLUS = re.compile(
    r"\bT\s*\+\s*(?P<low>\d{1,5})(?:\s*(?:-|–|—|to)\s*(?:T\s*\+\s*)?(?P<high>\d{1,5}))?", re.IGNORECASE
)
_WORDED = (
    (re.compile(r"\bhalf an hour\b", re.IGNORECASE), 1800),
    (re.compile(r"\b(?:an|one) hour\b", re.IGNORECASE), 3600),
    (re.compile(r"\b(?:a|one) day\b", re.IGNORECASE), 86400),
)
_AT_ONCE = re.compile(r"\b(?:immediate(?:ly)?|at once|instant(?:ly)?|now|right away|asap)\b", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def duration(text: str) -> tuple[int | None, int | None]:
    """Lower and upper bound in seconds: ``5-10 minutes``, ``within 2 h``, ``T+15``. The lower one may be None."""
    found = min(
        (match for match in (_SPAN.search(text), _T_PLUS.search(text), _SINGLE.search(text)) if match),
        key=lambda match: match.start(),
        default=None,
    )
    for pattern, seconds in _WORDED:
        worded = pattern.search(text)
        if worded and (found is None or worded.start() < found.start()):
            return None, seconds
    if found is None:
        return None, None
    parts = found.groupdict()
    if "unit" not in parts:  # T+15: minutes
        low, high = int(parts["low"]) * 60, int(parts["high"] or parts["low"]) * 60
        return (low, high) if parts["high"] else (None, high)
    unit = _seconds_of(parts["unit"])
    high = _times(parts["high"], unit)
    if parts.get("low") is None:
        return None, high
    first = _seconds_of(parts["first"]) if parts.get("first") else unit
    return _times(parts["low"], first), high


def deadline(text: str) -> int | None:
    """The seconds until which something should be done: the upper bound; 0 for "at once"; None for "next release"."""
    _, high = duration(text)
    if high is None and _AT_ONCE.search(text):
        return 0
    return high


def _seconds_of(unit: str) -> int:
    word = unit.lower()
    if word.startswith("mon"):
        return 30 * 86400
    if word.startswith("q"):
        return 91 * 86400
    if word.startswith("y"):
        return 365 * 86400
    if word.startswith(("working", "business")):
        return 86400
    return _SECONDS[word[0]]


def _times(number: str, unit: int) -> int:
    whole, _, part = number.replace(",", ".").partition(".")
    thousandths = int((part + "000")[:3]) if part else 0
    return int(whole) * unit + thousandths * unit // 1000


# ------------------------------------------------------------------------------------------------ shares of users

_SHARE_SPAN = re.compile(r"(\d{1,3})\s*%?\s*(?:-|–|—|\u2212|to)\s*(\d{1,3})\s*(?:%|percent)", re.IGNORECASE)
_SHARE_OVER = re.compile(r"(>=|≥|>|over|more than|above|exceeds|at least)\s*(\d{1,3})\s*(?:%|percent)", re.IGNORECASE)
_SHARE_UNDER = re.compile(
    r"(<=|≤|<|under|less than|below|fewer than|up to|at most)\s*(\d{1,3})\s*(?:%|percent)", re.IGNORECASE
)
_SHARE = re.compile(r"(\d{1,3})\s*(?:%|percent)\s*(\+|or more|and more|and above)?", re.IGNORECASE)
_INCLUDED = (">=", "≥", "at least", "<=", "≤", "up to", "at most")


def share(text: str) -> tuple[int, int, bool, bool] | None:
    """A share of users in percent: low, high, and whether each of the two bounds is left out itself."""
    if match := _SHARE_SPAN.search(text):
        return int(match[1]), int(match[2]), False, False
    if match := _SHARE_OVER.search(text):
        return int(match[2]), 100, match[1].lower() not in _INCLUDED, False
    if match := _SHARE_UNDER.search(text):
        return 0, int(match[2]), False, match[1].lower() not in _INCLUDED
    if match := _SHARE.search(text):
        return int(match[1]), 100 if match[2] else int(match[1]), False, False
    word = text.strip().lower()
    if re.match(r"(?:all|every|complete|total)\b", word):
        return 100, 100, False, False
    if re.match(r"(?:none|no users?|nobody)\b", word):
        return 0, 0, False, False
    return None


# --------------------------------------------------------------------------------------- levels, decisions, phases

_LEVEL = re.compile(
    r"\b(?:(?P<sev>(?:sev(?:erity)?|p|prio(?:rity)?|level|tier)[\s-]?\d)"
    r"|(?P<word>critical|high|medium|moderate|low|major|minor|urgent|blocker|emergency|cosmetic|warning))\b",
    re.IGNORECASE,
)


def level(text: str) -> str:
    """The level a text begins with or names: ``Critical``, ``High``, ``SEV-1``, ``P2``; empty: none."""
    match = _LEVEL.search(text)
    if match is None:
        return ""
    if match["word"]:
        return match["word"].capitalize()
    return re.sub(r"\s+", " ", match["sev"]).upper()


def begins_with_level(text: str) -> str:
    """Like ``level``, for texts whose first word it is, whatever signs stand before it."""
    match = _LEVEL.search(text)
    return level(text) if match and not re.search(r"\w", text[: match.start()]) else ""


_BACK = re.compile(r"\broll(?:ing)?[\s-]*back|\brevert|\bback out", re.IGNORECASE)
_FORWARD = re.compile(
    r"forward|hot[\s-]?fix|\bpatch|\bmonitor|\bwatch|\bobserve|\bfix\b|next release|backlog", re.IGNORECASE
)


def decision_of(text: str) -> Decision | None:
    """What a decision cell asks for, by the word that comes first; None where it says neither."""
    back, forward = _BACK.search(text), _FORWARD.search(text)
    if back and (not forward or back.start() < forward.start()):
        return (
            None
            if re.search(r"\b(?:no|not|without|instead of)\s+$", text[: back.start()], re.IGNORECASE)
            else (Decision.ROLL_BACK)
        )
    return Decision.FIX_FORWARD if forward else None


_PREVENTION = re.compile(r"\bprevent|\bavoid(?:ing)?\b|\bso that it does not happen", re.IGNORECASE)
_LATER = re.compile(
    r"root[\s-]cause|post[\s-]?mortem|retrospective|lessons|follow[\s-]?up|long[\s-]term|\brca\b|next day",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\b(?:after|afterwards|post|once (?:it is )?done|verif\w*|validat\w*|stabil\w*|clean[\s-]?up|closing"
    r"|close[\s-]?out|wrap[\s-]?up|resolution|completion|completed|resolved|solved|recovered)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:before|pre|pre-?flight|prerequisites?|preparation|prepare|preparing|readiness|assess\w*|triage|diagnos\w*"
    r"|initial|investigat\w*|first response|decide|decision|immediate actions?|detection)\b|\bpre-",
    re.IGNORECASE,
)
_CARRY_OUT = re.compile(
    r"\b(?:during|execut\w*|carry(?:ing)? out|implementation|perform\w*|roll(?:ing)?[\s-]?back steps|steps|mitigat\w*"
    r"|while|in progress|update|procedure)\b",
    re.IGNORECASE,
)
_LATER_THAN_S = 4 * 3600


def phase_of(text: str) -> Phase | None:
    """The phase that a heading names; None where it names none."""
    _, high = duration(text)
    if _PREVENTION.search(text):
        return Phase.PREVENTION
    after, before = _AFTER.search(text), _BEFORE.search(text)
    if _LATER.search(text) or (high is not None and high >= _LATER_THAN_S and (after or "within" in text.lower())):
        return Phase.AFTER_24H
    if after and (not before or after.start() < before.start()):
        return Phase.AFTER
    if before:
        return Phase.BEFORE
    if _CARRY_OUT.search(text):
        return Phase.CARRY_OUT
    return None


_OPTIONS = (
    ("coolify", re.compile(r"coolify", re.IGNORECASE)),
    ("migration", re.compile(r"\bmigrations?\b|\bmigrate\b", re.IGNORECASE)),
    ("database", re.compile(r"\bdatabase|\bdb\b|\bbackup restore|\brestor(?:e|ing)\b", re.IGNORECASE)),
    ("forward", re.compile(r"\bforward\b|\bhot-?fix\b", re.IGNORECASE)),
    ("compose", re.compile(r"\bcompose\b|\bdocker\b|\bimage\b|\bcontainers?\b", re.IGNORECASE)),
    ("git", re.compile(r"\bgit\b|\bcommit\b|\bbranch\b|\bcode\b", re.IGNORECASE)),
)


def option_of(name: str) -> str:
    """Which of our ways back a name means; empty: none."""
    return next((option for option, pattern in _OPTIONS if pattern.search(name)), "")


# ----------------------------------------------------------------------------------------------------------- dates

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<number>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"{_MONTH},?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[\s/-]*(?P<year>\d{4})", re.IGNORECASE),
)


def last_day(text: str) -> date | None:
    """The last day that a written date means: of "January 2026" the 31st. None where it is no date."""
    for pattern in _DATES:
        match = pattern.search(text)
        if match is None:
            continue
        parts = match.groupdict()
        if parts.get("quarter"):
            month = int(parts["quarter"]) * 3
        elif parts.get("month"):
            month = _MONTHS.index(parts["month"].lower()) + 1
        else:
            month = int(parts["number"])
        try:
            if parts.get("day"):
                return date(int(parts["year"]), month, int(parts["day"]))
            first = date(int(parts["year"]), month, 1)
            return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        except (ValueError, OverflowError):
            continue
    return None
