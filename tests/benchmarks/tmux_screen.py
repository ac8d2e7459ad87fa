"""A real tmux of its own, watched through a control client: when a text is on a pane's screen, to the millisecond.

The client hears of output as it comes, then looks at the screen as tmux keeps it; nothing is looked for on a timer.
"""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

PATIENCE_S = 30.0
CHUNK = 65_536


class TmuxScreen:
    """A server with tmux's defaults, one session of this size, and a control client attached to it."""

    def __init__(self, folder: Path, width: int, height: int, environment: Mapping[str, str] | None = None) -> None:
        self._tmux = ("tmux", "-S", str(folder / "tmux"), "-f", os.devnull)
        wanted = {**os.environ, **(environment or {})}
        for name in ("TMUX", "TMUX_PANE"):
            wanted.pop(name, None)
        size = ("-x", str(width), "-y", str(height))
        self._client = subprocess.Popen(
            [*self._tmux, "-C", "new-session", *size, "exec sleep 3600"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=wanted,
            bufsize=0,
        )
        self._rest = b""
        self._answer: list[bytes] | None = None
        self._answered: list[bytes] | None = None
        self._output = False
        self._next_answer()
        self.ask(f"refresh-client -C {width}x{height}")

    def seconds_until(self, argv: Sequence[str], whole: Callable[[str], bool]) -> float:
        """Open a window that runs this; seconds from before it is opened until its screen is whole. Closes it."""
        begun = time.perf_counter()
        (pane,) = self.ask(f"new-window -P -F '#{{pane_id}}' {_quoted(shlex.join(argv))}")
        screen = ""
        while True:
            self._output = False
            screen = "\n".join(self.ask(f"capture-pane -p -t {pane}"))
            ended = time.perf_counter()
            if whole(screen):
                break
            if ended - begun > PATIENCE_S:
                raise AssertionError(f"it was never painted; the screen shows:\n{screen}")
            self._wait_for(lambda: self._output, begun + PATIENCE_S)
        self._close(pane)
        return ended - begun

    def _close(self, pane: str) -> None:
        """Hang up, as a closed terminal does, and wait until the program is gone."""
        pid = int(self.ask(f"display-message -p -t {pane} '#{{pane_pid}}'")[0])
        watched = os.pidfd_open(pid)
        try:
            self.ask(f"kill-pane -t {pane}")
            if not select.select([watched], [], [], PATIENCE_S)[0]:
                raise AssertionError(f"process {pid} lives on without its terminal")
        finally:
            os.close(watched)

    def ask(self, command: str) -> list[str]:
        """Send a command of tmux; its answer, line by line."""
        assert self._client.stdin is not None
        self._answered = None
        self._client.stdin.write(command.encode() + b"\n")
        return [line.decode("utf-8", "replace") for line in self._next_answer()]

    def _next_answer(self) -> list[bytes]:
        self._wait_for(lambda: self._answered is not None)
        if self._answered is None:
            raise AssertionError("tmux does not answer")
        return self._answered

    def _wait_for(self, come: Callable[[], bool], deadline: float | None = None) -> None:
        assert self._client.stdout is not None
        end = deadline or time.perf_counter() + PATIENCE_S
        while not come():
            rest = end - time.perf_counter()
            if rest <= 0 or not select.select([self._client.stdout], [], [], rest)[0]:
                return
            data = os.read(self._client.stdout.fileno(), CHUNK)
            if not data:
                raise AssertionError("tmux has ended")
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        if self._answer is not None:
            if line.startswith((b"%end ", b"%error ")):
                self._answered, self._answer = self._answer, None
                if line.startswith(b"%error"):
                    raise AssertionError(f"tmux: {self._answered}")
            else:
                self._answer.append(line)
        elif line.removeprefix(b"\x1bP1000p").startswith(b"%begin "):
            self._answer = []
        elif line.startswith((b"%output ", b"%extended-output ")):
            self._output = True

    def __enter__(self) -> TmuxScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=PATIENCE_S)
        for pipe in (self._client.stdin, self._client.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._client.wait(5)
        except subprocess.TimeoutExpired:
            self._client.kill()
            self._client.wait(5)


def _quoted(text: str) -> str:
    """One word for tmux's own parser: in single quotes, where only the single quote is special."""
    return "'" + text.replace("'", "'\\''") + "'"
