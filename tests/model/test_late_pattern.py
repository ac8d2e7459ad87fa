"""Patterns that are compiled late: every one of them compiles, and does what a compiled one does."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import actions.model
from actions.model.late_pattern import late_pattern


def test_it_does_what_a_compiled_one_does() -> None:
    """Whoever uses it cannot tell."""
    late, compiled = (
        late_pattern(r"(?P<word>[a-z]+)-?", re.IGNORECASE),
        re.compile(r"(?P<word>[a-z]+)-?", re.IGNORECASE),
    )
    for text in ("ab-CD ef", "", "1"):
        assert late.sub("x", text) == compiled.sub("x", text)
        assert [one["word"] for one in late.finditer(text)] == [one["word"] for one in compiled.finditer(text)]
        assert (late.match(text) is None) == (compiled.match(text) is None)
    assert late.groupindex == compiled.groupindex


def test_every_one_of_ours_compiles() -> None:
    """A mistake in a pattern must not wait for the log line that needs it."""
    kind: Any = late_pattern
    seen = 0
    for found in pkgutil.iter_modules(actions.model.__path__, "actions.model."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, kind):
                re.compile(value.pattern, value.flags)
                seen += 1
    assert seen >= 8
