"""What the core needs of the outside: Protocols that gateways fulfil and tests fake. No library appears here.

Everything that crosses a port is plain: str, int, bytes and frozen dataclasses. Text from outside has been sanitised by
the gateway; raw bytes appear only where a method says so. Failures are raised as ``errors.GoaroundError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from actions.model.clock import Clock
from actions.model.effect import ProbeHttp, TextEdit
from actions.model.events import Body, Event
from actions.model.lease_row import LeaseRow as LeaseRow
from actions.model.release import Release
from actions.model.system_watch import LoginTable

if TYPE_CHECKING:
    from actions.model.bent_earlier import Earlier
    from actions.model.coolify import (
        Application,
        BackupExecution,
        Deployment,
        PrunePolicy,
        RollbackImages,
        Variable,
        Version,
    )
    from actions.model.effect_coolify import CoolifyCall
    from actions.model.kept_environment import KeptFile, KnownEnvironment
    from actions.model.note import Note
    from actions.model.predeploy import Predeploy


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. ``stdout`` and ``stderr`` are raw and cut to the newest 4 MiB each."""

    exit_status: int
    """The status; 128 + n for an end by signal n."""
    stdout: bytes
    stderr: bytes
    seconds_ms: int
    timed_out: bool = False


class Host(Protocol):
    """A machine on which commands run and files lie: this one, or one reached by OpenSSH."""

    @property
    def name(self) -> str:
        """How it is configured and shown: ``local`` or ``ssh://user@host:port``."""

    def run(
        self,
        argv: tuple[str, ...],
        *,
        cwd: str = "",
        env: dict[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
        source: Iterator[bytes] | None = None,
    ) -> CommandResult:
        """Run an argv (never a shell line) without a terminal; ``on_output(stream, chunk)`` as it comes.

        ``source``: chunks for its input behind ``stdin``, pulled as it takes them; an empty one: none has come yet. The
        input is closed behind the last one; what the source raises ends the command and is raised here.

        A missing program or an unreachable host is ``Unreachable``/``CommandFailed``; a non-zero exit is a result.
        """

    def read_file(self, path: str, limit_bytes: int = 64 * 1024 * 1024) -> bytes | None:
        """The file's bytes, or None when there is none; longer than the limit is an error."""

    def write_file(self, path: str, content: bytes, *, mode: int, before: str) -> None:
        """Replace atomically; ``WorldMoved`` unless the present content has sha256 ``before`` (empty: no file)."""

    def remove_file(self, path: str, *, before: str) -> None:
        """Remove when its sha256 is ``before``; a file that is already gone is fine; another content is refused."""

    def stream_to(
        self, argv: tuple[str, ...], sink: Callable[[bytes], None], *, cwd: str = "", merge_stderr: bool = True
    ) -> int:
        """Run a reading command and pass its raw output on; returns the exit status."""


@dataclass(frozen=True)
class Image:
    """An image that is on the engine."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    created: str
    size: int
    labels: dict[str, str] = field(default_factory=dict)
    in_use: bool = False
    """A container, running or not, was made from it (a plain prune keeps it then)."""

    @property
    def dangling(self) -> bool:
        """No tag: ``docker image prune`` would take it unless it is in use."""
        return not self.tags


@dataclass(frozen=True)
class Container:
    """A container as the engine sees it."""

    id: str
    name: str
    project: str
    service: str
    number: int
    image_id: str
    image_ref: str
    state: str
    """created, running, paused, restarting, exited, dead."""
    health: str
    """healthy, unhealthy, starting, or empty when there is no health check."""
    restarts: int
    exit_code: int
    started_at: str
    created_at: str
    one_off: bool = False
    """Made by ``compose run``."""
    config_files: str = ""
    error: str = ""
    health_said: str = ""
    """What its health check printed last; only of one that is unhealthy."""


@dataclass(frozen=True)
class LogLine:
    """One line for the log pane: when (UTC stamp or empty), from where, sanitised and redacted text."""

    at: str
    source: str
    text: str
    level: str = ""
    """error, warning, or empty."""
    old: bool = False
    """It was there before reading began, and does not say when it was written: it tells nothing of now."""


class Containers(Protocol):
    """The container engine of a host; reads only (what changes it is an effect of a step)."""

    def version(self) -> str:
        """Engine and API version, for the screen."""

    def images(self) -> tuple[Image, ...]:
        """Every image that is there, dangling ones too."""

    def image(self, reference: str) -> Image | None:
        """One image by full id or exact reference, or None."""

    def image_id(self, reference: str) -> str:
        """Its id alone, empty when it is not there; cheap enough to ask just before an effect."""

    def containers(self, project: str) -> tuple[Container, ...]:
        """Every container of a Compose project, exited ones and one-off ones too."""

    def states(self, project: str) -> tuple[Container, ...]:
        """As ``containers``, but cheap enough to ask twice a second: health from the list, restarts not refreshed."""

    def named(self, text: str) -> tuple[Container, ...]:
        """Every container in whose name this text stands, or whose Compose project is called so; inspected."""

    def newest_lines(self, container_id: str, count: int) -> tuple[LogLine, ...]:
        """The newest lines of a container's log, oldest first, sanitised and not redacted; none: it has no log."""


@dataclass(frozen=True)
class ComposeTool:
    """A Compose that is on the host."""

    argv: tuple[str, ...]
    """``("docker", "compose")`` or ``("docker-compose",)``."""
    version: str
    generation: int
    """2 or 1."""


@dataclass(frozen=True)
class ComposeService:
    """A service after interpolation and merging."""

    name: str
    image: str
    """Its ``image:``; empty when it has only ``build:``."""
    build: bool
    restart: str
    has_healthcheck: bool
    depends_on: dict[str, str] = field(default_factory=dict)
    """Service -> condition."""
    profiles: tuple[str, ...] = ()
    scale: int = 1

    @property
    def one_shot(self) -> bool:
        """Never restarted by Docker: a job such as ``migrate``, unless the configuration says otherwise."""
        return self.restart in ("", "no")


@dataclass(frozen=True)
class ComposeProject:
    """What ``compose config`` resolves to."""

    name: str
    services: dict[str, ComposeService]
    text: str
    """The resolved configuration as printed; holds secrets: never shown or recorded unredacted."""
    awaited_jobs: tuple[str, ...] = ()
    """Services that another one awaits with ``service_completed_successfully``."""
    warnings: tuple[str, ...] = ()
    """What Compose warned of (unset variables become empty strings)."""
    idle_profiles: tuple[str, ...] = ()
    """Profiles that are not active: their services are left out."""


class Compose(Protocol):
    """Compose on a host, of either generation."""

    def tools(self) -> tuple[ComposeTool, ...]:
        """Those that are there, v2 first."""

    def config(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str = "") -> ComposeProject:
        """The resolved project; raises ``CommandFailed`` with Compose's own words."""


class ComposeEditor(Protocol):
    """Finds the few bytes of a Compose file that pin services to images."""

    def named(self, content: bytes) -> dict[str, str]:
        """Service -> the image it names in this file, as it stands there; empty: it names none."""

    def reads(self, content: bytes) -> tuple[str, ...]:
        """Files that this one draws in (``include``, ``extends``, ``env_file``), as it names them."""

    def pins(self, content: bytes, images: dict[str, str]) -> tuple[TextEdit, ...]:
        """The edits after which each service has its image and nothing else is different.

        Raises ``Refused`` with the reason where that cannot be done by an edit of single lines, ``BadInput``
        where the file is no UTF-8 or no YAML.
        """


@dataclass(frozen=True)
class Commit:
    """A commit with its names; texts sanitised."""

    id: str
    at: str
    author: str
    subject: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What differs between two commits."""

    paths: tuple[str, ...] = ()
    added: int = 0
    """Lines; of files that are text."""
    removed: int = 0
    counted: bool = True
    """False: the clone lacks what stands in the files, and their lines could not be counted."""

    def words(self) -> str:
        """``3 files, +20 -4``."""
        lines = f"+{self.added} -{self.removed}" if self.counted else "lines not counted: the clone is partial"
        return f"{len(self.paths)} file{'' if len(self.paths) == 1 else 's'}, {lines}"


class Repository(Protocol):
    """A git repository that is read; it is never checked out, reset or cleaned by us."""

    def git_dir(self) -> str:
        """The absolute git folder (``/opt/app/.git``; the clone itself when it has no work tree)."""

    def is_shallow(self) -> bool:
        """Whether its history was cut off: what is not there may be older than all that is."""

    def commits(self, limit: int = 200) -> tuple[Commit, ...]:
        """Newest first, none before what came of it, from all tags, remote branches and HEAD."""

    def commit(self, full_id: str) -> Commit | None:
        """One commit by its full id, or None when it is not here."""

    def remote_refs(self, remote: str) -> dict[str, str]:
        """``refs/…`` -> full id on the remote now; never asks for a password, bounded in time."""

    def remote_url(self, remote: str) -> str:
        """The push URL, redacted; raises when there is no such remote."""

    def dirty(self) -> tuple[str, ...]:
        """Paths with uncommitted changes (at most 50)."""

    def changed_between(self, old: str, new: str) -> tuple[str, ...]:
        """Paths that differ between two commits."""

    def difference(self, old: str, new: str) -> Difference:
        """How much differs between two commits; raises BadInput when one is not here."""

    def paths(self, full_id: str) -> tuple[str, ...]:
        """Every path of a commit; raises BadInput when it is not here."""


@dataclass(frozen=True)
class ProbeReading:
    """One answer to a probe. ``ok`` is whether it met the expectation; ``detail`` says in one line what was seen."""

    name: str
    ok: bool
    status: int
    """HTTP status; 0 when there was no answer."""
    ms: int
    detail: str
    body: bytes = b""
    """What was read of the body, raw, capped."""


class Prober(Protocol):
    """Sends one probe and reads one answer; never raises for what the other side does."""

    def read(self, probe: ProbeHttp) -> ProbeReading: ...


class LoginProber(Protocol):
    """Logs in once as a browser would; never raises for what the other side does."""

    def read(self, login: LoginTable) -> ProbeReading:
        """How it went; ``detail`` holds neither password nor page. Raises GoaroundError for a variable not set."""


@dataclass(frozen=True)
class CoolifyAnswer:
    """What was answered to a request that acts."""

    status: int
    body: dict[str, Any]
    """The JSON object; empty when it was none."""
    text: str = ""
    """The server's own message, sanitised and redacted, in one line."""
    retry_after_s: int = 0


class Coolify(Protocol):
    """One application of a Coolify server. Reads may be repeated (the gateway waits when it is told 429).

    Raises ``Unreachable``, ``Refused`` with the ability that is missing, ``BadInput`` for an answer that is none.
    """

    def version(self) -> Version:
        """Of the server."""

    def application(self) -> Application:
        """The application as it is configured now."""

    def deployments(self, skip: int = 0, take: int = 10, *, logs: bool = False) -> tuple[tuple[Deployment, ...], int]:
        """A page of its deployments, newest first; and how many there are.

        Of their logs no more than the beginning is read, or all with ``logs``, where the token may read them.
        """

    def deployment(self, uuid: str) -> Deployment:
        """One, with its log where the token may read it."""

    def pending(self) -> tuple[Deployment, ...]:
        """Those of this application that are queued or at work."""

    def rollback_images(self) -> RollbackImages:
        """What it says it could go back to."""

    def variables(self) -> tuple[Variable, ...]:
        """Its environment, as far as it is told."""

    def log(self, lines: int = 100) -> str:
        """The newest lines of its first container, sanitised; raises Refused when it does not run."""

    def prune_policy(self) -> PrunePolicy | None:
        """When its server cleans up; None: not configured here, or not told."""

    def backups(self) -> tuple[BackupExecution, ...]:
        """Executions of its database's backups, newest first; none when no database is configured."""

    def send(self, call: CoolifyCall) -> CoolifyAnswer:
        """Send this request once, never again by itself.

        Raises ``Refused`` for an answer after which nothing has happened (4xx), ``OutcomeUnknown`` when it may have.
        """


@dataclass(frozen=True)
class KeptEvidence:
    """A kept file. ``path`` is relative to the evidence folder of the incident."""

    name: str
    path: str
    sha256: str
    size: int
    private: bool
    complete: bool = True
    note: str = ""
    encrypted_to: tuple[str, ...] = ()
    """Names of those who can open it; empty: not encrypted."""
    marks: dict[str, str] | None = None
    """Of an environment: name -> keyed mark of its value. None: it holds none, or they could not be made."""


class EvidenceStore(Protocol):
    """Keeps files of an incident: gzip, mode 0600, fsynced, named by what they are; never overwrites."""

    @property
    def encrypts_to(self) -> tuple[str, ...]:
        """Names (no secrets) of those who can open private files; empty: private files are not encrypted."""

    def keep(self, name: str, chunks: Iterator[bytes], *, private: bool = False, limit_bytes: int = 0) -> KeptEvidence:
        """Store raw bytes (redaction does not apply: they are private or logs that are redacted by the caller)."""


class Environments(Protocol):
    """Environments that our own store keeps, in private files; marks are made with the key of the store."""

    def known(self, release: Release) -> KnownEnvironment | None:
        """What this release ran with, where a file of the store holds the values. Raises GoaroundError."""

    def marks(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """Name -> keyed mark; empty: the value was not told. Raises GoaroundError where there is no key."""

    def read(self, file: KeptFile) -> tuple[Variable, ...]:
        """All variables in a file, with their values. Raises GoaroundError, also where its sha256 is another one."""

    def kept_here(self, name: str) -> tuple[KeptFile, ...]:
        """Files that the incident at work has kept under this name, the newest first."""

    def opens(self, readers: tuple[str, ...]) -> bool:
        """Whether a file that is encrypted to these (empty: to nobody) can be read again from here."""


class Journal(Protocol):
    """The append-only, hash-chained store of events; the truth."""

    def append(self, incident: str, actor: str, body: Body, *, guard: Callable[[int], None] | None = None) -> Event:
        """Commit one event to disk and return it. ``guard(head_seq)`` runs in the same transaction and may refuse."""

    def append_all(
        self, incident: str, actor: str, bodies: Sequence[Body], *, guard: Callable[[int], None] | None = None
    ) -> list[Event]:
        """Commit several events at once, in order: all of them or none."""

    def events(self, incident: str, after: int = 0) -> list[Event]:
        """Events with a sequence number above ``after``, in order."""

    def head(self, incident: str) -> tuple[int, str]:
        """Newest sequence number and hash; ``(0, "")`` when there is no such incident."""


class LeaseStore(Protocol):
    """Where leases are kept."""

    def lease(self, system: str) -> LeaseRow | None:
        """The lease of a system as recorded, or None when there never was one."""

    def change_lease(self, system: str, change: Callable[[LeaseRow | None], LeaseRow]) -> LeaseRow:
        """Replace the lease in one transaction; what ``change`` raises leaves it as it was."""


class Reporter(Protocol):
    """Where a running step tells what happens: lines for the eye (spooled), bodies for the journal.

    Who performs does not know the number of its run: bodies come with ``run=0``, and the implementation fills it in
    (``dataclasses.replace(body, run=…)``) before they are recorded. Lines have been sanitised and redacted.
    """

    def line(self, text: str) -> None: ...

    def record(self, body: Body) -> None: ...

    def stopping(self) -> bool:
        """True when the operator wants the step ended; long waits look at it."""


def _nothing(what: str) -> str:
    return ""


def _no_notes(release: Release) -> tuple[Note, ...]:
    return ()


@dataclass(frozen=True)
class World:
    """All ports of one system. A port that the system does not need raises when it is used."""

    clock: Clock
    host: Host
    prober: Prober
    evidence: EvidenceStore
    containers: Containers | None = None
    compose: Compose | None = None
    editor: ComposeEditor | None = None
    repository: Repository | None = None
    known_releases: Callable[[], tuple[Release, ...]] = tuple
    """Releases that our own record and deployment history know."""
    redact: Callable[[str], str] = str
    """Sanitises and redacts a line of outside text."""
    resolve: Callable[[str], str] = str
    """Replaces ``${env:NAME}`` by its value, at the moment of use."""
    local: Host | None = None
    """The machine the cockpit runs on, for effects on ``local`` or ``jump host``; None: ``host`` is that machine."""
    safe_cut: Callable[[str, int], int] | None = None
    """A place to cut a long line, at or before the given index, where no secret is cut in two."""
    coolify: Coolify | None = None
    logins: Callable[[], LoginProber] | None = None
    """Makes what tries the configured logins."""
    predeploys: Callable[[], Iterable[Predeploy]] = tuple
    """What was written down before deployments, the newest first."""
    environments: Environments | None = None
    """Environments that our own store keeps; None: there is no store here."""
    recalled: Callable[[str], str] = _nothing
    """What the record of this incident holds last under a name (``Observed.what``); empty: nothing."""
    notes_of: Callable[[Release], tuple[Note, ...]] = _no_notes
    """What our own store knows of a release that whoever goes back to it must read: golden, environment changed."""
    earlier: Earlier | None = None
    """What earlier plans of this incident have bent, while the next one is drawn; None: nothing is known of any."""
