"""Every key of the cockpit arrives through tmux with tmux's defaults, and does there what the table says."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from terminals import GOAROUND, HUMAN_S, tmux
from tiny_system import Tiny, environment

from app.keys import KEYS, REVIEW_KEYS, TERMINAL_KEYS

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(300)]

TMUX_NAMES = {
    "enter": "Enter", "space": "Space", "tab": "Tab", "question_mark": "?", "slash": "/",
    "left_square_bracket": "[", "right_square_bracket": "]", "left": "Left", "right": "Right", "up": "Up",
    "down": "Down", "pageup": "PageUp", "pagedown": "PageDown", "home": "Home", "end": "End", "escape": "Escape",
    "ctrl+c": "C-c", "ctrl+q": "C-q", "ctrl+z": "C-z",
}  # fmt: skip
ECHO = str(Path(__file__).resolve().parents[1] / "support" / "key_echo.py")


def test_every_key_of_the_table_arrives_through_tmux(tmp_path: Path) -> None:
    """Keys must arrive through tmux: letters, digits, Enter, Space, arrows, F-keys with a letter twin."""
    panes = ("up", "down", "pageup", "pagedown", "home", "end", "j", "k", "N", "tab", "escape")
    wanted = [key for one in (*KEYS, *REVIEW_KEYS, *TERMINAL_KEYS) for key in one.keys] + list(panes)
    with tmux(80, 24, {"HOME": str(tmp_path)}) as op:
        op.run(sys.executable, ECHO)
        op.sees("listening")
        for key in dict.fromkeys(wanted):
            if key in ("ctrl+c", "ctrl+q"):
                continue  # heard by the application itself: tested in the cockpit
            op.keys(TMUX_NAMES.get(key, key.upper() if key[0] == "f" and key[1:].isdigit() else key))
            op.sees(f"<{key}>")
        op.keys("C-x")
        op.sees("left 0")


def test_keys_do_in_the_cockpit_what_the_table_says(tiny: Tiny) -> None:
    """F-keys are twins of letters; Ctrl-C and Ctrl-Q tell how to leave; nothing is done without an incident."""
    with tmux(80, 24, environment(tiny)) as op:
        op.run(*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
        op.sees("No incident is open")
        for key, words in (
            ("C-c", "q leaves"),
            ("Space", "no incident is open: Enter declares one"),
            ("C-q", "q leaves"),
            ("F8", "no incident is open"),
            ("F9", "you fly already"),
        ):
            op.press(key)
            op.sees(words)
        for key in ("F1", "?"):
            op.press(key)
            op.sees("Everywhere", "does the one highlighted thing")
            time.sleep(HUMAN_S)
            op.press("Escape")
            op.sees("Enter declare")
        for key, pane in (
            ("1", "Severity"),
            ("3", "v2"),
            ("4", "GET / 500"),
            ("6", "Nothing has run yet"),
            ("2", "A1"),
        ):
            op.press(key)
            op.sees(pane)
        op.press("F10")
        op.sees("left 0")
        assert op.flags() == "0 1 0"
    assert not list(tiny.store.glob("incidents/*")), "an incident was made without being declared"
