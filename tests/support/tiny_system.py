"""A real system as small as can be: a git remote, a deploy command, and a file that says what runs. No mocks.

`build` takes a fraction of a second. The deploy command counts its beginnings and ends, waits while a file `hold`
is there, and can be told to talk: tests steer it by files, never by time.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from git_ground import Ground, commit, git, make_ground
from waiting import until

from actions.model.checklist import State  # noqa: F401 - a name for the lines of obedient cockpits
from actions.model.clock import Clock, SystemClock, stamp
from actions.model.debts import holding
from actions.model.errors import GoaroundError
from actions.model.matrix import Decision, Inputs
from actions.model.plan import Plan
from app.debt_desk import pay
from app.session import Session
from app.settings import load
from app.store import open_session
from app.who import real_login

TOKEN = "tiny-Canary/7f3a+q=9!x&z"
"""A secret whose base64 and URL forms differ from it."""

DEPLOY = """#!/bin/sh
# deploy REF: whatever REF is on the remote runs from now on
set -eu
echo "$1 $$" >> '{folder}/begun'
echo "deploying $1"
if [ -e '{folder}/talk' ]; then cat '{folder}/talk'; env | grep ^TINY_ || true; fi
if [ -e '{folder}/daemon' ]; then
  sleep 600 >/dev/null 2>&1 </dev/null &
  echo $! > '{folder}/daemon.pid'
fi
while [ -e '{folder}/hold' ]; do sleep 0.02; done
sha=$(git --git-dir='{folder}/origin.git' rev-parse --verify "refs/heads/$1^{{commit}}")
printf '%s\\n' "$sha" > '{folder}/running.partial'
mv '{folder}/running.partial' '{folder}/running'
echo "$sha" >> '{folder}/ended'
"""

CONFIG = """\
[system]
name = "tiny"
environment = "drill"
logs = ["{folder}/site.log"]

[git]
repository = "{folder}/clone"
deploy = ["{folder}/deploy", "{{ref}}"]
running = {{ command = ["cat", "{folder}/running"] }}

[prove]
passes = 1
seconds = 0

[people]
ops1 = {{ name = "First Operator", roles = ["devops-lead"] }}
ops2 = {{ name = "Second Operator", roles = ["tech-manager"] }}
{me}
"""

ME = f'{json.dumps(real_login())} = {{ name = "Whoever runs the tests", roles = ["devops-lead"] }}'
"""The login that commands of their own processes run under: it may fly."""

PROCEDURE = """\
# A tiny way back

## Before (20 minutes)

- [ ] caused by the deployment, not by something outside <!-- code: A1 -->
- [ ] problem written down: messages, pages, reports <!-- code: A2 -->
- [ ] errors, response times and database load looked at <!-- code: A3 -->
- [ ] decision made <!-- code: D1 --> <!-- sensed: decision -->
- [ ] release to go back to chosen <!-- code: D2 --> <!-- sensed: target -->
- [ ] management, developers and support told <!-- code: C1 -->

## After (within 30 minutes)

- [ ] critical workflows tested <!-- code: S1 -->
- [ ] users told that it is solved <!-- code: S2 -->
- [ ] incident report begun <!-- code: S3 -->
- [ ] root-cause analysis scheduled <!-- code: S4 -->
- [ ] forward fix planned <!-- code: S5 -->
"""
"""A document of its own, so that no flight waits for what is sensed over a whole window."""

FOLLOWED = '\n[procedure]\nfile = "rollback.md"\n'

STORY = {
    "title": "pages fail",
    "severity": "High",
    "users": "60-80",
    "data risk": "Low",
    "executed": "ops1",
    "verified": "ops2",
}
"""What the operator answers; every other question is answered by Enter."""


class QuickClock(SystemClock):
    """The clocks of this machine; who waits looks again sooner."""

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))


@dataclass(frozen=True)
class Tiny:
    """The system: its newest release v3 runs."""

    folder: Path
    ground: Ground

    @property
    def config(self) -> Path:
        return self.folder / "goaround.toml"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def running(self) -> str:
        """What runs, as the system itself tells it."""
        return (self.folder / "running").read_text().strip()

    @property
    def target(self) -> str:
        """The release before the one that runs at first."""
        return self.ground.shas[-2]

    @property
    def former(self) -> str:
        return self.ground.shas[-1]

    def begun(self) -> int:
        """How often the deploy command was started."""
        return _lines(self.folder / "begun")

    def ended(self) -> int:
        """How often it came to its end."""
        return _lines(self.folder / "ended")

    def hold(self) -> None:
        """Deployments wait from now on."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        """Deployments go on."""
        (self.folder / "hold").unlink(missing_ok=True)

    def deploy_pid(self) -> int:
        """Process id of the newest deploy command."""
        return int((self.folder / "begun").read_text().split()[-1])

    def session(self, who: str = "ops1", clock: Clock | None = None) -> Session:
        """A session on this system; opened on what is under way, no lease taken."""
        session = open_session(load(self.config), store=str(self.store), acting_as=who, clock=clock or QuickClock())
        session.open()
        return session

    def without_me(self) -> None:
        """Whoever runs the tests is nobody of the configured people."""
        self.config.write_text(self.config.read_text().replace(ME, ""))

    def follow_the_built_in(self) -> None:
        """The built-in procedure, instead of the tiny one."""
        self.config.write_text(self.config.read_text().replace(FOLLOWED, ""))

    def tell_deployments(self, *minutes_ago: float) -> None:
        """A history of deployments from now on: the releases, oldest first, each so many minutes ago."""
        rows = []
        for number, (sha, minutes) in enumerate(zip(self.ground.shas, minutes_ago, strict=True), start=1):
            at = stamp(datetime.now(UTC) - timedelta(minutes=minutes))
            rows.append(json.dumps({"at": at, "ref": f"v{number}", "sha": sha, "result": "ok"}) + "\n")
        path = self.folder / "deployments.jsonl"
        path.write_text("".join(rows))
        text = self.config.read_text()
        if "deployments =" not in text:
            self.config.write_text(text.replace("\n[git]\n", f'\n[git]\ndeployments = "{path}"\n'))

    def add_to_config(self, text: str) -> None:
        with self.config.open("a") as file:
            file.write(text)


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def build(folder: Path) -> Tiny:
    """Build it in a folder, which may be new."""
    folder.mkdir(parents=True, exist_ok=True)
    ground = make_ground(folder, count=3)
    script = folder / "deploy"
    script.write_text(DEPLOY.format(folder=folder))
    script.chmod(0o755)
    (folder / "running").write_text(ground.shas[-1] + "\n")
    (folder / "site.log").write_text("GET / 500\n" * 5)
    tiny = Tiny(folder, ground)
    (folder / "rollback.md").write_text(PROCEDURE)
    tiny.config.write_text(CONFIG.format(folder=folder, me=ME) + FOLLOWED)
    return tiny


def copy(template: Tiny, folder: Path) -> Tiny:
    """The same system once more, with its own paths; quicker than building."""
    shutil.copytree(template.folder, folder, symlinks=True)
    ground = Ground(folder / "origin.git", folder / "clone", template.ground.shas)
    for name in ("clone/.git/config", "work/.git/config", "deploy", "goaround.toml"):
        path = folder / name
        path.write_text(path.read_text().replace(str(template.folder), str(folder)))
    return Tiny(folder, ground)


def decided(session: Session) -> None:
    """Declare and decide to roll back."""
    if not session.driver:
        assert session.take_lease()
    session.declare("pages fail")
    session.set_inputs(Inputs("High", 60, 80, "Low"))
    session.decide(Decision.ROLL_BACK)


def drawn(session: Session, tiny: Tiny) -> Plan:
    """Declare, decide, and draw the plan to the target."""
    decided(session)
    release = next(one for one in session.releases() if one.commit == tiny.target)
    return session.draw(release)


def settle(session: Session) -> str:
    """Look after the running step until its end is on record; the words that were shown."""
    said: list[str] = []

    def over() -> bool:
        session.sync()
        if session.incident.running is None:
            return True
        word = session.look_after()
        if word and word not in said:
            said.append(word)
        return False

    until(over, lambda: f"the end of a step; said: {said}")
    return "\n".join(said)


def run(session: Session, code: str, *, undo: bool = False) -> str:
    """Start a step, await its recorded end; its outcome in words."""
    session.start(code, armed="enter", undo=undo)
    settle(session)
    last = session.incident.runs[-1]
    return last.outcome.value if last.outcome else f"resolved {last.resolved.value if last.resolved else '?'}"


def begin_deploy(session: Session, tiny: Tiny) -> None:
    """Everything up to a deploy command that has begun and waits."""
    drawn(session, tiny)
    for code in ("B1", "B2", "X1"):
        assert run(session, code) == "done"
    tiny.hold()
    session.start("X2", armed="enter")
    until(lambda: tiny.begun() == 1, "the deploy command")


def finish(session: Session) -> None:
    """Run what is left of the plan but what nobody asks for, tick the rest, close as recovered."""
    assert session.incident.plan is not None
    for step in session.incident.plan.steps:
        last = session.incident.last_run(step.code)
        if not step.optional and (last is None or not last.took):
            assert run(session, step.code) == "done", session.incident.runs[-1].summary
    pay_what_is_bent(session)
    session.close_incident("recovered")


def pay_what_is_bent(session: Session) -> None:
    """With words, as whoever straightened it by hand: nothing keeps the record open."""
    for one in holding(session.incident.debts):
        pay(session, one.name, "removed by hand")


def children_of_session(sid: int) -> list[int]:
    """Living processes of a worker's session, the worker itself left out."""
    from actions.engine.processes import session_members

    return list(session_members(sid))


def spellings(secret: str) -> dict[str, bytes]:
    """Forms in which a secret must stand nowhere."""
    raw = secret.encode()
    return {
        "plain": raw,
        "base64": base64.b64encode(raw).rstrip(b"="),
        "base64 url": base64.urlsafe_b64encode(raw).rstrip(b"="),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "url plus": urllib.parse.quote_plus(secret).encode(),
    }


def moved_on(ground: Ground) -> str:
    """Somebody pushes a new release to main; its id."""
    work = ground.remote.parent / "work"
    (work / "app.py").write_text("VERSION = 4\n")
    git(work, "add", "app.py")
    sha = commit(work, "Release 4", 1793523600 + 86400 * 4)
    git(work, "push", "-q", "origin", "main")
    return sha


def refused(wish: Callable[[], object]) -> str:
    """The reason with which a wish is refused."""
    try:
        wish()
    except GoaroundError as error:
        return error.line()
    raise AssertionError("it was not refused")


def environment(tiny: Tiny, **changes: str) -> dict[str, str]:
    """The environment of a child process of a test."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join((root, str(Path(__file__).parent)))
    return {**os.environ, "PYTHONPATH": paths, "GOAROUND_STATE_DIR": str(tiny.store), **changes}


PYTHON = sys.executable
