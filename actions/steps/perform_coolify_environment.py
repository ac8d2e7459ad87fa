"""Performs the effect that sets variables of a Coolify application to what a kept file holds.

Values are in memory from here to the request and nowhere else: neither an answer's words nor an error's are told on,
as a server may repeat what it was sent. What a mark is, and which file may be read, is left to the port.
"""

from __future__ import annotations

from collections.abc import Iterable

from actions.model.coolify import Variable
from actions.model.effect_coolify import SetVariables
from actions.model.errors import GoaroundError, OutcomeUnknown, Refused
from actions.model.kept_environment import ABSENT
from actions.model.naming import first_of
from actions.model.ports import Environments, Reporter, World
from actions.model.quick_dataclass import replace
from actions.steps.perform_coolify import coolify_of
from actions.steps.perform_ground import Ended

NAMED = 8


def environments_of(world: World) -> Environments:
    """What our store keeps. Raises Refused where there is no store."""
    if world.environments is None:
        raise Refused("no kept environment can be read here", "there is no store", "start it from the cockpit")
    return world.environments


def of_production(variables: Iterable[Variable]) -> dict[str, Variable]:
    """By name; the twins for previews are another environment."""
    return {one.key: one for one in variables if not one.preview}


def seen_now(effect: SetVariables, world: World) -> dict[str, tuple[str, str]]:
    """Name -> mark (empty: it is not told) and form of what stands there now. Raises GoaroundError."""
    return _seen(effect, environments_of(world), standing(world))


def standing(world: World) -> dict[str, Variable]:
    """What stands there now, by name. Raises GoaroundError."""
    return of_production(coolify_of(world).variables())


def others(there: dict[str, tuple[str, str]], *allowed: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    """Names of which neither value nor flags are any of those that are allowed."""
    names = sorted(allowed[0])
    return tuple(name for name in names if there.get(name, (ABSENT, "")) not in [one[name] for one in allowed])


def set_variables(effect: SetVariables, world: World, report: Reporter) -> Ended:
    """Set all of them by one request, if each is what it was; read again, whatever was answered."""
    store, server = environments_of(world), coolify_of(world)
    there = seen_now(effect, world)
    if not others(there, effect.shall):
        return Ended(True, f"{_count(effect.after)} stand there already")
    third = others(there, effect.was, effect.shall)
    if third:
        words = f"{first_of(third, NAMED)}: another value or flag than when this was drawn"
        return Ended(False, f"{words}; draw the plan again")
    values = _values(effect, store)
    if effect.held_in:
        _former_is_held(effect, store)
    lost = ""
    try:
        server.send(replace(effect.call, body={"data": [_row(one, effect) for one in values]}))
    except OutcomeUnknown as error:
        lost = error.title
        report.line(f"not answered: {lost}; it is read again")
    except GoaroundError as error:
        # Not what the server says: it may repeat a value. The status is ours to tell.
        status = error.detail[:3] if error.detail[:3].isdigit() else ""
        return Ended(False, "; ".join(part for part in (error.title, status, error.next_move) if part))
    return _read_again(effect, world, lost)


def _read_again(effect: SetVariables, world: World, lost: str) -> Ended:
    try:
        wrong = others(seen_now(effect, world), effect.shall)
    except GoaroundError as error:
        return Ended(False, f"it was sent, and cannot be read again: {error.line()}", sure=False)
    if not wrong:
        return Ended(True, f"{_count(effect.after)} set, read from Coolify again")
    return Ended(False, f"not what was sent: {first_of(wrong, NAMED)}{f' ({lost})' if lost else ''}", sure=not lost)


def _values(effect: SetVariables, store: Environments) -> list[Variable]:
    """What is to stand there, as the file holds it: each value is proven to be the one that was drawn."""
    files = (effect.file,) if effect.file.sha256 else store.kept_here(effect.file.path)
    for file in files:
        found = of_production(store.read(file))
        if not others(_seen(effect, store, found), effect.shall):
            return [found[name] for name in sorted(effect.after)]
    raise Refused(
        f"{effect.file.path} does not hold the values that were drawn" if files else f"{effect.file.path} is not there",
        "",
        "draw the plan again",
    )


def _former_is_held(effect: SetVariables, store: Environments) -> None:
    """Nothing is overwritten that could not be put back."""
    back = effect.back()
    if back is not None:
        _values(back, store)


def _row(one: Variable, effect: SetVariables) -> dict[str, object]:
    """As Coolify takes it. All flags that it would else reset are told, as they were with this value."""
    row: dict[str, object] = {
        "key": one.key,
        "value": one.value,
        "is_preview": False,
        "is_literal": one.literal,
        "is_multiline": one.multiline,
        "is_shown_once": False,  # of one that is, no value is ever told: it is not among these
    }
    if effect.whole(one.key):
        # Of one that is there it leaves these two as they are; one that it makes would get both.
        row |= {"is_runtime": one.runtime, "is_buildtime": one.buildtime}
    return row


def _seen(effect: SetVariables, store: Environments, found: dict[str, Variable]) -> dict[str, tuple[str, str]]:
    named = {name: one for name, one in found.items() if name in effect.after}
    marks = store.marks({name: one.value for name, one in named.items()})
    return {name: (marks[name], one.form(made=effect.whole(name))) for name, one in named.items()}


def _count(names: dict[str, str]) -> str:
    return f"{len(names)} variable{'' if len(names) == 1 else 's'} ({first_of(sorted(names), NAMED)})"
