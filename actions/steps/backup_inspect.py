"""Reads a backup from its first to its last byte, and says what it is and what is wrong with it.

What is plain SQL is unpacked on its host and read here by psql's rules; of an archive pg_restore writes the SQL that it
would run, which passes every block of data and its checksums. Where the server can be asked, the dump is held against
it. Nothing is restored and nothing is written; what the findings forbid is decided in the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace

from actions.model.backup_file import (
    HEAD,
    PARTIAL,
    BackupFile,
    DumpFacts,
    Format,
    Inspected,
    Problem,
    Trouble,
    format_of,
)
from actions.model.backup_judgement import against_client, against_server, contents_of, facts_of, of_dump
from actions.model.database_client import DatabaseClient
from actions.model.errors import CommandFailed, GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, Host, World
from actions.model.sql_dump import SqlDump
from actions.model.system_database import DatabaseTable
from actions.steps.backup_reading import Reading, failed, reading_of, unpacking_failed, unpacking_of
from actions.steps.backups import UNNAMED, read_beside
from actions.steps.database_server import psql_version, server_facts
from actions.steps.feeding import Feed
from actions.steps.host_files import ASK_S, READ_S, inside, sha256_of, stat_of
from actions.steps.perform_ground import host_of
from actions.steps.pipe_script import FED, Pipe

OnOutput = Callable[[str, bytes], None]
_SIGNS = (b"\npg_dump: ", b"\npg_dumpall: ", b"\n-- PostgreSQL database dump complete\n")
_LONGEST_SIGN = max(len(sign) for sign in _SIGNS)


def inspect(
    world: World,
    client: DatabaseClient | None,
    backup: BackupFile,
    table: DatabaseTable | None = None,
    *,
    unfinished: bool = False,
) -> Inspected:
    """All there is to know of a backup before it is restored; takes as long as reading it.

    ``client``: None when nobody can reach the server: then its host's own pg_restore reads an archive, and nothing is
    said about the server. ``table``: names the live database and the tables by which the application is known.
    ``unfinished``: its name may say that it is being written. Raises what the host raises; what is wrong with the file
    is no error but a problem in the answer.
    """
    begun = world.clock.monotonic_ms()
    host = host_of(world, backup.host)
    if (problem := _hopeless(host, backup, unfinished)) is not None:
        return Inspected(backup, False, (problem,), ())
    before = _state(host, backup)
    with ThreadPoolExecutor(1) as pool:
        sum_of = pool.submit(_sha256, host, backup)
        backup, looked = _read(world, client, replace(backup, problem=""), sum_of)
        sha256 = sum_of.result()
    if _state(host, backup) != before:
        looked.bad.insert(0, Problem(Trouble.CHANGED, "changed while it was read: it is still being written"))
    backup = replace(backup, sha256=sha256)
    if backup.kept is not None and backup.kept.sha256 != sha256:
        looked.bad.insert(0, Problem(Trouble.UNLIKE, "its sha256 is not the one that was noted when it was made"))
    whole = not looked.bad or all(one.code is Trouble.HOSTILE for one in looked.bad)
    _against(world, client, backup, table, looked)
    seconds = (world.clock.monotonic_ms() - begun) // 1000
    return Inspected(backup, whole, tuple(looked.bad), tuple(looked.odd), looked.facts, seconds)


class _Looked:
    """What was found so far."""

    def __init__(self) -> None:
        self.bad: list[Problem] = []
        self.odd: list[Problem] = []
        self.facts = DumpFacts()


class _Signs:
    """Counts a few texts in what streams by, across the borders of chunks."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_SIGNS, 0)
        self._tail = b"\n"

    def feed(self, chunk: bytes) -> None:
        edge = self._tail + chunk[: _LONGEST_SIGN - 1]
        for sign in _SIGNS:
            self.counts[sign] += chunk.count(sign) + _over_edge(edge, sign, len(self._tail))
        self._tail = (self._tail + chunk)[-(_LONGEST_SIGN - 1) :]


def _over_edge(edge: bytes, sign: bytes, border: int) -> int:
    """How many of these begin before the border and end behind it."""
    at, count = edge.find(sign), 0
    while 0 <= at < border:
        count += at + len(sign) > border
        at = edge.find(sign, at + 1)
    return count


def _hopeless(host: Host, backup: BackupFile, unfinished: bool) -> Problem | None:
    if backup.problem == UNNAMED:
        return Problem(Trouble.UNREADABLE, UNNAMED)
    if backup.path.endswith(PARTIAL) and not unfinished:
        return Problem(Trouble.CHANGED, backup.problem or "a dump that was not finished")
    if backup.path not in stat_of(host, (backup.path,)):
        return Problem(Trouble.UNREADABLE, "is not there, or cannot be read")
    if backup.size == 0:
        return Problem(Trouble.EMPTY, "empty: 0 bytes")
    if backup.format is Format.UNKNOWN:
        return Problem(Trouble.NO_DUMP, backup.problem or "its format is not known")
    return None


def _state(host: Host, backup: BackupFile) -> object:
    if backup.format is Format.DIRECTORY:
        return sorted((one.path, one.size, one.mtime) for one in inside(host, (backup.path,))[backup.path])
    return stat_of(host, (backup.path,)).get(backup.path)


def _sha256(host: Host, backup: BackupFile) -> str:
    """Of a directory: of the names and sums of its files."""
    if backup.format is not Format.DIRECTORY:
        return sha256_of(host, backup.path)
    files = sorted(one.path for one in inside(host, (backup.path,))[backup.path])
    text = "".join(f"{sha256_of(host, path)}  {path.rpartition('/')[2]}\n" for path in files)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(
    world: World, client: DatabaseClient | None, backup: BackupFile, sum_of: Future[str]
) -> tuple[BackupFile, _Looked]:
    host, looked = host_of(world, backup.host), _Looked()
    if backup.format.packed:
        backup, problem = _inner(host, backup)
        if problem is not None:
            looked.bad.append(problem)
            return backup, looked
    if not backup.format.archive:
        _take(world, host, unpacking_of(backup), backup, looked)
        return backup, looked
    backup = read_beside(host, backup)
    listing = reading_of(host, client, backup, "--list")
    status, words, out = _run(world, host, listing)
    if (problem := failed(listing, status, words)) is not None:
        looked.bad.append(problem)
        return backup, looked
    contents = contents_of(out.decode("utf-8", "replace"))
    if not contents.entries:
        looked.bad.append(Problem(Trouble.EMPTY, "its table of contents is empty: it is a dump of nothing"))
        return backup, looked
    own = backup.kept is not None and backup.kept.sha256 == sum_of.result()
    how = ("--schema-only", "--file=-") if own else ("--file=-",)
    _take(world, host, reading_of(host, client, backup, *how), backup, looked)
    database = contents.database
    looked.facts = replace(
        looked.facts,
        database=database,
        server_version=contents.server_version or looked.facts.server_version,
        dump_version=contents.dump_version or looked.facts.dump_version,
    )
    if own and backup.kept is not None:  # byte for byte what was counted when it was made
        manifest = backup.kept.manifest
        rows = {name: count.rows for name, count in manifest.tables.items()}
        looked.facts = replace(looked.facts, rows=rows, migrations=manifest.migrations, migrations_known=True)
        looked.odd = [one for one in looked.odd if one.code is not Trouble.EMPTY]
    if backup.format is Format.DIRECTORY:
        _check_gzips(host, backup, looked)
    if backup.format is Format.TAR:
        _check_end(host, backup, looked)
    return backup, looked


def _inner(host: Host, backup: BackupFile) -> tuple[BackupFile, Problem | None]:
    """What is inside of a compressed file, by its first bytes."""
    pipe = Pipe((backup.unpacked, ("head", "-c", str(HEAD))))
    result = host.run(pipe.argv, env={"LC_ALL": "C"}, timeout_s=ASK_S)
    ends, words = pipe.ends(result.stderr)
    if ends[0] == 127:
        program = backup.unpacked[0]
        return backup, Problem(Trouble.UNREADABLE, f"{program} is not on {host.name}: it takes {program} to read it")
    if not result.stdout:
        if ends[0] == 0:
            return backup, Problem(Trouble.EMPTY, "it unpacks to nothing, as a dump that failed leaves it")
        return backup, unpacking_failed(words)
    kind, said = format_of(result.stdout)
    if kind is Format.SQL:
        return backup, None
    if kind is Format.CUSTOM:
        inner = Format.CUSTOM_GZIP if backup.format is Format.SQL_GZIP else Format.CUSTOM_ZSTD
        return replace(backup, format=inner), None
    what = said or ("compressed twice" if kind.packed else f"a {kind.value} dump inside of a compressed file")
    return backup, Problem(Trouble.NO_DUMP, f"{what.partition(':')[0]}: unpack it first")


def _take(world: World, host: Host, reading: Reading, backup: BackupFile, looked: _Looked) -> None:
    """Runs a reading whose output is SQL, and scans it."""
    dump, signs = SqlDump(), _Signs()

    def take(stream: str, chunk: bytes) -> None:
        if stream == "stdout":
            dump.feed(chunk)
            signs.feed(chunk)

    try:
        status, words, _ = _run(world, host, reading, take)
        dump.finish()
    except ValueError as error:  # a line that no dump has
        looked.bad.append(Problem(Trouble.NO_DUMP, sanitise(str(error), limit=200)))
        return
    problem = failed(reading, status, words)
    looked.facts = facts_of(dump)
    bad, odd = of_dump(dump, archive=backup.format.archive, copies=signs.counts[_SIGNS[2]])
    said = sum(signs.counts[sign] for sign in _SIGNS[:2])
    if said and not dump.stray and not backup.format.archive:
        bad.append(Problem(Trouble.STRAY_TEXT, f"{said} messages of pg_dump stand among the data"))
    if problem is not None:  # that it ends too early says nothing more
        bad = [problem, *(one for one in bad if one.code not in (Trouble.CUT, Trouble.NO_DUMP, Trouble.EMPTY))]
    looked.bad += bad
    looked.odd += odd


def _run(world: World, host: Host, reading: Reading, take: OnOutput | None = None) -> tuple[int, bytes, bytes]:
    """Status of the first member that failed (0: none), what was said on stderr, and stdout."""
    feed = Feed(world, host.name, reading.stdin) if reading.runs_on else None
    pipe = Pipe(reading.stages, FED if feed else reading.stdin)
    try:
        with feed or nullcontext():
            result: CommandResult = (host_of(world, reading.runs_on) if feed else host).run(
                pipe.argv,
                cwd=reading.cwd,
                env={"LC_ALL": "C"},
                timeout_s=READ_S,
                on_output=take,
                source=feed.chunks() if feed else None,
            )
    except CommandFailed as error:
        return 127, error.line().encode(), b""
    ends, words = pipe.ends(result.stderr)
    if result.timed_out:
        return 1, b"took too long", result.stdout
    # 141: the next one ended first, and says why.
    status = next((end for end in ends if end not in (0, 141)), 0 if reading.early else max(ends))
    return status, words, result.stdout


def _check_gzips(host: Host, backup: BackupFile, looked: _Looked) -> None:
    """pg_restore reads the files one after the other; gzip tells also of what stands behind their ends."""
    argv = ("find", f"{backup.path}/", "-name", "*.gz", "-exec", "gzip", "-t", "{}", "+")
    result = host.run(argv, env={"LC_ALL": "C"}, timeout_s=READ_S)
    if result.exit_status != 0 and not looked.bad:
        looked.bad.append(unpacking_failed(result.stderr))


def _check_end(host: Host, backup: BackupFile, looked: _Looked) -> None:
    """A tar is of whole blocks and ends in two empty ones, behind all that pg_restore reads."""
    result = host.run(("tail", "-c", "1024", backup.path), env={"LC_ALL": "C"}, timeout_s=ASK_S)
    if (result.stdout != bytes(1024) or backup.size % 512) and not looked.bad:
        looked.bad.append(Problem(Trouble.CUT, "does not end as a tar ends: it was cut off"))


def _against(
    world: World, client: DatabaseClient | None, backup: BackupFile, table: DatabaseTable | None, looked: _Looked
) -> None:
    """Holds what was found against the client and the server, where they can be asked."""
    if client is None or (not looked.facts.tables and looked.bad):
        return
    try:
        looked.bad += against_client(looked.facts, psql_version(world, client), archive=backup.format.archive)
        database = table.name if table is not None else ""
        markers = table.markers if table is not None else ()
        server = server_facts(world, client, database, markers)
    except GoaroundError as error:
        looked.odd.append(Problem(Trouble.NOT_ASKED, f"it was not held against the server: {error.line()}"))
        return
    bad, odd = against_server(looked.facts, server, database, markers)
    looked.bad += bad
    looked.odd += odd
