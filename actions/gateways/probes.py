"""Sends one probe over HTTP and reads one answer within a whole deadline; how often is up to the step.

Every reading opens a connection of its own: only that proves name, port, certificate and load balancer as
they are now, and a kept connection would stay with one of several workers. Proxies of the environment are not
used, so that the answer is the system's own. httpx is imported when the first probe is read.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from actions.gateways.probe_answers import REDIRECTS, Answer, judge
from actions.gateways.probe_faults import named
from actions.model.clock import Clock
from actions.model.effect import ProbeHttp
from actions.model.outside_text import sanitise
from actions.model.ports import ProbeReading

_CHUNK = 64 * 1024
_GRACE_S = 0.25
"""httpx's own time-outs come first by this much, as their words are better."""


class UnfitAnswer(Exception):
    """The answer cannot be judged; the reason is its text, sanitised."""


@dataclass
class _Reading:
    """What the reading thread hands over; written by it, read once it has ended."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None
    problem: str = ""
    bug: BaseException | None = None
    late: bool = False
    """Written by the asking thread: nobody waits for the answer any more."""
    plugs: list[socket.socket] = field(default_factory=list)
    """Second handles of the open connections: shut down, they end every wait of the thread."""


class HttpxProber:
    """The ``Prober`` over httpx.

    ``resolve`` turns ``${env:NAME}`` in header values into their values right before they are sent,
    ``redact`` takes secrets out of what is told of an answer. A prober may be shared by threads.
    """

    def __init__(
        self,
        clock: Clock,
        resolve: Callable[[str], str] = str,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._clock = clock
        self._resolve = resolve
        self._redact = redact
        self._contexts: dict[tuple[bool, str], ssl.SSLContext] = {}

    def read(self, probe: ProbeHttp) -> ProbeReading:
        """One answer. Raises ``GoaroundError`` only for what is ours: a header's variable that is not set."""
        import httpx  # noqa: F401  # its import time belongs to no reading

        headers = [
            (name.encode("utf-8"), self._resolve(value).encode("utf-8")) for name, value in probe.headers.items()
        ]
        try:
            context = self._context(probe)
        except OSError as error:  # ssl.SSLError is one
            reason = sanitise(error.strerror or "no certificate in it", limit=200)
            return ProbeReading(probe.name, False, 0, 0, f"TLS: {probe.ca_file} cannot be used: {reason}")
        begun = self._clock.monotonic_ms()
        reading = _Reading()
        thread = threading.Thread(
            target=self._follow, args=(probe, headers, context, begun, reading), name="probe", daemon=True
        )
        thread.start()
        # Time-outs of httpx hold for a single wait: a server that drips bytes never meets one.
        thread.join(probe.answer_s + _GRACE_S)
        late = reading.late = thread.is_alive()
        if late:
            for plug in list(reading.plugs):
                with suppress(OSError):
                    plug.shutdown(socket.SHUT_RDWR)
        ms = self._clock.monotonic_ms() - begun
        if reading.bug is not None:
            raise reading.bug
        body = bytes(reading.body)
        if late or reading.answer is None:
            detail = f"no whole answer within {probe.answer_s} s" if late else reading.problem
            detail = f"{reading.status}, {detail}" if reading.status else detail
            return ProbeReading(probe.name, False, reading.status, ms, self._redact(detail), body)
        ok, detail = judge(probe, reading.answer)
        return ProbeReading(probe.name, ok, reading.answer.status, reading.answer.ms, self._redact(detail), body)

    def _context(self, probe: ProbeHttp) -> ssl.SSLContext:
        """Made once per kind: loading the authorities takes longer than most answers."""
        key = (probe.verify_tls, probe.ca_file)
        if key not in self._contexts:
            self._contexts[key] = tls_context(probe.verify_tls, probe.ca_file)
        return self._contexts[key]

    def _follow(
        self,
        probe: ProbeHttp,
        headers: list[tuple[bytes, bytes]],
        context: ssl.SSLContext,
        begun: int,
        reading: _Reading,
    ) -> None:
        """The thread: one request, and those that follow from redirects we may follow."""
        import httpx

        url, method = probe.url, probe.method
        try:
            for hop in range(probe.follow + 1):
                location = self._ask(probe, method, url, headers, context, reading)
                refusal = not_followed(url, location) if location and probe.follow else ""
                if not location or not probe.follow or refusal:
                    ms = self._clock.monotonic_ms() - begun
                    shown = location or ""
                    reading.answer = Answer(reading.status, ms, bytes(reading.body), url, shown, refusal)
                    return
                if hop == probe.follow:
                    raise UnfitAnswer(f"more than {probe.follow} redirects, last to {sanitise(location, limit=120)}")
                url = urljoin(url, location)
                method = method if method in ("GET", "HEAD") or reading.status in (307, 308) else "GET"
        except UnfitAnswer as unfit:
            reading.problem = str(unfit)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            reading.problem = named(error)
        except BaseException as error:  # noqa: BLE001  # a bug; carried to the asking thread, which raises it
            reading.bug = error
        finally:
            for plug in reading.plugs:
                with suppress(OSError):
                    plug.close()

    def _ask(
        self,
        probe: ProbeHttp,
        method: str,
        url: str,
        headers: list[tuple[bytes, bytes]],
        context: ssl.SSLContext,
        reading: _Reading,
    ) -> str:
        """One request, on its own connection; fills in status and body. Returns where a redirect leads."""
        import httpx

        def trace(event: str, info: dict[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                connection = info["return_value"].get_extra_info("socket")
                plug = connection.dup()
                reading.plugs.append(plug)
                if reading.late:
                    plug.shutdown(socket.SHUT_RDWR)

        extensions: dict[str, Any] = {"trace": trace}
        name = _certificate_name(url, probe.headers)
        if name:
            extensions["sni_hostname"] = name
        sent = [(b"User-Agent", b"goaround"), (b"Accept-Encoding", b"identity"), *headers]
        given = {key.lower() for key, _ in headers}
        sent = [(key, value) for at, (key, value) in enumerate(sent) if at >= 2 or key.lower() not in given]
        reading.status = 0
        reading.body.clear()
        with (
            httpx.Client(verify=context, trust_env=False, follow_redirects=False, timeout=probe.answer_s) as client,
            client.stream(method, url, headers=sent, extensions=extensions) as response,
        ):
            reading.status = response.status_code
            read_body(response, probe.body_cap, reading.body)
            return response.headers.get("location", "") if response.status_code in REDIRECTS else ""


def tls_context(verify: bool, ca_file: str) -> ssl.SSLContext:
    """What is believed of a server's certificate. Raises ``OSError`` for a file that cannot be used."""
    if ca_file:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    import certifi  # the machine's own authorities stand first; small images have none

    context.load_verify_locations(certifi.where())
    return context


def _certificate_name(url: str, headers: dict[str, str]) -> str:
    """Asked by address with a ``Host`` header, the certificate must be for that host."""
    try:
        ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return ""
    host = next((value for key, value in headers.items() if key.lower() == "host"), "")
    return host.partition(":")[0] if "${" not in host else ""


def not_followed(url: str, location: str) -> str:
    """Why a redirect leads where we do not go; empty: same server, or same host by https instead of http."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
        ports = (here.port, there.port)
    except ValueError:
        return "not a valid address, not followed"
    if there.scheme not in ("http", "https"):
        return "not http, not followed"
    if there.hostname != here.hostname:
        return "another host, not followed"
    if here.scheme == "https" and there.scheme == "http":
        return "without TLS, not followed"
    if here.scheme == there.scheme and ports[0] != ports[1]:
        return "another port, not followed"
    return ""


class _Unpacker:
    """gzip or zlib, never more at once than is asked for; gzip may come in several parts, which are one body."""

    def __init__(self) -> None:
        self._new_part()

    def _new_part(self) -> None:
        self._part = zlib.decompressobj(wbits=47)  # gzip or zlib, by its own header
        self.unfinished = False

    def unpack(self, data: bytes, most: int) -> bytes:
        """At most ``most`` (above 0) bytes; with so many the caller ends, and the rest is lost."""
        out = b""
        while data and len(out) < most:
            self.unfinished = True
            out += self._part.decompress(data, most - len(out))
            data = self._part.unused_data
            if self._part.eof:
                self._new_part()
        return out


def read_body(response: Any, cap: int, into: bytearray) -> None:
    """Read at most ``cap`` bytes, as sent and as unpacked: few bytes that unpack to gigabytes end there."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "deflate"):
        raise UnfitAnswer(f"the body is packed in a way we did not ask for: {sanitise(encoding, limit=40)}")
    unpacker = _Unpacker() if encoding in ("gzip", "deflate") else None
    arrived = 0
    for chunk in response.iter_raw(_CHUNK):
        arrived += len(chunk)
        try:
            into += unpacker.unpack(chunk, cap + 1 - len(into)) if unpacker else chunk
        except zlib.error:
            raise UnfitAnswer("the body is not packed as it says") from None
        if arrived > cap or len(into) > cap:
            del into[cap:]
            raise UnfitAnswer(f"the body is larger than {cap} bytes")
    if unpacker and unpacker.unfinished:
        raise UnfitAnswer("the body ends before its packing does")
