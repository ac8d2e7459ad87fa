"""The strip over the logs: bars of each minute with marks that hide none, the same in words, at every width."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from textual.geometry import Region
from widget_bench import Bench, screen_lines

from actions.model.minute_count import Minutes, minute_of
from widgets.painted import Row, row_text, row_width
from widgets.time_strip import BARS, BARS_ASCII, DECLARED, DEPLOYED, LONGEST, NO_LOG, SOON, StripFacts, TimeStrip
from widgets.time_strip import strip_rows as rows_of

NOW = minute_of(datetime(2026, 11, 22, 3, 10, 41, tzinfo=UTC))


def known(**counts: int) -> Minutes:
    """Errors so many minutes ago (``m7=12``); all of the last 90 minutes is known."""
    return Minutes({NOW - int(back[1:]): count for back, count in counts.items()}, NOW - 90, NOW)


def facts(minutes: Minutes | None = None, **more: object) -> StripFacts:
    """Deployed 30 minutes ago, declared 8 minutes ago."""
    given: dict[str, object] = {
        "minutes": minutes if minutes is not None else known(m29=2, m28=41, m9=20, m8=41, m0=5),
        "begun": True,
        "deployments": ((NOW - 30, "v42"), (NOW - 4000, "v41")),
        "declared": NOW - 8,
        **more,
    }
    return StripFacts(**given)  # type: ignore[arg-type]  # as the fields are


def texts(one: StripFacts, width: int, *, ascii: bool = False) -> tuple[str, str]:
    """Both lines as text."""
    bars, words = rows_of(one, width, ascii=ascii)
    return row_text(bars), row_text(words)


def test_an_hour_with_its_marks() -> None:
    """Each minute one cell; a mark stands before its minute; the start and the present count are said."""
    bars, words = texts(facts(), 92)
    assert bars.startswith(" 02:11Z ")
    assert bars.endswith(" now 5")
    middle = bars.removeprefix(" 02:11Z ").removesuffix(" now 5")
    assert len(middle) == LONGEST + 2, "two marks beside the sixty minutes"
    assert middle[29] == DEPLOYED
    assert middle[30:33] == "▁▂█"
    place = middle.index(DECLARED)
    assert middle[place - 1 : place + 2] == "▅│█", "before the minute in which it was declared, hiding none"
    assert middle[-1] == "▂"
    assert words == " errors/min 0-41; ▲ v42 deployed 22 min before the declaration; │ declared 03:02Z"


@pytest.mark.parametrize("width", [20, 30, 40, 56, 76, 78, 92, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_it_fits_at_every_width(width: int, ascii: bool) -> None:
    """Fewer minutes where there is less room, the newest always; words alone where bars would tell nothing."""
    bars, words = rows_of(facts(), width, ascii=ascii)
    assert row_width(bars) <= width
    assert row_text(words).startswith(" errors/min ")
    if width >= 30:
        assert row_text(bars).endswith(" now 5")
        letters = set(row_text(bars)[7:-6]) - {" "}
        drawn = set(BARS_ASCII + "._") if ascii else set(BARS + "·▁")
        assert letters <= drawn | {DEPLOYED, DECLARED}
    else:
        assert bars == ()


def test_a_minute_of_which_nothing_is_known_is_no_quiet_minute() -> None:
    """Where the log begins is seen, and said."""
    one = facts(Minutes({NOW - 2: 3}, NOW - 4, NOW))
    bars, words = texts(one, 92)
    assert "▁▁█▁▁ now 0" in bars
    assert "··" in bars
    assert "not known before 03:06Z" in words
    assert "_" not in bars
    assert ":" not in texts(facts(Minutes({}, NOW - 4, NOW)), 92, ascii=True)[0][8:]


def test_what_is_out_of_sight_is_still_said() -> None:
    """The deployment lies before the hour; another one came after the declaration."""
    one = facts(deployments=((NOW - 200, "v42"), (NOW - 2, "back")))
    _, words = texts(one, 92)
    assert "; v42 deployed 3 h 12 min before the declaration; ▲ back deployed 6 min after the declaration" in words
    _, words = texts(facts(declared=0), 92)
    assert "▲ v42 deployed 30 min ago" in words
    assert "declared" not in words
    _, words = texts(facts(deployments=((NOW - 8, "v42"),)), 92)
    assert "▲ v42 deployed within a minute of the declaration" in words


def test_it_does_not_lie_about_clocks_and_zones() -> None:
    """Where the host's clock differs, or a zone is not known, it says so first."""
    minutes = Minutes({NOW: 3}, NOW - 4, NOW, by_arrival=True)
    _, words = texts(facts(minutes, clock="+63.0 s against ours (asked in 20 ms)"), 92)
    assert words.startswith(
        " errors/min 0-3; clocks differ (+63.0 s against ours (asked in 20 ms)): lines count as they"
    )
    _, words = texts(facts(Minutes({}, NOW - 4, NOW, waiting=7)), 92)
    assert "; 7 older errors wait: no zone in their times" in words


def test_empty_states() -> None:
    """Before the logs are read, and where there is none, it says what it would show."""
    assert texts(StripFacts(), 92)[0].strip() == SOON
    assert texts(StripFacts(begun=True), 92)[0].strip() == NO_LOG
    assert len(NO_LOG) < 79 > len(SOON)


def test_outside_text_drives_nothing() -> None:
    """A release's name comes from a repository."""
    _, words = texts(facts(deployments=((NOW - 9, "v\x1b[2J1"),)), 92)
    assert "\x1b" not in words


class Counting(TimeStrip):
    """Counts how often it is painted anew."""

    painted_anew = 0

    def refresh(self, *regions: Region, **how: object) -> TimeStrip:  # type: ignore[override]  # as it is called here
        self.painted_anew += 1
        return super().refresh(*regions, **how)  # type: ignore[arg-type]  # passed on


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_on_the_screen(size: tuple[int, int], ascii: bool) -> None:
    """Two lines, nothing over the edge, in ASCII nothing else; painted only when there is something new."""
    strip = Counting(ascii=ascii)
    app = Bench(strip)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        strip.show(facts())
        await pilot.pause()
        lines = screen_lines(app)
        assert "now 5" in lines[0]
        assert "v42 deployed 22 min before" in lines[1]
        assert strip.size.height == 2
        if ascii:
            assert all(line.isascii() for line in lines)
        before = strip.painted_anew
        for _ in range(3):
            strip.show(facts())
        assert strip.painted_anew == before, "nothing is new"
        strip.show(facts(known(m0=6)))
        assert strip.painted_anew == before + 1


def test_rows_are_rows() -> None:
    """Neighbours of one tone are one span."""
    bars: Row = rows_of(facts(known()), 92)[0]
    assert len(bars) < 10
