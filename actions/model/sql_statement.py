"""What one statement of a dump does, as far as whoever restores it must know. Pure; its ends are ``sql_text``'s."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = rb'(?:"(?:[^"]|"")+"|[^\s("\.;]+)'
"""A name as written, quoted or not."""
TABLE = rb"(?P<table>" + NAME + rb"(?:\." + NAME + rb")?)"
"""A table as written, with its schema or without."""
_COPY = re.compile(
    rb"COPY\s+" + TABLE + rb"\s*(?:\((?P<columns>[^)]*)\))?\s+FROM\s+(?P<source>stdin\b|program\b|')", re.I
)
_COPY_QUERY = re.compile(rb"COPY\b.*\bTO\s+(?:program\b|')", re.I | re.DOTALL)
_TABLE_MADE = re.compile(rb"CREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + TABLE, re.I)
_INSERT = re.compile(rb"INSERT\s+INTO\s+" + TABLE, re.I)
_EXTENSION = re.compile(rb'CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>"[^"]+"|[\w-]+)', re.I)
_ROLE = rb'(?P<role>"(?:[^"]|"")+"|[\w$]+)'
_ROLES = (
    re.compile(rb"ALTER\b.*\bOWNER\s+TO\s+" + _ROLE + rb"\s*$", re.I | re.DOTALL),
    re.compile(rb"GRANT\b.*\bTO\s+" + _ROLE + rb"(?:\s+WITH\b.*)?\s*$", re.I | re.DOTALL),
    re.compile(rb"REVOKE\b.*\bFROM\s+" + _ROLE + rb"\s*$", re.I | re.DOTALL),
    re.compile(rb"ALTER\s+DEFAULT\s+PRIVILEGES\s+FOR\s+ROLE\s+" + _ROLE, re.I),
)
_QUOTING = re.compile(
    rb"SET\s+(?:SESSION\s+|LOCAL\s+)?standard_conforming_strings\s*(?:=|TO)\s*'?(?P<how>on|off)\b", re.I
)
_ENCODING = re.compile(rb"SET\s+client_encoding\s*(?:=|TO)\s*'?(?P<name>[\w-]+)", re.I)
_FIRST_WORD = re.compile(rb"[A-Za-z_][\w.]*")
_KNOWN = frozenset(
    b"""abort alter analyze begin call checkpoint close cluster comment commit copy create deallocate declare delete
    discard do drop end execute explain fetch grant import insert listen load lock merge move notify prepare reassign
    refresh reindex release reset revoke rollback savepoint security select set show start table truncate unlisten
    update vacuum values with""".split()
)
_SPECIAL_ROLES = ("public", "current_user", "session_user", "current_role")
_HOSTILE = (
    (re.compile(rb"(?:DROP|CREATE|ALTER)\s+DATABASE\b", re.I), "drops, makes or changes a database"),
    (
        re.compile(rb"(?:DROP|CREATE|ALTER)\s+(?:ROLE|USER(?!\s+MAPPING)|GROUP)\b", re.I),
        "drops, makes or changes a role",
    ),
    (re.compile(rb"DROP\s+OWNED\b", re.I), "drops what a role owns"),
    (re.compile(rb"(?:DROP|CREATE|ALTER)\s+TABLESPACE\b", re.I), "drops, makes or changes a tablespace"),
    (re.compile(rb"ALTER\s+SYSTEM\b", re.I), "changes the server's settings"),
    (re.compile(rb"CREATE\s+SUBSCRIPTION\b", re.I), "subscribes to another server"),
    (re.compile(rb"SET\s+SESSION\s+AUTHORIZATION\b", re.I), "acts as another role"),
    (
        re.compile(rb"(?:BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK|END)\b(?!\s+ATOMIC)", re.I),
        "ends or begins a transaction",
    ),
    (re.compile(rb"LOAD\b", re.I), "loads a library into the server"),
)


@dataclass(frozen=True)
class Statement:
    """What it was found to do; empty where it does not."""

    table: str = ""
    """Of ``COPY``."""
    columns: tuple[str, ...] = ()
    copies_in: bool = False
    """Rows of data follow."""
    makes_table: str = ""
    inserts: str = ""
    extension: str = ""
    roles: tuple[str, ...] = ()
    quoting: str = ""
    """``on`` or ``off``: what ``standard_conforming_strings`` is from here on."""
    hostile: str = ""
    """Why it must not run unseen, or empty."""
    encoding: str = ""
    """``client_encoding`` from here on."""
    stray: bool = False
    """It begins with no word of SQL: something else was written between."""


def statement_of(head: bytes) -> Statement:
    """The beginning of a statement, without comments and without its ``;``."""
    text = head.strip()
    word = text[:8].upper()
    if quoting := _QUOTING.match(text):
        return Statement(quoting=_text(quoting["how"]).lower())
    if word.startswith(b"COPY"):
        return _copy(text)
    for pattern, why in _HOSTILE:
        if pattern.match(text):
            return Statement(hostile=why)
    if encoding := _ENCODING.match(text):
        return Statement(encoding=_text(encoding["name"]))
    first = _FIRST_WORD.match(text)
    if not text.startswith(b"(") and (first is None or first[0].lower() not in _KNOWN):
        return Statement(stray=True)
    if word.startswith(b"INSERT"):
        found = _INSERT.match(text)
        return Statement(inserts=_text(found["table"])) if found else Statement()
    made, extension = _TABLE_MADE.match(text), _EXTENSION.match(text)
    roles = []
    for pattern in _ROLES:
        if found := pattern.match(text):
            name = _text(found["role"])
            roles.append(name[1:-1].replace('""', '"') if name.startswith('"') else name)
    return Statement(
        makes_table=_text(made["table"]) if made else "",
        extension=_text(extension["name"]).strip('"') if extension else "",
        roles=tuple(role for role in roles if role.casefold() not in _SPECIAL_ROLES),
    )


def _copy(text: bytes) -> Statement:
    found = _COPY.match(text)
    if found is None:
        if _COPY_QUERY.match(text):
            return Statement(hostile="writes a file of the server, or runs a program there")
        return Statement()
    if found["source"].lower() != b"stdin":
        return Statement(hostile="reads a file of the server, or runs a program there")
    columns = (found["columns"] or b"").split(b",")
    named = tuple(_text(one.strip()).strip('"') for one in columns if one.strip())
    return Statement(table=_text(found["table"]), columns=named, copies_in=True)


def _text(raw: bytes) -> str:
    """As it stands; in another encoding than UTF-8 its bytes can be had back (``surrogateescape``)."""
    return raw.decode("utf-8", "surrogateescape")
