"""The world that moves between the plan and the step, and the configuration that is edited during the incident."""

from __future__ import annotations

from pathlib import Path

import pytest
from obedient_cockpit import cockpit
from tiny_system import Tiny, begin_deploy, decided, drawn, finish, moved_on, refused, run, settle

from actions.engine.report import SpoolReporter
from actions.model import events as ev
from actions.model.chain import verify_lines
from actions.model.clock import ManualClock
from actions.model.matrix import Decision, Inputs
from actions.model.step import Outcome
from app.places import pinned_config
from app.session import Session


def test_a_remote_that_moved_stops_the_step_and_the_plan_is_drawn_again(tiny: Tiny, session: Session) -> None:
    """If the world moved, nothing runs; it is shown again, and the new plan goes on to the end."""
    first = drawn(session, tiny)
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    moved_on(tiny.ground)
    refs = tiny.ground.refs()
    assert run(session, "X1") == "moved"
    last = session.incident.runs[-1]
    assert last.summary.startswith("nothing was done: ")
    assert "moved" in last.summary
    assert tiny.ground.refs() == refs, "nothing was pushed"
    assert not [one for one in session.incident.commands if one.run == last.number], "no effect was begun"
    assert (tiny.begun(), tiny.running) == (0, tiny.former)
    again = session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    assert again.digest != first.digest
    finish(session)
    assert (tiny.ended(), tiny.running) == (1, tiny.target)
    assert session.incident.plans_drawn == 2


def test_what_runs_moved_meanwhile(tiny: Tiny, session: Session) -> None:
    """Somebody deployed by hand between plan and step: the deployment is not started."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        assert run(session, code) == "done"
    (tiny.folder / "running").write_text(tiny.ground.shas[0] + "\n")
    assert run(session, "X2") == "moved"
    assert tiny.ground.shas[0] in session.incident.runs[-1].summary
    assert tiny.begun() == 0


def test_a_plan_that_was_replaced_cannot_be_started(tiny: Tiny, session: Session) -> None:
    """What runs is what was shown: a plan drawn in between wins over the key that was pressed for the old one."""
    drawn(session, tiny)
    run(session, "B1")
    session.draw(next(one for one in session.releases() if one.commit == tiny.ground.shas[0]))
    assert session.incident.last_run("B1") is None, "what was done for the old plan ticks nothing in the new one"
    assert "B1" in refused(lambda: session.start("X1", armed="enter"))


def test_the_pinned_configuration_is_used_when_the_file_is_edited(tiny: Tiny, session: Session) -> None:
    """From declaration to end an incident runs with the configuration that it was declared with."""
    decided(session)
    evil = tiny.folder / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tiny.folder}/was-evil\n")
    evil.chmod(0o755)
    text = tiny.config.read_text()
    tiny.config.write_text(text.replace(f"{tiny.folder}/deploy", str(evil)))
    session.close()
    with cockpit(tiny, "ops2") as other:
        assert other.ask("session.take_lease()") is True
        assert str(evil) not in other.ask("session.loaded.text")
        for wish in ("B1", "B2", "X1", "X2", "X3"):
            if wish == "B1":
                other.ask("session.draw([one for one in session.releases() if one.commit == tiny.target][0]).digest")
            assert other.ask(f"run(session, '{wish}')") == "done"
        assert other.ask("session.park_incident('recovered')") is None
        other.ask("session.close()")
    assert not (tiny.folder / "was-evil").exists()
    assert (tiny.begun(), tiny.running) == (1, tiny.target)
    session.sync()
    declared = session.incident.declared
    assert declared is not None
    assert declared.config_sha256 == session.loaded.sha256
    assert pinned_config(session.folder()).read_text() == text


def test_the_next_incident_runs_with_the_file_as_it_is_then(tiny: Tiny, session: Session) -> None:
    """A pinned copy ends with its incident: the next one is declared with what the file says now."""
    decided(session)
    session.close()
    tiny.config.write_text(tiny.config.read_text().replace("passes = 1", "passes = 2"))
    later = tiny.session()
    assert later.take_lease()
    assert later.settings.prove.passes == 1
    later.close_incident("abandoned")
    later.forget()
    assert later.settings.prove.passes == 2
    later.declare("again")
    assert later.incident.declared is not None
    assert later.incident.declared.config_path == str(tiny.config)
    assert "passes = 2" in pinned_config(later.folder()).read_text()
    later.close()
    later.journal.close()


def test_a_refused_declaration_leaves_no_folder(tiny: Tiny, session: Session) -> None:
    """Only one incident is open for a system; a second declaration leaves nothing behind."""
    decided(session)
    other = tiny.session("ops1")
    other.incident = type(other.incident)("")
    other.driver, other.fence = True, session.fence
    assert session.incident.id in refused(lambda: other.declare("once more"))
    assert [path.name for path in (tiny.store / "incidents").iterdir()] == [session.incident.id]
    other.journal.close()


def test_a_changed_version_that_would_do_otherwise_refuses(tiny: Tiny, session: Session) -> None:
    """What runs is what was shown, byte for byte: parameters that give other effects are not run."""
    plan = drawn(session, tiny)
    data = plan.to_json()
    for step in data["steps"]:
        if step["code"] == "B1":
            step["params"]["title_text"] = "another title"
            step["params"]["collects"][0]["path"] = "/etc/passwd"
    from actions.model.plan import Plan

    forged = Plan.from_json(data)
    session.record(ev.PlanDrawn(forged.digest, data))
    assert run(session, "B1") == "failed"
    assert "would not do what was shown" in session.incident.runs[-1].summary
    assert not session.incident.evidence


def test_a_full_disk_costs_output_and_not_the_step(tmp_path: Path) -> None:
    """Output that cannot be kept is noted; it ends nothing that runs."""
    report = SpoolReporter(None, "INC", "ops1", 1, Path("/dev/full"), ManualClock())  # type: ignore[arg-type]  # no event is written
    report.line("a line that has no room")
    report.line("another")
    assert "No space left" in report.lost
    assert len(report.close()) == 64


def test_output_that_cannot_be_kept_is_told_in_the_record(tiny: Tiny, session: Session) -> None:
    """The end of the running step is recorded, and that its output is not whole stands with it."""
    begin_deploy(session, tiny)
    tiny.let_go()
    settle(session)
    (session.folder() / "run-005-X3.log").symlink_to("/dev/full")
    assert run(session, "X3") == "done"
    assert "No space left" in session.incident.runs[-1].facts["output"]


def test_an_output_file_that_cannot_be_made_stops_the_step(tiny: Tiny, session: Session) -> None:
    """No output, no step: it fails before anything is done, and says so."""
    drawn(session, tiny)
    (session.folder() / "run-001-B1.log").mkdir()
    assert run(session, "B1") == "failed"
    assert "nothing was done" in session.incident.runs[-1].summary


def test_rules_are_judged_on_the_state_that_is_recorded(
    tiny: Tiny, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps never run at once, although a background reader folds on between the rule and the append."""
    drawn(session, tiny)
    other = tiny.session("ops1")
    assert other.incident.plan is not None
    real = Session.record
    seen: list[ev.StepStarted] = []

    def record(self: Session, body: ev.Body, rule: object = None, *, drive: bool = True) -> ev.Event:
        if self is session and isinstance(body, ev.StepStarted) and not seen:
            seen.append(body)
            inner = rule

            def slow_rule(incident: object) -> str | None:
                reason = inner(incident)  # type: ignore[operator]  # a rule
                if len(seen) == 1:
                    seen.append(body)
                    # Another cockpit of the same person starts the step, and our own screen's tick reads it.
                    real(other, body, drive=False)
                    session.sync()
                return reason

            return real(self, body, slow_rule, drive=drive)
        return real(self, body, rule, drive=drive)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Session, "record", record)
    assert "running" in refused(lambda: session.start("B1", armed="enter"))
    assert len(seen) == 2
    session.sync()
    assert len(session.incident.runs) == 1
    other.journal.close()
    verify_lines(session.journal.lines(session.incident.id))


def test_decisions_and_doubts(tiny: Tiny, session: Session) -> None:
    """Deciding otherwise than the matrix says needs a reason; without a decision nothing that changes may run."""
    session.declare("pages fail")
    session.set_inputs(Inputs("High", 60, 80, "Low"))
    assert "needs a reason" in refused(lambda: session.decide(Decision.FIX_FORWARD))
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    for code in ("B1", "B2"):
        assert run(session, code) == "done", "what only reads needs no decision"
    assert "decision to roll back" in refused(lambda: session.start("X1", armed="enter"))
    session.decide(Decision.ROLL_BACK)
    assert run(session, "X1") == "done"
    assert session.incident.runs[-1].outcome is Outcome.DONE
