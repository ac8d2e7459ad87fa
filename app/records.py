"""What the commands ``records``, ``export`` and ``verify`` do; reading their arguments is left to the command line.

Each gives the text to print and the exit status; expected failures are raised as GoaroundErrors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actions.gateways.bundle import Exported, VerifyResult, export, verify_bundle, verify_stored
from actions.gateways.journal import SqliteJournal
from actions.gateways.journal_summaries import IncidentSummary
from actions.model.branching import RESTRICTED, RESTRICTED_WORDS
from actions.model.canonical import canonical_json
from actions.model.chain import hash_groups
from actions.model.clock import Clock
from actions.model.debts import FIX, counted, holding, late_ones, of_events, open_ones, overdue_s
from actions.model.due import due_words
from actions.model.errors import BadInput
from actions.model.incident import Debt, restricted
from actions.model.outside_text import sanitise
from actions.model.record_text import mode_word, state_words

_COLUMNS = ("id", "declared", "system", "environment", "mode", "outcome", "state", "title")
_PAGE = 1000


@dataclass(frozen=True)
class Answer:
    """What a command prints, and how it ends."""

    text: str
    """Without a newline at its end."""
    status: int = 0


def open_store(folder: Path, clock: Clock) -> SqliteJournal | None:
    """The store for reading, or None when there is none yet: looking must not make one.

    Raises GoaroundError where this login may not look into the folder at all.
    """
    path = folder / "journal.sqlite3"
    try:
        there = path.exists()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be looked at",
            error.strerror or str(error),
            "run it as somebody who may read the store, or name another one with --store",
            code="store-unreadable",
        ) from error
    if not there:
        return None
    return SqliteJournal(folder, clock, read_only=True)


def list_records(
    journal: SqliteJournal | None,
    limit: int = 50,
    before: int = 0,
    system: str = "",
    as_json: bool = False,
    *,
    folder: Path | None = None,
) -> str:
    """The newest records, one a line, newest first. ``folder`` names the store where there is none yet."""
    if not 1 <= limit <= 100_000:
        raise BadInput(f"--limit {limit}: between 1 and 100000")
    if before < 0:
        raise BadInput(f"--before {before}: the number of a record, as the last line of the list before says")
    rows = journal.newest(limit + 1, before, system) if journal is not None else []
    more = len(rows) > limit
    rows = rows[:limit]
    debts = _debts_of(journal, rows)
    now = journal.clock.now() if journal is not None else datetime.now(UTC)
    place = str(journal.folder if journal is not None else folder or "")
    if as_json:
        return _records_json(rows, place, rows[-1].number if more else None, debts, now)
    if not rows:
        return _no_records(place, before, system)
    follows = any(row.ticket for row in rows)
    owed = {row.id: _owed(row, debts.get(row.id, ()), now) for row in rows}
    extra = (*(("follow-up",) if follows else ()), *(("debts",) if any(owed.values()) else ()))
    table = [(*_COLUMNS[:-1], *extra, _COLUMNS[-1])]
    for row in rows:
        more_cells = (_follow_up(row, debts.get(row.id, ()), now), owed[row.id] or "-")
        cells = tuple(cell for name, cell in zip(("follow-up", "debts"), more_cells, strict=True) if name in extra)
        table.append(_record_row(row, cells))
    lines = _table(table)
    if more:
        lines.append(f"older ones: goaround records --before {rows[-1].number}")
    return "\n".join(lines)


def _no_records(place: str, before: int, system: str) -> str:
    of = f" of {sanitise(system)}" if system else ""
    if before:
        return f"no older records{of} in {place}"
    return f"no records{of} yet in {place}"


def _debts_of(journal: SqliteJournal | None, rows: list[IncidentSummary]) -> dict[str, tuple[Debt, ...]]:
    """The debts of these records, open or paid; nothing for those that have none."""
    if journal is None or not rows:
        return {}
    known = journal.debt_events([row.id for row in rows], {})  # one that is damaged is told by verify
    return {incident: of_events(events) for incident, events in known.items()}


def _owed(row: IncidentSummary, debts: Sequence[Debt], now: datetime) -> str:
    """``2 debts, 1 overdue``; of what is parked also until when the next of what keeps it open is due."""
    found = counted(debts, now)
    waits = sorted(one.due for one in holding(debts) if one.due and not overdue_s(one, now))
    return f"{found}, next due {due_words(waits[0], now)}" if row.parked and waits else found


def _follow_up(row: IncidentSummary, debts: Sequence[Debt], now: datetime) -> str:
    """Where the fix is followed and until when, of what went forward; done once its debt is paid."""
    if not row.ticket:
        return "-"
    fix = next((one for one in debts if one.name == FIX), None)
    if fix is None:
        return f"{row.ticket} due {due_words(row.due, now)}"
    return f"{fix.ticket} done" if fix.paid else f"{fix.ticket} due {due_words(fix.due, now)}"


def _record_row(row: IncidentSummary, extra: tuple[str, ...]) -> tuple[str, ...]:
    mode = "DRILL" if row.mode == "drill" else "LIVE"
    mode += f" {RESTRICTED}" if row.restricted else ""
    declared = row.declared_at[:16].replace("T", " ") + "Z"
    outcome = row.outcome or "-"
    cells = (row.id, declared, row.system, row.environment, mode, outcome, row.state, *extra, row.title)
    return tuple(sanitise(cell) for cell in cells)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    from rich.cells import cell_len  # when a list is asked for

    from widgets.presentation import filled

    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(filled(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _records_json(
    rows: list[IncidentSummary], place: str, older: int | None, debts: dict[str, tuple[Debt, ...]], now: datetime
) -> str:
    records: list[dict[str, Any]] = []
    for row in rows:
        left = open_ones(debts.get(row.id, ()))
        late = late_ones(left, now)
        records.append({**asdict(row), "state": row.state, "debts": len(left), "overdue": late})
    return canonical_json({"store": place, "records": records, "older_before": older}).decode("utf-8")


def export_record(
    journal: SqliteJournal, wanted: str, to: Path, as_json: bool = False, *, give_restricted: bool = False
) -> Answer:
    """Write the bundle of a record into the new folder ``to``. Status 1 when something in it will not verify.

    ``give_restricted``: one that few may read is given out, too; else that is a BadInput, and nothing is written.
    """
    incident = journal.find(wanted)
    folder = journal.incident_folder(incident)
    exported = export(journal.lines(incident), folder, to, give_restricted=give_restricted)
    status = 1 if exported.problems else 0
    return Answer(_export_json(exported) if as_json else "\n".join(_export_lines(exported)), status)


def _export_lines(exported: Exported) -> list[str]:
    one = exported.incident
    lines = [
        f"exported {one.id} ({mode_word(one)}; {state_words(one)}) to {exported.path}",
        f"{exported.files} files and a manifest; head: event {one.head_seq}, {hash_groups(one.head_hash)}",
        *([f"! {RESTRICTED_WORDS}"] if restricted(one) else []),
        *(f"not in it: {left.path} ({left.why})" for left in exported.left_out),
        *(f"BAD: {problem}" for problem in exported.problems),
    ]
    if exported.problems:
        lines.append("the bundle is written, but it will not verify: something was changed after it was recorded")
    else:
        lines.append(f"check it anywhere: goaround verify {exported.path}")
    return [sanitise(line) for line in lines]


def _export_json(exported: Exported) -> str:
    one = exported.incident
    return canonical_json(
        {
            "incident": one.id,
            "mode": one.mode,
            "restricted": restricted(one),
            "state": state_words(one),
            "path": str(exported.path),
            "files": exported.files,
            "head": {"seq": one.head_seq, "hash": one.head_hash},
            "left_out": [asdict(left) for left in exported.left_out],
            "problems": list(exported.problems),
        }
    ).decode("utf-8")


def verify_target(
    target: str,
    journal: SqliteJournal | None,
    allowed_signers: Path | None = None,
    as_json: bool = False,
    *,
    folder: Path | None = None,
    revoked: Path | None = None,
    known_head: str = "",
) -> Answer:
    """Verify an exported folder or a record of the store; the first line of the answer says which of them it was."""
    if names_folder(target):
        result = verify_bundle(Path(target).expanduser(), allowed_signers, revoked=revoked, known_head=known_head)
    elif journal is None:
        raise BadInput(
            f"no record {sanitise(target)!r}: there are no records yet in {folder}", "", "give --store, or a folder"
        )
    else:
        incident = journal.find(target)
        result = verify_stored(
            journal.lines(incident),
            journal.incident_folder(incident),
            allowed_signers,
            where=str(journal.folder),
            revoked=revoked,
            known_head=known_head,
        )
        _check_summary(result, journal, incident)
    return Answer(result.to_json() if as_json else "\n".join(result.lines()), result.exit_status)


def names_folder(target: str) -> bool:
    """Whether ``verify`` is given a folder: what looks like a path, or is a folder here. Ids are never paths."""
    return os.sep in target or target in (".", "..", "~") or Path(target).is_dir()


def _check_summary(result: VerifyResult, journal: SqliteJournal, incident: str) -> None:
    """The store's list is written in the transaction of the event: a cut end shows where only the events were cut."""
    one = result.incident
    row = _summary(journal, incident)
    if one is None or row is None:
        return
    for listed, there, what in (
        (row.outcome, one.closed, "closed"),
        (row.executed, one.executed, "signed off"),
        (row.verified, one.verified, "verified"),
    ):
        if listed and there is None:
            text = f"the end is cut off: the list of records says that it is {what}, the journal does not"
            result.fail(text, one.head_seq + 1, "look for an export or a backup")
            return


def _summary(journal: SqliteJournal, incident: str) -> IncidentSummary | None:
    before = 0
    while rows := journal.newest(_PAGE, before):
        for row in rows:
            if row.id == incident:
                return row
        before = rows[-1].number
    return None
