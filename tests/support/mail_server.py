"""A real mail server on this machine, as small as can be: TLS, signing in, refusals and silence on demand."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mail:
    """What was taken."""

    sender: str
    to: list[str]
    data: bytes
    tls: bool
    user: str

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.data, policy=policy.default)

    @property
    def text(self) -> str:
        return str(self.parsed.get_content())


@dataclass
class MailServer:
    """Listens on 127.0.0.1 from ``start`` to ``close``. Fields say how it behaves."""

    context: ssl.SSLContext | None = None
    """For STARTTLS, or from the start with ``implicit``."""
    implicit: bool = False
    users: dict[str, str] = field(default_factory=dict)
    refuse: frozenset[str] = frozenset()
    silent_at: str = ""
    """``greeting`` or a command after which nothing more is said; ``body``: after the text."""
    hang_up_at: str = ""
    data_answer: str = "250 2.0.0 queued"
    taken: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def start(self) -> MailServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

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
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(200)
        talk = _Talk(self, connection)
        with suppress(OSError, _Over):
            if self.implicit:
                talk.begin_tls()
            talk.run()
        talk.connection.close()


class _Over(Exception):
    """The connection ends here."""


class _Talk:
    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self.server, self.connection, self.tls = server, connection, False
        self.buffer, self.user, self.sender = b"", "", ""
        self.to: list[str] = []

    def run(self) -> None:
        self._at("greeting")
        self.say("220 mail.example.org ESMTP")
        while True:
            line = self.line().decode("utf-8", "replace")
            word, _, rest = line.partition(" ")
            word = word.upper()
            self.server.commands.append(word)
            self._at(word)
            self.obey(word, rest)

    def begin_tls(self) -> None:
        assert self.server.context is not None
        plain = self.connection
        self.connection = self.server.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.connection.do_handshake()  # only now: it is closed with the talk, also when this fails
        self.tls, self.buffer = True, b""

    def _at(self, place: str) -> None:
        if place == self.server.silent_at:
            self.server.stopped.wait(200)
            raise _Over
        if place == self.server.hang_up_at:
            raise _Over

    def obey(self, word: str, rest: str) -> None:
        if word == "EHLO":
            offers = ["mail.example.org", "SMTPUTF8", "8BITMIME"]
            offers += ["STARTTLS"] if self.server.context and not self.tls else []
            offers += ["AUTH PLAIN"] if self.server.users else []
            for offer in offers[:-1]:
                self.say(f"250-{offer}")
            self.say(f"250 {offers[-1]}")
        elif word == "STARTTLS" and self.server.context:
            self.say("220 go on")
            self.begin_tls()
        elif word == "AUTH":
            given = base64.b64decode(rest.split(" ")[1]).decode().split("\0")
            good = self.server.users.get(given[1]) == given[2]
            self.user = given[1] if good else ""
            self.say("235 welcome" if good else f"535 5.7.8 wrong password {given[2]} for {given[1]}")
        elif word == "MAIL":
            self.sender, self.to = rest.partition("<")[2].partition(">")[0], []
            self.say("250 ok")
        elif word == "RCPT":
            address = rest.partition("<")[2].partition(">")[0]
            if address in self.server.refuse:
                self.say("550 5.1.1 no such user \x1b[31mhere")
            else:
                self.to.append(address)
                self.say("250 ok")
        elif word == "DATA":
            self.take()
        elif word == "QUIT":
            self.say("221 bye")
            raise _Over
        else:
            self.say("250 ok" if word in ("RSET", "NOOP") else "502 what?")

    def take(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.line()) != b".":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self._at("body")
        self.server.taken.append(Mail(self.sender, self.to, b"\r\n".join([*lines, b""]), self.tls, self.user))
        self.say(self.server.data_answer)

    def say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            part = self.connection.recv(65536)
            if not part:
                raise _Over
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line
