"""One flies, the others observe: races, dead holders, takeovers, and the fence before every write."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from obedient_cockpit import cockpit
from process_looks import stop
from tiny_system import Tiny, begin_deploy, decided, drawn, refused, settle

from actions.engine import lease
from actions.engine.processes import start_time
from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.chain import verify_lines
from actions.model.checklist import State
from actions.model.clock import ManualClock
from actions.model.ports import LeaseRow
from actions.model.step import Outcome
from app.session import Session
from app.who import Who

RACES = 30


def test_of_two_at_once_exactly_one_flies(tiny: Tiny) -> None:
    """One driver per system, however close the race; the other observes and says who flies."""
    with cockpit(tiny, "ops1") as one, cockpit(tiny, "ops2") as two:
        for race in range(RACES):
            for each in (one, two):
                each.tell("[session.take_lease(), session.holder_line()]")
            answers = {"ops1": one.hear(), "ops2": two.hear()}
            flying = [who for who, (driver, _) in answers.items() if driver]
            assert len(flying) == 1, f"race {race}: {answers}"
            looking_on = next(who for who in answers if who not in flying)
            assert answers[looking_on][1].startswith(f"{flying[0]} from "), answers
            for each in (one, two):
                assert each.ask("session.close()") is None


def test_two_first_cockpits_on_a_new_store(tiny: Tiny) -> None:
    """The very first start is a race, too: making the store must not fail for either."""
    with cockpit(tiny, "ops1") as one, cockpit(tiny, "ops2") as two:
        for number in range(30):
            for each in (one, two):
                each.tell(f"open_session(load(tiny.config), store=str(tiny.folder / 'new{number}')).take_lease()")
            assert sorted([one.hear(), two.hear()], key=str) == [False, True]


def test_an_observer_can_change_nothing_but_may_write_notes(tiny: Tiny, session: Session) -> None:
    """Everyone else observes: every wish is refused with the name of the one who flies."""
    plan = drawn(session, tiny)
    with cockpit(tiny, "ops2") as other:
        assert other.ask("session.take_lease()") is False
        for wish in (
            "session.start('B1', armed='enter')",
            "session.mark('A1', State.OVERRIDDEN, 'because')",
            "session.stop('now')",
            "session.close_incident('abandoned')",
            "session.decide(Decision.FIX_FORWARD, 'because')",
            "session.draw(session.releases()[0])",
        ):
            answer = other.ask(wish)
            assert "ops1" in answer["refused"], (wish, answer)
        assert other.ask("session.note('seen from the side')") is None
    session.sync()
    assert [text for _, who, text in session.incident.notes if who == "ops2"] == ["seen from the side"]
    assert session.incident.plan == plan
    assert not session.incident.runs


def test_a_dead_holder_is_replaced_without_a_takeover(tiny: Tiny) -> None:
    """A lease whose process is gone is no lease: kill -9 locks nobody out, and is no deviation."""
    with cockpit(tiny, "ops1") as one:
        one.ask("decided(session)")
        one.kill()
    with cockpit(tiny, "ops2") as two:
        assert two.ask("session.take_lease()") is True
        assert two.ask("session.incident.holder.holder") == "ops2"
        assert two.ask("len(session.incident.deviations)") == 0


def test_takeover_fences_the_old_holder(tiny: Tiny, session: Session) -> None:
    """A taken-over driver notices before its next write and observes; the takeover is a deviation with its reason."""
    decided(session)
    with cockpit(tiny, "ops2") as other:
        assert other.ask("session.take_lease()") is False
        assert other.ask("session.take_lease(takeover_reason='ops1 does not answer')") is True
        head = session.journal.head(session.incident.id)
        assert session.driver, "it cannot know yet"
        assert "ops2" in refused(lambda: session.mark("A1", State.DONE))
        assert not session.driver
        assert session.journal.head(session.incident.id) == head
        assert "ops2 flies" in refused(lambda: session.mark("A1", State.DONE))
        session.sync()
        [deviation] = session.incident.deviations
        assert (deviation.by, deviation.reason) == ("ops2", "ops1 does not answer")
        assert "ops1" in deviation.what
        session.close()
        assert other.ask("session.mark('A1', State.DONE)") is None, "leaving must not release another's lease"


def test_a_takeover_without_an_incident_stops_a_declaration(tiny: Tiny, session: Session) -> None:
    """The fence holds for the first event as well."""
    with cockpit(tiny, "ops2") as other:
        assert other.ask("session.take_lease(takeover_reason='it is mine')") is True
        assert "ops2" in refused(lambda: session.declare("pages fail"))
    assert session.journal.newest() == []
    assert not list((tiny.store / "incidents").glob("*")), "nothing is left of a declaration that was refused"


def test_the_end_of_a_running_step_is_recorded_after_a_takeover(tiny: Tiny, session: Session) -> None:
    """A fence stops wishes, not the truth about what is already under way."""
    begin_deploy(session, tiny)
    with cockpit(tiny, "ops2") as other:
        assert other.ask("session.take_lease(takeover_reason='shift change')") is True
        tiny.let_go()
        assert other.ask("settle(session)") == ""
        assert other.ask("session.incident.runs[-1].outcome.value") == "done"
        assert other.ask("session.incident.runs[-1].by") == "ops1"
        assert other.ask("run(session, 'X3')") == "done"
    session.sync()
    assert session.incident.runs[-2].outcome is Outcome.DONE
    verify_lines(session.journal.lines(session.incident.id))
    assert tiny.ended() == 1


class Boot2(ManualClock):
    """The same machine after a reboot."""

    def boot(self) -> str:
        return "boot0002"


def holder(pid: int, started: int, boot: str = "boot0001", host: str = "jump-1") -> Callable[[object], LeaseRow]:
    row = LeaseRow("ops1", host, boot, pid, started, "", "2026-11-22T10:00:00.000000Z", 7, True)
    return lambda _now: row


@pytest.mark.parametrize(
    ("what", "pid", "started", "boot", "host", "taken"),
    [
        ("a living process", os.getppid(), None, "boot0001", "jump-1", False),
        ("a number that another process has now", os.getppid(), 1, "boot0001", "jump-1", True),
        ("a living number from before a reboot", os.getppid(), None, "boot0000", "jump-1", True),
        ("no such process", 2**22 + 1, 5, "boot0001", "jump-1", True),
        ("a process on another host", 2**22 + 1, 5, "boot0000", "jump-2", False),
    ],
)
def test_who_counts_as_dead(
    tmp_path: Path, what: str, pid: int, started: int | None, boot: str, host: str, taken: bool
) -> None:
    """Only a holder that is seen to be gone is replaced: by number, start time and boot, never by a guess."""
    clock = ManualClock()
    journal = SqliteJournal(tmp_path / "store", clock)
    journal.change_lease("shop", holder(pid, start_time(pid) if started is None else started, boot, host))
    who = Who("ops2", "jump-1", "")
    if not taken:
        with pytest.raises(lease.LeaseHeld, match="ops1 flies"):
            lease.take(journal, "shop", who, clock)
        assert journal.lease("shop") == holder(pid, start_time(pid) if started is None else started, boot, host)(None)
        mine, taken_from = lease.take(journal, "shop", who, clock, takeover=True)
        assert taken_from is not None, what
        assert taken_from.holder == "ops1"
    else:
        mine, taken_from = lease.take(journal, "shop", who, clock)
        assert taken_from is None, what
    assert (mine.fence, mine.holder, mine.held) == (8, "ops2", True)
    lease.release(journal, "shop", 7)
    row = journal.lease("shop")
    assert row == mine, "an old fence releases nothing"
    lease.release(journal, "shop", 8)
    assert journal.lease("shop") == dataclasses.replace(mine, held=False)
    journal.close()


def test_a_stopped_holder_still_flies(tiny: Tiny) -> None:
    """A holder that is suspended (Ctrl-Z) is not dead: nobody takes its lease without a reason."""
    with cockpit(tiny, "ops1") as one, cockpit(tiny, "ops2") as two:
        assert one.ask("decided(session)") is None
        stop(one.process.pid)
        assert two.ask("session.take_lease()") is False
        assert two.ask("session.take_lease(takeover_reason='suspended')") is True
        os.kill(one.process.pid, signal.SIGCONT)
        assert "ops2" in one.ask("session.mark('A1', State.DONE)")["refused"]
        assert one.ask("session.driver") is False


def test_the_lease_is_on_record(tiny: Tiny, session: Session) -> None:
    """Who flew, and since when, can be read from the journal alone."""
    decided(session)
    session.close()
    kinds = [type(event.body) for event in session.journal.events(session.incident.id)]
    assert kinds.count(ev.LeaseTaken) == 1
    assert kinds[-1] is ev.LeaseReleased
    assert settle(session) == ""
    assert session.incident.holder is None
