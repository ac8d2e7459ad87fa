"""Secrets that nobody declared, known by place or look; leaves declared ones to ``secret``.

Every pattern is linear: it starts at a literal or at the beginning of a run, and what it scans, the next
attempt does not scan again. Each rule names lower-case words of which one must be in the text, which is ten
times faster than searching. The value is replaced, the key, the user and the host are kept, for they are what
a reader of the log needs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from actions.model.quick_dataclass import dataclass


def _compile(pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> Callable[[], re.Pattern[str]]:
    """Compiled when it is first needed, which the first screen does not wait for."""
    return functools.cache(lambda: re.compile(pattern, flags))


def _exact(pattern: str) -> Callable[[], re.Pattern[str]]:
    return _compile(pattern, re.NOFLAG)


_WORDS = (
    r"(?:pass(?:word|wd|phrase|code|wort)|(?<![a-z])pass(?==|\\{0,8}[\"'])|(?<=[_-])pass"
    r"|secret(?:[_-]?access)?(?:[_-]?key)?(?:[_-]?base)?"
    r"|(?<!unexpected )(?<!invalid )(?<!expected )(?<!near )token"
    r"|api[_-]?key|access[_-]?key(?![_-]?id)"
    r"|(?:private|encryption|signing|master|fernet|account|shared|deploy|license|webhook|hmac)[_-]?key"
    r"|(?<![a-z])app[_-]?key|credentials?|session[_-]?id|connection[_-]?string|x-amz-signature)"
)
_SUFFIX = r"(?:[_-]?(?:value|hash|b64|base64|old|new|prod|production|staging|dev|test|[0-9]{1,3}))?"
_SECRET_KEY = _compile(rf"{_WORDS}{_SUFFIX}$|^(?:authorization|(?:set-)?cookie|auth|pass|pwd)$")

# A key may be quoted, and what quotes it escaped, several times over in JSON within JSON.
_QUOTE = r"(?:\\{0,8}[\"'])?"
_GAP = r"[ \t]{0,8}"
# A value without quotes ends at a blank or quote, and before `&next=`, `,next=` and `;next=`.
_BARE = r"(?:[^\s\"'⏎&,;]|[&,;](?![\w.\[\]-]{1,64}[\"']?[=:]))++"
# A quote that is never closed reaches to the end of the line: too much is better than half a secret.
_QUOTED = r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.|'')*+'?|\\{1,8}\"[^\"\n]*+\"?|\\{1,8}'[^'\n]*+'?"
_VALUE = rf"(?:[bBrReE](?=[\"']))?(?P<value>{_QUOTED}|{_BARE})"
_ONE_WORD_SCHEMES = r"(?:bearer|basic|token|apikey|negotiate|ntlm)"
_MANY_WORD_SCHEMES = r"(?:digest|hawk|oauth|aws4-hmac-sha256)"

_ORDINARY = _compile(
    r"|\*+|null|none|nil|true|false|missing|invalid|expired|required|incorrect|wrong|not|is|was|must|unset|empty"
    r"|ok|yes|no|changed|accepted|rejected|denied|failed|mismatch|authentication|for"
    r"|\$\{[A-Za-z_][^}\s]{0,64}\}|\{\{[^}]{0,64}\}?\}?"
)


@dataclass(frozen=True)
class _Rule:
    hints: tuple[str, ...]
    """Of these, one must be in the lower-cased text."""
    pattern: Callable[[], re.Pattern[str]]
    """Has a group ``value``, which is what goes."""
    spared: Callable[[str], bool] = lambda _: False
    """Whether a value says nothing secret (``password: incorrect``)."""


def _is_ordinary(value: str) -> bool:
    return _ORDINARY().fullmatch(value.strip(".,;:!")) is not None


_AUTHORIZATION = rf"authorization{_QUOTE}{_GAP}[:=,]{_GAP}b?{_QUOTE}"
_MAKERS = (
    "akia asia aroa aida anpa agpa ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox _live_ _test_ aiza eyj sg."
    " age-secret-key- npm_ pypi- dop_v1_ hvs. sk-"
)

_RULES = (
    _Rule(
        ("private key",),
        _exact(
            r"(?P<value>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*+"
            r"(?:-----END [A-Z0-9 ]{0,60}-----)?)"
        ),
    ),
    # https://user:password@, where "/" ends the host; elsewhere all but blanks and quotes may be a password.
    _Rule(("://",), _exact(r"://[^\s/?#@:\"'<>⏎]{0,256}:(?P<value>[^\s/?#\"'<>⏎]{1,1024})@")),
    _Rule(
        ("://",),
        _compile(
            r"(?<!http)(?<!https)(?<!\bws)(?<!wss)(?<!ftp)://[^\s/?#@:\"'<>⏎]{0,256}:"
            r"(?![0-9]{1,5}(?:[/?#,]|$))(?P<value>(?:[^\s:\"'<>⏎]|:(?!//)){1,256})@"
        ),
    ),
    _Rule(("://",), _compile(r"https?://(?P<value>[^\s/?#@:.\"'<>⏎]{20,1024})@")),
    _Rule(("hooks.slack.com",), _compile(r"hooks\.slack\.com/(?:services|workflows)/(?P<value>[\w/-]{8,})")),
    _Rule(
        ("authorization",),
        _compile(rf"{_AUTHORIZATION}{_ONE_WORD_SCHEMES}[ \t]{{1,4}}(?P<value>[^\s\"'\\,;⏎]+)"),
    ),
    _Rule(("authorization",), _compile(rf"{_AUTHORIZATION}{_MANY_WORD_SCHEMES}[ \t](?P<value>[^\n⏎]+)")),
    _Rule(
        ("authorization",),
        _compile(rf"{_AUTHORIZATION}(?!{_ONE_WORD_SCHEMES}\s|{_MANY_WORD_SCHEMES}\s)(?P<value>[^\s\"'\\,;⏎]{{8,}})"),
        _is_ordinary,
    ),
    _Rule(("bearer",), _compile(r"\bbearer[ \t]{1,4}(?P<value>[a-z0-9._~+/=|-]{20,})")),
    _Rule(
        ("cookie",),
        _compile(
            rf"\b(?:set-)?cookie{_QUOTE}{_GAP}[:=]{_GAP}{_QUOTE}"
            r"(?P<value>[^\"'\n⏎\\=;]{1,256}=[^\"'\n⏎]+)"
        ),
    ),
    _Rule(
        ("auth",),
        _compile(rf"(?<![a-z])auth\\{{0,8}}[\"']{_GAP}:{_GAP}\\{{0,8}}[\"'](?P<value>[a-z0-9+/=]{{8,}})"),
    ),
    # key=value, key: value, "key": "value", key => value. PWD is mostly a folder.
    _Rule(
        ("pwd",),
        _compile(rf"(?<![a-z])pwd{_QUOTE}{_GAP}[=:]{_GAP}{_VALUE}"),
        lambda value: _is_ordinary(value) or value.startswith(("/", "~")),
    ),
    _Rule(
        ("pass", "secret", "token", "key", "credential", "session", "connection", "signature"),
        _compile(rf"{_WORDS}{_SUFFIX}{_QUOTE}\]?{_GAP}(?:=>|:=|=(?!=\s)|:(?!:|//)){_GAP}{_VALUE}"),
        _is_ordinary,
    ),
    # ALTER ROLE app PASSWORD 'x', IDENTIFIED BY 'x'
    _Rule(
        ("password", "identified"),
        _compile(r"\b(?:password|identified\s{1,4}by)\s{1,4}E?(?P<value>'(?:[^'\n]|'')*+'?)"),
    ),
    # Command lines.
    _Rule(
        ("--",),
        _compile(rf"(?<![\w-])--(?!no-)[a-z0-9-]{{0,32}}?{_WORDS}{_SUFFIX}[ \t]{{1,4}}(?![-=:]){_VALUE}"),
        _is_ordinary,
    ),
    _Rule(("sshpass",), _compile(r"\bsshpass\s{1,4}-p\s{0,4}(?P<value>'[^']*'?|\"[^\"]*\"?|[^\s⏎]+)")),
    _Rule(
        ("mysql", "mariadb"),
        _exact(r"\b(?:mysql|mariadb)[^\n⏎]{0,256}?\s-p(?P<value>'[^']*'?|\"[^\"]*\"?|[^\s⏎]+)"),
    ),
    _Rule(
        ("docker",),
        _exact(r"\bdocker\s{1,4}login\b[^\n⏎]{0,256}?\s-p\s{1,4}(?P<value>'[^']*'?|\"[^\"]*\"?|[^\s⏎]+)"),
    ),
    _Rule(
        ("curl", "wget"),
        _compile(
            r"\b(?:curl|wget)\b[^\n⏎]{0,256}?\s(?:-u|--user)[\s=]{0,4}[\"']?[^\s:\"']{1,64}:"
            r"(?P<value>[^\s\"'⏎]+)"
        ),
    ),
    # Tokens that carry the name of their maker. The look-behind lets each run be tried once only.
    _Rule(
        tuple(_MAKERS.split()),
        _exact(
            r"(?<![A-Za-z0-9_-])(?P<value>(?:AKIA|ASIA|AROA|AIDA|ANPA|AGPA)[A-Z0-9]{16}(?![A-Za-z0-9])"
            r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
            r"|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}"
            r"|dop_v1_[a-f0-9]{40,}|hvs\.[\w-]{20,}|sk-[\w-]{20,})"
        ),
    ),
    # Laravel, and so Coolify: a number, a bar, and the token.
    _Rule(("|",), _exact(r"(?<![\w|])[0-9]{1,10}\|(?P<value>[A-Za-z0-9]{40,64})(?![\w|])")),
)


def is_secret_key(name: str) -> bool:
    """Whether a key of this name (``DB_PASSWORD``, ``apiKey``, ``x-auth-token``) holds a secret."""
    return _SECRET_KEY().search(name.strip()) is not None


def pattern_spans(text: str) -> Iterator[tuple[int, int, int]]:
    """Where undeclared secrets stand: begin of the match (its key), begin of the value, end of the value.

    Quotes around a value are not part of it. Spans may overlap and come in no particular order.
    """
    lower = text.lower()
    for rule in _RULES:
        for hint in rule.hints:  # a plain loop: this runs for every line, and any() would triple its cost
            if hint in lower:
                break
        else:
            continue
        for found in rule.pattern().finditer(text):
            start, end = _inside_quotes(text, *found.span("value"))
            if start < end and not rule.spared(text[start:end]):
                yield found.start(), start, end


def _inside_quotes(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the quotes and their backslashes; a bare value gives its closing brackets and commas back."""
    opened = start
    while opened < end and text[opened] == "\\":
        opened += 1
    if opened < end and text[opened] in "\"'":
        escapes = opened - start
        closed = end - 1 if end - 1 > opened and text[end - 1] == text[opened] else end
        if closed < end and text[closed - escapes : closed] == "\\" * escapes:
            closed -= escapes
        return opened + 1, max(opened + 1, closed)
    while end > start and _closes_nothing(text, start, end - 1):
        end -= 1
    return start, end


def _closes_nothing(text: str, start: int, last: int) -> bool:
    """Whether the last character is a comma or semicolon, or a bracket that was opened before the value."""
    opening = {")": "(", "]": "[", "}": "{"}.get(text[last])
    if opening is None:
        return text[last] in ",;"
    return text.find(opening, start, last) < 0
