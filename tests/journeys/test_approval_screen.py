"""Approvals in the cockpit: the same Enter asks, waits, and runs; the key `p` takes a code and breaks the glass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pilot_moves import comes, hears, incident_screen, looked, sees_joined
from textual.pilot import Pilot
from tiny_system import Tiny, build, drawn, run

from actions.model.blocking import Move
from actions.model.read_back import read_back_code
from app import approving
from app.approval_desk import open_desk
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.session import Session
from app.who import who_am_i
from widgets.approval_dialog import ApprovalDialog, BreakGlassDialog, PersonDialog
from widgets.checklist import Checklist
from widgets.dialog import Dialog


class Keys:
    """Somebody at the keys of the cockpit."""

    def __init__(self, pilot: Pilot[int], session: Session) -> None:
        self.pilot, self.session = pilot, session

    @property
    def screen(self) -> IncidentScreen:
        return incident_screen(self.pilot)

    async def sees(self, *words: str) -> None:
        await sees_joined(self.pilot, *words)

    async def enter(self) -> None:
        await looked(self.pilot)
        await self.pilot.press("enter")
        await self.pilot.pause()

    def ended(self, code: str) -> bool:
        self.session.sync()
        last = self.session.incident.last_run(code)
        return last is not None and not last.open

    async def button(self, name: str) -> None:
        await hears(self.pilot, Dialog)
        self.pilot.app.screen.query_one(f"#{name}").focus()
        await self.pilot.press("enter")
        await self.pilot.pause()

    async def types(self, field: str, text: str) -> None:
        self.pilot.app.screen.query_one(f"#{field}").focus()
        await self.pilot.press(*("space" if char == " " else char for char in text))


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """From the first minute on the Tech Manager must approve; the plan is drawn and its evidence kept."""
    made = build(tmp_path / "tiny")
    made.add_to_config('\n[[escalation]]\nwithin = "always"\napprove = ["tech-manager"]\n')
    session = made.session()
    drawn(session, made)
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    session.close()
    session.journal.close()
    return made


@asynccontextmanager
async def flying(tiny: Tiny, who: str = "ops1") -> AsyncIterator[Keys]:
    session = tiny.session(who)
    if who == "ops1":
        session.take_lease()
    try:
        async with cockpit(session, observe=False, ascii=False).run_test(size=(160, 48)) as pilot:
            keys = Keys(pilot, session)
            await keys.sees("X1")
            keys.screen.query_one(Checklist).highlight("X1")
            await pilot.pause()
            yield keys
    finally:
        session.close()
        session.journal.close()


async def test_the_same_enter_asks_waits_and_runs(tiny: Tiny) -> None:
    """The screen says for whom it waits, and turns by itself when the other one has approved."""
    async with flying(tiny) as op:
        assert op.screen.next().words == "ask for the approval of tech-manager"
        await op.sees("needs tech-manager (ops2 may); not asked yet")
        await op.enter()
        await op.sees("waits for tech-manager (ops2 may); asked 00:", "goaround approve INC-")
        assert op.screen.next().blocked.startswith("waits for tech-manager")
        await op.enter()
        assert not [one for one in op.session.incident.runs if one.code == "X1"]
        other = open_desk(tiny.store, op.session.incident.id)
        other.who = replace(who_am_i({}), login="ops2")
        approving.approve(other, op.session.incident.plan_digest, "tiny")
        await op.sees("by ops2 (tech-manager, login) until")
        assert op.screen.next().move is Move.RUN
        await op.enter()
        await comes(op.pilot, lambda: op.ended("X1"), "the end of X1")
        last = op.session.incident.last_run("X1")
        assert last is not None
        assert last.took
        other.journal.close()


async def test_a_no_stands_on_the_screen(tiny: Tiny) -> None:
    """A denial is seen without any key, and Enter says it again instead of running."""
    async with flying(tiny) as op:
        other = open_desk(tiny.store, op.session.incident.id)
        other.who = replace(who_am_i({}), login="ops2")
        approving.deny(other, op.session.incident.plan_digest, "the backup is old")
        await op.sees("DENIED by Second Operator (ops2): the backup is old")
        assert op.screen.next().blocked.startswith("DENIED by Second Operator")
        other.journal.close()


async def test_the_code_is_typed_in_a_dialog(tiny: Tiny) -> None:
    """`p`, [Code read back]: a misheard code is refused with a reason, the right one counts."""
    async with flying(tiny) as op:
        for code in ("0000 0000 0001", read_back_code(op.session.incident, "ops2", op.session.clock.now())):
            await op.pilot.press("p")
            await op.pilot.pause()
            assert isinstance(op.pilot.app.screen, ApprovalDialog)
            await op.button("code")
            assert isinstance(op.pilot.app.screen, PersonDialog)
            await op.types("text", code)
            await op.button("accept")
            if code.startswith("0000"):
                await op.sees("misheard")
        await op.sees("by ops2 (tech-manager, read back) until")
        assert op.session.approvals().blocked == ""


async def test_the_glass_is_broken_in_a_dialog(tiny: Tiny) -> None:
    """`p`, [Break glass]: reason and name; the screen says it in capitals, the next Enter runs."""
    async with flying(tiny) as op:
        await op.pilot.press("p")
        await op.pilot.pause()
        await op.button("break")
        assert isinstance(op.pilot.app.screen, BreakGlassDialog)
        await op.types("text", "nobody answers")
        await op.types("typed", "tiny")
        await op.button("break")
        await op.sees("BREAK-GLASS by ops1: nobody answers")
        assert op.screen.next().move is Move.RUN


async def test_an_observer_is_told_how_to_answer(tiny: Tiny) -> None:
    """Somebody who looks on learns the command; their keys change nothing."""
    holder = tiny.session()
    holder.take_lease()
    async with flying(tiny, "ops2") as op:
        await op.pilot.press("p")
        await op.sees("answer from your own login with: goaround approve INC-")
    holder.close()
    holder.journal.close()
