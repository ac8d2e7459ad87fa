"""The fake Coolify's HTTP: reads requests, keeps a record of each, applies planned faults, writes answers in one piece.

What is answered is the gate's and the endpoints' matter; the application's own pages (``/sites/…``) are asked for from
a callable.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fake_coolify_contract import faults_of_answer, faults_of_request
from fake_coolify_quirks import BEFORE, Fault, Faults, PlannedFault
from fake_coolify_routes import Reply, Request, not_found

API = "/api/v1"
SITES = "/sites/"
PAGE = b"<!DOCTYPE html>\n<html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n"
LOGIN = b"<!DOCTYPE html>\n<html><head><title>Coolify</title></head><body>Sign in</body></html>\n"
HUGE = 5_000_000


@dataclass
class Asked:
    """One request as it came in, and what became of it. ``path`` is below /api/v1, without the query."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    body: Any
    """The JSON; None without a body, bytes when it is no JSON."""
    token: str
    """Its name; empty: none that is known."""
    at: datetime
    status: int = 0
    """Of the answer; 0: none was given."""
    answer: bytes = b""
    invalid: list[str] = field(default_factory=list)
    """What the OpenAPI file has against it."""


@dataclass
class Wire:
    """What the handler needs of the fake."""

    answer: Callable[[Request], Reply]
    """Guarded by the fake's own lock."""
    now: Callable[[], datetime]
    name_of: Callable[[str], str]
    """Name of the token in an Authorization header."""
    site: Callable[[str, str], Reply]
    """Method and path below /sites."""
    faults: Faults
    lock: threading.RLock = field(default_factory=threading.RLock)
    requests: list[Asked] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    """Where the fake's own answer is not as the file has it."""
    crashes: list[str] = field(default_factory=list)
    """Tracebacks of the fake itself."""
    release: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Reply, PlannedFault | None]:
        """Record, judge, answer."""
        split = urlsplit(target)
        if split.path.startswith(SITES):
            return self.site(method, split.path.removeprefix(SITES)), None
        if split.path == "/api/health":
            return Reply(b"OK", content_type="text/html; charset=UTF-8"), None
        if not split.path.startswith(f"{API}/"):
            # Whatever is no API is the dashboard.
            return Reply(LOGIN, 302, {"Location": "/login"}, "text/html; charset=UTF-8"), None
        path = split.path.removeprefix(API)
        pairs = parse_qsl(split.query, keep_blank_values=True)
        query = dict(pairs)
        with self.lock:
            asked = self._record(method, path, query, headers, body)
            twice = sorted({name for name, _ in pairs if [one for one, _ in pairs].count(name) > 1})
            asked.invalid += [f"query {name}: stands there twice" for name in twice]
            fault = self.faults.take(method, path)
            reply = _page(fault) if fault is not None and fault.fault in BEFORE else None
            if reply is None:
                reply = self._answered(Request(method, path, query, headers, body), asked)
                if fault is not None:
                    reply = _spoilt(fault, reply)
            dropped = fault is not None and fault.fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER)
            asked.status, asked.answer = (0, b"") if dropped else (reply.status, reply.data)
        return reply, fault

    def _record(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Asked:
        try:
            parsed = json.loads(body) if body else None
        except ValueError:
            parsed = body
        token = self.name_of(headers.get("authorization", ""))
        asked = Asked(len(self.requests) + 1, method, path, query, parsed, token, self.now())
        asked.invalid = faults_of_request(method, path, query, body, headers.get("content-type", ""))
        self.requests.append(asked)
        return asked

    def _answered(self, request: Request, asked: Asked) -> Reply:
        try:
            reply = self.answer(request)
            known = reply.status != 404 or reply.body != not_found().body
            faults = faults_of_answer(request.method, request.path, reply.status, reply.data, reply.content_type)
        except Exception:  # noqa: BLE001 - a defect of the fake must fail the test, not look like Coolify's
            self.crashes.append(traceback.format_exc())
            return Reply({"message": "Server Error"}, 500)
        if known:
            self.wrong_answers += [f"{asked.number}: {fault}" for fault in faults]
        return reply


def _page(fault: PlannedFault) -> Reply:
    if fault.fault is Fault.RATE_LIMIT:
        after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Reply({"message": "Too Many Attempts."}, 429, after)
    if fault.fault is Fault.REDIRECT:
        return Reply(LOGIN, 302, {"Location": "/login"}, "text/html; charset=UTF-8")
    if fault.fault is Fault.NO_ROUTE:
        return Reply(b"404 page not found\n", 404, content_type="text/plain; charset=utf-8")
    return Reply(PAGE % (fault.status, fault.status), fault.status, content_type="text/html")


def _spoilt(fault: PlannedFault, reply: Reply) -> Reply:
    """The answer as the fault lets it through; those of the connection itself are the handler's."""
    data = reply.data
    if fault.fault is Fault.STATUS_AFTER:
        return _page(fault)
    if fault.fault is Fault.HTML:
        return Reply(LOGIN, 200, content_type="text/html; charset=UTF-8")
    if fault.fault is Fault.EMPTY:
        return Reply(b"", 200)
    if fault.fault is Fault.TRUNCATED:
        return Reply(data[: len(data) // 2], reply.status, reply.headers)
    if fault.fault is Fault.DOUBLE_KEYS:
        return Reply(_doubled(data), reply.status, reply.headers)
    if fault.fault is Fault.NAN:
        return Reply(b'{"nan": NaN, ' + data[1:] if data[:1] == b"{" else b"[NaN]", reply.status, reply.headers)
    if fault.fault is Fault.HUGE:
        return Reply(data + b" " * HUGE, reply.status, reply.headers)
    return reply


def _doubled(data: bytes) -> bytes:
    """The first key of the object stands there twice, with another value first."""
    told = json.loads(data)
    if not isinstance(told, dict) or not told:
        return b'[{"uuid": "one", "uuid": "two"}]'
    return b"{" + json.dumps(next(iter(told))).encode() + b': "other", ' + data[1:]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error; everything else is caught where it happens."""


class Listener:
    """Listens on 127.0.0.1 while the block lasts; ``url`` has the port."""

    def __init__(self, wire: Wire, tls: ssl.SSLContext | None = None) -> None:
        self._wire = wire
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Connections that a client keeps open are closed, then every thread has ended."""
        self._wire.stopping.set()
        self._wire.release.set()
        self._server.shutdown()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join(60)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire, kept = self._wire, self._open

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                kept.add(self.connection)
                if wire.stopping.is_set():  # it came while the others were closed
                    with suppress(OSError):
                        self.connection.shutdown(socket.SHUT_RDWR)

            def finish(self) -> None:
                kept.discard(self.connection)
                with suppress(OSError):
                    super().finish()

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {key.lower(): value for key, value in self.headers.items()}
                reply, fault = wire.ask(self.command, self.path, headers, body)
                with suppress(OSError):
                    _send(self, wire, reply, fault)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _any

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        return Handler


def _send(handler: BaseHTTPRequestHandler, wire: Wire, reply: Reply, fault: PlannedFault | None) -> None:
    kind = fault.fault if fault is not None else None
    if kind in (Fault.DROP_BEFORE, Fault.DROP_AFTER):
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        return
    if kind is Fault.SLOW:
        wire.release.wait(200)
    data = reply.data
    lines = [f"HTTP/1.1 {reply.status} {handler.responses.get(reply.status, ('Unknown',))[0]}"]
    lines += [f"Content-Type: {reply.content_type}", f"Content-Length: {len(data)}"]
    lines += [f"{key}: {value}" for key, value in reply.headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    body = b"" if handler.command == "HEAD" else data
    if kind is Fault.CUT_OFF:
        handler.close_connection = True
        handler.wfile.write(head + body[: len(body) // 2])
    elif kind is Fault.DRIP:
        handler.close_connection = True
        _drip(handler, wire, head, body)
    else:
        handler.wfile.write(head + body)


def _drip(handler: BaseHTTPRequestHandler, wire: Wire, head: bytes, body: bytes) -> None:
    """A byte now and then, and never the last one."""
    handler.wfile.write(head)
    end = time.monotonic() + 200
    for place in range(len(body) - 1):
        if wire.stopping.wait(0.02) or time.monotonic() > end:
            return
        handler.wfile.write(body[place : place + 1])
    wire.stopping.wait(200)
