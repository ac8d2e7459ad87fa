"""Builds, starts and removes the Compose demo: the small real stack that ``goaround demo --compose`` breaks.

A web server, a worker, a scheduler and a migration that share one image, and a cache that does not, on the engine of
this machine; images, containers, network and volume carry the demo's own name and go with it. What happens to the
stack then (the incident, the rollback) is the cockpit's business.
"""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actions.model.errors import BadInput, CommandFailed, GoaroundError, Refused
from actions.model.outside_text import sanitise
from app.demo_building import free_port, make_folder
from app.demo_compose_engine import FILE, KIND, LABEL, STACK, Ended, compose, run, take_down
from app.demo_compose_file import compose_file, configuration, environment_file
from app.demo_compose_image import Image, write_images
from app.demo_compose_needs import find_ground
from app.demo_compose_scripts import REDIS
from app.demo_compose_site import StackRelease, stack_releases
from app.demo_config import HOST
from app.demo_history import site_source
from app.demo_processes import (
    KEEP_SECONDS,
    MARKER,
    OWNER,
    STOP,
    TRAFFIC,
    end_process,
    read_identity,
    read_json,
    write_identity,
    write_json,
)

__all__ = ["DemoStack", "adopt", "build", "is_stack_folder", "load", "start", "stop"]

IMAGES = "images.tar"
BURST = 120
"""Requests to the good release before the broken one is deployed."""
ANSWER_S = 30.0
"""How long the site may take until it answers as it should after a deployment."""
SCRIPTS = ("demo_compose_engine.py", "demo_compose_watch.py", "demo_processes.py", "demo_traffic.py")
GENERATIONS = {"auto": 0, "v1": 1, "v2": 2}

Report = Callable[[str], None]


@dataclass(frozen=True)
class DemoStack:
    """A built demo stack: where it lies, how it is called, the port of its site, and its good and broken release."""

    folder: Path
    config: Path
    name: str
    """Name of the Compose project and repository of its images."""
    port: int
    good_ref: str
    broken_ref: str
    file: Path
    """The Compose file."""


def build(
    now: datetime, folder: Path | None = None, report: Report = lambda _line: None, tool: str = "auto"
) -> DemoStack:
    """Make everything on disk; the engine is only asked. The caller's process becomes its owner.

    ``now`` is aware; the releases' dates follow from it. ``folder`` must be absent or empty; ``tool`` is ``auto``,
    ``v2`` or ``v1``. Raises GoaroundError, and leaves nothing behind, when engine, Compose or busybox is missing.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    ground = find_ground(GENERATIONS[tool])
    folder = make_folder(folder)
    try:
        name, port = f"goaround-demo-{secrets.token_hex(4)}", free_port()
        for part in ("bin", "log", "run", STACK):
            (folder / part).mkdir(mode=0o700)
        releases = stack_releases(now.astimezone(UTC).replace(microsecond=0))
        good, broken = releases[-2:]
        marker = {"kind": KIND, "folder": str(folder), "name": name, "port": port, "host": HOST}
        marker |= {"tool": list(ground.tool.argv), "good_ref": good.tag, "broken_ref": broken.tag}
        write_json(folder / MARKER, marker)
        adopt(load(folder))
        report(f"writing {len(releases)} releases as images, from {ground.busybox}")
        images = [_image(name, release) for release in releases]
        images.append(_redis(name, releases[0].created))
        write_images(folder / IMAGES, images, ground.busybox, ground.applets, ground.architecture)
        for source in SCRIPTS:
            (folder / "bin" / source).write_text(site_source(source), "utf-8")
        (folder / STACK / FILE).write_text(compose_file(name, good.tag), "utf-8")
        (folder / STACK / ".env").write_text(environment_file(port), "utf-8")
        (folder / "goaround.toml").write_text(configuration(folder, name, port, tool), "utf-8")
    except BaseException:  # also Ctrl-C: a half-built folder is of no use to anybody
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return load(folder)


def _image(name: str, release: StackRelease) -> Image:
    labels = {
        LABEL: name,
        "org.opencontainers.image.revision": release.commit,
        "org.opencontainers.image.version": release.tag,
        "org.opencontainers.image.description": release.subject,
    }
    return Image(f"{name}:{release.tag}", release.created, release.files, "/app/web.sh", labels)


def _redis(name: str, created: datetime) -> Image:
    return Image(f"{name}-redis:7", created, {"app/redis.sh": REDIS}, "/app/redis.sh", {LABEL: name})


def is_stack_folder(path: Path) -> bool:
    """True only for a folder of ours that holds a marker naming this very folder: it may be removed whole."""
    try:
        if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.getuid():
            return False
        marker = read_json(path / MARKER)
        return marker is not None and marker.get("kind") == KIND and marker.get("folder") == str(path.resolve())
    except OSError:
        return False


def load(folder: Path) -> DemoStack:
    """The demo stack that was built in ``folder``. Raises BadInput when there is none."""
    marker = read_json(folder / MARKER)
    if not is_stack_folder(folder) or marker is None:
        raise BadInput("no demo stack", f"{folder} holds none", "run `goaround demo --compose` to make a new one")
    folder = folder.resolve()
    return DemoStack(
        folder=folder,
        config=folder / "goaround.toml",
        name=str(marker["name"]),
        port=int(marker["port"]),
        good_ref=str(marker["good_ref"]),
        broken_ref=str(marker["broken_ref"]),
        file=folder / STACK / FILE,
    )


def adopt(stack: DemoStack, keep_seconds: float = KEEP_SECONDS) -> None:
    """Make the calling process the owner; the stack goes ``keep_seconds`` after an owner that was killed."""
    write_identity(stack.folder / OWNER, os.getpid(), keep_seconds=keep_seconds)


def start(stack: DemoStack, keep_seconds: float = KEEP_SECONDS, report: Report = lambda _line: None) -> None:
    """Deploy the good release, let visitors in, and deploy the broken one: afterwards the incident is there.

    Raises GoaroundError when a part does not start; the caller then calls ``stop``.
    """
    adopt(stack, keep_seconds)
    _watch(stack, "--detach")  # first of all: it takes away whatever is made from here on
    report("loading the images into the engine")
    _demand(run(["docker", "load", "--quiet", "--input", str(stack.folder / IMAGES)]), "docker load")
    (stack.folder / IMAGES).unlink()
    report(f"starting the stack with {stack.good_ref}")
    _up(stack)
    _await_answers(stack, {"/": 200, "/ready/": 200})
    report("letting visitors in")
    _watch(stack, "--burst", str(BURST))
    report(f"deploying {stack.broken_ref}")
    stack.file.write_text(compose_file(stack.name, stack.broken_ref), "utf-8")
    _up(stack)
    _await_answers(stack, {"/health/": 200, "/": 500})


def stop(stack: DemoStack) -> None:
    """Take the stack away, end its visitors and remove its folder; nothing to do when it is gone already.

    Raises GoaroundError when something is left; the folder then stays, so that it can be stopped again.
    """
    folder = stack.folder
    if not folder.exists():
        return
    if not is_stack_folder(folder):
        raise Refused("this folder is not removed", f"{folder} is not a demo stack", "remove it by hand if it is yours")
    marker = _marker(stack)
    (folder / STOP).touch()
    end_process(read_identity(folder / TRAFFIC), patience=2.0)
    left = take_down(marker)
    if left:
        raise GoaroundError(
            "the demo's stack could not be taken down",
            sanitise(left),
            f"see docker ps -a --filter label=com.docker.compose.project={stack.name}; its folder is {folder}",
        )
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    raise GoaroundError("the demo's folder could not be removed", str(folder), "remove it by hand")


def _marker(stack: DemoStack) -> dict[str, Any]:
    marker = read_json(stack.folder / MARKER)
    if marker is None:
        raise BadInput("no demo stack", f"{stack.folder} holds none")
    return marker


def _watch(stack: DemoStack, *arguments: str) -> None:
    """Run the visitors' script to its end; with ``--detach`` that is at once, and they go on."""
    script = stack.folder / "bin" / "demo_compose_watch.py"
    _demand(run([sys.executable, "-I", "-S", str(script), str(stack.folder), *arguments]), "the visitors' script")


def _up(stack: DemoStack) -> None:
    _demand(compose(_marker(stack), "up", "-d"), "compose up")


def _demand(ended: Ended, what: str) -> None:
    if ended.status != 0:
        raise CommandFailed(
            f"{what} failed while the demo was set up",
            sanitise(ended.last_line),
            "try again, or fly the demo that needs no engine: goaround demo",
            ended.status,
        )


def _await_answers(stack: DemoStack, expected: dict[str, int]) -> None:
    """Wait until the pages answer with these statuses."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        found = {path: _status(stack.port, path) for path in expected}
        if found == expected:
            return
        if time.monotonic() > deadline:
            told = ", ".join(f"{path}: {status or 'no answer'}" for path, status in found.items())
            raise CommandFailed(
                f"the demo's site does not answer as it should within {ANSWER_S:g} s",
                told,
                "fly the demo that needs no engine: goaround demo",
            )
        time.sleep(0.1)


def _status(port: int, path: str) -> int:
    """The status of one page; 0: no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
