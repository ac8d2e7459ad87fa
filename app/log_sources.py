"""Which logs a system has: the configured files, and the containers of its Compose project."""

from __future__ import annotations

from pathlib import PurePosixPath

from actions.gateways.containers import EngineContainers
from actions.gateways.engine_logs import EngineLogs
from actions.gateways.file_logs import FileTail
from actions.gateways.logs import LogSource
from actions.model.errors import GoaroundError
from actions.steps.compose_facts import read_facts
from app.session import Session


def log_sources(session: Session) -> list[LogSource]:
    """All sources; slow where Compose must be asked for the project's name."""
    world = session.world()
    sources: list[LogSource] = [
        FileTail(world.host, path, PurePosixPath(path).name, redactor=session.redactor)
        for path in session.settings.system.logs
    ]
    if session.settings.compose is not None:
        try:
            project = read_facts(session.settings.compose, world).project.name
        except GoaroundError:
            return sources  # the releases pane says what is wrong with Compose
        engine = world.containers
        if isinstance(engine, EngineContainers):
            sources.append(EngineLogs(project, lambda: engine.address.url, redactor=session.redactor))
    return sources
