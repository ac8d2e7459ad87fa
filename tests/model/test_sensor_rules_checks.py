"""What a configured check says: a number against its limits, or an exit status."""

from __future__ import annotations

import pytest

from actions.model.sensor_rules_checks import Checked, check_looked
from actions.model.system_watch import CheckTable

QUEUE = CheckTable("mail", ("redis-cli", "llen", "mail"), at_most=100, unit="jobs")
AGE = CheckTable("beat", ("age",), at_most=120, at_least=0, unit="s")
PLAIN = CheckTable("disk", ("true",))


@pytest.mark.parametrize(
    ("table", "found", "ok", "seen", "expected"),
    [
        (QUEUE, Checked(0, "12\n"), True, "12 jobs", "at most 100 jobs"),
        (QUEUE, Checked(0, "(integer) 100"), True, "100 jobs", "at most 100 jobs"),
        (QUEUE, Checked(0, "(integer) 101"), False, "101 jobs", "at most 100 jobs"),
        (QUEUE, Checked(0, ""), False, "no output, where a number is expected", "at most 100 jobs"),
        (QUEUE, Checked(0, "nil"), False, "no number in its output: nil", "at most 100 jobs"),
        (QUEUE, Checked(0, "v12 is no number"), False, "no number in its output: v12 is no number", "at most 100 jobs"),
        (
            QUEUE,
            Checked(1, "7", "Could not connect to Redis at 127.0.0.1:6379: Connection refused"),
            False,
            "exit 1: Could not connect to Redis at 127.0.0.1:6379: Connection refused",
            "at most 100 jobs",
        ),
        (QUEUE, Checked(143, late=True), False, "no answer within 10 s", "at most 100 jobs"),
        (AGE, Checked(0, "37.5"), True, "37.5 s", "at most 120 and at least 0 s"),
        (AGE, Checked(0, "-4"), False, "-4 s", "at most 120 and at least 0 s"),
        (AGE, Checked(0, "120.01"), False, "120.01 s", "at most 120 and at least 0 s"),
        (PLAIN, Checked(0, "anything 999"), True, "exit 0", "exit 0"),
        (PLAIN, Checked(3, "\n no space\nmore"), False, "exit 3: no space", "exit 0"),
        (PLAIN, Checked(3), False, "exit 3", "exit 0"),
    ],
)
def test_a_check(table: CheckTable, found: Checked, ok: bool, seen: str, expected: str) -> None:
    """A12, A13: the length of a queue, the age of a heartbeat; both limits count, also at the edge."""
    looked = check_looked(table, found)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, expected)


def test_numbers_that_change_are_no_news() -> None:
    """A queue has another length each time; what it says at length is cut."""
    assert check_looked(QUEUE, Checked(0, "12")).worth_s >= 300
    assert len(check_looked(PLAIN, Checked(1, "x" * 5000)).seen) < 200
