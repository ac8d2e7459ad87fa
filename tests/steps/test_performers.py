"""What performs an effect: every kind there is has one function, and it is one for effects of that kind."""

from __future__ import annotations

from typing import get_type_hints

import pytest

from actions.model import effect
from actions.model.ports import Reporter, World
from actions.steps.perform import PERFORMERS, performer
from actions.steps.perform_ground import Ended

FAMILY = vars(effect)["Effect"]


def test_every_kind_of_effect_is_performed() -> None:
    """A plan that can be read can be carried out: no effect is shown that nothing would do."""
    assert set(PERFORMERS) == FAMILY.kinds


@pytest.mark.parametrize("kind", sorted(PERFORMERS))
def test_an_effect_is_done_by_what_is_made_for_it(kind: str) -> None:
    """The function that a kind names takes effects of this kind, and no other."""
    wanted = {"effect": FAMILY.of(kind), "world": World, "report": Reporter, "return": Ended}
    assert get_type_hints(performer(kind)) == wanted
