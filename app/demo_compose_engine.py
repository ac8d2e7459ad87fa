"""Runs ``docker`` and Compose for the demo's stack, and takes that stack away again: it, and nothing else.

This file runs in two places: inside the cockpit, and as a copy in the demo's ``bin/`` beside the watcher that
imports it. So it needs nothing but the standard library, and tells failures as values. What belongs to the demo is
known by its labels: Compose's project label and a label that its images were built with.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KIND = "goaround demo stack"
"""``kind`` in the marker of a folder that holds such a demo."""
LABEL = "goaround.demo"
"""Label of the demo's images; its value is the demo's name."""
SYSTEM = "demo-stack"
"""``system.name`` in the configuration; the tags that keep images begin with it."""
FILE = "docker-compose.prod.yml"
STACK = "stack"
"""The project's folder inside the demo's."""
PROJECT = "com.docker.compose.project"
SWEEPS = 6
"""A step that was cut off may still be creating containers; once its images are gone it cannot."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, and its output and errors as they came."""

    status: int
    output: str

    @property
    def last_line(self) -> str:
        """The last thing it said."""
        return (self.output.strip().splitlines() or ["it said nothing"])[-1]


def run(argv: Sequence[str], folder: Path | None = None, timeout: float = 60.0) -> Ended:
    """Run one command to its end, without the user's COMPOSE_* settings; 127: it cannot be run, 124: it hung.

    Whatever ends the wait (Ctrl-C, too) ends the command with all it started, before anything else is done.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    if folder is not None:
        kept["PWD"] = str(folder)
    try:
        child = subprocess.Popen(
            list(argv),
            cwd=folder,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Ended(127, f"{argv[0]}: {error.strerror}")
    with child:
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(child)
            return Ended(124, f"no end within {timeout:g} s")
        except BaseException:  # also Ctrl-C: Compose must not go on creating what is being taken away
            _end(child)
            raise
    return Ended(child.returncode, output.decode("utf-8", "replace"))


def _end(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
            return


def compose(marker: dict[str, Any], *words: str, timeout: float = 120.0) -> Ended:
    """Run a Compose command on the demo that a marker describes."""
    argv = [*marker["tool"], "-p", marker["name"], "-f", FILE, *words]
    return run(argv, Path(marker["folder"], STACK), timeout)


def take_down(marker: dict[str, Any]) -> str:
    """Remove containers, networks, volumes and images of the demo. Returns what is left, in words; empty: nothing.

    Nothing is removed that does not carry the demo's own label, and of its images only the tags made for it.
    """
    name = str(marker.get("name", ""))
    if not re.fullmatch(r"goaround-demo-[0-9a-f]{8}", name):
        return f"{name!r} is no name of a demo"
    if Path(marker["folder"], STACK, FILE).exists():
        compose(marker, "down", "--volumes", "--remove-orphans", "--timeout", "1")  # what it leaves is swept below
    left = ""
    for attempt in range(SWEEPS):
        if attempt:
            time.sleep(0.5)
        left = _sweep(name)
        if not left:
            break
    return left


def _sweep(name: str) -> str:
    """Remove what is there, then look again."""
    kinds = (
        (("ps", "-aq", "--no-trunc"), f"{PROJECT}={name}", ("rm", "--force", "--volumes")),
        (("network", "ls", "-q", "--no-trunc"), f"{PROJECT}={name}", ("network", "rm")),
        (("volume", "ls", "-q"), f"{PROJECT}={name}", ("volume", "rm", "--force")),
    )
    left = []
    for listing, label, removing in kinds:
        found, problem = _listed(listing, label)
        if problem:
            return problem
        if found:
            run(["docker", *removing, *found])
    _remove_images(name)
    for listing, label, _ in (*kinds, (("image", "ls", "-q", "--no-trunc"), f"{LABEL}={name}", ())):
        found, problem = _listed(listing, label)
        left += [problem] if problem else []
        if found and listing[0] == "image" and not _own_tags(name, found):
            continue  # somebody gave them a tag of their own: they stay
        left += [f"{len(found)} of docker {listing[0]}"] if found else []
    return ", ".join(left)


def _listed(listing: Sequence[str], label: str) -> tuple[list[str], str]:
    told = run(["docker", *listing, "--filter", f"label={label}"])
    if told.status != 0:
        return [], told.last_line
    return sorted(set(told.output.split())), ""


def _remove_images(name: str) -> None:
    found, _ = _listed(("image", "ls", "-q", "--no-trunc"), f"{LABEL}={name}")
    tags = _own_tags(name, found)
    if tags:
        run(["docker", "image", "rm", *tags])


def _own_tags(name: str, images: Sequence[str]) -> list[str]:
    """The tags that this demo gave its images, and the ids of those that have none at all."""
    tags: list[str] = []
    for image in images:
        told = run(["docker", "image", "inspect", "--format", '{{join .RepoTags "\\n"}}', image])
        if told.status != 0:
            continue
        names = told.output.split()
        ours = (f"{name}:", f"{name}-redis:", f"goaround/keep:{SYSTEM}-")
        tags += [tag for tag in names if tag.startswith(ours)] if names else [image]
    return sorted(set(tags))
