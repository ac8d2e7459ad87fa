"""``goaround procedure propose``: a change of the followed procedure, as a diff, from what its record knows.

It writes a proposal and never the document. Every change is tried: one after which the document would mean anything
else than before is left out, and said to be.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from actions.gateways.journal import SqliteJournal
from actions.gateways.markdown import read_text
from actions.model.clock import SystemClock
from actions.model.codec import to_json
from actions.model.errors import BadInput
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.procedure import Procedure
from actions.model.procedure_proposal import Change, applied, remarks
from actions.model.proposed_dates import dates
from actions.model.proposed_times import times
from actions.model.quick_dataclass import dataclass
from app.procedure_pinning import KEPT_AS

_MAY_DIFFER = frozenset(
    ("line", "table_line", "rows", "sha256", "texts", "headings", "tables", "notes", "updated", "next_review")
)
"""What a proposal may change, or what follows from lines that were added."""
_TIMES = frozenset(("time_box_s", "time_box_low_s", "name", "duration", "duration_high_s", "duration_low_s"))


@dataclass(frozen=True)
class Proposal:
    """What is proposed, and what is not."""

    diff: str
    """Empty: nothing is proposed."""
    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()
    """Why something is not proposed."""


def propose(folder: Path, wanted: str, to: str) -> int:
    """Print the proposal, or write it to the new file ``to``. Exit status 0. Raises BadInput."""
    clock = SystemClock()
    journal = SqliteJournal(folder, clock, read_only=True)
    try:
        found = journal.find(wanted)
        events = journal.events(found)
        incident = fold(found, events)
        document = kept_document(incident, journal.incident_folder(found))
        made = proposal(incident, events, document, clock.now().date())
    finally:
        journal.close()
    for line in (*made.left_out, *_moved_on(incident)):
        sys.stderr.write(f"goaround: {sanitise(line)}\n")
    if not made.diff:
        print(f"nothing to propose from {found}: the document was followed as it stands")
        return 0
    if to:
        _write(Path(to), made.diff)
        count = f"{len(made.changes)} change{'' if len(made.changes) == 1 else 's'}"
        print(f"{count} proposed in {to}; apply it with: patch YOUR-PROCEDURE.md {to}")
    else:
        shown = sanitise(made.diff, keep_newlines=True) if sys.stdout.isatty() else made.diff
        sys.stdout.write(shown)
    return 0


def kept_document(incident: Incident, folder: Path) -> str:
    """The document as the incident followed it. Raises BadInput where none was kept, or it is not what was pinned."""
    if incident.procedure is None:
        raise BadInput(f"{incident.id} followed no document", "it is older than procedures are")
    try:
        data = (folder / KEPT_AS).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the document that {incident.id} followed cannot be read", sanitise(str(error))) from error
    return text


def proposal(incident: Incident, events: Sequence[Any], text: str, today: date) -> Proposal:
    """The changes that hold, one after the other, and the diff of all of them."""
    assert incident.procedure is not None  # asked before
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    before = read_text(text)
    wanted = [*dates(incident.procedure, lines, today), *times(incident, events, lines)]
    wanted += [one for one in remarks(incident, events, lines) if one.new[-1].strip() not in text]
    holds: list[Change] = []
    left_out: list[str] = []
    for one in wanted:
        tried = read_text(end.join(applied(lines, [*holds, one])))
        if _meaning(tried) == _meaning(before):
            holds.append(one)
        else:
            left_out.append(f"not proposed: line {one.line} ({one.why}): the document would mean something else then")
    if not holds:
        return Proposal("", (), tuple(left_out))
    name = Path(incident.procedure.path).name or "rollback.md"
    diff = _diff(lines, applied(lines, holds), name, end)
    head = [f"# Proposed by {incident.id}; nothing is changed until somebody applies it.{end}"]
    head += [f"# line {one.line}: {sanitise(one.why)}{end}" for one in holds]
    return Proposal("".join(head) + diff, tuple(holds), tuple(left_out))


def _diff(before: Sequence[str], after: Sequence[str], name: str, end: str) -> str:
    """A unified diff that ``patch`` takes, also of a text whose last line has no end."""

    def ended(lines: Sequence[str]) -> list[str]:
        rows = [f"{line}\n" for line in lines[:-1]]
        return [*rows, lines[-1]] if lines[-1] else rows

    out: list[str] = []
    for line in difflib.unified_diff(ended(before), ended(after), f"a/{name}", f"b/{name}"):
        if line.endswith("\n"):
            is_head = line.startswith(("---", "+++", "@@"))
            out.append(line if is_head or end == "\n" else f"{line[:-1]}{end}")
        else:
            out += (f"{line}\n", "\\ No newline at end of file\n")
    return "".join(out)


def _meaning(procedure: Procedure) -> Any:
    """Everything of a document but where it stands, times, dates and remarks."""

    def bare(value: Any, drop: frozenset[str]) -> Any:
        if isinstance(value, dict):
            return {key: bare(one, drop) for key, one in value.items() if key not in drop}
        return [bare(one, drop) for one in value] if isinstance(value, list) else value

    data = to_json(procedure)
    lists = bare(data.pop("checklists"), _MAY_DIFFER | _TIMES)
    return lists, bare(data, _MAY_DIFFER)


def _moved_on(incident: Incident) -> tuple[str, ...]:
    """Whether the document is another one now than the one that was followed."""
    declared, procedure = incident.declared, incident.procedure
    if declared is None or procedure is None or not procedure.path or not declared.config_path:
        return ()
    path = Path(declared.config_path).parent / Path(procedure.path).expanduser()
    try:
        from hashlib import sha256

        now = sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ()  # not on this machine
    if now == procedure.sha256:
        return ()
    return (f"{path} was changed since {incident.id}: the proposal is against what was followed then",)


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        raise BadInput(f"{path} is there already", "", "name a new file: a proposal overwrites nothing") from error
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written", sanitise(str(error.strerror)), "name a file in a folder of yours"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8"))
