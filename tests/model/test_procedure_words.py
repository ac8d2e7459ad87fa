"""What the words of a procedure mean: durations, shares, levels, phases, decisions and dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.checklist import Phase
from actions.model.matrix import Decision
from actions.model.procedure_words import (
    begins_with_level,
    deadline,
    decision_of,
    duration,
    last_day,
    level,
    option_of,
    phase_of,
    share,
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5-10 minutes", 300, 600),
        ("5–10 min", 300, 600),
        ("5 to 10 mins", 300, 600),
        ("30 min - 1 hour", 1800, 3600),
        ("within 30 minutes", None, 1800),
        ("(Within 24 hours)", None, 86400),
        ("T+15", None, 900),
        ("T+15-30", 900, 1800),
        ("1-2 h", 3600, 7200),
        ("1.5 hours", None, 5400),
        ("≤ 60 s", None, 60),
        ("half an hour", None, 1800),
        ("24-hour watch", None, 86400),
        ("2 business days", None, 172800),
        ("30-60 min, total 45-60", 1800, 3600),
        ("v1.2 of 3 parts", None, None),
        ("step 5", None, None),
        ("", None, None),
    ],
)
def test_durations(text: str, low: int | None, high: int | None) -> None:
    """Bounds in seconds; a number without a unit of time is none."""
    assert duration(text) == (low, high)


@pytest.mark.parametrize(
    ("text", "seconds"), [("at once, under 15 min", 900), ("immediately", 0), ("next release", None), ("4-8 h", 28800)]
)
def test_deadlines(text: str, seconds: int | None) -> None:
    """The upper bound; at once is zero; without a time there is none."""
    assert deadline(text) == seconds


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("over 80 % of users", (80, 100, True, False)),
        (">80%", (80, 100, True, False)),
        ("≥ 80%", (80, 100, False, False)),
        ("80%+", (80, 100, False, False)),
        ("50-80 %", (50, 80, False, False)),
        ("10% – 50%", (10, 50, False, False)),
        ("under 10 %", (0, 10, False, True)),
        ("up to 10 percent", (0, 10, False, False)),
        ("All users", (100, 100, False, False)),
        ("None", (0, 0, False, False)),
        ("some", None),
    ],
)
def test_shares(text: str, wanted: tuple[int, int, bool, bool] | None) -> None:
    """Bounds in percent, and whether they belong."""
    assert share(text) == wanted


def test_levels() -> None:
    """Words and numbers, with whatever signs before them."""
    assert [begins_with_level(text) for text in ("🔴 CRITICAL: now", "SEV-1", "P2 things", "a high bar")] == [
        "Critical",
        "SEV-1",
        "P2",
        "",
    ]
    assert level("a high bar") == "High"


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("Pre-Rollback Checklist", Phase.BEFORE),
        ("Before you roll back", Phase.BEFORE),
        ("During", Phase.CARRY_OUT),
        ("Post-Rollback (30 min)", Phase.AFTER),
        ("Verification", Phase.AFTER),
        ("Post-rollback, within 24 hours", Phase.AFTER_24H),
        ("Post-mortem", Phase.AFTER_24H),
        ("Prevention", Phase.PREVENTION),
        ("Coffee", None),
    ],
)
def test_phases(text: str, phase: Phase | None) -> None:
    """By what a heading says."""
    assert phase_of(text) is phase


def test_decisions_and_options() -> None:
    """The word that comes first decides; a name tells which of our ways it means."""
    assert [decision_of(text) for text in ("ROLLBACK", "Roll-back", "Fix forward", "hotfix, else revert", "ask")] == [
        Decision.ROLL_BACK,
        Decision.ROLL_BACK,
        Decision.FIX_FORWARD,
        Decision.FIX_FORWARD,
        None,
    ]
    assert decision_of("do not roll back") is None
    names = ["Coolify", "Docker Compose", "Git revert", "Restore the database", "Migrations", "Hotfix", "Prayer"]
    assert [option_of(name) for name in names] == ["coolify", "compose", "git", "database", "migration", "forward", ""]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("January 2026", date(2026, 1, 31)),
        ("2 October 2025", date(2025, 10, 2)),
        ("Oct 2nd, 2025", date(2025, 10, 2)),
        ("2025-10-02", date(2025, 10, 2)),
        ("2024-02", date(2024, 2, 29)),
        ("Q1 2026", date(2026, 3, 31)),
        ("December 9999", None),
        ("2026-13-45", None),
        ("soon", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    """The last day that is meant; nonsense is none."""
    assert last_day(text) == day


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever is written, there is an answer."""
    low, high = duration(text)
    assert low is None or high is not None
    for answer in (deadline, share, level, begins_with_level, phase_of, decision_of, option_of, last_day):
        answer(text)
