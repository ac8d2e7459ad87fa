"""Who can open private evidence: the keys of ``[evidence]``, those of its file included, checked line by line.

The keys themselves are understood by ``actions.model.recipient``; encrypting is left to the gateway.
"""

from __future__ import annotations

import stat
from pathlib import Path

from actions.model.errors import ConfigError
from actions.model.quick_dataclass import dataclass
from actions.model.system import EvidenceTable
from app.places import pinned_recipients

_KEY = "evidence.encrypt_to_file"
_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Recipients:
    """Public keys as configured; none: private evidence is not encrypted."""

    keys: tuple[str, ...] = ()
    file_text: str = ""
    """Of ``encrypt_to_file``, as read: pinned with the configuration when an incident is declared."""


def recipients_of(config: Path, text: str, table: EvidenceTable) -> Recipients:
    """All recipients that a configuration names. Beside a pinned configuration its pinned file counts.

    Raises ConfigError that names the line of the file, or the line of the key when the file cannot be read.
    """
    if not table.encrypt_to_file:
        return Recipients(table.encrypt_to)
    pinned = pinned_recipients(config)
    path = pinned if pinned.exists() else config.parent / table.encrypt_to_file
    content = _read(path, config, text)
    keys = _keys(path, content)
    if not keys:
        # An empty file must not quietly mean that nothing is encrypted.
        raise ConfigError(str(path), None, _KEY, "holds no key", "one public key a line, or take encrypt_to_file out")
    return Recipients((*table.encrypt_to, *keys), content)


def _keys(path: Path, content: str) -> tuple[str, ...]:
    from actions.model.recipient import read_recipient  # rarely needed, and the first screen waits for this

    keys = []
    for number, line in enumerate(content.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            read_recipient(line)
        except ValueError as error:
            raise ConfigError(str(path), number, _KEY, f"this line {error}") from error
        keys.append(line)
    return tuple(keys)


def _read(path: Path, config: Path, text: str) -> str:
    def wrong(problem: str, move: str = "check the path and its rights") -> ConfigError:
        from app.toml_lines import line_of  # a good file does without

        line = line_of(text, ("evidence", "encrypt_to_file"))
        return ConfigError(str(config), line, _KEY, f"{path} {problem}", move)

    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise wrong("is not a plain file", "name a file of public keys, one a line")
        if info.st_size > _LIMIT:
            raise wrong(f"is larger than {_LIMIT // 1024} KiB", "name a file of public keys, one a line")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise wrong("is not UTF-8 text", "name a file of public keys, one a line") from error
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror or type(error).__name__}") from error
