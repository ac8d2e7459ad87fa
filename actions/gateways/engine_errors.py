"""Turns what goes wrong between us and the Docker engine into our errors, each with the operator's next move.

Knows the exceptions of sockets by type and those of the docker package by name only, so that it loads without
it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from actions.gateways.engine_address import EngineAddress
from actions.model.errors import CommandFailed, GoaroundError, Unreachable
from actions.model.outside_text import sanitise


def engine_error(error: BaseException, address: EngineAddress, timeout_s: float) -> GoaroundError:
    """The error to raise (``raise engine_error(...) from error``)."""
    where = sanitise(address.url)
    chain = list(_chain(error))
    names = {type(link).__name__ for link in chain}
    if any(_is(link, errno.ENOENT) for link in chain):
        return Unreachable(
            "The Docker engine is not there",
            f"no socket at {where} ({address.origin})",
            "start it (systemctl start docker), or name its socket in DOCKER_HOST",
        )
    if any(_is(link, errno.EACCES, errno.EPERM) for link in chain):
        return Unreachable(
            "The Docker engine does not let us in",
            f"no permission for {where} ({address.origin})",
            "join the group of the socket (usermod -aG docker USER) and log in again",
        )
    if any(_is(link, errno.ECONNREFUSED) for link in chain):
        return Unreachable(
            "The Docker engine is not running",
            f"nobody answers at {where} ({address.origin})",
            "start it (systemctl start docker) and look at journalctl -u docker",
        )
    if names & {"ReadTimeout", "ConnectTimeout", "ReadTimeoutError", "TimeoutError", "Timeout"}:
        return Unreachable(
            "The Docker engine hangs",
            f"no answer from {where} within {timeout_s:g} s",
            "look at journalctl -u docker and the load of the host; containers run on without it",
        )
    if "InvalidVersion" in names or "client version" in _text(error) or "Minimum supported API" in _text(error):
        return Unreachable(
            "The Docker engine and we have no API version in common",
            _text(error),
            "an engine of 1.13 or newer is needed; upgrade the older side",
        )
    if names & {"APIError", "NotFound", "EngineRefusal"}:
        return CommandFailed(
            "The Docker engine refuses", _text(error), "read its words; journalctl -u docker may say more"
        )
    return Unreachable(
        "The Docker engine does not answer as it should",
        f"{where}: {_text(error)}",
        "see that a Docker engine listens there: docker version",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and what libraries wrapped as arguments, each once."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, tuple | list):
            waiting += link
        elif isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def _is(error: BaseException, *numbers: int) -> bool:
    return isinstance(error, OSError) and error.errno in numbers


def _text(error: BaseException) -> str:
    explanation = getattr(error, "explanation", None)
    return sanitise(str(explanation or error), limit=400)
