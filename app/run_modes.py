"""What ``goaround run`` may be told together; doing it is left to ``noop``, ``flight`` and ``plain``."""

from __future__ import annotations

from types import SimpleNamespace

from actions.model.errors import BadInput
from app.begin import Begin

FLYING = ("start_at", "reason", "take_over")
LOOKING = ("target", "json")


def check_modes(args: SimpleNamespace) -> Begin:
    """How the flight is to begin. Raises BadInput where options contradict each other or one lacks the other."""
    for names, noop in ((FLYING, False), (LOOKING, True)):
        odd = next((name for name in names if getattr(args, name) and args.noop is not noop), None)
        if odd is not None:
            word = f"--{odd.replace('_', '-')}"
            if noop:
                raise BadInput(f"{word} goes with --noop alone", "", "in a flight the release is chosen there")
            raise BadInput(f"{word} and --noop contradict each other: --noop runs and records nothing")
    code, reason = args.start_at.strip(), " ".join(args.reason.split())
    if code and not reason:
        raise BadInput("--start-at needs --reason TEXT", "it goes into the record")
    if reason and not code:
        raise BadInput("--reason goes with --start-at CODE")
    return Begin(args.option.strip(), code, reason)


def run_noop(args: SimpleNamespace) -> str:
    """What ``--noop`` prints."""
    from app.noop import noop
    from app.settings import find_config, load

    loaded = load(find_config(args.config))
    return noop(loaded, args.store, args.option.strip(), args.target.strip(), as_json=args.json)
