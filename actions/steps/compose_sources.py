"""The files that a Compose project is made of, beyond those that are named: ``.env`` and what the files draw in.

Somebody who edits an ``env_file`` between the plan and the switch changes what the switch does.
"""

from __future__ import annotations

import posixpath
import re

from actions.model.errors import GoaroundError
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import ComposeEditor, World

MOST = 50
"""Files that are looked at; a project of more is not watched to its last one."""

_UNSET = re.compile(r"\"?(\w+)\"? variable is not set")
DOLLAR = NoteKind.DOLLAR_IN_VALUE.note(
    "Compose warns: a value in the Compose files, .env or an env_file holds a `$`; what follows it is taken for a "
    "variable, which is not set, and left out: write `$$`"
)


def drawn_in(directory: str, files: tuple[str, ...], world: World) -> tuple[str, ...]:
    """Paths of ``.env`` and of the files that the named ones draw in, those that are there, in order of discovery.

    What is fetched from elsewhere, or named by a variable, is not found.
    """
    named = [posixpath.join(directory, name) for name in files]
    waiting, found = [*named], [posixpath.join(directory, ".env")]
    seen = {*named, *found}
    while waiting and world.editor is not None and len(seen) < MOST:
        path = waiting.pop(0)
        for name in _reads(path, world.editor, world):
            if "$" in name or "://" in name or name.startswith("git@"):
                continue
            near, far = posixpath.join(posixpath.dirname(path), name), posixpath.join(directory, name)
            place = next((one for one in (near, far) if world.host.read_file(one) is not None), "")
            if place and posixpath.normpath(place) not in {posixpath.normpath(one) for one in seen}:
                seen.add(place)
                found.append(place)
                waiting.append(place)
    return tuple(found)


def _reads(path: str, editor: ComposeEditor, world: World) -> tuple[str, ...]:
    if not path.endswith((".yml", ".yaml")):
        return ()
    try:
        return editor.reads(world.host.read_file(path) or b"")
    except GoaroundError:
        return ()  # Compose has read it, or says better what is wrong with it


def warnings(told: tuple[str, ...], directory: str, files: tuple[str, ...], world: World) -> tuple[Note, ...]:
    """What Compose warned of, without what may be a piece of a secret: ``pa$word`` makes it name ``word``."""
    names = {match.group(1) for line in told if (match := _UNSET.search(line))}
    if not names:
        return tuple(_warned(line) for line in told)
    meant = _meant(names, directory, files, world)
    lines = []
    for line in told:
        match = _UNSET.search(line)
        lines.append(_warned(line) if match is None or match.group(1) in meant else DOLLAR)
    return tuple(dict.fromkeys(lines))


def _warned(line: str) -> Note:
    return NoteKind.COMPOSE_WARNS.note(f"Compose warns: {line}")


def _meant(names: set[str], directory: str, files: tuple[str, ...], world: World) -> set[str]:
    """Those that a Compose file names as variables: in braces, or in capitals."""
    paths = [*(posixpath.join(directory, name) for name in files), *drawn_in(directory, files, world)]
    texts = [world.host.read_file(path) or b"" for path in paths if path.endswith((".yml", ".yaml"))]
    text = b"\n".join(texts).decode("utf-8", "replace")
    braced = {name for name in names if re.search(rf"\${{{re.escape(name)}\b", text)}
    return braced | {name for name in names if name.isupper() and re.search(rf"\${re.escape(name)}\b", text)}
