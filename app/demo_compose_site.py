"""The releases of the demo's stack: for each its files, its date and what it changed.

How an image is made of them, and what starts it, is left to others. The newest one breaks the site without any
pretence: it reads a column that the table does not have, as its migration was forgotten.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo_building import FIRST, REGIONS, SECOND
from app.demo_compose_scripts import SCRIPTS
from app.demo_history import history

BUILT_AFTER = timedelta(minutes=4)
"""From the tag of a release to its image."""

BY_NAME = "sort -t, -k2,2 -k1,1"
SETTINGS = (
    {"REFRESH_SECONDS": "1", "ORDER": "cat", "COLUMNS": "name region households", "RETRY_AFTER": ""},
    {"REFRESH_SECONDS": "5", "ORDER": "cat", "COLUMNS": "name region households", "RETRY_AFTER": ""},
    {"REFRESH_SECONDS": "5", "ORDER": BY_NAME, "COLUMNS": "name region households", "RETRY_AFTER": ""},
    {"REFRESH_SECONDS": "5", "ORDER": BY_NAME, "COLUMNS": "name region ward_code households", "RETRY_AFTER": "0.3 0.6"},
)
"""What the last four releases of the history changed, oldest first; the last of them breaks."""


@dataclass(frozen=True)
class StackRelease:
    """A release as its image will hold it."""

    tag: str
    commit: str
    """40 hex digits drawn from the files; there is no repository behind them."""
    subject: str
    created: datetime
    files: Mapping[str, str]
    """Path in the image -> text."""


def stack_releases(now: datetime) -> tuple[StackRelease, ...]:
    """The last four releases of the demo's history at ``now`` (aware), oldest first; the last one is broken."""
    past = history(now).releases[-len(SETTINGS) :]
    releases = []
    for release, settings in zip(past, SETTINGS, strict=True):
        lines = [f"RELEASE='{release.tag}'", *(f"{name}='{value}'" for name, value in settings.items())]
        files = {**SCRIPTS, "app/migrations/0001_community.csv": table(), "app/settings.sh": "\n".join(lines) + "\n"}
        commit = hashlib.sha1(json.dumps(files, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
        files["app/www/version"] = json.dumps({"commit": commit, "release": release.tag}) + "\n"
        releases.append(StackRelease(release.tag, commit, release.subject, release.tagged + BUILT_AFTER, files))
    return tuple(releases)


def table() -> str:
    """The register's table: 66 communities, the same every time."""
    chance = random.Random(7)
    names = [f"{first} {second}" for second in SECOND for first in FIRST]
    rows = [f"{name},{chance.choice(REGIONS)},{chance.randint(12, 900)}" for name in names]
    return "name,region,households\n" + "\n".join(rows) + "\n"
