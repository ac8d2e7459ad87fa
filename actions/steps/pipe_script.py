"""A row of programs as one argv for a POSIX shell, so that the end of each is known: a shell tells the last one's only.

Each member tells its own exit status on stderr, behind a mark that nothing else prints. A member that could not be
begun (its input file is missing, the output file is there already) tells nothing, and counts as failed.
"""

from __future__ import annotations

import secrets
import shlex
from dataclasses import dataclass, field

NOT_BEGUN = -1
FED = "/dev/stdin"
"""As ``stdin``: what the shell itself is given."""


@dataclass(frozen=True)
class Pipe:
    """One run of some programs in a row; its mark is drawn with it."""

    stages: tuple[tuple[str, ...], ...]
    stdin: str = ""
    stdout: str = ""
    mark: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def argv(self) -> tuple[str, ...]:
        """What is run."""
        return pipe_argv(self.mark, self.stages, self.stdin, self.stdout)

    def ends(self, stderr: bytes) -> tuple[tuple[int, ...], bytes]:
        """The exit status of each member, and what else was said on stderr."""
        return statuses(self.mark, len(self.stages), stderr)


def pipe_argv(mark: str, stages: tuple[tuple[str, ...], ...], stdin: str = "", stdout: str = "") -> tuple[str, ...]:
    """What is run: ``sh -c …``. ``mark``: letters and digits."""
    parts = []
    for number, stage in enumerate(stages):
        told = f"printf '\\n{mark} {number} %d\\n' \"$?\" >&2"
        source = f" < {shlex.quote(stdin)}" if stdin and number == 0 else " < /dev/null" if number == 0 else ""
        sink = f" > {shlex.quote(stdout)}" if stdout and number == len(stages) - 1 else ""
        parts.append(f"( {shlex.join(stage)}; {told} ){source}{sink}")
    return ("sh", "-c", f"set -C; umask 077; {' | '.join(parts)}")


def statuses(mark: str, count: int, stderr: bytes) -> tuple[tuple[int, ...], bytes]:
    """The exit status of each member (``NOT_BEGUN``: it told none), and stderr without what tells them."""
    found = [NOT_BEGUN] * count
    rest = []
    for line in stderr.split(b"\n"):
        words = line.split()
        if len(words) == 3 and words[0] == mark.encode() and words[1].isdigit() and int(words[1]) < count:
            found[int(words[1])] = int(words[2])
        elif line:
            rest.append(line)
    return tuple(found), b"\n".join(rest)
