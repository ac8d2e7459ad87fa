"""A real HTTP server that keeps what was posted to it, with an answer of one's choice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Posted:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """``url`` takes messages while the block lasts."""

    url: str = ""
    status: int = 200
    answer: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    """Answers wait for it."""
    arrived: threading.Event = field(default_factory=threading.Event)
    posted: list[Posted] = field(default_factory=list)


@contextmanager
def hook(status: int = 200, answer: bytes = b"ok", **headers: str) -> Iterator[Hook]:
    """A hook on this machine."""
    one = Hook(status=status, answer=answer, headers={key.replace("_", "-"): value for key, value in headers.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            names = {key.lower(): value for key, value in self.headers.items()}
            one.posted.append(Posted(self.command, self.path, names, body))
            one.arrived.set()
            if one.hold is not None:
                one.hold.wait(200)  # the test, or the end of the block, lets it go
            self.send_response(one.status)
            for key, value in one.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(one.answer)))
            self.end_headers()
            self.wfile.write(one.answer)

        do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    one.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield one
    finally:
        if one.hold is not None:
            one.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(60)
