"""The message dialogs: every message with its state, the text as it goes out, and nothing sent by accident."""

from __future__ import annotations

import pytest
from sample_incident import HOSTILE
from widget_bench import SIZES, Bench, Seconds, opened, screen_text

from widgets.choice_list import ChoiceList, Line
from widgets.dialog import DEAF_S
from widgets.message_dialog import MessagesDialog, TellAnswer, TellDialog
from widgets.message_rows import MessageLine, MessageList, TextView, message_row, text_rows
from widgets.painted import Row, row_text
from widgets.tick_list import TickList

LINES = [
    MessageLine("stakeholders: a problem", "management", "told 10:02Z management (smtp:mail)", "", good=True),
    MessageLine("users: being looked into", "users", "", "", suggested=True),
    MessageLine("users: maintenance", "users", "FAILED 10:04Z users (smtp:mail): 550", "", bad=True),
    MessageLine("users: solved", "users", "", "not proven: the proving step has not succeeded"),
    MessageLine(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    *(MessageLine(f"more {n}", "users", "", "") for n in range(20)),
]
LONG = "\n".join(["first line", HOSTILE, *(f"line {n} " + "word " * 30 for n in range(30)), "last line"])


def text(number: int) -> tuple[Row, ...]:
    return text_rows(f"subject {number}", LONG)


def messages(seconds: Seconds, ascii: bool = False) -> MessagesDialog:
    return MessagesDialog(LINES, text, cursor=1, ascii=ascii, seconds=seconds)


def ways(roles: tuple[str, ...]) -> list[Line]:
    """Mail for users alone."""
    blocked = "" if roles == ("users",) else "not for management"
    return [("smtp:mail", "mail by mail.example.org", blocked), ("copied", "to paste", ""), ("read out", HOSTILE, "")]


def tell(seconds: Seconds, ascii: bool = False) -> TellDialog:
    def shown(roles: tuple[str, ...], way: str) -> tuple[Row, ...]:
        return text_rows("DRILL: solved", LONG, (f"{way} to {', '.join(roles)}",))

    return TellDialog("users: solved", ("management", "users"), ways, shown, ascii=ascii, seconds=seconds)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_both_fit_every_terminal(size: tuple[int, int], ascii: bool) -> None:
    """At 60x16 too: list, reason, text and the way out are seen; ASCII where it must be; Esc leaves without effect."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=size) as pilot:
        answers = await opened(pilot, messages(seconds, ascii))
        seen = screen_text(app)
        for words in ("users: being looked into", "[Leave]", "Subject: subject 1", "first line"):
            assert words in seen
        assert not ascii or seen.replace("\n", "").isascii()
        await pilot.press("escape")
        other = await opened(pilot, tell(seconds, ascii))
        seen = screen_text(app)
        for words in (
            "[x] management",
            "[x] users",
            "not for management",
            "[Copy]",
            "[Cancel]",
            "copied to management",
        ):
            assert words in seen, seen
        assert not ascii or seen.replace("\n", "").isascii()
        await pilot.press("escape")
        await pilot.pause()
        assert answers.given == other.given == [None]


def test_a_row_says_state_or_reason() -> None:
    """Glyph and words of every state; what is blocked says why in its row, before anybody presses."""
    rows = [row_text(message_row(line, 120)) for line in LINES[:4]]
    assert rows[0].startswith("✔ stakeholders: a problem  told 10:02Z management (smtp:mail)")
    assert rows[1].startswith("▶ users: being looked into  for users")
    assert rows[2].startswith("✖ users: maintenance  FAILED 10:04Z")
    assert rows[3].startswith("○ users: solved  blocked: not proven")


async def test_the_list_shows_text_and_reason_and_answers_the_message() -> None:
    """The cursor moves, text and reason follow; Enter chooses once it is heard."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, messages(seconds))
        assert isinstance(app.focused, MessageList)
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == []
        seconds.now += DEAF_S
        await pilot.press("down", "down")
        await pilot.pause()
        assert "blocked: not proven: the proving step has not succeeded" in " ".join(screen_text(app).split())
        assert "Subject: subject 3" in screen_text(app)
        await pilot.press("tab", "G")
        await pilot.pause()
        assert "last line" in screen_text(app)
        await pilot.press("shift+tab", "enter")
        await pilot.pause()
        assert answers.given == [3]


async def test_four_enters_tell_through_the_first_open_way() -> None:
    """Recipients, way, text, button: each is passed by Enter; the way that is not open is not taken."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, tell(seconds))
        assert isinstance(app.focused, TickList)
        seconds.now += DEAF_S
        await pilot.press("enter", "enter", "enter")
        await pilot.pause()
        assert answers.given == []
        await pilot.press("enter")
        await pilot.pause()
        assert answers.given == [TellAnswer(("management", "users"), "copied")]


async def test_other_recipients_open_other_ways() -> None:
    """Without management mail is open; the text says what will be done; nobody at all is refused with words."""
    seconds = Seconds()
    app = Bench()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = await opened(pilot, tell(seconds))
        seconds.now += DEAF_S
        await pilot.press("space")
        await pilot.pause()
        assert "not for management" not in screen_text(app)
        await pilot.press("enter", "up")
        await pilot.pause()
        assert app.screen.query_one(ChoiceList).value == "smtp:mail"
        assert "smtp:mail to users" in screen_text(app)
        assert "[Send]" in screen_text(app)
        await pilot.press("down", "down")
        await pilot.pause()
        assert "[Read out: done]" in screen_text(app)
        await pilot.press("up", "up", "up", "shift+tab", "down", "space")
        for _ in range(3):
            await pilot.press("tab")
        await pilot.press("enter")
        await pilot.pause()
        assert "Nobody is ticked" in screen_text(app)
        assert answers.given == []
        await pilot.press("space", "enter", "enter", "enter", "enter")
        await pilot.pause()
        assert answers.given == [TellAnswer(("users",), "copied")]


async def test_nothing_of_a_text_is_cut_away() -> None:
    """Long lines are wrapped; every word of the text can be scrolled to."""
    app = Bench()
    async with app.run_test(size=(60, 16)) as pilot:
        await opened(pilot, tell(Seconds()))
        view = app.screen.query_one(TextView)
        shown = " ".join(row_text(view.row(n, 50)).replace("↳", " ") for n in range(view.row_count))
        assert shown.split().count("word") == 900
        assert "last line" in shown
