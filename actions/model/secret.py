"""Secrets: a wrapper that does not print, and their removal from every text that leaves the program's memory.

The order at every edge: **sanitise first, then redact**. A secret that an escape sequence or an invisible
character interrupts reads as the secret on a screen, but is found only when those are gone. ``edge`` does
both in that order. Streams go through ``LineSanitiser(cut=redactor.safe_cut)`` and then, line by line,
through ``LineRedactor``. Spellings are left to ``secret_forms``, undeclared secrets to ``secret_patterns``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, SupportsIndex

from actions.model import secret_forms
from actions.model.late_pattern import late_pattern
from actions.model.outside_text import sanitise
from actions.model.secret_forms import REDACTED

__all__ = ["REDACTED", "LineRedactor", "Redactor", "Secret", "edge", "is_secret_key"]


def is_secret_key(name: str) -> bool:
    """Whether a key of this name (``DB_PASSWORD``, ``apiKey``, ``x-auth-token``) holds a secret."""
    from actions.model import secret_patterns  # the first screen does not wait for it

    return secret_patterns.is_secret_key(name)


def pattern_spans(text: str) -> Iterator[tuple[int, int, int]]:
    """Where undeclared secrets stand, as ``secret_patterns`` says."""
    from actions.model import secret_patterns

    return secret_patterns.pattern_spans(text)


DEEPEST = 100
"""Levels of list and dict that ``redact_json`` looks into; what lies deeper is replaced as a whole."""


class Secret:
    """A text that shows itself as ``Secret(***)``, whatever prints it; ``reveal`` is the one way to the
        value.

    No str, so JSON encoders refuse it; pickling is refused; copies are the same object; comparison takes the
    same time for every value of one length. Raises TypeError when made from anything but a str.
    """

    __slots__ = ("__value",)
    __value: str

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a Secret wraps a str, not {type(value).__name__}")
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> str:
        """The value itself; call it where the value is used and nowhere earlier."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        mine = self.__value.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(mine, other.__value.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secret:
        return self

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        raise AttributeError(f"a Secret cannot be changed ({name})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Secret cannot be changed ({name})")

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not pickled; reveal it where it is needed")


class Redactor:
    """Replaces secrets in text by ``REDACTED``: the declared ones by value, the others by pattern.

    A declared value is found as it is and in the spellings of ``secret_forms`` (base64 at all alignments,
    URL, JSON, shell, hexadecimal and more), the longest first; of a value of several lines also every longer
    line. **A value shorter than four characters is not looked for**, because it stands in every text; nor is
    one that is part of the replacement. A value that is also an everyday word (a database password
    ``postgres``) is replaced wherever the word stands. Redacting twice changes nothing. Make one per set of
    secrets and keep it: making costs milliseconds.
    """

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        values: set[str] = set()
        for secret in secrets:
            values |= secret_forms.plain_values(secret.reveal() if isinstance(secret, Secret) else secret)
        values = {value for value in values if value not in REDACTED}
        self._cores: set[str] = set().union(*map(secret_forms.base64_cores, values))
        forms: set[str] = set().union(self._cores, *map(secret_forms.spellings, values))
        forms = {form for form in forms if form not in REDACTED}
        # Inside a look-ahead, so that secrets which overlap are all found.
        self._values = re.compile(f"(?=({secret_forms.any_of(forms)}))") if forms else None

    def __repr__(self) -> str:
        return "Redactor(***)"

    def redact(self, text: str) -> str:
        """The text without secrets. Sanitise it first: see the module."""
        if not text:
            return text
        text = _replace(text, self._value_spans(text))
        return _replace(text, [(start, end) for _, start, end in pattern_spans(text)])

    def redact_json(self, value: Any) -> Any:
        """A copy of a tree of dict, list, tuple, str, numbers, bool and None without secrets.

        Under a key that names a secret every str and number goes; so it does in ``{"name": "DB_PASSWORD",
        "value": ...}``, as environment variables are listed. Keys stay, unless they hold a declared value.
        Tuples become lists. What is nested deeper than 100 levels is replaced. Raises TypeError for other
        types, ``Secret`` excepted.
        """
        return self._redact_tree(value, False, DEEPEST)

    def finds(self, text: str) -> bool:
        """Whether a declared secret stands in the text, in any of its spellings (patterns are not asked)."""
        return bool(self._value_spans(text))

    def safe_cut(self, text: str, at: int) -> int:
        """A place not after ``at`` where no secret is cut in two, or ``at`` when there is none above 0."""
        spans = [*self._value_spans(text), *((start, end) for start, _, end in pattern_spans(text))]
        place = at
        for start, end in sorted(spans, reverse=True):
            if start < place < end:
                place = start
        return place or at

    def _value_spans(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for found in self._values.finditer(text) if self._values else ():
            start, end = found.span(1)
            if found[1] in self._cores:
                # The last character, shared with what follows, and the padding belong to the encoded value.
                end += len(_BASE64_END.match(text, end)[0])  # type: ignore[index]  # it matches the empty text too
            spans.append((start, end))
        return spans

    def _redact_tree(self, value: Any, hidden: bool, levels_left: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Secret):
            return REDACTED
        if isinstance(value, str):
            return REDACTED if hidden and value else self.redact(value)
        if isinstance(value, (int, float)):
            return REDACTED if hidden or self._value_spans(str(value)) else value
        if not isinstance(value, (dict, list, tuple)):
            raise TypeError(f"{type(value).__name__} does not belong into JSON")
        if not levels_left:
            return REDACTED
        if isinstance(value, dict):
            return dict(self._members(value, hidden, levels_left - 1))
        return [self._redact_tree(item, hidden, levels_left - 1) for item in value]

    def _members(self, members: dict[Any, Any], hidden: bool, levels_left: int) -> Iterator[tuple[Any, Any]]:
        named = any(isinstance(members.get(key), str) and is_secret_key(members[key]) for key in ("name", "key"))
        taken = set(members)
        for key, item in members.items():
            shown = _replace(key, self._value_spans(key)) if isinstance(key, str) else key
            while shown != key and shown in taken:
                shown += "_"
            taken.add(shown)
            secret = isinstance(key, str) and (is_secret_key(key) or (named and key.endswith("value")))
            yield shown, self._redact_tree(item, hidden or secret, levels_left)


_BASE64_END = late_pattern(r"[A-Za-z0-9+/_-]?(?:=|%3[dD]){0,2}")


def _replace(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with one mark for each run of spans that touch or overlap."""
    parts: list[str] = []
    done = 0
    marked = -1  # where the last mark's span ends
    for start, end in sorted(spans):
        if start > marked:
            parts += [text[done:start], REDACTED]
        marked = done = max(marked, end)
    return "".join([*parts, text[done:]]) if parts else text


class LineRedactor:
    """Redacts a text line by line, and remembers when a line began a private key that later lines go on
    with."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._in_key = False

    def redact(self, line: str) -> str:
        """The line without secrets; a line inside a private key is replaced as a whole."""
        if self._in_key:
            end = _KEY_END.search(line)
            if end:
                self._in_key = False
                return REDACTED + self._redactor.redact(line[end.end() :])
            if _KEY_LINE.search(line):
                return REDACTED
            self._in_key = False  # the key broke off; what follows is ordinary text
        begins = [begin.end() for begin in _KEY_BEGIN.finditer(line)]
        self._in_key = bool(begins) and not _KEY_END.search(line, begins[-1])
        return self._redactor.redact(line)


_KEY_BEGIN = late_pattern(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = late_pattern(r"-----END [A-Z0-9 ]{0,60}-----")
# A line of a key: empty, a header, one word of base64, or a long or padded one behind what a log puts before
# it.
_KEY_LINE = late_pattern(
    r"^\s*$|(?:^|\s)(?:Proc-Type|DEK-Info|Version|Comment): |^\s*[A-Za-z0-9+/]+={0,2}\s*$"
    r"|[\s|](?:[A-Za-z0-9+/]{40,}={0,2}|[A-Za-z0-9+/]{2,}={1,2})\s*$"
)


def edge(text: str | bytes, redactor: Redactor, *, keep_newlines: bool = False, limit: int | None = None) -> str:
    """Text from outside as it may be shown and stored: sanitised, then redacted, and only then cut to
    ``limit``.

    Cut earlier, half a secret could be left, which no longer looks like one.
    """
    shown = redactor.redact(sanitise(text, keep_newlines=keep_newlines))
    return sanitise(shown, keep_newlines=keep_newlines, limit=limit)
