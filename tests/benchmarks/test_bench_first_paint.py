"""How long the operator waits for the first live screen of an open incident, against importing Textual alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tiny_system
from measuring import Ratio, judge, of_pairs, pairs
from tmux_screen import TmuxScreen

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(300)]

LIMIT = 1.5
PAIRS = 11
WIDTH, HEIGHT = 160, 48
MARK = "textual is imported"
IMPORT = f"import textual.app, time; print({MARK!r}, flush=True); time.sleep(60)"
COCKPIT = "from app.cli import main; main()"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tiny(tmp_path: Path) -> tiny_system.Tiny:
    """An incident that is open: decided, planned, evidence and branch done, the deployment next."""
    tiny = tiny_system.build(tmp_path / "tiny")
    session = tiny.session()
    tiny_system.drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        assert tiny_system.run(session, code) == "done"
    session.close()
    session.journal.close()
    return tiny


def test_first_full_live_paint(tiny: tiny_system.Tiny, tmp_path: Path) -> None:
    """Fast: a real record is open, whole and live in at most 1.5 times what importing the screen library takes."""
    session = tiny.session()
    incident = session.incident
    session.journal.close()
    assert incident.plan is not None
    shown = [
        incident.id,  # the bar
        "Severity",  # the matrix
        *(f"{step.code} " for step in incident.plan.steps if not step.pays),  # the checklist; those stand further below
        "Releases",
        "Logs",
        "What will happen",  # the preview
        "What ran",
        "Enter ",  # what it does now
    ]
    # Bytecode as an installed command has it, for both sides: the first pair, which does not count, writes it.
    bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    environment = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **bytecode}

    def whole(screen: str) -> bool:
        return all(text in screen for text in shown)

    with TmuxScreen(tmp_path, WIDTH, HEIGHT, environment) as tmux:
        command = (sys.executable, "-P", "-c", COCKPIT, "--config", str(tiny.config), "--store", str(tiny.store))
        yardstick = (sys.executable, "-P", "-c", IMPORT)

        def measure() -> list[Ratio]:
            taken = pairs(
                lambda: tmux.seconds_until(command, whole),
                lambda: tmux.seconds_until(yardstick, lambda screen: MARK in screen),
                PAIRS,
            )
            return [of_pairs("first full live paint / import textual.app", taken, LIMIT)]

        judge(measure)
