"""What records say of a criterion that was marked: by a person, and what its sensor said at that moment. Pure."""

from __future__ import annotations

from actions.model.events_procedure import CriterionMarked


def sensor_then(body: CriterionMarked) -> str:
    """`` (sensor: 0 of 3 pass, expected 3 of 3 pass)``; where it said otherwise, that is said plainly."""
    if not body.seen:
        return ""
    expected = f", expected {body.expected}" if body.expected and body.sensed != "not met" else ""
    agrees = not body.sensed or (body.sensed == "met") is body.met
    return f" ({'sensor' if agrees else 'THE SENSOR SAID OTHERWISE'}: {body.seen}{expected})"


def marked_words(body: CriterionMarked) -> str:
    """``met: the text (sensor: …)``."""
    return f"{'met' if body.met else 'NOT met any more'}: {body.text}{sensor_then(body)}"
