"""A cockpit whose terminal is gone must be gone, too: no thread of the screen keeps the process alive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys, threading
import app.cli as cli
cli._run = lambda args: (threading.Thread(target=threading.Event().wait).start(), 129)[1]
cli.main(["keys"])
"""


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    """A thread that never ends (as Textual's does on a terminal that is gone) is left behind, with the exit status."""
    ended = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, timeout=100, check=False)
    assert ended.returncode == 129
