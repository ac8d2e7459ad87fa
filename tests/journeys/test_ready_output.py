"""Where the answer of `goaround ready` goes: a reader that leaves, a full disk, a stream that was never open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_ground import ROOT, SCRIPT
from waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    """`goaround ready` over a system of which only the host is asked, and a clone that is not there."""
    config = tmp_path / "goaround.toml"
    config.write_text(
        '[system]\nname = "obcms"\nenvironment = "drill"\n\n'
        f'[git]\nrepository = "{tmp_path}/none"\ndeploy = ["echo", "{{ref}}"]\n'
    )
    words = ["ready", "--config", str(config), "--store", str(tmp_path / "store")]
    return [sys.executable, "-P", "-c", SCRIPT, *words]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def test_a_watch_ends_when_nobody_reads_it(argv: list[str]) -> None:
    """`| head -1`: with nothing to tell it would look for ever, for nobody."""
    process = subprocess.Popen(
        [*argv, "--watch", "--every", "9d", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["verdict"] == "not ready"
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 141
        with process.stderr as said:
            assert said.read() == ""
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("form", [(), ("--json",), ("--watch",)])
def test_a_disk_that_is_full(argv: list[str], form: tuple[str, ...]) -> None:
    """One line on stderr, exit 1; the answer lies in its file all the same."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*argv, *form], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), timeout=PATIENCE_S
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("goaround: the answer cannot be written: No space left on device (next: ")


@pytest.mark.parametrize("words", ["debts", "debts --json", "records", "status", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_is_full_for_any_answer(tmp_path: Path, words: str, unbuffered: str) -> None:
    """The same line, whether the first write fails or the last; no traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-c", SCRIPT, *words.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(PYTHONUNBUFFERED=unbuffered),
            cwd=tmp_path,
            timeout=PATIENCE_S,
        )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("goaround: the answer cannot be written: No space left on device (next: ")


def test_streams_that_were_closed_before_it_began(argv: list[str], tmp_path: Path) -> None:
    """No traceback, the right status, and the answer is kept; bad input keeps its own status."""
    shell = ["sh", "-c", 'exec "$@" <&- >&- 2>"$0"', str(tmp_path / "said")]
    assert subprocess.run([*shell, *argv], env=environment(), timeout=PATIENCE_S, check=False).returncode == 1
    assert (tmp_path / "said").read_text() == ""
    assert list((tmp_path / "store" / "ready").glob("*.json"))
    silent = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    done = subprocess.run([*silent, *argv, "--backup", "x"], env=environment(), timeout=PATIENCE_S, check=False)
    assert done.returncode == 2


def test_letters_that_the_terminal_does_not_have(argv: list[str], tmp_path: Path) -> None:
    """A terminal of few letters shows the others spelled."""
    config = tmp_path / "goaround.toml"
    config.write_text(config.read_text().replace("none", "größe"), encoding="utf-8")
    done = subprocess.run(
        argv, capture_output=True, text=True, env=environment(PYTHONIOENCODING="ascii"), timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert r"gr\xf6\xdfe" in done.stdout


def test_a_store_that_may_not_be_looked_into(argv: list[str], tmp_path: Path) -> None:
    """One line and exit 2, and an object for programs. (A name that is too long is refused to root, too.)"""
    folder = tmp_path / ("x" * 300)
    done = subprocess.run(
        [*argv, "--json", "--store", str(folder)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "store-unreadable"
    (line,) = done.stderr.splitlines()
    assert "cannot be looked at: File name too long" in line
