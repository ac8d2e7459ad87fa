"""Hosts over the tests' own sshd, each with a private folder for its sockets, and looks at processes by id."""

from __future__ import annotations

import os
import select
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssh_server import SshServer

from actions.gateways.ssh_host import SshHost


def status_of(pid: int) -> str:
    """The kernel's letter for a process; Z when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def wait_gone(pid: int) -> None:
    """Waits for a process that is no child of ours to end."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watch], [], [], 15)[0], f"process {pid} lives on"
    finally:
        os.close(watch)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="ga-"))
    try:
        yield folder
    finally:
        for _ in range(3):  # a server's child that is just ending may still open its log
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def host_of(server: SshServer, *, connect_timeout_s: int = 10, **how: str) -> Iterator[SshHost]:
    with short_folder() as runtime:
        host = SshHost(
            server.url,
            ssh_config=how.get("config", str(server.config)),
            identity=how.get("identity", ""),
            connect_timeout_s=connect_timeout_s,
            runtime=runtime,
        )
        try:
            yield host
        finally:
            host.disconnect()
