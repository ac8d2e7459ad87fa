"""The tiny system for tests of faults: built once, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_system import Tiny, build, copy

from app.session import Session


@pytest.fixture(scope="session")
def tiny_template(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return build(tmp_path_factory.mktemp("tiny") / "template")


@pytest.fixture
def tiny(tiny_template: Tiny, tmp_path: Path) -> Tiny:
    """A system of the test's own."""
    return copy(tiny_template, tmp_path / "tiny")


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    """A session that may fly; left, and its deployments let go, afterwards."""
    one = tiny.session()
    assert one.take_lease()
    yield one
    tiny.let_go()
    one.close()
    one.journal.close()
