"""The keys: README, help and footer say what the bindings do, and each key is one that arrives everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding

import app.cockpit
from app.incident_screen import IncidentScreen
from app.keys import KEYS, REVIEW_KEYS, TERMINAL_KEYS, Key, footer, key_table, pane_help_rows
from app.review_screen import ReviewScreen
from widgets.checklist import Checklist
from widgets.command_log import CommandLog
from widgets.decision_matrix import DecisionMatrix
from widgets.history import ReleaseHistory
from widgets.log_stream import LogStream
from widgets.preview import Preview

README = Path(app.cockpit.__file__).resolve().parents[1] / "README.md"
PANES = (Checklist, DecisionMatrix, ReleaseHistory, LogStream, Preview, CommandLog)
EVERY_KEY = [*KEYS, *REVIEW_KEYS, *TERMINAL_KEYS]


def keys_of(owner: type) -> set[str]:
    """Textual's names of all keys that a class binds, its ancestors of ours included."""
    found: set[str] = set()
    for one in owner.__mro__:
        if one.__module__.split(".")[0] in ("app", "widgets"):
            for binding in one.__dict__.get("BINDINGS", ()):
                assert isinstance(binding, Binding), f"{owner.__name__}: {binding} has no words"
                found |= set(binding.key.split(","))
    return found


def named_in(table: str) -> set[str]:
    """The keys that the first column names."""
    cells = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    return {key.strip() for cell in cells for key in cell.split(", ")}


def test_readme_holds_the_table_that_the_command_prints() -> None:
    """README's key table is `goaround keys --markdown`, byte for byte."""
    between = re.search(r"<!-- keys -->\n(.*)<!-- /keys -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None, "README has no place for the keys"
    assert between.group(1).strip() == key_table(markdown=True), "run `goaround keys --markdown` and put it in README"


@pytest.mark.parametrize("owner", [IncidentScreen, ReviewScreen, app.cockpit.Cockpit, *PANES])
def test_every_binding_stands_in_the_table(owner: type) -> None:
    """No key does something that is written nowhere."""
    table = named_in(key_table(markdown=True))
    shown = {Key((key,), "", "", "").shown for key in keys_of(owner)}
    assert shown
    assert shown <= table, f"missing: {shown - table}"


@pytest.mark.parametrize("key", [name for one in EVERY_KEY for name in one.keys])
def test_every_key_is_one_that_arrives(key: str) -> None:
    """No alt, no ctrl+enter, no tmux or screen prefix, and Esc means nothing but leaving a box."""
    assert not key.startswith(("alt+", "meta+", "super+"))
    assert key not in ("ctrl+enter", "ctrl+a", "ctrl+b", "escape", "tab", "ctrl+i", "ctrl+m", "ctrl+h")


def test_function_keys_have_twins_and_home_and_end_are_never_alone() -> None:
    """What a terminal may keep for itself can be done with a letter, too."""
    for owner in (*EVERY_KEY,):
        if any(re.fullmatch(r"f\d+", key) for key in owner.keys):
            assert any(len(key) == 1 or key == "question_mark" for key in owner.keys), owner
    for pane in PANES:
        for binding in [b for one in pane.__mro__ for b in one.__dict__.get("BINDINGS", ())]:
            names = set(binding.key.split(",")) if isinstance(binding, Binding) else set()
            assert not names or not names <= {"home", "end"}


def test_no_key_is_bound_twice_on_a_screen() -> None:
    """One key, one meaning."""
    for keys in (KEYS, REVIEW_KEYS):
        names = [name for one in (*keys, *TERMINAL_KEYS) for name in one.keys]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("screen", "keys"), [(IncidentScreen, KEYS), (ReviewScreen, REVIEW_KEYS), (app.cockpit.Cockpit, TERMINAL_KEYS)]
)
def test_every_key_has_its_action(screen: type, keys: tuple[Key, ...]) -> None:
    """A key in the table does something."""
    for key in keys:
        assert callable(getattr(screen, "action_" + key.action.partition("(")[0], None)), key


def test_a_review_offers_no_key_that_would_change_anything() -> None:
    """A record that is read is not written to."""
    assert not [key for key in REVIEW_KEYS if key.flying]


def test_footer_and_help_say_what_the_table_says() -> None:
    """One place for the words."""
    words = {key.shown.split(", ")[0]: key.words for key in KEYS if key.words}
    assert dict(footer()) == words
    assert {(key.shown, key.description) for key in KEYS} <= set(pane_help_rows())


def test_help_tells_nothing_twice() -> None:
    """A key in two rows has two meanings, in two places."""
    rows = [row for row in pane_help_rows() if row[0]]
    assert len(rows) == len(set(rows))
    assert [words for key, words in rows if key == "m"] == ["pins the log line into the record"]
