"""Runs git for reading: bounded in time, without questions, hooks or monitors, whatever a caller's shell tells git.

GitPython starts the process; deadlines and the end of whole process groups are ours, because a transport that git
started would outlive git and keep its pipes. What the answers mean is left to ``repository``.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actions.model.errors import CommandFailed, GoaroundError, Unreachable
from actions.model.git_text import NEVER_ASK, last_words, refusal, remote_said

LOCAL_S = 30.0
"""Seconds that a reading without network may take (a slow disk under load)."""

NETWORK_S = 20.0
"""Seconds that a remote has for its answer."""

_QUIET = (
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "color.ui=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "protocol.ext.allow=never",
)
"""Options that keep a reading a reading, whatever stands in the repository's settings."""

# What the user set up to reach remotes stays; all else named GIT_… may come from a hook or a script around us.
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSH")
_KEPT_BEGINNINGS = ("GIT_SSH_", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_TEST_", "GIT_PYTHON_")


@dataclass(frozen=True)
class Answer:
    """What git said: exit status and raw output."""

    status: int
    out: bytes
    err: str


def run_git(path: str, *arguments: str, timeout_s: float = LOCAL_S) -> Answer:
    """Run one reading git command in ``path``; a non-zero status is an answer.

    Raises CommandFailed when git is missing, Unreachable when it does not end within ``timeout_s``.
    """
    try:
        import git
    except ImportError as error:  # GitPython looks for the program while it is imported
        raise CommandFailed("git cannot be used", str(error).splitlines()[0], "install git on the jump host") from error
    # The ceiling: a folder that lies inside another repository must not be taken for it.
    ceiling = str(Path(path).resolve().parent)
    surroundings = {**NEVER_ASK, "GIT_NO_LAZY_FETCH": "1", "GIT_CEILING_DIRECTORIES": ceiling}
    command = [*_without_foreign(), "git", *_QUIET, *arguments]
    try:
        process = git.Git(path).execute(command, as_process=True, env=surroundings, start_new_session=True)
    except git.exc.GitCommandNotFound as error:
        raise CommandFailed("git cannot be used", "the program is not found", "install git on the jump host") from error
    except OSError as error:
        raise CommandFailed(f"git cannot read {path}", error.strerror or str(error), "check its rights") from error
    child = process.proc
    assert child is not None  # it was started a line above
    out, err = _talk(child, timeout_s, arguments[0])
    return Answer(child.returncode, out, err.decode("utf-8", "replace"))


def _without_foreign() -> list[str]:
    """The beginning of an argv that takes a caller's GIT_ variables away; nothing when there are none."""
    foreign = [
        name
        for name in sorted(os.environ)
        if name.startswith("GIT_") and name not in _KEPT and not name.startswith(_KEPT_BEGINNINGS)
        and name not in NEVER_ASK
    ]  # fmt: skip
    return ["env", *(word for name in foreign for word in ("-u", name))] if foreign else []


def _talk(child: subprocess.Popen[bytes], timeout_s: float, what: str) -> tuple[bytes, bytes]:
    try:
        return child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise Unreachable(
            f"git {what} got no answer within {timeout_s:g} s", "", "check the network and the git server"
        ) from error
    finally:
        # After a regular end the group is empty; after a deadline or Ctrl-C nothing of it may stay.
        if child.poll() is None:
            end_group(child)


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End a process with everything it started, and close its pipes."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    try:
        child.communicate(timeout=5)
    except subprocess.TimeoutExpired:  # a grandchild left the group and holds the pipes: they are closed on our side
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
        child.wait()


def failure(answer: Answer, title: str) -> GoaroundError:
    """A non-zero answer as an error of ours, with the reason and the next move."""
    known = refusal(answer.err)
    said = remote_said(answer.err) or last_words(answer.err)
    if known is None:
        return CommandFailed(title, said, "read what git says", exit_status=answer.status)
    detail = f"{known.why} ({said})" if said else known.why
    if known.lost:
        return Unreachable(title, detail, known.next_move)
    return CommandFailed(title, detail, known.next_move, exit_status=answer.status)
