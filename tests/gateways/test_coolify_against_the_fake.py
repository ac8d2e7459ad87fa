"""The Coolify gateway against the fake server, over real HTTP: every question it can ask, on old and new versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from http_faults import make_certificates, serving

from actions.gateways.coolify import HttpCoolify
from actions.model.coolify import DeploymentState
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import BadInput, GoaroundError, OutcomeUnknown, Refused, Unreachable

GOOD, BAD = "a" * 40, "b" * 40


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify() as one:
        yield one
        one.assert_all_valid()


@pytest.fixture
def shop(coolify: FakeCoolify) -> App:
    app = coolify.add_app()
    coolify.has_deployed(app, GOOD, "The good one", days=2)
    coolify.has_deployed(app, BAD, "The bad one", hours=1)
    return app


def gateway(coolify: FakeCoolify, shop: App, **more: object) -> HttpCoolify:
    return HttpCoolify(coolify.table(shop, **more), coolify.resolve, str, pause=lambda _: None)


def rollback(coolify: FakeCoolify, shop: App) -> CoolifyCall:
    return CoolifyCall(coolify.url, "POST", f"/applications/{shop.uuid}/rollback", {"commit": GOOD})


def test_everything_is_read(coolify: FakeCoolify, shop: App) -> None:
    """Version, application, deployments with their logs, images with their times, variables, policy, backups, log."""
    database = coolify.add_database()
    coolify.add_backup(database, coolify.execution(hours=5), coolify.execution(hours=29))
    coolify.add_backup(database, coolify.execution(hours=1), kind="App\\Models\\StandaloneRedis")
    coolify.add_variable(shop, "SECRET_KEY", "hunter2", is_shown_once=True)
    asked = gateway(coolify, shop, server=coolify.server.uuid, database=database.uuid)
    assert asked.version().at_least(4, 3, 11)
    application = asked.application()
    assert (application.build_pack, application.git_commit_sha, application.images_to_keep) == ("nixpacks", "HEAD", 2)
    rows, count = asked.deployments()
    assert ([row.commit for row in rows], count) == ([BAD, GOOD], 2)
    assert (rows[0].state, rows[0].message) == (DeploymentState.FINISHED, "The bad one")
    images = asked.rollback_images()
    assert [image.tag for image in images.images] == [BAD, GOOD]
    assert images.images[0].created > images.images[1].created > ""
    assert [(one.key, one.value, one.shown_once) for one in asked.variables()] == [("SECRET_KEY", None, True)] * 2
    policy = asked.prune_policy()
    assert policy is not None
    assert (policy.frequency, policy.threshold, policy.last) == ("0 0 * * *", 80, "")
    assert len(asked.backups()) == 2
    assert asked.log().endswith("Listening on :8080\n")


def test_a_rollback_is_queued_once_and_followed(coolify: FakeCoolify, shop: App) -> None:
    """Pending while it is at work; its log without hidden entries, and not there for a token that may not read it."""
    asked = gateway(coolify, shop)
    uuid = asked.send(rollback(coolify, shop)).body["deployment_uuid"]
    assert asked.deployment(uuid).log == ()
    assert [row.uuid for row in asked.pending()] == [uuid]
    while not (row := asked.deployment(uuid)).state.over:
        pass
    assert row.log is not None
    assert "Rolling update completed." in [entry.text for entry in row.log]
    assert not [entry for entry in row.log if "git ls-remote" in entry.text]
    assert (coolify.runs(shop), len(coolify.asked("POST"))) == (GOOD, 1)
    coolify.observer = coolify.token("plain", "read")
    assert gateway(coolify, shop).deployment(uuid).log is None


@pytest.mark.parametrize("fault", [Fault.STATUS_AFTER, Fault.STATUS_BEFORE, Fault.DROP_AFTER, Fault.DROP_BEFORE])
def test_an_answer_that_does_not_come_is_an_unknown_outcome(coolify: FakeCoolify, shop: App, fault: Fault) -> None:
    """Never sent again by itself."""
    coolify.fail(fault, "POST")
    asked = gateway(coolify, shop)
    with pytest.raises(OutcomeUnknown):
        asked.send(rollback(coolify, shop))
    assert len(coolify.asked("POST")) == 1
    assert bool(asked.pending()) is (fault in (Fault.STATUS_AFTER, Fault.DROP_AFTER))


def test_a_busy_server_is_asked_again_for_reads_alone(coolify: FakeCoolify, shop: App) -> None:
    """429: a read is repeated, what acts is not."""
    asked = gateway(coolify, shop)
    coolify.fail(Fault.RATE_LIMIT, "GET", times=2)
    assert asked.application().name == "shop"
    coolify.fail(Fault.RATE_LIMIT, "POST")
    with pytest.raises(Refused) as refused:
        asked.send(rollback(coolify, shop))
    assert (refused.value.code, len(coolify.asked("POST"))) == ("coolify-busy", 1)


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.TRUNCATED, Fault.DOUBLE_KEYS, Fault.NAN, Fault.EMPTY, Fault.REDIRECT, Fault.CUT_OFF]
)
def test_an_answer_that_is_none_is_told_as_that(coolify: FakeCoolify, shop: App, fault: Fault) -> None:
    """One clean error; nothing is read into it."""
    coolify.fail(fault, "GET")
    with pytest.raises((BadInput, Refused, Unreachable)) as told:
        gateway(coolify, shop).application()
    assert told.value.title
    coolify.fail(Fault.HUGE, "GET")
    assert gateway(coolify, shop).application().name == "shop"


def test_refusals_are_told_apart(coolify: FakeCoolify, shop: App) -> None:
    """Which token, which right, which version."""

    def code(asked: HttpCoolify) -> str:
        with pytest.raises(GoaroundError) as told:
            asked.application()
        return told.value.code

    known = {}
    for name, token in {
        "stranger": coolify.token("stranger", "read", team=7),
        "gone": coolify.token("gone", "read", in_team=False),
        "deployer": coolify.token("deployer", "deploy"),
    }.items():
        coolify.observer = token
        known[name] = code(gateway(coolify, shop))
    coolify.quirks.api_disabled = True
    known["disabled"] = code(gateway(coolify, shop))
    del coolify.state.tokens[coolify.observer.secret]
    known["unknown"] = code(gateway(coolify, shop))
    assert known == {
        "stranger": "coolify-unknown",
        "gone": "coolify-token",
        "deployer": "coolify-right",
        "disabled": "coolify-api",
        "unknown": "coolify-token",
    }


def test_the_certificate_is_looked_at(tmp_path: Path) -> None:
    """Of an authority that is named, or not at all: then nothing is told to the server."""
    made = make_certificates(tmp_path)
    with FakeCoolify(tls=serving(made.good, made.key)) as coolify:
        shop = coolify.add_app()
        assert gateway(coolify, shop, ca_file=str(made.ca)).application().name == "shop"
        assert gateway(coolify, shop, verify_tls=False).application().name == "shop"
        with pytest.raises(Unreachable):
            gateway(coolify, shop).application()
        assert len(coolify.requests) == 2


def test_a_stuck_deployment_is_seen_behind_a_full_queue(coolify: FakeCoolify, shop: App) -> None:
    """The one that blocks is the oldest of those at work: a short page would miss it."""
    coolify.quirks.deployments_stick = True
    asked = gateway(coolify, shop)
    for _ in range(26):
        asked.send(rollback(coolify, shop))
    with pytest.raises(Refused, match="queue is full"):
        asked.send(rollback(coolify, shop))
    states = [row.state for row in asked.pending()]
    assert (len(states), states[-1]) == (26, DeploymentState.IN_PROGRESS)


def test_what_is_pending_is_read_lightly(coolify: FakeCoolify, shop: App) -> None:
    """Rows come with their logs: small pages, and what was over once is not read again; nothing pending is missed."""
    coolify.add_history(shop, [f"{number:040x}" for number in range(200)], hours_between=0.5)
    asked = gateway(coolify, shop)

    def rows_asked() -> list[int]:
        return [int(one.query["take"]) for one in coolify.asked("GET", "/deployments/applications/*")]

    assert asked.pending() == ()
    assert rows_asked() == [10] * 5
    assert asked.pending() == ()
    assert rows_asked() == [10] * 6
    coolify.quirks.deployments_stick = True
    for _ in range(12):
        asked.send(rollback(coolify, shop))
    assert len(asked.pending()) == len(asked.pending()) == 12
    assert rows_asked() == [10] * (6 + 2 + 2)
    assert len(gateway(coolify, shop).pending()) == 12


def test_of_a_list_the_beginning_of_each_log_is_read(coolify: FakeCoolify, shop: App) -> None:
    """Thousands of lines a deployment, a hundred deployments a page: the whole log is read of one alone."""
    row = coolify.deployments(shop)[0]
    text = [
        {"output": f"line {n}", "type": "stdout", "timestamp": None, "hidden": False, "order": n} for n in range(90)
    ]
    row.log[:] = text
    asked = gateway(coolify, shop)
    (first, *_), _count = asked.deployments(0, 5)
    assert first.log is not None
    assert [entry.text for entry in first.log] == [f"line {n}" for n in range(20)]
    whole = asked.deployment(first.uuid).log
    assert whole is not None
    assert len(whole) == 90


def test_thousands_of_deployments_are_paged(coolify: FakeCoolify, shop: App) -> None:
    """Any page, newest first, however many there are."""
    coolify.add_history(shop, [f"{number:040x}" for number in range(5000)], hours_between=0.5)
    rows, count = gateway(coolify, shop).deployments(skip=4000, take=50)
    assert (count, len(rows), rows[0].commit) == (5002, 50, f"{999:040x}")


def test_an_old_version_has_no_images_and_no_policy() -> None:
    """Not asked for, or told as not known."""
    with FakeCoolify("4.0.0-beta.420") as coolify:
        shop = coolify.add_app()
        coolify.has_deployed(shop, GOOD)
        asked = gateway(coolify, shop, server=coolify.server.uuid)
        assert asked.rollback_images().asked is False
        assert asked.prune_policy() is None
        with pytest.raises(Refused) as refused:
            asked.send(rollback(coolify, shop))
        assert refused.value.code == "coolify-version"
        coolify.assert_all_valid()
