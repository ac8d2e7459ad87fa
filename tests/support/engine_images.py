"""Small real images for the Docker engine, built from a static busybox; running them is the tests' matter."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from services import find_static_busybox

PREFIX = "goaround-test"
SESSION_LABEL = "goaround.test-session"
BUILD_DEADLINE = 90  # seconds; a build takes about one on an idle machine


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
        with tempfile.TemporaryDirectory(prefix="goaround-image-") as folder:
            context = Path(folder)
            _lay_out(context / "root", self.busybox, files or {})
            every_label = {SESSION_LABEL: self.session, **(labels or {})}
            # Labels first: they differ by session, so no layer is shared with (and removed by) another run.
            lines = ["FROM scratch"]
            lines += [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in every_label.items()]
            lines += ["COPY root /", "ENV PATH=/bin", f"CMD {json.dumps(list(cmd))}"]
            (context / "Dockerfile").write_text("\n".join(lines) + "\n")
            _build(tag, context)
        return _docker("image", "inspect", "--format", "{{.Id}}", tag)

    def remove_all(self) -> None:
        """Remove every image of this run, tagged or not."""
        mine = f"label={SESSION_LABEL}={self.session}"
        before: set[str] = set()
        while True:
            ids = set(_docker("image", "ls", "--all", "--quiet", "--no-trunc", "--filter", mine).split())
            if not ids or ids == before:
                return  # nothing is left, or a container that a failed test left behind holds what is
            before = ids
            for image in sorted(ids):
                # Each by itself: a parent is refused while its children are there, and goes in the next round.
                subprocess.run(
                    ["docker", "image", "rm", "--force", image],
                    capture_output=True,
                    timeout=BUILD_DEADLINE,
                    check=False,
                )


def _build(tag: str, context: Path) -> None:
    """Build, once more if need be: another run may remove an untagged step under the classic builder's hands."""
    for last in (False, True):
        try:
            _docker("build", "--quiet", "--no-cache", "--tag", tag, str(context))
            return
        except subprocess.CalledProcessError as error:
            if last or "unable to find image" not in error.stderr:
                raise


def _lay_out(root: Path, busybox: Path, files: Mapping[str, str | bytes]) -> None:
    for folder in ("bin", "tmp", "etc"):
        (root / folder).mkdir(parents=True)
    shutil.copyfile(busybox, root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    names = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True, timeout=30).stdout
    for name in names.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    for name, content in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a link to busybox would be written through
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o755 if path.suffix == ".sh" or path.parent.name == "bin" else 0o644)


def _docker(*arguments: str) -> str:
    # The builder every engine since 2013 has: BuildKit needs a plugin, and labels and parents would differ.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    try:
        answer = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=BUILD_DEADLINE,
            env=environment,
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return answer.stdout.strip()


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
