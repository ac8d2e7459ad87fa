"""The tree of expected failures; what an operator is told, and what to do next.

    GoaroundError               every failure we know: title, detail, next move
    ├── ConfigError             a setting is wrong (file, line, key); exit status 2
    ├── BadInput                any other input is wrong; exit status 2
    ├── Refused                 a rule of ours says no (blocked step, lease held, stale plan)
    │   └── WorldMoved          what was shown is no longer what would happen
    ├── Unreachable             an outside thing does not answer (host, engine, remote, store)
    │   └── OutcomeUnknown      what was sent may have come about; ask before anything is sent again
    ├── CommandFailed           an outside command ended badly
    └── RecordDamaged           a journal or bundle does not verify

Each has a ``code``, a word that stays the same whatever the text says, so that a script can tell failures apart and
people can name them on a call: that of its kind, or one of its own (``target-gone``).

Anything else that is raised is a bug.
"""

from __future__ import annotations

from typing import ClassVar


class GoaroundError(Exception):
    """A failure with a title (what), a detail (why, from outside: sanitised) and the operator's next move."""

    kind_code: ClassVar[str] = "failed"
    """The code of failures of this kind that have none of their own."""

    def __init__(self, title: str, detail: str = "", next_move: str = "", *, code: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.next_move = next_move
        self.code = code or self.kind_code

    def to_json(self) -> dict[str, str]:
        """For programs: ``code``, ``title``, ``detail``, ``next``."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "next": self.next_move}

    def line(self) -> str:
        """Everything on one line: ``title: detail. Next: move``."""
        text = self.title
        if self.detail:
            text += f": {self.detail}"
        if self.next_move:
            text += f" (next: {self.next_move})"
        # The last edge before a terminal: titles may hold names from files, and no name may move the cursor.
        return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))

    def __str__(self) -> str:
        return self.line()


class BadInput(GoaroundError):
    """Something given to us is wrong; nothing was run. Exit status 2."""

    kind_code: ClassVar[str] = "bad-input"


class ConfigError(BadInput):
    """A configuration file is wrong. ``where`` is ``file:line`` and ``key`` the dotted key, when known."""

    kind_code: ClassVar[str] = "bad-config"

    def __init__(self, path: str, line: int | None, key: str, problem: str, next_move: str = "") -> None:
        where = f"{path}:{line}" if line else path
        super().__init__(f"{where}: {key}" if key else where, problem, next_move)
        self.path = path
        self.line_number = line
        self.key = key
        self.problem = problem


class Refused(GoaroundError):
    """One of our own rules says no; the detail is the reason that stands in the row."""

    kind_code: ClassVar[str] = "refused"


class WorldMoved(Refused):
    """The effects drawn now differ from those that were shown; they must be shown again."""

    kind_code: ClassVar[str] = "world-moved"


class Unreachable(GoaroundError):
    """An outside thing does not answer within its deadline."""

    kind_code: ClassVar[str] = "unreachable"


class OutcomeUnknown(Unreachable):
    """A request that changes something was sent and not answered; it may have come about."""

    kind_code: ClassVar[str] = "outcome-unknown"


class CommandFailed(GoaroundError):
    """An outside command ended with an exit status that is a failure."""

    kind_code: ClassVar[str] = "command-failed"

    def __init__(self, title: str, detail: str = "", next_move: str = "", exit_status: int | None = None) -> None:
        super().__init__(title, detail, next_move)
        self.exit_status = exit_status


class RecordDamaged(GoaroundError):
    """A journal or an exported bundle does not verify; ``seq`` is the first bad event (1-based), when known."""

    kind_code: ClassVar[str] = "record-damaged"

    def __init__(self, title: str, detail: str = "", next_move: str = "", seq: int | None = None) -> None:
        super().__init__(title, detail, next_move)
        self.seq = seq
