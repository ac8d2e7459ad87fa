"""A workflow that a person tries, in plain lines: what to do, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.checklist import Item, State
from actions.model.errors import Refused

if TYPE_CHECKING:
    from app.plain import Plain


def tried(plain: Plain, item: Item) -> None:
    """Say what to try, ask how it went, mark it. Raises Refused where nobody says that it works or does not."""
    how = item.how or "do what a user would do; the configuration does not say how"
    plain.say(f"{item.code} {item.text}: {how}")
    answer = plain.operator.ask("workflow", "y: it works; f: it does not work; q: not tried yet > ").strip().casefold()
    if answer not in ("y", "f"):
        raise Refused(f"{item.code} is not marked", "", "y where it works, f where it does not")
    works = answer == "y"
    prompt = "What was seen (Enter: nothing to say) > " if works else "What does not work? > "
    state = State.DONE if works else State.FAILED
    plain.session.mark(item.code, state, plain.operator.ask("reason", prompt))
    plain.say(f"{'' if works else '! '}{item.code} {state.value}")
