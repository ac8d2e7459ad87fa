"""Runs the command of an effect on its host and judges its end by its exit status alone.

Output goes to the reporter line by line; keeping output as evidence is left to ``perform_evidence``.
"""

from __future__ import annotations

import shlex

from actions.model.effect import RunCommand
from actions.model.errors import Unreachable
from actions.model.ports import Reporter, World
from actions.steps.perform_ground import Ended, run_told

SHOWN_COMMAND = 80
"""Characters of a command in a summary."""


def run_command(effect: RunCommand, world: World, report: Reporter) -> Ended:
    """Run it; names in its environment values become values here and nowhere earlier."""
    try:
        result, said = run_told(
            world, report, effect.host, effect.argv, cwd=effect.cwd, env=effect.env, timeout_s=effect.timeout_s
        )
    except Unreachable as error:
        # A host that is lost in the middle may have carried the command out to its end.
        return Ended(False, error.line(), sure=False)
    name = _name(effect.argv)
    reason = f": {said}" if said else ""
    if result.timed_out:
        return Ended(
            False,
            f"{name} did not end within {effect.timeout_s} s{reason}",
            result.exit_status or 1,
            sure=False,
        )
    if result.exit_status not in effect.ok:
        return Ended(False, f"{name} ended with {result.exit_status}{reason}", result.exit_status)
    return Ended(True, f"{name} ended with {result.exit_status}", result.exit_status)


def _name(argv: tuple[str, ...]) -> str:
    text = shlex.join(argv)
    return text if len(text) <= SHOWN_COMMAND else text[: SHOWN_COMMAND - 1] + "…"
