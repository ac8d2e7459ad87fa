"""A role by its one key, however a document or a configuration spells it."""

from __future__ import annotations

_ALIASES = {"dba": "database-admin", "database-administrator": "database-admin"}


def role_key(role: str) -> str:
    """A role as settings write it: ``Tech Manager`` is ``tech-manager``, ``DBA`` is ``database-admin``."""
    plain = "-".join(role.replace("_", " ").replace("-", " ").casefold().split())
    return _ALIASES.get(plain, plain)
