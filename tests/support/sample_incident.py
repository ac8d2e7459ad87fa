"""An incident as the fold of real events, at several points of an evening, for tests of what is shown.

Some texts are hostile on purpose: markup, escape sequences and wide letters, as if the edge had let them through.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from actions.model import events as ev
from actions.model.clock import stamp
from actions.model.effect import ProbeHttp, RunCommand, WriteFile
from actions.model.events import GENESIS, Body, Event, body_data, body_kind
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan, PlannedStep
from actions.model.release import Release, WayBack
from actions.model.step import Risk

START = datetime(2026, 11, 22, 9, 58, 50, tzinfo=UTC)
HOSTILE = "zz[/red]zz [@click=app.quit]x[/] \x1b]52;c;AAAA\x07\x1b[2J\u202e 漢字漢字"
IMAGE_OLD = "sha256:" + "6e342b70" * 8
IMAGE_NEW = "sha256:" + "91c2aa01" * 8

RELEASES = (
    Release(
        "2025-10-02",
        images={"web": IMAGE_NEW, "celery": IMAGE_NEW},
        live_since="2026-11-22T09:58:10Z",
        ended="failed",
        way_back=WayBack.RUNNING,
        subject="Add x to the dashboard",
    ),
    Release(
        "2025-10-01",
        images={"web": IMAGE_OLD, "celery": IMAGE_OLD},
        live_since="2026-11-21T08:03:44Z",
        ended="ok",
        way_back=WayBack.PROTECTED,
        subject=HOSTILE,
    ),
    Release("2025-09-28", commit="ab" * 20, created="2026-09-28T07:11:09Z", way_back=WayBack.PRUNABLE),
    Release("2025-09-21", commit="cd" * 20, way_back=WayBack.GONE, note="pruned on 1 Oct"),
)

OVERRIDE = "services:\n  web:\n    image: " + IMAGE_OLD + "\n"
_UP = ("docker", "compose", "-f", "docker-compose.prod.yml", "-f", "rollback.override.yml", "up", "-d")
_HOST = "ssh://deploy@app-1"


def steps() -> tuple[PlannedStep, ...]:
    """Evidence, a switch, its proof, and something that cannot be undone."""
    write = WriteFile(_HOST, "/opt/obcms/rollback.override.yml", OVERRIDE, "")
    up = RunCommand(_HOST, (*_UP, "--no-build", "--no-deps", "web", "celery", "beat"), cwd="/opt/obcms")
    back = RunCommand(_HOST, (*_UP, "web"), cwd="/opt/obcms")
    probe = ProbeHttp("health", "https://obcms.example.org/health/", passes=5, seconds=10)
    logs = RunCommand(_HOST, ("docker", "logs", "obcms-web-1"))
    return (
        PlannedStep("B1", "before", "evidence.logs", {}, "logs exported", "a file", Risk.READ, (logs,), (), gate=True),
        PlannedStep("B2", "before", "evidence.config", {}, "configuration saved", "a file", Risk.READ, (logs,), ()),
        PlannedStep(
            "X1",
            "carry out",
            "compose.switch",
            {},
            "switch image, 3 services",
            "3 containers run " + IMAGE_OLD,
            Risk.REVERSIBLE,
            (write, up),
            (back,),
            needs=("B1",),
            about_s=20,
            leaves="containers half recreated; X1 can run again",
        ),
        PlannedStep(
            "X2", "carry out", "prove", {}, "proven back", "5 of 5", Risk.READ, (probe,), (), ("X1",), proves=True
        ),
        PlannedStep(
            "X3",
            "carry out",
            "database.swap",
            {},
            HOSTILE,
            HOSTILE,
            Risk.IRREVERSIBLE,
            (up,),
            (),
            optional=True,
        ),
    )


def plan() -> Plan:
    """The plan of those steps."""
    notes = (NoteKind.NOT_PULLED.note("not pulled: the image is here"), NoteKind.COMPOSE_WARNS.note(HOSTILE))
    return Plan("compose", "obcms", RELEASES[1], IMAGE_NEW, {"time": "20261122T100000Z"}, steps(), notes)


class Evening:
    """Collects events; ``incident`` is their fold."""

    def __init__(self, mode: str = "live", environment: str = "production") -> None:
        self.events: list[Event] = []
        self.at = START
        people = {
            "ops1": {"name": "First Operator", "roles": ["devops-lead"], "signer": "ops1@jump"},
            "ops2": {"name": "Second Operator", "roles": ["tech-manager"], "signer": ""},
        }
        declared = ev.Declared(
            "obcms",
            environment,
            mode,
            "login broken",
            _HOST,
            "compose",
            "goaround.toml",
            "0" * 64,
            "0.1.0",
            "jump",
            people,
        )
        self.add(declared)

    def add(self, body: Body, seconds: float = 5, actor: str = "ops1") -> Evening:
        """One more event, so many seconds later."""
        self.at += timedelta(seconds=seconds)
        seq = len(self.events) + 1
        mono = int((self.at - START).total_seconds() * 1000)
        head = "7f3a91c20be4" + f"{seq:052x}"
        event = Event(
            "INC-7", seq, stamp(self.at), mono, "boot0001", actor, body_kind(body), body_data(body), GENESIS, head
        )
        self.events.append(event)
        return self

    def taken(self, holder: str = "ops1") -> Evening:
        """Somebody flies."""
        return self.add(ev.LeaseTaken(holder, "jump", 4242, "pts/3", 1))

    def decided(self) -> Evening:
        """Facts, and roll back."""
        self.add(ev.InputsSet("Critical", 60, 80, ""))
        return self.add(ev.Decided("roll back", "roll back", "Critical", "severity", "devops-lead"))

    def ticked(self, *codes: str) -> Evening:
        """Manual items ticked."""
        for code in codes:
            self.add(ev.ItemMarked(code, code, "done"))
        return self

    def planned(self) -> Evening:
        """The plan is drawn."""
        drawn = plan()
        return self.add(ev.PlanDrawn(drawn.digest, drawn.to_json()))

    def started(self, code: str, run: int, undo: bool = False) -> Evening:
        """A step begins."""
        step = plan().step(code)
        assert step is not None
        digest = plan().digest
        self.add(ev.StepStarted(run, code, step.step, step.title, digest, undo, "enter", 999, 1, f"{run}.out"))
        return self.add(ev.EffectStarted(run, 1, "docker compose up -d web celery beat"), 0)

    def finished(self, run: int, outcome: str = "done", summary: str = "3 of 3 run it") -> Evening:
        """It ends."""
        good = outcome == "done"
        self.add(ev.EffectFinished(run, 1, good, 0 if good else 18, 4200, "" if good else HOSTILE), 4)
        return self.add(ev.StepFinished(run, outcome, summary, 4300), 0)

    def ran(self, code: str, run: int) -> Evening:
        """A step begins and ends well."""
        return self.started(code, run).finished(run)

    def back(self) -> Evening:
        """All the way to proven."""
        self.taken().decided().ticked("A1", "A2", "A3", "C1").planned()
        return self.ran("B1", 1).ran("B2", 2).ran("X1", 3).ran("X2", 4)

    @property
    def incident(self) -> Incident:
        """The fold of what has happened."""
        return fold("INC-7", self.events)


def many_releases(count: int) -> tuple[Release, ...]:
    """A long history."""
    return tuple(replace(RELEASES[2], name=f"r{index:05}", commit=f"{index:040x}") for index in range(count))
