"""What may happen to a request of the fake Coolify, or to its answer, on the way; each is recorded as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from coolify_asking import ask, told
from fake_coolify import Drive, FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from waiting import until

GOOD, BAD = "a" * 40, "b" * 40
ROLLBACK = "/applications/*/rollback"


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify(drive=Drive.BY_HAND) as one:
        yield one


@pytest.fixture
def shop(coolify: FakeCoolify) -> App:
    app = coolify.add_app()
    coolify.has_deployed(app, GOOD, days=2)
    coolify.has_deployed(app, BAD, hours=1)
    return app


def roll_back(coolify: FakeCoolify, shop: App) -> httpx.Response:
    return ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": GOOD})


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize(("fault", "queued"), [(Fault.STATUS_BEFORE, 2), (Fault.STATUS_AFTER, 3)])
def test_an_error_page_may_come_before_or_after_it_was_done(
    coolify: FakeCoolify, shop: App, status: int, fault: Fault, queued: int
) -> None:
    """The answer is the same page; what is on the server is not."""
    coolify.fail(fault, "POST", ROLLBACK, status=status)
    answer = roll_back(coolify, shop)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert len(coolify.deployments(shop)) == queued
    assert coolify.asked("POST", ROLLBACK)[0].status == status
    assert roll_back(coolify, shop).status_code == 200


@pytest.mark.parametrize(("fault", "queued"), [(Fault.DROP_BEFORE, 2), (Fault.DROP_AFTER, 3)])
def test_the_connection_may_be_dropped_before_or_after_it_was_done(
    coolify: FakeCoolify, shop: App, fault: Fault, queued: int
) -> None:
    """No answer at all; the request is recorded with status 0."""
    coolify.fail(fault, "POST", ROLLBACK)
    with pytest.raises(httpx.TransportError):
        roll_back(coolify, shop)
    assert len(coolify.deployments(shop)) == queued
    assert [one.status for one in coolify.asked("POST", ROLLBACK)] == [0]
    coolify.assert_all_valid()


def test_answers_that_are_no_json(coolify: FakeCoolify, shop: App) -> None:
    """A page, half of it, doubled keys, NaN, nothing: 200 each time."""
    path = f"/applications/{shop.uuid}"
    faults = (Fault.HTML, Fault.TRUNCATED, Fault.DOUBLE_KEYS, Fault.NAN, Fault.EMPTY)
    for fault in faults:
        coolify.fail(fault, "GET", path)
    page, half, double, nan, empty = (ask(coolify, "GET", path) for _ in faults)
    assert {one.status_code for one in (page, half, double, nan, empty)} == {200}
    assert page.text.startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        half.json()
    assert [key for key, _ in json.loads(double.content, object_pairs_hook=lambda pairs: pairs)].count("uuid") == 2
    assert b"NaN" in nan.content
    assert empty.content == b""
    assert told(ask(coolify, "GET", path))["uuid"] == shop.uuid


def test_long_and_cut_answers(coolify: FakeCoolify, shop: App) -> None:
    """5 MB, and an answer that ends before its length."""
    path = f"/applications/{shop.uuid}"
    coolify.fail(Fault.HUGE, "GET", path)
    assert len(ask(coolify, "GET", path).content) > 5_000_000
    coolify.fail(Fault.CUT_OFF, "GET", path)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(coolify, "GET", path)


def test_answers_that_take_their_time(coolify: FakeCoolify, shop: App) -> None:
    """Held until they are let go, or byte by byte without end; what was asked is done at once."""
    coolify.fail(Fault.DRIP, "POST", ROLLBACK)
    headers = {"Authorization": f"Bearer {coolify.actor.secret}"}
    url = f"{coolify.url}/api/v1/applications/{shop.uuid}/rollback"
    with (
        httpx.Client(verify=False, trust_env=False, timeout=60) as client,
        client.stream("POST", url, headers=headers, json={"commit": GOOD}) as answer,
    ):
        chunks = answer.iter_bytes()
        assert len(next(chunks)) + len(next(chunks)) < int(answer.headers["Content-Length"])
        assert len(coolify.deployments(shop)) == 3
    coolify.fail(Fault.SLOW, "POST", ROLLBACK)
    hasty = httpx.Timeout(60, read=0.2)
    with httpx.Client(verify=False, trust_env=False, timeout=hasty) as client, pytest.raises(httpx.ReadTimeout):
        client.post(url, headers=headers, json={"commit": GOOD})
    until(lambda: len(coolify.deployments(shop)) == 4, "what was asked is done, though nobody waits for the answer")
    coolify.fail(Fault.SLOW, "POST", ROLLBACK)
    coolify.release.set()
    assert roll_back(coolify, shop).status_code == 200


def test_refusals_on_the_way(coolify: FakeCoolify, shop: App) -> None:
    """429 with or without Retry-After, a redirect to a login page, as often as planned."""
    coolify.fail(Fault.RATE_LIMIT, "GET", wait=3, times=2)
    coolify.fail(Fault.RATE_LIMIT, "GET", wait=None)
    coolify.fail(Fault.REDIRECT, "GET")
    answers = [ask(coolify, "GET", "/version") for _ in range(5)]
    assert [one.status_code for one in answers] == [429, 429, 429, 302, 200]
    assert [one.headers.get("Retry-After") for one in answers[:3]] == ["3", "3", None]
    assert answers[3].headers["Location"] == "/login"


def test_every_request_is_recorded(coolify: FakeCoolify, shop: App) -> None:
    """Method, path, query, body, token, time and answer: a test can say "exactly one"."""
    roll_back(coolify, shop)
    ask(coolify, "GET", f"/deployments/applications/{shop.uuid}", take="5")
    post, get = coolify.requests
    assert (post.number, post.method, post.path) == (1, "POST", f"/applications/{shop.uuid}/rollback")
    assert (post.body, post.token, post.status) == ({"commit": GOOD}, "actor", 200)
    assert (get.query, get.body, get.token) == ({"take": "5"}, None, "observer")
    assert post.at <= get.at
    assert json.loads(post.answer)["deployment_uuid"] == coolify.deployments(shop)[0].uuid
    assert coolify.asked("POST", ROLLBACK) == [post]


def test_the_application_is_reached_by_its_users(coolify: FakeCoolify, shop: App) -> None:
    """Its health tells the commit that runs: 200, 503 when it is sick, 502 when nothing runs. No API request."""
    where = coolify.site(shop)
    with httpx.Client(verify=False, trust_env=False, timeout=60) as client:
        assert client.get(where).json() == {"status": "ok", "commit": BAD}
        shop.columns["ports_mappings"] = "80:80"
        shop.broken.add(GOOD)
        roll_back(coolify, shop)
        coolify.run()
        assert (client.get(where).status_code, client.get(where).json()["commit"]) == (503, GOOD)
        ask(coolify, "POST", f"/applications/{shop.uuid}/stop", docker_cleanup="false")
        assert client.get(where).status_code == 502
        assert client.get(f"{coolify.url}/dashboard").status_code == 302
        assert client.get(f"{coolify.url}/api/v1/health").text == "OK"
    assert [one.method for one in coolify.requests] == ["POST", "POST", "GET"]
    coolify.assert_all_valid()
