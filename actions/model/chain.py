"""Verification of a journal's lines: the chain from the first event to the last, and what a sign-off stands for.

Pure: takes bytes, gives events or the first event that is bad. Signatures themselves are checked by the gateway; what
exactly is signed is decided here, so that signing and checking cannot drift apart.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from actions.model import events as ev
from actions.model.canonical import content_hash, loads_strict
from actions.model.errors import RecordDamaged
from actions.model.fold import apply
from actions.model.incident import Incident
from actions.model.outside_text import sanitise

NAMESPACE = "goaround-sign-off"
"""Namespace of our signatures: one made for git or a file cannot stand for a sign-off, nor the other way round."""

STATEMENT_FORMAT = 1

_FIELDS: dict[str, type] = {
    "incident": str,
    "seq": int,
    "at": str,
    "mono": int,
    "boot": str,
    "actor": str,
    "kind": str,
    "data": dict,
    "prev": str,
    "hash": str,
}
_ALTERED = "compare with another copy of the record: an export, a backup, or the head that was printed"


@dataclass(frozen=True)
class ChainResult:
    """A chain that holds."""

    events: tuple[ev.Event, ...]
    head_seq: int
    head_hash: str

    @property
    def incident(self) -> str:
        """The id that every event carries."""
        return self.events[0].incident

    @functools.cached_property
    def folded(self) -> Incident:
        """The incident after the last event. Raises RecordDamaged as ``fold_verified`` does."""
        return fold_verified(self.events)


def damaged(seq: int, detail: str) -> RecordDamaged:
    """The error for a first bad event."""
    return RecordDamaged(f"event {seq} is bad", sanitise(detail), _ALTERED, seq=seq)


def verify_file(data: bytes) -> ChainResult:
    """Verify the bytes of a ``journal.jsonl``: every event ends with one newline, and there is nothing else.

    Raises RecordDamaged with the number of the first bad event.
    """
    return verify_lines(_split(data))


def _split(data: bytes) -> Iterator[bytes]:
    # A generator, so that a bad ending is found only after everything before it has been found good.
    start = seq = 0
    while start < len(data):
        seq += 1
        end = data.find(b"\n", start)
        if end < 0:
            rest = data[start:]
            yield rest
            raise damaged(seq, "the line does not end: its newline is missing")
        yield data[start:end]
        start = end + 1


def verify_lines(lines: Iterable[bytes]) -> ChainResult:
    """Verify canonical lines without their newlines, as the journal stores them.

    Raises RecordDamaged whose ``seq`` is the first event that is not what it was: changed, missing, out of order,
    inserted or not written by us.
    """
    good: list[ev.Event] = []
    for seq, line in enumerate(lines, 1):
        event = _event(seq, line)
        _check_link(event, seq, good)
        _check_meaning(event, good)
        good.append(event)
    if not good:
        raise damaged(1, "there are no events at all")
    return ChainResult(tuple(good), good[-1].seq, good[-1].hash)


def _event(seq: int, line: bytes) -> ev.Event:
    if not line:
        raise damaged(seq, "an empty line stands in its place")
    try:
        data = loads_strict(line)
    except ValueError as error:
        raise damaged(seq, str(error)) from error
    if not isinstance(data, dict) or set(data) != set(_FIELDS):
        raise damaged(seq, "the line is no event: its fields are not those of one")
    for name, kind in _FIELDS.items():
        if type(data[name]) is not kind:
            raise damaged(seq, f"{name} is not a {kind.__name__}")
    event = ev.Event(**data)
    if event.line() != line:
        raise damaged(seq, "the line is not written in the one form that an event has")
    return event


def _check_link(event: ev.Event, seq: int, before: list[ev.Event]) -> None:
    if event.seq != seq:
        raise damaged(seq, f"event {event.seq} stands in its place")
    if before and event.incident != before[0].incident:
        raise damaged(seq, f"it belongs to another incident, {event.incident}")
    if event.prev != (before[-1].hash if before else ev.GENESIS):
        raise damaged(seq, "it does not follow the event before it: the chain is broken here")
    if event.hash != ev.chain_hash(event.prev, event.link()):
        raise damaged(seq, "its content does not match its hash")


def _check_meaning(event: ev.Event, before: list[ev.Event]) -> None:
    body = event.body
    if not before:
        if not isinstance(body, ev.Declared):
            raise damaged(event.seq, "a record begins with the declaration of the incident; this one does not")
        if body.mode not in ("live", "drill"):
            raise damaged(event.seq, f"an incident is live or a drill, not {body.mode!r}")
    elif event.kind == ev.Declared.kind:
        raise damaged(event.seq, "the incident is declared a second time")
    if isinstance(body, ev.PlanDrawn) and content_hash(body.plan) != body.digest:
        raise damaged(event.seq, "the plan does not match the hash that names it")
    if isinstance(body, ev.SignedOff):
        if not 1 <= body.over_seq <= len(before):
            raise damaged(event.seq, f"it signs over event {body.over_seq}, which does not come before it")
        if body.over_hash != before[body.over_seq - 1].hash:
            raise damaged(event.seq, f"it signs over another event {body.over_seq} than the one in this record")


def fold_verified(events: Iterable[ev.Event]) -> Incident:
    """The incident after these events. Raises RecordDamaged at one whose values this version cannot understand."""
    incident: Incident | None = None
    for event in events:
        incident = incident or Incident(event.incident)
        try:
            incident = apply(incident, event)
        except (ValueError, TypeError, KeyError) as error:
            raise RecordDamaged(
                f"event {event.seq} cannot be understood",
                sanitise(f"{event.kind}: {error}"),
                "if a newer goaround wrote this record, use that version; nothing was changed",
                seq=event.seq,
            ) from error
    return incident or Incident("")


def sign_off_statement(
    *, incident: str, system: str, mode: str, part: str, person: str, over_seq: int, over_hash: str
) -> bytes:
    """The text that is signed, one field a line: it names everything, so it fits one sign-off of one record only.

    Raises ValueError for a value that could pass for another line.
    """
    fields = {
        "incident": incident,
        "system": system,
        "mode": mode.upper(),
        "part": part,
        "person": person,
        "over event": str(over_seq),
        "over hash": over_hash,
    }
    for name, value in fields.items():
        if not value.strip() or not value.isprintable():
            raise ValueError(f"{name}: a plain, non-empty text is needed to sign")
    lines = [f"goaround sign-off {STATEMENT_FORMAT}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\n".join(lines) + "\n").encode("utf-8")


def statement_of(incident: Incident, sign: ev.SignedOff) -> bytes:
    """The statement of a recorded sign-off. Raises ValueError as ``sign_off_statement`` does."""
    return sign_off_statement(
        incident=incident.id,
        system=incident.declared.system if incident.declared else "",
        mode=incident.mode,
        part=sign.part,
        person=sign.person,
        over_seq=sign.over_seq,
        over_hash=sign.over_hash,
    )


def hash_groups(digest: str) -> str:
    """A hash in groups of four, for reading aloud and for paper."""
    return " ".join(digest[index : index + 4] for index in range(0, len(digest), 4))


def sign_offs_of(events: Iterable[ev.Event]) -> list[tuple[ev.Event, Any]]:
    """Every sign-off with the event that holds it, oldest first."""
    return [(event, event.body) for event in events if isinstance(event.body, ev.SignedOff)]
