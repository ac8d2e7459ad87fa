"""Offers of the controls and watches in the fold: which takeover is a handover, how long a watch goes on, its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from journals import Book

from actions.model import events as ev
from actions.model import watching
from actions.model.clock import stamp
from actions.model.fold import fold
from actions.model.incident import Incident, Said
from actions.model.record_text import markdown
from actions.model.record_timeline import Telling, departs, timeline
from actions.model.sensor_rules import Looked
from app.replay import Trouble, trouble

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "store")


def taken(holder: str, fence: int, from_holder: str = "", *, accepted: bool = False, reason: str = "") -> ev.LeaseTaken:
    return ev.LeaseTaken(holder, "jump", fence, "pts/1", fence, reason, from_holder, accepted)


def offer(to: str) -> ev.HandoverOffered:
    return ev.HandoverOffered(to, ("BROKEN pages",))


def from_whom(book: Book) -> list[str]:
    return [one.what for one in book.incident().deviations if "lease" in one.what]


def add(book: Book, actor: str, body: ev.Body) -> Incident:
    book.journal.append(book.id, actor, body)
    return book.incident()


def test_what_was_offered_is_no_deviation(book: Book) -> None:
    """Offered by the one who flies to the one who takes: nobody was overruled."""
    add(book, "ops1", taken("ops1", 1))
    assert add(book, "ops1", offer("ops2")).offered is not None
    incident = add(book, "ops2", taken("ops2", 2, "ops1", accepted=True))
    assert incident.offered is None
    assert not from_whom(book)


def test_an_old_offer_covers_nothing(book: Book) -> None:
    """Accepted once, it is used up: taking over again without a new one is a deviation; so it is after a withdrawal."""
    add(book, "ops1", taken("ops1", 1))
    add(book, "ops1", offer("ops2"))
    add(book, "ops2", taken("ops2", 2, "ops1", accepted=True))
    add(book, "ops1", taken("ops1", 3, "ops2", reason="it burns"))
    add(book, "ops2", taken("ops2", 4, "ops1", reason="it burns more"))
    assert from_whom(book) == ["lease taken from ops2", "lease taken from ops1"]
    add(book, "ops2", offer("ops1"))
    assert add(book, "ops2", offer("")).offered is None
    add(book, "ops1", taken("ops1", 5, "ops2", reason="again"))
    assert len(from_whom(book)) == 3


def test_an_offer_outlives_the_cockpit_that_made_it(book: Book) -> None:
    """Who offered may leave and come back; somebody else who takes over ends it."""
    add(book, "ops1", taken("ops1", 1))
    add(book, "ops1", offer("ops2"))
    add(book, "ops1", ev.LeaseReleased("ops1", 1))
    assert add(book, "ops1", taken("ops1", 2)).offered is not None
    assert add(book, "ops3", taken("ops3", 3, "ops1", reason="gone")).offered is None


def test_the_record_tells_it_all(book: Book) -> None:
    """Time line, departures and report: handovers and watches, with what was not well in capitals."""
    bodies: list[tuple[str, ev.Body]] = [
        ("ops1", taken("ops1", 1)),
        ("ops1", offer("ops2")),
        ("ops2", taken("ops2", 2, "ops1", accepted=True)),
        ("ops2", offer("ops1")),
        ("ops2", ev.WatchBegun(stamp(NOW + timedelta(hours=24)), 30, ("like the pinned line: boom *x*",), 86400)),
        ("ops2", ev.Observed(0, "watched probes.green", False, "1 of 2 pass", "2 of 2 pass")),
        ("ops2", ev.Observed(0, "sensed recurring", False, "3 lines: site.log: boom", "no line")),
        ("ops2", ev.WatchEnded("BROKE OFF", False, False)),
        ("ops2", ev.WatchBegun(stamp(NOW + timedelta(hours=24)), 30, (), 86400, True)),
        ("ops2", ev.WatchEnded("watched for 24 h: all well")),
        ("ops2", ev.WatchBegun(stamp(NOW), 30)),
    ]
    for actor, body in bodies:
        add(book, actor, body)
    events = book.journal.events(book.id)
    text = "\n".join(timeline(events))
    for words in (
        "offers the controls to ops2, with a brief of 1 line",
        "ops2 has read the brief and takes the controls that ops1 offered, at jump pts/1",
        "every 30 s; 1 known problem looked for",
        "watch NOT COMPLETE: BROKE OFF",
        "(goes on where one broke off)",
        "watch ended: watched for 24 h: all well",
    ):
        assert words in text
    assert [event.kind for event in events if departs(event)] == ["watch.ended"]
    assert [trouble(event) for event in events if event.kind == "watch.ended"] == [Trouble.ODD, Trouble.NONE]
    assert not [event for event in events if event.kind == "lease.taken" and trouble(event) is not Trouble.NONE]
    report = markdown(fold(book.id, events), events)
    for words in (
        "looked for again: like the pinned line: boom \\*x\\*",
        "probes.green **RED**: `1 of 2 pass`, expected `2 of 2 pass`",
        "recurring **RED**: `3 lines: site.log: boom`",
        "**NOT COMPLETE**: **BROKE OFF**",
        "ended: watched for 24 h: all well",
        "**no end of this watch is recorded**",
        "ops2: **has read the brief and flies**",
        "**not taken: ops1 has not acknowledged the brief**",
        "    BROKEN pages",
    ):
        assert words in report, words
    telling = Telling()
    assert [telling.line(event) for event in events] == timeline(events), "as it grows, it reads the same"


def begun(of_s: int, until: datetime) -> Said:
    return Said(stamp(NOW - timedelta(hours=1)), "ops1", 0, "boot", ev.WatchBegun(stamp(until), 30, (), of_s))


def test_until_when_a_watch_goes_on() -> None:
    """The same end as the one that broke off, unless another time is wanted, or that end is over."""
    end = NOW + timedelta(hours=23)
    broken = begun(86400, end)
    assert watching.until_when(broken, None, 0, NOW) == watching.Until(end, 86400, True)
    assert watching.until_when(broken, 86400, 0, NOW) == watching.Until(end, 86400, True)
    assert watching.until_when(broken, 7200, 0, NOW) == watching.Until(NOW + timedelta(hours=2), 7200)
    over = begun(1800, NOW - timedelta(minutes=30))
    assert watching.until_when(over, 1800, 0, NOW) == watching.Until(NOW + timedelta(minutes=30), 1800)
    assert watching.until_when(None, None, 24, NOW) == watching.Until(NOW + timedelta(hours=24), 86400)
    with pytest.raises(ValueError, match="how long"):
        watching.until_when(None, None, 0, NOW)
    with pytest.raises(ValueError, match="how long"):
        watching.until_when(over, None, 0, NOW)


@pytest.mark.parametrize(
    ("red", "recurred", "pending", "words"),
    [
        ((), 0, (), "all well"),
        (("probes.green",), 0, ("errors.rate",), "RED: probes.green"),
        ((), 1, (), "1 line of known problems"),
        (("a", "b"), 2, (), "RED: a, b; 2 lines of known problems"),
        ((), 0, ("errors.rate",), "well so far; not known yet: errors.rate"),
    ],
)
def test_the_verdict_in_words(red: tuple[str, ...], recurred: int, pending: tuple[str, ...], words: str) -> None:
    """One line; what is not known is not called well."""
    assert watching.verdict(red, recurred, pending) == words


def test_the_end_in_words() -> None:
    """What was red for a while is told, too."""
    ended = watching.ended(complete=False, elapsed_s=15_120, total_s=86400, red=("a",), was_red=("a", "b"), recurred=0)
    assert ended.words == "BROKEN OFF after 4 h 12 min of 24 h: RED: a; was red for a while: b"
    assert not ended.ok
    assert watching.broke_off(begun(60, NOW), stamp(NOW - timedelta(minutes=12)), NOW).words == (
        "BROKE OFF: last at work 09:48:00Z, nothing was watched for 12 min"
    )
    assert watching.reading_words("a", Looked(False, "x", "y")) == "a RED: x (expected y)"
