"""What a Compose project is made of beside its own file: what it draws in, hidden profiles, jobs nobody declared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compose_fakes import (
    FOLDER,
    PROJECT,
    V2,
    Fakes,
    container,
    fakes,
    image,
    image_id,
    profiled,
    project,
    service,
)

from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable, Settings, SystemTable
from actions.steps.catalog import build
from actions.steps.compose_evidence import keep_configuration
from actions.steps.compose_facts import read_facts
from actions.steps.compose_names import split_reference
from actions.steps.compose_option import draw
from actions.steps.compose_releases import releases
from actions.steps.compose_services import service_set
from actions.steps.compose_sources import DOLLAR, drawn_in, warnings

TABLE = ComposeTable(directory=FOLDER)
FILES = {
    "docker-compose.yml": "include:\n  - sub/more.yml\n  - {path: https://example.org/x.yml}\nservices:\n"
    "  web:\n    extends: {file: base.yml, service: web}\n    env_file: [app.env, '${NOPE}.env', gone.env]\n",
    "base.yml": "services: {web: {image: 'obcms:2', env_file: {path: base.env, required: false}}}\n",
    "sub/more.yml": "services: {celery: {image: 'obcms:2', env_file: near.env}}\n",
    "app.env": "A=1\n",
    "base.env": "B=1\n",
    "sub/near.env": "C=1\n",
    ".env": "TAG=2\n",
}


def stack(files: dict[str, str] | None = None, told: tuple[str, ...] = ()) -> Fakes:
    of = replace(project(service("web", "obcms:2"), service("celery", "obcms:2")), warnings=told)
    images = [image("two", "obcms:2", created="2025-10-02T09:00:00Z"), image("one", "obcms:1")]
    return fakes(of, images, [container("web", "two"), container("celery", "two")], files=files or FILES)


def plan_of(world: World) -> tuple[Release, Settings]:
    target = Release(
        "1", images=dict.fromkeys(("web", "celery"), image_id("one")), source="image tag", way_back=WayBack.READY
    )
    return target, Settings(system=SystemTable(PROJECT, "drill"), compose=TABLE)


def test_what_a_project_draws_in_is_found() -> None:
    """F43: includes, extended files and env files count, each from the folder it is named in; the rest is not ours."""
    found = drawn_in(FOLDER, ("docker-compose.yml",), stack().world)
    names = sorted(path.removeprefix(f"{FOLDER}/") for path in found)
    assert names == [".env", "app.env", "base.env", "base.yml", "sub/more.yml", "sub/near.env"]


@pytest.mark.parametrize("name", ["app.env", "base.yml", "sub/near.env", ".env"])
def test_a_drawn_in_file_that_changes_stops_the_switch(name: str) -> None:
    """What runs is what was shown: an env file that somebody edits between plan and switch is seen, and kept before."""
    one = stack()
    target, settings = plan_of(one.world)
    plan = draw(settings, target, one.world, "INC-7")
    kept = plan.step("B2")
    planned = plan.step("X1")
    assert kept is not None
    assert planned is not None
    assert any(f"{FOLDER}/{name}" in line for effect in kept.effects for line in effect.lines()), kept.effects
    switch = build(planned.step, planned.params)
    assert switch.moved(one.world) == ""
    one.host.files[f"{FOLDER}/{name}"] += b"# edited\n"
    assert switch.moved(one.world) == f"{FOLDER}/{name} has changed"


def test_evidence_of_two_files_of_one_name_does_not_collide() -> None:
    """Nothing is lost: `a/app.env` and `a_app.env` would both be called `a_app.env`."""
    files = {
        "docker-compose.yml": "services:\n  web: {image: 'obcms:2', env_file: [a/app.env, a_app.env]}\n"
        "  celery: {image: 'obcms:2'}\n",
        "a/app.env": "A=1\n",
        "a_app.env": "B=1\n",
    }
    one = stack(files)
    target, settings = plan_of(one.world)
    kept = draw(settings, target, one.world, "INC-7").step("B2")
    assert kept is not None
    names = [effect.name for effect in kept.effects]  # type: ignore[union-attr]  # all of them collect
    assert len(set(names)) == len(names), names


def test_a_piece_of_a_secret_is_no_warning() -> None:
    """S15, no canary anywhere: of `pa$word` Compose names `word`; a variable that is really meant is named."""
    files = {
        "docker-compose.yml": "services:\n  web: {image: '${REGISTRY}/obcms:$TAG', environment: {P: 'a$canary'}}\n"
    }
    told = tuple(f'The "{name}" variable is not set. Defaulting to a blank string.' for name in ("TAG", "REGISTRY"))
    secret = ('The "canary" variable is not set. Defaulting to a blank string.', "The cret variable is not set.")
    world = stack(files).world
    lines = warnings((*told, *secret, "something else"), FOLDER, ("docker-compose.yml",), world)
    assert [str(line) for line in lines] == [
        *(f"Compose warns: {line}" for line in told),
        str(DOLLAR),
        "Compose warns: something else",
    ]
    codes = [NoteKind.COMPOSE_WARNS.code] * len(told) + [NoteKind.DOLLAR_IN_VALUE.code, NoteKind.COMPOSE_WARNS.code]
    assert [line.code for line in lines] == codes
    assert "canary" not in str(read_facts(TABLE, stack(files, secret).world).notes)


def test_a_service_that_runs_under_a_hidden_profile_goes_back_too() -> None:
    """F37: it would stay on the broken release, and the proof would not look at it. An ended one counts for nothing."""
    one = profiled(container("web", "two"), container("worker", "two"), container("seed", "two", state="exited"))
    facts = read_facts(TABLE, one.world)
    assert facts.services == ("web", "worker")
    assert facts.tool.argv == ("docker", "compose", "--profile", "jobs")
    assert "worker runs, so --profile jobs is given: it is not active in this shell" in map(str, facts.notes)
    assert read_facts(TABLE, profiled(container("web", "two")).world).tool == V2


def test_a_hidden_service_that_cannot_be_reached_is_said() -> None:
    """Nothing is hidden: what runs the release that is left, and stays there, stands in the notes by name."""
    one = profiled(container("web", "two"), container("worker", "two"), refuses=True)
    notes = "\n".join(map(str, read_facts(TABLE, one.world).notes))
    assert "worker: containers run, but their services are not active here" in notes
    assert "obcms-worker-1 runs the release that is left, and will go on to: stop it by hand" in notes


@pytest.mark.parametrize(
    ("restart", "exit_code", "others", "goes_back"),
    [
        ("", 0, "running", False),
        ("", 1, "running", True),
        ("no", 1, "running", False),
        ("no", 0, "restarting", False),
        ("always", 0, "running", True),
        ("", 0, "exited", True),
    ],
)
def test_a_job_that_nobody_declared_is_not_started(restart: str, exit_code: int, others: str, goes_back: bool) -> None:
    """Never by accident: `migrate` has ended while its like run; where all is down, a stopped service is no job."""
    of = project(service("web", "obcms:2", restart="always"), service("migrate", "obcms:2", restart=restart))
    made = (container("web", "two", state=others), container("migrate", "two", state="exited", exit_code=exit_code))
    found = service_set(TABLE, of, made)
    assert ("migrate" in found.services) is goes_back
    assert any("migrate" in note.text for note in found.notes) is not goes_back


def test_services_pinned_by_ids_share_no_repository() -> None:
    """After a committed rollback the file holds ids: the image of web must never be taken for celery's."""
    assert split_reference(image_id("web2")) == ("", "")
    of = project(
        service("web", image_id("web2"), build=True, restart="always"),
        service("celery", image_id("celery2"), build=True, restart="always"),
    )
    labelled = {"com__docker__compose__project": PROJECT}
    images = [
        image(f"{name}{n}", created=f"2025-10-0{n}T0{hour}:00:00Z", com__docker__compose__service=name, **labelled)
        for n in (1, 2)
        for hour, name in ((8, "celery"), (9, "web"))
    ]
    one = fakes(of, images, [container("web", "web2"), container("celery", "celery2")])
    for release in releases(TABLE, one.world, "shop"):
        for name, found in release.images.items():
            assert found in (image_id(f"{name}1"), image_id(f"{name}2")), release


def test_what_is_not_backed_up_is_said() -> None:
    """E03: whoever relies on the saved configuration reads what is missing in it."""
    one = stack()
    facts = read_facts(TABLE, one.world)
    plain = keep_configuration(facts, one.world).expected()
    assert "NOT kept: the shell environment of earlier deployments" in plain
    assert "what secrets" not in plain
    text = facts.project.text + "secrets:\n  db_password:\n    external: true\n"
    secret = replace(facts, project=replace(facts.project, text=text))
    assert "NOT kept, as Compose does not tell it: what secrets" in keep_configuration(secret, one.world).expected()
