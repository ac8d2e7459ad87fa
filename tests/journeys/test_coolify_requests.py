"""Everything that the product ever asks of Coolify, in one list, and judged by Coolify's own OpenAPI file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from coolify_flight import GOOD, Flown, flying
from environment_ground import changed, kept, row
from fake_coolify_contract import ITEM_QUIRKS, REQUEST_QUIRKS, excuses_of_request, template
from fake_coolify_http import Asked
from git_ground import make_ground
from performing import local_world

from actions.gateways.coolify import HttpCoolify
from app.ready_checks import Checks

FIELDS = {
    "/applications/{uuid}": {
        *("docker_registry_image_tag", "git_commit_sha", "git_branch", "is_auto_deploy_enabled", "description"),
        "docker_images_to_keep",
    },
    "/applications/{uuid}/envs/bulk": {"data", "key", "value", "is_literal", "is_multiline", "is_shown_once"}
    | {"is_preview", "is_runtime", "is_buildtime"},
    "/applications/{uuid}/rollback": {"commit"},
    "/deploy": {"uuid", "force"},
    "/deployments/{uuid}/cancel": set(),
}
"""What acts: path -> every field that its body ever has."""
QUERIES = {
    "/version": set(),
    "/applications/{uuid}": set(),
    "/applications/{uuid}/envs": set(),
    "/applications/{uuid}/logs": {"lines", "show_timestamps"},
    "/applications/{uuid}/rollback-images": set(),
    "/deployments/{uuid}": set(),
    "/deployments/applications/{uuid}": {"skip", "take"},
    "/databases/{uuid}/backups": set(),
    "/databases/{uuid}/backups/{scheduled_backup_uuid}/executions": set(),
    "/servers/{uuid}": set(),
    "/servers/{uuid}/docker-cleanup": set(),
    "/servers/{uuid}/docker-cleanup/executions": set(),
}
"""What reads: path -> every parameter that is ever given."""


def ways_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Asked]:
    """Old and new versions, images that are built and pulled, with a deployment in the way; undone and straightened."""
    for version, pack in (("4.3.11", "nixpacks"), ("4.2.0", "nixpacks"), ("4.3.11", "dockerimage")):
        with flying(folder / f"{version}-{pack}", monkeypatch, version=version, pack=pack) as flown:
            flown.app.settings["docker_images_to_keep"] = 1
            flown.coolify.quirks.deployments_stick = True
            flown.coolify.push(flown.app, GOOD if pack == "dockerimage" else "c3" * 20)
            flown.coolify.step()
            flown.coolify.quirks.deployments_stick = False
            plan = flown.drawn()
            assert set(flown.fly().values()) == {"done"}, flown.said
            assert flown.run("X3", undo=True) == "done", flown.said
            for step in plan.steps:
                if step.pays:
                    flown.run(step.code)
            yield from flown.coolify.requests


def by_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Asked]:
    """The git option that Coolify deploys."""
    (folder / "ground").mkdir()
    ground = make_ground(folder / "ground")
    good, bad = ground.shas[-2:]
    more = f'[git]\nrepository = "{ground.clone}"\ncoolify = true\n'
    with flying(folder / "git", monkeypatch, good=good, bad=bad, more=more) as flown:
        flown.app.head = good
        flown.drawn(good, "git")
        assert set(flown.fly().values()) == {"done"}, flown.said
        yield from flown.coolify.requests


def environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Asked]:
    """What stood there with the good version, set back and put back."""

    def flags_too(flown: Flown) -> None:
        changed(flown)
        row(flown, "DSN").is_buildtime = True

    with kept(folder / "environment", monkeypatch, then=flags_too) as flown:
        flown.drawn()
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        assert flown.run("B5", undo=True) == "done", flown.said
        yield from flown.coolify.requests


def ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Asked]:
    """Whether it would work: targets, clean-up, tokens, backups, and the log that is looked at meanwhile."""
    with flying(folder / "ready", monkeypatch) as flown:
        database = flown.coolify.add_database()
        flown.coolify.add_backup(database, flown.coolify.execution(hours=5))
        settings = flown.session.settings
        assert settings.coolify is not None
        table = replace(settings.coolify, server=flown.coolify.server.uuid, database=database.uuid)
        port = HttpCoolify(table, flown.coolify.resolve, str)
        world = replace(local_world(folder / "ready"), coolify=port)
        report = Checks(replace(settings, coolify=table), world, "ops1").run()
        assert report.facts["acting token"] == "deploy, write"
        assert len(port.backups()) == 1
        assert port.log()
        yield from flown.coolify.requests


def test_every_request_is_as_coolifys_own_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole list of what is sent, with every parameter and field: a new one wants a line here and a look there."""
    acts: dict[str, set[str]] = {}
    reads: dict[str, set[str]] = {}
    excused: set[tuple[str, str]] = set()
    for part in (ways_back, by_git, environment, ready):
        for one in part(tmp_path, monkeypatch):
            assert one.invalid == [], one
            path = template(one.path)
            excused |= excuses_of_request(one.method, one.path, one.body)
            if one.method == "GET":
                reads.setdefault(path, set()).update(one.query)
                assert one.body is None
            else:
                acts.setdefault(path, set()).update(fields(one.body))
                assert one.query == {}
    assert reads == QUERIES
    assert acts == FIELDS
    assert excused == {*REQUEST_QUIRKS, *ITEM_QUIRKS}, "each excuse is one that the product needs"


def fields(body: object) -> set[str]:
    """Names of a body's fields and of those of its lists' items."""
    if isinstance(body, list):
        return {name for item in body for name in fields(item)}
    if not isinstance(body, dict):
        return set()
    return set(body) | {name for value in body.values() for name in fields(value)}
