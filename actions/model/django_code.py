"""How the Django code of one release is run: in a one-off container of its image, or as a process where it lies. Pure.

A container is made by Compose from the service's own definition, so that settings find their environment, secrets,
volumes and network, with an override (read from standard input, so that no file is written) that pins it to one image.
The service's entrypoint, which may migrate by itself, is never started.
"""

from __future__ import annotations

import json
from dataclasses import field

from actions.model.quick_dataclass import dataclass

STDIN = "/dev/stdin"
"""Where Compose reads the override; both generations take it for a file."""


@dataclass(frozen=True)
class DjangoCode:
    """The code of one release, and how to run it."""

    host: str
    release: str
    """For the eye: ``2026.9``, or an image id."""
    manage: tuple[str, ...] = ()
    """``python manage.py``; empty: it cannot be run, only its files can be listed."""
    cwd: str = ""
    """The Compose project's folder, or the one where the code lies."""
    database: str = "default"
    """Django's alias of the database."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to the environment; values may be ``${env:NAME}``."""
    image: str = ""
    """Full image id; empty: no container."""
    service: str = ""
    compose: tuple[str, ...] = ()
    """Compose with the project's files and ``STDIN`` among them, up to ``run -T``."""
    pulls: bool = False
    """This Compose would fetch the image unless it is told not to."""
    commit: str = ""
    """Full commit id whose files are listed, where the code cannot be run."""
    unknown: str = ""
    """Why nothing of it can be asked; empty: it can."""

    def stages(
        self, *words: str, read_only: bool = False, name: str = "", program: tuple[str, ...] = ()
    ) -> tuple[tuple[str, ...], ...]:
        """The programs in a row that run ``manage.py`` (or another ``program``) with these words."""
        argv = (*(program or self.manage), *words)
        if not self.image or not argv:
            return (argv,)
        named = ("--name", name) if name else ()
        passed = tuple(word for key in sorted(self.env) for word in ("-e", key))
        options = ("--rm", "--no-deps", *named, *passed, "--entrypoint", argv[0])
        run = (*self.compose, *options, self.service, *argv[1:])
        return (("printf", "%s", self.override(read_only=read_only)), run)

    def override(self, *, read_only: bool = False) -> str:
        """The Compose file that pins the service to the image."""
        lines = ["services:", f"  {json.dumps(self.service)}:", f'    image: "{self.image}"']
        if self.pulls:
            lines.append("    pull_policy: never")
        if read_only:
            lines += ["    read_only: true", "    tmpfs: [/tmp]"]
        return "\n".join(lines) + "\n"

    def where(self) -> str:
        """For the eye."""
        if self.unknown:
            return f"{self.release}: cannot be asked ({self.unknown})"
        if self.image:
            return f"a one-off container of {self.release} ({self.image[:19]}…), service {self.service}"
        return f"the files of commit {self.commit[:10]}" if self.commit else f"the code in {self.cwd}"
