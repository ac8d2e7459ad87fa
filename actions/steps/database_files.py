"""Keeps a database whose server is down: its files, copied as they lie. A step of its own, and what draws it.

The branch of the dump where nobody can dump: offered only while the server is surely down, told with the newest backup
that exists, and with what to do by hand where even the files cannot be copied from here.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import ClassVar

from actions.model.backup_file import BackupFile, kept_name
from actions.model.clock import parse_stamp, span, stamp
from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect
from actions.model.effect_files import FILES, IN_IMAGE, KeepFiles, KeptFiles
from actions.model.errors import GoaroundError, Refused, Unreachable
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import KEEPS_FILES, Plan
from actions.model.ports import Host, World
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release
from actions.model.sensor_rules import size_words
from actions.model.step import Checked, Happened
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable
from actions.steps.backups import backups
from actions.steps.compose_facts import read_facts
from actions.steps.database_releases import running_identity, time_of
from actions.steps.host_files import sha256_of, stat_of
from actions.steps.perform_files_kept import FilesSeen, facts_of, look
from actions.steps.perform_ground import host_of
from actions.steps.planned import planned
from actions.steps.reading import ReadingStep

BYTES_PER_S = 50_000_000
"""Of files that are packed at least, for the estimate of time."""


@dataclass(frozen=True)
class CopyFiles(ReadingStep):
    """The data folder of a server that is down, as one archive."""

    step_id: ClassVar[str] = "database.files"
    files: KeepFiles

    def title(self) -> str:
        """What the checklist row says."""
        return f"Copy the files of {self.files.database} while its server is down"

    def expected(self) -> str:
        """What counts as done."""
        return f"{self.files.path} holds all files, can be read whole, and no server came up meanwhile"

    def effects(self) -> tuple[Effect, ...]:
        """One: its parts belong together."""
        return (self.files,)

    def leaves(self) -> str:
        """What stays behind when it is terminated in the middle."""
        return f"Nothing was changed; {self.files.partial} may be left, which the next run removes."

    def moved(self, world: World) -> str:
        """Whether its name was taken meanwhile."""
        there = stat_of(host_of(world, self.files.host), (self.files.path,))
        return f"{self.files.path} is there already" if there else ""

    def check(self, world: World) -> Checked:
        """After its end was lost: whether the copy is there under its name, and is what stands beside it."""
        host, path = host_of(world, self.files.host), self.files.path
        if path not in stat_of(host, (path,)):
            return Checked(Happened.NO, f"there is no {path}")
        kept = read_files(host, path, self.files.manifest)
        if kept is None or sha256_of(host, path) != kept.sha256:
            return Checked(Happened.UNKNOWN, f"{path} is there, but is not what stands beside it")
        return Checked(Happened.YES, f"{path} is whole", facts_of(path, kept))


def read_files(host: Host, path: str, manifest: str) -> KeptFiles | None:
    """What stands beside a copy; None where it is missing or is none."""
    content = host.read_file(manifest)
    try:
        return KeptFiles.from_json(json.loads(content)) if content is not None else None
    except (ValueError, RecursionError):
        return None


def draw_down(
    settings: Settings, release: Release, world: World, incident: str, client: DatabaseClient, error: GoaroundError
) -> Plan:
    """The plan while the server does not answer (``error``): its files are copied, and nothing else.

    Raises Unreachable with the newest backup and what to do by hand where they cannot be copied from here.
    """
    table = settings.database
    assert table is not None  # the caller has looked
    newest = _newest(settings, world, client)
    try:
        files = _files(settings, table, world, client, incident)
        seen = look(files, world)
    except GoaroundError as why:
        raise Unreachable(
            error.title, f"{error.detail}; {newest}", _by_hand(table, error, why), code="database-unreachable"
        ) from error
    return _plan(settings, release, world, (files, seen), error, newest)


def _plan(
    settings: Settings,
    release: Release,
    world: World,
    to_copy: tuple[KeepFiles, FilesSeen],
    error: GoaroundError,
    newest: str,
) -> Plan:
    files, seen = to_copy
    size = seen.kilobytes * 1024
    about = max(2, size // BYTES_PER_S)
    step = planned(CopyFiles(files), code="B1", phase="before", gate=True, about_s=about, silent_s=about * 3 + 120)
    notes = (
        f"the server does not answer ({error.title}): this plan copies its files ({size_words(size)}) and restores "
        "nothing. Start the server, then choose the backup again",
        newest,
        f"only a server of version {sanitise(seen.version, limit=20)} reads the files; they are no dump, and nothing "
        "in them was tried",
    )
    return Plan(
        option="database",
        system=settings.system.name,
        target=release,
        running=running_identity(files.database, {}),
        drawn={"time": stamp(world.clock.now())},
        steps=(step,),
        notes=tuple(NoteKind.SERVER_DOWN.note(words) for words in notes),
        facts={"stage": KEEPS_FILES, "database": sanitise(files.database), "size": size_words(size)},
    )


def _files(settings: Settings, table: DatabaseTable, world: World, client: DatabaseClient, incident: str) -> KeepFiles:
    if not table.keep:
        raise Refused("database.keep names no folder for a copy of its files")
    name = kept_name(table.name, stamp(world.clock.now()), incident).removesuffix(".dump") + FILES
    files = KeepFiles(client.host, table.name, f"{table.keep.rstrip('/')}/{name}", incident)
    if table.reach.startswith("compose:") and settings.compose is not None:
        service = table.reach.removeprefix("compose:")
        run = ("run", "-T", "--rm", "--no-deps", "--user", "root", "--entrypoint", "sh", service)
        at = client.prefix.index("exec")
        return replace(
            files,
            service=service,
            project=read_facts(settings.compose, world).project.name,
            prefix=(*client.prefix[:at], *run),
            cwd=client.cwd,
        )
    if table.reach == "dsn" or not table.data:
        raise Refused("database.data does not name its data folder on this host")
    return replace(files, folder=table.data)


def _newest(settings: Settings, world: World, client: DatabaseClient) -> str:
    try:
        found = next((one for one in backups(settings, world, client) if not one.problem), None)
    except GoaroundError as error:
        return f"the backups cannot be listed: {error.line()}"
    return _told(found, world) if found is not None else "there is no usable backup"


def _told(one: BackupFile, world: World) -> str:
    age = max(0, round((world.clock.now() - parse_stamp(time_of(one))).total_seconds()))
    proven = f", a restore was proven {one.proven.at[:10]}" if one.proven is not None else ""
    return f"the newest usable backup is {one.name}, {span(age)} old, {size_words(one.size)}{proven}"


def _by_hand(table: DatabaseTable, error: GoaroundError, why: GoaroundError) -> str:
    """What to do, in order: the server first; the files by hand, where somebody must keep them."""
    to = f"{table.keep or '/another/disk'}/{table.name}{FILES}"
    by_hand = f"tar -C {table.data or 'DATA_FOLDER'} -czf {to} ."
    if table.reach.startswith("compose:"):
        inside = f"run -T --rm --no-deps --user root --entrypoint sh {table.reach.removeprefix('compose:')}"
        by_hand = f"docker compose {inside} -c 'cd {IN_IMAGE} && tar -cf - .' | gzip > {to}"
    words = re.sub(r"\s+", " ", f"{why.title}: {why.detail}" if why.detail else why.title)
    move = f"; {why.next_move}" if why.next_move else ""
    return (
        f"{error.next_move or 'start the server'}. To keep what it holds now (not from here: {words}{move}): with the "
        f"server stopped, as root: {by_hand}"
    )
