"""The maintenance notice on every screen size: its rows say what is asked for, and closing with it shown is loud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from notice import NoticeBoard
from textual.widget import Widget
from tiny_system import QuickClock, Tiny, build, drawn, run
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from actions.model.bent import bent_words
from actions.model.checklist import State
from actions.model.errors import GoaroundError
from actions.model.incident import items
from app.session import Session
from app.settings import load
from widgets.checklist_rows import checklist_rows
from widgets.close_dialog import CloseDialog
from widgets.preview_rows import preview_text
from widgets.sign_off_dialog import SignOffDialog


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    one.add_to_config(NoticeBoard(one.folder).toml)
    return one


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session(clock=QuickClock())
    drawn(one, tiny)
    yield one
    one.close()
    one.journal.close()


def flat(text: str) -> str:
    """The screen without borders and line ends."""
    return " ".join(text.replace("│", " ").split())


def details(session: Session) -> dict[str, str]:
    return {row.code: row.detail for row in checklist_rows(session.incident, now=session.clock.now())}


def test_the_rows_say_what_is_asked_for(session: Session, tiny: Tiny) -> None:
    """What takes it down is not asked for before it is shown; a reason that was given stands in the row."""
    assert details(session)["N2"].endswith("about 5 s, once N1 is done")
    session.mark("N1", State.NOT_APPLICABLE, "nobody is awake")
    assert 'n/a "nobody is awake" by ops1' in details(session)["N1"]
    session.mark("N1", State.OPEN)
    assert run(session, "N1") == "done"
    assert details(session)["N1"].startswith("done ")
    assert details(session)["N2"].endswith("open, about 5 s")
    session.draw(next(one for one in session.releases() if one.commit == tiny.ground.shas[0]))
    assert details(session)["N1"] == "done, and stands"
    assert [item.code for item in items(session.incident) if item.code.startswith("N")] == ["N1", "N2"]


def test_the_preview_shows_both_ways(session: Session, tiny: Tiny) -> None:
    """What runs, what is looked at, and what the undo runs."""
    text = "\n".join("".join(part for part, _ in row) for row in preview_text(session.incident, "N1").rows)
    script = tiny.folder / "notice"
    for words in (f"run    {script} on", f"then   {script} shown", f"run    {script} off", "must not end with 0"):
        assert words in text
    assert "waits for" not in text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_closing_and_signing_say_it_first(session: Session, size: tuple[int, int], ascii: bool) -> None:
    """At every size, in a warning's colour and with its word: it is the first thing that is read."""
    assert run(session, "N1") == "done"
    bent = bent_words(session.incident)
    dialogs: list[CloseDialog | SignOffDialog] = [
        CloseDialog("Close", lambda one: None, bent=bent, ascii=ascii, seconds=Seconds())
    ]
    session.park_incident("abandoned", "given up")
    dialogs.append(SignOffDialog(session.incident, person="ops1", ascii=ascii, seconds=Seconds()))
    app = Bench()
    async with app.run_test(size=size) as pilot:
        for dialog in dialogs:
            await opened(pilot, dialog)
            text = flat(screen_text(app))
            assert "STILL SO: the maintenance notice is shown" in text
            assert dialog.query_one("#bent", Widget).has_class("-warning")
            await pilot.press("escape")
            await pilot.pause()


async def test_nothing_is_said_where_nothing_is_bent(session: Session) -> None:
    """The dialogs are as they were."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        dialog = CloseDialog("Close", lambda one: None, bent=bent_words(session.incident), seconds=Seconds())
        await opened(pilot, dialog)
        assert not dialog.query("#bent")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("on = []", "on: at least one word"),
        ('on = ["a"]', "off"),
        ('on = ["a"]\noff = ["b"]\nwhere = "moon"', "where"),
        ('on = ["a"]\noff = ["b"]\ndirectory = "here"', "directory"),
        ('on = ["a"]\noff = ["b"]\ndeadline = 0', "deadline"),
    ],
)
def test_a_bad_table_is_one_clear_line(tmp_path: Path, line: str, words: str) -> None:
    """File and field are named; nothing runs."""
    tiny = build(tmp_path / "tiny")
    tiny.add_to_config(f"\n[maintenance]\n{line}\n" + ('off = ["b"]\n' if line == "on = []" else ""))
    with pytest.raises(GoaroundError) as caught:
        load(tiny.config)
    assert "goaround.toml" in caught.value.line()
    assert words in caught.value.line()
    assert "\n" not in caught.value.line()
