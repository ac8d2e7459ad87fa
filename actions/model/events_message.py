"""Bodies of events about what was told to whom."""

from __future__ import annotations

from typing import ClassVar

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class MessageStarted:
    """The intent to tell somebody something: committed before it is handed to a channel, so that no crash hides it."""

    kind: ClassVar[str] = "message.started"
    attempt: int
    """Number of this attempt within the incident, from 1."""
    name: str
    to: tuple[str, ...]
    """Roles or people."""
    addresses: tuple[str, ...]
    """Where it goes, as far as the channel needs addresses."""
    through: str
    subject: str
    text: str
    within_s: int = 0
    """Seconds after which an end that is not recorded counts as lost."""


@dataclass(frozen=True)
class MessageSent:
    """Somebody was told something, or it was tried."""

    kind: ClassVar[str] = "message.sent"
    name: str
    """Which message of the procedure; empty: a free one."""
    to: tuple[str, ...]
    """Roles or people."""
    through: str
    """``command``, ``webhook``, ``smtp``, ``copied`` or ``read out``; then the channel's name: ``webhook:chat``."""
    ok: bool
    subject: str
    text: str
    detail: str = ""
    """What the channel answered, or why it failed."""
    attempt: int = 0
    """The ``MessageStarted`` that it ends; 0: there was none, nothing could be lost on the way."""


@dataclass(frozen=True)
class MessageRefused:
    """A wish to tell somebody something that was refused, with the reason that was shown."""

    kind: ClassVar[str] = "message.refused"
    name: str
    reason: str
