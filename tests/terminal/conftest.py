"""Systems for the terminal tests: the tiny one, fresh, or flown up to its deploy step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_system import Tiny, build, drawn, run

from actions.model.checklist import State
from app.session import Session


def up_to_deploy(session: Session, tiny: Tiny) -> None:
    """Declared, decided, drawn, ticked, and run up to X2."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        assert run(session, code) == "done"
    for code in ("A1", "A2", "A3", "C1"):
        session.mark(code, State.DONE)
    session.close_phase()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """A fresh tiny system; a deployment that still waits at the end of the test goes on."""
    system = build(tmp_path / "tiny")
    yield system
    system.let_go()


@pytest.fixture
def before_deploy(tiny: Tiny) -> Tiny:
    """The incident is declared and decided, the plan drawn, and everything up to X2 done. Deployments wait."""
    session = tiny.session()
    try:
        up_to_deploy(session, tiny)
    finally:
        session.close()
        session.journal.close()
    tiny.hold()
    return tiny


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """X2 is done, X3 comes next. For tests that change nothing."""
    tiny = build(tmp_path_factory.mktemp("deployed") / "tiny")
    session = tiny.session()
    try:
        up_to_deploy(session, tiny)
        assert run(session, "X2") == "done"
    finally:
        session.close()
        session.journal.close()
    return tiny
