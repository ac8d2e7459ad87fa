"""Tells in notes and facts which code is started over a restored database, and why. What is drawn is left to others."""

from __future__ import annotations

from actions.model.code_fit import Fit
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.steps.compose_names import short
from actions.steps.compose_switch import SwitchImages
from actions.steps.database_code import Choice, Way, named


def choice_notes(choice: Choice) -> tuple[Note, ...]:
    """Which code is started, and why: by the migrations that it knows and holds."""
    if choice.way is Way.STAYS:
        return (NoteKind.CODE_STAYS.note(f"the code stays: {choice.why}"), *_read_so(choice))
    if choice.way in (Way.SWITCHED, Way.BY_HAND) and choice.chosen is not None:
        moves = f"the code goes to {named(choice.chosen.release)}: {choice.why}"
        return (NoteKind.CODE_GOES.note(moves), *_read_so(choice))
    if choice.way is Way.NONE:
        over = f"; {choice.passed_over} more were not asked" if choice.passed_over else ""
        asked = "; ".join(one.words() for one in choice.others) or "no other release is there to be asked"
        words = (
            f"no code that is here fits the backup: {choice.why}; {asked}{over}. Get the image of the release that it "
            "was made under, or choose another backup; going on starts what ran, and breaks it"
        )
        return (NoteKind.CODE_NONE_FITS.note(words), *_read_so(choice))
    asked = "".join(f"; {one.words()}" for one in choice.others)
    return (NoteKind.CODE_UNKNOWN.note(f"whether the code fits the backup is not known: {choice.why}{asked}"),)


def _read_so(choice: Choice) -> tuple[Note, ...]:
    one = choice.chosen
    return tuple(NoteKind.SCHEMA_READ_SO.note(f"{one.release.name}: {text}") for text in one.found.notes) if one else ()


def switch_notes(switch: SwitchImages, rest: tuple[str, ...], held: tuple[str, ...]) -> tuple[Note, ...]:
    """What an operator asks about any switch; ``rest``: services that are no part of the release."""
    jobs = f" and runs {', '.join(held)}" if held else ""
    out = [
        NoteKind.PLAIN_UP.note(
            f"until it is committed, a plain `up` brings {switch.former_name} back over the restored data{jobs}; name "
            f"{switch.override}, too"
        )
    ]
    if rest:
        out.append(NoteKind.NOT_TOUCHED.note(f"started again with the images that they have: {', '.join(rest)}"))
    gone = [s for s, image in sorted(switch.former.items()) if image not in switch.kept.values()]
    if gone:
        lost = ", ".join(f"{s} ({short(switch.former[s])})" for s in gone)
        out.append(
            NoteKind.NO_UNDO.note(f"what runs now is no image any more: {lost}; undo brings the data back alone")
        )
    return tuple(out)


def choice_facts(choice: Choice) -> dict[str, str]:
    """The choice as facts of the plan, over which people approve."""
    facts = {"code": choice.way.value, "code why": choice.why}
    if choice.chosen is not None:
        facts["code release"] = named(choice.chosen.release)
        facts["code fit"] = choice.chosen.found.fit.value
    if choice.way in (Way.UNKNOWN, Way.UNASKED):
        facts["code fit"] = Fit.UNKNOWN.value
    return facts
