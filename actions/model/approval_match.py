"""Which needs the people who approved can fill: one person for one need, unless a rule says otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from actions.model.approval_rules import Need
from actions.model.quick_dataclass import dataclass

Holder = tuple[str, tuple[str, ...]]
"""(person, roles held)."""


@dataclass(frozen=True)
class Missing:
    """What is lacking of a need, and who may give it."""

    need: Need
    count: int
    who: tuple[str, ...]
    """Logins; empty: nobody is configured who could."""

    def words(self) -> str:
        """``tech-manager``, ``2 of on-call``."""
        return Need(self.need.roles, self.count, said=self.need.said).words()

    def who_words(self) -> str:
        """``ops2, ops3 may``."""
        return f"{', '.join(self.who)} may" if self.who else "nobody who may is configured"


def matched(
    needed: Sequence[Need],
    given: Sequence[Holder],
    flies: Holder | None,
    people: Mapping[str, Holder],
    barred: frozenset[str],
) -> tuple[Missing, ...]:
    """What is lacking when each approval is used as well as it can be. ``barred``: people who may not approve."""
    holders: dict[str, set[str]] = {}
    for person, roles in given:
        holders.setdefault(person, set()).update(roles)
    everybody = [*holders, *([flies[0]] if flies is not None and flies[0] not in holders else [])]
    filled: dict[tuple[str, int], tuple[int, int]] = {}

    def fits(person: str, need: Need) -> bool:
        if flies is not None and person == flies[0]:
            return need.alone and any(role in need.roles for role in flies[1])
        return any(role in need.roles for role in holders[person])

    def place(slot: tuple[int, int], tried: set[tuple[str, int]]) -> bool:
        """Give a slot to somebody, moving others on where that makes room (augmenting paths)."""
        need = needed[slot[0]]
        for person in everybody:
            seat = (person, slot[0] if need.shared else -1)
            if seat in tried or not fits(person, need):
                continue
            tried.add(seat)
            if seat not in filled or place(filled[seat], tried):
                filled[seat] = slot
                return True
        return False

    for at, need in enumerate(needed):
        for nth in range(need.count):
            place((at, nth), set())
    return tuple(_missing(needed, filled, people, barred))


def _missing(
    needed: Sequence[Need],
    filled: Mapping[tuple[str, int], tuple[int, int]],
    people: Mapping[str, Holder],
    barred: frozenset[str],
) -> Iterator[Missing]:
    for at, need in enumerate(needed):
        lacking = need.count - sum(slot[0] == at for slot in filled.values())
        if lacking <= 0:
            continue
        busy = {seat[0] for seat, slot in filled.items() if slot[0] == at or not (need.shared or seat[1] >= 0)}
        free = (
            login
            for login, (who, roles) in people.items()
            if who not in barred and who not in busy and any(role in need.roles for role in roles)
        )
        yield Missing(need, lacking, tuple(free))
