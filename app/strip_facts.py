"""What the strip over the logs shows: minutes of the feed, deployments of the releases, and the declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp
from actions.model.deployment_time import clock_words, deployed_at
from actions.model.lookout_rules import clocks_differ
from actions.model.minute_count import minute_of
from widgets.time_strip import StripFacts, TimeStrip

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen

STRIP = "strip"


def put(screen: IncidentScreen) -> None:
    """Put it over the logs; the first screen is painted without it."""
    from app.pane_layout import Box

    strip = TimeStrip(ascii=screen.ascii, id=STRIP)
    strip.display = False
    screen.query_one("#right", Box).mount(strip, before="#logs")
    screen.call_after_refresh(screen.lay_out)


def show(screen: IncidentScreen) -> None:
    """The newest facts, where it is seen."""
    for strip in screen.query(TimeStrip):
        if strip.display:
            strip.show(facts(screen))


def facts(screen: IncidentScreen) -> StripFacts:
    """What is known now."""
    incident = screen.session.incident
    moments = [(deployed_at(one), one.name) for one in screen.releases]
    return StripFacts(
        screen.feed.minutes(skewed=clocks_differ(incident)),
        screen.feed.begun,
        tuple((minute_of(at), name) for at, name in moments if at is not None),
        minute_of(parse_stamp(incident.declared_at)) if incident.declared is not None else 0,
        clock_words(incident),
    )
