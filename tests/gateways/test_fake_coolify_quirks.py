"""Each oddity of the fake Coolify does what is known of the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from coolify_asking import ask, told
from fake_coolify import Drive, FakeCoolify
from fake_coolify_state import POSTGRESQL, App

GOOD, BAD = "a" * 40, "b" * 40


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify(drive=Drive.BY_HAND) as one:
        yield one
        one.assert_all_valid()


@pytest.fixture
def shop(coolify: FakeCoolify) -> App:
    app = coolify.add_app()
    coolify.has_deployed(app, GOOD, days=2)
    coolify.has_deployed(app, BAD, hours=1)
    return app


def back(coolify: FakeCoolify, shop: App) -> tuple[str, str]:
    """Rolls back to the good one; how it ended, and what runs."""
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
    coolify.run()
    return coolify.deployments(shop)[0].status, coolify.runs(shop)


def lines(coolify: FakeCoolify, shop: App) -> str:
    return "\n".join(entry["output"] for entry in coolify.deployments(shop)[0].log)


def test_who_may_ask(coolify: FakeCoolify, shop: App) -> None:
    """401, 403 with ``success: true``, the missing right by name, 400 for a team that was left, 404 for another's."""
    one = f"/applications/{shop.uuid}"
    stranger = coolify.token("stranger", "read", team=7)
    gone = coolify.token("gone", "read", in_team=False)
    member = coolify.token("member", "read", "deploy", member=True)
    del coolify.state.tokens[(unknown := coolify.token("unknown", "root")).secret]
    answers = {
        "unknown": ask(coolify, "GET", one, unknown),
        "gone": ask(coolify, "GET", one, gone),
        "stranger": ask(coolify, "GET", one, stranger),
        "member": ask(coolify, "GET", one, member),
        "observer": ask(coolify, "POST", f"{one}/rollback", coolify.observer, {"commit": GOOD}),
        "actor": ask(coolify, "GET", one, coolify.actor),
    }
    found = {name: (answer.status_code, answer.json()["message"][:43]) for name, answer in answers.items()}
    assert found == {
        "unknown": (401, "Unauthenticated."),
        "gone": (400, "Invalid token."),
        "stranger": (404, "Application not found."),
        "member": (403, "This API token has permissions (deploy) tha"),
        "observer": (403, "Missing required permissions: deploy"),
        "actor": (403, "Missing required permissions: read"),
    }
    assert "docs" not in answers["stranger"].json()
    assert [one.token for one in coolify.requests][:2] == ["", "gone"]
    coolify.quirks.api_disabled = True
    answer = ask(coolify, "GET", one)
    assert (answer.status_code, answer.json()) == (403, {"success": True, "message": "API is disabled."})
    coolify.quirks.api_disabled, coolify.quirks.address_not_allowed = False, True
    assert ask(coolify, "GET", one).json()["message"] == "You are not allowed to access the API."
    assert len(coolify.deployments(shop)) == 2


def test_the_rate_limit_is_of_a_minute(coolify: FakeCoolify) -> None:
    """429 with Retry-After, and after it is over, answers again; all tokens of one user count together."""
    coolify.gate.rate_limit = 3
    second = coolify.token("second", "read")
    asked = [ask(coolify, "GET", "/version", token) for token in (coolify.observer, second, second, coolify.observer)]
    assert [one.status_code for one in asked] == [200, 200, 200, 429]
    assert ask(coolify, "GET", "/version", coolify.token("theirs", "read", user="ops2")).status_code == 200
    assert ask(coolify, "GET", "/version").headers["Retry-After"] == "60"
    coolify.clock.pass_time(seconds=61)
    assert ask(coolify, "GET", "/version").status_code == 200


def test_the_log_is_a_text_and_only_for_who_may_read_it(coolify: FakeCoolify, shop: App) -> None:
    """Absent without read:sensitive; else JSON in the JSON, with hidden entries; null before the first."""
    row = coolify.deployments(shop)[0]
    plain = coolify.token("plain", "read")
    assert "logs" not in told(ask(coolify, "GET", f"/deployments/{row.uuid}", plain))
    entries = json.loads(told(ask(coolify, "GET", f"/deployments/{row.uuid}"))["logs"])
    assert [entry["order"] for entry in entries] == list(range(1, len(entries) + 1))
    assert {entry["hidden"] for entry in entries} == {True, False}
    assert set(entries[0]) == {"command", "output", "type", "timestamp", "hidden", "batch", "order"}
    queued = told(ask(coolify, "POST", f"/applications/{shop.uuid}/restart"))["deployment_uuid"]
    assert told(ask(coolify, "GET", f"/deployments/{queued}"))["logs"] is None


def test_lists_of_deployments(coolify: FakeCoolify, shop: App) -> None:
    """``{count, deployments}`` newest first and by page; the queue as an object with numbers for keys."""
    path = f"/deployments/applications/{shop.uuid}"
    page = told(ask(coolify, "GET", path, skip="1", take="1"))
    assert (page["count"], [row["commit"] for row in page["deployments"]]) == (2, [GOOD])
    coolify.quirks.history_as_list = coolify.quirks.queue_as_object = True
    assert len(told(ask(coolify, "GET", path))) == 2
    ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD})
    ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD})
    assert set(told(ask(coolify, "GET", "/deployments"))) == {"0", "1"}


def test_a_second_deploy_is_skipped_and_a_second_rollback_is_not(coolify: FakeCoolify, shop: App) -> None:
    """Skipped without an id, or with the id of nothing."""
    deploy = {"uuid": shop.uuid, "force": False}
    (first,) = told(ask(coolify, "POST", "/deploy", body=deploy))["deployments"]
    (second,) = told(ask(coolify, "POST", "/deploy", body=deploy))["deployments"]
    assert "deployment_uuid" in first
    assert second == {"message": "Deployment already queued for this commit.", "resource_uuid": shop.uuid}
    coolify.quirks.phantom_when_skipped = True
    (third,) = told(ask(coolify, "POST", "/deploy", body=deploy))["deployments"]
    assert ask(coolify, "GET", f"/deployments/{third['deployment_uuid']}").status_code == 404
    assert len(coolify.deployments(shop)) == 3
    assert told(ask(coolify, "POST", f"/applications/{shop.uuid}/start")) == {"message": second["message"]}
    for _ in range(2):
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
    assert [row.status for row in coolify.deployments(shop)][:3] == ["queued", "queued", "in_progress"]


def test_a_full_queue_is_told_in_three_ways(coolify: FakeCoolify, shop: App) -> None:
    """/rollback 400, /deploy 429 with Retry-After, /start a 200 with the id of nothing."""
    coolify.server.queue_limit = 1
    for commit in (GOOD, BAD):
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": commit}))
    rollback = ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD})
    deploy = ask(coolify, "POST", "/deploy", body={"uuid": shop.uuid})
    start = told(ask(coolify, "POST", f"/applications/{shop.uuid}/start"))
    assert (rollback.status_code, deploy.status_code, deploy.headers["Retry-After"]) == (400, 429, "60")
    assert rollback.json()["message"] == deploy.json()["message"]
    assert coolify.state.deployment(start["deployment_uuid"]) is None
    assert len(coolify.deployments(shop)) == 4


def test_images_are_told_only_while_the_server_answers(coolify: FakeCoolify, shop: App) -> None:
    """``{current: null, images: []}`` is no proof of absence; ``current`` needs a container without a suffix."""
    path = f"/applications/{shop.uuid}/rollback-images"
    images = told(ask(coolify, "GET", path))
    assert images["current"] is None
    assert [one["tag"] for one in images["images"]] == [BAD, GOOD]
    assert images["images"][0]["created_at"].endswith(" +0000 UTC")
    coolify.quirks.current_told = True
    assert told(ask(coolify, "GET", path))["current"] == BAD
    coolify.server.reachable = False
    assert told(ask(coolify, "GET", path)) == {"current": None, "images": []}


def test_stopping_takes_images_away_unless_it_is_told_not_to(coolify: FakeCoolify, shop: App) -> None:
    """No id; the clean-up keeps the newest two, so the one to go back to may be gone."""
    coolify.has_deployed(shop, "c" * 40)
    stop = f"/applications/{shop.uuid}/stop"
    assert told(ask(coolify, "POST", stop, docker_cleanup="false")) == {
        "message": "Application stopping request queued."
    }
    assert len(coolify.core.runtime.images(shop)) == 3
    assert ask(coolify, "GET", f"/applications/{shop.uuid}/logs").json() == {"message": "Application is not running."}
    told(ask(coolify, "POST", stop))
    assert [one.tag for one in coolify.core.runtime.images(shop)] == ["c" * 40, BAD]
    coolify.server.cleanup["disable_application_image_retention"] = True
    told(ask(coolify, "POST", stop))
    assert coolify.core.runtime.images(shop) == []
    path = f"/servers/{coolify.server.uuid}/docker-cleanup/executions"
    assert len(told(ask(coolify, "GET", path))) == 2


def test_a_sick_version_leaves_the_old_one_running_except_where_it_was_stopped_first(
    coolify: FakeCoolify, shop: App
) -> None:
    """Rolling update: failed, the old one stays. Host ports: nothing is checked, and the sick one is finished."""
    shop.broken.add(GOOD)
    assert back(coolify, shop) == ("failed", BAD)
    assert "rolling back to the old container" in lines(coolify, shop)
    shop.columns["ports_mappings"] = "8080:8080"
    assert back(coolify, shop) == ("finished", GOOD)
    assert coolify.running(shop)[0].health == "unhealthy"
    assert told(ask(coolify, "GET", f"/applications/{shop.uuid}"))["status"] == "running:unhealthy"


@pytest.mark.parametrize(
    ("quirk", "ends", "runs"),
    [
        ("finished_but_unhealthy", "finished", GOOD),
        ("failed_though_healthy", "failed", GOOD),
        ("finished_but_old_runs", "finished", BAD),
        ("rollback_deploys_newest", "finished", BAD),
        ("shallow_rollback_fails", "failed", BAD),
        ("build_config_changed", "finished", GOOD),
    ],
)
def test_finished_and_failed_prove_nothing(coolify: FakeCoolify, shop: App, quirk: str, ends: str, runs: str) -> None:
    """What the deployment says and what runs are two things."""
    image = next(one.id for one in coolify.core.runtime.images(shop) if one.tag == GOOD)
    setattr(coolify.quirks, quirk, True)
    assert back(coolify, shop) == (ends, runs)
    row = told(ask(coolify, "GET", f"/deployments/{coolify.deployments(shop)[0].uuid}"))
    assert (row["commit"], row["rollback"]) == (GOOD, True)
    if quirk == "finished_but_unhealthy":
        assert coolify.running(shop)[0].health == "unhealthy"
    if quirk == "build_config_changed":
        assert coolify.running(shop)[0].image_id != image


def test_commands_before_and_after(coolify: FakeCoolify, shop: App) -> None:
    """Before: in the running container, and its failure is the deployment's. After ``finished``: in the log alone."""
    shop.columns |= {"pre_deployment_command": "migrate", "post_deployment_command": "warm-up"}
    coolify.quirks.post_command_fails = True
    old = coolify.running(shop)[0].name
    assert back(coolify, shop) == ("finished", GOOD)
    log = coolify.deployments(shop)[0].log
    assert [entry["command"] for entry in log if "migrate" in str(entry["command"])] == [
        f"docker exec {old} sh -c 'migrate'"
    ]
    assert "Post-deployment command failed." in lines(coolify, shop)
    coolify.quirks.pre_command_fails = True
    coolify.has_deployed(shop, "c" * 40)
    assert coolify.deployments(shop)[0].status == "failed"
    assert coolify.runs(shop) == GOOD


def test_a_stuck_deployment_blocks_the_rollback_until_it_is_cancelled(coolify: FakeCoolify, shop: App) -> None:
    """One at a time; cancelling is 200 once and 400 after, and then the next one begins."""
    coolify.quirks.deployments_stick = True
    stuck = coolify.state.deployment(
        told(ask(coolify, "POST", f"/applications/{shop.uuid}/restart"))["deployment_uuid"]
    )
    assert stuck is not None
    coolify.quirks.deployments_stick = False
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))
    coolify.run()
    rollback = coolify.deployments(shop)[0]
    assert (stuck.status, rollback.status, coolify.runs(shop)) == ("in_progress", "queued", BAD)
    cancelled = told(ask(coolify, "POST", f"/deployments/{stuck.uuid}/cancel"))
    assert (cancelled["deployment_uuid"], cancelled["status"]) == (stuck.uuid, "cancelled-by-user")
    again = ask(coolify, "POST", f"/deployments/{stuck.uuid}/cancel")
    assert again.status_code == 400
    assert again.json()["message"] == "Deployment cannot be cancelled. Current status: cancelled-by-user"
    coolify.until(rollback, "finished")
    assert coolify.runs(shop) == GOOD


@pytest.mark.parametrize(("quirk", "status"), [("cancel_too_late", 400), ("cancel_has_no_effect", 200)])
def test_cancelling_may_be_too_late_or_without_effect(coolify: FakeCoolify, shop: App, quirk: str, status: int) -> None:
    """Either way what was cancelled runs in the end."""
    setattr(coolify.quirks, quirk, True)
    uuid = told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD}))["deployment_uuid"]
    coolify.step()
    assert ask(coolify, "POST", f"/deployments/{uuid}/cancel").status_code == status
    coolify.run()
    assert coolify.runs(shop) == GOOD


def test_bodies_are_looked_at(coolify: FakeCoolify, shop: App) -> None:
    """Empty, no JSON, unknown fields, a bad reference; errors as lists or as texts."""
    path = f"/applications/{shop.uuid}"
    empty = ask(coolify, "PATCH", path, body={})
    assert (empty.status_code, empty.json()["error"]) == (400, "Empty JSON.")
    bad = ask(coolify, "POST", f"{path}/rollback", body={"commit": "$(reboot)"})
    assert bad.status_code == 422
    assert isinstance(bad.json()["errors"]["commit"], list)
    coolify.quirks.errors_as_text = True
    bad = ask(coolify, "POST", f"{path}/rollback", body={"commit": "$(reboot)"})
    assert isinstance(bad.json()["errors"]["commit"], str)
    coolify.assert_all_valid()
    unknown = ask(coolify, "PATCH", path, body={"git_commit": GOOD})
    assert (unknown.status_code, unknown.json()["errors"]) == (422, {"git_commit": "This field is not allowed."})
    assert "git_commit" in coolify.invalid[0]
    coolify.requests[-1].invalid.clear()


def test_variables_have_twins_and_some_are_never_told(coolify: FakeCoolify, shop: App) -> None:
    """Production and preview by the same key; values need read:sensitive; what is shown once never is."""
    coolify.add_variable(shop, "DEBUG", "0")
    coolify.add_variable(shop, "SECRET_KEY", "hunter2", is_shown_once=True)
    rows = told(ask(coolify, "GET", f"/applications/{shop.uuid}/envs"))
    found = [(row["key"], row["is_preview"], row.get("value")) for row in rows]
    assert found == [
        ("DEBUG", False, "0"),
        ("SECRET_KEY", False, None),
        ("DEBUG", True, "0"),
        ("SECRET_KEY", True, None),
    ]
    plain = coolify.token("plain", "read")
    assert not any("value" in row for row in told(ask(coolify, "GET", f"/applications/{shop.uuid}/envs", plain)))


def test_a_backup_now_tells_no_id(coolify: FakeCoolify) -> None:
    """An execution appears, runs, and ends as the quirks say; a schedule of another kind has the same number."""
    database = coolify.add_database()
    schedule = coolify.add_backup(database, coolify.execution(hours=5))
    coolify.add_backup(database, kind="App\\Models\\StandaloneRedis")
    path = f"/databases/{database.uuid}/backups"
    assert [one["database_type"] == POSTGRESQL for one in told(ask(coolify, "GET", path))] == [True, False]
    ended = []
    for quirk in ("", "backup_fails", "backup_empty", "backup_never_runs"):
        if quirk:
            setattr(coolify.quirks, quirk, True)
        answer = told(ask(coolify, "PATCH", f"{path}/{schedule.uuid}", body={"backup_now": True}))
        assert answer == {"message": "Database backup configuration updated"}
        coolify.run()
        newest = told(ask(coolify, "GET", f"{path}/{schedule.uuid}/executions"))["executions"][0]
        ended.append((newest["status"], newest["size"] > 0))
        coolify.quirks.backup_fails = False
    assert ended == [("success", True), ("failed", False), ("success", False), ("success", False)]
    assert len(schedule.executions) == 4


def test_the_log_of_the_application_is_of_one_that_runs(coolify: FakeCoolify, shop: App) -> None:
    """Lines from 1 to 10,000; nonsense counts as 100."""
    shop.output = [f"line {number}" for number in range(20_000)]
    path = f"/applications/{shop.uuid}/logs"
    sizes = [told(ask(coolify, "GET", path, lines=text))["logs"].count("\n") for text in ("1", "0", "-3", "99999")]
    assert sizes == [1, 100, 100, 10_000]
    assert told(ask(coolify, "GET", path, lines="1", show_timestamps="true"))["logs"].endswith("Z line 19999\n")


def test_the_status_lags_and_the_version_is_plain_text(coolify: FakeCoolify, shop: App) -> None:
    """The status is of Coolify's last look."""
    coolify.quirks.status_lags = coolify.quirks.version_as_text_plain = True
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/stop", docker_cleanup="false"))
    shop.status = "running:healthy"
    coolify.run()
    assert told(ask(coolify, "GET", f"/applications/{shop.uuid}"))["status"] == "running:healthy"
    coolify.core.look_at_containers()
    assert told(ask(coolify, "GET", f"/applications/{shop.uuid}"))["status"] == "exited:unhealthy"
    coolify.quirks.version_text = "v4.3.11"
    answer = ask(coolify, "GET", "/version")
    assert (answer.text, answer.headers["Content-Type"]) == ("v4.3.11", "text/plain; charset=UTF-8")
