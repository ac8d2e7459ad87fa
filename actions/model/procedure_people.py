"""The people of a procedure's page: whom to reach and how, and who decides when. Pure.

The document, the configuration's ``[contacts]`` and ``[[channel]]``, and ``[people]`` may each know something of a
role; all of it is told, with where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actions.model.clock import t_plus
from actions.model.matrix import may_decide
from actions.model.procedure import Contact, Procedure
from actions.model.procedure_line import Around, Line, Look
from actions.model.role import role_key


def people(procedure: Procedure, facts: Around) -> Iterator[Line]:
    """Every role that anything names: its duty, how it is reached, who holds it."""
    written: dict[str, list[Contact]] = {}
    for one in procedure.contacts:
        written.setdefault(role_key(one.role), []).append(one)
    names = {key: rows[0].role for key, rows in written.items()}
    for role in _other_roles(procedure, facts):
        names.setdefault(role_key(role), role)
    if not names:
        yield Line("neither the document nor the configuration names anybody", Look.WARNING)
    now = {role_key(role) for role in _now(facts)}
    for key, name in names.items():
        yield from _role(key, name, tuple(written.get(key, ())), facts, key in now)


def _role(key: str, name: str, written: tuple[Contact, ...], facts: Around, decides: bool) -> Iterator[Line]:
    duty = "; ".join(one.duty for one in written if one.duty)
    yield Line(f"{name}{f': {duty}' if duty else ''}", Look.NAME, 1)
    if decides:
        yield Line("decides now", Look.NOW, 2)
    reached = False
    for where, addresses in (
        (" (configuration)", _configured(facts.settings.get("contacts"), key)),
        *((f" ({one.get('name', '')})", _configured(one.get("to"), key)) for one in _channels(facts)),
        (" (document)", tuple(dict.fromkeys(one.address for one in written if one.address))),
    ):
        if addresses:
            reached = True
            yield Line(f"reach {', '.join(addresses)}{where}", Look.PLAIN, 2)
    if not reached:
        yield Line("no way to reach is known: add one to [contacts]", Look.WARNING, 2)
    held = _held(key, facts)
    if held:
        yield Line(f"held by {', '.join(held)}", Look.PLAIN, 2)
    else:
        yield Line("nobody in [people] holds this role", Look.QUIET, 2)


def _held(key: str, facts: Around) -> tuple[str, ...]:
    """``First Operator (ops1)`` for each who holds a role."""
    return tuple(
        f"{person.get('name') or login} ({login})"
        for login, person in facts.people.items()
        if key in (role_key(role) for role in person.get("roles") or ())
    )


def _channels(facts: Around) -> Sequence[Mapping[str, Any]]:
    return tuple(facts.settings.get("channel") or ())


def _configured(table: Mapping[str, Sequence[str]] | None, key: str) -> tuple[str, ...]:
    return tuple(address for role, found in (table or {}).items() if role_key(role) == key for address in found)


def _other_roles(procedure: Procedure, facts: Around) -> Iterator[str]:
    """Roles that the document gives no line of its own."""
    for rule in facts.rules:
        yield from rule.roles
    for row in procedure.escalation:
        yield from row.roles
    yield from facts.settings.get("contacts") or ()
    for one in _channels(facts):
        yield from one.get("to") or ()
    for person in facts.people.values():
        yield from person.get("roles") or ()


def _now(facts: Around) -> tuple[str, ...]:
    """The roles that may decide now."""
    return () if facts.elapsed_s is None else may_decide(facts.elapsed_s, facts.rules)[0].roles


def deciding(procedure: Procedure, facts: Around) -> Iterator[Line]:
    """Who decides until when, with the rule that holds now; then what the document says of special cases."""
    holds = None if facts.elapsed_s is None else may_decide(facts.elapsed_s, facts.rules)[0]
    since = 0
    for rule in facts.rules:
        until = f"until {t_plus(rule.within_s * 1000)}" if rule.within_s is not None else "from then on"
        if rule.within_s is None and since == 0:
            until = "at any time"
        roles = " or ".join(_named(role, procedure) for role in rule.roles)
        now = rule is holds
        yield Line(f"{until}: {roles}{', now' if now else ''}", Look.NOW if now else Look.PLAIN, 1)
        since = rule.within_s or since
    own = bool(facts.settings.get("escalation"))
    general = [row for row in procedure.escalation if not row.about]
    source = "configuration" if own else "document" if general else "built-in rule"
    yield Line(f"so says the {source}", Look.QUIET, 1)
    if own:
        for row in general:
            yield Line(f"the document says otherwise or more: {row.text}", Look.QUIET, 1)
    for row in procedure.escalation:
        if row.about:
            yield Line(row.text, Look.PLAIN, 1)


def _named(role: str, procedure: Procedure) -> str:
    """A role by the document's name for it."""
    return next((one.role for one in procedure.contacts if role_key(one.role) == role_key(role)), role)
