"""Reading ``goaround.toml``: one clear line for what is wrong (file, line, key), or the settings.

Types are checked against ``actions.model.system``; what does not fit is checked once more by msgspec, whose words name
the field (measured: loading it takes a fiftieth of the time to the first screen, so a good file does without). The
tables check their own values; unknown keys are looked for here.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from actions.model.codec import from_json, hints
from actions.model.errors import ConfigError
from actions.model.quick_dataclass import dataclass, fields_of
from actions.model.system import Settings
from app.recipients import Recipients, recipients_of

CONFIG_NAME = "goaround.toml"
_LIMIT = 1024 * 1024
SECRET = ("token", "act_token", "password")
"""Keys that name a variable of the environment, in any table."""


@dataclass(frozen=True)
class Loaded:
    """A configuration as read."""

    path: Path
    text: str
    sha256: str
    settings: Settings
    warnings: tuple[str, ...] = ()
    recipients: Recipients = Recipients()
    """Who can open private evidence."""


def find_config(given: str | None) -> Path:
    """``--config``, else ``GOAROUND_CONFIG``, else ``./goaround.toml``. Raises ConfigError when there is none."""
    named = given or os.environ.get("GOAROUND_CONFIG")
    path = Path(named) if named else Path(CONFIG_NAME)
    if not path.exists():
        why = "there is no such file" if named else "there is no configuration in this folder"
        raise ConfigError(str(path), None, "", why, "name one with --config FILE, or try: goaround demo")
    return path.absolute()


def load(path: Path) -> Loaded:
    """Read and check a configuration. Raises ConfigError."""
    text = _read(path)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if sha256 not in _checked:
        _checked[sha256] = _check(path, text)
    warnings: tuple[str, ...] = ()
    if path.stat().st_mode & stat.S_IWOTH:
        warnings = (f"{path} is writable by everybody (chmod o-w)",)
    return Loaded(path, text, sha256, _checked[sha256], warnings, recipients_of(path, text, _checked[sha256].evidence))


_checked: dict[str, Settings] = {}
"""What a text with this digest says: the pinned copy is mostly the configuration once more. Nothing changes them."""


def _check(path: Path, text: str) -> Settings:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_error(path, text, error) from error
    except RecursionError as error:
        raise ConfigError(str(path), None, "", "nested too deeply") from error
    _lists(data)
    _variables(data)
    _unknown_keys(path, text, data, Settings, ())
    try:
        return from_json(Settings, data)
    except ValueError:
        return _checked_anew(path, text, data)


def _checked_anew(path: Path, text: str, data: dict[str, Any]) -> Settings:
    """By msgspec, whose words name the field. It is loaded only here: the first screen does not wait for it."""
    import msgspec

    try:
        return msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise _validation_error(path, text, str(error)) from error


def _read(path: Path) -> str:
    name = str(path)
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise ConfigError(name, None, "", "is not a plain file")
        if info.st_size > _LIMIT:
            raise ConfigError(name, None, "", f"is larger than {_LIMIT // 1024} KiB")
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(name, None, "", error.strerror or str(error), "check the path and its rights") from error
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if b"\0" in raw:
        raise ConfigError(name, raw[: raw.index(b"\0")].count(b"\n") + 1, "", "holds a NUL byte")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(name, line, "", "is not UTF-8 text") from error
    if not text.strip():
        raise ConfigError(name, None, "", "is empty", "a [system] table with name and environment is needed")
    return text.replace("\r\n", "\n")


def _toml_error(path: Path, text: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    match = re.search(r"^(.*?) \(at line (\d+), column \d+\)$", str(error))
    problem, line = (match.group(1), int(match.group(2))) if match else (str(error), None)
    if line is None and "end of document" in problem:
        line = text.count("\n") + 1
    key = ""
    if line is not None:
        row = text.splitlines()[line - 1 : line]
        key = row[0].partition("=")[0].strip() if row else ""
        if "overwrite" in problem or "twice" in problem or "Cannot declare" in problem:
            problem = "stands there twice"
            key = key.strip("[] ")
    return ConfigError(str(path), line, key[:60], problem)


def _lists(data: dict[str, Any]) -> None:
    """``status = 200`` may be written for ``status = [200]``, one address for a list of them."""
    probes = data.get("probe")
    for probe in probes if isinstance(probes, list) else []:
        expect = probe.get("expect") if isinstance(probe, dict) else None
        if isinstance(expect, dict) and isinstance(expect.get("status"), int):
            expect["status"] = [expect["status"]]
    channels = data.get("channel")
    rows = [one.get("to") for one in channels if isinstance(one, dict)] if isinstance(channels, list) else []
    for table in (data.get("contacts"), *rows):
        if isinstance(table, dict):
            table.update({role: [one] for role, one in table.items() if isinstance(one, str)})


def _variables(data: Any, key: str = "") -> None:
    """``{ env = "NAME" }`` may be written for ``"${env:NAME}"``, where something secret is named."""
    for name, value in data.items() if isinstance(data, dict) else ():
        if (name in SECRET or key == "headers") and isinstance(value, dict) and isinstance(value.get("env"), str):
            data[name] = f"${{env:{value['env']}}}" if len(value) == 1 else value
        for inner in value if isinstance(value, list) else (value,):
            _variables(inner, name)


def _table_of(kind: Any) -> Any:
    """The dataclass inside an annotation (optional, tuple or dict of it), or None."""
    if fields_of(kind) is not None:
        return kind
    for inner in get_args(kind):
        found = _table_of(inner)
        if found is not None:
            return found
    return None


def _unknown_keys(path: Path, text: str, data: Any, cls: Any, where: tuple[str | int, ...]) -> None:
    known = hints(cls)
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        place = (*where, key)
        if key not in known:
            from app.toml_lines import line_of  # a good file does without

            close = difflib.get_close_matches(key, known, n=1)
            move = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(known))}"
            raise ConfigError(str(path), line_of(text, place), _dotted(place), "is not a known key", move)
        inner = _table_of(known[key])
        if inner is None:
            continue
        named = _is_named(known[key])
        if isinstance(value, list):
            for index, item in enumerate(value):
                _unknown_keys(path, text, item, inner, (*place, index))
        elif named and isinstance(value, dict):
            for name, item in value.items():
                _unknown_keys(path, text, item, inner, (*place, name))
        else:
            _unknown_keys(path, text, value, inner, place)


def _is_named(kind: Any) -> bool:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return any(_is_named(inner) for inner in get_args(kind))
    return origin in (dict, Mapping)


def _dotted(path: tuple[str | int, ...]) -> str:
    out = ""
    for part in path:
        out += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if out else part)
    return out


def _validation_error(path: Path, text: str, message: str) -> ConfigError:
    problem, _, at = message.rpartition(" - at `$")
    if not problem:
        problem, at = message, ""
    place: list[str | int] = []
    for name, index in re.findall(r"\.?([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]", at.rstrip("`")):
        if name:
            place.append(name)
        elif index.isdigit():
            place.append(int(index))
    from app.toml_lines import line_of

    missing = re.fullmatch(r"Object missing required field `(\w+)`", problem)
    if missing:
        line = line_of(text, tuple(place)) if place else None
        return ConfigError(str(path), line, _dotted((*place, missing.group(1))), "is missing")
    own = re.match(r"^([a-z_]+(?:\.[a-z_]+)*): (.*)$", problem)
    if own:
        parts = own.group(1).split(".")
        place += parts[1:] if place[-1:] == parts[:1] and len(parts) == 1 else parts
        problem = own.group(2)
    words = _one_of(place) if problem.startswith("Invalid enum value") else ""
    if words:
        problem = f"must be {words}"
    return ConfigError(str(path), line_of(text, tuple(place)), _dotted(tuple(place)), _plain_words(problem))


def _one_of(place: list[str | int]) -> str:
    """The words that may stand at a place, as its annotation lists them; empty when it lists none."""
    kind: Any = Settings
    for part in place:
        table = _table_of(kind)
        if isinstance(part, str) and table is not None:
            kind = hints(table).get(part)
    return " or ".join(repr(word) for word in _literals(kind))


def _literals(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(word for inner in get_args(kind) for word in _literals(inner))


def _plain_words(problem: str) -> str:
    match = re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`(.*)", problem)
    if not match:
        return problem
    names = {
        "str": "a text in quotes",
        "int": "a whole number",
        "bool": "true or false",
        "array": "a list",
        "object": "a table",
        "float": "a number with a point",
        "date": "a date",
        "time": "a time",
        "datetime": "a date",
    }
    kinds = [one.strip() for one in match.group(1).split("|")]
    wanted = " or ".join(names.get(one, one) for one in kinds if one != "null")
    got = names.get(match.group(2), match.group(2))
    return f"must be {wanted}, not {got}"
