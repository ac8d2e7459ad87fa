"""Tells whether a plain dump stands in pg_dump's own order, so that several sessions may load it at once. Pure.

pg_dump writes what tables need first, then the rows of every table, then what stands upon the rows: indexes, keys,
triggers, rights. The rows of different tables, and the indexes of different tables, need nothing of each other, unless
a function is called meanwhile. Whatever is not recognised for certain is a reason for one session to load it all.
"""

from __future__ import annotations

import re
from enum import Enum

from actions.model.sql_statement import NAME, TABLE, Statement

LONGEST = 8192
"""Bytes of a statement that are kept and looked at; of a longer one nobody knows what it does at its end."""
_COPY = re.compile(rb"COPY " + TABLE + rb"(?: \((?:\"(?:[^\"]|\"\")+\"|[^\"()])*\)| )? FROM stdin", re.DOTALL)
_SETTING = re.compile(
    rb"SET (?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout|transaction_timeout|client_encoding"
    rb"|standard_conforming_strings|check_function_bodies|xmloption|client_min_messages|row_security"
    rb"|escape_string_warning|default_tablespace|default_table_access_method|default_with_oids) = [^;]*"
)
_SEARCH_PATH = b"SELECT pg_catalog.set_config('search_path', '', false)"
_SEQUENCE = re.compile(rb"SELECT pg_catalog\.setval\('(?:[^']|'')*', -?\d+, (?:true|false)\)")
_LARGE = re.compile(rb"SELECT pg_catalog\.(?:lo_create|lo_open|lowrite|lo_close)\(|BEGIN$|COMMIT$")
_BEFORE = re.compile(
    rb"CREATE (?:OR REPLACE )?(?:SCHEMA|EXTENSION|TYPE|DOMAIN|FUNCTION|PROCEDURE|AGGREGATE|(?:UNLOGGED |FOREIGN )?TABLE"
    rb"|SEQUENCE|VIEW|RECURSIVE VIEW|MATERIALIZED VIEW|COLLATION|TEXT SEARCH|SERVER|FOREIGN DATA WRAPPER"
    rb"|USER MAPPING)\b"
    rb"|ALTER (?:TABLE|SEQUENCE|SCHEMA|TYPE|DOMAIN|FUNCTION|PROCEDURE|AGGREGATE|VIEW|MATERIALIZED VIEW|COLLATION"
    rb"|TEXT SEARCH|SERVER|FOREIGN TABLE|FOREIGN DATA WRAPPER|DEFAULT PRIVILEGES|EXTENSION|LARGE OBJECT)\b"
    rb"|COMMENT ON |GRANT |REVOKE |SECURITY LABEL "
)
_AFTER = re.compile(
    rb"CREATE (?:OR REPLACE )?(?:(?:UNIQUE )?INDEX|STATISTICS|(?:CONSTRAINT )?TRIGGER|EVENT TRIGGER|RULE|VIEW|FUNCTION"
    rb"|PROCEDURE|MATERIALIZED VIEW|POLICY|PUBLICATION)\b"
    rb"|ALTER (?:TABLE|INDEX|SEQUENCE|STATISTICS|TRIGGER|EVENT TRIGGER|VIEW|MATERIALIZED VIEW|FUNCTION|PROCEDURE|POLICY"
    rb"|PUBLICATION|DEFAULT PRIVILEGES|LARGE OBJECT|SCHEMA|TYPE|DOMAIN|FOREIGN TABLE)\b"
    rb"|COMMENT ON |GRANT |REVOKE |SECURITY LABEL |REFRESH MATERIALIZED VIEW "
)
_MADE = re.compile(rb"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE|AGGREGATE) (?:" + NAME + rb"\.)?(" + NAME + rb")")
_RULES_ROWS = re.compile(
    rb"(?:CREATE (?:UNLOGGED |FOREIGN )?TABLE|CREATE DOMAIN|ALTER (?:FOREIGN )?TABLE|ALTER DOMAIN)\b"
)
_UPON_ROWS = re.compile(rb"\bREFERENCES\b|\bFOREIGN\s+KEY\b|\b(?:ENABLE|DISABLE)\b", re.I)
_DEFAULT = re.compile(rb"\bDEFAULT\b(?![^\n]*(?:CHECK|GENERATED))[^\n]*", re.I)
_CALL = re.compile(rb'([A-Za-z_\x80-\xff][\w$\x80-\xff]*|"(?:[^"]|"")+")\s*\(')
_INDEX = re.compile(rb"CREATE (?:UNIQUE )?INDEX " + NAME + rb" ON " + TABLE + rb" USING ")
_KEY = re.compile(rb"ALTER TABLE ONLY " + TABLE + rb"\s+ADD CONSTRAINT " + NAME + rb" (?:PRIMARY KEY|UNIQUE|EXCLUDE)\b")
_SHOWN = 60


class Part(Enum):
    """What a statement of a dump is for whoever loads it through several sessions."""

    SETTING = "setting"
    """Before the rows: every session needs it."""
    BEFORE = "before"
    """One session runs it, in its order, before any row comes."""
    ROWS = "rows"
    """``COPY``: any session, once everything before has been run."""
    INDEX = "index"
    """Any session, once the rows of its table are there."""
    KEY = "key"
    """As INDEX, and while it is made nothing else can be done to its table."""
    AFTER = "after"
    """One session runs it, in its order, once all rows, indexes and keys are there."""


class DumpOrder:
    """Is shown every statement of a dump in its order."""

    def __init__(self) -> None:
        self.reason = ""
        """Why one session must load all of it; empty: none was seen. A text of the dump stands in it: outside text."""
        self.copied: dict[bytes, None] = {}
        """Tables with rows, as written, in their order."""
        self._after = False
        self._made: set[bytes] = set()
        self._called: set[bytes] = set()
        self._watched = False

    @property
    def judged(self) -> str:
        """The reason, when all of it has been seen."""
        return self.reason or ("" if len(self.copied) > 1 else "it holds the rows of one table at most")

    def see(self, statement: Statement, head: bytes) -> tuple[Part, bytes]:
        """What it is, and the table that it is about where that matters. ``head``: without comments and ``;``."""
        text = head.strip()
        if statement.copies_in:
            return Part.ROWS, self._rows(text)
        if self.copied:
            return self._behind_rows(text)
        if _SETTING.fullmatch(text) or text == _SEARCH_PATH:
            return Part.SETTING, b""
        self._before(text)
        return Part.BEFORE, b""

    def odd(self, why: str, text: bytes = b"") -> None:
        """Something that pg_dump does not write so; the first is kept."""
        if not self.reason:
            shown = b" ".join(text.split())[:_SHOWN].decode("utf-8", "replace")
            self.reason = f"{why}: {shown}" if shown else why

    def _before(self, text: bytes) -> None:
        if _SEQUENCE.fullmatch(text) or _LARGE.match(text):
            return
        if not _BEFORE.match(text):
            self.odd("not as pg_dump begins a dump", text)
            return
        if made := _MADE.match(text):
            self._made.add(_bare(made[1]))
        elif _RULES_ROWS.match(text):
            if len(text) >= LONGEST - 1:
                self.odd("too long to be judged", text)
            if _UPON_ROWS.search(text):
                self.odd("it rules what rows may come", text)
            self._called |= _calls(text)

    def _rows(self, text: bytes) -> bytes:
        found = _COPY.fullmatch(text)
        table = found["table"] if found else b""
        if found is None:
            self.odd("not as pg_dump writes rows", text)
        if self._after:
            self.odd("rows come behind what stands upon rows", text)
        if table in self.copied:
            self.odd("the rows of a table come in two parts", text)
        if not self.copied and (both := self._made & self._called):
            self.odd("a function of the dump is called while rows are loaded", sorted(both)[0])
        self.copied[table] = None
        return table

    def _behind_rows(self, text: bytes) -> tuple[Part, bytes]:
        if _SEQUENCE.fullmatch(text):
            return Part.AFTER, b""
        self._after = True
        if not (_AFTER.match(text) or _LARGE.match(text)):
            self.odd("not as pg_dump ends a dump", text)
        if text.startswith(b"CREATE EVENT TRIGGER"):
            self._watched = True
        if made := _MADE.match(text):
            self._made.add(_bare(made[1]))
        key, index = _KEY.match(text), _INDEX.match(text)
        found = key or index
        if found is None:
            return Part.AFTER, b""
        if self._watched:
            self.odd("an event trigger watches how indexes are made", text)
        alone = found["table"] in self.copied and len(text) < LONGEST - 1 and not _calls(text) & self._made
        if not alone:
            return Part.AFTER, b""
        return (Part.KEY if key else Part.INDEX), found["table"]


def _calls(text: bytes) -> set[bytes]:
    """Everything that may be a function it calls. The value of a column's default is not: all columns are given."""
    return {_bare(name) for name in _CALL.findall(_DEFAULT.sub(b"", text))}


def _bare(name: bytes) -> bytes:
    return name[1:-1].replace(b'""', b'"') if name.startswith(b'"') else name
