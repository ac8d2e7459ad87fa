"""The release list with its history, and the sheet of one release: what is seen, at every size."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from widget_bench import SIZES, Bench, opened, screen_text

from actions.model.golden import Pin
from actions.model.last_good import Standing
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing, Trouble
from actions.model.release_sheet import Behind, sheet
from widgets.health_cell import HEALTH, columns_with_health, health_mark
from widgets.history import ReleaseHistory, columns_of
from widgets.release_detail import DetailLines, ReleaseDetail

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(day: int, hour: int = 0) -> str:
    return f"2026-11-{day:02}T{hour:02}:00:00.000000Z"


def made(number: int, since: str, until: str = "", **more: Any) -> Release:
    one = Release(
        f"v{number}", f"{number:040x}", source="git tag", created=at(number), live_since=since, live_until=until,
        ended="ok" if since else "", way_back=WayBack.READY, subject="Change",
    )  # fmt: skip
    return replace(one, **more)


OWN = (
    made(6, at(19, 20), way_back=WayBack.RUNNING),
    made(5, at(18), at(18, 0)),
    made(4, at(14), at(18)),
    made(3, at(10), at(14), ended="failed"),
    made(2, at(5), at(10)),
    made(1, ""),
)
OTHER = (Release("odd", "f" * 40, source="coolify deployment", live_since=at(12), created=at(12), ended="ok"),)
PINS = (Pin("shop", f"{2:040x}", "v2", at(11), "ops1", "black friday"),)
TROUBLES = (Trouble("INC-4", at(17), "forward", at(17, 2)),)


def history() -> History:
    return History("git", (Listing("git", OWN), Listing("coolify", OTHER)), TROUBLES, PINS, now=NOW)


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", SIZES)
async def test_glyph_word_and_colour_tell_each_life(size: tuple[int, int], ascii: bool) -> None:
    """Good, golden, accused, failed, too short, never deployed; what another source alone knows is told apart."""
    pane, seen = ReleaseHistory("3 Releases", ascii=ascii), history()
    app = Bench(pane)
    async with app.run_test(size=size) as pilot:
        pane.show_history(seen)
        pane.show(seen.shown(), now=NOW)
        await pilot.pause()
        text = screen_text(app)
        marks = ("* runs", "X incident", "X failed", "$ golden", "o never") if ascii else (
            "● runs", "✖ incident", "✖ failed", "★ golden", "○ never",
        )  # fmt: skip
        for words in (*marks, "coolify"):
            assert words in text, words
        pane.highlight(f"{4:040x}")
        await pilot.pause()
        assert "INC-4 was declared" in screen_text(app)


@pytest.mark.parametrize("schema", [False, True])
@pytest.mark.parametrize("width", [*range(30, 60), 73, 74, 89, 90, 103, 104, 113, 114, 123, 124, 158, 300])
def test_the_columns_fit_every_width(width: int, schema: bool) -> None:
    """No column is pushed over the edge, and the life is always one of them."""
    shown = columns_with_health(width, schema=schema)
    assert sum(size for _, size in shown) <= width
    assert "healthy" in dict(shown)
    assert columns_of(width, schema=schema, health=True) == shown


def test_every_standing_has_a_look_of_its_own() -> None:
    """No two that could be mistaken for each other; not read yet is none of them."""
    assert set(HEALTH) == set(Standing)
    assert len({(mark.glyph, mark.word) for mark in HEALTH.values()}) == len(Standing)
    assert health_mark(None).word == "not read yet"


async def test_without_a_life_to_tell_there_is_no_such_column() -> None:
    """Sources that tell of no deployment take no room from what is known."""
    bare = (made(2, "", way_back=WayBack.RUNNING), made(1, ""))
    pane, seen = ReleaseHistory(), History("git", (Listing("git", bare),), now=NOW)
    app = Bench(pane)
    async with app.run_test(size=(160, 48)) as pilot:
        pane.show_history(seen)
        pane.show(seen.shown(), now=NOW)
        await pilot.pause()
        assert "healthy" not in screen_text(app)
        assert "ended" in screen_text(app)


async def test_near_the_end_older_ones_are_asked_for_once_there_are_more() -> None:
    """Paging from the source: the list asks before the end is reached; where there are no more it is silent."""
    many = tuple(made(n, at(1)) for n in range(300, 0, -1))
    pane = ReleaseHistory()

    class Hearing(Bench):
        def on_release_history_more_wanted(self, message: ReleaseHistory.MoreWanted) -> None:
            self.heard.append(message)

    app = Hearing(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.focus()
        pane.show(many, now=NOW)
        pane.show_history(None, more=True)
        await pilot.press("pagedown")
        await pilot.pause()
        assert app.hear(ReleaseHistory.MoreWanted) == []
        await pilot.press("G")
        await pilot.pause()
        assert len(app.hear(ReleaseHistory.MoreWanted)) == 1
        pane.show_history(None, more=False)
        await pilot.press("g", "G")
        await pilot.pause()
        assert len(app.hear(ReleaseHistory.MoreWanted)) == 1


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", SIZES)
async def test_the_sheet_can_be_read_to_its_end_at_every_size(size: tuple[int, int], ascii: bool) -> None:
    """All facts with their sources; what is read meanwhile appears; x or Esc leaves it."""
    seen = history()
    row = seen.of(f"{4:040x}")
    assert row is not None
    dialog = ReleaseDetail("v4", sheet(seen, row, Behind()), ascii=ascii)
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await opened(pilot, dialog)
        await pilot.pause()
        assert "Release v4" in screen_text(app)
        behind = Behind("3 files, +20 -4 from what runs", ("shop/migrations/0002_x.py",), "1 changed (DEBUG)", True)
        dialog.show(sheet(seen, row, behind))
        await pilot.pause()
        pages, view = [screen_text(app)], app.screen.query_one(DetailLines)
        while view.top < view.last_top:
            await pilot.press("pagedown")
            await pilot.pause()
            pages.append(screen_text(app))
        text = " ".join(" ".join(pages).replace("│", " ").replace("|", " ").split())
        for words in (
            "v4: incident",
            "INC-4 was declared",
            "3 files, +20 -4",
            "0002_x.py",
            "(DEBUG)",
            "commit:",
            "git tag",
        ):
            assert words in text, words
        assert ("[Leave]" in pages[0]) or ("Leave" in pages[0])
        await pilot.press("x")
        await pilot.pause()
        assert answers.given == [None]


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", SIZES)
async def test_the_one_to_go_back_to_is_marked_wherever_the_cursor_stands(size: tuple[int, int], ascii: bool) -> None:
    """At three in the morning: its row says so by glyph and word at every size, and the border why, in one line."""
    own = (made(3, at(19, 20), way_back=WayBack.RUNNING), made(2, at(5), at(19, 20)), made(1, at(2), at(5)))
    seen = History("git", (Listing("git", own),), now=NOW)
    pane = ReleaseHistory("3 Releases", ascii=ascii)
    app = Bench(pane)
    async with app.run_test(size=size) as pilot:
        pane.show_history(seen, proposal=(f"{2:040x}", "last good"))
        pane.show(seen.shown(), now=NOW)
        pane.highlight(f"{1:040x}")
        await pilot.pause()
        line = next(one for one in screen_text(app).splitlines() if "v2" in one)
        assert ("> last good" if ascii else "→ last good") in line
        pane.highlight(f"{2:040x}")
        await pilot.pause()
        assert "last good: deployed well, live 14 d 20 h, no incid" in screen_text(app).splitlines()[-1]


async def test_rows_that_arrive_move_nothing_under_the_operators_eyes() -> None:
    """Fifty newer and older ones come in: the same release is highlighted, on the same line of the screen."""
    many = tuple(made(n, at(1)) for n in range(300, 0, -1))
    pane = ReleaseHistory()
    app = Bench(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.focus()
        pane.show(many[50:250], now=NOW)
        pane.highlight(many[150].identity)
        await pilot.press("up", "up", "up")
        await pilot.pause()
        held = pane.highlighted
        lines = screen_text(app).splitlines()
        pane.show(many, now=NOW)
        await pilot.pause()
        assert pane.highlighted == held
        assert [one[:30] for one in screen_text(app).splitlines()[1:-1]] == [one[:30] for one in lines[1:-1]]


async def test_a_row_that_is_left_out_leaves_the_cursor_on_its_neighbour() -> None:
    """Every commit was shown, and now only those that were deployed: the cursor does not jump to another time."""
    many = tuple(made(n, at(1)) for n in range(300, 0, -1))
    fewer = tuple(one for n, one in enumerate(many) if n % 10 == 0)
    pane = ReleaseHistory()
    app = Bench(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        pane.show(many, now=NOW)
        pane.highlight(many[153].identity)
        pane.show(fewer, now=NOW)
        await pilot.pause()
        assert pane.highlighted is many[150]


async def test_one_of_them_is_found_and_the_next_by_n() -> None:
    """`/` wants a text; it is looked for from the cursor down, then from the top; n and N go on and say the end."""
    pane, seen = ReleaseHistory("3 Releases"), history()
    wanted: list[tuple[str, int]] = []

    class Desk(Bench):
        def on_finds_releases_not_found(self, message: ReleaseHistory.NotFound) -> None:
            wanted.append((message.text, message.way))

        def on_finds_releases_find_wanted(self) -> None:
            wanted.append(("/", 0))

    app = Desk(pane)
    async with app.run_test(size=(160, 48)) as pilot:
        pane.focus()
        pane.show_history(seen)
        pane.show(seen.shown(), now=NOW)
        pane.action_first()
        await pilot.press("n", "slash")
        assert wanted == [("/", 0)], "without a text n is not the pane's"
        assert pane.find("CHANGE")
        assert pane.highlighted is not None
        assert pane.highlighted.name == "v6"
        await pilot.press("n", "n")
        assert pane.highlighted.name == "v4"
        assert "find: CHANGE" in screen_text(app)
        await pilot.press("N")
        assert pane.highlighted.name == "v5"
        assert pane.find("fff")
        assert pane.highlighted.name == "odd", "known to another source alone"
        assert pane.find("v5"), "over the cursor, too"
        assert pane.highlighted.name == "v5"
        await pilot.press("n", "N")
        assert wanted[1:] == [("v5", 1), ("v5", -1)]
        assert not pane.find("nobody")
        assert pane.highlighted.name == "v5"
        assert pane.find("")
        await pilot.pause()
        assert "find:" not in screen_text(app)
