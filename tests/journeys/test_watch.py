"""``goaround watch``: a process of its own that looks for hours, into the same record, whatever becomes of it."""

from __future__ import annotations

import json
import os
import pty
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from lookout_ground import Watched, watched
from tiny_system import drawn
from waiting import until
from watch_ground import QuietDoor, command, done, running, signed

from actions.model.checklist import Item, Kind, State
from actions.model.clock import ManualClock
from actions.model.errors import BadInput
from actions.model.events import Observed, WatchBegun, WatchEnded
from actions.model.incident import items, state_of
from actions.model.record_text import markdown
from actions.model.recurring import Recurrences
from actions.model.watching import PREFIX, Until
from app import watch as watch_module
from app.feeds import LogFeed
from app.records import export_record, verify_target
from app.session import Session
from app.watch_run import Plan, Watch
from widgets.preview_rows import preview_text

PINNED = "ERROR: order 4711 of user 'bob' failed"


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path / "tiny", slow_ms=5000) as one:
        yield one


@pytest.fixture
def session(ground: Watched) -> Iterator[Session]:
    one = ground.tiny.session()
    yield one
    one.close()
    one.journal.close()


def bodies(session: Session, kind: type) -> list:
    session.sync()
    return [event.body for event in session.journal.events(session.incident.id) if isinstance(event.body, kind)]


def seen(session: Session, sensor: str) -> list[bool]:
    return [one.ok for one in bodies(session, Observed) if one.what == PREFIX + sensor]


def report(session: Session) -> str:
    session.sync()
    return markdown(session.incident, session.journal.events(session.incident.id))


def test_a_signed_record_is_watched_on_and_stays_good(ground: Watched, session: Session, tmp_path: Path) -> None:
    """Readings after the sign-off go into the same record: no lease, no tick of a signed list, and `verify` is good."""
    incident = signed(ground, session, PINNED)
    before = {item.code: state_of(session.incident, item) for item in items_of(session)}
    with running(ground, "watch", incident, "--for", "24h", "--every", "1s") as watch:
        watch.says(f"watching {incident}: until", "every 1 s; 2 known problems looked for")
        watch.says("probes.green ok: 2 of 2 pass")
        ground.site.status["/ready"] = 500
        watch.says("probes.green RED: 1 of 2 pass: ready answered 500 (expected 2 of 2 pass)")
        ground.site.status["/ready"] = 200
        until(lambda: seen(session, "probes.green") == [True, False, True], "green again")
        assert watch.ends(signal.SIGTERM) == 0
    ended = bodies(session, WatchEnded)[-1]
    assert (ended.ok, ended.complete) == (True, False)
    assert ended.words.startswith("BROKEN OFF after")
    assert "was red for a while: probes.green" in ended.words
    assert {item.code: state_of(session.incident, item) for item in items_of(session)} == before
    assert bodies(session, WatchBegun)[0].of_s == 24 * 3600
    assert verify_target(incident, session.journal).status == 0
    assert export_record(session.journal, incident, tmp_path / "bundle").status == 0
    assert verify_target(str(tmp_path / "bundle"), None).status == 0
    text = report(session)
    assert "## DRILL: Watched" in text
    assert "probes.green **RED**: `1 of 2 pass: ready answered 500`" in text
    assert "**NOT COMPLETE**" in text


def items_of(session: Session) -> list[Item]:
    session.sync()
    return [item for item in items(session.incident) if item.sensor != "watch.begun"]


def test_a_problem_that_comes_back_is_told_at_once(ground: Watched, session: Session) -> None:
    """What was pinned is a rule: other numbers and names are the same problem; exit status 1 says that it came back."""
    incident = signed(ground, session, PINNED)
    with running(ground, "watch", "--for", "24h", "--every", "1s", "--json") as watch:
        watch.says('"reading"', "probes.green")
        ground.write("GET / 200\nERROR: order 5 of user 'eve' failed\nERROR: order 17 of user \"mallory\" failed\n")
        said = json.loads(watch.says('"recurring"'))
        assert said["line"] == "ERROR: order 5 of user 'eve' failed"
        assert said["rule"].endswith(PINNED)
        until(lambda: any(one.what == "sensed recurring" for one in bodies(session, Observed)), "it in the record")
        assert watch.ends(signal.SIGINT) == 1
        assert watch.objects[-1]["kind"] == "ended"
        assert watch.objects[-1]["ok"] is False
    one = next(one for one in bodies(session, Observed) if one.what == "sensed recurring")
    assert not one.ok
    assert one.seen.endswith("site.log: ERROR: order 5 of user 'eve' failed")
    assert incident in done(ground, "watch", incident).stdout
    assert "of known problems" in report(session)


def test_a_killed_watch_is_known_and_gone_on_with(ground: Watched, session: Session) -> None:
    """SIGKILL loses nothing but the time until the next: it says so, and goes on until the same end."""
    incident = signed(ground, session)
    with running(ground, "watch", incident, "--for", "2h", "--every", "1s") as watch:
        watch.says("probes.green ok")
        other = done(ground, "watch", incident, "--for", "2h")
        assert other.returncode == 2
        assert "it is being watched already" in other.stderr
        once = done(ground, "watch", incident, "--once")
        assert once.returncode == 0
        assert "one look: all well" in once.stdout
        watch.ends(signal.SIGKILL)
    first = bodies(session, WatchBegun)[0]
    assert not bodies(session, WatchEnded)
    assert "no end of this watch is recorded" in report(session)
    with running(ground, "watch", incident, "--for", "--every", "1s") as watch:
        watch.says("BROKE OFF", "nothing was watched for")
        watch.says("goes on where one broke off")
        watch.says("probes.green ok")
        again = bodies(session, WatchBegun)[1]
        assert (again.until, again.of_s, again.resumed) == (first.until, 7200, True)
        watch.ends(signal.SIGKILL)
    with running(ground, "watch", incident, "--for", "2h", "--every", "1s") as watch:  # as a service is started again
        watch.says("goes on where one broke off")
        assert bodies(session, WatchBegun)[2].until == first.until
        watch.ends(signal.SIGKILL)
    with running(ground, "watch", incident, "--for", "90m", "--every", "1s") as watch:
        watch.says("watching")
        last = bodies(session, WatchBegun)[3]
        assert not last.resumed
        assert last.until != first.until
        watch.ends(signal.SIGTERM)
    assert [one.complete for one in bodies(session, WatchEnded)] == [False] * 4


def test_typed_lines_are_notes_and_a_lost_terminal_ends_it(ground: Watched, session: Session) -> None:
    """On a terminal whatever is typed goes into the record; when the terminal goes away, the end is recorded."""
    incident = signed(ground, session)
    ours, theirs = pty.openpty()
    child = os.fork()
    if child == 0:  # a session of its own whose terminal this is: it goes away with our end of it
        os.close(ours)
        os.login_tty(theirs)
        words = command(ground, "watch", incident, "--for", "2h", "--every", "1s")
        from tiny_system import environment

        os.execvpe(words[0], words, environment(ground.tiny))
    os.close(theirs)
    shown = b""
    while b"goes into the record as a note" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, b"users say that it is slow\n")
    until(lambda: any("it is slow" in text for _, _, text in noted(session)), "the note")
    os.close(ours)
    until(lambda: bodies(session, WatchEnded), "its end")
    assert not bodies(session, WatchEnded)[0].complete
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def noted(session: Session) -> tuple[tuple[str, str, str], ...]:
    session.sync()
    return session.incident.notes


def test_without_a_time_it_only_shows(ground: Watched, session: Session) -> None:
    """Every event as a line of the time line, until it is closed and signed; nothing is ever written."""
    drawn(session, ground.tiny)
    with running(ground, "watch") as watch:
        watch.says("ops1", "DRILL incident declared for tiny")
        session.note("something else")
        watch.says("note: something else")
        session.close_incident("not recovered")
        from app.signing import sign_off

        sign_off(session, "executed", "ops1")
        sign_off(session, "verified", "ops2")
        assert watch.ends() == 0
        assert watch.lines[-1].endswith("is closed and signed")
        assert {event.actor for event in session.journal.events(session.incident.id)} == {"ops1"}
    nothing = done(ground, "watch")
    assert nothing.returncode == 2
    assert "no incident of tiny is open" in nothing.stderr


def test_before_a_deployment_it_watches_without_an_incident(ground: Watched, session: Session) -> None:
    """No incident: lines and the exit status, and no record at all."""
    ground.site.status["/health"] = 503
    with running(ground, "watch", "--for", "10s", "--every", "1s") as watch:
        watch.says("recording nothing")
        watch.says("probes.green RED")
        assert watch.ends() == 1
        assert "watched for 10 s: RED: probes" in watch.lines[-1]
    assert session.journal.newest() == []


@pytest.mark.parametrize("hours", [0, 48])
def test_the_item_of_the_list_names_the_command(ground: Watched, hours: int) -> None:
    """Manual, or waiting for the watch where hours are configured: what is to be run stands there in full."""
    if hours:
        config = ground.tiny.config
        config.write_text(config.read_text().replace("[watch]\n", f"[watch]\nhours = {hours}\n"))
    session = ground.tiny.session()
    assert session.take_lease()
    session.declare("pages fail")

    def rows() -> str:
        return "\n".join("".join(text for text, _ in row) for row in preview_text(session.incident, "T6").rows)

    item = next(one for one in items(session.incident) if one.code == "T6")
    assert item.kind is (Kind.SENSED if hours else Kind.MANUAL)
    assert f"goaround watch {session.incident.id} --for {hours or 24}h in another terminal" in rows()
    session.record(WatchBegun("2026-11-23T10:00:00.000000Z", 30), drive=False)
    assert "ops1: until 2026-11-23 10:00Z" in rows()
    assert state_of(session.incident, item) is (State.DONE if hours else State.OPEN)
    session.record(WatchEnded("BROKEN OFF after 1 h of 48 h: all well", True, False), drive=False)
    assert "BROKEN OFF" in rows()
    assert state_of(session.incident, item) is State.OPEN
    session.close()
    session.journal.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--for", "soon"), "--for: a time such as"),
        (("--for", "1s"), "between 10 seconds and 14 days"),
        (("--for",), "how long? Such as --for 24h"),
        (("--for", "2h", "--every", "0s"), "between 1 second and 1 hour"),
        (("--every", "5s"), "only together with --for"),
        (("INC-none", "--for", "2h"), "no record 'INC-none'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_runs(ground: Watched, words: tuple[str, ...], why: str) -> None:
    """Exit status 2."""
    ground.tiny.session().journal.close()
    ended = done(ground, "watch", *words)
    assert ended.returncode == 2
    assert why in ended.stderr
    assert ended.stderr.count("\n") == 1


# -- on a clock of the test --------------------------------------------------------------------------------------


def on_clock(session: Session, door: QuietDoor, plan: Plan, *pinned: str, feed: LogFeed | None = None) -> int:
    watch = Watch(session, door, plan, Recurrences(watch_module.rules_for(session.settings, pinned)), feed, None)
    door.watch = watch
    return watch.run()


@pytest.fixture
def clocked(ground: Watched) -> Iterator[Session]:
    one = ground.tiny.session(clock=ManualClock())
    yield one
    one.close()
    one.journal.close()


def for_hours(session: Session, hours: int, *, recording: bool = True, every_s: int = 600, ask_s: int = 7200) -> Plan:
    from datetime import timedelta

    until_when = Until(session.clock.now() + timedelta(hours=hours), hours * 3600)
    return Plan(until_when, every_s, ask_s, recording)


def test_a_whole_day(ground: Watched, clocked: Session) -> None:
    """24 hours on a clock: complete, a line now and then that it lives, asked for reports, red for a while."""
    signed(ground, clocked)

    def red() -> None:
        ground.site.status["/ready"] = 500

    def green() -> None:
        ground.site.status["/ready"] = 200

    assert isinstance(clocked.clock, ManualClock)
    door = QuietDoor(
        clocked.clock,
        {
            3600: red,
            7200: green,
            2 * 7200 + 60: lambda: ["two users cannot print"],
            3 * 7200 + 60: lambda: [""],
            40_000: lambda: ["", "deployed a hotfix of the docs"],
        },
        interactive=True,
    )
    assert on_clock(clocked, door, for_hours(clocked, 24)) == 0
    (ended,) = bodies(clocked, WatchEnded)
    assert (ended.complete, ended.ok) == (True, True)
    assert ended.words.startswith("watched for 24 h: all well; was red for a while: ")
    assert seen(clocked, "probes.green") == [True, False, True]
    alive = door.texts("alive")
    assert len(alive) == 47
    assert "4 h 30 min of 24 h: all well" in alive
    assert any("1 h 30 min of 24 h: RED: " in line for line in alive)
    assert len(door.texts("reminder")) == 11
    texts = [text for _, _, text in clocked.incident.notes]
    assert texts == [
        "reports of users: two users cannot print",
        "reports of users: none",
        "deployed a hotfix of the docs",
    ]


def test_a_flood_is_recorded_once_a_minute(ground: Watched, clocked: Session) -> None:
    """Every line is counted, the record does not grow with them."""
    signed(ground, clocked, PINNED)
    assert isinstance(clocked.clock, ManualClock)
    feed = LogFeed(list, clocked.clock)
    from actions.model.ports import LogLine

    def flood() -> None:
        feed._take([LogLine("", "site.log", f"ERROR: order {n} of user 'u{n}' failed", "error") for n in range(100)])
        feed._take([LogLine("", "site.log", "ERROR: order 1 of user 'old' failed", "error", old=True)])

    door = QuietDoor(clocked.clock, dict.fromkeys(range(100, 400), flood))
    assert on_clock(clocked, door, for_hours(clocked, 1, every_s=30), PINNED, feed=feed) == 1
    told = [one for one in bodies(clocked, Observed) if one.what == "sensed recurring"]
    assert 5 <= len(told) <= 7
    assert sum(int(one.seen.split()[0]) for one in told) == 300 * 100
    assert bodies(clocked, WatchEnded)[0].words.endswith("; 30000 lines of known problems")
    assert len(door.texts("recurring")) <= 7
    assert not any("old" in text for text in door.texts("recurring"))


def test_without_a_terminal_nobody_is_asked_into_the_record(ground: Watched, clocked: Session) -> None:
    """The reminder is a line, and nothing more."""
    signed(ground, clocked)
    assert isinstance(clocked.clock, ManualClock)
    door = QuietDoor(clocked.clock, {})
    assert on_clock(clocked, door, for_hours(clocked, 5)) == 0
    assert len(door.texts("reminder")) == 2
    assert not clocked.incident.notes


def test_what_cannot_be_recorded_is_said_and_the_watch_goes_on(
    ground: Watched, clocked: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails does not end it; the exit status tells."""
    signed(ground, clocked)
    real = clocked.record

    def failing(body: object, *rest: object, **more: object) -> object:
        if isinstance(body, Observed):
            raise BadInput("the disk is full")
        return real(body, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(clocked, "record", failing)
    assert isinstance(clocked.clock, ManualClock)
    door = QuietDoor(clocked.clock, {})
    assert on_clock(clocked, door, for_hours(clocked, 1)) == 1
    assert door.texts("warning") == ["CANNOT BE RECORDED: the disk is full"]


def test_the_windows_of_logs_are_waited_for(ground: Watched, clocked: Session) -> None:
    """A rate that has not been watched for its window is no alarm at the beginning."""
    signed(ground, clocked)
    assert isinstance(clocked.clock, ManualClock)
    feed = LogFeed(list, clocked.clock)
    door = QuietDoor(clocked.clock, {})
    watch = Watch(clocked, door, for_hours(clocked, 1), Recurrences(()), feed, None)
    assert list(watch.readings.pending) == ["errors.rate"]
    clocked.clock.advance(6)
    assert not watch.readings.pending
