"""Which logs a system has: the configured files, the containers of its Compose project, what Coolify runs of it."""

from __future__ import annotations

from pathlib import PurePosixPath

from actions.gateways.containers import EngineContainers
from actions.gateways.coolify_logs import CoolifyLogs
from actions.gateways.engine_logs import EngineLogs
from actions.gateways.file_logs import FileTail
from actions.gateways.logs import LogSource
from actions.model.errors import GoaroundError
from actions.model.ports import World
from actions.model.system_coolify import CoolifyTable
from actions.steps.compose_facts import read_facts
from app.session import Session


def log_sources(session: Session) -> list[LogSource]:
    """All sources; slow where Compose must be asked for the project's name."""
    world = session.world()
    sources: list[LogSource] = [
        FileTail(world.host, path, PurePosixPath(path).name, redactor=session.redactor)
        for path in session.settings.system.logs
    ]
    if session.settings.coolify is not None:
        sources.append(_of_coolify(session, session.settings.coolify, world))
    if session.settings.compose is not None:
        try:
            project = read_facts(session.settings.compose, world).project.name
        except GoaroundError:
            return sources  # the releases pane says what is wrong with Compose
        engine = world.containers
        if isinstance(engine, EngineContainers):
            sources.append(EngineLogs(project, lambda: engine.address.url, redactor=session.redactor))
    return sources


def _of_coolify(session: Session, table: CoolifyTable, world: World) -> LogSource:
    """Its containers where the engine is reached, through every deployment; else its log, as Coolify tells it."""
    engine = world.containers
    if table.containers and isinstance(engine, EngineContainers):
        return EngineLogs(
            table.application, lambda: engine.address.url, name="app", named=True, redactor=session.redactor
        )
    coolify = world.coolify
    assert coolify is not None  # there is a table
    return CoolifyLogs(coolify.log, table.poll, name="app")
