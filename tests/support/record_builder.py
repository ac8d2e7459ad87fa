"""Builds records through the real journal: a whole rollback with files, or the smallest that can be signed off."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from actions.gateways.evidence import FileEvidence
from actions.gateways.journal import SqliteJournal
from actions.gateways.signatures import sign
from actions.model import events as ev
from actions.model.chain import statement_of
from actions.model.clock import ManualClock
from actions.model.effect import ObserveCommit, RunCommand, WriteFile
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan, PlannedStep
from actions.model.release import Release
from actions.model.step import Risk

OLD = "a" * 40
NEW = "b" * 40
NOTES = (NoteKind.NOT_PULLED.note("not pulled"), NoteKind.NO_UNDO.note("no undo of *this*"))
PEOPLE = {
    "ops1": {"name": "First Operator", "roles": ["devops-lead"], "signer": "ops1@jump"},
    "ops2": {"name": "Second Operator", "roles": ["tech-manager"], "signer": "ops2@jump"},
}


@dataclass
class BuiltRecord:
    """A record under construction: ``add`` appends an event three seconds after the one before."""

    journal: SqliteJournal
    clock: ManualClock
    id: str
    keys: dict[str, Path] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.journal.incident_folder(self.id)

    @property
    def lines(self) -> list[bytes]:
        return self.journal.lines(self.id)

    @property
    def incident(self) -> Incident:
        return fold(self.id, self.journal.events(self.id))

    def add(self, body: ev.Body, actor: str = "ops1") -> ev.Event:
        self.clock.advance(3)
        return self.journal.append(self.id, actor, body)

    def sign_off(self, part: str, person: str, *, signer: str = "", mode: str = "") -> ev.Event:
        """Sign over the head: with the person's key when there is one, else unsigned. ``mode`` forges the statement."""
        seq, digest = self.journal.head(self.id)
        name = str(PEOPLE[person]["name"])
        body = ev.SignedOff(part, person, name, seq, digest, unsigned="no key is configured")
        key = self.keys.get(person)
        if key is not None:
            statement = statement_of(self.incident, body)
            if mode:
                statement = statement.replace(b"mode: LIVE", f"mode: {mode}".encode())
            signer = signer or str(PEOPLE[person]["signer"])
            body = ev.SignedOff(part, person, name, seq, digest, sign(statement, str(key)), signer)
        return self.add(body, person)


def declared(mode: str = "live", title: str = "errors after the deploy") -> ev.Declared:
    """The first event; a drill runs on a drill system."""
    return ev.Declared(
        system="obcms",
        environment="drill" if mode == "drill" else "production",
        mode=mode,
        title=title,
        host="local",
        option="git",
        config_path="/etc/goaround.toml",
        config_sha256="c" * 64,
        version="0.1.0",
        jump_host="jump-1",
        people=PEOPLE,
    )


def small_record(
    store: Path, mode: str = "live", *, keys: dict[str, Path] | None = None, signed: bool = True
) -> BuiltRecord:
    """Declared, one note, closed, signed off by two people."""
    clock = ManualClock()
    journal = SqliteJournal(store, clock)
    event = journal.declare("ops1", declared(mode))
    built = BuiltRecord(journal, clock, event.incident, keys or {})
    built.add(ev.NoteAdded("pages are slow"))
    built.add(ev.Closed("false alarm", "the monitor was wrong"))
    if signed:
        built.sign_off("executed", "ops1")
        built.sign_off("verified", "ops2")
    return built


def a_plan() -> Plan:
    """Two steps: one that deploys, one that proves."""
    deploy = PlannedStep(
        code="X1",
        phase="carry out",
        step="git.deploy",
        params={"sha": OLD},
        title="deploy v1.4.2",
        expected="v1.4.2 is deployed",
        risk=Risk.REVERSIBLE,
        effects=(
            RunCommand("local", ("make", "deploy", f"REF={OLD}"), cwd="/opt/obcms"),
            WriteFile("local", "/opt/obcms/pin", "v1.4.2\n```\n# not a heading\n", "", mode=0o600),
        ),
        undo=(RunCommand("local", ("make", "deploy", f"REF={NEW}")),),
    )
    prove = PlannedStep(
        code="X2",
        phase="carry out",
        step="git.prove",
        params={},
        title="prove it",
        expected="runs the target",
        risk=Risk.READ,
        effects=(ObserveCommit(OLD, url="http://127.0.0.1/version"),),
        undo=(),
        proves=True,
    )
    target = Release("v1.4.2", commit=OLD, source="git tag")
    return Plan("git", "obcms", target, NEW, {"time": "20261122T100000Z"}, (deploy, prove), notes=NOTES)


def whole_record(
    store: Path, mode: str = "live", *, keys: dict[str, Path] | None = None, signed: bool = True
) -> BuiltRecord:
    """A rollback with a refusal, an override, a failed run, kept files (one private), a debt and two sign-offs."""
    built = small_declared(store, mode, keys)
    plan = a_plan()
    built.add(ev.LeaseTaken("ops1", "jump-1", 100, "pts/3", 1))
    built.add(ev.InputsSet("High", 60, 80, "Low"))
    built.add(ev.Decided("roll back", "roll back", "High", "severity and users", "devops-lead"))
    built.add(ev.PlanDrawn(plan.digest, plan.to_json()))
    built.add(ev.StepRefused("X2", "waits for X1"))
    built.add(ev.ItemMarked("C1", "management, developers and support told", "overridden", "nobody answers"))
    evidence = FileEvidence(built.folder / "evidence")
    for name, private in (("app.log", False), ("config.json", True)):
        kept = evidence.keep(name, iter([f"content of {name}\n".encode()]), private=private)
        built.add(ev.EvidenceKept(0, kept.name, kept.path, kept.sha256, kept.size, private, True, kept.note))
    run_step(built, plan, 1, "X1", ok=False)
    run_step(built, plan, 2, "X1", ok=True)
    built.add(ev.Observed(3, "health", True, "200", "200", 12))
    run_step(built, plan, 3, "X2", ok=True)
    built.add(ev.DebtOpened("auto-deploy", "auto-deploy is off", "turn it on", "2026-11-25"))
    built.add(ev.Closed("recovered", "v1.4.2 is back", OLD, OLD))
    if signed:
        built.sign_off("executed", "ops1")
        built.sign_off("verified", "ops2")
    return built


def small_declared(store: Path, mode: str = "live", keys: dict[str, Path] | None = None) -> BuiltRecord:
    """A declared incident and nothing else."""
    clock = ManualClock()
    journal = SqliteJournal(store, clock)
    return BuiltRecord(journal, clock, journal.declare("ops1", declared(mode)).incident, keys or {})


def run_step(built: BuiltRecord, plan: Plan, number: int, code: str, *, ok: bool, ends: bool = True) -> None:
    """One run with its output on disk; without ``ends`` its end is never recorded."""
    step = plan.step(code)
    assert step is not None
    spool = f"run-{number:03}-{code}.log"
    output = f"output of run {number}\n".encode()
    (built.folder / spool).write_bytes(output)
    built.add(ev.StepStarted(number, code, step.step, step.title, plan.digest, False, "enter", 4000, 77, spool))
    built.add(ev.EffectStarted(number, 1, "make deploy"))
    if not ends:
        return
    built.add(ev.EffectFinished(number, 1, ok, 0 if ok else 2, 4200, "" if ok else "no rule to make target"))
    outcome = "done" if ok else "failed"
    digest = hashlib.sha256(output).hexdigest()
    built.add(ev.StepFinished(number, outcome, f"run {number} {outcome}", 4300, digest, {"running": OLD}))


def make_key(folder: Path, name: str, *, passphrase: str = "") -> Path:
    """A fresh ed25519 key pair."""
    path = folder / name
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, timeout=110)
    return path


def allow(path: Path, *rows: tuple[str, Path, str]) -> Path:
    """An allowed-signers file of (principal, key, options)."""
    lines = [
        f"{who} {options + ' ' if options else ''}{key.with_suffix('.pub').read_text()}" for who, key, options in rows
    ]
    path.write_text("".join(lines))
    return path
