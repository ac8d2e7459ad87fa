"""Verifies a snapshot and makes it the incident's side database; its undo gives it back as the snapshot it was.

Counting what is lost with it, and swapping it in, is done by the same steps as for a restored backup.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from actions.model.database_names import ident
from actions.model.effect import Effect
from actions.model.effect_database import RunSql
from actions.model.effect_snapshot import AdoptSnapshot
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Reporter, World
from actions.model.quick_dataclass import dataclass, replace
from actions.model.snapshot_adoption import comment_sha256, give_back_sql
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.side_debt import gone_facts
from actions.steps.side_reading import MAINTENANCE, note_of
from actions.steps.snapshots import Snapshot, snapshot_named


@dataclass(frozen=True)
class VerifySnapshot:
    """Nothing is made and nothing that runs is touched: a comment, and whether it lets connections in."""

    step_id: ClassVar[str] = "database.adopt"
    risk: ClassVar[Risk] = Risk.READ
    adopt: AdoptSnapshot
    due: str = ""
    """When it is to be looked at whether this incident still needs it."""

    @property
    def name(self) -> str:
        """For the eye."""
        return sanitise(self.adopt.snapshot.name)

    def title(self) -> str:
        """What the checklist row says."""
        return f"Verify the snapshot {self.name}"

    def expected(self) -> str:
        """The state that counts as done."""
        return (
            "every table holds what it held when the snapshot was taken; it is this incident's, and undo gives it back"
        )

    def effects(self) -> tuple[Effect, ...]:
        """The one."""
        return (self.adopt,)

    def undo_effects(self) -> tuple[Effect, ...]:
        """A snapshot again."""
        client, sql = self.adopt.client, give_back_sql(self.adopt.snapshot, self.adopt.note.goaround)
        argv = client.psql(MAINTENANCE, admin=True)
        return (RunSql(client.host, argv, sql, self.adopt.snapshot.name, cwd=client.cwd, env=dict(client.env)),)

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return f"{self.name} may let connections in; nothing in it was changed. Run it again, or undo it: it is closed."

    def moved(self, world: World) -> str:
        """Whether it is gone, is another one, or somebody else's by now."""
        found = self._found(world)
        if found is None:
            return f"there is no snapshot {self.name} any more"
        if self._ours(found) or comment_sha256(found.comment) == self.adopt.snapshot.comment_sha256:
            return ""
        return (
            f"{self.name} was adopted by {found.adopted}" if found.adopted else f"{self.name} says something else now"
        )

    def run(self, world: World, report: Reporter) -> StepResult:
        """Verify it."""
        result = perform(self.effects(), world, report)
        ended = result.as_result()
        if not result.ok:
            seen = _asked(lambda: self.check(world))
            if seen.happened is not Happened.YES:
                return ended
            words = f"{seen.detail} (psql: {ended.summary})"  # it ended before it could tell; the server did it
            ended = replace(ended, outcome=Outcome.DONE, summary=words)
        return replace(ended, facts={**ended.facts, **self._owed()})

    def check(self, world: World) -> Checked:
        """What its comment says."""
        found = self._found(world)
        if found is None:
            return Checked(Happened.NO, f"there is no snapshot {self.name} any more", gone_facts(self.name))
        if self._ours(found):
            _, note = note_of(world, self.adopt.client, self.adopt.snapshot.name)
            return Checked(Happened.YES, note.verified if note is not None else "", self._owed())
        return Checked(Happened.NO, f"{self.name} is a snapshot still, and not verified{_open(found)}")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Give it back."""
        result = perform(self.undo_effects(), world, report).as_result()
        seen = _asked(lambda: self.check_undone(world))
        if seen.happened is Happened.YES:
            return StepResult(Outcome.DONE, seen.detail, {**result.facts, **seen.facts})
        outcome = Outcome.UNKNOWN if result.outcome is Outcome.DONE else result.outcome
        return StepResult(outcome, f"{result.summary}. Now: {seen.detail}", result.facts)

    def check_undone(self, world: World) -> Checked:
        """Whether it is a snapshot that lets nobody in."""
        found = self._found(world)
        if found is None:
            return Checked(Happened.UNKNOWN, f"there is no snapshot {self.name} any more")
        if self._ours(found) or (found.open and not found.adopted):
            return Checked(Happened.NO, f"{self.name} is not given back{_open(found)}")
        return Checked(Happened.YES, f"{self.name} is a snapshot as before", gone_facts(self.name))

    def _found(self, world: World) -> Snapshot | None:
        found = snapshot_named(world, self.adopt.client, self.adopt.live, self.adopt.snapshot.name)
        return found if found is not None and found.oid == self.adopt.snapshot.oid else None

    def _ours(self, found: Snapshot) -> bool:
        return found.adopted == self.adopt.note.goaround

    def _owed(self) -> dict[str, str]:
        """It is no snapshot for anybody else, until it is swapped in or given back."""
        if not self.due:
            return {}
        return {
            "debt": f"snapshot {self.name} is held open for this incident's swap",
            "debt of": "",  # of the step that tells it, however that ended
            "debt about": self.name,
            "due": self.due,
            "by hand": f"ALTER DATABASE {sanitise(ident(self.adopt.snapshot.name))} ALLOW_CONNECTIONS false, by hand: "
            "whoever chooses it next verifies it anew",
        }


def _open(found: Snapshot) -> str:
    return "; it lets connections in" if found.open else ""


def _asked(ask: Callable[[], Checked]) -> Checked:
    """A server that does not answer leaves it unknown."""
    try:
        return ask()
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, error.line())
