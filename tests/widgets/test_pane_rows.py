"""What the rows of the panes say, without a terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sample_incident import HOSTILE, IMAGE_NEW, IMAGE_OLD, RELEASES, Evening, plan

from actions.model import events as ev
from actions.model.blocking import Move, Next, next_move
from actions.model.effect import shown
from actions.model.incident import Command
from actions.model.note_kinds import NoteKind
from actions.model.ports import LogLine
from widgets.checklist_rows import ChecklistRow, checklist_rows
from widgets.command_log import command_row
from widgets.decision_matrix import matrix_rows
from widgets.footer_line import hints_row, next_row
from widgets.history import release_row
from widgets.log_stream import log_row
from widgets.painted import Row, paint, row_text, row_width, shifted, wrapped
from widgets.presentation import LEVELS, harmless
from widgets.preview_rows import one_line, preview_text


def rows(evening: Evening, seconds: float = 41) -> dict[str, ChecklistRow]:
    """The checklist's rows by code; headings by their text."""
    found = checklist_rows(evening.incident, evening.at + timedelta(seconds=seconds))
    return {row.code or row.text: row for row in found}


def flying() -> Evening:
    """Decided and planned."""
    return Evening().taken().decided().planned()


def test_headings_count_what_is_settled() -> None:
    """The operator sees how far each phase is; without a plan what is missing is said."""
    evening = Evening().taken().ticked("A1", "A2")
    assert "Before  2 of 6" in rows(evening)
    assert "Carry out: no plan yet, choose a release" in rows(evening)
    assert "Carry out: compose to 2025-10-01  0 of 2" in rows(flying()), "of what is asked for, as it is said aloud"


def test_a_row_says_who_when_and_why() -> None:
    """A yes, a no and an override are equally visible, with their person and reason."""
    evening = Evening().taken().ticked("A1")
    evening.add(ev.ItemMarked("C1", "told", "overridden", "the phone is dead"))
    evening.add(ev.ItemMarked("A2", "written", "not applicable", "no pages"))
    evening.add(ev.ItemMarked("A3", "looked", "deferred", "later"))
    said = rows(evening)
    assert said["A1"].detail == "done 09:59Z ops1"
    assert said["C1"].detail == 'overridden "the phone is dead" by ops1 09:59Z'
    assert said["A2"].detail.startswith('n/a "no pages" by ops1')
    assert said["A3"].detail.startswith('deferred "later"')
    assert said["S1"].detail == "open"


def test_a_step_says_why_it_waits_before_anybody_presses() -> None:
    """The reason stands in the row."""
    assert rows(flying())["X1"].detail == "open, waits for B1 logs exported"
    undecided = Evening().taken().planned().ran("B1", 1)
    assert "decision" in rows(undecided)["X1"].detail
    assert rows(flying().started("B1", 1))["B2"].detail == "open, waits while B1 runs"
    assert "irreversible" in rows(flying().ran("B1", 1).ran("B2", 2))["X3"].detail


def test_a_running_step_shows_its_clock_and_its_silence() -> None:
    """A silent step is flagged, not killed; what has no process any more is said."""
    evening = flying().started("B1", 1)
    assert rows(evening)["B1"].detail == "running 00:41"
    assert rows(evening)["B1"].mark is not None
    assert rows(evening.add(ev.StepSilent(1, 75), 0))["B1"].detail == "running 00:41, silent for 1 min 15 s"


def test_what_failed_looks_failed() -> None:
    """Failure, termination, an unknown end and a failed undo each have their words."""
    assert rows(flying().started("B1", 1).finished(1, "failed", "no space"))["B1"].detail == "failed: no space"
    assert rows(flying().started("B1", 1).finished(1, "terminated", "cut"))["B1"].detail == "terminated: cut"
    unknown = rows(flying().started("B1", 1).finished(1, "unknown", "lost"))["B1"]
    assert unknown.detail == "not known whether it happened: lost"
    assert unknown.detail_tone == "tone--failed"
    moved = rows(flying().started("B1", 1).finished(1, "moved", "tag gone"))["B1"].detail
    assert moved.startswith("not run, the world moved; open")
    evening = flying().ran("B1", 1).ran("X1", 2).started("X1", 3, undo=True).finished(3, "failed", "no")
    assert rows(evening)["X1"].detail == "undo failed: no"


def test_new_facts_open_the_decision_again() -> None:
    """D1 never stays green over facts that changed."""
    evening = Evening().taken().decided()
    assert rows(evening)["D1"].detail == "done roll back 09:59Z"
    evening.add(ev.InputsSet("Low", 1, 1, "None"))
    assert rows(evening)["D1"].detail == "open again: new facts"


def test_the_preview_holds_every_effect_as_it_will_be_performed() -> None:
    """Shown, then done: every line of the effects and of the undo stands there, and the risk."""
    evening = flying().ran("B1", 1)
    step = plan().step("X1")
    assert step is not None
    text = preview_text(evening.incident, "X1")
    said = [row_text(row) for row in text.rows]
    for line in (*shown(step.effects), *shown(step.undo)):
        assert line in said
    assert text.title == "X1 switch image, 3 services"
    assert text.side == "reversible · undo below · about 20 s"
    assert any("if terminated containers half recreated" in line for line in said)
    assert any(line.startswith("expect 3 containers run") for line in said)
    assert one_line(step) == "X1 switch image, 3 services · reversible · about 20 s"


def test_a_note_that_warns_does_so_by_glyph_word_and_colour() -> None:
    """R05: what is to be weighed stands out among the notes, and not by colour alone; it is drawn in no markup."""
    rows = preview_text(flying().ran("B1", 1).incident, "X1").rows
    fine, warned = [row for row in rows if row[0][0] == "note   "]
    assert row_text(fine) == "note   not pulled: the image is here"
    assert warned[1] == ("! warning ", "tone--warning")
    assert row_text(warned) == f"note   ! warning {harmless(HOSTILE)}"
    note = NoteKind.NO_UNDO.note("x")
    assert note.words().startswith(LEVELS["warning"].text), "plain lines say it with the same glyph and word"


def test_a_blocked_step_says_so_on_top_of_its_preview() -> None:
    """What is refused is refused with its reason, before the key is pressed."""
    first = preview_text(flying().incident, "X1").rows[0]
    assert row_text(first) == "blocked: waits for B1 logs exported"
    observer = preview_text(flying().incident, "X1", driver=False).rows[0]
    assert row_text(observer) == "blocked: you observe; ops1 flies"


def test_what_cannot_be_undone_is_said() -> None:
    """No undo is a warning, not an empty place."""
    text = preview_text(flying().ran("B1", 1).incident, "X3")
    assert ("no undo", "tone--warning") in [span for row in text.rows for span in row]
    assert "irreversible" in text.side


def test_items_of_people_say_how_they_are_ticked() -> None:
    """Nothing is left to guess for a person's own item; the codes of another plan are nothing."""
    assert "ticks it" in "".join(row_text(row) for row in preview_text(flying().incident, "A1").rows)
    assert "2025-10-01" in "".join(row_text(row) for row in preview_text(flying().incident, "D2").rows)
    assert preview_text(flying().incident, "Z9").title == "What will happen"


@pytest.mark.parametrize("width", [20, 40, 77])
def test_a_long_command_is_wrapped_and_whole(width: int) -> None:
    """Nothing of a command is ever cut away in the preview."""
    for row in preview_text(flying().incident, "X1").rows:
        lines = wrapped(row, width)
        assert all(row_width(line) <= width for line in lines)
        joined = "".join(row_text(line).replace("↳", "") for line in lines).replace(" ", "")
        assert joined == row_text(row).replace(" ", "").replace("\x1b", "\ufffd").replace("\x07", "\ufffd").replace(
            "\u202e", "\ufffd"
        )


def test_the_matrix_marks_the_row_that_wins_and_says_why() -> None:
    """The worst row wins and is said; a decision against it carries its reason."""
    text = [row_text(row) for row in matrix_rows(Evening().taken().incident)]
    assert not any("▶" in line for line in text)
    assert "Nothing is known yet" in text[-2]
    evening = Evening().taken().decided()
    text = [row_text(row) for row in matrix_rows(evening.incident)]
    assert next(line for line in text if line.startswith("▶")).startswith("▶ ●Critical")
    assert "severity Critical, users 60-80 %, data risk ?" in text[5]
    assert "decided by severity" in text[6]
    against = ev.Decided("fix forward", "roll back", "Critical", "severity", "devops-lead", "one-line fix is ready")
    assert "one-line fix is ready" in row_text(matrix_rows(evening.add(against).incident)[-1])


@pytest.mark.parametrize("width", [120, 80, 56, 40, 24])
def test_releases_say_what_runs_and_what_is_gone(width: int) -> None:
    """At every width: name, and whether there is a way back, by glyph."""
    now = Evening().at
    lines = [
        row_text(release_row(one, width, now, running=one.identity == IMAGE_NEW, target=one.identity == IMAGE_OLD))
        for one in RELEASES
    ]
    assert lines[0].startswith("● ")
    assert lines[1].startswith("▶ ")
    assert "★" in lines[1]
    assert "✖" in lines[3]
    if width >= 56:
        assert "a prune would take it" in lines[2]
    if width >= 80:
        assert "today 09:58Z" in lines[0]
        assert "made 28 Sep" in lines[2]


def test_a_log_line_keeps_its_level_without_colour() -> None:
    """Errors carry a glyph; markup in a log stays text; what is looked for is lit."""
    row = log_row(LogLine("2026-11-22T10:02:18.114Z", "web", HOSTILE, "error"), 80, 6, "ZZ[/RED]")
    text = row_text(row)
    assert text.startswith("10:02:18Z web    ✖ zz[/red]zz")
    assert text.isprintable()
    assert ("zz[/red]", "tone--found") in row
    assert row_text(shifted(row, 10)).startswith("web    ✖")


def test_a_command_says_how_it_ended() -> None:
    """Exit status and duration; a command whose end was never recorded does not look as if it ran."""
    evening = flying().started("B1", 1)
    now = evening.at + timedelta(seconds=65)
    command = evening.incident.commands[0]
    assert "running 01:05" in row_text(command_row(command, "B1", now, 80, False))
    assert "no end recorded" in row_text(command_row(command, "B1", now, 80, True))
    bad = Command(1, 1, "docker compose up", "2026-11-22T10:00:00Z", False, 18, 4200, HOSTILE)
    text = row_text(command_row(bad, "B1", now, 80, True))
    assert "✖ docker compose up" in text
    assert "exit 18  4.2 s" in text


def test_the_footer_says_what_enter_does_or_why_not() -> None:
    """One NEXT key, in words; only whole hints."""
    assert (
        row_text(next_row(next_move(flying().ticked("A1", "A2", "A3", "C1").incident)))
        == " Enter run B1: logs exported"
    )
    assert row_text(next_row(Next(Move.RUN, "X1", "run X1", "waits for B1"))) == " Enter run X1  blocked: waits for B1"
    assert "does nothing" in row_text(next_row(Next(Move.NOTHING)))
    hints = [("space", "tick"), ("?", "help"), ("q", "leave")]
    assert row_text(hints_row(hints, 80)) == " space tick   ? help   q leave"
    assert row_text(hints_row(hints, 20)) == " space tick   ? help"


def test_painting_fills_exactly_and_never_lets_control_through() -> None:
    """Every strip is as wide as its place, in ASCII too."""
    from rich.style import Style

    row: Row = (("● ", "a"), (HOSTILE, "b"))
    for width in range(1, 60):
        for plain in (False, True):
            strip = paint(row, width, lambda tone: Style(), ascii=plain)
            assert strip.cell_length == width == sum(segment.cell_length for segment in strip)
            assert strip.text.isprintable()
            assert not plain or strip.text.isascii()


def test_what_coolify_says_is_a_lamp_of_its_own() -> None:
    """``finished`` is its word: another glyph, another colour and the word, until the proof; then it is done."""
    evening = flying().ran("B1", 1).started("X1", 2)
    evening.add(ev.StepFinished(2, "done", "Coolify says finished", 80_000, facts={"coolify": "finished"}))
    row = rows(evening)["X1"]
    assert row.detail.startswith("finished (Coolify's word) ")
    assert row.detail.endswith(", not proven yet")
    assert row.mark is not None
    assert (row.mark.glyph, row.mark.style_class, row.detail_tone) == ("△", "tone--warning", "tone--warning")
    proven = rows(evening.ran("B2", 3).ran("X2", 4))["X1"]
    assert proven.mark is not None
    assert (proven.mark.glyph, proven.detail.startswith("done ")) == ("✔", True)
    lost = flying().ran("B1", 1).started("X1", 2)
    lost.add(ev.StepResolved(2, "yes", "d7 is finished"))
    assert "the world says" in rows(lost)["X1"].detail, "a step of another kind is what the world shows"
