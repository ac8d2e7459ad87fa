"""Opens the cockpit as the command does, writes what is loaded when the first picture stands, and leaves.

`first_paint.py ANSWER ARGUMENT...`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.cli import main
from app.incident_screen import IncidentScreen


def _look(screen: IncidentScreen) -> None:
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    seen = {"loaded": loaded, "incident": screen.session.incident.id, "size": list(screen.size)}
    Path(sys.argv[1]).write_text(json.dumps(seen))
    screen.app.exit(0)


IncidentScreen.read_releases = _look  # type: ignore[method-assign,assignment]  # what is done first after it
main(sys.argv[2:])
