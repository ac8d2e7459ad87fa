"""What a session knows and writes down: the incident as the fold of its journal, who flies, and one event more.

Every append is judged by the model against the newest state, inside the transaction that records it. What the operator
wishes is left to ``session``; running steps to ``session_running``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from actions.engine import lease as leases
from actions.engine.silence import Heard
from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model import matrix
from actions.model.clock import Clock, elapsed_ms, parse_stamp
from actions.model.errors import GoaroundError, Refused
from actions.model.fold import fold
from actions.model.incident import Incident, procedure_warnings
from actions.model.lease_row import LeaseRow
from actions.model.note import Note
from actions.model.secret import Redactor, edge
from actions.model.system import Settings
from app.places import pinned_config
from app.settings import Loaded, load
from app.who import Who

if TYPE_CHECKING:
    from actions.engine.runner import Runner
    from actions.model.approval import ApprovalState
    from actions.model.measured import Measured
    from actions.model.ports import World
    from app.parking import Parked


class _HeadMoved(Exception):
    """Another process appended meanwhile: look again."""


@dataclass(eq=False, repr=False)
class SessionRecord:
    """One system's present incident. ``driver`` is whether this process holds the lease."""

    loaded: Loaded
    journal: SqliteJournal
    clock: Clock
    who: Who
    redactor: Redactor
    worker_argv: Callable[[str], tuple[str, ...]]
    """Incident id -> command line of its worker."""
    build_world: Callable[[Loaded, Path], World]
    incident: Incident = field(default_factory=lambda: Incident(""))
    driver: bool = False
    fence: int = 0
    mode: str = ""
    """``live`` or ``drill``; empty: by the configured environment."""
    _runner: Runner | None = None
    _world: World | None = None
    _seen_version: int = -1
    _resolving: int = 0
    _asked_again: tuple[int, int] = (0, 0)
    """How often the world was asked in vain about the run ``_resolving``, and when it is asked next (monotonic ms)."""
    _heard: Heard = field(default_factory=Heard)
    _configured: Loaded | None = None
    """The configuration that we were started with, while a pinned copy is in force."""
    release_notes: tuple[Note, ...] = ()
    """What could not be learnt when the releases were read last."""
    measured: Mapping[str, Measured] = field(default_factory=dict)
    """How long each way back took by earlier records, as far as they were read (``app.measured``)."""
    measured_for: str | None = None
    """The incident for which they were read: not its own; None: they were not."""
    _changed_config: tuple[str, ...] = ()
    parked_for: tuple[int, str, bool] | None = None
    """For which state of the store, and which incident, ``parked_elsewhere`` was read; None: it was not."""
    parked_elsewhere: tuple[Parked, ...] = ()
    """The other parked records of the system (``app.parking``)."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """Screen and background readers fold one after the other."""

    @property
    def settings(self) -> Settings:
        """The configuration in force: the pinned copy while an incident is open."""
        return self.loaded.settings

    # -- reading -------------------------------------------------------------------------------------------------

    def open(self, incident: str | None = None) -> None:
        """Attach to the open incident of this system (or the one named), or to the one that awaits a signature."""
        name = self.settings.system.name
        found = incident or self.journal.open_incident(name) or self.journal.unsigned_incident(name)
        if found is None:
            return
        self.incident = Incident(found)
        self.sync()
        pinned = pinned_config(self.journal.incident_folder(found))
        if pinned.exists() and self._goes_on():
            now = self._configured = self._configured or self.loaded
            self.loaded = load(pinned)
            self._world = None
            if (now.sha256, now.recipients) != (self.loaded.sha256, self.loaded.recipients):
                self._changed_config = ("the configuration was changed since: the pinned copy counts",)

    def sync(self) -> bool:
        """Fold what is new in the journal; True when anything was."""
        with self._lock:
            if not self.incident.id:
                return False
            fresh = self.journal.events(self.incident.id, self.incident.head_seq)
            if fresh:
                self.incident = fold(self.incident.id, fresh, self.incident)
                holder = self.incident.holder
                if self.driver and holder is not None and holder.fence > self.fence:
                    self.driver = False  # somebody else flies since
            return bool(fresh)

    def poll(self, *, turn: bool = True) -> bool:
        """As ``sync``, but asks the store first whether anybody else wrote; cheap enough for every tick.

        ``turn``: an observer may turn to another incident. Not while somebody answers a question about this one.
        """
        version = self.journal.data_version()
        if version == self._seen_version and not (self._resolving or self.incident.running):
            return False
        if turn:
            self._seen_version = version  # else the turn is made up for at the first tick that allows it
        lost = self._lost_lease()
        return (turn and self._turn_to_newer()) or self.sync() or lost

    def _lost_lease(self) -> bool:
        """Whether somebody took the lease for what stands in no event here: another incident of this system."""
        row = self.journal.lease(self.settings.system.name) if self.driver else None
        if row is None or (row.fence == self.fence and row.held):
            return False
        self.driver = False
        self._left_parked()
        return True

    def _left_parked(self) -> None:
        """A parked record says until when somebody was at its keys."""
        if not self.incident.is_parked:
            return
        with contextlib.suppress(GoaroundError):  # it says who was there, and nothing hangs on it
            self.sync()
            holder = self.incident.holder
            if holder is not None and holder.fence == self.fence:
                self.record(ev.LeaseReleased(self.who.login, self.fence), drive=False)

    def _turn_to_newer(self) -> bool:
        """An observer with nothing open before it turns to the incident that the driver has declared meanwhile."""
        if self.driver or (self.incident.id and self.incident.closed is None):
            return False
        newer = self.journal.open_incident(self.settings.system.name)
        if newer is None or newer == self.incident.id:
            return False
        self.forget()
        self.open(newer)
        return True

    def elapsed_ms(self) -> int:
        """Milliseconds since the declaration; 0 before it."""
        one = self.incident
        if one.declared is None:
            return 0
        return elapsed_ms(self.clock, one.declared_at, one.declared_mono, one.declared_boot)

    def folder(self) -> Path:
        """The incident's folder for spools and evidence."""
        return self.journal.incident_folder(self.incident.id)

    def authority(self) -> tuple[matrix.Authority, int | None]:
        """Who may decide now, and the seconds until that changes."""
        return matrix.may_decide(self.elapsed_ms() // 1000, self.authority_rules())

    def authority_rules(self) -> tuple[matrix.Authority, ...]:
        """The configured escalation, else that of the procedure, else the built-in one."""
        rules = tuple(matrix.Authority(row.seconds, row.approve) for row in self.settings.escalation)
        if not rules and self.incident.procedure is not None:
            rules = matrix.authority_of(self.incident.procedure.escalation)
        return rules or matrix.DEFAULT_AUTHORITY

    def approvals(self) -> ApprovalState:
        """Where the approvals of the present plan stand now."""
        from actions.model.approval import approval_state, moment_of  # there is a plan: the screen stands

        return approval_state(self.incident, moment_of(self.clock))

    def world(self) -> World:
        """The ports of the system, built when first needed."""
        if self._world is None:
            self._world = self.build_world(self.loaded, self.folder() if self.incident.id else self.journal.folder)
        return self._world

    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the record or the configuration, most important first."""
        skewed = tuple(
            f"{what} differs: {seen.seen}"
            for what, (_, seen) in self.incident.observations.items()
            if what.startswith("clock of ") and not seen.ok
        )
        return (*skewed, *self.loaded.warnings, *self._changed_config, *procedure_warnings(self.incident))

    def closed_ms(self) -> int:
        """Milliseconds from the declaration to the close (by the record's clock); 0 while it is open."""
        one = self.incident
        if not one.closed_at or not one.declared_at:
            return 0
        return round((parse_stamp(one.closed_at) - parse_stamp(one.declared_at)).total_seconds() * 1000)

    def proof_words(self) -> str:
        """What the newest proof saw, or empty."""
        plan = self.incident.plan
        for run in reversed(self.incident.runs):
            step = plan.step(run.code) if plan else None
            if step is not None and step.proves:
                return run.summary
        return ""

    # -- recording -----------------------------------------------------------------------------------------------

    def record(
        self, body: ev.Body, rule: Callable[[Incident], str | None] | None = None, *, drive: bool = True
    ) -> ev.Event:
        """Append one event when the rule gives no reason against it on the newest state; raises Refused with it."""
        return self.record_all((body,), rule, drive=drive)[0]

    def record_all(
        self, bodies: Sequence[ev.Body], rule: Callable[[Incident], str | None] | None = None, *, drive: bool = True
    ) -> list[ev.Event]:
        """As ``record``, with several events at once: all of them or none."""
        for _ in range(50):
            self.sync()
            judged = self.incident  # once: another thread may fold on between the rule and the append
            reason = rule(judged) if rule else None
            if reason:
                raise Refused(reason)
            seen = judged.head_seq

            def guard(head: int, seen: int = seen) -> None:
                if head != seen:
                    raise _HeadMoved
                if drive:
                    self._check_fence()

            try:
                events = self.journal.append_all(self.incident.id, self.who.login, bodies, guard=guard)
            except _HeadMoved:
                continue
            self.sync()
            return events
        raise GoaroundError("the record is being written to without a pause", "", "try again")

    def _check_fence(self) -> None:
        row = self.journal.lease(self.settings.system.name)
        if row is None or row.fence != self.fence or not row.held:
            self.driver = False
            raise Refused(f"{row.holder if row else 'nobody'} has taken over; you observe now")

    def clean(self, text: str, limit: int = 2000) -> str:
        """A text of a person, safe for screen and record: no control characters, no known secret."""
        return edge(text, self.redactor)[:limit].strip()

    # -- who flies -----------------------------------------------------------------------------------------------

    def take_lease(self, *, takeover_reason: str = "") -> bool:
        """Become the driver; False (and an observer) when somebody else flies and no takeover is wanted."""
        try:
            row, taken_from = leases.take(
                self.journal, self.settings.system.name, self.who, self.clock, takeover=bool(takeover_reason)
            )
        except leases.LeaseHeld:
            self.driver = False
            return False
        self.driver, self.fence = True, row.fence
        if self.incident.id and self._goes_on():
            self.record(self._lease_body(row, self.clean(takeover_reason), taken_from.holder if taken_from else ""))
        return True

    def take_offered(self, system: str, rule: Callable[[LeaseRow | None], None]) -> None:
        """Become the driver by an offer; ``rule`` sees who holds the lease and refuses by raising."""
        row, taken_from = leases.take(self.journal, system, self.who, self.clock, takeover=True, rule=rule)
        self.driver, self.fence = True, row.fence
        self.record(self._lease_body(row, "", taken_from.holder if taken_from else "", accepted=True))

    def _lease_body(
        self, row: LeaseRow, reason: str = "", taken_from: str = "", *, accepted: bool = False
    ) -> ev.LeaseTaken:
        return ev.LeaseTaken(row.holder, row.host, row.pid, row.tty, row.fence, reason, taken_from, accepted)

    def holder_line(self) -> str:
        """Who holds the lease, for refusals: ``ops2 from jump-1 pts/3 since …``."""
        row = self.journal.lease(self.settings.system.name)
        return f"{row.holder} from {row.host} {row.tty} (process {row.pid})" if row else "nobody"

    def _goes_on(self) -> bool:
        """Whether steps may be run for the incident: it is open, or parked for what they straighten."""
        return self.incident.closed is None or self.incident.is_parked

    def close(self) -> None:
        """Leave: give the lease back, let the worker go. A running step goes on."""
        if self.driver:
            if self.incident.id and self._goes_on():
                try:
                    self.record(ev.LeaseReleased(self.who.login, self.fence))
                except GoaroundError:
                    self.driver = False
            leases.release(self.journal, self.settings.system.name, self.fence)
            self.driver = False
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _open_rule(self, incident: Incident) -> str | None:
        if not self.driver:
            return f"you observe; {incident.holder.holder if incident.holder else 'somebody else'} flies"
        return "the incident is closed" if incident.closed else None

    def forget(self) -> None:
        """Turn away from the present incident, to declare another."""
        if self.driver:
            self._left_parked()
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self.incident = Incident("")
        self._world = None
        self._resolving, self._heard, self._changed_config = 0, Heard(), ()
        if self._configured is not None:
            self.loaded, self._configured = self._configured, None
