"""Whether the application runs, over real containers: a crash loop and its stack trace, ill health, what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from compose_stack import Stack, removed_afterwards, run
from engine_images import ImageBuilder
from lookout_ground import Watched, readings, watched
from waiting import until

from actions.gateways.containers import EngineContainers
from actions.model.criteria import criteria
from actions.model.criteria_sensed import Look
from actions.model.events import Observed
from app.lookout import Lookout
from app.session import Session

pytestmark = pytest.mark.timeout(240)

SECRET = "tiny-Canary/7f3a+q=9!x&z"
APP = """\
#!/bin/sh
trap 'exit 0' TERM
if [ -e /ctl/crash ]; then cat /ctl/crash >&2; exit 3; fi
echo up
while :; do sleep 1 & wait $!; done
"""
TRACE = f"""\
Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
ModuleNotFoundError: No module named 'nothing_here', dsn {SECRET}
"""
FILE = """\
version: "3.8"
services:
  web:
    image: "{image}:1"
    command: ["sh", "/app.sh"]
    restart: always
    stop_grace_period: 1s
    volumes: ["./ctl:/ctl"]
    healthcheck:
      test: ["CMD-SHELL", "if [ -e /ctl/ill ]; then echo pool is exhausted; exit 1; fi"]
      interval: 1s
      timeout: 5s
      retries: 1
  worker:
    image: "{image}:1"
    command: ["sh", "/app.sh"]
    restart: always
    stop_grace_period: 1s
    volumes: ["./nothing:/ctl"]
  migrate:
    image: "{image}:1"
    command: ["true"]
    restart: "no"
"""


@pytest.fixture
def stack(engine_name: str, build_image: ImageBuilder, tmp_path: Path) -> Iterator[Stack]:
    """Two services that run, and a job that is done."""
    build_image(f"{engine_name}:1", {"/app.sh": APP})
    folder = tmp_path / "obcms"
    (folder / "ctl").mkdir(parents=True)
    (folder / "nothing").mkdir()
    one = Stack(engine_name, folder, "v2")
    one.write(FILE.format(image=engine_name))
    with removed_afterwards(engine_name):
        one.compose("up", "-d")
        yield one


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: Stack) -> Iterator[Watched]:
    monkeypatch.setenv("TINY_TOKEN", SECRET)
    with watched(tmp_path / "tiny") as one:
        one.tiny.add_to_config(
            f'[compose]\ndirectory = "{stack.folder}"\nfiles = ["{stack.file}"]\nproject = "{stack.name}"\n'
        )
        yield one


@contextmanager
def flown(ground: Watched) -> Iterator[Session]:
    session = ground.tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    try:
        yield session
    finally:
        session.close()
        session.journal.close()


class Looking:
    """Looks until it sees; other words of the same verdict would wait for minutes."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lookout = Lookout(session)

    def until(self, what: Callable[[Observed], bool]) -> Observed:
        def there() -> bool:
            self.session.incident.observations.pop("sensed app.runs", None)
            self.lookout.look_at_containers()
            return what(readings(self.session, "app.runs")[-1])

        until(there, "the reading")
        return readings(self.session, "app.runs")[-1]


def proposed(session: Session) -> list[str]:
    return [one.text for one in criteria(session.incident) if one.look(one.met) is Look.PROPOSED]


@pytest.mark.docker
def test_a_crash_loop_with_the_line_that_says_why(ground: Watched, stack: Stack) -> None:
    """A01: which container, how often it restarted, how it ended, and the error of its stack trace, without secrets;
    well again once it runs for a while.
    """
    with flown(ground) as session:
        looking = Looking(session)
        well = looking.until(lambda one: one.ok)
        assert (well.seen, well.expected) == ("2 of 2 run", "2 of 2 run"), "the job that is done is no part of it"
        assert proposed(session) == []
        (stack.folder / "ctl" / "crash").write_text(TRACE)
        run("docker", "kill", stack.container("web"))
        run("docker", "start", stack.container("web"))
        red = looking.until(lambda one: not one.ok and "restarted" in one.seen and "exit 3: Module" in one.seen)
        assert red.seen.startswith("1 of 2 run: web-1 restarted ")
        assert ", exit 3: ModuleNotFoundError: No module named 'nothing_here', dsn " in red.seen
        assert SECRET not in red.seen
        assert proposed(session) == ["The application does not start, or keeps crashing"]
        (stack.folder / "ctl" / "crash").unlink()
        stack.compose("up", "-d", "--force-recreate", "web")
        looking.until(lambda one: one.ok)
        assert proposed(session) == []
        looking.lookout.stop()


@pytest.mark.docker
def test_ill_health_a_stop_and_what_is_gone(ground: Watched, stack: Stack) -> None:
    """What the health check said; a container that was stopped; a service without one; a job that failed."""
    with flown(ground) as session:
        looking = Looking(session)
        looking.until(lambda one: one.ok)
        (stack.folder / "ctl" / "ill").touch()
        ill = looking.until(lambda one: not one.ok and "unhealthy: " in one.seen)
        assert ill.seen == "1 of 2 run: web-1 is unhealthy: pool is exhausted"
        (stack.folder / "ctl" / "ill").unlink()
        looking.until(lambda one: one.ok)
        stack.compose("stop", "worker")
        down = looking.until(lambda one: not one.ok and "exit 0: " in one.seen)
        assert down.seen == "1 of 2 run: worker-1 has ended, exit 0: up"
        stack.compose("rm", "-f", "worker")
        gone = looking.until(lambda one: "no container" in one.seen)
        assert gone.seen == "1 of 2 run: worker has no container"
        looking.lookout.stop()


@pytest.mark.docker
def test_while_all_is_well_the_engine_is_hardly_asked(
    ground: Watched, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One list a round; every container in full now and then; no log line."""
    asked: list[str] = []
    for name in ("states", "containers", "newest_lines"):
        real = getattr(EngineContainers, name)

        def noted(self: EngineContainers, *how: object, real: Callable[..., object] = real, name: str = name) -> object:
            asked.append(name)
            return real(self, *how)

        monkeypatch.setattr(EngineContainers, name, noted)
    with flown(ground) as session:
        looking = Looking(session)
        looking.until(lambda one: one.ok)
        head = session.incident.head_seq
        looking.lookout.look_at_containers()
        asked.clear()
        for _ in range(5):
            looking.lookout.look_at_containers()
        assert asked.count("states") == 5
        assert asked.count("containers") <= 1
        assert "newest_lines" not in asked
        assert session.incident.head_seq == head
        run("docker", "kill", stack.container("worker"))
        run("docker", "stop", stack.container("worker"))
        for _ in range(5):
            looking.lookout.look_at_containers()
        assert asked.count("newest_lines") == 1
        looking.lookout.stop()


def test_an_engine_that_is_not_there_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That nobody can ask is no sign that the application does not run."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with watched(tmp_path / "tiny") as ground:
        (tmp_path / "docker-compose.yml").write_text("services:\n  web:\n    image: x\n")
        ground.tiny.add_to_config(f'[compose]\ndirectory = "{tmp_path}"\n')
        with flown(ground) as session:
            lookout = Lookout(session)
            lookout.look_at_containers()
            (one,) = readings(session, "app.runs")
            assert not one.ok
            assert one.seen.startswith("cannot be read: ")
            assert proposed(session) == []
            lookout.stop()
