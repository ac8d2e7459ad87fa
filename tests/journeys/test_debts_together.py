"""Debts while several people are at work: another cockpit, another incident, a step that pays, a shell that pays."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bent_record import bent, session_of, with_notice
from obedient_cockpit import cockpit as obedient
from pilot_moves import comes, hears, sees, sees_joined
from terminals import GOAROUND
from textual.pilot import Pilot
from tiny_system import Tiny, environment, refused, run
from waiting import LOOK_S, PATIENCE_S, until
from widget_bench import screen_text

from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from actions.model.debts import holding, of_events
from actions.model.events import SignedOff
from app.cockpit import cockpit
from app.debt_desk import pay
from app.session import Session
from app.signing import sign_off
from widgets.assign_dialog import AssignDialog
from widgets.debts_dialog import DebtsDialog
from widgets.reason_dialog import ReasonDialog
from widgets.sign_off_dialog import SignOffDialog


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """With a maintenance notice."""
    with with_notice(tmp_path) as one:
        yield one


def parked(tiny: Tiny) -> str:
    """Such a record, parked; nobody is at its keys. v3 was deployed again since."""
    session = bent(tiny)
    session.park_incident("recovered", "back at once")
    session.forget()
    session.close()
    (tiny.folder / "running").write_text(tiny.former + "\n")
    return _newest(tiny)


def looked_at(tiny: Tiny, who: str = "ops1") -> tuple[str, Session]:
    """Such a record, and a session that has it open."""
    one, session = parked(tiny), session_of(tiny, who)
    session.open(one)
    return one, session


async def debts_of(pilot: Pilot[Any]) -> None:
    """`D`, and the list is there."""
    await pilot.press("D")
    await hears(pilot, DebtsDialog)


async def leaves_until(pilot: Pilot[int], there: Callable[[], bool]) -> None:
    """Escape on whatever dialog is open or opens yet, until it is so."""
    until_s = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < until_s, screen_text(pilot.app)
        if pilot.app.screen.is_modal:
            await pilot.press("escape")
        await asyncio.sleep(LOOK_S)
        await pilot.pause()


def _newest(tiny: Tiny) -> str:
    journal = SqliteJournal(tiny.store, SystemClock(), read_only=True)
    try:
        return journal.newest()[0].id
    finally:
        journal.close()


def paid(tiny: Tiny, one: str) -> list[tuple[str, str]]:
    """What was paid in a record, and how."""
    journal = SqliteJournal(tiny.store, SystemClock(), read_only=True)
    try:
        return [(debt.name, debt.paid) for debt in of_events(journal.debt_events([one])[one]) if debt.paid]
    finally:
        journal.close()


def shell(tiny: Tiny, *words: str) -> subprocess.Popen[str]:
    """``goaround`` in another shell."""
    command = [*GOAROUND, words[0], "--store", str(tiny.store), *words[1:]]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(tiny), cwd=tiny.folder, stdout=pipe, stderr=pipe, text=True)


def typed(tiny: Tiny, *words: str) -> tuple[int, str, str]:
    """The same, awaited: exit status, standard output, standard error."""
    process = shell(tiny, *words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


async def test_what_is_paid_is_the_debt_that_was_looked_at(tiny: Tiny) -> None:
    """Another incident, with a debt of the same name, is declared while somebody types: it stays as it is."""
    one, mine = looked_at(tiny, "ops2")
    app = cockpit(mine)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, "◆ PARKED")
        await debts_of(pilot)
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        assert f"Pay N1.1 of {one}" in screen_text(app)
        await pilot.press(*"took")
        with obedient(tiny) as other:
            assert other.ask("session.take_lease()")
            other.ask("drawn(session, tiny) and None")
            assert other.ask("run(session, 'N1')") == "done"
            newer = other.ask("session.incident.id")
            await pilot.pause(0.4)
            assert mine.incident.id == one, "the cockpit stays with what is being answered"
            await pilot.press("enter")
            await comes(pilot, lambda: paid(tiny, one), "the payment")
            assert paid(tiny, one) == [("N1.1", "by hand: took")]
            assert paid(tiny, newer) == []
            await leaves_until(pilot, lambda: mine.incident.id == newer)
            assert "ops1 flies" in await sees(pilot, f"{newer} is open: it is shown now instead of {one}")


async def test_a_list_that_is_open_outlives_another_incident(tiny: Tiny) -> None:
    """Enter on it pays in the record that it shows; the cockpit does not end, and nothing of another is touched."""
    one, mine = looked_at(tiny, "ops2")
    app = cockpit(mine)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, "◆ PARKED")
        await debts_of(pilot)
        with obedient(tiny) as other:
            assert other.ask("session.take_lease()")
            other.ask("session.declare('again')")
            await pilot.pause(0.4)
            await pilot.press("enter")
            await hears(pilot, ReasonDialog)
            await pilot.press(*"took", "enter")
            await comes(pilot, lambda: paid(tiny, one), "the payment")
        assert paid(tiny, one) == [("N1.1", "by hand: took")]
        assert app.return_code is None


async def test_the_screen_follows_what_a_shell_pays(tiny: Tiny) -> None:
    """The list, what stands in the field's dialog, the bar and the next move: told who has paid, without a key."""
    one, mine = looked_at(tiny)
    assert mine.take_lease()
    app = cockpit(mine)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, "2 debts (D)")
        await debts_of(pilot)
        await sees_joined(pilot, "2 debts open; they are bent and keep the record open")
        assert typed(tiny, "debts", "pay", one, "N1.1", "--how", "down")[0] == 0
        await sees_joined(pilot, "1 debt open; it is bent", "✓ paid N1.1", "N1.1 was paid by", "by hand: down")
        dialog = app.screen
        assert isinstance(dialog, DebtsDialog)
        await pilot.press("g", "enter")
        await hears(pilot, ReasonDialog)
        name = holding(mine.incident.debts)[0].name
        await pilot.press(*"mine")
        assert typed(tiny, "debts", "pay", one, name, "--how", "gone")[0] == 0
        await sees_joined(pilot, f"{name} was paid by", "by hand: gone")
        await pilot.press("enter")
        await hears(pilot, DebtsDialog)
        await sees_joined(pilot, f"{name} was paid by", "Nothing is owed.")
        await pilot.press("escape")
        await sees_joined(pilot, "close the record: nothing is bent any more")
    assert paid(tiny, one) == [("N1.1", "by hand: down"), (name, "by hand: gone")]


async def test_nobody_pays_by_hand_what_a_step_is_straightening(tiny: Tiny) -> None:
    """Refused with the step's name, in the dialog, too; the step pays it, and it is paid once."""
    session = bent(tiny)
    script = tiny.folder / "notice"
    waits = f"touch '{tiny.folder}/offing'; while [ -e '{tiny.folder}/off.hold' ]; do sleep 0.02; done; "
    script.write_text(script.read_text().replace("off) ", f"off) {waits}"))
    (tiny.folder / "off.hold").touch()
    session.start("N2", armed="enter")
    until(lambda: (tiny.folder / "offing").exists())
    one = session.incident.id
    why = "N2 Take the maintenance notice down is at work on N1.1: wait for its end"
    assert why in refused(lambda: pay(session, "N1.1", "I did"))
    status, _, err = typed(tiny, "debts", "pay", one, "N1.1", "--how", "I did")
    assert (status, why in err) == (1, True)
    app = cockpit(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "2 debts (D)")
        await debts_of(pilot)
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        await pilot.press(*"mine", "enter")
        await hears(pilot, DebtsDialog)
        await sees_joined(pilot, why, "[Pay]")
        (tiny.folder / "off.hold").unlink()
        await sees_joined(pilot, "✓ paid N1.1", "N1.1 was paid by ops1")
    assert paid(tiny, one) == [("N1.1", "N2")]
    kinds = [event.kind for event in session.journal.events(one)]
    assert kinds.count("debt.paid") == 1


def test_what_was_paid_by_hand_is_not_paid_again_by_its_step(tiny: Tiny) -> None:
    """The step may still be run; the first words stay, and there is one payment on record."""
    session = bent(tiny)
    one = session.incident.id
    pay(session, "N1.1", "taken down in the panel")
    assert run(session, "N2") == "done"
    assert paid(tiny, one) == [("N1.1", "by hand: taken down in the panel")]
    assert [event.kind for event in session.journal.events(one)].count("debt.paid") == 1


def test_two_shells_pay_and_close_at_the_same_moment(tiny: Tiny) -> None:
    """One of two processes has done it; the other is told who, with exit status 1."""
    one = parked(tiny)
    session = session_of(tiny)
    session.open(one)
    for name in [debt.name for debt in holding(session.incident.debts)]:
        both = [shell(tiny, "debts", "pay", one, name, "--how", f"by {number}") for number in range(2)]
        ends = [(*process.communicate(timeout=60), process.returncode) for process in both]
        assert sorted(status for _, _, status in ends) == [0, 1], ends
        assert f"{name} was paid by" in next(err for _, err, status in ends if status)
    both = [shell(tiny, "debts", "close", one) for _ in range(2)]
    ends = [(*process.communicate(timeout=60), process.returncode) for process in both]
    assert sorted(status for _, _, status in ends) == [0, 1], ends
    assert "closed" in next(err for _, err, status in ends if status)
    kinds = [event.kind for event in session.journal.events(one)]
    assert (kinds.count("debt.paid"), kinds.count("closed")) == (2, 1)


async def test_who_holds_the_lease_of_the_same_record_straightens_it(tiny: Tiny) -> None:
    """Somebody else is named on the start card and in the bar; whoever looks may pay, and sees the step's payment."""
    one = parked(tiny)
    mine = session_of(tiny, "ops2")
    with obedient(tiny) as other:
        other.ask(f"session.open('{one}')")
        assert other.ask("session.take_lease()")
        app = cockpit(mine)
        async with app.run_test(size=(80, 24)) as pilot:
            text = await sees_joined(pilot, "You only look on: ops1 from", "T takes over")
            assert "nobody flies" not in text, "the bar and the card say the same"
            await debts_of(pilot)
            await pilot.press("escape")
            await sees_joined(pilot, "ops1 flies", "parked, NOT SIGNED: s signs it; w declares a new incident")
            assert "you observe" in refused(lambda: mine.start("N2", armed="enter"))
            assert other.ask("run(session, 'N2')") == "done"
            await sees_joined(pilot, "1 debt (D)")
            pay(mine, holding(mine.incident.debts)[0].name, "removed")
            other.ask("session.sync() and None")
            assert other.ask("session.incident.debts[1].paid_by") == "ops2"


async def test_a_lease_that_was_taken_for_another_incident_is_noticed(tiny: Tiny) -> None:
    """The cockpit on the parked record says who flies, runs nothing more, and turns to the new incident."""
    one, mine = looked_at(tiny, "ops2")
    assert mine.take_lease()
    app = cockpit(mine)
    async with app.run_test(size=(160, 48)) as pilot:
        await sees_joined(pilot, "at the keys: ops2")
        with obedient(tiny) as other:
            assert not other.ask("session.take_lease()")
            assert other.ask("session.take_lease(takeover_reason='it is down again')")
            await sees_joined(pilot, "you observe; ops1 flies")
            assert not mine.driver
            assert mine.incident.holder is None, "the record says until when somebody was at its keys"
            assert "you observe" in refused(lambda: mine.start("N2", armed="enter"))
            other.ask("session.declare('again')")
            newer = other.ask("session.incident.id")
            await sees_joined(pilot, newer)
            await debts_of(pilot)
            await sees(pilot, f"◆ PARKED besides: {one}: 2 debts, NOT SIGNED: goaround debts")


async def test_somebody_elses_debt_is_said_to_be_theirs(tiny: Tiny) -> None:
    """Before it is paid, with what straightens it and that nothing is run; who has paid it is on record."""
    session = bent(tiny)
    assert typed(tiny, "debts", "assign", session.incident.id, "N1.1", "--owner", "ops2")[0] == 0
    app = cockpit(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "2 debts (D)")
        await debts_of(pilot)
        await sees_joined(pilot, "owner: ops2")
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        await sees_joined(pilot, "It is ops2's.", "Straightened by: u on N1, or N2 Take", "Nothing is run now")
        await pilot.press(*"done", "enter")
        await hears(pilot, DebtsDialog)
        await sees_joined(pilot, "by ops1")


async def test_a_ticket_is_recorded_where_it_was_asked_for(tiny: Tiny) -> None:
    """The command takes its time, and the cockpit turns to another incident meanwhile."""
    script = tiny.folder / "ticket"
    script.write_text(
        f"#!/bin/sh\ntouch {tiny.folder}/asked\nwhile [ -e {tiny.folder}/t.hold ]; do sleep 0.02; done\necho FIX-7\n"
    )
    script.chmod(0o755)
    (tiny.folder / "t.hold").touch()
    tiny.add_to_config(f'\n[tickets]\ncommand = ["{script}", "{{code}}"]\n')
    one, mine = looked_at(tiny, "ops2")
    app = cockpit(mine)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, "◆ PARKED")
        await debts_of(pilot)
        await pilot.press("a")
        dialog = await hears(pilot, AssignDialog)
        dialog.chosen("make")
        await comes(pilot, lambda: (tiny.folder / "asked").exists(), "the command")
        with obedient(tiny) as other:
            assert other.ask("session.take_lease()")
            other.ask("drawn(session, tiny) and None")
            assert other.ask("run(session, 'N1')") == "done"
            await comes(pilot, lambda: mine.incident.id not in ("", one), "the newer incident")
            (tiny.folder / "t.hold").unlink()
            await sees_joined(pilot, "N1.1 is followed in FIX-7")
            other.ask("session.sync() and None")
            assert other.ask("[one.ticket for one in session.incident.debts]") == [""]
    old = mine.journal.debt_events([one])[one]
    assert next(debt.ticket for debt in of_events(old) if debt.name == "N1.1") == "FIX-7"


async def test_who_verifies_a_parked_record_verifies_that_one(tiny: Tiny) -> None:
    """The second look takes its time, and another incident is declared meanwhile: nothing of it lands there."""
    script = tiny.folder / "look"
    hold = tiny.folder / "look.hold"
    script.write_text(
        f"#!/bin/sh\ntouch '{tiny.folder}/looking'\nwhile [ -e '{hold}' ]; do sleep 0.02; done\n"
        f"cat '{tiny.folder}/running'\n"
    )
    script.chmod(0o755)
    tiny.config.write_text(tiny.config.read_text().replace(f'["cat", "{tiny.folder}/running"]', f'["{script}"]'))
    session = bent(tiny)
    one = session.incident.id
    session.park_incident("recovered", "back at once")
    sign_off(session, "executed", "ops1")
    session.forget()
    session.close()
    mine = session_of(tiny, "ops2")
    mine.open(one)
    app = cockpit(mine)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees_joined(pilot, "sign off: verified by somebody else")
        (tiny.folder / "looking").unlink()
        hold.touch()
        try:
            await pilot.press("s")
            dialog = await hears(pilot, SignOffDialog)
            dialog.chosen("sign")
            await comes(pilot, lambda: (tiny.folder / "looking").exists(), "the second look")
            with obedient(tiny) as other:
                assert other.ask("session.take_lease()")
                other.ask("session.declare('again')")
                newer = other.ask("session.incident.id")
                await pilot.pause(0.4)
                assert mine.incident.id == one
                hold.unlink()
                await comes(pilot, lambda: mine.incident.id == newer, "the newer incident")
        finally:
            hold.unlink(missing_ok=True)
    signs = [event.body.part for event in mine.journal.events(one) if isinstance(event.body, SignedOff)]
    assert signs == ["executed", "verified"]
    assert [event.actor for event in mine.journal.events(newer) if event.kind == "observed"] == []
