"""Cockpits and workers that die, steps that are stopped or silent, and the everything-stops key: real processes."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal
from pathlib import Path

import pytest
from obedient_cockpit import cockpit
from process_looks import stop
from tiny_system import QuickClock, Tiny, begin_deploy, children_of_session, drawn, finish, refused, run, settle
from waiting import until

from actions.engine.processes import alive, start_time
from actions.model import events as ev
from actions.model.chain import verify_lines
from actions.model.checklist import State
from actions.model.incident import Run, step_state
from actions.model.step import Happened, Outcome
from app.session import Session


def recorded(session: Session, kind: type) -> list[object]:
    return [event.body for event in session.journal.events(session.incident.id) if isinstance(event.body, kind)]


def last(session: Session) -> Run:
    session.sync()
    return session.incident.runs[-1]


def test_the_cockpit_dies_in_the_middle_of_a_deployment(tiny: Tiny) -> None:
    """kill -9 of the cockpit does not touch the step: it ends by itself, and the next session has the whole record."""
    with cockpit(tiny) as dying:
        assert dying.ask("begin_deploy(session, tiny)") is None
        dying.kill()
    assert alive(tiny.deploy_pid(), start_time(tiny.deploy_pid()))
    session = tiny.session()
    assert session.take_lease()
    assert session.incident.running is not None
    assert session.incident.running.code == "X2"
    assert session.look_after() == "", "attached: nothing is lost, so nothing is asked"
    assert "X2" in refused(lambda: session.start("X3", armed="enter"))
    tiny.let_go()
    assert settle(session) == ""
    assert last(session).outcome is Outcome.DONE
    assert not recorded(session, ev.StepResolved)
    spool = (session.folder() / last(session).spool).read_text()
    assert "deploying rollback-emergency" in spool
    finish(session)
    verify_lines(session.journal.lines(session.incident.id))
    assert (tiny.begun(), tiny.ended(), tiny.running) == (1, 1, tiny.target)
    session.close()


def test_the_worker_ends_after_the_step_of_a_dead_cockpit(tiny: Tiny) -> None:
    """No orphan waits for orders of a cockpit that is gone."""
    with cockpit(tiny) as dying:
        dying.ask("begin_deploy(session, tiny)")
        pid, started = dying.ask("[session.incident.running.pid, session.incident.running.pid_start]")
        dying.kill()
    assert alive(pid, started)
    tiny.let_go()
    until(lambda: not alive(pid, started), "the end of the worker")
    assert children_of_session(pid) == []


def test_a_worker_that_dies_leaves_an_orphan_that_is_seen_and_ended(tiny: Tiny, session: Session) -> None:
    """An orphan writer is never forgotten: the world is asked only when nothing is at work any more."""
    begin_deploy(session, tiny)
    run_ = last(session)
    os.kill(run_.pid, signal.SIGKILL)
    until(lambda: not alive(run_.pid, run_.pid_start))
    orphan = tiny.deploy_pid()
    started = start_time(orphan)
    assert started
    for _ in range(3):
        assert "the worker of X2 is gone" in session.look_after()
        assert "X ends them" in session.look_after()
    assert not recorded(session, ev.StepResolved), "not asked while something may still change the answer"
    assert "X2" in refused(lambda: session.start("X2", armed="enter"))
    session.stop("now")
    assert not alive(orphan, started)
    settle(session)
    assert last(session).resolved is Happened.NO
    assert tiny.running == tiny.former
    assert refused(lambda: session.start("X2", armed="enter")) == "everything is stopped; r lifts it"
    session.lift_stop()
    tiny.let_go()
    assert run(session, "X2") == "done"
    assert (tiny.begun(), tiny.ended(), tiny.running) == (2, 1, tiny.target)


def test_an_orphan_that_ends_by_itself_is_resolved_by_the_world(tiny: Tiny, session: Session) -> None:
    """The deployment that nobody awaited has happened: it is sensed as done and not repeated."""
    begin_deploy(session, tiny)
    run_ = last(session)
    os.kill(run_.pid, signal.SIGKILL)
    until(lambda: "X ends them" in session.look_after())
    tiny.let_go()
    settle(session)
    assert last(session).resolved is Happened.YES
    assert (tiny.begun(), tiny.ended(), tiny.running) == (1, 1, tiny.target)
    finish(session)
    assert tiny.begun() == 1


def test_terminate_now_ends_the_children_and_says_what_is_left(tiny: Tiny, session: Session) -> None:
    """Terminate now: the command is ended, the outcome says so and what it leaves behind; stop holds until lifted."""
    begin_deploy(session, tiny)
    child, started = tiny.deploy_pid(), start_time(tiny.deploy_pid())
    session.stop("now")
    settle(session)
    assert not alive(child, started)
    ended = last(session)
    assert ended.outcome is Outcome.TERMINATED
    assert "may be half done" in ended.summary
    assert f"{tiny.former} still runs" in ended.summary
    assert children_of_session(ended.pid) == []
    assert "everything is stopped" in refused(lambda: session.start("X2", armed="enter"))
    session.lift_stop()
    tiny.let_go()
    assert run(session, "X2") == "done"
    finish(session)
    assert any("stopped (now)" in one.what for one in session.incident.deviations)


def test_stop_after_this_step_lets_it_end_and_blocks_the_next(tiny: Tiny, session: Session) -> None:
    """Stop after this step: what runs is not touched, nothing new begins until it is lifted."""
    begin_deploy(session, tiny)
    session.stop("after")
    assert alive(tiny.deploy_pid(), start_time(tiny.deploy_pid()))
    tiny.let_go()
    settle(session)
    assert last(session).outcome is Outcome.DONE
    assert refused(lambda: session.start("X3", armed="enter")) == "everything is stopped; r lifts it"
    session.lift_stop()
    assert run(session, "X3") == "done"
    assert "nothing is stopped" in refused(session.lift_stop)


def test_a_stopped_step_is_flagged_as_silent_and_not_killed(tiny: Tiny, session: Session) -> None:
    """Silent for longer than expected: flagged in the record and on screen, never ended by the cockpit."""
    begin_deploy(session, tiny)
    incident = session.incident
    assert incident.plan is not None
    quick = tuple(dataclasses.replace(step, silent_s=1) for step in incident.plan.steps)
    session.incident = dataclasses.replace(incident, plan=dataclasses.replace(incident.plan, steps=quick))
    child, started = tiny.deploy_pid(), start_time(tiny.deploy_pid())
    stop(child)
    until(lambda: "silent for" in session.look_after(), "the flag")
    until(lambda: session.sync() or recorded(session, ev.StepSilent), "the event")
    assert session.incident.running is not None
    assert session.incident.running.silent_s >= 1
    for _ in range(30):
        session.look_after()
    quiet = [event.seconds for event in recorded(session, ev.StepSilent) if isinstance(event, ev.StepSilent)]
    grown = [later - sooner for sooner, later in itertools.pairwise(quiet)]
    assert all(seconds >= 1 for seconds in grown), "one each time it has grown by the limit, not one for every look"
    assert alive(child, started)
    assert alive(session.incident.running.pid, session.incident.running.pid_start)
    os.kill(child, signal.SIGCONT)
    tiny.let_go()
    settle(session)
    assert last(session).outcome is Outcome.DONE


def test_terminate_now_reaches_a_stopped_step_and_a_stopped_worker(tiny: Tiny, session: Session) -> None:
    """A suspended process does not hear TERM until it goes on; the operator does not have to know that."""
    begin_deploy(session, tiny)
    ended = last(session)
    child, started = tiny.deploy_pid(), start_time(tiny.deploy_pid())
    stop(child)
    stop(ended.pid)
    session.stop("now")
    settle(session)
    assert not alive(child, started)
    assert last(session).outcome is Outcome.TERMINATED


def test_terminate_now_spares_what_an_earlier_step_left_running(tiny: Tiny, session: Session) -> None:
    """What a finished deployment started in the background may be the application: no later stop may end it."""
    (tiny.folder / "daemon").touch()
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2"):
        assert run(session, code) == "done"
    application = int((tiny.folder / "daemon.pid").read_text())
    started = start_time(application)
    assert started
    try:
        (tiny.folder / "daemon").unlink()
        tiny.hold()
        session.start("X2", armed="enter", undo=True)
        until(lambda: tiny.begun() == 2, "the undo")
        assert last(session).pid == session.incident.runs[0].pid, "the same worker, or this proves nothing"
        session.stop("now")
        settle(session)
        assert last(session).outcome is Outcome.TERMINATED
        assert alive(application, started)
    finally:
        os.kill(application, signal.SIGKILL)


def test_what_a_dead_run_left_in_the_background_does_not_hold_it_open(tiny: Tiny, session: Session) -> None:
    """A daemon of a deploy command that has ended is no orphan at work: the world is asked, and says yes."""
    (tiny.folder / "daemon").touch()
    begin_deploy(session, tiny)
    os.kill(last(session).pid, signal.SIGKILL)
    until(lambda: "X ends them" in session.look_after())
    told = tiny.folder / "daemon.pid"
    until(lambda: told.exists() and told.read_text().endswith("\n"), "the application")
    application = int(told.read_text())
    started = start_time(application)
    tiny.let_go()
    try:
        settle(session)
        assert last(session).resolved is Happened.YES
        assert alive(application, started)
    finally:
        os.kill(application, signal.SIGKILL)


def test_a_number_that_another_process_has_now_is_never_signalled(tiny: Tiny, session: Session) -> None:
    """Numbers are reused: a run whose worker's number is a stranger's is resolved, and stop touches no stranger."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        run(session, code)
    with cockpit(tiny, "ops2") as stranger:
        pid = stranger.process.pid
        # As if it had been started long ago by a worker that had this very number.
        body = start_body(session, "X2", pid, 1)
        session.record(body)
        session.stop("now")
        settle(session)
        assert last(session).resolved is Happened.NO
        assert stranger.ask("1 + 1") == 2


def test_a_run_from_before_a_reboot_is_resolved_and_nobody_is_signalled(tiny: Tiny, session: Session) -> None:
    """After a reboot a number and even a start time mean nothing; the world is asked."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        run(session, code)
    with cockpit(tiny, "ops2") as stranger:
        pid = stranger.process.pid
        before = session.journal.clock
        session.journal.clock = EarlierBoot()
        session.record(start_body(session, "X2", pid, start_time(pid)))
        session.journal.clock = before
        assert session.incident.running is not None
        session.stop("now")
        assert stranger.ask("1 + 1") == 2
        settle(session)
        assert last(session).resolved is Happened.NO
        assert stranger.ask("1 + 1") == 2


class EarlierBoot(QuickClock):
    def boot(self) -> str:
        return "earlier0"


def start_body(session: Session, code: str, pid: int, started: int) -> ev.StepStarted:
    incident = session.incident
    number = len(incident.runs) + 1
    return ev.StepStarted(
        number, code, "git.deploy", code, incident.plan_digest, False, "enter", pid, started, f"run-{number}.log"
    )


def test_a_worker_that_dies_of_asking_is_asked_again(tiny: Tiny, session: Session, tmp_path: Path) -> None:
    """An answer that never comes is not waited for for ever: the next worker is asked, and the log is named."""
    drawn(session, tiny)
    session.record(start_body(session, "B1", 2**22 + 1, 5))
    plain = session.worker_argv
    poison = tmp_path / "poison"
    poison.touch()
    script = f'if [ -e {poison} ]; then export GOAROUND_KILL_AT=journal.before_commit; fi; exec "$@"'
    session.worker_argv = lambda incident: ("/bin/sh", "-c", script, "sh", *plain(incident))
    said: set[str] = set()

    def told() -> bool:
        said.add(session.look_after())
        return any("has failed" in word and "worker.log" in word for word in said)

    until(told, "the failure")
    assert session.incident.running is not None
    poison.unlink()
    settle(session)
    assert last(session).resolved is Happened.NO


def test_a_worker_that_cannot_start_is_said_and_does_not_end_the_cockpit(tiny: Tiny, session: Session) -> None:
    """The cockpit survives what its worker cannot."""
    drawn(session, tiny)
    session.worker_argv = lambda _incident: ("/nonexistent/python",)
    assert "the worker process cannot be started" in refused(lambda: session.start("B1", armed="enter"))
    assert not session.incident.runs, "no intent without somebody to carry it out"
    session.record(start_body(session, "B1", 2**22 + 1, 5))
    assert "cannot be started" in session.look_after()


def test_a_worker_that_dies_between_intent_and_order(tiny: Tiny, session: Session) -> None:
    """Intent on record, order never heard: the run is resolved as not happened, and may be run again."""
    drawn(session, tiny)
    worker = session.runner().warm()
    stop(worker.pid)
    session.start("B1", armed="enter")
    assert last(session).open
    os.kill(worker.pid, signal.SIGKILL)
    settle(session)
    assert last(session).resolved is Happened.NO
    assert run(session, "B1") == "done"


def test_a_cockpit_that_fails_between_intent_and_order(
    tiny: Tiny, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was told nothing does not look as if it were at work for ever."""
    drawn(session, tiny)
    real = Session.sync
    broken: list[bool] = []

    def sync(self: Session) -> bool:
        if self.incident.plan and not broken and self.journal.events(self.incident.id)[-1].kind == "step.started":
            broken.append(True)
            raise KeyboardInterrupt
        return real(self)

    monkeypatch.setattr(Session, "sync", sync)
    with pytest.raises(KeyboardInterrupt):
        session.start("B1", armed="enter")
    assert broken
    settle(session)
    assert last(session).resolved is Happened.NO
    assert run(session, "B1") == "done"


def test_no_second_worker_runs_a_run_again(tiny: Tiny, session: Session) -> None:
    """An order that comes twice is refused by the worker itself: what has an end on record is not run again."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2"):
        assert run(session, code) == "done"
    worker = session.runner().warm()
    worker.order(do="run", run=last(session).number)
    until(lambda: not alive(worker.pid, worker.started), "its refusal")
    assert tiny.begun() == 1
    assert "not run again" in (session.folder() / "worker.log").read_text()
    assert run(session, "X3") == "done"


def test_a_closed_terminal_does_not_touch_the_step(tiny: Tiny) -> None:
    """HUP and INT of the operator's terminal reach neither the worker nor what it runs."""
    with cockpit(tiny) as dying:
        dying.ask("begin_deploy(session, tiny)")
        pid = dying.ask("session.incident.running.pid")
        for number in (signal.SIGHUP, signal.SIGINT):
            os.kill(pid, number)
        dying.kill()
    session = tiny.session()
    tiny.let_go()
    assert session.take_lease()
    settle(session)
    assert last(session).outcome is Outcome.DONE
    session.close()


def test_undo_ends_like_any_other_run(tiny: Tiny, session: Session) -> None:
    """Undo where a step has one: the former release runs again, and the proof no longer counts."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2", "X3"):
        assert run(session, code) == "done"
    assert session.incident.proven
    assert run(session, "X2", undo=True) == "done"
    assert tiny.running == tiny.former
    assert not session.incident.proven
    assert "not proven" in refused(lambda: session.close_incident("recovered"))
    assert session.incident.plan is not None
    planned = session.incident.plan.step("X2")
    assert planned is not None
    assert step_state(session.incident, planned) is State.OPEN
