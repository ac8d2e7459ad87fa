"""Real flights measure the next one: on screen, in the dialog, in plain words, in messages; never before the paint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from notice import NoticeBoard
from pilot_moves import comes, hears
from tiny_flight_operator import Scripted
from tiny_system import QuickClock, Tiny, build, drawn, finish

from actions.model.matrix import Decision, Inputs
from actions.model.message import templates
from app import messaging
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.measured import decide_lines, is_known, measured_of, read_measured, timing_of
from app.plain import Plain
from app.procedure_page import page
from app.session import Session
from widgets.decide_dialog import DecideDialog
from widgets.dialog import Words
from widgets.painted import row_text
from widgets.preview import Preview

DOCUMENT = """\
# A tiny way back

## Before (20 minutes)

- [ ] decision made <!-- code: D1 --> <!-- sensed: decision -->
- [ ] release to go back to chosen <!-- code: D2 --> <!-- sensed: target -->

## Ways back

### By Git <!-- option: git -->

- Duration: 10-15 min

1. Push the branch

## Messages

### Rollback begins <!-- message: to=team phase="carry out" subject="Begins" -->

> It takes about {takes}.
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    (one.folder / "rollback.md").write_text(DOCUMENT)
    return one


def fly(tiny: Tiny, times: int) -> None:
    """Whole flights, one after the other; each finds the broken release running."""
    for _ in range(times):
        session = tiny.session()
        drawn(session, tiny)
        finish(session)
        for part, person in (("executed", "ops1"), ("verified", "ops2")):
            from app.signing import sign_off

            sign_off(session, part, person)
        session.close()
        session.journal.close()
        (tiny.folder / "running").write_text(tiny.former + "\n")


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    fly(tiny, 3)
    one = tiny.session(clock=QuickClock())
    yield one
    one.close()
    one.journal.close()


def test_three_real_flights_say_more_than_the_document(tiny: Tiny, session: Session) -> None:
    """Measured by the record of this system; the present incident does not measure itself."""
    assert session.take_lease()
    session.declare("pages fail")
    assert timing_of(session) is None
    session.set_inputs(Inputs("Critical", 90, 95, "High"))
    (before,) = decide_lines(session)
    assert before == "git: takes about 10-15 min by the document", "what was not read yet is not claimed"
    assert not is_known(session)
    found = measured_of(session)["git"]
    assert (len(found.flights), found.drills) == (3, 3)
    assert 0 < found.p50_s <= found.p90_s < 60
    (line,) = decide_lines(session)
    assert line.startswith("git: takes about 10-15 min by the document; measured ")
    assert line.endswith("(p90) in 3 flights, all of them drills")
    session.decide(Decision.ROLL_BACK)
    release = next(one for one in session.releases() if one.commit == tiny.target)
    session.draw(release)
    timing = timing_of(session)
    assert timing is not None
    assert timing.late == ""
    finish(session)
    assert len(measured_of(session)["git"].flights) == 3
    assert len(read_measured(session.journal, "tiny")["git"].flights) == 4


def test_plain_words_page_and_message_say_the_same(tiny: Tiny, session: Session) -> None:
    """Whoever sees no screen is told as much, and who is told outside is told what was measured."""
    assert session.take_lease()
    session.declare("pages fail")
    operator = Scripted(["High", "60", "Low", "", "1"])
    plain = Plain(session, operator)
    plain.decide()
    words = measured_of(session)["git"].words()
    assert f"git: takes about 10-15 min by the document; {words}" in operator.text
    operator.lines.clear()
    release = next(n for n, one in enumerate(session.releases(), 1) if one.commit == tiny.target)
    operator._answers = iter([str(release)])
    plain.choose()
    assert f"takes about 10-15 min by the document; {words}" in operator.text
    text = "\n".join(line.text for line in page(session) or ())
    assert words in text
    message = next(one for one in templates(session.incident) if one.name == "Rollback begins")
    said = messaging.draft(session, message).rendered.text
    assert "It takes about" in said
    assert "10-15 min" not in said
    assert str(measured_of(session)["git"].p90_s) in said


def preview_of(screen: IncidentScreen) -> str:
    return "\n".join(row_text(row) for row in screen.query_one(Preview).text.rows)


async def test_on_the_screen_it_is_read_behind_the_first_paint(tiny: Tiny, session: Session) -> None:
    """Nothing is read before the screen stands; then the preview of the plan and the dialog tell what was measured."""
    drawn(session, tiny)
    app = cockpit(session)
    async with app.run_test(size=(160, 48)) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        await comes(pilot, lambda: is_known(session), "the measured times")
        words = measured_of(session)["git"].words()
        screen.query_one("#checklist").focus()
        screen.refresh_panes()
        from widgets.checklist import Checklist

        screen.query_one(Checklist).highlight("X1")
        await pilot.pause()
        screen.refresh_panes()
        assert f"time   takes about 10-15 min by the document; {words}" in preview_of(screen)
        await pilot.press("d")
        await hears(pilot, DecideDialog)
        lines = [one.words for one in app.screen.query(".times").results(Words)]
        assert lines == [f"git: takes about 10-15 min by the document; {words}"]


async def test_too_late_stands_on_top_in_red_words(tiny: Tiny) -> None:
    """S06: what cannot be done before the matrix's deadline says so, beside the plan and where it is decided."""
    session = tiny.session(clock=QuickClock())
    assert session.take_lease()
    session.declare("all is down")
    session.set_inputs(Inputs("Critical", 90, 95, "High"))
    session.decide(Decision.ROLL_BACK)
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    late = "cannot be done before T+15:00: about 15 min are needed, 14 min left"
    app = cockpit(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        from widgets.checklist import Checklist

        screen.query_one(Checklist).highlight("X1")
        await comes(pilot, lambda: late in preview_of(screen), late)
        first = screen.query_one(Preview).text.rows[0]
        assert first == ((f"! {late}", "tone--danger"),)
        await pilot.press("d")
        await hears(pilot, DecideDialog)
        lines = [(one.words, one.has_class("-warning")) for one in app.screen.query(".times").results(Words)]
        assert lines[1] == (f"! git {late}", True)
    session.close()
    session.journal.close()


async def test_before_the_proof_the_notice_is_named(tiny: Tiny) -> None:
    """A notice that is shown may answer the probes: the preview of the proof says so, and what takes it down."""
    board = NoticeBoard(tiny.folder)
    tiny.add_to_config(board.toml)
    session = tiny.session(clock=QuickClock())
    drawn(session, tiny)
    from tiny_system import run

    from widgets.preview_rows import preview_text

    assert run(session, "N1") == "done"
    rows = "\n".join(row_text(row) for row in preview_text(session.incident, "X3").rows)
    assert "! the maintenance notice is shown: a probe may see that; N2 straightens it" in rows
    assert run(session, "N2") == "done"
    rows = "\n".join(row_text(row) for row in preview_text(session.incident, "X3").rows)
    assert "maintenance" not in rows
    session.close()
    session.journal.close()
