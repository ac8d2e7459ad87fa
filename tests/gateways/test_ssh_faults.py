"""What the operator reads when a host or the way to it fails, tried with a real sshd."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patient_deadlines import closed_port, leaping
from process_looks import children_of, end_each, wait_gone
from ssh_hosts import host_of, short_folder
from ssh_server import SshServer, running_ssh_server, write_key

from actions.gateways import child_process, ssh_client, ssh_shell
from actions.gateways.host import connect
from actions.gateways.ssh_host import SshHost
from actions.model.errors import BadInput, CommandFailed, GoaroundError, Refused, Unreachable

pytestmark = pytest.mark.ssh


@pytest.fixture
def own_server() -> Iterator[SshServer]:
    """A server that a test may stop, kill and lie about."""
    with short_folder() as folder, running_ssh_server(folder) as server:
        yield server


@pytest.fixture(scope="module")
def remote(sshd: SshServer) -> Iterator[SshHost]:
    with host_of(sshd) as host:
        yield host


# --------------------------------------------------------------------------------------------------- faults


def test_the_connection_goes_while_a_command_runs(own_server: SshServer) -> None:
    """A lost connection is no exit status: the outcome is unknown, and the error says what to do."""
    pids: list[int] = []

    def cut(_stream: str, chunk: bytes) -> None:
        pids.append(int(chunk))
        end_each(children_of(own_server.pid))

    with host_of(own_server) as host:
        with pytest.raises(Unreachable, match="outcome is unknown") as caught:
            host.run(("sh", "-c", "echo $$; exec sleep 300"), on_output=cut)
        assert "sleep 300" in caught.value.detail
        assert "before anything is run again" in caught.value.next_move
        end_each(pids)
        assert host.run(("echo", "again")).stdout == b"again\n"  # a new connection is made by itself


def test_the_far_shell_is_killed(remote: SshHost) -> None:
    """A far shell that goes without telling its status leaves an unknown outcome too."""
    with pytest.raises(Unreachable, match="outcome is unknown"):
        remote.run(("sh", "-c", "kill -9 $PPID"))


def test_a_hanging_server_is_bounded(own_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stands still holds nobody up, neither before the connection nor in a command."""
    clock = leaping(monkeypatch, ssh_shell, child_process)
    stopped: list[int] = []
    far: list[int] = []

    def stop(_stream: str, chunk: bytes) -> None:
        far.append(int(chunk))
        stopped.extend([own_server.pid, *children_of(own_server.pid)])
        end_each(stopped, signal.SIGSTOP)
        monkeypatch.setattr(ssh_shell, "CONTROL_S", 0.5)
        clock.leap(60)  # the deadline of the command

    try:
        unknown = pytest.raises(Unreachable, match="outcome is unknown")
        with host_of(own_server) as host, unknown:
            host.run(("sh", "-c", "echo $$; exec sleep 300"), timeout_s=60, on_output=stop)
        with host_of(own_server, connect_timeout_s=1) as host:
            began = time.monotonic()
            with pytest.raises(Unreachable, match="does not answer") as caught:
                host.run(("true",))
            assert "nothing was run" in caught.value.next_move
            assert time.monotonic() - began < 60
    finally:
        end_each(stopped, signal.SIGCONT)
        end_each(far)


def test_a_dead_or_leaving_connection_is_replaced(own_server: SshServer) -> None:
    """The shared connection is a convenience: when its process is killed, the next command makes another."""
    with host_of(own_server) as host:
        host.run(("true",))
        _, words = host._shell.control("check")
        master = int(words.split(b"pid=")[1].split(b")")[0])
        os.kill(master, signal.SIGKILL)
        wait_gone(master)
        assert host.run(("echo", "on")).stdout == b"on\n"
        host._shell.control("exit")
        assert host.run(("echo", "on")).stdout == b"on\n"


def test_a_connection_that_goes_without_a_word_is_replaced_once(
    sshd: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shared connection that ends as we come says nothing: nothing ran, so it is tried once more, and only once."""
    real = shutil.which("ssh")
    asked = tmp_path / "asked"
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho x >> {asked}\n[ $(wc -l < {asked}) = 1 ] && exit 255\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with host_of(sshd) as host:
        assert host.run(("echo", "on")).stdout == b"on\n"
    asked.unlink()
    program.write_text(f"#!/bin/sh\necho x >> {asked}\nexit 255\n")
    with short_folder() as runtime, pytest.raises(Unreachable, match="cannot be reached"):
        SshHost(sshd.url, ssh_config=str(sshd.config), runtime=runtime).run(("true",))
    assert asked.read_text() == "x\nx\n"


def edited_config(server: SshServer, folder: Path, **lines: str) -> str:
    """The server's client configuration with some settings replaced."""
    kept = [line for line in server.config.read_text().splitlines() if line.split() and line.split()[0] not in lines]
    path = folder / "ssh_config"
    path.write_text("\n".join([*kept, *(f"  {key} {value}" for key, value in lines.items())]) + "\n")
    return str(path)


def test_a_changed_host_key_is_refused(sshd: SshServer, tmp_path: Path) -> None:
    """Another machine in the host's place gets nothing, and the operator reads what to compare."""
    other = write_key(tmp_path / "other", "another host").with_suffix(".pub").read_text().split()
    (tmp_path / "known").write_text(f"[127.0.0.1]:{sshd.port} {other[0]} {other[1]}\n")
    config = edited_config(sshd, tmp_path, UserKnownHostsFile=str(tmp_path / "known"))
    with host_of(sshd, config=config) as host, pytest.raises(Refused, match="has changed") as caught:
        host.run(("true",))
    assert "ssh-keygen -R" in caught.value.next_move
    assert f"[127.0.0.1]:{sshd.port}" in caught.value.next_move
    assert "SHA256:" in caught.value.detail


def test_an_unknown_host_key_is_refused_whatever_the_users_settings(sshd: SshServer, tmp_path: Path) -> None:
    """Nothing is trusted on first sight in the middle of an incident; the next move is another one."""
    config = edited_config(
        sshd, tmp_path, UserKnownHostsFile=str(tmp_path / "empty"), StrictHostKeyChecking="accept-new"
    )
    with host_of(sshd, config=config) as host, pytest.raises(Refused, match="not known here") as caught:
        host.run(("true",))
    assert "connect once by hand" in caught.value.next_move
    assert not (tmp_path / "empty").exists()


def test_a_refused_key_is_told(sshd: SshServer, tmp_path: Path) -> None:
    """Nobody is asked for a password; the error says whose key was refused."""
    key = write_key(tmp_path / "stranger", "stranger")
    config = edited_config(sshd, tmp_path, IdentityFile=str(key))
    with host_of(sshd, config=config) as host, pytest.raises(Unreachable, match="refuses our key") as caught:
        host.run(("true",))
    assert "Permission denied" in caught.value.detail


def test_the_identity_given_is_used(sshd: SshServer, tmp_path: Path) -> None:
    """A key named for this host is offered without the user's configuration knowing it."""
    config = edited_config(sshd, tmp_path, IdentityFile="none")
    with host_of(sshd, config=config, identity=str(sshd.key)) as host:
        assert host.run(("echo", "in")).stdout == b"in\n"


def test_nobody_listens(tmp_path: Path) -> None:
    """A closed port and a broken configuration are told apart, each with its own move."""
    with short_folder() as runtime, closed_port() as port:
        config = tmp_path / "config"
        config.write_text("Host *\n")
        name = f"ssh://u@127.0.0.1:{port}"
        with pytest.raises(Unreachable, match="refuses the connection"):
            SshHost(name, ssh_config=str(config), runtime=runtime).run(("true",))
        config.write_text("NoSuchOption yes\n")
        with pytest.raises(BadInput, match="does not accept its configuration"):
            SshHost(name, ssh_config=str(config), runtime=runtime).run(("true",))


@pytest.mark.parametrize(
    ("words", "status", "kind", "title"),
    [
        (b"ssh: Could not resolve hostname app-1: unknown\r\n", 255, Unreachable, "not found"),
        (b"ssh: connect to host app-1 port 22: No route to host\r\n", 255, Unreachable, "no way to"),
        (b"kex_exchange_identification: Connection closed\r\n", 255, Unreachable, "closed the"),
        (b"Unable to negotiate with 1.2.3.4 port 22: no match\r\n", 255, Unreachable, "algorithm"),
        (b"something new\x1b[31m\r\n", 255, Unreachable, "cannot be reached"),
        (b"This account is currently not available.\n", 1, CommandFailed, "did not answer as a shell"),
        (b"", 255, Unreachable, "cannot be reached"),
    ],
)
def test_the_clients_words_have_a_meaning(
    tmp_path: Path, words: bytes, status: int, kind: type[GoaroundError], title: str
) -> None:
    """Each way a connection fails has its own title; nothing of it carries terminal control."""
    nowhere = Path("/tmp/x")
    to = ssh_client.destination("ssh://u@app-1", config="", identity="", connect_timeout_s=1, runtime=nowhere)
    error = ssh_client.not_connected(to, status, words)
    assert type(error) is kind
    assert title in error.title
    assert "\x1b" not in error.line()
    assert "nothing was run" in error.next_move


def test_a_missing_client_is_told(sshd: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without OpenSSH's client on this machine the error names it."""
    with short_folder() as runtime:
        host = SshHost(sshd.url, ssh_config=str(sshd.config), runtime=runtime)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(CommandFailed, match="program ssh"):
            host.run(("true",))


# -------------------------------------------------------------------------------------------------- settings


def test_the_factory_reads_the_configurations_name(sshd: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account names its own ssh configuration in the environment."""
    with short_folder() as runtime:
        monkeypatch.setenv("GOAROUND_SSH_CONFIG", str(sshd.config))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        host = connect(f"ssh://{sshd.host}")
        assert isinstance(host, SshHost)
        try:
            assert host.run(("echo", "in")).stdout == b"in\n"
            assert stat.S_IMODE((runtime / "goaround").stat().st_mode) == 0o700
        finally:
            host.disconnect()


def test_sockets_lie_where_nobody_else_can_reach_them(tmp_path: Path) -> None:
    """A folder that others may enter, or a link, is refused: a foreign socket could answer for the host."""
    assert stat.S_IMODE(ssh_client.private_folder(tmp_path / "new").stat().st_mode) == 0o700
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "new")
    for folder in (open_folder, link):
        with pytest.raises(Refused, match="not a private folder"):
            ssh_client.private_folder(folder)
    with pytest.raises(BadInput, match="too long a path"):
        ssh_client.destination(
            "ssh://a", config="", identity="", connect_timeout_s=1, runtime=Path("/tmp/" + "x" * 100)
        )
