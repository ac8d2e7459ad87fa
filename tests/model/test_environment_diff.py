"""What of an environment is another one: names, never values."""

from __future__ import annotations

from actions.model.codec import from_json, to_json
from actions.model.environment_diff import KeptVariables, differ, marks_of

KEY = b"k" * 32
THEN = {"DEBUG": "0", "OLD": "x", "SAME": "canary-value", "SECRET": None, "NOW_SECRET": "s"}
NOW = {"DEBUG": "1", "NEW": "y", "SAME": "canary-value", "SECRET": "told now", "NOW_SECRET": None}


def test_added_removed_changed_and_what_was_not_told() -> None:
    """S12: each name stands where it belongs; where a value was not told it is not called the same."""
    found = differ(marks_of(KEY, THEN), marks_of(KEY, NOW))
    assert (found.added, found.removed, found.changed) == (("NEW",), ("OLD",), ("DEBUG",))
    assert (found.untold, found.same, found.differs) == (("NOW_SECRET", "SECRET"), 1, True)
    assert found.words() == (
        "1 changed (DEBUG), 1 added since (NEW), 1 removed (OLD); not known of 2 (NOW_SECRET, SECRET)"
    )
    assert differ({}, {}).words() == "no difference in the values of 0 variables"


def test_no_value_is_kept_or_can_be_guessed_without_the_key() -> None:
    """A mark tells nothing: another key or another name gives another one for the same value."""
    marks = marks_of(KEY, THEN)
    kept = KeptVariables("2026-11-20T00:00:00.000000Z", "coolify", marks)
    text = str(to_json(kept))
    assert "canary" not in text
    assert from_json(KeptVariables, to_json(kept)) == kept
    assert marks_of(b"o" * 32, THEN)["SAME"] != marks["SAME"]
    assert marks_of(KEY, {"A": "x"})["A"] != marks_of(KEY, {"B": "x"})["B"]
    assert marks["SECRET"] == ""
