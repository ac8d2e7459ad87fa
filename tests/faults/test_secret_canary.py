"""A secret that the deploy command prints stands nowhere: not in the journal, the output, the evidence, the export."""

from __future__ import annotations

import gzip
import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from git_ground import http_server
from tiny_flight_operator import Listening
from tiny_system import STORY, TOKEN, Tiny, children_of_session, drawn, finish, run, settle, spellings
from waiting import until

from actions.gateways.bundle import export
from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from app.plain import Plain
from app.session import Session

HEADERS = 'headers = { Authorization = "Bearer ${env:TINY_TOKEN}" }'


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_TOKEN", TOKEN)


@pytest.fixture
def talking(tiny: Tiny) -> Tiny:
    """A deploy command that prints the token in every spelling, a log that holds it, a probe that sends it."""
    words = b"\n".join([b"token: " + form for form in spellings(TOKEN).values()])
    (tiny.folder / "talk").write_bytes(words + b"\n")
    with (tiny.folder / "site.log").open("ab") as log:
        log.write(b"login with " + words + b"\n")
    return tiny


def found_in(folder: Path) -> list[str]:
    """Files below a folder in which the token stands in any spelling, unpacked where they are packed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        found += [f"{path.relative_to(folder)}: {name}" for name, form in spellings(TOKEN).items() if form in data]
    return found


def command_lines() -> bytes:
    """What everybody on this machine may read of processes."""
    lines = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                lines.append(Path(f"/proc/{entry}/cmdline").read_bytes())
            except OSError:
                continue
    return b"\n".join(lines)


def test_a_printed_secret_stands_nowhere(talking: Tiny, tmp_path: Path) -> None:
    """No canary stands anywhere: journal, spool, evidence, screen, export, process list."""
    tiny = talking
    with ExitStack() as stack:
        url = stack.enter_context(http_server(200, {}, b"fine"))
        tiny.add_to_config(f'[[probe]]\nname = "health"\nurl = "{url}/"\n{HEADERS}\n')
        session = tiny.session()
        stack.callback(session.journal.close)
        assert session.take_lease()
        operator = Listening(session, {**STORY, "title": f"fails with {TOKEN}"})
        Plain(session, operator).fly()
        session.note(f"I typed {TOKEN} into a note")
        assert session.incident.signed
        session.close()
    assert found_in(tiny.store) == []
    # What the operator types is echoed to the one who typed it, once.
    typed = [line for line in operator.lines if TOKEN in line]
    assert typed == [f"What is broken, in a few words > fails with {TOKEN}"]
    shown = "\n".join(line for line in operator.lines if line not in typed).encode()
    assert [name for name, form in spellings(TOKEN).items() if form in shown] == []
    assert b"deploying rollback-emergency" in shown, "the command's other output is shown"
    spool = next((session.folder()).glob("run-*-X2.log")).read_text()
    assert spool.count("token: ") == len(spellings(TOKEN))
    assert "TINY_TOKEN=" in spool
    assert tiny.running == tiny.target

    bundle = tmp_path / "bundle"
    journal = SqliteJournal(tiny.store, SystemClock(), read_only=True)
    export(journal.lines(session.incident.id), session.folder(), bundle)
    journal.close()
    assert found_in(bundle) == []
    assert (bundle / "journal.jsonl").exists()


def test_no_process_of_ours_carries_a_secret_in_its_command_line(talking: Tiny, session: Session) -> None:
    """Command lines can be read by everybody on the machine: secrets travel in the environment and in headers only."""
    drawn(session, talking)
    for code in ("B1", "B2", "X1"):
        assert run(session, code) == "done"
    talking.hold()
    session.start("X2", armed="enter")
    until(lambda: talking.begun() == 1)
    assert children_of_session(session.incident.runs[-1].pid), "the command runs while we look"
    seen = command_lines()
    assert str(talking.folder).encode() in seen
    assert [name for name, form in spellings(TOKEN).items() if form in seen] == []
    talking.let_go()
    settle(session)
    finish(session)
