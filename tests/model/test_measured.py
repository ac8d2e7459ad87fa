"""How long a way back took is read off the record: from the first step that changes something to the proof."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from journals import Book, declared, plan, planned

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.measured import KINDS, Flight, Measured, by_option, flight_of
from actions.model.step import Risk
from app.measured import NEWEST, read_measured


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def flown(book: Book) -> Flight | None:
    """What the whole record tells, which must be what the needed kinds alone tell."""
    whole = flight_of(book.journal.events(book.id))
    assert flight_of(book.journal.events_of_kinds(book.id, KINDS)) == whole
    return whole


def test_from_the_first_change_to_the_proof(book: Book) -> None:
    """Evidence before and the list after do not count; a failed try and a failed proof do."""
    book.decide()
    book.draw(plan())
    book.run("B1")
    book.clock.advance(300)
    began = book.start("X1")
    book.clock.advance(40)
    book.finish("failed")
    book.run("X1")
    book.run("X2", "failed")
    book.clock.advance(60)
    assert flown(book) is None, "nothing is proven yet"
    book.run("X2")
    book.clock.advance(900)
    found = flown(book)
    # 40 and 60 s were waited for; each of the 7 events from the start to the proof comes a second after the last.
    assert found == Flight(book.id, "git", True, began.last_at, (40 + 60 + 7) * 1000)


def test_every_proof_of_the_plan_is_wanted_and_what_is_optional_begins_nothing(book: Book) -> None:
    """Two proofs: back is when both have come about after the last change."""
    book.draw(
        plan(
            planned("X0", optional=True),
            planned("X1"),
            planned("X2", risk=Risk.READ, proves=True),
            planned("X3", risk=Risk.READ, proves=True),
        )
    )
    book.run("X0")
    book.clock.advance(100)
    book.run("X1")
    book.run("X2")
    assert flown(book) is None
    book.run("X1")
    book.run("X3")
    assert flown(book) is None, "X2 is older than the last change"
    book.run("X2")
    found = flown(book)
    assert found is not None
    assert found.took_ms == 9000


def test_an_undo_proves_nothing(book: Book) -> None:
    """Neither the undo of a step nor a proof before it counts."""
    book.draw(plan())
    book.run("X1")
    book.run("X1", undo=True)
    assert flown(book) is None
    book.run("X2", undo=True)
    assert flown(book) is None


def test_drawn_again_the_time_goes_on_another_option_begins_anew(book: Book) -> None:
    """Whoever needs two plans of one option needed the time of both; a way back that was given up is not blamed."""
    first = plan()
    book.draw(first)
    book.run("X1", "failed")
    book.clock.advance(50)
    book.draw(replace(first, drawn={"time": "later"}))
    book.run("X1")
    book.run("X2")
    found = flown(book)
    assert found is not None
    assert found.took_ms == 50_000 + 6000


def test_another_option_begins_anew(book: Book) -> None:
    """As above, the other case."""
    first = plan()
    book.draw(first)
    book.run("X1", "failed")
    book.clock.advance(50)
    book.draw(replace(first, option="compose"))
    book.run("X1")
    book.run("X2")
    found = flown(book)
    assert found is not None
    assert (found.option, found.took_ms) == ("compose", 3000)


def test_a_clock_that_is_set_changes_no_duration(book: Book) -> None:
    """Within one boot the monotonic clock counts; a wall clock that ran backwards over a reboot tells nothing."""
    book.draw(plan())
    book.start("X1")
    book.clock.jump(-7200)
    book.finish()
    book.run("X2")
    found = flown(book)
    assert found is not None
    assert found.took_ms == 3000


def test_over_a_reboot_the_wall_clock_counts(book: Book) -> None:
    """And where it ran backwards, nothing is claimed."""
    book.draw(plan())
    book.start("X1")
    book.clock.boot_name, book.clock.ticks = "boot0002", 5
    book.finish()
    book.start("X2")
    book.clock.jump(-7200)
    book.finish()
    assert flown(book) is None


def test_a_plan_of_another_version_tells_nothing(book: Book) -> None:
    """What cannot be understood of an old record stops nobody."""
    for body in (ev.PlanDrawn("0" * 64, {"steps": "?", "option": None}), ev.StepFinished(7, "done", "", 1)):
        book.journal.append(book.id, "ops1", body)
    assert flown(book) is None


def flights(*seconds: float, drill: bool = True) -> tuple[Flight, ...]:
    return tuple(Flight(f"INC-{n}", "git", drill, "", round(one * 1000)) for n, one in enumerate(seconds))


@pytest.mark.parametrize(
    ("seconds", "p50", "p90"),
    [((), 0, 0), ((240,), 240, 240), ((100, 300), 100, 300), ((60, 240, 360), 240, 360), (range(1, 11), 5, 9)],
)
def test_percentiles_are_flights_that_were_flown(seconds: tuple[float, ...], p50: int, p90: int) -> None:
    """Nearest rank: no number is told that nobody has flown."""
    found = Measured("git", flights(*seconds))
    assert (found.p50_s, found.p90_s, found.enough) == (p50, p90, len(seconds) >= 3)


def test_parts_of_a_second_are_rounded_up() -> None:
    """A deadline is not met by rounding."""
    assert Measured("git", flights(240.001)).p50_s == 241


def test_words() -> None:
    """How many, and how many of them were drills, always stands beside the numbers."""
    assert Measured("git").words() == ""
    assert Measured("git", flights(240)).words() == "measured 4 min in 1 flight, a drill"
    assert Measured("git", flights(240, drill=False)).words() == "measured 4 min in 1 flight"
    both = Measured("git", flights(240, 240, 360) + flights(180, 300, drill=False))
    assert both.words() == "measured 4 min (p50), 6 min (p90) in 5 flights, 3 of them drills"
    words = "drills 4 min (p50), 6 min (p90) in 3, live 3 min (p50), 5 min (p90) in 2"
    assert (both.drills, both.split_words()) == (3, words)
    drills = Measured("git", flights(240, 240))
    assert (drills.words().partition(", all")[2], drills.split_words()) == (" of them drills", "")


def test_by_option() -> None:
    """Each option has its own."""
    other = Flight("INC-9", "compose", False, "", 1000)
    found = by_option((*flights(1, 2), other))
    assert (len(found["git"].flights), found["compose"].p90_s) == (2, 1)


def fly(journal: SqliteJournal, clock: ManualClock, seconds: int, *, mode: str = "live", system: str = "shop") -> str:
    """A record of a whole flight; closed, so that the next one can be declared."""
    body = replace(declared(mode, system), environment="production")
    incident = journal.declare("ops1", body).incident
    drawn = plan()
    rows: list[tuple[ev.Body, int]] = [(ev.PlanDrawn(drawn.digest, drawn.to_json()), 5)]
    for number, (code, wait) in enumerate((("X1", seconds), ("X2", 0)), 1):
        start = ev.StepStarted(number, code, "git.deploy", code, drawn.digest, False, "enter", 99999999, 1, "s")
        rows += [(start, wait), (ev.EffectStarted(number, 1, "true"), 0), (ev.StepFinished(number, "done", "", 1), 0)]
    rows.append((ev.Closed("recovered", "", "a" * 40, "a" * 40), 60))
    for one, wait in rows:
        journal.append(incident, "ops1", one)
        clock.advance(wait)
    return incident


def test_the_newest_records_of_the_system_are_read(tmp_path: Path) -> None:
    """Other systems, records without a plan and the present incident do not count; old ones fall out."""
    clock = ManualClock()
    journal = SqliteJournal(tmp_path, clock)
    fly(journal, clock, 9999)
    fly(journal, clock, 7777, system="other")
    for _ in range(NEWEST - 2):
        fly(journal, clock, 100, mode="drill")
    alarm = journal.declare("ops1", declared()).incident
    journal.append(alarm, "ops1", ev.Closed("false alarm", "nothing"))
    last = fly(journal, clock, 400)
    found = read_measured(journal, "shop")["git"]
    assert (len(found.flights), found.drills) == (NEWEST - 1, NEWEST - 2)
    assert found.flights[0] == Flight(last, "git", False, found.flights[0].at, 400_000)
    assert found.p50_s == 100
    assert last not in {one.incident for one in read_measured(journal, "shop", last)["git"].flights}
    assert read_measured(journal, "nobody") == {}
