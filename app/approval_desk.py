"""``goaround approve``: somebody else's login, no lease, no configuration; shows the whole plan and records the answer.

Everything it needs stands in the record: the plan, the people, the rules, whose signatures count. Who answers is the
unix user of the process, never a variable of the environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.approval import answer_roles
from actions.model.approval_text import plan_lines, state_lines
from actions.model.clock import Clock, SystemClock, short_time
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.read_back import read_back_code
from app.approving import CHANGED, approve, check_target, deny, state_now
from app.who import Who, who_am_i


class _HeadMoved(Exception):
    """Another process appended meanwhile: look again."""


@dataclass
class Desk:
    """One incident of a store, for somebody who does not fly. Fulfils ``approving.Recorder``."""

    journal: SqliteJournal
    clock: Clock
    who: Who
    incident: Incident = field(default_factory=lambda: Incident(""))

    def sync(self) -> bool:
        """Fold what is new."""
        fresh = self.journal.events(self.incident.id, self.incident.head_seq)
        self.incident = fold(self.incident.id, fresh, self.incident)
        return bool(fresh)

    def clean(self, text: str, limit: int = 2000) -> str:
        """Safe for screen and record."""
        return sanitise(text)[:limit].strip()

    def record_all(
        self, bodies: Sequence[ev.Body], rule: Callable[[Incident], str | None] | None = None, *, drive: bool = True
    ) -> list[ev.Event]:
        """Append, when the rule gives no reason against it on the newest state."""
        if drive:
            raise Refused("only the one who flies may do this")
        for _ in range(50):
            self.sync()
            reason = rule(self.incident) if rule else None
            if reason:
                raise Refused(reason)
            seen = self.incident.head_seq

            def guard(head: int, seen: int = seen) -> None:
                if head != seen:
                    raise _HeadMoved

            try:
                return self.journal.append_all(self.incident.id, self.who.login, bodies, guard=guard)
            except _HeadMoved:
                continue
        raise GoaroundError("the record is being written to without a pause", "", "try again")


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround approve``."""

    id: str
    deny: str | None = None
    as_role: str = ""
    key: str = ""
    show: bool = False
    read_back: bool = False
    json: bool = False


def open_desk(folder: Path, wanted: str, *, clock: Clock | None = None, who: Who | None = None) -> Desk:
    """The desk over a record, named by its id or the beginning or end of it. Raises GoaroundError."""
    clock = clock or SystemClock()
    if not os.access(folder / "journal.sqlite3", os.F_OK):
        raise BadInput(
            f"there are no records in {folder} that you may read",
            "",
            "give the store of the one who flies with --store",
        )
    journal = SqliteJournal(folder, clock)
    desk = Desk(journal, clock, who or who_am_i({}))
    desk.incident = Incident(journal.find(wanted))
    desk.sync()
    return desk


def run_approve(folder: Path, asked: Asked) -> int:
    """Show the plan, ask for the name of its system, record the answer. Exit status 0; failures are raised."""
    desk = open_desk(folder, asked.id)
    try:
        return _answer(desk, asked)
    finally:
        desk.journal.close()


def _answer(desk: Desk, asked: Asked) -> int:
    out = sys.stderr if asked.json else sys.stdout
    incident = desk.incident
    if incident.plan is None:
        raise Refused(f"{incident.id} has no plan yet: there is nothing to approve")
    for line in (*plan_lines(incident), "", *state_lines(incident, state_now(desk))):
        out.write(f"{sanitise(line)}\n")
    if asked.show:
        return 0
    _, reason = answer_roles(incident, desk.who.login, asked.as_role)
    if reason:
        raise Refused(reason)
    digest = incident.plan_digest
    if asked.deny is not None:
        _say(asked, desk, deny(desk, digest, asked.deny, as_role=asked.as_role, key=asked.key))
        return 0
    system = incident.plan.system
    verb = "read the code out for" if asked.read_back else "approve"
    out.write(f"\nYou are {desk.who.login}. To {verb} this plan type the name of its system ({system}): ")
    out.flush()
    typed = sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        out.write("\n")
    check_target(incident, typed)
    if asked.read_back:
        _read_out(desk, digest, asked)
    else:
        _say(asked, desk, approve(desk, digest, typed, as_role=asked.as_role, key=asked.key))
    return 0


def _read_out(desk: Desk, digest: str, asked: Asked) -> None:
    desk.sync()
    if desk.incident.plan_digest != digest:
        raise Refused(CHANGED)
    code = read_back_code(desk.incident, desk.who.login, desk.clock.now())
    if asked.json:
        print(json.dumps({"incident": desk.incident.id, "person": desk.who.login, "code": code}))
        return
    print(f"Read out, digit by digit: {code}")
    print("It counts for ten minutes, for this plan and for you. Nothing is recorded until it is typed over there.")


def _say(asked: Asked, desk: Desk, body: ev.ApprovalGiven | ev.ApprovalDenied) -> None:
    given = isinstance(body, ev.ApprovalGiven)
    desk.sync()
    if asked.json:
        data: dict[str, Any] = {
            "incident": desk.incident.id,
            "answer": "approved" if given else "denied",
            "plan": body.digest,
            "person": body.person,
            "roles": list(body.roles),
            "how": body.how,
            "signer": body.signer,
            "unsigned": body.unsigned,
            "expires": body.expires if isinstance(body, ev.ApprovalGiven) else "",
            "state": state_now(desk).words,
        }
        print(json.dumps(data))
        return
    how = f"signed by {body.signer}" if body.signature else f"weaker: no signature ({body.unsigned})"
    roles = ", ".join(body.roles)
    if isinstance(body, ev.ApprovalGiven):
        print(f"approved by {body.person} as {roles} until {short_time(body.expires)}; {how}")
    else:
        print(f"DENIED by {body.person} as {roles}: {body.reason}; {how}")
    print(f"the plan: {state_now(desk).words}")
