"""Bodies of events about approvals: asked for, given, denied, and done without."""

from __future__ import annotations

from typing import ClassVar

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class ApprovalRequested:
    """The one who flies asks for the approvals that a plan needs."""

    kind: ClassVar[str] = "approval.requested"
    digest: str
    """Hash of the plan; an approval counts for this plan alone."""
    roles: tuple[str, ...]
    """Of each of them one person must approve."""
    text: str = ""


@dataclass(frozen=True)
class ApprovalGiven:
    """Somebody else than the one who flies stands for a plan."""

    kind: ClassVar[str] = "approval.given"
    digest: str
    person: str
    name: str
    roles: tuple[str, ...]
    """Those it counts for."""
    how: str
    """``signed`` with an ssh key; ``login``: from the approver's own login without a key, which is weaker;
    ``read back``: the code was read back over the phone and typed by the one who flies, which is weaker still."""
    expires: str
    """Wall stamp after which it counts no more."""
    signature: str = ""
    signer: str = ""
    unsigned: str = ""
    """Why there is no signature, in plain words."""


@dataclass(frozen=True)
class ApprovalDenied:
    """A "no", as loud as a "yes"."""

    kind: ClassVar[str] = "approval.denied"
    digest: str
    person: str
    name: str
    roles: tuple[str, ...]
    how: str
    reason: str
    signature: str = ""
    signer: str = ""
    unsigned: str = ""


@dataclass(frozen=True)
class GlassBroken:
    """A plan is flown without the approvals or the gate that it needs. Red in the record, and followed up."""

    kind: ClassVar[str] = "glass.broken"
    digest: str
    what: str
    """``approval``, or ``gate`` and its code."""
    missing: tuple[str, ...]
    reason: str
    second: str = ""
    """The second person who was there, where one is needed."""
