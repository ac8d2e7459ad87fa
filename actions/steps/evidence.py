"""Keeps what the next steps would destroy: logs of containers, the resolved configuration, files.

What belongs to it is decided by the drawer; how it is kept is left to ``perform`` and the evidence store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import CollectFile, CollectOutput, Effect
from actions.model.effect_coolify import CollectCoolify
from actions.model.ports import Reporter, World
from actions.model.recipient import NOT_ENCRYPTED
from actions.model.step import Outcome, StepResult
from actions.steps.perform import perform
from actions.steps.reading import ReadingStep


@dataclass(frozen=True)
class KeepEvidence(ReadingStep):
    """Collects each item, also after one failed: the next step destroys the others as well."""

    step_id: ClassVar[str] = "evidence.keep"
    title_text: str
    expected_text: str
    collects: tuple[CollectOutput | CollectFile | CollectCoolify, ...]

    def title(self) -> str:
        """The row's text, as drawn."""
        return self.title_text

    def expected(self) -> str:
        """What counts as done, as drawn."""
        return self.expected_text

    def effects(self) -> tuple[Effect, ...]:
        """The items, in the order drawn."""
        return self.collects

    def leaves(self) -> str:
        """What was kept stays."""
        return "Nothing was changed; what was kept so far stays. Run it again for the rest."

    def run(self, world: World, report: Reporter) -> StepResult:
        """Keep all that can be kept; done only when nothing failed."""
        performed = perform(self.effects(), world, report, keep_going=True)
        kept = sum(key.startswith("evidence ") for key in performed.facts)
        facts = performed.facts | {"kept": f"{kept} of {len(self.collects)}"}
        if performed.outcome is Outcome.DONE:
            return StepResult(Outcome.DONE, f"{facts['kept']} kept", facts)
        return StepResult(performed.outcome, f"{facts['kept']} kept; {performed.summary}", facts)


def private_words(readers: tuple[str, ...]) -> str:
    """How private files are kept, for the line that says what counts as done."""
    if readers:
        return f"private files are encrypted to {', '.join(readers)}"
    return f"private files: {NOT_ENCRYPTED}"
