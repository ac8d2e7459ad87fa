"""Criteria on the screen: ticked by Space, answered live by the matrix, recorded only by the button."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_incident import HOSTILE, Evening
from textual.pilot import Pilot
from widget_bench import SIZES, Answers, Bench, Seconds, opened, screen_text
from with_procedure import following, following_other, marked

from actions.model import events as ev
from actions.model.incident import Incident
from actions.model.matrix import Decision, Inputs
from actions.model.quick_dataclass import replace
from widgets.close_dialog import CloseAnswer, CloseDialog
from widgets.criteria_dialog import CriteriaAnswer, CriteriaDialog
from widgets.criteria_list import CriteriaList
from widgets.decide_dialog import DecideAnswer, DecideDialog
from widgets.decision_matrix import DecisionMatrix, matrix_rows
from widgets.painted import row_text, row_width


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    return " ".join(text.replace("│", " ").replace("|", " ").replace("█", " ").replace("↳", " ").split())


async def show(pilot: Pilot[object], dialog: CriteriaDialog | DecideDialog, seconds: Seconds) -> Answers:
    answers = await opened(pilot, dialog)
    seconds.now += 1
    return answers


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_ticking_is_answered_at_once_and_recorded_by_the_button(size: tuple[int, int], ascii: bool) -> None:
    """At every size, in ASCII too: the tick, the severity it proposes, the matrix's answer, and the way out."""
    seconds = Seconds()
    app = Bench()
    incident = following().incident
    async with app.run_test(size=size) as pilot:
        answers = await show(pilot, CriteriaDialog(incident, ascii=ascii, seconds=seconds), seconds)
        text = screen_text(app)
        assert text.isascii() or not ascii
        assert "Critical" in text
        assert "none of 17 met" in flat(text)
        assert "The matrix: nothing is known yet" in flat(text)
        await pilot.press("down", "space")
        await pilot.pause()
        text = flat(screen_text(app))
        assert "[x] Y2" in text
        assert "Criteria propose Critical: 1 of 17 met" in text
        assert "The matrix: ROLL BACK, at once, under 15 min, decided by criteria" in text
        await pilot.press("space")
        await pilot.pause()
        assert "none of 17 met" in flat(screen_text(app))
        await pilot.press(*["pagedown"] * 9)
        await pilot.pause()
        assert "Y18" in screen_text(app), "the last one is reached by scrolling"
        await pilot.press("space", "enter")
        await pilot.pause()
        assert "The matrix: FIX FORWARD within 4-8 hours, decided by criteria" in flat(screen_text(app))
        assert answers.given == []
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [CriteriaAnswer(frozenset({"Y18"}), (("Y18", True),))]


async def test_esc_leaves_without_effect_and_what_was_seen_is_told() -> None:
    """A tick that stands says who and when; leaving records nothing."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        incident = marked(following(), "Y1").incident
        answers = await show(pilot, CriteriaDialog(incident, seconds=seconds), seconds)
        text = screen_text(app)
        assert "[x] Y1" in text
        assert "ops1 09:59:1" in text
        await pilot.press("space", "escape")
        await pilot.pause()
        assert answers.given == [None]


async def test_who_observes_looks_and_ticks_nothing() -> None:
    """The reason is said; there is no button to record."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        await show(pilot, CriteriaDialog(following().incident, locked="you observe", seconds=seconds), seconds)
        await pilot.press("space")
        await pilot.pause()
        text = screen_text(app)
        assert "you observe" in text
        assert "[x]" not in text
        assert "[Record]" not in text


async def test_without_a_procedure_it_says_so() -> None:
    """A record from before there were procedures has no criteria."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        answers = await show(pilot, CriteriaDialog(Evening().incident, seconds=seconds), seconds)
        assert "There are no criteria" in flat(screen_text(app))
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == [None]


@pytest.mark.parametrize("size", [*SIZES, (40, 12)])
async def test_hostile_and_long_criteria_stay_in_their_place(size: tuple[int, int]) -> None:
    """Texts of a document are outside text; what is long is folded, not cut."""
    seconds = Seconds()
    app = Bench()
    incident = following().incident
    assert incident.procedure is not None
    first = replace(incident.procedure.criteria[0], text=HOSTILE + " and so on" * 12, level=HOSTILE, action=HOSTILE)
    hostile = replace(incident.procedure, criteria=(first, *incident.procedure.criteria[1:]))
    async with app.run_test(size=size) as pilot:
        await show(pilot, CriteriaDialog(replace(incident, procedure=hostile), seconds=seconds), seconds)
        screen_text(app)
        shown = app.screen.query_one(CriteriaList).text()
        assert flat(shown).count("and so on") == 12
        await pilot.press("space")
        await pilot.pause()
        assert app.screen.query_one(CriteriaList).met == {"Y1"}


@pytest.mark.parametrize("size", SIZES)
async def test_deciding_uses_the_documents_rows_and_its_criteria(size: tuple[int, int], tmp_path: Path) -> None:
    """Severities and risks are those of the document; criteria ticked from here are answered here."""
    seconds = Seconds()
    app = Bench()
    incident = following_other(tmp_path).incident
    async with app.run_test(size=size) as pilot:
        dialog = DecideDialog(incident, deciding="devops-lead, for 10 min more", seconds=seconds)
        answers = await show(pilot, dialog, seconds)
        text = flat(screen_text(app))
        assert "( ) SEV-1 ( ) SEV-2 ( ) SEV-3 (●) ?" in text
        assert "( ) Loss ( ) Doubt ( ) Safe (●) ?" in text
        await pilot.press("left")
        await pilot.pause()
        dialog.query_one("#criteria").focus()
        await pilot.press("enter")
        await pilot.pause()
        seconds.now += 1
        await pilot.press("space", "tab", "enter")
        await pilot.pause()
        assert app.screen is dialog
        dialog.query_one("#decision").focus()
        await pilot.pause()
        text = flat(screen_text(app))
        assert "criteria propose SEV-1: 1 of 4 met" in text
        assert "The matrix: ROLL BACK within 30 min, decided by criteria (inputs disagree, the worst counts)" in text
        assert "May decide now: devops-lead, for 10 min more" in text
        await pilot.press("f")
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "The matrix says roll back: give the reason" in flat(screen_text(app))
        await pilot.press(*"fixed", "enter")
        dialog.query_one("#decide").focus()
        await pilot.press("enter")
        await pilot.pause()
        wanted = DecideAnswer(Inputs("SEV-3"), Decision.FIX_FORWARD, "fixed", (("Y1", True),))
        assert answers.given == [wanted]


def rows_text(incident: Incident, width: int = 58) -> list[str]:
    return [row_text(row) for row in matrix_rows(incident, width)]


@pytest.mark.parametrize("width", [118, 78, 65, 58, 40])
def test_a_disagreement_is_seen_in_every_column(width: int) -> None:
    """The row that wins, and in each column the cell that its input points to; nothing runs over its width."""
    evening = marked(following().add(ev.InputsSet("Medium", 60, 60, "Low")), "Y1", "Y2")
    rows = matrix_rows(evening.incident, width)
    table = [row_text(row) for row in rows[:5]]
    assert all(row_width(row) <= width for row in rows[:5])
    assert table[1].startswith("▶ ✔Crit")
    assert table[2][: table[2].index("Med")].count("●") == 1, "users 60 % point to High's cell"
    assert table[3].startswith("  ●Med")
    assert table[3].count("●") == 2
    words = "\n".join(row_text(row) for row in rows)
    assert "criteria propose Critical: 2 of 17 met (Y1 Y2)" in words
    assert "ROLL BACK recommended, decided by criteria (inputs disagree, the worst counts)" in words


def test_fix_forward_is_loud_where_it_is_recommended() -> None:
    """What counts is written large, whatever it is."""
    rows = rows_text(following().add(ev.InputsSet("Low", 5, 5, "None")).incident, 78)
    assert "FIX FORWARD" in rows[4]
    assert "fix forward" in rows[3]
    assert any(row.startswith("FIX FORWARD recommended") for row in rows)


@pytest.mark.parametrize("size", [(67, 15), (80, 24), (60, 14)])
async def test_new_facts_are_announced_in_the_pane(size: tuple[int, int]) -> None:
    """B07: which row, and which fact did it."""
    evening = following().add(ev.InputsSet("", 20, 20, ""))
    evening.add(ev.Decided("fix forward", "fix forward", "Medium", "users", "devops-lead"))
    evening.add(ev.InputsSet("", 85, 85, ""))
    matrix = DecisionMatrix("1 Decision")
    app = Bench(matrix)
    async with app.run_test(size=size) as pilot:
        matrix.show(evening.incident)
        await pilot.pause()
        text = flat(screen_text(app))
        assert "! new facts re-opened it: Medium -> Critical (users 20 -> 85 %)" in text
        assert "was fix forward at" in text
        assert "▶ Critical ●over 80 %" in text


async def test_going_forward_asks_for_ticket_and_deadline() -> None:
    """Neither can be left out; a wrong day is said at once and nothing is answered."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        now = Evening().at
        dialog = CloseDialog("Close", lambda one: None, best="forward", now=lambda: now, seconds=seconds)
        answers = await opened(pilot, dialog)
        seconds.now += 1
        assert "(●) forward" in screen_text(app)
        dialog.query_one("#close").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "give the ticket" in flat(screen_text(app))
        await pilot.press(*"OPS-12", "enter", *"tomorrow")
        await pilot.pause()
        assert "not 'tomorrow'" in flat(screen_text(app))
        dialog.query_one("#close").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []
        await pilot.press(*["backspace"] * 8, *"3d")
        await pilot.pause()
        assert "Due 2026-11-25 09:58Z:" in flat(screen_text(app))
        dialog.query_one("#close").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [CloseAnswer("forward", "", "OPS-12", "3d")]


async def test_other_outcomes_ask_for_no_ticket() -> None:
    """The fields are there only for what goes forward."""
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, CloseDialog("Close", lambda one: None))
        assert "Ticket" not in screen_text(app)
        await pilot.press("down")
        await pilot.pause()
        assert "Ticket" in screen_text(app)
