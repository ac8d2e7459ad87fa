"""In a real terminal: a message is copied into tmux's buffer, and leaving while one is being sent keeps its end."""

from __future__ import annotations

import threading

import pytest
from hook_server import hook
from telling import without_messages
from terminals import GOAROUND, tmux
from tiny_system import Tiny, environment
from waiting import until

from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from actions.model.fold import fold
from actions.model.message_rules import Ended, attempts

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(300)]


def declare(tiny: Tiny) -> None:
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    session.close()
    session.journal.close()


def ends(tiny: Tiny) -> list[Ended]:
    journal = SqliteJournal(tiny.store, SystemClock(), read_only=True)
    incident = journal.newest()[0].id
    found = attempts(fold(incident, journal.events(incident)), SystemClock().now())
    journal.close()
    return [one.ended for one in found]


TO_THE_BUTTON = ("Enter", "Enter", "Enter")
"""Over the people, the ways, and the text."""


def test_a_message_is_copied_into_tmuxs_buffer(tiny: Tiny) -> None:
    """With tmux's defaults: what was shown is what a paste gives, and the last line says where it is."""
    without_messages(tiny)
    declare(tiny)
    with tmux(80, 24, environment(tiny)) as op:
        op.run(*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
        op.sees("tick A1")
        op.press("i")
        op.sees("Tell people", "stakeholders")
        op.answers("Enter", "Tell people")
        op.sees("[x] management", "[Copy]")
        op.answers("Enter", "[Copy]", *TO_THE_BUTTON)
        op.sees("in tmux's buffer")
        pasted = op.tmux("show-buffer")
        assert pasted.startswith("DRILL: tiny (drill): problem after the deployment")
        assert "What is seen: pages fail" in pasted
        op.press("q")
        op.sees("left 0")
    assert ends(tiny) == [Ended.SENT]


def test_leaving_while_a_message_is_being_sent_keeps_its_end(tiny: Tiny) -> None:
    """The first q says that it would wait; the second leaves, and the end stands in the record."""
    with hook() as chat:
        chat.hold = threading.Event()
        without_messages(tiny)
        tiny.add_to_config(f'[[channel]]\nname = "chat"\nwebhook = "{chat.url}"\ndeadline = 200\n')
        declare(tiny)
        with tmux(80, 24, environment(tiny)) as op:
            op.run(*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
            op.sees("tick A1")
            op.press("i")
            op.sees("Tell people")
            op.answers("Enter", "Tell people")
            op.sees("webhook:chat", "[Send]")
            op.answers("Enter", "[Send]", *TO_THE_BUTTON)
            assert chat.arrived.wait(60)
            op.press("q")
            op.sees("q once more leaves as soon as")
            op.press("q")
            until(lambda: ends(tiny) == [Ended.UNDER_WAY])
            chat.hold.set()
            op.sees("left 0")
    assert ends(tiny) == [Ended.SENT]
