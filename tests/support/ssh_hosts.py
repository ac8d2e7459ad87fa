"""Hosts over the tests' own sshd, each with a private folder for its sockets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssh_server import SshServer

from actions.gateways.ssh_host import SshHost


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
def host_of(server: SshServer, *, connect_timeout_s: int = 60, **how: str) -> Iterator[SshHost]:
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
