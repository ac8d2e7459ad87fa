"""The database option flown by a session and its worker: prepared, approved over its loss by two, swapped, undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from database_ground import LIVE, WRITTEN_SINCE, Ground, make_ground
from database_tiny import database_tiny
from postgres_server import PostgresServer
from tiny_system import Tiny, decided, refused, run, settle

from actions.model.backup_file import Format
from actions.model.chain import verify_lines
from actions.model.plan import Plan
from actions.model.record_text import markdown
from actions.steps.database_preflight import live_database
from actions.steps.snapshots import count_snapshot, snapshots, take_snapshot
from app import approving
from app.approval_desk import open_desk
from app.debt_desk import pay
from app.parking import close_parked
from app.session import Session
from app.who import who_am_i

PEOPLE = """
dba1 = { name = "Data Base Admin", roles = ["database-admin"] }
"""


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def tiny(ground: Ground, tmp_path: Path) -> Tiny:
    """The tiny system, with a database."""
    made = database_tiny(ground, tmp_path / "tiny")
    made.without_me()
    text = made.config.read_text()
    made.config.write_text(text.replace("[people]\n", "[people]" + PEOPLE))
    return made


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    decided(one)
    yield one
    one.close()
    one.journal.close()


def drawn(session: Session) -> Plan:
    backup = next(one for one in session.releases("database") if one.source == "backup")
    return session.draw(backup, "database")


def approved(session: Session, tiny: Tiny) -> None:
    """By both whom a restore needs, each from their own login."""
    approving.request_approval(session)
    for login in ("dba1", "ops2"):
        desk = open_desk(tiny.store, session.incident.id)
        desk.who = replace(who_am_i({}), login=login)
        approving.approve(desk, session.incident.plan_digest, "tiny")
        desk.journal.close()
    session.sync()


def test_an_evening_with_the_database(ground: Ground, tiny: Tiny, session: Session) -> None:
    """S03, S04: prepared without anybody; swapped by two over the number; `u` brings it back; the record tells both."""
    was = ground.held(LIVE)
    ground.dump(Format.SQL_GZIP)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    now = ground.held(LIVE)
    first = drawn(session)
    for step in first.steps:
        assert run(session, step.code) == "done", session.incident.runs[-1].summary
    assert ground.held(LIVE) == now
    (beside,) = session.incident.debts
    assert f"side database {first.drawn['side']} is kept" in beside.text
    assert not beside.paid
    plan = drawn(session)
    assert plan.facts["stage"] == "swap"
    assert run(session, "Y1") == "done"
    assert run(session, "Y2") == "done"
    words = refused(lambda: session.start("Y3", armed="typed"))
    assert "database-admin" in words
    assert "tech-manager" in words
    approved(session, tiny)
    assert "typed" in refused(lambda: session.start("Y3", armed="enter"))
    session.start("Y3", armed="typed")
    settle(session)
    assert ground.held(LIVE) == was
    beside, debt = session.incident.debts
    assert beside.paid == "Y3"
    assert plan.drawn["kept"] in debt.text
    assert debt.due > plan.drawn["time"]
    assert run(session, "Y6") == "done", session.incident.runs[-1].summary
    assert session.incident.proven
    session.start("Y3", armed="typed", undo=True)
    settle(session)
    assert ground.held(LIVE) == now
    assert not session.incident.proven
    _, paid, owed = session.incident.debts
    assert paid.paid
    assert plan.drawn["side"] in owed.text
    events = session.journal.events(session.incident.id)
    text = markdown(session.incident, events)
    assert "27 rows in 5 tables" in text
    assert f"the former database is kept as {plan.drawn['kept']}" in text
    assert "undo of Y3" in text
    verify_lines(session.journal.lines(session.incident.id))

    # What stands beside the live database keeps the record open: it is parked, with what straightens it and until when.
    assert (owed.undo, owed.due > plan.drawn["time"]) == (
        f"once nobody needs it, by hand: a person drops {plan.drawn['side']}",
        True,
    )
    assert owed.name in refused(lambda: session.close_incident("not recovered", "the rows are needed"))
    session.park_incident("not recovered", "the rows are needed")
    assert session.incident.is_parked
    assert verify_lines(session.journal.lines(session.incident.id)).folded.is_parked
    pay(session, owed.name, "nobody needs it: dropdb")
    close_parked(session)
    assert (session.incident.is_parked, session.incident.closed is not None) == (False, True)


def test_an_evening_with_a_snapshot(ground: Ground, tiny: Tiny, session: Session) -> None:
    """Nothing is restored: verified, a debt, swapped by two over the number, back by `u`; the record tells both."""
    world, client = ground.world, ground.client
    one = take_snapshot(world, client, live_database(world, client, LIVE), "1122", "v1").snapshot
    one = count_snapshot(world, client, LIVE, one)
    was = ground.held(LIVE)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    now = ground.held(LIVE)
    chosen = next(each for each in session.releases("database") if each.source == "snapshot")
    first = session.draw(chosen, "database")
    assert run(session, "X2") == "done", session.incident.runs[-1].summary
    (held,) = session.incident.debts
    assert (held.paid, f"snapshot {one.name} is held open" in held.text) == ("", True)
    session.start("X2", armed="typed", undo=True)
    settle(session)
    assert session.incident.debts[0].paid == "undo of X2"
    assert not next(each for each in snapshots(world, client, LIVE) if each.name == one.name).open
    for step in first.steps:
        assert run(session, step.code) == "done", session.incident.runs[-1].summary
    plan = session.draw(next(each for each in session.releases("database") if each.source == "snapshot"), "database")
    assert (plan.facts["stage"], plan.facts["loss rows"]) == ("swap", "27")
    assert run(session, "Y1") == "done"
    assert run(session, "Y2") == "done"
    assert "database-admin" in refused(lambda: session.start("Y3", armed="typed"))
    approved(session, tiny)
    session.start("Y3", armed="typed")
    settle(session)
    assert ground.held(LIVE) == was
    assert [bool(debt.paid) for debt in session.incident.debts] == [True, True, False]
    assert run(session, "Y6") == "done", session.incident.runs[-1].summary
    assert session.incident.proven
    session.start("Y3", armed="typed", undo=True)
    settle(session)
    assert ground.held(LIVE) == now
    assert ground.server.databases() == (LIVE, one.name)
    text = markdown(session.incident, session.journal.events(session.incident.id))
    assert "as when it was taken" in text
    assert "undo of Y3" in text
