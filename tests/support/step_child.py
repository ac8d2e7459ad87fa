"""Runs one step in a process of its own, as a worker does, so that it can be killed; its order comes on stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]


def main() -> None:
    from performing import Told, local_world

    from actions.steps.catalog import build

    order = json.load(sys.stdin)
    world = local_world(Path(order["folder"]))
    step = build(order["step"], order["params"])
    result = step.undo(world, Told()) if order["undo"] else step.run(world, Told())
    print(result.outcome.value, result.summary)


if __name__ == "__main__":
    main()
