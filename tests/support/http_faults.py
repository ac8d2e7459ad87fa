"""A real HTTP server on this machine with a fault per path, and certificates of a made-up authority for it.

Answers are written byte by byte onto the socket: most faults are things a well-behaved server library will not send.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What arrived: the first line and the headers as they were sent."""

    method: str
    path: str
    headers: dict[str, str]


Answerer = Callable[[socket.socket, Request], None]


def plain(body: bytes = b"ok", status: int = 200, headers: tuple[str, ...] = (), type_: str = "text/plain") -> Answerer:
    """A whole, correct answer."""

    def answer(connection: socket.socket, request: Request) -> None:
        lines = [f"HTTP/1.1 {status} Text", f"Content-Type: {type_}", f"Content-Length: {len(body)}", *headers]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        connection.sendall(head + (b"" if request.method == "HEAD" else body))

    return answer


def json_body(text: str) -> Answerer:
    return plain(text.encode("utf-8", "surrogateescape"), type_="application/json")


def raw(data: bytes) -> Answerer:
    return lambda connection, request: connection.sendall(data)


def reset(connection: socket.socket, request: Request) -> None:
    """Ends the connection with RST instead of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def gzip_bomb(connection: socket.socket, request: Request) -> None:
    """A few kilobytes that unpack to 20 megabytes, and 180 more such parts."""
    packed = gzip.compress(b"\0" * 20_000_000) + gzip.compress(b"\0" * 1_000_000) * 180
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    connection.sendall(head + packed)


@dataclass
class FaultServer:
    """Listens on 127.0.0.1; ``answers`` maps a path to what is sent for it."""

    answers: dict[str, Answerer] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url(self, path: str, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def drip(self, head: bytes, byte: bytes, pause_s: float = 0.02) -> Answerer:
        """Sends ``head`` at once and then a byte again and again, until the other side or the test ends it."""

        def answer(connection: socket.socket, request: Request) -> None:
            connection.sendall(head)
            while not self.stopped.wait(pause_s):
                connection.sendall(byte)

        return answer

    def silent(self, connection: socket.socket, request: Request) -> None:
        """Accepts and says nothing."""
        self.stopped.wait(200)

    def endless(self, connection: socket.socket, request: Request) -> None:
        """A body without end, as fast as it goes."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not self.stopped.is_set():
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    def close(self) -> None:
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(200)  # of all that is sent, too: fifty megabytes on a busy machine
        with suppress(OSError), connection:
            if self.context is None:
                self._answer(connection)
                return
            with self.context.wrap_socket(connection, server_side=True) as wrapped:
                self._answer(wrapped)

    def _answer(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return
            data += part
        first, *lines = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        request = Request(method, path, {key.lower(): value for key, value in headers.items()})
        self.requests.append(request)
        self.answers.get(path.partition("?")[0], plain(b"nothing here", 404))(connection, request)


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority, and a key with certificates of several kinds."""

    ca: Path
    key: Path
    good: Path
    """For 127.0.0.1 and app.example.org."""
    wrong_name: Path
    expired: Path
    self_signed: Path


def make_certificates(folder: Path) -> Certificates:
    """Made with the openssl program; raises CalledProcessError with its words when it fails."""

    def openssl(*arguments: str) -> None:
        subprocess.run(("openssl", *arguments), cwd=folder, check=True, capture_output=True)

    def signed(name: str, san: str, days: str) -> Path:
        (folder / f"{name}.ext").write_text(f"subjectAltName={san}\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-new", "-key", "server.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
        return folder / f"{name}.pem"

    for name in ("ca", "server"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
    openssl(
        *("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Test Authority", "-days", "30", "-out", "ca.pem"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    here = "IP:127.0.0.1,DNS:app.example.org"
    openssl(
        *("req", "-x509", "-new", "-key", "server.key", "-subj", "/CN=alone", "-days", "30"),
        *("-addext", f"subjectAltName={here}", "-out", "alone.pem"),
    )
    return Certificates(
        ca=folder / "ca.pem",
        key=folder / "server.key",
        good=signed("good", here, "30"),
        wrong_name=signed("other", "DNS:other.example.org", "30"),
        expired=signed("expired", here, "-1"),
        self_signed=folder / "alone.pem",
    )


def serving(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
