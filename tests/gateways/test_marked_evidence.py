"""Evidence with an environment in it is marked while it is kept; what is no environment, or cannot be read, is not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from actions.gateways.evidence import FileEvidence
from actions.model.environment_diff import mark_of
from app import environment_values
from app.environment_key import key_of
from app.environment_values import MarkingEvidence

COMPOSE = b"services:\n  web:\n    environment:\n      A: canary-1\n      B: null\n"
COOLIFY = b'[{"uuid":"u","key":"A","value":"canary-1"},{"uuid":"v","key":"A","value":"x","preview":true}]'


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("compose-config.yml", COMPOSE, {"web.A": "canary-1", "web.B": None}),
        ("coolify-environment.json", COOLIFY, {"A": "canary-1"}),
    ],
)
def test_each_source_is_marked(name: str, content: bytes, wanted: dict[str, str | None], tmp_path: Path) -> None:
    """The marks are those of the store's key, the file is byte for byte what came, in however many pieces."""
    store = MarkingEvidence(FileEvidence(tmp_path / "evidence"), tmp_path)
    kept = store.keep(name, (content[at : at + 7] for at in range(0, len(content), 7)), private=True)
    assert gzip.decompress((tmp_path / "evidence" / kept.path).read_bytes()) == content
    key = key_of(tmp_path)
    assert kept.marks == {one: "" if value is None else mark_of(key, one, value) for one, value in wanted.items()}
    assert "canary" not in str(kept)


def test_what_has_no_marks_is_kept_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file, one that is cut, unreadable or too large, a store without a key: kept, without marks."""
    store = MarkingEvidence(FileEvidence(tmp_path / "evidence"), tmp_path)
    assert store.keep("notes.txt", iter((b"A=1",)), private=True).marks is None
    assert store.keep("compose-config.yml", iter((COMPOSE,))).marks is None
    assert store.keep("coolify-environment.json", iter((b"{",)), private=True).marks is None
    assert store.keep("compose-config.yml", iter((COMPOSE,)), private=True, limit_bytes=9).marks is None
    (tmp_path / "environment.key").write_bytes(b"short")
    assert store.keep("compose-config.yml", iter((COMPOSE,)), private=True).marks is None
    monkeypatch.setattr(environment_values, "LARGEST", 10)
    (tmp_path / "environment.key").unlink()
    large = store.keep("compose-config.yml", iter((COMPOSE,)), private=True)
    assert large.marks is None
    assert gzip.decompress((tmp_path / "evidence" / large.path).read_bytes()) == COMPOSE
