"""Would a rollback work right now: makes every check that the configuration asks for, side by side, each bounded.

What one check finds is the steps' to say; what follows from all of them is the model's. One that fails or hangs is a
finding of its own and hides no other.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from actions.model.clock import stamp
from actions.model.errors import GoaroundError
from actions.model.migrations import SchemaVerdict, Verdict
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.ready import Finding, Part, ReadyReport, TargetState, ordered
from actions.model.ready_kinds import KINDS, ReadyKind
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.system import Settings
from actions.steps import ready_backups, ready_ground, ready_remote, ready_rights, ready_targets
from actions.steps.ready_schema import schema_finding
from actions.steps.ready_targets import Targets
from actions.steps.schema_code import configured
from actions.steps.schema_reading import schema_verdict
from app.bounded import Answer, Bounded, Question
from app.ready_people import people_part
from app.ready_together import Together
from app.ready_whole import Whole
from app.side_by_side import side_by_side

SLOW = 10
"""What reads much has so many times as long."""
PATIENCE = 0.5
"""The part of its time that a way back waits for what the others tell."""
Join = Callable[[str, tuple[Listing, ...]], History | None]
"""The history over all sources, of a way back and of what each tells, its own first; None: its own list counts."""


def no_history(_option: str, _listings: tuple[Listing, ...]) -> None:
    """The list of the way back itself counts."""


@dataclass
class Checks:
    """Of one system; remembers from run to run what hangs, and which backup was read whole."""

    settings: Settings
    world: World
    login: str
    folders: tuple[str, ...] = ()
    """Of ours, on this machine: where the record lies."""
    join: Join = no_history
    """The history over all sources, by which the target is proposed."""
    store: Path | None = None
    """Where it is remembered which backup was read; None: in this process alone."""
    schema_for_s: int = 0
    """A verdict about the schema counts for so long: asking starts a container. 0: it is asked each time."""
    _verdicts: dict[str, tuple[int, SchemaVerdict]] = field(default_factory=dict)
    _bounded: Bounded[object] = field(default_factory=Bounded)
    _whole: Whole = field(init=False)

    def __post_init__(self) -> None:
        self._whole = Whole(self.store, self.settings.system.name, self.world.clock)

    def run(self) -> ReadyReport:
        """Everything once. Never raises what is expected."""
        begun = self.world.clock.monotonic_ms()
        found = _Found()
        options = [one for one in self.settings.options if one in ready_targets.CODE]
        together = Together(options, self.settings.ready.answer * PATIENCE)
        first = [self._question(f"targets {one}", functools.partial(self._targets, together, one)) for one in options]
        targets: dict[str, Targets] = {}
        for answer in self._bounded.ask([*first, *self._others()], "ready"):
            if isinstance(answer.value, Targets):
                targets[answer.name.removeprefix("targets ")] = answer.value
                found.add(answer.name, answer.value.part)
            else:
                self._note(found, answer)
        for answer in self._bounded.ask(self._second(targets), "ready"):
            if isinstance(answer.value, _Verdict):
                found.judge(answer.name, answer.value)
            elif isinstance(answer.value, _Pulled):
                found.pulled(answer.name, answer.value)
            else:
                self._note(found, answer)
        return ReadyReport(
            system=self.settings.system.name,
            at=stamp(self.world.clock.now()),
            by=f"{self.login}@{sanitise(socket.gethostname(), limit=60)}",
            findings=ordered(tuple(self._clean(one) for one in found.findings)),
            targets=tuple(found.targets),
            facts={key: self._line(value) for key, value in found.facts.items()},
            checks=found.checks,
            seconds=(self.world.clock.monotonic_ms() - begun) // 1000,
        )

    # -- what is asked

    def _question(self, name: str, ask: Callable[[], object], *, slow: bool = False) -> Question[object]:
        return Question(name, ask, self.settings.ready.answer * (SLOW if slow else 1))

    def _others(self) -> list[Question[object]]:
        """What depends on no release."""
        settings, world = self.settings, self.world
        table = settings.database
        asked = [
            self._question("host", lambda: ready_ground.host_part(settings, world, self.folders)),
            self._question("tools", lambda: ready_ground.tools_part(settings, world)),
            self._question("people", lambda: people_part(settings, self.login)),
            self._question("probes", lambda: ready_ground.probes_part(settings, world, side_by_side)),
        ]
        if settings.coolify is not None:
            asked.append(self._question("rights", lambda: ready_rights.rights(settings, world)))
            if settings.coolify.database:
                asked.append(self._question("coolify backups", lambda: ready_backups.coolify_backups_part(world)))
        if table is not None and table.name:
            asked.append(self._question("database", lambda: ready_backups.database_part(settings, world)))
        if table is not None and (table.backups or table.keep):
            asked.append(self._question("backups", self._backups, slow=True))
        return asked

    def _second(self, targets: Mapping[str, Targets]) -> list[Question[object]]:
        """What is asked about the releases that were found."""
        asked: list[Question[object]] = []
        for option, one in targets.items():
            if configured(self.settings):
                for release in one.releases:
                    ask = functools.partial(self._schema, option, release)
                    asked.append(self._question(f"schema {option} {release.name}", ask, slow=True))
            if option == "compose" and self.settings.ready.registry and one.releases:
                pull = functools.partial(self._pull, one.releases[0])
                asked.append(self._question("registry", pull))
        if self.settings.git is not None:
            git = targets.get("git")
            commit = git.releases[0].commit if git is not None and git.releases else ""
            ask_remote = functools.partial(ready_remote.remote_part, self.settings, self.world, commit)
            asked.append(self._question("remote", ask_remote))
        return asked

    def _targets(self, together: Together, option: str) -> Targets | Part:
        def past(_option: str, found: tuple[Release, ...]) -> History | None:
            together.told(option, found)
            try:
                return self.join(option, together.listings(option))
            except GoaroundError:
                return None  # the list of the way back itself still counts

        try:
            return ready_targets.targets_of(self.settings, option, self.world, past)
        except GoaroundError as error:
            together.failed(option, error.line())
            return Part((ReadyKind.WAY_UNREAD.of_error(error, option, f"[{error.code}] "),))
        finally:
            together.failed(option, "it could not be read")  # whatever happened, nobody waits for it

    def _backups(self) -> Part:
        return ready_backups.backups_part(self.settings, self.world, self._whole.sound)

    def _schema(self, option: str, release: Release) -> _Verdict:
        now_ms = self.world.clock.monotonic_ms()
        at_ms, known = self._verdicts.get(release.identity, (0, None))
        if known is None or known.verdict is Verdict.UNKNOWN or now_ms - at_ms >= self.schema_for_s * 1000:
            known = schema_verdict(self.settings, self.world, release)
            self._verdicts[release.identity] = (now_ms, known)
        return _Verdict(option, release, known)

    def forget(self) -> None:
        """The system was changed: what was read of it counts no more."""
        self._verdicts.clear()

    def _pull(self, release: Release) -> _Pulled:
        may, part = ready_targets.pullable(self.world, release)
        return _Pulled(release, may, part)

    # -- what came of it

    def _note(self, found: _Found, answer: Answer[object]) -> None:
        if isinstance(answer.value, Part):
            found.add(answer.name, answer.value)
        elif answer.hangs_s:
            words = f"{answer.name}: no end within {answer.hangs_s:g} s"
            found.checks[answer.name] = "timed out"
            found.findings.append(ReadyKind.CHECK_TIMED_OUT.finding(words, answer.name))
        else:
            error = answer.error
            known = error if isinstance(error, GoaroundError) else GoaroundError(f"{type(error).__name__}: {error}")
            found.checks[answer.name] = "failed"
            found.findings.append(ReadyKind.CHECK_FAILED.of_error(known, answer.name, f"{answer.name}: "))

    def _clean(self, one: Finding) -> Finding:
        assert one.code in KINDS, one.code  # every finding begins there
        return replace(one, text=self._line(one.text), about=self._line(one.about), next_move=self._line(one.next_move))

    def _line(self, text: str) -> str:
        return " ".join(self.world.redact(text).split())


@dataclass(frozen=True)
class _Verdict:
    option: str
    release: Release
    found: SchemaVerdict


@dataclass(frozen=True)
class _Pulled:
    release: Release
    may: bool | None
    part: Part


@dataclass
class _Found:
    """Everything so far."""

    findings: list[Finding] = field(default_factory=list)
    targets: list[TargetState] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, part: Part) -> None:
        self.checks[name] = "ok"
        self.findings += part.findings
        self.targets += part.targets
        self.facts |= part.facts

    def judge(self, name: str, one: _Verdict) -> None:
        """What the schema says: a finding for the proposed release, a word for the others."""
        self.checks[name] = "ok"
        self._change(one.option, one.release, schema=one.found.verdict.value)
        finding = schema_finding(one.found, one.option, one.release)
        key = (one.option, one.release.identity)
        if finding is not None and any(state.proposed for state in self.targets if _key(state) == key):
            self.findings.append(finding)

    def pulled(self, name: str, one: _Pulled) -> None:
        self.add(name, one.part)
        self._change("compose", one.release, pullable=one.may)

    def _change(self, option: str, release: Release, **what: object) -> None:
        for at, state in enumerate(self.targets):
            if _key(state) == (option, release.identity):
                self.targets[at] = replace(state, **what)  # type: ignore[arg-type]  # fields of TargetState


def _key(state: TargetState) -> tuple[str, str]:
    return state.option, state.identity
