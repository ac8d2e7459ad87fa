"""Bad configuration: one clear line with file, line and key, exit status 2, and nothing is run or left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import within

from actions.model.codec import from_json
from actions.model.errors import BadInput, ConfigError
from actions.model.system import Settings
from app.cli import _parsed
from app.command_line import parser
from app.settings import find_config, load
from app.toml_lines import key_lines, line_of

GOAROUND = Path(sys.executable).with_name("goaround")

GOOD = """\
[system]
name = "tiny"
environment = "drill"
host = "local"
option = "git"

[git]
repository = "/srv/clone"
deploy = ["deploy", "{ref}"]
running = { command = ["cat", "/srv/running"] }

[compose]
directory = "/srv/app"
services = ["web"]

[[probe]]
name = "health"
url = "http://127.0.0.1:8000/health"
answer = 5
deadline = 60
expect = { status = 200 }

[prove]
passes = 3
seconds = 1

[people]
ops1 = { name = "First" }

[[escalation]]
within = "15m"
approve = ["lead"]
"""


def swapped(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{old!r} must stand in the good file once"
    return GOOD.replace(old, new)


# what is wrong, the file, the line that must be named, the key that must be named, a word of the reason
BAD: list[tuple[str, str, int | None, str, str]] = [
    ("unknown table", GOOD + "\n[gti]\nx = 1\n", 34, "gti", "did you mean 'git'"),
    ("unknown key", swapped("option =", "optoin ="), 5, "system.optoin", "did you mean 'option'"),
    ("unknown key inline", swapped("{ status", "{ stauts"), 21, "probe[1].expect.stauts", "did you mean 'status'"),
    ("unknown key of a person", swapped("{ name", "{ nmae"), 28, "people.ops1.nmae", "did you mean 'name'"),
    ("text for a number", swapped("passes = 3", 'passes = "3"'), 24, "prove.passes", "must be a whole number"),
    ("fraction for a number", swapped("passes = 3", "passes = 3.5"), 24, "prove.passes", "must be a whole number"),
    ("true for a number", swapped("passes = 3", "passes = true"), 24, "prove.passes", "must be a whole number"),
    ("nan", swapped("passes = 3", "passes = nan"), 24, "prove.passes", "must be a whole number"),
    ("a date", swapped("passes = 3", "passes = 2026-11-22"), 24, "prove.passes", "not a date"),
    ("a huge number", swapped("passes = 3", f"passes = {10**30}"), 24, "prove.passes", "between 1 and 1000"),
    ("text for a list", swapped('["web"]', '"web"'), 14, "compose.services", "must be a list"),
    ("number in a list", swapped('["web"]', '["web", 3]'), 14, "compose.services[2]", "must be a text"),
    ("list of tables for a table", swapped("[git]", "[[git]]"), 7, "git", "must be a table, not a list"),
    ("table for a list of tables", swapped("[[probe]]", "[probe]"), 16, "probe", "must be a list"),
    ("number for a table", "system = 3\n", 1, "system", "must be a table"),
    ("duplicate key", swapped("passes = 3", "passes = 3\npasses = 4"), 25, "passes", "twice"),
    ("duplicate table", GOOD + "\n[system]\nname = 'x'\n", 34, "system", "twice"),
    ("broken syntax", swapped("passes = 3", "passes = = 3"), 24, "passes", "Invalid value"),
    ("text without its end", swapped('"15m"', '"15m'), 31, "within", "Illegal character"),
    ("control character", swapped('"tiny"', '"ti\x01ny"'), 2, "name", "Illegal character"),
    ("missing name", swapped('name = "tiny"\n', ""), 1, "system.name", "is missing"),
    ("missing system", "[prove]\npasses = 3\n", None, "system", "is missing"),
    ("unknown environment", swapped('"drill"', '"prod"'), 3, "system.environment", "'production' or 'staging'"),
    ("unknown option", swapped('option = "git"', 'option = "svn"'), 5, "system.option", "'compose' or 'git'"),
    ("name with a space", swapped('"tiny"', '"ti ny"'), 2, "system.name", "letters, digits"),
    ("name with an escape", swapped('"tiny"', '"\\u001b[31m"'), 2, "system.name", "letters, digits"),
    ("port 0", swapped(":8000", ":0"), 18, "probe[1].url", "between 1 and 65535"),
    ("port 65536", swapped(":8000", ":65536"), 18, "probe[1].url", "between 1 and 65535"),
    ("negative port", swapped(":8000", ":-1"), 18, "probe[1].url", "port must be a number"),
    ("ssh port 65536", swapped('"local"', '"ssh://a@b:65536"'), 4, "system.host", "between 1 and 65535"),
    ("ssh port 0", swapped('"local"', '"ssh://a@b:0"'), 4, "system.host", "between 1 and 65535"),
    ("ssh option as host", swapped('"local"', '"ssh://-oProxyCommand=x"'), 4, "system.host", "ssh://user@host"),
    ("password in a URL", swapped("127.0.0.1", "me:pw@127.0.0.1"), 18, "probe[1].url", "user or password"),
    ("another scheme", swapped("http://127", "file://127"), 18, "probe[1].url", "http:// or https://"),
    ("half an address", swapped("127.0.0.1:8000", "[::1"), 18, "probe[1].url", "is no host"),
    ("newline in a URL", swapped('/health"', '/he\\nalth"'), 18, "probe[1].url", "control character"),
    ("time-out 0", swapped("answer = 5", "answer = 0"), 19, "probe[1].answer", "between 1 and 600"),
    ("negative time-out", swapped("deadline = 60", "deadline = -5"), 20, "probe[1].deadline", "between 1 and"),
    ("time-out 1e9", swapped("answer = 5", "answer = 1e9"), 19, "probe[1].answer", "must be a whole number"),
    ("endless time-out", swapped("answer = 5", f"answer = {10**9}"), 19, "probe[1].answer", "between 1 and 600"),
    ("time-out in words", swapped("answer = 5", 'answer = "10s"'), 19, "probe[1].answer", "must be a whole number"),
    ("status 999", swapped("status = 200", "status = 999"), 21, "probe[1].expect.status", "between 100 and 599"),
    ("the second probe", GOOD + '[[probe]]\nname = "b"\nurl = "x"\n', 35, "probe[2].url", "http://"),
    ("two probes of one name", GOOD + '[[probe]]\nname = "health"\nurl = "http://a/"\n', 16, "probe", "twice"),
    ("repeated service", swapped('["web"]', '["web", "web"]'), 14, "compose.services", "twice"),
    ("service like an option", swapped('["web"]', '["-web"]'), 14, "compose.services", "not a service name"),
    ("path with ~", swapped('"/srv/app"', '"~/app"'), 13, "compose.directory", "absolute path"),
    ("path with a variable", swapped('"/srv/app"', '"$HOME/app"'), 13, "compose.directory", "absolute path"),
    ("path with ..", swapped('"/srv/app"', '"../app"'), 13, "compose.directory", "absolute path"),
    ("path like an option", swapped('"/srv/clone"', '"--upload-pack=x"'), 8, "git.repository", "begin with '-'"),
    ("a ref that is not used", swapped("{ref}", "main"), 9, "git.deploy", "{ref} or {sha}"),
    ("a command as one text", swapped('["deploy", "{ref}"]', '"deploy {ref}"'), 9, "git.deploy", "must be a list"),
    ("nobody may decide", swapped('["lead"]', "[]"), 32, "escalation[1].approve", "at least one"),
    ("a time in parsecs", swapped('"15m"', '"15 parsecs"'), 31, "escalation[1].within", "15m"),
    (
        "running told twice",
        swapped('["cat", "/srv/running"]', '["cat"], url = "http://x/"'),
        10,
        "git.running",
        "either",
    ),
    ("nested too deeply", "x = " + "[" * 9000 + "]" * 9000, None, "", "nested too deeply"),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "goaround.toml"


def test_the_good_file_is_good(config: Path) -> None:
    """What the bad ones differ from is read, with the same values as written."""
    config.write_text(GOOD)
    loaded = load(config)
    assert loaded.warnings == ()
    assert loaded.settings.options == ("git", "compose")
    assert loaded.settings.probe[0].expect.status == (200,)
    assert loaded.settings.escalation[0].seconds == 900


@pytest.mark.parametrize(("text", "line", "key", "reason"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_each_mistake_is_named_with_its_place(config: Path, text: str, line: int | None, key: str, reason: str) -> None:
    """File, line and key of what is wrong, and in words why."""
    config.write_text(text)
    error = within(1, lambda: mistake(config))
    assert (error.line_number, error.key) == (line, key), error.line()
    assert reason in error.line()
    assert error.line().startswith(f"{config}:{line}: {key}: " if line else str(config))
    assert error.line().isprintable()
    assert len(error.line()) < 600


def mistake(config: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(config)
    return caught.value


def refusal(config: Path, folder: Path, *arguments: str) -> str:
    """What the real command says about a configuration; it must refuse with 2 and leave no record store."""
    done = subprocess.run(
        [str(GOAROUND), *(arguments or ("--config", str(config)))],
        cwd=folder,
        env={**os.environ, "GOAROUND_STATE_DIR": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    words = done.stderr.decode()
    assert done.returncode == 2, words
    assert done.stdout == b""
    assert words.count("\n") == 1, words
    assert words.endswith("\n")
    assert words[:-1].isprintable(), repr(words)
    assert not (folder / "state").exists(), "nothing is begun"
    return words


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [row[1:4] for row in BAD if row[0] in ("unknown key", "text for a number", "duplicate key", "port 65536")],
    ids=["unknown key", "wrong type", "duplicate key", "port"],
)
def test_the_command_refuses_with_one_line_and_status_2(
    config: Path, tmp_path: Path, text: str, line: int, key: str
) -> None:
    """`goaround` with a bad configuration: one line, file:line and key, exit 2."""
    config.write_text(text)
    assert f"{config}:{line}: {key}" in refusal(config, tmp_path)


def _empty(path: Path) -> None:
    path.touch()


def _only_comments(path: Path) -> None:
    path.write_text("  \n\n")


def _nul(path: Path) -> None:
    path.write_bytes(GOOD.encode().replace(b"tiny", b"ti\0ny"))


def _large(path: Path) -> None:
    path.write_bytes(GOOD.encode() + b"#" * (10 * 1024 * 1024))


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _latin(path: Path) -> None:
    path.write_bytes(GOOD.encode().replace(b"First", b"F\xfcnf"))


def _escape(path: Path) -> None:
    path.write_text(GOOD.replace("[people]", '[people]\n"\\u001b]0;x\\u0007" = 3'))


def _raw_escape(path: Path) -> None:
    path.write_text(GOOD.replace("[people]", "[people]\n\x1b[31m = 3"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_empty, "is empty"),
        (_only_comments, "is empty"),
        (_nul, "NUL byte"),
        (_large, "larger than"),
        (_endless, "not a plain file"),
        (_fifo, "not a plain file"),
        (_folder, "not a plain file"),
        (_loop, "--config"),
        (_latin, "not UTF-8"),
        (_escape, "people"),
        (_raw_escape, "Invalid"),
    ],
)
def test_files_that_are_no_configuration(
    config: Path, tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    """No hang, no crash, nothing raw on the terminal: one line that names the file."""
    make(config)
    said = refusal(config, tmp_path)
    assert str(config) in said
    assert words in said


def test_a_nul_byte_is_found_in_its_line(config: Path) -> None:
    """The line is named where there is one."""
    _nul(config)
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert caught.value.line_number == 2


def test_no_configuration_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file is named, and so is what to do instead."""
    said = refusal(tmp_path / "missing.toml", tmp_path)
    assert f"{tmp_path / 'missing.toml'}" in said
    assert "no such file" in said
    said = refusal(tmp_path, tmp_path, "run", "--plain")
    assert "goaround.toml" in said
    assert "goaround demo" in said
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOAROUND_CONFIG", str(tmp_path / "other.toml"))
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "other.toml"))):
        find_config(None)


def test_unreadable(config: Path) -> None:
    """The system's own words say why, also for a path that leads through a file."""
    config.write_text(GOOD)
    with pytest.raises(BadInput, match="Not a directory"):
        load(config / "goaround.toml")


def test_a_variable_may_be_named_by_a_table_of_its_own(config: Path) -> None:
    """`{ env = "NAME" }` says the same as `"${env:NAME}"`; with anything beside it it is refused by its name."""
    text = GOOD + (
        '\n[coolify]\nurl = "https://coolify.example.org"\napplication = "vgk8kw0cg0k8sowko8ssc8og"\n'
        'token = { env = "OBSERVE" }\nact_token = "${env:ACT}"\n'
        '[[probe]]\nname = "told"\nurl = "http://127.0.0.1/"\n'
        'headers = { env = "x", Authorization = { env = "PROBE" } }\n'
    )
    config.write_text(text)
    settings = load(config).settings
    assert settings.coolify is not None
    assert (settings.coolify.token, settings.coolify.act_token) == ("${env:OBSERVE}", "${env:ACT}")
    assert settings.probe[-1].headers == {"env": "x", "Authorization": "${env:PROBE}"}
    config.write_text(text.replace('{ env = "OBSERVE" }', '{ env = "OBSERVE", more = 1 }'))
    with pytest.raises(ConfigError, match="token"):
        load(config)


def test_what_editors_leave_is_no_mistake(config: Path) -> None:
    """A byte order mark and CRLF change neither the meaning nor the lines of errors."""
    config.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    plain = config.with_name("plain.toml")
    plain.write_text(GOOD)
    assert load(config).settings == load(plain).settings
    config.write_bytes(b"\xef\xbb\xbf" + swapped("passes = 3", "passes = 0").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert (caught.value.line_number, caught.value.key) == (24, "prove.passes")


def test_a_file_that_everybody_may_write_is_said(config: Path) -> None:
    """Whoever writes the configuration decides what runs: a warning with the way to mend it."""
    config.write_text(GOOD)
    config.chmod(0o666)
    [warning] = load(config).warnings
    assert str(config) in warning
    assert "chmod o-w" in warning
    config.chmod(0o640)
    assert load(config).warnings == ()


def test_lines_of_keys() -> None:
    """Keys are found in tables, lists of tables, quoted and dotted; never inside a text of several lines."""
    text = '[a]\nx = """\n[b]\ny = 1\n"""\ny = 2\n[[c]]\nz.w = 1\n[[c]]\n"q k" = 3\n[d.e]\nf = [\n 1,\n]\n'
    lines = key_lines(text)
    assert lines[("a", "y")] == 6
    assert ("b",) not in lines
    assert lines[("c", 0, "z", "w")] == 8
    assert lines[("c", 1)] == 9
    assert lines[("c", 1, "q k")] == 10
    assert lines[("d", "e", "f")] == 12
    assert line_of(text, ("d", "e", "f", 0)) == 12
    assert line_of(text, ("nowhere",)) is None


@given(st.text(max_size=300))
def test_no_text_crashes_the_reader(text: str) -> None:
    """Whatever stands in the file: settings, or an error that can be shown."""
    path = Path(os.environ["GOAROUND_STATE_DIR"]).with_suffix(".toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError) as caught:
        load(path)  # nothing of this kind can be a whole configuration
    assert caught.value.line().isprintable()


@given(st.sampled_from(GOOD.splitlines()), st.text(max_size=20), st.integers(0, 40))
def test_no_edit_of_a_good_file_crashes_the_reader(line: str, more: str, at: int) -> None:
    """An edit by a tired hand: settings, or an expected error."""
    path = Path(os.environ["GOAROUND_STATE_DIR"]).with_suffix(".toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = line[:at] + more + line[at:]
    path.write_bytes(GOOD.replace(line, changed, 1).encode("utf-8", "surrogatepass"))
    with suppress(ConfigError):
        load(path)


@pytest.mark.parametrize(
    "text",
    [GOOD, *(text for _, text, _, _, _ in BAD)],
    ids=["good", *(name for name, *_ in BAD)],
)
def test_the_quick_reader_accepts_what_the_library_accepts_and_nothing_else(text: str) -> None:
    """A good file is read without the library; where both read it, they read the same."""
    with suppress(tomllib.TOMLDecodeError, RecursionError):
        data = tomllib.loads(text)
        try:
            wanted: object = msgspec.convert(data, Settings)
        except msgspec.ValidationError:
            wanted = None
        try:
            found: object = from_json(Settings, data)
        except ValueError:
            found = None
        assert found in (wanted, None)


def test_a_good_file_is_read_without_the_library(config: Path) -> None:
    """Its loading would count before the first screen."""
    config.write_text(GOOD)
    script = f"import sys; from pathlib import Path; from app.settings import load; load(Path({str(config)!r}))"
    done = subprocess.run([sys.executable, "-c", f"{script}; print('msgspec' in sys.modules)"], capture_output=True)
    assert done.stdout.strip() == b"False", done.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--config", "a.toml"],
        ["--store", "s", "--config", "a.toml", "--observe"],
        ["--take-over", "he sleeps", "--version"],
        ["--config=a.toml", "--store=s"],
        ["records", "--limit", "3"],
    ],
)
def test_the_quick_command_line_reads_as_the_whole_parser_does(words: list[str]) -> None:
    """Options of the cockpit alone are read without it; every option has its name and its default."""
    quick = vars(_parsed(words))
    whole = vars(parser().parse_args(words))
    assert {name: quick[name] for name in whole} == whole


@pytest.mark.parametrize("words", [["--config"], ["--config", "--observe"], ["--confg", "x"], ["recrods"]])
def test_a_bad_command_line_is_one_line_of_the_whole_parser(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is guessed: the parser says what is wrong, with exit status 2."""
    with pytest.raises(SystemExit) as left:
        _parsed(words)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
