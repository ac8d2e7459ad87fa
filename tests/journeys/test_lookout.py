"""The lookout over a real system: a site that turns red and green, a log that fills, backups that come and go."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lookout_ground import Watched, readings, saw, state, watched
from pg_dumped import make_dump
from ssh_hosts import host_of
from ssh_server import SshServer
from tiny_system import refused
from waiting import until

from actions.gateways.local_host import LocalHost
from actions.model.checklist import State
from actions.model.clock import ManualClock
from actions.model.errors import GoaroundError
from actions.steps.host_files import listed
from app.feeds import LogFeed
from app.log_sources import log_sources
from app.lookout import Lookout
from app.lookout_backup import read_whole
from app.session import Session


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path / "tiny", slow_ms=5000) as one:
        yield one


@contextmanager
def flown(ground: Watched, clock: ManualClock | None = None) -> Iterator[Session]:
    """A session with an open incident, flown."""
    session = ground.tiny.session(clock=clock)
    assert session.take_lease()
    session.declare("pages fail")
    try:
        yield session
    finally:
        session.close()
        session.journal.close()


@pytest.fixture
def session(ground: Watched) -> Iterator[Session]:
    with flown(ground) as one:
        yield one


@contextmanager
def looking(session: Session, feed: LogFeed | None = None) -> Iterator[Lookout]:
    """A lookout with short rounds, gone afterwards."""
    lookout = Lookout(session, feed, every_s=0.05, backup_every_s=0.05)
    lookout.start()
    try:
        yield lookout
    finally:
        lookout.stop()


def test_items_tick_and_untick_themselves(ground: Watched, session: Session) -> None:
    """The after-list turns green by itself, and red again when the site does; nobody pressed a key."""
    ground.site.status["/ready"] = 500
    assert state(session, "probes.green") is State.OPEN
    with looking(session):
        red = saw(session, "probes.green", lambda one: not one.ok)
        assert (red.seen, red.expected) == ("1 of 2 pass: ready answered 500", "2 of 2 pass")
        assert state(session, "probes.green") is State.OPEN
        ground.site.status["/ready"] = 200
        saw(session, "probes.green", lambda one: one.ok)
        assert state(session, "probes.green") is State.DONE
        ground.site.status["/health"] = 503
        saw(session, "probes.green", lambda one: not one.ok)
        assert state(session, "probes.green") is State.OPEN
        times = saw(session, "response.times", lambda one: not one.ok)
        assert (times.seen, times.expected) == ("not known: health answered 503", "at most 5000 ms")
    assert [one.ok for one in readings(session, "probes.green")] == [False, True, False], "only what is new is recorded"


def test_the_site_is_asked_once_a_round_and_its_time_is_told(ground: Watched, session: Session) -> None:
    """One question to each probe serves both sensors; without news the record does not grow."""
    lookout = Lookout(session)
    lookout.look()
    assert ground.site.asked == 2
    assert state(session, "response.times") is State.DONE
    head = session.incident.head_seq
    for _ in range(3):
        lookout.look()
    assert ground.site.asked == 8
    assert len(readings(session, "probes.green")) == 1
    assert session.incident.head_seq == head, "other milliseconds are no news within a minute"
    lookout.stop()


def test_other_words_are_recorded_once_a_minute(ground: Watched) -> None:
    """The same verdict in other words is news a minute later."""
    clock = ManualClock()
    with flown(ground, clock) as session:
        lookout = Lookout(session)
        for status in (500, 501, 502):
            ground.site.status["/ready"] = status
            lookout.look()
        assert [one.seen for one in readings(session, "probes.green")] == ["1 of 2 pass: ready answered 500"]
        clock.advance(60)
        lookout.look()
        assert [one.seen[-3:] for one in readings(session, "probes.green")] == ["500", "502"]
        lookout.stop()


def test_a_site_that_hangs_or_is_gone_is_a_reading(ground: Watched, session: Session) -> None:
    """What cannot be read is not ok and says why; nothing is raised, and the other sensors are read."""
    ground.site.close()
    lookout = Lookout(session)
    lookout.look()
    (gone,) = readings(session, "probes.green")
    assert gone.seen.startswith("0 of 2 pass: health: ")
    assert gone.seen.endswith(" and 1 more")
    assert not gone.ok
    assert len(readings(session, "errors.rate")) == 1
    lookout.stop()


def test_a_sensor_that_stumbles_is_a_reading(
    ground: Watched, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours costs one sensor, not the lookout and not the screen."""
    lookout = Lookout(session)

    def stumble(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(lookout._readings, "errors", stumble)
    lookout.look()
    assert [one.seen for one in readings(session, "errors.rate")] == ["cannot be read: ZeroDivisionError: oops"]
    assert readings(session, "probes.green")[0].ok
    lookout.stop()


def test_no_hand_ticks_what_is_sensed(ground: Watched, session: Session) -> None:
    """Sensed items cannot be ticked by hand; overriding needs a reason and what is observed comes before it."""
    ground.site.status["/ready"] = 500
    lookout = Lookout(session)
    lookout.look()
    assert "not by hand" in refused(lambda: session.mark("T4", State.DONE))
    assert "needs a reason" in refused(lambda: session.mark("T4", State.OVERRIDDEN))
    session.mark("T4", State.OVERRIDDEN, "known, unrelated")
    assert state(session, "probes.green", "T4") is State.OVERRIDDEN
    ground.site.status["/ready"] = 200
    lookout.look()
    assert state(session, "probes.green", "T4") is State.DONE
    lookout.stop()


def test_only_who_flies_an_open_incident_looks(ground: Watched, session: Session) -> None:
    """An observer's cockpit asks nothing and records nothing; a lost lease and a closed incident end it quietly."""
    other = ground.tiny.session("ops2")
    watching = Lookout(other)
    watching.look()
    watching.look_at_backup()
    assert ground.site.asked == 0
    lookout = Lookout(session)
    lookout.look()
    asked, head = ground.site.asked, len(session.journal.events(session.incident.id))
    assert other.take_lease(takeover_reason="ops1 is asleep")
    ground.site.status["/ready"] = 500
    lookout.look()
    assert ground.site.asked == asked + 2, "it does not know yet"
    assert not session.driver
    lookout.look()
    assert ground.site.asked == asked + 2
    assert len(session.journal.events(session.incident.id)) == head + 1, "the new lease alone"
    watching.look()
    assert readings(other, "probes.green")[-1].ok is False
    other.close_incident("abandoned")
    asked = ground.site.asked
    watching.look()
    assert ground.site.asked == asked
    lookout.stop()
    watching.stop()
    other.close()
    other.journal.close()


def test_nothing_is_recorded_once_it_has_been_stopped(ground: Watched, session: Session) -> None:
    """Leaving closes the record: an answer that comes later is dropped."""
    ground.site.go.clear()
    with looking(session):
        until(lambda: ground.site.asked >= 2, "the questions")
    head = session.incident.head_seq
    ground.site.go.set()
    until(lambda: not any(one.name == "lookout" for one in threading.enumerate()), "its end")
    session.sync()
    assert session.incident.head_seq == head


# ------------------------------------------------------------------------------------------------------- the log


def test_the_rate_of_errors_falls_again(ground: Watched) -> None:
    """Errors of a real log make it red with their number; a quiet window, and only a whole one, makes it green."""
    clock = ManualClock()
    ground.error(300)
    with flown(ground, clock) as session:
        feed = LogFeed(lambda: log_sources(session), clock)
        lookout = Lookout(session, feed)
        feed.start()
        counted: list[str] = []

        def come(mark: str) -> None:
            """Everything that was written has been read."""
            ground.write(f"{mark}\n")

            def there() -> bool:
                counted.extend(line.text for line in feed.drain()[0])
                return mark in counted

            until(there, mark)

        come("begun")
        assert counted.count("ERROR: it does not work") == 300
        lookout.look()
        assert readings(session, "errors.rate")[-1].seen == "watched for less than 5 s yet; worst 0", "old ones are old"
        ground.error(143)
        come("flood")
        lookout.look()
        clock.advance(60)
        lookout.look()
        assert [(one.ok, one.expected) for one in readings(session, "errors.rate")] == [
            (False, "at most 1 a minute"),
            (True, "at most 14 a minute"),
        ]
        assert readings(session, "errors.rate")[-1].seen == "0 a minute, worst 143; no line at all for 5 s"
        ground.error(2)
        come("again")
        lookout.look()
        assert readings(session, "errors.rate")[-1].seen == "24 a minute, worst 143"
        assert state(session, "errors.rate") is State.OPEN
        clock.advance(5)
        ground.log.unlink()
        until(lambda: feed.errors(5, 0).troubles, "that the log is gone")
        clock.advance(60)
        lookout.look()
        gone = readings(session, "errors.rate")[-1]
        assert not gone.ok
        assert "is not there" in gone.seen
        lookout.stop()
        feed.stop()


def test_without_a_screen_it_reads_the_logs_itself(ground: Watched, session: Session) -> None:
    """The plain mode has no log pane; the rate is known all the same, also of a file that is there from the start."""
    with looking(session):
        saw(session, "errors.rate", lambda one: not one.ok and "watched for less" in one.seen)
        calm = saw(session, "errors.rate", lambda one: one.ok)
        assert calm.seen.startswith("0 a minute, worst 0")
        ground.error(5)
        flood = saw(session, "errors.rate", lambda one: not one.ok)
        assert flood.seen.endswith(" a minute, worst 5")
    until(lambda: not any(one.name == "site.log" for one in threading.enumerate()), "the end of its own feed")


# --------------------------------------------------------------------------------------------------- the backups


def backup(ground: Watched, name: str, text: bytes = b"-- dump\n" * 5000, *, ago_s: float = 3600) -> Path:
    path = ground.backups / name
    path.write_bytes(gzip.compress(text))
    aged(path, ago_s)
    return path


def aged(path: Path, ago_s: float) -> None:
    then = time.time() - ago_s
    os.utime(path, (then, then))


def newest(session: Session) -> tuple[bool, str]:
    one = readings(session, "backup.current")[-1]
    assert one.expected == "younger than 24 h"
    return one.ok, one.seen


def test_backups_that_come_and_go(ground: Watched, session: Session) -> None:
    """E04: only a young, whole backup turns the gate green; missing, empty, cut off and old ones say what they are."""
    lookout = Lookout(session)

    def look() -> tuple[bool, str]:
        session.incident.observations.pop("sensed backup.current", None)  # or other words of it would wait a while
        lookout.look_at_backup()
        return newest(session)

    assert look() == (False, f"no file {ground.backups}/*.gz")
    (ground.backups / "notes.txt").write_text("not one of them")
    (ground.backups / "folder.gz").mkdir()
    assert look()[1].startswith("no file")
    backup(ground, "b 1.sql.gz", ago_s=3 * 3600 + 600)
    ok, seen = look()
    assert ok
    assert seen.startswith("b 1.sql.gz, 3 h 10 min old, ")
    assert seen.endswith(" bytes, gzip -t passes")
    assert state(session, "backup.current") is State.DONE
    cut = backup(ground, "b2.sql.gz", os.urandom(9000), ago_s=60)
    cut.write_bytes(cut.read_bytes()[:4000])
    aged(cut, 60)
    ok, seen = look()
    assert not ok
    assert "gzip -t fails" in seen
    assert "unexpected end of file" in seen
    assert state(session, "backup.current") is State.OPEN
    (ground.backups / "b3.sql.gz").touch()
    assert look()[1].endswith("0 bytes, empty")
    for path in ground.backups.glob("b*.gz"):
        aged(path, 25 * 3600)
    cut.unlink()
    (ground.backups / "b3.sql.gz").unlink()
    ok, seen = look()
    assert not ok
    assert "25 h old" in seen
    (ground.backups / ".b9.sql.gz").write_bytes(b"still being copied")
    assert "b 1.sql.gz" in look()[1]
    shutil.rmtree(ground.backups)
    ok, seen = look()
    assert not ok
    assert seen.startswith("cannot be read: listing the backups on local failed: find: ")
    lookout.stop()


def test_a_file_is_read_once(ground: Watched, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a backup of many gigabytes each minute would be a fault of its own."""
    calls: list[tuple[str, ...]] = []
    run = LocalHost.run

    def noted(self: LocalHost, argv: tuple[str, ...], **how: object) -> object:
        calls.append(argv)
        return run(self, argv, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalHost, "run", noted)
    first = backup(ground, "b1.gz")
    lookout = Lookout(session)
    for _ in range(4):
        lookout.look_at_backup()
    assert [argv for argv in calls if argv[0] == "gzip"] == [("gzip", "-t", str(first))]
    assert [(one.ok, one.seen.rpartition(", ")[2]) for one in readings(session, "backup.current")] == [
        (False, "being read"),
        (True, "gzip -t passes"),
    ]
    backup(ground, "b2.gz", ago_s=5)
    lookout.look_at_backup()
    assert sum(argv[0] == "gzip" for argv in calls) == 2
    assert state(session, "backup.current") is State.DONE, "the one that was found whole counts while it is read"
    backup(ground, "b2.gz", b"another content", ago_s=4)
    lookout.look_at_backup()
    assert sum(argv[0] == "gzip" for argv in calls) == 3
    lookout.stop()


def test_who_comes_back_looks_anew(ground: Watched, session: Session) -> None:
    """What the record says of an unchanged file goes on to count; of another, or of one too old, it does not."""
    path = backup(ground, "b1.gz")
    first = Lookout(session)
    first.look_at_backup()
    assert state(session, "backup.current") is State.DONE
    first.stop()
    count = len(readings(session, "backup.current"))

    def words() -> list[str]:
        """What another lookout adds to the record."""
        nonlocal count
        later = Lookout(session)
        later.look_at_backup()
        later.stop()
        told = [one.seen.rpartition(", ")[2] for one in readings(session, "backup.current")[count:]]
        count += len(told)
        return told

    assert words() == [], "the same file: nothing is said anew"
    backup(ground, "b2.gz", b"another", ago_s=30)
    assert words() == ["being read", "gzip -t passes"]
    path.unlink()
    aged(ground.backups / "b2.gz", 25 * 3600)
    assert words()[0] == "being read"
    assert state(session, "backup.current") is State.OPEN


def test_a_long_check_holds_up_no_other_sensor(
    ground: Watched, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a large backup is read, the probes go on turning red and green, and the row says what is going on."""
    backup(ground, "b1.gz")
    programs = tmp_path / "programs"
    programs.mkdir()
    slow = programs / "gzip"
    slow.write_text(f'#!/bin/sh\nwhile [ -e {tmp_path}/hold ]; do sleep 0.02; done\nexec {shutil.which("gzip")} "$@"\n')
    slow.chmod(0o755)
    (tmp_path / "hold").touch()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with looking(session):
        saw(session, "backup.current", lambda one: one.seen.endswith("being read"))
        saw(session, "probes.green", lambda one: one.ok)
        ground.site.status["/ready"] = 500
        saw(session, "probes.green", lambda one: not one.ok)
        assert state(session, "backup.current") is State.OPEN
        (tmp_path / "hold").unlink()
        saw(session, "backup.current", lambda one: one.ok)


def test_names_and_patterns_never_reach_a_shell(tmp_path: Path) -> None:
    """A file's name is data: quotes, spaces, a leading dash and a line break run nothing and hide nothing."""
    folder = tmp_path / "-b $(touch oops)"
    folder.mkdir()
    for name in ("-rf.gz", "a'; touch oops.gz", "b\nc.gz", "$(touch oops).gz", "ä .gz"):
        (folder / name).write_bytes(gzip.compress(name.encode()))
    (tmp_path / "elsewhere.gz").write_bytes(gzip.compress(b"x"))
    (folder / "link.gz").symlink_to(tmp_path / "elsewhere.gz")
    found = {os.path.basename(one.path) for one in listed(LocalHost(), f"{folder}/*.gz")}
    assert found == {"-rf.gz", "a'; touch oops.gz", "$(touch oops).gz", "ä .gz", "link.gz"}
    assert all(read_whole(LocalHost(), str(folder / name)).whole for name in found)
    assert not list(tmp_path.rglob("oops"))
    with pytest.raises(GoaroundError, match="backups names a folder"):
        listed(LocalHost(), f"{folder}/")


@pytest.fixture
def busybox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose every program is busybox's."""
    program = shutil.which("busybox")
    if program is None:
        pytest.skip("no busybox on this machine")
    folder = tmp_path / "busybox"
    folder.mkdir()
    for applet in ("find", "stat", "head", "gzip", "sh"):
        (folder / applet).symlink_to(program)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.usefixtures("busybox")
def test_busybox_is_enough(tmp_path: Path) -> None:
    """Small hosts have no GNU programs."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(os.urandom(5000)))
    (tmp_path / "b.gz").write_bytes(gzip.compress(os.urandom(5000))[:3000])
    (tmp_path / "c.dump").write_bytes(b"PGDMP\x01")
    (tmp_path / "d.tar").write_bytes(b"nothing known")
    whole, cut = listed(LocalHost(), f"{tmp_path}/*.gz")
    if whole.path.endswith("b.gz"):
        whole, cut = cut, whole
    assert (whole.size, cut.size) == ((tmp_path / "a.gz").stat().st_size, 3000)
    assert read_whole(LocalHost(), whole.path).words == "gzip -t passes"
    assert read_whole(LocalHost(), cut.path).words.startswith("gzip -t fails: ")
    missing = read_whole(LocalHost(), str(tmp_path / "c.dump"))
    assert (missing.whole, missing.words) == (False, "not checked: local has no program pg_restore")
    assert not missing.final, "it may be installed"
    unknown = read_whole(LocalHost(), str(tmp_path / "d.tar"))
    assert unknown.words == "not checked: neither .gz nor a custom dump of PostgreSQL"


@pytest.mark.ssh
def test_backups_of_another_host(tmp_path: Path, sshd: SshServer) -> None:
    """The same words over ssh."""
    folder = tmp_path / "back ups"
    folder.mkdir()
    (folder / "a b.gz").write_bytes(gzip.compress(b"x" * 99))
    with host_of(sshd) as host:
        (found,) = listed(host, f"{folder}/*.gz")
        assert found.path == str(folder / "a b.gz")
        assert read_whole(host, found.path).words == "gzip -t passes"
        with pytest.raises(GoaroundError) as missing:
            listed(host, f"{tmp_path}/none/*.gz")
        assert "No such file" in missing.value.line()


@pytest.mark.postgres
def test_a_custom_dump_is_read_whole(tmp_path: Path) -> None:
    """The list at a dump's beginning outlives being cut off: only reading everything shows it."""
    dump = make_dump(tmp_path / "good.dump")
    good = read_whole(LocalHost(), str(dump))
    assert (good.whole, good.words) == (True, "pg_restore reads it whole")
    cut = tmp_path / "cut.dump"
    cut.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    listing = subprocess.run(["pg_restore", "--list", str(cut)], capture_output=True, check=False)
    assert listing.returncode == 0, "pg_restore --list alone would have been content"
    bad = read_whole(LocalHost(), str(cut))
    assert not bad.whole
    assert bad.words.startswith("pg_restore fails: ")
    torn = tmp_path / "torn.dump"
    torn.write_bytes(dump.read_bytes()[:40])
    assert read_whole(LocalHost(), str(torn)).words.startswith("pg_restore --list fails: ")
