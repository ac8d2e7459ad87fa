"""The harder drill that is flown for pictures alone: a gate that holds, and an approval that is needed from the start.

It is the demo with a few lines more in its configuration. Who plays the second person, and has the backup made, is
here; the keys are the autopilot's, and the pictures ``screenshots``'s.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

from actions.model.blocking import Move
from actions.model.checklist import Kind, Phase, State
from actions.model.criteria import criteria
from actions.model.incident import Incident, items, state_of
from actions.model.matrix import Inputs
from actions.model.phases import present
from app import approving
from app.approval_desk import Desk
from app.demo import SECOND, STORY
from app.demo_config import quoted
from app.demo_system import DemoSystem
from app.incident_screen import IncidentScreen
from app.session import Session
from widgets.checklist import Checklist

STATIONS = ("matrix", "gate", "approval", "after")
STORY_OF_THE_DRILL = {**STORY, "severity": "?", "users": "5-8", "data risk": "Low"}
"""The severity is what the criteria propose: more than the users and the data risk say."""
IN_SIGHT, LAST_SEEN = "T1", "T8"
"""The item of the list afterwards that is highlighted for its picture, and the last one that is to be seen with it."""
CRITERIA = ("more than 50 % of users", "Visual flaws")
"""Words of the criteria that are found to hold: of two levels."""
KNOWN = Inputs("", 5, 8, "Low")
WINDOW = 'window = "5s"'
LACKS = '\n[procedure]\nlacks = ["database"]\n'
"""The demo says that nobody need look after its database; this drill has one."""
LONGER = 'window = "20s"'
"""So that the list is seen while some of it has turned green, and some has not yet."""


def make_harder(system: DemoSystem) -> None:
    """An empty folder of backups behind the gate, and the Tech Manager's approval for every way back."""
    backups(system).mkdir()
    text = system.config.read_text("utf-8").replace(WINDOW, LONGER).replace(LACKS, "")
    pattern = quoted(str(backups(system) / "*.sql.gz"))
    text += f'\n[database]\nbackups = {pattern}\n\n[[approval.rule]]\nof = ["tech-manager"]\n'
    system.config.write_text(text, "utf-8")


def backups(system: DemoSystem) -> Path:
    """Where they would lie."""
    return system.folder / "backups"


class DrillCrew:
    """Says where the harder drill stands, and does what somebody beside the operator does once it was seen."""

    def __init__(self, session: Session, system: DemoSystem) -> None:
        self.session = session
        self.system = system

    def station(self, screen: object) -> str:
        """Which station this is; empty between two."""
        incident = self.session.incident
        if not isinstance(screen, IncidentScreen) or screen.drawing or incident.declared is None:
            return ""
        if incident.decision is None:
            return "matrix" if incident.inputs == KNOWN else ""
        move = screen.next()
        if move.move is Move.WAIT and move.code == "K1" and screen.code == "K1":
            row = next(one for one in screen.query_one(Checklist).rows if one.code == "K1")
            return "gate" if "no file" in row.detail else ""
        if move.code == "X1" and move.blocked.startswith("waits for tech-manager"):
            return "approval"
        return "after" if present(incident) is Phase.AFTER and _turning(incident) else ""

    def before(self, screen: object) -> None:
        """What is known of the damage comes in."""
        session = self.session
        known = session.incident.declared is not None and session.incident.inputs == KNOWN
        if not isinstance(screen, IncidentScreen) or session.incident.declared is None or known:
            return
        for one in criteria(session.incident):
            if any(words in one.text for words in CRITERIA):
                session.mark_criterion(one.code, True)
        session.set_inputs(KNOWN)
        screen.refresh_panes()

    def after(self, station: str) -> None:
        """The backup that is missing is made; the second person approves from a login of their own."""
        session = self.session
        if station == "gate":
            (backups(self.system) / "demo-site.sql.gz").write_bytes(
                gzip.compress(b"-- dump of the register\n" * 20_000)
            )
        if station == "approval":
            who = replace(session.who, login=SECOND)
            desk = Desk(session.journal, session.clock, who, Incident(session.incident.id))
            desk.sync()
            approving.approve(desk, desk.incident.plan_digest, session.settings.system.name)


def _turning(incident: Incident) -> bool:
    """Some of what is sensed after it has turned green, and some has not."""
    sensed = [one for one in items(incident) if one.phase is Phase.AFTER and one.kind is Kind.SENSED]
    done = sum(state_of(incident, one) is State.DONE for one in sensed)
    return 0 < done < len(sensed)
