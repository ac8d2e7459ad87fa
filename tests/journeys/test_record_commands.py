"""What an operator does with records afterwards: lists them, hands one on, and has it verified elsewhere."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from record_builder import allow, declared, make_key, small_declared, small_record, whole_record

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.errors import BadInput, RecordDamaged
from app.records import export_record, list_records, open_store, verify_target


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def reader(store: Path) -> SqliteJournal:
    journal = open_store(store, ManualClock())
    assert journal is not None
    return journal


def edit_store(store: Path, *statements: str) -> None:
    with sqlite3.connect(store / "journal.sqlite3") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_the_list_before_anything_happened(store: Path) -> None:
    """Looking makes nothing: without a store the list says where there is none, and no folder appears."""
    assert open_store(store, ManualClock()) is None
    assert list_records(None, folder=store) == f"no records yet in {store}"
    assert json.loads(list_records(None, as_json=True, folder=store)) == {
        "store": str(store),
        "records": [],
        "older_before": None,
    }
    assert not store.exists()
    SqliteJournal(store, ManualClock()).close()
    assert list_records(reader(store)) == f"no records yet in {store}"
    assert list_records(reader(store), system="obcms") == f"no records of obcms yet in {store}"


def test_the_list_shows_state_and_mode_and_pages(store: Path) -> None:
    """Newest first, a drill says so, and what is older is one command away."""
    journal = SqliteJournal(store, ManualClock())
    ids: list[str] = []
    for number in range(5):
        mode = "drill" if number == 2 else "live"
        event = journal.declare("ops1", declared(mode, f"outage \x1b[31m{number}"))
        ids.insert(0, event.incident)
        if number < 4:
            journal.append(event.incident, "ops1", ev.Closed("recovered", ""))
    lines = list_records(journal, limit=3).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ids[:3]
    assert "LIVE" in lines[1]
    assert lines[1].split()[-4:] == ["-", "open", "outage", "4"]
    assert "DRILL" in lines[3]
    assert "closed, not signed" in lines[2]
    assert all(line.isprintable() for line in lines)
    assert lines[4] == "older ones: goaround records --before 3"
    older = list_records(journal, limit=3, before=3).splitlines()
    assert [line.split()[0] for line in older[1:]] == ids[3:]
    assert list_records(journal, before=1) == f"no older records in {store}"
    data = json.loads(list_records(journal, limit=3, as_json=True))
    assert [row["id"] for row in data["records"]] == ids[:3]
    assert data["older_before"] == 3
    for limit, before in ((0, 0), (-1, 0), (10**9, 0), (5, -1)):
        with pytest.raises(BadInput):
            list_records(journal, limit, before)


@pytest.mark.ssh
def test_a_record_is_handed_on_and_verified(store: Path, tmp_path: Path) -> None:
    """From the store to a folder to another machine: export, and verify with nothing but bundle and allowed signers."""
    keys = {name: make_key(tmp_path, name) for name in ("ops1", "ops2")}
    signers = allow(tmp_path / "allowed", ("ops1@jump", keys["ops1"], ""), ("ops2@jump", keys["ops2"], ""))
    built = whole_record(store, keys=keys)
    here = reader(store)
    stored = verify_target(built.id[-4:], here, signers)
    assert stored.status == 0, stored.text
    assert stored.text.splitlines()[0] == f"stored record in {store}"
    to = tmp_path / "bundle"
    done = export_record(here, built.id, to)
    assert done.status == 0
    assert f"exported {built.id} (LIVE; closed: recovered" in done.text
    assert "not in it: evidence/private/config.json.gz (private: stays on jump-1)" in done.text
    there = verify_target(str(to), None, signers)
    assert there.status == 0, there.text
    assert there.text.splitlines()[0] == f"bundle {to}"
    assert there.text.splitlines()[-1].startswith(f"VERIFIED: {built.id} (LIVE;")
    data = json.loads(verify_target(f"{to}/", None, signers, as_json=True).text)
    assert [row["state"] for row in data["sign_offs"]] == ["verified", "verified"]
    with pytest.raises(BadInput, match="not empty"):
        export_record(here, built.id, to)
    again = json.loads(export_record(here, built.id, tmp_path / "again", as_json=True).text)
    assert again["head"] == data["head"]


def test_damage_in_the_bundle_names_the_first_bad_event(store: Path, tmp_path: Path) -> None:
    """`goaround verify DIR` after a change: status 1, and the last line names the event."""
    built = small_record(store)
    to = tmp_path / "bundle"
    export_record(built.journal, built.id, to)
    path = to / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"pages are slow", b"pages are fast"))
    answer = verify_target(str(to), None)
    assert answer.status == 1
    assert answer.text.splitlines()[-1] == f"DOES NOT VERIFY: {to}; first bad event: 2"
    assert json.loads(verify_target(str(to), None, as_json=True).text)["first_bad"] == 2


def test_damage_in_the_store_is_found(store: Path, tmp_path: Path) -> None:
    """`goaround verify ID`: a changed row, a removed one, and an end cut off the store's own file."""
    built = small_record(store)
    other = small_record(tmp_path / "other")
    built.journal.close()
    other.journal.close()
    edit_store(store, "DELETE FROM events WHERE seq>2")
    answer = verify_target(built.id, reader(store))
    assert answer.status == 1
    assert "the list of records says that it is closed, the journal does not" in answer.text
    assert answer.text.endswith("first bad event: 3")
    edit_store(tmp_path / "other", "DELETE FROM events WHERE seq=2")
    answer = verify_target(other.id, reader(tmp_path / "other"))
    assert answer.text.endswith("first bad event: 2")
    with pytest.raises(RecordDamaged):
        export_record(reader(tmp_path / "other"), other.id, tmp_path / "bundle")


def test_a_cut_sign_off_is_found_in_the_store(store: Path) -> None:
    """A sign-off that vanished from the journal still stands in the list."""
    built = small_record(store)
    built.journal.close()
    edit_store(store, "DELETE FROM events WHERE seq=5")
    answer = verify_target(built.id, reader(store))
    assert answer.status == 1
    assert "says that it is verified" in answer.text


def test_wrong_names_are_bad_input(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is not there, no store at all, and a path that is nothing: one clear line each."""
    with pytest.raises(BadInput, match="no records yet"):
        verify_target("INC-20261122-none", None, folder=store)
    built = small_declared(store)
    with pytest.raises(BadInput, match="no record"):
        verify_target("INC-20261122-none", built.journal)
    with pytest.raises(BadInput, match="is no folder"):
        verify_target(str(tmp_path / "none"), built.journal)
    with pytest.raises(BadInput, match="no record"):
        export_record(built.journal, "x\x1b[2J", tmp_path / "bundle")
    monkeypatch.chdir(tmp_path)
    export_record(built.journal, built.id, Path(built.id))
    assert verify_target(built.id, built.journal).text.splitlines()[0] == f"bundle {built.id}"


def test_an_open_record_verifies_and_says_that_it_is_open(store: Path) -> None:
    """Verification in the middle of an incident cannot be mistaken for the final one."""
    built = small_declared(store, "drill")
    answer = verify_target(built.id, built.journal)
    assert answer.status == 0
    assert answer.text.splitlines()[-1] == f"VERIFIED: {built.id} (DRILL; open: not signed off)"
