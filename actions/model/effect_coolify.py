"""Effects on a Coolify server: every request stands in the plan with its method, address and body, as it is sent.

A token stands in them by name alone. What an answer means, and what is done when none comes, is the performer's.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import Any, ClassVar

from actions.model.codec import later
from actions.model.kept_environment import ABSENT, KeptFile
from actions.model.quick_dataclass import dataclass, replace

NAMES = 6
"""So many variables are named in one line."""


@dataclass(frozen=True)
class CoolifyCall:
    """One request. ``path`` is below ``/api/v1``."""

    base: str
    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    """Sent as JSON; empty: no body."""
    query: dict[str, str] = field(default_factory=dict)
    acts: bool = True
    """With the token that acts; else with the one that observes."""

    def line(self) -> str:
        """As the operator reads it."""
        text = "&".join(f"{key}={self.query[key]}" for key in sorted(self.query))
        token = "acting" if self.acts else "observing"
        body = f" {json.dumps(self.body, sort_keys=True, ensure_ascii=False)}" if self.body else ""
        return (
            f"{self.method} {self.base.rstrip('/')}/api/v1{self.path}{'?' + text if text else ''}{body} ({token} token)"
        )


@dataclass(frozen=True)
class SetApplication:
    """One field of the application becomes another value; read before, and read again after."""

    kind: ClassVar[str] = "coolify-set"
    call: CoolifyCall
    application: str
    key: str
    before: str
    """JSON of the value that must stand there."""
    after: str
    """JSON of the value that must stand there in the end."""

    def to(self, before: str, after: str) -> SetApplication:
        """The same field, from another value to another one (JSON each)."""
        body = {**self.call.body, self.key: json.loads(after)}
        return replace(self, call=replace(self.call, body=body), before=before, after=after)

    def lines(self) -> tuple[str, ...]:
        return (
            f"  send   {self.call.line()}",
            f"         {self.key}: {self.before} becomes {self.after}; read again to be sure",
        )


@dataclass(frozen=True)
class SetVariables:
    """Variables of production become what a kept file says; read before, and read again after.

    One request names them all. Its values are read from the file when it is sent, and stand nowhere else: here are
    names, and marks made with a key that never leaves the store.
    """

    kind: ClassVar[str] = "coolify-variables"
    call: CoolifyCall
    """Its body is made when it is sent."""
    file: KeptFile
    before: dict[str, str]
    """Name -> mark of the value that must stand there, or ``absent``."""
    after: dict[str, str]
    """The same names -> mark of the value that the file must hold."""
    forms: dict[str, str] = field(default_factory=dict)
    """Name -> how its value is meant (``literal``), which is set with it; those not named: as usual. A name with the
    same mark before and after is set for its flags alone."""
    former: dict[str, str] = field(default_factory=dict)
    """The same, of what stands there."""
    held_in: str = ""
    """Nothing is sent until what stands there can be read again from what was kept under this name."""
    used: tuple[str, ...] = later(())
    """Names that are there, of which it is set, too, where they are used: at run, at build."""

    @property
    def was(self) -> dict[str, tuple[str, str]]:
        """Name -> (mark, form) that must stand there."""
        return {name: (mark, self.former.get(name, "")) for name, mark in self.before.items()}

    @property
    def shall(self) -> dict[str, tuple[str, str]]:
        """Name -> (mark, form) that must stand there in the end."""
        return {name: (mark, self.forms.get(name, "")) for name, mark in self.after.items()}

    def whole(self, name: str) -> bool:
        """Whether a form tells, too, where it is used: that is set."""
        return name in self.used or self.before[name] == ABSENT

    @property
    def made(self) -> tuple[str, ...]:
        """Names that are not there: Coolify makes them."""
        return tuple(name for name, mark in self.before.items() if mark == ABSENT)

    def back(self) -> SetVariables | None:
        """What puts the former values back; None: there were none. What was made stays: nothing is ever deleted."""
        kept = {name: mark for name, mark in self.before.items() if mark != ABSENT}
        if not kept:
            return None
        forms = {name: form for name, form in self.forms.items() if name in kept}
        return replace(
            self,
            file=KeptFile("", self.held_in),
            before={name: self.after[name] for name in kept},
            after=kept,
            forms=self.former,
            former=forms,
            held_in="",
        )

    def lines(self) -> tuple[str, ...]:
        made = set(self.made)
        flags = [name for name, mark in self.before.items() if mark == self.after[name]]
        sets = [name for name in self.before if name not in made and name not in flags]
        parts = [("sets", sets), ("flags", flags), ("makes", sorted(made))]
        rows = [
            f"         {what if at == 0 else '':5} {', '.join(map(self._named, names[at : at + NAMES]))}"
            for what, names in parts
            for at in range(0, len(names), NAMES)
        ]
        return (
            f"  send   {self.call.line()}",
            *rows,
            '         as {"data": [{"key": NAME, "value": ..., "is_preview": false, ...}]}; previews stay as they are',
            f"         values: {self.file.words()}; shown nowhere",
            "         refused unless each is what it was; read again to be sure",
        )

    def _named(self, name: str) -> str:
        form = self.forms.get(name) or ("as usual" if self.former.get(name) else "")
        return f"{name} ({form})" if form else name


@dataclass(frozen=True)
class CancelDeployment:
    """A deployment that stands in the way is cancelled; it must be over in the end."""

    kind: ClassVar[str] = "coolify-cancel"
    call: CoolifyCall
    deployment: str

    def lines(self) -> tuple[str, ...]:
        return (f"  send   {self.call.line()}", f"         {self.deployment} must be over after it")


@dataclass(frozen=True)
class QueueDeployment:
    """Exactly one deployment is queued and followed to its end; ``finished`` is a lamp of its own and proves nothing.

    When no answer comes, the server is asked what it has queued since ``newest`` before anything else; the request is
    never sent twice.
    """

    kind: ClassVar[str] = "coolify-queue"
    call: CoolifyCall
    application: str
    commit: str
    """What the deployment must say it deploys; empty: whatever is configured."""
    newest: int
    """``id`` of the newest deployment when this was drawn; 0: there was none; -1: not known, read when it is run."""
    poll_s: int = 2
    pulled: bool = later(False)  # a marked default, frozen as it is
    """An image that is only pulled: its deployments name no commit, and are told apart by other means."""

    def lines(self) -> tuple[str, ...]:
        return (
            f"  send   {self.call.line()}",
            "         once; refused while another deployment is queued or at work",
            f"  wait   until that deployment is over, asked every {self.poll_s} s (finished proves nothing yet)",
        )


@dataclass(frozen=True)
class CollectCoolify:
    """Answers of the server are kept as evidence; what it does not tell is named."""

    kind: ClassVar[str] = "coolify-collect"
    call: CoolifyCall
    what: str
    """``environment``, ``application``, ``deployments``, ``log``."""
    name: str
    private: bool = False
    encrypt_to: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        kept = (
            "kept as evidence"
            if not self.private
            else "kept encrypted"
            if self.encrypt_to
            else "kept on this host only"
        )
        gaps = "; what is not told is named" if self.what == "environment" else ""
        return (f"  read   {self.call.line()}", f"         {kept}: {self.name}{gaps}")


@dataclass(frozen=True)
class ObserveDeployed:
    """The containers of a Coolify application must run this commit (or image tag); the engine is asked."""

    kind: ClassVar[str] = "coolify-observe"
    host: str
    application: str
    want: str
    deadline_s: int = 120
    image: str = ""
    """Repository of its image where it has one of its own; else images are named after the application."""

    def lines(self) -> tuple[str, ...]:
        return (
            f"on {self.host}",
            f"  then   the engine is asked which images the containers of {self.application} run",
            f"         every image of {self.image or 'it'} must have the tag {self.want}, within {self.deadline_s} s",
        )
