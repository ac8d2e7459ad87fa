"""Has a Coolify server queue exactly one deployment: what was asked for before is found again, nothing is sent twice.

What is asked for is recorded before the request goes out, so that whoever repeats a step whose end was lost knows from
which deployment on to look. Following it to its end is left to ``perform_coolify_follow``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from actions.model.coolify import Deployment, DeploymentState
from actions.model.coolify_rows import failed_try, fits, ours, version_told, whose
from actions.model.effect_coolify import QueueDeployment
from actions.model.errors import GoaroundError, OutcomeUnknown, Refused
from actions.model.events import Observed
from actions.model.ports import Coolify, Reporter, World
from actions.model.quick_dataclass import dataclass
from actions.steps.perform_coolify import LOOK_UP_S, coolify_of
from actions.steps.perform_coolify_follow import follow
from actions.steps.perform_ground import STOPPED, Ended, failed, one_line, pause

LOOK_UPS = 10
"""A deployment whose request was not answered is looked for so often."""
ROWS = 30
"""So many of the newest deployments are looked through: 25 may wait, and one be at work."""
ASKED = "coolify deployment asked for"
"""Name under which a request is recorded before it is sent."""
REFUSED = ", refused"
AT_WORK = (DeploymentState.QUEUED, DeploymentState.IN_PROGRESS)


@dataclass(frozen=True)
class Asked:
    """What was asked of Coolify last in this incident, whatever came of it."""

    commit: str
    newest: int
    """Number of the newest deployment right before it."""
    refused: bool = False
    """It was answered, and nothing came of it; else it may have been taken, or be on its way still."""

    def may_come(self, effect: QueueDeployment) -> bool:
        """Whether it was asked for this, since it was drawn, and nobody said no."""
        return not self.refused and self.commit == effect.commit and self.newest >= effect.newest

    def words(self) -> str:
        """As it is recorded."""
        return f"{self.commit} after {self.newest}{REFUSED if self.refused else ''}"


def asked_last(world: World) -> Asked | None:
    """As the record has it; None: nothing was asked for yet."""
    found = re.fullmatch(rf"(.+) after ([0-9]{{1,16}})({REFUSED})?", world.recalled(ASKED))
    return Asked(found[1], int(found[2]), bool(found[3])) if found else None


def queue_deployment(effect: QueueDeployment, world: World, report: Reporter) -> Ended:
    """Queue exactly one, then follow it to its end. One that was queued before and whose end was lost is that one."""
    server, asked = coolify_of(world), asked_last(world)
    before = _before(effect, server, asked, report)
    if before is None and asked is not None and asked.may_come(effect):
        late = _late(effect, asked, server, world, report) if on_its_way(effect, server, asked) else None
        # Looked at once more: ours may have come just then, and somebody else's while it was waited for.
        before = late or _before(effect, server, asked, report)
    if before is None:
        rows = since(server, -1)
        effect = replace(effect, newest=max((row.number for row in rows), default=0))
        # On disk before the request goes out.
        _record(Asked(effect.commit, effect.newest), world, report)
        before = _send(effect, frozenset(row.uuid for row in rows), server, world, report)
    return before if isinstance(before, Ended) else follow(effect, before, server, world, report)


def _before(effect: QueueDeployment, server: Coolify, asked: Asked | None, report: Reporter) -> str | Ended | None:
    """The UUID of the one that is there already, or why none may be queued; None: it may be sent."""
    already, others = queued_since(effect, server, asked)
    if others:
        at_work = others[0].state in AT_WORK
        move = "cancel it first (a plan drawn now has the step for it)" if at_work else "draw the plan again"
        return Ended(False, f"{whose(others[0])} is {others[0].shown_state}; nothing was sent: {move}")
    if already is None:
        return None
    report.line(f"{whose(already)} is {already.shown_state} already: nothing is sent again, it is followed")
    return already.uuid


def _record(asked: Asked, world: World, report: Reporter) -> None:
    report.record(Observed(0, ASKED, True, one_line(world, asked.words()), "", 0))


def on_its_way(effect: QueueDeployment, server: Coolify, asked: Asked) -> bool:
    """Whether nothing is listed that came of what was asked for before. Raises GoaroundError.

    Whoever sent it may have been killed a moment ago, while Coolify was busy taking it.
    """
    return not any(fits(row, effect.commit, pulled=effect.pulled) for row in since(server, asked.newest))


def _late(effect: QueueDeployment, asked: Asked, server: Coolify, world: World, report: Reporter) -> str | Ended | None:
    """The UUID of the one that was asked for before and comes only now; None: it never came, it may be asked for anew.
    How it ends where neither is known."""
    report.line("asked for before, and nothing is listed of it: perhaps on its way; looked for before anything is sent")
    known = frozenset(row.uuid for row in since(server, -1) if row.number <= asked.newest)
    found, told = _looked_for(effect, known, server, world, report)
    if found:
        return found
    if report.stopping():
        return STOPPED
    words = "whether an earlier request has arrived is not known: the server could not be asked; nothing was sent"
    return None if told else Ended(False, words, sure=False)


def queued_since(
    effect: QueueDeployment, server: Coolify, asked: Asked | None
) -> tuple[Deployment | None, tuple[Deployment, ...]]:
    """The one that was asked for already, and what of others stands in the way, newest first.

    Where ``newest`` is not known (an undo), what was recorded of the last request tells from where on to look. Without
    that, only the very newest deployment can be ours, and it must name the version.
    """
    at_work = server.pending()
    rows = since(server, effect.newest)
    if asked is not None and asked.newest < effect.newest:
        asked = None  # it was asked for before this was drawn
    same = asked is not None and asked.commit == effect.commit
    undo = effect.newest < 0
    if asked is None:
        mine = [row for row in rows if ours(row, effect.commit, pulled=effect.pulled)]
        if undo:
            named = version_told(rows[0], pulled=effect.pulled) if rows else ""
            mine = [row for row in mine if row is rows[0] and effect.commit in (row.commit, named)]
    else:
        # Something else was asked for since: what was this before is not any more.
        floor = asked.newest
        mine = [row for row in rows if same and row.number > floor and ours(row, effect.commit, pulled=effect.pulled)]
        if undo:
            rows = tuple(row for row in rows if same and row.number > floor)
    known = {row.uuid for row in mine}
    others = [row for row in at_work if row.uuid not in known]
    if not undo or asked is not None:
        others += [row for row in rows if row.uuid not in known and _came(row, effect)]
    return (mine[0] if mine else None), tuple(others)


def _came(row: Deployment, effect: QueueDeployment) -> bool:
    """Whether it is over and may have changed what runs; also in a state that nobody knows."""
    return row.state not in AT_WORK and not failed_try(row, effect.commit, pulled=effect.pulled)


def since(server: Coolify, newest: int) -> tuple[Deployment, ...]:
    """Deployments of the application itself that came after that one, newest first."""
    rows, _ = server.deployments(0, ROWS)
    return tuple(row for row in rows if row.number > newest and not row.pull_request)


def _send(
    effect: QueueDeployment, known: frozenset[str], server: Coolify, world: World, report: Reporter
) -> str | Ended:
    """The UUID of the one that is queued, or how it ended. ``known``: those that were there before."""
    try:
        answer = server.send(effect.call)
    except OutcomeUnknown as error:
        report.line(f"{one_line(world, error.line())}: looking for it, nothing is sent again")
        return _look_up(effect, known, server, world, report, error.line())
    except GoaroundError as error:
        _record(Asked(effect.commit, effect.newest, refused=True), world, report)
        return failed(error)
    report.line(f"answered {answer.status}: {one_line(world, answer.text)}")
    uuid = named_in(answer.body)
    if uuid and uuid not in known and _is_there(uuid, server):
        return one_line(world, uuid)
    why = answer.text or "no deployment is named in the answer"
    return _look_up(effect, known, server, world, report, why)


def named_in(body: dict[str, Any]) -> str:
    """The UUID of the deployment that an answer names, wherever it stands; empty: none, or nothing that is one."""
    uuid = body.get("deployment_uuid")
    if _is_id(uuid):
        return str(uuid)
    rows = body.get("deployments", body.get("data"))
    if isinstance(rows, dict):
        rows = [rows, *rows.values()]
    found = (row.get("deployment_uuid") for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return next((str(one) for one in found if _is_id(one)), "")


def _is_id(value: Any) -> bool:
    """It comes as it was answered, and is asked for by its address: what cannot stand there is looked up instead."""
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9A-Za-z_-]{1,100}", value))


def _is_there(uuid: str, server: Coolify) -> bool:
    """A skipped request may be answered with the id of a deployment that never was."""
    try:
        return server.deployment(uuid).uuid in (uuid, "")
    except Refused:
        return False
    except GoaroundError:
        return True  # whoever follows it finds out


def _look_up(
    effect: QueueDeployment, known: frozenset[str], server: Coolify, world: World, report: Reporter, why: str
) -> str | Ended:
    """The one that came of an unanswered request, found by what is there that was not."""
    found, told = _looked_for(effect, known, server, world, report)
    if found:
        return found
    seen = "the server lists no deployment of it" if told else "the server could not be asked"
    return Ended(False, f"{why}; {seen}; nothing was sent again: look before the next try", sure=False)


def _looked_for(
    effect: QueueDeployment, known: frozenset[str], server: Coolify, world: World, report: Reporter
) -> tuple[str, bool]:
    """UUID of one that may be ours and was not ``known``, looked for until it is there, for as long as a slow server
    takes; empty: it is not there, or (False) that could not be asked in the end."""
    told = False
    for _ in range(LOOK_UPS):
        try:
            found = _new(effect, known, since(server, -1))
        except GoaroundError as error:
            told = False
            report.line(f"not yet: {one_line(world, error.line())}")
        else:
            told = True
            if found:
                return found, told
        if report.stopping():
            break
        pause(world, report, LOOK_UP_S)
    return "", told


def _new(effect: QueueDeployment, known: frozenset[str], rows: Sequence[Deployment]) -> str:
    """UUID of the oldest new row that may be ours, one that says that the API asked for it before all others."""
    fresh = [row for row in rows if row.uuid and row.uuid not in known and row.number >= effect.newest]
    found = [row for row in fresh if fits(row, effect.commit, pulled=effect.pulled)]
    by_api = [row for row in found if row.by_api]
    return (by_api or found)[-1].uuid if found else ""
