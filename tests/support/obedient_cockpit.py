"""A cockpit of its own process that obeys: one expression on `session` and `tiny` a line, one line of JSON for each.

`obedient_cockpit.py FOLDER WHO`. Tests drive it, stop it and kill it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tiny_system
from git_ground import Ground, git
from tiny_system import PYTHON, Tiny, environment

from actions.model.errors import GoaroundError


class Cockpit:
    """The test's end of the pipe."""

    def __init__(self, tiny: Tiny, who: str, log: Path, **variables: str) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [PYTHON, __file__, str(tiny.folder), who],
                env=environment(tiny, **variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.log = log
        assert self.hear() == "ready"

    def tell(self, expression: str) -> None:
        """Send; `hear` gives the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(expression.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        return json.loads(line)

    def ask(self, expression: str) -> Any:
        """Value of the expression; `{"refused": reason}` when it raised one of our errors."""
        self.tell(expression)
        return self.hear()

    def kill(self) -> None:
        """SIGKILL, waited for."""
        self.process.kill()
        self.process.wait()


@contextmanager
def cockpit(tiny: Tiny, who: str = "ops1", **variables: str) -> Iterator[Cockpit]:
    """A cockpit, gone afterwards."""
    one = Cockpit(tiny, who, tiny.folder / f"cockpit-{who}.log", **variables)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout):
            assert pipe is not None
            pipe.close()


def _obey() -> None:
    folder = Path(sys.argv[1])
    remote, clone = folder / "origin.git", folder / "clone"
    shas = git(clone, "rev-list", "--reverse", "origin/main").splitlines()
    tiny = Tiny(folder, Ground(remote, clone, tuple(shas)))
    session: Any = None
    print('"ready"', flush=True)
    for line in sys.stdin:
        try:
            if session is None:
                session = tiny.session(sys.argv[2])
            names = {"session": session, "tiny": tiny, **vars(tiny_system)}
            value = eval(line, names)
        except GoaroundError as error:
            value = {"refused": error.line()}
        print(json.dumps(value, default=str), flush=True)


if __name__ == "__main__":
    _obey()
