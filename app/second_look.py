"""The second look: whoever verifies has the proof taken once more, from the own session, before signing.

It is recorded as observations, well or not: the signature stands over what was seen. Nothing is refused because of it;
a system may have gone on since, and the one who verifies decides what that means.
"""

from __future__ import annotations

from dataclasses import replace

from actions.model import blocking
from actions.model.effect import Effect, ObserveCommit, ObserveImages, ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.events import Body, Observed
from actions.steps.perform import perform
from app.session import Session

ANSWER_S = 15
"""Longest wait for one thing that is looked at."""


FAILED = "NOT"
"""How the line of something begins that is not as it was proven."""


class _Look:
    """Keeps the newest reading of each thing; the rest of a step's telling belongs to steps."""

    def __init__(self) -> None:
        self.seen: dict[str, Observed] = {}

    def line(self, text: str) -> None:
        """Not shown: the observations say it."""

    def record(self, body: Body) -> None:
        """An observation, under a name of its own: the one of the proof stays beside it."""
        if isinstance(body, Observed):
            self.seen[body.what] = replace(body, run=0, what=f"second look: {body.what}")

    def stopping(self) -> bool:
        """Each look is short."""
        return False


def second_look(session: Session, person: str) -> tuple[str, ...]:
    """Take the proof once more and record what was seen; a line for each thing, for the one who is about to sign.

    Empty where there is nothing to look at: not closed as recovered, or somebody who may not verify. Takes up to
    ``ANSWER_S`` seconds for each thing: not for the screen's thread.
    """
    session.sync()
    incident = session.incident
    if incident.closed is None or incident.closed.outcome != "recovered" or incident.plan is None:
        return ()
    if not person.strip() or blocking.sign_reason(incident, "verified", person):
        return ()
    effects = [_once(effect) for step in incident.plan.steps if step.proves for effect in step.effects]
    look = _Look()
    try:
        done = perform(tuple(effects), session.world(), look, keep_going=True)
        summary = done.summary
    except GoaroundError as error:  # the system cannot even be reached
        summary = error.line()
    seen = [*look.seen.values()] or [Observed(0, "second look", False, session.clean(summary), "as proven")]
    for one in seen:
        session.record(one, drive=False)
    return tuple(f"{'ok ' if one.ok else FAILED} {one.what}: {one.seen}" for one in seen)


def _once(effect: Effect) -> Effect:
    """The same question asked once, without waiting for it to become better."""
    if isinstance(effect, ProbeHttp):
        return replace(effect, passes=1, seconds=0, deadline_s=min(ANSWER_S, effect.answer_s), answer_s=ANSWER_S)
    if isinstance(effect, ObserveCommit):
        return replace(effect, deadline_s=5)
    assert isinstance(effect, ObserveImages)  # a proof holds nothing else
    return effect
