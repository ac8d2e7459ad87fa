"""What the command ``evidence`` does: lists what a record or a bundle has kept, and gives out the content of one file.

Reads only. A file is given out when it is what the journal says, and a private one to a terminal only when forced:
its secrets would stay in the terminal's memory.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from actions.gateways import age_files
from actions.gateways import bundle_layout as layout
from actions.gateways.journal import SqliteJournal
from actions.model.canonical import canonical_json, sha256_hex
from actions.model.chain import verify_file, verify_lines
from actions.model.errors import BadInput, RecordDamaged
from actions.model.events import EvidenceKept
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.recipient import NOT_ENCRYPTED

_OTHER_COPY = "look for another copy: an export or a backup"


@dataclass(frozen=True)
class KeptFiles:
    """The evidence of a record, and where it lies."""

    incident: Incident
    folder: Path
    asked: str
    """The id or folder, as given."""
    bundle: bool = False


def kept_of(target: str, journal: SqliteJournal | None, is_folder: bool) -> KeptFiles:
    """The record with this id in the store, or the exported bundle in this folder. Raises BadInput, RecordDamaged."""
    if is_folder:
        folder = Path(target).expanduser()
        if not (folder / layout.JOURNAL).exists():
            raise BadInput(f"{layout.shown_path(folder)} is no bundle", "", "give an exported folder, or a record's id")
        chain = verify_file(layout.read_plain(folder / layout.JOURNAL))
    elif journal is None:
        raise BadInput(f"no record {sanitise(target)!r}: there are no records yet", "", "give --store, or a folder")
    else:
        found = journal.find(target)
        folder, chain = journal.incident_folder(found), verify_lines(journal.lines(found))
    layout.cited_files(chain.events)  # refuses names that lead out of the record
    return KeptFiles(chain.folded, folder, target, is_folder)


def listing(kept: KeptFiles, as_json: bool = False) -> str:
    """One line for each kept file, in the order they were kept."""
    rows = kept.incident.evidence
    if as_json:
        files = [{key: value for key, value in asdict(one).items() if key not in ("kind", "marks")} for one in rows]
        for file in files:
            file["encrypted_to"] = list(file["encrypted_to"])
        return canonical_json({"incident": kept.incident.id, "evidence": files}).decode("utf-8")
    if not rows:
        return f"{kept.incident.id} has kept no evidence"
    lines = []
    for one in rows:
        lines.append(f"{one.path}  {one.size} bytes  {_how(one)}" + ("" if one.complete else "  INCOMPLETE"))
        lines += [f"    {one.note}"] if one.note and one.note != NOT_ENCRYPTED else []
    lines.append(
        f"read one: goaround evidence {shlex.quote(kept.asked)} NAME > FILE (--identity KEY for an encrypted one)"
    )
    return "\n".join(sanitise(line) for line in lines)


def _how(one: EvidenceKept) -> str:
    if one.encrypted_to:
        return f"private, encrypted to {', '.join(one.encrypted_to)}"
    return NOT_ENCRYPTED if one.private else "text without secrets"


def content(kept: KeptFiles, name: str, identity: str = "") -> tuple[EvidenceKept, Iterator[bytes]]:
    """The file that is named, and its bytes as they were collected. Raises BadInput, RecordDamaged.

    All that can be wrong with an encrypted file is found before the first byte is given.
    """
    one = _named(kept.incident.evidence, name)
    what = sanitise(one.path)
    if kept.bundle and one.private and not one.encrypted_to:
        where = layout.private_words(kept.incident)
        raise BadInput(f"{what} is not in the bundle", sanitise(where), "ask for it there: goaround evidence ID NAME")
    path = kept.folder / layout.EVIDENCE / one.path
    data = layout.read_plain(path)
    if sha256_hex(data) != one.sha256:
        raise RecordDamaged(f"{what} has changed since it was recorded", "nothing of it is given out", _OTHER_COPY)
    if one.encrypted_to:
        to = sanitise(", ".join(one.encrypted_to))
        if not identity:
            raise BadInput(f"{what} is encrypted to {to}", "", "give a private key of one of them with --identity FILE")
        by_hand = f"age -d -i {shlex.quote(identity)} {shlex.quote(str(path))} | gunzip"
        data = age_files.unseal(data, Path(identity), what, by_hand)
    return one, age_files.unpacked(data, what)


def _named(rows: tuple[EvidenceKept, ...], name: str) -> EvidenceKept:
    """By path, which is never given twice, or by name where one file alone has it."""
    found = [one for one in rows if name == one.path] or [one for one in rows if name == one.name]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(sanitise(one.path) for one in found)
        raise BadInput(f"{len(found)} files are named {sanitise(name)}", "", f"give one of their paths: {paths}")
    raise BadInput(f"no evidence is named {sanitise(name)!r}", "", "goaround evidence ID lists what there is")


def give_out(one: EvidenceKept, pieces: Iterable[bytes], out: IO[bytes], *, terminal: bool, force: bool) -> None:
    """Write the content: byte for byte into a file or pipe, made harmless on a terminal. Raises BadInput."""
    if not terminal:
        for piece in pieces:
            out.write(piece)
        out.flush()
        return
    if one.private and not force:
        raise BadInput(
            f"{sanitise(one.path)} is private and may hold secrets: it is not shown on a terminal",
            "",
            "send it into a file (> FILE) or a pipe, or give --force",
        )
    for line in b"".join(pieces).split(b"\n"):
        out.write(sanitise(line).encode("utf-8", "replace") + b"\n")
    out.flush()
