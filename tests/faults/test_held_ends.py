"""The end of an effect waits for what comes next; the beginning of one never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from journals import Book

from actions.engine.report import SpoolReporter
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.errors import Unreachable

FIRST, ENDED, SECOND = (
    ev.EffectStarted(0, 1, "one"),
    ev.EffectFinished(0, 1, True, 0, 5, ""),
    ev.EffectStarted(0, 2, "b"),
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "s")


@pytest.fixture
def report(book: Book, tmp_path: Path) -> Iterator[SpoolReporter]:
    reporter = SpoolReporter(book.journal, book.id, "ops1", 1, tmp_path / "spool.log", ManualClock())
    yield reporter
    reporter.close()


def on_disk(book: Book) -> list[str]:
    return [event.kind for event in book.journal.events(book.id, 1)]


def test_an_end_is_on_disk_before_the_next_effect_begins(book: Book, report: SpoolReporter) -> None:
    """Every event is on disk before the effect begins: the former end and the new beginning, in this order."""
    report.record(FIRST)
    assert on_disk(book) == ["effect.started"]
    report.record(ENDED)
    report.record(SECOND)
    assert on_disk(book) == ["effect.started", "effect.finished", "effect.started"]
    assert report.take_held() == []


def test_a_step_that_goes_on_and_says_so_has_its_end_on_disk(book: Book, report: SpoolReporter) -> None:
    """The record is never behind the output that is shown."""
    report.record(FIRST)
    report.record(ENDED)
    report.line("and now something else")
    assert on_disk(book) == ["effect.started", "effect.finished"]


def test_the_end_of_the_run_takes_what_is_held(report: SpoolReporter) -> None:
    """Nothing is lost: the last end is given over once, with the number of its run."""
    report.record(ENDED)
    held = report.take_held()
    assert [(type(body), body.run) for body in held if isinstance(body, ev.EffectFinished)] == [(ev.EffectFinished, 1)]
    assert report.take_held() == []


def test_a_beginning_that_found_no_room_is_not_recorded_later(
    book: Book, report: SpoolReporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not on disk was not begun, and must not be told afterwards; the end before it is kept."""
    report.record(ENDED)

    def full(*_: object, **__: object) -> None:
        raise Unreachable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(book.journal, "append_all", full)
        with pytest.raises(Unreachable):
            report.record(SECOND)
        report.line("output goes on")
    assert [type(body) for body in report.take_held()] == [ev.EffectFinished]
