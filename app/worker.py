"""The worker process: performs the runs that the journal announces, and asks the world about those whose end was lost.

Started by the cockpit as ``python -P -c "from app.worker import main; main()" STORE INCIDENT``. It lives in a session
of its own, takes orders (one JSON object a line) on standard input, says ``ready`` and then one line after every order,
and ends when the pipe is closed and no order is left. It outlives the cockpit that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from actions.engine.execute import execute, resolve
from actions.engine.processes import end_session
from actions.engine.report import SpoolReporter
from actions.gateways.journal import SqliteJournal
from actions.gateways.libraries import load_libraries
from actions.model.clock import SystemClock
from actions.model.errors import GoaroundError
from actions.model.fold import fold
from app.environment_values import with_environments
from app.known import known_releases
from app.places import pinned_config
from app.secrets_in import redactor_for
from app.settings import load
from app.world import build_world


class _Stopping:
    """TERM means: the operator wants the running step ended. Its children are ended; it records what is left."""

    def __init__(self) -> None:
        self.reporter: SpoolReporter | None = None
        self.begun = 0
        self.wanted = False

    def begin(self, reporter: SpoolReporter) -> None:
        """A run has started."""
        # What earlier runs left in the background is older than this and stays.
        self.begun = SystemClock().monotonic_ms()
        self.reporter = reporter
        if self.wanted:
            reporter.stop()

    def on_term(self, _number: int, _frame: FrameType | None) -> None:
        """Tell the run, end its children; in a thread, because a handler must not wait."""
        self.wanted = True
        if self.reporter is None:
            os._exit(143)
        self.reporter.stop()
        options = {"leader": False, "since_ms": self.begun}
        threading.Thread(target=end_session, args=(os.getpid(),), kwargs=options, daemon=True).start()


def worker_argv(store: Path, incident: str) -> tuple[str, ...]:
    """The command line of a worker; ``-P`` keeps a stranger's ``app`` in the working directory out."""
    return (sys.executable, "-P", "-c", "from app.worker import main; main()", str(store), incident)


def _say(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        # The cockpit is gone. The journal has everything; nobody needs to be woken.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - stays open until the process ends


def main() -> None:
    """Take orders until the pipe is closed. What goes wrong stands in the worker's log; its end tells the cockpit."""
    try:
        _serve(Path(sys.argv[1]), sys.argv[2])
    except GoaroundError as error:
        sys.stderr.write(f"{error.line()}\n")
        sys.exit(1)


def _serve(store: Path, incident: str) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopping = _Stopping()
    signal.signal(signal.SIGTERM, stopping.on_term)
    journal = SqliteJournal(store, SystemClock())
    folder = journal.incident_folder(incident)
    loaded = load(pinned_config(folder))
    redactor = redactor_for(loaded.settings)
    world = build_world(loaded, folder, redactor, known_releases(journal, loaded.settings.system.name))
    world = with_environments(world, journal, loaded.settings, incident)
    load_libraries(engine=world.containers is not None)
    journal.make_room()
    known = fold(incident, journal.events(incident))  # now, so that an order begins at once
    _say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "run":
            result = execute(journal, world, incident, order["run"], folder, stopping.begin, known)
            stopping.reporter = None
            _say(result.outcome.value)
            if stopping.wanted:
                break
        elif order["do"] == "resolve":
            _say(resolve(journal, world, incident, order["run"], order["actor"]).happened.value)
        journal.checkpoint()
        known = fold(incident, journal.events(incident, known.head_seq), known)
    journal.close()
