"""Keeps the output of a command, or a file, as evidence while it streams; memory stays bounded.

Private evidence is raw, byte for byte, and leaves this host only when the store encrypts it. Other evidence goes into
exports and is read on terminals: it is kept as text without control characters and without secrets, and its note says
so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actions.model.effect import CollectFile, CollectOutput
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Host, KeptEvidence, Reporter, World
from actions.steps.chunk_queue import GivenChunks
from actions.steps.perform_ground import STOPPED, Ended, evidence_kept, host_of, one_line, sanitiser

if TYPE_CHECKING:
    from actions.model.effect_coolify import CollectCoolify

CLEANED = "as text, without control characters and secrets"
VANISHED = "no such container"
"""What every engine says (in some case of letters) of a container that is no longer there."""

_CHUNKS_AHEAD = 16
_LARGEST_CHUNK = 256 * 1024
_TAIL = 2048


class _Stream:
    """What a host's command prints, as an iterator. ``status`` and ``error`` are valid once it has ended."""

    def __init__(self, start: Callable[[Callable[[bytes], None]], int], stopping: Callable[[], bool]) -> None:
        self.status = 0
        self.error: GoaroundError | None = None
        self.stopped = False
        self.bytes = 0
        self.tail = b""
        self._start = start
        self._stopping = stopping

    def _give(self, put: Callable[[bytes], None]) -> None:
        def push(data: bytes) -> None:
            for start in range(0, len(data), _LARGEST_CHUNK):
                put(data[start : start + _LARGEST_CHUNK])

        try:
            self.status = self._start(push)
        except GoaroundError as error:
            self.error = error

    def __iter__(self) -> Iterator[bytes]:
        with GivenChunks(self._give, _CHUNKS_AHEAD, "collect", end_s=5) as given:
            for chunk in given.chunks(0.5):
                if self._stopping():
                    self.stopped = True
                    return
                if chunk:
                    self.bytes += len(chunk)
                    self.tail = (self.tail + chunk)[-_TAIL:]
                    yield chunk


@dataclass(frozen=True)
class _Wanted:
    """What both kinds of collecting have in common."""

    name: str
    what: str
    """How it is called in messages: the command or the path."""
    private: bool
    limit_bytes: int


def others_could_read(effect: CollectOutput | CollectFile | CollectCoolify, world: World) -> Ended | None:
    """What was shown is what is done: the readers named in the effect, or nothing."""
    if not effect.private or effect.encrypt_to == world.evidence.encrypts_to:
        return None
    return Ended(False, f"{effect.name}: those who could open it are not those that were shown; draw the plan again")


def collect_output(effect: CollectOutput, world: World, report: Reporter) -> Ended:
    """Keep what the command prints. A container that is gone is noted; any other bad end is a failure."""
    moved = others_could_read(effect, world)
    if moved is not None:
        return moved
    host = host_of(world, effect.host)

    def start(sink: Callable[[bytes], None]) -> int:
        return host.stream_to(effect.argv, sink, cwd=effect.cwd, merge_stderr=effect.merge_stderr)

    wanted = _Wanted(effect.name, effect.argv[0], effect.private, effect.limit_bytes)
    stream = _Stream(start, report.stopping)
    kept = _keep(wanted, stream, world)
    last = sanitise(stream.tail.strip().rpartition(b"\n")[2])
    # The last line of private output may be a secret that no redaction knows.
    problem = _problem(stream, "" if effect.private else last)
    if stream.status and not stream.error and VANISHED in last.lower():
        # Its log went with it; a failure here would block the way back for good, for nothing.
        note = "the container is gone, and its output with it"
        _record(kept, note, world, report)
        return Ended(True, f"{effect.name}: {note}", facts={f"evidence {effect.name}": note})
    return _ended(wanted, stream, kept, problem, world, report)


def collect_file(effect: CollectFile, world: World, report: Reporter) -> Ended:
    """Keep the file, or its newest bytes when it is longer than the limit."""
    moved = others_could_read(effect, world)
    if moved is not None:
        return moved
    host = host_of(world, effect.host)
    # One byte more than is kept tells whether the file was longer.
    read = ("tail", "-c", str(effect.limit_bytes + 1)) if effect.limit_bytes else ("cat",)

    def start(sink: Callable[[bytes], None]) -> int:
        return host.stream_to((*read, "--", effect.path), sink, merge_stderr=False)

    wanted = _Wanted(effect.name, effect.path, effect.private, effect.limit_bytes)
    stream = _Stream(start, report.stopping)
    kept = _keep(wanted, stream, world)
    problem = _problem(stream, _why_unreadable(host, effect.path) if stream.status else "")
    return _ended(wanted, stream, kept, problem, world, report)


def _keep(wanted: _Wanted, stream: _Stream, world: World) -> KeptEvidence | None:
    """Store what comes; None when nothing came and reading failed: that must not look like an empty log."""
    raw = iter(stream)
    first = next(raw, None)
    if first is None and (stream.status or stream.error or stream.stopped):
        return None
    chunks = _rejoined(first, raw)
    try:
        kept = world.evidence.keep(
            wanted.name,
            chunks if wanted.private else cleaned(chunks, world),
            private=wanted.private,
            limit_bytes=wanted.limit_bytes,
        )
    finally:
        close = getattr(raw, "close", None)  # ends the command when the store has failed
        if close is not None:
            close()
    return kept if wanted.private else replace(kept, note=_joined(CLEANED, kept.note))


def _rejoined(first: bytes | None, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first is not None:
        yield first
    yield from rest


def cleaned(chunks: Iterable[bytes], world: World) -> Iterator[bytes]:
    """Text that may be shown to anybody on any terminal, as UTF-8."""
    lines = sanitiser(world)
    for chunk in chunks:
        yield _encoded(lines.feed(chunk), world)
    yield _encoded(lines.finish(), world)


def _encoded(lines: list[str], world: World) -> bytes:
    return "".join(f"{world.redact(line)}\n" for line in lines).encode("utf-8")


def _problem(stream: _Stream, reason: str) -> str:
    if stream.error is not None:
        return stream.error.line()
    if stream.status:
        return f"ended with {stream.status}" + (f": {reason}" if reason else "")
    return ""


def _why_unreadable(host: Host, path: str) -> str:
    """The host's own words on why a file cannot be read; empty when it has none."""
    try:
        result = host.run(("ls", "-ld", "--", path), timeout_s=10)
    except GoaroundError as error:
        return error.line()
    return sanitise(result.stderr.strip() if result.exit_status else b"it is there, but cannot be read")


def _ended(
    wanted: _Wanted, stream: _Stream, kept: KeptEvidence | None, problem: str, world: World, report: Reporter
) -> Ended:
    if stream.stopped:
        _record(kept, STOPPED.detail, world, report)
        return STOPPED
    problem = one_line(world, problem)
    _record(kept, problem, world, report)
    if problem:
        return Ended(False, f"{wanted.what} {problem}", stream.status)
    if kept is None:
        raise AssertionError("nothing was kept and nothing failed")
    text = f"{wanted.name}: {stream.bytes} bytes kept" if stream.bytes else f"{wanted.name}: kept, it is empty"
    return Ended(True, text, facts={f"evidence {wanted.name}": kept.sha256})


def _record(kept: KeptEvidence | None, problem: str, world: World, report: Reporter) -> None:
    if kept is None:
        return
    note = one_line(world, _joined(kept.note, problem))
    report.record(evidence_kept(kept, note, complete=kept.complete and not problem))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
