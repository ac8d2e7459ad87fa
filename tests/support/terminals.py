"""Real terminals for tests: a tmux server of its own with tmux's defaults, and a bare pty whose bytes are all kept."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from waiting import PATIENCE_S, until

from widgets.dialog import DEAF_S

HUMAN_S = 0.25
"""Between two keys of a person who looks; what comes sooner counts as one key held down."""
LOOK_S = 0.8
"""How long a step is looked at before it is run: longer than the cockpit wants it."""
ROOT = Path(__file__).resolve().parents[2]
GOAROUND = (sys.executable, "-P", "-c", "from app.cli import main; main()")

_numbers = itertools.count(1)


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program in a terminal of a test: nothing of the terminal that the tests run in."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TMUX", "TEXTUAL", "SSH_", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"))
    }
    return {**inherited, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **changes}


class Tmux:
    """One tmux server with one window, in which a plain shell runs."""

    def __init__(self, width: int, height: int, environment: Mapping[str, str]) -> None:
        self.name = f"goaround-{os.getpid()}-{next(_numbers)}"
        self.environment = clean_environment(environment)
        shell = "PS1='shell> ' exec sh"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "main", "-x", str(width), "-y", str(height), shell)

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.name, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=60, check=False, errors="replace"
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "main")

    def sees(self, *texts: str, patience_s: float = PATIENCE_S) -> str:
        """Wait until all of these are on the screen; the screen."""
        until(
            lambda: all(text in self.screen() for text in texts),
            lambda: f"never on the screen: {[text for text in texts if text not in self.screen()]}\n{self.screen()}",
            patience_s,
        )
        return self.screen()

    def sees_no(self, text: str) -> str:
        """Wait until this is on the screen no more; the screen."""
        until(lambda: text not in self.screen(), lambda: f"stays on the screen: {text}\n{self.screen()}")
        return self.screen()

    def keys(self, *names: str) -> None:
        """Keys by tmux's names, at once."""
        self.tmux("send-keys", "-t", "main", *names)

    def types(self, text: str) -> None:
        self.tmux("send-keys", "-t", "main", "-l", text)

    def press(self, *names: str) -> None:
        """Keys one after the other, as slowly as a person who looks."""
        for name in names:
            time.sleep(HUMAN_S)
            self.keys(name)

    def answers(self, key: str, title: str, *before: str) -> None:
        """Press keys when this dialog hears them, the last one once, and see it go: a second one could answer what
        comes next.
        """
        self.sees(title)
        time.sleep(DEAF_S)
        self.press(*before, key)
        self.sees_no(title)

    def runs(self, what: str) -> None:
        """Enter on a step that has been on the screen for a while; where that shows what will happen, once more."""
        shown = "this is what will happen"
        time.sleep(LOOK_S)
        self.keys("Enter")
        until(lambda: self.says() != what or shown in self.screen(), lambda: f"{what} unheard\n{self.screen()}")
        if self.says() == what:
            time.sleep(LOOK_S)
            self.keys("Enter")
            until(lambda: self.says() != what, lambda: f"stays at {what}\n{self.screen()}")

    def says(self) -> str:
        """What the cockpit says that Enter does."""
        lines = [line.strip() for line in self.screen().splitlines()]
        return next((line.removeprefix("Enter").strip() for line in reversed(lines) if line.startswith("Enter ")), "")

    def run(self, *command: str, then: str = "left") -> None:
        """Type a command into the shell; when it has ended, the shell says `left STATUS`."""
        quoted = " ".join("'" + part.replace("'", "'\\''") + "'" for part in command)
        self.types(f"clear; {quoted}; echo '{then}' $?")
        self.keys("Enter")

    def resize(self, width: int, height: int) -> None:
        self.tmux("resize-window", "-t", "main", "-x", str(width), "-y", str(height))

    def flags(self) -> str:
        """alternate screen, cursor, and every mouse mode: `0 1 0` is how a shell wants it."""
        return self.tmux(
            "display-message", "-p", "-t", "main", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"
        ).strip()

    def shell_pid(self) -> int:
        return int(self.tmux("display-message", "-p", "-t", "main", "#{pane_pid}"))

    def program_pid(self) -> int:
        """The process that the shell runs in the foreground."""
        children = Path(f"/proc/{self.shell_pid()}/task/{self.shell_pid()}/children").read_text().split()
        return int(children[-1])

    def kill(self) -> None:
        with contextlib.suppress(AssertionError):
            self.tmux("kill-server")
        Path(f"/tmp/tmux-{os.getuid()}/{self.name}").unlink(missing_ok=True)  # tmux leaves its socket there


@contextlib.contextmanager
def tmux(width: int, height: int, environment: Mapping[str, str]) -> Iterator[Tmux]:
    """A tmux server that is gone afterwards."""
    server = Tmux(width, height, environment)
    try:
        yield server
    finally:
        server.kill()


BECOME_LEADER = (
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


class Terminal:
    """A pty with a program on it. Everything that comes out is kept; reading can be stopped, as by a stalled line."""

    def __init__(self, width: int, height: int, environment: Mapping[str, str], *command: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(width, height)
        self.program = subprocess.Popen(
            [sys.executable, "-c", BECOME_LEADER, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**clean_environment(environment), "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.output = bytearray()
        self.reading = threading.Event()
        self.reading.set()
        self._ending = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ending:
            if not self.reading.wait(0.1):
                continue
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return  # the last of the programs has closed it
            if not data:
                return
            self.output += data

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def write(self, data: bytes) -> None:
        while data:
            if select.select([], [self.master], [], 5)[1]:
                data = data[os.write(self.master, data[:4096]) :]

    def sees(self, text: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until the bytes hold this text (it must be painted in one piece)."""
        until(
            lambda: text.encode() in self.output,
            lambda: f"never came: {text!r}\n{bytes(self.output[-3000:])!r}",
            patience_s,
        )

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """The exit status, when all output was read."""
        status = self.program.wait(patience_s)
        self._thread.join(60)
        return status

    def close(self) -> None:
        self.reading.set()
        self._ending = True
        if self.program.poll() is None:
            self.program.send_signal(signal.SIGKILL)
            self.program.wait(60)
        self._thread.join(5)
        with contextlib.suppress(OSError):
            os.close(self.master)


@contextlib.contextmanager
def terminal(width: int, height: int, environment: Mapping[str, str], *command: str) -> Iterator[Terminal]:
    """A pty that is gone afterwards."""
    opened = Terminal(width, height, environment, *command)
    try:
        yield opened
    finally:
        opened.close()


# What a full-screen program of ours may send: text, colours, cursor moves, and the modes that Textual sets and takes
# back. No OSC of title or clipboard, no DCS, no C1, no answer-back, no reset.
ALLOWED = re.compile(
    r"""
      \x1b\[ [0-9;:]* m                                              # colours
    | \x1b\[ [0-9;]* [ABCDHJK]                                       # cursor, erase
    | \x1b\[\? (?: 7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048 ) [hl]  # modes, and back
    | \x1b\[\? (?: 2026|2048 ) \$p                                   # is it known?
    | \x1b\[ [><=]? [0-9;]* u                                        # keyboard protocol, pushed and popped
    | \x1b\]22; [a-z-]+ \x07                                         # the shape of the mouse pointer: Textual's own
    | [\r\n]
    """,
    re.VERBOSE,
)
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def forbidden(output: bytes) -> list[str]:
    """What came out and is neither text nor one of the allowed sequences, each with what stands around it."""
    text = output.decode("utf-8", "surrogateescape")
    rest = ALLOWED.sub("", text)
    found = [rest[max(0, at.start() - 30) : at.end() + 30] for at in _NOT_TEXT.finditer(rest)]
    found += [f"not UTF-8: {at.group()!a}" for at in re.finditer("[\udc80-\udcff]", rest)]
    return found
