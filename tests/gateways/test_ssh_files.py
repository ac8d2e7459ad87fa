"""Files of another machine, through the port and a real sshd."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh_hosts import host_of
from ssh_server import SshServer

from actions.gateways import ssh_files
from actions.gateways.ssh_host import SshHost
from actions.model.errors import CommandFailed, Refused, WorldMoved

pytestmark = pytest.mark.ssh
MIB = 1024 * 1024


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def remote(sshd: SshServer) -> Iterator[SshHost]:
    with host_of(sshd) as host:
        yield host


def test_files_are_replaced_with_mode_and_owner_kept(remote: SshHost, tmp_path: Path) -> None:
    """A new file gets its mode; a replaced one keeps what it had; nothing is left beside it."""
    path = tmp_path / "a 'b\n$c"
    content = bytes(range(256)) * 5000
    remote.write_file(str(path), content, mode=0o640, before="")
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert remote.read_file(str(path)) == content
    path.chmod(0o444)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    remote.write_file(str(path), b"", mode=0o600, before=sha(content))
    after = path.stat()
    assert path.read_bytes() == b""
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.listdir(tmp_path) == [path.name]
    remote.remove_file(str(path), before=sha(b""))
    remote.remove_file(str(path), before=sha(b""))
    assert remote.read_file(str(path)) is None
    assert os.listdir(tmp_path) == []


def test_a_changed_world_is_refused(remote: SshHost, tmp_path: Path) -> None:
    """What runs is what was shown: another content, a new file or a missing one is shown again first."""
    path = tmp_path / "f"
    with pytest.raises(WorldMoved, match="is gone"):
        remote.write_file(str(path), b"x", mode=0o600, before=sha(b"old"))
    path.write_bytes(b"other")
    with pytest.raises(WorldMoved, match="has changed"):
        remote.write_file(str(path), b"x", mode=0o600, before=sha(b"old"))
    with pytest.raises(WorldMoved, match="exists already"):
        remote.write_file(str(path), b"x", mode=0o600, before="")
    with pytest.raises(WorldMoved, match="has changed"):
        remote.remove_file(str(path), before=sha(b"old"))
    assert path.read_bytes() == b"other"
    assert os.listdir(tmp_path) == ["f"]


def test_links_pipes_and_long_files(remote: SshHost, tmp_path: Path) -> None:
    """Links are written through or refused, pipes never opened, the limit held: as on this machine."""
    target = tmp_path / "real"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("real")
    remote.write_file(str(link), b"new", mode=0o600, before=sha(b"old"))
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(Refused, match="link to nothing"):
        remote.write_file(str(tmp_path / "dangling"), b"x", mode=0o600, before="")
    assert remote.read_file(str(tmp_path / "dangling")) is None
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(Refused, match="not a regular file"):
            remote.read_file(str(path))
        with pytest.raises(Refused, match="not a regular file"):
            remote.write_file(str(path), b"x", mode=0o600, before=sha(b""))
    assert remote.read_file(str(target), limit_bytes=3) == b"new"
    with pytest.raises(Refused, match="too long"):
        remote.read_file(str(target), limit_bytes=2)
    with pytest.raises(CommandFailed, match="no folder"):
        remote.write_file(str(tmp_path / "absent" / "f"), b"x", mode=0o600, before="")
    with pytest.raises(CommandFailed, match="not a folder"):
        remote.read_file(str(target / "below"))


def test_half_a_content_changes_nothing(remote: SshHost, tmp_path: Path) -> None:
    """A connection that breaks while a file is sent leaves the old file, whole."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    argv = ssh_files.write_argv(str(path), 0o600, sha(b"old"), sha(b"whole"))
    result = remote.run(argv, stdin=b"who")
    assert isinstance(ssh_files.failure("h", str(path), "write", result.exit_status, result.stderr), CommandFailed)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


def test_more_is_read_than_a_command_keeps(remote: SshHost, tmp_path: Path) -> None:
    """A file is read whole although a command's output is cut to its newest bytes."""
    path = tmp_path / "f"
    content = os.urandom(5 * MIB)
    path.write_bytes(content)
    assert remote.read_file(str(path)) == content
