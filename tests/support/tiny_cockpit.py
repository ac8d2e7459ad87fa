"""The cockpit over the tiny system, played by the demo's autopilot: `tiny_cockpit.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from git_ground import Ground
from tiny_system import STORY, Tiny

from app.autopilot import Autopilot
from app.cockpit import cockpit

folder = Path(sys.argv[1])
tiny = Tiny(folder, Ground(folder / "origin.git", folder / "clone", ()))
session = tiny.session()
session.take_lease()
status = cockpit(session).run(auto_pilot=Autopilot(session, STORY, pace_s=0.22).fly)
session.close()
session.journal.close()
sys.exit(status)
