"""Looks in the background whether a rollback would work, while an incident is open; the lamp in the bar shows it.

What a run of ``goaround ready`` by cron found is read first: it lies in a small file. Then the one who flies makes the
checks anew every few minutes, but not while a step runs, nor once it is back and proven. It records and changes
nothing. Whoever observes reads the file alone.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.quick_dataclass import replace
from actions.model.ready import Lamp, ReadyReport, lamp
from actions.model.system import seconds_of
from app.ready_file import read_report, write_report
from app.session import Session

if TYPE_CHECKING:
    from actions.model.release import Release
    from actions.model.release_history import History
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

    def look_again(self) -> bool:
        """At once, where this cockpit may; the answer: whether it will."""
        if not self._may():
            return False
        self._due_ms = 0
        self._wake.set()
        return True

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
        self._read_file()
        self._stopped.wait(self.first_s)
        while not self._stopped.is_set():
            self._wake.clear()
            if self._may() and self.session.clock.monotonic_ms() >= self._due_ms:
                self._look()
            else:
                self._read_file()
            self._wake.wait(FILE_S)

    def _may(self) -> bool:
        incident = self.session.incident
        flies = self.session.driver and not self.observe
        is_open = incident.declared is not None and incident.closed is None
        return flies and is_open and incident.running is None and not incident.proven and not self._stopped.is_set()

    def _look(self) -> None:
        self.looking = True
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
            self._checks = Checks(session.settings, session.world(), session.who.login, folders, self._past, SCHEMA_S)
            self._for = session.incident.id
        ran = len(session.incident.runs)
        if ran != self._ran:
            self._checks.forget()
        self._ran = ran
        return self._checks

    def _past(self, option: str, found: tuple[Release, ...]) -> History:
        from app.release_sources import read_history

        return read_history(self.session, found, option)

    def _write(self, report: ReadyReport) -> None:
        try:
            write_report(self.session.journal.folder, report)
        except OSError:
            return  # it is for others; this cockpit has its answer

    def _read_file(self) -> None:
        found = read_report(self.session.journal.folder, self.session.settings.system.name)
        if found is not None and (self.report is None or found.at > self.report.at):
            self.report = found
