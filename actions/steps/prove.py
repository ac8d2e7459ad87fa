"""Proves that the target runs: engine or application are asked what runs, then every probe must pass.

What "the target" is was decided when the plan was drawn; how a reading is taken is left to ``perform``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.codec import later
from actions.model.effect import Effect, ObserveCommit, ObserveImages, ProbeHttp
from actions.model.effect_coolify import ObserveDeployed
from actions.model.ports import Reporter, World
from actions.model.step import Outcome, StepResult
from actions.steps.perform import Performed, perform
from actions.steps.reading import ReadingStep

NOT_PROVEN = "not proven: no way to learn what runs is configured"


@dataclass(frozen=True)
class ProveBack(ReadingStep):
    """What makes a rollback green. Facts: ``running``, the identity seen, and ``probes``, like 5 of 5."""

    step_id: ClassVar[str] = "prove.back"
    target: str
    """Name of the release, for people."""
    images: ObserveImages | None = None
    commit: ObserveCommit | None = None
    probes: tuple[ProbeHttp, ...] = ()
    deployed: ObserveDeployed | None = later(None)  # noqa: RUF009  # a marked default, frozen as it is

    def title(self) -> str:
        """The row's text."""
        return f"Prove that {self.target} is back"

    def expected(self) -> str:
        """What counts as done."""
        parts = []
        if self.images:
            parts.append(f"{', '.join(sorted(self.images.want))} run the images of {self.target}")
        if self.commit:
            parts.append(f"commit {self.commit.want} runs")
        if self.deployed:
            parts.append(f"every container of the application runs {self.deployed.want}")
        if not parts:
            parts.append("what runs cannot be learned")
        if self.probes:
            parts.append(f"{_count(len(self.probes))}: {', '.join(p.name for p in self.probes)}")
        return "; ".join(parts)

    def effects(self) -> tuple[Effect, ...]:
        """First what runs: a probe proves nothing while the wrong version answers."""
        # Images after the commit: with both, the fact `running` is that of the images, as in a release.
        seen: tuple[Effect, ...] = tuple(part for part in (self.commit, self.images, self.deployed) if part is not None)
        return (*seen, *self.probes)

    def run(self, world: World, report: Reporter) -> StepResult:
        """Look; without a way to learn what runs, it stays unknown, however well probes pass."""
        performed = perform(self.effects(), world, report)
        facts = performed.facts | {"probes": f"{self._passed(performed)} of {len(self.probes)}"}
        if not performed.ok:
            return StepResult(performed.outcome, performed.summary, facts)
        probes = f"{facts['probes']} probes passed" if self.probes else "no probe is configured"
        if not (self.images or self.commit or self.deployed):
            return StepResult(Outcome.UNKNOWN, f"{NOT_PROVEN}; {probes}", facts)
        return StepResult(Outcome.DONE, f"{self.target} runs ({facts['running']}); {probes}", facts)

    def _passed(self, performed: Performed) -> int:
        """Probes follow the observations, and the first failure ends the row of effects."""
        looked = len(self.effects()) - len(self.probes)
        ended = performed.failed_at - 1 if performed.failed_at else len(self.effects())
        return max(0, ended - looked)


def _count(number: int) -> str:
    return "1 probe passes" if number == 1 else f"{number} probes pass"
