"""Takes what monitoring shows now (error rate, response times, load of the database) and keeps it as evidence.

Takes seconds: never on the screen's thread. It only looks; how the numbers read is left to ``monitoring_text``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actions.model.clock import t_plus
from actions.model.deployment_time import clock_words
from actions.model.effect import ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.events import EvidenceKept
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.minute_count import Minutes
from actions.model.monitoring_text import Asked, Errors, Load, Snapshot, note, text
from actions.model.ports import Prober, World
from actions.model.sensor_rules import error_limit
from actions.model.system import Settings
from actions.model.system_watch import CheckTable
from actions.steps.configured_probes import probe_of
from app.feeds import LogFeed, log_count
from app.lookout_named import run_check
from app.session import Session
from app.side_by_side import side_by_side

NAME = "monitoring.txt"
TIMES = 5
"""So often each probe is asked."""
LONGEST_MS = 8_000
"""After so long a probe is not asked once more."""
MOST_AT_ONCE = 16
FIRST_LOOKS, FIRST_PAUSE_S = 30, 0.1
"""So often, and so far apart, it is looked whether a feed that was just started has been read for a second."""


def keep(session: Session, feed: LogFeed) -> EvidenceKept:
    """Look, write the file, record it. Raises GoaroundError where it cannot be kept or the record does not want it."""
    incident, world = session.incident, session.world()
    shown = look(session, feed, world, incident)
    lines = [world.redact(line) for line in text(shown).split("\n")]
    kept = world.evidence.keep(NAME, iter(["\n".join(lines).encode("utf-8")]))
    body = EvidenceKept(
        0,
        kept.name,
        kept.path,
        kept.sha256,
        kept.size,
        kept.private,
        kept.complete,
        session.clean(note(shown), 300),
        what="monitoring",
    )

    def still_wanted(now: Incident) -> str | None:
        return None if now.id == incident.id and now.closed is None else "the incident is closed"

    session.record(body, still_wanted)
    return body


def look(session: Session, feed: LogFeed, world: World, incident: Incident) -> Snapshot:
    """Everything at once, as far as it can be read; what cannot says why."""
    settings = session.settings
    asked = _ask_all(world, settings, session.clock.monotonic_ms)
    own = tuple(one for one, table in zip(asked, settings.probe, strict=True) if not table.external)
    return Snapshot(
        settings.system.name,
        incident.id,
        session.clock.now().strftime("%Y-%m-%d %H:%M:%SZ"),
        t_plus(session.elapsed_ms()),
        session.who.login,
        _errors(session, feed, incident),
        own,
        tuple(one for one, table in zip(asked, settings.probe, strict=True) if table.external),
        tuple(_load(world, check) for check in settings.check if check.load),
    )


def _errors(session: Session, feed: LogFeed, incident: Incident) -> Errors | None:
    settings = session.settings
    if not log_count(settings):
        return None
    skewed = clocks_differ(incident)
    since_ms = session.clock.monotonic_ms() - session.elapsed_ms()
    found = feed.errors(60, since_ms, skewed=skewed)
    for _ in range(FIRST_LOOKS):
        if found.watched_ms >= 1000:
            break
        session.clock.sleep(FIRST_PAUSE_S)
        found = feed.errors(60, since_ms, skewed=skewed)
    known = feed.minutes(skewed=skewed) or Minutes()
    worst = max((found.count, *known.counts.values()))
    limit = error_limit(settings.watch.errors_per_minute, worst)
    return Errors(
        found.count, found.watched_ms // 1000, known, limit, found.sources, found.troubles, clock_words(incident)
    )


def _ask_all(world: World, settings: Settings, now_ms: Callable[[], int]) -> tuple[Asked, ...]:
    """Every probe a few times in a row, all of them at the same time: one that hangs holds up no other."""

    def ask(number: int) -> Asked:
        return _ask(world.prober, replace(probe_of(settings.probe[number], settings), passes=1), now_ms)

    return side_by_side(len(settings.probe), ask, "monitoring probe")


def _ask(prober: Prober, probe: ProbeHttp, now_ms: Callable[[], int]) -> Asked:
    statuses: list[int] = []
    times: list[int] = []
    passed, detail, begun = 0, "", now_ms()
    while len(statuses) < TIMES and (not statuses or now_ms() - begun < LONGEST_MS):
        try:
            answer = prober.read(probe)
        except GoaroundError as error:
            statuses.append(0)
            detail = error.line()
            break  # it cannot be asked at all
        except Exception as error:  # noqa: BLE001 - in a thread of its own: it must come back as an answer
            statuses.append(0)
            detail = f"{type(error).__name__}: {error}"
            break
        statuses.append(answer.status)
        passed += answer.ok
        if answer.status:
            times.append(answer.ms)
        if not answer.ok:
            detail = answer.detail
    return Asked(probe.name, tuple(statuses), tuple(times), passed, detail)


def _load(world: World, check: CheckTable) -> Load:
    try:
        looked = run_check(world, check)
    except GoaroundError as error:
        return Load(check.name, False, f"cannot be read: {error.line()}")
    return Load(check.name, looked.ok, looked.seen, looked.expected)
