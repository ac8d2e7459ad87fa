"""The environment as a command tells it: both forms, and what is wrong named by its line and never quoted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from performing import local_world

from actions.model.errors import BadInput, CommandFailed
from actions.model.system_environment import EnvironmentTable
from actions.steps.environment_command import ask, read


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (b"A=1\nB=x=y\r\n\n# a word\nC=\n", {"A": "1", "B": "x=y", "C": ""}),
        (b' {"A": "1\\n2", "B": null}', {"A": "1\n2", "B": None}),
        ("Ä=ö\n".encode(), {"Ä": "ö"}),
        (b"\x1b[31mA=1\n", {"A": "1"}),
    ],
)
def test_lines_and_json(output: bytes, wanted: dict[str, str | None]) -> None:
    """S12: a name is made harmless where it enters; a value is as it is."""
    assert read(output) == wanted


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (b"A=1\ncanary\n", "line 2 is no NAME=value"),
        (b"=canary\n", "line 1 is no NAME=value"),
        (b"A=1\nB=\xff\n", "line 2 is no UTF-8"),
        (b'{"A": canary', "begins as a JSON object, and is none"),
        (b'{"A": ["canary"]}', "A: a text or null is needed"),
        (b"{}", "it prints no variable"),
        (b"\n", "it prints no variable"),
    ],
)
def test_what_cannot_be_read(output: bytes, why: str) -> None:
    """One clear line with the setting, and nothing of what was printed."""
    with pytest.raises(BadInput) as found:
        read(output)
    assert why in found.value.line()
    assert "environment.command" in found.value.line()
    assert "canary" not in found.value.line()


def test_it_runs_where_it_is_told_to(tmp_path: Path) -> None:
    """In its folder and within its time; what a failing one prints is shown nowhere."""
    here = EnvironmentTable(command=(sys.executable, "-c", "import os; print('A=' + os.getcwd())"))
    there = EnvironmentTable(command=here.command, directory=str(tmp_path), where="host")
    world = local_world(tmp_path)
    assert ask(there, world) == {"A": str(tmp_path)}
    assert ask(here, world).keys() == {"A"}
    for command, timeout, why in (
        ("import sys; print('canary'); sys.exit('canary')", 60, "ended with 1"),
        ("import time; print('canary', flush=True); time.sleep(60)", 1, "did not end within 1 s"),
    ):
        with pytest.raises(CommandFailed) as found:
            ask(EnvironmentTable(command=(sys.executable, "-c", command), timeout=timeout), world)
        assert why in found.value.line()
        assert "canary" not in found.value.line()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"identity": "key"}, "identity"),
        ({"directory": "/x"}, "directory: of a command"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_table_that_is_wrong(given: dict[str, object], why: str) -> None:
    """Bad settings are named by their key."""
    with pytest.raises(ValueError, match=why):
        EnvironmentTable(**given)  # type: ignore[arg-type]  # that is the point
