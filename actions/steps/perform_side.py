"""Performs the effects on a database beside the live one: verifies it, counts the loss, waits for sessions to end.

What a comparison means is left to ``model.manifest`` and ``model.loss``.
"""

from __future__ import annotations

import json

from actions.model.backup_file import KeptBackup
from actions.model.canonical import sha256_hex
from actions.model.clock import stamp
from actions.model.effect_side import AwaitNoSessions, MeasureLoss, ObserveDatabase, VerifySide
from actions.model.errors import GoaroundError
from actions.model.events import Observed
from actions.model.loss import LossReport
from actions.model.manifest import Difference, Manifest, compare, compare_rows, lagging_sequences, named
from actions.model.ports import Reporter, World
from actions.model.quick_dataclass import replace
from actions.steps.database_manifest import owned_sequences, read_manifest
from actions.steps.key_stream import CopyStream
from actions.steps.loss_reading import COUNT_S, LostRows, measure
from actions.steps.perform_ground import STOPPED, Ended, Sightings, evidence_kept, host_of, one_line, pause
from actions.steps.sessions import sessions, told
from actions.steps.side_reading import add_note, note_of

MOST_NOTED = 200
"""Tables with a loss that stand in the comment; the totals are of all."""


def verify_side(effect: VerifySide, world: World, report: Reporter) -> Ended:
    """Count every table and compare; what differs is named, and then nothing is written into the comment."""
    wanted = _manifest(effect, world) if effect.manifest else None
    found = read_manifest(world, effect.client, effect.side)
    problems = list(compare(wanted, found) if wanted else compare_rows(effect.rows, found))
    problems += _sound(effect, found)
    lagging = _lagging(effect.side, effect, world, found)
    if lagging and (wanted is None or found.sequences != wanted.sequences):
        # What lags in the live database as well is nothing that the restore has done.
        now = read_manifest(world, effect.client, effect.live)
        known = {one.what for one in _lagging(effect.live, effect, world, now)}
        problems += [one for one in lagging if one.what not in known]
    for one in problems:
        report.line(one_line(world, one.words()))
    if problems:
        words = named(problems)
        report.record(Observed(0, "restored data", False, one_line(world, words), "as in the backup", 0))
        return Ended(False, f"{effect.side} is not what the backup held: {words}")
    against = "the manifest of the backup" if wanted else "the rows of the dump" if effect.rows else "nothing"
    held = len(wanted.tables) if wanted else len(effect.rows)
    words = f"{found.rows} rows in {len(found.tables)} tables; {held} tables compared with {against}"
    add_note(world, effect.client, effect.side, effect.incident, {"verified": f"{stamp(world.clock.now())} {words}"})
    report.record(Observed(0, "restored data", True, one_line(world, words), "as in the backup", 0))
    return Ended(True, words, facts={"verified": words})


def _manifest(effect: VerifySide, world: World) -> Manifest:
    content = host_of(world, effect.host).read_file(effect.manifest)
    if content is None or sha256_hex(content) != effect.manifest_sha256:
        raise GoaroundError(f"{effect.manifest} is not the manifest that was drawn", "", "draw the plan again")
    try:
        return KeptBackup.from_json(json.loads(content)).manifest
    except ValueError as error:
        raise GoaroundError(f"{effect.manifest} is no manifest", str(error), "draw the plan again") from error


def _lagging(database: str, effect: VerifySide, world: World, found: Manifest) -> list[Difference]:
    owned = owned_sequences(world, effect.client, database)
    return [
        Difference(f"sequence {name}", f"beyond the keys of {owned[name]}", str(found.sequences.get(name)))
        for name in lagging_sequences(found, owned)
    ]


def _sound(effect: VerifySide, found: Manifest) -> list[Difference]:
    """What must hold of any database that is to go live."""
    problems = [Difference(f"index {name}", "valid", "invalid") for name in found.invalid_indexes]
    if not effect.manifest:
        problems += [Difference(f"constraint {name}", "validated", "not validated") for name in found.unvalidated]
    if effect.expects_migrations and not found.migrations:
        problems.append(Difference("django_migrations", "rows", "none"))
    missing = [one for one in effect.migrations if one not in found.migrations]
    if missing:
        problems.append(Difference("django_migrations", ", ".join(missing[:5]), "not them"))
    if not found.tables:
        problems.append(Difference("tables", "at least one", "none"))
    return problems


def observe_database(effect: ObserveDatabase, world: World, report: Reporter) -> Ended:
    """Ask for its comment, which goes with a database whatever its name is."""
    there, note = note_of(world, effect.client, effect.database)
    seen = note.backup if note is not None and note.live else "the former one" if there else "not there"
    ok = seen == effect.want
    report.record(Observed(0, f"database {effect.database}", ok, seen, effect.want, 0))
    if not ok:
        return Ended(False, f"{effect.database} is {seen}, not {effect.want}", facts={"running": seen})
    return Ended(True, f"{effect.database} holds {effect.want}", facts={"running": seen})


def measure_loss(effect: MeasureLoss, world: World, report: Reporter) -> Ended:
    """Compare, keep what would be lost, write the numbers into the comment."""
    if effect.export and effect.encrypt_to != world.evidence.encrypts_to:
        return Ended(False, "those who could open what is kept are not those that were shown; draw the plan again")
    found, rows = measure(
        world,
        effect.client,
        effect.live,
        effect.side,
        since=effect.since,
        changes=effect.changes,
        progress=lambda line: report.line(one_line(world, line)),
        stopping=report.stopping,
    )
    if not effect.changes:
        _, note = note_of(world, effect.client, effect.side)
        found = found.with_changes_of(note.loss if note is not None else None)
    for line in found.lines():
        report.line(one_line(world, line))
    facts = {"loss": found.words(), "loss rows": str(found.rows), "loss at": found.at}
    if effect.export:
        kept = sum(_export(effect, one, world, report) for one in rows)
        facts["loss files"] = str(kept)
    add_note(world, effect.client, effect.side, effect.incident, {"loss": noted(found)})
    if 0 <= effect.at_most < found.rows:
        more = found.rows - effect.at_most
        report.record(Observed(0, "loss", False, found.words(), f"at most {effect.at_most} rows", 0))
        return Ended(False, f"{more} rows more than the plan says: draw the plan again ({found.words()})", facts=facts)
    report.record(Observed(0, "loss", True, found.words(), "", 0))
    return Ended(True, found.words(), facts=facts)


def noted(found: LossReport) -> LossReport:
    """The report as it stands in a comment: bounded, its totals kept by the tables that lose most."""
    if len(found.tables) <= MOST_NOTED:
        return found
    most = sorted(found.tables.items(), key=lambda item: (-item[1].lost, -item[1].changed, item[0]))
    kept, rest = dict(most[:MOST_NOTED]), [one for _, one in most[MOST_NOTED:]]
    kept[f"{len(rest)} more tables"] = replace(
        rest[0],
        lost=sum(one.lost for one in rest),
        changed=-1 if any(one.changed < 0 for one in rest) else sum(one.changed for one in rest),
        back=sum(one.back for one in rest),
        least=any(one.least for one in rest),
    )
    return replace(found, tables=kept)


def _export(effect: MeasureLoss, one: LostRows, world: World, report: Reporter) -> int:
    kept = 0
    for keys, ending in ((one.lost, ""), (one.changed, ".changed")):
        if not keys:
            continue
        name = f"{effect.export}-{one.table.shown}{ending}.csv"
        with CopyStream(world, effect.client, effect.live, one.copies(keys), s=COUNT_S) as stream:
            file = world.evidence.keep(name, stream.chunks(), private=True)
        report.record(evidence_kept(file, file.note, complete=file.complete))
        kept += 1
    return kept


def await_no_sessions(effect: AwaitNoSessions, world: World, report: Reporter) -> Ended:
    """Look until nobody is connected, or the deadline has passed."""
    seen = Sightings(world, report, f"sessions of {effect.database}", "nobody is connected")
    begun = world.clock.monotonic_ms()
    while True:
        found = sessions(world, effect.client, effect.database)
        ms = world.clock.monotonic_ms() - begun
        if not found:
            seen.last(True, told(found), ms)
            return Ended(True, f"nobody is connected to {effect.database}", facts={"sessions": "0"})
        if report.stopping():
            return STOPPED
        if ms >= effect.deadline_s * 1000:
            seen.last(False, told(found), ms)
            return Ended(True, f"{told(found)}; the swap ends them", facts={"sessions": str(len(found))})
        seen.seen(False, told(found), ms)
        pause(world, report, 0.5)
