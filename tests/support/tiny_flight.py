"""Cockpits, each a process of its own, that fly the tiny system to the end as plain lines with the demo's operator.

A flight goes on with what is open, or declares when nothing was ever declared. Its last line is JSON: what the record
says at the end. Killed where `GOAROUND_KILL_AT` says; with `kill_worker` its first worker, and no other, dies there.

Each flight is a fork of this process, which has everything imported: a sweep has hundreds of them. One order a line on
standard input (`folder`, `output`, `variables`, `kill_worker`), one line with the wait status for each.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from git_ground import Ground
from tiny_system import STORY, Tiny

from app.plain import Plain
from app.session import Session
from app.terminal_operator import AutoOperator

FIRST_WORKER_ONLY = (
    'if mkdir "$1" 2>/dev/null; then export GOAROUND_KILL_AT="$2"; else :>"$1/second"; fi; shift 2; exec "$@"'
)


class Counting(AutoOperator):
    """Tells, before the first key is pressed, how often the deploy command had run by then."""

    def __init__(self, session: Session, tiny: Tiny) -> None:
        super().__init__(session, STORY, print)
        self.tiny = tiny
        self.before: tuple[int, int] | None = None

    def ask(self, kind: str, prompt: str) -> str:
        if self.before is None:
            self.before = (self.tiny.begun(), self.tiny.ended())
        return super().ask(kind, prompt)


def fly(folder: Path, kill_worker: str) -> None:
    tiny = Tiny(folder, Ground(folder / "origin.git", folder / "clone", ()))
    session = tiny.session()
    plain_argv = session.worker_argv
    # What kills the cockpit is not meant for its worker.
    session.worker_argv = lambda incident: ("/usr/bin/env", "-u", "GOAROUND_KILL_AT", *plain_argv(incident))
    if kill_worker:
        flag = str(folder / "first-worker")
        session.worker_argv = lambda incident: (
            "/bin/sh", "-c", FIRST_WORKER_ONLY, "sh", flag, kill_worker, *plain_argv(incident)
        )  # fmt: skip
    operator = Counting(session, tiny)
    if not session.incident.id and session.journal.newest():
        session.open(session.journal.newest()[0].id)  # parked: as the operator opens it, by `--record` or `D`
    if not session.incident.signed:
        assert session.take_lease(), session.holder_line()
        Plain(session, operator).fly()
    one = session.incident
    end = {
        "outcome": one.closed.outcome if one.closed else "open",
        "target": one.closed.target if one.closed else "",
        "observed": one.closed.running if one.closed else "",
        "proven": one.proven,
        "executed": one.executed.person if one.executed else "",
        "verified": one.verified.person if one.verified else "",
        "live": tiny.running,
        "debts": len(one.debts),
    }
    session.close()
    session.journal.close()
    print(json.dumps({"end": end, "before": operator.before}))


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            descriptor = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for standard in (1, 2):
                os.dup2(descriptor, standard)
            os.environ.update(order["variables"])
            try:
                fly(Path(order["folder"]), order["kill_worker"])
            except BaseException:  # noqa: BLE001 - shown to the test, which fails by the status
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


main()
