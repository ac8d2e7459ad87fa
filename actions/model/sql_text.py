"""Tells where statements of an SQL text end, by psql's own rules of quoting (psqlscan.l), line by line. Pure.

Memory is bounded: of a statement its beginning is kept. What a statement does, and rows of data, are left to whoever
is told: ``sql_dump``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from actions.model.dump_order import LONGEST

_SPECIAL = re.compile(rb"['\"$\\;()]|--|/\*")
_BEGIN = re.compile(rb"(?<![A-Za-z_$\x80-\xff])begin(?![\w$\x80-\xff])", re.I)
_BODY = re.compile(rb"\s*c\w*\s+(?:o\w*\s+r\w*\s+)?[fp]", re.I)
"""A statement in which psql takes ``BEGIN`` for the beginning of a body, as it looks: by first letters."""
_TAG = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$")
_WORD_BEFORE = re.compile(rb"[A-Za-z0-9_\x80-\xff$]$")


@dataclass(frozen=True)
class Ended:
    """A statement that is whole."""

    head: bytes
    """Its beginning, without comments and ``;``."""
    line: int
    """In which it begins."""
    body: bool
    """psql may take it for one with a body of statements, in which no ``;`` ends it."""


@dataclass
class SqlText:
    """``take`` every line that is no data, in order; ``ended`` and ``command`` are called as things end."""

    ended: Callable[[Ended, bytes], bool] = field(compare=False, repr=False)
    """Is told of a statement and of the rest of its line; whether that rest is not to be read."""
    command: Callable[[bytes], None] = field(compare=False, repr=False)
    """Is told of a command to psql: the rest of a line, from its backslash on."""
    quote: bytes = b""
    """What ends the present quote: ``'``, ``"``, a dollar tag, ``*/``; empty: none is open."""
    _escapes: bool = False
    """A backslash in the present quote takes the next character with it."""
    _nested: int = 0
    _parens: int = 0
    """Open parentheses: psql ends no statement within."""
    _begins: bool = False
    """``BEGIN`` stands in the statement, outside of quotes."""
    statement: bytearray = field(default_factory=bytearray)
    _statement_line: int = 0
    _line: int = 0
    backslash_escapes: bool = False
    """``standard_conforming_strings`` is off: what psql knows from the server."""

    def take(self, line: bytes, number: int) -> None:
        """The next line, without its end; ``number``: from 1."""
        self._line = number
        at = 0
        while at < len(line):
            at = self._in_quote(line, at) if self.quote else self._plain(line, at)
        self._keep(b"\n")

    def _keep(self, text: bytes) -> None:
        if not self.statement and not text.strip():
            return
        if not self.statement:
            self._statement_line = self._line
        room = LONGEST - len(self.statement)
        if room > 0:
            self.statement += text[:room]

    def _in_quote(self, line: bytes, at: int) -> int:
        """To behind the end of the quote, or to the end of the line."""
        quote = self.quote
        if quote == b"*/":
            return self._in_comment(line, at)
        begin = at
        while True:
            end = line.find(quote, at)
            slash = line.find(b"\\", at) if self._escapes else -1
            if slash >= 0 and (end < 0 or slash < end):
                at = slash + 2
                if at > len(line):
                    break
                continue
            if end < 0:
                break
            end += len(quote)
            self.quote = b""
            self._keep(line[begin:end])
            return end
        self._keep(line[begin:])
        return len(line)

    def _in_comment(self, line: bytes, at: int) -> int:
        while self._nested:
            end, more = line.find(b"*/", at), line.find(b"/*", at)
            if end < 0 and more < 0:
                return len(line)
            if more >= 0 and (end < 0 or more < end):
                self._nested += 1
                at = more + 2
            else:
                self._nested -= 1
                at = end + 2
        self.quote = b""
        return at

    def _plain(self, line: bytes, at: int) -> int:
        """From a place outside of quotes to the next one where something begins or ends."""
        found = _SPECIAL.search(line, at)
        if _BEGIN.search(line, at, found.start() if found else len(line)):
            self._begins = True
        if found is None:
            self._keep(line[at:])
            return len(line)
        sign, place = found[0], found.start()
        self._keep(line[at:place])
        if sign in (b"(", b")"):
            self._parens = self._parens + 1 if sign == b"(" else max(0, self._parens - 1)
            self._keep(sign)
            return place + 1
        if sign == b"--":
            return len(line)
        if sign == b"/*":
            self.quote, self._nested = b"*/", 1
            return place + 2
        if sign == b"\\":
            self.command(line[place:])
            return len(line)
        if sign == b";" and self._parens:
            self._keep(sign)
            return place + 1
        if sign == b";":
            return self._end(line, place + 1)
        if sign == b"$":
            tag = _TAG.match(line, place)
            if tag is None or _WORD_BEFORE.search(line[max(0, place - 1) : place]):
                self._keep(b"$")
                return place + 1
            self.quote, self._escapes = tag[0], False
            self._keep(tag[0])
            return tag.end()
        before = line[max(0, place - 2) : place]
        escaped = before[-1:] in (b"E", b"e") and not _WORD_BEFORE.search(before[:-1])
        self._escapes = sign == b"'" and (escaped or self.backslash_escapes)
        self.quote = sign
        self._keep(sign)
        return place + 1

    def _end(self, line: bytes, at: int) -> int:
        head, self.statement = bytes(self.statement), bytearray()
        begins, self._begins = self._begins, False
        if not head.strip():
            return at
        body = begins and _BODY.match(head) is not None
        return len(line) if self.ended(Ended(head, self._statement_line, body), line[at:]) else at
