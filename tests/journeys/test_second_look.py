"""Whoever verifies looks for himself: the proof is taken once more, from the own session, and is on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, drawn, pay_what_is_bent, run

from actions.model.events import Observed
from app.plain import Plain
from app.second_look import second_look
from app.session import Session
from app.signing import sign_off


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


@pytest.fixture
def flown(tiny: Tiny) -> Iterator[Session]:
    """Recovered, closed, and signed by the one who executed."""
    session = tiny.session()
    assert session.take_lease()
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2", "X3"):
        assert run(session, code) == "done"
    pay_what_is_bent(session)
    session.close_incident("recovered")
    sign_off(session, "executed", "ops1")
    yield session
    session.close()
    session.journal.close()


def looks(session: Session) -> list[Observed]:
    events = session.journal.events(session.incident.id)
    return [e.body for e in events if isinstance(e.body, Observed) and e.body.what.startswith("second look: ")]


def test_who_verifies_looks_from_the_own_session(tiny: Tiny, flown: Session) -> None:
    """O18: the observation is the verifier's own, comes before the signature, and the signature stands over it."""
    other = tiny.session("ops2")
    operator = Scripted(["", "ops2"])
    Plain(other, operator).fly()
    (seen,) = looks(other)
    assert seen.ok
    assert seen.seen == tiny.target
    assert f"ok  second look: running commit: {tiny.target}" in operator.text
    one = other.incident
    assert one.verified is not None
    event = next(e for e in other.journal.events(one.id) if e.body == seen)
    assert event.actor == "ops2"
    assert one.verified.over_seq >= event.seq
    assert one.proven, "the proof itself stays what it was"
    other.journal.close()


def test_a_look_that_sees_something_else_is_as_visible(tiny: Tiny, flown: Session) -> None:
    """The record tells the truth: what the verifier saw stands there, also when it is not what was proven."""
    (tiny.folder / "running").write_text(tiny.former + "\n")
    (line,) = second_look(flown, "ops2")
    assert line.startswith("NOT second look: running commit: ")
    (seen,) = looks(flown)
    assert not seen.ok
    assert tiny.former in seen.seen


def test_nobody_looks_who_may_not_verify(tiny: Tiny, flown: Session) -> None:
    """The one who executed cannot verify, and a look by him would count for nothing."""
    assert second_look(flown, "ops1") == ()
    assert second_look(flown, " ") == ()
    assert looks(flown) == []


def test_the_end_of_the_input_inside_a_question_is_no_crash(tiny: Tiny) -> None:
    """Plain lines in a pipe: wherever it ends, what is recorded stays, and the incident can be resumed."""
    for answers in ((), ("",), ("", "pages fail", "d"), ("d", "High", "60"), ("o A1",), ("n",), ("x",), ("t",)):
        session = tiny.session()
        assert session.take_lease()
        operator = Scripted(answers)
        Plain(session, operator).fly()
        assert "nobody answers: leaving" in operator.lines[-1], (answers, operator.lines)
        session.close()
        session.journal.close()
