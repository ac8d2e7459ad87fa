"""Whether a rollback would work, on the screen: the lamp in the bar, and the dialog with the findings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pilot_moves import comes
from sample_incident import Evening
from widget_bench import SIZES, Answers, Bench, Seconds, opened, screen_text

from actions.model.clock import parse_stamp
from actions.model.ready import Finding, ReadyLevel, ReadyReport, TargetState, lamp
from actions.model.ready_kinds import ReadyKind
from widgets import ready_dialog
from widgets.incident_bar import BarFacts, bar_facts, bar_row
from widgets.painted import row_text, row_width
from widgets.ready_dialog import Looked, ReadyDialog
from widgets.ready_rows import ReadyRows

AT = "2026-11-22T10:00:00.000000Z"
NOW_S = parse_stamp(AT).timestamp() + 190
TARGET = TargetState("coolify", "v1.4.1", "a" * 40, proposed=True, there=True, protected=False, prune="taken soon")


def report(*findings: Finding) -> ReadyReport:
    return ReadyReport("obcms", AT, "ops@jump", findings, (TARGET,), checks={"host": "ok"})


GONE = ReadyKind.TARGET_GONE.finding("v1.4.1: its image is not on the server", "coolify")
OLD = ReadyKind.BACKUP_OLD.finding("x.sql.gz is 3 d old", "backups")


def bar(found: ReadyReport | None, width: int, *, seconds: float = NOW_S) -> str:
    evening = Evening().taken()
    facts = bar_facts(evening.incident, now=evening.at, elapsed_ms=252_000, me="ops1", driver=True)
    shown = lamp(found, seconds)
    facts = replace(facts, ready=shown.word, ready_age=shown.age)
    row = bar_row(facts, width)
    assert row_width(row) <= width
    return row_text(row)


@pytest.mark.parametrize("width", [60, 80, 160, 240])
def test_not_packed_is_a_banner_that_stays(width: int) -> None:
    """A00: in words at every width that a cockpit has; with room, what it means, how old it is, and the key."""
    text = bar(report(GONE), width)
    assert "✖ NOT READY 1" in text
    if width >= 240:
        assert "NOT READY 1: parachute not packed, 3 min 10 s ago (R)" in text


def test_ready_gives_way_to_what_is_urgent() -> None:
    """READY with its age where there is room; a warning alone is no NOT READY."""
    assert "✔ READY, 3 min 10 s ago (R)" in bar(report(OLD), 240)
    assert "READY" not in bar(report(), 60)


def test_what_is_not_known_is_said_to_be_that() -> None:
    """Never looked, looked a day ago, or a check that hung."""
    hung = ReadyKind.CHECK_TIMED_OUT.finding("schema: no end within 60 s", "schema")
    assert "? READY? looking (R)" in bar(None, 240)
    assert "? READY? not known, 3 min 10 s ago (R)" in bar(report(hung), 240)
    assert "READY? not known" in bar(report(), 240, seconds=NOW_S + 2 * 86400)
    assert "READY? not known" in bar(report(GONE), 240, seconds=NOW_S - 7200)  # its clock is ahead of ours


def test_once_it_is_back_or_closed_there_is_no_lamp() -> None:
    """What it was for has been done."""
    facts = BarFacts(incident="INC-1", ready="NOT READY 1", ready_age="2 s ago", proven=True)
    assert "READY" not in row_text(bar_row(facts, 160))
    assert "READY" not in row_text(bar_row(replace(facts, proven=False, closed="recovered"), 160))


def flat(text: str) -> str:
    return " ".join(text.replace("│", " ").replace("|", " ").replace("█", " ").replace("▌", " ").split())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_the_findings_in_full(size: tuple[int, int], ascii: bool) -> None:
    """At every size, in ASCII too: the verdict, when and by whom, each in full with its next move, and the wishes."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        looked = Looked(report(GONE, OLD), "looked at 3 min ago by ops@jump")
        dialog = ReadyDialog(lambda: looked, lambda: "", ascii=ascii, seconds=seconds)
        answers: Answers = await opened(pilot, dialog)
        seconds.now += 1
        await pilot.pause()
        text = screen_text(app)
        assert text.isascii() or not ascii
        words = flat(text)
        assert "NOT READY: 1 error, 1 warning" in words
        assert "Looked at 3 min ago by ops@jump." in words
        assert "coolify: v1.4.1: its image is not on the server" in words
        assert "Next: pull or build it again now, while nothing burns." in words
        assert "Protect the target" in words
        await pilot.press("down", "down")
        await pilot.pause()
        assert "coolify v1.4.1: there; not protected; taken soon" in flat(screen_text(app))
        await pilot.press("p")
        await pilot.pause()
        assert answers.given == ["protect"]


async def test_a_look_that_ends_is_shown_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened before anybody looked: it says so, l asks for a look and stays open, and what is found comes by itself;
    the cursor stays on its line when the answer is another one."""
    monkeypatch.setattr(ready_dialog, "LOOK_S", 0.02)
    now, asked = [Looked(None, "nobody has looked yet; l looks now")], []

    def look() -> str:
        asked.append(1)
        now[0] = Looked(None, "it is being looked at, since 0 s")
        return ""

    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, ReadyDialog(lambda: now[0], look))
        assert "Not known: nobody has looked yet; l looks now." in flat(screen_text(app))
        assert "Protect" not in screen_text(app)
        await pilot.press("p")
        await pilot.pause()
        assert "There is no target to protect." in flat(screen_text(app))
        await pilot.press("l")
        await pilot.pause()
        assert (asked, answers.given) == ([1], [])
        assert "Not known: it is being looked at, since 0 s." in flat(screen_text(app))
        assert "no target" not in screen_text(app)
        now[0] = Looked(report(GONE, OLD), "looked at 0 s ago by ops@jump")
        await comes(pilot, lambda: "NOT READY: 1 error, 1 warning" in flat(screen_text(app)))
        await pilot.press("down")
        await pilot.pause()
        assert "backups: x.sql.gz is 3 d old" in flat(screen_text(app))
        now[0] = Looked(report(OLD), "looked at 0 s ago by ops@jump", lambda _: "another move")
        await comes(pilot, lambda: "READY: 1 warning" in flat(screen_text(app)))
        assert "backups: x.sql.gz is 3 d old" in flat(screen_text(app))
        assert "Next: another move." in flat(screen_text(app))
        assert dialog_rows(app).cursor == 0
        now[0] = Looked(replace(report(), targets=()), "looked at 0 s ago by ops@jump")
        await comes(pilot, lambda: "a rollback would work right now" in flat(screen_text(app)))
        assert "x.sql.gz" not in screen_text(app)


def dialog_rows(app: Bench) -> ReadyRows:
    return app.screen.query_one(ReadyRows)


async def test_why_it_is_not_looked_now() -> None:
    """The reason stands in the dialog, and it stays open."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        looked = Looked(report(OLD), "looked at 3 min ago by ops@jump")
        answers = await opened(pilot, ReadyDialog(lambda: looked, lambda: "X1 switch is running"))
        await pilot.press("l")
        await pilot.pause()
        assert "X1 switch is running" in flat(screen_text(app))
        assert answers.given == []


def test_a_level_is_never_without_a_mark() -> None:
    """Glyph, word and colour for each."""
    from widgets.ready_rows import LEVELS

    assert set(LEVELS) == set(ReadyLevel)
    assert all(mark.glyph and mark.word and mark.style_class for mark in LEVELS.values())
