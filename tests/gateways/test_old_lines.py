"""Which lines of a log were there before anybody read it: they say nothing of how the system is now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

from actions.gateways.file_logs import FIRST_BYTES, FileTail
from actions.gateways.local_host import LocalHost
from actions.model.ports import LogLine


@contextmanager
def followed(path: Path) -> Iterator[tuple[FileTail, list[LogLine]]]:
    """A tail that runs, and its lines."""
    tail, stop = FileTail(LocalHost(), str(path)), threading.Event()
    lines: list[LogLine] = []
    thread = threading.Thread(target=tail.run, args=(lines.extend, stop))
    thread.start()
    try:
        yield tail, lines
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def told(lines: list[LogLine], word: str) -> LogLine:
    """Wait for the line with this word."""
    until(lambda: any(word in line.text for line in list(lines)), word)
    return next(line for line in lines if word in line.text)


def test_what_was_there_is_old_and_what_comes_is_not(tmp_path: Path) -> None:
    """Also a line that was half written when we came, and more than is read at the beginning."""
    path = tmp_path / "site.log"
    path.write_text("ERROR long ago\n" * (FIRST_BYTES // 5) + "the newest old one\nhalf a ")
    with followed(path) as (tail, lines):
        assert told(lines, "the newest old one").old
        assert all(line.old for line in lines)
        with path.open("a") as file:
            file.write("line\nERROR now\n")
        assert not told(lines, "half a line").old
        assert not told(lines, "ERROR now").old
        path.write_text("a new beginning\n")
        assert not told(lines, "a new beginning").old, "truncated: all of it was written since"
        path.rename(tmp_path / "site.log.1")
        path.write_text("ERROR after the rotation\n")
        assert not told(lines, "after the rotation").old
        assert tail.trouble == ""


def test_a_file_that_comes_later_is_new_and_its_absence_is_a_trouble(tmp_path: Path) -> None:
    """A log that cannot be read is no quiet log."""
    path = tmp_path / "site.log"
    with followed(path) as (tail, lines):
        until(lambda: tail.trouble, "a trouble")
        assert tail.trouble.endswith("is not there; waiting for it")
        path.write_text("ERROR first\n")
        assert not told(lines, "ERROR first").old
        until(lambda: not tail.trouble, "its end")
        path.unlink()
        path.mkdir()
        until(lambda: "cannot be read" in tail.trouble, "that a folder is no log")


@pytest.mark.parametrize("content", ["", "no line end"])
def test_an_empty_beginning_is_no_special_case(tmp_path: Path, content: str) -> None:
    """The first line that is completed is new."""
    path = tmp_path / "site.log"
    path.write_text(content)
    with followed(path) as (_, lines), path.open("a") as file:
        file.write(" one\n")
        file.flush()
        until(lambda: lines, "a line")
        file.write("two\n")
        file.flush()
        assert not told(lines, "two").old
