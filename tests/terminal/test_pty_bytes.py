"""What the cockpit sends to a terminal: text, colours, cursor moves and its modes. Nothing that a log line put there.

The bytes of whole flights are kept and read by an allow-list. The same list finds the hostile bytes where they are.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pyte
import pytest
from git_ground import commit, git
from terminals import GOAROUND, ROOT, forbidden, terminal
from tiny_system import Tiny, environment
from waiting import until

from widgets.dialog import DEAF_S

HOSTILE = (
    b"ERROR clipboard \x1b]52;c;cm0gLXJmIC8=\x07 taken\n"
    b"ERROR title \x1b]0;owned\x1b\\ set\n"
    b"ERROR reset \x1bc and \x1b[!p\n"
    b"ERROR answer \x1b[6n \x1b[c \x05\n"
    b"ERROR device \x1bP+q544e\x1b\\ \x1b_Gq=1\x1b\\ \x1b^pm\x1b\\\n"
    b"ERROR eight bit \x9b31m \x9d52;c;eA==\x9c \xc2\x9b2J \xc2\x9d0;x\xc2\x9c\n"
    b"ERROR right to left \xe2\x80\xae drowssap \xe2\x81\xa6 isolate \xef\xbb\xbf mark\n"
    b"ERROR screen \x1b[2J\x1b[1;1H\x1b[?1049l\x1b[?1000h gone\n"
    b"ERROR backspace secret\b\b\b\b\b\b\x7f\x00\x0e\x0f\n"
    b"ERROR broken \xff\xfe \xc3\x28 \xed\xa0\x80 \xf0\x9f\x92\xa9\xe2\x80\x8d utf-8\n"
    b"[bold red]markup[/] [@click=app.quit]press[/] [link=file:///etc/passwd]x[/link]\n"
)
CORPUS = ROOT.parent / "shared" / "corpus" / "logs"
SCRIPTS = Path(__file__).resolve().parents[1] / "support"


def hostile_lines() -> Iterator[bytes]:
    """Ours, and recordings of real terminals where they are at hand."""
    yield HOSTILE
    for path in sorted(CORPUS.glob("*"))[:60] if CORPUS.is_dir() else ():
        if path.is_file() and path.stat().st_size < 300_000 and path.suffix not in (".bz2", ".gz", ".xz", ".zst"):
            yield path.read_bytes() + b"\n"


def processes_that_name(folder: Path) -> list[str]:
    """Command lines of living processes in which a folder stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes()
            if str(folder).encode() in line:
                found.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def last_screen(output: bytes) -> str:
    """What stood on the screen before the alternate screen was left."""
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    stream.feed(output[: output.rindex(b"\x1b[?1049l")].replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))
    return "\n".join(screen.display)


def modes_are_taken_back(output: bytes) -> None:
    """Everything that was switched on is off again, and the cursor is seen."""
    for mode in (b"1049", b"1000", b"1002", b"1003", b"1006", b"1015", b"2004", b"1004", b"2048"):
        on, off = output.rfind(b"\x1b[?" + mode + b"h"), output.rfind(b"\x1b[?" + mode + b"l")
        assert on < off or on == -1, f"mode {mode.decode()} stays on"
    assert output.rfind(b"\x1b[?25h") > output.rfind(b"\x1b[?25l"), "the cursor stays hidden"


def test_the_list_finds_what_is_hostile() -> None:
    """The measure itself: each hostile line is found, and a screen of ours is not."""
    for line in HOSTILE.splitlines()[:-1]:
        if line.startswith(b"ERROR screen"):
            continue  # made of sequences that we send, too: it is looked for by what it would do
        assert forbidden(line + b"\r\n"), line
    assert not forbidden("\x1b[?1049h\x1b[38;2;1;2;3mDRILL ●\x1b[0m\x1b[3;4H│ ✔ done\r\n\x1b[?1049l".encode())


@pytest.mark.timeout(300)
def test_no_byte_of_logs_output_or_git_reaches_the_terminal_unchanged(tiny: Tiny) -> None:
    """Hostile logs, commit messages and output of the deploy command, through a whole flight on a real pty."""
    work = tiny.folder / "work"
    commit(
        work, b"Release \x1b]0;owned\x07 \x1b[2J \xe2\x80\xae four", 1793523600 + 86400 * 5, author="M\x1b[31mallory"
    )
    git(work, "push", "-q", "origin", "main")
    (tiny.folder / "talk").write_bytes(HOSTILE)
    with terminal(
        80, 24, environment(tiny), sys.executable, str(SCRIPTS / "tiny_cockpit.py"), str(tiny.folder)
    ) as line:
        line.sees("No incident is open")
        with (tiny.folder / "site.log").open("ab") as log:
            for lines in hostile_lines():
                log.write(lines)
                log.flush()
        line.write(b"4")  # the logs are looked at meanwhile
        until(lambda: tiny.ended() == 1, lambda: f"no deployment\n{bytes(line.output[-3000:])!r}", 90)
        line.write(b"6")  # and so is what ran
        assert line.wait(100) == 0
    output = bytes(line.output)
    assert forbidden(output) == []
    assert output.count(b"\x1b[?1049l") == 1, "the alternate screen was left in the middle"
    assert b"\x1b[2J\x1b[1;1H\x1b[?1049l" not in output
    modes_are_taken_back(output)
    assert "signed" in last_screen(output)
    assert tiny.running == tiny.target


@pytest.mark.timeout(300)
def test_the_demo_plays_itself_on_a_pty_and_sends_nothing_forbidden(tmp_path: Path, state_folder: Path) -> None:
    """`goaround demo --auto` with hostile lines in its log: allowed bytes alone, and the record's id at the end."""
    places = {"TMPDIR": str(tmp_path), "GOAROUND_STATE_DIR": str(state_folder)}
    with terminal(80, 24, places, sys.executable, "-P", str(SCRIPTS / "quick_demo.py")) as line:
        until(lambda: b"\x1b[?1049h" in line.output, lambda: f"no cockpit {bytes(line.output)!r}")
        (log,) = tmp_path.glob("goaround-demo-*/log/site.log")
        with log.open("ab") as file:
            file.write(HOSTILE)
        status = line.wait(200)
    output = bytes(line.output)
    assert status == 0, output[-2000:]
    assert forbidden(output) == []
    modes_are_taken_back(output)
    assert output.rstrip().splitlines()[-1].startswith(b"INC-")
    assert not list(tmp_path.glob("goaround-demo-*")), "the demo left its folder behind"
    until(lambda: not processes_that_name(tmp_path), lambda: f"left running: {processes_that_name(tmp_path)}")


PASTE, END = b"\x1b[200~", b"\x1b[201~"


@pytest.mark.parametrize(
    "paste",
    [
        PASTE + b"undo\r" + END,
        PASTE + b"undo" + b"x" * 1_000_000 + b"\n" + END,
        PASTE + b"nothing" + END + b"undo\r",  # a paste that ends itself: the rest comes as keys, all at once
        b"undo\r",  # a terminal without bracketed paste
    ],
    ids=["bracketed", "a megabyte", "ends itself", "as keys"],
)
def test_a_paste_confirms_nothing(deployed: Tiny, paste: bytes) -> None:
    """What arms is typed by hand: no paste does, however long and however it is built."""
    command = (*GOAROUND, "--config", str(deployed.config), "--store", str(deployed.store))
    with terminal(160, 48, environment(deployed), *command) as line:
        line.sees("run X3")
        line.write(b"k")
        line.sees("run X2 again")
        line.write(b"u")
        line.sees("to arm, by hand")
        time.sleep(2 * DEAF_S)
        line.write(paste)
        line.sees("confirmed" if paste.endswith(b"\r") else "Not pasted")
        line.program.send_signal(signal.SIGTERM)
        assert line.wait() == 143
    with closing(deployed.session()) as session:
        assert not [run for run in session.incident.runs if run.undo], "a paste has undone a step"
        session.journal.close()
    assert deployed.begun() == 1
