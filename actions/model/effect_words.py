"""How an effect says where it is done and with what environment; what it does there is left to each effect. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def place(host: str, cwd: str = "") -> str:
    """``on web-1, in /srv/shop``: the line above what is done there."""
    return f"on {host}" + (f", in {cwd}" if cwd else "")


def with_env(env: Mapping[str, str], text: str) -> str:
    """A command as a shell would have it with these variables: ``NAME=value psql …``, ordered by name."""
    return "".join(f"{key}={shlex.quote(value)} " for key, value in sorted(env.items())) + text
