"""How states and times look, without a terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from actions.model.checklist import Kind, State
from actions.model.release import WayBack
from actions.model.step import Happened, Outcome, Risk
from widgets import palette
from widgets import presentation as pres

TABLES: list[tuple[dict[Any, pres.Mark], type[Enum]]] = [
    (pres.STATES, State),
    (pres.KINDS, Kind),
    (pres.WAYS_BACK, WayBack),
    (pres.RISKS, Risk),
    (pres.OUTCOMES, Outcome),
    (pres.HAPPENED, Happened),
]
NOW = datetime(2026, 11, 22, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(("table", "kinds"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_every_state_is_told_by_glyph_and_by_word_alone(table: dict[Enum, pres.Mark], kinds: type[Enum]) -> None:
    """Colour is never the only carrier: glyphs, their ASCII twins and words each tell all states of a kind apart."""
    assert set(table) == set(kinds)
    marks = list(table.values())
    assert len({mark.glyph for mark in marks}) == len(marks)
    assert len({pres.harmless(mark.glyph, ascii=True) for mark in marks}) == len(marks)
    assert len({mark.word for mark in marks}) == len(marks)
    assert all(mark.word for mark in marks)
    assert all(mark.style_class in pres.TONES for mark in marks)


def test_environments_and_modes_are_told_apart_without_colour() -> None:
    """Production, staging and drill differ in word and shape; an unknown environment is as serious as production."""
    marks = [pres.environment_mark(name) for name in ("production", "staging", "drill")]
    assert len({mark.glyph for mark in marks}) == len({mark.word for mark in marks}) == 3
    assert pres.environment_mark("prod-eu").style_class == "tone--production"
    assert pres.MODES["live"].word != pres.MODES["drill"].word


def test_all_glyphs_and_twins_have_width_one() -> None:
    """Nothing on the screen moves, in UTF-8 or in ASCII."""
    marks = [mark for table, _ in TABLES for mark in table.values()]
    marks += [*pres.ENVIRONMENTS.values(), *pres.MODES.values(), *pres.LEVELS.values()]
    glyphs = {mark.glyph for mark in marks} | set(pres.ASCII_TWINS)
    assert all(cell_len(glyph) == 1 == len(glyph) for glyph in glyphs)
    assert all(twin.isascii() and len(twin) == 1 for twin in pres.ASCII_TWINS.values())
    assert all(glyph.isascii() or glyph in pres.ASCII_TWINS for glyph in glyphs)


@given(st.text(), st.integers(-2, 30))
def test_clipped_text_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    """A text never runs over its place, with wide letters too, and a cut is seen."""
    clipped = pres.clip(text, width)
    assert cell_len(clipped) <= max(0, width)
    if width > 0 and cell_len(text) <= width:
        assert clipped == text
    elif width > 0:
        assert clipped.endswith("…")
    assert width < 0 or cell_len(pres.fit(text, width)) == width


@given(st.text())
def test_harmless_text_cannot_drive_a_terminal(text: str) -> None:
    """The second lock behind the sanitiser: only printable characters get to the screen."""
    assert pres.harmless(text).isprintable()
    plain = pres.harmless(text, ascii=True)
    assert plain.isascii()
    assert plain.isprintable()


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])), st.integers(8, 40), st.integers(0, 40))
def test_wrapping_leaves_nothing_out(text: str, width: int, indent: int) -> None:
    """Shown, then done: a long command is broken, never cut."""
    lines = pres.wrap_cells(text, width, indent)
    assert all(cell_len(line) <= width for line in lines)
    lead = min(indent, width - 6) + 2
    assert lines[0] + "".join(line[lead:] for line in lines[1:]) == text


@given(st.text(st.sampled_from("ab漢字")), st.integers(0, 12))
def test_sideways_scrolling_keeps_columns(text: str, cells: int) -> None:
    """A wide letter cut in two leaves a space, so columns stay under each other."""
    assert cell_len(pres.drop_cells(text, cells)) == max(0, cell_len(text) - cells)


def test_times_are_utc_with_z_and_local_in_brackets() -> None:
    """An operator abroad reads the same minute."""
    zone = timezone(timedelta(hours=2))
    assert pres.clock_text("2026-11-22T10:02:18.114Z") == "10:02:18Z"
    assert pres.clock_text("2026-11-22T10:02:18Z", zone) == "10:02:18Z (12:02 +0200)"
    assert pres.clock_text("not a time\x1b[2J") == "not a time�[2J"
    assert pres.minute_text("2026-11-22T10:02:18Z") == "10:02Z"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11-22T09:58:10Z", "today 09:58Z"),
        ("2026-11-21T08:03:44Z", "yesterday 08:03Z"),
        ("2026-09-28T07:11:09Z", "28 Sep 07:11Z"),
        ("2024-09-28T07:11:09Z", "28 Sep 2024"),
        ("2026-11-23T01:00:00Z", "23 Nov 01:00Z"),
        ("", ""),
    ],
)
def test_days_are_named_as_people_name_them(text: str, words: str) -> None:
    """Today and yesterday are words; another year is said."""
    assert pres.day_text(text, NOW) == words


def test_durations_and_digests_for_the_eye() -> None:
    """Clocks count in minutes, digests are read out in groups of four."""
    assert [pres.duration_text(ms) for ms in (12, 4200, 14_000, 200_000)] == ["12 ms", "4.2 s", "14 s", "3 min 20 s"]
    assert pres.minutes_text(252) == "04:12"
    assert pres.minutes_text(3852) == "1:04:12"
    assert pres.groups_of_four("7f3a91c20be4", 2) == "7f3a 91c2 …"


def test_the_palette_colours_every_tone_and_no_other() -> None:
    """A state is never left without its colour by a misspelt name."""
    assert {f"tone--{name}" for name in palette._TONES} == set(pres.TONES)
    for tone in pres.TONES:
        style = palette.tone_style(tone)
        assert style.color or style.bgcolor, tone


def test_the_style_sheet_names_colours_of_the_palette_only() -> None:
    """Colours stand in one place."""
    sheet = Path(__file__).parents[2].joinpath("app", "cockpit.tcss").read_text(encoding="utf-8")
    assert set(re.findall(r"\$([a-z-]+)", sheet)) <= set(palette.VARIABLES)
    assert not re.findall(r"#[0-9a-f]{6}\b", sheet)
