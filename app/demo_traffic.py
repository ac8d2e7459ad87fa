"""The visitors of the demo system: steady requests to its site, so that its log is as busy as a real one's.

It is copied to the demo's ``bin/``. ``traffic.py FOLDER --detach`` goes on in a session of its own until the
demo is over; ``--burst N`` sends N requests at once and ends. What the visitors see is not judged here.
If the demo was abandoned (its owner killed, and nobody back in time) it removes the demo's folder as it ends.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the copy in bin/ lies beside its helper
if TYPE_CHECKING:
    from app.demo_processes import (
        DEPLOY_LOCK,
        MARKER,
        OWNER,
        TRAFFIC,
        WEB,
        OwnerWatch,
        end_process,
        is_demo_folder,
        read_identity,
        read_json,
        write_identity,
    )
else:
    from demo_processes import (
        DEPLOY_LOCK,
        MARKER,
        OWNER,
        TRAFFIC,
        WEB,
        OwnerWatch,
        end_process,
        is_demo_folder,
        read_identity,
        read_json,
        write_identity,
    )

PER_SECOND = 8.0
AT_ONCE = 16  # visitors that wait at the same time; beyond it, new ones stay away
WATCH_SECONDS = 0.5
PATHS = (
    ("/", 30),
    ("/communities/", 20),
    ("/communities/?page=2", 12),
    ("/communities/?q=kampong", 10),
    ("/login/", 16),
    ("/health/", 5),
    ("/ready/", 3),
    ("/favicon.ico", 2),
    ("/wp-login.php", 2),
)
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile Safari/604.1",
)


class Visitors:
    """Sends one request after the other; an answer of any kind, and none, are equally fine."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host
        self._chance = random.Random(port)
        self._paths = [path for path, _ in PATHS]
        self._weights = [weight for _, weight in PATHS]

    def draw(self) -> tuple[str, dict[str, str]]:
        """The next path and its headers."""
        path = self._chance.choices(self._paths, self._weights)[0]
        agent = "uptime-check/2.1" if path in ("/health/", "/ready/") else self._chance.choice(AGENTS)
        visitor = f"203.0.113.{self._chance.randint(2, 250)}"
        headers = {
            "Host": self._host,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": visitor,
            "User-Agent": agent,
        }
        return path, headers

    def visit(self, path: str, headers: dict[str, str]) -> None:
        """One request, its answer read to the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path, headers=headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass  # the site is down for a moment, or just going: a visitor comes back by itself
        finally:
            connection.close()


def burst(visitors: Visitors, count: int) -> None:
    """``count`` requests, four at a time."""
    with ThreadPoolExecutor(4) as pool:
        for _ in range(count):
            pool.submit(visitors.visit, *visitors.draw())


def steady(visitors: Visitors, watch: OwnerWatch, ended: threading.Event) -> None:
    """Requests at an even pace until the demo is over."""
    room = threading.Semaphore(AT_ONCE)

    def visit(path: str, headers: dict[str, str]) -> None:
        try:
            visitors.visit(path, headers)
        finally:
            room.release()

    looked = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while not ended.wait(1 / PER_SECOND):
            if time.monotonic() - looked >= WATCH_SECONDS:
                looked = time.monotonic()
                if watch.over():
                    return
            if room.acquire(blocking=False):
                pool.submit(visit, *visitors.draw())


def remove_abandoned(folder: Path) -> None:
    """End the site and remove the folder of a demo to which nobody came back; a running deploy ends first."""
    with (folder / DEPLOY_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        owner = read_identity(folder / OWNER)
        if owner is not None and owner.alive():
            return  # somebody came back at the last moment
        end_process(read_identity(folder / WEB), patience=3.0)
        if is_demo_folder(folder):
            shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """See the module's docstring for the arguments."""
    folder = Path(arguments[0])
    settings = read_json(folder / MARKER)
    if settings is None:
        print(f"traffic: {folder} is not a demo system", file=sys.stderr)
        return 1
    if "--detach" in arguments:  # through this second process nobody has to wait for the first one's end
        with (folder / "log" / "traffic.out").open("ab") as output:
            command = [sys.executable, "-I", "-S", __file__, str(folder)]
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        write_identity(folder / TRAFFIC, child.pid)
        return 0
    visitors = Visitors(int(settings["port"]), str(settings["host"]))
    if "--burst" in arguments:
        burst(visitors, int(arguments[arguments.index("--burst") + 1]))
        return 0
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    write_identity(folder / TRAFFIC, os.getpid())
    watch = OwnerWatch(folder)
    steady(visitors, watch, ended)
    if watch.abandoned:
        remove_abandoned(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
