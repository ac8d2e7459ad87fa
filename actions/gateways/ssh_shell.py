"""Runs one command on the far side through OpenSSH's client and tells truly how it ended.

A lost connection never passes for an exit status. Until the far shell has said that it is ready, a failure
means that nothing ran; from then on it means that the outcome is unknown, and the error says so.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from actions.gateways import host_rules as rules
from actions.gateways import ssh_client
from actions.gateways.child_process import GRACE_S, ChildProcess, Newest
from actions.gateways.remote_shell import RemoteOutput, bootstrap, script
from actions.model.errors import CommandFailed, GoaroundError

READY_FACTOR = 3
"""The far shell must be ready within so many connect timeouts: address, keys and start-up files take time."""
CONTROL_S = 10.0
"""Deadline for a word to the shared connection, and for a signal to a command over there."""
LEAVE_S = 0.5
"""How long the client may take to end once all output has come; a daemon over there may hold it."""

Take = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Order:
    """What is to run over there."""

    argv: tuple[str, ...]
    cwd: str = ""
    env: Mapping[str, str] | None = None
    stdin: bytes = b""
    merge_stderr: bool = False
    source: Iterator[bytes] | None = None
    """What follows ``stdin``, pulled as the command takes it."""


class _ConnectionWasLeaving(Exception):
    """The shared connection ended between its being found and its use."""


class SshShell:
    """The far side as something that runs orders; safe for threads."""

    def __init__(self, to: ssh_client.Destination) -> None:
        self._to = to
        self.name = to.url

    def control(self, command: str, *flags: str) -> tuple[int, bytes]:
        """Speak to the shared connection; status and words of the client. Nobody there is no error."""
        words = Newest(4096)
        with self._client(ssh_client.control_argv(self._to, command, *flags), with_stdin=False) as child:
            child.pump(lambda _stream, chunk: words.add(chunk), time.monotonic() + CONTROL_S)
        return (255 if child.exit_status is None else child.exit_status), words.value()

    def execute(self, order: Order, take: Take, timeout_s: float | None) -> tuple[int, bool]:
        """Run the order; exit status, and whether the deadline ended it."""
        rules.check_command(order.argv, order.cwd, order.env)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            return self._attempt(order, take, deadline)
        except _ConnectionWasLeaving:
            # The shared connection ended as we came, before anything ran; the next client makes a new one.
            return self._attempt(order, take, deadline, again=True)

    def _attempt(self, order: Order, take: Take, deadline: float | None, *, again: bool = False) -> tuple[int, bool]:
        ready_mark, end_mark = secrets.token_hex(16), secrets.token_hex(16)

        def send_script() -> None:
            text = script(
                end_mark,
                order.argv,
                cwd=order.cwd,
                env=order.env,
                with_stdin=bool(order.stdin) or order.source is not None,
                merge_stderr=order.merge_stderr,
            )
            child.feed(text + order.stdin, last=True, source=order.source)

        output = RemoteOutput(ready_mark, end_mark, take, send_script)
        with self._client(ssh_client.client_argv(self._to, bootstrap(ready_mark)), with_stdin=True) as child:
            self._await_shell(child, output, deadline, again=again)
            try:
                in_time = child.pump(output, deadline, lambda: output.complete)
                if not in_time:
                    self._end_there(child, output, order)
            except BaseException:  # a signal's exit too: the command must not run on there unobserved
                with suppress(GoaroundError):
                    self._signal_there(output.group, "TERM")
                raise
            child.pump(output, time.monotonic() + LEAVE_S)
            output.finish()
        return self._meaning(order, output, timed_out=not in_time), not in_time

    def _client(self, argv: tuple[str, ...], *, with_stdin: bool) -> ChildProcess:
        try:
            return ChildProcess(argv, with_stdin=with_stdin)
        except OSError as error:
            raise CommandFailed(
                f"the program {ssh_client.PROGRAM} cannot be started here",
                error.strerror or "",
                "install OpenSSH's client on this machine; nothing was run",
                exit_status=127,
            ) from error

    def _await_shell(self, child: ChildProcess, output: RemoteOutput, deadline: float | None, *, again: bool) -> None:
        began = time.monotonic()
        patience = began + READY_FACTOR * self._to.connect_timeout_s
        if deadline is not None:
            patience = min(patience, deadline)
        answered = child.pump(output, patience, lambda: output.ready)
        if output.ready:
            return
        if not answered:
            raise ssh_client.silent(self._to, time.monotonic() - began)
        # A connection of one's own that fails says why; one that is shared may go without a word.
        went = b"mux_client" in output.noise or (child.exit_status == 255 and not output.noise.strip())
        if went and not again:
            raise _ConnectionWasLeaving
        raise ssh_client.not_connected(self._to, child.exit_status, output.noise)

    def _meaning(self, order: Order, output: RemoteOutput, *, timed_out: bool) -> int:
        status = output.status
        if status == "cwd":
            raise rules.no_such_folder(self.name, order.cwd)
        if status == "127!":
            raise rules.no_such_program(self.name, order.argv[0])
        if status == "126!":
            words = output.after.decode("utf-8", "replace").splitlines()
            raise rules.not_runnable(self.name, order.argv[0], words[0] if words else "")
        if output.complete and status.rstrip("!").isdigit():
            return int(status.rstrip("!"))
        if timed_out:
            return 128 + 9  # SIGKILL took the far shell as well, which would have told
        lines = output.after.decode("utf-8", "replace").strip().splitlines()
        told = f"it had told exit status {status}, but its output is not whole" if status else ""
        raise rules.outcome_unknown(
            self.name, order.argv, told or (lines[-1] if lines else "the far shell went without a word")
        )

    def _end_there(self, child: ChildProcess, output: RemoteOutput, order: Order) -> None:
        """End the command's process group over there: SIGTERM, a grace, SIGKILL."""
        try:
            for name in ("TERM", "KILL"):
                self._signal_there(output.group, name)
                if child.pump(output, time.monotonic() + GRACE_S, lambda: output.complete):
                    return
        except GoaroundError as error:
            raise rules.outcome_unknown(
                self.name, order.argv, f"it could not be ended in time: {error.title}"
            ) from error

    def _signal_there(self, group: int, name: str) -> None:
        words = ("sh", "-c", 'kill "-$1" "-$2"', "goaround", name, str(group))
        self.execute(Order(words), lambda _stream, _chunk: None, CONTROL_S)
