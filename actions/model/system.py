"""The description of a system: the shape of ``goaround.toml``, one dataclass per table, each checking its own values.

Reading the file, finding lines for errors and unknown keys are left to ``app.settings``. A value that is wrong raises
``ValueError`` whose text names the key: ``"passes: must be between 1 and 1000"``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from actions.model.effect import Expectation
from actions.model.message_channels import ChannelTable, MessagesTable, check_contacts
from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute as _absolute
from actions.model.system_checks import check_url as check_url
from actions.model.system_checks import plain as _plain
from actions.model.system_checks import seconds_of as seconds_of
from actions.model.system_checks import within as _within
from actions.model.system_coolify import CoolifyTable
from actions.model.system_database import DatabaseTable, DjangoTable, QueueTable
from actions.model.system_environment import EnvironmentTable
from actions.model.system_running import RunningCommit as RunningCommit
from actions.model.system_watch import (
    CheckTable,
    CriteriaTable,
    LoginTable,
    MaintenanceTable,
    ReadinessTable,
    ReadyTable,
    ReleasesTable,
    TicketTable,
    WatchTable,
    WorkflowTable,
)

ENVIRONMENTS = ("production", "staging", "drill")
OPTIONS = ("coolify", "compose", "git", "database", "migration", "forward")


@dataclass(frozen=True)
class SystemTable:
    """``[system]``: what is flown, and where."""

    name: str
    environment: Literal["production", "staging", "drill"]
    host: str = "local"
    """``local`` or ``ssh://user@host[:port]``."""
    option: Literal["coolify", "compose", "git", "database", "migration", "forward"] | None = None
    """The first choice among the configured options."""
    logs: tuple[str, ...] = ()
    """Log files on the host that the log pane follows (containers are followed by themselves)."""
    title: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", self.name):
            raise ValueError("name: letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit")
        if self.host != "local" and not re.fullmatch(
            r"ssh://(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?",
            self.host,
        ):
            raise ValueError('host: "local" or "ssh://user@host:port"')
        port = self.host.rpartition(":")[2]
        if self.host.startswith("ssh://") and port.isdigit():
            _within("host", int(port), 1, 65535)
        for path in self.logs:
            _absolute("logs", path)


@dataclass(frozen=True)
class ComposeTable:
    """``[compose]``: the Compose project."""

    directory: str
    files: tuple[str, ...] = ()
    """Compose files, relative to the directory; empty: Compose's own defaults."""
    services: tuple[str, ...] = ()
    """Services that go back; empty: every service that shares the image (or is built), but no one-shot job."""
    image: str = ""
    """Repository name of the image, exactly; empty: found from the services."""
    project: str = ""
    """Project name; empty: Compose's own rule."""
    tool: Literal["auto", "v2", "v1"] = "auto"
    revision_label: str = "org.opencontainers.image.revision"
    """Image label that holds the commit."""
    health_deadline: int = 120
    """Seconds until all services must be healthy."""
    steady: int = 5
    """Seconds without a restart that count as steady."""

    def __post_init__(self) -> None:
        _absolute("directory", self.directory)
        for name in self.files:
            _plain("files", name)
        for name in self.services:
            if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]*", name):
                raise ValueError(f"services: {name!r} is not a service name")
        if len(set(self.services)) != len(self.services):
            raise ValueError("services: the same service stands there twice")
        if self.image and not re.fullmatch(r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*", self.image):
            raise ValueError('image: a repository name without a tag, such as "obcms" or "registry:5000/team/obcms"')
        if self.project and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.project):
            raise ValueError("project: lower-case letters, digits, '_' and '-'")
        _within("health_deadline", self.health_deadline, 1, 7200)
        _within("steady", self.steady, 0, 600)


@dataclass(frozen=True)
class GitTable:
    """``[git]``: the repository and how a ref is deployed."""

    repository: str
    """A clone on the jump host that we read and push from; its work tree is never touched."""
    remote: str = "origin"
    deploy: tuple[str, ...] = ()
    """The deploy command; ``{ref}`` is the pushed branch, ``{sha}`` the full commit."""
    deploy_on: Literal["jump host", "host"] = "jump host"
    directory: str = ""
    """Folder in which the deploy command runs."""
    deploy_timeout: int = 0
    """Seconds; 0: no deadline."""
    running: RunningCommit | None = None
    deployments: str = ""
    """Optional file of past deployments, one JSON object a line: at, ref, sha, result."""
    branch: str = "rollback-emergency-{time}"
    tags: str = "*"
    """Which tags are releases (a glob)."""
    coolify: bool = False
    """Instead of a deploy command: Coolify is put on the pushed branch and deploys it."""

    def __post_init__(self) -> None:
        _absolute("repository", self.repository)
        _absolute("directory", self.directory, empty=True)
        _absolute("deployments", self.deployments, empty=True)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", self.remote):
            raise ValueError('remote: the name of a remote, such as "origin"')
        _within("deploy_timeout", self.deploy_timeout, 0, 86400)
        if "{time}" not in self.branch:
            raise ValueError("branch: must hold {time}, so that no branch is ever met twice")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", self.branch.replace("{time}", "0")) or ".." in self.branch:
            raise ValueError("branch: letters, digits, '.', '_', '/' and '-' around {time}")
        if self.deploy and not any("{ref}" in word or "{sha}" in word for word in self.deploy):
            raise ValueError("deploy: {ref} or {sha} must stand in it, or it would deploy something else")
        if self.deploy and self.coolify:
            raise ValueError("coolify: either that or deploy: one of them deploys the branch")


@dataclass(frozen=True)
class ProbeTable:
    """``[[probe]]``: one HTTP question about the system's health."""

    name: str
    url: str
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    """Values may be ``${env:NAME}``."""
    expect: Expectation = field(default_factory=Expectation)
    answer: int = 10
    """Seconds for one answer."""
    deadline: int = 120
    """Seconds in which the row of passes must come about."""
    body_cap: int = 1024 * 1024
    verify_tls: bool = True
    ca_file: str = ""
    follow: int = 0
    slow_ms: int = 0
    """Milliseconds above which an answer counts as slow; 0: it never does."""
    baseline_ms: int = 0
    """Milliseconds that 95 of 100 answers take in good times; 0: not known."""
    inside: bool = False
    """Sent from the system's host, by the curl there: past load balancer and proxy; ``ca_file`` lies there, too."""
    external: bool = False
    """A service outside that this system needs: looked at side by side, and no part of what "back" means."""

    def __post_init__(self) -> None:
        _plain("name", self.name)
        _within("slow_ms", self.slow_ms, 0, 600_000)
        _within("baseline_ms", self.baseline_ms, 0, 600_000)
        check_url("url", self.url)
        _absolute("ca_file", self.ca_file, empty=True)
        _within("answer", self.answer, 1, 600)
        _within("deadline", self.deadline, 1, 7200)
        _within("body_cap", self.body_cap, 1, 64 * 1024 * 1024)
        _within("follow", self.follow, 0, 10)
        if self.inside and self.follow:
            raise ValueError("inside: such a probe follows no redirect: set follow to 0")
        for code in self.expect.status:
            _within("expect.status", code, 100, 599)


@dataclass(frozen=True)
class ProveTable:
    """``[prove]``: what counts as back."""

    passes: int = 5
    """Times in a row that every probe must pass."""
    seconds: int = 10
    """Over at least this long."""

    def __post_init__(self) -> None:
        _within("passes", self.passes, 1, 1000)
        _within("seconds", self.seconds, 0, 3600)


@dataclass(frozen=True)
class PersonTable:
    """``[people.NAME]``: somebody who may act; NAME is the login."""

    name: str
    roles: tuple[str, ...] = ()
    signer: str = ""
    """Principal in the allowed-signers file."""


_TIME = r"\d{1,6}\s*[smh]|always"


def _seconds(text: str) -> int | None:
    if text == "always":
        return None
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


@dataclass(frozen=True)
class EscalationTable:
    """``[[escalation]]``: who may decide within a time."""

    within: str
    approve: tuple[str, ...]
    alone: bool | None = None
    """Whoever holds the role and flies needs nobody else; not said: so within a limited time, not so "always"."""

    def __post_init__(self) -> None:
        if not re.fullmatch(_TIME, self.within):
            raise ValueError('within: a time such as "15m" or "2h", or "always"')
        if not self.approve:
            raise ValueError("approve: at least one role")

    @property
    def seconds(self) -> int | None:
        """The limit in seconds, or None for always."""
        return _seconds(self.within)


@dataclass(frozen=True)
class ApprovalRuleTable:
    """``[[approval.rule]]``: whose approval a plan needs; for a way back it replaces the escalation."""

    of: tuple[str, ...]
    """Roles."""
    count: int = 0
    """So many people, each with any of the roles; 0: one person of each role."""
    option: str = ""
    """For this way back alone."""
    after: str = "0m"
    within: str = "always"
    alone: bool = False
    """The one who flies counts, too."""
    one_person: bool = False
    """One person may count for several of the roles."""

    def __post_init__(self) -> None:
        if not self.of:
            raise ValueError("of: at least one role")
        if self.option not in ("", *OPTIONS):
            raise ValueError(f"option: must be one of {', '.join(OPTIONS)}, not {self.option!r}")
        _within("count", self.count, 0, 20)
        for key, text in (("after", self.after), ("within", self.within)):
            if not re.fullmatch(_TIME, text) or (key == "after" and text == "always"):
                raise ValueError(f'{key}: a time such as "15m" or "2h"')

    @property
    def from_s(self) -> int:
        """Seconds since the declaration from which it holds."""
        return _seconds(self.after) or 0

    @property
    def until_s(self) -> int | None:
        """Seconds since the declaration until which it holds, or None."""
        return _seconds(self.within)


@dataclass(frozen=True)
class ApprovalTable:
    """``[approval]``: what counts as an approval."""

    require_signatures: bool = False
    """Only what is signed with an ssh key counts."""
    expires: str = "30m"
    rule: tuple[ApprovalRuleTable, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(_TIME, self.expires) or not 60 <= (_seconds(self.expires) or 0) <= 86400:
            raise ValueError('expires: a time between "1m" and "24h"')

    @property
    def seconds(self) -> int:
        """How long an approval counts."""
        return _seconds(self.expires) or 0


@dataclass(frozen=True)
class SigningTable:
    """``[signing]``: the key for sign-offs and who is allowed to sign."""

    key: str = ""
    """Path of a private key, or of a public key whose private half an agent holds."""
    allowed_signers: str = ""


@dataclass(frozen=True)
class EvidenceTable:
    """``[evidence]``: who can open what is kept of the configuration; nobody given: it is kept in the clear."""

    encrypt_to: tuple[str, ...] = ()
    """Public keys: ``age1...``, ``ssh-ed25519 ... comment``, ``ssh-rsa ... comment``."""
    encrypt_to_file: str = ""
    """A file of them, one a line; relative to the folder of the configuration."""

    def __post_init__(self) -> None:
        _plain("encrypt_to_file", self.encrypt_to_file, empty=True)
        if self.encrypt_to_file.startswith("~"):
            raise ValueError("encrypt_to_file: a path without '~' is needed; no shell reads it")
        if self.encrypt_to:
            from actions.model.recipient import read_recipient  # rarely needed, and the first screen waits for this

            for number, one in enumerate(self.encrypt_to, start=1):
                try:
                    read_recipient(one)
                except ValueError as error:
                    raise ValueError(f"encrypt_to: key {number} {error}") from error


@dataclass(frozen=True)
class ProcedureTable:
    """``[procedure]``: the document that is followed; without it: the built-in one."""

    file: str = ""
    """Markdown; relative to the folder of the configuration."""
    applies: tuple[str, ...] = ()
    """What this system has of what the document asks ``when:`` for (``payments``)."""
    lacks: tuple[str, ...] = ()
    """What it has not, of what is supposed to be there (``database``)."""

    def __post_init__(self) -> None:
        _plain("file", self.file, empty=True)
        for word in self.applies:
            _plain("applies", word)
        for word in self.lacks:
            _plain("lacks", word)


@dataclass(frozen=True)
class StoreTable:
    """``[store]``: where the record lies; empty: the user's state folder."""

    directory: str = ""
    postgres: str = ""


CONFIGURABLE = ("coolify", "compose", "git", "database", "migration")
"""Ways back that a configuration can hold."""


def configured_ways(*there: bool) -> tuple[str, ...]:
    """Those of ``CONFIGURABLE`` that are there."""
    return tuple(name for name, has in zip(CONFIGURABLE, there, strict=True) if has)


def ways_in(tables: Mapping[str, Any]) -> tuple[str, ...]:
    """The ways back of a configuration as JSON. A database without a name is one whose backups are looked at."""
    named = bool((tables.get("database") or {}).get("name"))
    return configured_ways(
        bool(tables.get("coolify")),
        bool(tables.get("compose")),
        bool(tables.get("git")),
        named,
        named and bool(tables.get("django")),
    )


@dataclass(frozen=True)
class Settings:
    """All of ``goaround.toml``."""

    system: SystemTable
    compose: ComposeTable | None = None
    git: GitTable | None = None
    probe: tuple[ProbeTable, ...] = ()
    prove: ProveTable = field(default_factory=ProveTable)
    people: dict[str, PersonTable] = field(default_factory=dict)
    escalation: tuple[EscalationTable, ...] = ()
    approval: ApprovalTable = field(default_factory=ApprovalTable)
    signing: SigningTable = field(default_factory=SigningTable)
    store: StoreTable = field(default_factory=StoreTable)
    evidence: EvidenceTable = field(default_factory=EvidenceTable)
    environment: EnvironmentTable = field(default_factory=EnvironmentTable)
    channel: tuple[ChannelTable, ...] = ()
    contacts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Role -> addresses, for messages; what is not here is looked for in the procedure."""
    messages: MessagesTable = field(default_factory=MessagesTable)
    procedure: ProcedureTable = field(default_factory=ProcedureTable)
    coolify: CoolifyTable | None = None
    database: DatabaseTable | None = None
    django: DjangoTable | None = None
    queue: QueueTable | None = None
    watch: WatchTable = field(default_factory=WatchTable)
    login: tuple[LoginTable, ...] = ()
    check: tuple[CheckTable, ...] = ()
    workflow: tuple[WorkflowTable, ...] = ()
    criteria: CriteriaTable = field(default_factory=CriteriaTable)
    maintenance: MaintenanceTable | None = None
    readiness: ReadinessTable = field(default_factory=ReadinessTable)
    tickets: TicketTable = field(default_factory=TicketTable)
    releases: ReleasesTable = field(default_factory=ReleasesTable)
    ready: ReadyTable = field(default_factory=ReadyTable)

    @property
    def own_probes(self) -> tuple[ProbeTable, ...]:
        """The probes that say whether this system is well; what is outside proves nothing of it."""
        return tuple(probe for probe in self.probe if not probe.external)

    @property
    def names_database(self) -> bool:
        """The database itself can be asked and replaced; else at most the age of its backups is looked at."""
        return self.database is not None and bool(self.database.name)

    @property
    def asks_schema(self) -> bool:
        """Releases are asked for their schema verdict: both ``[django]`` and a named ``[database]`` are there."""
        return self.django is not None and self.names_database

    @property
    def options(self) -> tuple[str, ...]:
        """The configured ways back, the first choice first."""
        there = configured_ways(
            self.coolify is not None,
            self.compose is not None,
            self.git is not None,
            self.names_database,
            self.asks_schema,
        )
        first = self.system.option
        return tuple(sorted(there, key=lambda name: name != first))

    def __post_init__(self) -> None:
        _no_name_twice("probe", [*(probe.name for probe in self.probe), *(login.name for login in self.login)])
        _no_name_twice("check", [check.name for check in self.check])
        _no_name_twice("workflow", [workflow.name for workflow in self.workflow])
        probes = {*(one.name for one in self.probe), *(one.name for one in self.login)}
        checks = {one.name for one in self.check}
        for workflow in self.workflow:
            if workflow.probe and workflow.probe not in probes:
                raise ValueError(f"workflow: {workflow.name!r} names the probe {workflow.probe!r}, and there is none")
            if workflow.check and workflow.check not in checks:
                raise ValueError(f"workflow: {workflow.name!r} names the check {workflow.check!r}, and there is none")
        if self.git is not None and self.git.coolify and self.coolify is None:
            raise ValueError("git.coolify: is true, but there is no [coolify] table")
        check_contacts("contacts", self.contacts)
        _no_name_twice("channel", [channel.name for channel in self.channel])
        if self.system.option in ("coolify", "compose", "git") and getattr(self, self.system.option) is None:
            raise ValueError(f"system.option: is {self.system.option!r}, but there is no [{self.system.option}] table")


def _no_name_twice(table: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"{table}: the name {twice!r} stands there twice")
