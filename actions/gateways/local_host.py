"""This machine as a host: commands as children of ours and files on our disk.

The environment is inherited as it is, locale included: what runs is what was shown, and a deploy command
must meet the surroundings it meets by hand. A gateway that reads a program's words sets ``LC_ALL`` itself.
Only ``PWD`` follows the working folder, as in a shell: Compose files refer to it.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from actions.gateways import host_rules as rules
from actions.gateways import local_files
from actions.gateways.child_process import ChildProcess, Newest
from actions.model.errors import GoaroundError
from actions.model.ports import CommandResult


class LocalHost:
    """Fulfils ``ports.Host`` on this machine."""

    @property
    def name(self) -> str:
        """Always ``local``."""
        return local_files.HOST

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
        """See ``ports.Host.run``. At the deadline the child's family is ended and ``timed_out`` set.

        What the command left running in a session of its own (a daemon) is not waited for and not ended.
        """
        kept = {"stdout": Newest(rules.KEPT_BYTES), "stderr": Newest(rules.KEPT_BYTES)}

        def take(stream: str, chunk: bytes) -> None:
            kept[stream].add(chunk)
            if on_output is not None:
                on_output(stream, chunk)

        rules.check_command(argv, cwd, env)
        began = time.monotonic()
        deadline = None if timeout_s is None else began + timeout_s
        with _start(argv, cwd, env, with_stdin=bool(stdin) or source is not None) as child:
            child.feed(stdin, last=True, source=source)
            timed_out = not child.pump(take, deadline)
            if timed_out:
                child.end(take)
        return CommandResult(
            exit_status=_status_of(child),
            stdout=kept["stdout"].value(),
            stderr=kept["stderr"].value(),
            seconds_ms=round((time.monotonic() - began) * 1000),
            timed_out=timed_out,
        )

    def read_file(self, path: str, limit_bytes: int = rules.READ_LIMIT_BYTES) -> bytes | None:
        """See ``ports.Host.read_file``."""
        return local_files.read(path, limit_bytes)

    def write_file(self, path: str, content: bytes, *, mode: int, before: str) -> None:
        """See ``ports.Host.write_file``; an existing file keeps its owner and mode."""
        local_files.write(path, content, mode, before)

    def remove_file(self, path: str, *, before: str) -> None:
        """See ``ports.Host.remove_file``."""
        local_files.remove(path, before)

    def stream_to(
        self,
        argv: tuple[str, ...],
        sink: Callable[[bytes], None],
        *,
        cwd: str = "",
        merge_stderr: bool = True,
    ) -> int:
        """See ``ports.Host.stream_to``; without ``merge_stderr`` the error stream is dropped."""
        rules.check_command(argv, cwd, None)
        with _start(argv, cwd, None, merge_stderr=merge_stderr, drop_stderr=not merge_stderr) as child:
            child.pump(lambda _stream, chunk: sink(chunk), None)
        return _status_of(child)


def _status_of(child: ChildProcess) -> int:
    status = child.exit_status
    return 128 + 9 if status is None else status  # only a child stuck in the kernel has none after SIGKILL


def _surroundings(cwd: str, env: Mapping[str, str] | None) -> dict[str, str] | None:
    if not cwd and not env:
        return None
    return {**os.environ, **({"PWD": cwd} if cwd else {}), **(env or {})}


def _start(
    argv: tuple[str, ...],
    cwd: str,
    env: Mapping[str, str] | None,
    *,
    with_stdin: bool = False,
    merge_stderr: bool = False,
    drop_stderr: bool = False,
) -> ChildProcess:
    try:
        return ChildProcess(
            argv,
            cwd=cwd,
            env=_surroundings(cwd, env),
            with_stdin=with_stdin,
            merge_stderr=merge_stderr,
            drop_stderr=drop_stderr,
        )
    except OSError as error:
        raise _start_failure(error, argv, cwd) from error


def _start_failure(error: OSError, argv: tuple[str, ...], cwd: str) -> GoaroundError:
    if cwd and error.filename == cwd:
        return rules.no_such_folder(local_files.HOST, cwd)
    if error.errno == errno.E2BIG:
        return rules.not_runnable(local_files.HOST, argv[0], "its arguments are too long")
    if error.filename != argv[0]:
        return rules.not_runnable(local_files.HOST, argv[0], f"no child can be started: {error.strerror}")
    if isinstance(error, FileNotFoundError):
        if "/" in argv[0] and Path(cwd, argv[0]).exists():
            return rules.not_runnable(local_files.HOST, argv[0], "the interpreter its first line names is missing")
        return rules.no_such_program(local_files.HOST, argv[0])
    return rules.not_runnable(local_files.HOST, argv[0], error.strerror or str(error))
