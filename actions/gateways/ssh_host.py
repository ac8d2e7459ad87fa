"""A machine reached by OpenSSH's client as a host: commands, files, and sockets of it made reachable here.

Running one command, with its deadline and the ways a connection fails, is left to ``ssh_shell``.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from actions.gateways import host_rules as rules
from actions.gateways import ssh_client, ssh_files
from actions.gateways.child_process import Newest
from actions.gateways.ssh_shell import Order, SshShell
from actions.model.errors import Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult

FILE_S = 300.0
"""Deadline of one file operation; a dead line is noticed long before."""
PROBE_S = 5.0
LEAVE_S = 5.0
"""How long the shared connection may take to end."""


class SshHost:
    """Fulfils ``ports.Host`` on another machine. Nothing is connected before the first use; safe for
    threads."""

    def __init__(
        self,
        name: str,
        *,
        ssh_config: str = "",
        identity: str = "",
        connect_timeout_s: int = 10,
        runtime: Path | None = None,
    ) -> None:
        self._to = ssh_client.destination(
            name,
            config=ssh_config,
            identity=identity,
            connect_timeout_s=connect_timeout_s,
            runtime=runtime,
        )
        self._shell = SshShell(self._to)
        self._forwards: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """As configured: ``ssh://user@host:port``."""
        return self._to.url

    def run(
        self,
        argv: tuple[str, ...],
        *,
        cwd: str = "",
        env: dict[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
        source: Iterator[bytes] | None = None,
    ) -> CommandResult:
        """See ``ports.Host.run``. At the deadline the command's process group over there is ended.

        Raises ``Unreachable`` or ``Refused`` when there is no connection (nothing was run) and
        ``Unreachable`` when it was lost meanwhile (the outcome is unknown).
        """
        kept = {"stdout": Newest(rules.KEPT_BYTES), "stderr": Newest(rules.KEPT_BYTES)}

        def take(stream: str, chunk: bytes) -> None:
            kept[stream].add(chunk)
            if on_output is not None:
                on_output(stream, chunk)

        began = time.monotonic()
        status, timed_out = self._shell.execute(Order(argv, cwd, env, stdin, source=source), take, timeout_s)
        return CommandResult(
            exit_status=status,
            stdout=kept["stdout"].value(),
            stderr=kept["stderr"].value(),
            seconds_ms=round((time.monotonic() - began) * 1000),
            timed_out=timed_out,
        )

    def stream_to(
        self,
        argv: tuple[str, ...],
        sink: Callable[[bytes], None],
        *,
        cwd: str = "",
        merge_stderr: bool = True,
    ) -> int:
        """See ``ports.Host.stream_to``; without ``merge_stderr`` the error stream is dropped."""

        def take(stream: str, chunk: bytes) -> None:
            if stream == "stdout":
                sink(chunk)

        return self._shell.execute(Order(argv, cwd, merge_stderr=merge_stderr), take, None)[0]

    # -------------------------------------------------------------------------------------------------- files

    def read_file(self, path: str, limit_bytes: int = rules.READ_LIMIT_BYTES) -> bytes | None:
        """See ``ports.Host.read_file``."""
        rules.check_path(path)
        status, content, words = self._script("read", path, ssh_files.read_argv(path, limit_bytes))
        if status == ssh_files.ABSENT_STATUS:
            return None
        if status != 0:
            raise ssh_files.failure(self.name, path, "read", status, words, limit_bytes)
        if len(content) > limit_bytes:  # it grew while it was read
            raise rules.too_long(self.name, path, limit_bytes)
        return content

    def write_file(self, path: str, content: bytes, *, mode: int, before: str) -> None:
        """See ``ports.Host.write_file``; an existing file keeps its owner and mode."""
        rules.check_path(path)
        argv = ssh_files.write_argv(path, mode, before, hashlib.sha256(content).hexdigest())
        status, _, words = self._script("write", path, argv, content)
        if status != 0:
            raise ssh_files.failure(self.name, path, "write", status, words)

    def remove_file(self, path: str, *, before: str) -> None:
        """See ``ports.Host.remove_file``."""
        rules.check_path(path)
        status, _, words = self._script("remove", path, ssh_files.remove_argv(path, before))
        if status != 0:
            raise ssh_files.failure(self.name, path, "remove", status, words)

    def _script(self, doing: str, path: str, argv: tuple[str, ...], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        parts: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        status, timed_out = self._shell.execute(
            Order(argv, stdin=stdin), lambda stream, chunk: parts[stream].append(chunk), FILE_S
        )
        if timed_out:
            raise rules.outcome_unknown(self.name, (doing, path), f"no end within {FILE_S:.0f} s")
        return status, b"".join(parts["stdout"]), b"".join(parts["stderr"])

    # ------------------------------------------------------------------------------------------------ sockets

    def forward_socket(self, remote_path: str) -> str:
        """Path of a unix socket here (mode 0600) that leads to ``remote_path`` there; asked again, the same.

        Whether somebody listens over there shows when it is used. Call again after the connection was lost.
        """
        rules.check_path(remote_path)
        with self._lock:
            local = self._forwards.get(remote_path, "")
            if local and _listens(local):
                return local
            if local:
                self._forget(remote_path, local)
            local, words = self._forward(remote_path)
            if not local and not ssh_client.was_answered(words):
                local, words = self._forward(remote_path)  # the connection went meanwhile: another one is made
            if not local:
                raise Unreachable(
                    f"the socket {sanitise(remote_path, limit=200)} of {self.name} cannot be reached",
                    sanitise(words.decode("utf-8", "replace"), limit=300),
                    "sshd there must allow stream-local forwarding (AllowStreamLocalForwarding yes)",
                )
            self._forwards[remote_path] = local
            return local

    def _forward(self, remote_path: str) -> tuple[str, bytes]:
        """A new socket here that leads there, empty where there is none; and the client's words."""
        self._shell.execute(Order(("true",)), lambda _stream, _chunk: None, None)  # makes the shared connection
        local = f"{self._to.control}.{secrets.token_hex(4)}"
        status, words = self._shell.control("forward", "-L", f"{_escaped(local)}:{_escaped(remote_path)}")
        return (local if status == 0 and _listens(local) else ""), words

    def close(self) -> None:
        """Take our forwarded sockets away. The shared connection stays for others and ends by itself."""
        with self._lock:
            for remote_path, local in list(self._forwards.items()):
                self._forget(remote_path, local)

    def disconnect(self) -> None:
        """End the shared connection too, and with it whatever any process of ours runs over it.

        It answers before it goes, and until then would still be used: its end is awaited.
        """
        self.close()
        _, words = self._shell.control("check")
        self._shell.control("exit")
        ssh_client.await_end(words, LEAVE_S)

    def _forget(self, remote_path: str, local: str) -> None:
        self._shell.control("cancel", "-L", f"{_escaped(local)}:{_escaped(remote_path)}")
        Path(local).unlink(missing_ok=True)
        del self._forwards[remote_path]


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(os.fsencode(path))
        except OSError:
            return False
    return True


def _escaped(path: str) -> str:
    """A path for ``-L local:remote``, where ':' separates and '%' begins a token."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace("%", "%%")
