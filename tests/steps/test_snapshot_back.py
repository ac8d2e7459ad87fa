"""Back to a snapshot on a real server: listed, verified, counted, swapped in itself, undone; else left as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from database_ground import INCIDENT, LIVE, LOST, WRITTEN_SINCE, Ground, make_ground, told
from planned_steps import step_of
from postgres_server import OWNER, PostgresServer

from actions.engine.planner import draw, releases
from actions.model.clock import parse_stamp, stamp
from actions.model.database_names import ident, literal
from actions.model.errors import Refused
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.predeploy import KeptState, Predeploy
from actions.model.release import Release, WayBack
from actions.model.side_note import drop_side_sql, read_note
from actions.model.snapshot_sql import SnapshotNote, note_json
from actions.model.step import Happened, Outcome
from actions.steps.catalog import build
from actions.steps.database_preflight import live_database
from actions.steps.planned import params_of
from actions.steps.propose import propose
from actions.steps.snapshots import Snapshot, count_snapshot, take_snapshot

OTHER = "INC-20261123-zzzz"


@dataclass
class Snapped:
    """A live database that was written to since its snapshot."""

    ground: Ground
    was: bytes
    """All that the snapshot holds."""

    @property
    def world(self) -> World:
        return self.ground.world

    @property
    def server(self) -> PostgresServer:
        return self.ground.server

    def taken(self, mark: str, *, counted: bool = True) -> Snapshot:
        live = live_database(self.world, self.ground.client, LIVE)
        one = take_snapshot(self.world, self.ground.client, live, mark, "sha256:ab").snapshot
        return count_snapshot(self.world, self.ground.client, LIVE, one) if counted else one

    def listed(self) -> list[Release]:
        found, _ = releases(self.ground.settings, "database", self.world)
        return [one for one in found if one.source == "snapshot"]

    def release(self, one: Snapshot) -> Release:
        return next(release for release in self.listed() if release.identity == one.identity)

    def drawn(self, one: Snapshot, incident: str = INCIDENT) -> Plan:
        return draw(self.ground.settings, "database", self.release(one), self.world, incident)

    def fly(self, plan: Plan, *codes: str) -> None:
        for code in codes:
            step = step_of(plan, code)
            assert step.moved(self.world) == "", code
            result = step.run(self.world, told())
            assert result.outcome is Outcome.DONE, (code, result.summary)

    def comment(self, name: str) -> str:
        return self.server.sql(
            f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'"
        )

    def is_open(self, name: str) -> bool:
        return self.server.sql(f"SELECT datallowconn FROM pg_database WHERE datname = {literal(name)}") == "t"

    def write(self, name: str, text: str) -> None:
        """Somebody opens it, writes, and closes it again."""
        self.server.sql(f"ALTER DATABASE {ident(name)} ALLOW_CONNECTIONS true")
        self.server.sql(text, name)
        self.server.sql(f"ALTER DATABASE {ident(name)} ALLOW_CONNECTIONS false")


@pytest.fixture
def snapped(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Snapped:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    ground = make_ground(postgres, tmp_path)
    return Snapped(ground, ground.held(LIVE))


def test_there_and_back(snapped: Snapped) -> None:
    """Nothing is restored: verified, counted, swapped in itself, proven; undone, the live one is as it was before."""
    one = snapped.taken("1122")
    assert not snapped.is_open(one.name)
    assert one.held is not None
    snapped.server.sql(WRITTEN_SINCE, LIVE)
    now = snapped.ground.held(LIVE)
    release = snapped.release(one)
    assert (release.way_back, release.live_since) == (WayBack.READY, one.at)
    assert "closed, and nobody wrote to it since" in release.note
    assert "swapped in at once" in release.subject
    plan = snapped.drawn(one)
    assert (plan.facts["stage"], [step.code for step in plan.steps]) == ("prepare", ["X2", "X3"])
    verify = step_of(plan, "X2")
    assert build(verify.step_id, params_of(verify)) == verify
    assert verify.check(snapped.world).happened is Happened.NO
    snapped.fly(plan, "X2")
    assert verify.check(snapped.world).facts["debt about"] == one.name
    assert verify.check_undone(snapped.world).happened is Happened.NO
    snapped.fly(plan, "X3")
    note = read_note(snapped.comment(one.name))
    assert note is not None
    assert note.usable
    assert note.snapshot == one.comment
    assert "as when it was taken; nobody wrote in it since" in note.verified
    assert note.loss is not None
    assert {name.removeprefix("public."): loss.lost for name, loss in note.loss.tables.items()} == {
        name: lost for name, (lost, _, _) in LOST.items()
    }
    assert "ready to be swapped in" in snapped.release(one).note
    swap = snapped.drawn(one)
    assert (swap.facts["stage"], swap.facts["loss rows"]) == ("swap", "27")
    assert any(one.code == "snapshot-itself" for one in swap.notes)
    snapped.fly(swap, "Y1", "Y2", "Y3", "Y6")
    assert snapped.ground.held(LIVE) == snapped.was
    assert snapped.server.databases() == (LIVE, swap.drawn["kept"])
    assert snapped.listed() == []
    found, _ = releases(snapped.ground.settings, "database", snapped.world)
    assert found[0].identity == one.identity, "what runs is the snapshot"
    undone = step_of(swap, "Y3").undo(snapped.world, told())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert snapped.ground.held(LIVE) == now
    assert snapped.server.databases() == (LIVE, one.name)
    assert snapped.listed() == [], "it was live: it is no snapshot any more"
    assert "was live" in verify.moved(snapped.world) or "no snapshot" in verify.moved(snapped.world)
    assert verify.undo(snapped.world, told()).outcome is not Outcome.DONE
    assert snapped.server.databases() == (LIVE, one.name), "nothing that was live is dropped"


def test_given_back_it_is_the_snapshot_it_was(snapped: Snapped) -> None:
    """Undone before the swap: closed, its own comment word for word; it can be chosen again, by anybody."""
    one = snapped.taken("1122")
    snapped.server.sql(WRITTEN_SINCE, LIVE)
    plan = snapped.drawn(one)
    snapped.fly(plan, "X2", "X3")
    verify = step_of(plan, "X2")
    snapped.server.sql(f"ALTER DATABASE {ident(one.name)} RENAME TO obcms_rb_1")
    with pytest.raises(AssertionError, match="left as it is"):
        snapped.server.sql(drop_side_sql("obcms_rb_1", INCIDENT))
    snapped.server.sql(f"ALTER DATABASE obcms_rb_1 RENAME TO {ident(one.name)}")
    for _ in range(2):  # a second time changes nothing
        undone = verify.undo(snapped.world, told())
        assert (undone.outcome, undone.facts["pays about"]) == (Outcome.DONE, one.name), undone.summary
        assert snapped.comment(one.name) == one.comment
        assert not snapped.is_open(one.name)
    assert verify.check_undone(snapped.world).happened is Happened.YES
    assert "database of this incident" in step_of(plan, "X3").moved(snapped.world)
    snapped.fly(snapped.drawn(one, OTHER), "X2", "X3")
    assert verify.moved(snapped.world) == f"{one.name} was adopted by {OTHER}"
    assert verify.run(snapped.world, told()).outcome is Outcome.FAILED
    taking = snapped.drawn(one)
    assert any("this plan takes it over" in note.text for note in taking.notes)
    snapped.fly(taking, "X2", "X3")
    assert snapped.drawn(one).facts["stage"] == "swap"
    assert snapped.drawn(one, OTHER).facts["stage"] == "prepare", "the first one's is gone"
    assert step_of(taking, "X2").undo(snapped.world, told()).outcome is Outcome.DONE
    assert snapped.comment(one.name) == one.comment


def test_two_snapshots_and_what_is_none(snapped: Snapped) -> None:
    """Each is itself, by name and oid; of another database, without a word, or of somebody else: never swapped in."""
    server = snapped.server
    early = snapped.taken("1", counted=False)
    server.sql("DELETE FROM heap", LIVE)
    late = snapped.taken("2")
    note = note_json(SnapshotNote("2026-11-22T00:00:00.000000Z", "r"))
    for name in ("other_snap_1", f"{LIVE}_snap_bare", f"{LIVE}_snap_cut"):
        server.new_database(name)
    server.sql(f"COMMENT ON DATABASE other_snap_1 IS {literal(note)}")
    record = Predeploy("obcms", "production", "2026-11-22T09:59:00.000000Z", new="v43")
    kept = KeptState("snapshot", late.name, late.at, late.size)
    old = Release("v42", live_since=stamp(parse_stamp(early.at) - timedelta(days=1)), ended="ok")
    new = Release("v43-1", live_since=stamp(parse_stamp(late.at) + timedelta(seconds=5)), ended="ok")
    snapped.ground.world = replace(
        snapped.world, predeploys=lambda: (replace(record, kept=(kept,)),), known_releases=lambda: (old, new)
    )
    found = {one.identity: one for one in snapped.listed()}
    assert set(found) == {early.identity, late.identity, *(f"database {LIVE}_snap_{x}" for x in ("bare", "cut"))}
    assert found[late.identity].name == f"snapshot {late.at[:10]} {late.at[11:16]}Z, before v43"
    assert "predeploy record of 2026-11-22T09:59Z" in found[late.identity].note
    assert found[early.identity].name == f"snapshot {early.at[:10]} {early.at[11:16]}Z, before v43-1"
    assert "was not counted when it was taken" in found[early.identity].note
    everything, _ = releases(snapped.ground.settings, "database", snapped.world)
    proposed = propose(everything)
    assert proposed.release is not None
    assert proposed.release.identity == late.identity
    assert "the newest usable snapshot from before what runs" in proposed.why
    for bad in (found[f"database {LIVE}_snap_bare"], replace(found[late.identity], images={"snapshot": "snapshot x"})):
        with pytest.raises(Refused, match="cannot be used"):
            draw(snapped.ground.settings, "database", bad, snapped.world, INCIDENT)
    assert found[f"database {LIVE}_snap_bare"].way_back is WayBack.GONE
    # The early one, of which nothing was counted: it says so, and holds what it held.
    plan = snapped.drawn(early)
    assert any("was not counted" in one.text for one in plan.notes)
    snapped.fly(plan, "X2", "X3")
    swap = snapped.drawn(early)
    assert swap.drawn["side"] == early.name
    assert snapped.drawn(late).facts["stage"] == "prepare", "the other one is not ready for that"
    snapped.fly(swap, "Y1", "Y2", "Y3")
    assert snapped.ground.held(LIVE) == snapped.was
    assert [one.identity for one in snapped.listed() if one.way_back is WayBack.READY] == [late.identity]
    # One of the same name that is another database is not mistaken for it.
    plan = snapped.drawn(late)
    server.sql(f"ALTER DATABASE {ident(late.name)} RENAME TO gone")
    server.new_database(late.name)
    server.sql(f"COMMENT ON DATABASE {ident(late.name)} IS {literal(late.comment)}")
    verify = step_of(plan, "X2")
    assert "no snapshot" in verify.moved(snapped.world)
    assert verify.run(snapped.world, told()).outcome is Outcome.FAILED
    assert snapped.comment(late.name) == late.comment


WRITES = {
    "ANALYZE": "",
    "SELECT nextval('auth_user_id_seq')": "sequence public.auth_user_id_seq: 500 expected, 501 found",
    "UPDATE heap SET amount = 7 WHERE word = 'w1'": "rows written since, by the server's counters: none expected, 3 (",
    "ALTER TABLE heap ADD COLUMN sneaked int": "pg_catalog.pg_attribute",
    "INSERT INTO heap VALUES ('sneaked in', 1)": "table public.heap: 120 rows expected, 121 rows found",
}
"""What somebody does in it -> what is then found; the planner's own numbers are nobody's writing."""


def test_who_wrote_to_it_is_found_out(snapped: Snapped) -> None:
    """Opened, written to, closed again: it is not what it was, stays a snapshot, and is closed."""
    one = snapped.taken("1122")
    plan = snapped.drawn(one)
    verify = step_of(plan, "X2")
    for text, words in WRITES.items():
        snapped.write(one.name, text)
        result = verify.run(snapped.world, told())
        if words:
            assert (result.outcome, words in result.summary) == (Outcome.FAILED, True), (text, result.summary)
        else:
            assert result.outcome is Outcome.DONE, result.summary
            assert verify.undo(snapped.world, told()).outcome is Outcome.DONE
        assert snapped.comment(one.name) == one.comment
        assert not snapped.is_open(one.name)
    assert "rows were written in it since" in snapped.release(one).note


def test_without_the_rights_it_is_refused(snapped: Snapped) -> None:
    """The owner of the live database alone cannot rename a snapshot of somebody else: said in the list, and refused."""
    one = snapped.taken("1122")
    snapped.server.sql(f"CREATE ROLE app LOGIN CREATEDB; ALTER DATABASE {LIVE} OWNER TO app")
    table = snapped.ground.settings.database
    assert table is not None
    snapped.ground.settings = replace(snapped.ground.settings, database=replace(table, role="app"))
    release = snapped.release(one)
    assert release.way_back is WayBack.GONE
    assert f"it belongs to {OWNER}, whose rights we do not have" in release.note
    with pytest.raises(Refused, match="cannot be used") as raised:
        snapped.drawn(one)
    assert "database.admin" in raised.value.next_move
    snapped.server.sql(f"ALTER DATABASE {ident(one.name)} OWNER TO app")
    plan = snapped.drawn(one)
    snapped.server.sql(f"ALTER DATABASE {ident(one.name)} OWNER TO {OWNER}")  # between the plan and its step
    result = step_of(plan, "X2").run(snapped.world, told())
    assert result.outcome is Outcome.FAILED
    assert "must be owner" in result.summary
    assert snapped.comment(one.name) == one.comment
    snapped.server.sql(f"ALTER DATABASE {ident(one.name)} OWNER TO app; GRANT pg_read_all_data TO app")
    snapped.fly(plan, "X2", "X3")
    assert step_of(plan, "X2").undo(snapped.world, told()).outcome is Outcome.DONE, "an owner is enough"


def test_an_old_one_of_a_server_that_has_crashed_since(snapped: Snapped) -> None:
    """Older than any backup that is kept: a way back all the same. Without counters no claim that nobody wrote."""
    one = snapped.taken("1122")
    old = stamp(parse_stamp(one.at) - timedelta(days=40))
    comment = note_json(SnapshotNote(old, one.release, one.held))
    snapped.server.sql(f"COMMENT ON DATABASE {ident(one.name)} IS {literal(comment)}")
    snapped.server.restart(how="immediate")
    release = snapped.release(one)
    assert release.way_back is WayBack.READY
    assert "40 d 0 h old" in release.subject
    plan = snapped.drawn(one)
    words = [note.text for note in plan.notes if note.code == "snapshot-warns"]
    assert [text.partition(" ")[0] for text in words] == ["the", "it"]
    assert "has lost its counters" in words[0]
    assert "backup_max_age" in words[1]
    result = step_of(plan, "X2").run(snapped.world, told())
    assert result.outcome is Outcome.DONE
    assert "the server has lost its counters since" in result.summary
