"""Tables of ``goaround.toml`` about what is looked at: backups, logs, logins, checks, workflows, maintenance."""

from __future__ import annotations

import re
from typing import Literal

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute, check_url, plain, seconds_of, within


@dataclass(frozen=True)
class WatchTable:
    """``[watch]``: when the logs count as calm again."""

    errors_per_minute: int = -1
    """At most so many error lines a minute; -1: a tenth of the worst minute of the incident, at least one."""
    window: str = "60s"
    """Over how long they are counted."""
    database_errors: tuple[str, ...] = ()
    """Regular expressions of lines that tell of a query that failed; empty: those of Django and PostgreSQL."""
    every: str = "30s"
    """How often `goaround watch --for` looks."""
    hours: int = 0
    """How long it must be watched after a rollback: the list waits for that watch; 0: a person ticks it."""
    ask_every: str = "2h"
    """How often it asks for reports of users."""

    def __post_init__(self) -> None:
        within("errors_per_minute", self.errors_per_minute, -1, 1_000_000)
        if not 5 <= seconds_of("window", self.window) <= 3600:
            raise ValueError("window: between 5s and 1h")
        for text in self.database_errors:
            try:
                re.compile(text)
            except re.error as error:
                raise ValueError(f"database_errors: {text!r} is no regular expression: {error}") from error
        if not 5 <= seconds_of("every", self.every) <= 3600:
            raise ValueError("every: between 5s and 1h")
        within("hours", self.hours, 0, 24 * 14)
        if seconds_of("ask_every", self.ask_every) < 60:
            raise ValueError("ask_every: at least 1m")


@dataclass(frozen=True)
class LoginTable:
    """``[[login]]``: logs in with a drill account, as a browser would; counts as a probe of its name."""

    name: str
    url: str
    """The page that holds the form."""
    user: str
    password: str
    """Only as ``${env:NAME}``."""
    user_field: str = "username"
    password_field: str = "password"
    success: str = ""
    """Text that stands on the page afterwards; empty: the form must not come back."""
    every: str = "60s"
    """A login leaves traces (a session, a date): it is tried no more often than this."""
    answer: int = 10
    """Seconds for one answer."""
    verify_tls: bool = True
    ca_file: str = ""

    def __post_init__(self) -> None:
        plain("name", self.name)
        check_url("url", self.url)
        plain("user", self.user)
        if not re.fullmatch(r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}", self.password):
            raise ValueError('password: only as "${env:NAME}": nothing secret stands in this file')
        plain("user_field", self.user_field)
        plain("password_field", self.password_field)
        absolute("ca_file", self.ca_file, empty=True)
        within("answer", self.answer, 1, 600)
        if seconds_of("every", self.every) < 10:
            raise ValueError("every: at least 10s")


@dataclass(frozen=True)
class CheckTable:
    """``[[check]]``: a command on the system's host that only looks, and what counts as well."""

    name: str
    command: tuple[str, ...]
    at_most: int | None = None
    """The first number of its output must not be more; not given: exit status 0 is well."""
    at_least: int | None = None
    unit: str = ""
    """Said after the number: ``jobs``, ``s``."""
    answer: int = 10
    """Seconds for its answer."""
    every: str = "30s"
    load: bool = False
    """It tells the load of the database: kept with what monitoring showed."""

    def __post_init__(self) -> None:
        plain("name", self.name)
        if not self.command:
            raise ValueError("command: at least one word")
        for word in self.command:
            plain("command", word, empty=True, dash=True)
        within("answer", self.answer, 1, 600)
        if seconds_of("every", self.every) < 5:
            raise ValueError("every: at least 5s")


@dataclass(frozen=True)
class WorkflowTable:
    """``[[workflow]]``: something that users must be able to do; tried by a person, a probe or a check."""

    name: str
    how: str = ""
    """What a person does to try it."""
    probe: str = ""
    check: str = ""

    def __post_init__(self) -> None:
        plain("name", self.name)
        plain("how", self.how, empty=True)
        if self.probe and self.check:
            raise ValueError("probe: either a probe or a check, not both")


@dataclass(frozen=True)
class CriteriaTable:
    """``[criteria]``: limits that the document leaves open."""

    slower_percent: int = 30
    """By how much more than their baseline answers may take. Procedures write "50 % slower" and "5 times as long" (400)
    of the same thing, and leave 30 to 50 % open: this picks one; by itself the least of them, which a person judges.
    """

    def __post_init__(self) -> None:
        within("slower_percent", self.slower_percent, 1, 10_000)


@dataclass(frozen=True)
class MaintenanceTable:
    """``[maintenance]``: how a maintenance notice is shown, and taken down."""

    on: tuple[str, ...]
    off: tuple[str, ...]
    shown: tuple[str, ...] = ()
    """Exit status 0 while it is shown; empty: nobody can look."""
    where: Literal["host", "jump host"] = "host"
    directory: str = ""
    deadline: int = 60
    """Seconds for each command."""

    def __post_init__(self) -> None:
        for key, words in (("on", self.on), ("off", self.off)):
            if not words:
                raise ValueError(f"{key}: at least one word")
        for key, words in (("on", self.on), ("off", self.off), ("shown", self.shown)):
            for word in words:
                plain(key, word, empty=True, dash=True)
        absolute("directory", self.directory, empty=True)
        within("deadline", self.deadline, 1, 3600)


@dataclass(frozen=True)
class ReadinessTable:
    """``[readiness]``: a file in which CI and people say what was done before a release was deployed."""

    file: str = ""
    """JSON, on the system's host; ``{sha}``, ``{tag}`` and ``{name}`` are those of the release."""

    def __post_init__(self) -> None:
        absolute("file", self.file, empty=True)
        for word in re.findall(r"\{([^}]*)\}", self.file):
            if word not in ("sha", "tag", "name"):
                raise ValueError(f"file: {{{word}}} means nothing here; there are {{sha}}, {{tag}} and {{name}}")


@dataclass(frozen=True)
class ReleasesTable:
    """``[releases]``: what counts as a good one."""

    healthy: str = "30m"
    """So long a release must have been live, without an incident, to be known good."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{1,6}\s*[smhd]", self.healthy):
            raise ValueError('healthy: a time such as "30m", "2h" or "1d"')

    @property
    def healthy_s(self) -> int:
        """The same in seconds."""
        return int(self.healthy[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[self.healthy[-1]]


@dataclass(frozen=True)
class TicketTable:
    """``[tickets]``: how a follow-up becomes a ticket."""

    command: tuple[str, ...] = ()
    """Makes one; ``{incident}``, ``{code}``, ``{text}``, ``{owner}`` and ``{due}`` are filled in. The last line of its
    output is the ticket.
    """
    url: str = ""
    """Where a ticket is read: ``{ticket}`` is filled in."""

    def __post_init__(self) -> None:
        for word in self.command:
            plain("command", word, empty=True, dash=True)
        if self.url:
            check_url("url", self.url.replace("{ticket}", "1"))


@dataclass(frozen=True)
class ReadyTable:
    """``[ready]``: what ``goaround ready`` asks, and what it lets pass."""

    targets: int = 3
    """Releases that are looked at for each way back: the proposed one first."""
    registry: bool = False
    """The registry is asked whether it still gives the image by its digest."""
    rights: bool = True
    """Whether the acting token may deploy and write is tried, with requests about what does not exist."""
    push: bool = True
    """Whether the git remote would take a branch is tried (dry run)."""
    proof_max_age: str = "30d"
    """How old the newest backup that was proven by a restore may be."""
    answer: int = 60
    """Seconds for one check; what reads much (schema, backup) has ten times as long."""
    every: str = "5m"
    """How often it is looked again: in the background of an incident, and with ``--watch``."""

    def __post_init__(self) -> None:
        within("targets", self.targets, 1, 10)
        within("answer", self.answer, 1, 600)
        seconds_of("proof_max_age", self.proof_max_age)
        if not 5 <= seconds_of("every", self.every) <= 86400:
            raise ValueError('every: between "5s" and "24h"')
