"""What Coolify tells, as values: version, application, deployments, images to go back to, variables. Pure.

Reading answers into these, with all their oddities, is left to the gateway; which way back follows from them to
``coolify_way``. Text fields are sanitised.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from actions.model.git_text import is_full_id
from actions.model.late_pattern import late_pattern
from actions.model.quick_dataclass import dataclass, replace
from actions.model.release import short_id

HEAD = "HEAD"
"""What ``git_commit_sha`` holds while nothing is pinned."""
_BESIDE = late_pattern(r"pr-\d+(?:-.*)?|.*-build")


def shown(version: str) -> str:
    """A commit in short, a tag as it is; for the eye only, never for use."""
    return short_id(version) if is_full_id(version) else version


class DeploymentState(Enum):
    """Coolify's own words. ``finished`` is its word alone: nothing is proven by it."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled-by-user"
    OTHER = "other"

    @property
    def over(self) -> bool:
        """Nothing more will come of it by itself."""
        return self in (DeploymentState.FINISHED, DeploymentState.FAILED, DeploymentState.CANCELLED)


@dataclass(frozen=True)
class Version:
    """Of the server; comparable: ``Version((4, 3, 11), "4.3.11")``."""

    parts: tuple[int, ...]
    text: str

    def at_least(self, *parts: int) -> bool:
        """Whether it is that one or a later one; a beta of 4.0.0 is before it."""
        # Told as far as a beta is: (4, 3, 0, -1, 1) would be more than (4, 3, 0), being longer.
        return _whole(self.parts) >= _whole(parts)


def _whole(parts: tuple[int, ...]) -> tuple[int, ...]:
    return (*parts, 0, 0, 0, 0, 0)[:5]


@dataclass(frozen=True)
class Application:
    """``GET /applications/{uuid}``."""

    uuid: str
    name: str
    status: str
    """``running:healthy``; it lags."""
    build_pack: str
    """nixpacks, static, dockerfile, dockercompose, dockerimage, railpack."""
    git_repository: str = ""
    git_branch: str = ""
    git_commit_sha: str = HEAD
    image_name: str = ""
    image_tag: str = ""
    urls: tuple[str, ...] = ()
    auto_deploy: bool | None = None
    """None: not told."""
    images_to_keep: int | None = None
    shallow_clone: bool | None = None
    custom_container: bool = False
    """Host ports, a fixed container name or an address of its own: the old container is stopped first, unchecked."""
    health_check: bool = True
    pre_deployment: str = ""
    post_deployment: str = ""
    server: str = ""
    """UUID of its server where it is told."""


@dataclass(frozen=True)
class LogEntry:
    """One entry of a deployment's log that is not hidden."""

    order: int
    text: str
    stream: str = "stdout"
    at: str = ""


@dataclass(frozen=True)
class Deployment:
    """One row of the queue."""

    uuid: str
    number: int
    """``id``: grows with time."""
    state: DeploymentState
    commit: str
    """As it was asked for: a full id, ``HEAD``, or an image tag."""
    message: str = ""
    rollback: bool = False
    restart_only: bool = False
    by_webhook: bool = False
    by_api: bool | None = None
    """None: not told."""
    by_hand: bool = False
    """Neither, and that is told: somebody did it on Coolify's pages."""
    pull_request: int = 0
    image_tag: str = ""
    created: str = ""
    updated: str = ""
    finished: str = ""
    url: str = ""
    log: tuple[LogEntry, ...] | None = None
    """None: the token may not read it (``read:sensitive``)."""
    word: str = ""
    """Coolify's own word for its state."""

    @property
    def over(self) -> bool:
        """Nothing more will come of it by itself; of one in an unknown state: it has an end."""
        return self.state.over or (self.state is DeploymentState.OTHER and bool(self.finished))

    @property
    def shown_state(self) -> str:
        """Its state as people read it: a word that we do not know as it was told."""
        if self.state is not DeploymentState.OTHER:
            return str(self.state.value)
        return f"{self.word!r}, a word that is not known here" if self.word else "in a state that is not told"


@dataclass(frozen=True)
class RollbackImage:
    """One image that Coolify says it could go back to."""

    tag: str
    created: str
    current: bool


@dataclass(frozen=True)
class RollbackImages:
    """``rollback-images``. An empty list proves nothing: it is also given while the server cannot be reached."""

    asked: bool
    """False: this version has no such question (before 4.3)."""
    current: str = ""
    images: tuple[RollbackImage, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the absence of a tag means anything."""
        return self.asked and bool(self.images)

    def built(self) -> RollbackImages:
        """Of an application that Coolify builds, without what it leaves beside each version: the image in the middle of
        a build (``…-build``) and those of previews (``pr-5-…``). Its list holds them, and its clean-up takes them
        first; to deploy one would put a pull request live."""
        return replace(self, images=tuple(one for one in self.images if not _BESIDE.fullmatch(one.tag)))

    def holds(self, tag: str) -> bool | None:
        """True, False, or None: not known."""
        if any(image.tag == tag for image in self.images):
            return True
        return False if self.known else None


@dataclass(frozen=True)
class Variable:
    """One environment variable; production and preview twins have the same key."""

    uuid: str
    key: str
    value: str | None
    """None: not told (the token lacks ``read:sensitive``, or it is shown once only)."""
    preview: bool = False
    shown_once: bool = False
    runtime: bool = True
    buildtime: bool = False
    literal: bool = False
    multiline: bool = False

    def form(self, *, made: bool) -> str:
        """How its value is meant, in a word or two; empty: as usual. ``made``: with where it is used, which Coolify
        keeps of one that is there."""
        told = {"literal": self.literal, "multiline": self.multiline, self.use(): made}
        return ", ".join(word for word, so in told.items() if word and so)

    def use(self) -> str:
        """Where it is not used, in a word or two; empty: it is used everywhere."""
        told = {"not at run": not self.runtime, "not at build": not self.buildtime}
        return ", ".join(word for word, so in told.items() if so)


@dataclass(frozen=True)
class PrunePolicy:
    """When the server cleans up."""

    frequency: str
    """A cron expression, or Coolify's word (``daily``)."""
    threshold: int | None = None
    """Percent of the disk."""
    force: bool = False
    """By the clock, whatever the disk says."""
    last: str = ""
    """UTC stamp of the last execution, or empty."""
    retains: bool = True
    """False: the server keeps no image beside the one that runs, whatever the application says."""
    zone: str = ""
    """Time zone that the expression is meant in (``Europe/Berlin``); empty: not told."""


@dataclass(frozen=True)
class BackupExecution:
    """One execution of a scheduled backup."""

    uuid: str
    filename: str
    size: int
    created: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class Rights:
    """What a token was seen to be able to do; None: not tried."""

    read: bool | None = None
    sensitive: bool | None = None
    why: tuple[str, ...] = field(default_factory=tuple)
