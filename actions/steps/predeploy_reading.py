"""What is read before a deployment: how the probes answer, and which migrations the new release will run."""

from __future__ import annotations

from actions.model.effect import ProbeHttp
from actions.model.errors import BadInput, GoaroundError
from actions.model.git_text import is_full_id
from actions.model.migrations import Inside, Migration, Verdict, verdict
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.predeploy import ProbeBaseline, ReverseSql, baseline_of
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release
from actions.model.system import Settings
from actions.steps.compose_facts import engine
from actions.steps.schema_code import configured, question
from actions.steps.schema_reading import backwards_sql, inside, recorded

ASKED = 20
PROBING_S = 30
"""A probe that takes longer for all of them is asked less often."""


def probe_baseline(world: World, probe: ProbeHttp) -> ProbeBaseline:
    """Ask it quickly, one answer after the other."""
    answers: list[tuple[bool, int, str]] = []
    begun = world.clock.monotonic_ms()
    while len(answers) < ASKED and world.clock.monotonic_ms() - begun < PROBING_S * 1000:
        reading = world.prober.read(probe)
        answers.append((reading.ok, reading.ms, sanitise(world.redact(reading.detail), limit=200)))
    return baseline_of(probe.name, answers)


@dataclass(frozen=True)
class Coming:
    """What a new release will do to the schema."""

    migrations: tuple[ReverseSql, ...] = ()
    unknown: str = ""
    """Why that is not known, or not in full; empty: it is."""
    foreign: tuple[str, ...] = ()
    """Recorded in the database, and not known to the new release."""


def new_release(settings: Settings, world: World, image: str, commit: str, known: tuple[Release, ...]) -> Release:
    """The release that is named by an image's reference or a commit. Raises BadInput where there is none such."""
    if not configured(settings):
        raise BadInput(
            "which migrations will run cannot be asked",
            "",
            "add [django] and [database] with name and reach, or leave --image and --commit out",
        )
    table = settings.django
    assert table is not None  # it is configured
    if image:
        there = engine(world).image_id(image)
        if not there:
            raise BadInput(f"there is no image {sanitise(image)} on the engine", "", "pull or build it first")
        return Release(sanitise(image, limit=200), images={table.service: there}, source="image tag")
    if not is_full_id(commit):
        raise BadInput(
            f"{sanitise(commit, limit=80)} is no full commit id", "", "give all 40 digits: git rev-parse REF"
        )
    found = next((one for one in known if one.commit == commit and one.images.get(table.service)), None)
    return found or Release(commit[:10], commit=commit, source="git log")


def coming(settings: Settings, world: World, new: Release) -> Coming:
    """The migrations that are in the new release and not recorded, with the SQL that takes them back."""
    try:
        return _coming(settings, world, new)
    except GoaroundError as error:
        return Coming(unknown=error.line())


def _coming(settings: Settings, world: World, new: Release) -> Coming:
    asked = question(settings, world, new)
    if asked.target.unknown:
        return Coming(unknown=asked.target.unknown)
    rows = recorded(world, asked.client, asked.database)
    held = inside(world, asked.target)
    if held.database and held.database != asked.database:
        return Coming(unknown=f"its settings name the database {held.database}, not {asked.database}")
    found = verdict(rows, held)
    if held.unknown or (found.verdict is Verdict.UNKNOWN and not found.missing and not found.unknown):
        return Coming(unknown=held.unknown or found.why)
    sql = backwards_sql(world, asked.target, found.missing) if found.missing and not held.weak else {}
    migrations = tuple(_reverse(one, held, _redacted(world, sql.get(one, ""))) for one in found.missing)
    return Coming(migrations, held.weak, tuple(map(str, found.unknown)))


def _redacted(world: World, text: str) -> str:
    return "\n".join(world.redact(line) for line in text.splitlines())


def _reverse(migration: Migration, held: Inside, sql: str) -> ReverseSql:
    known = next(one for one in held.migrations if one.migration == migration)
    return ReverseSql(
        migration=str(migration),
        sql=sql,
        atomic=known.atomic,
        one_way=known.one_way,
        noops=known.noops,
        drops=tuple(map(str, known.drops)),
    )
