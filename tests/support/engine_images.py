"""Small real images for the Docker engine, built from a static busybox; running them is the tests' matter."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
from services import find_static_busybox

PREFIX = "goaround-test"
SESSION_LABEL = "goaround.test-session"
BUILD_DEADLINE = 200  # seconds; an image takes a fraction of one on an idle machine
REMOVE_DEADLINE = 300  # seconds, for all of a run
FOLDERS = ("bin", "tmp", "etc")


@dataclass(frozen=True)
class ImageBuilder:
    """Builds images labelled with this run, so that the run can remove exactly its own, untagged ones too."""

    session: str
    busybox: Path

    def __call__(
        self,
        tag: str,
        files: Mapping[str, str | bytes] | None = None,
        cmd: Sequence[str] = ("sleep", "infinity"),
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Build `tag` and return its image id (`sha256:...`). A tag built before moves, as after a rebuild.

        Args:
            tag: `repository:tag`, beginning with `goaround-test` (see `engine_name`).
            files: content by absolute path in the image; `.sh` files and those in a `bin` folder can be run.
            cmd: what a container runs, as a list; busybox's programs are all in `/bin`.
            labels: image labels.

        Raises:
            ValueError: the tag could be somebody's real image.
            subprocess.CalledProcessError: the engine refused; its words are in a note.
        """
        if not tag.startswith(PREFIX):
            raise ValueError(f"{tag!r} could be a real image of this machine; begin the name with {PREFIX!r}")
        every_label = {SESSION_LABEL: self.session, **(labels or {})}
        changes = [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in every_label.items()]
        changes += ["ENV PATH=/bin", f"CMD {json.dumps(list(cmd))}"]
        # Imported, not built: a builder makes a container for each of these lines, which takes ten times as long.
        words = [word for change in changes for word in ("--change", change)]
        return _docker("import", *words, "-", tag, stdin=_layer(self.busybox, files or {}))

    def remove_all(self) -> None:
        """Remove every image of this run, tagged or not."""
        mine = f"label={SESSION_LABEL}={self.session}"
        before: set[str] = set()
        while True:
            ids = set(_docker("image", "ls", "--all", "--quiet", "--no-trunc", "--filter", mine).split())
            if not ids or ids == before:
                return  # nothing is left, or a container that a failed test left behind holds what is
            before = ids
            # A parent is refused while its children are there, and goes in the next round.
            argv = ["docker", "image", "rm", "--force", *sorted(ids)]
            subprocess.run(argv, capture_output=True, timeout=REMOVE_DEADLINE, check=False)


def _layer(busybox: Path, files: Mapping[str, str | bytes]) -> bytes:
    """The whole file system as a tar, in which each name stands once: the engine refuses a second entry."""
    paths = {PurePosixPath(name.lstrip("/")): content for name, content in files.items()}
    own = io.BytesIO()
    with tarfile.open(fileobj=own, mode="w") as tar:
        folders = {above for path in paths for above in path.parents[:-1]} - {PurePosixPath(one) for one in FOLDERS}
        for folder in sorted(folders):
            _add(tar, str(folder), tarfile.DIRTYPE, 0o755)
        for path, content in paths.items():
            mode = 0o755 if path.suffix == ".sh" or path.parent.name == "bin" else 0o644
            _add(tar, str(path), tarfile.REGTYPE, mode, content.encode() if isinstance(content, str) else content)
    return _ground(busybox, frozenset(map(str, paths))) + own.getvalue()


@cache
def _programs(busybox: Path) -> tuple[str, ...]:
    names = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True, timeout=60).stdout
    return tuple(name for name in names.split() if name != "busybox")


def _ground(busybox: Path, taken: frozenset[str]) -> bytes:
    """The busybox and a link for each of its programs, but for names that are taken: a tar without its end."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as tar:
        for folder in FOLDERS:
            _add(tar, folder, tarfile.DIRTYPE, 0o755)
        _add(tar, "bin/busybox", tarfile.REGTYPE, 0o755, busybox.read_bytes())
        if "etc/passwd" not in taken:
            _add(tar, "etc/passwd", tarfile.REGTYPE, 0o644, b"root:x:0:0:root:/:/bin/sh\n")
        for name in _programs(busybox):
            if f"bin/{name}" not in taken:
                _add(tar, f"bin/{name}", tarfile.SYMTYPE, 0o777, link="busybox")
        end = tar.offset
    return kept.getvalue()[:end]


def _add(tar: tarfile.TarFile, name: str, kind: bytes, mode: int, content: bytes = b"", link: str = "") -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(content), link
    tar.addfile(entry, io.BytesIO(content))


def _docker(*arguments: str, stdin: bytes = b"") -> str:
    try:
        answer = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, check=True, timeout=BUILD_DEADLINE
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr.decode(errors="replace"))
        raise
    return answer.stdout.decode().strip()


@pytest.fixture(scope="session")
def build_image() -> Iterator[ImageBuilder]:
    """`build_image(tag, files, cmd, labels) -> image id`; removed after the run. Marks the test `docker`."""
    busybox = find_static_busybox()
    if busybox is None:
        raise RuntimeError("no static busybox on this machine")
    builder = ImageBuilder(session=secrets.token_hex(8), busybox=busybox)
    yield builder
    builder.remove_all()


@pytest.fixture
def engine_name() -> str:
    """A name no other test has, for image repositories and Compose projects: `goaround-test-3f9c01ab`."""
    return f"{PREFIX}-{secrets.token_hex(4)}"
