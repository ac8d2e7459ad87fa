"""The cockpit in real tmux with tmux's defaults, flown by the keys an operator presses, to the signed record."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest
from terminals import GOAROUND, HUMAN_S, Tmux, tmux
from tiny_system import Tiny, environment
from waiting import until

from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from actions.model.fold import fold
from actions.model.incident import Incident

pytestmark = pytest.mark.tmux

SIZES = [(160, 48), (80, 24), (60, 16)]


def newest(tiny: Tiny) -> Incident:
    """The newest record, as it lies on disk."""
    journal = SqliteJournal(tiny.store, SystemClock(), read_only=True)
    try:
        incident = journal.newest(1)[0].id
        return fold(incident, journal.events(incident))
    finally:
        journal.close()


def marked(op: Tmux) -> list[str]:
    """The lines in which something is chosen."""
    return [line for line in op.screen().splitlines() if "(●)" in line]


def choose(op: Tmux, letter: str, wanted: str) -> None:
    """Choose on a line of choices by its first letter, then go to the next field.

    The next word with it is asked for only when the key before was seen to choose another one.
    """
    chosen = f"(●) {wanted}"
    for _ in range(4):
        before = marked(op)
        if any(chosen in line for line in before):
            break
        op.keys(letter)
        until(lambda before=before: marked(op) != before, lambda: f"{letter} chooses nothing\n{op.screen()}")  # type: ignore[misc]
    op.sees(chosen)
    op.press("Tab")
    time.sleep(HUMAN_S)


def answer(op: Tmux, what: str) -> None:
    """Fill the dialog that this Enter opened."""
    if what.startswith("declare"):
        op.sees("Declare an incident", "what is broken")
        op.types("pages fail since the deployment")
        op.answers("Enter", "Declare an incident")
    elif what.startswith("decide"):
        op.sees("Decide: roll back or fix forward")
        time.sleep(HUMAN_S)
        choose(op, "h", "High")
        op.types("60-80")
        op.sees("60-80")
        op.press("Tab")
        time.sleep(HUMAN_S)
        choose(op, "l", "Low")
        choose(op, "r", "roll back")
        op.press("Tab")
        op.answers("Enter", "Decide: roll")
    elif what.startswith(("close", "park")):
        op.sees("How did it end?")
        op.press("Tab", "Tab")
        op.answers("Enter", "How did it end?")
    elif what.startswith("sign off"):
        op.sees("Sign off", "Record head")
        if "verified" in what:
            op.types("ops2")
        op.press("Tab")
        op.answers("Enter", "Record head")


def fly(op: Tmux, sizes: Iterator[tuple[int, int]]) -> list[str]:
    """Do what the last line says, until nothing is left to do; everything that Enter was said to do."""
    said: list[str] = []
    resized_for = ""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        what = op.says()
        if "is parked until" in what:  # the branch on the remote is bent: signed, and open until somebody removes it
            return said
        if not what or what.startswith("watch"):
            time.sleep(0.1)
            continue
        if "does nothing" in what or "takes it back" in what:
            op.press("n")
            continue
        if resized_for != what:
            resized_for = what
            op.resize(*next(sizes))
            op.sees("Enter ")
            continue  # and look again: another size may say less of it
        said.append(what)
        if what.startswith("run"):
            op.runs(what)
            continue
        op.press("Enter")
        answer(op, what)
        until(lambda what=what: op.says() != what, lambda what=what: f"stays at {what}\n{op.screen()}")  # type: ignore[misc]
        resized_for = ""
    raise AssertionError(f"the flight did not end; last said: {said[-5:]}\n{op.screen()}")


@pytest.mark.timeout(400)
def test_the_way_back_is_flown_by_keys_to_a_signed_record(tiny: Tiny) -> None:
    """From something broken to proven and signed for, with nothing but the keys that the screen names.

    Before every key the terminal takes another size, so that each kind of screen is met at several.
    """
    sizes = itertools.cycle(SIZES)
    with tmux(*next(sizes), environment(tiny)) as op:
        op.run(*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
        op.sees("No incident is open", "tiny")
        said = fly(op, sizes)
        op.press("q")
        op.sees("left 0")
        assert op.flags() == "0 1 0", "the terminal is not as it was"
    record = newest(tiny)
    assert record.closed is not None
    assert record.closed.outcome == "recovered"
    assert record.executed is not None
    assert record.verified is not None
    assert record.verified.person == "ops2"
    assert record.closed.running == tiny.target == tiny.running
    assert tiny.begun() == tiny.ended() == 1
    assert not record.deviations
    assert any(what.startswith("run X2") for what in said)
