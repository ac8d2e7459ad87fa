"""The Compose option against the real engine and both generations of Compose, from the releases to the proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_stack import TOOLS, Recorder, Stack, inspect, removed_afterwards, run
from engine_images import ImageBuilder
from planned_steps import fly, rebuilt
from ssh_hosts import host_of
from ssh_server import SshServer

from actions.model.effect import RunCommand
from actions.model.errors import GoaroundError, Refused
from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.step import Happened, Outcome
from actions.steps.compose_option import draw
from actions.steps.compose_protect import protect_earlier
from actions.steps.compose_releases import releases
from actions.steps.compose_switch import SwitchImages

pytestmark = pytest.mark.timeout(240)

SERVICES = ("celery", "celery-beat", "web")
APP = """\
#!/bin/sh
trap 'exit 0' TERM
echo "$0 {release} started"
while :; do sleep 1 & wait $!; done
"""
CRASHING = "#!/bin/sh\necho 'no such column: x' >&2\nexit 3\n"
FILE = """\
# production
version: "3.8"
x-app: &app
  image: "{image}:2"   # the deployed tag
  restart: always
  stop_grace_period: 2s
services:
  web:
    <<: *app
    environment: {{SECRET_KEY: "do-not-show", DEBUG: "0"}}
    depends_on:
      migrate: {{condition: service_completed_successfully}}
  celery:
    <<: *app
  celery-beat:
    <<: *app
  migrate:
    <<: *app
    restart: "no"
    network_mode: none
    command: ["sh", "-c", "echo ran >> /ran/count"]
    volumes: ["./ran:/ran"]
  redis:
    image: {image}-redis:7
    network_mode: none
    stop_grace_period: 1s
"""


@pytest.fixture(params=sorted(TOOLS))
def stack(
    request: pytest.FixtureRequest, engine_name: str, build_image: ImageBuilder, tmp_path: Path
) -> Iterator[Stack]:
    """The release 2 of three services, a job and a stranger run; release 1 is there as a tag."""
    for number in ("1", "2"):
        build_image(f"{engine_name}:{number}", app(engine_name, number), ["/app.sh"])
    build_image(f"{engine_name}-redis:7", app(engine_name, "redis"), ["/app.sh"])
    folder = tmp_path / "obcms"
    (folder / "ran").mkdir(parents=True)
    one = Stack(engine_name, folder, request.param)
    one.write(FILE.format(image=engine_name))
    with removed_afterwards(engine_name):
        one.compose("up", "-d")
        yield one


def app(stack_name: str, release: str) -> dict[str, str | bytes]:
    """Files of an image. The name makes it the test's own: equal images would share tags and containers."""
    return {"/app.sh": APP.format(release=release), "/name": stack_name}


def found_by(stack: Stack, world: World) -> tuple[Release, ...]:
    table = stack.settings().compose
    assert table
    return releases(table, world, stack.name)


def release_named(stack: Stack, world: World, name: str) -> Release:
    return next(release for release in found_by(stack, world) if release.name == name)


def image_id(reference: str) -> str:
    return run("docker", "image", "inspect", "--format", "{{.Id}}", reference).strip()


def test_the_way_back_is_flown_and_undone(stack: Stack) -> None:
    """Shown, then done; proven; nothing is lost: three services move, the job and the original file do not."""
    world, settings = stack.world(), stack.settings()
    one, two = image_id(f"{stack.name}:1"), image_id(f"{stack.name}:2")
    original = (stack.folder / stack.file).read_bytes()
    migrate = inspect(stack.container("migrate"), "{{.Id}} {{.State.StartedAt}}")
    redis = stack.container("redis")
    found = found_by(stack, world)
    assert [(r.name, r.way_back) for r in found] == [("2", WayBack.RUNNING), ("1", WayBack.READY)]
    assert found[1].images == dict.fromkeys(SERVICES, one)

    plan = draw(settings, found[1], world, "INC-7")
    assert [step.code for step in plan.steps] == ["B1", "B2", "B3", "X1", "X2", "X3", "X4"]
    assert "not touched: migrate, redis" in map(str, plan.notes)
    switch = rebuilt(plan, "X1")
    assert isinstance(switch, SwitchImages)
    assert f"+ services.web.image: {one}" in switch.diff
    assert "not shown" not in switch.diff
    assert "do-not-show" not in str(plan.to_json())
    assert plan.facts["compose"].startswith(" ".join(TOOLS[stack.tool]))
    assert switch.check(world).happened is Happened.NO

    kept = fly(plan, world, "B1", "B2", "B3")
    assert {e.name for e in kept.evidence if not e.private} >= {
        *(f"log-{service}-1.log" for service in (*SERVICES, "migrate", "redis")),
        "images.txt",
    }
    assert {e.name for e in kept.evidence if e.private} == {"compose-config.yml", stack.file, "containers.json"}
    assert release_named(stack, world, "1").way_back is WayBack.PROTECTED

    recorder = fly(plan, world, "X1", "X2", "X3")
    assert sorted(stack.running().values()) == sorted([*[one] * 3, inspect(redis, "{{.Image}}")])
    assert any(seen.what == "running images" and seen.ok for seen in recorder.observed)
    assert switch.check(world).happened is Happened.YES
    assert switch.check_undone(world).happened is Happened.NO
    with pytest.raises(Refused, match="runs already"):
        draw(settings, found[1], world, "INC-7")

    undone = switch.undo(world, Recorder())
    assert undone.outcome is Outcome.DONE, undone
    assert sorted(stack.running().values()) == sorted([*[two] * 3, inspect(redis, "{{.Image}}")])
    assert switch.check_undone(world).happened is Happened.YES

    assert inspect(stack.container("migrate"), "{{.Id}} {{.State.StartedAt}}") == migrate
    assert (stack.folder / "ran/count").read_text() == "ran\n"
    assert stack.container("redis") == redis
    assert (stack.folder / stack.file).read_bytes() == original


@pytest.mark.parametrize("stack", ["v2"], indirect=True)
def test_it_is_flown_again_after_an_undo(stack: Stack) -> None:
    """The operator decides: after an undo the same release is drawn again, over the override that is there."""
    world, settings = stack.world(), stack.settings()
    plan = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    fly(plan, world, "B3", "X1")
    switch = rebuilt(plan, "X1")
    assert switch.undo(world, Recorder()).outcome is Outcome.DONE
    assert "is there with other content" in switch.moved(world)
    again = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    fly(again, world, "X1", "X2", "X3")


def test_the_number_of_containers_stays(stack: Stack) -> None:
    """Nothing is lost: three web containers are three afterwards, though the file says one."""
    world, settings = stack.world(), stack.settings()
    scale = ("up", "-d", "--no-deps", "--scale", "web=3", "web")
    stack.compose(*scale)
    plan = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    switch = plan.step("X1")
    assert switch
    command = next(effect for effect in switch.effects if isinstance(effect, RunCommand))
    assert "--scale web=3" in " ".join(command.argv)
    fly(plan, world, "X1", "X3")
    one = image_id(f"{stack.name}:1")
    assert [image for name, image in stack.running().items() if "web" in name] == [one] * 3


@pytest.mark.parametrize("stack", ["v2"], indirect=True)
def test_what_moves_in_between_is_noticed(stack: Stack, build_image: ImageBuilder) -> None:
    """What runs is what was shown: a tag that moved or went, a changed file and a new container stop it."""
    world, settings = stack.world(), stack.settings()
    plan = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    switch = rebuilt(plan, "X1")
    assert switch.moved(world) == ""
    one = image_id(f"{stack.name}:1")

    build_image(f"{stack.name}:1", app(stack.name, "other"), ["/app.sh"])
    assert f"the tag {stack.name}:1 is on" in switch.moved(world)
    run("docker", "image", "rm", f"{stack.name}:1")
    assert f"the tag {stack.name}:1 is gone" in switch.moved(world)
    run("docker", "image", "tag", one, f"{stack.name}:1")
    assert switch.moved(world) == ""
    run("docker", "image", "rm", one)
    assert "gone" in switch.moved(world)
    with pytest.raises(Refused, match="not on the engine"):
        draw(settings, next(iter([plan.target])), world, "INC-7")

    (stack.folder / stack.file).write_text(FILE.format(image=stack.name) + "# edited\n")
    assert "has changed" in switch.moved(world)


def test_a_release_that_crashes_is_a_failure_at_once(stack: Stack, build_image: ImageBuilder) -> None:
    """Proven, not reported: a crash loop is named with its exit code and newest lines, and can be undone."""
    build_image(f"{stack.name}:0", {"/app.sh": CRASHING, "/name": stack.name}, ["/app.sh"])
    world, settings = stack.world(), stack.settings(health_deadline=600)
    plan = draw(settings, release_named(stack, world, "0"), world, "INC-7")
    fly(plan, world, "B3")
    switch, recorder = rebuilt(plan, "X1"), Recorder()
    begun = world.clock.monotonic_ms()
    result = switch.run(world, recorder)
    if result.outcome is Outcome.DONE:  # it was up for the moment in which it was looked at
        result = rebuilt(plan, "X2").run(world, recorder)
    assert result.outcome is Outcome.FAILED
    wait = rebuilt(plan, "X2")
    assert wait.check(world).happened is Happened.NO
    waited = wait.run(world, recorder)
    assert waited.outcome is Outcome.FAILED
    assert "exit code 3" in waited.summary
    assert any("no such column: x" in line for line in recorder.lines)
    assert world.clock.monotonic_ms() - begun < 200_000, "long before the deadline"
    assert switch.check(world).happened is Happened.UNKNOWN
    assert switch.undo(world, Recorder()).outcome is Outcome.DONE
    assert set(stack.running().values()) >= {image_id(f"{stack.name}:2")}


@pytest.mark.parametrize("stack", ["v2"], indirect=True)
def test_a_switch_that_was_cut_off_is_run_again(stack: Stack) -> None:
    """Killing any process loses nothing: the override is there, nothing is switched, and the same step goes on."""
    world, settings = stack.world(), stack.settings()
    plan = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    switch = rebuilt(plan, "X1")
    assert isinstance(switch, SwitchImages)
    write = switch.effects()[0]
    (stack.folder / switch.override).write_text(write.content)  # type: ignore[union-attr]
    assert switch.check(world).happened is Happened.NO
    assert switch.moved(world) == ""
    run(*(argv.argv if isinstance(argv := switch.effects()[1], RunCommand) else ())[:-1], cwd=stack.folder)
    half = switch.check(world)
    assert half.happened is Happened.UNKNOWN
    assert "web" in half.detail
    fly(plan, world, "X1")
    assert switch.check(world).happened is Happened.YES


@pytest.mark.parametrize("stack", ["v2"], indirect=True)
def test_the_rollback_is_committed_into_the_file(stack: Stack) -> None:
    """Every other byte stays: three lines come in, the job keeps its image, and the undo is exact."""
    world, settings = stack.world(), stack.settings()
    path = stack.folder / stack.file
    original = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(original)
    plan = draw(settings, release_named(stack, world, "1"), world, "INC-7")
    fly(plan, world, "X1", "X4")
    pin = f"    image: {stack.name}:1\r\n".encode()
    edited = path.read_bytes()
    assert edited.replace(pin, b"") == original
    assert edited.count(pin) == 3
    resolved = stack.compose("config")
    assert resolved.count(f"image: {stack.name}:1") == 3
    assert f"image: {stack.name}:2" in resolved
    commit = rebuilt(plan, "X4")
    assert commit.check(world).happened is Happened.YES
    assert commit.undo(world, Recorder()).outcome is Outcome.DONE
    assert path.read_bytes() == original
    assert commit.check_undone(world).happened is Happened.YES


@pytest.mark.parametrize("stack", ["v2"], indirect=True)
def test_the_way_back_is_flown_over_ssh(stack: Stack, sshd: SshServer) -> None:
    """The same option on a host that OpenSSH reaches: files, tool and evidence are that host's."""
    with host_of(sshd) as host:
        world = stack.world(host)
        plan = draw(stack.settings(), release_named(stack, world, "1"), world, "INC-7")
        assert {effect.host for step in plan.steps for effect in step.effects} == {host.name}  # type: ignore[union-attr]
        recorder = fly(plan, world, "B1", "B2", "B3", "X1", "X2", "X3")
        assert len(recorder.evidence) == 9
        one = image_id(f"{stack.name}:1")
        assert list(stack.running().values()).count(one) == 3
        assert rebuilt(plan, "X1").undo(world, Recorder()).outcome is Outcome.DONE


BUILT = """\
services:
  web: {{build: {{context: ., args: {{REVISION: "{revision}"}}}}, command: ["/app.sh", "web"], stop_grace_period: 1s}}
  celery: {{build: {{context: ., args: {{REVISION: "{revision}"}}}}, command: ["/app.sh"], stop_grace_period: 1s}}
  celery-beat: {{build: {{context: ., args: {{REVISION: "{revision}"}}}}, command: ["/app.sh"], stop_grace_period: 1s}}
  migrate:
    build: {{context: ., args: {{REVISION: "{revision}"}}}}
    command: ["sh", "-c", "echo ran >> /ran/count"]
    volumes: ["./ran:/ran"]
    restart: "no"
  redis:
    image: {redis}
"""
DOCKERFILE = """\
FROM {base}
ARG REVISION=none
LABEL org.opencontainers.image.revision=$REVISION goaround.test-session={session}
{labels}
"""


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_built_services_go_back_together(
    tool: str, engine_name: str, build_image: ImageBuilder, tmp_path: Path
) -> None:
    """Services with `build:` and no `image:` have no tags: their untagged earlier images are the release."""
    (tmp_path / "ran").mkdir()
    build_image(f"{engine_name}-redis:7", app(engine_name, "redis"), ["/app.sh"])
    stack = Stack(engine_name, tmp_path, tool)
    world, settings = stack.world(), stack.settings()
    revisions = {number: hashlib.sha1(number.encode()).hexdigest() for number in ("one", "two")}
    known: list[Release] = []
    with removed_afterwards(engine_name):
        for number, revision in revisions.items():
            base = f"{engine_name}-base:{number}"
            build_image(base, app(engine_name, number), ["/app.sh"])
            dockerfile = DOCKERFILE.format(base=base, session=build_image.session, labels="")
            (tmp_path / "Dockerfile").write_text(dockerfile)
            stack.write(BUILT.format(revision=revision, redis=f"{engine_name}-redis:7"))
            stack.compose("up", "-d", "--build")
            (now,) = (r for r in found_by(stack, world) if r.way_back is WayBack.RUNNING)
            assert now.commit == revision
            known.append(now)
        found = found_by(stack, world)
        # The legacy builder writes no label of Compose into what it builds: our record is the only source.
        assert [r.commit for r in found] == [revisions["two"]]
        world = World(**{**vars(world), "known_releases": lambda: (known[0],)})
        found = found_by(stack, world)
        earlier = next(r for r in found if r.commit == revisions["one"])
        assert earlier.way_back is WayBack.PRUNABLE
        assert set(earlier.images) == set(SERVICES)

        saving = protect_earlier(settings, world, found)
        assert saving
        assert saving.run(world, Recorder()).outcome is Outcome.DONE
        assert saving.check(world).happened is Happened.YES
        world = World(**{**vars(world), "known_releases": tuple})
        earlier = next(r for r in found_by(stack, world) if r.commit == revisions["one"])
        assert earlier.way_back is WayBack.PROTECTED, "found again by our tag, without the record"
        ran = (tmp_path / "ran/count").read_text()
        before = stack.sha256s()[stack.file]

        plan = draw(settings, earlier, world, "INC-7")
        fly(plan, world, "B1", "B2", "B3", "X1", "X2", "X3")
        for service in SERVICES:
            assert inspect(stack.container(service), "{{.Image}}") == known[0].images[service]
        assert (tmp_path / "ran/count").read_text() == ran
        assert stack.sha256s()[stack.file] == before
        assert rebuilt(plan, "X1").undo(world, Recorder()).outcome is Outcome.DONE
        for service in SERVICES:
            assert inspect(stack.container(service), "{{.Image}}") == known[1].images[service]


def test_labelled_builds_are_found_without_a_record(
    engine_name: str, build_image: ImageBuilder, tmp_path: Path
) -> None:
    """Images that Compose labelled with project and service are releases, though nobody recorded them."""
    stack = Stack(engine_name, tmp_path, "v2")
    lines = ["services:"]
    for service in ("web", "celery", "celery-beat", "worker"):
        lines += [
            f"  {service}:",
            f"    build: {{context: ., dockerfile: {service}.Dockerfile}}",
            "    stop_grace_period: 1s",
        ]
    stack.write("\n".join(lines) + "\n")
    world, settings = stack.world(), stack.settings()
    first: dict[str, str] = {}
    with removed_afterwards(engine_name):
        for number in ("one", "two"):
            base = f"{engine_name}-base:{number}"
            build_image(base, app(engine_name, number), ["/app.sh"])
            for service in ("web", "celery", "celery-beat", "worker"):
                labels = f"LABEL com.docker.compose.project={engine_name} com.docker.compose.service={service}"
                text = DOCKERFILE.format(base=base, session=build_image.session, labels=labels)
                (tmp_path / f"{service}.Dockerfile").write_text(
                    text.replace("org.opencontainers.image.revision=$REVISION ", "")
                )
            stack.compose("up", "-d", "--build")
            if not first:
                first = {
                    s: inspect(stack.container(s), "{{.Image}}") for s in ("web", "celery", "celery-beat", "worker")
                }
        found = found_by(stack, world)
        assert [r.way_back for r in found] == [WayBack.RUNNING, WayBack.PRUNABLE]
        assert found[1].images == first
        assert "by creation time" in found[1].note
        run("docker", "image", "rm", first["worker"])
        broken = found_by(stack, world)[1]
        assert broken.way_back is WayBack.GONE
        assert "incomplete: no image of this release for worker" in broken.note
        with pytest.raises(GoaroundError, match="gone"):
            draw(settings, broken, world, "INC-7")
