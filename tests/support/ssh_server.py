"""A real OpenSSH server on a loopback port with keys of its own; using it is the tests' matter."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from services import find_sshd

HOST_ALIAS = "goaround-test"
START_DEADLINE = 60.0  # seconds until a started server must greet
START_ATTEMPTS = 5  # another process may take the port between its choice and its use


@dataclass(frozen=True)
class SshServer:
    """A running server and all a client needs to reach it. Files lie in one private folder."""

    host: str
    port: int
    user: str
    key: Path  # the user's private key; the public one has `.pub` behind it
    known_hosts: Path
    config: Path  # for `ssh -F`; reaches the server as `alias`, trusting nothing but `known_hosts`
    log: Path  # the server's own log
    pid: int
    alias: str = HOST_ALIAS

    @property
    def url(self) -> str:
        """The server as a configuration names it. The alias resolves through `config` alone."""
        return f"ssh://{self.user}@{self.host}:{self.port}"

    @property
    def public_key(self) -> str:
        """The user's public key, one line without its end."""
        return self.key.with_suffix(".pub").read_text().strip()


def free_port() -> int:
    """A loopback port that was free a moment ago: somebody else may have it by now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_key(path: Path, comment: str) -> Path:
    """A new ed25519 key pair without a passphrase: `path` and `path`.pub."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
        check=True,
        timeout=60,
    )
    return path


@contextmanager
def running_ssh_server(folder: Path) -> Iterator[SshServer]:
    """A server that lives, with its connections, as long as the block. `folder` is private and empty.

    Raises:
        RuntimeError: the server does not start; the message carries its log.
    """
    sshd = find_sshd()
    if sshd is None:
        raise RuntimeError("no sshd on this machine")
    if os.geteuid() == 0:
        # Debian's unit creates it; without the unit a server run by root refuses to start.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    write_key(folder / "host_key", "goaround test host")
    write_key(folder / "user_key", "goaround test user")
    shutil.copyfile(folder / "user_key.pub", folder / "authorized_keys")
    for _ in range(START_ATTEMPTS):
        port = free_port()
        (folder / "sshd.log").write_bytes(b"")
        process = _start(sshd, folder, port)
        if _listens(process, folder / "sshd.log", port) and _greets(process, port):
            break
        _stop(process)
    else:
        raise RuntimeError(f"sshd did not start:\n{(folder / 'sshd.log').read_text()}")
    try:
        yield _describe(folder, port, process.pid)
    finally:
        _stop(process)


def _start(sshd: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    # A neutral git and no agent on the far side too: what tests push must not meet this user's settings.
    environment = {name: os.environ[name] for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM") if name in os.environ}
    settings = [
        f"ListenAddress 127.0.0.1:{port}",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        "PidFile none",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PubkeyAuthentication yes",
        "PermitRootLogin prohibit-password",
        "StrictModes no",  # the folder lies under a world-writable /tmp
        "UseDNS no",
        "PrintMotd no",
        "MaxStartups 200",  # tests connect in bursts
        "LogLevel VERBOSE",
        "Subsystem sftp internal-sftp",
    ]
    if environment:
        settings.append("SetEnv " + " ".join(f'"{name}={value}"' for name, value in environment.items()))
    config = folder / "sshd_config"
    config.write_text("\n".join(settings) + "\n")
    return subprocess.Popen(
        [str(sshd), "-D", "-f", str(config), "-E", str(folder / "sshd.log")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C ends the tests, and they end the server
    )


def _listens(process: subprocess.Popen[bytes], log: Path, port: int) -> bool:
    """Whether this process has the port: another worker's server may have taken it, and would greet, too."""
    deadline = time.monotonic() + START_DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        if f"Server listening on 127.0.0.1 port {port}." in log.read_text():
            return True
        time.sleep(0.02)  # the server offers no event for "I listen"
    return False


def _greets(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server speaks ssh before the deadline."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_DEADLINE) as connection:
            return connection.recv(4) == b"SSH-" and process.poll() is None
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)  # no new connections while the present ones are counted
        for pid in _connections(process.pid):
            with suppress(ProcessLookupError):  # ended by itself meanwhile
                os.kill(pid, signal.SIGTERM)
        process.terminate()
        process.send_signal(signal.SIGCONT)
    process.wait(timeout=60)


def _connections(server: int) -> list[int]:
    """The server's own processes, one or two for each connection; each is in a session of its own.

    Commands started through them are left alone, as they are when a real line is cut.
    """
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process ended while we looked
            pid, _, rest = stat.read_text().partition(" (")
            name, _, fields = rest.rpartition(") ")
            if name.startswith("sshd"):
                parents[int(pid)] = int(fields.split()[1])
    found = [server]
    for parent in found:
        found += [pid for pid, its_parent in parents.items() if its_parent == parent]
    return found[1:]


def _describe(folder: Path, port: int, pid: int) -> SshServer:
    user = getpass.getuser()
    known_hosts = folder / "known_hosts"
    kind, key = (folder / "host_key.pub").read_text().split()[:2]
    known_hosts.write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    config = folder / "ssh_config"
    config.write_text(
        f"Host {HOST_ALIAS} 127.0.0.1\n"
        "  HostName 127.0.0.1\n"
        f"  Port {port}\n"
        f"  User {user}\n"
        f"  IdentityFile {folder / 'user_key'}\n"
        "  IdentitiesOnly yes\n"
        "  IdentityAgent none\n"
        f"  UserKnownHostsFile {known_hosts}\n"
        "  GlobalKnownHostsFile /dev/null\n"
        "  StrictHostKeyChecking yes\n"
        "  BatchMode yes\n"
        "  ConnectTimeout 60\n"
    )
    return SshServer(
        host="127.0.0.1",
        port=port,
        user=user,
        key=folder / "user_key",
        known_hosts=known_hosts,
        config=config,
        log=folder / "sshd.log",
        pid=pid,
    )


@pytest.fixture(scope="session")
def sshd() -> Iterator[SshServer]:
    """A server for the whole run (each xdist worker has its own). Asking for it marks the test `ssh`."""
    # Not pytest's long folder: clients put sockets beside the config, and their paths may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="goaround-ssh-"))
    try:
        with running_ssh_server(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
