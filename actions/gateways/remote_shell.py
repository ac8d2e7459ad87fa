"""The text a POSIX shell over there runs, and what of its output is the command's; connecting is left out.

How a command reaches the far side: ssh's own argument is a fixed line (``bootstrap``) that holds nothing of
the command. It says "ready" with a random mark and then reads one line, the script, from stdin. So neither
our process list nor theirs shows values of variables, whatever start-up files of the login shell print is
told apart, and until "ready" has been read nothing can have run. The shell's ``read`` takes no byte beyond
its line: the rest of stdin is the command's. At the end a second mark follows on both streams, with the
exit status on stderr: ssh's own 255 cannot be mistaken for the command's, and everything the command wrote
is known to have arrived. The second mark stands in the script alone, so that a command which lists
processes does not print it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from actions.gateways.host_rules import encoded

_SAFE = re.compile(rb"[A-Za-z0-9_@%+=:,./-]+")


def bootstrap(mark: str) -> str:
    """What the login shell is given; plain enough for csh and fish. ``mark`` is letters and digits."""
    return f"exec /bin/sh -c 'echo {mark}; echo {mark} $$ >&2; IFS= read -r s && eval \"$s\"'"


def quoted(word: str) -> bytes:
    """A word for the script, which is one line: a newline stands in it as the variable ``n``."""
    raw = encoded(word)
    if _SAFE.fullmatch(raw):
        return raw
    return b"'" + raw.replace(b"'", b"'\\''").replace(b"\n", b"'\"$n\"'") + b"'"


def script(
    mark: str,
    argv: Sequence[str],
    *,
    cwd: str = "",
    env: Mapping[str, str] | None = None,
    with_stdin: bool = False,
    merge_stderr: bool = False,
) -> bytes:
    """One line that runs ``argv`` and tells its end: ``mark`` on stdout, ``mark status`` on stderr.

    The status is a number, ``cwd`` (the folder cannot be entered), or a number with ``!`` (the program
    cannot be run). The shell itself survives SIGTERM to its group, so that it can still tell how the
    command ended.
    """
    program = quoted(argv[0])
    found = b"[ -f " + program + b" ] && [ -x " + program + b" ]" if "/" in argv[0] else b"command -v " + program
    exports = b"".join(b" export " + name.encode() + b"=" + quoted(value) + b";" for name, value in (env or {}).items())
    redirect = (b"" if with_stdin else b" </dev/null") + (b" 2>&1" if merge_stderr else b"")
    said = f"echo {mark}; echo {mark}".encode()
    parts = [
        b"n=$(printf '\\nx'); n=${n%x}",
        b"trap : HUP INT TERM",
    ]
    if cwd:
        parts.append(b"cd -- " + quoted(cwd) + b" 2>/dev/null || { " + said + b" cwd >&2; exit 0; }")
        parts.append(b"export PWD")
    parts += [
        b"e() { :;" + exports + b" }",
        b"( e; exec " + b" ".join(quoted(word) for word in argv) + b" )" + redirect,
        b"s=$?",
        b'case "$s" in 126|127) ( e; ' + found + b' ) >/dev/null 2>&1 || s="$s!";; esac',
        said + b' "$s" >&2',
    ]
    return b"; ".join(parts) + b"\n"


class RemoteOutput:
    """Takes ssh's raw streams apart: noise before the shell is ready, the command's bytes, the end's mark.

    ``take(stream, chunk)`` receives the command's bytes alone; ``on_ready`` is called once, when the far
    shell waits for the script.
    """

    def __init__(
        self, ready_mark: str, end_mark: str, take: Callable[[str, bytes], None], on_ready: Callable[[], None]
    ) -> None:
        # A shell that echoes its commands shows the mark too, but never as such a line.
        self._begin_lines = {
            "stdout": re.compile(ready_mark.encode() + rb"\n"),
            "stderr": re.compile(ready_mark.encode() + rb" ([0-9]+)\n"),
        }
        self._end_mark = end_mark.encode()
        self._take = take
        self._on_ready = on_ready
        self._held = {"stdout": bytearray(), "stderr": bytearray()}
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self.noise = b""
        """What came on stderr before the shell was ready (newest 16 KiB): ssh's own words, mostly."""
        self.after = b""
        """What came on stderr last (newest 4 KiB): on a lost connection ssh's reason is at its end."""
        self.group = 0
        """Process group of the far shell and its command; 0 while unknown."""
        self.status = ""
        """As told by the script; empty while unknown."""

    @property
    def ready(self) -> bool:
        """The far shell has told that it waits."""
        return "stderr" in self._begun

    @property
    def complete(self) -> bool:
        """The command has ended and all it wrote has arrived."""
        return len(self._ended) == 2

    def __call__(self, stream: str, chunk: bytes) -> None:
        """Feed raw bytes of ``stdout`` or ``stderr``."""
        if stream == "stderr":
            self.after = (self.after + chunk)[-4096:]
        held = self._held[stream]
        held += chunk
        if stream not in self._begun:
            self._begin(stream, held)
        if stream in self._begun and stream not in self._ended:
            self._pass_on(stream, held)

    def _begin(self, stream: str, held: bytearray) -> None:
        line = self._begin_lines[stream].search(held)
        if line is None:
            del held[:-16384]
            if stream == "stderr":
                self.noise = bytes(held)
            return
        if stream == "stderr":
            self.group = int(line[1])
            self.noise = bytes(held[: line.start()])
            self.after = b""
        end = line.end()
        del line, held[:end]
        self._begun.add(stream)
        if stream == "stderr":
            self._on_ready()

    def _pass_on(self, stream: str, held: bytearray) -> None:
        start = held.find(self._end_mark)
        end = held.find(b"\n", start) if start >= 0 else -1
        if end >= 0:
            if stream == "stderr":
                self.status = bytes(held[start + len(self._end_mark) : end]).decode("ascii", "replace").strip()
            self._ended.add(stream)
        # Kept back: what may be the beginning of the mark, or the mark without the end of its line.
        safe = start if start >= 0 else len(held) - self._partial(held)
        chunk = bytes(held[:safe])
        del held[:safe]
        if chunk:
            self._take(stream, chunk)

    def _partial(self, held: bytearray) -> int:
        """Length of the longest end of ``held`` with which the mark begins."""
        for length in range(min(len(self._end_mark) - 1, len(held)), 0, -1):
            if self._end_mark.startswith(held[-length:]):
                return length
        return 0

    def finish(self) -> None:
        """The streams are at their end without a mark: pass on what was kept back."""
        for stream in self._begun - self._ended:
            held, self._held[stream] = self._held[stream], bytearray()
            if held:
                self._take(stream, bytes(held))
