"""The description of a system: the shape of ``goaround.toml``, one dataclass per table, each checking its own values.

Reading the file, finding lines for errors and unknown keys are left to ``app.settings``. A value that is wrong raises
``ValueError`` whose text names the key: ``"passes: must be between 1 and 1000"``.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal

from actions.model.effect import Expectation
from actions.model.quick_dataclass import dataclass

ENVIRONMENTS = ("production", "staging", "drill")
OPTIONS = ("coolify", "compose", "git", "database", "migration", "forward")


def _within(key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{key}: must be between {low} and {high}, not {value}")


def _plain(key: str, text: str, *, empty: bool = False, dash: bool = False) -> None:
    """A word that goes into an argv or a path: no control characters, no leading dash."""
    if not text and not empty:
        raise ValueError(f"{key}: must not be empty")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError(f"{key}: holds a control character")
    if text.startswith("-") and not dash:
        raise ValueError(f"{key}: must not begin with '-'")


def _absolute(key: str, path: str, *, empty: bool = False) -> None:
    """A path that means the same everywhere: the worker's folder is not the operator's, and no shell reads it."""
    _plain(key, path, empty=empty)
    if path and not path.startswith("/"):
        raise ValueError(f"{key}: an absolute path is needed (no '~', no variables), not {path!r}")


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
class RunningCommit:
    """``git.running``: how to learn which commit runs; a command on the host or a URL."""

    command: tuple[str, ...] = ()
    directory: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    field: str = ""
    """Dotted JSON field of the answer; empty: the whole text. (Stands last: the name hides ``dataclasses.field``.)"""

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError("running: either command or url is needed")
        _absolute("directory", self.directory, empty=True)
        if self.url:
            check_url("url", self.url)


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

    def __post_init__(self) -> None:
        _plain("name", self.name)
        check_url("url", self.url)
        _absolute("ca_file", self.ca_file, empty=True)
        _within("answer", self.answer, 1, 600)
        _within("deadline", self.deadline, 1, 7200)
        _within("body_cap", self.body_cap, 1, 64 * 1024 * 1024)
        _within("follow", self.follow, 0, 10)
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


@dataclass(frozen=True)
class EscalationTable:
    """``[[escalation]]``: who may decide within a time."""

    within: str
    approve: tuple[str, ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d+\s*[smh]|always", self.within):
            raise ValueError('within: a time such as "15m" or "2h", or "always"')
        if not self.approve:
            raise ValueError("approve: at least one role")

    @property
    def seconds(self) -> int | None:
        """The limit in seconds, or None for always."""
        if self.within == "always":
            return None
        return int(self.within[:-1]) * {"s": 1, "m": 60, "h": 3600}[self.within[-1]]


@dataclass(frozen=True)
class SigningTable:
    """``[signing]``: the key for sign-offs and who is allowed to sign."""

    key: str = ""
    """Path of a private key, or of a public key whose private half an agent holds."""
    allowed_signers: str = ""


@dataclass(frozen=True)
class StoreTable:
    """``[store]``: where the record lies; empty: the user's state folder."""

    directory: str = ""
    postgres: str = ""


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
    signing: SigningTable = field(default_factory=SigningTable)
    store: StoreTable = field(default_factory=StoreTable)

    @property
    def options(self) -> tuple[str, ...]:
        """The configured ways back, the first choice first."""
        there = [name for name in ("compose", "git") if getattr(self, name) is not None]
        first = self.system.option
        return tuple(sorted(there, key=lambda name: name != first))

    def __post_init__(self) -> None:
        names = [probe.name for probe in self.probe]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"probe: the name {twice!r} stands there twice")
        if self.system.option in ("compose", "git") and getattr(self, self.system.option) is None:
            raise ValueError(f"system.option: is {self.system.option!r}, but there is no [{self.system.option}] table")


def check_url(key: str, url: str) -> None:
    """An http or https URL without a password in it."""
    _plain(key, url)
    match = re.fullmatch(r"https?://([^/\s?#]+)(?:[/?#]\S*)?", url)
    if not match:
        raise ValueError(f"{key}: an http:// or https:// URL is needed, not {url!r}")
    place = match.group(1)
    if "@" in place:
        raise ValueError(f"{key}: must not hold a user or password; send a header with a value of ${{env:NAME}}")
    if not re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::[^:]*)?", place):
        raise ValueError(f"{key}: {place!r} is no host, or host:port")
    port = place.rpartition(":")[2] if ":" in place.rpartition("]")[2] else ""
    if port:
        if not port.isdigit():
            raise ValueError(f"{key}: the port must be a number, not {port!r}")
        _within(key, int(port), 1, 65535)
