"""What our own record knows of releases: what earlier incidents of this system went back to, and from what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from actions.gateways.journal import SqliteJournal
from actions.gateways.journal_summaries import IncidentSummary
from actions.model.events import PlanDrawn
from actions.model.plan import Plan
from actions.model.release import Release, WayBack

_INCIDENTS = 20


def _plans(journal: SqliteJournal, system: str) -> Iterator[tuple[IncidentSummary, Plan, frozenset[str]]]:
    """The last plan of each of the newest incidents, newest first, and identities of all that any of its plans left."""
    for summary in journal.newest(_INCIDENTS, system=system):
        drawn = [event.body for event in journal.events(summary.id) if isinstance(event.body, PlanDrawn)]
        if not drawn:
            continue
        try:
            plan = Plan.from_json(drawn[-1].plan)
        except ValueError:
            continue  # of another version of goaround: what it knew of releases must not stop this incident
        left = {str(body.plan.get("running", "")) for body in drawn}
        yield summary, plan, frozenset(left - {"", plan.target.identity})


def known_releases(journal: SqliteJournal, system: str) -> Callable[[], tuple[Release, ...]]:
    """A reader of the newest targets on record, newest first; reads the journal only when it is called."""

    def read() -> tuple[Release, ...]:
        found: dict[str, Release] = {}
        for _, plan, _ in _plans(journal, system):
            found.setdefault(plan.target.identity, plan.target)
        return tuple(found.values())

    return read


def with_bad(
    releases: tuple[Release, ...], journal: SqliteJournal, system: str, *, drill: bool = True
) -> tuple[Release, ...]:
    """The same releases; those that an earlier, recovered incident went back from say so.

    ``drill``: what was flown as a drill counts; where the system is none for drills it speaks against nothing.
    """
    fled = {
        identity: summary.id
        for summary, _, left in _plans(journal, system)
        if summary.outcome == "recovered" and (drill or summary.mode != "drill")
        for identity in left
    }

    def marked(release: Release) -> Release:
        incident = fled.get(release.identity)
        if incident is None or release.way_back is WayBack.RUNNING:
            return release
        words = f"bad: {incident} went back from it"
        return replace(release, bad=words, note=f"{words}; {release.note}" if release.note else words)

    return tuple(marked(release) for release in releases)
