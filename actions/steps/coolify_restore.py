"""Draws the optional step that sets the environment back to what the target ran with, where our store holds the values.

Coolify's own way back takes the present environment. Without the step the plan is the same; where it cannot be offered,
a note says why. Variables that came since, those of which a value was never told, and those that are shown once only
now or were then are named and left.
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
    used: tuple[str, ...]
    left: str
    """What differs and is left, in words."""
    locked: str
    """Of these another one is shown once only than then, in words."""

    @property
    def names(self) -> str:
        """``DEBUG, DSN; of PEM the flags alone (as usual becomes multiline)``."""
        alone = [name for name, mark in self.after.items() if mark == self.before[name]]
        values = ", ".join(name for name in self.after if name not in alone)
        flags = ", ".join(
            f"{name} ({self._form(self.former, name)} becomes {self._form(self.forms, name)})" for name in alone
        )
        return "; ".join(part for part in (values, f"the flags of {flags}" if flags else "") if part)

    @staticmethod
    def _form(forms: dict[str, str], name: str) -> str:
        return forms.get(name) or "as usual"


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
    when = f"{known.words}, {short_time(known.at)}"
    if not wanted.after and not wanted.locked:
        return Restoring()
    if not wanted.after:
        words = f"{wanted.locked} ({when}); no step sets that back: its value is not told, and could not be put back"
        return Restoring(notes=(NoteKind.ENVIRONMENT_STAYS.note(words),))
    why = _why_not(settings, table, known, there, world)
    if why:
        words = f"{wanted.names}: others than the target ran with ({when}), and no step sets them back: {why}"
        return Restoring(notes=(NoteKind.ENVIRONMENT_STAYS.note(words),))
    step = _step(table, release, known, wanted, world)
    words = f"{CODE} can set back {wanted.names} ({when}){wanted.left}; it is undone before X3 is undone"
    row = planned(step, code=CODE, phase="before", needs=needs, optional=True, about_s=5)
    return Restoring((row,), (NoteKind.ENVIRONMENT_RESTORABLE.note(words),))


def _wanted(known: KnownEnvironment, now: dict[str, str], there: dict[str, Variable]) -> _Wanted:
    found = differ(known.marks, now)
    told = {name for name in (*found.changed, *found.removed) if known.marks[name]}
    told |= _flags_alone(known, now, there)
    names = sorted(name for name in told if name in known.vouched and settable(name))
    locked = sorted(name for name in there if known.whole and name in known.marks and _once(known, there, name))
    unlocked = [name for name in known.once if name in there and not there[name].shown_once]
    untold = {*found.untold, *(name for name in found.removed if not known.marks[name])} - {*locked, *unlocked}
    shown = (("shown once only since", locked), ("shown once only then", unlocked))
    groups = (
        ("added since", found.added),
        ("not told", tuple(sorted(untold))),
        *shown,
        ("value not kept", tuple(sorted(told - set(names)))),
    )
    left = "; ".join(f"left as they are, {what}: {', '.join(group)}" for what, group in groups if group)
    used = tuple(
        name for name in names if known.whole and name in now and known.uses.get(name, "") != there[name].use()
    )
    meant = {name: known.made_forms if name in used or name not in now else known.forms for name in names}
    stood = {name: there[name].form(made=name in used) for name in names if name in now}
    return _Wanted(
        before={name: now.get(name, ABSENT) for name in names},
        after={name: known.marks[name] for name in names},
        forms={name: form for name in names if (form := meant[name].get(name))},
        former={name: form for name, form in stood.items() if form},
        used=used,
        left=f"; {left}" if left else "",
        locked="; ".join(f"{', '.join(group)}: {what} (is_shown_once)" for what, group in shown if group),
    )


def _once(known: KnownEnvironment, there: dict[str, Variable], name: str) -> bool:
    return there[name].shown_once and name not in known.once


def _flags_alone(known: KnownEnvironment, now: dict[str, str], there: dict[str, Variable]) -> set[str]:
    """Names with the same value and other flags; only the file that was kept at that moment tells them."""
    same = {name for name, mark in now.items() if mark and mark == known.marks.get(name)} if known.whole else set()
    return {name for name in same if there[name].form(made=True) != known.made_forms.get(name, "")}


def _why_not(
    settings: Settings, table: CoolifyTable, known: KnownEnvironment, there: dict[str, Variable], world: World
) -> str:
    by_hand = "set environment.identity to a private key of one of them, or open it and set them by hand"
    if known.gone:
        kept = f"[environment] keep_releases = {settings.environment.keep_releases}"
        return f"the values that were kept then are not there any more ({kept}); set them by hand"
    if known.closed_to:
        return f"the values are encrypted to {', '.join(known.closed_to)}; {by_hand}"
    if not environments_of(world).opens(world.evidence.encrypts_to):
        # What stands there is kept before it is overwritten, and the undo has to read it.
        return f"what stands there now would be kept encrypted, and could not be put back from here; {by_hand}"
    open_ones = [one for one in there.values() if not one.shown_once]
    if open_ones and all(one.value is None for one in open_ones):
        return "coolify.token is told no values (it needs read:sensitive): what is set could not be read again"
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
            used=wanted.used,
        ),
        target=release.name,
        code=CODE,
        due=stamp(parse_stamp(stamp(world.clock.now())) + DUE),
    )
