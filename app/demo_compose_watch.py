"""The visitors of the demo's stack, who also take it away when its owner was killed and nobody came back.

It is copied to the demo's ``bin/``. ``demo_compose_watch.py FOLDER --detach`` goes on in a session of its own until
the demo is over; ``--burst N`` sends N requests at once and ends. How a visitor visits is left to ``demo_traffic``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the copy in bin/ lies beside its helpers
if TYPE_CHECKING:
    from app.demo_compose_engine import take_down
    from app.demo_processes import MARKER, OWNER, TRAFFIC, OwnerWatch, read_identity, read_json, write_identity
    from app.demo_traffic import Visitors, burst, steady
else:
    from demo_compose_engine import take_down
    from demo_processes import MARKER, OWNER, TRAFFIC, OwnerWatch, read_identity, read_json, write_identity
    from demo_traffic import Visitors, burst, steady


def remove_abandoned(folder: Path, marker: dict[str, Any]) -> int:
    """Take the stack down and remove the folder; what cannot be taken down keeps its folder, to be found by it."""
    owner = read_identity(folder / OWNER)
    if owner is not None and owner.alive():
        return 0  # somebody came back at the last moment
    left = take_down(marker)
    if left:
        print(f"the demo's stack could not be taken down: {left}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def main(arguments: list[str]) -> int:
    """See the module's docstring for the arguments."""
    folder = Path(arguments[0])
    marker = read_json(folder / MARKER)
    if marker is None or marker.get("folder") != str(folder.resolve()):
        print(f"watch: {folder} is not a demo stack", file=sys.stderr)
        return 1
    if "--detach" in arguments:  # through this second process nobody has to wait for the first one's end
        with (folder / "log" / "watch.out").open("ab") as output:
            command = [sys.executable, "-I", "-S", __file__, str(folder)]
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        write_identity(folder / TRAFFIC, child.pid)
        return 0
    visitors = Visitors(int(marker["port"]), str(marker["host"]))
    if "--burst" in arguments:
        burst(visitors, int(arguments[arguments.index("--burst") + 1]))
        return 0
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    write_identity(folder / TRAFFIC, os.getpid())
    watch = OwnerWatch(folder)
    steady(visitors, watch, ended)
    return remove_abandoned(folder, marker) if watch.abandoned else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
