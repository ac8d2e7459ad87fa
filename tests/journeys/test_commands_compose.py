"""Before it is needed, over a database in a container: predeploy and the trial restore need no client on the host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_ground import ROOT, SCRIPT
from compose_stack import Stack
from database_stack import database_stack, sql

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.timeout(240)]

TABLES = """
CREATE TABLE item (id serial PRIMARY KEY, text text);
INSERT INTO item (text) SELECT md5(i::text) FROM generate_series(1, 5000) AS i;
"""
CONFIG = """\
[system]
name = "{name}"
environment = "drill"

[compose]
directory = "{folder}"
files = ["{file}"]
project = "{name}"
services = ["web"]

[database]
name = "obcms_prod"
reach = "compose:db"
role = "obcms"
keep = "{keep}"
jobs = {jobs}
snapshot = true
"""


@pytest.fixture
def stack(engine_name: str, database_image: str, tmp_path: Path) -> Iterator[Stack]:
    with database_stack(engine_name, tmp_path / "app", database_image, TABLES) as one:
        yield one


@pytest.mark.parametrize("jobs", [1, 3])
def test_predeploy_and_a_trial(stack: Stack, tmp_path: Path, jobs: int) -> None:
    """The backup lies on the host, the snapshot and the trial are in the container's server; nothing is left of it."""
    config = tmp_path / "goaround.toml"
    keep = tmp_path / "keep"
    config.write_text(CONFIG.format(name=stack.name, folder=stack.folder, file=stack.file, keep=keep, jobs=jobs))

    def run(*words: str) -> tuple[int, Any]:
        done = subprocess.run(
            [
                sys.executable,
                "-P",
                "-c",
                SCRIPT,
                *words,
                "--config",
                str(config),
                "--store",
                str(tmp_path / "s"),
                "--json",
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert "hidden-canary" not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    status, data = run("predeploy", "--snapshot-now")
    assert status == 0, data["gaps"]
    backup, snapshot = data["kept"]
    assert data["option"] == "compose"
    assert (backup["kind"], backup["rows"], snapshot["kind"]) == ("backup", 5000, "snapshot")
    closed = f"SELECT datallowconn, pg_database_size(oid) > 0 FROM pg_database WHERE datname = '{snapshot['place']}'"
    assert sql(stack, closed) == "f|t", "nobody is let in: what is swapped in later is what was copied"
    status, data = run("ready", "--restore")
    assert status == 0, data
    assert (data["rows"], data["backup"]["path"], data["left"]) == (5000, backup["place"], [])
    assert Path(f"{backup['place']}.proven.json").exists()
    names = sql(stack, "SELECT datname FROM pg_database WHERE datname LIKE 'obcms%' ORDER BY 1").split()
    assert names == ["obcms_prod", snapshot["place"]]
    inside = ("docker", "exec", stack.container("db"), "ls", "/tmp")
    assert "goaround" not in subprocess.run(inside, capture_output=True, text=True, check=True, timeout=110).stdout
