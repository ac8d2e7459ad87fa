"""Says whether the Compose demo can be built here, and with what; one clear line and the next move when it cannot.

Nothing is made: it looks at the machine, asks the engine for its version, and Compose for its own.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from actions.gateways.compose import ComposeCli
from actions.gateways.containers import EngineContainers
from actions.gateways.host import connect
from actions.model.errors import Refused, Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import ComposeTool
from app.demo_compose_engine import run
from app.demo_compose_scripts import APPLETS

OTHER_WAY = "or fly the demo that needs no engine: goaround demo"
NAMES = ("busybox", "busybox.static", "busybox-static")
PLACES = ("/bin", "/usr/bin")
PT_INTERP = 3


@dataclass(frozen=True)
class Ground:
    """What the demo is built with."""

    busybox: Path
    applets: tuple[str, ...]
    tool: ComposeTool
    architecture: str
    """The engine's word: ``amd64``."""


def find_ground(generation: int = 0) -> Ground:
    """Engine, Compose (of that generation, or the newest) and busybox. Raises GoaroundError when one is missing."""
    if not sys.platform.startswith("linux"):
        raise Refused("the Compose demo runs on Linux only", f"this is {sys.platform}", OTHER_WAY)
    if shutil.which("docker") is None:
        raise Unreachable("there is no docker program on PATH", "", f"install Docker, {OTHER_WAY}")
    architecture = _engine()
    tool = _compose(generation)
    busybox, applets = find_busybox()
    return Ground(busybox, applets, tool, architecture)


def _engine() -> str:
    """The architecture of an engine of this machine that lets us in."""
    engine = EngineContainers()
    try:
        url = urlsplit(engine.address.url)
        if url.scheme != "unix" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise Refused(
                "the Docker engine is on another machine",
                f"{sanitise(engine.address.url)} ({engine.address.origin})",
                f"choose an engine of this machine (docker context use default), {OTHER_WAY}",
            )
        engine.version()
    except Unreachable as error:
        raise Unreachable(error.title, error.detail, f"{error.next_move}; {OTHER_WAY}") from error
    finally:
        engine.close()
    told = run(["docker", "version", "--format", "{{.Server.Os}} {{.Server.Arch}}"])
    words = told.output.split()
    if told.status != 0 or len(words) != 2:
        raise Unreachable("the docker program cannot reach its engine", sanitise(told.last_line), OTHER_WAY)
    if words[0] != "linux":
        raise Refused("the Docker engine runs no Linux containers", sanitise(words[0]), OTHER_WAY)
    return words[1]


def _compose(generation: int) -> ComposeTool:
    tools = ComposeCli(connect("local")).tools()
    fitting = [tool for tool in tools if generation in (0, tool.generation)]
    if not fitting:
        there = ", ".join(f"{' '.join(tool.argv)} {tool.version}" for tool in tools) or "no Compose at all"
        wanted = f"Compose v{generation}" if generation else "Docker Compose"
        raise Unreachable(f"{wanted} is not on this machine", f"there is {there}", f"install it, {OTHER_WAY}")
    return max(fitting, key=lambda tool: tool.generation)


def find_busybox() -> tuple[Path, tuple[str, ...]]:
    """A static busybox that has what the demo's scripts need, and the names of its applets."""
    found = [shutil.which(name) for name in NAMES] + [f"{place}/{name}" for place in PLACES for name in NAMES]
    candidates = [Path(path) for path in dict.fromkeys(found) if path and Path(path).is_file()]
    reasons = []
    for path in candidates:
        if not is_static(path):
            reasons.append(f"{path} is not linked statically")
            continue
        applets = _applets(path)
        missing = sorted(set(APPLETS) - set(applets))
        if not missing:
            return path, applets
        reasons.append(f"{path} has no {', '.join(missing)}")
    raise Unreachable(
        "no static busybox to build the demo's images from",
        "; ".join(reasons) or "there is no busybox on PATH, in /bin or in /usr/bin",
        f"install one (Debian, Ubuntu: apt install busybox-static), {OTHER_WAY}",
    )


def _applets(busybox: Path) -> tuple[str, ...]:
    try:
        told = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ()
    return tuple(name for name in told.stdout.split() if "/" not in name)


def is_static(path: Path) -> bool:
    """Whether this is an ELF program that asks for no loader, so that it runs in an image without one."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if len(head) < 52 or head[:4] != b"\x7fELF":
                return False
            order = "<" if head[5] == 1 else ">"
            wide = head[4] == 2
            (offset,) = struct.unpack_from(f"{order}Q" if wide else f"{order}I", head, 32 if wide else 28)
            size, count = struct.unpack_from(f"{order}HH", head, 54 if wide else 42)
            file.seek(offset)
            table = file.read(size * count)
        kinds = [struct.unpack_from(f"{order}I", table, size * number)[0] for number in range(count)]
    except (OSError, ValueError, struct.error):  # a damaged file names places that it does not have
        return False
    return bool(kinds) and PT_INTERP not in kinds
