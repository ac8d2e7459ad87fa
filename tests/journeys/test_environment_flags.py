"""What of an environment is no value: flags that are others, values that are empty, and those that nobody is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import Flown
from environment_ground import kept, note, nothing_secret, offered, row, standing
from fake_coolify import FakeCoolify
from fake_coolify_state import App

from actions.model.effect import shown
from app.environment_reading import read_now

FLAGS = ("is_literal", "is_multiline", "is_runtime", "is_buildtime")


def flagged(coolify: FakeCoolify, app: App) -> None:
    """As they were: each flag is told once."""
    coolify.add_variable(app, "PLAIN", "canary plain")
    coolify.add_variable(app, "LITERAL", "canary $literal", twin=False, is_literal=True)
    coolify.add_variable(app, "LINES", "canary\nlines", twin=False, is_multiline=True)
    coolify.add_variable(app, "BUILT", "canary built", twin=False, is_runtime=False)
    coolify.add_variable(app, "RUN", "canary run", twin=False, is_buildtime=False)
    coolify.add_variable(app, "ONCE", "canary once", twin=False, is_shown_once=True)
    coolify.add_variable(app, "OPEN", "canary open", twin=False)


def reflagged(flown: Flown) -> None:
    """Somebody changed the flags, and no value."""
    row(flown, "PLAIN").is_multiline = True
    row(flown, "PLAIN", preview=True).is_literal = True
    row(flown, "LITERAL").is_literal = False
    row(flown, "LINES").is_multiline = False
    row(flown, "BUILT").is_runtime = True
    row(flown, "RUN").is_buildtime = True
    row(flown, "RUN").is_runtime = False


@pytest.mark.parametrize("version", ["4.2.0", "4.3.11"])
def test_flags_alone_are_set_back_and_put_back(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S12: the same values meant otherwise are another environment: offered by name and flag, set back, put back."""
    with kept(tmp_path / "shop", monkeypatch, version=version, setup=flagged, then=reflagged) as flown:
        former = standing(flown)
        plan = flown.drawn()
        step = offered(plan)
        told = note(plan, "environment-restorable")
        for words in (
            "B5 can set back the flags of BUILT (as usual becomes not at run)",
            "LINES (as usual becomes multiline)",
            "LITERAL (as usual becomes literal)",
            "PLAIN (multiline becomes as usual)",
            "RUN (not at run becomes not at build)",
        ):
            assert words in told
        assert "shown once" not in told, "those are as they were"
        text = "\n".join(shown(step.effects))
        assert (
            "flags BUILT (not at run), LINES (multiline), LITERAL (literal), PLAIN (as usual), RUN (not at build)"
            in text
        )
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        then = {name: one for name, one in standing(flown).items() if name in ("PLAIN", "LITERAL", "LINES")}
        assert then == {
            "PLAIN": ("canary plain", False, False, False, True, True),
            "LITERAL": ("canary $literal", True, False, False, True, True),
            "LINES": ("canary\nlines", False, True, False, True, True),
        }
        assert (standing(flown)["BUILT"][4:], standing(flown)["RUN"][4:]) == ((False, True), (True, False))
        assert row(flown, "PLAIN", preview=True).is_literal, "previews are another environment"
        acted = len(flown.acted())
        assert flown.run("B5") == "done", "again: nothing is sent"
        assert len(flown.acted()) == acted
        assert flown.run("B5", undo=True) == "done", flown.said
        assert (standing(flown), flown.owed()) == (former, [])
        nothing_secret(flown, told, text)


def test_where_a_variable_is_used_goes_back_with_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request: a value and its flags are of one moment."""

    def both(flown: Flown) -> None:
        row(flown, "RUN").value, row(flown, "RUN").is_buildtime = "canary other", True

    with kept(tmp_path / "shop", monkeypatch, setup=flagged, then=both) as flown:
        assert "sets  RUN (not at build)" in "\n".join(shown(offered(flown.drawn()).effects))
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        assert standing(flown)["RUN"] == ("canary run", False, False, False, True, False)
        assert flown.run("B5", undo=True) == "done", flown.said
        assert standing(flown)["RUN"] == ("canary other", False, False, False, True, True)


def test_a_flag_that_moved_since_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the step nor by its undo: somebody else's change is seen, though the value is the same."""
    with kept(tmp_path / "shop", monkeypatch, setup=flagged, then=reflagged) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        acted = len(flown.acted())
        row(flown, "PLAIN").is_literal = True
        assert flown.run("B5") == "moved"
        assert "PLAIN: another value or flag than when this was drawn" in flown.said
        row(flown, "PLAIN").is_literal = False
        assert flown.run("B5") == "done", flown.said
        row(flown, "LITERAL").is_literal = False
        assert flown.run("B5", undo=True) == "done", "as it was before: nothing is in the way"
        assert len(flown.acted()) == acted + 2


def once(name: str, *, so: bool) -> Callable[[Flown], None]:
    def change(flown: Flown) -> None:
        row(flown, name).is_shown_once = so

    return change


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (once("OPEN", so=True), "OPEN: shown once only since (is_shown_once)"),
        (once("ONCE", so=False), "ONCE: shown once only then (is_shown_once)"),
    ],
)
def test_a_flag_that_cannot_be_set_back_is_named(
    then: Callable[[Flown], None], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag is set with its value alone, and of what is shown once no value is told: a note says variable and flag."""
    with kept(tmp_path / "shop", monkeypatch, setup=flagged, then=then) as flown:
        plan = flown.drawn()
        assert plan.step("B5") is None
        assert note(plan, "environment-stays").startswith(words)
        assert "no step sets that back: its value is not told" in note(plan, "environment-stays")


def test_it_is_named_beside_what_can_be_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step takes the rest, and says what it leaves."""

    def two(flown: Flown) -> None:
        row(flown, "OPEN").is_shown_once = True
        row(flown, "PLAIN").value = "canary other"

    with kept(tmp_path / "shop", monkeypatch, setup=flagged, then=two) as flown:
        told = note(flown.drawn(), "environment-restorable")
        assert told.startswith("B5 can set back PLAIN (")
        assert "left as they are, shown once only since: OPEN" in told
        assert "not told: ONCE" in told
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        assert row(flown, "OPEN").is_shown_once


def empty(coolify: FakeCoolify, app: App) -> None:
    coolify.add_variable(app, "EMPTIED", "canary full", twin=False)
    coolify.add_variable(app, "EMPTY", "", twin=False)
    coolify.add_variable(app, "STAYS", "", twin=False, is_literal=True)
    coolify.add_variable(app, "GONE", "", twin=False)


def filled(flown: Flown) -> None:
    row(flown, "EMPTIED").value = ""
    row(flown, "EMPTY").value = "canary filled"
    flown.app.variables.remove(row(flown, "GONE"))


@pytest.mark.parametrize("version", ["4.2.0", "4.3.11"])
def test_an_empty_value_is_a_value(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coolify tells it as null: it is compared, set back and put back like any other, and never "not told"."""
    with kept(tmp_path / "shop", monkeypatch, version=version, setup=empty, then=filled) as flown:
        former = standing(flown)
        plan = flown.drawn()
        told = note(plan, "environment-restorable")
        assert told.startswith("B5 can set back EMPTIED, EMPTY, GONE (")
        assert "not told" not in told
        assert "not known of" not in note(plan, "environment-changed")
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        now = standing(flown)
        assert [now[name][0] for name in ("EMPTIED", "EMPTY", "STAYS", "GONE")] == ["canary full", "", "", ""]
        assert flown.run("B5", undo=True) == "done", flown.said
        assert {name: one for name, one in standing(flown).items() if name != "GONE"} == former
        nothing_secret(flown)


def test_a_token_that_is_told_no_value_takes_none_for_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without read:sensitive the field is not sent: nothing is offered, as nothing could be put back."""
    with kept(tmp_path / "shop", monkeypatch, setup=empty, then=filled) as flown:
        monkeypatch.setenv("COOLIFY_OBSERVE", flown.coolify.token("reads", "read").secret)
        flown.session._world = None
        found: Any = read_now(flown.session.settings, flown.session.world(), "coolify")
        assert {one.value for one in found} == {None}
        plan = flown.drawn()
        assert plan.step("B5") is None
        assert "not known of" in note(plan, "environment-changed")
        assert note(plan, "environment-stays").startswith("GONE: others than the target ran with")
        assert "coolify.token is told no values (it needs read:sensitive)" in note(plan, "environment-stays")
