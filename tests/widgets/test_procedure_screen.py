"""The procedure's page on the screen: whole at every size, scrolled by keys, harmless, and read-only."""

from __future__ import annotations

import pytest
from sample_incident import HOSTILE
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from actions.model.procedure_line import Around, Line, Look
from actions.model.procedure_sheet import sheet
from app.procedure_check import built_in
from widgets.painted import row_text, row_width
from widgets.procedure_rows import sheet_rows
from widgets.procedure_screen import ProcedureScreen, SheetView

LINES = sheet(built_in(), Around(elapsed_s=60, deadline_s=900, overdue="January 2026"))


def shown(lines: tuple[Line, ...] = LINES, *, ascii: bool = False) -> ProcedureScreen:
    """The dialog over these lines."""
    return ProcedureScreen(lambda: lines, ascii=ascii, seconds=Seconds())


@pytest.mark.parametrize("width", [117, 75, 57, 20])
def test_nothing_of_a_line_is_cut_away(width: int) -> None:
    """Every word of the page stands in its rows at every width, and no row is wider than there is room."""
    rows, sections = sheet_rows(LINES, width)
    assert max(row_width(row) for row in rows) <= width
    text = "".join("".join(row_text(row).replace("↳", "").split()) for row in rows)
    at = 0
    for line in LINES:
        found = text.find("".join(line.text.split()), at)
        assert found >= 0, line
        at = found
    headings = [line.text for line in LINES if line.look is Look.HEADING]
    assert len(sections) == len(headings)
    for at_row, heading in zip(sections, headings, strict=True):
        assert heading.startswith(row_text(rows[at_row]).strip())


def test_state_is_told_by_a_sign_and_words_not_by_colour_alone() -> None:
    """Glyph and word for what holds now and for a warning."""
    texts = [row_text(row) for row in sheet_rows(LINES, 117)[0]]
    assert "  ▶ until T+15:00: DevOps Lead, now" in texts
    assert "! its review is overdue since January 2026" in texts


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", SIZES)
async def test_the_page_is_read_from_top_to_bottom_at_every_size(size: tuple[int, int], ascii: bool) -> None:
    """Every row comes on the screen by paging, the keys that leave are in view, and q leaves without an answer."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await opened(pilot, shown(ascii=ascii))
        view = app.screen.query_one(SheetView)
        seen = screen_text(app)
        assert "[q Close]" in seen
        pages = 0
        while view.top < view.last_top:
            before = view.top
            await pilot.press("space")
            await pilot.pause()
            assert before < view.top <= before + view.page, "a page leaves nothing out"
            seen += screen_text(app)
            pages += 1
            assert pages < 200
        assert not ascii or seen.isascii()
        for words in ("Who to reach", "tech-lead@example.org", "V20", "Incident response plan", "SELECT"):
            assert words in seen
        await pilot.press("q")
        await pilot.pause()
        assert answers.given == [None]


async def test_n_goes_from_section_to_section_and_back() -> None:
    """The ways back are a few keys away, at 60x16, too."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        await opened(pilot, shown())
        for _ in range(3):
            await pilot.press("n")
        assert "Ways back" in screen_text(app).split("\n")[2]
        await pilot.press("N")
        assert "Who decides" in screen_text(app).split("\n")[2]


async def test_what_holds_now_changes_while_the_page_is_read_and_the_place_stays() -> None:
    """At T+15:00 the mark moves on; whoever has scrolled there is not thrown back."""
    facts = [Around(elapsed_s=899)]
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = ProcedureScreen(lambda: sheet(built_in(), facts[0]), seconds=Seconds())
        await opened(pilot, screen)
        await pilot.press("n", "n")
        assert "▶ until T+15:00: DevOps Lead, now" in screen_text(app)
        top = app.screen.query_one(SheetView).top
        facts[0] = Around(elapsed_s=900)
        screen.look_again()
        await pilot.pause()
        assert "▶ from then on: Tech Manager, now" in screen_text(app)
        assert abs(app.screen.query_one(SheetView).top - top) <= 1


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_words_of_a_document_drive_no_terminal(size: tuple[int, int]) -> None:
    """Escape sequences, markup and wide letters are shown as text; screen_text looks at every cell."""
    app = Bench()
    async with app.run_test(size=size) as pilot:
        await opened(pilot, shown(tuple(Line(HOSTILE * 3, look, 2) for look in Look)))
        assert "zz[/red]zz" in screen_text(app)


async def test_an_empty_page_and_one_key_out() -> None:
    """No line, no crash; v, the key that opened it, closes it."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        answers = await opened(pilot, shown(()))
        await pilot.press("n", "N", "space", "G", "g")
        screen_text(app)
        await pilot.press("v")
        await pilot.pause()
        assert answers.given == [None]
