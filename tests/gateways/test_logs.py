from __future__ import annotations

import gc
import json
import os
import queue
import random
import socket
import struct
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from compose_stack import remove_all
from engine_images import ImageBuilder
from ssh_hosts import host_of
from ssh_server import SshServer

from actions.gateways.container_stream import ContainerStream
from actions.gateways.containers import EngineContainers
from actions.gateways.engine_http import EngineRefusal
from actions.gateways.engine_logs import EngineLogs
from actions.gateways.file_logs import FIRST_BYTES, FileTail, RemoteView
from actions.gateways.local_host import LocalHost
from actions.gateways.logs import LARGEST_BATCH, NOTICE, LineMaker, LogSource, level_of
from actions.model.errors import Unreachable
from actions.model.ports import LogLine
from actions.model.secret import Redactor

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"


class Pane:
    """What a pane would hold; waits for lines, not for time."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.batches: list[int] = []
        self._new: queue.SimpleQueue[list[LogLine]] = queue.SimpleQueue()

    def emit(self, lines: list[LogLine]) -> None:
        self._new.put(list(lines))

    def until(self, ready: Callable[[list[str]], bool], what: str, seconds: float = 60) -> list[str]:
        deadline = time.monotonic() + seconds
        while not ready(self.texts()):
            try:
                batch = self._new.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"never came: {what}; have {self.texts()[-20:]}")
            self.batches.append(len(batch))
            self.lines += batch
        return self.texts()

    def until_line(self, text: str) -> list[str]:
        return self.until(lambda have: any(text in line for line in have), text)

    def until_count(self, begin: str, count: int) -> list[str]:
        """So many lines that begin so: one by its number may be too old for the pane where it was opened late."""
        return self.until(lambda have: sum(text.startswith(begin) for text in have) >= count, f"{count} lines {begin}")

    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


@contextmanager
def running(source: LogSource) -> Iterator[Pane]:
    pane, stop = Pane(), threading.Event()
    problems: list[BaseException] = []

    def drive() -> None:
        try:
            source.run(pane.emit, stop)
        except BaseException as error:  # noqa: BLE001  # told by the test's own thread
            problems.append(error)

    thread = threading.Thread(target=drive)
    thread.start()
    try:
        yield pane
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive(), "the source did not stop"
    assert not problems, problems


# ------------------------------------------------------------------------------------------------------ lines


def test_lines_are_harmless_redacted_and_levelled() -> None:
    """What reaches the pane drives no terminal, holds no secret, and shows errors."""
    maker = LineMaker("web", Redactor(["hunter22secret"]))
    (line,) = maker.feed(b"\x1b]0;x\x07ERROR login with hunter22secret\x1b[2J failed\n", "2026-11-22T10:00:00.000000Z")
    assert line.text.isprintable()
    assert "hunter22secret" not in line.text
    assert line.text.startswith("ERROR login with ")
    assert (line.at, line.source, line.level) == ("2026-11-22T10:00:00.000000Z", "web", "error")
    key = maker.feed(b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\nafter\n")
    assert not any("MIIE" in one.text for one in key)
    assert key[-1].text == "after"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("[2026-11-22 10:00:00] ERROR in views", "error"),
        ("Traceback (most recent call last):", "error"),
        ("django.db.utils.OperationalError: ...", ""),
        ("ValueError Exception", "error"),
        ('time=x level=error msg="no"', "error"),
        ("CRITICAL all is lost", "error"),
        ("WARNING: slow query", "warning"),
        ("2026/11/22 [warn] 1#1: conflicting", "warning"),
        ("GET /health/ 200", ""),
    ],
)
def test_levels_come_from_words(text: str, level: str) -> None:
    """A hint for the eye."""
    assert level_of(text) == level


# ------------------------------------------------------------------------------------------------------- file


def test_a_file_is_opened_at_its_tail_and_followed(tmp_path: Path) -> None:
    """A log of any size opens at its end, at a whole line, and what is added comes in order and in bounded
    batches."""
    path = tmp_path / "app.log"
    path.write_bytes(b"".join(b"%08d old line\n" % number for number in range(100_000)))
    with running(FileTail(LocalHost(), str(path))) as pane:
        texts = pane.until_line("00099999 old line")
        assert len(texts) <= FIRST_BYTES / 18
        assert all(text.endswith("old line") and len(text) == 17 for text in texts)
        with path.open("ab") as log:
            log.write(b"added\nhalf")
            log.flush()
            pane.until_line("added")
            log.write(b" and half\n" + b"flood\n" * 3000)
        texts = pane.until(lambda have: have.count("flood") == 3000, "the whole flood")
    assert "half and half" in texts
    assert max(pane.batches) <= LARGEST_BATCH
    assert {line.source for line in pane.lines} == {"app.log"}


def test_a_file_is_followed_through_rotation_without_a_lost_line(tmp_path: Path) -> None:
    """What is written to the old file after it was renamed is read too; the new one from its first line."""
    path = tmp_path / "app.log"
    path.write_bytes(b"one\n")
    with running(FileTail(LocalHost(), str(path), "web log")) as pane, path.open("ab") as old:
        pane.until_line("one")
        path.rename(tmp_path / "app.log.1")
        old.write(b"late in the old file\n")
        old.flush()
        path.write_bytes(b"first in the new file\n")
        texts = pane.until_line("first in the new file")
    texts = [text for text in texts if "is not there" not in text]  # looked at between the two, as it may be
    rotated = next(text for text in texts if "rotated" in text)
    assert texts == ["one", "late in the old file", rotated, "first in the new file"]
    assert rotated.startswith(NOTICE)


def test_truncation_and_disappearance_are_told(tmp_path: Path) -> None:
    """The pane never looks complete when it is not."""
    path = tmp_path / "app.log"
    with running(FileTail(LocalHost(), str(path))) as pane:
        pane.until_line("is not there; waiting")
        path.write_bytes(b"begun\nsecond\n")
        pane.until_line("second")
        path.write_bytes(b"x\n")
        pane.until_line("was truncated")
        pane.until(lambda have: have[-1] == "x", "the line after the truncation")
        path.unlink()
        pane.until(lambda have: sum("is not there" in text for text in have) == 2, "gone, told again")
        path.write_bytes(b"back\n")
        texts = pane.until(lambda have: have[-1] == "back", "the new file")
    assert texts.index(next(text for text in texts if "is there now" in text)) < texts.index("begun")


@pytest.mark.parametrize("make", ["folder", "pipe"])
def test_what_is_no_file_is_told_and_holds_nobody(tmp_path: Path, make: str) -> None:
    """A wrong path in the configuration neither crashes nor blocks the cockpit."""
    path = tmp_path / "odd"
    path.mkdir() if make == "folder" else os.mkfifo(path)
    with running(FileTail(LocalHost(), str(path))) as pane:
        pane.until_line("it is no ordinary file")


def test_a_file_of_another_host_is_followed_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """stat and tail alone are needed on the host; rotation, truncation and absence are seen as on this
    machine.

    The commands really run, here; the transport is the host gateway's matter.
    """
    monkeypatch.setattr("actions.gateways.file_logs.REMOTE_LOOK_S", 0.05)
    monkeypatch.setattr(RemoteView, "look_s", 0.05)

    class Elsewhere(LocalHost):
        @property
        def name(self) -> str:
            return "ssh://somebody@there"

    path = tmp_path / "app -x.log"
    path.write_bytes(b"".join(b"%08d old line\n" % number for number in range(100_000)))
    with running(FileTail(Elsewhere(), str(path))) as pane:
        texts = pane.until_line("00099999 old line")
        assert all(text.endswith("old line") and len(text) == 17 for text in texts)
        with path.open("ab") as log:
            log.write(b"flood %d\n" * 3000 % tuple(range(3000)))
        pane.until_line("flood 2999")
        path.rename(tmp_path / "old")
        path.write_bytes(b"new file\n")
        pane.until(lambda have: have[-1] == "new file", "the new file")
        path.write_bytes(b"y\n")
        pane.until(lambda have: have[-1] == "y", "the truncated file")
        path.unlink()
        texts = pane.until_line("is not there")
    floods = [text for text in texts if text.startswith("flood")]
    assert floods == [f"flood {number}" for number in range(3000)]
    assert any("may be missing here" in text for text in texts)


def test_a_file_is_followed_over_ssh(sshd: SshServer, tmp_path: Path) -> None:
    """The same over a real connection: a quiet file is left at once, and a lost connection costs no line."""
    path = tmp_path / "it's an app.log"
    path.write_bytes(b"before\n")
    with host_of(sshd) as host, running(FileTail(host, str(path), "app")) as pane:
        pane.until_line("before")
        with path.open("ab") as log:
            log.write(b"".join(b"line %d\n" % number for number in range(2000)))
        pane.until_line("line 1999")
        host.disconnect()
        with path.open("ab") as log:
            log.write(b"while away\n")
        texts = pane.until_line("while away")
    ours = [text for text in texts if not text.startswith(NOTICE)]
    assert ours == ["before", *(f"line {number}" for number in range(2000)), "while away"]


# ----------------------------------------------------------------------------------------------------- stream


def frame(text: str, stamp: str, kind: int = 1) -> bytes:
    payload = f"{stamp} {text}".encode()
    return struct.pack(">BxxxL", kind, len(payload)) + payload


def nano(number: int) -> str:
    return f"2026-11-22T10:00:{number // 10:02}.{number % 10}00000000Z"


def test_frames_are_understood_however_the_bytes_are_cut() -> None:
    """The lines do not depend on how the network cuts the stream; long lines come in pieces with times of
    their own."""
    whole = HEAD + b"".join(frame(f"line {n}\n", nano(n), 1 + n % 2) for n in range(40))
    whole += frame("a" * 5000, nano(41)) + frame("b\n", nano(42))
    expected = ContainerStream("web", tty=False).feed(whole)
    assert [line.text for line in expected[:-1]] == [f"line {n}" for n in range(40)]
    assert expected[3].at == "2026-11-22T10:00:00.300000Z"
    assert expected[-1].text == "a" * 5000 + "b"
    dice = random.Random(7)
    for _ in range(50):
        stream, place, lines = ContainerStream("web", tty=False), 0, []
        while place < len(whole):
            step = dice.choice((1, 2, 7, 100, 900))
            lines += stream.feed(whole[place : place + step])
            place += step
        assert lines == expected


def test_a_terminals_stream_has_no_frames() -> None:
    """Containers with a terminal are read as they are."""
    stream = ContainerStream("web", tty=True)
    lines = stream.feed(HEAD + f"{nano(1)} one\r\n{nano(2)} tw".encode())
    lines += stream.feed(b"o\r\n")
    assert [(line.text, line.at[-8:]) for line in lines] == [("one", ".100000Z"), ("two", ".200000Z")]


def test_a_reconnect_repeats_nothing_and_hides_nothing() -> None:
    """After a break the last lines that came twice are shown once, and lines that are gone are said to be."""
    stream = ContainerStream("web", tty=False)
    stream.feed(HEAD + frame("a\n", nano(1)) + frame("b\n", nano(2)) + frame("c\n", nano(2)))
    assert stream.since == "1795341600.200000000"
    stream.ended()
    stream.connected()
    # Nanoseconds are asked for, but two lines may share one: only as many as were seen are repeats.
    lines = stream.feed(HEAD + b"".join(frame(text, nano(2)) for text in ("b\n", "c\n", "d\n")) + frame("e\n", nano(3)))
    assert [line.text for line in lines] == ["d", "e"]
    stream.ended()
    stream.connected()
    lines = stream.feed(HEAD + frame("z\n", nano(300)))
    assert [line.text for line in lines] == [f"{NOTICE}30 s missing here: the engine no longer has these lines", "z"]


def test_a_stream_that_is_none_is_refused() -> None:
    """Garbage is not shown as log lines."""
    with pytest.raises(ValueError, match="out of step"):
        ContainerStream("web", tty=False).feed(HEAD + b"garbage, not frames")
    with pytest.raises(ValueError, match="no Docker engine"):
        ContainerStream("web", tty=False).feed(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    stream = ContainerStream("web", tty=False)
    stream.feed(b'HTTP/1.0 501 Not Implemented\r\n\r\n{"message":"driver \\u001b[31m cannot read"}')
    with pytest.raises(EngineRefusal) as caught:
        stream.ended()
    assert (caught.value.status, caught.value.words) == (501, "driver  cannot read")


def test_a_silent_engine_is_told_and_left_on_time(tmp_path: Path) -> None:
    """A hanging engine is a line in the pane, and the pane can still be closed."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "deaf.sock"))
    server.listen(8)
    with server, running(EngineLogs("x", str(tmp_path / "deaf.sock"), timeout_s=0.2)) as pane:
        pane.until_line("hangs")
    with running(EngineLogs("x", str(tmp_path / "none.sock"))) as pane:
        pane.until_line("is not there")


# ----------------------------------------------------------------------------------------------------- engine

CHATTY = """\
#!/bin/sh
i=0
echo "begin $1"
echo "to stderr $1" >&2
while [ $i -lt 100000 ]; do i=$((i+1)); echo "$1 $i"; sleep 0.02; done
"""


def docker(*words: str, cwd: Path | None = None) -> str:
    answer = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=110, check=False, cwd=cwd)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.fixture
def project(engine_name: str) -> Iterator[str]:
    yield engine_name
    remove_all(f"label=com.docker.compose.project={engine_name}")


def run(project: str, service: str, image: str, *words: str, options: tuple[str, ...] = ()) -> str:
    labels = {"project": project, "service": service, "container-number": "1", "oneoff": "False"}
    given = [word for key, value in labels.items() for word in ("--label", f"com.docker.compose.{key}={value}")]
    return docker("run", "-d", "--network=none", *given, *options, image, *words)


def test_a_project_is_followed_over_a_recreate(build_image: ImageBuilder, project: str, tmp_path: Path) -> None:
    """Compose replaces the container; the pane goes on with the new one by itself, from its first line, and
    marks it."""
    build_image(f"{project}:1", {"/bin/chatty": CHATTY})

    def up(word: str) -> None:
        service = {"image": f"{project}:1", "command": ["chatty", word], "network_mode": "none", "stop_signal": "KILL"}
        (tmp_path / "compose.yaml").write_text(json.dumps({"name": project, "services": {"web": service}}))
        docker("compose", "up", "-d", cwd=tmp_path)

    up("old")
    with running(EngineLogs(project)) as pane:
        pane.until_count("old ", 20)
        up("new")
        texts = pane.until(lambda have: {"new 50", "to stderr new"} <= set(have), "fifty lines, and those on stderr")
    new = [text for text in texts if text.startswith("new ")]
    assert new[:50] == [f"new {number}" for number in range(1, 51)]
    mark = next(index for index, text in enumerate(texts) if "new container" in text)
    assert mark < texts.index("begin new")
    assert "sha256:" in texts[mark]
    assert "to stderr new" in texts
    old = [int(text.split()[1]) for text in texts if text.startswith("old ")]
    assert old == list(range(old[0], old[-1] + 1)), "not a line lost or repeated before the end"
    assert {line.source for line in pane.lines} == {"web-1"}
    assert all(line.at.endswith("Z") for line in pane.lines if not line.text.startswith(NOTICE))


def test_the_engine_of_an_ssh_host_is_read_and_followed(
    build_image: ImageBuilder, project: str, sshd: SshServer
) -> None:
    """Through a forwarded socket; when the connection is lost, it is made again and no line is lost."""
    build_image(f"{project}:1", {"/bin/chatty": CHATTY})
    run(project, "web", f"{project}:1", "chatty", "n")
    with host_of(sshd) as host:

        def way() -> str:
            return host.forward_socket("/var/run/docker.sock")

        engine = EngineContainers(way, timeout_s=60)
        assert [one.service for one in engine.states(project)] == ["web"]
        with running(EngineLogs(project, way)) as pane:
            pane.until_count("n ", 20)
            host.disconnect()
            with warnings.catch_warnings():
                # The docker package forgets the socket it could not connect; it goes here and not in another test.
                warnings.simplefilter("ignore", ResourceWarning)
                with pytest.raises(Unreachable):
                    engine.states(project)
                gc.collect()
            seen = len(pane.lines)
            texts = pane.until(
                lambda have: sum(text.startswith("n ") for text in have[seen:]) > 100, "lines after the break"
            )
        assert [one.service for one in engine.states(project)] == ["web"]
        engine.close()
    numbers = [int(text.split()[1]) for text in texts if text.startswith("n ")]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "from where the pane was opened"


def test_ended_and_restarting_containers_are_read_whole(build_image: ImageBuilder, project: str) -> None:
    """An ended job's words are there, and each life of a crashing one, each line once."""
    build_image(f"{project}:1")
    run(project, "migrate", f"{project}:1", "sh", "-c", "echo applying; echo failed >&2; exit 1")
    run(
        project,
        "beat",
        f"{project}:1",
        "sh",
        "-c",
        "echo life $(date +%s%N 2>/dev/null); exit 1",
        options=("--restart", "always"),
    )
    run(project, "tty", f"{project}:1", "sh", "-c", "echo from a terminal; sleep 600", options=("-t",))
    with running(EngineLogs(project)) as pane:
        pane.until(
            lambda have: (
                sum(text.startswith("life") for text in have) >= 3
                and {"applying", "failed", "from a terminal"} <= set(have)
            ),
            "three lives, the job, the terminal",
        )
        texts = pane.texts()
    assert texts.count("applying") == texts.count("failed") == texts.count("from a terminal") == 1
    logged = docker(
        "logs",
        docker(
            "ps",
            "-aq",
            "--filter",
            "label=com.docker.compose.service=beat",
            "--filter",
            f"label=com.docker.compose.project={project}",
        ),
    )
    lives = [text for text in texts if text.startswith("life")]
    assert lives == logged.splitlines()[: len(lives)]
    assert not any("missing" in text for text in texts)


def test_a_log_that_cannot_be_read_is_told_once(build_image: ImageBuilder, project: str) -> None:
    """With a log driver that keeps nothing, an empty pane would lie."""
    build_image(f"{project}:1")
    run(project, "web", f"{project}:1", "sleep", "600", options=("--log-driver", "none"))
    run(project, "db", f"{project}:1", "sh", "-c", "echo db is up; sleep 600")
    with running(EngineLogs(project)) as pane:
        texts = pane.until(
            lambda have: "db is up" in have and any("no logs" in text for text in have), "both containers"
        )
    assert sum("no logs" in text for text in texts) == 1


def test_a_broken_connection_loses_nothing(build_image: ImageBuilder, project: str, tmp_path: Path) -> None:
    """The way to the engine breaks while lines flow; afterwards each line is there, once, in order."""
    build_image(f"{project}:1", {"/bin/chatty": CHATTY})
    run(project, "web", f"{project}:1", "chatty", "n")
    path = tmp_path / "way.sock"
    way = Way(path)
    with running(EngineLogs(project, str(path))) as pane:
        pane.until_count("n ", 20)
        way.close()
        pane.until_line("trying on")
        way = Way(path)
        pane.until_line("answers again")
        seen = len(pane.lines)
        texts = pane.until(
            lambda have: sum(text.startswith("n ") for text in have[seen:]) > 50, "lines after the break"
        )
    way.close()
    numbers = [int(text.split()[1]) for text in texts if text.startswith("n ")]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "from where the pane was opened"
    assert not any("missing" in text for text in texts)


class Way:
    """A unix socket that passes everything on to the engine, until it is closed with all that goes over
    it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(16)
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect("/var/run/docker.sock")
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                thread = threading.Thread(target=self._pass_on, args=(source, target))
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._path.unlink()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join(10)
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(10)
        for end in self._ends:
            end.close()


def test_what_coolify_runs_is_followed_over_a_deployment(build_image: ImageBuilder, engine_name: str) -> None:
    """Containers are known by the UUID in their names; the new one is marked at its first line, strangers stay out."""
    build_image(f"{engine_name}:1", {"/bin/chatty": CHATTY})
    uuid = f"zk4w{engine_name[-8:]}"
    names = [f"{uuid}-102030", f"{uuid}-111213", f"web-{uuid}-111213", f"stranger-{engine_name}"]

    def start(name: str, word: str) -> None:
        docker("run", "-d", "--network=none", "--name", name, f"{engine_name}:1", "chatty", word)

    try:
        start(names[0], "old")
        start(names[3], "strange")
        with running(EngineLogs(uuid, name="app", named=True)) as pane:
            pane.until_count("old ", 5)
            start(names[1], "new")
            docker("rm", "-f", names[0])
            start(names[2], "web")
            texts = pane.until(lambda have: "new 10" in have and "web 5" in have, "both new containers")
        assert texts.index("begin new") > next(at for at, text in enumerate(texts) if "new container" in text)
        assert [text for text in texts if "strange" in text] == []
        assert {line.source for line in pane.lines} == {"app", "web"}
    finally:
        remove_all(*(f"name={name}" for name in names))
