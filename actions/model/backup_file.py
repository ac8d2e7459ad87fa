"""A backup as it lies on a host: what it is, who made it, and what is wrong with it. Pure; reading is left to steps."""

from __future__ import annotations

import re
from dataclasses import field
from enum import Enum
from typing import Any

from actions.model.clock import parse_stamp
from actions.model.codec import from_json, to_json
from actions.model.manifest import Manifest
from actions.model.quick_dataclass import dataclass

PARTIAL = ".partial"
"""Ends the name of a dump that is being written."""
MANIFEST = ".manifest.json"
"""Behind the name of a backup that we made: what it is and what it holds."""
PROVEN = ".proven.json"
"""Behind the name of any backup: that it was restored, and found whole."""
SIDECARS = (MANIFEST, PROVEN)
HEAD = 262
"""Bytes by which a format is known: tar tells its name at 257."""
EMPTY_GZIP = 20
"""Bytes of the gzip of nothing, as a pipe of a failed pg_dump leaves it."""
VERSION = 1
"""Of what stands beside a backup."""


class Format(Enum):
    """What a backup is, by its bytes."""

    SQL = "sql"
    SQL_GZIP = "sql.gz"
    SQL_ZSTD = "sql.zst"
    CUSTOM = "custom"
    CUSTOM_GZIP = "custom.gz"
    """A custom dump that was compressed once more; known only when it is read."""
    CUSTOM_ZSTD = "custom.zst"
    DIRECTORY = "directory"
    TAR = "tar"
    UNKNOWN = "unknown"

    @property
    def archive(self) -> bool:
        """pg_restore reads it; else psql does."""
        return self.value.split(".")[0] in ("custom", "directory", "tar")

    @property
    def unpacked_by(self) -> tuple[str, ...]:
        """The program that unpacks it to its output; its file follows."""
        if self in (Format.SQL_GZIP, Format.CUSTOM_GZIP):
            return ("gzip", "-dc")
        return ("zstd", "-dcq") if self in (Format.SQL_ZSTD, Format.CUSTOM_ZSTD) else ("cat",)

    @property
    def packed(self) -> bool:
        """``unpacked_by`` changes it."""
        return self.unpacked_by != ("cat",)


_MAGIC = (
    (b"\x1f\x8b", Format.SQL_GZIP),
    (b"\x28\xb5\x2f\xfd", Format.SQL_ZSTD),
    (b"PGDMP", Format.CUSTOM),
)
_FOREIGN = (
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ\x00", "compressed by xz"),
    (b"\x04\x22\x4d\x18", "compressed by lz4"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"age-encryption.org/", "encrypted by age"),
    (b"-----BEGIN PGP MESSAGE", "encrypted by PGP"),
    (b"-----BEGIN AGE ENCRYPTED", "encrypted by age"),
    (b"Salted__", "encrypted by openssl"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"SQLite format 3", "a database of SQLite"),
)


def format_of(head: bytes) -> tuple[Format, str]:
    """The format by the first ``HEAD`` bytes, and for an unknown one what it is in words."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found, ""
    if head[257:262] == b"ustar":
        if head.startswith(b"toc.dat\x00"):
            return Format.TAR, ""
        return Format.UNKNOWN, "a tar archive, but none of pg_dump: unpack it first"
    for magic, words in _FOREIGN:
        if head.startswith(magic):
            return Format.UNKNOWN, f"{words}: unpack it first"
    if b"\x00" in head:
        return Format.UNKNOWN, "binary, and no dump of PostgreSQL"
    return Format.SQL, ""


@dataclass(frozen=True)
class KeptBackup:
    """What stands beside a backup that was made here."""

    file: str
    """Name without folder."""
    size: int
    sha256: str
    incident: str
    made: str
    """Stamp."""
    seconds: int
    dump_version: str
    """``15.14``: the pg_dump that wrote it; empty: another command did."""
    same_snapshot: bool
    """The rows were counted in the very snapshot that was dumped."""
    manifest: Manifest
    format: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        data: dict[str, Any] = to_json(self)
        return data

    @staticmethod
    def from_json(data: Any) -> KeptBackup:
        """Raises ValueError naming what does not fit."""
        found = from_json(KeptBackup, data, "backup")
        if found.format != VERSION:
            raise ValueError(f"backup: format {found.format} was written by another version")
        parse_stamp(found.manifest.at)  # its age is counted from it
        return found


@dataclass(frozen=True)
class ProvenRestore:
    """What stands beside a backup that was restored into a scratch database, and verified there."""

    sha256: str
    """Of the backup that was restored: of another content it says nothing."""
    at: str
    """Stamp."""
    rows: int
    seconds: int
    differences: int = 0
    """Found against its manifest or its own data; 0: proven."""
    format: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        data: dict[str, Any] = to_json(self)
        return data

    @staticmethod
    def from_json(data: Any) -> ProvenRestore:
        """Raises ValueError naming what does not fit."""
        found = from_json(ProvenRestore, data, "proof")
        parse_stamp(found.at)  # a proof of no time tells nothing of now
        return found


@dataclass(frozen=True)
class BackupFile:
    """One backup. With a ``problem`` its name is for the eye alone; else ``path`` is exact."""

    host: str
    path: str
    format: Format
    size: int
    """Bytes; of a directory all its files."""
    mtime: int
    """Seconds since 1970; of a directory its table of contents, which pg_dump writes last."""
    at: str
    """The same as a stamp."""
    sha256: str = ""
    """As it was when it was made, or inspected; empty: not known."""
    kept: KeptBackup | None = None
    """What stands beside it, when we made it and its size still is what it was."""
    proven: ProvenRestore | None = None
    problem: str = ""
    """Why it is no source for a restore, in words; empty: nothing is known against it."""

    @property
    def name(self) -> str:
        """Without folder."""
        return self.path.rpartition("/")[2]

    @property
    def manifest_path(self) -> str:
        """Where its manifest stands when it has one."""
        return self.path + MANIFEST

    @property
    def proven_path(self) -> str:
        """Where a proven restore is written down."""
        return self.path + PROVEN

    @property
    def unpacked(self) -> tuple[str, ...]:
        """The argv that writes its content to its output; not for a directory."""
        return (*self.format.unpacked_by, self.path)


class Trouble(Enum):
    """What can be wrong with a backup."""

    EMPTY = "empty"
    CUT = "cut off"
    DAMAGED = "damaged"
    """A checksum does not fit."""
    GARBAGE = "garbage behind it"
    CHANGED = "still changing"
    UNREADABLE = "cannot be read"
    NO_DUMP = "no dump"
    STRAY_TEXT = "stray text"
    CRLF = "line ends"
    CLUSTER = "all databases"
    HOSTILE = "hostile"
    NEWER = "newer"
    CLIENT = "client too old"
    EXTENSION = "extension missing"
    ROLE = "role missing"
    FOREIGN = "another application"
    OTHER_NAME = "another database"
    ENCODING = "encoding"
    NOT_ASKED = "server not asked"
    UNLIKE = "unlike what was noted"
    """Size or sha256 differ from what stands beside it."""


ALLOWABLE = (Trouble.HOSTILE, Trouble.OTHER_NAME, Trouble.ROLE, Trouble.ENCODING)
"""What a person may allow, knowing it; nothing else is ever restored."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or that one should know."""

    code: Trouble
    words: str
    """One line, sanitised."""
    line: int = 0
    """Line of the dump, from 1; 0: none."""

    @property
    def allowable(self) -> bool:
        """A person may allow it."""
        return self.code in ALLOWABLE


@dataclass(frozen=True)
class DumpFacts:
    """What a dump holds, as far as it tells."""

    database: str = ""
    """Empty: it does not say."""
    server_version: str = ""
    dump_version: str = ""
    encoding: str = ""
    restrict: bool = False
    cluster: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    """``schema.table`` without quotes -> rows; empty: not counted."""
    tables: tuple[str, ...] = ()
    """``schema.table`` without quotes."""
    extensions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    """``app.name`` in the order in which they stand."""
    one_session: str = "it was not asked"
    """Why a plain dump must be loaded by one session; empty: several may."""
    migrations_known: bool = False
    """They were looked for where the data stand; else nothing is known of them."""


@dataclass(frozen=True)
class Inspected:
    """A backup that was read from its first to its last byte."""

    backup: BackupFile
    """With its format as it really is, and its sha256."""
    whole: bool
    """Every byte could be read, and it ends as such a dump ends."""
    problems: tuple[Problem, ...]
    """Each forbids a restore; those that are ``allowable`` unless a person allows it."""
    warnings: tuple[Problem, ...]
    facts: DumpFacts = field(default_factory=DumpFacts)
    seconds: int = 0

    @property
    def usable(self) -> bool:
        """Whole, and nothing forbids its restore."""
        return self.whole and not self.problems

    @property
    def hostile(self) -> tuple[Problem, ...]:
        """What in it must not reach psql unseen."""
        return tuple(one for one in self.problems if one.code is Trouble.HOSTILE)

    def blocking(self, allowed: tuple[Trouble, ...] = ()) -> tuple[Problem, ...]:
        """What is left when a person allowed these."""
        return tuple(one for one in self.problems if not (one.allowable and one.code in allowed))


def part_of_name(text: str) -> str:
    """A text as a part of a file's name: letters, digits, ``.``, ``_`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).lstrip(".-")[:80] or "database"


def kept_name(database: str, stamp: str, incident: str) -> str:
    """``obcms_prod_20261122T191354Z_k7qf.dump``; ``stamp`` as the clock writes it."""
    when = re.sub(r"[^0-9TZ]", "", re.sub(r"\.\d+", "", stamp))
    return f"{part_of_name(database)}_{when}_{part_of_name(incident)}.dump"
