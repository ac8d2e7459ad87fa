"""Telling people from the cockpit: the key, the list, the text, the way, and what a failing channel does not stop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hook_server import Hook, hook
from pilot_moves import comes, hears, sees_joined
from telling import without_messages
from textual.pilot import Pilot
from tiny_system import Tiny, build

from actions.model.message import BUILT_IN
from actions.model.message_rules import Ended, attempts, told
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.session import Session
from widgets.dialog import Dialog
from widgets.message_dialog import MessagesDialog, TellDialog

SIZES = [(160, 48), (80, 24), (60, 16)]


@pytest.fixture
def chat() -> Iterator[Hook]:
    with hook() as one:
        yield one


@pytest.fixture
def tiny(tmp_path: Path, chat: Hook) -> Tiny:
    system = build(tmp_path / "tiny")
    without_messages(system)
    system.add_to_config(f'[[channel]]\nname = "chat"\nwebhook = "{chat.url}"\ndeadline = 60\n')
    return system


class Operator:
    """Somebody at the keys."""

    def __init__(self, pilot: Pilot[int], session: Session) -> None:
        self.pilot, self.session = pilot, session

    async def sees(self, *words: str) -> str:
        return await sees_joined(self.pilot, *words)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def enters(self, times: int = 1) -> None:
        await hears(self.pilot, Dialog)
        for _ in range(times):
            await self.press("enter")

    async def open(self, down: int = 0) -> None:
        """The list, and the message so many below the first."""
        await self.press("i")
        await self.sees("Tell people")
        await self.press("g", *["down"] * down)
        await self.enters()


@asynccontextmanager
async def flying(tiny: Tiny, size: tuple[int, int] = (80, 24), *, observe: bool = False) -> AsyncIterator[Operator]:
    session = tiny.session()
    session.take_lease()
    if not session.incident.id:
        session.declare("pages fail")
    try:
        async with cockpit(session, observe=observe, ascii=False).run_test(size=size) as pilot:
            yield Operator(pilot, session)
    finally:
        session.close()
        session.journal.close()


@pytest.mark.parametrize("size", SIZES)
async def test_a_message_goes_out_by_keys_alone(tiny: Tiny, chat: Hook, size: tuple[int, int]) -> None:
    """At every size: i, the message, Enter through people, way and text, and it is told."""
    async with flying(tiny, size) as op:
        await op.press("i")
        await op.sees("Tell people", "▶ stakeholders", "DRILL")
        await op.enters()
        assert isinstance(op.pilot.app.screen, TellDialog)
        await op.sees("[x] management", "webhook:chat", "POST http://127.0.0.1", "[Send]")
        assert not chat.posted
        await op.enters(4)
        await op.sees("told management, developers, support")
        assert told(op.session.incident, "management, developers and support") is not None
        await op.press("i")
        await op.sees("✔ stakeholders: a problem", "▶ users")
    assert len(chat.posted) == 1


async def test_a_channel_that_hangs_or_fails_stops_nothing(tiny: Tiny, chat: Hook) -> None:
    """While it hangs, items are ticked; leaving is held up once; its failure is said and recorded."""
    chat.hold, chat.status = threading.Event(), 500
    async with flying(tiny, (160, 48)) as op:
        await op.open()
        await op.enters(4)
        await comes(op.pilot, chat.arrived.is_set, "the message")
        await op.press("space")
        await comes(op.pilot, lambda: op.session.incident.marks, "the item is ticked while the channel hangs")
        await op.press("q")
        await op.sees("q once more leaves as soon as its end is recorded")
        await op.press("i")
        await op.sees("blocked: is being sent")
        await op.press("escape")
        chat.hold.set()
        await op.sees("NOT SENT to management, developers, support (webhook:chat): 500")
        assert [one.ended for one in attempts(op.session.incident)] == [Ended.FAILED]
        await op.press("i")
        await op.sees("FAILED")
    assert len(chat.posted) == 1


async def test_solved_says_why_not_before_and_after_it_is_pressed(tiny: Tiny, chat: Hook) -> None:
    """The reason stands in its row; Enter on it refuses and records the refusal."""
    async with flying(tiny, (160, 48)) as op:
        await op.press("i", "G")
        await op.sees("users: solved blocked: not proven")
        await op.enters()
        await op.sees("not sent: not proven")
        assert isinstance(op.pilot.app.screen, IncidentScreen)
        kinds = [event.kind for event in op.session.journal.events(op.session.incident.id)]
        assert kinds.count("message.refused") == 1
    assert not chat.posted


async def test_a_text_is_copied_or_read_out(tiny: Tiny, chat: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied outside tmux: handed to the terminal, told nobody yet. Read out: recorded as told."""
    monkeypatch.delenv("TMUX", raising=False)
    async with flying(tiny, (160, 48)) as op:
        await op.open(1)
        await op.press("tab", "down")
        await op.sees("[Copy]")
        await op.enters(3)
        await op.sees("handed to the terminal's clipboard (OSC 52)")
        assert op.pilot.app.clipboard.startswith("DRILL: tiny: we are looking into a problem\n\n*** DRILL ***")
        assert told(op.session.incident, "users") is None
        await op.press("i")
        await op.sees("copied", "not yet sent")
        await op.press("escape")
        await op.open(1)
        await op.press("tab", "down", "down")
        await op.sees("once more: copied", "[Read out: done]")
        await op.enters(3)
        await op.sees("recorded: users told by voice")
        said = told(op.session.incident, "users")
        assert said is not None
        assert said.body.through == "read out"
    assert not chat.posted


async def test_leaving_the_dialogs_tells_nobody(tiny: Tiny, chat: Hook) -> None:
    """Esc and [Cancel] leave without effect; who only looks on is told so."""
    async with flying(tiny) as op:
        await op.press("i")
        assert isinstance(op.pilot.app.screen, MessagesDialog)
        await op.press("escape")
        await op.open()
        await op.press("escape")
        assert attempts(op.session.incident) == ()
    async with flying(tiny, observe=True) as op:
        await op.press("i")
        assert isinstance(op.pilot.app.screen, IncidentScreen)
    assert not chat.posted
    assert BUILT_IN
