"""What is drawn for a way back over Compose, and what is refused while drawing; no engine, no tool."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compose_fakes import FOLDER, V1, V2, Fakes, container, fakes, image, image_id, project, service

from actions.model.canonical import sha256_hex
from actions.model.codec import to_json
from actions.model.effect import CollectOutput, EditFile, ObserveImages, RunCommand, WriteFile, shown
from actions.model.errors import BadInput, GoaroundError
from actions.model.plan import Plan
from actions.model.release import Release, WayBack
from actions.model.step import Happened, Risk
from actions.model.system import ComposeTable, ProbeTable, Settings, SystemTable
from actions.steps.catalog import build
from actions.steps.compose_option import draw
from actions.steps.compose_releases import releases
from actions.steps.compose_switch import SwitchImages

FILE = """\
services:
  web: {image: "obcms:2", environment: {SECRET_KEY: hunter2}}
  celery:
    image: obcms:2
  beat:
    image: obcms:2
  migrate:
    image: obcms:2
  redis:
    image: redis:7
"""
SERVICES = ("beat", "celery", "web")


def settings(**table: object) -> Settings:
    return Settings(
        system=SystemTable("obcms", "production"),
        compose=ComposeTable(FOLDER, **table),  # type: ignore[arg-type]
        probe=(ProbeTable("health", "http://127.0.0.1:8000/health/"),),
    )


def stack(**given: object) -> Fakes:
    """Release 2 of three services runs, with a job and redis; release 1 is there."""
    of = project(
        *(service(name, "obcms:2") for name in SERVICES),
        service("migrate", "obcms:2", restart="no"),
        service("redis", "redis:7"),
        jobs=("migrate",),
    )
    images = [
        image("two", "obcms:2", created="2025-10-02T09:00:00Z"),
        image("one", "obcms:1"),
        image("redis", "redis:7"),
    ]
    made = [container(name, "two") for name in SERVICES]
    made += [container("migrate", "two", state="exited"), container("redis", "redis")]
    return fakes(of, images, made, **{"files": {"docker-compose.yml": FILE}, **given})  # type: ignore[arg-type]


def release(name: str = "1", of: str = "one", **more: object) -> Release:
    given: dict[str, object] = {"source": "image tag", "way_back": WayBack.READY, **more}
    return Release(name, images=dict.fromkeys(SERVICES, image_id(of)), **given)  # type: ignore[arg-type]


def switch_of(plan: Plan) -> SwitchImages:
    planned = plan.step("X1")
    assert planned
    step = build(planned.step, planned.params)
    assert isinstance(step, SwitchImages)
    return step


def command_of(plan: Plan, *, undo: bool = False) -> str:
    switch = switch_of(plan)
    effects = switch.undo_effects() if undo else switch.effects()
    return " ".join(next(e for e in effects if isinstance(e, RunCommand)).argv)


def test_the_switch_is_drawn_to_the_last_word() -> None:
    """Shown, then done: one override, one command, one look; nothing pulled, built, or started beside it."""
    one = stack()
    plan = draw(settings(), release(), one.world, "INC-7")
    write, command, look = switch_of(plan).effects()
    assert isinstance(write, WriteFile)
    assert write.path == f"{FOLDER}/goaround-inc-7.override.yml"
    assert write.content.count(image_id("one")) == 3
    assert write.content.count("pull_policy: never") == 3
    assert "migrate" not in write.content
    assert isinstance(command, RunCommand)
    assert " ".join(command.argv) == (
        "docker compose -p obcms -f docker-compose.yml -f goaround-inc-7.override.yml "
        "up -d --no-build --no-deps beat celery web"
    )
    assert command.cwd == FOLDER
    assert isinstance(look, ObserveImages)
    assert look.want == dict.fromkeys(SERVICES, image_id("one"))
    assert "not touched: migrate, redis" in map(str, plan.notes)
    assert [file for file in one.host.files if file.startswith("/tmp")] == [], "the copy is taken away"
    assert f"+ services.web.image: {image_id('one')}" in switch_of(plan).diff
    assert "hunter2" not in str(plan.to_json())


def test_a_plan_is_the_same_after_json_and_drawn_once() -> None:
    """Every value is drawn once: the worker rebuilds exactly the steps whose effects were shown."""
    plan = draw(settings(), release(), stack().world, "INC-7")
    again = Plan.from_json(plan.to_json())
    assert again.digest == plan.digest
    for planned in again.steps:
        step = build(planned.step, planned.params)
        assert to_json(step.effects()) == to_json(planned.effects)
        assert to_json(step.undo_effects()) == to_json(planned.undo)
        assert shown(step.effects())
    assert [(s.code, s.risk) for s in plan.steps if s.risk is not Risk.READ] == [
        ("X1", Risk.REVERSIBLE),
        ("X4", Risk.REVERSIBLE),
    ]
    assert [s.code for s in plan.steps if s.gate] == ["B1", "B2", "B3"]
    assert [s.code for s in plan.steps if s.proves] == ["X3"]


def test_logs_of_ended_and_left_over_containers_are_exported_too() -> None:
    """Nothing is lost: what a recreation would take along is kept first, whoever made the container."""
    one = stack()
    one.engine.made.append(container("web", "two", 1, one_off=True, name="obcms-web-run-1", state="exited"))
    plan = draw(settings(), release(), one.world, "INC-7")
    logs = plan.step("B1")
    assert logs
    names = [effect.name for effect in logs.effects if isinstance(effect, CollectOutput)]
    assert names == [f"log-{s}-1.log" for s in (*SERVICES, "migrate", "redis")] + ["log-web-1-run.log"]


def test_generation_1_is_used_for_what_it_made() -> None:
    """Compose v1 and v2 are both found and used rightly: another generation would rename every container."""
    one = stack(tools=(V2, V1))
    one.engine.made = [replace(c, name=c.name.replace("-", "_")) for c in one.engine.made]
    plan = draw(settings(), release(), one.world, "INC-7")
    assert command_of(plan).startswith("docker-compose -p obcms -f")
    assert "pull_policy" not in switch_of(plan).effects()[0].content  # type: ignore[union-attr]
    forced = draw(settings(tool="v2"), release(), one.world, "INC-7")
    assert command_of(forced).startswith("docker compose -p obcms -f")
    assert any("v1 made these containers" in note.text for note in forced.notes)


def test_mixed_generations_are_said() -> None:
    """The operator decides, knowing: mixed containers are named as such."""
    one = stack(tools=(V2, V1))
    one.engine.made[0] = replace(one.engine.made[0], name="obcms_beat_1")
    plan = draw(settings(), release(), one.world, "INC-7")
    assert any("v1 and v2 are mixed" in note.text for note in plan.notes)


def test_counts_and_services_that_are_on_target_already() -> None:
    """Only what changes is touched, and as many containers run afterwards as before."""
    one = stack()
    one.engine.made[0] = container("beat", "one")
    one.engine.made += [container("web", "two", 2), container("web", "two", 3)]
    plan = draw(settings(), release(), one.world, "INC-7")
    assert command_of(plan).endswith("up -d --no-build --no-deps --scale web=3 celery web")
    assert "on 1 already: beat" in map(str, plan.notes)
    assert switch_of(plan).counts == {"beat": 1, "celery": 1, "web": 3}


def test_a_service_that_nobody_started_stays_down() -> None:
    """The cockpit never acts on its own: going back does not start what was off."""
    one = stack()
    one.engine.made = [c for c in one.engine.made if c.service != "beat"]
    assert command_of(draw(settings(), release(), one.world, "INC-7")).endswith("--no-deps celery web")
    named = draw(settings(services=SERVICES), release(), one.world, "INC-7")
    assert command_of(named).endswith("--no-deps beat celery web")
    assert named.step("X1").undo == ()  # type: ignore[union-attr]


def test_the_undo_is_the_same_with_the_former_images() -> None:
    """Nothing is lost: the former images are kept under a tag, and the undo pins exactly them."""
    plan = draw(settings(), release(), stack().world, "INC-7")
    write, command, look = switch_of(plan).undo_effects()
    first = switch_of(plan).effects()[0]
    assert isinstance(write, WriteFile)
    assert isinstance(first, WriteFile)
    assert write.before == sha256_hex(first.content.encode())
    assert write.content.count(image_id("two")) == 3
    assert command == switch_of(plan).effects()[1]
    assert isinstance(look, ObserveImages)
    keep = plan.step("B3")
    assert keep
    assert {" ".join(e.argv[3:4]) for e in keep.effects if isinstance(e, RunCommand)} == {
        image_id("one"),
        image_id("two"),
    }


def test_the_commit_changes_one_place_for_each_service() -> None:
    """Commit the rollback: only the pins; secrets beside them are in no plan."""
    plan = draw(settings(), release(), stack().world, "INC-7")
    commit = plan.step("X4")
    assert commit
    assert commit.optional
    (edit,) = commit.effects
    assert isinstance(edit, EditFile)
    edited = edit.apply(FILE.encode()).decode()
    assert edited == FILE.replace("obcms:2", "obcms:1").replace(
        "migrate:\n    image: obcms:1", "migrate:\n    image: obcms:2"
    )
    assert edit.reversed().apply(edited.encode()).decode() == FILE
    digest = f"sha256:{'d' * 64}"
    pinned = draw(settings(), release(digests=dict.fromkeys(SERVICES, digest)), stack().world, "INC-7")
    assert f"obcms@{digest}" in str(pinned.step("X4"))


def test_compose_files_are_named_one_by_one() -> None:
    """An override switches Compose's own search off: what it would have found is named."""
    texts = {
        "docker-compose.yml": FILE,
        "docker-compose.override.yml": "services: {web: {ports: []}}\n",
        "other.yml": FILE,
    }
    assert " -f docker-compose.yml -f docker-compose.override.yml -f goaround" in command_of(
        draw(settings(), release(), stack(files=texts).world, "INC-7")
    )
    texts[".env"] = "COMPOSE_FILE=other.yml:docker-compose.yml # two\n"
    assert " -f other.yml -f docker-compose.yml -f goaround" in command_of(
        draw(settings(), release(), stack(files=texts).world, "INC-7")
    )


@pytest.mark.parametrize(
    ("target", "table", "incident", "words"),
    [
        (release("2", "two"), {}, "INC-7", "2 runs already"),
        (release("1", "lost"), {}, "INC-7", "1 is not there: the image of beat, celery, web is not on the engine"),
        (release("1 2"), {}, "INC-7", "'1 2' is no image tag: it holds white space"),
        (release("-rm"), {}, "INC-7", "'-rm' is no image tag: it begins with '-'"),
        (release(way_back=WayBack.GONE, note="pruned"), {}, "INC-7", "1 is gone: pruned"),
        (Release("abc", commit="a" * 40), {}, "INC-7", "abc has no images"),
        (Release("x", images={"web": "sha256:12"}), {}, "INC-7", "no full image id"),
        (Release("x", images={"web": image_id("one")}), {}, "INC-7", "no image of it for beat, celery"),
        (release(), {"services": ("wep",)}, "INC-7", "no service 'wep'"),
        (release(), {"tool": "v1"}, "INC-7", "Compose v1 is not on the host: there is docker compose 2.26.1"),
        (release(), {"files": ("gone.yml",)}, "INC-7", "/opt/obcms/gone.yml is missing on local"),
        (release(), {}, "../x", "makes no file name"),
    ],
)
def test_what_cannot_be_flown_is_refused_while_drawing(
    target: Release, table: dict[str, object], incident: str, words: str
) -> None:
    """S16 and its like: refused before step 1 with the reason and the next move; nothing is written."""
    one = stack()
    with pytest.raises(GoaroundError) as caught:
        draw(settings(**table), target, one.world, incident)
    assert words in caught.value.line()
    assert caught.value.next_move or isinstance(caught.value, BadInput)
    assert one.host.written == []


def test_somebody_elses_file_is_not_replaced() -> None:
    """Nothing is lost: a file of our name that we did not write stays."""
    one = stack()
    one.host.files[f"{FOLDER}/goaround-inc-7.override.yml"] = b"services: {}\n"
    with pytest.raises(GoaroundError, match="not written by goaround"):
        draw(settings(), release(), one.world, "INC-7")


def test_a_bad_image_in_the_file_is_said_before_anything_runs() -> None:
    """S16: Compose resolves a tag with a space without a word."""
    one = stack()
    services = dict(one.compose.project.services)
    one.compose.project = replace(
        one.compose.project, services={**services, "web": replace(services["web"], image="obcms:2 x")}
    )
    plan = draw(settings(services=SERVICES), release(source="record"), one.world, "INC-7")
    assert any(
        "web: the Compose file names the image 'obcms:2 x', but it holds white space" in str(n) for n in plan.notes
    )


def test_what_moved_is_named() -> None:
    """If the world moved meanwhile, it is shown again: files, tags, images, containers, counts."""
    one = stack()
    switch = switch_of(draw(settings(), release(), one.world, "INC-7"))
    assert switch.moved(one.world) == ""
    for change, words in (
        (lambda: one.host.files.update({f"{FOLDER}/.env": b"A=1\n"}), "/opt/obcms/.env has changed"),
        (lambda: one.engine.there.pop(1), "the tag obcms:1 is gone"),
        (lambda: one.engine.made.append(container("web", "two", 2)), "web has 2 containers now, not 1"),
        (lambda: one.engine.made.__setitem__(0, container("beat", "redis")), "obcms-beat-1 runs"),
    ):
        files, there, made = dict(one.host.files), list(one.engine.there), list(one.engine.made)
        change()
        assert words in switch.moved(one.world)
        one.host.files, one.engine.there, one.engine.made = files, there, made
    one.engine.made[0] = container("beat", "one")
    assert switch.moved(one.world) == "", "a service that is on the target already is no surprise"


@pytest.mark.parametrize(
    ("beat", "celery", "web", "expected", "words"),
    [
        ("one", "one", "one", Happened.YES, "every container"),
        ("two", "two", "two", Happened.NO, "are as they were"),
        ("one", "two", "two", Happened.UNKNOWN, "obcms-celery-1 is on"),
        ("one", "one", "", Happened.UNKNOWN, "web has no container"),
        ("one", "one", "exited", Happened.UNKNOWN, "exited"),
    ],
)
def test_after_a_crash_the_world_is_asked(beat: str, celery: str, web: str, expected: Happened, words: str) -> None:
    """Killing any process loses nothing: yes, no, or what is in between, by name."""
    one = stack()
    switch = switch_of(draw(settings(), release(), one.world, "INC-7"))
    made = [container("beat", beat), container("celery", celery)]
    if web == "exited":
        made.append(container("web", "one", state="exited", exit_code=3))
    elif web:
        made.append(container("web", web))
    # What an interrupted recreation leaves behind is no part of the answer.
    made.append(container("beat", "two", name="0123456789ab_obcms-beat-1", state="exited"))
    one.engine.made = made
    checked = switch.check(one.world)
    assert checked.happened is expected
    assert words in checked.detail


def test_an_empty_switch_cannot_be_built() -> None:
    """R9: `up` without service names would start every job there is."""
    planned = draw(settings(), release(), stack().world, "INC-7").step("X1")
    assert planned
    with pytest.raises(BadInput, match="does not fit"):
        build(planned.step, {**planned.params, "switched": []})


def test_the_chosen_release_comes_from_the_list() -> None:
    """The list and the drawer agree on names and images."""
    one = stack()
    found = releases(settings().compose, one.world, "obcms")  # type: ignore[arg-type]
    assert draw(settings(), found[1], one.world, "INC-7").target.name == "1"
