"""Sends one request to a Coolify server and reads one answer, bounded in time and size; knows no endpoint.

What an answer means is left to ``coolify_refusals`` and ``coolify_reading``, which request is sent when to ``coolify``.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from actions.gateways.coolify_refusals import Answer
from actions.gateways.messages_delivered import tls_context
from actions.gateways.probe_faults import named
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import BadInput, OutcomeUnknown, Unreachable
from actions.model.outside_text import sanitise
from actions.model.system_coolify import CoolifyTable

BODY_CAP = 64 * 1024 * 1024
"""Bytes of an answer that are read at most: a deployment's log comes as one text."""
LONGEST_RETRY_AFTER_S = 3600
LONGEST_LOCATION = 120


TOO_LONG = "coolify-too-long"
"""Code of an answer that was not read to its end: fewer rows may fit."""


class TooLong(Exception):
    """The answer is longer than may be read."""


@dataclass(eq=False)
class _Line:
    """A client that one request at a time uses, with second handles of its sockets: shut down, they end every wait."""

    client: Any
    plugs: list[socket.socket] = field(default_factory=list)
    sent: bool = False
    """From the first byte of this request on the server may have understood it."""
    late: bool = False
    kept: bool = False
    """It has served before: the server may have ended its connection meanwhile."""

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """What the library tells of its own doing."""
        if event == "connection.connect_tcp.complete":
            self._close_plugs()  # of a connection that the server has ended
            self.plugs.append(info["return_value"].get_extra_info("socket").dup())
            if self.late:
                self.cut()
        elif event.endswith("send_request_headers.started"):
            self.sent = True

    def cut(self) -> None:
        """The deadline has passed: whatever it waits for, it waits no longer."""
        self.late = True
        for plug in list(self.plugs):
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Nothing is left open."""
        self.client.close()
        self._close_plugs()

    def _close_plugs(self) -> None:
        while self.plugs:
            self.plugs.pop().close()


class CoolifyHttp:
    """Requests with the two tokens of the configuration; tokens are read at the moment of use and never kept."""

    def __init__(self, table: CoolifyTable, resolve: Callable[[str], str], redact: Callable[[str], str] = str) -> None:
        self._table = table
        self._resolve = resolve
        self._redact = redact
        self._idle: list[_Line] = []
        self._verify: Any = None
        self._lock = threading.Lock()
        # Connections are kept open between two looks at a deployment; nobody is told to close them.
        weakref.finalize(self, _close_all, self._idle)

    def ask(self, call: CoolifyCall) -> Answer:
        """The answer, whatever its status; raises Unreachable when nothing was answered, OutcomeUnknown when the
        request had gone out and changes something."""
        import httpx

        token = self._table.act_token if call.acts else self._table.token
        if not token:
            raise BadInput(
                "coolify.act_token is not configured", "nothing can be changed without it", 'set it to "${env:NAME}"'
            )
        headers = self._headers(token, with_body=bool(call.body))
        changes = call.method != "GET"
        with self._line(keep=not changes) as line:
            try:
                try:
                    return self._answer(line, call, headers)
                except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                    # A connection that was kept may be closed by the server just then; looking again does no harm.
                    if changes or not line.kept or line.late:
                        raise
                    return self._answer(line, call, headers)
            except TooLong as error:
                if changes:
                    raise OutcomeUnknown(
                        "Coolify's answer is none", str(error), "what came of it is looked up"
                    ) from error
                raise Unreachable(
                    "Coolify's answer cannot be read", f"{call.path}: {error}", "look at it in Coolify", code=TOO_LONG
                ) from error
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
                # What is no HTTP is quoted by the library: it may be anything.
                why = f"no whole answer within {self._table.answer} s" if line.late else self._redact(named(error))
                if changes and line.sent:
                    raise OutcomeUnknown(
                        "Coolify was asked and did not answer", why, "what came of it is looked up"
                    ) from error
                move = "check coolify.url, the network and the certificate"
                raise Unreachable("Coolify does not answer", f"{self._table.url}: {why}", move) from error

    def _answer(self, line: _Line, call: CoolifyCall, headers: dict[str, str]) -> Answer:
        # Time-outs of the library hold for a single wait: a server that drips bytes never meets one.
        deadline = threading.Timer(self._table.answer, line.cut)
        deadline.daemon = True
        deadline.start()
        try:
            with line.client.stream(
                call.method,
                f"{self._table.url.rstrip('/')}/api/v1{call.path}",
                params=call.query or None,
                content=json.dumps(call.body).encode() if call.body else None,
                headers=headers,
                extensions={"trace": line.trace},
            ) as response:
                body = _read(response)
                head = response.headers
                seconds = wait_of(head.get("retry-after", ""), head.get("date", ""))
                return Answer(response.status_code, body, seconds, self._leads(head.get("location", "")))
        finally:
            deadline.cancel()

    def _leads(self, location: str) -> str:
        """An address without what may be secret in it: who asks, and what follows ? or #."""
        place = re.sub(r"^([a-z+.-]*://)[^/]*@", r"\1", re.split(r"[?#]", location, maxsplit=1)[0], flags=re.IGNORECASE)
        return sanitise(self._redact(place), limit=LONGEST_LOCATION)

    @contextmanager
    def _line(self, *, keep: bool) -> Iterator[_Line]:
        """One that nobody else uses. What changes something gets a connection of its own: one that was kept may be
        closed by the server just then, and nobody would know whether it had understood."""
        line = self._kept() if keep else None
        kept = line is not None
        line = line or self._new_line()
        line.sent, line.kept = False, kept
        whole = False
        try:
            yield line
            whole = True
        finally:
            if keep and whole and not line.late:
                with self._lock:
                    self._idle.append(line)
            else:
                line.close()

    def _kept(self) -> _Line | None:
        """One that has served before. A timer that could not be stopped any more may have cut it since."""
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None or not line.late:
                return line
            line.close()

    def _new_line(self) -> _Line:
        import httpx

        with self._lock:
            if self._verify is None:
                self._verify = self._context()
        # The deadline of the whole answer comes before that of a single wait.
        limit = httpx.Timeout(self._table.answer + 5, connect=self._table.answer)
        return _Line(httpx.Client(verify=self._verify, trust_env=False, follow_redirects=False, timeout=limit))

    def _context(self) -> ssl.SSLContext | bool:
        """Made once, and not at all where nothing is encrypted: loading the authorities takes longer than an answer."""
        if not self._table.url.startswith("https:"):
            return False
        try:
            context = tls_context(self._table.ca_file)
        except OSError as error:
            reason = error.strerror or "no certificate in it"
            raise BadInput(f"TLS: {self._table.ca_file} cannot be used", reason, "correct coolify.ca_file") from error
        if not self._table.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _headers(self, token: str, *, with_body: bool) -> dict[str, str]:
        value = self._resolve(token).strip()
        if not value or not value.isascii() or any(not char.isprintable() or char == " " for char in value):
            raise BadInput(
                f"the Coolify token of {token} is empty or holds characters that no token has",
                "a token looks like 12|letters and digits",
                "export it anew",
                code="coolify-token",
            )
        headers = {"Authorization": f"Bearer {value}", "Accept": "application/json", "User-Agent": "goaround"}
        return {**headers, "Content-Type": "application/json"} if with_body else headers


def wait_of(after: str, now: str) -> int:
    """Seconds of a Retry-After: a number, or a date against that of the answer (``now``); 0: not told, or over."""
    text = after.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text), LONGEST_RETRY_AFTER_S) if len(text) < 10 else 0
    try:
        until = parsedate_to_datetime(text)
        begun = parsedate_to_datetime(now) if now else datetime.now(UTC)
        return max(0, min(int((until - begun).total_seconds()), LONGEST_RETRY_AFTER_S))
    except (TypeError, ValueError, OverflowError):
        return 0  # no date, or one without a zone against one that has one


def _read(response: Any) -> bytes:
    read = bytearray()
    for chunk in response.iter_bytes():
        read += chunk
        if len(read) > BODY_CAP:
            raise TooLong(f"the answer is longer than {BODY_CAP // 1024 // 1024} MiB")
    return bytes(read)


def _close_all(lines: list[_Line]) -> None:
    for line in lines:
        line.close()
