"""An image of a PostgreSQL server made of this machine's own programs: nothing is pulled; cached by its tag.

Its programs are where clients are looked for (`/usr/local/bin`), it runs as the user `postgres`, and trusts whoever
comes over its socket, as the official image does. `POSTGRES_USER` and `POSTGRES_DB` are made at its first start; the
tests' usual ones are in the image already, as their making takes longer than anything else of a start.
"""

from __future__ import annotations

import io
import os
import pwd
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest
from services import find_initdb, find_static_busybox, one_at_a_time

REPOSITORY = "goaround-test-postgres"
FORMAT = 4
"""Of what is made here; part of the tag."""
UID = 70
DEADLINE = 300
USUAL = ("obcms", "obcms_prod")
"""User and database that are in the image."""
MADE = "usual-cluster"
"""A file in the data folder until its first start: whose cluster it is."""
START = """\
#!/bin/sh
set -e
user=${POSTGRES_USER:-postgres}
name=${POSTGRES_DB:-$user}
made="$PGDATA/usual-cluster"
if [ -e "$made" ] && [ "$(cat "$made")" = "$user $name" ]; then
  rm "$made"
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  [ -z "$POSTGRES_PASSWORD" ] || echo "ALTER ROLE \"$user\" PASSWORD '$POSTGRES_PASSWORD'" |
    postgres --single -D "$PGDATA" postgres >/dev/null
elif [ -e "$made" ]; then
  rm -rf "$PGDATA"/*
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" -U "$user" -A trust --no-sync --no-locale -E UTF8 >/dev/null
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -s -o "-c listen_addresses=''" start
  [ "$name" = postgres ] || createdb -U "$user" "$name"
  [ -z "$POSTGRES_PASSWORD" ] || psql -q -U "$user" -d "$name" -c "ALTER ROLE \\"$user\\" PASSWORD '$POSTGRES_PASSWORD'"
  pg_ctl -D "$PGDATA" -w -s -m fast stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c fsync=off "$@"
"""


@cache
def postgres_image() -> str:
    """`repository:tag` of the image; made when this engine has none yet (about ten seconds)."""
    initdb = find_initdb()
    assert initdb is not None  # the marker has looked
    version = _said(str(initdb.parent / "postgres"), "--version").split()[2]
    tag = f"{REPOSITORY}:{version}-{FORMAT}"
    with one_at_a_time("postgres-image"):
        if subprocess.run(["docker", "image", "inspect", tag], capture_output=True, timeout=DEADLINE).returncode != 0:
            _make(tag, initdb.parent)
    return tag


def _make(tag: str, programs: Path) -> None:
    changes = (
        "USER postgres",
        "ENV PATH=/usr/local/bin:/bin PGDATA=/var/lib/postgresql/data LANG=C",
        'ENTRYPOINT ["/start.sh"]',
    )
    argv = ["docker", "import", *(word for change in changes for word in ("--change", change)), "-", tag]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        assert child.stdin is not None
        with tarfile.open(fileobj=child.stdin, mode="w|") as tar:
            _fill(tar, programs)
        said = child.communicate(timeout=DEADLINE)[0]
    assert child.returncode == 0, said


def _fill(tar: tarfile.TarFile, programs: Path) -> None:
    lib = programs.parent / "lib"
    share = Path(_said(str(programs / "pg_config"), "--sharedir")) if (programs / "pg_config").exists() else None
    share = share or Path("/usr/share/postgresql", programs.parent.name)
    for folder, uid, mode in (
        ("tmp", 0, 0o1777),
        ("run", 0, 0o755),
        ("var/run", 0, 0o755),
        ("var/run/postgresql", UID, 0o775),
        ("var/lib/postgresql", UID, 0o755),
    ):
        _folder(tar, folder, uid, mode)
    _text(tar, "etc/passwd", f"root:x:0:0::/:/bin/sh\npostgres:x:{UID}:{UID}::/var/lib/postgresql:/bin/sh\n")
    _text(tar, "etc/group", f"root:x:0:\npostgres:x:{UID}:\n")
    _text(tar, "start.sh", START, 0o755)
    busybox = find_static_busybox()
    assert busybox is not None  # the marker has looked
    tar.add(busybox, "bin/busybox")
    for name in _said(str(busybox), "--list").split():
        if name != "busybox":
            _link(tar, f"bin/{name}", "busybox")
    tar.add(lib.parent, str(lib.parent).lstrip("/"))
    tar.add(share, str(share).lstrip("/"))
    for zone in ("Etc", "UTC", "GMT"):
        if Path("/usr/share/zoneinfo", zone).exists():
            tar.add(f"/usr/share/zoneinfo/{zone}", f"usr/share/zoneinfo/{zone}")
    for program in sorted(programs.iterdir()):
        _link(tar, f"usr/local/bin/{program.name}", str(program))
    for library in _libraries([*programs.iterdir(), *lib.glob("*.so")]):
        tar.add(os.path.realpath(library), library.lstrip("/"))
    with tempfile.TemporaryDirectory(prefix="ga-pg-") as folder:
        tar.add(_cluster(programs, Path(folder)), "var/lib/postgresql/data", filter=_owned)


def _cluster(programs: Path, folder: Path) -> Path:
    """A data folder with the usual user and database in it, as the start in the image would make it."""
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be run by root
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, (owner, database) = folder / "data", USUAL
    argv = ("-D", str(data), "-U", owner, "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
    neutral = {"PATH": os.environ["PATH"], "LANG": "C", "TZ": "UTC"}
    for words, said in (
        ((str(programs / "initdb"), *argv), b""),
        (
            (str(programs / "postgres"), "--single", "-D", str(data), "postgres"),
            f"CREATE DATABASE {database}\n".encode(),
        ),
    ):
        done = subprocess.run(
            words, input=said, user=user, cwd=folder, env=neutral, capture_output=True, timeout=DEADLINE
        )
        assert done.returncode == 0, done.stderr
        assert b"ERROR" not in done.stderr, done.stderr
    (data / MADE).write_text(" ".join(USUAL) + "\n")
    return data


def _owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = UID
    entry.uname = entry.gname = ""
    return entry


def _libraries(binaries: list[Path]) -> list[str]:
    """Paths of every shared library (and the loader) that these need, as the loader names them."""
    done = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60)
    found = set()
    for line in done.stdout.splitlines():
        words = line.split()
        path = words[2] if len(words) > 2 and words[1] == "=>" else words[0] if words else ""
        if path.startswith("/") and not path.endswith(":"):
            found.add(path)
    return sorted(found)


def _folder(tar: tarfile.TarFile, name: str, uid: int, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, uid, uid
    tar.addfile(entry)


def _text(tar: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), mode
    tar.addfile(entry, io.BytesIO(text.encode()))


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture(scope="session")
def database_image() -> str:
    """The tag of a PostgreSQL image on this engine. Tests that use it are marked `docker` and `postgres`."""
    return postgres_image()
