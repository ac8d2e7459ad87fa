"""The secrets that a configuration refers to, and the redactor made of them. The settings themselves hold none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from actions.model.codec import to_json
from actions.model.errors import BadInput
from actions.model.secret import Redactor, Secret
from actions.model.system import Settings

_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_NAME = re.compile(r"(?i)(passw|secret|token|api_?key|private_?key|credential|dsn|database_url)")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def referenced(settings: Settings) -> tuple[str, ...]:
    """Names of environment variables that the configuration refers to."""
    return tuple(dict.fromkeys(name for text in _texts(to_json(settings)) for name in _REFERENCE.findall(text)))


def redactor_for(settings: Settings) -> Redactor:
    """Knows the values of all referenced variables, and of those in our environment with the name of a secret."""
    names = set(referenced(settings)) | {name for name in os.environ if _SECRET_NAME.search(name)}
    return Redactor(Secret(os.environ[name]) for name in sorted(names) if os.environ.get(name))


def resolve(text: str) -> str:
    """Replace ``${env:NAME}`` by its value, at the moment of use. Raises BadInput when it is not set."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match.group(1))
        if found is None:
            raise BadInput(
                f"the environment variable {match.group(1)} is not set",
                "",
                f"export {match.group(1)} and start again",
            )
        return found

    return _REFERENCE.sub(value, text)
