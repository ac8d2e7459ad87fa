"""A history of 5,000 releases: the first page after the data is there, and scrolling through all of it.

Absolute times, because the promise is one of a person who waits: those of the processor, so that what else a machine
does at the moment is not counted; one more chance for what it does to its caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from widget_bench import Bench, screen_text

from actions.model.clock import stamp
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing, Trouble
from actions.steps.propose import propose
from app.release_past import ReleasePast
from app.session import Session
from widgets.history import ReleaseHistory

pytestmark = pytest.mark.timeout(120)

COUNT = 5_000
FIRST_PAGE_S = 0.100
FRAME_S = 0.050
"""A key that is held down comes thirty times a second; what takes no longer than this is seen as no stall."""
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def listings() -> tuple[Listing, ...]:
    """Images, each deployed by Coolify, each a commit: three sources that know each of them."""
    times = [stamp(NOW - timedelta(hours=2 * n)) for n in range(COUNT + 1)]
    images, deployed, commits = [], [], []
    for n in range(COUNT):
        sha, until = f"{n:040x}", times[n - 1] if n else ""
        way = WayBack.READY if n else WayBack.RUNNING
        images.append(
            Release(
                f"v{COUNT - n}",
                sha,
                {"web": f"sha256:{n:064x}"},
                source="image tag",
                created=times[n],
                way_back=way,
            )
        )
        deployed.append(
            Release(
                sha[:10],
                sha,
                source="coolify deployment",
                live_since=times[n],
                live_until=until,
                ended="failed" if n % 50 == 3 else "ok",
                way_back=way,
            )
        )
        commits.append(Release(sha[:10], sha, source="git log", created=times[n], subject=f"Change number {n}"))
    return (Listing("compose", tuple(images)), Listing("coolify", tuple(deployed)), Listing("git", tuple(commits)))


def troubles() -> tuple[Trouble, ...]:
    return tuple(
        Trouble(
            f"INC-{n}", stamp(NOW - timedelta(hours=100 * n + 1)), "recovered", stamp(NOW - timedelta(hours=100 * n))
        )
        for n in range(200)
    )


async def in_time(what: str, limit_s: float, measure: Callable[[], object]) -> None:
    """Print it; fails when it takes longer twice."""
    taken: list[float] = []
    for _ in range(2):
        result = measure()
        seconds = float(await result) if hasattr(result, "__await__") else float(str(result))
        taken.append(seconds)
        print(f"\n{what}: {seconds * 1000:.1f} ms, at most {limit_s * 1000:.0f} ms")
        if seconds <= limit_s:
            return
    raise AssertionError(f"{what}: {[round(one * 1000) for one in taken]} ms, at most {limit_s * 1000:.0f} ms")


async def test_the_first_page_of_five_thousand() -> None:
    """From the listings of three sources to a painted page and the proposal: under 100 ms."""
    data, incidents = listings(), troubles()
    pane = ReleaseHistory("3 Releases")
    app = Bench(pane)
    async with app.run_test(size=(160, 48)) as pilot:

        async def once() -> float:
            pane.show(())
            await pilot.pause()
            begun = time.thread_time()
            history = History("compose", data, incidents, now=NOW)
            found = propose(data[0].releases, history)
            pane.show_history(history)
            pane.show(history.shown(), now=NOW)
            for y in range(pane.size.height):
                pane.render_line(y)
            taken = time.thread_time() - begun
            assert found.release is not None
            await pilot.pause()
            return taken

        await in_time(f"first page of {COUNT:,} releases of 3 sources", FIRST_PAGE_S, once)
        text = screen_text(app)
        assert "5000 releases" in text or "v5000" in text
        assert "✖ failed" in text


async def test_scrolling_through_five_thousand_never_stalls() -> None:
    """Page after page to the very end and back by one: the slowest step is under 50 ms, whatever is shown first."""
    pane = ReleaseHistory("3 Releases")
    app = Bench(pane)
    history = History("compose", listings(), troubles(), now=NOW)
    past = ReleasePast(cast(Session, None))
    past.put(history, whole=True)
    async with app.run_test(size=(160, 48)) as pilot:
        pane.focus()
        pane.show_history(history)
        pane.show(past.releases(), now=NOW)
        await pilot.pause()
        steps = COUNT // pane.page

        def through() -> float:
            pane.action_first()
            slowest = 0.0
            for at in range(steps + 10):
                begun = time.thread_time()
                pane.action_page(1) if at % 3 else pane.action_down()
                for y in range(pane.size.height):
                    pane.render_line(y)
                # What the screen does each second, too.
                pane.show(past.releases(), now=NOW)
                slowest = max(slowest, time.thread_time() - begun)
            return slowest

        await in_time("the slowest step of scrolling", FRAME_S, through)
        pane.action_last()
        await pilot.pause()
        assert pane.highlighted is not None
        assert pane.highlighted.name == "v1"
        assert "v1 " in screen_text(app)


MANY = 50_000
JOIN_S = 4.0
"""Off the screen's thread: the list of the way back in use stands while it is joined with the others."""


async def test_fifty_thousand_releases_scroll_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many cost time to be joined, in a thread; what is seen costs what is seen: no step stalls."""
    monkeypatch.setitem(globals(), "COUNT", MANY)
    data, incidents = listings(), troubles()
    begun = time.thread_time()
    history = History("compose", data, incidents, now=NOW)
    joined_s = time.thread_time() - begun
    print(f"\njoin of {MANY:,} releases of 3 sources: {joined_s * 1000:.0f} ms")
    assert joined_s <= JOIN_S
    pane = ReleaseHistory("3 Releases")
    app = Bench(pane)
    past = ReleasePast(cast(Session, None))
    past.put(history, whole=True)
    async with app.run_test(size=(160, 48)) as pilot:
        pane.focus()
        pane.show_history(history)
        pane.show(past.releases(), now=NOW)
        await pilot.pause()

        def page() -> float:
            begun = time.thread_time()
            for y in range(pane.size.height):
                pane.render_line(y)
            return time.thread_time() - begun

        def through() -> float:
            slowest = 0.0
            for at in (*range(0, MANY, MANY // 100), MANY - 1):
                begun = time.thread_time()
                pane.go(at, 1)
                page()
                pane.show(past.releases(), now=NOW)
                slowest = max(slowest, time.thread_time() - begun)
            return slowest

        await in_time(f"first page of {MANY:,} that are joined", FIRST_PAGE_S, page)
        await in_time(f"the slowest step of scrolling through {MANY:,}", FRAME_S, through)


async def test_finding_the_last_of_five_thousand() -> None:
    """From the first row to the last, by a word that no other one holds: under 100 ms."""
    pane = ReleaseHistory("3 Releases")
    app = Bench(pane)
    history = History("compose", listings(), troubles(), now=NOW)
    async with app.run_test(size=(160, 48)):
        pane.show_history(history)
        pane.show(history.shown(), now=NOW)

        def once() -> float:
            pane.action_first()
            begun = time.thread_time()
            assert pane.find(f"number {COUNT - 1}")
            return time.thread_time() - begun

        await in_time(f"finding one of {COUNT:,} releases", FIRST_PAGE_S, once)
