"""Copies the data folder of a server that is surely down; what is being written to is never taken for a copy.

The looks and the copy are one shell text, shown before it runs. Whether a container of the service runs is asked of
the engine, before and after; on a host the process of ``postmaster.pid`` tells it.
"""

from __future__ import annotations

from actions.model.clock import stamp
from actions.model.effect_database import RunPipe
from actions.model.effect_files import KeepFiles, KeptFiles
from actions.model.errors import CommandFailed, GoaroundError, Refused, Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import Host, Reporter, World
from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import size_words
from actions.steps.host_files import READ_S, last_words, sha256_of, stat_of
from actions.steps.keeping_place import make_folder, must_be_new, must_fit, put_in_place, remove
from actions.steps.perform_database import run_pipe
from actions.steps.perform_ground import Ended, host_of

LOOK_S = 120.0
UP = ("running", "restarting", "paused")


@dataclass(frozen=True)
class FilesSeen:
    """A data folder that may be copied."""

    version: str
    kilobytes: int
    control: str
    """Of ``global/pg_control``: a server that starts writes it first."""


def look(effect: KeepFiles, world: World) -> FilesSeen:
    """Raises Refused where the server may be up or its files are not all in that folder; what the host raises."""
    _down(effect, world)
    host = host_of(world, effect.host)
    result = host.run(effect.look_argv(), cwd=effect.cwd, env={"LC_ALL": "C"}, timeout_s=LOOK_S)
    words = result.stdout.decode("ascii", "replace").split()
    if result.exit_status != 0 or len(words) != 3 or not words[1].isdigit():
        said = last_words(result) or sanitise(" ".join(words), limit=160) or f"exit status {result.exit_status}"
        raise Refused(f"the files of {effect.database} cannot be copied", said, code="files-not-copied")
    return FilesSeen(words[0], int(words[1]), words[2])


def _down(effect: KeepFiles, world: World) -> None:
    if not effect.service:
        return
    if world.containers is None:
        raise Refused("no container engine is configured", "", "add a [compose] table to the configuration")
    up = [
        one for one in world.containers.containers(effect.project) if one.service == effect.service and one.state in UP
    ]
    if up:
        names = ", ".join(f"{sanitise(one.name, limit=80)} is {one.state}" for one in up[:3])
        raise Refused(
            f"the files of {effect.database} cannot be copied: its server may be up",
            names,
            f"stop it first: docker compose stop {effect.service}",
            code="files-not-copied",
        )


def keep_files(effect: KeepFiles, world: World, report: Reporter) -> Ended:
    """Make it. What fails leaves nothing under the final name, and no partial file of ours."""
    host, begun = host_of(world, effect.host), world.clock.monotonic_ms()
    seen = look(effect, world)
    _make_ready(effect, host, seen)
    try:
        written = run_pipe(_pipe(effect, effect.stages(), stdout=effect.partial), world, report)
        if not written.ok:
            if written.sure:
                remove(host, effect.partial, LOOK_S)
            return written
        if report.stopping():
            remove(host, effect.partial, LOOK_S)
            return Ended(False, "stopped by the operator", stopped=True)
        after = look(effect, world)
        if after.control != seen.control:
            raise CommandFailed("the server has come up while its files were copied", "the copy is worthless: removed")
        whole = run_pipe(_pipe(effect, effect.check_stages(), stdin=effect.partial, cwd=""), world, report)
        if not whole.ok:
            raise CommandFailed("the copy cannot be read whole", whole.detail, f"see to the disk of {effect.keep}")
        kept = _kept(effect, world, host, seen, begun)
    except Unreachable as error:  # over there it may go on: the next run sees to what is left
        return Ended(False, error.line(), sure=False)
    except GoaroundError:
        remove(host, effect.partial, LOOK_S)
        raise
    put_in_place(host, effect.partial, effect.path, effect.manifest, kept.to_json())
    words = f"{size_words(kept.size)} in {kept.seconds} s, of {size_words(seen.kilobytes * 1024)}"
    return Ended(True, f"{words}, sha256 {kept.sha256[:12]}", facts=facts_of(effect.path, kept))


def facts_of(path: str, kept: KeptFiles) -> dict[str, str]:
    """What a run tells."""
    return {"files": path, "sha256": kept.sha256, "size": str(kept.size), "seconds": str(kept.seconds)}


def _pipe(
    effect: KeepFiles,
    stages: tuple[tuple[str, ...], ...],
    *,
    stdin: str = "",
    stdout: str = "",
    cwd: str | None = None,
) -> RunPipe:
    where = effect.cwd if cwd is None else cwd
    return RunPipe(effect.host, stages, stdin, "", stdout, where, {"LC_ALL": "C"}, round(READ_S))


def _make_ready(effect: KeepFiles, host: Host, seen: FilesSeen) -> None:
    make_folder(host, effect.keep)
    must_be_new(host, effect.path)
    remove(host, effect.partial, LOOK_S)
    must_fit(host, effect.keep, seen.kilobytes * 1024)


def _kept(effect: KeepFiles, world: World, host: Host, seen: FilesSeen, begun: int) -> KeptFiles:
    found = stat_of(host, (effect.partial,)).get(effect.partial)
    if found is None or not found.size:
        raise CommandFailed("the copy ended with 0, and nothing was written")
    return KeptFiles(
        file=effect.path.rpartition("/")[2],
        size=found.size,
        sha256=sha256_of(host, effect.partial),
        database=effect.database,
        incident=effect.incident,
        made=stamp(world.clock.now()),
        seconds=(world.clock.monotonic_ms() - begun) // 1000,
        server_version=sanitise(seen.version, limit=20),
    )
