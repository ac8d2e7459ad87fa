"""Performs effects on a database: an SQL text through psql, and clients in a pipe, each judged by its own end."""

from __future__ import annotations

from contextlib import nullcontext

from actions.model.effect_database import RunPipe, RunSql
from actions.model.errors import Unreachable
from actions.model.ports import Reporter, World
from actions.steps.feeding import Feed
from actions.steps.perform_ground import Ended, Unmarked, one_line, run_told
from actions.steps.pipe_script import FED, NOT_BEGUN, Pipe

_REASONS = ("ERROR:", "FATAL:", ": error: ", "server closed the connection")


def run_sql(effect: RunSql, world: World, report: Reporter) -> Ended:
    """Run it; a server that is lost in the middle may have carried it out."""
    try:
        result, last = run_told(
            world,
            report,
            effect.host,
            effect.argv,
            cwd=effect.cwd,
            env=effect.env,
            stdin=effect.sql.encode(),
            timeout_s=effect.timeout_s,
        )
    except Unreachable as error:
        return Ended(False, error.line(), sure=False)
    said = error_in(world, result.stderr) or last
    reason = f": {said}" if said else ""
    if result.timed_out:
        return Ended(
            False, f"psql did not end within {effect.timeout_s} s{reason}", result.exit_status or 1, sure=False
        )
    if result.exit_status == 0:
        return Ended(True, f"done on {effect.database}{reason}")
    # 3: a statement failed and nothing after it was run; or, as 2, the server was lost, and may have carried it out.
    sure = result.exit_status == 3 and b"ERROR:" in result.stderr
    return Ended(False, f"psql ended with {result.exit_status}{reason}", result.exit_status, sure=sure)


def run_pipe(effect: RunPipe, world: World, report: Reporter) -> Ended:
    """Run it; done only when every member ended with 0."""
    feed = Feed(world, effect.source_host, effect.stdin) if effect.source_host else None
    pipe = Pipe(effect.stages, FED if feed else effect.stdin, effect.stdout)
    try:
        with feed or nullcontext():
            result, _ = run_told(
                world,
                Unmarked(report, pipe.mark),
                effect.host,
                pipe.argv,
                cwd=effect.cwd,
                env=effect.env,
                timeout_s=effect.timeout_s,
                source=feed.chunks() if feed else None,
            )
    except Unreachable as error:
        return Ended(False, error.line(), sure=False)
    ends, words = pipe.ends(result.stderr)
    last = error_in(world, words) or one_line(world, words.decode("utf-8", "replace").strip().rpartition("\n")[2])
    reason = f": {last}" if last else ""
    if result.timed_out:
        return Ended(False, f"did not end within {effect.timeout_s} s{reason}", 1, sure=False)
    for stage, end in zip(effect.stages, ends, strict=True):
        if end == NOT_BEGUN:
            return Ended(False, f"{_name(stage)} could not be begun{reason}", 1)
        if end != 0 and end != 141:  # 141: the next one ended first, and says why
            return Ended(False, f"{_name(stage)} ended with {end}{reason}", end)
    if any(ends):
        return Ended(False, f"{_name(effect.stages[ends.index(141)])} was cut off{reason}", 141)
    names = ", ".join(_name(stage) for stage in effect.stages)
    return Ended(True, f"{names} ended with 0")


def error_in(world: World, words: bytes) -> str:
    """The server's error among what a client said: hints and contexts come after it, and tell less."""
    lines = words.decode("utf-8", "replace").splitlines()
    found = [line for line in lines if any(word in line for word in _REASONS)]
    return one_line(world, found[0]) if found else ""


def _name(stage: tuple[str, ...]) -> str:
    """The program that a stage is about: the one behind ``exec -T db``."""
    for word in stage:
        base = word.rpartition("/")[2]
        if base in ("psql", "pg_dump", "pg_restore", "gzip", "zstd", "cat"):
            return base
    return stage[0].rpartition("/")[2]
