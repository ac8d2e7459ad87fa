"""The Coolify gateway against other people's servers: odd shapes are read, what is none is named in one line."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from coolify_wire import PATH, failed, gateway, posting, root
from http_faults import FaultServer, json_body, plain

from actions.gateways import coolify_http
from actions.gateways.coolify_entries import LINES
from actions.gateways.coolify_http import wait_of
from actions.gateways.coolify_reading import Reader
from actions.model.coolify import DeploymentState, PrunePolicy
from actions.model.errors import BadInput, OutcomeUnknown, Refused, Unreachable

HISTORY = f"/api/v1/deployments/applications/{PATH.rpartition('/')[2]}"
ROW = {"id": 7, "deployment_uuid": "d7", "status": "queued", "commit": "HEAD"}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    one = FaultServer()
    yield one
    one.close()


def reader() -> Reader:
    return Reader(str)


@pytest.mark.parametrize(
    ("text", "parts", "since_43"),
    [
        ("4.3.11", (4, 3, 11, 0, 0), True),
        ("v4.3.11\n", (4, 3, 11, 0, 0), True),
        ('"4.3.11"', (4, 3, 11, 0, 0), True),
        ("4.0.0-beta.420", (4, 0, 0, -2, 420), False),
        ("4.3.11-rc1", (4, 3, 11, -1, 1), True),
        ("4.3.0-rc.2", (4, 3, 0, -1, 2), False),
        ("4.3.12-nightly.20260901", (4, 3, 12, -4, 20260901), True),
        ("4.3.11+build.7", (4, 3, 11, 0, 0), True),
        ("4.4", (4, 4, 0, 0, 0), True),
        ("V4.3", (4, 3, 0, 0, 0), True),
        ("4.3.11-2", (4, 3, 11, 0, 0), True),
        ("4.3.11.2", (4, 3, 11, 0, 0), True),
        ("4.3.0.1-rc.2", (4, 3, 0, -1, 2), False),
        ('{"version": "4.3.11"}', (4, 3, 11, 0, 0), True),
    ],
)
def test_versions_as_they_are_written(text: str, parts: tuple[int, ...], since_43: bool) -> None:
    """Of other versions and forks; what comes before a release is before it."""
    version = reader().version(text)
    assert (version.parts, version.at_least(4, 3, 0)) == (parts, since_43)


@pytest.mark.parametrize("text", ["", "latest", "<!DOCTYPE html>", "4", "4.3.11; rm", '{"message": "hi"}', "\x1b[2J"])
def test_what_is_no_version_is_named(text: str) -> None:
    """One line; nothing of it reaches the terminal."""
    with pytest.raises(BadInput) as told:
        reader().version(text)
    assert (told.value.code, told.value.next_move) == ("coolify-answer", "check coolify.url")
    assert told.value.line().isprintable()


@pytest.mark.parametrize(
    "answer",
    [
        {"count": 1, "deployments": [ROW]},
        {"count": "1", "deployments": {"0": ROW}},
        {"deployments": [None, ROW, "x"]},
        {"data": [ROW]},
        [ROW],
        {"3": ROW},
    ],
)
def test_a_list_of_deployments_in_any_shape(answer: Any) -> None:
    """As list, as object, wrapped, with rows that are none."""
    rows, count = reader().deployments(answer)
    assert ([row.uuid for row in rows], count) == (["d7"], 1)


@pytest.mark.parametrize("answer", [{"message": "Maintenance"}, {"deployments": "none"}, "x", 7, {"a": [ROW]}, ["x"]])
def test_what_is_no_list_is_not_an_empty_one(answer: Any) -> None:
    """Taken for empty, it would say that nothing is queued: and a second deployment would be sent."""
    with pytest.raises(BadInput) as told:
        reader().deployments(answer)
    assert (told.value.code, bool(told.value.next_move)) == ("coolify-answer", True)


def test_nothing_at_all_is_an_empty_list() -> None:
    """An application that was never deployed."""
    answers: list[Any] = [[], {"count": 0, "deployments": []}, {"count": 0, "deployments": None}]
    for answer in answers:
        assert reader().deployments(answer) == ((), 0)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("finished", DeploymentState.FINISHED),
        ("Success", DeploymentState.FINISHED),
        ("IN-PROGRESS", DeploymentState.IN_PROGRESS),
        ("cancelled-by-user", DeploymentState.CANCELLED),
        ("canceled", DeploymentState.CANCELLED),
        ("error", DeploymentState.FAILED),
        ("skipped", DeploymentState.OTHER),
        (None, DeploymentState.OTHER),
        (3, DeploymentState.OTHER),
        (["finished"], DeploymentState.OTHER),
    ],
)
def test_words_for_a_state(word: Any, state: DeploymentState) -> None:
    """Those that mean the same are read as Coolify's own; all others are none."""
    assert reader().deployment({**ROW, "status": word}).state is state


def test_values_of_other_types() -> None:
    """Numbers as texts and as floats, flags as 0 and 1, times as seconds; a number that no JSON holds is not told."""
    row = reader().deployment(
        {"id": "12", "is_api": 1, "is_webhook": "0", "rollback": "true", "created_at": 1794000000, "finished_at": 0}
    )
    assert (row.number, row.by_api, row.by_webhook, row.rollback) == (12, True, False, True)
    assert (row.created, row.finished) == ("2026-11-06T21:20:00.000000Z", "")
    assert reader().deployment({"id": 12.0}).number == 12
    assert reader().deployment({"id": 10**30, "is_api": None}).number == 0
    assert reader().deployment({"created_at": "0001-01-01T00:00:00+05:00"}).created == ""
    assert reader().deployment({"created_at": 10**400, "finished_at": -(10**400)}).created == ""
    assert reader().deployment({"created_at": 1794000000000}).created == "2026-11-06T21:20:00.000000Z"
    later = [reader().deployment({"created_at": f"2026-11-22 10:00:0{n}"}).number for n in (1, 2)]
    assert 0 < later[0] < later[1], "without an id, time orders them"


def entry(order: Any, output: Any, **more: Any) -> dict[str, Any]:
    return {"order": order, "output": output, "type": "stdout", **more}


def logged(told: Any) -> list[str]:
    log = reader().deployment({**ROW, "logs": told}).log
    assert log is not None
    return [one.text for one in log]


def test_the_log_of_a_deployment_in_any_shape() -> None:
    """A JSON text, a list, plain text; without order, with the same one twice, hidden, with output that is no text."""
    rows = [entry(2, "b"), entry(1, "a"), entry(2, "b"), entry(3, "x", hidden=1), entry(4, None), entry(5, {"k": 1})]
    shapes: list[Any] = [rows, json.dumps(rows), {"logs": rows}]
    for told in shapes:
        assert logged(told) == ["a", "b", "b", "", '{"k": 1}']
    assert logged([{"output": "first"}, {"output": 7}, "last"]) == ["first", "7", "last"]
    assert logged([entry(9, "late"), {"output": "behind it"}, entry(1, "early")]) == ["early", "late", "behind it"]
    assert logged("no JSON\nat all") == ["no JSON", "at all"]
    assert logged('[{"output": "cut') == ['[{"output": "cut']
    nothing: list[Any] = [None, "", "null", 7, [], {}]
    assert not any(logged(told) for told in nothing)


def test_what_a_build_says_in_one_piece_is_told_line_by_line() -> None:
    """One line of it would be cut: nothing of it is lost, and nothing of it obeys the terminal."""
    text = "\n".join(f"#{n} \x1b[31m{'x' * 50}" for n in range(500))
    lines = logged([entry(1, text)])
    assert len(lines) == 500
    assert lines[499].startswith("#499 ")
    assert all(line.isprintable() for line in lines)


def test_a_log_of_fifty_megabytes(server: FaultServer) -> None:
    """Read in one answer and bounded; looked at again, what was read is not read once more."""
    rows = [entry(n, f"{n} " + "x" * 900) for n in range(55_000)]
    body = json.dumps({**ROW, "logs": json.dumps(rows)})
    assert len(body) > 50_000_000
    server.answers = {"/api/v1/deployments/d7": json_body(body)}
    asked = gateway(root(server), answer=120)
    first = asked.deployment("d7").log
    assert first is not None
    assert len(first) == LINES + 1
    assert first[-1].text.startswith("54999 ")
    begun = time.process_time()
    again = asked._reader.deployment(json.loads(body)).log
    assert again is not None
    assert again[-1] is first[-1], f"read anew in {time.process_time() - begun:.1f} s"


def test_a_page_that_is_too_long_is_asked_for_in_smaller_ones(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come with their logs: a hundred of them may be more than an answer may hold."""
    monkeypatch.setattr(coolify_http, "BODY_CAP", 40_000)
    rows = [{**ROW, "id": n, "deployment_uuid": f"d{n}", "logs": "x" * 9_000} for n in range(20, 0, -1)]

    def answer(connection: Any, request: Any) -> None:
        query = dict(part.split("=") for part in request.path.partition("?")[2].split("&"))
        skip, take = int(query["skip"]), int(query["take"])
        json_body(json.dumps({"count": 20, "deployments": rows[skip : skip + take]}))(connection, request)

    server.answers = {HISTORY: answer}
    asked = gateway(root(server), answer=100)
    found, count = asked.deployments(0, 15)
    assert ([row.uuid for row in found], count) == ([f"d{n}" for n in range(20, 5, -1)], 20)
    monkeypatch.setattr(coolify_http, "BODY_CAP", 4_000)
    error = failed(lambda: asked.deployments(0, 4), Unreachable)
    assert (error.code, "longer than" in error.detail) == ("coolify-too-long", True)


def test_waits_are_told_in_seconds_or_as_a_date(server: FaultServer) -> None:
    """Retry-After: either form, against the server's own clock; nonsense is none."""
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    date = format_datetime(now, usegmt=True)
    assert wait_of("60", "") == 60
    assert wait_of(format_datetime(now + timedelta(seconds=90), usegmt=True), date) == 90
    assert wait_of(format_datetime(now - timedelta(days=1), usegmt=True), date) == 0
    assert wait_of(format_datetime(now + timedelta(days=900), usegmt=True), date) == 3600
    for text in ("", "soon", "-5", "1e3", "9" * 30, "Sun, 99 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:00"):
        assert wait_of(text, date) == 0, text
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(seconds=40), usegmt=True)
    # The server tells its own time, so that ours may pass: this machine is busy.
    dated = (f"Date: {format_datetime(now, usegmt=True)}", f"Retry-After: {later}")
    server.answers = {PATH: plain(b"{}", 429, dated)}
    pauses: list[float] = []
    error = failed(gateway(root(server), pauses).application, Refused)
    assert error.next_move == "wait 40 s"
    assert pauses == [5, 5]


@pytest.mark.parametrize("body", ["\n<html><body>nginx</body></html>", "404 page not found\n", "", "[]", "null"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_page_where_the_api_should_be(server: FaultServer, status: int, body: str) -> None:
    """A wrong port or path, or a proxy that lets nobody in: not taken for a missing right or application.

    Coolify's own proxy says "404 page not found", in so many words, while Coolify is updated.
    """
    page = plain(body.encode(), status, type_="text/html")
    server.answers = {PATH: page, f"{PATH}/rollback": page}
    asked = gateway(root(server))
    for ask in (asked.application, lambda: asked.send(posting(root(server)))):
        error = failed(ask, Refused)
        assert (error.code, "coolify.url" in error.next_move) == ("coolify-answer", True)


def test_maintenance_says_how_long(server: FaultServer) -> None:
    """503 with Retry-After: for a look; a deed is in doubt."""
    server.answers = {
        PATH: plain(b'{"message": "Service Unavailable"}', 503, ("Retry-After: 30",)),
        f"{PATH}/rollback": plain(b"{}", 408),
    }
    asked = gateway(root(server))
    assert failed(asked.application, Unreachable).next_move.startswith("wait 30 s, then try again")
    failed(lambda: asked.send(posting(root(server))), OutcomeUnknown)


def test_a_redirect_says_where_it_leads(server: FaultServer) -> None:
    """To the address that is right, without what may be secret in it."""
    leads = plain(b"", 301, ("Location: https://coolify.example.org/api/v1?token=hush",))
    server.answers = {PATH: leads}
    error = failed(gateway(root(server)).application, Refused)
    assert error.detail == "301; it leads to https://coolify.example.org/api/v1"


@pytest.mark.parametrize("type_", ["text/html", "text/plain", "application/octet-stream", ""])
def test_the_content_type_is_not_asked(server: FaultServer, type_: str) -> None:
    """JSON is JSON, also with a mark of UTF-8 in front."""
    server.answers = {PATH: plain(b'\xef\xbb\xbf{"uuid": "app4uuid", "name": "shop"}', type_=type_)}
    assert gateway(root(server)).application().name == "shop"


def test_an_address_with_a_path_in_front(server: FaultServer) -> None:
    """Behind a proxy, with or without a slash at its end."""
    server.answers = {f"/tools/coolify{PATH}": json_body('{"name": "shop"}')}
    for end in ("", "/", "//"):
        assert gateway(f"{root(server)}/tools/coolify{end}").application().name == "shop"


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({"logs": "a\nb"}, ["a", "b"]),
        ({"logs": ["a", 7, "b"]}, ["a", "b"]),
        ({"logs": None}, [""]),
        ("a\nb", ["a", "b"]),
    ],
)
def test_the_log_of_the_application_in_any_shape(server: FaultServer, answer: Any, lines: list[str]) -> None:
    """A text, a list, nothing yet."""
    server.answers = {f"{PATH}/logs": json_body(json.dumps(answer))}
    assert gateway(root(server)).log().split("\n") == lines


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ([{"key": "A", "value": "x"}, {"key": "B", "value": None}], ["x", ""]),
        ([{"key": "A", "value": "x"}, {"key": "B", "value": ""}], ["x", ""]),
        ([{"key": "A", "value": None, "real_value": ""}], [""]),
        ([{"key": "A", "value": "x"}, {"key": "B"}], ["x", None]),
        ([{"key": "A", "value": "x"}, {"key": "B", "value": None, "is_shown_once": True}], ["x", None]),
        ([{"key": "A", "value": None}, {"key": "B", "value": None, "real_value": None}], [None, None]),
        ([{"key": "A"}, {"key": "B"}], [None, None]),
        ([{"key": "A", "value": "x"}, {"key": "B", "value": 7}], ["x", None]),
    ],
)
def test_an_empty_value_and_one_that_is_not_told(
    server: FaultServer, rows: list[dict[str, Any]], values: list[str | None]
) -> None:
    """Null is empty where the token is surely told values; a field that is not there, and null for everything, is none.

    Taken for empty by mistake, the undo of a later step would empty the variable.
    """
    server.answers = {f"{PATH}/envs": json_body(json.dumps(rows))}
    assert [one.value for one in gateway(root(server)).variables()] == values


def test_images_and_variables_in_any_shape(server: FaultServer) -> None:
    """As objects with numbers for keys, as texts; flags as numbers."""
    told = {"current": None, "images": {"0": {"tag": "b", "is_current": 1}, "1": {"tag": 7}}}
    server.answers = {
        "/api/v1/version": plain(b"4.3.11"),
        f"{PATH}/rollback-images": json_body(json.dumps(told)),
        f"{PATH}/envs": json_body(json.dumps({"0": {"key": "A", "value": "x", "is_preview": 0, "is_shown_once": "0"}})),
    }
    asked = gateway(root(server))
    assert [(one.tag, one.current) for one in asked.rollback_images().images] == [("b", True), ("7", False)]
    assert [(one.key, one.value, one.preview) for one in asked.variables()] == [("A", "x", False)]
    server.answers[f"{PATH}/rollback-images"] = json_body('["b", "a"]')
    assert [one.tag for one in asked.rollback_images().images] == ["b", "a"]
    server.answers[f"{PATH}/rollback-images"] = json_body('{"message": "hm"}')
    assert failed(asked.rollback_images, BadInput).code == "coolify-answer"


def test_the_clean_up_and_its_time_zone(server: FaultServer) -> None:
    """The zone is of the server's settings; before 4.3 these tell the schedule, too; nobody has to tell either."""
    base = "/api/v1/servers/server7uuid"
    missing = plain(b'{"message": "Not found.", "docs": "x"}', 404)
    server.answers = {f"{base}/docker-cleanup": json_body('{"docker_cleanup_frequency": "0 3 * * *"}')}
    asked = gateway(root(server), server="server7uuid")
    assert asked.prune_policy() == PrunePolicy("0 3 * * *")
    server.answers[base] = json_body('{"settings": {"server_timezone": "Europe/Berlin"}}')
    assert asked.prune_policy() == PrunePolicy("0 3 * * *", zone="Europe/Berlin")
    server.answers[f"{base}/docker-cleanup"] = missing
    assert asked.prune_policy() is None
    server.answers[base] = json_body('{"settings": {"docker_cleanup_frequency": "daily", "server_timezone": null}}')
    assert asked.prune_policy() == PrunePolicy("daily")


def test_an_address_of_ipv6() -> None:
    """In brackets, as everywhere."""
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"name": "shop"}')

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        assert gateway(f"http://[::1]:{listener.getsockname()[1]}").application().name == "shop"
        thread.join(5)
