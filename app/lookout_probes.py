"""Asks the configured probes: each once and all at the same time; what their answers say is the model's.

Those of the system itself and those of what is outside are asked by themselves: a service outside that hangs holds up
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from actions.model.effect import ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.ports import Prober
from actions.model.sensor_rules import Answered, Looked, probes_green, response_times
from actions.model.sensor_rules_probes import (
    Timings,
    dependencies_answer,
    probe_named,
    probes_answer,
    response_baseline,
)
from actions.model.system import ProbeTable
from actions.steps.configured_probes import probe_of
from app.session import Session
from app.side_by_side import side_by_side

OF_OWN = ("probes.green", "probes.answer", "response.times", "response.baseline")
OF_OUTSIDE = ("dependencies.answer",)
NAMED = "probe."


class ProbeLook:
    """Of one session. Raises ``GoaroundError`` where the system cannot be reached at all."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._timings = Timings()
        self._measured: tuple[str, dict[str, int]] = ("", {})
        """For an incident of which moment, and what was measured before the deployment."""

    def sensors(self, names: Collection[str], *, outside: bool) -> tuple[str, ...]:
        """Those of these sensors that answers of this side are needed for."""
        of = OF_OUTSIDE if outside else OF_OWN
        named = {f"{NAMED}{one.name}" for one in self._tables(outside)}
        return tuple(sorted(name for name in names if name in of or name in named))

    def ask(self, *, outside: bool) -> tuple[Answered, ...]:
        """Every probe of one side."""
        tables = self._tables(outside)
        answers = _all(self.session.world().prober, tables, self._effects(tables))
        if not outside:
            self._timings.add(answers, self.session.clock.monotonic_ms())
        return answers

    def judge(self, sensor: str, answers: Sequence[Answered]) -> Looked | None:
        """What they say for this sensor; None: nothing yet."""
        if sensor == "probes.green":
            return probes_green(answers)
        if sensor == "probes.answer":
            return probes_answer(answers)
        if sensor == "response.times":
            return response_times(answers)
        if sensor == "response.baseline":
            return self._baseline()
        if sensor == "dependencies.answer":
            return dependencies_answer(answers)
        return next((probe_named(one) for one in answers if f"{NAMED}{one.name}" == sensor), None)

    def _baseline(self) -> Looked | None:
        settings, now_ms = self.session.settings, self.session.clock.monotonic_ms()
        baselines = self._baselines()
        times = {name: self._timings.recent(name, now_ms) for name in baselines}
        return response_baseline(times, baselines, settings.criteria.slower_percent)

    def _baselines(self) -> dict[str, int]:
        """What the configuration says, else what ``goaround predeploy`` measured before the incident."""
        session = self.session
        at = session.incident.declared_at
        if self._measured[0] != at:
            from app.predeploy_files import baselines

            self._measured = (at, baselines(session.journal.folder, at, session.settings.system.name))
        measured = self._measured[1]
        own = {one.name: one.baseline_ms or measured.get(one.name, 0) for one in session.settings.own_probes}
        return {name: ms for name, ms in own.items() if ms}

    def _tables(self, outside: bool) -> tuple[ProbeTable, ...]:
        return tuple(one for one in self.session.settings.probe if one.external is outside)

    def _effects(self, tables: Sequence[ProbeTable]) -> tuple[ProbeHttp, ...]:
        return tuple(replace(probe_of(one, self.session.settings), passes=1, seconds=0) for one in tables)


def _all(prober: Prober, tables: Sequence[ProbeTable], effects: Sequence[ProbeHttp]) -> tuple[Answered, ...]:
    def ask(number: int) -> Answered:
        return _ask(prober, effects[number], tables[number].slow_ms)

    return side_by_side(len(tables), ask, "lookout probe")


def _ask(prober: Prober, probe: ProbeHttp, slow_ms: int) -> Answered:
    try:
        answer = prober.read(probe)
    except GoaroundError as error:
        return Answered(probe.name, False, 0, 0, error.line(), slow_ms=slow_ms)
    except Exception as error:  # noqa: BLE001 - in a thread of its own: it must come back as an answer
        return Answered(probe.name, False, 0, 0, f"{type(error).__name__}: {error}", slow_ms=slow_ms)
    expected = answer.status in probe.expect.status
    # One that came too late is as slow as its deadline at least; an error page is quick and proves nothing.
    slow = expected and bool(probe.expect.max_ms) and answer.ms > probe.expect.max_ms
    timed = answer.ok or slow or answer.ms >= probe.answer_s * 1000
    wrong = answer.status != 0 and not expected
    return Answered(probe.name, answer.ok, answer.status, answer.ms, answer.detail, wrong, slow_ms, timed)
