"""The events of watching and of handing over, as one line of the time line each. Pure; not sanitised here."""

from __future__ import annotations

from actions.model.clock import span
from actions.model.events_after import HandoverOffered, WatchBegun, WatchEnded


def begun_line(body: WatchBegun) -> str:
    """``watch begun: until 2026-11-23 10:00Z, every 30 s; 2 known problems looked for``."""
    known = f"; {len(body.rules)} known problem{'' if len(body.rules) == 1 else 's'} looked for" if body.rules else ""
    goes_on = " (goes on where one broke off)" if body.resumed else ""
    return f"watch begun: until {body.until[:10]} {body.until[11:16]}Z, every {span(body.every_s)}{known}{goes_on}"


def ended_line(body: WatchEnded) -> str:
    """``watch ended: watched for 24 h: all well``."""
    return f"watch {'ended' if body.complete else 'NOT COMPLETE'}: {body.words}"


def offered_line(body: HandoverOffered) -> str:
    """``offers the controls to ops2, with a brief of 9 lines``."""
    if not body.to:
        return "took the offer of the controls back"
    count = len(body.brief)
    return f"offers the controls to {body.to}, with a brief of {count} line{'' if count == 1 else 's'}"


def watch_departs(body: WatchEnded) -> bool:
    """Something was not well, or it was not watched to the end."""
    return not (body.ok and body.complete)
