"""Compares the clock of an ssh host with ours: times in its logs and in our record must mean the same."""

from __future__ import annotations

from actions.model.errors import GoaroundError
from actions.model.events import Observed
from app.session import Session

LIMIT_MS = 2_000


def observe_skew(session: Session) -> None:
    """Ask the host for its time, once an incident, and record what was seen. Says nothing for the local host."""
    host = session.world().host
    what = f"clock of {host.name}"
    incident = session.incident
    if host.name == "local" or incident.declared is None or incident.closed or what in incident.observations:
        return
    before = session.clock.now()
    try:
        answer = host.run(("date", "-u", "+%s"), timeout_s=10)
        theirs_ms = int(answer.stdout.strip()) * 1000 + 500  # whole seconds: the middle of the second is our best guess
    except (GoaroundError, ValueError) as error:
        session.record(Observed(0, what, False, f"not known: {error}", "within 2 s of ours"), drive=False)
        return
    after = session.clock.now()
    ours_ms = round((before.timestamp() + after.timestamp()) * 500)
    skew = theirs_ms - ours_ms
    took = round((after - before).total_seconds() * 1000)
    ok = abs(skew) <= LIMIT_MS + took // 2
    seen = f"{skew / 1000:+.1f} s against ours (asked in {took} ms)"
    session.record(Observed(0, what, ok, seen, "within 2 s of ours", took), drive=False)
