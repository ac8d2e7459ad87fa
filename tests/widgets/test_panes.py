"""The panes on a screen: what is seen at each size, and what keys do."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from pilot_moves import comes
from sample_incident import HOSTILE, IMAGE_NEW, IMAGE_OLD, RELEASES, Evening, many_releases
from textual import events
from textual.app import App
from textual.geometry import Region
from waiting import slowness
from widget_bench import SIZES, Bench, screen_lines, screen_text

from actions.model import events as ev
from actions.model.blocking import next_move
from actions.model.ports import LogLine
from widgets.checklist import Checklist
from widgets.command_log import CommandLog
from widgets.decision_matrix import DecisionMatrix
from widgets.footer_line import NextLine
from widgets.history import ReleaseHistory
from widgets.incident_bar import IncidentBar, bar_facts
from widgets.log_stream import LogStream
from widgets.preview import Preview


def flying() -> Evening:
    """Decided, planned, the evidence kept."""
    return Evening().taken().decided().ticked("A1", "A2", "A3", "C1").planned().ran("B1", 1).ran("B2", 2)


def log_lines(count: int, start: int = 0, every: int = 10) -> list[LogLine]:
    """Lines by number; every tenth is an error."""
    return [
        LogLine("2026-11-22T10:02:18.114Z", "web", f"line {n:06} GET /login/", "error" if n % every == 0 else "")
        for n in range(start, start + count)
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_every_pane_shows_hostile_texts_as_text(size: tuple[int, int], ascii: bool) -> None:
    """Markup, escapes and wide letters of outside texts are letters on the screen, at every size, in ASCII too."""
    evening = flying().started("X1", 3).finished(3, "failed", HOSTILE)
    incident, now = evening.incident, evening.at
    bar, checklist, history = IncidentBar(ascii=ascii), Checklist(ascii=ascii), ReleaseHistory(ascii=ascii)
    matrix, log, preview = DecisionMatrix(ascii=ascii), LogStream(ascii=ascii), Preview(ascii=ascii)
    commands, footer = CommandLog(HOSTILE, ascii=ascii), NextLine(ascii=ascii)
    panes = (checklist, history, matrix, log, preview, commands)
    app = Bench(bar, *panes, footer)
    async with app.run_test(size=size) as pilot:
        if ascii:
            app.screen.add_class("-ascii")
        facts = bar_facts(incident, now=now, elapsed_ms=1000, me="ops1", driver=True, warnings=(HOSTILE,))
        for pane in panes:
            for other in panes:
                other.display = other is pane
            bar.show(facts)
            checklist.show(incident, now=now)
            history.show(RELEASES, running=IMAGE_NEW, target=IMAGE_OLD, now=now)
            matrix.show(incident)
            log.extend([LogLine("", HOSTILE, HOSTILE, "error")])
            preview.show(incident, "X3")
            commands.show(incident, now=now)
            commands.output([HOSTILE])
            footer.show(next_move(incident), [("?", HOSTILE)], HOSTILE)
            await pilot.pause()
            text = screen_text(app)
            assert "[/red]" in text
            assert not ascii or text.replace("\n", "").isascii()


@pytest.mark.parametrize("size", SIZES)
async def test_the_checklist_follows_what_comes_next(size: tuple[int, int]) -> None:
    """The cursor stands on NEXT and goes on with it; codes, glyphs and words are seen at every size."""
    evening = Evening().taken()
    checklist = Checklist("2 Checklist")
    app = Bench(checklist)
    async with app.run_test(size=size) as pilot:
        checklist.focus()
        checklist.show(evening.incident, now=evening.at)
        assert checklist.code == "A1"
        checklist.show(evening.ticked("A1").incident, now=evening.at)
        await pilot.pause()
        assert checklist.code == "A2"
        lines = screen_lines(app)
        assert any("A1  ✔" in line and "done" in line for line in lines)
        assert any("▌A2  ○" in line and "open" in line for line in lines)
        assert "2 Checklist" in lines[0]
        assert "Before  1 of 6" in lines[-1]
        checklist.show(flying().incident, now=evening.at)
        await pilot.pause()
        assert checklist.code == "X1"
        assert any("▌X1  ○" in line for line in screen_lines(app)), "the cursor is scrolled into view"


async def test_moving_away_ends_following_and_n_comes_back() -> None:
    """The operator decides: the cursor is not taken away from where it was put."""
    evening = Evening().taken()
    checklist = Checklist()
    app = Bench(checklist)
    async with app.run_test(size=(80, 24)) as pilot:
        checklist.focus()
        checklist.show(evening.incident, now=evening.at)
        await pilot.press("j", "down", "k")
        assert checklist.code == "A2"
        assert not checklist.following
        checklist.show(evening.ticked("A1", "A2").incident, now=evening.at)
        assert checklist.code == "A2"
        await pilot.press("n")
        assert checklist.code == "A3"
        assert checklist.following
        await pilot.press("G")
        assert checklist.code == "S5"
        await pilot.press("g")
        assert checklist.code == "A1"
        checklist.show(evening.planned().incident, now=evening.at)
        assert checklist.code == "A1", "rows that come between do not move the cursor to another item"


async def test_keys_on_items_are_messages() -> None:
    """Enter and space are wishes; the widget does nothing by itself; a click never activates."""
    evening = Evening().taken()
    checklist = Checklist()
    app = Bench(checklist)
    async with app.run_test(size=(80, 24)) as pilot:
        checklist.focus()
        checklist.show(evening.incident, now=evening.at)
        await pilot.press("enter", "j", "space")
        await pilot.click(Checklist, offset=(5, 5))
        await pilot.pause()
        kinds = [(type(message).__name__, message.code) for message in app.heard]  # type: ignore[attr-defined]
        assert kinds == [
            ("ItemHighlighted", "A1"),
            ("ItemActivated", "A1"),
            ("ItemHighlighted", "A2"),
            ("TickWanted", "A2"),
            ("ItemHighlighted", "D1"),
        ]


async def test_only_rows_that_changed_are_painted_again() -> None:
    """A clock that ticks in one row repaints that row: no flicker through tmux."""
    evening = flying().started("X1", 3)
    checklist = Checklist()
    app = Bench(checklist)
    async with app.run_test(size=(80, 30)) as pilot:
        checklist.show(evening.incident, now=evening.at)
        await pilot.pause()
        painted: list[tuple[Region, ...]] = []
        refresh = checklist.refresh
        checklist.refresh = lambda *regions, **more: (painted.append(regions), refresh(*regions, **more))[1]  # type: ignore[method-assign, func-returns-value]
        checklist.show(evening.incident, now=evening.at)
        assert painted == []
        checklist.show(evening.incident, now=evening.at + timedelta(seconds=1))
        assert [region.height for regions in painted for region in regions] == [1]


async def test_the_history_shows_its_three_states_and_chooses() -> None:
    """Loading, failed and empty are said in words; the proposal is highlighted; Enter is a wish."""
    history = ReleaseHistory("3 Releases")
    app = Bench(history)
    async with app.run_test(size=(120, 20)) as pilot:
        history.focus()
        await pilot.pause()
        assert "not been read yet" in screen_text(app)
        history.show_loading()
        await pilot.pause()
        assert "Reading the releases" in screen_text(app)
        history.show_error("app-1 does not answer; r reads again")
        await pilot.pause()
        assert "app-1 does not answer" in screen_text(app)
        history.show(())
        await pilot.pause()
        assert "No releases were found." in screen_text(app)
        history.show(RELEASES, running=IMAGE_NEW, now=Evening().at)
        await pilot.press("enter", "down", "enter")
        text = screen_text(app)
        assert "● 2025-10-02" in text
        assert "▌" in next(line for line in text.splitlines() if "2025-09-28" in line)
        names = [(type(one).__name__, one.release.name) for one in app.heard]  # type: ignore[attr-defined]
        assert names == [
            ("ReleaseHighlighted", "2025-10-01"),
            ("ReleaseChosen", "2025-10-01"),
            ("ReleaseHighlighted", "2025-09-28"),
            ("ReleaseChosen", "2025-09-28"),
        ]
        history.show_error("the engine went away")
        await pilot.pause()
        assert "2025-09-28" in screen_text(app), "a list that is there stays"
        assert "the engine went away" in screen_text(app)


async def test_the_cursor_stays_on_its_release_when_newer_ones_come() -> None:
    """A refresh never puts the cursor on another release than the one looked at."""
    history = ReleaseHistory()
    app = Bench(history)
    async with app.run_test(size=(80, 24)):
        history.show(RELEASES[1:], now=Evening().at)
        history.stand_on(1)
        held = history.highlighted
        history.show(RELEASES, now=Evening().at)
        assert history.highlighted == held


async def test_thousands_of_releases_scroll_without_delay() -> None:
    """A key over 5 000 releases costs what is seen, not what there is."""
    history = ReleaseHistory()
    app = Bench(history)
    async with app.run_test(size=(120, 40)) as pilot:
        history.focus()
        history.show(many_releases(20), now=Evening().at)
        few = await _keys_take(pilot, app)
        history.show(many_releases(5000), now=Evening().at)
        many = await _keys_take(pilot, app)
        await pilot.press("G")
        assert "r04999" in screen_text(app)
        assert many < few * 4 + 0.2


async def _keys_take(pilot: object, app: App[object]) -> float:
    start = time.thread_time()  # of this thread, where all of it is done: a pause of the machine is no finding
    await pilot.press(*["down"] * 10, *["pagedown"] * 5)  # type: ignore[attr-defined]
    return time.thread_time() - start


async def test_the_matrix_is_decided_from() -> None:
    """Enter on the matrix asks for the decision."""
    matrix = DecisionMatrix("1 Decision")
    app = Bench(matrix)
    async with app.run_test(size=(62, 16)) as pilot:
        matrix.focus()
        matrix.show(Evening().taken().decided().incident)
        await pilot.press("enter")
        await pilot.pause()
        assert len(app.heard) == 1
        text = screen_text(app)
        assert "▶ ●Critical" in text
        assert "not known: data risk" in text
        assert "✔ decided: roll back at 09:59:10Z" in text


async def test_a_new_item_begins_at_the_top_of_its_preview() -> None:
    """What was scrolled down for one step is not skipped for the next; the same one stays where it is."""
    incident = flying().incident
    preview = Preview()
    app = Bench(preview)
    async with app.run_test(size=(60, 8)) as pilot:
        preview.focus()
        preview.show(incident, "X1")
        await pilot.press("down", "down", "pagedown")
        assert preview.top > 2
        held = preview.top
        preview.show(incident, "X1")
        assert preview.top == held
        preview.show(incident, "B1")
        await pilot.pause()
        assert preview.top == 0
        assert "What will happen: B1 logs exported" in screen_lines(app)[0]


async def test_the_command_log_ends_with_the_newest() -> None:
    """The newest is at the bottom with the running step's output; another run begins with none."""
    evening = flying().started("X1", 3)
    log = CommandLog("6 Commands")
    app = Bench(log)
    async with app.run_test(size=(80, 10)) as pilot:
        log.focus()
        log.show(evening.incident, now=evening.at)
        log.output([f"line {n}" for n in range(2000)])
        await pilot.pause()
        assert "line 1999" in screen_lines(app)[-2]
        assert len(log.lines) == 500
        await pilot.press("up")
        log.output(["newer"])
        await pilot.pause()
        assert "newer" not in screen_text(app)
        await pilot.press("f")
        await pilot.pause()
        assert "newer" in screen_text(app)
        log.show(evening.finished(3).started("X2", 4).incident, now=evening.at)
        await pilot.pause()
        text = screen_text(app)
        assert "newer" not in text
        assert "● docker compose up" in text
        assert "exit 0  4.2 s" in text


@pytest.mark.parametrize("size", SIZES)
async def test_the_log_follows_and_holds_still(size: tuple[int, int]) -> None:
    """Scrolling up holds the lines still while new ones come, and says how many; f follows again."""
    log = LogStream("4 Logs")
    app = Bench(log)
    async with app.run_test(size=size) as pilot:
        log.focus()
        log.extend(log_lines(100))
        await pilot.pause()
        assert "line 000099" in screen_text(app)
        assert "following" in screen_lines(app)[-1]
        await pilot.press("up")
        await pilot.pause()
        before = screen_lines(app)[1:-1]
        log.extend(log_lines(231, 100))
        await pilot.pause()
        assert [line[:60] for line in screen_lines(app)[1:-1]] == [line[:60] for line in before] or size[0] < 62
        assert "paused, 231 new" in screen_lines(app)[-1]
        assert "line 000330" not in screen_text(app)
        await pilot.press("f")
        await pilot.pause()
        assert "line 000330" in screen_text(app)
        assert "following" in screen_lines(app)[-1]


async def test_the_wheel_holds_the_log_still() -> None:
    """The wheel up pauses, the wheel down to the end follows; the wheel never runs or chooses anything."""
    log = LogStream()
    app = Bench(log)
    async with app.run_test(size=(80, 24)) as pilot:
        log.extend(log_lines(100))
        await pilot._post_mouse_events([events.MouseScrollUp], LogStream, offset=(5, 5), button=0)
        log.extend(log_lines(7, 100))
        await pilot.pause()
        assert "paused, 7 new" in screen_lines(app)[-1]
        for _ in range(5):
            await pilot._post_mouse_events([events.MouseScrollDown], LogStream, offset=(5, 5), button=0)
        await pilot.pause()
        assert "following" in screen_lines(app)[-1]
        assert "line 000106" in screen_text(app)
        assert app.heard == []


async def test_what_comes_after_the_cursor_is_seen_too() -> None:
    """The list is never cut right under what is highlighted, and fills its pane again when that grows."""
    checklist = Checklist()
    app = Bench(checklist)
    async with app.run_test(size=(80, 14)) as pilot:
        checklist.show(flying().incident, now=Evening().at)
        await pilot.pause()
        text = screen_text(app)
        assert all(code in text for code in ("B2", "▌X1", "X2", "X3"))
        await pilot.resize_terminal(80, 30)
        await pilot.pause()
        await comes(pilot, lambda: "A1" in screen_lines(app)[2])


async def test_held_lines_stay_in_view_while_the_ring_turns() -> None:
    """Held still in a full ring: the same lines stay in view as long as they are kept."""
    log = LogStream(limit=200)
    app = Bench(log)
    async with app.run_test(size=(80, 12)) as pilot:
        log.focus()
        log.extend(log_lines(200))
        await pilot.press("up", "up")
        await pilot.pause()
        seen = [line[10:50] for line in screen_lines(app)[1:-1]]
        log.extend(log_lines(100, 200))
        await pilot.pause()
        assert [line[10:50] for line in screen_lines(app)[1:-1]] == seen
        assert "100 older lines not shown" in screen_lines(app)[-1]
        log.extend(log_lines(1000, 300))
        await pilot.pause()
        assert log.top == 0
        assert "line 001100" in screen_lines(app)[1]


async def test_errors_are_jumped_to_and_lines_pinned() -> None:
    """e and E go by errors, m pins the line under the cursor, n and N go by what is looked for."""
    log = LogStream()
    app = Bench(log)
    async with app.run_test(size=(80, 24)) as pilot:
        log.focus()
        log.extend(log_lines(95))
        await pilot.press("E", "m", "E", "m", "e", "m")
        await pilot.pause()
        assert [one.line.text[:11] for one in app.heard] == ["line 000090", "line 000080", "line 000090"]  # type: ignore[attr-defined]
        assert log.find("LINE 00001")
        assert "find: LINE 00001" in screen_lines(app)[-1] or await _later(pilot, app, "find: LINE 00001")
        await pilot.press("N", "m")
        assert app.heard[-1].line.text[:11] == "line 000018"  # type: ignore[attr-defined]
        assert not log.find("nowhere")
        await pilot.press("slash")
        await pilot.pause()
        assert type(app.heard[-1]) is LogStream.FindWanted


async def _later(pilot: object, app: App[object], text: str) -> bool:
    await pilot.pause()  # type: ignore[attr-defined]
    return text in screen_lines(app)[-1]


async def test_a_divider_stands_between_the_lines() -> None:
    """Steps are seen in the logs; a divider is no line that can be pinned."""
    log = LogStream()
    app = Bench(log)
    async with app.run_test(size=(80, 10)) as pilot:
        log.focus()
        log.extend(log_lines(2))
        log.mark("step B1 logs exported started 10:02:20Z")
        await pilot.press("m")
        await pilot.pause()
        assert "─── step B1 logs exported started 10:02:20Z ───" in screen_text(app)
        assert app.heard == []


async def test_long_lines_are_read_sideways() -> None:
    """The end of a long line is reached with the arrows."""
    log = LogStream()
    app = Bench(log)
    async with app.run_test(size=(60, 10)) as pilot:
        log.focus()
        log.extend([LogLine("", "web", "x" * 100 + " the end")])
        await pilot.press(*["right"] * 5)
        await pilot.pause()
        assert "the end" in screen_text(app)
        await pilot.press(*["left"] * 9)
        assert log.left == 0


async def test_a_flood_costs_little_and_keys_still_come_through() -> None:
    """Ten bursts of 10 000 lines: bounded memory, the newest on screen, drops said, keys answered in between."""
    log = LogStream()
    app = Bench(log)
    async with app.run_test(size=(160, 48)) as pilot:
        log.focus()
        batches = [log_lines(10_000, n * 10_000) for n in range(10)]
        extending, slow = 0.0, slowness()
        for batch in batches:
            start = time.thread_time()
            log.extend(batch, lost=5)
            extending += time.thread_time() - start
            await pilot.press("f")
            await pilot.press("f")
        await pilot.pause()
        text = screen_text(app)
        assert "line 099999" in text
        assert "80 050 older lines not shown" in text
        assert "10000 errors" in text
        assert len(log.lines) == 20_000
        assert extending < 1.0 * slow, "100 000 lines in well under a second"


async def test_a_batch_larger_than_the_ring_is_cut_to_it() -> None:
    """Whatever comes, only the newest lines are kept and the rest is counted."""
    log = LogStream(limit=50)
    app = Bench(log)
    async with app.run_test(size=(80, 10)):
        log.extend(log_lines(500))
        assert [len(log.lines), log.dropped, log.lines[0].text[:11]] == [50, 450, "line 000450"]
        log.clear()
        assert [len(log.lines), log.dropped, log.errors] == [0, 0, 0]


@pytest.mark.parametrize("size", [(20, 4), (4, 3), (1, 1)])
async def test_no_size_is_too_small_to_survive(size: tuple[int, int]) -> None:
    """A terminal dragged to nothing crashes no pane."""
    evening = flying()
    panes = (
        Checklist(),
        ReleaseHistory(),
        DecisionMatrix(),
        LogStream(),
        Preview(),
        CommandLog(),
        IncidentBar(),
        NextLine(),
    )
    app = Bench(*panes)
    async with app.run_test(size=size) as pilot:
        panes[0].show(evening.incident, now=evening.at)
        panes[1].show(RELEASES, now=evening.at)
        panes[2].show(evening.incident)
        panes[3].extend(log_lines(30))
        panes[4].show(evening.incident, "X1")
        panes[5].show(evening.incident, now=evening.at)
        for pane in panes:
            for other in panes:
                other.display = other is pane
            pane.focus()
            await pilot.press("down", "up", "pagedown", "G", "g")
        assert app.is_running


async def test_a_drill_colours_the_bar_otherwise() -> None:
    """The bar carries the class of its environment and of the drill for the style sheet."""
    bar = IncidentBar()
    app = Bench(bar)
    async with app.run_test(size=(80, 24)) as pilot:
        evening = Evening("drill", "staging").add(ev.InputsSet("High", -1, -1, ""))
        bar.show(bar_facts(evening.incident, now=evening.at, elapsed_ms=1, me="", driver=False))
        await pilot.pause()
        assert bar.has_class("-drill", "-staging")
        assert "DRILL ● STAGING ◆" in screen_lines(app)[0]
