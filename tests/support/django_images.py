"""Images of the Django project's releases, over a base made of this machine's own Python, Django and psycopg.

No registry is asked: the base is a tar of the interpreter, its library, the packages, and the shared libraries that
`ldd` names. It stays on the engine under a tag with its versions, for the next run.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django_ground import lay_out
from engine_images import PREFIX, SESSION_LABEL, ImageBuilder
from services import one_at_a_time

PACKAGES = ("django", "asgiref", "sqlparse", "psycopg", "psycopg_binary")
SITE = "/opt/site"
APP = "/app"
DEADLINE = 200
_LEFT_OUT = re.compile(
    r"/(?:test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data|config-[^/]*|site-packages|dist-packages)(?:/|$)"
    r"|\.(?:a|exe)$|opt-[12]\.pyc$"
)
"""Of the interpreter's library."""
_LEFT_OUT_TOO = re.compile(r"/conf/locale/(?!en/)[a-z][^/]*/|/contrib/(?:gis|admin|admindocs)/|\.po$")
"""Of the packages."""
_SHELL = ("sh", "cat", "sleep", "find", "ls", "env", "printf")

DjangoImages = Callable[[str], str]
"""Release -> image id."""


def base_image(busybox: Path) -> str:
    """The tag of the base, which is made where it is not there yet (a few seconds)."""
    versions = [importlib.metadata.version(name) for name in ("django", "psycopg")]
    key = hashlib.sha256(f"{sys.version} {versions} {Path(__file__).read_bytes()!r}".encode()).hexdigest()[:12]
    tag = f"{PREFIX}-django-base:{key}"
    with one_at_a_time("django-base"):
        if subprocess.run(["docker", "image", "inspect", tag], capture_output=True, timeout=DEADLINE).returncode != 0:
            _import_base(tag, busybox)
    return tag


def _import_base(tag: str, busybox: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="goaround-base-") as folder:
        archive = Path(folder, "base.tar")
        with tarfile.open(archive, "w") as tar:
            _fill(tar, busybox)
        changes = (f"ENV PATH=/bin PYTHONPATH={SITE} PYTHONDONTWRITEBYTECODE=1", f"WORKDIR {APP}")
        argv = ["docker", "import", *(word for change in changes for word in ("--change", change)), str(archive), tag]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise RuntimeError(f"docker import: {done.stderr.strip()}")


def _fill(tar: tarfile.TarFile, busybox: Path) -> None:
    python = Path(os.path.realpath(sys.executable))
    library = Path(os.path.realpath(sysconfig.get_path("stdlib")))
    needs: set[Path] = set(_libraries(python))
    tar.add(python, str(python))
    _link(tar, "/bin/python", str(python))
    for folder, inside in ((library, str(library)), *_packages()):
        left_out = _LEFT_OUT if folder == library else _LEFT_OUT_TOO
        for path in sorted(folder.rglob("*")):
            name = inside + str(path)[len(str(folder)) :]
            if path.is_dir() or left_out.search(name[len(inside) :]):
                continue
            tar.add(path, name, recursive=False)
            if ".so" in path.suffixes and ("lib-dynload" in name or "psycopg_binary" in name):
                needs |= set(_libraries(path))
    for path in sorted(needs):
        info = tar.gettarinfo(os.path.realpath(path), str(path))
        with open(os.path.realpath(path), "rb") as file:
            tar.addfile(info, file)
    alone = importlib.util.find_spec("typing_extensions")  # psycopg asks for it on older Pythons
    if alone is not None and alone.origin:
        tar.add(alone.origin, f"{SITE}/typing_extensions.py")
    tar.add(busybox, "/bin/busybox")
    for program in _SHELL:
        _link(tar, f"/bin/{program}", "busybox")
    for folder_name in ("/tmp", APP):
        info = tarfile.TarInfo(folder_name)
        info.type, info.mode = tarfile.DIRTYPE, 0o777
        tar.addfile(info)


def _packages() -> list[tuple[Path, str]]:
    found = []
    for place in map(Path, sys.path):
        told = [path.name for path in place.glob("psycopg-*.dist-info")]  # Django asks for its version
        for name in (*PACKAGES, "psycopg_binary.libs", *told):
            if (place / name).is_dir():
                found.append((place / name, f"{SITE}/{name}"))
    return found


def _libraries(program: Path) -> list[Path]:
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, timeout=60).stdout
    found = [Path(path) for path in re.findall(r"(?:=> |^\s*)(/\S+)", told, re.MULTILINE)]
    return [path for path in found if "psycopg_binary" not in str(path)]  # a package brings its own with it


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    tar.addfile(info)


@pytest.fixture(scope="session")
def django_image(build_image: ImageBuilder) -> DjangoImages:
    """`django_image("2") -> image id`: a release of the Django project; removed after the run, but for the base."""
    try:
        base = base_image(build_image.busybox)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"no image with Python and Django can be made here: {error}")
    built: dict[str, str] = {}

    def image(release: str) -> str:
        if release not in built:
            built[release] = _build(base, release, build_image.session)
        return built[release]

    return image


def _build(base: str, release: str, session: str) -> str:
    with tempfile.TemporaryDirectory(prefix="goaround-image-") as folder:
        lay_out(Path(folder, "app"), release)
        lines = (
            f"FROM {base}",
            f"LABEL {json.dumps(SESSION_LABEL)}={json.dumps(session)}",
            f"COPY app {APP}",
            'CMD ["sleep", "infinity"]',
        )
        Path(folder, "Dockerfile").write_text("\n".join(lines) + "\n")
        argv = ["docker", "build", "--quiet", "--tag", f"{PREFIX}-django:{release}-{session[:8]}", folder]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=DEADLINE, env={**os.environ, "DOCKER_BUILDKIT": "0"}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
