"""Commands of this machine, through the port."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from patient_deadlines import leaping
from process_looks import end_each, wait_gone

from actions.gateways import child_process, local_host
from actions.gateways.host import connect
from actions.gateways.local_host import LocalHost
from actions.model.errors import BadInput, CommandFailed, GoaroundError
from actions.model.ports import Host

HOST: Host = LocalHost()
MIB = 1024 * 1024


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


# ------------------------------------------------------------------------------------------------- commands


def test_argv_arrives_byte_for_byte() -> None:
    """Shown, then done: no shell stands between what is shown and what runs."""
    words = ("a b", "", "'", '"', "$HOME", "`id`", "x\ny", "-n", "*", "ü€😀", "\udcff", "; rm -rf x")
    result = HOST.run(("printf", r"%s\0", *words))
    assert result.exit_status == 0
    assert result.stdout == b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)]
)
def test_exit_status_is_told(script: str, status: int) -> None:
    """A non-zero exit is a result, an end by a signal is 128 + n."""
    result = HOST.run(("sh", "-c", script))
    assert (result.exit_status, result.timed_out) == (status, False)


def test_both_streams_and_a_large_stdin_without_deadlock() -> None:
    """A child that writes much before it reads is neither stuck nor cut, and reports bytes as they come."""
    code = (
        "import sys; w = sys.stdout.buffer.write; e = sys.stderr.buffer.write\n"
        "[(w(b'o' * 65536), e(b'e' * 65536)) for _ in range(32)]\n"
        "w(b'%d' % len(sys.stdin.buffer.read()))"
    )
    seen = {"stdout": 0, "stderr": 0}

    def count(stream: str, chunk: bytes) -> None:
        seen[stream] += len(chunk)

    result = HOST.run(python(code), stdin=b"i" * (3 * MIB + 1), on_output=count)
    assert result.stdout.endswith(b"o3145729")
    assert result.stderr == b"e" * (2 * MIB)
    assert seen == {"stdout": 2 * MIB + 7, "stderr": 2 * MIB}


def test_the_newest_bytes_are_kept() -> None:
    """An endless log does not fill the memory: 4 MiB of each stream, the newest, stay."""
    code = "import sys; w = sys.stdout.buffer.write; [w(b'a' * 1048576) for _ in range(11)]; w(b'end')"
    result = HOST.run(python(code))
    assert len(result.stdout) == 4 * MIB
    assert result.stdout.endswith(b"aend")


def test_output_comes_while_the_command_runs() -> None:
    """The operator sees a line when it is written: the command here goes on only after we have seen it."""
    reading, writing = os.pipe()
    try:
        seen: list[bytes] = []

        def answer(_stream: str, chunk: bytes) -> None:
            seen.append(chunk)
            if seen == [b"ready\n"]:
                os.write(writing, b"go\n")

        path = f"/proc/{os.getpid()}/fd/{reading}"
        result = HOST.run(("sh", "-c", f"echo ready; head -n1 {path}"), timeout_s=60, on_output=answer)
        assert not result.timed_out
        assert b"".join(seen) == b"ready\ngo\n"
    finally:
        os.close(reading)
        os.close(writing)


def test_no_terminal_and_closed_stdin() -> None:
    """A command that wants to ask gets an end of file instead of the operator's keys."""
    result = HOST.run(("sh", "-c", "read x; echo $?; test -t 0 || test -t 1 || test -t 2 || echo none"))
    assert result.stdout == b"1\nnone\n"


def test_the_child_stays_in_our_session_but_leads_a_group() -> None:
    """Whoever observes the worker's session finds its children; a Ctrl-C does not reach them."""
    result = HOST.run(python("import os; print(os.getsid(0), os.getpgid(0) == os.getpid())"))
    assert result.stdout.decode().split() == [str(os.getsid(0)), "True"]


def test_environment_is_inherited_and_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs meets the surroundings it meets by hand; PWD follows the folder, as Compose files expect."""
    monkeypatch.setenv("KEPT", "1")
    argv = ("sh", "-c", 'printf "%s|%s|%s|%s" "$KEPT" "$NEW" "$PWD" "$(pwd -P)"')
    result = HOST.run(argv, cwd=str(tmp_path), env={"NEW": "a b\n$x"})
    assert result.stdout.decode() == f"1|a b\n$x|{tmp_path}|{tmp_path.resolve()}"
    told = HOST.run(python("import os; print(os.environ['PWD'])"), cwd=str(tmp_path)).stdout
    assert told.decode().strip() == str(tmp_path)


def test_a_missing_program_is_named() -> None:
    """The operator reads which program is missing and that nothing ran."""
    with pytest.raises(CommandFailed, match="no-such-program-here") as caught:
        HOST.run(("no-such-program-here", "x"))
    assert caught.value.exit_status == 127
    assert "nothing was run" in caught.value.next_move


def test_a_program_that_cannot_start_is_named(tmp_path: Path) -> None:
    """No execute right, a missing interpreter and an argument list too long are told apart from a missing
    program."""
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    with pytest.raises(CommandFailed, match="cannot be started") as caught:
        HOST.run((str(script),))
    assert caught.value.exit_status == 126
    script.chmod(0o755)
    with pytest.raises(CommandFailed, match="interpreter"):
        HOST.run((str(script),))
    with pytest.raises(CommandFailed, match="too long"):
        HOST.run(("true", "x" * (4 * MIB)))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A missing folder is not taken for a missing program."""
    with pytest.raises(CommandFailed, match=r"no folder .*absent"):
        HOST.run(("true",), cwd=str(tmp_path / "absent"))
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=r"no folder .*file"):
        HOST.run(("true",), cwd=str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("argv", "cwd", "env"),
    [
        ((), "", {}),
        (("",), "", {}),
        (("-x",), "", {}),
        (("true", "a\0b"), "", {}),
        (("true", "\ud800"), "", {}),
        (("true",), "relative", {}),
        (("true",), "", {"A=B": "x"}),
        (("true",), "", {"A": "x\0"}),
    ],
)
def test_what_no_host_can_run_is_refused(argv: tuple[str, ...], cwd: str, env: dict[str, str]) -> None:
    """Bad input is one clear error and nothing runs."""
    with pytest.raises(BadInput):
        HOST.run(argv, cwd=cwd, env=env)


def test_a_child_that_ended_is_in_time_however_late_we_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep us from looking until the deadline has passed: what had ended by then is no hang."""
    clock = leaping(monkeypatch, child_process, local_host)

    def kept(_stream: str, chunk: bytes) -> None:
        wait_gone(int(chunk))
        clock.leap(60)

    result = HOST.run(("sh", "-c", "echo $$"), timeout_s=60, on_output=kept)
    assert (result.timed_out, result.exit_status) == (False, 0)


def test_the_deadline_ends_the_whole_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a timed-out command goes on working behind the operator's back, whatever group it moved
    to."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "other = subprocess.Popen(['sleep', '300'], process_group=0)\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} {{other.pid}}')\n"
        "print('up', flush=True); time.sleep(300)"
    )
    clock = leaping(monkeypatch, child_process, local_host)
    result = HOST.run(python(code), timeout_s=60, on_output=lambda _stream, _chunk: clock.leap(60))
    assert result.timed_out
    assert result.exit_status == 143
    assert result.stdout == b"up\n"
    assert [pid for pid in pids.read_text().split() if is_alive(int(pid))] == []


def test_a_child_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM first, SIGKILL after the grace; output until then is kept."""
    clock = leaping(monkeypatch, child_process, local_host)
    monkeypatch.setattr(child_process, "GRACE_S", 60)
    # Its first words end the deadline, the next ones the grace.
    result = HOST.run(
        ("sh", "-c", "trap 'echo heard' TERM; echo $$; while :; do sleep 0.05; done"),
        timeout_s=60,
        on_output=lambda _stream, _chunk: clock.leap(60),
    )
    assert (result.timed_out, result.exit_status) == (True, 137)
    pid, heard = result.stdout.decode().split()
    assert heard == "heard"
    assert not is_alive(int(pid))


def test_a_stopped_child_is_ended() -> None:
    """A stopped process cannot hold the cockpit up."""
    result = HOST.run(("sh", "-c", "kill -STOP $$"), timeout_s=0.3)
    assert (result.timed_out, result.exit_status) == (True, 143)


def test_a_daemon_that_keeps_the_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    """A deploy command may leave its server running: the command has ended, the server lives, we go on."""
    pid_file = tmp_path / "pid"
    began = time.monotonic()
    result = HOST.run(("sh", "-c", f"setsid sleep 300 & echo $! >{pid_file}; echo done"))
    pid = int(pid_file.read_text())
    try:
        assert (result.exit_status, result.stdout) == (0, b"done\n")
        assert time.monotonic() - began < 30
        assert is_alive(pid)
    finally:
        end_each([pid])


def test_an_error_while_reading_ends_the_child(tmp_path: Path) -> None:
    """Whatever stops us (a full spool, a signal's exit) must not leave the command running unobserved."""
    seen: list[int] = []

    def fail(_stream: str, chunk: bytes) -> None:
        seen.append(int(chunk))
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        HOST.run(("sh", "-c", "echo $$; exec sleep 300"), on_output=fail)
    assert not is_alive(seen[0])


def test_no_descriptor_leaks() -> None:
    """A night of polling does not run out of descriptors."""
    HOST.run(("true",))
    gc.collect()  # what other tests left behind goes now, and not while we count
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        HOST.run(("sh", "-c", "cat; exit 3"), stdin=b"x")
        with pytest.raises(GoaroundError):
            HOST.run(("no-such-program-here",))
    assert len(os.listdir("/proc/self/fd")) <= before


def test_stream_to_passes_raw_output_on() -> None:
    """Evidence is kept byte for byte, with or without the error stream, however long."""
    chunks: list[bytes] = []
    code = (
        r"import os; os.write(1, b'a\xff\0'); os.write(2, b'E');"
        r" [os.write(1, b'z' * 65536) for _ in range(96)]"
    )
    assert HOST.stream_to(python(code), chunks.append) == 0
    assert b"".join(chunks) == b"a\xff\0E" + b"z" * 6 * MIB
    chunks.clear()
    assert HOST.stream_to(python(code + "; raise SystemExit(4)"), chunks.append, merge_stderr=False) == 4
    assert b"".join(chunks) == b"a\xff\0" + b"z" * 6 * MIB


def test_starting_a_command_is_cheap() -> None:
    """A guided switch may add little to the plain command: ten starts stay within 25 ms each over a bare
    start."""

    def bare() -> None:
        subprocess.run(["true"], stdin=subprocess.DEVNULL, capture_output=True, check=True)

    def ours() -> None:
        HOST.run(("true",))

    def best(call: object) -> float:
        times = []
        for _ in range(10):
            began = time.perf_counter()
            call()  # type: ignore[operator]
            times.append(time.perf_counter() - began)
        return min(times)

    added, patience = best(ours) - best(bare), time.monotonic() + 60
    while added >= 0.025 and time.monotonic() < patience:  # a machine that is busy just now tells nothing of us
        added = best(ours) - best(bare)
    assert added < 0.025


def test_names_of_hosts() -> None:
    """The factory knows two kinds of host and refuses everything else before anything is connected."""
    assert connect("local").name == "local"
    for name in (
        "",
        "LOCAL",
        "app-1",
        "ssh://",
        "ssh://-oProxyCommand=x",
        "ssh://a@-b",
        "ssh://a/b",
        "ssh://a:0",
        "ssh://a\n",
    ):
        with pytest.raises(BadInput):
            connect(name)
