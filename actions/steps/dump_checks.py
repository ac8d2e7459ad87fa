"""Whether what a dump wrote is a whole dump of all that was counted, before it gets its name.

What its programs say of themselves is not enough: one that was cut off on its way may have ended with 0.
"""

from __future__ import annotations

from actions.model.backup_file import HEAD, BackupFile, KeptBackup, format_of
from actions.model.backup_judgement import TableOfContents, contents_of
from actions.model.clock import stamp
from actions.model.effect_dump import KeepDump
from actions.model.errors import CommandFailed
from actions.model.manifest import Manifest
from actions.model.outside_text import sanitise
from actions.model.ports import Host, World
from actions.steps.backup_inspect import inspect
from actions.steps.host_files import ASK_S, heads, sha256_of, stat_of
from actions.steps.perform_ground import host_of
from actions.steps.pipe_script import Pipe


def checked(effect: KeepDump, world: World, host: Host, manifest: Manifest, begun: int) -> KeptBackup:
    """What was written is a whole dump of all tables that were counted. Raises CommandFailed where it is not."""
    found = stat_of(host, (effect.partial,)).get(effect.partial)
    if found is None or found.size == 0:
        raise CommandFailed("the dump ended with 0, and wrote nothing", "", "see to the command that dumps")
    version = ""
    if effect.command:
        _inspected(effect, world, found.size, found.mtime)
    else:
        contents = _contents(effect, host)
        version = contents.dump_version
        _whole(effect, host, contents, manifest)
    return KeptBackup(
        file=effect.path.rpartition("/")[2],
        size=found.size,
        sha256=sha256_of(host, effect.partial),
        incident=effect.incident,
        made=stamp(world.clock.now()),
        seconds=(world.clock.monotonic_ms() - begun) // 1000,
        dump_version=version,
        same_snapshot=not effect.command,
        manifest=manifest,
    )


def _contents(effect: KeepDump, host: Host) -> TableOfContents:
    pipe = Pipe((effect.list_argv(),), stdin=effect.partial)
    result = host.run(pipe.argv, cwd=effect.client.cwd, env={"LC_ALL": "C"}, timeout_s=ASK_S * 4)
    (end,), words = pipe.ends(result.stderr)
    if end != 0:
        said = sanitise(words.decode("utf-8", "replace").strip(), limit=200)
        raise CommandFailed("the dump's table of contents cannot be read", said, "see to pg_dump and its disk")
    return contents_of(result.stdout.decode("utf-8", "replace"))


def _whole(effect: KeepDump, host: Host, contents: TableOfContents, manifest: Manifest) -> None:
    if contents.data < len(manifest.tables):
        raise CommandFailed(
            f"the dump holds the data of {contents.data} tables, {len(manifest.tables)} were counted",
            "",
            "the role that dumps must see every table, and pg_dump must get no options of its own",
        )
    if not contents.data and not contents.blobs:
        return
    # The contents stand at the beginning. Behind the last block of data pg_dump writes a length of zero.
    # An entry of the contents ends alike, but with more of them: a mark, and an offset that is not known.
    tail = host.run(("tail", "-c", "9", effect.partial), env={"LC_ALL": "C"}, timeout_s=ASK_S).stdout
    if not tail.endswith(b"\0" * 5) or tail[1:] == b"\0" * 8:
        raise CommandFailed(
            "the dump was cut off, though pg_dump ended with 0", "", "see to its disk and its transport"
        )


def _inspected(effect: KeepDump, world: World, size: int, mtime: int) -> None:
    """What another command wrote is read whole."""
    host = host_of(world, effect.host)
    kind, words = format_of(heads(host, (effect.partial,), HEAD).get(effect.partial, b""))
    backup = BackupFile(effect.host, effect.partial, kind, size, mtime, "", problem=words)
    found = inspect(world, effect.client, backup, unfinished=True)
    if not found.usable:
        said = "; ".join(one.words for one in found.problems[:3])
        raise CommandFailed(f"what {effect.command[0]} wrote is no whole dump", said, "see to database.dump")
