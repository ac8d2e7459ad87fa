"""Finds the real services some tests need and says what is missing; starting them is left to the fixtures.

A test names its needs with markers (`docker`, `postgres`, `ssh`, `tmux`, `browser`). A missing service skips
the test, or fails it when the service is listed in `GOAROUND_REQUIRE` (for example `docker,ssh`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

REQUIRE_VARIABLE = "GOAROUND_REQUIRE"
ENGINE_DEADLINE = 60.0  # seconds for `docker version`; a loaded engine answers late, a missing one at once


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Other processes that make the same thing wait for this one, and find it made."""
    with Path(tempfile.gettempdir(), f"goaround-test-{name}-{os.geteuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find_program(*names: str, folders: str | None = None) -> Path | None:
    """The first of `names` on PATH, else in the last folder that the glob `folders` matches (15 after 9)."""
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
        if folders is None:
            continue
        hits = [path for path in Path("/").glob(f"{folders.lstrip('/')}/{name}") if os.access(path, os.X_OK)]
        if hits:
            return max(hits, key=lambda path: (len(str(path)), str(path)))
    return None


def find_sshd() -> Path | None:
    """OpenSSH's server by its full path, as it must be started; /usr/sbin is rarely on a user's PATH."""
    return find_program("sshd", folders="/usr/sbin")


def find_initdb() -> Path | None:
    """PostgreSQL's `initdb` in its real folder, so that `pg_ctl`, `postgres` and `psql` lie beside it."""
    found = find_program("initdb", folders="/usr/lib/postgresql/*/bin")
    return found.resolve() if found else None


def find_static_busybox() -> Path | None:
    """A busybox that runs in an empty image: one that asks for no dynamic loader."""
    for candidate in (shutil.which("busybox"), "/bin/busybox", "/usr/bin/busybox"):
        if candidate and Path(candidate).is_file() and not _has_interpreter(Path(candidate)):
            return Path(candidate)
    return None


def find_browser() -> Path | None:
    """Chromium or Chrome, whichever is there."""
    return find_program("chromium", "chromium-browser", "google-chrome")


def _has_interpreter(binary: Path) -> bool:
    """Whether an ELF file names a dynamic loader; the name lies near its start."""
    with binary.open("rb") as file:
        head = file.read(4096)
    return b"/ld-" in head


def _docker_missing() -> str | None:
    if shutil.which("docker") is None:
        return "no `docker` program on PATH"
    try:
        answer = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=ENGINE_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the Docker engine did not answer within {ENGINE_DEADLINE:.0f} s"
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["`docker version` failed"]
        return f"no Docker engine answers: {lines[-1]}"
    if find_static_busybox() is None:
        return "no static busybox to build images from (Debian: busybox-static)"
    return None


def _postgres_missing() -> str | None:
    initdb = find_initdb()
    if initdb is None:
        return "no `initdb` (Debian: postgresql)"
    absent = [name for name in ("pg_ctl", "postgres") if not (initdb.parent / name).exists()]
    return f"no {' and '.join(absent)} beside {initdb}" if absent else None


def _ssh_missing() -> str | None:
    absent = [name for name in ("ssh", "ssh-keygen") if shutil.which(name) is None]
    if find_sshd() is None:
        absent.append("sshd")
    return f"no {', '.join(absent)} (Debian: openssh-server)" if absent else None


def _tmux_missing() -> str | None:
    return None if shutil.which("tmux") else "no `tmux` program on PATH"


def _browser_missing() -> str | None:
    return None if find_browser() else "no Chromium on PATH"


_CHECKS: dict[str, Callable[[], str | None]] = {
    "docker": _docker_missing,
    "postgres": _postgres_missing,
    "ssh": _ssh_missing,
    "tmux": _tmux_missing,
    "browser": _browser_missing,
}

SERVICES = tuple(_CHECKS)


@cache
def missing(service: str) -> str | None:
    """Why `service` cannot be used on this machine, in one line; None when it can. Asked once per run."""
    return _CHECKS[service]()


def required_services() -> frozenset[str]:
    """The services listed in `GOAROUND_REQUIRE`.

    Raises:
        ValueError: a name in the list is no service.
    """
    names = frozenset(name.strip() for name in os.environ.get(REQUIRE_VARIABLE, "").split(",")) - {""}
    unknown = sorted(names - set(SERVICES))
    if unknown:
        raise ValueError(f"{REQUIRE_VARIABLE} names {', '.join(unknown)}; it knows {', '.join(SERVICES)}")
    return names
