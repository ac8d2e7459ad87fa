"""Draws the optional step that sets the environment back to what the target ran with, where our store holds the values.

Coolify's own way back takes the present environment. Without the step the plan is the same; where it cannot be offered,
a note says why. Variables that came since, and those of which a value was never told, are named and left.
"""

from __future__ import annotations

from datetime import timedelta

from actions.model.clock import parse_stamp, short_time, stamp
from actions.model.coolify import Variable
from actions.model.effect_coolify import CollectCoolify, CoolifyCall, SetVariables
from actions.model.environment_diff import differ
from actions.model.errors import GoaroundError
from actions.model.kept_environment import ABSENT, KnownEnvironment, settable
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release
from actions.model.system import Settings
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_environment import SetEnvironment
from actions.steps.perform_coolify import coolify_of
from actions.steps.perform_coolify_environment import environments_of, standing
from actions.steps.planned import planned
from actions.steps.ready_rights import NOBODY, why_not_write

CODE = "B5"
DUE = timedelta(days=3)
BEFORE = "coolify-environment-before.json"
"""Under this name the step keeps what stood there."""


@dataclass(frozen=True)
class Restoring:
    """What came of drawing it."""

    steps: tuple[PlannedStep, ...] = ()
    """One, or none."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class _Wanted:
    """Names, and marks; sorted by name."""

    before: dict[str, str]
    after: dict[str, str]
    forms: dict[str, str]
    former: dict[str, str]
    left: str
    """What differs and is left, in words."""


def restoring(
    settings: Settings, table: CoolifyTable, release: Release, world: World, *, needs: tuple[str, ...]
) -> Restoring:
    """The step, or why there is none though values differ. Reads only; what cannot be read stands in nobody's way.

    ``needs``: the step that keeps what Coolify knows.
    """
    if world.environments is None:
        return Restoring()
    try:
        known = world.environments.known(release)
        if known is None:
            return Restoring()
        there = standing(world)
        now = world.environments.marks({name: one.value for name, one in there.items()})
    except GoaroundError as error:
        words = f"whether the environment can be set back is not known: {world.redact(error.line())}"
        return Restoring(notes=(NoteKind.ENVIRONMENT_STAYS.note(words),))
    wanted = _wanted(known, now, there)
    if not wanted.after:
        return Restoring()
    why = _why_not(settings, table, known, world)
    names = ", ".join(wanted.after)
    when = f"{known.words}, {short_time(known.at)}"
    if why:
        words = f"{names}: others than the target ran with ({when}), and no step sets them back: {why}"
        return Restoring(notes=(NoteKind.ENVIRONMENT_STAYS.note(words),))
    step = _step(table, release, known, wanted, world)
    words = f"{CODE} can set back {names} ({when}){wanted.left}; undo it before X3 is undone"
    row = planned(step, code=CODE, phase="before", needs=needs, optional=True, about_s=5)
    return Restoring((row,), (NoteKind.ENVIRONMENT_RESTORABLE.note(words),))


def _wanted(known: KnownEnvironment, now: dict[str, str], there: dict[str, Variable]) -> _Wanted:
    found = differ(known.marks, now)
    told = {name for name in (*found.changed, *found.removed) if known.marks[name]}
    names = sorted(name for name in told if name in known.vouched and settable(name))
    groups = (
        ("added since", found.added),
        ("not told", tuple(sorted({*found.untold, *(name for name in found.removed if not known.marks[name])}))),
        ("value not kept", tuple(sorted(told - set(names)))),
    )
    left = "; ".join(f"left as they are, {what}: {', '.join(group)}" for what, group in groups if group)
    return _Wanted(
        before={name: now.get(name, ABSENT) for name in names},
        after={name: known.marks[name] for name in names},
        forms={name: form for name in names if (form := (known.forms if name in now else known.made_forms).get(name))},
        former={name: form for name in names if name in now and (form := there[name].form(made=False))},
        left=f"; {left}" if left else "",
    )


def _why_not(settings: Settings, table: CoolifyTable, known: KnownEnvironment, world: World) -> str:
    by_hand = "set environment.identity to a private key of one of them, or open it and set them by hand"
    if known.closed_to:
        return f"the values are encrypted to {', '.join(known.closed_to)}; {by_hand}"
    if not environments_of(world).opens(world.evidence.encrypts_to):
        # What stands there is kept before it is overwritten, and the undo has to read it.
        return f"what stands there now would be kept encrypted, and could not be put back from here; {by_hand}"
    if not settings.ready.rights:
        return ""  # nothing is asked of the token beforehand
    path = f"/applications/{NOBODY}/envs/bulk"
    call = CoolifyCall(table.url, "PATCH", path, {"data": [{"key": "GOAROUND_ASKS", "value": ""}]})
    refused = why_not_write(coolify_of(world), call)
    return f"{refused} (coolify.act_token needs write)" if refused else ""


def _step(
    table: CoolifyTable, release: Release, known: KnownEnvironment, wanted: _Wanted, world: World
) -> SetEnvironment:
    path = f"/applications/{table.application}/envs"
    read = CoolifyCall(table.url, "GET", path, acts=False)
    return SetEnvironment(
        keep=CollectCoolify(read, "environment", BEFORE, True, world.evidence.encrypts_to),
        sets=SetVariables(
            call=CoolifyCall(table.url, "PATCH", f"{path}/bulk"),
            file=known.file,
            before=wanted.before,
            after=wanted.after,
            forms=wanted.forms,
            former=wanted.former,
            held_in=BEFORE,
        ),
        target=release.name,
        code=CODE,
        due=stamp(parse_stamp(stamp(world.clock.now())) + DUE),
    )
