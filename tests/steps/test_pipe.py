"""A pipe is done only when every member is: what a shell would hide is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from actions.steps.pipe_script import NOT_BEGUN, pipe_argv, statuses

MARK = "c0ffee00c0ffee00"


def run(*stages: tuple[str, ...], stdin: str = "", stdout: str = "") -> tuple[tuple[int, ...], bytes, bytes]:
    done = subprocess.run(pipe_argv(MARK, stages, stdin, stdout), capture_output=True, timeout=110)
    ends, words = statuses(MARK, len(stages), done.stderr)
    return ends, done.stdout, words


def test_every_end_is_known() -> None:
    """The first one fails, the last one does not: a shell would say 0."""
    ends, out, words = run(("sh", "-c", "echo half; echo broken >&2; exit 7"), ("cat",))
    assert (ends, out, words) == ((7, 0), b"half\n", b"broken")


def test_all_well() -> None:
    """Three members, odd words."""
    ends, out, _ = run(("printf", "%s", "it's $HOME; `x`\n"), ("cat",), ("tr", "a-z", "A-Z"))
    assert (ends, out) == ((0, 0, 0), b"IT'S $HOME; `X`\n")


def test_a_program_that_is_not_there() -> None:
    """127, and the pipe is not done."""
    ends, _, words = run(("echo", "x"), ("no-such-program-here",))
    assert ends[1] == 127
    assert b"no-such-program-here" in words


def test_an_input_that_is_missing(tmp_path: Path) -> None:
    """The first member was never begun."""
    ends, out, _ = run(("cat",), ("cat",), stdin=str(tmp_path / "none"))
    assert ends == (NOT_BEGUN, 0)
    assert out == b""


@pytest.mark.parametrize("name", ["out", "it's out", "-out", "new\nline"])
def test_a_file_is_never_written_over(tmp_path: Path, name: str) -> None:
    """New, for its owner alone; a second time nothing is begun and the first content stays."""
    path = tmp_path / name
    ends, _, _ = run(("echo", "first"), ("cat",), stdout=str(path))
    assert ends == (0, 0)
    assert path.read_bytes() == b"first\n"
    assert path.stat().st_mode & 0o777 == 0o600
    ends, _, _ = run(("echo", "second"), ("cat",), stdout=str(path))
    assert ends[1] == NOT_BEGUN
    assert path.read_bytes() == b"first\n"


def test_stderr_without_a_last_newline_hides_no_end() -> None:
    """The mark begins a line of its own."""
    ends, _, words = run(("sh", "-c", "printf oops >&2; exit 3"), ("sh", "-c", "printf also >&2; cat; exit 4"))
    assert ends == (3, 4)
    assert b"oops" in words
    assert b"also" in words
