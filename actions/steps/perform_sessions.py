"""Performs what several sessions do at once: the program that loads a plain dump, and ANALYZE of many tables."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from actions.model.effect_sessions import AnalyzeTables, LoadDump
from actions.model.errors import Refused, Unreachable
from actions.model.ports import Reporter, World
from actions.steps.perform_database import error_in
from actions.steps.perform_ground import HERE, Ended, host_of, one_line, run_told

PROGRAM = (sys.executable, "-P", "-c", "from actions.steps.load_sessions import main; main()")
"""``-P`` keeps a stranger's ``actions`` in the working directory out."""
TABLES_SQL = """
SELECT c.oid FROM pg_class c
WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND NOT c.relisshared
ORDER BY c.relkind = 'p' DESC, least(pg_table_size(c.oid), 256 * 1024 * 1024) DESC, c.oid;
"""
"""A partition is analysed with the table that it is part of. Of a large table no more is read than a sample."""
ONE = "DO 'BEGIN EXECUTE ''ANALYZE '' || {oid}::regclass; END';"
"""By its number: whatever its name is, it is read by the server alone."""
SPEED = "SET synchronous_commit = off;\n"


def load_dump(effect: LoadDump, world: World, report: Reporter) -> Ended:
    """Run the program that loads it; done only when every one of its programs ended with 0."""
    if host_of(world, effect.host).name not in HERE:
        raise Refused("a dump is loaded through several sessions on this machine alone", "", "draw the plan again")
    orders = {
        "read": list(effect.read),
        "psql": list(effect.psql),
        "sessions": effect.sessions,
        "restrict": effect.restrict,
    }
    text = json.dumps(orders).encode()
    try:
        result, last = run_told(world, report, effect.host, PROGRAM, cwd=effect.cwd, env=effect.env, stdin=text)
    except Unreachable as error:
        return Ended(False, error.line(), sure=False)
    if result.exit_status == 0:
        return Ended(True, f"{effect.sessions} sessions loaded it, every program ended with 0")
    why = one_line(world, last.removeprefix("error: "))
    server = error_in(world, result.stderr)
    return Ended(False, f"{why}: {server}" if server else why, result.exit_status)


def analyze_tables(effect: AnalyzeTables, world: World, report: Reporter) -> Ended:
    """Each session analyses its share of the tables, the largest dealt out first."""
    try:
        listed, last = run_told(
            world, _Silent(report), effect.host, effect.psql, cwd=effect.cwd, env=effect.env, stdin=TABLES_SQL.encode()
        )
        if listed.exit_status != 0:
            return Ended(False, error_in(world, listed.stderr) or last, listed.exit_status)
        statements = [ONE.format(oid=int(line)) for line in listed.stdout.split()]
        shares = [share for n in range(effect.sessions) if (share := statements[n :: effect.sessions])]

        def run(share: list[str]) -> Ended:
            text = (SPEED + "\n".join(share) + "\n").encode()
            result, last = run_told(world, report, effect.host, effect.psql, cwd=effect.cwd, env=effect.env, stdin=text)
            said = error_in(world, result.stderr) or last
            return Ended(result.exit_status == 0, said, result.exit_status)

        with ThreadPoolExecutor(max(1, len(shares))) as pool:
            ends = list(pool.map(run, shares))
    except Unreachable as error:
        return Ended(False, error.line(), sure=False)
    bad = next((end for end in ends if not end.ok), None)
    if bad is not None:
        return Ended(False, f"psql ended with {bad.exit_status}: {bad.detail}", bad.exit_status)
    return Ended(True, f"{len(statements)} tables analysed in {max(1, len(shares))} sessions")


class _Silent:
    """A reporter for what is read and not told."""

    def __init__(self, report: Reporter) -> None:
        self._report = report

    def line(self, text: str) -> None:
        """Not told."""

    def record(self, body: object) -> None:
        raise NotImplementedError

    def stopping(self) -> bool:
        return self._report.stopping()
