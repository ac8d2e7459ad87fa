"""The tiny system with a real database beside it, for journeys of the database option."""

from __future__ import annotations

from pathlib import Path

from database_ground import LIVE, Ground
from postgres_server import OWNER
from tiny_system import Tiny, build

CONFIG = """
[database]
name = "{live}"
reach = "host"
role = "{role}"
bin = "{programs}"
backups = "{backups}/*"
drop_after = "3d"
"""


def database_tiny(ground: Ground, folder: Path) -> Tiny:
    """Built, and configured over the ground's server."""
    made = build(folder)
    programs = str(ground.server.programs)
    made.add_to_config(CONFIG.format(live=LIVE, role=OWNER, programs=programs, backups=ground.folder))
    return made
