"""``[coolify]`` and ``git.coolify`` as somebody writes them: what is wrong is named with its key, and nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.model.errors import ConfigError
from actions.model.system_coolify import CoolifyTable
from app.secrets_in import redactor_for, referenced
from app.settings import load

GOOD = """\
[system]
name = "shop"
environment = "drill"

[coolify]
url = "https://coolify.example.org"
application = "vgk8kw0cg0k8sowko8ssc8og"
token = "${env:COOLIFY_OBSERVE}"
act_token = "${env:COOLIFY_ACT}"
server = "zo4kco0kckocsk8wwogk4kgk"
database = "k8gcog4ws44k0gskkcw40sok"
running = { url = "https://shop.example.org/version", field = "commit", deadline = 60 }
poll = 2
cancel_after = "20m"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "goaround.toml"
    path.write_text(text)
    return path


def test_a_whole_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as it is written; both tokens are known to the redaction before anything is asked."""
    monkeypatch.setenv("COOLIFY_OBSERVE", "7|observe-observe")
    monkeypatch.setenv("COOLIFY_ACT", "8|act-act-act-act")
    settings = load(written(tmp_path, GOOD)).settings
    assert settings.coolify is not None
    assert settings.coolify.running is not None
    assert (settings.options, settings.coolify.running.field) == (("coolify",), "commit")
    assert {"COOLIFY_OBSERVE", "COOLIFY_ACT"} <= set(referenced(settings))
    said = redactor_for(settings).redact("7|observe-observe and 8|act-act-act-act")
    assert "observe-observe" not in said
    assert "act-act" not in said


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("https://coolify.example.org", "https://coolify.example.org/api/v1", "coolify.url", "without /api/v1"),
        ("https://coolify.example.org", "coolify.example.org", "coolify.url", ""),
        ("vgk8kw0cg0k8sowko8ssc8og", "../etc", "coolify.application", "UUID"),
        ("zo4kco0kckocsk8wwogk4kgk", "a/b", "coolify.server", "UUID"),
        ("${env:COOLIFY_OBSERVE}", "7|secret", "coolify.token", "nothing secret stands in this file"),
        ("${env:COOLIFY_OBSERVE}", "", "coolify.token", "nothing secret stands in this file"),
        ("${env:COOLIFY_ACT}", "8|secret", "coolify.act_token", "nothing secret stands in this file"),
        ("poll = 2", "poll = 0", "coolify.poll", "between 1 and 60"),
        ('cancel_after = "20m"', 'cancel_after = "soon"', "coolify.cancel_after", ""),
        ("running = { url =", "running = { command = ['x'], url =", "coolify.running", "either command or url"),
        ("poll = 2", 'ca_file = "ca.pem"', "coolify.ca_file", ""),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, old: str, new: str, key: str, words: str) -> None:
    """One line with the key; no token is repeated."""
    assert old in GOOD
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, GOOD.replace(old, new)))
    assert told.value.key.startswith(key), told.value.line()
    assert words in told.value.line()
    assert "|secret" not in told.value.line()


@pytest.mark.parametrize(
    ("git", "coolify", "words"),
    [
        ('repository = "/opt/shop"\ncoolify = true\n', False, "there is no [coolify] table"),
        ('repository = "/opt/shop"\ncoolify = true\ndeploy = ["d", "{ref}"]\n', True, "either that or deploy"),
    ],
)
def test_git_by_coolify_needs_it_and_nothing_else(tmp_path: Path, git: str, coolify: bool, words: str) -> None:
    """One of them deploys the branch."""
    base = GOOD if coolify else GOOD[: GOOD.index("[coolify]")]
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, f"{base}\n[git]\n{git}"))
    assert words in told.value.line()
    assert "coolify" in told.value.key or "coolify" in told.value.line()


@pytest.mark.parametrize(
    ("url", "more", "exposed"),
    [
        ("https://coolify.example.org", {}, ""),
        ("http://127.0.0.1:8000", {}, ""),
        ("http://[::1]:8000/", {}, ""),
        ("http://localhost:8000", {}, ""),
        ("http://coolify.localhost", {}, ""),
        ("https://127.0.0.1:8443", {"verify_tls": False}, ""),
        ("http://coolify.example.org", {}, "http:// is not encrypted"),
        ("HTTP://coolify.example.org".lower(), {}, "http:// is not encrypted"),
        ("http://10.0.0.7:8000", {}, "http:// is not encrypted"),
        ("http://localhost.example.org", {}, "http:// is not encrypted"),
        ("https://coolify.example.org", {"verify_tls": False}, "its certificate is not checked"),
    ],
)
def test_tokens_that_go_in_the_clear(url: str, more: dict[str, bool], exposed: str) -> None:
    """Said, and never refused; what does not leave this machine (a tunnel of ssh) is not on the way."""
    table = CoolifyTable(url, "vgk8kw0cg0k8sowko8ssc8og", "${env:A}", **more)  # type: ignore[arg-type]
    assert table.exposed().startswith(exposed)
    assert bool(table.exposed()) is bool(exposed)


@pytest.mark.parametrize("end", ["?x=1", "/#/login", "/api", "/api/v1/"])
def test_an_address_that_is_more_than_the_dashboards(end: str) -> None:
    """Named with its key, before anything is asked."""
    with pytest.raises(ValueError, match=r"^url: without"):
        CoolifyTable(f"https://coolify.example.org{end}", "vgk8kw0cg0k8sowko8ssc8og", "${env:A}")
