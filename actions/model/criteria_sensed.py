"""What a sensor says of a criterion, against what a person said of it. Pure.

A sensor proposes and never marks: whether a criterion holds is a person's to say. Taking readings is the lookout's.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from actions.model.quick_dataclass import dataclass
from actions.model.sensing import PREFIX, Reading, can_sense, reading, unknown

if TYPE_CHECKING:
    from actions.model.incident import Incident, Said
    from actions.model.procedure import Criterion


class Look(Enum):
    """How a criterion looks to its sensor, and what of that agrees with people. The value is its words."""

    NONE = ""
    """Nothing here can sense it: it is a person's to see."""
    UNREAD = "not read yet"
    UNKNOWN = "cannot tell"
    WELL = "looks well"
    PROPOSED = "looks met"
    REFUSED = "looks met, taken back by hand"
    """Somebody who could see that took the tick back; it is not proposed again until the sensor has changed."""
    AGREES = "the sensor agrees"
    OVER = "looks over"
    """It was met as the sensor sees it, too, and the sensor has turned well since."""
    OTHERWISE = "the sensor says otherwise"


@dataclass(frozen=True)
class Sensed:
    """What is sensed of one criterion."""

    sensor: str = ""
    """Empty: nothing here can sense it."""
    reading: Reading | None = None
    since: str = ""
    """A stamp: since when every reading has been as well, or as bad, as this one."""

    @property
    def looks_met(self) -> bool:
        """There is a reading, and it is not well."""
        return self.reading is not None and not self.reading.ok and not self.cannot_tell

    @property
    def looks_well(self) -> bool:
        """There is a reading, and it is well."""
        return self.reading is not None and self.reading.ok

    @property
    def cannot_tell(self) -> bool:
        """The sensor was asked, and could not see anything."""
        return self.reading is not None and not self.reading.ok and unknown(self.reading.seen)

    @property
    def verdict(self) -> str:
        """``met``, ``not met`` or empty, as records keep it."""
        return "met" if self.looks_met else "not met" if self.looks_well else ""


NOTHING_SENSED = Sensed()


def sensed(incident: Incident, criterion: Criterion) -> Sensed:
    """What is sensed of this criterion now."""
    settings = incident.declared.settings if incident.declared else {}
    if not criterion.sensor:
        return NOTHING_SENSED
    seen = reading(incident, criterion.sensor)
    if seen is None and not can_sense(criterion.sensor, settings):
        return NOTHING_SENSED
    since = incident.turned.get(PREFIX + criterion.sensor, "") if seen is not None else ""
    return Sensed(criterion.sensor, seen, since or (seen.at if seen else ""))


def look(now: Sensed, said: Said | None, ticked: bool) -> Look:
    """How it looks. ``said``: the newest that a person recorded; ``ticked``: what stands there, recorded or not."""
    if not now.sensor:
        return Look.NONE
    if now.reading is None:
        return Look.UNREAD
    if now.cannot_tell:
        return Look.UNKNOWN
    recorded = said is not None and said.body.met is ticked
    if ticked:
        if now.looks_met:
            return Look.AGREES
        turned = recorded and said is not None and (said.body.sensed == "met" or now.since > said.at)
        return Look.OVER if turned else Look.OTHERWISE
    if now.looks_well:
        return Look.WELL
    refused = said is not None and (not recorded or (said.body.sensed == "met" and now.since <= said.at))
    return Look.REFUSED if refused else Look.PROPOSED


def look_words(now: Sensed, how: Look) -> str:
    """``looks met since 10:02:18Z: 0 of 3 pass, expected 3 of 3 pass``; empty where nothing is sensed."""
    if how in (Look.NONE, Look.UNREAD) or now.reading is None:
        return how.value
    since = f" since {now.since[11:19]}Z" if now.since else ""
    expected = f", expected {now.reading.expected}" if now.reading.expected and not now.reading.ok else ""
    return f"{how.value}{since}: {now.reading.seen}{expected}"
