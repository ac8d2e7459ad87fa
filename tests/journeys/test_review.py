"""A record read again: the incident as it was known at each event, and nothing that was learnt later."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from pilot_moves import sees
from textual.pilot import Pilot
from tiny_system import Tiny, build, drawn, finish, run
from widget_bench import screen_text

from actions.model.checklist import State
from actions.model.events import Event, ItemMarked, StepFinished, StepRefused, StopRequested
from actions.model.fold import fold
from app.cockpit import Cockpit
from app.replay import Replay, Trouble, trouble
from app.review import open_replay
from app.review_screen import ReviewScreen
from app.signing import sign_off
from widgets.log_stream import LogStream

STEP_MS = 20_000


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A real evening with a failure, a refusal, a stop and an override in it."""
    tiny = build(tmp_path_factory.mktemp("review") / "tiny")
    session = tiny.session()
    drawn(session, tiny)
    session.refuse("X2", "waits for X1")
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    tiny.ground.hook("pre-receive", "echo no pushes tonight >&2; exit 1")
    assert run(session, "X1") == "failed"
    (tiny.ground.remote / "hooks" / "pre-receive").unlink()
    session.stop("after")
    session.lift_stop()
    session.mark("S5", State.OVERRIDDEN, "the fix is out already")
    finish(session)
    sign_off(session, "executed", "ops1")
    session.close()
    session.journal.close()
    return tiny


@pytest.fixture
def replay(tiny: Tiny) -> Replay:
    return open_replay(tiny.store, "")


def spread(replay: Replay) -> Replay:
    """The same record, its events twenty seconds apart."""
    first = replay.events[0]
    events = [replace(event, mono=first.mono + at * STEP_MS) for at, event in enumerate(replay.events)]
    return Replay(replay.id, events, replay.folder)


def place_of(replay: Replay, kind: type, after: int = 0) -> int:
    """The place of the first event of a kind."""
    return next(at for at, event in enumerate(replay.events, 1) if at > after and isinstance(event.body, kind))


def test_at_every_event_the_incident_is_the_fold_of_what_was_known(replay: Replay) -> None:
    """As known then, at every single event, forwards, backwards and by leaps."""
    count = len(replay.events)
    assert replay.at == count, "a record opens at its end, where the outcome stands"
    leaps = [at for pair in itertools.zip_longest(range(1, count + 1), range(count, 0, -1)) for at in pair if at]
    for at in [*range(count, 0, -1), *range(1, count + 1), *leaps]:
        replay.go_to(at)
        assert replay.incident == fold(replay.id, replay.events[:at])
        assert replay.event is replay.events[at - 1]


def test_beyond_both_ends_there_is_nothing(replay: Replay) -> None:
    """A key too many goes nowhere."""
    replay.go_to(-5)
    assert replay.at == 1
    replay.go_to(10_000)
    assert replay.at == len(replay.events)


def test_minutes_go_to_the_last_event_that_was_known_then(replay: Replay) -> None:
    """A minute on shows everything of that minute, and nothing of the next; a minute back as well."""
    slow = spread(replay)
    slow.go_to(1)
    slow.step_minutes(1)
    assert slow.at == 4
    assert slow.elapsed_ms() == 60_000
    slow.step_minutes(1)
    assert slow.at == 7
    slow.step_minutes(-1)
    assert slow.at == 4
    slow.step_minutes(-9)
    assert slow.at == 1
    slow.step_minutes(10_000)
    assert slow.at == len(slow.events)


def test_where_nothing_happened_for_minutes_a_minute_still_moves(replay: Replay) -> None:
    """A pause in the record is no wall."""
    first = replay.events[0]
    events = [replace(event, mono=first.mono + at * 600_000) for at, event in enumerate(replay.events)]
    slow = Replay(replay.id, events, replay.folder)
    slow.go_to(3)
    slow.step_minutes(1)
    assert slow.at == 4
    slow.step_minutes(-1)
    assert slow.at < 4


def test_the_next_failure_is_found_and_each_in_turn(replay: Replay) -> None:
    """A failure, a refusal, a stop and an override are as easy to find as they are to see."""
    replay.go_to(1)
    found: list[Event] = []
    while replay.step_trouble(1):
        found.append(replay.event)
    kinds = [type(event.body) for event in found]
    assert kinds[:3] == [StepRefused, StepFinished, StopRequested]
    assert ItemMarked in kinds
    assert trouble(found[1]) is Trouble.FAILURE
    assert all(trouble(event) is Trouble.ODD for event in found if not isinstance(event.body, StepFinished))
    back = []
    while replay.step_trouble(-1):
        back.append(replay.event)
    assert back == found[-2::-1]


def kept_files(store: Path) -> dict[Path, bytes]:
    """Everything in a store; SQLite's shared memory is not data."""
    files = (path for path in store.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path: path.read_bytes() for path in files}


async def read(tiny: Tiny, *, size: tuple[int, int] = (160, 48)) -> Cockpit:
    return Cockpit(lambda: ReviewScreen(open_replay(tiny.store, "")))


async def text(pilot: Pilot[int]) -> str:
    await pilot.pause()
    return screen_text(pilot.app)


async def test_the_screen_shows_every_pane_as_of_the_event(tiny: Tiny, replay: Replay) -> None:
    """Back at the beginning nothing is decided, drawn or run; forward again it comes event by event."""
    app = await read(tiny)
    count = len(replay.events)
    async with app.run_test(size=(160, 48)) as pilot:
        assert f"event {count} of {count}" in await text(pilot)
        assert "closed: recovered" in await text(pilot)
        await pilot.press("g")
        first = await text(pilot)
        assert f"event 1 of {count}" in first
        for later in ("decided: roll back", "recovered", "run-001", "no pushes tonight", "overridden"):
            assert later not in first
        assert "not decided yet" in first
        assert "Nothing has run yet" in first
        logs = app.screen.query_one(LogStream)
        for at in range(2, count + 1):
            await pilot.press("right")
            assert f"event {at} of {count}" in await text(pilot)
            assert logs.row_count == at
        await pilot.press("left")
        assert f"event {count - 1} of {count}" in await text(pilot)
        assert logs.row_count == count - 1


async def test_keys_of_a_review_work_in_every_pane(tiny: Tiny, replay: Replay) -> None:
    """Arrows, g and G mean the record, whichever pane has the focus; e goes to what went wrong."""
    app = await read(tiny)
    count = len(replay.events)
    failed = place_of(replay, StepFinished, place_of(replay, StepFinished, place_of(replay, StepFinished)))
    async with app.run_test(size=(160, 48)) as pilot:
        for pane in "123456":
            await pilot.press(pane, "g")
            assert f"event 1 of {count}" in await text(pilot)
            await pilot.press("right")
            assert f"event 2 of {count}" in await text(pilot)
            await pilot.press("left")
            assert f"event 1 of {count}" in await text(pilot)
            await pilot.press("G")
            assert f"event {count} of {count}" in await text(pilot)
        await pilot.press("2", "g", "e", "e")
        seen = await text(pilot)
        assert f"event {failed} of {count}" in seen
        assert "no pushes tonight" in seen
        await pilot.press("G", "e")
        assert "no failure, override or stop after this" in await text(pilot)


async def test_no_key_of_a_review_changes_the_record(tiny: Tiny) -> None:
    """Every key of the cockpit is pressed; the record and what runs stay as they are."""
    before = [event.hash for event in open_replay(tiny.store, "").events]
    files = kept_files(tiny.store)
    app = await read(tiny)
    async with app.run_test(size=(80, 24)) as pilot:
        for pane in "123456":
            await pilot.press(pane)
            for key in ("enter", "space", "o", "a", "l", "u", "X", "r", "c", "m", "s", "T", "d", "t", "n", "f8", "f9"):
                await pilot.press(key)
                await pilot.pause()
                assert isinstance(app.screen, ReviewScreen), f"{key} opens something in pane {pane}"
        await pilot.press("slash")
        await sees(pilot, "Find in the logs")
        await pilot.press(*"override", "enter")
        await pilot.press("q")
    assert [event.hash for event in open_replay(tiny.store, "").events] == before
    assert kept_files(tiny.store) == files


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16), (40, 10)])
async def test_a_review_fits_every_size(tiny: Tiny, size: tuple[int, int]) -> None:
    """From a wall of panes to a phone: where one is in the record is always seen."""
    app = await read(tiny)
    async with app.run_test(size=size) as pilot:
        await pilot.press("g", "right")
        assert "event 2 of" in await text(pilot)
