"""The Compose demo is real: it breaks by its own source, goes back by the product's own steps, and leaves nothing."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from compose_stack import PROJECT, inspect, run
from engine_images import ImageBuilder
from waiting import until, within

from actions.model.errors import BadInput, GoaroundError, Refused
from app import demo_compose, demo_compose_needs
from app.demo import DemoOptions, run_demo
from app.demo_compose import DemoStack
from app.demo_compose_engine import LABEL, take_down
from app.demo_compose_file import SERVICES, compose_file
from app.demo_compose_image import Image, write_images
from app.demo_compose_needs import find_busybox, is_static
from app.demo_compose_site import stack_releases
from app.demo_processes import TRAFFIC, read_identity

pytestmark = pytest.mark.timeout(180)

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
ROOT = Path(demo_compose.__file__).resolve().parent.parent
RIGHT = {"Host": "demo.example.org", "X-Forwarded-Proto": "https"}


def ask(stack: DemoStack, path: str, headers: dict[str, str] = RIGHT, method: str = "GET") -> tuple[int, str, float]:
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), time.monotonic() - begun
    finally:
        connection.close()


def container(stack: DemoStack, service: str) -> str:
    """The id of the only container of a service, running or not."""
    labels = (f"label={PROJECT}={stack.name}", f"label=com.docker.compose.service={service}")
    (one,) = run("docker", "ps", "-aq", *(word for label in labels for word in ("--filter", label))).split()
    return one


def image_id(reference: str) -> str:
    return run("docker", "image", "inspect", "--format", "{{.Id}}", reference).strip()


def log_of(stack: DemoStack, service: str) -> str:
    one = container(stack, service)
    done = subprocess.run(["docker", "logs", one], capture_output=True, text=True, check=True, timeout=110)
    return done.stdout + done.stderr


def migrations(stack: DemoStack) -> list[str]:
    """The releases whose migration ran, one for each run, oldest first."""
    lines = run("docker", "exec", container(stack, "web"), "cat", "/data/migrations.log").splitlines()
    return [line.split()[1] for line in lines]


def left_on_engine(name: str) -> str:
    """Everything of a demo that the engine still has."""
    project, label = f"label={PROJECT}={name}", f"label={LABEL}={name}"
    return (
        run("docker", "ps", "-aq", "--filter", project)
        + run("docker", "network", "ls", "-q", "--filter", project)
        + run("docker", "volume", "ls", "-q", "--filter", project)
        + run("docker", "image", "ls", "-aq", "--filter", label)
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """One broken stack for the tests that only look at it; its folder has a difficult name."""
    stack = demo_compose.build(datetime.now(UTC), tmp_path_factory.mktemp('d #1 %41 $x "é"'))
    try:
        demo_compose.start(stack)
        yield stack
    finally:
        demo_compose.stop(stack)


@dataclass
class Flown:
    """What was seen of the stack when it was broken, and before it was taken away."""

    stack: DemoStack
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def look(stack: DemoStack) -> dict[str, Any]:
    return {
        "file": hashlib.sha256(stack.file.read_bytes()).hexdigest(),
        "files": sorted(path.name for path in stack.file.parent.iterdir()),
        "images": {service: inspect(container(stack, service), "{{.Image}}") for service in SERVICES},
        "migrations": migrations(stack),
        "migrate": inspect(container(stack, "migrate"), "{{.Id}} {{.State.StartedAt}}"),
        "redis": inspect(container(stack, "redis"), "{{.Id}} {{.State.StartedAt}}"),
        "good": image_id(f"{stack.name}:{stack.good_ref}"),
        "broken": image_id(f"{stack.name}:{stack.broken_ref}"),
        "pages": [ask(stack, path)[0] for path in ("/", "/communities/", "/ready/")],
        "running": json.loads(ask(stack, "/version")[1])["release"],
    }


@pytest.mark.docker
@pytest.mark.parametrize("tool", ["v2", "v1"])
def test_the_command_ends_recovered(
    tool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`goaround demo --compose --auto --json`: the file keeps its bytes, all services run the target, no migration."""
    flown: list[Flown] = []
    build, start, stop = demo_compose.build, demo_compose.start, demo_compose.stop

    def started(stack: DemoStack, **more: Any) -> None:
        start(stack, **more)
        flown.append(Flown(stack, before=look(stack)))

    def stopped(stack: DemoStack) -> None:
        flown[-1].after = look(stack)
        stop(stack)

    monkeypatch.setattr(demo_compose, "build", partial(build, tool=tool))
    monkeypatch.setattr(demo_compose, "start", started)
    monkeypatch.setattr(demo_compose, "stop", stopped)
    assert run_demo(DemoOptions(auto=True, plain=True, json=True, compose=True)) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    (one,) = flown
    before, after, stack = one.before, one.after, one.stack

    assert (told["outcome"], told["option"], told["verified_by"]) == ("recovered", "compose", "ops2")
    assert told["target"] == told["running"] == after["good"]
    assert before["images"] == dict.fromkeys(SERVICES, before["broken"])
    assert before["pages"] == [500, 500, 503]
    assert after["images"] == dict.fromkeys(SERVICES, after["good"])
    assert (after["pages"], after["running"]) == ([200, 200, 200], stack.good_ref)
    assert (
        after["file"]
        == before["file"]
        == hashlib.sha256(compose_file(stack.name, stack.broken_ref).encode()).hexdigest()
    )
    assert set(after["files"]) - set(before["files"]) == {f"goaround-{told['id'].lower()}.override.yml"}
    assert before["migrations"] == [stack.good_ref, stack.broken_ref]
    assert (after["migrations"], after["migrate"]) == (before["migrations"], before["migrate"])
    assert after["redis"] == before["redis"]
    assert left_on_engine(stack.name) == ""
    assert not stack.folder.exists()


@pytest.mark.docker
def test_broken_release_fails_slowly_and_its_health_page_does_not_know(running: DemoStack) -> None:
    """A green health check proves nothing: the pages fail, slowly, and the containers' logs say why."""
    status, _, seconds = within(5, lambda: ask(running, "/"))
    assert status == 500
    assert seconds >= 0.8
    status, body, _ = ask(running, "/ready/")
    assert (status, json.loads(body)) == (503, {"status": "not_ready", "database": False, "worker": False})
    status, body, _ = ask(running, "/health/")
    assert (status, json.loads(body)["status"]) == (200, "healthy")
    until(lambda: inspect(container(running, "web"), "{{.State.Health.Status}}") == "healthy")
    web, celery = log_of(running, "web"), log_of(running, "celery")
    assert "ERROR register: Internal Server Error: /" in web
    assert "Traceback (most recent call last):" in web
    assert "OperationalError: no such column: c.ward_code" in web
    assert "WARNING register: Slow request: '/'" in web
    assert "ERROR celery: Task register.refresh_totals[" in celery
    until(lambda: "retry: Retry in" in log_of(running, "celery"))
    until(lambda: "Sending due task" in log_of(running, "celery-beat"))


@pytest.mark.docker
def test_every_earlier_release_is_a_sound_target(running: DemoStack) -> None:
    """Whichever earlier release the operator chooses, its pages work on the table that is there."""
    listed = run("docker", "image", "ls", running.name, "--format", "{{.Tag}}").split()
    tags = sorted(listed)
    assert len(tags) == 4
    assert tags[-2:] == [running.good_ref, running.broken_ref]
    setting = ["HTTP_HOST=demo.example.org", "HTTP_X_FORWARDED_PROTO=https", "REQUEST_METHOD=GET", "REMOTE_ADDR=::1"]
    given = [word for pair in setting for word in ("-e", pair)]
    words: dict[str, list[str]] = {}
    for tag in tags:
        pages = "for REQUEST_URI in / /communities/ /login/; do export REQUEST_URI; /app/www/cgi-bin/index.cgi; done"
        mount = f"{running.name}_data:/data:ro"
        text = run("docker", "run", "--rm", "-v", mount, *given, f"{running.name}:{tag}", "sh", "-c", pages)
        words[tag] = [line.split()[1] for line in text.splitlines() if line.startswith("Status:")]
    assert words == {tag: ["200", "200", "200"] for tag in tags[:-1]} | {tags[-1]: ["500", "500", "200"]}


@pytest.mark.docker
def test_images_carry_what_a_real_pipeline_gives_them(running: DemoStack) -> None:
    """Commit, date and subject come from the image's labels; releases are as old as they say."""
    template = '{{json .Created}} {{index .Config.Labels "org.opencontainers.image.revision"}}'
    created, revision = run(
        "docker", "image", "inspect", "--format", template, f"{running.name}:{running.good_ref}"
    ).split()
    age = datetime.now(UTC) - datetime.fromisoformat(json.loads(created))
    assert timedelta(days=2) < age < timedelta(days=5)
    assert len(revision) == 40
    assert int(revision, 16)
    label = '{{index .Config.Labels "org.opencontainers.image.created"}}'
    assert datetime.fromisoformat(inspect(container(running, "web"), label)) < datetime.now(UTC)


@pytest.mark.docker
@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"Host": "127.0.0.1", "X-Forwarded-Proto": "https"}, "GET", 400),
        ({"Host": "demo.example.org"}, "GET", 301),
        ({"Host": "demo.example.org", "X-Forwarded-Proto": "http"}, "GET", 301),
        (RIGHT, "POST", 405),
    ],
)
def test_site_is_as_particular_as_a_real_one(
    running: DemoStack, headers: dict[str, str], method: str, status: int
) -> None:
    """A probe that asks wrongly learns nothing: 400, 301 and 405 as in production."""
    assert ask(running, "/health/", headers, method)[0] == status


@pytest.mark.docker
def test_nothing_listens_beyond_this_machine(running: DemoStack) -> None:
    """The demo's port is open to this machine alone, and its folder to this user alone."""
    told = inspect(container(running, "web"), "{{json .NetworkSettings.Ports}}")
    assert json.loads(told) == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(running.port)}]}
    assert running.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.docker
def test_stop_takes_the_demo_alone(tmp_path: Path, engine_name: str, build_image: ImageBuilder) -> None:
    """A neighbour's container, volume and images stay, and so does a tag that somebody else put on a demo's image."""
    build_image(f"{engine_name}:1")
    neighbour = run("docker", "run", "-d", "--label", f"{PROJECT}={engine_name}", f"{engine_name}:1").strip()
    run("docker", "volume", "create", engine_name)
    stack = demo_compose.build(datetime.now(UTC), tmp_path / "demo")
    try:
        demo_compose.start(stack)
        watcher = read_identity(stack.folder / TRAFFIC)
        assert watcher is not None
        assert watcher.alive()
        good = image_id(f"{stack.name}:{stack.good_ref}")
        run("docker", "image", "tag", good, f"goaround/keep:demo-stack-web-{good[7:19]}")
        run("docker", "image", "tag", f"{stack.name}:{stack.broken_ref}", f"{engine_name}:mine")
        stack.file.write_text("services: [")  # Compose itself can do nothing with it
        demo_compose.stop(stack)
        kept = image_id(f"{engine_name}:mine")
        assert run("docker", "image", "ls", "-q", "--no-trunc", "--filter", f"label={LABEL}={stack.name}").split() == [
            kept
        ]
        run("docker", "image", "rm", f"{engine_name}:mine")
        assert left_on_engine(stack.name) == ""
        assert not watcher.alive()
        assert not stack.folder.exists()
        assert inspect(neighbour, "{{.State.Status}}") == "running"
        assert run("docker", "volume", "ls", "-q", "--filter", f"name={engine_name}").strip() == engine_name
        demo_compose.stop(stack)
    finally:
        demo_compose.stop(stack)
        run("docker", "rm", "-f", neighbour)
        run("docker", "volume", "rm", engine_name)


OWNER_PROGRAM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from app import demo_compose
stack = demo_compose.build(datetime.now(UTC), Path(sys.argv[1]))
demo_compose.start(stack, keep_seconds=float(sys.argv[2]), report=lambda line: print(line, flush=True))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.docker
@pytest.mark.parametrize("moment", ["starting the stack", "ready"])
def test_a_killed_owner_leaves_nothing_behind_for_ever(tmp_path: Path, moment: str) -> None:
    """After kill -9 of the cockpit, also while Compose starts the stack, everything goes by itself."""
    command = [sys.executable, "-c", OWNER_PROGRAM, str(tmp_path / "demo"), "0.5"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert any(line.startswith(moment) for line in owner.stdout)
        stack = demo_compose.load(tmp_path / "demo")
        watcher = read_identity(stack.folder / TRAFFIC)
        assert watcher is not None
        owner.kill()
    try:
        until(lambda: not watcher.alive() and not stack.folder.exists())
        assert left_on_engine(stack.name) == ""
    finally:
        demo_compose.stop(stack)


@pytest.mark.docker
def test_without_an_engine_the_command_says_so(tmp_path: Path) -> None:
    """One clear line with the next move, an exit status, and nothing made."""
    surroundings = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", "from app.cli import main; main()", "demo", "--compose", "--auto", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "unreachable"
    (line,) = done.stderr.splitlines()
    assert line.startswith("goaround: The Docker engine is not there: ")
    assert "goaround demo" in line
    assert list(tmp_path.iterdir()) == []


def shim(folder: Path, text: str) -> Path:
    """A folder with a `docker` program of its own."""
    folder.mkdir()
    (folder / "docker").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "docker").chmod(0o755)
    return folder


def test_a_machine_without_docker_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named before anything is built."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoaroundError, match="no docker program on PATH") as caught:
        demo_compose.build(NOW, tmp_path / "demo")
    assert "goaround demo" in caught.value.next_move
    assert not (tmp_path / "demo").exists()


def test_an_engine_of_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built on somebody's production engine because a variable pointed there."""
    monkeypatch.setenv("PATH", str(shim(tmp_path / "bin", "exit 9")))
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(Refused, match="on another machine"):
        demo_compose.build(NOW, tmp_path / "demo")
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@192.0.2.1")
    with pytest.raises(BadInput):
        demo_compose.build(NOW, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.docker
def test_a_machine_without_compose_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine alone is not enough."""
    told = 'test "$1" = version && { echo linux amd64; exit 0; }; exit 1'
    monkeypatch.setenv("PATH", str(shim(tmp_path / "bin", told)))
    with pytest.raises(GoaroundError, match="Docker Compose is not on this machine"):
        demo_compose.build(NOW, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_system_that_is_not_linux_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A static binary of another system cannot run in a container."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Refused, match="runs on Linux only"):
        demo_compose.build(NOW, tmp_path / "demo")


def test_a_busybox_that_will_not_do_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dynamic busybox, one without a web server, and none at all: each says why, and what to install."""
    monkeypatch.setattr(demo_compose_needs, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoaroundError, match="there is no busybox on PATH"):
        find_busybox()
    (tmp_path / "busybox").write_bytes(Path(sys.executable).resolve().read_bytes())
    (tmp_path / "busybox").chmod(0o755)
    with pytest.raises(GoaroundError, match="not linked statically") as caught:
        find_busybox()
    assert "busybox-static" in caught.value.next_move
    (tmp_path / "busybox").write_text("#!/bin/sh\necho sh\n")
    monkeypatch.setattr(demo_compose_needs, "is_static", lambda _path: True)
    with pytest.raises(GoaroundError, match=r"has no ash, awk, .*httpd"):
        find_busybox()


CONTENTS = {"empty": b"", "script": b"#!/bin/sh\n", "cut": b"\x7fELF", "wild": b"\x7fELF\x02\x01" + b"\xff" * 58}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_no_program_is_not_static(tmp_path: Path, content: bytes) -> None:
    """A damaged or foreign file is passed over, never run in an image."""
    (tmp_path / "file").write_bytes(content)
    assert not is_static(tmp_path / "file")


@pytest.mark.docker
def test_a_failing_build_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-built demo is of no use to anybody."""

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo_compose, "write_images", full)
    with pytest.raises(OSError, match="No space"):
        demo_compose.build(NOW, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_only_a_stack_of_ours_is_taken_away(tmp_path: Path) -> None:
    """A folder without the marker, and a marker with a stranger's project, are left alone."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("kept")
    pretender = DemoStack(mine, mine / "goaround.toml", "obcms", 1, "", "", mine / "x.yml")
    with pytest.raises(Refused):
        demo_compose.stop(pretender)
    with pytest.raises(BadInput):
        demo_compose.load(mine)
    assert (mine / "thesis.txt").read_text() == "kept"
    assert take_down({"name": "obcms", "folder": str(mine)}) == "'obcms' is no name of a demo"


def test_releases_are_the_same_for_the_same_now() -> None:
    """Tags are dates in order, and the releases differ by what they changed alone."""
    releases = stack_releases(NOW)
    assert releases == stack_releases(NOW)
    assert [release.tag for release in releases] == sorted({release.tag for release in releases})
    assert len(releases) == len({release.commit for release in releases}) == 4
    assert all(release.created < NOW for release in releases)
    changed = {name for name in releases[0].files if len({str(r.files[name]) for r in releases}) > 1}
    assert changed == {"app/settings.sh", "app/www/version"}


@pytest.mark.docker
def test_an_archive_is_what_the_engine_takes(tmp_path: Path) -> None:
    """Images need no registry and no builder: what is written is loaded with its date, labels and files."""
    busybox, applets = find_busybox()
    name = f"goaround-test-{secrets.token_hex(4)}:1"
    image = Image(name, NOW, {"app/say.sh": "#!/bin/sh\necho said\n"}, "/app/say.sh", {"who": "me"})
    architecture = run("docker", "version", "--format", "{{.Server.Arch}}").strip()
    write_images(tmp_path / "images.tar", [image], busybox, applets, architecture)
    run("docker", "load", "--quiet", "--input", str(tmp_path / "images.tar"))
    try:
        told = run("docker", "image", "inspect", "--format", "{{.Created}} {{.Config.Labels.who}}", name)
        assert told.split() == ["2026-11-03T09:30:00Z", "me"]
        assert run("docker", "run", "--rm", name) == "said\n"
    finally:
        run("docker", "image", "rm", name)


def test_importing_the_demo_loads_nothing_heavy() -> None:
    """The command line stays quick: the demo's modules bring no screen, client or git library."""
    heavy = ("textual", "rich", "httpx", "git", "docker", "psycopg", "pydantic", "msgspec")
    program = f"import sys, app.demo_compose; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
