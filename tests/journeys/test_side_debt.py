"""A database that was prepared and never swapped in is owed: seen in every list, until it is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from database_ground import INCIDENT, LIVE, SIDE, Ground, make_ground, told
from database_tiny import database_tiny
from postgres_server import PostgresServer
from tiny_system import decided, refused, run

from actions.model.backup_file import Format, ProvenRestore
from actions.model.canonical import sha256_hex
from actions.model.clock import parse_stamp, stamp
from actions.model.parked import may_be_closed
from actions.model.record_text import markdown
from actions.model.step import Happened, Outcome
from actions.steps.perform import perform
from app.cli import main
from app.session import Session

pytestmark = pytest.mark.postgres


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def session(ground: Ground, tmp_path: Path) -> Iterator[Session]:
    one = database_tiny(ground, tmp_path / "tiny").session()
    decided(one)
    yield one
    one.close()
    one.journal.close()


def test_what_is_prepared_and_never_swapped_is_owed(
    ground: Ground, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prepared: owed, with size and due time, once. Dropped by `u`: paid. Closed with it: the record says so."""
    ground.dump(Format.CUSTOM)
    backup = next(one for one in session.releases("database") if one.source == "backup")
    plan = session.draw(backup, "database")
    side = plan.drawn["side"]
    assert run(session, "X1") == "done", session.incident.runs[-1].summary
    (debt,) = session.incident.debts
    assert debt.text.startswith(f"side database {side} is kept beside the live one (")
    assert debt.text.endswith("MB)")
    assert debt.undo == f"u on X1, or once nobody needs it, by hand: a person drops {side}"
    days = (parse_stamp(debt.due) - parse_stamp(plan.drawn["time"])).total_seconds() / 86400
    assert days == pytest.approx(3, abs=0.01)
    assert run(session, "X1") == "done"
    assert [one.paid for one in session.incident.debts] == [""], "it is one database, made twice"
    assert run(session, "X1", undo=True) == "done"
    assert [one.paid for one in session.incident.debts] == ["undo of X1"]
    assert side not in ground.server.databases()
    assert run(session, "X1") == "done"
    assert [bool(one.paid) for one in session.incident.debts] == [True, False]
    assert side in refused(lambda: session.close_incident("not recovered", "nobody approved it"))
    session.park_incident("not recovered", "nobody approved it")
    text = markdown(session.incident, session.journal.events(session.incident.id))
    assert f"side database {side} is kept beside the live one" in text
    assert "**OPEN**" in text
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["debts", "--store", str(session.journal.path.parent)])
    said = capsys.readouterr().out
    assert f"side database {side}" in said
    assert "(undoes X1 in the cockpit)" in said
    # Nothing that runs came of it: what is listed as the way is one, for a parked record as well.
    assert session.take_lease()
    assert run(session, "X1", undo=True) == "done", session.incident.runs[-1].summary
    assert side not in ground.server.databases()
    assert may_be_closed(session.incident)


def test_what_a_failed_or_killed_restore_leaves_is_told(ground: Ground) -> None:
    """Half filled and left: owed. Dropped after a failure: nothing is. A trial owes nothing."""
    due = "2026-12-01T00:00:00.000000Z"
    path = ground.dump(Format.SQL)
    step = ground.restore(path, Format.SQL, due=due)
    assert perform(step.effects()[:1], ground.world, told()).ok  # killed right after it was made
    seen = step.check(ground.world)
    assert seen.happened is Happened.NO
    assert SIDE in seen.facts["debt"]
    assert seen.facts["due"] == due
    assert "debt" not in replace(step, due="").check(ground.world).facts
    path.write_bytes(path.read_bytes() + b"\nSELECT nothing_such;\n")
    failed = step.run(ground.world, told())
    assert failed.outcome is Outcome.FAILED
    assert failed.facts["pays about"] == SIDE
    assert "debt" not in failed.facts
    assert SIDE not in ground.server.databases()
    assert step.incident == INCIDENT
    assert LIVE in ground.server.databases()


def test_the_time_of_the_restore_is_that_of_its_trial(ground: Ground, session: Session) -> None:
    """E05: estimated from the last run of this very backup; without one it is a guess, and called so."""
    path = ground.dump(Format.CUSTOM)
    backup = next(one for one in session.releases("database") if one.source == "backup")
    told = [note.text for note in session.draw(backup, "database").notes if note.code == "restore-takes"]
    assert told == ["the restore takes about 2 s, guessed from its size: no trial has shown it"]
    at = stamp(session.clock.now())
    proven = ProvenRestore(sha256_hex(path.read_bytes()), at, 1172, 754)
    Path(f"{path}.proven.json").write_text(json.dumps(proven.to_json()))
    backup = next(one for one in session.releases("database") if one.source == "backup")
    plan = session.draw(backup, "database")
    assert [note.text for note in plan.notes if note.code == "restore-takes"] == [
        f"the restore takes about 12 min 34 s, as in the trial of {at[:10]}"
    ]
    step = plan.step("X1")
    assert step is not None
    assert step.about_s == 754
