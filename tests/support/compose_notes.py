"""What must be so for each note of the Compose option: really drawn plans over ports that answer from memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from compose_fakes import (
    FOLDER,
    PROJECT,
    V1,
    V2,
    FakeCompose,
    FakeHost,
    Fakes,
    container,
    fakes,
    image,
    image_id,
    profiled,
    project,
    service,
)

from actions.model.errors import CommandFailed
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import ComposeProject, ComposeTool
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable, Settings, SystemTable
from actions.steps.compose_option import draw

Notes = tuple[Note, ...]
FILE = "services:\n" + "".join(f"  {name}: {{image: 'obcms:2'}}\n" for name in ("celery", "web", "migrate"))


def ground(*, tools: tuple[ComposeTool, ...] = (V2,), file: str = FILE) -> Fakes:
    """Release 2 of two services runs, release 1 is there; beside them a job that ran and redis."""
    job = container("migrate", "two", state="exited")
    of = project(
        service("web", "obcms:2"),
        service("celery", "obcms:2"),
        service("migrate", "obcms:2"),
        service("redis", "redis:7"),
        jobs=("migrate",),
    )
    images = [image("two", "obcms:2", created="2025-10-02T09:00:00Z"), image("one", "obcms:1"), image("redis")]
    made = [container("web", "two"), container("celery", "two"), job, container("redis", "redis")]
    return fakes(of, images, made, files={"docker-compose.yml": file}, tools=tools)


def notes(one: Fakes, **table: object) -> Notes:
    """Of the plan to release 1."""
    compose = ComposeTable(FOLDER, **table)  # type: ignore[arg-type]  # tests name keys as a file would
    names = ("web", "celery", "worker")
    target = Release("1", images=dict.fromkeys(names, image_id("one")), source="image tag", way_back=WayBack.READY)
    settings = Settings(system=SystemTable(PROJECT, "drill"), compose=compose)
    return draw(settings, target, one.world, "INC-7").notes


def _hidden(*, refuses: bool) -> Notes:
    one = profiled(container("web", "two"), container("worker", "two"), refuses=refuses)
    return notes(one)


def _warned(name: str) -> Notes:
    one = ground(file="services:\n  web: {image: 'obcms:$TAG'}\n  celery: {image: 'obcms:2'}\n")
    told = (f'The "{name}" variable is not set. Defaulting to a blank string.',)
    one.compose.project = replace(one.compose.project, warnings=told)
    return notes(one)


def _of_generation_1(tools: tuple[ComposeTool, ...], *, all_of_them: bool = True) -> Notes:
    one = ground(tools=tools)
    made = one.engine.made
    one.engine.made = [
        replace(c, name=c.name.replace("-", "_")) if all_of_them or c.service == "web" else c for c in made
    ]
    return notes(one)


def _without(service_name: str) -> Notes:
    one = ground()
    one.engine.made = [c for c in one.engine.made if c.service != service_name]
    return notes(one)


def _with_celery(**changes: object) -> Notes:
    one = ground()
    one.engine.made[1] = replace(one.engine.made[1], **changes)  # type: ignore[arg-type]
    return notes(one)


def _nothing_runs() -> Notes:
    one = ground()
    one.engine.made = []
    return notes(one)


def _two_images() -> Notes:
    one = ground()
    one.engine.there.append(image("hot fix"))
    one.engine.made.append(container("web", "hot fix", 2))
    return notes(one)


def _image_gone() -> Notes:
    one = ground()
    one.engine.there.pop(0)
    return notes(one)


def _taken_for_job() -> Notes:
    one = ground()
    services = {**one.compose.project.services, "seed": service("seed", "obcms:2", restart="no")}
    one.compose.project = replace(one.compose.project, services=services)
    one.engine.made.append(container("seed", "two", state="exited", exit_code=1))
    return notes(one)


def _bad_image() -> Notes:
    one = ground()
    web = replace(one.compose.project.services["web"], image="obcms:2 x")
    one.compose.project = replace(one.compose.project, services={**one.compose.project.services, "web": web})
    return notes(one, services=("celery", "web"))


def _without_editor() -> Notes:
    one = ground()
    return notes(replace(one, world=replace(one.world, editor=None)))


@dataclass
class _FullDisk(FakeHost):
    """A host whose temporary folder takes nothing."""

    def write_file(self, path: str, content: bytes, *, mode: int, before: str) -> None:
        raise CommandFailed("no space left on device")


def _full_disk() -> Notes:
    one = ground()
    return notes(replace(one, world=replace(one.world, host=_FullDisk(one.host.files))))


@dataclass
class _Spreading(FakeCompose):
    """A Compose in whose answer an override changes more than it says."""

    def config(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str = "") -> ComposeProject:
        found = super().config(tool, directory, files, project)
        more = "  redis:\n    command: other\n" if files and files[-1].startswith("/tmp/") else ""
        return replace(found, text=found.text + more) if more else found


def _elsewhere() -> Notes:
    one = ground()
    fake = _Spreading(one.compose.project, one.host)
    return notes(replace(one, world=replace(one.world, compose=fake)))


CASES: dict[NoteKind, Callable[[], Notes]] = {
    NoteKind.GOES_BACK: lambda: notes(ground()),
    NoteKind.NOT_PULLED: lambda: notes(ground()),
    NoteKind.NOT_TOUCHED: lambda: notes(ground()),
    NoteKind.DATA_STAYS: lambda: notes(ground()),
    NoteKind.PLAIN_UP: lambda: notes(ground()),
    NoteKind.JOB_NOT_STARTED: lambda: notes(ground()),
    NoteKind.ON_TARGET: lambda: _with_celery(image_id=image_id("one")),
    NoteKind.WILL_BE_STARTED: lambda: _with_celery(state="created"),
    NoteKind.OTHER_FILES: lambda: _with_celery(config_files=f"{FOLDER}/old.yml"),
    NoteKind.NO_CONTAINER: lambda: _without("celery"),
    NoteKind.NOTHING_RUNS: _nothing_runs,
    NoteKind.NO_UNDO: _image_gone,
    NoteKind.IMAGES_MIXED: _two_images,
    NoteKind.TAKEN_FOR_JOB: _taken_for_job,
    NoteKind.IMAGE_NAME_BAD: _bad_image,
    NoteKind.NOT_COMMITTABLE: _without_editor,
    NoteKind.CHANGE_NOT_SHOWN: _full_disk,
    NoteKind.CHANGES_ELSEWHERE: _elsewhere,
    NoteKind.COMPOSE_MIXED: lambda: _of_generation_1((V2, V1), all_of_them=False),
    NoteKind.COMPOSE_MATCHED: lambda: _of_generation_1((V2, V1)),
    NoteKind.COMPOSE_RENAMES: lambda: _of_generation_1((V2,)),
    NoteKind.COMPOSE_WARNS: lambda: _warned("TAG"),
    NoteKind.DOLLAR_IN_VALUE: lambda: _warned("word"),
    NoteKind.PROFILES_GIVEN: lambda: _hidden(refuses=False),
    NoteKind.PROFILES_UNKNOWN: lambda: _hidden(refuses=True),
    NoteKind.SERVICE_LEFT_ALONE: lambda: _hidden(refuses=True),
    NoteKind.GOES_ON_RUNNING: lambda: _hidden(refuses=True),
}
"""Kind of note -> the notes of a plan in which it must be."""
