"""Finds where the Docker engine listens, by the rule of the ``docker`` program; connecting is left to others.

The steps change the engine through the ``docker`` program, so what we read must come from the same engine:
DOCKER_HOST first, then DOCKER_CONTEXT, then the current context of its configuration, then the default
socket.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from actions.model.errors import BadInput
from actions.model.outside_text import sanitise

DEFAULT_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class EngineAddress:
    """Where an engine listens. ``url`` begins with ``unix://`` or ``tcp://``; ``origin`` says who named
    it."""

    url: str
    origin: str
    tls_folder: str = ""
    """Folder with ca.pem, cert.pem and key.pem; empty: no TLS."""
    tls_verify: bool = True

    @property
    def socket_path(self) -> str:
        """Path of the unix socket, or empty for tcp."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""

    @property
    def host_port(self) -> tuple[str, int]:
        """Name and port of a tcp engine."""
        rest = self.url.partition("://")[2].rstrip("/")
        name, colon, port = rest.rpartition(":")
        if not colon or not port.isdigit():
            name, port = rest, "2376" if self.tls_folder else "2375"
        return name.strip("[]"), int(port)


def engine_address(given: str = "", environment: Mapping[str, str] | None = None) -> EngineAddress:
    """The engine to talk to: ``given`` (a socket path or URL) or what the ``docker`` program would use here.

    Raises ``BadInput`` when it is named in a way we cannot follow (``ssh://`` and others).
    """
    env = os.environ if environment is None else environment
    if given:
        return _checked(f"unix://{given}" if given.startswith("/") else given, "the configuration", env)
    if env.get("DOCKER_HOST"):
        return _checked(env["DOCKER_HOST"], "DOCKER_HOST", env)
    folder = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or Path.home(), ".docker"))
    name = env.get("DOCKER_CONTEXT") or str(_read(folder / "config.json").get("currentContext") or "")
    if name and name != "default":
        return _of_context(folder, name)
    return EngineAddress(f"unix://{DEFAULT_SOCKET}", "the default socket")


def _checked(url: str, origin: str, env: Mapping[str, str]) -> EngineAddress:
    if url.startswith("unix://") and len(url) > len("unix://"):
        return EngineAddress(url, origin)
    if url.startswith("tcp://") and len(url) > len("tcp://"):
        if env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_TLS"):
            folder = env.get("DOCKER_CERT_PATH") or str(Path(env.get("HOME", ""), ".docker"))
            return EngineAddress(url, origin, folder, bool(env.get("DOCKER_TLS_VERIFY")))
        return EngineAddress(url, origin)
    move = 'name a unix:// or tcp:// address; for another machine set system.host = "ssh://user@host"'
    raise BadInput(f"{origin} names an engine that cannot be reached so", sanitise(url), move)


def _of_context(folder: Path, name: str) -> EngineAddress:
    digest = hashlib.sha256(name.encode()).hexdigest()
    described = _read(folder / "contexts" / "meta" / digest / "meta.json")
    origin = f"docker context {sanitise(name)}"
    endpoints = described.get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(endpoint, dict) or not isinstance(endpoint.get("Host"), str):
        raise BadInput(f"{origin} is not there", "", "docker context ls shows those that are; docker context use NAME")
    tls = folder / "contexts" / "tls" / digest / "docker"
    address = _checked(endpoint["Host"], origin, {})
    if address.socket_path or not tls.is_dir():
        return address
    return EngineAddress(address.url, origin, str(tls), not endpoint.get("SkipTLSVerify"))


def _read(path: Path) -> dict[str, object]:
    """A JSON table, or an empty one: the ``docker`` program too goes on with defaults."""
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}
