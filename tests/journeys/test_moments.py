"""When it was deployed, what monitoring shows, which line was pinned: on the tiny system, read and kept for real."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from evening import Evening, evening, looking, state, the_key, with_feed
from lookout_ground import readings, saw
from pilot_moves import comes, looked
from tiny_system import begin_deploy, build, refused, settle
from waiting import until
from widget_bench import screen_lines

from actions.model import events as ev
from actions.model.blocking import Move
from actions.model.checklist import Kind, State
from actions.model.clock import stamp
from actions.model.deployment_time import SENSOR, suspect
from actions.model.incident import item_of
from actions.model.record_timeline import timeline
from actions.model.release import Release
from actions.model.sensing import can_sense
from app.cockpit import cockpit
from app.feeds import LogFeed
from app.incident_screen import IncidentScreen
from app.lookout import Lookout
from app.lookout_deployment import DeploymentLook
from app.monitoring import keep
from app.session import Session
from widgets.history import ReleaseHistory
from widgets.time_strip import TimeStrip

LOAD = """
[[check]]
name = "connections"
command = ["cat", "{folder}/connections"]
at_most = 80
unit = "connections"
load = true

[[probe]]
name = "maps"
url = "http://127.0.0.1:{port}/maps"
external = true
answer = 30
"""


AGO_S = 300
"""The evening's clock stands so far back: so much of it can pass at once."""


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Evening]:
    with evening(tmp_path / "tiny", ago_s=AGO_S) as one:
        (one.tiny.folder / "connections").write_text("97\n")
        one.tiny.add_to_config(LOAD.format(folder=one.tiny.folder, port=one.site.port))
        yield one


@pytest.fixture
def session(night: Evening) -> Iterator[Session]:
    one = night.session()
    assert one.take_lease()
    one.declare("pages fail")
    try:
        yield one
    finally:
        one.close()
        one.journal.close()


def log(night: Evening, *minutes_ago: float, text: str = "ERROR it fails") -> None:
    """Lines that were written so long ago, and say so."""
    with (night.tiny.folder / "site.log").open("a") as file:
        for minutes in minutes_ago:
            file.write(f"{stamp(night.clock.now() - timedelta(minutes=minutes))} [7] {text}\n")


# -------------------------------------------------------------------------------------------- when it was deployed


def test_the_deployment_before_the_trouble_is_found_by_itself(night: Evening, session: Session) -> None:
    """A4 ticks itself: which release, when, how long before; the release is suspected; nobody can tick it by hand."""
    found = item_of(session.incident, "A4")
    assert found is not None
    assert (found.kind, found.sensor) == (Kind.SENSED, SENSOR)
    assert "not by hand" in refused(lambda: session.mark("A4", State.DONE))
    with looking(session):
        seen = saw(session, SENSOR, lambda one: one.ok)
    sha = night.tiny.former
    assert seen.seen.startswith(f"v3 ({sha[:7]}) deployed ")
    assert seen.seen.endswith("Z, 22 min before the declaration")
    assert state(session, "A4") is State.DONE
    assert suspect(session.incident, session.releases()) == sha


def test_errors_that_are_older_than_a_mend_in_vain_point_behind_it(night: Evening) -> None:
    """Somebody deployed v3 three minutes ago to mend what v2 broke: the log says since when it was broken."""
    night.tiny.tell_deployments(9000, 30 + AGO_S / 60, 3 + AGO_S / 60)
    log(night, 50, 45, text="INFO calm")
    log(night, *(minutes for minutes in range(27, -1, -1) for _ in range(12)))
    session = night.session()
    assert session.take_lease()
    session.declare("pages fail")

    def look(feed: LogFeed) -> None:
        until(lambda: (known := feed.minutes()) is not None and sum(known.counts.values()) >= 28 * 12, "the log")
        lookout = Lookout(session, feed)
        lookout.look_at_deployment()
        lookout.stop()

    with_feed(session, look)
    seen = readings(session, SENSOR)[-1]
    assert seen.ok
    assert seen.seen.startswith("v2 ("), seen.seen
    assert "30 min before the declaration; errors since " in seen.seen
    session.close()
    session.journal.close()


def test_releases_are_read_once_a_minute_until_it_is_known(night: Evening, session: Session) -> None:
    """Reading them is slow; what nobody knows can be overridden, and is taken back by what is read later."""
    (night.tiny.folder / "deployments.jsonl").unlink()
    asked = counted(session)

    def look(feed: LogFeed) -> None:
        until(lambda: feed.begun, "the logs")
        lookout = Lookout(session, feed)
        for _ in range(3):
            lookout.look_at_deployment()
        assert len(asked) == 1
        bad = readings(session, SENSOR)[-1]
        assert not bad.ok
        assert bad.seen.startswith("no release says when it was deployed; ")
        session.mark("A4", State.OVERRIDDEN, "the pipeline says 02:41")
        assert state(session, "A4") is State.OVERRIDDEN
        night.clock.pass_by(6)
        lookout.look_at_deployment()
        assert len(asked) == 1
        lookout.look_again()
        lookout.look_at_deployment()
        assert len(asked) == 2, "somebody waits"
        night.tiny.tell_deployments(9000, 4000, 22 + AGO_S / 60)
        night.clock.pass_by(61)
        lookout.look_at_deployment()
        assert len(asked) == 3
        assert state(session, "A4") is State.DONE, "what is observed comes before what was said of it"
        night.clock.pass_by(61)
        lookout.look_at_deployment()
        assert len(asked) == 3, "it is known"
        lookout.stop()

    with_feed(session, look)


def counted(session: Session) -> list[int]:
    """Every reading of its releases from now on."""
    asked: list[int] = []
    read = session.releases

    def releases(option: str = "") -> tuple[Release, ...]:
        asked.append(1)
        return read(option)

    session.releases = releases  # type: ignore[method-assign]  # the real one is called
    return asked


def test_while_a_step_runs_no_releases_are_read(tmp_path: Path) -> None:
    """The step has the system to itself."""
    tiny = build(tmp_path / "tiny")
    tiny.tell_deployments(9000, 4000, 22)
    session = tiny.session()
    begin_deploy(session, tiny)

    def look(feed: LogFeed) -> None:
        until(lambda: feed.begun, "the logs")
        asked, one = counted(session), DeploymentLook(session, lambda: feed)
        assert session.incident.running is not None
        assert one.look() is None
        assert not asked
        tiny.let_go()
        settle(session)
        found = one.look()
        assert found is not None
        assert found.ok
        assert len(asked) == 1

    with_feed(session, look)
    session.close()
    session.journal.close()


def test_a_system_without_a_way_back_leaves_it_to_a_person() -> None:
    """Where nothing tells of releases there is nothing to look at."""
    assert can_sense(SENSOR, {"git": {"repository": "/x"}})
    assert can_sense(SENSOR, {"compose": {"directory": "/x"}})
    assert not can_sense(SENSOR, {"git": None, "compose": None})


# -------------------------------------------------------------------------------------------- what monitoring shows


def kept_text(session: Session, path: str) -> str:
    """The kept file, as text."""
    return gzip.decompress((session.folder() / "evidence" / path).read_bytes()).decode()


def test_what_monitoring_shows_is_kept_as_text(night: Evening, session: Session) -> None:
    """Three numbers with their times, what is outside beside them; cited by the record; more than once if wanted."""
    log(night, 2, 2, 2, 1)
    assert the_key(session).move is Move.TICK
    for code in ("A1", "A2"):
        session.mark(code, State.DONE)
    move = the_key(session)
    assert (move.move, move.code, move.words) == (Move.KEEP, "A3", "keep what monitoring shows now")
    assert "not by hand" in refused(lambda: session.mark("A3", State.DONE))
    with_feed(session, lambda feed: keep(session, feed))
    [body] = session.incident.evidence
    assert (body.what, body.private, body.complete, body.name) == ("monitoring", False, True, "monitoring.txt")
    path = session.folder() / "evidence" / body.path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == body.sha256
    assert path.stat().st_mode & 0o777 == 0o600
    text = kept_text(session, body.path)
    assert "worst  3 a minute" in text
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "0 of 5  500" in lines["health"], text
    assert "200" in lines["maps"] or "500" in lines["maps"]
    assert text.index("services outside") < text.index("maps")
    assert "connections: 97 connections (NOT WELL, expected at most 80 connections)" in text
    assert all(part in text for part in body.note.split("; ")), "the three numbers stand on top"
    assert body.note.startswith("errors ")
    assert body.note.endswith("database load connections 97 connections")
    assert state(session, "A3") is State.DONE
    assert state(session, "K2") is State.OPEN, "the logs are not kept with it"
    with_feed(session, lambda feed: keep(session, feed))
    assert [one.path for one in session.incident.evidence] == ["monitoring.txt.gz", "monitoring-2.txt.gz"]


def test_a_closed_incident_takes_no_more(night: Evening, session: Session) -> None:
    """It was closed while the numbers were taken."""
    session.close_incident("not recovered", "it did not help")
    with_feed(session, lambda feed: _refused_to_keep(session, feed))
    assert not session.incident.evidence


def _refused_to_keep(session: Session, feed: LogFeed) -> None:
    assert "the incident is closed" in refused(lambda: keep(session, feed))


def test_probes_that_hang_are_waited_for_together_and_not_forever(night: Evening, session: Session) -> None:
    """Nobody answers: it is a reading, too."""
    night.site.close()
    with_feed(session, lambda feed: keep(session, feed))
    [body] = session.incident.evidence
    assert "no probe answers, 0 of 2 probes pass" in body.note
    assert "no answer" in kept_text(session, body.path)


# -------------------------------------------------------------------------------------------------- in the cockpit


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_enter_keeps_it_and_the_strip_stands_over_the_logs(
    night: Evening, session: Session, size: tuple[int, int]
) -> None:
    """Enter on A3; space does not tick it. The strip: beside the list, in the log view, left out where it is small."""
    log(night, 12, 11, 11)
    session.mark("A1", State.DONE)
    session.mark("A2", State.DONE)
    app = cockpit(session, ascii=False)
    async with app.run_test(size=size) as pilot:
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        await comes(pilot, lambda: screen.releases and state(session, "A4") is State.DONE)
        await comes(pilot, lambda: screen.code == "A3")
        await pilot.press("space")
        assert "not by hand" in screen.note()
        await looked(pilot)
        await pilot.press("enter")
        await comes(pilot, lambda: state(session, "A3") is State.DONE)
        await comes(pilot, lambda: not screen.keeping)
        await comes(pilot, lambda: screen.note().startswith("kept: errors "), screen.note)
        await pilot.press("3")
        history = screen.query_one(ReleaseHistory)
        await comes(pilot, lambda: history.suspect == night.tiny.former)
        await comes(pilot, lambda: "suspect" in "\n".join(screen_lines(app)) or size[0] < 100)
        await pilot.press("4")
        strip = screen.query_one(TimeStrip)
        assert strip.display is (size[0] > 60)
        if strip.display:
            await comes(pilot, lambda: "deployed 22 min before the declaration" in "\n".join(screen_lines(app)))
            await comes(pilot, lambda: "│" in screen_lines(app)[strip.region.y])
        await pilot.press("2")
        assert strip.display is (size[0] == 160)


# ---------------------------------------------------------------------------------------------------- pinned lines


def test_a_pinned_line_keeps_its_host_its_source_and_its_time(session: Session) -> None:
    """Of a container its stamp; of a file the time in the line, where that names its zone."""
    session.pin_line("web-1", "2026-11-22T02:41:09.5Z", "ERROR x")
    session.pin_line("site.log", "", "2026-11-22T03:41:09.123+01:00 [7] ERROR y")
    session.pin_line("site.log", "", "2026-11-22 02:41:09,123 ERROR z")
    bodies = [event.body for event in session.journal.events(session.incident.id)]
    pinned = [body for body in bodies if isinstance(body, ev.LinePinned)]
    assert [(one.source, one.at) for one in pinned] == [
        ("web-1", "2026-11-22T02:41:09.5Z"),
        ("site.log", "2026-11-22T02:41:09.000000Z"),
        ("site.log", ""),
    ]
    assert {one.host for one in pinned} == {session.who.host}
    told = "\n".join(timeline(session.journal.events(session.incident.id)))
    assert f"log line pinned from web-1 on {session.who.host} at 2026-11-22T02:41:09.5Z: ERROR x" in told
