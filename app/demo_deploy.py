"""The deploy command of the demo system: puts one commit of origin on the air, and says what it did.

    deploy.py REF [--settle SECONDS]     REF is a branch, a tag, or a full commit id

It is copied to the demo's ``bin/`` and knows only its own folder. Fetch, resolve to a full id, export to
``releases/<12 digits>/``, write REVISION, point ``current`` at it, stop the old web process, start the new
one, wait until it answers. As in many real shops it looks only at ``/health/`` and at the commit, so it will
call a broken release deployed: whether the pages work is for others to prove.
Exit status: 0 deployed (or it ran already), 1 failed, with one line on stderr, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the copy in bin/ lies beside its helper
if TYPE_CHECKING:
    from app.demo_processes import (
        DEPLOY,
        DEPLOY_LOCK,
        MARKER,
        STOP,
        WEB,
        end_process,
        read_identity,
        read_json,
        write_identity,
    )
else:
    from demo_processes import (
        DEPLOY,
        DEPLOY_LOCK,
        MARKER,
        STOP,
        WEB,
        end_process,
        read_identity,
        read_json,
        write_identity,
    )

ANSWER_SECONDS = 10.0
DRAIN_SECONDS = 3.0
FULL_ID = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,199}")


class Failed(Exception):
    """The deployment failed; its text is the one line that says why."""


def say(word: str, text: str) -> None:
    """One line of progress, with the time in UTC."""
    now = datetime.now(UTC)
    try:
        print(f"{now:%H:%M:%S}.{now.microsecond // 1000:03d}Z  {word:<8} {text}", flush=True)
    except BrokenPipeError:  # nobody reads any more; the deployment still has to end well
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def git(folder: Path, *arguments: str, check: bool = True) -> bytes:
    """Run git on the deploy command's own copy of origin; nothing from the caller's git settings counts."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    surroundings |= {"HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    surroundings |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", f"--git-dir={folder / 'run' / 'mirror.git'}", *arguments]
    try:
        done = subprocess.run(
            command, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    except FileNotFoundError as error:
        raise Failed("git is not installed or not on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"git {arguments[0]} did not end within 60 s") from error
    if check and done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise Failed(f"git {arguments[0]} failed (exit {done.returncode}): {lines[-1]!a}")
    return done.stdout if done.returncode == 0 else b""


def fetch(folder: Path) -> None:
    """Bring the deploy command's own copy of origin up to date; origin itself is never written."""
    if not (folder / "run" / "mirror.git" / "HEAD").exists():
        git(folder, "init", "--quiet", "--bare")
    specs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    git(
        folder,
        "-c",
        "gc.auto=0",
        "fetch",
        "--quiet",
        "--prune",
        "--no-tags",
        str(folder / "origin.git"),
        *specs,
    )


def resolve(folder: Path, ref: str) -> str:
    """The full commit id that ``ref`` means; a name that means two commits is refused."""
    meanings = {}
    spellings = {"branch": f"refs/heads/{ref}", "tag": f"refs/tags/{ref}"}
    if FULL_ID.fullmatch(ref):
        spellings["commit"] = ref
    for kind, spelling in spellings.items():
        found = git(
            folder,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{spelling}^{{commit}}",
            check=False,
        )
        if found:
            meanings[kind] = found.decode("ascii").strip()
    if not meanings:
        raise Failed(f"{ref} is no branch, tag or full commit id of origin")
    if len(set(meanings.values())) > 1:
        raise Failed(f"{ref} is ambiguous: it names different commits as {' and as '.join(meanings)}")
    return next(iter(meanings.values()))


def release_name(folder: Path, sha: str, ref: str) -> str:
    """The tag of the commit; the ref itself where there is none."""
    tags = git(folder, "for-each-ref", f"--points-at={sha}", "--format=%(refname:strip=2)", "refs/tags")
    return next(iter(tags.decode("utf-8", "replace").split()), ref)


def export(folder: Path, sha: str, release: str) -> Path:
    """The commit's tree in ``releases/<12 digits>/`` with its REVISION; there whole or not at all."""
    target = folder / "releases" / sha[:12]
    if (read_json(target / "REVISION") or {}).get("commit") == sha:
        return target
    for leftover in (target, *target.parent.glob(".new-*")):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = target.with_name(f".new-{sha[:12]}-{os.getpid()}")
    fresh.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(git(folder, "archive", "--format=tar", sha))) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(fresh, filter="data")
        else:  # Python 3.11.0 to 3.11.3; the archive is git's own, of our own repository
            archive.extractall(fresh)
    if not (fresh / "site.py").is_file():
        raise Failed(f"commit {sha[:12]} holds no site.py")
    revision = {"commit": sha, "release": release}
    (fresh / "REVISION").write_text(json.dumps(revision) + "\n", "utf-8")
    fresh.replace(target)
    return target


def ask(settings: dict[str, Any], path: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of one page of the site; status 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", int(settings["port"]), timeout=2)
    try:
        connection.request("GET", path, headers={"Host": settings["host"], "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        found = json.loads(answer.read(100_000))
        return answer.status, found if isinstance(found, dict) else {}
    except (OSError, ValueError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()


def switch(folder: Path, target: Path) -> None:
    """Point ``current`` at the release, in one step."""
    fresh = folder / f".current-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.relative_to(folder))
    fresh.replace(folder / "current")


def start_web(folder: Path) -> subprocess.Popen[bytes]:
    """Start the web process of ``current`` in a session of its own, and write its pid file."""
    if (folder / STOP).exists() or not (folder / MARKER).exists():
        raise Failed("the demo system is being removed")
    command = [sys.executable, "-I", "-S", str(folder / "bin" / "serve.py"), str(folder)]
    with (folder / "log" / "serve.out").open("ab") as output:
        web = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    write_identity(folder / WEB, web.pid)
    return web


def wait_for(folder: Path, settings: dict[str, Any], web: subprocess.Popen[bytes], sha: str, settle: float) -> None:
    """Wait until the new process answers with its commit, then watch it for ``settle`` seconds."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while ask(settings, "/version")[1].get("commit") != sha:
        if web.poll() is not None:
            raise Failed(f"the new web process ended (exit {web.returncode}); see {folder / 'log' / 'serve.out'}")
        if time.monotonic() > deadline:
            raise Failed(f"the new web process does not answer after {ANSWER_SECONDS:.0f} s")
        time.sleep(0.03)
    say("watch", f"process {web.pid} answers; watching it for {settle:.1f} s")
    deadline = time.monotonic() + settle
    while True:
        status, _ = ask(settings, "/health/")
        if web.poll() is not None or status != 200:
            raise Failed(f"the new web process did not stay up: /health/ gave {status or 'no answer'}")
        if time.monotonic() >= deadline:
            return
        time.sleep(0.1)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the deploy lock; a second deploy is refused with the name of the first."""
    with (folder / DEPLOY_LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = read_identity(folder / DEPLOY)
            raise Failed(f"another deploy is running (process {other.pid if other else 'unknown'})") from error
        write_identity(folder / DEPLOY, os.getpid())
        yield


def record(folder: Path, **entry: Any) -> None:
    """Add one line to the history of deployments."""
    line = json.dumps({"when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **entry})
    with (folder / "deployments.jsonl").open("a", encoding="utf-8") as history:
        history.write(line + "\n")


def deploy(folder: Path, settings: dict[str, Any], ref: str, settle: float) -> None:
    """One deployment from end to end; its result is written to the history, a failure too."""
    begun = time.monotonic()
    say("fetch", "origin")
    fetch(folder)
    sha = resolve(folder, ref)
    release = release_name(folder, sha, ref)
    say("resolve", f"{ref} is {sha} ({release})")
    if ask(settings, "/version")[1].get("commit") == sha:
        say("done", f"{release} runs already; nothing to do")
        return
    entry = {"ref": ref, "sha": sha, "release": release}
    try:
        target = export(folder, sha, release)
        say("export", f"{target.relative_to(folder)}, with its REVISION")
        switch(folder, target)
        say("switch", f"current is {target.relative_to(folder)}")
        old = read_identity(folder / WEB)
        if old is not None:
            say("stop", f"old web process {old.pid} {end_process(old, DRAIN_SECONDS)}")
        web = start_web(folder)
        say("start", f"web process {web.pid} on port {settings['port']}")
        wait_for(folder, settings, web, sha, settle)
    except BaseException as error:  # also SIGTERM: the history says how every deployment ended
        record(folder, **entry, result="failed", reason=str(error), seconds=round(time.monotonic() - begun, 2))
        raise
    record(folder, **entry, result="ok", seconds=round(time.monotonic() - begun, 2))
    say("done", f"{release} ({sha[:12]}) is deployed, after {time.monotonic() - begun:.1f} s")


def stopped(number: int, _frame: object) -> None:
    """Turn a signal into a failure, so that it is recorded and the lock is let go in order."""
    raise Failed(f"stopped by {signal.Signals(number).name}")


def main(arguments: list[str]) -> int:
    """Parse the arguments and deploy."""
    parser = argparse.ArgumentParser(prog="deploy", description="Deploy one commit of origin.")
    parser.add_argument("ref", help="branch, tag or full commit id")
    parser.add_argument("--settle", type=float, default=1.0, help="seconds to watch the new process (default 1)")
    given = parser.parse_args(arguments)
    folder = Path(__file__).resolve().parent.parent
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stopped)
    try:
        settings = read_json(folder / MARKER)
        if settings is None:
            raise Failed(f"{folder} is not a demo system")
        if not NAME.fullmatch(given.ref) or ".." in given.ref:
            raise Failed(f"{given.ref!a} is not a name that can be deployed")
        with only_one(folder):
            deploy(folder, settings, given.ref, given.settle)
    except (Failed, OSError, tarfile.TarError) as error:
        print(f"deploy failed: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
