"""Asks the Docker engine over its socket with HTTP/1.0 and nothing else; what the answers mean is left to
others.

For the log pane: many streams at once, read by one thread, at a quarter of the cost of a general client (1.0,
so that the engine sends no chunks). Questions to which that does not matter go through the docker package
(``containers``).
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import quote

from actions.gateways.engine_address import EngineAddress

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024 * 1024


class EngineRefusal(Exception):
    """The engine answered with another status than 200; ``status`` and its own words. Never leaves the
    gateways."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def connect(address: EngineAddress, timeout_s: float) -> socket.socket:
    """A connected socket with that timeout. Raises ``OSError``."""
    if address.socket_path:
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unix.settimeout(timeout_s)
            unix.connect(address.socket_path)
        except BaseException:
            unix.close()
            raise
        return unix
    plain = socket.create_connection(address.host_port, timeout_s)
    if not address.tls_folder:
        return plain
    import ssl  # only for an engine over TLS; slow to load

    ca_file = f"{address.tls_folder}/ca.pem" if address.tls_verify else None
    context = ssl.create_default_context(cafile=ca_file)
    if not address.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        context.load_cert_chain(f"{address.tls_folder}/cert.pem", f"{address.tls_folder}/key.pem")
        return context.wrap_socket(plain, server_hostname=address.host_port[0])
    except BaseException:
        plain.close()
        raise


def path_with(path: str, **query: str) -> str:
    """A path with its query, quoted."""
    return path + "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())


def send_get(connection: socket.socket, path: str) -> None:
    """Send the question; without an API version, so that the engine answers in its newest."""
    connection.sendall(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode("ascii"))


def receive(connection: socket.socket, limit: int) -> bytes | None:
    """What has arrived on a socket that does not wait: bytes, ``b""`` at its end, None when there is nothing
    yet.

    Of a TLS connection all that was decoded is taken: what stays in its buffer wakes nobody.
    """
    try:
        data = connection.recv(limit)
        pending = getattr(connection, "pending", None)
        while data and pending is not None and pending():
            data += connection.recv(limit)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError as error:
        if type(error).__name__ == "SSLWantReadError":  # by name: ssl may never have been loaded
            return None
        raise
    return data


def head_of(data: bytes | bytearray) -> tuple[int, int] | None:
    """Status and length of a head that is complete, else None. Raises ValueError when it is no HTTP."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > HEAD_LIMIT or not data[:5] == b"HTTP/"[: len(data)]:
            raise ValueError("what answers is no Docker engine")
        return None
    first = bytes(data[:end]).split(b"\r\n", 1)[0].split(b" ", 2)
    if not first[0].startswith(b"HTTP/") or len(first) < 2 or not first[1].isdigit():
        raise ValueError("what answers is no Docker engine")
    return int(first[1]), end + 4


def words_of(body: bytes | bytearray) -> str:
    """The engine's message in the body of a refusal, raw."""
    text = bytes(body).decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except ValueError:
        return text[:400]
    return str(told.get("message", text))[:400] if isinstance(told, dict) else text[:400]


def get_json(address: EngineAddress, path: str, timeout_s: float) -> Any:
    """One whole answer within ``timeout_s`` in all. Raises ``OSError``, ``ValueError``, ``EngineRefusal``."""
    data = get_answer(address, path, timeout_s)
    head = head_of(data)
    if head is None:
        raise ValueError("the engine ended its answer early")
    status, length = head
    if status != 200:
        raise EngineRefusal(status, words_of(data[length:]))
    return json.loads(data[length:])


def get_answer(address: EngineAddress, path: str, timeout_s: float) -> bytearray:
    """Head and body as they came, whatever the status, within ``timeout_s`` in all. Raises ``OSError``,
    ``ValueError``.
    """
    deadline = time.monotonic() + timeout_s
    data = bytearray()
    with connect(address, timeout_s) as connection:
        send_get(connection, path)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole answer within {timeout_s:g} s")
            connection.settimeout(left)
            chunk = connection.recv(256 * 1024)
            if not chunk:
                break
            data += chunk
            if len(data) > BODY_LIMIT:
                raise ValueError("the answer is too long")
    return data
