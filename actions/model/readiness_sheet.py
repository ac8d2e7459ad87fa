"""The prevention list on the procedure's page, with the readiness of the running release and of the target. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model.checklist import Phase
from actions.model.procedure import Procedure
from actions.model.procedure_line import Line, Look
from actions.model.readiness import Card, Row, Standing

_LOOKS = {Standing.READY: Look.READY, Standing.GAP: Look.GAP, Standing.NOT_KNOWN: Look.UNKNOWN}


def prevention_lines(procedure: Procedure, cards: Sequence[Card], reading: str = "") -> Iterator[Line]:
    """The items; with cards, where each stands. ``reading``: what is said while there are none yet."""
    if not cards:
        if reading:
            yield Line(reading, Look.QUIET, 1)
        for part in procedure.checklists:
            if part.phase is Phase.PREVENTION and not part.paper:
                yield Line(part.name, Look.NAME, 1)
                for item in part.items:
                    yield Line(f"{item.code} {item.text}", Look.PLAIN, 2 + min(item.depth, 4))
        return
    for card in cards:
        yield Line(f"{card.release}: {card.words}", Look.NAME, 1)
    for note in dict.fromkeys(note for card in cards for note in card.notes):
        yield Line(note, Look.WARNING, 1)
    yield Line("It refuses nothing: it shows what was left out.", Look.QUIET, 1)
    others = [(card, {row.code: row for row in card.rows}) for card in cards[1:]]
    part_name = ""
    for row in cards[0].rows:
        if row.part != part_name:
            part_name = row.part
            yield Line(part_name, Look.NAME, 1)
        yield _line(row, f"{row.code} {row.text}: ", 2 + min(row.depth, 4))
        for card, rows in others:
            other = rows.get(row.code)
            if other is not None and (other.standing, other.why) != (row.standing, row.why):
                yield _line(other, f"{card.release}: ", 3 + min(row.depth, 4))


def _line(row: Row, name: str, depth: int) -> Line:
    return Line(f"{row.standing.value}: {name}{row.why}", _LOOKS[row.standing], depth)
