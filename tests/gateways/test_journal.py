"""The journal: chained, durable, written by several processes, refusing where it must."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from journals import Book, declared

from actions.gateways.journal import SqliteJournal
from actions.gateways.journal_events import event_from_line
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.events import GENESIS, chain_hash

ROOT = Path(__file__).parents[2]


def test_every_event_is_chained_and_stored_canonically(tmp_path: Path) -> None:
    """The record tells the truth: each hash follows from the one before and the canonical event."""
    book = Book(tmp_path / "s")
    book.add(ev.NoteAdded('é \N{SNOWMAN} \\ " \x7f'), ev.NoteAdded("zwei"))
    prev = GENESIS
    for seq, line in enumerate(book.journal.lines(book.id), 1):
        event = event_from_line(line)
        assert (event.seq, event.prev) == (seq, prev)
        assert event.hash == chain_hash(prev, event.link())
        assert event.line() == line
        prev = event.hash
    assert book.journal.head(book.id) == (3, prev)


def test_a_guard_refuses_inside_the_transaction(tmp_path: Path) -> None:
    """What a rule forbids leaves no trace, and the next event has the next number."""
    book = Book(tmp_path / "s")

    def no(head: int) -> None:
        raise Refused(f"not after {head}")

    with pytest.raises(Refused, match="not after 1"):
        book.journal.append(book.id, "ops1", ev.NoteAdded("x"), guard=no)
    assert book.journal.append(book.id, "ops1", ev.NoteAdded("y")).seq == 2


def test_several_events_are_committed_together_or_not_at_all(tmp_path: Path) -> None:
    """Committed at once they are the same chain as one by one; what is refused leaves none of them."""
    book = Book(tmp_path / "s")
    commits: list[str] = []
    book.journal._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    events = book.journal.append_all(book.id, "ops1", (ev.NoteAdded("eins"), ev.NoteAdded("zwei")))
    assert commits == ["COMMIT"]
    assert [event.seq for event in events] == [2, 3]
    assert events[1].prev == events[0].hash
    assert book.journal.events(book.id, 1) == events

    def no(head: int) -> None:
        raise Refused(f"not after {head}")

    with pytest.raises(Refused, match="not after 3"):
        book.journal.append_all(book.id, "ops1", (ev.NoteAdded("x"), ev.NoteAdded("y")), guard=no)
    assert book.journal.head(book.id) == (3, events[1].hash)


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    """Cockpit and worker append at the same time; no event is lost and the chain holds."""
    book = Book(tmp_path / "s")
    script = (
        "import sys; from pathlib import Path; from actions.gateways.journal import SqliteJournal;"
        "from actions.model.clock import SystemClock; from actions.model.events import NoteAdded;"
        "j = SqliteJournal(Path(sys.argv[1]), SystemClock());"
        "[j.append(sys.argv[2], 'p' + sys.argv[3], NoteAdded(str(i))) for i in range(50)]; j.close()"
    )
    argv = [sys.executable, "-c", script, str(tmp_path / "s"), book.id]
    workers = [subprocess.Popen([*argv, str(n)], cwd=ROOT) for n in range(3)]
    assert [worker.wait(110) for worker in workers] == [0, 0, 0]
    events = book.journal.events(book.id)
    assert len(events) == 151
    prev = GENESIS
    for event in events:
        assert event.prev == prev
        prev = event.hash


def test_one_open_incident_per_system(tmp_path: Path) -> None:
    """Two cockpits cannot open two incidents for one system."""
    book = Book(tmp_path / "s")
    with pytest.raises(GoaroundError, match=book.id):
        book.journal.declare("ops2", declared())
    assert book.journal.open_incident("shop") == book.id
    book.add(ev.Closed("abandoned", ""))
    assert book.journal.open_incident("shop") is None
    assert book.journal.unsigned_incident("shop") == book.id
    assert book.journal.declare("ops2", declared()).incident != book.id


def test_the_list_of_records_pages_newest_first(tmp_path: Path) -> None:
    """Managers list records without reading them."""
    clock = ManualClock()
    journal = SqliteJournal(tmp_path / "s", clock)
    ids = [journal.declare("ops1", declared(system=f"s{n}")).incident for n in range(7)]
    first = journal.newest(3)
    assert [row.id for row in first] == ids[:3:-1]
    assert [row.id for row in journal.newest(10, before=first[-1].number)] == ids[3::-1]
    assert [row.id for row in journal.newest(10, system="s2")] == [ids[2]]
    assert first[0].state == "open"


def test_ids_are_found_by_their_ends(tmp_path: Path) -> None:
    """Four letters read out on the phone are enough; an ambiguous end is refused with the candidates."""
    book = Book(tmp_path / "s")
    assert book.journal.find(book.id[-4:]) == book.id
    with pytest.raises(BadInput, match="no record"):
        book.journal.find("zzzz9")
    with pytest.raises(BadInput, match="no record is named"):
        book.journal.find("")


@pytest.mark.parametrize("fault", ["symlink", "world-writable", "file"])
def test_an_unsafe_store_is_refused(tmp_path: Path, fault: str) -> None:
    """Without a record that can be trusted nothing is done."""
    store = tmp_path / "s"
    if fault == "symlink":
        (tmp_path / "real").mkdir()
        store.symlink_to(tmp_path / "real")
    elif fault == "file":
        store.write_text("x")
    else:
        store.mkdir()
        store.chmod(0o777)
    with pytest.raises(BadInput):
        SqliteJournal(store, ManualClock())


def test_a_newer_store_is_not_touched(tmp_path: Path) -> None:
    """A record of a newer version is refused cleanly and never rewritten."""
    import sqlite3

    SqliteJournal(tmp_path / "s", ManualClock()).close()
    with sqlite3.connect(tmp_path / "s" / "journal.sqlite3") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(BadInput, match="newer goaround"):
        SqliteJournal(tmp_path / "s", ManualClock())


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Records hold what an attacker wants to read."""
    book = Book(tmp_path / "s")
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    assert (tmp_path / "s" / "journal.sqlite3").stat().st_mode & 0o077 == 0
    assert book.journal.incident_folder(book.id).stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_refuses_new_events_but_keeps_the_end_of_a_step(tmp_path: Path) -> None:
    """No record, no action; and the reserved space is for the end of what already runs."""
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "none", str(mount)], check=False).returncode:
        pytest.skip("NOT TESTED: no tmpfs can be mounted here")
    try:
        book = Book(mount / "s")

        def fill() -> None:
            for _ in range(3000):
                book.journal.append(book.id, "ops1", ev.NoteAdded("x" * 4000))

        with pytest.raises(GoaroundError, match="cannot be written"):
            fill()
        before = book.journal.head(book.id)[0]
        assert book.journal.free_reserve()
        assert book.journal.append(book.id, "ops1", ev.StepFinished(1, "done", "", 1)).seq == before + 1
        book.journal.close()
    finally:
        subprocess.run(["umount", str(mount)], check=True)
