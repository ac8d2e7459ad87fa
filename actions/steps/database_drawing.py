"""The steps that restore an inspected backup beside the live database and verify it there, for whoever draws them.

Which backup, under which name and for whom is the caller's; that the backup may be restored has been decided.
"""

from __future__ import annotations

import sys

from actions.model.backup_file import Format, Inspected
from actions.model.backup_judgement import knows_restrict
from actions.model.canonical import sha256_hex
from actions.model.database_client import DatabaseClient
from actions.model.effect_sessions import AnalyzeTables
from actions.model.effect_side import VerifySide
from actions.model.ports import World
from actions.model.quick_dataclass import dataclass, replace
from actions.model.system import Settings
from actions.steps.database_preflight import LiveDatabase
from actions.steps.database_releases import identity_of, time_of
from actions.steps.database_restore import BackupSource, RestoreBeside
from actions.steps.database_server import psql_version
from actions.steps.database_verify import VerifyRestored
from actions.steps.perform_ground import HERE, host_of


@dataclass(frozen=True)
class Beside:
    """For whom something is restored, and where to."""

    incident: str
    """As it stands in the comment of the database."""
    side: str
    mark: str


def restore_step(
    settings: Settings, world: World, client: DatabaseClient, live: LiveDatabase, found: Inspected, to: Beside
) -> RestoreBeside:
    """The fastest safe way for the backup's format. Asks psql for its version where a plain dump is restored."""
    backup, table = found.backup, settings.database
    assert table is not None  # the caller has looked
    folder = backup.format is Format.DIRECTORY
    source = BackupSource(
        host=backup.host,
        path=backup.path,
        format=backup.format.value,
        identity=identity_of(backup),
        at=time_of(backup),
        size=-1 if folder else backup.size,
        mtime=0 if folder else backup.mtime,
        unpacked_by=backup.format.unpacked_by,
    )
    inside = bool(client.prefix) and (folder or (backup.format is Format.CUSTOM and table.jobs > 1))
    sessions, why_one = _sessions(world, client, found, table.jobs)
    if sessions > 1 and backup.format is Format.SQL_GZIP:
        # It runs here, beside the loader, and unpacks four times as fast as gzip does.
        source = replace(source, unpacked_by=(sys.executable, "-I", "-m", "isal.igzip", "-dc"))
    restrict = ""
    if not backup.format.archive and (sessions > 1 or not found.facts.restrict):
        # Of several sessions each is restricted by our word, and what the dump says of it is left out.
        restrict = to.mark.replace("_", "") if knows_restrict(psql_version(world, client)) else ""
    return RestoreBeside(
        client=client,
        incident=to.incident,
        side=to.side,
        source=source,
        shape=live.shape,
        jobs=table.jobs,
        copied=f"/tmp/goaround-{to.mark}" if inside else "",
        restrict=restrict,
        sessions=sessions,
        why_one=why_one,
        speed=live.speed if sessions > 1 or (backup.format.archive and table.jobs > 1) else (),
    )


def analyze_side(client: DatabaseClient, side: str, sessions: int) -> AnalyzeTables:
    """The planner's numbers of a restored database: pg_dump does not carry them."""
    return AnalyzeTables(
        client.host, client.psql(side, admin=True), side, sessions, cwd=client.cwd, env=dict(client.env)
    )


def _sessions(world: World, client: DatabaseClient, found: Inspected, jobs: int) -> tuple[int, str]:
    """By how many sessions a plain dump is loaded, and why not by more than one."""
    if found.backup.format.archive:
        return 1, ""
    if jobs < 2:
        return 1, "database.jobs is 1"
    if host_of(world, found.backup.host).name != host_of(world, client.host).name:
        return 1, f"the backup lies on {found.backup.host}"
    if host_of(world, client.host).name not in HERE:
        return 1, f"the clients run on {client.host}"
    why = found.facts.one_session or ("something in it is hostile" if found.problems else "")
    return (1, why) if why else (min(jobs, len(found.facts.rows)), "")


def verify_step(
    settings: Settings, world: World, client: DatabaseClient, live: LiveDatabase, found: Inspected, to: Beside
) -> VerifyRestored:
    """Against the manifest beside the backup where it is of this very content, else against the dump's own rows."""
    backup, facts = found.backup, found.facts
    manifest, digest = "", ""
    if backup.kept is not None and backup.kept.sha256 == backup.sha256:
        content = host_of(world, backup.host).read_file(backup.manifest_path)
        if content is not None:
            manifest, digest = backup.manifest_path, sha256_hex(content)
    return VerifyRestored(
        VerifySide(
            host=backup.host,
            client=client,
            live=live.name,
            side=to.side,
            incident=to.incident,
            manifest=manifest,
            manifest_sha256=digest,
            rows={} if manifest else facts.rows,
            migrations=() if manifest else facts.migrations,
            expects_migrations=settings.django is not None or bool(facts.migrations),
        )
    )
