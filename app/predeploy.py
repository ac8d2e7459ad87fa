"""``goaround predeploy``: before a deployment, writes down what is replaced and makes sure that there is a way back.

The first rule of any procedure, no deployment without a plan for going back, as one command with an exit status. What
each part takes is the steps'; here they are put in a row, and what is missing is named.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.model.clock import Clock, stamp
from actions.model.errors import BadInput
from actions.model.predeploy import Predeploy
from actions.model.system import Settings
from app.command_lines import Lines, Quiet, ended_as_by_hand
from app.command_world import open_world
from app.environment_pruning import prune_values
from app.places import store_folder
from app.predeploy_data import Data
from app.predeploy_files import write
from app.predeploy_parts import Parts
from app.predeploy_release import Code
from app.settings import find_config, load


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround predeploy``."""

    config: str | None = None
    store: str = ""
    json: bool = False
    backup: bool = True
    snapshot_now: bool = False
    protect: bool = False
    image: str = ""
    commit: str = ""


def run_predeploy(asked: Asked) -> int:
    """0: there is a way back; 1: there is none, each gap a line. Raises BadInput for what cannot be asked at all."""
    loaded = load(find_config(asked.config))
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    settings = loaded.settings
    _check(settings, str(loaded.path), asked)
    world = open_world(loaded, asked.store)
    out = sys.stderr if asked.json else sys.stdout
    lines = Lines(world.clock.monotonic_ms, world.redact, out)
    parts, quiet = Parts(lines), Quiet(world.redact)
    at = stamp(world.clock.now())
    with ended_as_by_hand(quiet):
        code = Code(settings, world, parts, quiet)
        code.look(asked.image, asked.commit)
        if asked.protect:
            code.protect()
        data = Data(settings, world, parts, quiet)
        data.keep(backup=asked.backup)
        data.snapshot(code.release.identity if code.release else "", now=asked.snapshot_now)
        data.judge()
        variables = code.keep_variables(store_folder(settings, asked.store), at, loaded.recipients.keys)
        record = Predeploy(
            system=settings.system.name,
            environment=settings.system.environment,
            at=at,
            option=code.option,
            release=code.release,
            new=asked.image or asked.commit,
            probes=code.probes,
            migrations=code.migrations,
            kept=tuple(data.kept),
            protected=code.protected,
            snapshot_why=data.snapshot_why,
            gaps=tuple(parts.gaps),
            variables=variables,
            values=code.values,
        )
        path = write(store_folder(settings, asked.store), record)
        _prune(lines, settings, asked.store, world.clock)
    _verdict(lines, record, path)
    if asked.json:
        print(json.dumps(_data(record, path, lines), indent=1))
    return 0 if record.way_back else 1


def _check(settings: Settings, path: str, asked: Asked) -> None:
    table = settings.database
    if asked.snapshot_now and (table is None or not table.snapshot or not table.name):
        raise BadInput(
            f"{path}: database.snapshot is not set",
            "",
            "set snapshot = true in [database], or leave --snapshot-now out",
        )
    if asked.protect and settings.compose is None:
        raise BadInput(f"{path}: there are no images to protect", "", "add a [compose] table, or leave --protect out")
    if not settings.options and (table is None or not (table.backups or table.keep)):
        raise BadInput(
            f"{path}: no way back is configured", "", "add [compose], [git] or [database]", code="nothing-configured"
        )


def _prune(lines: Lines, settings: Settings, store: str, clock: Clock) -> None:
    """What is kept no longer goes once the newest is on record: never the other way round."""
    pruned = prune_values(store_folder(settings, store), settings, clock)
    if pruned.removed:
        lines.say(f"removed: the values kept of {pruned.removed} earlier runs (environment.keep_releases)")
    if pruned.stays:
        lines.say(pruned.stays)


def _verdict(lines: Lines, record: Predeploy, path: Path) -> None:
    for gap in record.gaps:
        lines.say(f"{'MISSING' if gap.blocks else 'WARNING'}  {gap.line()}")
    lines.say(f"written: {path}")
    if record.way_back:
        lines.say(f"way back: yes; {_ways(record)}")
    else:
        blocking = sum(gap.blocks for gap in record.gaps)
        lines.say(f"way back: NO ({blocking} missing): do not deploy")


def _ways(record: Predeploy) -> str:
    ways = [f"the code by {record.option} to {record.release.name}"] if record.release else []
    ways += [f"the data by the {one.kind} {one.place}" for one in record.kept]
    return "; ".join(ways)


def _data(record: Predeploy, path: Path, lines: Lines) -> dict[str, Any]:
    return {**record.to_json(), "file": str(path), "stages": [stage.to_json() for stage in lines.stages]}
