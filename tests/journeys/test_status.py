"""``goaround status``: one line for other terminals, from the record alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_system import Tiny, begin_deploy, build, drawn, pay_what_is_bent, settle
from waiting import within
from watch_ground import MAIN

from actions.model.clock import ManualClock
from actions.model.status_line import Part, line
from app import handover
from app.session import Session
from app.signing import sign_off
from app.status import run_status


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    system = build(tmp_path / "tiny")
    yield system
    system.let_go()


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session("ops1")
    yield one
    one.close()
    one.journal.close()


def said(tiny: Tiny, capsys: pytest.CaptureFixture[str], *, tmux: bool = False, program: bool = False) -> str:
    assert run_status(str(tiny.config), str(tiny.store), "", tmux=tmux, program=program) == 0
    text = capsys.readouterr().out
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text.rstrip("\n")


def test_from_nothing_to_signed(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing open, flown, a step that runs, offered, closed, signed: always one line, and it makes no store."""
    assert said(tiny, capsys) == "nothing open"
    assert not tiny.store.exists()
    session = tiny.session("ops1")
    begin_deploy(session, tiny)
    handover.offer(session, "ops2")
    text = said(tiny, capsys)
    for words in (
        "DRILL",
        f"tiny {session.incident.id} T+0",
        "X2 ",
        " running",
        "back: ",
        "not back yet",
        "ops1 flies",
    ):
        assert words in text
    assert text.endswith("offered to ops2")
    assert "#[" not in text
    coloured = said(tiny, capsys, tmux=True)
    assert "#[fg=yellow]DRILL#[default]" in coloured
    assert "#[fg=red]not back yet#[default]" in coloured
    data = json.loads(said(tiny, capsys, program=True))
    assert (data["open"], data["running"], data["flies"], data["offered_to"]) == (True, "X2", "ops1", "ops2")
    assert data["line"].split(" | ")[0] == "DRILL"
    tiny.let_go()
    settle(session)
    session.stop("after")
    assert "| STOPPED |" in said(tiny, capsys)
    pay_what_is_bent(session)
    session.close_incident("not recovered")
    assert said(tiny, capsys) == f"nothing open | tiny {session.incident.id} closed: not recovered | not signed"
    sign_off(session, "executed", "ops1")
    assert said(tiny, capsys).endswith("awaits verification")
    sign_off(session, "verified", "ops2")
    assert said(tiny, capsys) == "nothing open"
    session.close()
    session.journal.close()


def test_nobody_flies_and_a_deadline_that_is_over(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    """The clock of the reader counts, not the last event."""
    clock = ManualClock()
    session = tiny.session("ops1", clock)
    drawn(session, tiny)
    session.close()
    session.journal.close()
    clock.advance(3 * 3600)
    assert run_status(str(tiny.config), str(tiny.store), "", tmux=True, clock=clock) == 0
    text = capsys.readouterr().out
    assert "T+3:00:00" in text
    assert "#[fg=red]back: OVER by 1 h#[default]" in text
    assert "#[fg=red]nobody flies#[default]" in text


def test_outside_words_do_not_speak_tmux() -> None:
    """A title or a name cannot run a command in the status line: ``#(...)`` is doubled, controls are gone."""
    text = line((Part("#(rm -rf /)\x1b[31m #[fg=blue]", "red"),), tmux=True)
    assert text == "#[fg=red]##(rm -rf /) ##[fg=blue]#[default]"


def test_it_needs_no_configuration_and_is_quick(tiny: Tiny, session: Session, tmp_path: Path) -> None:
    """In any folder, by the store alone; fast enough for a status line; a configuration that is wrong is said."""
    drawn(session, tiny)
    root = str(Path(__file__).resolve().parents[2])

    def status() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*MAIN, "status", "--store", str(tiny.store)),
            cwd=tmp_path,
            env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    done = within(2, status)
    assert done.returncode == 0, done.stderr
    assert session.incident.id in done.stdout
    (tmp_path / "goaround.toml").write_text("[system\n")
    bad = subprocess.run(
        (*MAIN, "status"),
        cwd=tmp_path,
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert bad.returncode == 2
    assert "goaround.toml:1" in bad.stderr
