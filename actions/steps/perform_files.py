"""Writes, edits and removes files on a host, so that doing it twice is the same as doing it once.

Atomicity and the guard on what is replaced are the host's; this file knows only what counts as already done.
"""

from __future__ import annotations

from actions.model.canonical import sha256_hex
from actions.model.effect import EditFile, RemoveFile, WriteFile
from actions.model.errors import WorldMoved
from actions.model.ports import Reporter, World
from actions.steps.perform_ground import Ended, host_of


def write_file(effect: WriteFile, world: World, report: Reporter) -> Ended:
    """Replace the file; one that already has exactly this content is left alone."""
    host = host_of(world, effect.host)
    content = effect.content.encode("utf-8")
    if host.read_file(effect.path) == content:
        return Ended(True, f"{effect.path} already is as it should be")
    host.write_file(effect.path, content, mode=effect.mode, before=effect.before)
    return Ended(True, f"{effect.path} written, {len(content)} bytes")


def edit_file(effect: EditFile, world: World, report: Reporter) -> Ended:
    """Change the few bytes; a file that already is the edited one is left alone."""
    host = host_of(world, effect.host)
    content = host.read_file(effect.path)
    if content is None:
        raise WorldMoved(f"{effect.path} is gone", "there is nothing to edit", "draw the plan again")
    if sha256_hex(content) == effect.after:
        return Ended(True, f"{effect.path} already is as it should be")
    try:
        edited = effect.apply(content)
    except ValueError as error:
        raise WorldMoved(f"{effect.path} is not edited", str(error), "draw the plan again") from error
    host.write_file(effect.path, edited, mode=effect.mode, before=effect.before)
    return Ended(True, f"{effect.path} edited, {len(effect.edits)} places")


def remove_file(effect: RemoveFile, world: World, report: Reporter) -> Ended:
    """Take the file away; one that is gone is fine, one that somebody changed is refused by the host."""
    host = host_of(world, effect.host)
    if host.read_file(effect.path) is None:
        return Ended(True, f"{effect.path} is already gone")
    host.remove_file(effect.path, before=effect.before)
    return Ended(True, f"{effect.path} removed")
