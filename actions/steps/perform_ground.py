"""What performing any effect stands on: its end, its host, its output made harmless, its readings told.

What the single effects do is left to the other ``perform_…`` files; their order to ``perform``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from actions.model.errors import GoaroundError, Refused
from actions.model.events import EvidenceKept, Observed
from actions.model.outside_text import LineSanitiser, sanitise
from actions.model.ports import CommandResult, Host, KeptEvidence, Reporter, World

HERE = ("local", "jump host")
"""Names by which an effect calls for the machine that the cockpit runs on."""

LONGEST_DETAIL = 400
"""Characters of outside text in a summary or event."""

LONGEST_PAUSE_MS = 500

CHANGES_RECORDED = 20
"""Changes of one watched thing go into the journal up to this many times; its last state always does."""


@dataclass(frozen=True)
class Ended:
    """How one effect ended."""

    ok: bool
    detail: str
    """One line, sanitised and redacted."""
    exit_status: int = 0
    """Of a command; others leave it at 0."""
    facts: dict[str, str] = field(default_factory=dict)
    sure: bool = True
    """False: it failed, and yet may have come about (the host was lost, the deadline ended it)."""
    stopped: bool = False
    """The operator wanted it ended."""


STOPPED = Ended(False, "stopped by the operator", stopped=True)


def host_of(world: World, name: str) -> Host:
    """The host an effect names; one that is not of this system is refused, never replaced by another."""
    if name == world.host.name:
        return world.host
    if name in HERE:
        if world.local is not None:
            return world.local
        if world.host.name in HERE:
            return world.host
    raise Refused(
        f"nothing runs on {sanitise(name) or 'a host without a name'}",
        f"this system has {world.host.name}",
        "draw the plan again",
    )


def one_line(world: World, text: str) -> str:
    """Outside text as it may stand in a summary: sanitised, redacted, on one line, bounded."""
    return sanitise(world.redact(sanitise(text)), limit=LONGEST_DETAIL)


def sanitiser(world: World) -> LineSanitiser:
    """A line sanitiser that cuts no secret of this world in two."""
    return LineSanitiser(cut=world.safe_cut)


class OutputLines:
    """Passes the output of a command on, line by line, and remembers the last line that says something."""

    def __init__(self, world: World, report: Reporter) -> None:
        self._world = world
        self._report = report
        self._streams: dict[str, LineSanitiser] = {}
        self._last: dict[str, str] = {}

    def chunk(self, stream: str, data: bytes) -> None:
        """Takes raw output of ``stdout`` or ``stderr`` as it comes."""
        if stream not in self._streams:
            self._streams[stream] = sanitiser(self._world)
        self._tell(stream, self._streams[stream].feed(data))

    def finish(self) -> None:
        """The command has ended: what had no newline is told, too."""
        for stream, lines in self._streams.items():
            self._tell(stream, lines.finish())

    def last(self) -> str:
        """The last line that is not empty: of stderr, where reasons stand, else of stdout."""
        return self._last.get("stderr") or self._last.get("stdout", "")

    def _tell(self, stream: str, lines: list[str]) -> None:
        for line in lines:
            text = self._world.redact(line)
            if text.strip():
                self._last[stream] = sanitise(text.strip(), limit=LONGEST_DETAIL)
            self._report.line(text)


class Unmarked:
    """A reporter for the lines of a pipe, but for those that tell the end of a member (``pipe_script``)."""

    def __init__(self, report: Reporter, mark: str) -> None:
        self._report = report
        self._mark = mark

    def line(self, text: str) -> None:
        if text.strip() and self._mark not in text:
            self._report.line(text)

    def record(self, body: object) -> None:
        raise NotImplementedError

    def stopping(self) -> bool:
        return self._report.stopping()


def run_told(
    world: World,
    report: Reporter,
    host: str,
    argv: tuple[str, ...],
    *,
    cwd: str = "",
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout_s: int = 0,
    source: Iterator[bytes] | None = None,
) -> tuple[CommandResult, str]:
    """How it ended, and the last line that it said; its output is told line by line as it comes.

    Names in the values of ``env`` become values here and nowhere earlier. ``timeout_s``: 0 is no deadline. ``source``:
    what it is fed, as ``Host.run`` takes it. Raises what
    the host raises; one that is lost in the middle (``Unreachable``) may have carried it out to its end.
    """
    output = OutputLines(world, report)
    try:
        result = host_of(world, host).run(
            argv,
            cwd=cwd,
            env={key: world.resolve(value) for key, value in (env or {}).items()} or None,
            stdin=stdin,
            timeout_s=timeout_s or None,
            on_output=output.chunk,
            source=source,
        )
    finally:
        output.finish()
    return result, output.last()


class Sightings:
    """Readings of one thing: the journal gets the first, each change of verdict (bounded) and the last."""

    def __init__(self, world: World, report: Reporter, what: str, expected: str) -> None:
        self._world = world
        self._report = report
        self._what = one_line(world, what)
        self._expected = one_line(world, expected)
        self._verdict: bool | None = None
        self._recorded = 0

    def seen(self, ok: bool, text: str, ms: int = 0) -> None:
        """A reading that is not the last; recorded when its verdict is new."""
        if ok != self._verdict and self._recorded < CHANGES_RECORDED:
            self._recorded += 1
            self._record(ok, text, ms)
        self._verdict = ok

    def last(self, ok: bool, text: str, ms: int = 0) -> None:
        """The last reading, with what came of all of them."""
        self._record(ok, text, ms)

    def _record(self, ok: bool, text: str, ms: int) -> None:
        seen = one_line(self._world, text)
        self._report.record(Observed(0, self._what, ok, seen, self._expected, ms))


def pause(world: World, report: Reporter, seconds: float) -> None:
    """Wait, in short pieces, so that the operator who wants it ended does not wait, too."""
    end = world.clock.monotonic_ms() + seconds * 1000
    while not report.stopping():
        rest = end - world.clock.monotonic_ms()
        if rest <= 0:
            return
        world.clock.sleep(min(rest, LONGEST_PAUSE_MS) / 1000)


def evidence_kept(kept: KeptEvidence, note: str, *, complete: bool) -> EvidenceKept:
    """A file of the store as the journal names it; ``note``: one harmless line."""
    return EvidenceKept(
        0,
        kept.name,
        kept.path,
        kept.sha256,
        kept.size,
        kept.private,
        complete,
        note,
        tuple(kept.encrypted_to),
        marks=kept.marks,
    )


def failed(error: GoaroundError) -> Ended:
    """An expected failure as the end of an effect."""
    return Ended(False, error.line())
