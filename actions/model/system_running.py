"""How to learn which commit runs, as a configuration says it: ``git.running`` and ``coolify.running``."""

from __future__ import annotations

from dataclasses import field

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute, check_url, within


@dataclass(frozen=True)
class RunningCommit:
    """``running`` of ``[git]`` or ``[coolify]``: a command on the host, or a URL."""

    command: tuple[str, ...] = ()
    directory: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    deadline: int = 120
    """Seconds until the target must be told, when it is waited for."""
    field: str = ""
    """Dotted JSON field of the answer; empty: the whole text. (Stands last: the name hides ``dataclasses.field``.)"""

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError("running: either command or url is needed")
        within("deadline", self.deadline, 1, 7200)
        absolute("directory", self.directory, empty=True)
        if self.url:
            check_url("url", self.url)
