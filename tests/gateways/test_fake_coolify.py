"""The fake Coolify keeps to Coolify's OpenAPI file, its versions, its queue and its build packs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from coolify_asking import ask, told
from fake_coolify import Drive, FakeCoolify
from fake_coolify_contract import (
    ANSWER_QUIRKS,
    GONE_REQUESTS,
    ITEM_QUIRKS,
    REQUEST_QUIRKS,
    contract,
    faults_of_answer,
    unnamed_fields,
)
from fake_coolify_state import ABILITIES, GIT_PACKS, PACKS, App

GOOD, BAD = "a" * 40, "b" * 40


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify(drive=Drive.BY_HAND) as one:
        yield one


def shop_of(coolify: FakeCoolify, pack: str = "nixpacks", **fields: Any) -> App:
    """An application that ran GOOD and runs BAD."""
    shop = coolify.add_app(pack, **fields)
    good, bad = (GOOD, BAD) if pack != "dockerimage" else ("1.4.0", "1.5.0")
    coolify.has_deployed(shop, good, "The good one", days=2)
    coolify.has_deployed(shop, bad, "The bad one", hours=1)
    return shop


def every_answer(coolify: FakeCoolify, shop: App) -> None:
    """Asks everything once."""
    database = coolify.add_database()
    backup = coolify.add_backup(database, coolify.execution(hours=5))
    task = coolify.add_task(shop, "plan", "python manage.py showmigrations --plan")
    coolify.add_variable(shop, "SECRET_KEY", "hunter2", is_shown_once=True)
    coolify.add_variable(shop, "DEBUG", "0")
    one, server = f"/applications/{shop.uuid}", f"/servers/{coolify.server.uuid}"
    row = coolify.deployments(shop)[0]
    tasks, backups = f"{one}/scheduled-tasks", f"/databases/{database.uuid}/backups"
    for path in (
        *("/version", "/applications", one, f"{one}/envs", f"{one}/logs", f"{one}/rollback-images", tasks),
        *("/deployments", f"/deployments/{row.uuid}", f"/deployments/applications/{shop.uuid}", "/databases", backups),
        *(f"{backups}/{backup.uuid}/executions", "/resources", "/servers", server, f"{server}/docker-cleanup"),
        *(f"{server}/docker-cleanup/executions", f"{tasks}/{task.uuid}/executions"),
    ):
        assert ask(coolify, "GET", path).status_code == 200, path
    ask(coolify, "PATCH", one, body={"docker_images_to_keep": 10, "is_auto_deploy_enabled": False})
    ask(coolify, "PATCH", f"{backups}/{backup.uuid}", body={"backup_now": True})
    ask(coolify, "POST", f"{tasks}/{task.uuid}/execute")
    queued = told(ask(coolify, "POST", f"{one}/rollback", body={"commit": GOOD}))["deployment_uuid"]
    ask(coolify, "GET", "/deployments")
    ask(coolify, "POST", f"/deployments/{queued}/cancel")
    ask(coolify, "POST", f"/deployments/{queued}/cancel")
    ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid, "force": False})
    ask(coolify, "POST", f"{one}/start", force="true")
    ask(coolify, "POST", f"{one}/restart")
    ask(coolify, "POST", f"{one}/stop", docker_cleanup="false")


@pytest.mark.parametrize("pack", PACKS)
def test_every_answer_is_as_the_openapi_file_has_it(coolify: FakeCoolify, pack: str) -> None:
    """The fake does not teach the product another API than Coolify's."""
    every_answer(coolify, shop_of(coolify, pack))
    assert len(coolify.requests) == 30
    coolify.assert_all_valid()


def test_no_deviation_is_listed_that_is_none(coolify: FakeCoolify, monkeypatch: pytest.MonkeyPatch) -> None:
    """An excuse that nobody needs would hide a mistake: without the list, each of its paths has a fault."""
    coolify.quirks.queue_as_object = coolify.quirks.version_as_text_plain = True
    every_answer(coolify, shop_of(coolify, "dockerimage"))
    needed = set()
    monkeypatch.setattr("fake_coolify_contract.ANSWER_QUIRKS", {})
    for one in coolify.asked("GET"):
        kind = "text/plain" if one.path == "/version" else "application/json"
        if faults_of_answer("GET", one.path, one.status, one.answer, kind):
            path = one.path.replace(coolify.deployments(coolify_app(coolify))[0].uuid, "{uuid}")
            for uuid in (*coolify.state.apps, *coolify.state.databases):
                path = path.replace(uuid, "{uuid}")
            needed.add(("GET", path))
    assert needed == set(ANSWER_QUIRKS)


def coolify_app(coolify: FakeCoolify) -> App:
    return next(iter(coolify.state.apps.values()))


def test_no_field_is_invented(coolify: FakeCoolify) -> None:
    """What the file does not name and the list of extra fields does not, no answer holds."""
    shop = shop_of(coolify)
    coolify.add_variable(shop, "DEBUG", "0")
    told_application = told(ask(coolify, "GET", f"/applications/{shop.uuid}"))
    row = told(ask(coolify, "GET", f"/deployments/{coolify.deployments(shop)[0].uuid}"))
    (variable, _) = told(ask(coolify, "GET", f"/applications/{shop.uuid}/envs"))
    assert unnamed_fields("Application", told_application) == set()
    assert unnamed_fields("ApplicationSetting", told_application["settings"]) == set()
    assert unnamed_fields("ApplicationDeploymentQueue", row) == set()
    assert unnamed_fields("EnvironmentVariable", variable) == set()


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "reason"),
    [
        ("GET", "/applicatons", None, {}, "no such path in the file"),
        ("DELETE", "/deployments/x", None, {}, "no such method"),
        ("POST", "/applications/{shop}/rollback", None, {}, "body: is required"),
        ("POST", "/applications/{shop}/rollback", {"commit": 7}, {}, "7 is not of type 'string'"),
        ("POST", "/applications/{shop}/rollback", {}, {}, "'commit' is a required property"),
        ("PATCH", "/applications/{shop}", {"git_commit": "x"}, {}, "git_commit: the file does not name it"),
        ("PATCH", "/applications/{shop}", {"docker_images_to_keep": 101}, {}, "greater than the maximum"),
        ("POST", "/applications/{shop}/stop", None, {"docker_cleanup": "no"}, "'no' is not of type 'boolean'"),
        ("POST", "/applications/{shop}/stop", {"docker_cleanup": False}, {}, "the file has none there"),
        ("POST", "/deploy", {"uuid": "x", "commit": "y"}, {}, "body commit: the file does not name it"),
        ("GET", "/deployments/applications/{shop}", None, {"take": "0"}, "less than the minimum"),
        ("GET", "/deployments/applications/{shop}", None, {"limit": "5"}, "query limit: the file does not name it"),
        ("GET", "/deployments/applications/{shop}?take=2&take=3", None, {}, "query take: stands there twice"),
        ("GET", "/deploy", None, {"uuid": "x"}, "no such method"),
        ("PATCH", "/applications/{shop}/envs/bulk", {"data": [{"key": "A", "uuid": "x"}]}, {}, "body data uuid: the"),
    ],
)
def test_a_wrong_request_is_told(
    coolify: FakeCoolify, method: str, path: str, body: Any, query: dict[str, str], reason: str
) -> None:
    """A request that the file has something against fails the test that looks at it, with the reason."""
    shop = coolify.add_app()
    ask(coolify, method, path.replace("{shop}", shop.uuid), None, body, **query)
    (found,) = coolify.invalid
    assert reason in found
    with pytest.raises(AssertionError, match=f"1 {method} /"):
        coolify.assert_all_valid()
    coolify.judges = False


def test_no_test_can_forget_to_look() -> None:
    """A request of the product that does not validate fails every test that sends it, whatever else it looks at."""
    with pytest.raises(AssertionError, match="query limit: the file does not name it"), FakeCoolify() as coolify:
        assert ask(coolify, "GET", "/applications", limit="5").status_code == 200


def test_the_listed_quirks_of_requests_are_let_pass(coolify: FakeCoolify) -> None:
    """A JSON body on /deploy is described in words alone, where a variable is used not at all; nothing more is let."""
    shop = shop_of(coolify)
    ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid, "force": False})
    row = {"key": "A", "value": "1", "is_runtime": True, "is_buildtime": False}
    ask(coolify, "PATCH", f"/applications/{shop.uuid}/envs/bulk", body={"data": [row]})
    coolify.assert_all_valid()
    paths = contract()["paths"]
    named = [name for path, name in ITEM_QUIRKS if f'"{name}"' in json.dumps(paths[path]["patch"])]
    named += [path for method, path in REQUEST_QUIRKS if "requestBody" in paths[path][method.lower()]]
    named += [path for method, path in GONE_REQUESTS if method.lower() in paths[path]]
    assert not named, "the file has it by now: it is no deviation any more"


@pytest.mark.parametrize(
    ("version", "get_deploy", "rollback", "images"),
    [
        ("4.0.0-beta.420", 200, 404, 404),
        ("4.1.2", 200, 404, 404),
        ("4.2.0", 405, 404, 404),
        ("4.3.0", 405, 200, 200),
        ("4.3.12", 405, 200, 200),
    ],
)
def test_versions_differ_in_what_they_know(version: str, get_deploy: int, rollback: int, images: int) -> None:
    """Before 4.2 GET deploys; since 4.3 there is a rollback; an unknown path names the documentation."""
    with FakeCoolify(version, drive=Drive.BY_HAND) as coolify:
        shop = shop_of(coolify)
        one = f"/applications/{shop.uuid}"
        by_get = ask(coolify, "GET", "/deploy", coolify.actor, uuid=shop.uuid)
        coolify.requests[0].invalid.clear()
        assert by_get.status_code == get_deploy
        if get_deploy == 405:
            assert by_get.json()["message"] == "This endpoint has changed to a POST request."
            assert by_get.headers["Allow"] == "POST"
        coolify.run()
        assert ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid}).status_code == 200
        back = ask(coolify, "POST", f"{one}/rollback", body={"commit": GOOD})
        assert (back.status_code, ask(coolify, "GET", f"{one}/rollback-images").status_code) == (rollback, images)
        assert ("docs" in back.json()) is (rollback == 404)
        assert ask(coolify, "GET", "/version").text == version
        coolify.assert_all_valid()


RIGHTS = {
    "read": {
        *("/applications", "/applications/{uuid}", "/applications/{uuid}/envs", "/applications/{uuid}/logs"),
        *("/applications/{uuid}/rollback-images", "/applications/{uuid}/scheduled-tasks", "/version", "/resources"),
        *("/applications/{uuid}/scheduled-tasks/{task}/executions", "/deployments", "/deployments/{uuid}"),
        *("/deployments/applications/{uuid}", "/databases", "/databases/{uuid}/backups", "/servers", "/servers/{uuid}"),
        *("/databases/{uuid}/backups/{schedule}/executions", "/servers/{uuid}/docker-cleanup"),
        "/servers/{uuid}/docker-cleanup/executions",
    },
    "deploy": {
        *("/deploy", "/deployments/{uuid}/cancel", "/applications/{uuid}/rollback", "/applications/{uuid}/start"),
        *("/applications/{uuid}/stop", "/applications/{uuid}/restart"),
    },
    "write": {
        *("/applications/{uuid}", "/applications/{uuid}/envs/bulk", "/databases/{uuid}/backups/{schedule}"),
        "/applications/{uuid}/scheduled-tasks/{task}/execute",
    },
}
"""What a token must be able to do for each path, whatever else it may: by the API's own table."""


def test_each_path_wants_its_own_right(coolify: FakeCoolify) -> None:
    """One right does not stand for another, but ``root`` for all; the one that is missing is named."""
    coolify.gate.rate_limit = 1000
    found: dict[str, set[str]] = {}
    everything = coolify.token("everything", "root")
    for route in coolify.gate.routes:
        path = route.path.replace("{", "").replace("}", "")
        others = coolify.token(route.path, *({*ABILITIES} - {route.ability, "root"}))
        body = {} if route.method == "GET" else {"description": "x"}
        refused = ask(coolify, route.method, path, others, body or None)
        assert (refused.status_code, refused.json()) == (
            403,
            {"message": f"Missing required permissions: {route.ability}"},
        )
        assert ask(coolify, route.method, path, everything, body or None).status_code != 403
        found.setdefault(route.ability, set()).add(route.path)
    assert found == RIGHTS
    coolify.judges = False


@pytest.mark.parametrize("pack", GIT_PACKS)
def test_a_rollback_runs_the_image_that_is_there(coolify: FakeCoolify, pack: str) -> None:
    """Rolling: the old container stays until the new one is healthy; the image is the same, and nothing is pinned."""
    shop = shop_of(coolify, pack)
    image = next(one for one in coolify.core.runtime.images(shop) if one.tag == GOOD)
    uuid = told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))["deployment_uuid"]
    row = coolify.state.deployment(uuid)
    assert row is not None
    assert (row.status, row.rollback, row.commit, coolify.runs(shop)) == ("in_progress", True, GOOD, BAD)
    seen = []
    while coolify.step():
        seen.append(coolify.runs(shop))
    assert f"{GOOD} {BAD}" in seen
    assert (row.status, coolify.runs(shop), shop.git_commit_sha) == ("finished", GOOD, "HEAD")
    assert coolify.running(shop)[0].image_id == image.id
    assert any("Build step skipped." in entry["output"] for entry in row.log)


def test_a_rollback_to_an_image_that_is_gone_builds_another(coolify: FakeCoolify) -> None:
    """Silently no longer the same image."""
    shop = shop_of(coolify)
    before = {one.tag: one.id for one in coolify.core.runtime.images(shop)}
    coolify.remove_image(shop, GOOD)
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
    coolify.run()
    assert coolify.runs(shop) == GOOD
    assert coolify.running(shop)[0].image_id != before[GOOD]
    assert any("Image not found" in entry["output"] for entry in coolify.deployments(shop)[0].log)


@pytest.mark.parametrize(("version", "runs"), [("4.3.11", "1.5.0"), ("4.3.12", "1.4.0")])
def test_the_tag_of_a_pulled_image_is_ignored_before_4_3_12(version: str, runs: str) -> None:
    """Finished either way."""
    with FakeCoolify(version, drive=Drive.BY_HAND) as coolify:
        shop = shop_of(coolify, "dockerimage")
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": "1.4.0"}))
        coolify.run()
        assert (coolify.deployments(shop)[0].status, coolify.runs(shop)) == ("finished", runs)
        told(ask(coolify, "PATCH", f"/applications/{shop.uuid}", body={"docker_registry_image_tag": "1.4.0"}))
        told(ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid, "force": False}))
        coolify.run()
        assert coolify.runs(shop) == "1.4.0"


@pytest.mark.parametrize(("shallow", "runs"), [(True, BAD), (False, GOOD)])
def test_a_compose_rollback_with_shallow_clone_runs_the_new_code(
    coolify: FakeCoolify, shallow: bool, runs: str
) -> None:
    """Finished either way; and compose applications list no images."""
    shop = shop_of(coolify, "dockercompose", services=("web", "worker"))
    shop.settings["is_git_shallow_clone_enabled"] = shallow
    assert told(ask(coolify, "GET", f"/applications/{shop.uuid}/rollback-images"))["images"] == []
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
    coolify.run()
    assert (coolify.deployments(shop)[0].status, coolify.runs(shop)) == ("finished", runs)
    assert [one.service for one in coolify.running(shop)] == ["web", "worker"]


def test_a_pinned_commit_is_deployed_until_it_is_taken_back(coolify: FakeCoolify) -> None:
    """The way of before 4.3; HEAD becomes the commit at the tip of the branch when the deployment begins."""
    shop = shop_of(coolify)
    told(ask(coolify, "PATCH", f"/applications/{shop.uuid}", body={"git_commit_sha": GOOD}))
    told(ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid}))
    coolify.run()
    assert coolify.runs(shop) == GOOD
    told(ask(coolify, "PATCH", f"/applications/{shop.uuid}", body={"git_commit_sha": "HEAD"}))
    told(ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid}))
    row = coolify.deployments(shop)[0]
    assert row.commit == "HEAD"
    coolify.run()
    assert (row.commit, coolify.runs(shop)) == (BAD, BAD)


def test_a_push_deploys_the_newest_commit_only_while_auto_deploy_is_on(coolify: FakeCoolify) -> None:
    """What undoes a rollback behind the operator's back."""
    shop = shop_of(coolify)
    assert coolify.push(shop, "c" * 40) is not None
    coolify.run()
    assert coolify.deployments(shop)[0].is_webhook
    assert coolify.runs(shop) == "c" * 40
    told(ask(coolify, "PATCH", f"/applications/{shop.uuid}", body={"is_auto_deploy_enabled": False}))
    assert coolify.push(shop, "d" * 40) is None
    assert coolify.runs(shop) == "c" * 40


def test_deployments_move_by_polls_or_by_the_clock() -> None:
    """No test waits: whoever looks moves it on, having seen it at work first; or real time does."""
    with FakeCoolify() as coolify:
        shop = shop_of(coolify)
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
        path = f"/deployments/{coolify.deployments(shop)[0].uuid}"
        seen = [told(ask(coolify, "GET", path))["status"] for _ in range(10)]
        assert (seen[0], seen[-1], coolify.runs(shop)) == ("in_progress", "finished", GOOD)
    with FakeCoolify(drive=Drive.BY_CLOCK, pace_s=0.001) as coolify:
        shop = shop_of(coolify)
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
        path = f"/deployments/{coolify.deployments(shop)[0].uuid}"
        while told(ask(coolify, "GET", path))["status"] != "finished":
            pass
        assert coolify.runs(shop) == GOOD
