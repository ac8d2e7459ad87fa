"""The world of a command that runs beside the cockpit: no incident, no lease, its record read and never written."""

from __future__ import annotations

from pathlib import Path

from actions.model.clock import SystemClock
from actions.model.ports import World
from app.known import known_releases
from app.places import store_folder
from app.records import open_store
from app.settings import Loaded
from app.world import build_world


def open_world(loaded: Loaded, store: str = "") -> World:
    """All ports of the system; what the record knows of releases, where there is a record."""
    folder: Path = store_folder(loaded.settings, store)
    journal = open_store(folder, SystemClock())
    known = known_releases(journal, loaded.settings.system.name) if journal is not None else tuple
    return build_world(loaded, folder, known_releases=known, store=folder)
