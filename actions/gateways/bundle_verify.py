"""Judges a bundle, or a record in the store: chain, files, report, sign-offs. Needs nothing but what it is given.

Trusts nothing in the bundle: every file is read as a plain file inside it, every text is made safe before it is shown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from actions.gateways import bundle_layout as layout
from actions.gateways import signatures
from actions.gateways.bundle_approvals import check_approvals
from actions.gateways.bundle_result import VerifyResult
from actions.gateways.bundle_sign_offs import check_sign_offs, check_statements
from actions.model.canonical import loads_strict
from actions.model.chain import ChainResult, verify_file, verify_lines
from actions.model.errors import BadInput, GoaroundError, RecordDamaged
from actions.model.record_text import TEXT_VERSION, markdown, state_words

_CUT = "look for a whole copy: another export, the store, or the head that was printed"


def verify_bundle(
    folder: Path, allowed_signers: Path | None = None, *, revoked: Path | None = None, known_head: str = ""
) -> VerifyResult:
    """Verify an exported bundle. ``known_head`` is a head that was printed or exported earlier, or its beginning.

    Raises BadInput for what is no bundle, was written by a newer goaround, or cannot be verified as asked.
    """
    signatures.check_files(allowed_signers, revoked)
    known = _known(known_head)
    result = VerifyResult("bundle", layout.shown_path(folder))
    if not folder.is_dir():
        raise BadInput(f"{result.path} is no folder", "", "give the folder that goaround export has written")
    if not (folder / layout.JOURNAL).exists() and not (folder / layout.MANIFEST).exists():
        raise BadInput(f"{result.path} is no bundle: it has no {layout.JOURNAL}", "", "give an exported folder")
    manifest = _manifest(result, folder)
    chain = _chain(result, folder)
    found = _walked(result, folder)
    if manifest is not None:
        _check_manifest(result, folder, manifest, found)
    if chain is None:
        return result
    if manifest is not None:
        _check_head(result, chain, manifest.head_seq, manifest.head_hash, layout.MANIFEST)
        if manifest.incident != chain.incident:
            result.fail(f"{layout.MANIFEST} is that of another incident")
    _check_known(result, chain, known)
    if not _understood(result, chain):
        return result
    _check_sign_off_file(result, folder, chain)
    _check_report(result, folder, chain, manifest)
    _check_cited(result, folder, chain, manifest, found)
    check_sign_offs(result, chain, allowed_signers, revoked)
    check_approvals(result, chain, allowed_signers, revoked)
    return result


def verify_stored(
    journal_lines: list[bytes],
    incident_folder: Path,
    allowed_signers: Path | None = None,
    *,
    where: str = "",
    revoked: Path | None = None,
    known_head: str = "",
) -> VerifyResult:
    """Verify a record in the store: its chain, its sign-offs, and the files on disk that it cites."""
    signatures.check_files(allowed_signers, revoked)
    known = _known(known_head)
    result = VerifyResult("stored record in", where or layout.shown_path(incident_folder))
    try:
        chain = verify_lines(journal_lines)
    except RecordDamaged as error:
        result.fail_with(error)
        return result
    result.good(f"chain: {chain.head_seq} events, each follows the one before")
    _check_known(result, chain, known)
    if not _understood(result, chain):
        return result
    try:
        cited = layout.cited_files(chain.events)
    except RecordDamaged as error:
        result.fail_with(error)
        cited = []
    kept = 0
    for one in cited:
        path = layout.stored_path(incident_folder, one)
        if not one.sha256:
            result.not_shown(f"{one.path}: no end of its run is recorded, so nothing vouches for it")
        else:
            kept += _same(result, path, one)
    result.good(f"files: {kept} of {sum(bool(one.sha256) for one in cited)} cited files are as they were recorded")
    check_sign_offs(result, chain, allowed_signers, revoked)
    check_approvals(result, chain, allowed_signers, revoked)
    return result


def _same(result: VerifyResult, path: Path, cited: layout.Cited) -> bool:
    try:
        entry = layout.hash_file(path)
    except GoaroundError as error:
        result.fail(f"{cited.path}: {error.title}", cited.seq, "look for another copy of the file")
        return False
    if entry.sha256 != cited.sha256:
        result.fail(f"{cited.path} has changed since it was recorded", cited.seq, "do not rely on this file")
        return False
    return True


def _manifest(result: VerifyResult, folder: Path) -> layout.Manifest | None:
    try:
        return layout.read_manifest(folder)
    except RecordDamaged as error:
        result.fail_with(error)
        return None


def _chain(result: VerifyResult, folder: Path) -> ChainResult | None:
    try:
        chain = verify_file(layout.read_plain(folder / layout.JOURNAL))
    except RecordDamaged as error:
        result.fail_with(error)
        return None
    result.good(f"chain: {chain.head_seq} events, each follows the one before")
    return chain


def _known(head: str) -> str:
    plain = "".join(head.split()).lower()
    if plain and not re.fullmatch(r"[0-9a-f]{16,64}", plain):
        raise BadInput("the known head is no hash", "", "give at least its first 16 digits; spaces do not matter")
    return plain


def _check_known(result: VerifyResult, chain: ChainResult, known: str) -> None:
    if not known:
        return
    seq = next((event.seq for event in chain.events if event.hash.startswith(known)), None)
    if seq is None:
        text = "the head that is known is in no event: the end is cut off, or the journal was written anew"
        result.fail(text, chain.head_seq + 1, _CUT)
    else:
        result.good(f"the head that is known is event {seq} of {chain.head_seq}")


def _understood(result: VerifyResult, chain: ChainResult) -> bool:
    try:
        result.incident = chain.folded
    except RecordDamaged as error:
        result.fail_with(error)
        return False
    for kind in dict.fromkeys(event.kind for event in chain.events if event.body.kind == "unknown"):
        result.not_shown(f"events of a kind or form that this version does not know: {layout.shown_path(kind)}")
    return True


def _walked(result: VerifyResult, folder: Path) -> set[str]:
    try:
        return set(layout.walk(folder))
    except RecordDamaged as error:
        result.fail_with(error)
        return set()


def _check_manifest(result: VerifyResult, folder: Path, manifest: layout.Manifest, found: set[str]) -> None:
    """Every file is there and unchanged, and none was added."""
    bad = 0
    for path, entry in sorted(manifest.files.items()):
        if path not in found or not layout.is_plain_path(path):
            result.fail(f"{layout.shown_path(path)} is missing", None, "look for a whole copy of the bundle")
            bad += 1
            continue
        try:
            seen = layout.hash_file(folder / path)
        except RecordDamaged as error:
            result.fail_with(error)
            bad += 1
            continue
        if seen != entry:
            result.fail(f"{layout.shown_path(path)} has changed since the export")
            bad += 1
    for path in sorted(found - set(manifest.files) - {layout.MANIFEST}):
        result.fail(f"{layout.shown_path(path)} was added after the export", None, "take it out, or doubt the bundle")
        bad += 1
    missing = {layout.JOURNAL, layout.RECORD, layout.SIGN_OFF} - set(manifest.files)
    if missing:
        result.fail(f"{layout.MANIFEST} does not name {', '.join(sorted(missing))}")
    elif not bad:
        result.good(f"files: {len(manifest.files)} files are as they were exported, and there are no others")


def _check_head(result: VerifyResult, chain: ChainResult, seq: int, digest: str, source: str) -> None:
    if chain.head_seq < seq:
        text = f"the end is cut off: {source} knows {seq} events, the journal ends with {chain.head_seq}"
        result.fail(text, chain.head_seq + 1, _CUT)
    elif chain.head_seq > seq:
        result.fail(f"events were added: {source} knows {seq} events only", max(seq, 0) + 1, _CUT)
    elif chain.head_hash != digest:
        result.fail(f"this journal does not end as {source} says: it was written anew", chain.head_seq, _CUT)


def _check_sign_off_file(result: VerifyResult, folder: Path, chain: ChainResult) -> None:
    try:
        data = layout.read_plain(folder / layout.SIGN_OFF)
        expected = layout.sign_off_json(chain.folded, chain.events)
    except RecordDamaged as error:
        result.fail_with(error)
        return
    if data == expected:
        result.good(f"{layout.SIGN_OFF} says what the journal says")
        return
    result.fail(f"{layout.SIGN_OFF} does not say what the journal says")
    try:
        said: Any = loads_strict(data)
    except ValueError:
        return
    head = said.get("head") if isinstance(said, dict) else None
    if isinstance(head, dict) and isinstance(head.get("seq"), int):
        _check_head(result, chain, head["seq"], str(head.get("hash")), layout.SIGN_OFF)
    rows = said.get("sign_offs") if isinstance(said, dict) else None
    check_statements(result, chain, rows if isinstance(rows, list) else [])


def _check_report(result: VerifyResult, folder: Path, chain: ChainResult, manifest: layout.Manifest | None) -> None:
    version = manifest.text_version if manifest is not None else TEXT_VERSION
    if version != TEXT_VERSION:
        result.not_shown(f"{layout.RECORD} was made by older rules ({version}); only {layout.MANIFEST} vouches for it")
        return
    try:
        text = layout.read_plain(folder / layout.RECORD)
    except RecordDamaged as error:
        result.fail_with(error)
        return
    if text == markdown(chain.folded, chain.events).encode("utf-8"):
        result.good(f"{layout.RECORD} says what the journal says")
    else:
        result.fail(f"{layout.RECORD} does not say what the journal says", None, "read the journal, not the report")


def _check_cited(
    result: VerifyResult, folder: Path, chain: ChainResult, manifest: layout.Manifest | None, found: set[str]
) -> None:
    """Files that events vouch for; those that no event names have no place in a bundle."""
    try:
        cited = layout.cited_files(chain.events)
    except RecordDamaged as error:
        result.fail_with(error)
        return
    _check_left_out(result, chain, manifest, cited)
    kept = 0
    for one in cited:
        if one.private:
            why = layout.private_words(chain.folded)
            result.not_shown(f"{one.path}: not in the bundle: {layout.shown_path(why)} (sha256 {one.sha256})")
        elif one.path not in found:
            _absent(result, one)
        elif not one.sha256:
            result.not_shown(f"{one.path}: no end of its run is recorded, so only {layout.MANIFEST} vouches for it")
        else:
            kept += _same(result, folder / one.path, one)
    if kept:
        result.good(f"evidence and outputs: {kept} files are as the journal cites them")
    own = {layout.JOURNAL, layout.RECORD, layout.SIGN_OFF, layout.MANIFEST}
    for path in sorted(found - own - {one.path for one in cited if not one.private}):
        result.fail(f"{layout.shown_path(path)} is named by no event", None, "take it out, or doubt the bundle")


def _check_left_out(
    result: VerifyResult, chain: ChainResult, manifest: layout.Manifest | None, cited: list[layout.Cited]
) -> None:
    if manifest is None:
        return
    why = layout.private_words(chain.folded)
    private = [layout.Left(one.path, one.sha256, why) for one in cited if one.private]
    said = [one for one in manifest.left_out if one.why == why]
    others = {one.path for one in manifest.left_out if one.why != why}
    if said != private or not others <= {one.path for one in cited if not one.private}:
        result.fail(f"{layout.MANIFEST} does not say rightly what was left out")
    if manifest.state != state_words(chain.folded):
        result.fail(f"{layout.MANIFEST} does not say rightly where the record stands")


def _absent(result: VerifyResult, cited: layout.Cited) -> None:
    if cited.sha256:
        result.fail(f"{cited.path} is missing", cited.seq, "look for a whole copy of the bundle")
    else:
        result.not_shown(f"{cited.path}: not in the bundle, and no end of its run is recorded")
