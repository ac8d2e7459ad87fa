"""Finds the code of the target and of what runs, and how each is run to be asked for its migrations.

By images where Compose is configured, else by the deployed folder and the commits of the clone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actions.model.compose_command import compose_argv
from actions.model.database_client import local_client
from actions.model.django_code import STDIN, DjangoCode
from actions.model.effect_schema import AskSchema
from actions.model.errors import BadInput, GoaroundError
from actions.model.ports import World
from actions.model.release import Release, short_id
from actions.model.system import GitTable, Settings
from actions.model.system_database import DjangoTable
from actions.steps.compose_facts import ComposeFacts, read_facts, running_images
from actions.steps.database_reach import client_of
from actions.steps.git_running import deploy_host


def configured(settings: Settings) -> bool:
    """Whether the verdict is asked for at all: both ``[django]`` and a named ``[database]`` are there."""
    return settings.asks_schema


def question(settings: Settings, world: World, release: Release) -> AskSchema:
    """What is asked about going back to this release. Raises BadInput where it is not configured."""
    if settings.django is None or settings.database is None or not settings.database.name:
        raise BadInput("the schema verdict is not configured", "", "add [django] and [database] with name and reach")
    name = settings.database.name
    try:
        client = client_of(settings, world)
        sides = _sides(settings, settings.django, world, release)
    except GoaroundError as error:
        # Not to be learnt is a verdict, too: it is shown, and can be gone around as any other.
        nothing = DjangoCode(world.host.name, release.name, unknown=error.line())
        return AskSchema(local_client(world.host.name), name, nothing, nothing)
    return AskSchema(client, name, sides.target, sides.running)


@dataclass(frozen=True)
class _Sides:
    target: DjangoCode
    running: DjangoCode


def _sides(settings: Settings, table: DjangoTable, world: World, release: Release) -> _Sides:
    facts = read_facts(settings.compose, world) if settings.compose is not None else None
    running = running_code(settings, table, world, facts)
    if facts is not None and release.images:
        return _Sides(image_code(table, world, facts, release, running.image), running)
    if release.commit and settings.git is not None:
        return _Sides(commit_code(settings.git, world, release), running)
    return _Sides(
        DjangoCode(world.host.name, release.name, unknown="neither its image nor its commit is known"), running
    )


def image_code(
    table: DjangoTable, world: World, facts: ComposeFacts, release: Release, otherwise: str = ""
) -> DjangoCode:
    """The code of a release by its image; ``otherwise``: the image where it names none for Django's service."""
    there = _container(table, world, facts)
    image = release.images.get(table.service, otherwise)
    if not image:
        none = there.unknown or f"it has no image for {table.service}"
        return replace(there, release=release.name, unknown=none)
    gone = "" if image in facts.images else "its image is not on the engine"
    return replace(there, release=release.name, image=image, unknown=there.unknown or gone)


def commit_code(table: GitTable, world: World, release: Release) -> DjangoCode:
    """The code of a release by its commit: its files in the clone, which are listed and not run."""
    return DjangoCode(world.host.name, release.name, cwd=table.repository, commit=release.commit)


def running_code(settings: Settings, table: DjangoTable, world: World, facts: ComposeFacts | None) -> DjangoCode:
    """The code that runs: the image of Django's service, else what lies in the deployed folder."""
    if facts is not None:
        image = running_images(facts.containers, (table.service,)).get(table.service, "")
        code = replace(_container(table, world, facts), image=image, release=f"what runs ({short_id(image)})")
        if not image:
            return replace(code, release="what runs", unknown=code.unknown or f"{table.service} has no container")
        return code if image in facts.images else replace(code, unknown="the image that runs is not on the engine")
    if settings.git is not None and settings.git.directory:
        return DjangoCode(
            deploy_host(settings, settings.git),
            "what is deployed",
            table.manage,
            cwd=settings.git.directory,
            database=table.database,
            env=dict(table.env),
        )
    return DjangoCode(world.host.name, "what runs", unknown="neither [compose] nor git.directory says where it is")


def _container(table: DjangoTable, world: World, facts: ComposeFacts) -> DjangoCode:
    known = ", ".join(sorted(facts.project.services))
    missing = "" if table.service in facts.project.services else f"there is no service {table.service} (there: {known})"
    return DjangoCode(
        world.host.name,
        "",
        table.manage,
        cwd=facts.directory,
        database=table.database,
        env=dict(table.env),
        service=table.service,
        compose=compose_argv(facts.tool, facts.directory, (*facts.files, STDIN), facts.project.name, "run"),
        pulls=facts.tool.generation >= 2,
        unknown=missing,
    )
