"""Effects are data: everything a step will do to the world, frozen before anything runs, and shown as it is.

A step's effects are a pure function of its parameters. They stand in the plan, are hashed with it, are shown in the
preview, and are what the worker performs. Values from the environment stand in them by name (``${env:NAME}``) and are
read only when the effect is performed, so that no secret is in a plan.
"""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from actions.model.canonical import sha256_hex
from actions.model.codec import Family, later
from actions.model.effect_words import place, with_env
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class RunCommand:
    """An argv on a host. Its exit status decides: one of ``ok`` is success."""

    kind: ClassVar[str] = "command"
    host: str
    argv: tuple[str, ...]
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)
    """Added to the host's environment; values may be ``${env:NAME}``."""
    timeout_s: int = 0
    """Deadline in seconds; 0: none (a real step may take long; silence is flagged, not killed)."""
    ok: tuple[int, ...] = (0,)

    def lines(self) -> tuple[str, ...]:
        until = (f"         at most {self.timeout_s} s",) if self.timeout_s else ()
        return (place(self.host, self.cwd), f"  run    {with_env(self.env, shlex.join(self.argv))}", *until)


@dataclass(frozen=True)
class WriteFile:
    """A file on a host, replaced atomically (temporary name, fsync, rename)."""

    kind: ClassVar[str] = "write"
    host: str
    path: str
    content: str
    before: str
    """sha256 of the content that is replaced; empty: the file must not exist yet."""
    diff: str = ""
    """Unified diff to show; empty for a new file, whose content is shown."""
    mode: int = 0o600

    def lines(self) -> tuple[str, ...]:
        body = self.diff or self.content
        return (
            f"on {self.host}",
            f"  write  {self.path} ({'changed' if self.before else 'new'}, {len(self.content.splitlines())} lines)",
            *(f"         {line}" for line in body.splitlines()),
        )


@dataclass(frozen=True)
class TextEdit:
    """Some bytes of a UTF-8 file become others."""

    at: int
    """Byte offset in the file as it was before any edit."""
    old: str
    """What stands there; empty: something is inserted."""
    new: str
    line: int
    """Line number from 1, for the eye."""
    what: str = ""
    """What it is that changes: ``services.web.image``."""


def edited_bytes(content: bytes, edits: tuple[TextEdit, ...]) -> bytes:
    """The content with all edits made. Raises ValueError when they overlap or replace what does not stand there."""
    parts, place = [], 0
    for edit in sorted(edits, key=lambda edit: edit.at):
        old = edit.old.encode()
        if edit.at < place or content[edit.at : edit.at + len(old)] != old:
            raise ValueError(f"line {edit.line} does not hold what is replaced")
        parts += [content[place : edit.at], edit.new.encode()]
        place = edit.at + len(old)
    return b"".join((*parts, content[place:]))


@dataclass(frozen=True)
class EditFile:
    """A few bytes of a file on a host change, every other byte stays; the rest of it (secrets!) is in no plan."""

    kind: ClassVar[str] = "edit"
    host: str
    path: str
    before: str
    """sha256 of the file that is edited."""
    after: str
    """sha256 of the file with all edits."""
    edits: tuple[TextEdit, ...]
    mode: int = 0o600

    def apply(self, content: bytes) -> bytes:
        """The edited content. Raises ValueError when this was not drawn for that content."""
        if sha256_hex(content) != self.before:
            raise ValueError("the file has changed since the edit was drawn")
        edited = edited_bytes(content, self.edits)
        if sha256_hex(edited) != self.after:
            raise ValueError("the edited file is not the one that was drawn")
        return edited

    def reversed(self) -> EditFile:
        """The edit that puts every byte back."""
        back, shift = [], 0
        for edit in sorted(self.edits, key=lambda edit: edit.at):
            back.append(TextEdit(edit.at + shift, edit.new, edit.old, edit.line, edit.what))
            shift += len(edit.new.encode()) - len(edit.old.encode())
        return EditFile(self.host, self.path, self.after, self.before, tuple(back), self.mode)

    def lines(self) -> tuple[str, ...]:
        rows = []
        for edit in self.edits:
            rows.append(f"         line {edit.line}{', ' + edit.what if edit.what else ''}")
            rows += [f"         - {line.strip()}" for line in edit.old.splitlines()]
            rows += [f"         + {line.strip()}" for line in edit.new.splitlines()]
        return (f"on {self.host}", f"  edit   {self.path} (every other byte stays)", *rows)


@dataclass(frozen=True)
class RemoveFile:
    """A file on a host that we wrote is taken away, if it still is what we wrote."""

    kind: ClassVar[str] = "remove"
    host: str
    path: str
    before: str

    def lines(self) -> tuple[str, ...]:
        return (f"on {self.host}", f"  remove {self.path} (if unchanged)")


@dataclass(frozen=True)
class CollectOutput:
    """The output of a reading command is kept as evidence, byte for byte, compressed."""

    kind: ClassVar[str] = "collect"
    host: str
    argv: tuple[str, ...]
    name: str
    """File name of the evidence, without the compression suffix."""
    cwd: str = ""
    private: bool = False
    """May hold secrets: mode 0600, and not in an export unless it is encrypted."""
    limit_bytes: int = 0
    """Newest bytes kept; 0: all."""
    merge_stderr: bool = True
    encrypt_to: tuple[str, ...] = later(())
    """Names of those who can open a private file; empty: it is not encrypted."""

    def lines(self) -> tuple[str, ...]:
        return (place(self.host, self.cwd), f"  read   {shlex.join(self.argv)}", *_kept(self))


@dataclass(frozen=True)
class CollectFile:
    """A file of a host is kept as evidence, byte for byte, compressed; the newest bytes when it is longer."""

    kind: ClassVar[str] = "collect-file"
    host: str
    path: str
    name: str
    private: bool = False
    limit_bytes: int = 256 * 1024 * 1024
    encrypt_to: tuple[str, ...] = later(())
    """Names of those who can open a private file; empty: it is not encrypted."""

    def lines(self) -> tuple[str, ...]:
        return (f"on {self.host}", f"  read   {self.path}", *_kept(self))


def _kept(effect: CollectOutput | CollectFile) -> tuple[str, ...]:
    if effect.private and effect.encrypt_to:
        readers = (f"         for    {name}" for name in effect.encrypt_to)
        return (f"         kept encrypted: {effect.name}", *readers)
    kept = "kept on this host only, not encrypted, not exported" if effect.private else "kept as evidence"
    return (f"         {kept}: {effect.name}",)


@dataclass(frozen=True)
class Expectation:
    """What an answer must be for a probe to pass; every given part must hold."""

    status: tuple[int, ...] = (200,)
    body: str = ""
    """Text that must stand in the body."""
    not_body: str = ""
    """Text that must not stand in the body."""
    json: dict[str, str | int | bool | None] = field(default_factory=dict)
    """Dotted field -> value it must have."""
    max_ms: int = 0
    """Slowest answer that passes; 0: only the deadline counts."""
    location: str = ""
    """For an expected redirect: where it must lead."""

    def words(self) -> str:
        parts = ["/".join(str(code) for code in self.status)]
        if self.body:
            parts.append(f"body holds {self.body!r}")
        if self.not_body:
            parts.append(f"body does not hold {self.not_body!r}")
        parts += [f"{key} = {value!r}" for key, value in sorted(self.json.items())]
        if self.max_ms:
            parts.append(f"within {self.max_ms} ms")
        if self.location:
            parts.append(f"to {self.location}")
        return ", ".join(parts)


@dataclass(frozen=True)
class ProbeHttp:
    """An HTTP request that must be answered as expected ``passes`` times in a row, over at least ``seconds``."""

    kind: ClassVar[str] = "probe"
    name: str
    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    """Values may be ``${env:NAME}``."""
    expect: Expectation = field(default_factory=Expectation)
    passes: int = 1
    seconds: int = 0
    deadline_s: int = 60
    """Whole time in which the row of passes must come about."""
    answer_s: int = 10
    """Deadline of one answer, body included."""
    body_cap: int = 1024 * 1024
    """Bytes of the body that are read at most; more is a failure."""
    verify_tls: bool = True
    ca_file: str = ""
    follow: int = 0
    """Redirects followed, on the same host only; 0: a redirect is an answer like any other."""
    inside: str = later("")
    """Host on which it is sent, by the curl there; empty: from here."""

    def lines(self) -> tuple[str, ...]:
        where = f" (inside, by curl on {self.inside})" if self.inside else ""
        heads = "".join(f" {key}: {value};" for key, value in sorted(self.headers.items()))
        row = f", {self.passes} times in a row over {self.seconds} s" if self.passes > 1 else ""
        return (
            f"  then   {self.name}: {self.method} {self.url}{' with' + heads if heads else ''}{where}",
            f"         expected {self.expect.words()}{row}, within {self.deadline_s} s",
        )


@dataclass(frozen=True)
class ObserveImages:
    """Containers of a Compose project must run exactly these images; the engine is asked, not the tool."""

    kind: ClassVar[str] = "observe-images"
    host: str
    project: str
    want: dict[str, str]
    """Service -> image id that every one of its containers must run."""
    counts: dict[str, int] = field(default_factory=dict)
    """Service -> number of running containers expected; a service that is not named needs at least one."""

    def lines(self) -> tuple[str, ...]:
        rows = [f"         {service} must run {image}" for service, image in sorted(self.want.items())]
        return (f"on {self.host}", "  then   the engine is asked what runs", *rows)


@dataclass(frozen=True)
class WaitHealthy:
    """Containers must be running and healthy within a deadline, and stay so without a restart for a while."""

    kind: ClassVar[str] = "wait-healthy"
    host: str
    project: str
    services: tuple[str, ...]
    deadline_s: int = 120
    steady_s: int = 5
    """How long all must be up without a new restart; health checks count where there are any."""

    def lines(self) -> tuple[str, ...]:
        return (
            f"on {self.host}",
            f"  wait   until {', '.join(self.services)} run, are healthy where they have a health check,",
            f"         and do not restart for {self.steady_s} s; at most {self.deadline_s} s",
        )


@dataclass(frozen=True)
class ObserveCommit:
    """The running commit must be this one, asked by a command on the host or from a URL."""

    kind: ClassVar[str] = "observe-commit"
    want: str
    """Full commit id."""
    host: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    json_field: str = ""
    """Dotted field of the answer; empty: the whole body or output, stripped."""
    deadline_s: int = 60

    def lines(self) -> tuple[str, ...]:
        how = f"on {self.host}: {shlex.join(self.argv)}" if self.argv else f"GET {self.url}"
        where = f" field {self.json_field}" if self.json_field else ""
        return (f"  then   {how}{where}", f"         must tell {self.want}, within {self.deadline_s} s")


@dataclass(frozen=True)
class ObserveCommand:
    """A command that only looks says whether something is so: exit status 0 is yes, another one no."""

    kind: ClassVar[str] = "observe-command"
    host: str
    argv: tuple[str, ...]
    what: str
    """What is looked at: ``maintenance notice``."""
    yes: str
    """What exit status 0 says: ``shown``."""
    no: str
    """What another one says: ``not shown``."""
    wanted: bool = True
    """Whether yes is what must be seen."""
    cwd: str = ""
    timeout_s: int = 60

    def lines(self) -> tuple[str, ...]:
        must = "end with 0" if self.wanted else "not end with 0"
        said = f"the {self.what} is {self.yes if self.wanted else self.no}"
        return (place(self.host, self.cwd), f"  then   {shlex.join(self.argv)}", f"         must {must}: {said}")


if TYPE_CHECKING:
    from actions.model.effect_coolify import (
        CancelDeployment,
        CollectCoolify,
        ObserveDeployed,
        QueueDeployment,
        SetApplication,
        SetVariables,
    )
    from actions.model.effect_database import RunPipe, RunSql
    from actions.model.effect_dump import KeepDump
    from actions.model.effect_files import KeepFiles
    from actions.model.effect_queue import AskQueue
    from actions.model.effect_schema import AskLocks, AskSchema, RunMigrate
    from actions.model.effect_sessions import AnalyzeTables, LoadDump
    from actions.model.effect_side import AwaitNoSessions, MeasureLoss, ObserveDatabase, VerifySide
    from actions.model.effect_snapshot import AdoptSnapshot

    Effect: TypeAlias = (
        RunCommand
        | WriteFile
        | EditFile
        | RemoveFile
        | CollectOutput
        | CollectFile
        | ProbeHttp
        | ObserveImages
        | WaitHealthy
        | ObserveCommit
        | ObserveCommand
        | RunSql
        | RunPipe
        | LoadDump
        | AnalyzeTables
        | VerifySide
        | AdoptSnapshot
        | MeasureLoss
        | AwaitNoSessions
        | ObserveDatabase
        | KeepDump
        | KeepFiles
        | AskSchema
        | AskLocks
        | AskQueue
        | RunMigrate
        | SetApplication
        | SetVariables
        | CancelDeployment
        | QueueDeployment
        | CollectCoolify
        | ObserveDeployed
    )
else:
    Effect = Family(
        (
            RunCommand,
            WriteFile,
            EditFile,
            RemoveFile,
            CollectOutput,
            CollectFile,
            ProbeHttp,
            ObserveImages,
            WaitHealthy,
            ObserveCommit,
            ObserveCommand,
        ),
        {  # what only plans of some kinds hold
            "sql": "actions.model.effect_database:RunSql",
            "pipe": "actions.model.effect_database:RunPipe",
            "load-dump": "actions.model.effect_sessions:LoadDump",
            "analyze": "actions.model.effect_sessions:AnalyzeTables",
            "verify-side": "actions.model.effect_side:VerifySide",
            "adopt-snapshot": "actions.model.effect_snapshot:AdoptSnapshot",
            "measure-loss": "actions.model.effect_side:MeasureLoss",
            "await-no-sessions": "actions.model.effect_side:AwaitNoSessions",
            "observe-database": "actions.model.effect_side:ObserveDatabase",
            "dump": "actions.model.effect_dump:KeepDump",
            "keep-files": "actions.model.effect_files:KeepFiles",
            "schema": "actions.model.effect_schema:AskSchema",
            "locks": "actions.model.effect_schema:AskLocks",
            "ask-queue": "actions.model.effect_queue:AskQueue",
            "migrate": "actions.model.effect_schema:RunMigrate",
            "coolify-set": "actions.model.effect_coolify:SetApplication",
            "coolify-variables": "actions.model.effect_coolify:SetVariables",
            "coolify-cancel": "actions.model.effect_coolify:CancelDeployment",
            "coolify-queue": "actions.model.effect_coolify:QueueDeployment",
            "coolify-collect": "actions.model.effect_coolify:CollectCoolify",
            "coolify-observe": "actions.model.effect_coolify:ObserveDeployed",
        },
    )


def shown(effects: tuple[Effect, ...]) -> tuple[str, ...]:
    """All effects as the operator reads them; a host line is not repeated while the host stays the same."""
    out: list[str] = []
    place = ""
    for effect in effects:
        for line in effect.lines():
            if line.startswith("on "):
                if line == place:
                    continue
                place = line
            out.append(line)
    return tuple(out)
