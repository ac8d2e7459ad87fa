"""Keeps what a Coolify server tells as evidence, and says by name what it did not tell.

The environment is private: its values leave this host only encrypted. Everything else is kept as harmless text.
"""

from __future__ import annotations

import json

from actions.model.codec import to_json
from actions.model.coolify import Variable
from actions.model.effect_coolify import CollectCoolify
from actions.model.errors import BadInput, GoaroundError
from actions.model.naming import first_of
from actions.model.ports import Coolify, Reporter, World
from actions.steps.perform_coolify import coolify_of
from actions.steps.perform_evidence import cleaned, others_could_read
from actions.steps.perform_ground import Ended, evidence_kept, failed, one_line

DEPLOYMENTS = 50
LOG_LINES = 10_000
NAMED = 20
"""So many variables are named in a summary."""


def collect_coolify(effect: CollectCoolify, world: World, report: Reporter) -> Ended:
    """Ask, keep, and tell what is missing."""
    moved = others_could_read(effect, world)
    if moved is not None:
        return moved
    server = coolify_of(world)
    try:
        content, note = _asked(effect.what, server)
    except GoaroundError as error:
        return failed(error)
    if not effect.private:
        content = b"".join(cleaned((content,), world))
    kept = world.evidence.keep(effect.name, iter((content,)), private=effect.private)
    note = one_line(world, note)
    words = "; ".join(part for part in (kept.note, note) if part)
    report.record(evidence_kept(kept, words, complete=kept.complete and not note))
    facts = {f"evidence {effect.name}": kept.sha256}
    return Ended(True, f"{effect.name}: {len(content)} bytes kept{f'; {note}' if note else ''}", facts=facts)


def _asked(what: str, server: Coolify) -> tuple[bytes, str]:
    """The bytes to keep, and what is missing in them."""
    match what:
        case "environment":
            variables = server.variables()
            return _json(variables), missing(variables)
        case "application":
            return _json(server.application()), ""
        case "deployments":
            rows, count = server.deployments(0, DEPLOYMENTS, logs=True)
            older = count - len(rows)
            return _json(rows), f"{older} older ones are not kept" if older > 0 else ""
        case "log":
            try:
                return server.log(LOG_LINES).encode(), ""
            except GoaroundError as error:
                # Nothing of it can be had now; a failure here would block the way back for nothing.
                return b"", f"there is no log: {error.line()}"
    raise BadInput(f"nothing called {what} can be kept of Coolify", "", "draw the plan again")


def missing(variables: tuple[Variable, ...]) -> str:
    """Which variables have no value in the answer, by name; empty: every one has."""
    names = [f"{one.key}{' (preview)' if one.preview else ''}" for one in variables if one.value is None]
    if not names:
        return ""
    once = any(one.shown_once for one in variables)
    why = "shown once only, or the token lacks read:sensitive" if once else "the token lacks read:sensitive"
    return f"NOT told: {first_of(names, NAMED)} ({why})"


def _json(value: object) -> bytes:
    return json.dumps(to_json(value), indent=1, ensure_ascii=True, sort_keys=True).encode() + b"\n"
