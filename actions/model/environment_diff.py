"""What of an environment is another one than it was: names only, values never. Pure.

A value is known by a keyed mark: who reads a mark learns nothing of it, and two marks of one key tell whether the
values are the same. Reading an environment, and the key, is left to others.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import field

from actions.model.naming import first_of
from actions.model.quick_dataclass import dataclass

NAMED = 8
"""So many names stand in one line."""


@dataclass(frozen=True)
class KeptVariables:
    """An environment as it was at a moment."""

    at: str
    """Stamp."""
    source: str
    """Where it was read: ``coolify``, ``compose``."""
    marks: dict[str, str] = field(default_factory=dict)
    """Name -> keyed mark of its value; empty: the value was not told."""


@dataclass(frozen=True)
class EnvironmentDiff:
    """Names; sorted."""

    added: tuple[str, ...] = ()
    """There now, and not then."""
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    """There both times, but a value was not told: whether it changed is not known."""
    same: int = 0

    @property
    def differs(self) -> bool:
        """Anything is known to be different."""
        return bool(self.added or self.removed or self.changed)

    def words(self) -> str:
        """``2 changed (A, B), 1 added (C); of 1 it is not known (D)``; ``no difference …`` where there is none."""
        parts = [
            f"{len(names)} {what} ({first_of(names, NAMED)})"
            for what, names in (("changed", self.changed), ("added since", self.added), ("removed", self.removed))
            if names
        ]
        text = ", ".join(parts) or f"no difference in the values of {self.same} variables"
        return f"{text}; not known of {len(self.untold)} ({first_of(self.untold, NAMED)})" if self.untold else text


def mark_of(key: bytes, name: str, value: str) -> str:
    """The mark of a value: the same for the same name, value and key."""
    return hmac.new(key, f"{name}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def marks_of(key: bytes, variables: Mapping[str, str | None]) -> dict[str, str]:
    """Name -> mark; None: the value was not told."""
    return {name: mark_of(key, name, value) if value is not None else "" for name, value in sorted(variables.items())}


def differ(then: Mapping[str, str], now: Mapping[str, str]) -> EnvironmentDiff:
    """What is different now. Both hold names and their marks, made with one key."""
    both = sorted(then.keys() & now.keys())
    told = [name for name in both if then[name] and now[name]]
    return EnvironmentDiff(
        added=tuple(sorted(now.keys() - then.keys())),
        removed=tuple(sorted(then.keys() - now.keys())),
        changed=tuple(name for name in told if then[name] != now[name]),
        untold=tuple(name for name in both if not (then[name] and now[name])),
        same=sum(then[name] == now[name] for name in told),
    )
