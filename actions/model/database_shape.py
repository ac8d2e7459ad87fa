"""A database's own properties, which a bare `CREATE DATABASE` loses, and the SQL that gives them to another. Pure."""

from __future__ import annotations

import re

from actions.model.database_names import ident, literal
from actions.model.quick_dataclass import dataclass

LISTS = (
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
)
"""Settings whose value is kept as a list of quoted names (GUC_LIST_QUOTE); they are set name by name."""
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,"]*?))\s*(?:,|$)')


@dataclass(frozen=True)
class Setting:
    """``ALTER DATABASE … SET``, or ``ALTER ROLE … IN DATABASE … SET``."""

    key: str
    value: str
    role: str = ""
    """Empty: for everybody."""


@dataclass(frozen=True)
class Grant:
    """Rights on the database itself."""

    role: str
    """Empty: PUBLIC."""
    rights: tuple[str, ...]
    """CONNECT, CREATE, TEMPORARY."""
    option: bool = False
    """WITH GRANT OPTION."""


@dataclass(frozen=True)
class DatabaseShape:
    """The properties of a database, as the server tells of them."""

    owner: str
    encoding: str
    collate: str
    ctype: str
    provider: str = "c"
    """``c`` (libc), ``i`` (ICU) or ``b`` (builtin); empty: the server knows libc alone (before 15)."""
    locale: str = ""
    """Of the provider; empty for libc."""
    rules: str = ""
    tablespace: str = ""
    """Empty: the server's default."""
    connections: int = -1
    """Its limit; -1: none."""
    settings: tuple[Setting, ...] = ()
    grants: tuple[Grant, ...] = ()
    has_grants: bool = False
    """Rights were given or taken; else the server's defaults hold."""
    comment: str = ""
    """Words of somebody; they are kept within the comment of the database beside."""

    def create_sql(self, name: str) -> str:
        """An empty database of this shape, but for settings, rights and the limit of connections."""
        words = [
            f"CREATE DATABASE {ident(name)} OWNER {ident(self.owner)} TEMPLATE template0",
            f"ENCODING {literal(self.encoding)} LC_COLLATE {literal(self.collate)} LC_CTYPE {literal(self.ctype)}",
        ]
        if self.provider == "c":  # said, because template0 may be of another one
            words.append("LOCALE_PROVIDER libc")
        elif self.provider == "i":
            words.append(f"LOCALE_PROVIDER icu ICU_LOCALE {literal(self.locale)}")
            if self.rules:
                words.append(f"ICU_RULES {literal(self.rules)}")
        elif self.provider == "b":
            words.append(f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(self.locale)}")
        if self.tablespace:
            words.append(f"TABLESPACE {ident(self.tablespace)}")
        return " ".join(words) + ";\n"

    def finish_sql(self, name: str) -> str:
        """What is given when the data are there: it would disturb the restore."""
        out = [self._setting_sql(name, one) for one in self.settings]
        if self.has_grants:
            out.append(f"REVOKE ALL ON DATABASE {ident(name)} FROM PUBLIC, {ident(self.owner)};\n")
            out += [_grant_sql(name, one) for one in self.grants]
        out.append(f"ALTER DATABASE {ident(name)} CONNECTION LIMIT {self.connections};\n")
        return "".join(out)

    def _setting_sql(self, name: str, one: Setting) -> str:
        whom = f"ROLE {ident(one.role)} IN DATABASE {ident(name)}" if one.role else f"DATABASE {ident(name)}"
        return f"ALTER {whom} SET {_setting_name(one.key)} TO {_value(one)};\n"


def _setting_name(key: str) -> str:
    return ".".join(ident(part) for part in key.split("."))


def _value(one: Setting) -> str:
    if one.key not in LISTS:
        return literal(one.value)
    return ", ".join(literal(item) for item in listed(one.value)) or "''"


def listed(value: str) -> tuple[str, ...]:
    """``"$user", public`` as its names."""
    return tuple(
        quoted.replace('""', '"') if quoted or not plain else plain
        for quoted, plain in (match.groups(default="") for match in _ITEM.finditer(value))
        if quoted or plain
    )


def _grant_sql(name: str, one: Grant) -> str:
    whom = ident(one.role) if one.role else "PUBLIC"
    option = " WITH GRANT OPTION" if one.option else ""
    return f"GRANT {', '.join(one.rights)} ON DATABASE {ident(name)} TO {whom}{option};\n"
