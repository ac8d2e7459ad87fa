"""The evidence store on a real disk: whole files or none, nothing written over, newest bytes where there is a limit."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.gateways.evidence import FileEvidence, safe_name
from actions.model.errors import GoaroundError, Unreachable


def stored(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_kept_bytes_come_back_as_they_were(tmp_path: Path) -> None:
    """Proven: hash and size are those of the file on disk, which anybody can check with sha256sum and gunzip."""
    folder = tmp_path / "incident" / "evidence"
    kept = FileEvidence(folder).keep("web.log", iter([b"one\n", b"", b"\x1b[2Jtwo\xff\n"]))
    path = folder / kept.path
    assert kept.path == "web.log.gz"
    assert gzip.decompress(path.read_bytes()) == b"one\n\x1b[2Jtwo\xff\n"
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept.size == path.stat().st_size
    assert (kept.complete, kept.private, kept.note) == (True, False, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stored(folder) == ["web.log.gz"]


def test_the_same_bytes_give_the_same_file(tmp_path: Path) -> None:
    """No name and no time inside, so that equal evidence has an equal hash."""
    store = FileEvidence(tmp_path)
    assert store.keep("a", iter([b"x"])).sha256 == store.keep("b", iter([b"x"])).sha256


def test_nothing_is_ever_written_over(tmp_path: Path) -> None:
    """A second run of a step keeps a second file."""
    store = FileEvidence(tmp_path)
    kept = [store.keep("web.log", iter([text])) for text in (b"1", b"2", b"3")]
    assert [one.path for one in kept] == ["web.log.gz", "web-2.log.gz", "web-3.log.gz"]
    assert [gzip.decompress((tmp_path / one.path).read_bytes()) for one in kept] == [b"1", b"2", b"3"]


def test_private_evidence_lies_apart(tmp_path: Path) -> None:
    """Copying everything but one folder takes no secret along."""
    kept = FileEvidence(tmp_path).keep("config.yml", iter([b"PASSWORD"]), private=True)
    assert kept.path == "private/config.yml.gz"
    assert kept.private
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700


@given(name=st.text())
def test_any_name_is_a_safe_file_name(name: str) -> None:
    """Names of containers come from outside."""
    safe = safe_name(name)
    assert safe
    assert "/" not in safe
    assert not safe.startswith((".", "-"))
    assert safe.isascii()
    assert safe.isprintable()
    assert len(safe) <= 100


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "..", "-rf", "a\nb\x1b]0;x\x07", "x" * 5000, "é/ü"])
def test_odd_names_stay_inside_the_folder(tmp_path: Path, name: str) -> None:
    """And what is told of them can be shown."""
    folder = tmp_path / "evidence"
    kept = FileEvidence(folder).keep(name, iter([b"x"]))
    assert stored(tmp_path) == [f"evidence/{kept.path}"]
    assert kept.name.isprintable()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9, 10, 100])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_newest_bytes_are_kept(tmp_path: Path, limit: int, size: int) -> None:
    """A log's end tells what happened; that the beginning is missing is said."""
    data = bytes(range(33))
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    kept = FileEvidence(tmp_path).keep("log", iter(chunks), limit_bytes=limit)
    assert gzip.decompress((tmp_path / kept.path).read_bytes()) == data[-limit:]
    assert kept.complete is (limit >= len(data))
    assert kept.note == ("" if kept.complete else f"only the newest {limit} bytes")
    assert stored(tmp_path) == [kept.path]


def test_a_stream_of_just_the_limit_is_complete(tmp_path: Path) -> None:
    """The limit itself cuts nothing."""
    kept = FileEvidence(tmp_path).keep("log", iter([b"12345", b"67890"]), limit_bytes=10)
    assert kept.complete
    assert gzip.decompress((tmp_path / kept.path).read_bytes()) == b"1234567890"


def test_an_error_of_the_source_leaves_nothing(tmp_path: Path) -> None:
    """Half a file must not look like a whole one."""

    def lost() -> Iterator[bytes]:
        yield b"some"
        raise Unreachable("the host is gone")

    with pytest.raises(Unreachable):
        FileEvidence(tmp_path).keep("web.log", lost())
    assert stored(tmp_path) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """No room is an expected failure with a next move. The limit on file sizes stands for the full disk."""
    code = f"""
        import os, resource, signal, sys
        from pathlib import Path
        from actions.gateways.evidence import FileEvidence
        from actions.model.errors import GoaroundError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            FileEvidence(Path({str(tmp_path)!r})).keep("web.log", iter([os.urandom(100_000)]))
        except GoaroundError as error:
            print(error.line())
    """
    command = (sys.executable, "-c", textwrap.dedent(code))
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "web.log could not be kept as evidence" in done.stdout
    assert "File too large" in done.stdout
    assert "make room" in done.stdout
    assert stored(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "evidence").write_text("")
    with pytest.raises(GoaroundError, match="could not be kept as evidence"):
        FileEvidence(tmp_path / "evidence").keep("web.log", iter([b"x"]))


def test_a_kill_in_the_middle_leaves_no_file_with_a_final_name(tmp_path: Path) -> None:
    """A file that is named is whole."""
    code = f"""
        import os, signal
        from pathlib import Path
        from actions.gateways.evidence import FileEvidence
        def chunks():
            yield os.urandom(1_000_000)
            os.kill(os.getpid(), signal.SIGKILL)
        FileEvidence(Path({str(tmp_path)!r})).keep("web.log", chunks())
    """
    command = (sys.executable, "-c", textwrap.dedent(code))
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    assert [name for name in stored(tmp_path) if not name.endswith(".partial")] == []
    assert FileEvidence(tmp_path).keep("web.log", iter([b"x"])).path == "web.log.gz"


@pytest.mark.parametrize("limit", [0, 16 * 1024 * 1024])
def test_memory_stays_bounded(tmp_path: Path, limit: int) -> None:
    """A log of a gigabyte must not take the jump host's memory; 64 MiB pass through here, 16 are kept or all."""
    chunk = bytes(1024 * 1024)
    store = FileEvidence(tmp_path)
    store.keep("warm", iter([chunk]), limit_bytes=limit)
    tracemalloc.start()
    try:
        store.keep("big", (chunk for _ in range(64)), limit_bytes=limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_two_that_keep_the_same_name_at_once_both_keep_it(tmp_path: Path) -> None:
    """The name is taken by the disk, not by looking first."""
    store = FileEvidence(tmp_path)

    def meanwhile() -> Iterator[bytes]:
        yield b"outer"
        store.keep("web.log", iter([b"inner"]))

    kept = store.keep("web.log", meanwhile())
    assert kept.path == "web-2.log.gz"
    assert gzip.decompress((tmp_path / "web.log.gz").read_bytes()) == b"inner"
    assert os.stat(tmp_path / kept.path).st_nlink == 1
