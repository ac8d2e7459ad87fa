"""A real Compose project with a database in it, asked through its container: no client of the host has a part in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compose_stack import Stack, removed_afterwards
from waiting import until

FILE = """\
services:
  db:
    image: {image}
    stop_signal: SIGINT
    environment: {{POSTGRES_USER: obcms, POSTGRES_DB: obcms_prod, POSTGRES_PASSWORD: hidden-canary}}
    network_mode: none
  web:
    image: {image}
    entrypoint: ["sleep", "1000"]
    network_mode: none
    stop_signal: SIGKILL
"""


@contextmanager
def database_stack(name: str, folder: Path, image: str, tables: str) -> Iterator[Stack]:
    """A project of ``FILE`` whose database answers and holds these tables."""
    stack = Stack(name, folder, "v2")
    stack.folder.mkdir()
    stack.write(FILE.format(image=image))
    with removed_afterwards(stack.name):
        stack.compose("up", "-d")
        await_server(stack)
        sql(stack, tables)
        yield stack


def await_server(stack: Stack) -> None:
    """Until it answers on the address that it listens on only when it has been set up."""
    asked = ("docker", "exec", stack.container("db"), "pg_isready", "-q", "-h", "127.0.0.1")
    until(lambda: subprocess.run(asked, capture_output=True, timeout=60).returncode == 0, "the server")


def inside(stack: Stack, *argv: str, stdin: bytes = b"") -> bytes:
    """What a program in the database's container prints."""
    container = stack.container("db")
    done = subprocess.run(("docker", "exec", "-i", container, *argv), input=stdin, capture_output=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sql(stack: Stack, text: str, database: str = "obcms_prod") -> str:
    return inside(stack, "psql", "-XAtq", "-U", "obcms", database, stdin=text.encode()).decode().strip()
