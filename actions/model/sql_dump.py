"""Reads a plain SQL dump as it streams by: what is in it, whether it is whole, and what in it is hostile. Pure.

psql obeys a dump: a backslash outside of quotes runs a program, connects elsewhere or reads a file; a statement drops a
database. So the dump is read before psql sees it, by psql's own rules of quoting (psqlscan.l): what we take for data,
psql takes for data. Rows of ``COPY`` are counted, so that a restore can be compared with what the dump itself holds.
Memory is bounded: of a statement its beginning is kept, of data nothing but the count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from actions.model.dump_order import DumpOrder, Part
from actions.model.sql_statement import Statement, statement_of
from actions.model.sql_text import Ended, SqlText

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of a line outside of data; a dump has none so long."""
LONGEST_ROW = 1024 * 1024
"""Bytes of a row of data that are held; of a longer one only the end is waited for."""
MOST_FINDINGS = 50
MOST_ROWS = 200_000
"""Migrations that are kept."""
_TRAILER = b"-- PostgreSQL database dump complete"
_CLUSTER = b"-- PostgreSQL database cluster dump"
_VERSION = re.compile(rb"-- Dumped (?P<what>from database|by pg_dump) version (?P<version>\d+(?:\.\d+)*)")
_SECTION = re.compile(rb"-- (?:Data for )?Name: .*; Type: (?P<type>[A-Z ]+); Schema: ")
_OF_BLOBS = re.compile(rb"SELECT pg_catalog\.(?:lo_create|lo_open|lowrite|lo_close)\(")
_META = re.compile(rb"\\(?P<word>[A-Za-z_.]+|!|.?)\s*(?P<rest>[^\n]*)", re.DOTALL)
_COMMANDS = {
    b"!": "runs a program on the machine of psql",
    b"connect": "connects to another database",
    b"c": "connects to another database",
    b"copy": "reads or writes a file on the machine of psql, or runs a program there",
    b"i": "reads another file",
    b"ir": "reads another file",
    b"include": "reads another file",
    b"o": "writes a file, or runs a program",
    b"w": "writes a file, or runs a program",
}


@dataclass(frozen=True)
class Finding:
    """Something that must not reach psql unseen."""

    line: int
    why: str
    text: str
    """Its beginning as it stands there: outside text, to be sanitised by whoever shows it."""


@dataclass(frozen=True)
class Mark:
    """Where something ends that ``dump_pieces`` cuts off."""

    end: int
    """Bytes from the beginning of the dump to behind its last line."""
    part: Part | None = None
    """None: the rows of a table, or a line that is nothing but psql's."""
    table: bytes = b""


@dataclass
class SqlDump:
    """What a dump was found to be. ``feed`` it every byte in order, then ``finish``."""

    lines: int = 0
    server_version: str = ""
    dump_version: str = ""
    cluster: bool = False
    """Made by ``pg_dumpall``."""
    trailer: bool = False
    """It ends as pg_dump ends a dump."""
    rows: dict[str, int] = field(default_factory=dict)
    """Table as written -> rows of data."""
    tables: dict[str, None] = field(default_factory=dict)
    """Tables that it makes, as written, in their order."""
    extensions: dict[str, None] = field(default_factory=dict)
    roles: dict[str, None] = field(default_factory=dict)
    """Roles that it speaks of: owners and grants."""
    migrations: list[tuple[str, str]] = field(default_factory=list)
    """(app, name): the rows of ``django_migrations``."""
    findings: list[Finding] = field(default_factory=list)
    more_findings: int = 0
    crlf: int = 0
    """Lines outside of quotes that end in CR LF: it came through a terminal."""
    restrict: bool = False
    """It begins with ``\\restrict``: psql 15.14 (or as new) is needed."""
    odd: list[str] = field(default_factory=list)
    """What is not as pg_dump writes it, in words."""
    stray: list[Finding] = field(default_factory=list)
    """What is no SQL: messages of a program that went into the same file."""
    encoding: str = ""
    """As it is said first; empty: not at all."""
    order: DumpOrder = field(default_factory=DumpOrder, compare=False)
    """Whether several sessions may load it."""
    marks: list[Mark] | None = None
    """Where everything ended that was fed; None: nobody wants to know."""
    _text: SqlText = field(init=False, repr=False)
    """Where statements end."""
    _line_marks: list[Mark] = field(default_factory=list)
    _offset: int = 0
    """Bytes before those that are held."""
    _held: bytearray = field(default_factory=bytearray)
    _copy: str = ""
    _columns: tuple[str, ...] = ()
    _row_open: bool = False
    """The beginning of a long row has passed by already."""
    _restricted_by: bytes = b""
    _section: str = ""
    """Of what kind pg_dump says that the following is: ``TABLE DATA``, ``BLOBS``."""
    _in_blobs: bool = False
    """Between the BEGIN and the COMMIT that pg_dump writes around large objects."""

    def __post_init__(self) -> None:
        self._text = SqlText(self._ended, self._meta)

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        if self._held and b"\n" not in chunk:  # a long line is not copied again for every piece of it
            self._held += chunk
            self._not_too_long()
            return
        data = bytes(self._held) + chunk if self._held else chunk
        at = 0
        while at < len(data):
            if self._copy:
                taken = self._take_data(data, at)
            else:
                taken = self._take_line(data, at)
            if taken == at:
                break
            at = taken
        self._offset += at
        self._held = bytearray(data[at:])
        self._not_too_long()

    def _not_too_long(self) -> None:
        if self._copy and len(self._held) > LONGEST_ROW:
            self._offset += len(self._held)
            self._held, self._row_open = bytearray(), True
        if len(self._held) > LONGEST_LINE and not self._copy:
            raise ValueError(f"line {self.lines + 1} is longer than {LONGEST_LINE >> 20} MiB: this is no dump")

    def finish(self) -> None:
        """Nothing more comes."""
        rest, self._held = bytes(self._held), bytearray()
        self._offset += len(rest)
        if rest and self._copy:
            self._data_row(rest)
        elif rest:
            self._line(rest)
            self._end_line(self._offset)
        if self._copy:
            self.odd.append(f"it ends in the middle of the data of {self._copy}")
        if self._text.quote:
            self.odd.append("it ends in the middle of a quoted text or a comment")
        elif self._text.statement.strip():
            self.odd.append("it ends in the middle of a statement")
        if self._in_blobs:
            self.odd.append("it ends in the middle of large objects")
        if self._restricted_by:
            self.odd.append("its \\restrict is never ended")

    # ------------------------------------------------------------------------------------------------ data

    def _take_data(self, data: bytes, at: int) -> int:
        """Rows of ``COPY`` from here on: where the data end, or where the last whole row does."""
        if self._row_open:
            end = data.find(b"\n", at)
            if end < 0:
                return at
            self._row_open = False
            self._count_rows(1)
            return end + 1
        if data.startswith((b"\\.\n", b"\\.\r\n"), at):
            self.lines += 1
            self._copy = ""
            end = data.index(b"\n", at) + 1
            self._note(Mark(self._offset + end))
            return end
        end = data.find(b"\n\\.", at)
        while end >= 0 and data[end + 3 : end + 4] not in (b"\n", b"\r"):
            if end + 3 >= len(data):  # whether this is the end shows with the next bytes
                break
            end = data.find(b"\n\\.", end + 1)
        last = data.rfind(b"\n", at) if end < 0 else end
        if last < at:
            return at
        self._count_rows(data.count(b"\n", at, last + 1))
        if self._columns:
            for row in data[at:last].split(b"\n"):
                self._migration(row)
        return last + 1

    def _count_rows(self, rows: int) -> None:
        self.lines += rows
        self.rows[self._copy] += rows

    def _data_row(self, row: bytes) -> None:
        if row.strip() == b"\\.":
            self.lines += 1
            self._copy = ""
            self._note(Mark(self._offset))
        else:
            self._count_rows(1)
            self._migration(row)

    def _migration(self, row: bytes) -> None:
        if self._columns and len(self.migrations) < MOST_ROWS:
            values = dict(zip(self._columns, row.rstrip(b"\r").split(b"\t"), strict=False))
            app, name = values.get("app", b""), values.get("name", b"")
            self.migrations.append((app.decode("utf-8", "replace"), name.decode("utf-8", "replace")))

    # ------------------------------------------------------------------------------------------------ statements

    def _take_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            return at
        self._line(data[at:end])
        self._end_line(self._offset + end + 1)
        return end + 1

    def _note(self, mark: Mark) -> None:
        if self.marks is not None:
            self.marks.append(mark)

    def _end_line(self, end: int) -> None:
        """What ended in a line ends with it; pg_dump begins nothing else there."""
        if not self._line_marks:
            return
        (mark, *more), self._line_marks = self._line_marks, []
        if more or self._text.statement or self._text.quote:
            self.order.odd(f"line {self.lines} holds more than one thing")
        self._note(Mark(end, mark.part, mark.table))

    def _line(self, line: bytes) -> None:
        self.lines += 1
        if line.endswith(b"\r") and not self._text.quote:
            self.crlf += 1
            line = line[:-1]
        if not self._text.quote and not self._text.statement and line.startswith(b"--"):
            self._comment(line)
            return
        self._text.take(line, self.lines)

    def _ended(self, ended: Ended, rest: bytes) -> bool:
        """Whether rows of data follow: the rest of the line is no SQL then."""
        head = ended.head
        if ended.body:
            self._find("has a body of statements, which psql ends otherwise than others", head, ended.line)
        statement = statement_of(head)
        self._take(statement, ended)
        self._line_marks.append(Mark(0, *self.order.see(statement, head)))
        if not statement.copies_in:
            return False
        if rest.strip():
            self._find("something follows COPY in its own line", rest)
        self._copy = statement.table
        self.rows.setdefault(statement.table, 0)
        self._columns = statement.columns if bare_name(statement.table) == "django_migrations" else ()
        return True

    def _take(self, statement: Statement, ended: Ended) -> None:
        head = ended.head
        around = self._around_blobs(head)
        if statement.hostile and not around:
            self._find(statement.hostile, head, ended.line)
        elif self._in_blobs and not around and not _OF_BLOBS.match(head.strip()):
            self._find("stands in the transaction of the large objects", head, ended.line)
        if statement.stray and len(self.stray) < MOST_FINDINGS:
            self.stray.append(Finding(ended.line, "is no SQL", _beginning(head)))
        self.encoding = self.encoding or statement.encoding
        if statement.quoting:
            self._text.backslash_escapes = statement.quoting == "off"
            if self._text.backslash_escapes:
                self.order.odd("it sets standard_conforming_strings to off")
        if statement.makes_table:
            self.tables[statement.makes_table] = None
        if statement.inserts:
            self.rows[statement.inserts] = self.rows.get(statement.inserts, 0) + 1
        if statement.extension:
            self.extensions[statement.extension] = None
        for role in statement.roles:
            self.roles[role] = None

    def _around_blobs(self, head: bytes) -> bool:
        """Whether it is what pg_dump itself writes around large objects, and nothing else may write."""
        word = head.strip()
        if word == (b"COMMIT" if self._in_blobs else b"BEGIN") and self._section == "BLOBS":
            self._in_blobs = not self._in_blobs
            return True
        return False

    def _meta(self, text: bytes) -> None:
        self._line_marks.append(Mark(0))
        found = _META.match(text)
        word, rest = (found["word"], found["rest"].strip()) if found else (b"", b"")
        if word == b"restrict" and not self._restricted_by and not self._text.statement.strip():
            self.restrict, self._restricted_by = True, rest or b"?"
        elif word == b"unrestrict" and rest == self._restricted_by:
            self._restricted_by = b""
        else:
            self._find(_COMMANDS.get(word, "is a command to psql"), text)

    def _comment(self, line: bytes) -> None:
        if section := _SECTION.match(line):
            self._section = "" if self._in_blobs else section["type"].decode()
        found = _VERSION.match(line)
        if found and found["what"] == b"from database":
            self.server_version = self.server_version or found["version"].decode()
        elif found:
            self.dump_version = self.dump_version or found["version"].decode()
        elif line.startswith(_TRAILER):
            self.trailer = True
        elif line.startswith(_CLUSTER):
            self.cluster = True
            self.trailer = self.trailer or line.startswith(_CLUSTER + b" complete")

    def _find(self, why: str, text: bytes, line: int = 0) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(line or self.lines, why, _beginning(text)))
        else:
            self.more_findings += 1


def _beginning(text: bytes) -> str:
    return text.strip().split(b"\n")[0][:200].decode("utf-8", "replace")


def bare_name(table: str) -> str:
    """``public."My Table"`` as ``My Table``: without schema and quotes."""
    last = re.findall(r'"(?:[^"]|"")+"|[^."]+', table)[-1:] or [table]
    name = str(last[0])
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def scan(chunks: Iterable[bytes]) -> SqlDump:
    """All of a dump. Raises ValueError where it cannot be one."""
    found = SqlDump()
    for chunk in chunks:
        found.feed(chunk)
    found.finish()
    return found
