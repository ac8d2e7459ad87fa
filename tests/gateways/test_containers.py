from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import remove_all
from engine_images import ImageBuilder
from waiting import until

from actions.gateways.containers import EngineContainers
from actions.gateways.engine_address import engine_address
from actions.model.errors import BadInput, Unreachable
from actions.model.ports import Container


def docker(*words: str, check: bool = True, cwd: Path | None = None) -> str:
    answer = subprocess.run(
        ["docker", *words],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=cwd,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    assert answer.returncode == 0 or not check, answer.stderr
    return answer.stdout.strip()


@pytest.fixture
def engine() -> Iterator[EngineContainers]:
    gateway = EngineContainers(timeout_s=60)
    yield gateway
    gateway.close()


@pytest.fixture
def project(engine_name: str) -> Iterator[str]:
    """A project name; its containers and networks go after the test."""
    yield engine_name
    remove_all(f"label=com.docker.compose.project={engine_name}")


def start(project: str, service: str, image: str, *words: str, options: tuple[str, ...] = ()) -> str:
    """A container with the labels Compose sets, as the engine sees it; no Compose is needed for that."""
    labels = {"project": project, "service": service, "container-number": "1", "oneoff": "False"}
    given = [word for key, value in labels.items() for word in ("--label", f"com.docker.compose.{key}={value}")]
    return docker("run", "-d", "--network=none", *given, *options, image, *words)


def by_service(containers: tuple[Container, ...]) -> dict[str, Container]:
    return {container.service: container for container in containers}


@pytest.mark.docker
def test_the_engine_and_its_api_are_named(engine: EngineContainers) -> None:
    """doctor and the screen can say which engine answers."""
    assert engine.version().startswith(f"Docker {docker('version', '--format', '{{.Server.Version}}')}, API 1.")


def test_every_container_of_the_project_is_seen_whatever_its_state(
    engine: EngineContainers, build_image: ImageBuilder, project: str
) -> None:
    """Exited and restarting containers are seen with exit code, restarts and health: logs and proof need
    them."""
    image_id = build_image(f"{project}:1")
    start(project, "web", f"{project}:1", options=("--health-cmd", "true", "--health-interval", "1s"))
    start(
        project,
        "db",
        f"{project}:1",
        options=("--health-cmd", "false", "--health-interval", "1s", "--health-retries", "1"),
    )
    start(project, "plain", f"{project}:1")
    start(project, "migrate", f"{project}:1", "sh", "-c", "exit 3")
    start(project, "beat", f"{project}:1", "sh", "-c", "exit 7", options=("--restart", "always"))
    start(f"{project}x", "web", f"{project}:1", options=("--rm",))
    try:
        until(
            lambda: (
                (found := by_service(engine.containers(project)))["web"].health == "healthy"
                and found["db"].health == "unhealthy"
                and found["beat"].restarts >= 1
                and found["migrate"].state == "exited"
            ),
            "all five in their states",
        )
        found = by_service(engine.containers(project))
        assert sorted(found) == ["beat", "db", "migrate", "plain", "web"]
        assert {one.image_id for one in found.values()} == {image_id}
        assert {one.image_ref for one in found.values()} == {f"{project}:1"}
        assert {one.project for one in found.values()} == {project}
        assert (found["migrate"].state, found["migrate"].exit_code) == ("exited", 3)
        assert (found["plain"].state, found["plain"].health) == ("running", "")
        assert found["web"].started_at.endswith("Z")
        assert found["web"].number == 1
        assert not found["web"].one_off

        looks: list[dict[str, Container]] = []  # it waits but for a moment: what is judged is the same look

        def waits() -> bool:
            looks.append(by_service(engine.states(project)))
            return looks[-1]["beat"].state == "restarting"

        until(waits, "the crashing one waits for its restart")
        assert found["db"].health_said == "its check ended with 1"
        quick = looks[-1]
        assert quick["beat"].exit_code == 7
        assert quick["beat"].restarts >= 1
        for service in ("web", "db", "plain", "migrate"):
            full = replace(found[service], started_at="", restarts=0, error="", health_said="")
            assert replace(quick[service], restarts=0) == full, service
    finally:
        remove_all(f"label=com.docker.compose.project={project}x")


def test_a_container_that_could_not_start_tells_why(
    engine: EngineContainers, build_image: ImageBuilder, project: str
) -> None:
    """A release that does not start at all shows the engine's reason."""
    build_image(f"{project}:1")
    label = f"com.docker.compose.project={project}"
    docker("run", "-d", "--network=none", "--label", label, f"{project}:1", "/no/such/program", check=False)
    (broken,) = engine.containers(project)
    assert broken.state == "created"
    assert broken.exit_code == 127
    assert "no such file" in broken.error
    assert broken.started_at == ""


def test_states_cost_a_tenth_of_compose_ps(
    engine: EngineContainers, build_image: ImageBuilder, project: str, tmp_path: Path
) -> None:
    """The state refresh can run twice a second: at most 0.1x `docker compose ps`, side by side."""
    build_image(f"{project}:1")
    services = {
        name: {"image": f"{project}:1", "network_mode": "none", "stop_signal": "KILL"} for name in ("a", "b", "c")
    }
    (tmp_path / "compose.yaml").write_text(json.dumps({"name": project, "services": services}))
    docker("compose", "up", "-d", cwd=tmp_path)
    engine.states(project)
    ours: list[float] = []
    theirs: list[float] = []

    def side_by_side() -> bool:
        for _ in range(5):
            began = time.perf_counter()
            assert docker("compose", "ps", "-a", "-q", cwd=tmp_path)
            theirs.append(time.perf_counter() - began)
            began = time.perf_counter()
            assert len(engine.states(project)) == 3
            ours.append(time.perf_counter() - began)
        return min(ours) <= 0.1 * min(theirs)  # the best of each; where the machine is busy more of them are taken

    until(side_by_side, f"a tenth; {ours} of {theirs}")
    print(
        f"states {min(ours) * 1000:.1f} ms, compose ps {min(theirs) * 1000:.1f} ms, ratio {min(ours) / min(theirs):.3f}"
    )


def test_untagged_images_of_a_rebuild_are_seen_with_their_labels(
    engine: EngineContainers, build_image: ImageBuilder, project: str, tmp_path: Path
) -> None:
    """A service with `build:` alone has only untagged earlier releases; they are found by Compose's labels.

    Compose sets them itself when BuildKit builds, which needs a plugin; the labels are given here, the builds
    are real.
    """
    base = build_image(f"{project}-base:1", {"/name": project})
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": "web"}
    service = {"build": {"context": ".", "labels": labels}}
    (tmp_path / "compose.yaml").write_text(json.dumps({"name": project, "services": {"web": service}}))
    built = []
    try:
        for text in ("one", "two"):
            (tmp_path / "Dockerfile").write_text(f'FROM {project}-base:1\nLABEL revision="{text}"\n')
            docker("compose", "build", cwd=tmp_path)
            built.append(docker("image", "inspect", "-f", "{{.Id}}", f"{project}-web:latest"))
        images = {image.id: image for image in engine.images()}
        old, new = images[built[0]], images[built[1]]
        assert (old.dangling, old.tags) == (True, ())
        assert old.labels["com.docker.compose.project"] == project
        assert old.labels["com.docker.compose.service"] == "web"
        assert (old.labels["revision"], new.labels["revision"]) == ("one", "two")
        assert new.tags == (f"{project}-web:latest",)
        assert not old.in_use
        assert images[base].tags == (f"{project}-base:1",)
        start(project, "web", built[0])
        assert {image.id: image for image in engine.images()}[built[0]].in_use
        assert engine.image(built[0]) == replace(old, in_use=True)
    finally:
        remove_all(f"label=com.docker.compose.project={project}")
        for image in built:
            docker("rmi", "-f", image, check=False)


def test_an_image_that_a_rebuild_went_on_from_is_seen_while_a_container_runs_it(
    engine: EngineContainers, build_image: ImageBuilder, project: str, tmp_path: Path
) -> None:
    """The engine lists no untagged image that has a child; while it is what runs, it must be a release all
    the same."""
    build_image(f"{project}-base:1", {"/name": project})
    recipe = f"FROM {project}-base:1\nLABEL step=one\n"
    ids = []
    try:
        for extra in ("", "LABEL step=two\n"):
            (tmp_path / "Dockerfile").write_text(recipe + extra)
            docker("build", "-q", "-t", f"{project}-app:1", str(tmp_path))
            ids.append(docker("image", "inspect", "-f", "{{.Id}}", f"{project}-app:1"))
            if not extra:
                start(project, "web", f"{project}-app:1")
        assert ids[0] not in docker("image", "ls", "-q", "--no-trunc"), "the engine hides it: the case is real"
        hidden = {image.id: image for image in engine.images()}[ids[0]]
        assert hidden.in_use
        assert hidden.dangling
    finally:
        remove_all(f"label=com.docker.compose.project={project}")
        for image in reversed(ids):
            docker("rmi", "-f", image, check=False)


def test_an_image_is_found_by_its_exact_reference_alone(
    engine: EngineContainers, build_image: ImageBuilder, engine_name: str
) -> None:
    """`obcms` never finds `my-obcms`, nor an id's beginning: the target is what was named."""
    image_id = build_image(f"{engine_name}/my-obcms:1", {"/name": engine_name})
    build_image(f"{engine_name}/my-obcms:latest", {"/x": "y"})
    found = engine.image(f"{engine_name}/my-obcms:1")
    assert found is not None
    assert found.id == image_id
    assert found.tags == (f"{engine_name}/my-obcms:1",)
    assert engine.image(image_id) == found
    assert engine.image_id(f"{engine_name}/my-obcms:1") == engine.image_id(image_id) == image_id
    latest = engine.image(f"{engine_name}/my-obcms")
    assert latest is not None
    assert latest.id != image_id
    qualified = engine.image(f"docker.io/{engine_name}/my-obcms:1")
    assert qualified == found
    for wrong in (
        f"{engine_name}/obcms:1",
        f"{engine_name}/my-obcms:2",
        image_id.removeprefix("sha256:")[:12],
        image_id.removeprefix("sha256:"),
        image_id[:20],
        "",
        "-f",
        "a b",
        "x/../../containers/json",
        "x\x1b[2J",
    ):
        assert engine.image(wrong) is None, wrong
        assert engine.image_id(wrong) == "", wrong


@pytest.mark.docker
def test_a_project_that_is_not_there_has_no_containers(engine: EngineContainers) -> None:
    """An empty answer is an answer."""
    assert engine.containers("goaround-no-such-project") == ()
    assert engine.states("goaround-no-such-project") == ()


@pytest.fixture
def deaf_socket(tmp_path: Path) -> Iterator[Path]:
    """An engine that takes every connection and never says a word, as a stopped process does."""
    path = tmp_path / "deaf.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(16)
    yield path
    server.close()


def test_an_engine_that_hangs_is_given_up_in_time(deaf_socket: Path) -> None:
    """A hanging engine costs its deadline and gives one clear error; the cockpit is never held."""
    engine = EngineContainers(str(deaf_socket), timeout_s=0.3)
    began = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        engine.containers("any")
    assert time.monotonic() - began < 60
    assert caught.value.title == "The Docker engine hangs"
    assert "0.3 s" in caught.value.detail
    assert caught.value.next_move


def answering(path: Path, answers: bytes) -> threading.Thread:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(4)

    def serve() -> None:
        with server:
            asked = b""
            while not asked:  # the first connection only looks whether somebody is there
                connection, _ = server.accept()
                with connection:
                    asked = connection.recv(65536)
                    if asked:
                        connection.sendall(answers)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        (b'{"ApiVersion":"1.12","Version":"1.0"}', b"200 OK", "no API version in common"),
        (
            b'{"message":"client version 1.12 is too old. Minimum supported API version is 1.44"}',
            b"400 Bad Request",
            "no API version",
        ),
        (b"\x1b]0;owned\x07 not json", b"200 OK", "does not answer as it should"),
        (b'{"message":"broken \\u001b[31m inside"}', b"500 Internal Server Error", "refuses"),
    ],
)
def test_an_engine_that_answers_wrongly_is_told_apart(tmp_path: Path, body: bytes, status: bytes, title: str) -> None:
    """Too old, no engine at all, or an error of its own: each has its words, and none reaches the terminal
    raw."""
    path = tmp_path / "odd.sock"
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    thread = answering(path, head % (status, len(body)) + body)
    engine = EngineContainers(str(path), timeout_s=60)
    with pytest.raises(Exception) as caught:
        engine.images()
    thread.join(60)
    line = str(caught.value)
    assert title in line
    assert line.isprintable()
    assert "(next: " in line
    engine.close()


def test_no_socket_and_a_dead_socket_are_told_apart(tmp_path: Path) -> None:
    """Not installed and not running have different next moves."""
    with pytest.raises(Unreachable, match="is not there"):
        EngineContainers(str(tmp_path / "none.sock")).images()
    dead = tmp_path / "dead.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(dead))
    server.close()
    with pytest.raises(Unreachable, match="is not running"):
        EngineContainers(str(dead)).version()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_a_socket_that_is_not_ours_is_told_so(tmp_path: Path) -> None:
    """The commonest first-day error names the group."""
    folder = Path("/tmp") / f"goaround-{tmp_path.name}-{os.getpid()}"
    folder.mkdir(mode=0o755)
    path = folder / "closed.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    path.chmod(0o600)
    server.listen(1)
    told: list[str] = []

    def ask() -> None:
        try:
            EngineContainers(str(path)).version()
        except Unreachable as error:
            told.append(error.line())

    EngineContainers(str(tmp_path / "none")).address  # noqa: B018  # the import below must happen with all rights
    import docker.tls  # noqa: F401

    os.seteuid(65534)
    try:
        ask()
    finally:
        os.seteuid(0)
        server.close()
        shutil.rmtree(folder)
    assert "does not let us in" in told[0]
    assert "usermod" in told[0]


def test_the_engine_is_the_one_that_the_docker_program_uses(tmp_path: Path) -> None:
    """What we read and what the steps change is the same engine: DOCKER_HOST, then the context, then the
    default."""
    home = {"HOME": str(tmp_path)}
    assert engine_address("", home).socket_path == "/var/run/docker.sock"
    assert engine_address("/run/x.sock", {"DOCKER_HOST": "unix:///other"}).url == "unix:///run/x.sock"
    assert engine_address("", {**home, "DOCKER_HOST": "unix:///run/mine.sock"}).socket_path == "/run/mine.sock"
    tcp = engine_address(
        "", {**home, "DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}
    )
    assert (tcp.host_port, tcp.tls_folder, tcp.tls_verify) == (("10.0.0.1", 2376), "/c", True)
    environment = {"PATH": os.environ["PATH"], **home}
    if shutil.which("docker"):
        subprocess.run(
            ["docker", "context", "create", "rootless", "--docker", "host=unix:///run/user/1/docker.sock"],
            env=environment,
            check=True,
            capture_output=True,
        )
        subprocess.run(["docker", "context", "use", "rootless"], env=environment, check=True, capture_output=True)
        found = engine_address("", home)
        assert (found.url, found.origin) == ("unix:///run/user/1/docker.sock", "docker context rootless")
        assert engine_address("", {**home, "DOCKER_CONTEXT": "default"}).socket_path == "/var/run/docker.sock"
    with pytest.raises(BadInput, match="context gone"):
        engine_address("", {**home, "DOCKER_CONTEXT": "gone"})
    with pytest.raises(BadInput, match="cannot be reached so"):
        engine_address("", {**home, "DOCKER_HOST": "ssh://somebody@there"})


def test_the_docker_package_is_not_loaded_before_it_is_needed() -> None:
    """The first paint does not wait for it."""
    code = (
        "import sys, actions.gateways.containers, actions.gateways.compose;"
        "import actions.gateways.file_logs, actions.gateways.engine_logs;"
        "print([m for m in sys.modules if m.split('.')[0] in ('docker', 'requests', 'urllib3', 'ruamel', 'ssl')])"
    )
    root = Path(__file__).resolve().parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    assert answer.stdout.strip() == "[]"
