"""Keeps the values of an environment for ``goaround predeploy``: one private file, encrypted like private evidence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.evidence import FileEvidence
from actions.model.codec import to_json
from actions.model.errors import GoaroundError
from actions.model.kept_environment import KeptValues
from app.environment_earlier import VALUES
from app.predeploy_files import FOLDER

if TYPE_CHECKING:
    from actions.model.coolify import Variable


def keep_values(
    store: Path, at: str, source: str, found: tuple[Variable, ...], encrypt_to: tuple[str, ...]
) -> KeptValues:
    """The file, for its owner alone whoever shares the store. Raises GoaroundError."""
    content = json.dumps(to_json(found), indent=1, ensure_ascii=True, sort_keys=True).encode() + b"\n"
    name = f"{re.sub(r'[^0-9TZ.]', '', at).rstrip('Z').replace('.', '')}-{source}.json"
    try:
        (store / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)  # by itself: a parent is made as the umask says
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise GoaroundError(f"{store / FOLDER} cannot be made", why, "give another store with --store") from error
    kept = FileEvidence(store / FOLDER / VALUES, encrypt_to).keep(name, iter((content,)), private=True)
    return KeptValues(kept.path, kept.sha256, kept.encrypted_to)
