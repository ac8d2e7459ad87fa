"""Before a backup takes the place of the live data, three things are affirmed by name; the loss over its number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from database_ground import LIVE, WRITTEN_SINCE, Ground, make_ground
from database_tiny import database_tiny
from pilot_moves import comes, hears, looked, sees_joined
from postgres_server import PostgresServer
from tiny_system import decided, refused, run
from widget_bench import screen_text

from actions.model.backup_file import Format
from actions.model.checklist import Kind, Phase, State
from actions.model.incident import item_of, items, state_of
from actions.model.plan import Plan
from actions.model.record_text import markdown
from app.cockpit import cockpit
from app.procedure_check import BUILT_IN
from app.session import Session
from widgets.reason_dialog import ReasonDialog

pytestmark = pytest.mark.postgres


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def session(ground: Ground, tmp_path: Path) -> Iterator[Session]:
    """Its document asks what the built-in one asks, in the very words."""
    tiny = database_tiny(ground, tmp_path / "tiny")
    asked = [line for line in BUILT_IN.read_text().splitlines() if "when: restore" in line]
    page = tiny.config.parent / "rollback.md"
    page.write_text(page.read_text().replace("\n## After", "\n".join([*asked, "", "## After"]), 1))
    one = tiny.session()
    decided(one)
    yield one
    one.close()
    one.journal.close()


def drawn(session: Session) -> Plan:
    backup = next(one for one in session.releases("database") if one.source == "backup")
    return session.draw(backup, "database")


def stands(session: Session, code: str) -> State:
    item = item_of(session.incident, code)
    assert item is not None, [one.code for one in items(session.incident)]
    return state_of(session.incident, item)


def test_three_affirmations_by_name(ground: Ground, session: Session) -> None:
    """I00: nothing is stopped or swapped before; nobody's name is no name; another number takes the third one back."""
    ground.dump(Format.CUSTOM)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    first = drawn(session)
    assert item_of(session.incident, "L1") is None, "restoring beside replaces nothing"
    for step in first.steps:
        assert run(session, step.code) == "done"
    plan = drawn(session)
    loss = item_of(session.incident, "L3")
    assert loss is not None
    assert plan.facts["loss"] in loss.text
    assert "27 rows in 5 tables" in loss.text
    assert "gate: L1" in refused(lambda: session.start("Y1", armed="enter"))
    assert "must be named" in refused(lambda: session.mark("L1", State.DONE))
    assert "none of the configured people" in refused(lambda: session.mark("L1", State.DONE, "Nobody"))
    session.mark("L1", State.DONE, "ops2")
    session.mark("L2", State.DONE, "second operator")
    assert "gate: L3" in refused(lambda: session.start("Y1", armed="enter"))
    session.mark("L3", State.DONE, "ops1")
    assert [stands(session, code) for code in ("L1", "L2", "L3")] == [State.DONE] * 3
    ground.server.sql("INSERT INTO auth_user (username) VALUES ('later')", LIVE)
    drawn(session)
    assert [stands(session, code) for code in ("L1", "L2", "L3")] == [State.DONE, State.DONE, State.OPEN]
    again = item_of(session.incident, "L3")
    assert again is not None
    assert "28 rows" in again.text
    session.mark("L3", State.DONE, "ops1")
    assert run(session, "Y1") == "done", session.incident.runs[-1].summary
    text = markdown(session.incident, session.journal.events(session.incident.id))
    assert "affirmed by Second Operator (ops2)" in text
    assert text.count("affirmed by First Operator (ops1)") >= 2, "both numbers are on record"


def test_the_way_around_the_dump_takes_a_second_person(ground: Ground, tmp_path: Path) -> None:
    """E04: the present state is kept before it is replaced; nobody goes around that alone, and it stands in red."""
    ground.dump(Format.CUSTOM)
    tiny = database_tiny(ground, tmp_path / "tiny")
    (tmp_path / "keep").mkdir()
    tiny.config.write_text(tiny.config.read_text().replace("[database]\n", f'[database]\nkeep = "{tmp_path}/keep"\n'))
    session = tiny.session()
    try:
        decided(session)
        plan = drawn(session)
        assert [step.code for step in plan.steps if step.gate] == ["B1"]
        assert "waits for B1" in refused(lambda: session.start("X1", armed="enter"))
        assert "second person" in refused(lambda: session.mark("B1", State.OVERRIDDEN, "no time"))
        assert "second person" in refused(lambda: session.override_gate("B1", "no time", ""))
        assert refused(lambda: session.override_gate("B1", "no time", "nobody"))
        session.override_gate("B1", "the disk is full", "ops2")
        assert stands(session, "B1") is State.OVERRIDDEN
        assert run(session, "X1") == "done", session.incident.runs[-1].summary
        text = markdown(session.incident, session.journal.events(session.incident.id))
        assert "the disk is full (second person: ops2)" in text
        assert "explain gate B1" in text
    finally:
        session.close()
        session.journal.close()


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_the_key_asks_who_says_so(ground: Ground, session: Session, size: tuple[int, int]) -> None:
    """Enter on an affirmation asks for the name, with the number before the eyes; a stranger ticks nothing."""
    ground.dump(Format.CUSTOM)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    for step in drawn(session).steps:
        assert run(session, step.code) == "done"
    drawn(session)
    for code in [item.code for item in items(session.incident)]:
        item = item_of(session.incident, code)
        if item is not None and item.kind is Kind.MANUAL and not item.affirms and item.phase is Phase.BEFORE:
            session.mark(code, State.DONE)
    for code in ("L1", "L2"):
        session.mark(code, State.DONE, "ops2")
    app = cockpit(session)
    async with app.run_test(size=size) as pilot:
        await looked(pilot)
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        shown = " ".join(screen_text(app).replace("│", " ").split())
        assert "27 rows in 5 tables" in shown, shown
        assert "Who affirms it?" in shown
        await pilot.press(*"nobody", "enter")
        await sees_joined(pilot, "none of the configured people")
        assert stands(session, "L3") is State.OPEN
        await looked(pilot)
        await pilot.press("enter")
        await hears(pilot, ReasonDialog)
        await pilot.press(*"ops1", "enter")
        await comes(pilot, lambda: stands(session, "L3") is State.DONE, "the affirmation")
