"""Whose approval a plan needs, by the rules that the incident was declared with; who counts is left to ``approval``.

Settings win over the procedure, and the procedure over what is built in. General rules follow the time since the
declaration: whoever is named for later may also answer earlier. Rules of one way back replace the general ones for it.
"""

from __future__ import annotations

from typing import Any

from actions.model.codec import from_json
from actions.model.incident import Incident
from actions.model.quick_dataclass import dataclass
from actions.model.role import role_key
from actions.model.second_person import NAMED, wants_second
from actions.model.system import ApprovalTable, EscalationTable, SigningTable


@dataclass(frozen=True)
class Need:
    """So many people, each of whom holds one of these roles."""

    roles: tuple[str, ...]
    count: int = 1
    alone: bool = False
    """The one who flies counts, too."""
    shared: bool = False
    """Somebody who counts here may count for another need as well."""
    said: str = ""
    """Words for it in place of the roles: ``a second person (X1: …)``."""

    def words(self) -> str:
        """``tech-manager``, ``devops-lead or tech-manager``, ``2 of on-call``."""
        if self.said:
            return self.said
        named = " or ".join(self.roles)
        return named if self.count == 1 else f"{self.count} of {named}"


@dataclass(frozen=True)
class Rule:
    """What is needed within a time."""

    needs: tuple[Need, ...]
    option: str = ""
    """Of this way back alone; empty: of each."""
    from_s: int = 0
    until_s: int | None = None

    def holds(self, elapsed_s: int) -> bool:
        """Whether this is its time."""
        return self.from_s <= elapsed_s and (self.until_s is None or elapsed_s < self.until_s)


@dataclass(frozen=True)
class Rules:
    """Everything that decides about approvals."""

    rules: tuple[Rule, ...]
    expires_s: int = 30 * 60
    require_signatures: bool = False
    second: Need | None = None
    """A person other than the operator, wanted by a step of the plan whatever else holds."""

    def of(self, option: str) -> tuple[Rule, ...]:
        """The rules of a way back: its own, else the general ones."""
        own = tuple(rule for rule in self.rules if rule.option == option)
        return own or tuple(rule for rule in self.rules if not rule.option)

    def needs(self, option: str, elapsed_s: int) -> tuple[Need, ...]:
        """What this way back needs now."""
        needs = tuple(need for rule in self.of(option) if rule.holds(elapsed_s) for need in rule.needs)
        return (*needs, *((self.second,) if self.second else ()))

    def changes_at(self, option: str, elapsed_s: int) -> int | None:
        """Seconds since the declaration at which something else is needed; None: it stays as it is now."""
        edges = (edge for rule in self.of(option) for edge in (rule.from_s, rule.until_s) if edge is not None)
        return min((edge for edge in edges if edge > elapsed_s), default=None)

    def roles(self, option: str) -> tuple[str, ...]:
        """Every role that has a say in this way back, now or later."""
        named = [role for rule in self.of(option) for need in rule.needs for role in need.roles]
        return tuple(dict.fromkeys((*named, *(self.second.roles if self.second else ()))))


def ladder(rows: tuple[tuple[int | None, tuple[str, ...], bool | None], ...]) -> tuple[Rule, ...]:
    """General rules from (until, roles, alone), one after the other; the last one stays.

    ``alone`` None: within a limited time whoever holds the role may act alone, after it somebody else must approve.
    """
    rules: list[Rule] = []
    from_s = 0
    for at, (until, _, alone) in enumerate(rows):
        roles = tuple(dict.fromkeys(role_key(role) for _, named, _ in rows[at:] for role in named))
        last = at == len(rows) - 1 or until is None
        need = Need(roles, alone=until is not None if alone is None else alone)
        rules.append(Rule((need,), "", from_s, None if last else until))
        if last:
            break
        from_s = until or 0
    return tuple(rules)


DEFAULT_GENERAL = ladder(((15 * 60, ("devops-lead",), None), (None, ("tech-manager",), None)))
DEFAULT_DATABASE = (Rule((Need(("database-admin",)), Need(("tech-manager",))), "database"),)


def rules_of(incident: Incident) -> Rules:
    """The rules that hold for this incident: as configured at its declaration, else as its procedure says."""
    settings = incident.declared.settings if incident.declared else {}
    table = _table(ApprovalTable, settings.get("approval")) or ApprovalTable()
    rows = tuple(
        one for one in (_table(EscalationTable, row) for row in settings.get("escalation") or ()) if one is not None
    )
    configured = tuple(_configured(one) for one in table.rule)
    general = ladder(tuple((row.seconds, row.approve, row.alone) for row in rows))
    general += tuple(rule for rule in configured if not rule.option)
    own = tuple(rule for rule in configured if rule.option)
    known = _known_roles(incident)
    general = general or _of_procedure(incident, "", known) or DEFAULT_GENERAL
    if not any(rule.option == "database" for rule in own):
        own += _of_procedure(incident, "database", known) or DEFAULT_DATABASE
    return Rules((*general, *own), table.seconds, table.require_signatures, _second(incident, known))


def _second(incident: Incident, known: frozenset[str]) -> Need | None:
    """Anybody of the configured people who holds a role, and does not fly."""
    why = wants_second(incident.plan)
    return Need(tuple(sorted(known)), shared=True, said=f"{NAMED} ({why})") if why else None


def signing_of(incident: Incident) -> SigningTable:
    """Key and allowed signers, as configured at the declaration."""
    settings = incident.declared.settings if incident.declared else {}
    return _table(SigningTable, settings.get("signing")) or SigningTable()


def _table(cls: type[Any], data: Any) -> Any:
    """A table of the recorded configuration; None where it is absent or of another version."""
    if not isinstance(data, dict):
        return None
    try:
        return from_json(cls, data)
    except ValueError:
        return None


def _configured(row: Any) -> Rule:
    roles = tuple(dict.fromkeys(role_key(role) for role in row.of))
    shared = row.one_person
    if row.count:
        needs: tuple[Need, ...] = (Need(roles, row.count, row.alone, shared),)
    else:
        needs = tuple(Need((role,), 1, row.alone, shared) for role in roles)
    return Rule(needs, row.option, row.from_s, row.until_s)


def _known_roles(incident: Incident) -> frozenset[str]:
    people = incident.declared.people if incident.declared else {}
    return frozenset(role_key(str(role)) for person in people.values() for role in person.get("roles") or ())


def _of_procedure(incident: Incident, about: str, known: frozenset[str]) -> tuple[Rule, ...]:
    """The procedure's rules, as far as somebody holds a role that they name: a document cannot know our people."""
    if incident.procedure is None:
        return ()
    rows = [
        (one, tuple(role for role in map(role_key, one.roles) if about or role in known))
        for one in incident.procedure.escalation
        if one.about == about and any(role_key(role) in known for role in one.roles)
    ]
    if about:
        return tuple(
            Rule(tuple(Need((role,)) for role in roles), about, one.from_s, one.within_s) for one, roles in rows
        )
    timed = [(one, roles) for one, roles in rows if one.from_s or one.within_s is not None] or rows
    always = tuple(role for row in rows if row not in timed for role in row[1])
    timed.sort(key=lambda row: (row[0].from_s, row[0].within_s is None))
    return ladder(tuple((one.within_s, (*roles, *always), None) for one, roles in timed))
