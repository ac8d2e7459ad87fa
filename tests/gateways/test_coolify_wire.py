"""The Coolify gateway and a server, proxy or network that misbehaves: one clean error in time, no token told."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from coolify_wire import ACTS, APP, PATH, SEES, failed, gateway, posting, root, table
from http_faults import FaultServer, gzip_bomb, json_body, make_certificates, plain, raw, reset, serving
from patient_deadlines import closed_port, timers_begin

from actions.gateways import coolify_http
from actions.gateways.coolify import HttpCoolify
from actions.model.errors import BadInput, GoaroundError, OutcomeUnknown, Refused, Unreachable

ONE = json.dumps({"uuid": APP})
"""The least that is an answer on an application."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    one = FaultServer()
    yield one
    one.close()


# ---- the network


def test_nobody_listens_and_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """F84: refused and not found are told apart; nothing was sent, so nothing is in doubt."""
    with closed_port() as port:
        for act in (lambda at: at.application(), lambda at: at.send(posting(f"http://127.0.0.1:{port}"))):
            error = failed(lambda act=act: act(gateway(f"http://127.0.0.1:{port}")), Unreachable)  # type: ignore[misc]
            assert not isinstance(error, OutcomeUnknown)
            assert "refused" in error.detail

    def nobody(*_arguments: object, **_more: object) -> None:  # the resolver is not really asked
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert "nowhere.invalid" in failed(lambda: gateway("http://nowhere.invalid").application(), Unreachable).detail


def test_a_reset_is_unreachable_for_a_look_and_unknown_for_a_deed(server: FaultServer) -> None:
    """F84, F95: what had gone out may have been understood."""
    server.answers = {PATH: reset, f"{PATH}/rollback": reset}
    asked = gateway(root(server))
    assert not isinstance(failed(asked.application, Unreachable), OutcomeUnknown)
    failed(lambda: asked.send(posting(root(server))), OutcomeUnknown)
    assert [one.method for one in server.requests] == ["GET", "POST"]


SLOW: dict[str, tuple[bytes, bytes]] = {
    "silent": (b"", b""),
    "headers": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"{"),
    "endless": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
}
"""What is sent at once, and then again and again."""


@pytest.mark.parametrize("kind", SLOW)
def test_a_server_that_never_comes_to_an_end(server: FaultServer, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F85: the whole answer has one deadline, however it drips; a deed is unknown then."""
    slow = server.drip(*SLOW[kind])
    server.answers = {PATH: slow, f"{PATH}/rollback": slow}
    timers_begin(monkeypatch, lambda: len(server.requests) == 2)  # the deed has gone out, else nothing is in doubt
    begun = time.monotonic()
    told: list[GoaroundError] = []
    asked = gateway(root(server), answer=1)
    deeds = (lambda: asked.application(), lambda: asked.send(posting(root(server))))
    threads = [threading.Thread(target=lambda deed=deed: told.append(failed(deed, Unreachable))) for deed in deeds]
    for one in threads:
        one.start()
    for one in threads:
        one.join(100)
    assert time.monotonic() - begun < 60, "one deadline of a second for each, on a machine that is busy"
    assert sorted(isinstance(error, OutcomeUnknown) for error in told) == [False, True]
    assert all("within 1 s" in error.detail for error in told)


def test_a_body_has_a_limit(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """F85, F98: 100 MB and what unpacks to more are cut; five megabytes of a log are read."""
    monkeypatch.setattr(coolify_http, "BODY_CAP", 6_000_000)
    server.answers = {
        PATH: json_body(json.dumps({"uuid": APP, "name": "shop", "more": "x" * 5_000_000})),
        f"{PATH}/envs": plain(b"[" + b" " * 7_000_000 + b"]"),
        f"{PATH}/rollback-images": gzip_bomb,
        "/api/v1/version": plain(b"4.3.11"),
    }
    asked = gateway(root(server), answer=100)
    assert asked.application().name == "shop"
    assert "longer than 5 MiB" in failed(asked.variables, Unreachable).detail
    assert "longer than 5 MiB" in failed(asked.rollback_images, Unreachable).detail


def test_plain_http_loads_no_certificates(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authorities of the machine take longer to load than an answer takes to come."""

    def never(_: str) -> None:
        raise AssertionError("a TLS context for plain HTTP")

    monkeypatch.setattr(coolify_http, "tls_context", never)
    server.answers = {PATH: json_body('{"uuid": "app4uuid"}')}
    assert gateway(root(server)).application().uuid == APP


def test_certificates_are_named(tmp_path: Path) -> None:
    """F90: expired, of another name, self-signed, of an unknown authority: red with the reason, and nothing is told."""
    made = make_certificates(tmp_path)
    cases = {
        made.expired: "the certificate has expired",
        made.wrong_name: "is for another",
        made.self_signed: "self-signed",
    }
    for certificate, words in cases.items():
        server = FaultServer(context=serving(certificate, made.key))
        url = server.url("", scheme="https")
        error = failed(lambda url=url: gateway(url, ca_file=str(made.ca)).application(), Unreachable)  # type: ignore[misc]
        assert words in error.detail, error.detail
        failed(lambda url=url: gateway(url, ca_file=str(made.ca)).send(posting(url)), Unreachable)  # type: ignore[misc]
        assert server.requests == []
        server.close()
    error = failed(lambda: gateway("https://127.0.0.1:1", ca_file=str(tmp_path / "none.pem")).application(), BadInput)
    assert "coolify.ca_file" in error.line()


# ---- what is answered


@pytest.mark.parametrize(
    "where",
    ["https://other.example.org/", "/login", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", ""],
)
def test_a_redirect_is_not_followed(server: FaultServer, where: str) -> None:
    """F87: no token goes to anybody else."""
    server.answers = {PATH: plain(b"", 302, (f"Location: {where}",)), f"{PATH}/rollback": plain(b"", 307)}
    asked = gateway(root(server))
    error = failed(asked.application, Refused)
    assert (error.code, error.next_move) == ("coolify-redirect", "give the final address in coolify.url")
    assert failed(lambda: asked.send(posting(root(server))), Refused).code == "coolify-redirect"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (401, '{"message": "Unauthenticated."}', "coolify-token", "is not known to Coolify"),
        (400, '{"message": "Invalid token."}', "coolify-token", "of another team"),
        (403, '{"message": "Missing required permissions: deploy"}', "coolify-right", "lacks the right deploy"),
        (403, '{"message": "Missing required permissions: read:sensitive"}', "coolify-right", "right read:sensitive"),
        (403, '{"message": "permissions (deploy) that exceed your current role"}', "coolify-right", "than its owner"),
        (403, '{"success": true, "message": "API is disabled."}', "coolify-api", "does not let us in"),
        (403, '{"success":true,"message":"You are not allowed to access the API."}', "coolify-api", "this machine"),
        (404, '{"message": "Not found.", "docs": "https://coolify.io/docs"}', "coolify-version", "this version"),
        (404, '{"message": "Application not found."}', "coolify-unknown", "check the UUID"),
        (405, '{"message": "changed to a POST request"}', "coolify-version", "another method"),
        (409, '{"message": "conflict"}', "coolify-refused", "409: conflict"),
        (422, '{"message": "No.", "errors": {"commit": ["is bad", "is odd"]}}', "coolify-refused", "commit: is bad"),
        (422, '{"message": "No.", "errors": {"commit": "is bad"}}', "coolify-refused", "commit: is bad"),
        (400, '{"message": "Deployment queue is full."}', "coolify-refused", "queue is full"),
        (418, "\u001b[2Jteapot", "coolify-refused", "teapot"),
    ],
)
def test_refusals_name_what_is_missing(server: FaultServer, status: int, body: str, code: str, words: str) -> None:
    """F93, F96: sent once, with the reason in words; the status decides, never ``success``."""
    server.answers = {f"{PATH}/rollback": plain(body.encode(), status, type_="application/json")}
    error = failed(lambda: gateway(root(server)).send(posting(root(server))), Refused)
    assert error.code == code
    assert words in error.line()
    assert error.line().isprintable()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_leaves_a_deed_in_doubt(server: FaultServer, status: int) -> None:
    """F95: perhaps after it was done; a look just failed."""
    page = plain(b"<html><body>Bad Gateway</body></html>", status, type_="text/html")
    server.answers = {PATH: page, f"{PATH}/rollback": page}
    asked = gateway(root(server))
    error = failed(lambda: asked.send(posting(root(server))), OutcomeUnknown)
    assert error.detail == f"{status}: a web page, no answer of its API"
    assert not isinstance(failed(asked.application, Unreachable), OutcomeUnknown)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"shop"',
        "17",
        "<!DOCTYPE html><title>Login</title>",
        '{"uuid": "app4uuid"',
        '{"uuid": "one", "uuid": "two"}',
        '{"settings": {"a": 1, "a": 2}}',
        '{"docker_images_to_keep": NaN}',
        '{"docker_images_to_keep": -Infinity}',
        "[" * 100_000,
        "\udcff\udcfe",
    ],
)
def test_what_is_no_answer_is_read_as_none(server: FaultServer, body: str) -> None:
    """F86, F98: one clean error; a deed that was taken is looked up, whatever was answered."""
    server.answers = {PATH: json_body(body), f"{PATH}/rollback": json_body(body)}
    asked = gateway(root(server))
    assert failed(asked.application, BadInput).code == "coolify-answer"
    assert asked.send(posting(root(server))).body == {}


def test_fields_of_another_type_are_not_told(server: FaultServer) -> None:
    """Versions differ: what is odd counts as missing, and nothing breaks."""
    odd = {"uuid": ["x"], "name": {"a": 1}, "settings": [], "git_commit_sha": None, "fqdn": 7, "destination": "x"}
    server.answers = {PATH: json_body(json.dumps(odd))}
    application = gateway(root(server)).application()
    assert (application.uuid, application.name, application.git_commit_sha) == ("", "", "HEAD")
    assert (application.auto_deploy, application.images_to_keep) == (None, None)


def test_looks_wait_as_they_are_told_and_give_up(server: FaultServer) -> None:
    """429: three tries, not longer than a person waits; a deed is never tried again."""
    server.answers = {
        PATH: plain(b'{"message": "Too Many Attempts."}', 429, ("Retry-After: 60",)),
        f"{PATH}/envs": plain(b"{}", 429, ("Retry-After: 99999999999999999999",)),
        f"{PATH}/rollback": plain(b"{}", 429, ("Retry-After: 60",)),
    }
    pauses: list[float] = []
    asked = gateway(root(server), pauses)
    error = failed(asked.application, Refused)
    assert (error.code, error.next_move, pauses) == ("coolify-busy", "wait 60 s", [5, 5])
    assert failed(asked.variables, Refused).next_move == "wait a minute"
    before = len(server.requests)
    assert failed(lambda: asked.send(posting(root(server))), Refused).next_move == "wait 60 s"
    assert len(server.requests) == before + 1


# ---- tokens


def test_each_token_goes_where_it_belongs(server: FaultServer) -> None:
    """The one that looks reads, the one that acts sends; neither stands in an address."""
    server.answers = {PATH: json_body(ONE), f"{PATH}/rollback": json_body("{}")}
    asked = gateway(root(server))
    asked.application()
    asked.send(posting(root(server)))
    sent = [(one.method, one.headers["authorization"]) for one in server.requests]
    assert sent == [("GET", f"Bearer {SEES}"), ("POST", f"Bearer {ACTS}")]
    assert not any("ees" in one.path for one in server.requests)


def test_a_server_that_repeats_the_token(server: FaultServer) -> None:
    """Whatever it answers, the token is told to nobody."""
    for status in (200, 401, 403, 422, 429, 500):
        server.answers = {PATH: plain(f"token {SEES} and {ACTS} {{".encode(), status)}
        failed(gateway(root(server)).application)
    server.answers = {
        PATH: json_body(json.dumps({"uuid": APP, "name": f"shop {SEES}", "status": ACTS})),
        f"{PATH}/logs": json_body(json.dumps({"logs": f"one {SEES}\n\x1b[31mtwo\x1b[0m\r {ACTS}\n\u202ethree\n"})),
    }
    asked = gateway(root(server))
    application = asked.application()
    told = " ".join((application.name, application.status, asked.log()))
    assert SEES not in told
    assert ACTS not in told
    lines = asked.log().split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert "two" in lines[1]


@pytest.mark.parametrize(
    "where",
    [f"/login/{SEES}", f"https://u:{ACTS}@x.example.org/a", f"/a#{SEES}", f"/{'a' * 110}/{SEES}", f"//{ACTS}@x/"],
)
def test_where_it_redirects_to_repeats_no_token(server: FaultServer, where: str) -> None:
    """An address is told as all else is: redacted before it is cut, or half a token would stand there."""
    server.answers = {PATH: plain(b"", 302, (f"Location: {where}",))}
    error = failed(gateway(root(server)).application, Refused)
    assert error.code == "coolify-redirect"
    assert "sees" not in error.line()
    assert "acts" not in error.line()


def test_what_is_no_http_repeats_no_token(server: FaultServer) -> None:
    """The library quotes it."""
    server.answers = {PATH: raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + SEES.encode() + b"\r\n")}
    assert "not valid HTTP" in failed(gateway(root(server)).application, Unreachable).detail


@pytest.mark.parametrize("token", ["", "  ", "12|two words", "12|new\nline", "12|\u20ac"])
def test_a_token_that_is_none_is_not_sent(server: FaultServer, token: str) -> None:
    """Named by its variable; it is not repeated, and nothing is asked."""
    asked = HttpCoolify(table(root(server)), lambda _: token, str)
    error = failed(asked.application, BadInput)
    assert "COOLIFY_OBSERVE" in error.title
    assert "two words" not in error.line()
    assert server.requests == []


def test_without_a_token_that_acts_nothing_is_sent(server: FaultServer) -> None:
    """It is optional: who only looks needs none."""
    asked = gateway(root(server), act_token="")
    error = failed(lambda: asked.send(posting(root(server))), BadInput)
    assert "coolify.act_token is not configured" in error.title
    assert server.requests == []


def test_many_look_at_once(server: FaultServer) -> None:
    """The cockpit, its sensors and its panes share one gateway; no answer goes to the wrong one."""
    for number in range(8):
        server.answers[f"/api/v1/deployments/d{number}"] = json_body(
            json.dumps({"deployment_uuid": f"d{number}", "id": number, "status": "finished"})
        )
    asked = gateway(root(server))
    seen: list[tuple[str, str]] = []

    def look(number: int) -> None:
        for _ in range(5):
            seen.append((f"d{number}", asked.deployment(f"d{number}").uuid))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(100)
    assert len(seen) == 40
    assert all(wanted == got for wanted, got in seen)


def test_a_kept_connection_that_was_closed(server: FaultServer) -> None:
    """The next look opens another; a deed always has a connection of its own."""
    server.answers = {PATH: json_body(ONE), f"{PATH}/rollback": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")}
    asked = gateway(root(server))
    for _ in range(3):
        asked.application()
        asked.send(posting(root(server)))
    assert len(server.requests) == 6


def test_a_deadline_that_passes_as_the_answer_is_there(server: FaultServer) -> None:
    """Its timer was about to cut the line when the answer was whole: the next look takes another line."""
    server.answers = {PATH: json_body(ONE)}
    asked = gateway(root(server))
    asked.application()
    (line,) = asked._http._idle
    line.cut()
    assert asked.application().uuid == APP
    assert asked._http._idle != [line]
