"""The table of ``goaround.toml`` about Coolify: where it is, which application, and two tokens by name."""

from __future__ import annotations

import re

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute, check_url, seconds_of, within
from actions.model.system_running import RunningCommit

_UUID = r"[A-Za-z0-9][A-Za-z0-9-]{5,63}"
_VARIABLE = r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}"


@dataclass(frozen=True)
class CoolifyTable:
    """``[coolify]``: the application as Coolify knows it, and how it is asked."""

    url: str
    """Address of the dashboard, without ``/api/v1``."""
    application: str
    """The application's UUID."""
    token: str
    """Observes: abilities ``read`` and ``read:sensitive``. Only as ``${env:NAME}``."""
    act_token: str = ""
    """Acts: ``deploy``, and ``write`` where auto-deploy is frozen or something is pinned. Only as ``${env:NAME}``."""
    server: str = ""
    """UUID of the server the application runs on: its clean-up schedule tells when an image would be taken."""
    database: str = ""
    """UUID of the database as Coolify knows it, so that its backups are seen."""
    freeze: bool = True
    """Auto-deploy is switched off before anything is deployed, and that is a debt."""
    containers: bool = True
    """The system's host runs the containers: the engine there is asked what runs."""
    poll: int = 2
    """Seconds between two looks at a deployment; Coolify allows 200 requests a minute."""
    answer: int = 15
    """Seconds for one answer."""
    cancel_after: str = "15m"
    """A deployment that has been at work for so long counts as stuck: cancelling it is offered first."""
    verify_tls: bool = True
    ca_file: str = ""
    running: RunningCommit | None = None
    """How to learn which commit runs where the engine cannot be asked; it is asked beside the engine, too."""

    def __post_init__(self) -> None:
        check_url("url", self.url)
        if self.url.rstrip("/").endswith(("/api/v1", "/api")):
            raise ValueError("url: without /api/v1")
        if not re.fullmatch(_UUID, self.application):
            raise ValueError("application: the UUID that stands in the address of the application's page")
        for key in ("server", "database"):
            if getattr(self, key) and not re.fullmatch(_UUID, getattr(self, key)):
                raise ValueError(f"{key}: a UUID of Coolify's")
        for key in ("token", "act_token"):
            value = getattr(self, key)
            if (value or key == "token") and not re.fullmatch(_VARIABLE, value):
                raise ValueError(f'{key}: only as "${{env:NAME}}": nothing secret stands in this file')
        absolute("ca_file", self.ca_file, empty=True)
        if "?" in self.url or "#" in self.url:
            raise ValueError("url: without what follows ? or #: the dashboard's address alone")
        within("poll", self.poll, 1, 60)
        within("answer", self.answer, 1, 120)
        seconds_of("cancel_after", self.cancel_after)

    def exposed(self) -> str:
        """How somebody on the way to the dashboard could get both tokens; empty: not so.

        What stays on this machine is not on the way: so is a tunnel of ssh (``ssh -L``).
        """
        secure = self.url.lower().startswith("https:")
        if (secure and self.verify_tls) or _here(self.url):
            return ""
        how = "its certificate is not checked (verify_tls)" if secure else "http:// is not encrypted"
        return f"{how}: whoever stands between reads both tokens of Coolify, and may deploy with them"


def _here(url: str) -> bool:
    """Whether the host of this address (``check_url`` has let it through) is this machine itself."""
    place = re.fullmatch(r"https?://(?:\[([^\]]*)\]|([^/:]*))(?:[:/].*)?", url)
    host = ((place[1] or place[2]) if place else "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return host == "::1" or bool(re.fullmatch(r"127(?:\.\d{1,3}){3}", host))
