"""The table of ``goaround.toml`` about the environment: whether its values are kept, and who else can tell it."""

from __future__ import annotations

from typing import Literal

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute, within


@dataclass(frozen=True)
class EnvironmentTable:
    """``[environment]``: the variables that the system runs with."""

    keep: bool = False
    """``goaround predeploy`` keeps the values, too: a private file, encrypted where ``[evidence]`` says to whom."""
    keep_releases: int = 10
    """Of so many releases, and of the golden ones, the values stay; those before them are removed by ``predeploy``."""
    identity: str = ""
    """A private key on this machine with which encrypted values are opened, to be set back; nothing else uses it."""
    command: tuple[str, ...] = ()
    """Where neither Coolify nor Compose knows the environment: prints ``NAME=value`` lines, or one JSON object."""
    where: Literal["jump host", "host"] = "jump host"
    """Where the command runs."""
    directory: str = ""
    """Folder in which it runs."""
    timeout: int = 30
    """Seconds."""

    def __post_init__(self) -> None:
        absolute("identity", self.identity, empty=True)
        absolute("directory", self.directory, empty=True)
        within("keep_releases", self.keep_releases, 1, 1000)
        within("timeout", self.timeout, 1, 600)
        if self.directory and not self.command:
            raise ValueError("directory: of a command, and none is given")
