"""The verdict in the list: glyph, word and colour, at every width, also before it was read."""

from __future__ import annotations

import pytest
from sample_incident import IMAGE_NEW, IMAGE_OLD, RELEASES, Evening
from widget_bench import Bench, screen_text

from actions.model.migrations import Verdict
from widgets.history import ReleaseHistory, release_row
from widgets.painted import row_text
from widgets.presentation import ASCII_TWINS, TONES
from widgets.schema_cell import SCHEMA, columns_with_schema, schema_cell

WHY = "the target does not know shop.0002_total"


def test_every_verdict_looks_like_nothing_else() -> None:
    """Any of the three is enough to tell it; there is no verdict without a look."""
    assert set(SCHEMA) == {*(one.value for one in Verdict), ""}
    marks = [mark for mark, _ in SCHEMA.values()]
    assert len({mark.glyph for mark in marks}) == len({mark.word for mark in marks}) == len(marks)
    assert all(mark.style_class in TONES and (mark.glyph in ASCII_TWINS or mark.glyph.isascii()) for mark in marks)
    assert schema_cell("made up", 16)[0].strip() == "? unknown"


@pytest.mark.parametrize("width", [34, 48, 60, 80, 100, 118, 160])
@pytest.mark.parametrize("verdict", sorted(SCHEMA))
def test_a_row_says_the_verdict_at_every_width(width: int, verdict: str) -> None:
    """Narrow panes have a shorter word; the way back stays beside it."""
    row = row_text(release_row(RELEASES[1], width, Evening().at, running=False, target=False, schema=verdict))
    mark, short = SCHEMA[verdict]
    assert mark.text in row or f"{mark.glyph} {short}" in row
    assert "★" in row
    assert sum(size for _, size in columns_with_schema(width)) + 2 <= max(width, 38)


async def test_the_column_comes_with_its_verdicts_and_says_why() -> None:
    """Not asked for: no column. Asked for: not read yet, then one after the other; why, of the one under the cursor."""
    history = ReleaseHistory("3 Releases")
    app = Bench(history)
    async with app.run_test(size=(80, 12)) as pilot:
        history.focus()
        history.show(RELEASES, running=IMAGE_NEW, now=Evening().at)
        await pilot.pause()
        assert "schema" not in screen_text(app)
        history.show_schema({})
        await pilot.pause()
        assert screen_text(app).count("○ not read yet") >= len(RELEASES)
        history.show_schema({IMAGE_NEW: ("SAFE", "knows all"), IMAGE_OLD: ("REVERSE FIRST", WHY)})
        history.highlight(IMAGE_OLD)
        await pilot.pause()
        text = screen_text(app)
        lines = {one.name: next(line for line in text.splitlines() if one.name in line) for one in RELEASES[:3]}
        assert "✔ safe" in lines["2025-10-02"]
        assert "↷ reverse first" in lines["2025-10-01"]
        assert "○ not read yet" in lines[RELEASES[2].name]
        assert "schema ↷ reverse first: the target does not know" in text
        history.show_schema(None)
        await pilot.pause()
        assert "schema" not in screen_text(app)
