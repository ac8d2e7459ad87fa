"""What is sent to a far shell and how its answer is taken apart, tried with every POSIX shell on this
machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.gateways import ssh_files
from actions.gateways.remote_shell import RemoteOutput, bootstrap, script

SHELLS = [
    pytest.param(argv, id=" ".join(argv))
    for argv in (("dash",), ("bash", "--posix"), ("busybox", "sh"), ("mksh",), ("zsh", "--emulate", "sh"))
    if shutil.which(argv[0])
]
READY, END = "0f5c2a9be1d84637a0c3f1e8b7d29465", "7e31b0d94c5fa826e1b7043dc95f28a6"
ANY_WORD = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.text("'\"\\$`!\n\t *?[]{}~#&;|<>()=-aü€😀", max_size=12),
    st.binary(max_size=8).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
)


class FarSide:
    """The shell as sshd would start it, without sshd."""

    def __init__(self, shell: tuple[str, ...], environment: dict[str, str] | None = None) -> None:
        self.shell = shell
        self.environment = environment

    def run(self, text: bytes, stdin: bytes = b"") -> tuple[str, bytes, bytes]:
        """Status as told, and the command's two streams."""
        streams: dict[str, bytes] = {"stdout": b"", "stderr": b""}

        def take(stream: str, chunk: bytes) -> None:
            streams[stream] += chunk

        output = RemoteOutput(READY, END, take, lambda: None)
        inner = bootstrap(READY).removeprefix("exec /bin/sh -c '").removesuffix("'")
        done = subprocess.run(
            [*self.shell, "-c", inner],
            input=text + stdin,
            capture_output=True,
            check=False,
            timeout=60,
            env=self.environment,
        )
        output("stdout", done.stdout)
        output("stderr", done.stderr)
        assert output.complete, (done.stdout, done.stderr)
        return output.status, streams["stdout"], streams["stderr"]


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=60, deadline=None)
@given(words=st.lists(ANY_WORD, max_size=5), value=ANY_WORD, stdin=st.binary(max_size=300))
def test_every_byte_arrives_in_every_shell(shell: tuple[str, ...], words: list[str], value: str, stdin: bytes) -> None:
    """Shown, then done: arguments, variables and input reach the program byte for byte through any sh."""
    argv = ("sh", "-c", r"""printf '%s\0' "$@" "$V"; cat""", "x", *words)
    status, stdout, stderr = FarSide(shell).run(script(END, argv, env={"V": value}, with_stdin=True), stdin)
    expected = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in (*words, value))
    assert (status, stdout, stderr) == ("0", expected + stdin, b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_tells_how_it_ended(shell: tuple[str, ...], tmp_path: Path) -> None:
    """A missing program or folder is told apart from a program that ends with the same status."""
    far = FarSide(shell)
    plain = tmp_path / "plain"
    plain.write_text("")
    assert far.run(script(END, ("sh", "-c", "exit 255")))[0] == "255"
    assert far.run(script(END, ("sh", "-c", "exit 127")))[0] == "127"
    assert far.run(script(END, ("sh", "-c", "kill -9 $$")))[0] == "137"
    assert far.run(script(END, ("no-such-program-here",)))[0] == "127!"
    assert far.run(script(END, ("/no/such/program",)))[0] == "127!"
    assert far.run(script(END, (str(plain),)))[0] == "126!"
    assert far.run(script(END, ("true",), cwd=str(tmp_path / "absent")))[0] == "cwd"
    hostile = tmp_path / "-a 'b\n$c"
    hostile.mkdir()
    assert far.run(script(END, ("pwd",), cwd=str(hostile)))[1] == os.fsencode(hostile) + b"\n"
    assert far.run(script(END, ("sh", "-c", "echo e >&2; echo o"), merge_stderr=True))[1:] == (b"e\no\n", b"")
    assert far.run(script(END, ("cat",)), b"not for the command")[1] == b""


@given(
    noise=st.binary(max_size=80),
    payload=st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 600), max_size=12),
    part=st.integers(0, 32),
)
def test_the_commands_bytes_are_found_however_they_are_cut(
    noise: bytes, payload: bytes, cuts: list[int], part: int
) -> None:
    """What start-up files print is not the command's; what the command prints is, even half a mark at its
    end."""
    payload += END.encode()[:part] if part < 32 else b""
    whole = {
        "stdout": noise + f"{READY}\n".encode() + payload + f"{END}\n".encode(),
        "stderr": noise + f"\n+ echo {READY} $$\n{READY} 4711\n".encode() + payload + f"{END} 255\n".encode(),
    }
    got: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def take(stream: str, chunk: bytes) -> None:
        got[stream] += chunk

    ready: list[bool] = []
    output = RemoteOutput(READY, END, take, lambda: ready.append(True))
    for stream, raw in whole.items():
        edges = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
        for start, end in pairwise(edges):
            assert not output.complete
            output(stream, raw[start:end])
    assert got == {"stdout": payload, "stderr": payload}
    assert (output.complete, output.status, output.group, ready) == (True, "255", 4711, [True])


def test_a_lost_connection_keeps_what_came() -> None:
    """Output before the loss is the operator's best clue; none of it is held back."""
    got: list[bytes] = []
    output = RemoteOutput(READY, END, lambda _stream, chunk: got.append(chunk), lambda: None)
    output("stderr", f"{READY} 1\n".encode())
    output("stdout", f"{READY}\nhalf{END[:7]}".encode())
    output.finish()
    assert b"".join(got) == b"half" + END[:7].encode()
    assert not output.complete


@pytest.fixture
def small_server(tmp_path: Path) -> FarSide:
    """A far side with busybox alone: what the smallest servers have."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox on this machine")
    tools = tmp_path / "tools"
    tools.mkdir()
    subprocess.run([busybox, "--install", "-s", str(tools)], check=True)
    return FarSide((str(tools / "sh"),), {"PATH": str(tools)})


def test_file_scripts_need_no_more_than_busybox(small_server: FarSide, tmp_path: Path) -> None:
    """Files are replaced atomically on the smallest server too, with mode and owner kept."""

    def sha(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    def run(argv: tuple[str, ...], stdin: bytes = b"") -> tuple[str, bytes]:
        return small_server.run(script(END, argv, with_stdin=bool(stdin)), stdin)[:2]

    folder = tmp_path / "files"
    folder.mkdir()
    path = folder / "f"
    assert run(ssh_files.write_argv(str(path), 0o640, "", sha(b"one")), b"one")[0] == "0"
    assert path.stat().st_mode & 0o7777 == 0o640
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    assert run(ssh_files.write_argv(str(path), 0o600, sha(b"one"), sha(b"two")), b"two")[0] == "0"
    assert path.stat().st_mode & 0o7777 == 0o640
    if os.geteuid() == 0:
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)
    assert run(ssh_files.read_argv(str(path), 100)) == ("0", b"two")
    for status in (
        run(ssh_files.write_argv(str(path), 0o600, sha(b"one"), sha(b"x")), b"x")[0],
        run(ssh_files.write_argv(str(path), 0o600, "", sha(b"x")), b"x")[0],
        run(ssh_files.remove_argv(str(path), sha(b"one")))[0],
        run(ssh_files.read_argv(str(path), 2))[0],
    ):
        assert int(status) >= 40
    assert os.listdir(folder) == ["f"]
    assert run(ssh_files.remove_argv(str(path), sha(b"two")))[0] == "0"
    assert os.listdir(folder) == []
