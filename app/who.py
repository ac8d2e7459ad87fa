"""Who is at the keys: the login of the operating system, where from, and the roles that the configuration gives."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import field

from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.system import PersonTable


@dataclass(frozen=True)
class Who:
    """A person at a terminal."""

    login: str
    host: str
    tty: str
    name: str = ""
    roles: tuple[str, ...] = ()
    signer: str = ""
    people: dict[str, PersonTable] = field(default_factory=dict)


def real_login() -> str:
    """The login that counts: that of the one who used sudo, else that of the process."""
    login = os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else ""
    if not login:
        try:
            login = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            login = f"uid{os.getuid()}"
    return sanitise(login, limit=32)


def terminal_name() -> str:
    """The controlling terminal's name, or empty."""
    for descriptor in (0, 1, 2):
        try:
            return os.ttyname(descriptor)
        except OSError:
            continue
    return ""


def who_am_i(people: dict[str, PersonTable], acting_as: str = "") -> Who:
    """The person at the keys; ``acting_as`` names another entry of ``[people]`` (the demo, shared logins)."""
    login = acting_as or real_login()
    person = people.get(login)
    return Who(
        login=login,
        host=sanitise(socket.gethostname(), limit=64),
        tty=terminal_name(),
        name=person.name if person else "",
        roles=person.roles if person else (),
        signer=person.signer if person else "",
        people=dict(people),
    )
