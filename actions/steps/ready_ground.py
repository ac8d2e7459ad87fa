"""Looks for ``goaround ready`` at what every way back stands on: the host, its clock, its disks, the programs.

Small commands that only read, each bounded in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from actions.model.effect import ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Host, ProbeReading, World
from actions.model.ready import Finding, Part
from actions.model.ready_kinds import ReadyKind
from actions.model.sensor_rules import size_words
from actions.model.system import Settings

ASK_S = 10.0
SKEW_MS = 2_000
FULL, LOW = 256 * 1024**2, 2 * 1024**3
"""Bytes that are free: below the first nothing can be pulled, dumped or recorded; below the second not for long."""


@dataclass
class _Seen:
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def part(self) -> Part:
        return Part(tuple(self.findings), facts=self.facts)


def host_part(settings: Settings, world: World, folders: tuple[str, ...] = ()) -> Part:
    """Whether the host answers, what its clock says, what is free there. ``folders``: of ours, on this machine."""
    seen, host = _Seen(), world.host
    before = world.clock.now().timestamp()
    try:
        answer = host.run(("date", "-u", "+%s"), timeout_s=ASK_S)
    except GoaroundError as error:
        return Part((ReadyKind.HOST_UNREACHED.of_error(error, host.name),))
    try:
        theirs = int(answer.stdout.strip())
    except ValueError:
        said = sanitise(answer.stderr.decode("utf-8", "replace").strip(), limit=200) or "no answer that is a time"
        return Part((ReadyKind.HOST_UNREACHED.finding(f"date: {said}", host.name),))
    after = world.clock.now().timestamp()
    # Whole seconds: the middle of the second is the best guess.
    skew = theirs * 1000 + 500 - round((before + after) * 500)
    if host.name != "local" and abs(skew) > SKEW_MS + round((after - before) * 500):
        words = f"{host.name} is {skew / 1000:+.1f} s against ours"
        seen.findings.append(ReadyKind.CLOCK_OFF.finding(words, host.name))
    _synchronised(seen, host)
    there = [settings.compose.directory if settings.compose else "/", *_kept(settings)]
    if settings.compose is not None or (settings.coolify is not None and settings.coolify.containers):
        there += _docker_root(host)
    _disks(seen, host, there)
    here = world.local or host
    mine = [*folders, *([settings.git.repository] if settings.git is not None else [])]
    if mine:
        _disks(seen, here, mine)
    return seen.part()


def _kept(settings: Settings) -> list[str]:
    table = settings.database
    return [table.keep] if table is not None and table.keep else []


def _synchronised(seen: _Seen, host: Host) -> None:
    """Whether the kernel's clock is kept right, where systemd tells."""
    try:
        answer = host.run(("timedatectl", "show", "--property=NTPSynchronized", "--value"), timeout_s=ASK_S)
    except GoaroundError:
        return  # no systemd there: it is not told
    if answer.exit_status == 0 and answer.stdout.strip() == b"no":
        words = f"the clock of {host.name} is not synchronised with anything"
        seen.findings.append(ReadyKind.CLOCK_OFF.finding(words, host.name))


def _docker_root(host: Host) -> list[str]:
    try:
        answer = host.run(("docker", "info", "--format", "{{.DockerRootDir}}"), timeout_s=ASK_S)
    except GoaroundError:
        return []  # that Docker is missing is told by its own check
    root = answer.stdout.decode("utf-8", "replace").strip()
    return [root] if answer.exit_status == 0 and root.startswith("/") else []


def _disks(seen: _Seen, host: Host, folders: list[str]) -> None:
    """Room on the disks of these folders; one that cannot be asked is left out."""
    told: set[str] = set()
    for folder in dict.fromkeys(folders):
        try:
            answer = host.run(("df", "-P", "-k", "--", folder), env={"LC_ALL": "C"}, timeout_s=ASK_S)
        except GoaroundError:
            continue
        words = answer.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2].split()
        at = next((at for at, word in enumerate(words) if word.endswith("%") and word[:-1].isdigit()), 0)
        if answer.exit_status != 0 or at < 1 or not words[at - 1].isdigit() or words[-1] in told:
            continue
        told.add(words[-1])
        free = int(words[at - 1]) * 1024
        mount = sanitise(words[-1], limit=80)
        seen.facts[f"free on {host.name} {mount}"] = size_words(free)
        if free < LOW:
            kind = ReadyKind.DISK_FULL if free < FULL else ReadyKind.DISK_LOW
            shown = f"{size_words(free)} are free on {mount} of {host.name} ({sanitise(folder, limit=80)})"
            seen.findings.append(kind.finding(shown, f"{host.name} {mount}"))


def tools_part(settings: Settings, world: World) -> Part:
    """The programs that the configured ways back start."""
    seen = _Seen()
    if settings.compose is not None and world.containers is not None and world.compose is not None:
        try:
            seen.facts["docker"] = world.containers.version()
        except GoaroundError as error:
            seen.findings.append(ReadyKind.TOOL_MISSING.of_error(error, "docker"))
        try:
            tools = world.compose.tools()
        except GoaroundError as error:
            tools = ()
            seen.findings.append(ReadyKind.TOOL_MISSING.of_error(error, "compose"))
        else:
            seen.facts["compose"] = ", ".join(one.version for one in tools)
            if not tools:
                words = f"neither docker compose nor docker-compose is on {world.host.name}"
                seen.findings.append(ReadyKind.TOOL_MISSING.finding(words, "compose"))
        _program(seen, world.host, "docker", ("docker", "--version"), fact="docker client")
    if settings.git is not None:
        _program(seen, world.local or world.host, "git", ("git", "--version"))
        deploy = settings.git.deploy
        if deploy:
            on = world.host if settings.git.deploy_on == "host" else world.local or world.host
            _program(seen, on, deploy[0], ("sh", "-c", 'command -v "$1"', "sh", deploy[0]), settings.git.directory)
    return seen.part()


def _program(seen: _Seen, host: Host, name: str, argv: tuple[str, ...], cwd: str = "", fact: str = "") -> None:
    try:
        answer = host.run(argv, cwd=cwd, timeout_s=ASK_S)
    except GoaroundError as error:
        seen.findings.append(ReadyKind.TOOL_MISSING.of_error(error, name))
        return
    if answer.exit_status != 0 or answer.timed_out:
        said = sanitise(answer.stderr.decode("utf-8", "replace").strip()[-200:], limit=200)
        words = f"{name} cannot be started on {host.name}" + (f": {said}" if said else "")
        seen.findings.append(ReadyKind.TOOL_MISSING.finding(words, name))
    elif argv[0] != "sh":
        seen.facts[fact or name] = sanitise(answer.stdout.decode("utf-8", "replace").strip(), limit=80)


Read = Callable[[int], "ProbeReading | GoaroundError"]
SideBySide = Callable[[int, Read, str], "tuple[ProbeReading | GoaroundError, ...]"]
"""Asks by number, and answers in that order; the last is what the asking is called."""


def _in_turn(count: int, ask: Read, _name: str) -> tuple[ProbeReading | GoaroundError, ...]:
    return tuple(ask(at) for at in range(count))


def probes_part(settings: Settings, world: World, side_by_side: SideBySide = _in_turn) -> Part:
    """Each probe once: one that is slow, or cannot be asked at all, holds no other. ``side_by_side``: asks them all."""
    from actions.steps.configured_probes import configured_probes

    seen = _Seen()

    def read(probe: ProbeHttp) -> ProbeReading | GoaroundError:
        try:
            return world.prober.read(probe)
        except GoaroundError as error:
            return error

    probes = configured_probes(settings)
    readings = side_by_side(len(probes), lambda at: read(probes[at]), "ready probe")
    for probe, reading in zip(probes, readings, strict=True):
        if isinstance(reading, GoaroundError):
            seen.findings.append(ReadyKind.CHECK_FAILED.of_error(reading, probe.name))
            continue
        seen.facts[f"probe {probe.name}"] = "passes" if reading.ok else "fails"
        if not reading.ok:
            seen.findings.append(ReadyKind.PROBE_FAILS.finding(reading.detail, probe.name))
    if not settings.own_probes:
        seen.findings.append(ReadyKind.PROBE_NONE.finding("no [[probe]] is configured", "probes"))
    return seen.part()
