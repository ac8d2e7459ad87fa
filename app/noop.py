"""``goaround run --noop``: the plan that would be drawn, and all that would run. Nothing is run or recorded.

No lease is asked for and no store is made, so it works while somebody else flies. What a plan holds is the drawers' to
say, how its steps are worded that of ``approval_text``, which an approver reads.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from actions.engine import planner
from actions.gateways.journal import SqliteJournal, new_incident_id
from actions.model.approval_text import whole
from actions.model.bent_earlier import earlier
from actions.model.canonical import canonical_json
from actions.model.carried import with_carried
from actions.model.chain import hash_groups
from actions.model.clock import SystemClock, span
from actions.model.effect import shown
from actions.model.errors import BadInput, Refused
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.plan import Plan, PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing
from app.begin import Begin
from app.environment_values import with_environments
from app.known import known_releases, with_bad
from app.places import pinned_config, store_folder
from app.records import open_store
from app.release_notes import notes_of
from app.release_sources import joined, other_listings
from app.secrets_in import redactor_for
from app.settings import Loaded, load
from app.world import build_world

NOT_RUN = "NOTHING WAS RUN, AND NOTHING WAS RECORDED"
ANOTHER_HASH = "a plan that is drawn in an incident has times and names of its own, and so another hash"


@dataclass(frozen=True)
class Drawn:
    """A plan that nobody will carry out, and what was around when it was drawn."""

    plan: Plan
    environment: str
    host: str
    why: str
    """Why this release: as proposed, or as named."""
    incident: str = ""
    """The incident that is open on this system, or empty."""
    flies: str = ""
    """Who flies it, or empty."""


def noop(loaded: Loaded, store: str, option: str, target: str, *, as_json: bool) -> str:
    """What to print. Raises Refused (or what the world raises) when no plan can be drawn, BadInput for bad words."""
    drawn = _draw(loaded, store, option, target)
    return json.dumps(_as_json(drawn), indent=2, ensure_ascii=False) if as_json else "\n".join(_lines(drawn))


def _draw(loaded: Loaded, store: str, option: str, target: str) -> Drawn:
    clock = SystemClock()
    folder = store_folder(loaded.settings, store)
    journal = open_store(folder, clock)
    system = loaded.settings.system.name
    incident = (journal.open_incident(system) if journal is not None else None) or ""
    if journal is not None and incident:
        pinned = pinned_config(journal.incident_folder(incident))
        loaded = load(pinned) if pinned.exists() else loaded  # what is flown now is flown with this copy
    settings = loaded.settings
    chosen = _option(settings.options, option)
    redactor = redactor_for(settings)
    with tempfile.TemporaryDirectory(prefix="goaround-noop-") as nowhere:
        world = build_world(loaded, Path(nowhere), redactor, known_releases(journal, system) if journal else tuple)
        if journal is not None:
            world = with_environments(world, journal, settings, incident)
            world = replace(world, notes_of=functools.partial(notes_of, journal, settings, world))
        found, notes = planner.releases(settings, chosen, world)
        drill = settings.system.environment == "drill"
        releases = with_bad(found, journal, system, drill=drill) if journal is not None else found
        listings = (Listing(chosen, releases), *other_listings(settings, world, chosen))
        history = joined(journal, settings, listings, chosen, now=clock.now(), drill=drill)
        release, why = _target(releases, target, tuple(note.text for note in notes if note.is_warning), history)
        try:
            flown = fold(incident, journal.events(incident)) if journal is not None and incident else Incident("")
            world = replace(world, earlier=earlier(flown))
            plan = planner.draw(settings, chosen, release, world, incident or new_incident_id(clock))
            plan = with_carried(plan, flown)
        except BadInput as error:
            # What was named is a release that is known: that it cannot be gone back to is no fault of the command line.
            raise Refused(error.title, error.detail, error.next_move, code=error.code) from error
    if redactor.finds(canonical_json(plan.to_json()).decode()):
        raise Refused(
            "the plan would hold a secret", "a configured value stands in clear text", "refer to it as ${env:NAME}"
        )
    return Drawn(plan, settings.system.environment, settings.system.host, why, incident, _flies(journal, system))


def _option(configured: tuple[str, ...], wanted: str) -> str:
    if not configured:
        raise BadInput("no way back is configured", "", "add a [git] or [compose] table to the configuration")
    Begin(option=wanted).check(configured)
    return wanted or configured[0]


def _target(
    releases: tuple[Release, ...], wanted: str, problems: tuple[str, ...], history: History
) -> tuple[Release, str]:
    """The release that was named, or the proposed one; and why it is this one."""
    if not wanted:
        proposal = planner.propose(releases, history)
        if proposal.release is None:
            raise Refused(
                "no release is proposed", "; ".join((proposal.why, *problems)), "name one with --target RELEASE"
            )
        return proposal.release, f"proposed: {proposal.why}"
    named = [one for one in releases if wanted == one.name] or [
        one for one in releases if wanted in (one.commit, one.identity) or (len(wanted) >= 7 and _begins(one, wanted))
    ]
    if len({one.identity for one in named}) > 1:
        raise BadInput(f"--target {wanted}: {len(named)} releases are called so", "", "give the whole commit or image")
    if not named:
        known = ", ".join(one.name for one in releases[:8]) or "none"
        raise BadInput(f"--target {wanted}: there is no such release", f"there are: {known}", "give one of these names")
    return named[0], "as named"


def _begins(release: Release, wanted: str) -> bool:
    ids = (release.commit, release.identity, release.identity.removeprefix("sha256:"))
    return any(one.startswith(wanted.removesuffix("…")) for one in ids if one)


def _flies(journal: SqliteJournal | None, system: str) -> str:
    row = journal.lease(system) if journal is not None else None
    return f"{row.holder} from {row.host}" if row is not None and row.held else ""


def _lines(drawn: Drawn) -> Iterator[str]:
    plan = drawn.plan
    where = f"{drawn.environment.upper()}  {plan.system} on {drawn.host}"
    yield f"NOOP {where}: what would run to go back to {plan.target.name}. {NOT_RUN}."
    yield f"way back  {plan.option} to {plan.target.name} ({drawn.why})"
    yield f"target    {plan.target.identity}"
    if plan.target.way_back is not WayBack.UNKNOWN or plan.target.note:
        yield f"          {', '.join(word for word in (plan.target.way_back.value, plan.target.note) if word)}"
    yield f"runs now  {plan.running or 'not known'}"
    yield f"plan      {hash_groups(plan.digest)}"
    yield f"          {ANOTHER_HASH}"
    if drawn.incident:
        yield f"open      {drawn.incident}{f'; {drawn.flies} flies' if drawn.flies else ''}: it is left alone"
    yield from whole(plan)
    yield ""
    changing = [step for step in plan.steps if step.risk.value != "read" and not step.optional]
    about = span(sum(step.about_s for step in plan.steps if not step.optional))
    yield f"{len(plan.steps)} steps, {len(changing)} of them change the system, about {about}. {NOT_RUN}."


def _as_json(drawn: Drawn) -> dict[str, Any]:
    plan = drawn.plan
    return {
        "noop": True,
        "system": plan.system,
        "environment": drawn.environment,
        "option": plan.option,
        "target": {"name": plan.target.name, "identity": plan.target.identity, "way_back": plan.target.way_back.value},
        "why": drawn.why,
        "running": plan.running,
        "digest": plan.digest,
        "incident": drawn.incident,
        "flies": drawn.flies,
        "notes": [note.to_json() for note in plan.notes],
        "steps": [_step_json(step) for step in plan.steps],
        "plan": plan.to_json(),
    }


def _step_json(step: PlannedStep) -> dict[str, Any]:
    return {
        "code": step.code,
        "phase": step.phase,
        "step": step.step,
        "title": step.title,
        "expected": step.expected,
        "risk": step.risk.value,
        "needs": list(step.needs),
        "gate": step.gate,
        "proves": step.proves,
        "optional": step.optional,
        "about_s": step.about_s,
        "effects": list(shown(step.effects)),
        "undo": list(shown(step.undo)),
        "leaves": step.leaves,
    }
