"""Builds the gateways of a system from its settings; for the cockpit, the plain mode and the worker alike.

Nothing is connected here: each gateway imports its library and opens its connection when it is first used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.compose import ComposeCli
from actions.gateways.containers import EngineContainers
from actions.gateways.deployments import read_deployments
from actions.gateways.evidence import FileEvidence
from actions.gateways.host import connect
from actions.gateways.probes import HttpxProber
from actions.gateways.repository import GitRepository
from actions.gateways.yaml_pin import YamlPin
from actions.model.clock import Clock, SystemClock
from actions.model.ports import Containers, Coolify, Host, LoginProber, Prober, World
from actions.model.release import Release
from actions.model.secret import Redactor, edge
from actions.model.system import GitTable, Settings
from actions.model.system_coolify import CoolifyTable
from app.places import evidence_folder
from app.secrets_in import redactor_for, resolve
from app.settings import Loaded

if TYPE_CHECKING:
    from actions.model.predeploy import Predeploy

REMOTE_ENGINE = "/var/run/docker.sock"
"""Where the engine of an ssh host listens."""


def build_world(
    loaded: Loaded,
    incident_folder: Path,
    redactor: Redactor | None = None,
    known_releases: Callable[[], tuple[Release, ...]] = tuple,
    store: Path | None = None,
) -> World:
    """All ports of the system that the configuration describes. ``store``: where records of ``predeploy`` lie."""
    settings = loaded.settings
    redactor = redactor or redactor_for(settings)
    host = connect(settings.system.host)
    local = host if settings.system.host == "local" else connect("local")
    clock = SystemClock()
    return World(
        clock=clock,
        host=host,
        local=local,
        prober=_prober(settings, host, clock, redactor),
        evidence=FileEvidence(evidence_folder(incident_folder), loaded.recipients.keys),
        containers=engine_of(host) if settings.compose or (settings.coolify and settings.coolify.containers) else None,
        compose=ComposeCli(host) if settings.compose else None,
        editor=YamlPin() if settings.compose else None,
        repository=GitRepository(settings.git.repository) if settings.git else None,
        known_releases=functools.partial(_known, settings.git, host, local, known_releases),
        redact=functools.partial(_safe, redactor),
        resolve=resolve,
        safe_cut=redactor.safe_cut,
        coolify=_coolify(settings.coolify, redactor) if settings.coolify else None,
        logins=functools.partial(_logins, clock, redactor),
        predeploys=functools.partial(_predeploys, store) if store is not None else tuple,
    )


def _prober(settings: Settings, host: Host, clock: Clock, redactor: Redactor) -> Prober:
    redact = functools.partial(_safe, redactor)
    from_here = HttpxProber(clock, resolve=resolve, redact=redact)
    if not any(probe.inside for probe in settings.probe):
        return from_here
    from actions.gateways.probe_inside import InsideProber  # few systems have one, and the first screen does not wait

    return InsideProber(from_here, host, clock, resolve=resolve, redact=redact)


def _known(
    table: GitTable | None, host: Host, local: Host, recorded: Callable[[], tuple[Release, ...]]
) -> tuple[Release, ...]:
    """What our own record knows, and the history of deployments, which lies where the deploy command runs."""
    if table is None or not table.deployments:
        return recorded()
    return (*recorded(), *read_deployments(host if table.deploy_on == "host" else local, table.deployments))


def _coolify(table: CoolifyTable, redactor: Redactor) -> Coolify:
    from actions.gateways.coolify import HttpCoolify  # few systems have one, and the first screen does not wait

    return HttpCoolify(table, resolve, functools.partial(_safe, redactor))


def _predeploys(store: Path) -> Iterator[Predeploy]:
    from app.predeploy_files import read_all  # asked for only when a swap of databases is drawn

    return read_all(store)


def _logins(clock: Clock, redactor: Redactor) -> LoginProber:
    from actions.gateways.login import HttpxLogins  # few systems have a login, and the first screen does not wait

    return HttpxLogins(clock, resolve=resolve, redact=functools.partial(_safe, redactor))


def engine_of(host: Host) -> Containers:
    """The engine of a host; that of an ssh host through a forwarded socket, opened when first asked."""
    forward = getattr(host, "forward_socket", None)
    if forward is None:
        return EngineContainers()
    return EngineContainers(functools.partial(forward, REMOTE_ENGINE))


def _safe(redactor: Redactor, text: str) -> str:
    return edge(text, redactor)
