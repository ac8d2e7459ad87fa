"""A sound backup is read once a day, however often cron asks; what changed, or was wrong, is read again."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from actions.model.backup_file import BackupFile, Format, Inspected
from actions.model.clock import ManualClock
from app.ready_whole import AGAIN_S, Whole

ONE = BackupFile("local", "/backups/a.sql.gz", Format.UNKNOWN, 1000, 1_750_000_000, "2026-11-22T10:00:00.000000Z")


class Reader:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.times = 0
        self.whole = True

    def __call__(self) -> Inspected:
        self.times += 1
        return Inspected(ONE, self.whole, (), ())


def test_what_is_sound_is_read_once_a_day(tmp_path: Path) -> None:
    """Each run is another process: what was read lies in the store, for its owner; a day later it is read again."""
    clock, read, store = ManualClock(), Reader(), tmp_path / "store"
    for _ in range(3):
        assert Whole(store, "obcms", clock).sound(ONE, read).wrong == ""
        clock.advance(60)
    assert read.times == 1
    assert Whole(store, "obcms", clock).sound(ONE, read).ago_s == 180
    clock.advance(AGAIN_S)
    assert Whole(store, "obcms", clock).sound(ONE, read).ago_s == 0
    assert read.times == 2
    (kept,) = (store / "ready").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_changed_or_was_wrong_is_read(tmp_path: Path) -> None:
    """Another size or time is another file; a damaged one is read each time; a damaged memory is none."""
    clock, read = ManualClock(), Reader()
    whole = Whole(tmp_path, "obcms", clock)
    whole.sound(ONE, read)
    whole.sound(replace(ONE, size=500), read)
    whole.sound(replace(ONE, mtime=ONE.mtime + 1), read)
    assert read.times == 3
    read.whole = False
    cut = replace(ONE, path="/backups/b.sql.gz")
    assert [Whole(tmp_path, "obcms", clock).sound(cut, read).wrong for _ in range(2)] == ["it is not whole"] * 2
    assert read.times == 5
    for broken in ("[]", "{", '{"a": 1}', "\x00"):
        (tmp_path / "ready" / "obcms.whole").write_text(broken)
        Whole(tmp_path, "obcms", clock).sound(ONE, read)
    assert read.times == 9


def test_without_a_store_or_with_one_that_is_full(tmp_path: Path) -> None:
    """It is read, and that is all."""
    (tmp_path / "file").write_text("no folder")
    for store in (None, tmp_path / "file"):
        read = Reader()
        whole = Whole(store, "obcms", ManualClock())
        assert [whole.sound(ONE, read).wrong for _ in range(2)] == ["", ""]
        assert read.times == 1
