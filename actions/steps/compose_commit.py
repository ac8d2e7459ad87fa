"""Commits the rollback: the pin goes into the project's own Compose file, and every other byte of it stays.

Until then the project's files still name the broken release, and a plain ``up`` would bring it back. Which
bytes change was found by the editor when the plan was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.canonical import sha256_hex
from actions.model.effect import EditFile, Effect
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Risk, StepResult
from actions.steps.perform import perform

SWITCHED = "X1"
"""The switch whose debt is paid."""


@dataclass(frozen=True)
class CommitRollback:
    """Edits Compose files; starts nothing."""

    step_id: ClassVar[str] = "compose.commit"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    edits: tuple[EditFile, ...]
    images: dict[str, str]
    """Service -> image as it will stand in the file."""
    override: str
    """Path of the override file that is not needed any more."""
    switched: str = SWITCHED
    """Code of the step whose debt is paid."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Commit the rollback: pin {', '.join(sorted(self.images))} in the Compose file"

    def expected(self) -> str:
        """The state that counts as done."""
        places = ", ".join(edit.path for edit in self.edits)
        return f"{places} names what runs; {self.override} is not needed any more"

    def effects(self) -> tuple[Effect, ...]:
        """One edit for each file."""
        return self.edits

    def undo_effects(self) -> tuple[Effect, ...]:
        """The former bytes."""
        return tuple(edit.reversed() for edit in reversed(self.edits))

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return "each file is either as it was or fully edited; nothing that runs is touched"

    def moved(self, world: World) -> str:
        """Whether a file has changed since."""
        for edit in self.edits:
            if _sha256(edit, world) not in (edit.before, edit.after):
                return f"{edit.path} has changed"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Edit. It pays what the switch owes."""
        result = perform(self.effects(), world, report).as_result()
        return replace(result, facts={**result.facts, "pays": self.switched})

    def check(self, world: World) -> Checked:
        """Whether the files are the edited ones."""
        seen = _compare(self.edits, world)
        return replace(seen, facts={"pays": self.switched}) if seen.happened is Happened.YES else seen

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Put the former bytes back."""
        return perform(self.undo_effects(), world, report).as_result()

    def check_undone(self, world: World) -> Checked:
        """Whether the files are the former ones."""
        return _compare(tuple(edit.reversed() for edit in self.edits), world)


def _compare(edits: tuple[EditFile, ...], world: World) -> Checked:
    found = {edit.path: _sha256(edit, world) for edit in edits}
    if all(found[edit.path] == edit.after for edit in edits):
        return Checked(Happened.YES, f"{', '.join(found)}: as wanted")
    if all(found[edit.path] == edit.before for edit in edits):
        return Checked(Happened.NO, f"{', '.join(found)}: not edited")
    return Checked(Happened.UNKNOWN, f"{', '.join(found)}: some edited, or changed by somebody else")


def _sha256(edit: EditFile, world: World) -> str:
    content = world.host.read_file(edit.path)
    return "" if content is None else sha256_hex(content)
