"""The demo system is real: it breaks by its own source, heals by its own deploy command, and leaves nothing.

Every test runs the real parts: git, the web process, the deploy command, the visitors, the log file.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from process_looks import held
from waiting import until, within

from actions.model.errors import BadInput, GoaroundError, Refused
from app import demo_system
from app.demo_config import quoted
from app.demo_history import history
from app.demo_processes import TRAFFIC, WEB, Identity, OwnerWatch, end_process, read_identity
from app.demo_system import DemoSystem

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
ROOT = Path(demo_system.__file__).resolve().parent.parent
RIGHT = {"Host": "demo.example.org", "X-Forwarded-Proto": "https"}
PAGES = ("/", "/communities/", "/login/", "/health/", "/ready/")


def ask(
    system: DemoSystem, path: str, headers: dict[str, str] = RIGHT, method: str = "GET"
) -> tuple[int, str, float, http.client.HTTPMessage]:
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), time.monotonic() - begun, answer.headers
    finally:
        connection.close()


def deploy(system: DemoSystem, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """The deploy command exactly as the configuration has it."""
    command = tomllib.loads(system.config.read_text())["git"]["deploy"]
    filled = [part for part in command if part != "{ref}"] + list(arguments)
    return subprocess.run(filled, capture_output=True, text=True, timeout=60, check=False, **more)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def processes_of(folder: Path) -> list[Identity]:
    found = [read_identity(folder / part) for part in (WEB, TRAFFIC)]
    return [who for who in found if who is not None]


def deployments(system: DemoSystem) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (system.folder / "deployments.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSystem]:
    """One demo system for the tests that only look at it or deploy on it; its folder has a difficult name."""
    system = demo_system.build(datetime.now(UTC), tmp_path_factory.mktemp('d #1 %41 ? "é"'))
    try:
        demo_system.start(system)
        yield system
    finally:
        demo_system.stop(system)


@pytest.fixture
def broken(running: DemoSystem) -> DemoSystem:
    assert deploy(running, running.broken_ref, "--settle", "0").returncode == 0
    return running


@pytest.fixture
def older(running: DemoSystem) -> DemoSystem:
    """The same system with an older good release on the air, which ends at once when it is replaced."""
    tag = git(running.folder / "origin.git", "tag", "--sort=creatordate").split()[-3]
    assert deploy(running, tag, "--settle", "0").returncode == 0
    return running


@pytest.fixture
def built(tmp_path: Path) -> Iterator[DemoSystem]:
    """A demo system on disk that is not started."""
    system = demo_system.build(NOW, tmp_path / "demo")
    yield system
    demo_system.stop(system)


def test_starting_takes_less_than_four_seconds_and_ends_in_the_incident() -> None:
    """A newcomer sees the incident at once, in a folder that nobody else can read."""
    with contextlib.ExitStack() as end:

        def new_start() -> DemoSystem:
            end.close()  # of the one before it, if that was too slow
            system = demo_system.build(datetime.now(UTC))
            end.callback(demo_system.stop, system)
            demo_system.start(system)
            return system

        system = within(4, new_start)
        assert stat.S_IMODE(system.folder.stat().st_mode) == 0o700
        assert json.loads(ask(system, "/version")[1]) == {
            "commit": system.broken_sha,
            "release": system.broken_ref,
        }
        until(lambda: "Traceback" in system.log.read_text())
        assert system.log.read_text().count(" 200 ") > 150  # the good time before


def test_broken_release_fails_slowly_and_its_health_page_does_not_know(broken: DemoSystem) -> None:
    """A green /health/ proves nothing: the pages fail, slowly, and the log says why."""
    length = len(broken.log.read_text())
    status, _, seconds, _ = within(3, lambda: ask(broken, "/"))
    assert status == 500
    assert seconds >= 0.8
    status, body, _, _ = ask(broken, "/ready/")
    assert status == 503
    state = json.loads(body)
    assert (state["status"], state["database"], state["cache"]) == ("not_ready", False, True)
    until(lambda: json.loads(ask(broken, "/ready/")[1])["worker"] is False)
    status, body, _, _ = within(0.5, lambda: ask(broken, "/health/"))
    assert (status, json.loads(body)["status"]) == (200, "healthy")
    until(lambda: "WARNING register: Slow request" in broken.log.read_text()[length:], "the log of an answer")
    logged = broken.log.read_text()[length:]
    assert "ERROR register: Internal Server Error: /" in logged
    assert "sqlite3.OperationalError: no such column: c.ward_code" in logged
    assert datetime.fromisoformat(logged.splitlines()[-1].split()[0]).utcoffset() == timedelta(0)


def test_deploying_the_good_release_heals_the_site(broken: DemoSystem) -> None:
    """The way back is real: another process of another source, proven by the commit it reports."""
    before = read_identity(broken.folder / WEB)
    done = deploy(broken, broken.good_ref)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is deployed" in done.stdout.splitlines()[-1]
    assert json.loads(ask(broken, "/version")[1]) == {"commit": broken.good_sha, "release": broken.good_ref}
    for path in PAGES:
        status, _, _, _ = within(0.5, lambda path=path: ask(broken, path))  # type: ignore[misc]  # bound
        assert (path, status) == (path, 200)
    assert "Community register" in ask(broken, "/")[1]
    assert before is not None
    assert not before.alive()
    entry = deployments(broken)[-1]
    assert (entry["ref"], entry["sha"], entry["result"]) == (broken.good_ref, broken.good_sha, "ok")
    again = deploy(broken, broken.good_ref)
    assert (again.returncode, "runs already" in again.stdout) == (0, True)
    assert deployments(broken)[-1] == entry


def test_every_earlier_release_is_a_sound_target(running: DemoSystem) -> None:
    """Whichever earlier release the operator chooses, its pages work."""
    tags = git(running.folder / "origin.git", "tag", "--sort=creatordate").split()
    assert len(tags) == 6
    for tag in tags[:-1]:
        done = deploy(running, tag, "--settle", "0")
        assert (tag, done.returncode, done.stderr) == (tag, 0, "")
        assert [ask(running, path)[0] for path in PAGES] == [200] * len(PAGES)


def test_a_pushed_branch_and_a_full_id_can_be_deployed(older: DemoSystem) -> None:
    """The rollback branch that the cockpit pushes reaches the site without a checkout."""
    checkout = older.folder / "checkout"
    git(checkout, "push", "-q", "origin", f"{older.good_sha}:refs/heads/rollback-emergency-1")
    try:
        assert deploy(older, "rollback-emergency-1", "--settle", "0").returncode == 0
        assert json.loads(ask(older, "/version")[1])["commit"] == older.good_sha
        assert deploy(older, older.broken_sha, "--settle", "0").returncode == 0
        assert json.loads(ask(older, "/version")[1])["commit"] == older.broken_sha
    finally:
        git(checkout, "push", "-q", "origin", ":refs/heads/rollback-emergency-1")


def test_operators_own_edit_is_never_touched(older: DemoSystem) -> None:
    """What lies uncommitted in the operator's clone is there after any number of deployments."""
    checkout = older.folder / "checkout"
    before = (
        git(checkout, "status", "--porcelain"),
        git(checkout, "diff"),
        git(checkout, "rev-parse", "HEAD"),
    )
    assert before[0] == "M README.md"  # (stripped) one edit, of a tracked file
    assert deploy(older, older.good_ref, "--settle", "0").returncode == 0
    after = (
        git(checkout, "status", "--porcelain"),
        git(checkout, "diff"),
        git(checkout, "rev-parse", "HEAD"),
    )
    assert after == before


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"Host": "127.0.0.1", "X-Forwarded-Proto": "https"}, "GET", 400),
        ({"Host": "demo.example.org"}, "GET", 301),
        ({"Host": "demo.example.org", "X-Forwarded-Proto": "http"}, "GET", 301),
        (RIGHT, "HEAD", 405),
        (RIGHT, "POST", 405),
    ],
)
def test_site_is_as_particular_as_a_real_one(
    running: DemoSystem, headers: dict[str, str], method: str, status: int
) -> None:
    """A probe that asks wrongly learns nothing: 400, 301 and 405 as in production."""
    found, _, _, answered = ask(running, "/health/", headers, method)
    assert found == status
    if status == 301:
        assert answered["Location"] == "https://demo.example.org/health/"


@pytest.mark.parametrize(
    ("ref", "status", "reason"),
    [
        ("no-such-branch", 1, "is no branch, tag or full commit id"),
        ("e9a", 1, "is no branch, tag or full commit id"),
        ("0" * 40, 1, "is no branch, tag or full commit id"),
        ("a..b", 1, "is not a name that can be deployed"),
        ("$(id)", 1, "is not a name that can be deployed"),
        ("main\x1b]0;x\x07", 1, "is not a name that can be deployed"),
        ("", 1, "is not a name that can be deployed"),
        ("main^{/x}", 1, "is not a name that can be deployed"),
        ("--upload-pack=id", 2, "usage"),
    ],
)
def test_bad_refs_are_refused_in_one_line(running: DemoSystem, ref: str, status: int, reason: str) -> None:
    """A wrong ref changes nothing, and the deploy command says so in one plain line."""
    before = (
        (running.folder / "current").readlink(),
        read_identity(running.folder / WEB),
        deployments(running),
    )
    done = deploy(running, ref)
    assert done.returncode == status
    assert reason in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    if status == 1:
        assert len(done.stderr.splitlines()) == 1
    after = (
        (running.folder / "current").readlink(),
        read_identity(running.folder / WEB),
        deployments(running),
    )
    assert after == before


def test_a_name_with_two_meanings_is_refused(running: DemoSystem) -> None:
    """A branch named like a tag of another commit is an error, not a guess."""
    checkout = running.folder / "checkout"
    git(checkout, "push", "-q", "origin", f"{running.broken_sha}:refs/heads/{running.good_ref}")
    try:
        done = deploy(running, running.good_ref)
        assert (done.returncode, "ambiguous" in done.stderr) == (1, True)
    finally:
        git(checkout, "push", "-q", "origin", f":refs/heads/{running.good_ref}")


def test_two_deploys_never_run_at_once(older: DemoSystem) -> None:
    """While one deploy runs a second is refused, with the number of the first."""
    command = tomllib.loads(older.config.read_text())["git"]["deploy"][:1]
    with subprocess.Popen([*command, older.good_ref], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        first.stdout.readline()  # it says "fetch" with the lock in its hands
        with held(first.pid):
            second = deploy(older, older.broken_ref)
        first.stdout.read()
    assert first.returncode == 0
    assert second.returncode == 1
    assert f"another deploy is running (process {first.pid})" in second.stderr
    assert json.loads(ask(older, "/version")[1])["commit"] == older.good_sha


def test_a_terminated_deploy_is_recorded_and_the_next_one_works(older: DemoSystem) -> None:
    """ "Terminate now" leaves a history that says so, and nothing in the way of the next attempt."""
    command = tomllib.loads(older.config.read_text())["git"]["deploy"][:1]
    with subprocess.Popen(
        [*command, older.good_ref, "--settle", "600"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stderr is not None
        while "switch" not in first.stdout.readline():
            pass
        first.send_signal(signal.SIGTERM)
        first.stdout.read()
        assert first.stderr.read() == "deploy failed: stopped by SIGTERM\n"
    assert first.returncode == 1
    assert deployments(older)[-1]["result"] == "failed"
    assert deploy(older, older.good_ref, "--settle", "0").returncode == 0
    assert ask(older, "/")[0] == 200


def test_a_killed_deploy_leaves_nothing_in_the_way(older: DemoSystem) -> None:
    """kill -9 of the deploy between the stop and the start is healed by deploying again."""
    command = tomllib.loads(older.config.read_text())["git"]["deploy"][:1]
    with subprocess.Popen([*command, older.good_ref, "--settle", "0"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        while "stop" not in first.stdout.readline():
            pass
        first.kill()
    assert deploy(older, older.good_ref, "--settle", "0").returncode == 0
    assert json.loads(ask(older, "/version")[1])["commit"] == older.good_sha


def test_a_deploy_that_nobody_reads_still_ends_well(older: DemoSystem) -> None:
    """The reader of its output may die in the middle: the site is not left without a process."""
    command = tomllib.loads(older.config.read_text())["git"]["deploy"][:1]
    with subprocess.Popen([*command, older.good_ref, "--settle", "0"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        first.stdout.readline()
        first.stdout.close()
        assert first.wait(60) == 0
    assert json.loads(ask(older, "/version")[1])["commit"] == older.good_sha


def test_visitors_text_cannot_forge_log_lines(running: DemoSystem) -> None:
    """Escapes and line ends of a visitor reach the log as plain characters only."""
    ask(running, "/%0aforged%1b[2J", {**RIGHT, "User-Agent": "a\tb\x1b]0;x\x07"})
    until(lambda: "forged" in running.log.read_text())
    assert "\x1b" not in running.log.read_text()
    assert not any(line.startswith("forged") for line in running.log.read_text().splitlines())


def test_history_is_recent_and_the_same_for_the_same_now(built: DemoSystem, tmp_path: Path) -> None:
    """Commits and tags look like a shop's last weeks, by nobody who exists, and are reproducible."""
    origin = built.folder / "origin.git"
    other = demo_system.build(NOW, tmp_path / "other")
    try:
        assert (other.good_sha, other.broken_sha) == (built.good_sha, built.broken_sha)
    finally:
        demo_system.stop(other)
    dates = [int(line) for line in git(origin, "log", "--reverse", "--format=%ct").splitlines()]
    assert len(dates) == 12
    assert dates == sorted(dates)
    assert NOW - timedelta(days=60) < datetime.fromtimestamp(dates[0], UTC)
    assert datetime.fromtimestamp(dates[-1], UTC) < NOW
    people = set(git(origin, "log", "--format=%ae %ce").split())
    assert all(address.endswith("@example.org") for address in people)
    kinds = git(origin, "for-each-ref", "--format=%(objecttype) %(refname:strip=2)", "refs/tags").splitlines()
    assert [kind.split()[0] for kind in kinds] == ["tag"] * 6
    assert (built.good_ref, built.broken_ref) == ("2026.10.31", "2026.11.03")
    assert git(origin, "rev-parse", f"{built.good_ref}^{{commit}}") == built.good_sha
    assert git(origin, "fsck", "--strict") == ""


@pytest.mark.parametrize("now", [NOW, datetime(2027, 1, 1, 0, 10, tzinfo=UTC), datetime(2028, 3, 1, 0, 0, tzinfo=UTC)])
def test_tags_are_distinct_and_in_order_at_any_time(now: datetime) -> None:
    """Over midnight, the new year and leap days the releases keep their order and never share a name."""
    tags = [release.tag for release in history(now).releases]
    assert len(set(tags)) == 6
    assert tags == sorted(tags)


def test_past_deployments_agree_with_the_tags(built: DemoSystem) -> None:
    """Every entry of the history names a tag's commit and a time after that tag."""
    origin = built.folder / "origin.git"
    entries = deployments(built)
    assert [entry["result"] for entry in entries].count("failed") == 1
    assert entries[-1]["sha"] == built.good_sha
    for entry in entries:
        assert git(origin, "rev-parse", f"{entry['ref']}^{{commit}}") == entry["sha"]
        tagged = int(git(origin, "for-each-ref", "--format=%(creatordate:unix)", f"refs/tags/{entry['ref']}"))
        assert datetime.fromtimestamp(tagged, UTC) < datetime.fromisoformat(entry["when"]) < NOW


def test_configuration_is_toml_that_names_this_system(running: DemoSystem) -> None:
    """The configuration holds, after parsing, the very paths, whatever characters the folder's name has."""
    found = tomllib.loads(running.config.read_text())
    assert found["system"]["logs"] == [str(running.log)]
    assert found["system"]["environment"] == "drill"
    assert found["git"]["repository"] == str(running.folder / "checkout")
    assert found["git"]["deploy"] == [str(running.folder / "bin" / "deploy"), "{ref}"]
    assert found["git"]["running"]["headers"] == RIGHT
    assert [probe["name"] for probe in found["probe"]] == ["health", "ready", "front page"]


@pytest.mark.parametrize("text", ['a"b\\c', "tab\tnew\nline\rbell\x07", "\x7f\x00\x1f", "é 漢 😀 \u2028"])
def test_quoting_survives_any_text(text: str) -> None:
    """A TOML string written here is read back as it was."""
    assert tomllib.loads(f"key = {quoted(text)}")["key"] == text


def test_quoting_refuses_what_toml_cannot_hold() -> None:
    """A path of undecodable bytes is refused with the next move, not written damaged."""
    with pytest.raises(BadInput) as caught:
        quoted("x\udcff")
    assert caught.value.next_move


def test_hostile_git_settings_reach_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's GIT_* variables, hooks and templates neither move the demo nor are moved by it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings = tmp_path / "settings"
    settings.write_text("[core]\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n[init]\n\tdefaultBranch = other\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TEMPLATE_DIR"):
        monkeypatch.setenv(name, str(elsewhere))
    system = demo_system.build(NOW, tmp_path / "demo")
    try:
        done = deploy(system, system.good_ref, "--settle", "0")
        assert (done.returncode, done.stderr) == (0, "")
        assert b"\r\n" not in (system.folder / "checkout" / "site.py").read_bytes()
        assert list(elsewhere.iterdir()) == []
    finally:
        demo_system.stop(system)


def test_without_git_it_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git gets one line with the next move."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoaroundError, match="git is not installed") as caught:
        demo_system.build(NOW, tmp_path / "demo")
    assert caught.value.next_move == "install git"
    assert not (tmp_path / "demo").exists()


def test_failing_git_leaves_no_half_built_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that fails in the middle ends in one of our errors, and the folder is gone."""
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nprintf 'fatal: \\033[2Jno\\n' >&2\nexit 128\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    with pytest.raises(GoaroundError) as caught:
        demo_system.build(NOW, tmp_path / "demo")
    assert "\x1b" not in caught.value.line()
    assert not (tmp_path / "demo").exists()


def test_only_an_empty_folder_is_built_in_and_only_a_demo_is_removed(tmp_path: Path, built: DemoSystem) -> None:
    """Nobody's files are mixed with the demo's, and nothing but a demo is ever deleted."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("kept")
    with pytest.raises(BadInput, match="empty folder"):
        demo_system.build(NOW, mine)
    (mine / "demo.json").write_bytes((built.folder / "demo.json").read_bytes())  # a copied marker
    link = tmp_path / "link"
    link.symlink_to(built.folder)
    assert demo_system.is_demo_folder(built.folder)
    assert not demo_system.is_demo_folder(mine)
    assert not demo_system.is_demo_folder(link)
    assert not demo_system.is_demo_folder(tmp_path / "absent")
    pretender = DemoSystem(mine, built.config, 1, "", "", "", "", built.log)
    with pytest.raises(Refused):
        demo_system.stop(pretender)
    assert (mine / "thesis.txt").read_text() == "kept"
    with pytest.raises(BadInput):
        demo_system.load(mine)
    assert demo_system.load(built.folder) == built


def test_stop_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    """The demo leaves nothing behind, also when it is stopped twice or in the middle of a deploy."""
    system = demo_system.build(NOW, tmp_path / "demo")
    demo_system.start(system)
    command = tomllib.loads(system.config.read_text())["git"]["deploy"][:1]
    words = [*command, system.good_ref, "--settle", "600"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        with held(busy.pid):
            started = processes_of(system.folder)
            assert len(started) == 2
            assert all(who.alive() for who in started)
        demo_system.stop(system)
        busy.communicate(timeout=60)
    assert busy.returncode == 1
    assert not system.folder.exists()
    assert not any(who.alive() for who in started)
    with pytest.raises(ConnectionRefusedError):
        ask(system, "/health/")
    demo_system.stop(system)


OWNER_PROGRAM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from app import demo_system
system = demo_system.build(datetime.now(UTC), Path(sys.argv[1]))
demo_system.start(system, keep_seconds=float(sys.argv[2]))
print("ready", flush=True)
time.sleep(600)
"""


def killed_owner(folder: Path, keep_seconds: float) -> tuple[DemoSystem, list[Identity]]:
    """A demo system whose owner was killed by SIGKILL a moment ago, and the processes that it had."""
    command = [sys.executable, "-c", OWNER_PROGRAM, str(folder), str(keep_seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        system = demo_system.load(folder)
        started = processes_of(folder)
        owner.kill()
    return system, started


def test_a_killed_owner_leaves_nothing_behind_for_ever(tmp_path: Path) -> None:
    """After kill -9 of the cockpit, and nobody's return, processes and folder go by themselves."""
    system, started = killed_owner(tmp_path / "demo", 1.0)
    assert len(started) == 2
    until(lambda: not any(who.alive() for who in started))
    until(lambda: not system.folder.exists())


def test_a_killed_owner_can_come_back(tmp_path: Path) -> None:
    """The site lives on for the cockpit that is started again, also one that was deployed meanwhile."""
    system, _ = killed_owner(tmp_path / "demo", 600.0)
    try:
        assert deploy(system, system.good_ref, "--settle", "0").returncode == 0
        demo_system.adopt(system)
        assert json.loads(ask(system, "/version")[1])["commit"] == system.good_sha
        assert len(processes_of(system.folder)) == 2
        assert all(who.alive() for who in processes_of(system.folder))
    finally:
        demo_system.stop(system)
    assert not system.folder.exists()


def test_watch_counts_from_the_owners_end_and_forgets_when_somebody_returns(built: DemoSystem) -> None:
    """The time to come back runs from the owner's end, starts anew with a new owner, and ends in the end."""
    now = 0.0
    watch = OwnerWatch(built.folder, lambda: now)
    now = 10_000.0
    assert not watch.over()
    with subprocess.Popen(["true"]) as gone:
        pass
    (built.folder / "owner.json").write_text(json.dumps({"pid": gone.pid, "started": "1", "keep_seconds": 600}))
    now += 599
    assert not watch.over()
    demo_system.adopt(built)
    assert not watch.over()
    (built.folder / "owner.json").write_text(json.dumps({"pid": gone.pid, "started": "1", "keep_seconds": 600}))
    now += 600
    assert (watch.over(), watch.abandoned) == (True, True)
    demo_system.adopt(built)
    (built.folder / "stop").touch()
    fresh = OwnerWatch(built.folder, lambda: now)
    assert (fresh.over(), fresh.abandoned) == (True, False)


def test_no_process_is_ended_by_its_number_alone() -> None:
    """A later process that got the number of an earlier one is left alone."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        assert end_process(Identity(bystander.pid, "another start"), 0.1) == "was not running"
        assert end_process(Identity(bystander.pid, None), 0.1).startswith("was left alone")
        assert bystander.poll() is None
        bystander.kill()


def test_importing_the_demo_loads_nothing_heavy() -> None:
    """The command line stays quick: the demo's modules bring no screen, client or git library."""
    heavy = ("textual", "rich", "httpx", "git", "docker", "psycopg", "pydantic", "msgspec")
    program = f"import sys, app.demo_system; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
