"""What the database option tells on the way: its loss, its time, what comes next, and what a name could have meant."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from database_ground import LIVE, WRITTEN_SINCE, Ground, make_ground
from database_tiny import database_tiny
from postgres_server import PostgresServer
from tiny_system import Tiny, decided, refused, run

from actions.model.approval_text import plan_lines
from actions.model.backup_file import Format, ProvenRestore
from actions.model.blocking import Move, next_move
from actions.model.checklist import Kind, Phase, State
from actions.model.clock import span, stamp
from actions.model.estimate import timing
from actions.model.incident import Incident, items
from actions.model.message_facts import Now, facts, loss_words
from actions.model.phases import decide_or_back_by
from actions.model.plan import Plan
from actions.model.release import short_id
from actions.steps.database_preflight import live_database
from actions.steps.propose import propose
from app.readiness_reading import read_cards
from app.session import Session

pytestmark = pytest.mark.postgres


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def tiny(ground: Ground, tmp_path: Path) -> Tiny:
    """The built-in procedure over a system whose backups made here go into a folder of their own."""
    made = database_tiny(ground, tmp_path / "tiny")
    made.follow_the_built_in()
    text = made.config.read_text().replace("[database]\n", f'[database]\nkeep = "{tmp_path}/keep"\n')
    made.config.write_text(text)
    return made


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    decided(one)
    yield one
    one.close()
    one.journal.close()


def drawn(session: Session, name: str = "") -> Plan:
    backups = [one for one in session.releases("database") if one.source == "backup"]
    return session.draw(next(one for one in backups if name in one.name), "database")


def tick(session: Session) -> None:
    """Everything before the rollback that a person ticks."""
    for item in items(session.incident):
        if item.kind is Kind.MANUAL and item.phase is Phase.BEFORE and not item.gate:
            session.mark(item.code, State.DONE)
    for code in ("A3", "A4", "K2", "K3"):
        session.mark(code, State.OVERRIDDEN, "not in this test")
    session.override_gate("K1", "nobody looks in this test", "ops2")


def told(incident: Incident) -> str:
    found = timing(incident, {}, 60_000)
    assert found is not None
    return found.words


def test_one_evening_as_it_is_told(ground: Ground, session: Session) -> None:
    """I07, I08, Z32: the number in messages and approvals; measured times before the document's; the swap alone is
    downtime; NEXT leads from the first plan to the second.
    """
    now = Now(datetime(2026, 11, 22, tzinfo=UTC))
    ground.dump(Format.SQL_GZIP)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    tick(session)
    first = drawn(session, "sql.gz")
    assert short_id(first.target.identity) == first.target.name
    assert facts(session.incident, now)["loss"] == "not counted yet"
    (note,) = [one.text for one in first.notes if one.code == "downtime"]
    assert "no downtime" in note
    assert told(session.incident) == "takes about 30-60 min by the document", "nothing was measured yet"
    proposal = propose(session.releases("database"))
    assert proposal.why.startswith("the newest usable backup from before what runs: the data of ")
    for step in first.steps:
        assert run(session, step.code) == "done"
    move = next_move(session.incident)
    assert (move.move, move.code) == (Move.CHOOSE, "D2")
    assert move.words == "choose the backup again: that draws the swap"
    found = session.releases("database")
    assert all("deployment of" not in one.subject for one in found), "a backup that was chosen is no deployment"
    proposal = propose(found)
    assert proposal.release is not None
    assert proposal.release.name == first.target.name
    assert "that draws the swap" in proposal.why
    own = next(one for one in found if one.name.endswith(".dump"))
    assert "made by this incident" in own.note, "it holds the state that is left"
    second = drawn(session, "sql.gz")
    number = second.facts["loss"]
    assert "27 rows in 5 tables" in number
    assert facts(session.incident, now)["loss"] == f"all data that came after the backup: {number}"[:200]
    assert f"LOST      {loss_words(second)}" in plan_lines(session.incident)
    (note,) = [one.text for one in second.notes if one.code == "downtime"]
    assert note.startswith("without a database for the swap alone (Y3): about 2 s")
    words = told(session.incident)
    seconds = sum(step.about_s for step in second.steps)
    assert words.startswith(f"takes about {seconds} s by its steps (the restore is done")
    assert words.endswith("30-60 min by the document")
    assert next_move(session.incident).move is not Move.CHOOSE


def test_measured_parts_count_before_the_document(ground: Ground, session: Session) -> None:
    """Z32: with a proven restore and an earlier dump the plan says how long each takes, and counts that."""
    path = ground.dump(Format.SQL_GZIP)
    first = drawn(session)
    assert run(session, "B1") == "done"
    proof = ProvenRestore(first.facts["sha256"], stamp(session.clock.now()), 1172, 41)
    Path(f"{path}.proven.json").write_text(json.dumps(proof.to_json()))
    plan = drawn(session, "sql.gz")
    assert plan.step("X1").about_s == 41  # type: ignore[union-attr]
    words = told(session.incident)
    seconds = sum(step.about_s for step in plan.steps) + 60
    assert words.startswith(f"takes about {span(seconds)} by its steps (the dump as it took last, the restore as in")
    deadline, _ = decide_or_back_by(session.incident)
    assert deadline is not None
    late = timing(session.incident, {}, (deadline - 60) * 1000)
    assert late is not None
    assert "cannot be done before" in late.late, "the time of its parts counts against the deadline"
    early = timing(session.incident, {}, (deadline - 600) * 1000)
    assert early is not None
    assert not early.late, "an hour by the document would be too late"


def test_daily_and_a_week_are_sensed_where_backups_are_made_here(tiny: Tiny, tmp_path: Path, session: Session) -> None:
    """M13, M15: the folder of ``keep`` counts; what is empty does not; nothing is deleted."""
    keep = tmp_path / "keep"
    keep.mkdir(exist_ok=True)
    for days in range(9):
        one = keep / f"{days}.sql"
        one.write_text("" if days == 8 else "-- PostgreSQL database dump\n-- PostgreSQL database dump complete\n")
        at = time.time() - days * 86400 - 3600
        os.utime(one, (at, at))
    assert session.incident.procedure is not None
    rows = {row.code: row for row in read_cards(session, session.incident.procedure, ())[0].rows}
    assert rows["V13"].why == "sensed: newest 1 h old"
    assert rows["V15"].why.startswith("sensed: 8 files, the oldest 7 d ")
    assert len(list(keep.iterdir())) == 9


def test_a_name_that_is_not_there(ground: Ground) -> None:
    """The names that are there stand beside it, five at most."""
    for number in range(6):
        ground.server.new_database(f"other_{number}")
    words = refused(lambda: live_database(ground.world, ground.client, "obcms_prd"))
    assert "there is no database obcms_prd" in words
    assert "there are: obcms_prod, other_0, other_1, other_2, other_3 and 2 more" in words
