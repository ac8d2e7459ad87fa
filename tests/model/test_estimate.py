"""How long a way back will take, and whether that is in time: told in words with their source, never a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from journals import Book, plan, planned

from actions.model import events as ev
from actions.model.codec import to_json
from actions.model.estimate import NOT_KNOWN, Estimate, estimate, late_words, timing, timings
from actions.model.incident import Incident
from actions.model.measured import Flight, Measured
from actions.model.message_facts import Now, facts
from actions.model.procedure import OptionText, Procedure
from actions.model.step import Risk

DOCUMENT = Procedure(
    "Way back",
    "",
    "0" * 64,
    options=(
        OptionText("In short", "git", 1),
        OptionText("By Git", "git", 5, duration="10-15 min", duration_low_s=600, duration_high_s=900),
        OptionText("Restore", "database", 9, duration_low_s=1800, duration_high_s=3600),
    ),
)


def measured(*seconds: int, option: str = "git", live: int = 0) -> Measured:
    """So many flights; the last ``live`` of them were no drills."""
    drills = len(seconds) - live
    rows = (Flight(f"INC-{n}", option, n < drills, "", one * 1000) for n, one in enumerate(seconds))
    return Measured(option, tuple(rows))


def test_the_document_counts_until_there_are_enough_flights() -> None:
    """Two flights are told beside it; from three on the measured p90 counts against a deadline."""
    bare = estimate("git", DOCUMENT)
    assert bare == Estimate("git", 600, 900, "takes about 10-15 min by the document", "document")
    two = estimate("git", DOCUMENT, measured(200, 240))
    assert (two.low_s, two.high_s, two.source) == (600, 900, "document")
    assert two.words.endswith(
        "by the document; measured 3 min 20 s (p50), 4 min (p90) in 2 flights, all of them drills"
    )
    five = estimate("git", DOCUMENT, measured(240, 240, 180, 360, 240, live=2))
    assert (five.low_s, five.high_s, five.source) == (240, 360, "measured")
    assert five.words == (
        "takes about 10-15 min by the document; "
        "measured 4 min (p50), 6 min (p90) in 5 flights, 3 of them drills"
    )  # fmt: skip
    assert (bare.short, five.short) == ("10-15 min", "4-6 min")


def test_what_was_measured_of_another_option_says_nothing() -> None:
    """Nor does the document's other section."""
    assert estimate("git", DOCUMENT, measured(1, 2, 3, option="compose")).source == "document"
    assert estimate("database", DOCUMENT).short == "30-60 min"


def test_without_document_the_steps_count_and_without_a_plan_nothing_is_claimed(tmp_path: Path) -> None:
    """The sum of what is asked for; steps that only straighten, and optional ones, are not in it."""
    assert estimate("git", None) == Estimate("git", None, None, NOT_KNOWN, "")
    assert estimate("git", None).short == ""
    assert estimate("git", None, measured(50)).source == "measured"
    book = Book(tmp_path)
    steps = (
        planned("N1", phase="before", about_s=5),
        planned("X1", about_s=100),
        planned("X2", about_s=20, risk=Risk.READ, proves=True),
        planned("X3", about_s=999, optional=True),
        planned("N2", phase="after", about_s=999, pays="N1"),
    )
    found = estimate("git", book.draw(plan(*steps)))
    assert (found.high_s, found.source, found.words) == (125, "plan", "takes about 2 min 5 s by its steps")
    assert estimate("compose", book.incident()).source == ""


@pytest.mark.parametrize(
    ("high", "elapsed", "deadline", "words"),
    [
        (600, 540, 900, "cannot be done before T+15:00: about 10 min are needed, 6 min left"),
        (600, 300, 900, ""),
        (600, 301, 900, "cannot be done before T+15:00: about 10 min are needed, 9 min left"),
        (50, 860, 900, "cannot be done before T+15:00: about 50 s are needed, 40 s left"),
        (1234, 0, 900, "cannot be done before T+15:00: about 21 min are needed, 15 min left"),
        (600, 900, 900, "cannot be done before T+15:00, which has passed: about 10 min are needed"),
        (600, 99999, 900, "cannot be done before T+15:00, which has passed: about 10 min are needed"),
        (7200, 600, 7200, "cannot be done before T+2:00:00: about 2 h are needed, 1 h 50 min left"),
        (None, 540, 900, ""),
        (600, None, 900, ""),
        (600, 540, None, ""),
    ],
)
def test_what_cannot_be_in_time_says_so(
    high: int | None, elapsed: int | None, deadline: int | None, words: str
) -> None:
    """To the second; what is left is never rounded up, what is needed never down."""
    assert late_words(Estimate("git", high, high, "", "document"), elapsed, deadline) == words


def urgent(book: Book) -> Incident:
    """Critical: within 15 minutes; decided, drawn."""
    data = to_json(DOCUMENT)
    book.add(ev.ProcedurePinned(sha256=DOCUMENT.sha256, path="", title=DOCUMENT.title, procedure=data))
    book.add(ev.InputsSet("Critical", 90, 95, "High"))
    book.add(ev.Decided("roll back", "roll back", "Critical", "severity", "x"))
    return book.draw(plan())


def test_the_plan_says_how_long_it_takes_and_when_it_is_too_late(tmp_path: Path) -> None:
    """By the document it is too late, as it was measured it is not; once begun, by when it is usually over."""
    book = Book(tmp_path)
    incident = urgent(book)
    known = {"git": measured(240, 240, 360)}
    by_document, by_record = timing(incident, {}, 60_000), timing(incident, known, 60_000)
    assert by_document is not None
    assert by_record is not None
    assert by_document.late == "cannot be done before T+15:00: about 15 min are needed, 14 min left"
    assert by_record.late == ""
    assert "measured 4 min (p50), 6 min (p90) in 3 flights" in by_record.words
    late = timing(incident, known, 600_000)
    assert late is not None
    assert late.late == "cannot be done before T+15:00: about 6 min are needed, 5 min left"
    book.clock.advance(300)
    begun = timing(book.start("X1"), known, 600_000)
    assert begun is not None
    assert begun.words.startswith("begun at T+05:05, back by T+11:05 if it takes 6 min; takes about 10-15 min")
    assert begun.late == ""
    slow = timing(book.incident(), {}, 600_000)
    assert slow is not None
    assert slow.late == "may not be done before T+15:00"


def test_nothing_is_said_where_there_is_nothing_to_say(tmp_path: Path) -> None:
    """No plan, proven, closed: no time."""
    book = Book(tmp_path)
    assert timing(book.incident(), {}, 0) is None
    book.decide()
    book.draw(plan())
    book.run("B1")
    book.run("X1")
    assert timing(book.incident(), {}, 0) is not None
    assert timing(book.run("X2"), {}, 0) is None
    assert timing(book.add(ev.Closed("recovered", "")), {}, 0) is None


def test_every_way_back_is_told_for_whoever_decides(tmp_path: Path) -> None:
    """In the order of the configuration, each with its own words and its own lateness."""
    incident = urgent(Book(tmp_path))
    rows = dict(timings(("git", "database", "compose"), incident, {"git": measured(60, 60, 60)}, 0))
    assert list(rows) == ["git", "database", "compose"]
    assert rows["git"].late == ""
    assert rows["database"].late.startswith("cannot be done before T+15:00: about 1 h are needed")
    assert rows["compose"].words == NOT_KNOWN


def test_a_message_says_what_was_measured(tmp_path: Path) -> None:
    """People outside are told how long it really took here, once that is known; else what the steps take."""
    book = Book(tmp_path)
    incident, clock = urgent(book), book.clock
    bare = facts(incident, Now(clock.now()))["takes"]
    known = Now(clock.now(), measured={"git": measured(240, 240, 360)})
    assert facts(incident, known)["takes"] == "4-6 min"
    assert facts(incident, replace(known, measured={"git": measured(240)}))["takes"] == bare == "30 s"
