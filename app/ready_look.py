"""Looks in the background whether a rollback would work, while an incident is open; the lamp in the bar shows it.

What a run of ``goaround ready`` by cron found is read first: it lies in a small file. Then the one who flies makes the
checks anew every few minutes, but not while a step runs, nor once it is back and proven. It records and changes
nothing. Whoever observes reads the file alone.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from actions.model.blocking import running_reason
from actions.model.clock import span
from actions.model.errors import GoaroundError
from actions.model.quick_dataclass import replace
from actions.model.ready import Lamp, ReadyReport, lamp
from actions.model.system import seconds_of
from app.ready_file import read_report, write_report
from app.session import Session

if TYPE_CHECKING:
    from actions.model.release_history import History
    from actions.model.release_rows import Listing
    from app.ready_checks import Checks
    from widgets.incident_bar import BarFacts

FIRST_S = 6.0
"""What the screen itself reads comes first: releases, logs, sensors."""
SCHEMA_S = 1800
"""So long a verdict about the schema counts while no step has run."""
FILE_S = 10.0
"""How often it is looked whether a newer answer lies in the file, or something is to be looked at."""


class ReadyLook:
    """Of one session."""

    def __init__(self, session: Session, *, observe: bool = False, first_s: float | None = None) -> None:
        self.session = session
        self.observe = observe
        self.first_s = FIRST_S if first_s is None else first_s
        self.report: ReadyReport | None = None
        """The newest, from here or from the file."""
        self.looking = False
        self.trouble = ""
        """Why the checks could not be made at all."""
        self._begun_ms = 0
        """When the look that goes on has begun (monotonic)."""
        self._wished = False
        """Somebody has asked to look now."""
        self._due_ms = 0
        self._for = ""
        """The incident whose checks these are."""
        self._ran = 0
        """Steps that had run when it was looked last."""
        self._checks: Checks | None = None
        self._stopped = threading.Event()
        self._wake = threading.Event()

    def start(self) -> None:
        """Begin, in a thread."""
        threading.Thread(target=self._run, name="ready", daemon=True).start()

    def stop(self) -> None:
        """Look no more; what is being read ends by itself."""
        self._stopped.set()
        self._wake.set()

    @property
    def busy(self) -> bool:
        """It is being looked at, or will be at once."""
        return self.looking or self._wished

    def read(self) -> None:
        """What others found, where that is newer."""
        found = read_report(self.session.journal.folder, self.session.settings.system.name)
        if found is not None and (self.report is None or found.at > self.report.at):
            self.report = found

    def look_again(self) -> bool:
        """At once, where this cockpit may; the answer: whether it will."""
        return not self.look_now()

    def look_now(self) -> str:
        """At once, by somebody's wish; the answer: why not, in words, or nothing. Also before an incident is open."""
        reason = self._why_not()
        if not reason:
            self._wished = True
            self._wake.set()
        return reason

    def _why_not(self) -> str:
        session, incident = self.session, self.session.incident
        if self._stopped.is_set():
            return "this cockpit is being left"
        if self.observe or (incident.declared is not None and not session.driver):
            return "whoever flies looks; here their newest answer is shown"
        if incident.closed is not None:
            return "the incident is closed: goaround ready looks"
        reason = running_reason(incident)
        return f"{reason}: look again when it has ended" if reason else ""

    def words(self, key: str = "l looks now") -> str:
        """When and by whom it was looked, or why it was not; and whether it is being looked at now.

        ``key``: which one looks at once, in words.
        """
        parts = []
        found = self.lamp()
        if self.trouble:
            parts.append(f"the last look failed: {self.trouble}")
        if self.report is not None and found is not None:
            parts.append(f"looked at {found.age} by {self.report.by}")
        if self.looking:
            since = span(max(0, self.session.clock.monotonic_ms() - self._begun_ms) // 1000)
            parts.append(f"it is being looked at{' again' if self.report is not None else ''}, since {since}")
        elif self._wished:
            parts.append("it is looked at in a moment")
        elif not parts:
            parts.append("the first look begins in a moment" if self._may() else self._unlooked(key))
        return "; ".join(parts)

    def _unlooked(self, key: str) -> str:
        reason = self._why_not()
        return f"nobody has looked yet; {reason or key}"

    def lamp(self) -> Lamp | None:
        """As it is now; None: nobody has looked, and nobody is looking."""
        if self.report is None and not self.looking:
            return None
        return lamp(self.report, self.session.clock.now().timestamp())

    def on_bar(self, facts: BarFacts) -> BarFacts:
        """The bar with the lamp."""
        found = self.lamp()
        return facts if found is None else replace(facts, ready=found.word, ready_age=found.age)

    def _run(self) -> None:
        self.read()
        self._wake.wait(self.first_s)  # somebody's wish need not wait
        while not self._stopped.is_set():
            self._wake.clear()
            wished = self._wished
            if (wished and not self._why_not()) or (self._may() and self._due()):
                self._look()
            else:
                if wished:  # one that has come since it was asked stays, and has woken us
                    self._wished = False
                self.read()
            self._wake.wait(FILE_S)

    def _due(self) -> bool:
        return self.session.clock.monotonic_ms() >= self._due_ms

    def _may(self) -> bool:
        incident = self.session.incident
        flies = self.session.driver and not self.observe
        is_open = incident.declared is not None and incident.closed is None
        return flies and is_open and incident.running is None and not incident.proven and not self._stopped.is_set()

    def _look(self) -> None:
        self._begun_ms = self.session.clock.monotonic_ms()
        self.looking, self._wished = True, False
        try:
            report = self._checked().run()
        except GoaroundError as error:
            self.trouble = error.line()
        except Exception as error:  # noqa: BLE001 - the lamp is a help: whatever it was, the cockpit goes on
            self.trouble = f"{type(error).__name__}: {error}"
        else:
            self.trouble = ""
            if not self._stopped.is_set():
                self.report = report
                self._write(report)
        finally:
            self.looking = False
            every_s = seconds_of("every", self.session.settings.ready.every)
            self._due_ms = self.session.clock.monotonic_ms() + every_s * 1000

    def _checked(self) -> Checks:
        """Those of this incident: it goes by a configuration of its own."""
        session = self.session
        if self._checks is None or self._for != session.incident.id:
            from app.ready_checks import Checks

            folders = (str(session.journal.folder),)
            known = session.journal.folder
            self._checks = Checks(
                session.settings, session.world(), session.who.login, folders, self._join, known, SCHEMA_S
            )
            self._for = session.incident.id
        ran = len(session.incident.runs)
        if ran != self._ran:
            self._checks.forget()
        self._ran = ran
        return self._checks

    def _join(self, option: str, listings: tuple[Listing, ...]) -> History:
        from app.release_sources import with_record

        return with_record(self.session, listings, option)

    def _write(self, report: ReadyReport) -> None:
        try:
            write_report(self.session.journal.folder, report)
        except OSError:
            return  # it is for others; this cockpit has its answer
