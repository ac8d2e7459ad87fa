"""A small incident whose approvals are given by hand: events without a store, on a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from journals import planned

from actions.model import events as ev
from actions.model.approval import ApprovalState, approval_state, moment_of
from actions.model.clock import ManualClock, stamp
from actions.model.events import GENESIS, Body, Event, body_data, body_kind
from actions.model.fold import apply
from actions.model.incident import Incident
from actions.model.plan import Plan
from actions.model.release import Release

PEOPLE = {
    "lead1": {"name": "Lead One", "roles": ["devops-lead"], "signer": ""},
    "lead2": {"name": "Lead Two", "roles": ["devops-lead"], "signer": ""},
    "tech1": {"name": "Tech One", "roles": ["tech-manager"], "signer": "tech1@jump"},
    "tech2": {"name": "Tech Two", "roles": ["tech-manager"], "signer": ""},
    "dba1": {"name": "Dba One", "roles": ["database-admin"], "signer": ""},
    "both1": {"name": "Both One", "roles": ["database-admin", "tech-manager"], "signer": ""},
    "guest1": {"name": "Guest One", "roles": [], "signer": ""},
    "root": {"name": "Lead  ONE", "roles": ["tech-manager"], "signer": ""},
}
"""``root`` is a second login of the person who is ``lead1``."""


def a_plan(option: str = "git", target: str = "v1") -> Plan:
    """A plan of one step that changes the system."""
    return Plan(option, "shop", Release(target, commit="a" * 40), "b" * 40, {}, (planned("X1"),))


class Answers:
    """Declared, flown by ``flies``, decided, and a plan drawn."""

    def __init__(
        self,
        *,
        option: str = "git",
        flies: str = "lead1",
        people: dict[str, dict[str, Any]] | None = None,
        settings: dict[str, Any] | None = None,
        mode: str = "live",
    ) -> None:
        self.clock = ManualClock()
        self.incident = Incident("INC-7")
        self.flies = flies
        self.option = option
        config = "/etc/goaround.toml"
        declared = ev.Declared("shop", "production", mode, "fails", "local", option, config, "0" * 64, "0", "jump")
        self.add(replace(declared, people=PEOPLE if people is None else people, settings=settings or {}), flies)
        self.add(ev.LeaseTaken(flies, "jump", 1, "pts/1", 1), flies)
        self.add(ev.Decided("roll back", "roll back", "High", "severity", "devops-lead"), flies)
        self.draw()

    def add(self, body: Body, actor: str) -> Answers:
        now = self.clock
        head = f"{self.incident.head_seq + 1:064x}"
        event = Event(
            "INC-7", self.incident.head_seq + 1, stamp(now.now()), now.monotonic_ms(), now.boot(), actor,
            body_kind(body), body_data(body), GENESIS, head,
        )  # fmt: skip
        self.incident = apply(self.incident, event)
        return self

    def draw(self, target: str = "v1", by: str = "") -> Answers:
        plan = a_plan(self.option, target)
        return self.add(ev.PlanDrawn(plan.digest, plan.to_json()), by or self.flies)

    def after(self, minutes: float) -> Answers:
        self.clock.advance(minutes * 60)
        return self

    def asked(self) -> Answers:
        return self.add(ev.ApprovalRequested(self.incident.plan_digest, self.state.missing_roles), self.flies)

    def given(self, login: str, *, minutes: float = 30, how: str = "login", **more: Any) -> Answers:
        person = (self.incident.declared.people if self.incident.declared else {}).get(login, {})
        values: dict[str, Any] = {
            "digest": self.incident.plan_digest,
            "person": login,
            "name": person.get("name", ""),
            "roles": tuple(person.get("roles", ())),
            "how": how,
            "expires": stamp(self.clock.now() + timedelta(minutes=minutes)),
        }
        actor = more.pop("actor", login)
        return self.add(ev.ApprovalGiven(**{**values, **more}), actor)

    def denied(self, login: str, reason: str = "not now") -> Answers:
        roles = tuple(PEOPLE[login]["roles"])
        return self.add(
            ev.ApprovalDenied(self.incident.plan_digest, login, str(PEOPLE[login]["name"]), roles, "login", reason),
            login,
        )

    @property
    def state(self) -> ApprovalState:
        return approval_state(self.incident, moment_of(self.clock))

    @property
    def missing(self) -> tuple[str, ...]:
        return self.state.missing_roles
