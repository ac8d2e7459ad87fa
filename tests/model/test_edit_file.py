"""An edit of a few bytes fits one content only, and is put back exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.model.canonical import sha256_hex
from actions.model.codec import from_json, to_json
from actions.model.effect import EditFile, TextEdit

BEFORE = "ä: 1\r\nb: 22\r\npassword: hunter2\r\n".encode()
AFTER = "ä: one\r\nx: 0\r\nb: 2\r\npassword: hunter2\r\n".encode()
EDIT = EditFile(
    "local",
    "/c.yml",
    sha256_hex(BEFORE),
    sha256_hex(AFTER),
    (TextEdit(4, "1", "one", 1, "ä"), TextEdit(7, "", "x: 0\r\n", 2, "x"), TextEdit(10, "22", "2", 2, "b")),
)


def test_it_is_exact_both_ways() -> None:
    """Every other byte stays, and the undo puts every byte back."""
    assert EDIT.apply(BEFORE) == AFTER
    assert EDIT.reversed().apply(AFTER) == BEFORE
    assert EDIT.reversed().reversed() == EDIT
    assert from_json(EditFile, to_json(EDIT)) == EDIT


def test_another_content_is_not_edited() -> None:
    """What runs is what was shown: a file that changed meanwhile is left alone."""
    with pytest.raises(ValueError, match="has changed"):
        EDIT.apply(BEFORE + b"#")
    with pytest.raises(ValueError, match="not the one that was drawn"):
        replace(EDIT, after="0" * 64).apply(BEFORE)
    with pytest.raises(ValueError, match="line 1 does not hold"):
        replace(EDIT, edits=(TextEdit(4, "2", "one", 1),)).apply(BEFORE)


def test_no_more_of_the_file_is_shown_than_changes() -> None:
    """Secrets beside the edit are in no plan."""
    assert "hunter2" not in str(to_json(EDIT)) + "".join(EDIT.lines())
