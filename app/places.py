"""Where things lie: the record store, the pinned configuration, evidence and spools."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_path

from actions.model.system import Settings

DEMO_MARKER = "demo.json"
"""A file of this name says that a folder is a demo system; as in ``demo_processes``, which stands alone."""


def store_folder(settings: Settings | None = None, given: str = "") -> Path:
    """``--store``, else ``[store] directory``, else ``GOAROUND_STATE_DIR``, else the user's state folder."""
    if given:
        return Path(given).absolute()
    if settings is not None and settings.store.directory:
        return Path(settings.store.directory).expanduser().absolute()
    named = os.environ.get("GOAROUND_STATE_DIR")
    return Path(named).absolute() if named else user_state_path("goaround", appauthor=False)


def pinned_config(incident_folder: Path) -> Path:
    """The copy of the configuration that an incident runs with from its declaration to its end."""
    return incident_folder / "goaround.toml"


def pinned_recipients(config: Path) -> Path:
    """Beside a pinned configuration: the file of recipients as it was when the incident was declared."""
    return config.with_name(".goaround-pinned-recipients")


def evidence_folder(incident_folder: Path) -> Path:
    """Kept files of an incident."""
    return incident_folder / "evidence"
