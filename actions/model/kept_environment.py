"""An environment that a release ran with, as far as our own store holds its values: where, and which mark each has.

Values stand in private files alone: nothing here holds one, and whoever reads them is left to a port.
"""

from __future__ import annotations

import re
from dataclasses import field

from actions.model.quick_dataclass import dataclass

PREDEPLOY = "predeploy"
"""Where files lie that ``goaround predeploy`` kept."""
ABSENT = "absent"
"""In place of a mark: there is no such variable."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class KeptFile:
    """A private file of the store with an environment in it."""

    where: str
    """The incident that kept it, or ``predeploy``; empty: the incident that is at work."""
    path: str
    """In the folder where its evidence lies; without ``where``: the name under which it was kept."""
    sha256: str = ""
    """Of the file as it is stored; empty: it is kept when the plan is carried out, and known by its marks."""

    def words(self) -> str:
        """Which file, for whoever is shown a request."""
        if not self.sha256:
            return f"{self.path}, kept by this step before it changed anything"
        return f"{self.path} of {self.where}, sha256 {self.sha256}"


@dataclass(frozen=True)
class KeptValues:
    """What ``goaround predeploy`` kept of the values."""

    path: str
    sha256: str
    encrypted_to: tuple[str, ...] = ()
    """Names of those who can open it; empty: it is not encrypted."""


@dataclass(frozen=True)
class KnownEnvironment:
    """What a release ran with."""

    at: str
    """Stamp: when it was kept."""
    words: str
    """By whom it was kept."""
    file: KeptFile
    marks: dict[str, str] = field(default_factory=dict)
    """Name -> keyed mark of its value; empty: it was not told."""
    vouched: tuple[str, ...] = ()
    """Names of which the file holds the very value that the marks are of."""
    forms: dict[str, str] = field(default_factory=dict)
    """Name -> how its value is meant, where it is not as usual."""
    made_forms: dict[str, str] = field(default_factory=dict)
    """The same, of a variable that is not there and would be made."""
    uses: dict[str, str] = field(default_factory=dict)
    """Name -> where it is not used."""
    once: tuple[str, ...] = ()
    """Names of those that were shown once only."""
    whole: bool = False
    """The file was kept at that very moment: what it says beside the values is of then, too."""
    closed_to: tuple[str, ...] = ()
    """Who can open the file; empty: we can."""
    gone: bool = False
    """The values were kept, and are not there any more."""


def settable(name: str) -> bool:
    """Whether it is surely the name as Coolify has it: anything else may have been made harmless on its way in."""
    return _NAME.fullmatch(name) is not None
