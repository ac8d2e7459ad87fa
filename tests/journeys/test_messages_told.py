"""Telling people over a real system: through real channels, with the truth on record whatever a channel does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hook_server import Hook, hook
from mail_server import MailServer
from obedient_cockpit import cockpit as obedient
from telling import looked_after, named, started, through, without_messages
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, drawn, finish, run
from waiting import PATIENCE_S

from actions.gateways.bundle import export
from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import SystemClock
from actions.model.errors import Refused, WorldMoved
from actions.model.matrix import Decision, Inputs
from actions.model.message import BUILT_IN, DRILL_FIRST
from actions.model.message_rules import Ended, attempts, told
from actions.model.record_text import markdown
from actions.model.record_timeline import departs, timeline
from app import messaging
from app.plain import Plain
from app.session import Session

TOKEN = "Canary/9c1d+w=4"


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    system = build(tmp_path / "tiny")
    yield system
    system.let_go()


@pytest.fixture
def chat() -> Iterator[Hook]:
    with hook() as one:
        yield one


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer(refuse=frozenset({"support@example.org"})).start()
    yield server
    server.close()


@pytest.fixture
def channels(tiny: Tiny, chat: Hook, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A chat, a mail server that refuses support, and a pager that fails with the token in its words."""
    monkeypatch.setenv("TINY_HOOK", f"{chat.url}/hooks/{TOKEN}")
    monkeypatch.setenv("TINY_TOKEN", TOKEN)
    pager = tiny.folder / "pager"
    pager.write_text('#!/bin/sh\ncat > "$0.text"\necho "rejected $TINY_TOKEN" >&2\nexit 7\n')
    pager.chmod(0o755)
    without_messages(tiny)
    tiny.add_to_config(
        f"""
[messages]
link = "https://status.example.org/tiny"
[contacts]
management = "boss@example.org"
developers = "dev@example.org"
support = "support@example.org"
stakeholders = ["boss@example.org", "dev@example.org"]
users = "users@example.org"
team = "dev@example.org"
[[channel]]
name = "chat"
webhook = "${{env:TINY_HOOK}}"
headers = {{ Authorization = "Bearer ${{env:TINY_TOKEN}}" }}
deadline = 60
[[channel]]
name = "mail"
smtp = "smtp://127.0.0.1:{mail.port}"
starttls = "never"
sender = "ops@example.org"
deadline = 60
[[channel]]
name = "pager"
command = ["{pager}", "{{to}}"]
"""
    )
    return tiny


@pytest.fixture
def session(channels: Tiny) -> Iterator[Session]:
    one = channels.session()
    assert one.take_lease()
    one.declare(f"pages fail with {TOKEN}")
    yield one
    one.close()
    one.journal.close()


def test_who_was_told_what_through_what_stands_in_the_record(session: Session, chat: Hook, mail: MailServer) -> None:
    """Intent, then end; the text arrives as shown, marked as a drill; report and time line say who was told."""
    shown = started(session, BUILT_IN[0])
    assert shown.rendered.text.startswith(DRILL_FIRST)
    words = through(session, shown, "webhook:chat")
    assert words.startswith("told management, developers, support (webhook:chat): 200")
    assert json.loads(chat.posted[0].body) == {"text": f"{shown.rendered.subject}\n\n{shown.rendered.text}"}
    assert chat.posted[0].path == f"/hooks/{TOKEN}"
    kinds = [event.kind for event in session.journal.events(session.incident.id)][-2:]
    assert kinds == ["message.started", "message.sent"]
    assert told(session.incident, "management, developers and support") is not None
    report = markdown(session.incident, session.journal.events(session.incident.id))
    assert "## DRILL: Messages" in report
    assert "**told** management, developers, support" in report
    assert shown.rendered.text.split("\n")[2] in report
    line = timeline(session.journal.events(session.incident.id))[-1]
    assert "message 1 told management, developers, support (webhook:chat): DRILL: tiny" in line


def test_a_refused_recipient_was_not_told_and_the_others_were(session: Session, mail: MailServer) -> None:
    """By mail support is refused: it stands as not told, with the server's words; the others are told."""
    words = through(session, started(session, BUILT_IN[0]), "smtp:mail")
    assert "NOT SENT to support (smtp:mail): support@example.org: 550 5.1.1 no such user here" in words
    assert mail.taken[0].to == ["boss@example.org", "dev@example.org"]
    incident = session.incident
    assert told(incident, "management, developers") is not None
    assert told(incident, "support") is None
    assert [(one.to, one.ended) for one in attempts(incident)] == [
        (("management", "developers"), Ended.SENT),
        (("support",), Ended.FAILED),
    ]
    assert attempts(incident)[0].addresses == ("boss@example.org", "dev@example.org", "support@example.org")


def test_a_failing_channel_stops_nothing(session: Session, channels: Tiny) -> None:
    """The pager fails and is recorded as a failure; nothing is sent again by itself, only by a key."""
    drawn_before = session.incident.head_seq
    words = through(session, started(session, BUILT_IN[0]), "command:pager")
    assert "NOT SENT to management, developers, support (command:pager): exit 7: rejected" in words
    assert TOKEN not in words
    assert told(session.incident, "management") is None
    events = session.journal.events(session.incident.id)
    assert [departs(event) for event in events if event.kind == "message.sent"] == [True]
    row = named(session, BUILT_IN[0].name)
    assert row.state.startswith("FAILED")
    assert not row.reason
    assert row.suggested
    assert session.incident.head_seq == drawn_before + 2
    again = through(session, started(session, BUILT_IN[0]), "webhook:chat")  # by a key, through another way
    assert again.startswith("told")
    assert [one.number for one in attempts(session.incident)] == [1, 2]


def test_solved_is_not_sent_before_it_is(session: Session, channels: Tiny, chat: Hook) -> None:
    """Refused with the reason until the proof; then it goes out, and everything about it can be read in the record."""
    solved = BUILT_IN[5]
    shown = started(session, solved)
    with pytest.raises(Refused, match="not proven"):
        through(session, shown, "webhook:chat")
    with pytest.raises(Refused, match="not proven"):
        through(session, shown, "read out")
    assert "not proven" in named(session, solved.name).reason
    assert not chat.posted
    _decided(session)
    release = next(one for one in session.releases() if one.commit == channels.target)
    plan = session.draw(release)
    for step in plan.steps:
        if not step.optional:
            assert run(session, step.code) == "done"
    assert session.incident.proven
    assert "is open" in named(session, solved.name).reason, "it is back, but nobody has tried what users do"
    with pytest.raises(Refused, match=r"S1 .* is open"):
        through(session, shown, "webhook:chat")
    looked_after(session)
    assert not named(session, solved.name).reason
    through(session, started(session, solved), "webhook:chat")
    assert told(session.incident, "users") is not None


def _decided(session: Session) -> None:
    session.set_inputs(Inputs("High", 60, 80, "Low"))
    session.decide(Decision.ROLL_BACK)


def test_a_red_probe_holds_solved_back_at_the_last_moment(tiny: Tiny) -> None:
    """Proven, yet the probe is red when "solved" is about to be said: looked at first, recorded, and refused."""
    with hook() as chat, hook() as site:
        site.status = 200
        without_messages(tiny)
        tiny.add_to_config(
            f'\n[[probe]]\nname = "health"\nurl = "{site.url}/"\nmethod = "POST"\n'
            f'[[channel]]\nname = "chat"\nwebhook = "{chat.url}"\n'
        )
        session = tiny.session()
        assert session.take_lease()
        plan = drawn(session, tiny)
        for step in plan.steps:
            if not step.optional:
                assert run(session, step.code) == "done"
        assert session.incident.proven
        looked_after(session)
        site.status = 503
        shown = started(session, BUILT_IN[5])
        with pytest.raises(Refused, match="a probe is red: probe health"):
            through(session, shown, "webhook:chat")
        assert not chat.posted
        assert session.incident.observations["probe health"][1].ok is False
        site.status = 200
        assert messaging.look(session) == ()
        assert through(session, shown, "webhook:chat").startswith("told users")
        session.close()
        session.journal.close()


def test_a_fix_forward_is_told_when_every_probe_has_seen_it(tiny: Tiny) -> None:
    """Without a rollback there is no proof by the plan: "solved" asks every probe, and needs all green."""
    with hook() as chat, hook() as site:
        without_messages(tiny)
        tiny.add_to_config(
            f'\n[[probe]]\nname = "health"\nurl = "{site.url}/"\nmethod = "POST"\n'
            f'[[channel]]\nname = "chat"\nwebhook = "{chat.url}"\n'
        )
        session = tiny.session()
        assert session.take_lease()
        session.declare("small flaw")
        session.record(ev.Decided("fix forward", "fix forward", "Low", "users", "devops-lead"))
        site.status = 500
        answers = ["i", "6", "i", "6", "", "", "i", "q"]
        operator = Mending(answers, lambda: setattr(site, "status", 200))
        Plain(session, operator).fly()
        assert "not sent: a probe is red: probe health" in operator.text
        assert "told users (webhook:chat): 200" in operator.text
        assert len(chat.posted) == 1
        session.close()
        session.journal.close()


class Mending(Scripted):
    """Answers from a script; before its third answer something is mended."""

    def __init__(self, answers: list[str], mend: Callable[[], object]) -> None:
        super().__init__(answers)
        self.mend = mend

    def ask(self, kind: str, prompt: str) -> str:
        if len(self.asked) == 2:
            self.mend()
        return super().ask(kind, prompt)


def test_what_has_changed_since_it_was_shown_is_not_sent(session: Session, chat: Hook) -> None:
    """Shown, then sent: new facts mean that it is shown again."""
    shown = started(session, BUILT_IN[0])
    _decided(session)
    with pytest.raises(WorldMoved, match="changed since it was shown"):
        through(session, shown, "webhook:chat")
    assert not chat.posted
    assert not session.incident.message_attempts


def test_while_it_is_being_sent_it_is_not_sent_again(session: Session, chat: Hook) -> None:
    """A channel that takes its time: the row says so, and the same message is refused meanwhile."""
    chat.hold = threading.Event()
    shown = started(session, BUILT_IN[1])
    sender = threading.Thread(target=through, args=(session, shown, "webhook:chat"))
    sender.start()
    assert chat.arrived.wait(PATIENCE_S)
    session.sync()
    assert named(session, BUILT_IN[1].name).reason == "is being sent"
    with pytest.raises(Refused, match="being sent already"):
        through(session, shown, "read out")
    chat.hold.set()
    sender.join(PATIENCE_S)
    session.sync()
    assert named(session, BUILT_IN[1].name).state.startswith("told")
    assert len(chat.posted) == 1


def test_a_cockpit_killed_while_sending_leaves_the_truth(channels: Tiny, chat: Hook) -> None:
    """Killed after the channel got it: the record says what was begun, to whom, and that its end is not known."""
    chat.hold = threading.Event()
    send = (
        "(lambda m, d: m.send(session, d, d.rendered.to, m.ways_for(session, d, d.rendered.to)[0]))("
        "__import__('app.messaging').messaging, __import__('app.messaging').messaging.draft(session, "
        "__import__('actions.model.message').model.message.BUILT_IN[1]))"
    )
    with obedient(channels) as one:
        one.ask("session.take_lease()")
        one.ask("session.declare('pages fail')")
        one.tell(send)
        assert chat.arrived.wait(PATIENCE_S)
        one.kill()
    chat.hold.set()
    session = channels.session()
    found = attempts(session.incident)
    assert [(attempt.ended, attempt.to) for attempt in found] == [(Ended.LOST, ("users",))]
    assert told(session.incident, "users") is None
    report = markdown(session.incident, session.journal.events(session.incident.id))
    assert "**NOT KNOWN whether it was sent** users" in report
    assert "it may or may not have gone out" in report
    session.close()
    session.journal.close()


def test_an_observer_tells_people_under_his_own_name(session: Session, channels: Tiny, chat: Hook) -> None:
    """Whoever talks to people need not fly: the record says who it was."""
    other = channels.session("ops2")
    assert not other.driver
    through(other, started(other, BUILT_IN[1]), "webhook:chat")
    session.sync()
    said = told(session.incident, "users")
    assert said is not None
    assert said.by == "ops2"
    other.journal.close()


def test_no_secret_stands_in_record_export_or_message(session: Session, channels: Tiny, chat: Hook) -> None:
    """It is in the title, the hook's address, a header and the pager's words; it stands nowhere but in the request."""
    for way in ("webhook:chat", "command:pager", "smtp:mail", "read out"):
        shown = started(session, BUILT_IN[0])
        assert TOKEN not in shown.rendered.text
        assert TOKEN not in "".join(
            way.words + "".join(way.shown) for way in messaging.ways_for(session, shown, ("users",))
        )
        assert TOKEN not in through(session, shown, way)
    assert TOKEN.encode() not in chat.posted[0].body
    assert TOKEN not in (channels.folder / "pager.text").read_text()
    incident = session.incident.id
    _decided(session)
    release = next(one for one in session.releases() if one.commit == channels.target)
    session.draw(release)
    finish(session)
    session.close()
    session.journal.close()
    journal = SqliteJournal(channels.store, SystemClock(), read_only=True)
    export(journal.lines(incident), journal.incident_folder(incident), channels.folder / "bundle")
    journal.close()
    for path in [*channels.store.rglob("*"), *(channels.folder / "bundle").rglob("*")]:
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_in_plain_lines_too(session: Session, chat: Hook) -> None:
    """List, text, recipients, way, Enter: told as shown. "Solved" is refused, and the refusal is recorded."""
    operator = Scripted(["i", "2", "1", "", "i", "6", "i", "1", "1 3", "5", "", "i", "q"])
    Plain(session, operator).fly()
    assert f"Subject: {started(session, BUILT_IN[1]).rendered.subject}" in operator.text
    assert "POST ${env:TINY_HOOK}" in operator.text
    assert "told users (webhook:chat): 200: ok" in operator.text
    assert "not sent: not proven" in operator.text
    assert "recorded: management, support told by voice" in operator.text
    kinds = [event.kind for event in session.journal.events(session.incident.id)]
    assert kinds.count("message.refused") == 1
    assert told(session.incident, "support") is not None
    assert told(session.incident, "developers") is None
