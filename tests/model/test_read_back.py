"""The code over the phone: bound to plan, person and time; what was misheard is told from what is another plan's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from approving_book import Answers

from actions.model.read_back import ReadBack, judge, read_back_code


@pytest.fixture
def book() -> Answers:
    return Answers().after(20)


def code(book: Answers, person: str = "tech1", later_s: float = 0) -> str:
    return read_back_code(book.incident, person, book.clock.now() + timedelta(seconds=later_s))


def test_three_groups_of_four_digits_that_fit(book: Answers) -> None:
    """As it is read out, and however it is typed."""
    made = code(book)
    assert [len(group) for group in made.split()] == [4, 4, 4]
    assert made.replace(" ", "").isdigit()
    for typed in (made, made.replace(" ", ""), made.replace(" ", "-"), f" {made}. "):
        assert judge(book.incident, "tech1", typed, book.clock.now()) is ReadBack.RIGHT


def test_every_misheard_digit_and_every_swap_is_noticed(book: Answers) -> None:
    """One wrong digit or two swapped ones never count as somebody else's code."""
    digits = code(book).replace(" ", "")
    for at in range(12):
        for other in "0123456789":
            wrong = digits[:at] + other + digits[at + 1 :]
            expected = ReadBack.RIGHT if wrong == digits else ReadBack.MISHEARD
            assert judge(book.incident, "tech1", wrong, book.clock.now()) is expected
        swapped = digits[:at] + digits[at + 1 : at + 2] + digits[at] + digits[at + 2 :]
        if at < 11 and swapped != digits:
            assert judge(book.incident, "tech1", swapped, book.clock.now()) is ReadBack.MISHEARD
    for typed in ("", "1234", digits + "0", "twelve digits"):
        assert judge(book.incident, "tech1", typed, book.clock.now()) is ReadBack.MISHEARD


def test_it_is_of_one_plan_one_person_and_ten_minutes(book: Answers) -> None:
    """A code of another plan, of another person, or of a while ago is well-formed and refused."""
    made, now = code(book), book.clock.now()
    assert judge(book.incident, "tech2", made, now) is ReadBack.OTHER
    assert judge(book.incident, "tech1", made, now + timedelta(minutes=9, seconds=59)) is ReadBack.RIGHT
    assert judge(book.incident, "tech1", made, now + timedelta(minutes=15)) is ReadBack.OTHER
    assert judge(book.incident, "tech1", made, now - timedelta(minutes=5)) is ReadBack.RIGHT
    assert judge(book.incident, "tech1", made, now - timedelta(minutes=11)) is ReadBack.OTHER
    book.draw("v0")
    assert judge(book.incident, "tech1", made, now) is ReadBack.OTHER
