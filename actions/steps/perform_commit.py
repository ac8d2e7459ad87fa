"""Asks which commit runs, by a command on the host or from a URL, until it is the wanted one or time is up.

A short form proves nothing: only the full commit id counts.
"""

from __future__ import annotations

from actions.model.answer import dotted, parse_answer
from actions.model.effect import ObserveCommit, ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Reporter, World
from actions.steps.perform_ground import Ended, OutputLines, host_of, one_line
from actions.steps.perform_running import await_running

ANSWER_S = 10
LONGEST_ID = 100


class NotTold(Exception):
    """The running commit could not be learned this time; the reason is its text."""


def observe_commit(effect: ObserveCommit, world: World, report: Reporter) -> Ended:
    """Ask until the wanted commit runs."""
    running: str | None = None

    def ask() -> tuple[str, str | None]:
        nonlocal running
        try:
            running = one_line(world, commit_seen(effect, world, report))
        except NotTold as reason:
            return str(reason), running
        except GoaroundError as error:
            return error.line(), running
        return _difference(running, effect.want), running

    return await_running(world, report, "running commit", effect.want, effect.deadline_s, ask)


def commit_seen(effect: ObserveCommit, world: World, report: Reporter) -> str:
    """What was told as the running commit, once. Raises ``NotTold`` with the reason or ``GoaroundError``."""
    raw = _from_command(effect, world, report) if effect.argv else _from_url(effect, world)
    if not effect.json_field:
        seen = sanitise(raw.strip(), limit=LONGEST_ID)
        if not seen:
            raise NotTold("the answer is empty")
        return seen
    try:
        value = dotted(parse_answer(raw), effect.json_field)
    except ValueError as error:
        raise NotTold(f"the answer is {error}") from None
    except KeyError:
        raise NotTold(f"the answer has no field {effect.json_field}") from None
    if not isinstance(value, str):
        raise NotTold(f"field {effect.json_field} is no text")
    return sanitise(value.strip(), limit=LONGEST_ID)


def _from_command(effect: ObserveCommit, world: World, report: Reporter) -> bytes:
    errors = OutputLines(world, report)

    def take(stream: str, chunk: bytes) -> None:
        if stream == "stderr":
            errors.chunk(stream, chunk)

    result = host_of(world, effect.host).run(
        effect.argv, cwd=effect.cwd, timeout_s=min(ANSWER_S, effect.deadline_s), on_output=take
    )
    errors.finish()
    if result.timed_out:
        raise NotTold(f"no answer within {min(ANSWER_S, effect.deadline_s)} s")
    if result.exit_status:
        raise NotTold(f"the command ended with {result.exit_status}: {errors.last() or 'no reason given'}")
    return result.stdout


def _from_url(effect: ObserveCommit, world: World) -> bytes:
    probe = ProbeHttp(
        name="running commit",
        url=effect.url,
        headers=effect.headers,
        answer_s=min(ANSWER_S, effect.deadline_s),
        deadline_s=effect.deadline_s,
    )
    reading = world.prober.read(probe)
    if not reading.ok:
        raise NotTold(reading.detail)
    return reading.body


def _difference(running: str, want: str) -> str:
    if running.lower() == want.lower():
        return ""
    if len(running) >= 4 and want.lower().startswith(running.lower()):
        return f"{running} is told, a short form of {want}: no proof, the full id must be told"
    return f"{running} runs, not {want}"
