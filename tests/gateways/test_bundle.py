"""Bundles: whole or not there, the same anywhere, and every change of theirs is found."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from record_builder import BuiltRecord, a_plan, allow, make_key, run_step, small_declared, small_record, whole_record

from actions.gateways import bundle_layout as layout
from actions.gateways.bundle import Exported, VerifyResult, export, verify_bundle, verify_stored
from actions.model import events as ev
from actions.model.canonical import canonical_json, sha256_hex
from actions.model.errors import BadInput, RecordDamaged
from actions.model.record_text import markdown


def exported(built: BuiltRecord, to: Path) -> Exported:
    return export(built.lines, built.folder, to)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("ops1", "ops2")}


@pytest.fixture
def allowed(keys: dict[str, Path], tmp_path: Path) -> Path:
    return allow(tmp_path / "allowed", ("ops1@jump", keys["ops1"], ""), ("ops2@jump", keys["ops2"], ""))


@pytest.fixture
def whole(tmp_path: Path) -> BuiltRecord:
    return whole_record(tmp_path / "store")


@pytest.fixture
def bundle(whole: BuiltRecord, tmp_path: Path) -> Path:
    return exported(whole, tmp_path / "bundle").path


def said(result: VerifyResult) -> str:
    return "\n".join(result.lines())


def edit_json(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_bytes(canonical_json(data) + b"\n")


def forge_manifest(folder: Path) -> None:
    """What a forger does who edits files and makes a manifest that fits, for the journal as it now is."""
    head = json.loads((folder / "journal.jsonl").read_bytes().splitlines()[-1])

    def change(data: dict[str, object]) -> None:
        data["head_seq"], data["head_hash"] = head["seq"], head["hash"]
        names = sorted(set(layout.walk(folder)) - {"manifest.json"})
        data["files"] = {name: vars(layout.hash_file(folder / name)) for name in names}

    edit_json(folder / "manifest.json", change)


def cut(folder: Path, keep: int) -> None:
    path = folder / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))


def test_a_bundle_holds_the_whole_record(whole: BuiltRecord, bundle: Path) -> None:
    """Nothing is lost: journal, report, outputs and evidence are in it byte for byte; private files are only named."""
    names = set(layout.walk(bundle))
    assert names == {
        "evidence/app.log.gz",
        "journal.jsonl",
        "manifest.json",
        "record.md",
        "sign-off.json",
        "spool/run-001-X1.log",
        "spool/run-002-X1.log",
        "spool/run-003-X2.log",
    }
    assert (bundle / "journal.jsonl").read_bytes().splitlines() == whole.lines
    assert (bundle / "record.md").read_text() == markdown(whole.incident, whole.journal.events(whole.id))
    manifest = layout.read_manifest(bundle)
    assert set(manifest.files) == names - {"manifest.json"}
    for name, entry in manifest.files.items():
        data = (bundle / name).read_bytes()
        assert (entry.sha256, entry.size) == (sha256_hex(data), len(data))
    (left,) = manifest.left_out
    assert (left.path, left.why) == ("evidence/private/config.json.gz", "private: stays on jump-1")
    assert left.sha256 in (bundle / "record.md").read_text()
    assert b"content of config.json" not in b"".join((bundle / name).read_bytes() for name in names)
    for name in names:
        assert (bundle / name).stat().st_mode & 0o777 == 0o600


def test_exporting_twice_gives_the_same_bytes(whole: BuiltRecord, bundle: Path, tmp_path: Path) -> None:
    """A bundle is made from the record alone, so two exports can be compared."""
    again = exported(whole, tmp_path / "again").path
    for name in layout.walk(bundle):
        assert (again / name).read_bytes() == (bundle / name).read_bytes(), name


def test_an_untouched_bundle_verifies_elsewhere(whole: BuiltRecord, bundle: Path, tmp_path: Path) -> None:
    """A bundle verifies with nothing but itself: moved, and with the store gone."""
    elsewhere = tmp_path / "elsewhere" / "folder with spaces"
    elsewhere.parent.mkdir()
    shutil.move(bundle, elsewhere)
    count, head = len(whole.lines), whole.journal.head(whole.id)[1]
    whole.journal.close()
    shutil.rmtree(tmp_path / "store")
    result = verify_bundle(elsewhere)
    assert result.ok, said(result)
    assert result.exit_status == 0
    assert result.first_bad is None
    assert "UNSIGNED: no key is configured" in said(result)
    assert "not in the bundle: private: stays on jump-1" in said(result)
    assert result.lines()[-1].startswith(
        f"VERIFIED: {whole.id} (LIVE; closed: recovered; executed by ops1 (NOT SIGNED)"
    )
    data = json.loads(result.to_json())
    assert data["ok"] is True
    assert data["mode"] == "live"
    assert data["head"] == {"seq": count, "hash": head}
    assert [row["state"] for row in data["sign_offs"]] == ["unsigned", "unsigned"]


@pytest.mark.ssh
def test_a_signed_bundle_verifies_with_the_allowed_signers(
    tmp_path: Path, keys: dict[str, Path], allowed: Path
) -> None:
    """Executed by, verified by: two people, two keys, checked anywhere with the allowed-signers file."""
    folder = exported(whole_record(tmp_path / "store", keys=keys), tmp_path / "bundle").path
    result = verify_bundle(folder, allowed)
    assert result.ok, said(result)
    assert [(one.state, one.signer) for one in result.sign_offs] == [
        ("verified", "ops1@jump"),
        ("verified", "ops2@jump"),
    ]
    assert "NOT SIGNED" not in said(result)
    unchecked = verify_bundle(folder)
    assert unchecked.ok
    assert "signatures present, not checked: give --allowed-signers" in said(unchecked)
    assert [one.state for one in unchecked.sign_offs] == ["not checked", "not checked"]
    strangers = allow(tmp_path / "strangers", ("ops1@jump", keys["ops1"], ""))
    wrong = verify_bundle(folder, strangers)
    assert not wrong.ok
    assert wrong.first_bad == len((folder / "journal.jsonl").read_bytes().splitlines())
    assert "not among the allowed signers for ops2@jump" in said(wrong)
    with pytest.raises(BadInput, match="allowed-signers"):
        verify_bundle(folder, tmp_path / "none")


def test_every_changed_byte_of_the_journal_is_found(tmp_path: Path) -> None:
    """F17 on a bundle: with any byte of journal.jsonl changed it fails, and the first bad event is named."""
    folder = exported(small_record(tmp_path / "store"), tmp_path / "bundle").path
    path = folder / "journal.jsonl"
    data = path.read_bytes()
    seq = 1
    for position, byte in enumerate(data):
        path.write_bytes(data[:position] + bytes([byte ^ 1]) + data[position + 1 :])
        result = verify_bundle(folder)
        assert result.exit_status == 1
        assert result.first_bad == seq, position
        assert result.lines()[-1].endswith(f"first bad event: {seq}")
        seq += byte == 0x0A
    path.write_bytes(data)
    assert verify_bundle(folder).ok


def test_lines_removed_swapped_or_inserted_are_found(bundle: Path) -> None:
    """F17 on a bundle, whose manifest a forger made to fit: each line removed, each pair swapped, each doubled."""
    path = bundle / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    count = len(lines)
    changed: list[tuple[int, list[bytes]]] = []
    for n in range(count - 1):
        changed.append((n + 1, lines[:n] + lines[n + 1 :]))
        changed.append((n + 1, [*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]))
        changed.append((n + 2, [*lines[: n + 1], *lines[n:]]))
    for bad, text in changed:
        path.write_bytes(b"".join(text))
        result = verify_bundle(bundle)
        assert result.first_bad == bad, said(result)


def test_a_cut_end_is_found(bundle: Path, whole: BuiltRecord) -> None:
    """F17, tail cut at every event: found by the manifest, and when that was made to fit, by sign-off.json."""
    manifest = (bundle / "manifest.json").read_bytes()
    for keep in range(len(whole.lines) - 1, 0, -1):
        cut(bundle, keep)
        result = verify_bundle(bundle)
        assert result.first_bad == keep + 1, said(result)
        assert f"manifest.json knows {len(whole.lines)} events, the journal ends with {keep}" in said(result)
        forge_manifest(bundle)
        result = verify_bundle(bundle)
        assert result.first_bad == keep + 1, said(result)
        assert "sign-off.json knows" in said(result)
        (bundle / "manifest.json").write_bytes(manifest)


@pytest.mark.ssh
def test_a_cut_end_is_found_by_what_was_signed(tmp_path: Path, keys: dict[str, Path], allowed: Path) -> None:
    """F17: with every head edited to match the cut, what was signed still stands over the missing events."""
    built = whole_record(tmp_path / "store", keys=keys)
    folder = exported(built, tmp_path / "bundle").path
    total = len(built.lines)
    for keep in (total - 3, total - 5, 3):
        cut(folder, keep)
        head = json.loads((folder / "journal.jsonl").read_bytes().splitlines()[-1])
        shown = json.loads((folder / "sign-off.json").read_bytes())
        shown["head"] = {"seq": head["seq"], "hash": head["hash"]}
        (folder / "sign-off.json").write_bytes(canonical_json(shown) + b"\n")
        forge_manifest(folder)
        result = verify_bundle(folder, allowed)
        assert result.first_bad == keep + 1, said(result)
        assert f"a sign-off stands over event {total - 2}, the journal ends with {keep}" in said(result)


def test_what_an_unsigned_record_cannot_prove_is_said(tmp_path: Path) -> None:
    """Honesty: a bundle exported from a cut record is consistent; verify says what that does not prove."""
    built = small_record(tmp_path / "store")
    whole_head = built.journal.head(built.id)[1]
    folder = export(built.lines[:3], built.folder, tmp_path / "bundle").path
    result = verify_bundle(folder)
    assert result.ok
    assert "not signed off by anybody" in said(result)
    assert "could have written it anew, or cut off its end" in said(result)
    known = verify_bundle(folder, known_head=whole_head)
    assert known.first_bad == 4
    assert "the head that is known is in no event" in said(known)
    printed = " ".join(json.loads(built.lines[1])["hash"][n : n + 4] for n in range(0, 20, 4))
    assert "the head that is known is event 2 of 3" in said(verify_bundle(folder, known_head=printed))
    with pytest.raises(BadInput, match="known head"):
        verify_bundle(folder, known_head="abc")


@pytest.mark.ssh
def test_a_record_written_anew_is_found_by_its_signatures(tmp_path: Path, keys: dict[str, Path], allowed: Path) -> None:
    """A forger who rewrites the journal with all hashes and carries the signatures over is found by them."""
    built = small_record(tmp_path / "store", keys=keys)
    prev, lines, hashes = ev.GENESIS, [], [""]
    for line in built.lines:
        data = {**json.loads(line), "prev": prev}
        data.pop("hash")
        if data["kind"] == "note":
            data["data"] = {"text": "all was well"}
        if data["kind"] == "signed.off":
            data["data"]["over_hash"] = hashes[data["data"]["over_seq"]]
        prev = ev.chain_hash(prev, data)
        hashes.append(prev)
        lines.append(canonical_json({**data, "hash": prev}))
    folder = export(lines, built.folder, tmp_path / "forged").path
    for result in (verify_bundle(folder, allowed), verify_bundle(folder)):
        assert result.first_bad == 4, said(result)
        assert "made over something else" in said(result)
        assert [one.state for one in result.sign_offs] == ["bad", "bad"]


@pytest.mark.ssh
def test_a_drill_with_replayed_signatures_does_not_verify_as_live(
    tmp_path: Path, keys: dict[str, Path], allowed: Path
) -> None:
    """Promise 5: signatures over a drill's statement do not hold for the same record when it claims to be live."""
    built = small_declared(tmp_path / "store", "live", keys)
    built.add(ev.Closed("false alarm", ""))
    built.sign_off("executed", "ops1", mode="DRILL")
    result = verify_bundle(exported(built, tmp_path / "bundle").path, allowed)
    assert result.first_bad == 3
    drill = small_record(tmp_path / "other", "drill", keys=keys)
    result = verify_bundle(exported(drill, tmp_path / "drill").path, allowed)
    assert result.ok, said(result)
    assert result.lines()[-1].startswith(f"VERIFIED: {drill.id} (DRILL;")


@pytest.mark.ssh
def test_two_names_need_two_keys_and_the_right_ones(tmp_path: Path, keys: dict[str, Path]) -> None:
    """Verified by another person: one key under two names, and a key that is not the configured one, are found."""
    one = keys["ops1"]
    both = allow(tmp_path / "both", ("ops1@jump", one, ""), ("ops2@jump", one, ""))
    built = small_record(tmp_path / "store", keys={"ops1": one, "ops2": one})
    result = verify_bundle(exported(built, tmp_path / "bundle").path, both)
    assert result.first_bad == 5
    assert "two names, one signer" in said(result)
    other = small_declared(tmp_path / "other", "live", keys)
    other.add(ev.Closed("false alarm", ""))
    other.sign_off("executed", "ops1", signer="ops2@jump")
    result = verify_bundle(exported(other, tmp_path / "other-bundle").path, both)
    assert result.first_bad == 3
    assert "ops1 signs as ops1@jump, but ops2@jump has signed" in said(result)


def test_the_same_person_cannot_verify(tmp_path: Path) -> None:
    """Verified by somebody else, also in a record that was not written through the cockpit."""
    built = small_record(tmp_path / "store", signed=False)
    built.sign_off("executed", "ops1")
    built.sign_off("verified", "ops1")
    result = verify_bundle(exported(built, tmp_path / "bundle").path)
    assert result.first_bad == 5
    assert "same person" in said(result)


def test_a_sign_off_entered_by_somebody_else_says_so(tmp_path: Path) -> None:
    """Two names typed at one login are no two people: report and verification say at whose login it was entered."""
    built = small_record(tmp_path / "store", signed=False)
    for part, person in (("executed", "ops1"), ("verified", "ops2")):
        seq, digest = built.journal.head(built.id)
        built.add(ev.SignedOff(part, person, "", seq, digest, unsigned="no key"), "ops1")
    folder = exported(built, tmp_path / "bundle").path
    assert "verified by ops2, over event 4, entered at the login of ops1: UNSIGNED" in said(verify_bundle(folder))
    assert (folder / "record.md").read_text().count("**entered at the login of ops1**") == 1


def test_events_after_the_last_sign_off_are_said(tmp_path: Path) -> None:
    """What nobody stands for is said: an event that was added after both had signed."""
    built = small_record(tmp_path / "store")
    assert "nobody stands for them" not in said(verify_stored(built.lines, built.folder))
    built.add(ev.NoteAdded("added later"))
    assert "events from 6 on came after the last sign-off" in said(verify_stored(built.lines, built.folder))


@pytest.mark.parametrize("fit", [False, True], ids=["manifest as it was", "manifest made to fit"])
@pytest.mark.parametrize("name", ["evidence/app.log.gz", "spool/run-001-X1.log", "record.md", "sign-off.json"])
def test_every_changed_lost_or_linked_file_is_found(bundle: Path, name: str, fit: bool) -> None:
    """A file of the bundle changed, lost, or replaced by a link is found, also when the manifest was made to fit."""
    path = bundle / name
    data = path.read_bytes()

    def spoil(how: Callable[[], object], *words: str) -> None:
        how()
        if fit and path.is_file() and not path.is_symlink():
            forge_manifest(bundle)
        result = verify_bundle(bundle)
        assert not result.ok, said(result)
        assert any(name in line for line in result.lines())
        if "/" in name and path.is_file() and not path.is_symlink():
            cited = next(
                n
                for n, line in enumerate((bundle / "journal.jsonl").read_bytes().splitlines(), 1)
                if _cites(line, name)
            )
            assert result.first_bad == cited, said(result)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    spoil(lambda: path.write_bytes(data + b"x"))
    spoil(lambda: path.write_bytes(data[:-1]))
    spoil(path.unlink)
    spoil(lambda: link_instead(path))
    spoil(lambda: pipe_instead(path))
    forge_manifest(bundle)
    assert verify_bundle(bundle).ok


def link_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _cites(line: bytes, name: str) -> bool:
    event = json.loads(line)
    if event["kind"] == "evidence.kept":
        return bool(name == "evidence/" + event["data"]["path"])
    return bool(event["kind"] == "step.finished" and event["data"]["run"] == 1 and name.startswith("spool/run-001"))


def test_added_files_are_found(bundle: Path) -> None:
    """Nothing can be slipped into a bundle, even with a manifest that names it."""
    for name in ("evidence/extra.log", "notes.txt", "evidence/private/config.json.gz", ".hidden"):
        path = bundle / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        assert f"{name} was added after the export" in said(verify_bundle(bundle))
        forge_manifest(bundle)
        assert f"{name} is named by no event" in said(verify_bundle(bundle))
        path.unlink()
        forge_manifest(bundle)
    assert verify_bundle(bundle).ok


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null\n", b"\xff", b'{"format":1}', b"{" * 500])
def test_a_broken_manifest_is_no_crash(bundle: Path, content: bytes) -> None:
    """Damage of the manifest is a finding; the journal is still looked at."""
    (bundle / "manifest.json").write_bytes(content)
    result = verify_bundle(bundle)
    assert not result.ok
    assert "manifest.json is damaged" in said(result)
    assert "each follows the one before" in said(result)
    (bundle / "manifest.json").unlink()
    assert not verify_bundle(bundle).ok


def test_every_changed_byte_of_manifest_and_sign_off_is_found(tmp_path: Path) -> None:
    """No byte of the small files is free; a format number that became a newer one is refused as such."""
    folder = exported(small_record(tmp_path / "store"), tmp_path / "bundle").path
    for name in ("manifest.json", "sign-off.json", "record.md"):
        path = folder / name
        data = path.read_bytes()
        for position in range(0, len(data), 3):
            path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
            try:
                result = verify_bundle(folder)
            except BadInput as error:
                assert "newer goaround" in error.title  # noqa: PT017 - the rare byte that is the version's digit
                continue
            assert not result.ok, (name, position)
        path.write_bytes(data)


@pytest.mark.parametrize("field", ["format", "text_version"])
def test_a_newer_bundle_is_refused_cleanly(bundle: Path, field: str) -> None:
    """F18: a bundle of a newer version is refused with one line, and not called damaged."""
    edit_json(bundle / "manifest.json", lambda data: data.update({field: 2, "new_field": {"x": 1}}))
    with pytest.raises(BadInput, match="written by a newer goaround"):
        verify_bundle(bundle)


def test_what_is_no_bundle_is_bad_input(tmp_path: Path) -> None:
    """A wrong folder is the operator's slip, not a damaged record."""
    with pytest.raises(BadInput, match="is no bundle"):
        verify_bundle(tmp_path)
    with pytest.raises(BadInput, match="is no folder"):
        verify_bundle(tmp_path / "none")


def test_an_open_incident_exports_and_says_so(tmp_path: Path) -> None:
    """A record is looked at while the incident goes on: it says that it is open and not signed off."""
    built = small_declared(tmp_path / "store")
    plan = a_plan()
    built.add(ev.PlanDrawn(plan.digest, plan.to_json()))
    run_step(built, plan, 1, "X1", ok=True, ends=False)
    folder = exported(built, tmp_path / "bundle").path
    assert "open: not signed off" in (folder / "record.md").read_text()
    assert (folder / "spool/run-001-X1.log").read_text() == "output of run 1\n"
    result = verify_bundle(folder)
    assert result.ok, said(result)
    assert "open: not signed off" in result.lines()[-1]
    assert "only manifest.json vouches for it" in said(result)


def test_a_target_that_is_there_is_never_touched(whole: BuiltRecord, tmp_path: Path) -> None:
    """Nothing is written over: a folder that holds something, a file and a link are refused; an empty one is taken."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "keep").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    file = tmp_path / "file"
    file.write_text("mine")
    for target in (full, link, file, file / "below"):
        with pytest.raises(BadInput):
            exported(whole, target)
    assert (full / "keep").read_text() == file.read_text() == "mine"
    empty = tmp_path / "deep" / "empty"
    empty.mkdir(parents=True)
    assert verify_bundle(exported(whole, empty).path).ok
    assert not list(tmp_path.rglob("*partial*"))


EXPORT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from actions.gateways.bundle import export
left, inner = int(sys.argv[4]), os.fsync
def fsync(descriptor):
    global left
    inner(descriptor)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = fsync
export(Path(sys.argv[1]).read_bytes().splitlines(), Path(sys.argv[2]), Path(sys.argv[3]))
print("whole")
"""


def test_a_killed_export_leaves_no_half_bundle(whole: BuiltRecord, tmp_path: Path) -> None:
    """F103: SIGKILL wherever something reaches the disk: nothing stands under the final name, or all of it."""
    lines = tmp_path / "lines"
    lines.write_bytes(b"\n".join(whole.lines))
    root = Path(__file__).parents[2]
    killed = 0
    for number in range(1, 40):
        target = tmp_path / "out" / "bundle"
        argv = [sys.executable, "-c", EXPORT_AND_DIE, str(lines), str(whole.folder), str(target), str(number)]
        done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=110, check=False)
        if target.exists():
            assert verify_bundle(target).ok
        if done.returncode == 0:
            assert done.stdout == "whole\n"
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        if target.exists():
            shutil.rmtree(target)
    else:
        pytest.fail("the export never came to its end")
    assert killed > 8


def test_an_export_that_fails_cleans_up(whole: BuiltRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves nothing behind, and says so in one line."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left on device"):
        exported(whole, tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []


def test_altered_and_lost_files_are_exported_as_they_are_and_said(whole: BuiltRecord, tmp_path: Path) -> None:
    """A record with a damaged file is still exported, loudly, and its bundle does not verify."""
    (whole.folder / "evidence/app.log.gz").write_bytes(b"changed")
    (whole.folder / "run-001-X1.log").unlink()
    done = exported(whole, tmp_path / "bundle")
    assert len(done.problems) == 2
    assert any("app.log.gz has changed since it was recorded" in problem for problem in done.problems)
    for result in (verify_bundle(done.path), verify_stored(whole.lines, whole.folder)):
        assert not result.ok
        assert {finding.seq for finding in result.bad} == {
            n
            for n, line in enumerate(whole.lines, 1)
            if _cites(line, "evidence/app.log.gz") or _cites(line, "spool/run-001")
        }


def test_a_damaged_record_is_not_exported(whole: BuiltRecord, tmp_path: Path) -> None:
    """A bundle is never made of a chain that does not hold."""
    lines = whole.lines
    lines[2] = lines[2].replace(b"ops1", b"ops9")
    with pytest.raises(RecordDamaged) as caught:
        export(lines, whole.folder, tmp_path / "bundle")
    assert caught.value.seq == 3
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b", "a//b", ".", "a\nb"])
def test_a_path_that_leads_away_is_never_followed(tmp_path: Path, path: str) -> None:
    """A hostile record cannot make export or verify read a file outside of it."""
    built = small_declared(tmp_path / "store")
    built.add(ev.EvidenceKept(0, "x", path, "a" * 64, 1, False, True))
    with pytest.raises(RecordDamaged, match="outside of the record"):
        exported(built, tmp_path / "bundle")
    result = verify_stored(built.lines, built.folder)
    assert result.first_bad == 2


def test_a_stored_record_verifies_with_its_files(whole: BuiltRecord) -> None:
    """`goaround verify ID`: the chain, and every cited file on disk, private ones too."""
    result = verify_stored(whole.lines, whole.folder)
    assert result.ok, said(result)
    assert "5 of 5 cited files" in said(result)
    private = whole.folder / "evidence/private/config.json.gz"
    private.write_bytes(b"changed")
    result = verify_stored(whole.lines, whole.folder)
    assert not result.ok
    assert "evidence/private/config.json.gz has changed" in said(result)


def test_nothing_of_a_hostile_record_reaches_the_terminal_raw(tmp_path: Path) -> None:
    """A bundle from anybody is shown without a control character, in text and in JSON."""
    built = small_declared(tmp_path / "store")
    nasty = "\x1b]0;x\x07\x9b2J\u202eops\r\n"
    built.add(ev.NoteAdded(nasty), actor=nasty)
    built.add(ev.Unknown(nasty, {}))
    built.add(ev.Closed(nasty, nasty, nasty, nasty))
    seq, digest = built.journal.head(built.id)
    built.add(ev.SignedOff(nasty, nasty, nasty, seq, digest, nasty, nasty, nasty), actor=nasty)
    stored = verify_stored(built.lines, built.folder)
    assert not stored.ok
    for line in [*stored.lines(), stored.to_json()]:
        assert line.isprintable(), line
    with pytest.raises(RecordDamaged) as caught:
        exported(built, tmp_path / "bundle")
    assert caught.value.line().isprintable()
