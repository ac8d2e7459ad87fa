"""The keys that an ssh agent holds: how somebody signs whose private key never comes to the jump host (``ssh -A``).

Only reads the list (``ssh-add -L``); signing with one of them is left to ``signatures``.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise

_TIMEOUT_S = 10


def agent_keys() -> tuple[str, ...]:
    """Public keys of the agent, as ``type base64`` each; empty where there is no agent or it holds none."""
    if not os.environ.get("SSH_AUTH_SOCK"):
        return ()
    try:
        answer = subprocess.run(
            ["ssh-add", "-L"], capture_output=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()  # no program, or an agent that is gone: then nobody signs with it
    lines = sanitise(answer.stdout.decode("utf-8", "replace"), keep_newlines=True).splitlines()
    rows = [line.split() for line in lines if answer.returncode == 0]
    return tuple(f"{row[0]} {row[1]}" for row in rows if len(row) >= 2 and row[0].startswith(("ssh-", "ecdsa-", "sk-")))


def key_of(signer: str, keys: tuple[str, ...], allowed_signers: Path | None) -> str:
    """Which of these keys is the signer's: the one that the file names for them; without a file the only one there is.

    Raises GoaroundError saying why none can be chosen.
    """
    if not keys:
        raise GoaroundError("no ssh agent holds a key")
    if allowed_signers is not None and allowed_signers.is_file():
        try:
            lines = allowed_signers.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise GoaroundError(f"{allowed_signers} cannot be read", sanitise(str(error.strerror))) from error
        named = {key for line in lines if names(line, signer) for key in keys if key in line}
        if not named:
            raise GoaroundError(f"no key of the ssh agent belongs to {signer}", f"by {allowed_signers}")
        return next(key for key in keys if key in named)
    if len(keys) > 1:
        raise GoaroundError(
            f"the ssh agent holds {len(keys)} keys, and nothing says which is {signer}'s",
            "",
            "name one with --key, or set [signing] allowed_signers",
        )
    return keys[0]


def principals_of(line: str) -> tuple[str, ...]:
    """The patterns of a line of allowed signers, as ssh-keygen reads them; none of a comment or what it cannot read.

    What follows is not read: a comment behind the key may hold any quotes.
    """
    text = line.strip(" \t\r\n")
    if not text or text.startswith("#"):
        return ()
    if text.startswith('"'):
        first, quote, _ = text[1:].partition('"')
        return tuple(first.split(",")) if quote else ()
    return tuple(re.split(r"[ \t]", text, maxsplit=1)[0].split(","))


def names(line: str, signer: str) -> bool:
    """Whether a line of allowed signers is for this signer: ``*`` and ``?`` stand for others, ``!`` takes one out."""
    patterns = principals_of(line)
    if any(_fits(one[1:], signer) for one in patterns if one.startswith("!")):
        return False
    return any(_fits(one, signer) for one in patterns if not one.startswith("!"))


def _fits(pattern: str, signer: str) -> bool:
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), signer, re.DOTALL) is not None
