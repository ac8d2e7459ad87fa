"""psql, the worker or the server end at a named point of a snapshot's adoption: it is one, or the incident's, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from database_ground import INCIDENT, LIVE, told
from killed_ground import KilledGround, standing
from planned_steps import step_of
from postgres_server import PostgresServer

from actions.engine.planner import draw, releases
from actions.model.database_names import ident
from actions.model.errors import GoaroundError
from actions.model.plan import Plan
from actions.model.step import Happened, Outcome, Step, StepResult
from actions.steps.database_preflight import live_database
from actions.steps.snapshots import Snapshot, count_snapshot, snapshot_named, take_snapshot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DO = "DO $goaround$"
ADOPTS, GIVES_BACK = "jsonb_build_object('snapshot'", "CASE WHEN mine"


class Snapping:
    """A live database that was written to since its snapshot; every test leaves the snapshot as it was."""

    def __init__(self, killed: KilledGround) -> None:
        self.killed, self.world, self.client = killed, killed.ground.world, killed.ground.client
        taken = take_snapshot(self.world, self.client, live_database(self.world, self.client, LIVE), "k", "v1")
        self.taken = count_snapshot(self.world, self.client, LIVE, taken.snapshot)
        self.held = killed.old
        killed.server.sql("DELETE FROM visit; INSERT INTO heap VALUES ('since', 1)", LIVE)
        killed.old = killed.sums()

    def drawn(self) -> Plan:
        settings = self.killed.ground.settings
        found, _ = releases(settings, "database", self.world)
        release = next(one for one in found if one.source == "snapshot")
        return draw(settings, "database", release, self.world, INCIDENT)

    def seen(self) -> Snapshot:
        one = snapshot_named(self.world, self.client, LIVE, self.taken.name)
        assert one is not None
        return one

    def undo(self, verify: Step) -> None:
        """A snapshot again, to the letter."""
        result = verify.undo(self.world, told())
        assert result.outcome is Outcome.DONE, result.summary
        assert verify.check_undone(self.world).happened is Happened.YES
        self.is_as_it_was()

    def is_as_it_was(self) -> None:
        one = self.seen()
        assert (one.comment, one.open, one.adopted) == (self.taken.comment, False, "")
        assert self.killed.answers() == "old"

    def run_again(self, verify: Step) -> None:
        if verify.check(self.world).happened is not Happened.YES:
            assert verify.moved(self.world) == ""
            result = verify.run(self.world, told())
            assert result.outcome is Outcome.DONE, result.summary
        assert verify.check(self.world).happened is Happened.YES
        assert self.killed.sums(self.taken.name) == self.held
        self.undo(verify)


@pytest.fixture(scope="module")
def snapping(_postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapping]:
    with standing(_postgres_server, tmp_path_factory.mktemp("snap")) as ground:
        yield Snapping(ground)


@pytest.mark.parametrize(
    ("how", "where", "opened", "adopted"),
    [
        ("psql", {"before": DO}, False, False),
        ("both", {"given": DO}, True, False),
        ("psql", {"before": "SELECT json_build_object("}, False, False),
        ("both", {"before": "SELECT json_build_object("}, True, False),
        ("both", {"before": DO, "given": ADOPTS}, True, False),
        ("psql", {"given": ADOPTS}, True, True),
        ("both", {"given": ADOPTS}, True, True),
    ],
)
def test_the_adoption_ended_at_a_named_point(
    snapping: Snapping, how: str, where: dict[str, Any], opened: bool, adopted: bool
) -> None:
    """Its data are what they were, and its comment is the one or the other; it goes on, and it goes back."""
    verify = step_of(snapping.drawn(), "X2")
    result = snapping.killed.killed(verify.run, how, **where)
    assert (result.outcome is Outcome.DONE) is (adopted and how == "psql"), result
    one = snapping.seen()
    assert (one.open, bool(one.adopted)) == (opened, adopted)
    seen = verify.check(snapping.world)
    assert (seen.happened is Happened.YES) is adopted, seen
    if opened and not adopted:
        assert "lets connections in" in seen.detail
        assert verify.check_undone(snapping.world).happened is Happened.NO
    assert snapping.killed.answers() == "old"
    snapping.run_again(verify)


@pytest.mark.parametrize(
    ("how", "where", "back"),
    [
        ("both", {"before": DO}, False),
        ("psql", {"given": GIVES_BACK}, True),
        ("server", {"given": GIVES_BACK}, True),
    ],
)
def test_the_giving_back_ended_at_a_named_point(
    snapping: Snapping, how: str, where: dict[str, Any], back: bool
) -> None:
    """All of it or nothing, and it can be asked."""
    plan = snapping.drawn()
    snapping.killed.fly(plan, "X2", "X3")
    verify = step_of(plan, "X2")
    snapping.killed.killed(verify.undo, how, **where)
    assert (verify.check_undone(snapping.world).happened is Happened.YES) is back
    assert bool(snapping.seen().adopted) is not back
    snapping.undo(verify)


def test_the_counting_of_a_new_one_ended(snapping: Snapping) -> None:
    """It is a snapshot whose numbers nobody knows, and is open: told, and no less a way back."""
    killed, world, client = snapping.killed, snapping.world, killed_client(snapping)
    one = take_snapshot(world, client, live_database(world, client, LIVE), "n", "v1").snapshot

    def count(*_: object) -> StepResult:
        try:
            count_snapshot(world, client, LIVE, one)
        except GoaroundError as error:
            return StepResult(Outcome.FAILED, error.line())
        return StepResult(Outcome.DONE, "")

    for how, still_open in (("psql", False), ("both", True)):
        killed.killed(count, how, before="SELECT json_build_object(")
        found = snapshot_named(world, client, LIVE, one.name)
        assert found is not None
        assert (found.held, found.open, found.comment) == (None, still_open, one.comment)
    listed, _ = releases(killed.ground.settings, "database", world)
    note = next(release.note for release in listed if release.identity == one.identity)
    assert "lets connections in" in note
    assert "was not counted" in note
    assert count().outcome is Outcome.DONE
    killed.server.sql(f"DROP DATABASE {ident(one.name)}")


def killed_client(snapping: Snapping) -> Any:
    """Through the programs that can be told to end."""
    from actions.steps.database_reach import client_of

    return client_of(snapping.killed.ground.settings, snapping.world)
