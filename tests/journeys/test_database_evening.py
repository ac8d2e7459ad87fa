"""The database option flown by a session and its worker: prepared, approved over its loss by two, swapped, undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from database_ground import LIVE, WRITTEN_SINCE, Ground, make_ground
from postgres_server import OWNER, PostgresServer
from tiny_system import Tiny, build, decided, refused, run, settle

from actions.model.backup_file import Format
from actions.model.chain import verify_lines
from actions.model.plan import Plan
from actions.model.record_text import markdown
from app import approving
from app.approval_desk import open_desk
from app.session import Session
from app.who import who_am_i

CONFIG = """
[database]
name = "{live}"
reach = "host"
role = "{role}"
bin = "{programs}"
backups = "{backups}/*"
drop_after = "3d"
"""
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
    made = build(tmp_path / "tiny")
    made.without_me()
    text = made.config.read_text()
    made.config.write_text(text.replace("[people]\n", "[people]" + PEOPLE))
    programs = str(ground.server.programs)
    made.add_to_config(CONFIG.format(live=LIVE, role=OWNER, programs=programs, backups=ground.folder))
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
    (debt,) = session.incident.debts
    assert plan.drawn["kept"] in debt.text
    assert debt.due > plan.drawn["time"]
    assert run(session, "Y6") == "done", session.incident.runs[-1].summary
    assert session.incident.proven
    session.start("Y3", armed="typed", undo=True)
    settle(session)
    assert ground.held(LIVE) == now
    assert not session.incident.proven
    paid, owed = session.incident.debts
    assert paid.paid
    assert plan.drawn["side"] in owed.text
    events = session.journal.events(session.incident.id)
    text = markdown(session.incident, events)
    assert "27 rows in 5 tables" in text
    assert f"the former database is kept as {plan.drawn['kept']}" in text
    assert "undo of Y3" in text
    verify_lines(session.journal.lines(session.incident.id))
