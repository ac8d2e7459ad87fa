"""The effect that keeps a database whose server is down: its data folder as files, while nobody can write to them."""

from __future__ import annotations

import shlex
from typing import Any, ClassVar

from actions.model.codec import from_json, to_json
from actions.model.effect_keeping import KeepsFile
from actions.model.effect_words import place
from actions.model.quick_dataclass import dataclass

FILES = ".files.tar.gz"
"""Ends the name of such a copy: no dump, and no source for a restore by itself."""
IN_IMAGE = '"${PGDATA:-/var/lib/postgresql/data}"'
"""Where the official image has the data; in a shell."""

_LOOK = """\
set -eu
cd {folder}
[ -s PG_VERSION ] || {{ echo "$PWD is no data folder of PostgreSQL: it has no PG_VERSION" >&2; exit 71; }}
links=$(find . -type l | head -n 3)
[ -z "$links" ] || {{ echo "parts of it lie elsewhere, and must be copied with it:" $links >&2; exit 72; }}
"""
# A process of a container has another number here: there, its containers are looked at.
_ALIVE = """\
[ -d /proc/self ] || { echo "whether the server is down cannot be seen here: there is no /proc" >&2; exit 73; }
if [ -s postmaster.pid ]; then
  pid=$(head -n 1 postmaster.pid)
  [ ! -d "/proc/$pid" ] || { echo "process $pid of postmaster.pid lives: the server may be running" >&2; exit 74; }
fi
"""
_TELL = """\
echo "$(head -n 1 PG_VERSION) $(du -sk . | cut -f 1) $(sha256sum < global/pg_control | cut -c 1-64)"
"""


@dataclass(frozen=True)
class KeepFiles(KeepsFile):
    """A data folder as a packed archive under a temporary name, read whole again, and only then given its own.

    Looked at before and after: a server that has come up meanwhile makes the copy worthless, and it is removed.
    """

    kind: ClassVar[str] = "keep-files"
    host: str
    database: str
    path: str
    """Where it will lie, on the host: a new file, mode 0600."""
    incident: str
    folder: str = ""
    """The data folder on the host; empty: it is that of a container."""
    service: str = ""
    """The Compose service of the server, of which no container may run; empty: none."""
    project: str = ""
    prefix: tuple[str, ...] = ()
    """``docker compose … run … SERVICE``: how a shell is begun that sees the service's volumes."""
    cwd: str = ""

    @property
    def keep(self) -> str:
        """The folder in which it will lie."""
        return self.path.rpartition("/")[0] or "/"

    def look_argv(self) -> tuple[str, ...]:
        """Whether these files may be copied; tells version, kilobytes and the sum of the server's control file."""
        return self._shell(self._look() + _TELL)

    def copy_argv(self) -> tuple[str, ...]:
        """The same looks once more, then the archive on its output."""
        return self._shell(self._look() + "exec tar -cf - .\n")

    def stages(self) -> tuple[tuple[str, ...], ...]:
        """What writes the copy."""
        return (self.copy_argv(), ("gzip", "-1"))

    def check_stages(self) -> tuple[tuple[str, ...], ...]:
        """What reads it whole again."""
        return (("gzip", "-dc"), ("tar", "-tf", "-", "./PG_VERSION", "./global/pg_control"))

    def _look(self) -> str:
        text = _LOOK.format(folder=shlex.quote(self.folder) if self.folder else IN_IMAGE)
        return text + (_ALIVE if self.folder else "")

    def _shell(self, text: str) -> tuple[str, ...]:
        return (*self.prefix, "-c", text) if self.prefix else ("sh", "-c", text)

    def lines(self) -> tuple[str, ...]:
        head = shlex.join(self.copy_argv()[:-1])
        checks = " | ".join(shlex.join(stage) for stage in self.check_stages())
        down = f"no container of {self.service} may run" if self.service else "postmaster.pid must name no process"
        text = self.copy_argv()[-1].strip().splitlines()
        return (
            place(self.host, self.cwd),
            f"  keep   the files of {self.database} as {self.path}; nothing is written to them",
            f"         ({down}, before and after; global/pg_control must stay the same)",
            f"  run    {head} '",
            *(f"         {line}" for line in text),
            f"         ' | gzip -1 > {shlex.quote(self.partial)} (each must end with 0, the file must be new)",
            f"  check  {checks} < {shlex.quote(self.partial)}, sha256, size",
            f"  write  {self.manifest}, then rename {self.partial} to {self.path}",
        )


@dataclass(frozen=True)
class KeptFiles:
    """What stands beside such a copy."""

    file: str
    size: int
    sha256: str
    database: str
    incident: str
    made: str
    """Stamp."""
    seconds: int
    server_version: str
    """``15``: only a server of this version reads the files."""
    holds: str = "files"

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        data: dict[str, Any] = to_json(self)
        return data

    @staticmethod
    def from_json(data: Any) -> KeptFiles:
        """Raises ValueError naming what does not fit."""
        found = from_json(KeptFiles, data, "copy of files")
        if found.holds != "files":
            raise ValueError("copy of files: it holds something else")
        return found
