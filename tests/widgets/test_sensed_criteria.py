"""What sensors say of the criteria, on every screen that asks for them: it proposes, one key takes it over."""

from __future__ import annotations

import asyncio
import time

import pytest
from sample_incident import HOSTILE, Evening
from waiting import PATIENCE_S
from widget_bench import SIZES, Bench, Seconds, opened, screen_text
from with_procedure import following, marked

from actions.model import events as ev
from actions.model.blocking import blocked_reason
from actions.model.checklist import Kind
from actions.model.incident import Incident, item_of
from widgets.checklist_rows import item_row
from widgets.criteria_dialog import CriteriaAnswer, CriteriaDialog
from widgets.criteria_list import CriteriaList, criteria_rows
from widgets.decide_dialog import DecideDialog
from widgets.decision_matrix import matrix_rows
from widgets.incident_bar import bar_facts, bar_row
from widgets.message_dialog import TellAnswer, TellDialog
from widgets.painted import row_text, row_width
from widgets.preview_rows import preview_text

TIGHT = [*SIZES, (40, 12)]


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    for sign in "│|█#↳\\":
        text = text.replace(sign, " ")
    return " ".join(text.split())


def sensed(evening: Evening, name: str, ok: bool, seen: str, expected: str = "") -> Evening:
    return evening.add(ev.Observed(0, f"sensed {name}", ok, seen, expected))


def proposing() -> Evening:
    """Y1 and Y7 look met, Y2 looks well."""
    evening = sensed(following(), "app.runs", False, "web restarted 4 times", "every container runs")
    sensed(evening, "database.answers", True, "logs in, 12 ms")
    return sensed(evening, "probes.answer", False, "0 of 3 pass", "1 of 3 pass")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_one_key_takes_over_what_looks_met_and_enter_confirms(size: tuple[int, int], ascii: bool) -> None:
    """At every size, in ASCII too: seen, since when, taken over by t, recorded by the button alone."""
    seconds, app = Seconds(), Bench()
    incident = proposing().incident
    async with app.run_test(size=size) as pilot:
        answers = await opened(pilot, CriteriaDialog(incident, ascii=ascii, seconds=seconds))
        seconds.now += 1
        text = screen_text(app)
        assert text.isascii() or not ascii
        assert "! Sensors: 2 criteria look met: Y1 Y7. t ticks them." in flat(text)
        assert "! looks met since 09:59:10Z: web" in flat(text)
        assert "none of 17 met" in flat(text), "nothing is marked by a sensor"
        await pilot.press("t")
        await pilot.pause()
        text = flat(screen_text(app))
        assert "Criteria propose Critical: 2 of 17 met" in text
        assert "look met: Y1" not in text
        assert "the sensor agrees" in text
        assert answers.given == []
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert answers.given == [CriteriaAnswer(frozenset({"Y1", "Y7"}), (("Y1", True), ("Y7", True)))]


async def test_who_only_looks_sees_it_and_takes_nothing_over() -> None:
    """Observer, closed record: what is seen is seen; the key says why it does nothing."""
    seconds, app = Seconds(), Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, CriteriaDialog(proposing().incident, locked="the incident is closed", seconds=seconds))
        text = flat(screen_text(app))
        assert "2 criteria look met: Y1 Y7." in text
        assert "t ticks" not in text
        await pilot.press("t")
        await pilot.pause()
        text = flat(screen_text(app))
        assert "the incident is closed" in text
        assert "[x]" not in text


async def test_readings_that_come_while_it_is_open_are_shown_and_ticks_stay() -> None:
    """Nobody decides on what was seen ten minutes ago because a dialog was open."""
    evening, seconds, app = following(), Seconds(), Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = CriteriaDialog(evening.incident, now=lambda: evening.incident, seconds=seconds)
        await opened(pilot, dialog)
        await pilot.press("down", "space")
        sensed(evening, "app.runs", False, "web exited with 1")
        deadline = time.monotonic() + PATIENCE_S
        while "! looks met since 09:59:10Z: web exited with 1" not in flat(screen_text(app)):
            assert time.monotonic() < deadline, screen_text(app)
            await asyncio.sleep(0.05)
            await pilot.pause()
        assert dialog.query_one(CriteriaList).met == {"Y2"}
        assert dialog.query_one(CriteriaList).code == "Y2", "the cursor stays with its criterion"


@pytest.mark.parametrize("width", [100, 72, 56, 36])
def test_the_words_of_a_sensor_are_outside_text_and_fit(width: int) -> None:
    """Long and hostile readings take two lines at most; nothing runs over the width."""
    from actions.model.criteria import criteria

    evening = sensed(following(), "app.runs", False, HOSTILE * 5, HOSTILE)
    lines = criteria_rows(criteria(evening.incident), frozenset(), width)
    assert all(row_width(row) <= width for _, row in lines)
    texts = [row_text(row) for _, row in lines]
    at = next(n for n, text in enumerate(texts) if "looks met" in text)
    assert texts[at + 1].rstrip().endswith("…")
    assert texts[at + 2].startswith("[ ] Y2")
    assert all(text.isprintable() for text in texts)


def test_each_look_has_a_glyph_and_a_word_of_its_own() -> None:
    """Told apart without colour, in ASCII too."""
    from actions.model.criteria_sensed import Look
    from widgets.criteria_list import LOOKS
    from widgets.presentation import harmless

    assert set(LOOKS) == set(Look) - {Look.NONE}
    assert len({mark.word for mark in LOOKS.values()}) == len(LOOKS)
    for mark in LOOKS.values():
        assert len(mark.glyph) == 1
        assert "?" not in harmless(mark.glyph, ascii=True) or mark.glyph == "?"


@pytest.mark.parametrize("width", [118, 65, 58, 40])
def test_the_pane_says_what_is_proposed_until_somebody_answers(width: int) -> None:
    """Which criteria, and the key; gone once they are ticked, and said when they look over."""
    evening = proposing()

    def text() -> str:
        return "\n".join(row_text(row) for row in matrix_rows(evening.incident, width))

    assert "! 2 criteria look met: Y1 Y7   y" in text()
    for code in ("Y1", "Y7"):
        one = evening.incident.procedure.criteria[int(code[1:]) - 1]  # type: ignore[union-attr]
        evening.add(ev.CriterionMarked(code, one.level, one.text, True, "red", "", "met"))
    assert "look met" not in text()
    sensed(evening, "probes.answer", True, "3 of 3 pass")
    assert "△ 1 criterion looks over: Y7   y" in text()
    evening.add(ev.Closed("abandoned", ""))
    assert "looks over" not in text()


def test_the_preview_of_the_decision_says_it_too() -> None:
    """Where only the list and what is highlighted are seen."""
    text = "\n".join(row_text(row) for row in preview_text(proposing().incident, "D1").rows)
    assert "! 2 criteria look met: Y1 Y7   y" in text


@pytest.mark.parametrize("size", SIZES)
async def test_deciding_with_damaged_data_is_told_loudly_what_comes_first(size: tuple[int, int]) -> None:
    """A04: older code alone mends no data; the item that stops writes is named. Also for a tick not recorded yet."""
    seconds, app = Seconds(), Bench()
    async with app.run_test(size=size) as pilot:
        dialog = DecideDialog(proposing().incident, seconds=seconds)
        await opened(pilot, dialog)
        seconds.now += 1
        assert "DATA MAY BE" not in flat(screen_text(app))
        assert "Sensors: 2 criteria look met: Y1 Y7." in flat(screen_text(app))
        dialog.query_one("#criteria").focus()
        await pilot.press("enter")
        await pilot.pause()
        seconds.now += 1
        app.screen.query_one(CriteriaList).met = frozenset({"Y4"})
        app.screen.query_one(CriteriaList).post_message(CriteriaList.Ticked())
        await pilot.pause()
        app.screen.query_one("#record").focus()
        await pilot.press("enter")
        await pilot.pause()
        dialog.query_one("#decision").focus()
        await pilot.pause()
        words = str(dialog.query_one("#branches").render())
        assert "! DATA MAY BE DAMAGED: older code alone mends no data. First W1: Writes are stopped" in words
        if size[1] > 16:
            assert "DATA MAY BE DAMAGED" in flat(screen_text(app))


def gated(*ticked: str) -> Incident:
    """A plan to older code while data may be damaged; its other gates are settled."""
    evening = marked(following(), "Y4").decided().planned().ran("B1", 1)
    evening.add(ev.ItemMarked("K1", "K1", "overridden", "rehearsed"))
    return evening.ticked(*ticked).incident


def test_the_rows_and_the_preview_of_a_change_say_which_gate_holds_it() -> None:
    """A04: the reason stands in the row before anybody presses, and the preview says why code is not enough."""
    incident = gated()
    now = Evening().at
    change, gate = item_of(incident, "X1"), item_of(incident, "W1")
    assert change is not None
    assert gate is not None
    assert gate.kind is Kind.MANUAL
    assert item_row(incident, gate, now).text.startswith("GATE Writes are stopped")
    assert item_row(incident, change, now).detail.startswith("open, gate: W1 Writes are stopped")
    text = "\n".join(row_text(row) for row in preview_text(incident, "X1").rows)
    assert "blocked: gate: W1 Writes are stopped" in text
    assert "compose brings older code only. DATA MAY BE DAMAGED: older code alone mends no data. First W1" in text
    assert "GATE, closed" in "\n".join(row_text(row) for row in preview_text(incident, "W1").rows)
    settled = gated("W1", "W2")
    assert blocked_reason(settled, "X1") is None
    text = "\n".join(row_text(row) for row in preview_text(settled, "X1").rows)
    assert "older code alone mends no data" in text
    assert "GATE, closed" not in "\n".join(row_text(row) for row in preview_text(settled, "W1").rows)


@pytest.mark.parametrize("width", [160, 80, 60, 40])
def test_the_bar_says_restricted_in_a_word_at_every_width(width: int) -> None:
    """A03: not by colour alone, and it never gives way."""
    evening = marked(following(), "Y3")
    facts = bar_facts(evening.incident, now=evening.at, elapsed_ms=60_000, me="ops1", driver=True)
    row = bar_row(facts, width)
    assert "■ RESTRICTED" in row_text(row)[:width]
    assert "T+01:00" in row_text(row)[:width]
    assert row_width(row) <= width or width < 60
    plain = bar_facts(following().incident, now=evening.at, elapsed_ms=60_000, me="ops1", driver=True)
    assert "RESTRICTED" not in row_text(bar_row(plain, width))


@pytest.mark.parametrize("size", SIZES)
async def test_who_is_outside_is_told_only_with_a_reason(size: tuple[int, int]) -> None:
    """The question comes with the tick, goes with it, and no message goes out while it is open."""
    seconds, app = Seconds(), Bench()

    def outside(roles: tuple[str, ...]) -> str:
        return "RESTRICTED, and not among them: users. Why?" if "users" in roles else ""

    async with app.run_test(size=size) as pilot:
        dialog = TellDialog(
            "Maintenance",
            ("team", "users"),
            lambda roles: [("chat", "posts it", "")],
            lambda roles, way: (((("the text"), ""),),),
            outside_fn=outside,
            seconds=seconds,
        )
        answers = await opened(pilot, dialog)
        seconds.now += 1
        assert "! RESTRICTED, and not among them: users. Why?" in flat(screen_text(app))
        dialog.query_one("#send").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []
        assert dialog.focused is dialog.query_one("#why")
        await pilot.press(*"law", "enter")
        dialog.query_one("#send").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [TellAnswer(("team", "users"), "chat", "law")]


async def test_nobody_is_asked_where_nothing_is_restricted() -> None:
    """The field is not there, and the answer has no reason."""
    seconds, app = Seconds(), Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = TellDialog(
            "Maintenance",
            ("users",),
            lambda roles: [("chat", "posts it", "")],
            lambda roles, way: (((("the text"), ""),),),
            seconds=seconds,
        )
        answers = await opened(pilot, dialog)
        seconds.now += 1
        assert not dialog.query_one("#why").display
        dialog.query_one("#send").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [TellAnswer(("users",), "chat")]
