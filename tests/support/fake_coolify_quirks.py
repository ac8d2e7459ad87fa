"""What can be odd about the fake Coolify, each on a switch: its own oddities, and what happens on the way to it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase


@dataclass
class Quirks:
    """Oddities of Coolify itself; may be switched while the server runs. What a version does by itself needs none."""

    api_disabled: bool = False
    """403 with ``success: true``: "API is disabled."."""
    address_not_allowed: bool = False
    """403 with ``success: true``: "You are not allowed to access the API."."""
    version_as_text_plain: bool = False
    """Else text/html, as its file says and its framework does. The body is plain text either way."""
    version_text: str = ""
    """Answered instead of the version: ``v4.3.11``, ``"4.3.11"``, anything."""
    queue_as_object: bool = False
    """``/deployments`` is ``{"1": {…}, "0": {…}}``."""
    history_as_list: bool = False
    """``/deployments/applications/…`` is a bare list."""
    phantom_when_skipped: bool = False
    """``/deploy`` answers "Deployment already queued for this commit." with the UUID of a deployment that is none;
    else without one."""
    queue_full: bool = False
    """As if ``queue_limit`` deployments were waiting: /rollback 400, /deploy 429, /start a UUID of nothing."""
    images_fail: bool = False
    """``rollback-images`` is ``{current: null, images: []}``, as while the server cannot be reached."""
    current_told: bool = False
    """``rollback-images`` names the current image although the container's name carries a suffix."""
    errors_as_text: bool = False
    """Values of ``errors`` are texts instead of lists of texts."""
    rollback_deploys_newest: bool = False
    """A rollback is finished and runs the newest commit (issues 1976, 8445)."""
    shallow_rollback_fails: bool = False
    """A rollback with shallow clone fails: "fatal: bad object" (issue 8445); else compose runs the new code."""
    stops_before_pulling: bool = False
    """The old container is gone before the image is pulled, and stays so when it cannot be (issue 10593)."""
    build_config_changed: bool = False
    """The image is there and is built anew all the same."""
    finished_but_unhealthy: bool = False
    """A deployment is finished though its container is unhealthy."""
    failed_though_healthy: bool = False
    """A deployment is failed though its container is healthy and stays (issues 7391, 7559)."""
    finished_but_old_runs: bool = False
    """A deployment is finished and the old container runs on."""
    pre_command_fails: bool = False
    """The pre-deployment command fails, and with it the deployment."""
    post_command_fails: bool = False
    """The post-deployment command fails after ``finished``; it stands in the log alone."""
    deployments_stick: bool = False
    """Deployments that begin now stay ``in_progress`` until they are cancelled."""
    cancel_too_late: bool = False
    """The deployment comes to its end just before it is cancelled: 400."""
    cancel_has_no_effect: bool = False
    """Cancelling answers 200 and the container comes up all the same."""
    status_lags: bool = False
    """``status`` of an application stays what it was until ``look_at_containers()``."""
    backup_never_runs: bool = False
    """``backup_now`` answers 200 and no execution appears."""
    backup_fails: bool = False
    """The execution fails."""
    backup_empty: bool = False
    """The execution is a success of size 0."""


class Fault(Enum):
    """What happens to one request on its way, or to its answer."""

    STATUS_BEFORE = "status before"
    """An error page (502, 504, 500 …) and nothing was done."""
    STATUS_AFTER = "status after"
    """It was done, and then an error page."""
    DROP_BEFORE = "drop before"
    """The connection is reset and nothing was done."""
    DROP_AFTER = "drop after"
    """It was done, and then the connection is reset."""
    SLOW = "slow"
    """It is done at once, the answer waits for ``FakeCoolify.release``."""
    DRIP = "drip"
    """It is done at once, the answer comes byte by byte and does not end."""
    HTML = "html"
    """It is done; 200 with a page."""
    TRUNCATED = "truncated"
    """It is done; half of the JSON, with the length of that half."""
    CUT_OFF = "cut off"
    """It is done; half of the answer, then the connection is closed."""
    DOUBLE_KEYS = "double keys"
    NAN = "nan"
    HUGE = "huge"
    """It is done; the JSON is followed by 5 MB of blanks (and still is JSON)."""
    EMPTY = "empty"
    """It is done; 200 without a body."""
    RATE_LIMIT = "rate limit"
    """429 "Too Many Attempts." with Retry-After; nothing was done."""
    REDIRECT = "redirect"
    """302 to a login page; nothing was done."""
    NO_ROUTE = "no route"
    """What Coolify's own proxy says while Coolify's container is replaced: 404 as plain text; nothing was done."""


BEFORE = (Fault.STATUS_BEFORE, Fault.DROP_BEFORE, Fault.RATE_LIMIT, Fault.REDIRECT, Fault.NO_ROUTE)
"""The request never reaches Coolify."""


@dataclass
class PlannedFault:
    """A fault for the next ``times`` requests that fit; ``path`` is below /api/v1 and may hold ``*``."""

    fault: Fault
    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int = 502
    retry_after: int | None = 1

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("*", method) and fnmatchcase(path, self.path)


@dataclass
class Faults:
    """Those that are planned; each request takes the first that fits."""

    planned: list[PlannedFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, one: PlannedFault) -> None:
        with self._lock:
            self.planned.append(one)

    def take(self, method: str, path: str) -> PlannedFault | None:
        with self._lock:
            for one in self.planned:
                if one.fits(method, path):
                    one.times -= 1
                    return one
            return None
