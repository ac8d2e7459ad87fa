"""Names of databases, and how names and values stand in SQL. Pure.

A name is refused where PostgreSQL or its clients would take it for something else: more than 63 bytes are cut in
silence, so that two names become one; what looks like a connection string is read as one; and what belongs to the
server itself is never touched.
"""

from __future__ import annotations

import re

LONGEST = 63
"""Bytes of a name that PostgreSQL keeps."""
OF_THE_SERVER = ("postgres", "template0", "template1")
_ID = re.compile(r"[a-z0-9_]{1,24}")


def name_problem(name: str) -> str:
    """Why this cannot be the name of a database that is restored, or empty."""
    if not name:
        return "must not be empty"
    if name in OF_THE_SERVER:
        return f"{name!r} belongs to the server and is never replaced"
    if len(name.encode()) > LONGEST:
        return f"has {len(name.encode())} bytes; PostgreSQL keeps {LONGEST} and cuts the rest in silence"
    if any(ord(char) < 32 or ord(char) == 127 for char in name):
        return "holds a control character"
    if "=" in name or "://" in name:
        return f"{name!r} would be read as a connection string"
    if name.startswith("-"):
        return "must not begin with '-'"
    return ""


def side_name(name: str, kind: str, mark: str) -> str:
    """The name of a database beside ``name``: ``obcms_prod_rb_k7qf_0241``, cut so that ``mark`` always stays.

    ``kind``: ``rb`` (restored beside), ``pre_rb`` (kept as it was), ``snap`` (before a deployment), ``try`` (a trial).
    ``mark``: small letters, digits and ``_``; what makes it unique. Raises ValueError where it is not.
    """
    if not _ID.fullmatch(mark):
        raise ValueError(f"mark: small letters, digits and '_', not {mark!r}")
    tail = f"_{kind}_{mark}"
    room = LONGEST - len(tail)
    return name.encode()[:room].decode("utf-8", "ignore") + tail


def ident(name: str) -> str:
    """A name as an SQL identifier, always quoted. Raises ValueError at a NUL."""
    if "\0" in name:
        raise ValueError("a name cannot hold a NUL byte")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL literal that means the same whatever ``standard_conforming_strings`` says."""
    if "\0" in value:
        raise ValueError("a text cannot hold a NUL byte")
    plain = "'" + value.replace("'", "''") + "'"
    return "E" + plain.replace("\\", "\\\\") if "\\" in value else plain


def do_block(body: str) -> str:
    """An anonymous block around a body that may hold any text: its dollar quote stands nowhere in it."""
    tag = "goaround"
    while f"${tag}$" in body:
        tag += "_"
    return f"DO ${tag}$\n{body}${tag}$;\n"


def conninfo(name: str) -> str:
    """A name for ``--dbname``, where no part of it can be read as an option of the connection: ``dbname='…'``."""
    return "dbname='" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
