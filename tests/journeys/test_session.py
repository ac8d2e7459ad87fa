"""A session through an operator's evening: from the alarm to the signed record, left and resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_system import Tiny, build, decided, drawn, finish, pay_what_is_bent, refused, run

from actions.model import events as ev
from actions.model.chain import verify_lines
from actions.model.checklist import State
from actions.model.clock import ManualClock
from actions.model.incident import items, state_of
from actions.model.matrix import Decision, Inputs
from actions.model.release import WayBack
from app.demo import DemoOptions, _report
from app.places import pinned_config
from app.session import Session
from app.signing import sign_off


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    assert one.take_lease()
    yield one
    one.close()
    one.journal.close()


def again(tiny: Tiny, session: Session, who: str = "ops1") -> Session:
    """The cockpit is closed, and opened by somebody."""
    session.close()
    session.journal.close()
    return tiny.session(who)


def test_an_evening(tiny: Tiny, session: Session) -> None:
    """From "something broke" to "the old version is back, proven, and signed for"."""
    plan = drawn(session, tiny)
    assert (plan.option, plan.target.commit, plan.running) == ("git", tiny.target, tiny.former)
    for code in ("B1", "B2", "X1", "X2", "X3"):
        assert run(session, code) == "done"
    assert session.incident.proven
    for item in items(session.incident):
        if item.kind.value == "manual":
            session.mark(item.code, State.DONE)
    pay_what_is_bent(session)
    session.close_incident("recovered", "all is well")
    assert sign_off(session, "executed", "ops1").unsigned
    assert "somebody else" in refused(lambda: sign_off(session, "verified", "OPS1 "))
    sign_off(session, "verified", "ops2")
    assert session.incident.finished
    chain = verify_lines(session.journal.lines(session.incident.id))
    assert chain.folded == session.incident
    assert tiny.running == tiny.target
    assert session.journal.newest()[0].state == "signed off"


def test_nothing_changes_a_closed_incident(tiny: Tiny, session: Session) -> None:
    """After the outcome only sign-offs follow."""
    drawn(session, tiny)
    finish(session)
    head = session.incident.head_seq
    for wish in (
        lambda: session.mark("A1", State.DONE),
        lambda: session.start("X2", armed="enter"),
        lambda: session.stop("now"),
        lambda: session.close_incident("abandoned"),
        lambda: session.decide(Decision.ROLL_BACK),
        lambda: session.set_inputs(Inputs("Low", 1, 1, "None")),
        lambda: session.draw(session.releases()[0]),
    ):
        assert "closed" in refused(wish)
    assert session.incident.head_seq == head


def test_leaving_and_coming_back(tiny: Tiny, session: Session) -> None:
    """Everything that was known is known again, by whoever comes; the clock has gone on."""
    plan = drawn(session, tiny)
    run(session, "B1")
    session.mark("A1", State.DONE)
    before = session.incident
    later = again(tiny, session, "ops2")
    assert not later.driver
    assert later.incident.plan == plan
    assert later.incident.runs == before.runs
    assert later.incident.marks == before.marks
    assert later.incident.holder is None, "who left has given the lease back"
    assert later.elapsed_ms() > 0
    assert later.take_lease()
    assert run(later, "B2") == "done"
    later.close()
    later.journal.close()


def test_an_incident_that_awaits_its_second_signature_is_found_again(tiny: Tiny, session: Session) -> None:
    """A closed record that nobody has verified is opened, not a new incident."""
    drawn(session, tiny)
    finish(session)
    sign_off(session, "executed", "ops1")
    found = session.incident.id
    later = again(tiny, session, "ops2")
    assert later.incident.id == found
    sign_off(later, "verified", "ops2")
    later.journal.close()
    assert tiny.session().incident.id == ""


def test_the_escalation_follows_the_incidents_clock(tiny: Tiny, session: Session) -> None:
    """Who may decide depends on the time since the declaration, also after a restart; a jump of the wall is none."""
    clock = ManualClock()
    tiny.add_to_config('[[escalation]]\nwithin = "15m"\napprove = ["devops-lead"]\n')
    tiny.add_to_config('[[escalation]]\nwithin = "always"\napprove = ["director"]\n')
    one = tiny.session(clock=clock)
    assert one.take_lease(takeover_reason="with another clock") is True
    one.declare("pages fail")
    assert one.authority()[0].roles == ("devops-lead",)
    clock.advance(14 * 60)
    clock.jump(7200)
    assert one.authority() == (one.authority_rules()[0], 60)
    clock.advance(61)
    assert one.authority()[0].roles == ("director",)
    later = tiny.session(clock=clock)
    assert later.authority()[0].roles == ("director",)
    later.journal.close()
    one.close()
    one.journal.close()


def test_marks_need_their_reasons_and_steps_are_not_ticked_by_hand(tiny: Tiny, session: Session) -> None:
    """An override is as visible as a yes, and what is proven is never claimed by hand."""
    drawn(session, tiny)
    assert "needs a reason" in refused(lambda: session.mark("B1", State.OVERRIDDEN))
    assert "needs a reason" in refused(lambda: session.mark("A1", State.NOT_APPLICABLE, "  "))
    assert "not by hand" in refused(lambda: session.mark("X3", State.DONE))
    assert "not by hand" in refused(lambda: session.mark("D1", State.DONE))
    assert "no item 'Z9'" in refused(lambda: session.mark("Z9", State.DONE))
    session.mark("B1", State.OVERRIDDEN, "the disk is full")
    session.mark("B2", State.OVERRIDDEN, "the disk is full")
    assert run(session, "X1") == "done"
    assert [one.reason for one in session.incident.deviations] == ["the disk is full"] * 2
    session.mark("A1", State.DONE)
    session.mark("A1", State.OPEN)
    item = next(one for one in items(session.incident) if one.code == "A1")
    assert state_of(session.incident, item) is State.OPEN


def test_what_people_type_is_made_harmless(tiny: Tiny, session: Session) -> None:
    """Control characters of a paste end at the edge; long texts are cut."""
    session.declare("fails\x1b]0;x\x07\x1b[2J since \u202eten")
    assert session.incident.declared is not None
    title = session.incident.declared.title
    assert title.startswith("fails")
    assert title.isprintable()
    session.note("a\x1b[31m note\r\nwith lines" + "x" * 5000)
    [(_, _, text)] = session.incident.notes
    assert "\x1b" not in text
    assert "\r" not in text
    assert len(text) <= 2000
    session.note("  ")
    assert len(session.incident.notes) == 1


def test_programs_read_the_notes_of_the_demo_by_their_codes(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    """R05: `goaround demo --json` tells a plan's notes with code, level and text."""
    one = tiny.session()
    assert one.take_lease()
    plan = drawn(one, tiny)
    one.close()
    _report(DemoOptions(json=True), one, 1.5)
    told = json.loads(capsys.readouterr().out)["notes"]
    assert [(note["code"], note["level"]) for note in told] == [("files-differ", "info"), ("branch-stays", "info")]
    assert [note["text"] for note in told] == [str(note) for note in plan.notes]


def test_a_refused_wish_is_recorded(tiny: Tiny, session: Session) -> None:
    """A "no" is as visible as a "yes"."""
    decided(session)
    reason = refused(lambda: session.start("X1", armed="enter"))
    session.refuse("X1", reason)
    last = session.journal.events(session.incident.id)[-1]
    assert last.body == ev.StepRefused("X1", "no plan is drawn: choose a release first")


def test_an_irreversible_step_wants_more_than_a_key(tiny: Tiny, session: Session) -> None:
    """Risk decides the arming, in the engine as well as on the screen."""
    plan = drawn(session, tiny)
    data = plan.to_json()
    for step in data["steps"]:
        step["risk"] = "irreversible"
    from actions.model.plan import Plan

    harder = Plan.from_json(data)
    session.record(ev.PlanDrawn(harder.digest, data))
    assert "typed" in refused(lambda: session.start("B1", armed="enter"))
    assert not session.incident.runs
    session.start("B1", armed="typed")
    assert session.incident.runs


def test_releases_say_what_runs_and_what_can_be_gone_back_to(tiny: Tiny, session: Session) -> None:
    """The one that runs is marked, the others are ready; none is offered twice."""
    found = session.releases()
    assert [one.way_back for one in found if one.commit == tiny.former] == [WayBack.RUNNING]
    assert [one.name for one in found] == ["v3", "v2", "v1"]
    decided(session)
    assert "runs already" in refused(lambda: session.draw(found[0]))


def test_no_way_back_is_configured(tmp_path: Path, tiny: Tiny) -> None:
    """Said in words, with what to add."""
    text = tiny.config.read_text()
    tiny.config.write_text(text[: text.index("[git]")] + text[text.index("[prove]") :])
    session = tiny.session()
    assert "no way back is configured" in refused(session.option)
    assert "add a [git]" in refused(session.option)
    session.journal.close()


def test_a_secret_in_the_plan_is_refused(tiny: Tiny, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured value that is a secret does not get into a plan in clear text."""
    monkeypatch.setenv("DEPLOY_TOKEN", "clear-text-4711")
    tiny.config.write_text(tiny.config.read_text().replace('"{ref}"]', '"{ref}", "--token=clear-text-4711"]'))
    one = tiny.session()
    assert one.take_lease(takeover_reason="another configuration")
    decided(one)
    release = next(each for each in one.releases() if each.commit == tiny.target)
    assert "would hold a secret" in refused(lambda: one.draw(release))
    assert one.incident.plan is None
    assert b"clear-text-4711" not in b"".join(one.journal.lines(one.incident.id))
    one.close()
    one.journal.close()


def test_the_pinned_configuration_is_private(tiny: Tiny, session: Session) -> None:
    """Folders 0700 and files 0600: other people of the jump host read nothing."""
    drawn(session, tiny)
    run(session, "B1")
    assert pinned_config(session.folder()).stat().st_mode & 0o777 == 0o600
    for path in [tiny.store, *tiny.store.rglob("*")]:
        # SQLite makes its helper files with the rights of the database.
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_poll_reads_only_when_somebody_wrote(tiny: Tiny, session: Session) -> None:
    """Cheap enough for every tick, and it misses nothing."""
    decided(session)
    session.poll()
    assert session.poll() is False
    other = tiny.session("ops2")
    other.note("from the side")
    assert session.poll() is True
    assert session.incident.notes[-1][2] == "from the side"
    other.journal.close()


def test_the_worker_of_an_unfinished_evening_is_not_left_behind(tiny: Tiny, session: Session) -> None:
    """Leaving lets the idle worker end."""
    from waiting import until

    from actions.engine.processes import alive

    drawn(session, tiny)
    worker = session.runner().warm()
    assert alive(worker.pid, worker.started)
    session.close()
    until(lambda: not alive(worker.pid, worker.started))
    assert session.incident.holder is None


@pytest.mark.parametrize(("mode", "readable"), [(0o2770, 0o040), (0o700, 0)])
def test_whoever_shares_the_store_can_look_on(tiny: Tiny, mode: int, readable: int) -> None:
    """Operators of a jump host that share a store see the incident and its output; elsewhere only its owner does."""
    tiny.store.mkdir(mode=0o700)
    tiny.store.chmod(mode)
    session = tiny.session()
    drawn(session, tiny)
    assert run(session, "B1") == "done"
    seen = [path for path in session.folder().iterdir() if path.suffix in (".toml", ".md", ".log")]
    assert {path.name for path in seen} >= {"procedure.md", "run-001-B1.log"}
    assert {path.stat().st_mode & 0o077 for path in seen if path.name != "worker.log"} == {readable}
    session.close()
    session.journal.close()
