"""The web server of the demo system: runs the release that ``current`` points to, on the demo's own port.

It is copied to the demo's ``bin/`` and started by the deploy command, in a session of its own. It plays the
part that gunicorn plays elsewhere: access lines, the log file, a graceful end at SIGTERM. It ends by itself
when the demo is over, and when ``run/web.json`` names another process.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the copy in bin/ lies beside its helper
if TYPE_CHECKING:
    from app.demo_processes import MARKER, WEB, OwnerWatch, read_identity, read_json, write_identity
else:
    from demo_processes import MARKER, WEB, OwnerWatch, read_identity, read_json, write_identity

LOG_BYTES = 32_000_000
POLL_SECONDS = 0.5
BIND_PATIENCE = 3.0  # an earlier server whose deploy was killed needs a moment to see that it is superseded

access = logging.getLogger("access")
log = logging.getLogger("server")


class UtcFormatter(logging.Formatter):
    """Lines that begin with the time in UTC: ``2026-11-22T09:30:00.123Z [41] INFO register: text``."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """The record's time, to the millisecond."""
        moment = time.gmtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{int(record.msecs):03d}Z"


class Handler(WSGIRequestHandler):
    """One request; its access line is written when the answer is out."""

    timeout = 5.0  # seconds for a visitor that connects and stays silent

    def setup(self) -> None:
        """Note when the visitor came."""
        self.begun = time.monotonic()
        super().setup()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One access line."""
        headers = getattr(self, "headers", None)
        visitor = headers.get("X-Forwarded-For", self.client_address[0]) if headers else self.client_address[0]
        agent = headers.get("User-Agent", "-") if headers else "-"
        seconds = time.monotonic() - self.begun
        access.info(
            '%s "%s" %s %s %.3fs "%s"',
            plain(visitor),
            plain(self.requestline),
            code,
            size,
            seconds,
            plain(agent),
        )

    def log_message(self, format: str, *args: Any) -> None:
        """What http.server complains of goes to the site's log."""
        log.warning("%s", plain(format % args))


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request; closing waits for the requests in flight."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    allow_reuse_address = True

    def server_bind(self) -> None:
        """Bind without asking the name service."""
        TCPServer.server_bind(self)  # HTTPServer's own would ask the name service for our name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor that went away, or spoke no HTTP."""
        log.warning("request from %s ended: %r", client_address, sys.exc_info()[1])


def plain(text: str) -> str:
    """A visitor's text without anything that could end the line or drive a terminal."""
    return text.encode("unicode_escape").decode("ascii")[:300]


def write_log_to(path: Path) -> None:
    """Send every logger to the site's log."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(UtcFormatter("%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def load(release: Path, database: Path) -> Any:
    """The application in the release's own source."""
    spec = importlib.util.spec_from_file_location("site_of_release", release / "site.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(release / "site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_application(database, release)


def bind(port: int) -> Server:
    """The listening server; waits a little for a superseded one to leave the port."""
    deadline = time.monotonic() + BIND_PATIENCE
    while True:
        try:
            return Server(("127.0.0.1", port), Handler)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def main(folder: Path) -> int:
    """Serve until SIGTERM, the end of the demo, or another server's turn."""
    sys.dont_write_bytecode = True
    write_identity(folder / WEB, os.getpid())
    settings = read_json(folder / MARKER)
    if settings is None:
        print(f"serve: {folder} is not a demo system", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    write_log_to(folder / "log" / "site.log")
    release = (folder / "current").resolve(strict=True)
    application = load(release, folder / "data" / "site.sqlite3")
    server = bind(int(settings["port"]))
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    log.info("Listening at http://127.0.0.1:%s, release folder %s", settings["port"], release.name)
    watch = OwnerWatch(folder)
    while not ended.wait(POLL_SECONDS):
        mine = read_identity(folder / WEB)
        if watch.over() or mine is None or mine.pid != os.getpid():
            break
    if watch.over():
        os._exit(0)  # the demo is gone, and with it everybody who might wait for an answer
    log.info("Shutting down: waiting for requests in flight")
    server.shutdown()
    thread.join()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
