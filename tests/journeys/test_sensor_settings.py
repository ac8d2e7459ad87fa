"""The tables of the sensors in goaround.toml: what is read, and one clear line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.model.errors import ConfigError
from actions.model.system import Settings
from app.settings import load

BASE = '[system]\nname = "obcms"\nenvironment = "drill"\n\n'
GOOD = """
[[probe]]
name = "front"
url = "http://127.0.0.1/"
baseline_ms = 140

[[probe]]
name = "mail-relay"
url = "http://127.0.0.2/health"
external = true

[criteria]
slower_percent = 400

[watch]
database_errors = ["ORA-[0-9]+", "deadlock"]

[[login]]
name = "login"
url = "https://obcms.example.org/accounts/login/"
user = "drill"
password = "${env:DRILL_PASSWORD}"
success = "Log out"

[[check]]
name = "mail"
command = ["redis-cli", "llen", "mail"]
at_most = 100
unit = "jobs"
"""


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "goaround.toml"
    path.write_text(BASE + text)
    return load(path).settings


def test_the_tables_of_the_sensors(tmp_path: Path) -> None:
    """As the README shows them."""
    settings = loaded(tmp_path, GOOD)
    assert [(one.name, one.external, one.baseline_ms) for one in settings.probe] == [
        ("front", False, 140),
        ("mail-relay", True, 0),
    ]
    assert settings.criteria.slower_percent == 400
    assert settings.watch.database_errors == ("ORA-[0-9]+", "deadlock")
    assert (settings.login[0].every, settings.login[0].user_field) == ("60s", "username")
    assert (settings.check[0].at_most, settings.check[0].at_least, settings.check[0].every) == (100, None, "30s")


LOGIN = '[[login]]\nname = "a"\nurl = "http://127.0.0.1/"\nuser = "drill"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (LOGIN + 'password = "hunter2"\n', 9, 'password: only as "${env:NAME}": nothing secret stands in this file'),
        (LOGIN, 5, "password"),
        (LOGIN + 'password = "${env:A}"\nevery = "1s"\n', 10, "every: at least 10s"),
        ('[[check]]\nname = "a"\ncommand = []\n', 7, "command: at least one word"),
        ('[[check]]\nname = "a"\ncommand = ["x"]\nat_mots = 1\n', 8, "at_most"),
        ("[criteria]\nslower_percent = 0\n", 6, "slower_percent: must be between 1 and 10000, not 0"),
        ('[watch]\ndatabase_errors = ["("]\n', 6, "database_errors: '(' is no regular expression"),
        (GOOD.replace('name = "login"', 'name = "front"'), None, "front"),
    ],
)
def test_one_clear_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    """File, line and key; and no secret is repeated."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    told = caught.value.line()
    assert words.split(": ")[0] in told
    assert words.rpartition(": ")[2] in told
    assert "hunter2" not in told
    if line is not None:
        assert f"goaround.toml:{line}" in told
