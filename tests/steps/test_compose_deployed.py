"""When the release that runs under Compose was deployed: its containers say it."""

from __future__ import annotations

from dataclasses import replace

from compose_fakes import FOLDER, container, fakes, image, image_id, project, service

from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable
from actions.steps.compose_releases import releases


def stack(*made: object) -> World:
    """Web and celery share an image; redis was started long ago and does not go back with them."""
    of = project(service("web", "obcms:new"), service("celery", "obcms:new"), service("redis", "redis:7"))
    redis = container("redis", "redis", created_at="2026-12-01T00:00:00Z")
    images = [image("redis", "redis:7"), image("new", "obcms:new"), image("old", "obcms:old")]
    return fakes(of, images, [*made, redis]).world  # type: ignore[list-item]


def running(world: World) -> Release:
    """What runs."""
    (found,) = (one for one in releases(ComposeTable(directory=FOLDER), world) if one.way_back is WayBack.RUNNING)
    return found


def test_the_last_of_its_containers_says_when() -> None:
    """A deployment makes them anew, one after the other; a container of something else says nothing."""
    world = stack(
        container("web", "new", created_at="2026-11-22T02:41:10.5Z"),
        container("celery", "new", created_at="2026-11-22T02:41:55Z", started_at="2026-11-22T03:00:00Z"),
    )
    assert running(world).live_since == "2026-11-22T02:41:55Z"
    assert [one.live_since for one in releases(ComposeTable(directory=FOLDER), world)].count("") == 1


def test_containers_are_newer_than_the_record() -> None:
    """An earlier incident went back to it; it has been deployed again since."""
    world = stack(*(container(name, "new", created_at="2026-11-22T02:41:55Z") for name in ("web", "celery")))
    images = {"web": image_id("new"), "celery": image_id("new")}
    known = Release("new", images=images, live_since="2026-10-01T08:00:00Z", ended="ok")
    assert running(replace(world, known_releases=lambda: (known,))).live_since == "2026-11-22T02:41:55Z"
