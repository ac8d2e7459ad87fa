"""What is wrong with a backup, from what reading it found and what its server is. Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import field

from actions.model.backup_file import DumpFacts, Problem, Trouble
from actions.model.naming import first_of
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.sql_dump import SqlDump

RESTRICT_SINCE = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
"""Major -> first minor version whose psql knows ``\\restrict``; later majors all do."""
CONTRIB = frozenset(("admin", "auth", "contenttypes", "flatpages", "messages", "redirects", "sessions", "sites"))
"""Applications that nearly every Django project has: they tell no two apart."""
SHOWN = 5
_CODECS = {"KOI8R": "koi8-r", "KOI8U": "koi8-u"} | {f"ISO8859{part}": f"iso8859-{part}" for part in range(5, 9)}
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


@dataclass(frozen=True)
class ServerFacts:
    """What a server has, as far as a restore depends on it."""

    server_version: str
    encoding: str = ""
    extensions: tuple[str, ...] = ()
    """That are installed."""
    guarded: tuple[str, ...] = ()
    """Those of them that the role which asks may not make."""
    roles: tuple[str, ...] = ()
    live: bool = True
    """The following two are of the live database; else it could not be asked for them."""
    migrations: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    """Those of the configured tables that are there."""


def unquoted(table: str) -> str:
    """``public."My Table"`` as ``public.My Table``; without a schema it is in ``public``."""
    parts = [quoted.replace('""', '"') if quoted else plain for quoted, plain in _PART.findall(table)]
    return ".".join(parts if len(parts) > 1 else ["public", *parts])


def facts_of(dump: SqlDump, database: str = "") -> DumpFacts:
    """What a dump was found to hold, every name made harmless."""
    codec = _codec(dump.encoding)

    def read(name: str) -> str:
        return _safe(name.encode("utf-8", "surrogateescape").decode(codec, "replace"))

    return DumpFacts(
        database=_safe(database),
        server_version=dump.server_version,
        dump_version=dump.dump_version,
        encoding=_safe(dump.encoding),
        restrict=dump.restrict,
        cluster=dump.cluster,
        rows={read(unquoted(table)): rows for table, rows in dump.rows.items()},
        tables=tuple(read(unquoted(table)) for table in dump.tables),
        extensions=tuple(read(name) for name in dump.extensions),
        roles=tuple(read(name) for name in dump.roles),
        migrations=tuple(f"{_safe(app)}.{_safe(name)}" for app, name in dump.migrations),
        one_session=_safe(dump.order.judged),
        migrations_known=any(unquoted(table).endswith(".django_migrations") for table in dump.rows),
    )


def _codec(encoding: str) -> str:
    """Python's name of an encoding of PostgreSQL; UTF-8 where there is none."""
    name = encoding.upper().replace("_", "").replace("-", "")
    name = re.sub(r"^WIN(?=\d)", "cp", _CODECS.get(name, name))
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def of_dump(dump: SqlDump, *, archive: bool, copies: int = 1) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings of its text. ``archive``: pg_restore wrote the text, and no psql will see it.

    ``copies``: how many ends of a dump were seen.
    """
    bad: list[Problem] = []
    if dump.cluster:
        bad.append(Problem(Trouble.CLUSTER, "made by pg_dumpall: it holds all databases of a server, roles included"))
    if not dump.lines:
        bad.append(Problem(Trouble.EMPTY, "it unpacks to nothing"))
    elif not dump.trailer and not archive:
        bad.append(_no_trailer(dump))
    bad += [Problem(Trouble.CUT, _safe(words)) for words in dump.odd]
    if copies > 1:
        bad.append(Problem(Trouble.STRAY_TEXT, f"holds {copies} dumps, one after the other"))
    if dump.crlf:
        bad.append(Problem(Trouble.CRLF, f"{dump.crlf} lines end in CR LF: it came through a terminal or an editor"))
    for one in dump.stray[:SHOWN]:
        bad.append(Problem(Trouble.STRAY_TEXT, f"line {one.line} is no SQL: {_safe(one.text)}", one.line))
    for one in dump.findings:
        bad.append(Problem(Trouble.HOSTILE, f"line {one.line} {_safe(one.why)}: {_safe(one.text)}", one.line))
    if dump.more_findings:
        bad.append(Problem(Trouble.HOSTILE, f"and {dump.more_findings} more such lines"))
    odd = []
    if dump.encoding.upper() == "SQL_ASCII":
        odd.append(Problem(Trouble.ENCODING, "its encoding is SQL_ASCII: bytes that are no valid text stop a restore"))
    if not dump.rows and dump.lines:
        odd.append(Problem(Trouble.EMPTY, "it holds no data of any table"))
    return bad, odd


def _no_trailer(dump: SqlDump) -> Problem:
    if dump.dump_version or dump.rows:
        return Problem(Trouble.CUT, "does not end as pg_dump ends a dump: it was cut off, or its dump failed")
    return Problem(Trouble.NO_DUMP, "is no dump of pg_dump: neither its beginning nor its end is there")


def against_client(facts: DumpFacts, psql_version: str, *, archive: bool) -> list[Problem]:
    """Whether the psql at hand can read it."""
    if archive or not facts.restrict or knows_restrict(psql_version):
        return []
    wanted = RESTRICT_SINCE.get(_major(psql_version))
    newer = f"{_major(psql_version)}.{wanted}" if wanted else "13.22"
    words = f"begins with \\restrict, which psql {psql_version} does not know: it takes psql {newer}, or a later one"
    return [Problem(Trouble.CLIENT, words)]


def knows_restrict(version: str) -> bool:
    """Whether a psql of this version knows ``\\restrict``."""
    major = _major(version)
    if major in RESTRICT_SINCE:
        return _minor(version) >= RESTRICT_SINCE[major]
    return major > max(RESTRICT_SINCE)


def against_server(
    facts: DumpFacts, server: ServerFacts, database: str = "", markers: tuple[str, ...] = ()
) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings of restoring this there. ``database``: the live one's name."""
    bad: list[Problem] = []
    newest = max((facts.server_version, facts.dump_version), key=_major)
    if newest and _major(newest) > _major(server.server_version):
        words = f"written by PostgreSQL {newest}: the server is {server.server_version}, and older"
        bad.append(Problem(Trouble.NEWER, words))
    missing = [name for name in facts.extensions if name not in server.extensions]
    if missing:
        bad.append(
            Problem(Trouble.EXTENSION, f"needs extensions that the server does not have: {first_of(missing, SHOWN)}")
        )
    missing = [name for name in facts.extensions if name in server.guarded]
    if missing:
        words = (
            f"needs extensions that only a superuser may make: {first_of(missing, SHOWN)} (set database.admin to one)"
        )
        bad.append(Problem(Trouble.EXTENSION, words))
    missing = [name for name in facts.roles if name not in server.roles]
    if missing:
        bad.append(Problem(Trouble.ROLE, f"speaks of roles that the server does not have: {first_of(missing, SHOWN)}"))
    if facts.database and database and facts.database != database:
        bad.append(Problem(Trouble.OTHER_NAME, f"made of the database {facts.database}, not of {database}"))
    odd: list[Problem] = []
    if server.encoding and facts.encoding.upper() not in ("", server.encoding.upper(), "SQL_ASCII"):
        words = f"its encoding is {facts.encoding}, the database's is {server.encoding}: the server converts it"
        odd.append(Problem(Trouble.ENCODING, words))
    if server.live:
        more_bad, more_odd = _identity(facts, server, markers)
        bad, odd = bad + more_bad, odd + more_odd
    return bad, odd


def _identity(facts: DumpFacts, server: ServerFacts, markers: tuple[str, ...]) -> tuple[list[Problem], list[Problem]]:
    """Whether it is of the same application."""
    bad: list[Problem] = []
    odd: list[Problem] = []
    wanted = [one if "." in one else f"public.{one}" for one in markers]
    there = {one if "." in one else f"public.{one}" for one in server.markers}
    missing = [one for one in wanted if one in there and one not in facts.tables]
    if missing:
        bad.append(
            Problem(Trouble.FOREIGN, f"lacks tables by which the application is known: {first_of(missing, SHOWN)}")
        )
    if not server.migrations:
        return bad, odd
    if not facts.migrations_known:
        bad.append(Problem(Trouble.FOREIGN, "holds no django_migrations: it is of another application"))
        return bad, odd
    recorded, inside = set(server.migrations), set(facts.migrations)
    both = len(recorded & inside)
    words = f"{both} of the {len(recorded)} migrations that are recorded now are in it"
    own, its = _own(recorded), _own(inside)
    if (own or its) and not own & its:
        bad.append(Problem(Trouble.FOREIGN, f"{words}, and none of its applications: it is of another one"))
        return bad, odd
    unknown = len(inside - recorded)
    if unknown:
        odd.append(Problem(Trouble.FOREIGN, f"{unknown} of its migrations are not recorded now; {words}"))
    elif both * 2 < len(recorded):
        odd.append(Problem(Trouble.FOREIGN, f"only {words}"))
    return bad, odd


def migrations_words(facts: DumpFacts, server: ServerFacts) -> str:
    """``412 of the 415 migrations that are recorded now are in it``, or empty where none are known."""
    if not server.migrations or not facts.migrations_known:
        return ""
    both = len(set(server.migrations) & set(facts.migrations))
    return f"{both} of the {len(set(server.migrations))} migrations that are recorded now are in it"


def _own(migrations: set[str]) -> set[str]:
    return {one.partition(".")[0] for one in migrations} - CONTRIB


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0


def _minor(version: str) -> int:
    found = re.match(r"\d+\.(\d+)", version)
    return int(found[1]) if found else 0


def _safe(text: str) -> str:
    return sanitise(text, limit=200)


@dataclass(frozen=True)
class TableOfContents:
    """What ``pg_restore --list`` says of an archive."""

    database: str = ""
    entries: int = 0
    server_version: str = ""
    dump_version: str = ""
    data: int = 0
    """Tables with data."""
    blobs: bool = False
    extensions: tuple[str, ...] = field(default_factory=tuple)


def contents_of(text: str) -> TableOfContents:
    """Reads the list; what it does not say stays empty."""
    heads: dict[str, str] = {}
    entries = data = 0
    blobs = False
    extensions = []
    for line in text.splitlines():
        if line.startswith(";"):
            key, _, value = line.lstrip("; ").partition(": ")
            heads.setdefault(key.strip(), value.strip())
            continue
        found = re.match(r"\d+; \d+ \d+ (?P<kind>[A-Z][A-Z ]*[A-Z]) (?P<schema>\S+) (?P<name>.*)", line)
        entries += bool(re.match(r"\d+; \d+ \d+ ", line))
        if found is None:
            continue
        kind = found["kind"]
        data += kind == "TABLE DATA"
        blobs = blobs or kind.startswith("BLOB")
        if kind == "EXTENSION":
            extensions.append(_safe(found["name"].strip().split(" ")[0]))
    return TableOfContents(
        database=_safe(heads.get("dbname", "")),
        entries=entries,
        server_version=_version(heads.get("Dumped from database version", "")),
        dump_version=_version(heads.get("Dumped by pg_dump version", "")),
        data=data,
        blobs=blobs,
        extensions=tuple(extensions),
    )


def _version(words: str) -> str:
    found = re.match(r"\d+(?:\.\d+)*", words)
    return found[0] if found else ""
