"""The reader of procedures against real runbooks of other projects, counted by something that is no parser."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from markdown_agreement import disagreements

from actions.gateways.markdown import read_procedure
from actions.model.codec import from_json, to_json
from actions.model.procedure import Procedure

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "runbooks"


def corpus_files() -> list[Path]:
    """Runbooks of other projects, where they are at hand."""
    return sorted(CORPUS.glob("*.md")) if CORPUS.is_dir() else []


LABELS = re.compile(r"^\W*(?:last updated|updated|title|owner|subject|next review)\W", re.IGNORECASE)
MARKUP = re.compile(r"^\s*(?:```|~~~|\[[^\]]*\]:)|<|\]\[")
"""Lines with names of languages, references and tags, which are no words of the document."""


def texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    return [text for one in value for text in texts(one)] if isinstance(value, list) else []


@pytest.mark.skipif(not corpus_files(), reason=f"NO RUNBOOKS at {CORPUS}: reading real runbooks is NOT tested")
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_no_word_of_a_real_runbook_is_lost(path: Path) -> None:
    """What found no meaning is kept as text: every word of four letters and more is somewhere."""
    kept = set(re.findall(r"[^\W_]{4,}", "\n".join(texts(to_json(read_procedure(path))))))
    lines = path.read_text(encoding="utf-8").split("\n")
    said = [
        (number, line) for number, line in enumerate(lines, 1) if not LABELS.match(line) and not MARKUP.search(line)
    ]
    assert [
        (number, word) for number, line in said for word in re.findall(r"[^\W_]{4,}", line) if word not in kept
    ] == []


@pytest.mark.skipif(not corpus_files(), reason=f"NO RUNBOOKS at {CORPUS}: reading real runbooks is NOT tested")
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_nothing_of_a_real_runbook_is_lost(path: Path) -> None:
    """Every item, every row of a table that is understood and every shell block comes out, on its line."""
    procedure = read_procedure(path)
    assert not disagreements(procedure, path.read_text(encoding="utf-8"))
    assert from_json(Procedure, to_json(procedure)) == procedure
    codes = Counter(item.code for one in procedure.checklists for item in one.items)
    assert all(times == 1 for times in codes.values())
