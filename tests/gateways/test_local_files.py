"""Files of this machine, through the port."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from actions.gateways import local_files
from actions.gateways.local_host import LocalHost
from actions.model.errors import BadInput, CommandFailed, Refused, WorldMoved
from actions.model.ports import Host

HOST: Host = LocalHost()


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_read_file(tmp_path: Path) -> None:
    """The bytes as they are, None for no file, an error for what is too long."""
    path = tmp_path / "f"
    path.write_bytes(b"a\r\n\xff")
    assert HOST.read_file(str(path)) == b"a\r\n\xff"
    assert HOST.read_file(str(tmp_path / "absent")) is None
    assert HOST.read_file(str(path), limit_bytes=4) == b"a\r\n\xff"
    with pytest.raises(Refused, match="too long"):
        HOST.read_file(str(path), limit_bytes=3)


def test_what_is_no_file_is_refused_without_a_hang(tmp_path: Path) -> None:
    """A pipe under a file's name neither blocks nor is replaced."""
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    for path in (str(fifo), str(tmp_path), "/dev/zero"):
        with pytest.raises(Refused, match="not a regular file"):
            HOST.read_file(path)
        with pytest.raises(Refused, match="not a regular file"):
            HOST.write_file(path, b"x", mode=0o600, before=sha(b""))
    with pytest.raises(Refused, match="not a regular file"):
        HOST.remove_file(str(fifo), before=sha(b""))
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_pipe_that_takes_the_name_meanwhile_does_not_block(tmp_path: Path) -> None:
    """Opening never waits for a writer, even when the name became a pipe after it was looked at."""
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    real = tmp_path / "real"
    real.write_bytes(b"")
    fake = real.stat()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "stat", lambda _self: fake)
        with pytest.raises(Refused, match="not a regular file"):
            HOST.read_file(str(fifo))


def test_a_new_file_gets_its_mode_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """A generated override file is private, whatever the umask."""
    path = tmp_path / "new"
    HOST.write_file(str(path), b"x", mode=0o640, before="")
    assert path.read_bytes() == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_nlink == 1
    assert os.listdir(tmp_path) == ["new"]


def test_a_replaced_file_keeps_mode_and_owner(tmp_path: Path) -> None:
    """The compose file stays readable for those who could read it."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o464)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    HOST.write_file(str(path), b"new", mode=0o600, before=sha(b"old"))
    after = path.stat()
    assert path.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.listdir(tmp_path) == ["f"]


def test_an_owner_that_cannot_be_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's file does not become ours by being edited."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    os.chown(path, 1234, 4321)

    def forbidden(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", forbidden)
    with pytest.raises(Refused, match="belongs to somebody else"):
        HOST.write_file(str(path), b"new", mode=0o600, before=sha(b"old"))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


def test_a_changed_world_is_refused(tmp_path: Path) -> None:
    """What runs is what was shown: another content, a new file or a missing one is shown again first."""
    path = tmp_path / "f"
    with pytest.raises(WorldMoved, match="is gone"):
        HOST.write_file(str(path), b"x", mode=0o600, before=sha(b"old"))
    path.write_bytes(b"other")
    with pytest.raises(WorldMoved, match="has changed"):
        HOST.write_file(str(path), b"x", mode=0o600, before=sha(b"old"))
    with pytest.raises(WorldMoved, match="exists already"):
        HOST.write_file(str(path), b"x", mode=0o600, before="")
    with pytest.raises(WorldMoved, match="has changed"):
        HOST.remove_file(str(path), before=sha(b"old"))
    assert path.read_bytes() == b"other"
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("before", [b"old", None])
def test_a_change_while_we_write_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    """The last look is right before the rename: an editor that saves meanwhile wins."""
    path = tmp_path / "f"
    if before is not None:
        path.write_bytes(before)
    fill = local_files._fill

    def fill_and_meddle(*args: object) -> None:
        fill(*args)  # type: ignore[arg-type]
        path.write_bytes(b"meddled")

    monkeypatch.setattr(local_files, "_fill", fill_and_meddle)
    with pytest.raises(WorldMoved):
        HOST.write_file(str(path), b"new", mode=0o600, before=sha(before) if before is not None else "")
    assert path.read_bytes() == b"meddled"
    assert os.listdir(tmp_path) == ["f"]


def test_a_new_file_never_replaces_one_that_appeared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even between the last look and the naming a file that appears is kept."""
    path = tmp_path / "f"
    publish = local_files._publish_new

    def appear_first(*args: object) -> None:
        path.write_bytes(b"theirs")
        publish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(local_files, "_publish_new", appear_first)
    with pytest.raises(WorldMoved, match="exists already"):
        HOST.write_file(str(path), b"ours", mode=0o600, before="")
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["f"]


def test_a_link_is_written_through_and_stays(tmp_path: Path) -> None:
    """A compose file that is a link into a release folder stays one; its real file changes, atomically."""
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "compose.yml"
    target.write_bytes(b"old")
    link = tmp_path / "compose.yml"
    link.symlink_to("real/compose.yml")
    HOST.write_file(str(link), b"new", mode=0o600, before=sha(b"old"))
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path / "real") == ["compose.yml"]


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    """No file appears in a place that was not named."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="link to nothing"):
        HOST.write_file(str(link), b"x", mode=0o600, before="")
    assert not (tmp_path / "elsewhere").exists()
    assert HOST.read_file(str(link)) is None


def test_remove_file(tmp_path: Path) -> None:
    """Only what we wrote is taken away; what is already gone is fine."""
    path = tmp_path / "f"
    path.write_bytes(b"ours")
    HOST.remove_file(str(path), before=sha(b"ours"))
    assert not path.exists()
    HOST.remove_file(str(path), before=sha(b"ours"))
    path.symlink_to("/etc/hostname")
    with pytest.raises(WorldMoved):
        HOST.remove_file(str(path), before=sha(b"ours"))


@pytest.mark.parametrize("path", ["relative", "", "/tmp/", "/tmp/..", "/tmp/a\0b"])
def test_unclear_paths_are_refused(path: str) -> None:
    """A path must mean the same file in the cockpit and in the worker."""
    for call in (
        lambda: HOST.read_file(path),
        lambda: HOST.write_file(path, b"", mode=0o600, before=""),
        lambda: HOST.remove_file(path, before=""),
    ):
        with pytest.raises(BadInput):
            call()


def test_the_systems_words_are_told(tmp_path: Path) -> None:
    """A missing folder or a full disk is told with what stays as it was."""
    with pytest.raises(CommandFailed, match="No such file or directory") as caught:
        HOST.write_file(str(tmp_path / "absent" / "f"), b"x", mode=0o600, before="")
    assert "as it was" in caught.value.next_move
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="Not a directory"):
        HOST.read_file(str(tmp_path / "file" / "below"))
