"""The sensors that propose criteria, over a real system: probes, services outside, checks, logins, failed queries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from login_site import PASSWORD, USER, LoginSite, login_site
from lookout_ground import Site, Watched, readings, saw, watched
from waiting import until

from actions.model.clock import ManualClock, stamp
from actions.model.criteria import criteria
from actions.model.criteria_sensed import Look
from actions.model.ports import LogLine
from actions.model.predeploy import Predeploy, ProbeBaseline
from actions.model.sensing import PREFIX
from app.feeds import LogFeed
from app.log_sources import log_sources
from app.lookout import Lookout
from app.predeploy_files import write
from app.session import Session

OUTSIDE = """
[[probe]]
name = "mail-relay"
url = "http://127.0.0.1:{port}/health"
external = true
answer = 60

[[probe]]
name = "payments"
url = "http://127.0.0.1:1/"
external = true
"""
CHECKS = """
[[check]]
name = "mail"
command = ["cat", "{folder}/queue"]
at_most = 100
unit = "jobs"
every = "30s"

[[check]]
name = "beat"
command = ["sh", "-c", "test -e {folder}/beats || {{ echo it stands still >&2; exit 4; }}"]
"""
LOGIN = """
[[login]]
name = "login"
url = "{url}"
user = "{user}"
password = "${{env:DRILL_PASSWORD}}"
every = "60s"
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path / "tiny") as one:
        yield one


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


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


def newest(session: Session, sensor: str) -> tuple[bool, str, str]:
    one = readings(session, sensor)[-1]
    return one.ok, one.seen, one.expected


def proposed(session: Session) -> list[str]:
    """Texts of the criteria that look met to their sensors."""
    return [one.text for one in criteria(session.incident) if one.look(one.met) is Look.PROPOSED]


# ------------------------------------------------------------------------------------------------------- probes


def test_the_core_is_gone_when_nothing_passes(ground: Watched, clock: ManualClock) -> None:
    """A07: one probe that passes is enough; when none does the criterion looks met, and nobody has marked it."""
    with flown(ground, clock) as session:
        lookout = Lookout(session)
        ground.site.status["/ready"] = 500
        lookout.look_at_probes()
        assert newest(session, "probes.answer") == (True, "1 of 2 pass", "at least 1 of 2 passes")
        assert proposed(session) == []
        ground.site.status["/health"] = 503
        lookout.look_at_probes()
        assert newest(session, "probes.answer")[:2] == (False, "0 of 2 pass: health answered 503 and 1 more")
        assert proposed(session) == ["A core function is gone"]
        assert not session.incident.criteria
        ground.site.status["/health"] = 200
        lookout.look_at_probes()
        assert proposed(session) == []
        lookout.stop()


def test_services_outside_stand_side_by_side_and_prove_nothing(ground: Watched, clock: ManualClock) -> None:
    """C01: they are read with nothing bound to them, in words; an outage of one of them turns no own probe red."""
    with closing(Site()) as other:
        ground.tiny.add_to_config(OUTSIDE.format(port=other.port))
        with flown(ground, clock) as session:
            lookout = Lookout(session)
            lookout.look_outside()
            ok, seen, expected = newest(session, "dependencies.answer")
            assert not ok
            assert seen.startswith("payments: no answer (connection refused); mail-relay 200 in ")
            assert expected == "all 2 answer"
            asked = other.asked
            lookout.look_at_probes()
            assert other.asked == asked, "the own probes are asked by themselves"
            assert newest(session, "probes.green")[:2] == (True, "2 of 2 pass")
            head = session.incident.head_seq
            clock.advance(61)
            lookout.look_outside()
            assert session.incident.head_seq == head, "other milliseconds are no news for minutes"
            release = session.releases()[-1]
            session.sync()
            plan = session.draw(release)
            proof = next(step for step in plan.steps if step.proves)
            assert [probe["name"] for probe in proof.params["probes"]] == ["health", "ready"]
            lookout.stop()


def test_one_outside_that_hangs_holds_up_no_other_sensor(ground: Watched) -> None:
    """While a service outside does not answer, the own probes go on turning red and green, and the log is read."""
    with closing(Site()) as other:
        ground.tiny.add_to_config(OUTSIDE.format(port=other.port))
        other.go.clear()
        with flown(ground) as session:
            lookout = Lookout(session, every_s=0.05, backup_every_s=0.05)
            lookout.start()
            try:
                until(lambda: other.asked, "the question to what hangs")
                saw(session, "probes.green", lambda one: one.ok)
                ground.site.status["/ready"] = 500
                saw(session, "probes.green", lambda one: not one.ok)
                saw(session, "errors.rate", lambda one: True)
                assert not readings(session, "dependencies.answer")
                other.go.set()
                saw(session, "dependencies.answer", lambda one: "mail-relay 200" in one.seen)
            finally:
                lookout.stop()


def test_slower_than_before_the_deployment(ground: Watched, clock: ManualClock) -> None:
    """A09: the p95 of what the lookout saw itself, against the baseline, with both numbers; nothing from too few."""
    text = ground.tiny.config.read_text()
    ground.tiny.config.write_text(text.replace('name = "health"\n', 'name = "health"\nbaseline_ms = 60000\n'))
    with flown(ground, clock) as session:
        lookout = Lookout(session)
        for _ in range(19):
            clock.advance(5)
            lookout.look_at_probes()
        assert not readings(session, "response.baseline")
        lookout.look_at_probes()
        ok, seen, expected = newest(session, "response.baseline")
        assert (ok, expected) == (True, "at most 30 % slower")
        assert seen.endswith(", baseline 60000 ms: no slower")
        lookout.stop()


def test_the_baseline_is_what_was_measured_before_the_deployment(ground: Watched, clock: ManualClock) -> None:
    """A09: `goaround predeploy` wrote it down; of another system, or measured since, it counts for nothing."""
    with flown(ground, clock) as session:
        system = session.settings.system.name
        for name, at, p95 in (
            (system, clock.now() - timedelta(hours=2), 70_000),
            (system, clock.now() + timedelta(hours=2), 1),
            ("another", clock.now() - timedelta(hours=1), 1),
        ):
            probe = ProbeBaseline("health", 20, 20, 1, p95)
            write(session.journal.folder, Predeploy(name, "drill", stamp(at), probes=(probe,)))
        lookout = Lookout(session)
        for _ in range(20):
            clock.advance(5)
            lookout.look_at_probes()
        assert newest(session, "response.baseline")[1].endswith(", baseline 70000 ms: no slower")
        lookout.stop()


def test_an_answer_that_never_comes_is_slow_and_not_left_out(ground: Watched) -> None:
    """What never came in time counts with the time that was waited: else the slowest system would look quick."""
    text = ground.tiny.config.read_text()
    config = text.replace('name = "health"\n', 'name = "health"\nbaseline_ms = 100\n').replace(
        "answer = 30", "answer = 1"
    )
    ground.tiny.config.write_text(config)
    ground.site.go.clear()
    with flown(ground) as session:
        lookout = Lookout(session)
        for _ in range(5):
            lookout.look_at_probes()
        ok, seen, _ = newest(session, "response.baseline")
        assert not ok
        assert "baseline 100 ms: " in seen
        assert seen.endswith(" % slower")
        assert "Performance is down by more than 50 % (pages take up to 5x as long)" in proposed(session)
        lookout.stop()


# ------------------------------------------------------------------------------------------- checks and logins


def test_checks_by_their_numbers_and_exit_statuses(ground: Watched, clock: ManualClock) -> None:
    """A12, A13: a real command on the host; each no more often than it says; red and green with the host."""
    folder = ground.tiny.folder
    ground.tiny.add_to_config(CHECKS.format(folder=folder))
    (folder / "queue").write_text("12\n")
    (folder / "beats").touch()
    with flown(ground, clock) as session:
        lookout = Lookout(session)

        def look() -> None:
            lookout.look_at_named("check.mail")
            lookout.look_at_named("check.beat")

        look()
        assert newest(session, "check.mail") == (True, "12 jobs", "at most 100 jobs")
        assert newest(session, "check.beat") == (True, "exit 0", "exit 0")
        (folder / "queue").write_text("4711\n")
        (folder / "beats").unlink()
        look()
        assert newest(session, "check.mail")[0], "not yet: every 30 s"
        clock.advance(30)
        look()
        assert newest(session, "check.mail")[:2] == (False, "4711 jobs")
        assert newest(session, "check.beat")[:2] == (False, "exit 4: it stands still")
        assert proposed(session) == ["E-mail notifications are dead", "Calendar or scheduling is broken"]
        (folder / "queue").unlink()
        clock.advance(300)
        look()
        assert newest(session, "check.mail")[1].startswith("exit 1: cat: ")
        (folder / "queue").write_text("0\n")
        (folder / "beats").touch()
        clock.advance(30)
        look()
        assert proposed(session) == []
        lookout.stop()


def test_a_check_that_cannot_be_run_proposes_nothing(ground: Watched, clock: ManualClock) -> None:
    """No such program is a mistake of the configuration, and no sign that mail is dead."""
    ground.tiny.add_to_config('[[check]]\nname = "mail"\ncommand = ["/no/such/program"]\n')
    with flown(ground, clock) as session:
        lookout = Lookout(session)
        lookout.look_at_named("check.mail")
        assert newest(session, "check.mail")[1].startswith("cannot be read: ")
        assert proposed(session) == []
        lookout.stop()


def test_a_check_that_hangs_is_ended_and_holds_up_nothing(ground: Watched) -> None:
    """It has a deadline of its own, and a thread of its own."""
    ground.tiny.add_to_config('[[check]]\nname = "mail"\ncommand = ["sleep", "600"]\nanswer = 1\n')
    with flown(ground) as session:
        lookout = Lookout(session, every_s=0.05, backup_every_s=0.05)
        lookout.start()
        try:
            saw(session, "probes.green", lambda one: one.ok)
            late = saw(session, "check.mail", lambda one: not one.ok)
            assert late.seen == "no answer within 1 s"
        finally:
            lookout.stop()


@pytest.fixture
def logins(ground: Watched, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoginSite]:
    monkeypatch.setenv("DRILL_PASSWORD", PASSWORD)
    with login_site() as one:
        ground.tiny.add_to_config(LOGIN.format(url=one.url(), user=USER))
        yield one


def test_nobody_can_log_in(ground: Watched, clock: ManualClock, logins: LoginSite) -> None:
    """A05: a scripted login, no more often than it says; its failure proposes the criterion, its secret is nowhere."""
    with flown(ground, clock) as session:
        lookout = Lookout(session)
        lookout.look_at_named("probe.login")
        assert newest(session, "probe.login") == (True, "logs in", "logs in")
        for _ in range(5):
            lookout.look_at_named("probe.login")
        assert len(logins.posted) == 1
        logins.answers = {"/admin/": 500}
        clock.advance(60)
        lookout.look_at_named("probe.login")
        assert newest(session, "probe.login")[:2] == (False, "the login was answered with 500")
        assert proposed(session) == ["Nobody can log in"]
        lookout.look_at_probes()
        assert newest(session, "probes.green")[0], "a login is no part of the proof"
        lookout.stop()
        for path in ground.tiny.store.rglob("*"):
            assert not path.is_file() or b"horse" not in path.read_bytes(), path


def test_a_login_has_a_thread_of_its_own(ground: Watched, logins: LoginSite) -> None:
    """Read in the background like every other sensor, and gone with the lookout."""
    with flown(ground) as session:
        lookout = Lookout(session, every_s=0.05, backup_every_s=0.05)
        lookout.start()
        try:
            saw(session, "probe.login", lambda one: one.ok)
        finally:
            lookout.stop()
        until(lambda: not any(one.name.startswith("lookout") for one in threading.enumerate()), "its end")
        assert len(logins.posted) == 1


# --------------------------------------------------------------------------------------------------- the log


def test_failed_queries_of_a_real_log(ground: Watched, clock: ManualClock) -> None:
    """A10: they are told from other errors; red at once, green after a whole calm window."""
    with flown(ground, clock) as session:
        feed = LogFeed(lambda: log_sources(session), clock)
        lookout = Lookout(session, feed)
        feed.start()
        seen: list[str] = []

        def come(mark: str) -> None:
            ground.write(f"{mark}\n")

            def there() -> bool:
                seen.extend(line.text for line in feed.drain()[0])
                return mark in seen

            until(there, mark)

        come("begun")
        lookout.look_at_logs()
        assert not readings(session, "errors.database"), "too early"
        ground.error(9)
        ground.write("django.db.utils.ProgrammingError: column people.nick does not exist\n" * 3)
        come("failed")
        lookout.look_at_logs()
        assert newest(session, "errors.database") == (
            False,
            "3 lines of failed queries in 5 min",
            "none in 5 min",
        )
        assert "Queries fail in critical operations of the database" in proposed(session)
        clock.advance(301)
        lookout.look_at_logs()
        assert newest(session, "errors.database")[:2] == (True, "no line of failed queries in 5 min")
        lookout.stop()
        feed.stop()


def test_now_against_before_the_deployment(ground: Watched, clock: ManualClock) -> None:
    """A10: where the deployment's time is on record, what was usual before it is no alarm, and what is more is."""
    with flown(ground, clock) as session:
        feed = LogFeed(lambda: log_sources(session), clock)
        lookout = Lookout(session, feed)
        now, text = clock.now(), "psycopg.OperationalError: x"

        def written(minutes: int, count: int) -> None:
            line = LogLine(stamp(now - timedelta(minutes=minutes)), "web", text, old=True)
            feed._take([line] * count)

        written(40, 4)
        written(38, 1)
        deployed = stamp(now - timedelta(minutes=20))[:16].replace("T", " ")
        session.sense("deployment.time", True, f"v3 (1a2b3c4) deployed {deployed}Z, 20 min before the declaration", "")
        feed.start()
        until(lambda: feed.begun, "the log")
        written(2, 5)
        lookout.look_at_logs()
        assert not readings(session, "errors.database"), "as many as before; not watched for long enough to say so"
        written(1, 3)
        lookout.look_at_logs()
        assert newest(session, "errors.database") == (
            False,
            "8 lines of failed queries in 5 min, before the deployment 5",
            "at most 5 in 5 min, as before the deployment",
        )
        lookout.stop()
        feed.stop()


def test_patterns_of_the_configuration(ground: Watched, clock: ManualClock) -> None:
    """Another database says it in its own words."""
    text = ground.tiny.config.read_text()
    ground.tiny.config.write_text(text.replace("[watch]\n", '[watch]\ndatabase_errors = ["ORA-[0-9]+"]\n'))
    with flown(ground, clock) as session:
        feed = LogFeed(lambda: log_sources(session), clock)
        lookout = Lookout(session, feed)
        feed._take([LogLine("", "web", "django.db.utils.OperationalError: x"), LogLine("", "web", "ORA-00942: no")])
        feed.start()
        until(lambda: feed.begun, "the log")
        lookout.look_at_logs()
        assert newest(session, "errors.database")[1] == "1 line of failed queries in 5 min"
        lookout.stop()
        feed.stop()


def test_no_sensor_is_recorded_that_nothing_asks_for(ground: Watched) -> None:
    """A document that binds none of them costs no readings: only what is asked for is looked at."""
    with flown(ground) as session:
        lookout = Lookout(session)
        lookout.look()
        lookout.look_outside()
        lookout.look_at_containers()
        names = {what.removeprefix(PREFIX) for what in session.incident.observations if what.startswith(PREFIX)}
        assert names == {"probes.green", "probes.answer", "errors.rate"}
        lookout.stop()
