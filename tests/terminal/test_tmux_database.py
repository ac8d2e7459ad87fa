"""The restore that can be undone, by keys in tmux at 80x24: chosen again, affirmed, swapped over its number, undone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from database_ground import LIVE, WRITTEN_SINCE, Ground, make_ground
from database_tiny import database_tiny
from postgres_server import PostgresServer
from terminals import GOAROUND, HUMAN_S, Tmux, tmux
from tiny_system import Tiny, decided, environment, run
from waiting import until

from actions.model.backup_file import Format
from actions.model.checklist import Kind, Phase, State
from actions.model.incident import items
from app import approving
from app.approval_desk import open_desk
from app.procedure_check import BUILT_IN
from app.who import who_am_i

pytestmark = [pytest.mark.tmux, pytest.mark.postgres]

DBA = '[people]\ndba1 = { name = "Data Base Admin", roles = ["database-admin"] }\n'


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def prepared(ground: Ground, tmp_path: Path) -> Tiny:
    """The backup stands restored and counted beside; everything else before the rollback is ticked."""
    ground.dump(Format.SQL_GZIP)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    tiny = database_tiny(ground, tmp_path / "tiny")
    asked = [line for line in BUILT_IN.read_text().splitlines() if "when: restore" in line]
    page = tiny.config.parent / "rollback.md"
    page.write_text(page.read_text().replace("\n## After", "\n".join([*asked, "", "## After"]), 1))
    tiny.config.write_text(tiny.config.read_text().replace("[people]\n", DBA))
    session = tiny.session()
    try:
        decided(session)
        backup = next(one for one in session.releases("database") if one.source == "backup")
        for step in session.draw(backup, "database").steps:
            assert run(session, step.code) == "done"
        for item in items(session.incident):
            if item.kind is Kind.MANUAL and item.phase is Phase.BEFORE:
                session.mark(item.code, State.DONE)
    finally:
        session.close()
        session.journal.close()
    return tiny


def approve(tiny: Tiny) -> None:
    """Both whom a restore needs, each from their own login."""
    session = tiny.session()
    digest, incident = session.incident.plan_digest, session.incident.id
    session.close()
    session.journal.close()
    for login in ("dba1", "ops2"):
        desk = open_desk(tiny.store, incident)
        desk.who = replace(who_am_i({}), login=login)
        approving.approve(desk, digest, "tiny")
        desk.journal.close()


def says(op: Tmux, words: str) -> None:
    """Wait until this is what Enter does."""
    until(lambda: words in op.says(), lambda: f"Enter never does {words!r} but {op.says()!r}\n{op.screen()}")


def enter(op: Tmux, words: str, after: str) -> None:
    """Enter on what it says, until it says what comes after."""
    says(op, words)
    op.runs(op.says())
    says(op, after)


@pytest.mark.timeout(300)
def test_an_evening_with_the_database_by_keys(ground: Ground, prepared: Tiny) -> None:
    """S04, I00, I10: what comes next always stands in the last line; the number stands before who affirms it."""
    now = ground.held(LIVE)
    with tmux(80, 24, environment(prepared)) as op:
        op.run(*GOAROUND, "--config", str(prepared.config), "--store", str(prepared.store))
        says(op, "choose the backup again: that draws the swap")
        op.press("Enter")
        says(op, "go back to obcms_prod")
        op.press("Enter")
        says(op, "tick L1")
        for code, who in (("L1", "dba1"), ("L2", "ops1"), ("L3", "ops2")):
            says(op, f"tick {code}")
            op.press("Enter")
            shown = op.sees("Who affirms it?")
            if code == "L3":
                assert "27 rows in 5 tables" in " ".join(shown.replace("│", " ").split())
            time.sleep(HUMAN_S)
            op.types(who)
            op.answers("Enter", "Who affirms it?")
        enter(op, "say aloud", "run Y1")
        enter(op, "run Y1", "run Y2")
        enter(op, "run Y2", "ask for the approval")
        op.press("Enter")
        op.sees("database-admin")
        approve(prepared)
        says(op, "run Y3")
        op.press("Enter")
        op.sees("replaces what is live", "(lost: 27 rows")
        time.sleep(HUMAN_S)
        op.types("tiny")
        op.answers("Enter", "replaces what is live")
        enter(op, "run Y6", "say aloud")
        assert ground.held(LIVE) != now
        enter(op, "say aloud", "tick S1")
        op.press(*["Up"] * 2)
        op.sees("▌Y3")
        op.press("u")
        op.sees("Undo Y3")
        time.sleep(HUMAN_S)
        op.types("undo")
        op.answers("Enter", "Undo Y3")
        op.sees("not back")
        assert ground.held(LIVE) == now
        op.press("q")
        op.sees("left 0")
