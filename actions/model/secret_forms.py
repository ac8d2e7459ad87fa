"""The spellings in which one secret value turns up in logs, and one pattern that finds the longest of many.

Covers what programs do to a value on its way into a text: URL, JSON, shell, SQL, HTML and Python escapes,
hexadecimal and base64. Not covered: compression, encryption, base64 wrapped over lines. Leaves the searching
to ``secret``.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import quote, quote_plus

from actions.model.outside_text import sanitise

REDACTED = "\u2039redacted\u203a"
"""What stands in a secret's place."""

SHORTEST = 4
"""Characters a value must have to be looked for: shorter ones stand in every text and would destroy it."""

_SHORTEST_LINE = 8
_URL_SAFE = ("", "/", "-_.!~*'()", ";,/?:@&=+$#-_.!~*'()")  # Python, and JavaScript's two encoders
_PERCENT = re.compile("%[0-9A-F]{2}")
_JSON_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # Go and Django write these so


def plain_values(value: str) -> set[str]:
    """The value, as it reads after sanitising, without blanks around it, and each longer line of a value with
    several.

    A key file appears line by line in a log; the frame (``-----BEGIN ...``) is no secret.
    """
    found = {value, value.strip()}
    found |= {
        line.strip() for line in value.splitlines() if "-----" not in line and len(line.strip()) >= _SHORTEST_LINE
    }
    found |= {sanitise(each, keep_newlines=keep) for each in list(found) for keep in (False, True)}
    return {each for each in found if len(each) >= SHORTEST}


def spellings(value: str) -> set[str]:
    """The value and all its escaped and hexadecimal spellings of at least four characters."""
    data = value.encode("utf-8", "surrogatepass")
    found = {value, data.hex(), data.hex().upper(), data.hex(":"), data.hex(":").upper(), data.hex(" ")}
    found |= {"".join(f"{sign}{byte:{form}}" for byte in data) for sign in ("%", "\\x") for form in ("02x", "02X")}
    found |= _url_forms(value) | _json_forms(value) | _quoted_forms(value)
    return {each for each in found if len(each) >= SHORTEST}


def base64_cores(value: str) -> set[str]:
    """What base64 of any text that holds the value must hold, at the three alignments, in both alphabets.

    Only characters that the value alone decides: those at the seams also depend on what stands beside it.
    """
    data = value.encode("utf-8", "surrogatepass")
    found: set[str] = set()
    for offset in range(3):
        first = -(-offset * 8 // 6)
        after_last = (offset + len(data)) * 8 // 6
        core = b64encode(bytes(offset) + data).decode("ascii")[first:after_last]
        found |= {core, core.replace("+", "-").replace("/", "_"), core.replace("/", "\\/")}
        found |= {quote(core, safe=""), _lower_percent(quote(core, safe=""))}
    return {each for each in found if len(each) >= SHORTEST}


def _lower_percent(text: str) -> str:
    return _PERCENT.sub(lambda found: found[0].lower(), text)


def _url_forms(value: str) -> set[str]:
    data = value.encode("utf-8", "surrogatepass")
    found = {quote(data, safe=safe) for safe in _URL_SAFE} | {quote_plus(data)}
    found |= {quote(each, safe="") for each in list(found)}  # a URL inside a URL
    return found | {_lower_percent(each) for each in found}


def _json_forms(value: str) -> set[str]:
    found: set[str] = set()
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        angled = "".join(_JSON_HTML.get(char, char) for char in once)
        for each in (once, angled):
            found |= {each, each.replace("/", "\\/"), json.dumps(each, ensure_ascii=ascii_only)[1:-1]}
    found |= {re.sub(r"\\u[0-9a-f]{4}", lambda unit: "\\u" + unit[0][2:].upper(), each) for each in list(found)}
    return found


def _quoted_forms(value: str) -> set[str]:
    import html  # its table of entities loads slowly, and many systems have no secret to spell

    data = value.encode("utf-8", "surrogatepass")
    return {
        shlex.quote(value).strip("'"),
        value.replace("'", "'\"'\"'"),
        value.replace("'", "'\\''"),
        value.replace("'", "''"),  # SQL, YAML
        value.replace("\\", "\\\\").replace("'", "\\'"),  # conninfo, Python
        re.sub(r"([\\$`\"])", r"\\\1", value),  # shell, double-quoted
        re.sub(r"([^\w@%+=:,./\n-])", r"\\\1", value),  # shell, printf %q
        value.replace("$", "$$"),  # Compose files, Makefiles
        html.escape(value),
        html.escape(value, quote=False),
        html.escape(value).replace("&#x27;", "&#39;"),
        repr(value)[1:-1],
        repr(data)[2:-1],
    }


def any_of(words: Iterable[str]) -> str:
    """A regular expression for the longest of the words; common beginnings are shared, so that many cost
    little."""
    return _branches(sorted(set(words)))


def _branches(words: Sequence[str]) -> str:
    branches: list[str] = []
    start = 0
    while start < len(words):
        end = start + 1
        while end < len(words) and words[end][0] == words[start][0]:
            end += 1
        shared = _shared_beginning(words[start], words[end - 1])  # of sorted words, the outer two decide
        rests = [word[len(shared) :] for word in words[start:end] if len(word) > len(shared)]
        branch = re.escape(shared)
        if rests:
            # Greedy, so a word that goes on is preferred to the one that ends here.
            branch += _branches(rests) + ("?" if len(rests) < end - start else "")
        branches.append(branch)
        start = end
    return "(?:" + "|".join(branches) + ")"


def _shared_beginning(one: str, other: str) -> str:
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]
