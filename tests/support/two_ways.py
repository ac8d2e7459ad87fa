"""The tiny system with a second way back: beside git, a real Compose project of one service in the same folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compose_stack import Stack, removed_afterwards
from engine_images import ImageBuilder
from tiny_system import Tiny, build

APP = "#!/bin/sh\ntrap 'exit 0' TERM\necho '{release} started'\nwhile :; do sleep 1 & wait $!; done\n"
FILE = 'services:\n  web:\n    image: "{name}:2"\n    stop_grace_period: 1s\n    network_mode: none\n'
TABLE = """
[compose]
directory = "{folder}"
files = ["docker-compose.prod.yml"]
project = "{name}"
health_deadline = 90
steady = 0
"""


@contextmanager
def two_ways(folder: Path, name: str, build_image: ImageBuilder, tool: str = "v2") -> Iterator[tuple[Tiny, Stack]]:
    """Git is the first choice; release 2 of the project runs, release 1 is there as a tag."""
    for number in ("1", "2"):
        build_image(f"{name}:{number}", {"/app.sh": APP.format(release=number), "/name": name}, ["/app.sh"])
    tiny = build(folder / "tiny")
    project = folder / "project"
    project.mkdir()
    stack = Stack(name, project, tool)
    stack.write(FILE.format(name=name))
    tiny.config.write_text(tiny.config.read_text().replace("[system]", '[system]\noption = "git"', 1))
    tiny.add_to_config(TABLE.format(folder=project, name=name))
    with removed_afterwards(name):
        stack.compose("up", "-d")
        yield tiny, stack


def both_configured(tiny: Tiny) -> None:
    """Git is the first choice; the project that is configured beside it is not there."""
    tiny.config.write_text(tiny.config.read_text().replace("[system]", '[system]\noption = "git"', 1))
    tiny.add_to_config(TABLE.format(folder=tiny.folder / "nowhere", name="goaround-test-nowhere"))
