"""A release: one deployable version, what is known of its life, and whether it is still there to go back to."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from actions.model.deployed import Deployed
from actions.model.quick_dataclass import dataclass


class WayBack(Enum):
    """Whether a release can be gone back to right now, and how safely it is kept."""

    RUNNING = "runs now"
    READY = "ready"
    PROTECTED = "ready, kept"
    PRUNABLE = "ready, a prune would take it"
    REBUILD = "would be built anew"
    """Its image is gone; what built it builds it again from the sources, which is another image."""
    PULL = "would be pulled"
    """Its image is not here; it must come from its registry."""
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Release:
    """One deployable version, as its source tells of it. Text fields are sanitised."""

    name: str
    """What people call it: an image tag, a git tag, or a short form of a commit. Never used to identify."""
    commit: str = ""
    """Full commit id (40 or 64 hexadecimal digits), or empty when the source does not tell."""
    images: dict[str, str] = field(default_factory=dict)
    """Service -> full image id (``sha256:…``); empty for releases that are commits only."""
    digests: dict[str, str] = field(default_factory=dict)
    """Service -> registry digest of its image, where it has one."""
    source: str = ""
    """Where we know it from: ``git tag``, ``git log``, ``image tag``, ``built image``, ``container``, ``record``."""
    created: str = ""
    """When it was made (UTC stamp), or empty."""
    live_since: str = ""
    """When it was deployed last (UTC stamp), or empty when nobody recorded it."""
    live_until: str = ""
    """When it was replaced (UTC stamp), or empty."""
    ended: str = ""
    """How its last deployment ended, in the source's words: ``ok``, ``failed``, or empty."""
    way_back: WayBack = WayBack.UNKNOWN
    subject: str = ""
    """First line of the commit message or of the image's description."""
    author: str = ""
    bad: str = ""
    """Why it must not be deployed again without a thought: an earlier incident went back from it; or empty."""
    note: str = ""
    """What an operator must know before choosing it, in one line."""
    deployments: tuple[Deployed, ...] = field(default=(), metadata={"later": True})
    """Each deployment, the last one first, where the source tells them one by one; no plan keeps them."""

    @property
    def identity(self) -> str:
        """What proves that this release runs: the commit, or the image ids joined in service order."""
        if self.images:
            ids = sorted(set(self.images.values()))
            return ids[0] if len(ids) == 1 else " ".join(f"{name}={self.images[name]}" for name in sorted(self.images))
        return self.commit


STANDS = "stands restored and verified as"
"""Begins what is said of a backup that an incident has restored beside the live database."""


def short_id(identity: str) -> str:
    """A short form for the eye only; never for use: ``sha256:6e342b70…`` or ``2273691a04``."""
    if identity.startswith("sha256:"):
        return f"sha256:{identity[7:15]}…"
    if "/" in identity or " " in identity:  # a file, or a database by its name: a piece of either says nothing
        return identity.rpartition("/")[2][:24]
    return identity[:10]
