"""The tiny system with what the lookout reads: a real site that turns red and green, a log, and a folder of backups."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tiny_system import Tiny, build
from waiting import until

from actions.model.checklist import State
from actions.model.events import Observed
from actions.model.incident import items, state_of
from actions.model.sensing import PREFIX
from app.session import Session

PROBES = """
[[probe]]
name = "health"
url = "http://127.0.0.1:{port}/health"
answer = 30
slow_ms = {slow_ms}

[[probe]]
name = "ready"
url = "http://127.0.0.1:{port}/ready"
answer = 30
expect = {{ status = 200, body = "yes" }}
"""


class Site:
    """Answers `/health` and `/ready`; what it answers is set by the test. `hold` keeps every answer back."""

    def __init__(self) -> None:
        self.status = {"/health": 200, "/ready": 200}
        self.asked = 0
        self.go = threading.Event()
        self.go.set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                site.go.wait(200)  # the test, or its end, lets it go
                self.send_response(site.status.get(self.path, 404))
                self.end_headers()
                self.wfile.write(b"yes")

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Watched:
    """A system that can be watched, and what it is made of."""

    tiny: Tiny
    site: Site

    @property
    def log(self) -> Path:
        return self.tiny.folder / "site.log"

    @property
    def backups(self) -> Path:
        return self.tiny.folder / "backups"

    def error(self, count: int = 1) -> None:
        """The site logs errors."""
        with self.log.open("a") as file:
            file.write("ERROR: it does not work\n" * count)

    def write(self, text: str) -> None:
        with self.log.open("a") as file:
            file.write(text)


@contextmanager
def watched(folder: Path, *, slow_ms: int = 0, window: str = "5s", backups: str = "*.gz") -> Iterator[Watched]:
    """Built, its site answering."""
    tiny, site = build(folder), Site()
    tiny.follow_the_built_in()
    one = Watched(tiny, site)
    one.backups.mkdir()
    tiny.add_to_config(PROBES.format(port=site.port, slow_ms=slow_ms))
    tiny.add_to_config(f'[watch]\nwindow = "{window}"\n')
    tiny.add_to_config(f'[database]\nbackups = "{one.backups}/{backups}"\n')
    try:
        yield one
    finally:
        site.close()


def readings(session: Session, sensor: str) -> list[Observed]:
    """Every recorded reading of a sensor, oldest first."""
    bodies = [event.body for event in session.journal.events(session.incident.id)]
    return [body for body in bodies if isinstance(body, Observed) and body.what == PREFIX + sensor]


def state(session: Session, sensor: str, code: str = "") -> State:
    """Of the first item with this sensor, or of the one with this code."""
    incident = session.incident
    found = (item for item in items(incident) if item.sensor == sensor and code in ("", item.code))
    return state_of(incident, next(found))


def saw(session: Session, sensor: str, what: Callable[[Observed], bool]) -> Observed:
    """Wait for a reading."""

    def newest() -> Observed | None:
        _, body = session.incident.observations.get(PREFIX + sensor, ("", None))
        return body if body is not None and what(body) else None

    until(newest, lambda: f"{sensor}; has {readings(session, sensor)[-3:]}")
    found = newest()
    assert found is not None
    return found
