"""The host's port over a real sshd: commands, deadlines and sockets."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patient_deadlines import leaping
from process_looks import end_each, status_of, wait_gone
from ssh_hosts import host_of, short_folder
from ssh_server import SshServer

from actions.gateways import child_process, ssh_shell
from actions.gateways.ssh_host import SshHost
from actions.model.errors import CommandFailed, Unreachable

pytestmark = pytest.mark.ssh
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def remote(sshd: SshServer) -> Iterator[SshHost]:
    with host_of(sshd) as host:
        yield host


# ------------------------------------------------------------------------------------------------- commands


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.one_of(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10),
            st.text("'\"\\$`!\n -*~;&|<>(){}", max_size=10),
            st.binary(max_size=6).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
        ),
        max_size=6,
    ),
    stdin=st.binary(max_size=200),
)
def test_argv_and_input_arrive_byte_for_byte(remote: SshHost, words: list[str], stdin: bytes) -> None:
    """Shown, then done: what was shown reaches the far program, whatever it holds."""
    result = remote.run(("sh", "-c", r"""printf '%s\0' "$@"; cat""", "x", *words), stdin=stdin)
    expected = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)
    if not words:
        expected = b"\0"  # printf repeats its format at least once
    assert (result.exit_status, result.stdout, result.stderr) == (0, expected + stdin, b"")


@pytest.mark.parametrize(
    ("text", "status"), [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("exit 127", 127), ("kill -9 $$", 137)]
)
def test_exit_status_is_the_commands_own(remote: SshHost, text: str, status: int) -> None:
    """A command's own 255 is not taken for a lost connection."""
    assert remote.run(("sh", "-c", text)).exit_status == status


def test_streams_are_whole_and_apart(remote: SshHost) -> None:
    """Large input and output on both streams, without deadlock, the newest 4 MiB kept."""
    text = "n=$(wc -c); head -c 6291456 /dev/zero; head -c 1048576 /dev/zero >&2; echo $n"
    seen = {"stdout": 0, "stderr": 0}

    def count(stream: str, chunk: bytes) -> None:
        seen[stream] += len(chunk)

    result = remote.run(("sh", "-c", text), stdin=b"i" * (3 * MIB), on_output=count)
    assert seen == {"stdout": 6 * MIB + 8, "stderr": MIB}
    assert len(result.stdout) == 4 * MIB
    assert result.stdout.endswith(b"\x003145728\n")
    assert result.stderr == b"\0" * MIB


def test_folder_and_environment(remote: SshHost, tmp_path: Path) -> None:
    """The command runs in its folder with its variables, and gets no terminal."""
    folder = tmp_path / "a 'b"
    folder.mkdir()
    argv = ("sh", "-c", 'printf "%s|%s|" "$PWD" "$V"; test -t 0 || echo none')
    result = remote.run(argv, cwd=str(folder), env={"V": "x\n'y'"})
    assert result.stdout.decode() == f"{folder}|x\n'y'|none\n"


def test_values_of_variables_are_in_no_process_list(remote: SshHost) -> None:
    """A secret that goes into the environment stands in nobody's argv, neither here nor over there."""
    secret = "s3cr3t-" + "q" * 20
    argv = ("sh", "-c", 'cat /proc/[0-9]*/cmdline 2>/dev/null; echo; echo "${#TOKEN}"')
    result = remote.run(argv, env={"TOKEN": secret})
    assert result.stdout.endswith(b"\n27\n")
    assert secret.encode() not in result.stdout
    assert b"ControlPersist" in result.stdout  # our own client was listed


def test_missing_program_and_folder(remote: SshHost, tmp_path: Path) -> None:
    """The operator reads what is missing and on which host."""
    with pytest.raises(CommandFailed, match=f"{remote.name} has no program no-such-program") as caught:
        remote.run(("no-such-program",))
    assert caught.value.exit_status == 127
    with pytest.raises(CommandFailed, match="cannot be started"):
        remote.run((str(tmp_path),))
    with pytest.raises(CommandFailed, match="no folder"):
        remote.run(("true",), cwd=str(tmp_path / "absent"))


def test_stream_to(remote: SshHost) -> None:
    """Evidence comes raw, with or without the error stream."""
    chunks: list[bytes] = []
    assert remote.stream_to(("sh", "-c", r"printf 'a\377'; echo e >&2; exit 4"), chunks.append) == 4
    assert sorted(b"".join(chunks)) == sorted(b"a\xffe\n")
    chunks.clear()
    assert remote.stream_to(("sh", "-c", "echo e >&2; echo o"), chunks.append, merge_stderr=False) == 0
    assert b"".join(chunks) == b"o\n"


def test_many_at_once(remote: SshHost) -> None:
    """More commands at once than one connection takes (sshd's MaxSessions is 10): each still ends well."""
    with ThreadPoolExecutor(14) as pool:
        results = list(pool.map(lambda n: remote.run(("sh", "-c", f"sleep 0.3; echo {n}")), range(14)))
    assert [int(result.stdout) for result in results] == list(range(14))


def test_the_second_command_is_quick(sshd: SshServer) -> None:
    """The connection is shared: a command over it costs no new handshake, and no second log-in at the server."""

    def logins() -> int:
        return sshd.log.read_text().count("Accepted publickey")

    with host_of(sshd) as host:
        before = logins()
        for _ in range(4):
            host.run(("true",))
        assert logins() == before + 1


# ----------------------------------------------------------------------------------------- deadlines and ends


def test_the_deadline_ends_the_command_over_there(remote: SshHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that timed out does not go on working on the server."""
    clock = leaping(monkeypatch, ssh_shell, child_process)
    result = remote.run(
        ("sh", "-c", "echo $$; sleep 300"), timeout_s=60, on_output=lambda _stream, _chunk: clock.leap(60)
    )
    assert (result.timed_out, result.exit_status) == (True, 143)
    wait_gone(int(result.stdout))


def test_a_command_that_ignores_sigterm_is_killed_over_there(remote: SshHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM, a grace, SIGKILL; the result says that the deadline ended it."""
    clock = leaping(monkeypatch, ssh_shell, child_process)
    monkeypatch.setattr(ssh_shell, "GRACE_S", 0.4)
    result = remote.run(
        ("sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"),
        timeout_s=60,
        on_output=lambda _stream, _chunk: clock.leap(60),
    )
    assert (result.timed_out, result.exit_status) == (True, 137)
    wait_gone(int(result.stdout))


def test_an_error_while_reading_ends_the_command_over_there(remote: SshHost) -> None:
    """Whatever stops us must not leave the command running unobserved."""
    seen: list[int] = []

    def fail(_stream: str, chunk: bytes) -> None:
        seen.append(int(chunk))
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        remote.run(("sh", "-c", "echo $$; exec sleep 300"), on_output=fail)
    wait_gone(seen[0])


def test_a_daemon_left_over_there_does_not_hold_us_up(remote: SshHost) -> None:
    """A deploy command may leave its server running, even one that keeps the output open."""
    result = remote.run(("sh", "-c", "setsid sleep 300 & echo $!"), timeout_s=60)
    pid = int(result.stdout)
    try:
        assert (result.exit_status, result.timed_out) == (0, False)
        assert status_of(pid) != "Z"
    finally:
        end_each([pid])


# -------------------------------------------------------------------------------------------------- sockets


def test_a_socket_over_there_is_reachable_here(sshd: SshServer) -> None:
    """The engine's socket is spoken to through the shared connection, and again after it was lost."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as server, host_of(sshd) as host:
        path = folder / "engine.sock"
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer, suppress(OSError):  # who only looks whether somebody listens is gone again at once
                    peer.sendall(peer.recv(100).upper())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def ask(local: str) -> bytes:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(60)
                client.connect(local)
                client.sendall(b"ping")
                return client.recv(100)

        local = host.forward_socket(str(path))
        assert len(os.fsencode(local)) < 100
        assert stat.S_IMODE(Path(local).stat().st_mode) == 0o600
        assert ask(local) == b"PING"
        assert host.forward_socket(str(path)) == local
        _, words = host._shell.control("check")
        host._shell.control("exit")  # which answers before it goes, and until then still takes connections
        wait_gone(int(words.split(b"pid=")[1].split(b")")[0]))
        assert ask(host.forward_socket(str(path))) == b"PING"
        local = host.forward_socket(str(path))
        host.close()
        assert not Path(local).exists()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def test_a_connection_that_leaves_while_a_socket_is_forwarded_is_replaced(
    sshd: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone between its making and its use: another one is made; a socket that is refused is tried once."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as server, host_of(sshd) as host:
        path = folder / "engine.sock"
        server.bind(str(path))
        server.listen()
        control = host._shell.control
        asked: list[str] = []

        def leaves_first(command: str, *flags: str) -> tuple[int, bytes]:
            if command == "forward" and not asked:
                _, words = control("check")
                control("exit")
                wait_gone(int(words.split(b"pid=")[1].split(b")")[0]))
            asked.append(command)
            return control(command, *flags)

        monkeypatch.setattr(host._shell, "control", leaves_first)
        assert stat.S_ISSOCK(Path(host.forward_socket(str(path))).stat().st_mode)
        assert asked == ["forward", "forward"]
        with monkeypatch.context() as patch:
            patch.setattr("actions.gateways.ssh_host._escaped", lambda _: "/no/such/folder/socket")
            with pytest.raises(Unreachable, match="cannot be reached") as caught:
                host.forward_socket("/another.sock")
        assert "forwarding request" in caught.value.detail
        assert asked == ["forward"] * 3
