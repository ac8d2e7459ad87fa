"""Probes against a real server that does everything wrong: each fault is named, none hangs, none passes."""

from __future__ import annotations

import errno
import gzip
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from http_faults import (
    Answerer,
    Certificates,
    FaultServer,
    gzip_bomb,
    json_body,
    make_certificates,
    plain,
    raw,
    reset,
    serving,
)
from patient_deadlines import closed_port

from actions.gateways.probe_faults import named
from actions.gateways.probes import HttpxProber
from actions.model.clock import SystemClock
from actions.model.effect import Expectation, ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.outside_text import is_clean
from actions.model.ports import ProbeReading

SLOWEST_S = 30.0
"""What a busy machine may take longer than the deadline; the servers that never come to an end take for ever."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    made = FaultServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def ask(url: str, prober: HttpxProber | None = None, **parts: Any) -> ProbeReading:
    """One reading; whatever it is, it comes in time and can be shown."""
    parts.setdefault("answer_s", 60)
    begun = time.monotonic()
    reading = (prober or HttpxProber(SystemClock())).read(ProbeHttp(name="health", url=url, **parts))
    assert time.monotonic() - begun < float(parts["answer_s"]) + SLOWEST_S
    assert is_clean(reading.detail), reading.detail
    return reading


def answered(server: FaultServer, answer: Answerer, **parts: Any) -> ProbeReading:
    server.answers["/"] = answer
    return ask(server.url("/"), **parts)


def test_a_good_answer_passes_and_says_how_fast(server: FaultServer) -> None:
    """Proven: the reading holds status, time and body as they were."""
    reading = answered(server, plain(b"all ok"), expect=Expectation(body="ok"))
    assert (reading.ok, reading.status, reading.body) == (True, 200, b"all ok")
    assert reading.detail == f"200 in {reading.ms} ms"


def test_every_reading_opens_a_connection_of_its_own(server: FaultServer) -> None:
    """One of several workers must not answer for all."""
    prober = HttpxProber(SystemClock())
    server.answers["/"] = plain()
    for _ in range(3):
        assert ask(server.url("/"), prober).ok
    assert server.connections == 3


JSON_OK = '{"status": "degraded", "checks": [{"db": true}], "n": 1, "load": 0.5, "last": null}'


@pytest.mark.parametrize(
    ("answer", "expect", "words"),
    [
        (plain(b"", 503), Expectation(), "expected 200"),
        (plain(b"", 418), Expectation(status=(200, 204)), "expected 200 or 204"),
        (plain(b"<html>login</html>"), Expectation(body="healthy"), "(an HTML page) does not hold"),
        (plain(b""), Expectation(body="healthy"), "(empty) does not hold"),
        (plain(b"ok but error"), Expectation(not_body="error"), 'the body holds "error"'),
        (json_body(JSON_OK), Expectation(json={"status": "healthy"}), 'status = "degraded", expected "healthy"'),
        (json_body(JSON_OK), Expectation(json={"checks.0.cache": True}), "no field checks.0.cache"),
        (json_body(JSON_OK), Expectation(json={"n": True}), "n = 1, expected true"),
        (json_body(JSON_OK), Expectation(json={"checks": "x"}), 'checks = a list, expected "x"'),
        (json_body(JSON_OK), Expectation(json={"last": "x"}), 'last = null, expected "x"'),
        (plain(b"<html>"), Expectation(json={"status": "ok"}), "(an HTML page) is not JSON"),
        (json_body('{"a": 1'), Expectation(json={"a": 1}), "is not JSON"),
        (json_body('{"a": 2, "a": 1}'), Expectation(json={"a": 1}), "key that stands twice"),
        (json_body('{"a": NaN}'), Expectation(json={"a": 1}), "holds NaN"),
        (json_body('{"a": ' + "9" * 5000 + "}"), Expectation(json={"a": 1}), "too many digits"),
        (json_body("[" * 100_000), Expectation(json={"a": 1}), "nested too deep"),
        (json_body('{"a":' * 90 + "1" + "}" * 90), Expectation(json={"a": 1}), "nested too deep"),
        (json_body('{"a": "\udcff"}'), Expectation(json={"a": 1}), "is not UTF-8"),
        (json_body('{"a": "\\u001b]0;x\\u0007"}'), Expectation(json={"a": 1}), "expected 1"),
    ],
)
def test_what_was_not_expected_is_named(server: FaultServer, answer: Answerer, expect: Expectation, words: str) -> None:
    """A 200 is not health: the answer must be the expected one, and the line says in what it is not."""
    reading = answered(server, answer, expect=expect)
    assert not reading.ok
    assert words in reading.detail
    assert reading.detail.startswith(f"{reading.status} in ")


def test_every_expected_part_may_hold(server: FaultServer) -> None:
    """Dotted fields reach into tables and lists, brackets in strings are no depth, floats are no fault."""
    body = json.loads(JSON_OK) | {"note": "[" * 500 + '"\\'}
    expect = Expectation(json={"status": "degraded", "checks.0.db": True, "n": 1, "last": None})
    assert answered(server, json_body(json.dumps(body)), expect=expect).ok


def test_an_answer_slower_than_wanted_fails(server: FaultServer) -> None:
    """A page that comes too late is not back."""

    def slow(connection: socket.socket, request: object) -> None:
        time.sleep(0.05)
        plain()(connection, request)  # type: ignore[arg-type]

    reading = answered(server, slow, expect=Expectation(max_ms=10))
    assert not reading.ok
    assert "at most 10 ms" in reading.detail


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "200, the connection was closed in the middle"),
        (b"HTTP/1.1 099 No\r\n\r\n", "not valid HTTP"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000, "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", "did not ask for: br"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz", "not packed as it says"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n" + gzip.compress(b"ok" * 99)[:10],
            "ends before its packing",
        ),
    ],
    ids=range(9),
)
def test_what_is_no_answer_is_named(server: FaultServer, data: bytes, words: str) -> None:
    """Each way to answer wrongly has its own words, and none is a crash."""
    reading = answered(server, raw(data))
    assert not reading.ok
    assert words in reading.detail


def test_an_odd_status_is_an_answer_that_was_not_expected(server: FaultServer) -> None:
    """Status 999 is judged like any other."""
    assert answered(server, plain(b"", 999)).detail.endswith("expected 200")


def test_a_packed_answer_is_unpacked(server: FaultServer) -> None:
    """Some servers pack although nobody asked."""
    body = gzip.compress(b"status: ") + gzip.compress(b"healthy")
    answer = plain(body, headers=("Content-Encoding: gzip",))
    assert answered(server, answer, expect=Expectation(body="status: healthy")).ok


def test_reset_and_refused_have_different_names(server: FaultServer) -> None:
    """A process that crashes on the request and one that is not there are two findings."""
    assert answered(server, reset).detail == "connection reset"
    with closed_port() as port:
        assert ask(f"http://127.0.0.1:{port}/").detail == "connection refused"


def test_names_and_routes_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both refusals are named; the resolver is not really asked, as tests stay on this machine."""

    def nobody(*arguments: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert ask("http://nowhere.invalid/").detail == "the name is not known (DNS: Name or service not known)"
    assert named(OSError(errno.EHOSTUNREACH, "No route to host")) == "no route to the host"


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://[bad/", "http://a" + "b" * 99 + "/", "//x"]
)
def test_an_address_that_is_none(url: str) -> None:
    """Nothing but http is ever asked, and a wrong address is a reading, not a crash."""
    reading = ask(url)
    assert not reading.ok
    assert reading.status == 0


# --------------------------------------------------------------------------------------------------- time and size


def test_the_deadline_holds_for_the_whole_answer(server: FaultServer) -> None:
    """A server that drips a byte now and then meets no time-out of a single wait, and still is ended in time.

    An incident has thousands of readings: none of those given up leaves its thread behind.
    """
    server.answers |= {
        "/nothing": server.silent,
        "/head": server.drip(b"HTTP/1.1 200 ", b"x"),
        "/header": server.drip(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        "/body": server.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        "/informational": server.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    }
    deadlines = {path: 5 if path == "/body" else 1 for path in server.answers}  # a status has to arrive within it
    prober = HttpxProber(SystemClock())
    with ThreadPoolExecutor(len(deadlines)) as pool:
        readings = list(pool.map(lambda path: ask(server.url(path), prober, answer_s=deadlines[path]), deadlines))
    for (path, seconds), reading in zip(deadlines.items(), readings, strict=True):
        assert not reading.ok
        assert f"within {seconds} s" in reading.detail or "in time" in reading.detail
        assert reading.status == (200 if path == "/body" else 0)
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join(60)
            assert not thread.is_alive()


def test_a_body_without_end_ends_at_the_cap(server: FaultServer) -> None:
    """Memory and time are bounded, whatever is sent."""
    reading = answered(server, server.endless, body_cap=100_000)
    assert not reading.ok
    assert reading.detail == "200, the body is larger than 100000 bytes"
    assert len(reading.body) == 100_000


def test_a_body_that_unpacks_to_gigabytes_ends_at_the_cap(server: FaultServer) -> None:
    """What counts is the size unpacked."""
    reading = answered(server, gzip_bomb)
    assert reading.detail == f"200, the body is larger than {1024 * 1024} bytes"
    assert len(reading.body) == 1024 * 1024


def test_a_body_of_just_the_cap_passes(server: FaultServer) -> None:
    """The limit itself is allowed."""
    assert answered(server, plain(b"x" * 1000), body_cap=1000).ok
    assert not answered(server, plain(b"x" * 1001), body_cap=1000).ok


# ------------------------------------------------------------------------------------------------------- redirects


def redirect(to: str, status: int = 302) -> Answerer:
    return plain(b"", status, headers=(f"Location: {to}",))


def test_a_redirect_is_no_success(server: FaultServer) -> None:
    """A health check that is redirected to https never ran the view; the line says where it leads."""
    reading = answered(server, redirect("https://app.example.org/health/", 301))
    assert not reading.ok
    assert reading.detail == f"301 in {reading.ms} ms to https://app.example.org/health/, expected 200"
    assert len(server.requests) == 1


def test_an_expected_redirect_must_lead_where_it_should(server: FaultServer) -> None:
    """`/` may answer with the way to the login page, and nowhere else."""
    expect = Expectation(status=(302,), location="/login/")
    assert answered(server, redirect("/login/"), expect=expect).ok
    assert (
        answered(server, redirect(server.url("/login/")), expect=Expectation(status=(302,), location="/login/")).ok
        is False
    )
    assert answered(server, redirect("/login/"), expect=Expectation(status=(302,), location=server.url("/login/"))).ok
    reading = answered(server, redirect("http://evil.example/"), expect=expect)
    assert "should lead to /login/" in reading.detail
    assert not answered(server, plain(b"", 302), expect=expect).ok


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("http://169.254.169.254/latest/", "another host"),
        ("//other.example/", "another host"),
        ("file:///etc/passwd", "not http"),
        ("http://127.0.0.1:1/", "another port"),
        ("http://[bad", "not a valid address"),
    ],
)
def test_a_redirect_elsewhere_is_a_finding(server: FaultServer, to: str, words: str) -> None:
    """Not followed even when the probe follows: no request leaves for another host, port or scheme."""
    reading = answered(server, redirect(to), follow=5)
    assert not reading.ok
    assert f"({words}, not followed)" in reading.detail
    assert len(server.requests) == 1


def test_redirects_on_the_same_host_are_followed_so_often_as_allowed(server: FaultServer) -> None:
    """The last answer is judged; a loop ends."""
    server.answers |= {"/1": redirect("/2"), "/2": redirect("/3", 307), "/3": plain(b"end"), "/loop": redirect("/loop")}
    reading = ask(server.url("/1"), follow=2, expect=Expectation(body="end"))
    assert reading.ok, reading.detail
    assert "more than 1 redirects" in ask(server.url("/1"), follow=1).detail
    assert "more than 3 redirects" in ask(server.url("/loop"), follow=3).detail
    assert [request.path for request in server.requests].count("/loop") == 4


# -------------------------------------------------------------------------------------------- what is sent, and TLS


def test_headers_and_method_are_sent_as_configured(server: FaultServer) -> None:
    """A real application needs its Host; values from the environment are read at that moment only."""
    prober = HttpxProber(SystemClock(), resolve=lambda text: text.replace("${env:TOKEN}", "s3cret"))
    headers = {"Host": "app.example.org", "X-Forwarded-Proto": "https", "Authorization": "Bearer ${env:TOKEN}"}
    server.answers["/"] = plain()
    assert ask(server.url("/"), prober, method="HEAD", headers=headers).ok
    sent = server.requests[-1]
    assert sent.method == "HEAD"
    assert sent.headers["host"] == "app.example.org"
    assert sent.headers["x-forwarded-proto"] == "https"
    assert sent.headers["authorization"] == "Bearer s3cret"
    assert sent.headers["user-agent"] == "goaround"


def test_a_variable_that_is_not_set_is_ours_and_is_raised(server: FaultServer) -> None:
    """It is no finding about the other side."""

    def missing(text: str) -> str:
        raise GoaroundError("TOKEN is not set")

    with pytest.raises(GoaroundError, match="TOKEN is not set"):
        ask(server.url("/"), HttpxProber(SystemClock(), resolve=missing), headers={"A": "${env:TOKEN}"})


@pytest.mark.parametrize("value", ["s3cret\r\nX-Evil: 1", "s3cret\0", "\nx"])
def test_a_header_that_cannot_be_sent_shows_no_value(server: FaultServer, value: str) -> None:
    """The library's own words would tell the secret."""
    reading = answered(server, plain(), headers={"Authorization": value})
    assert not reading.ok
    assert "s3cret" not in reading.detail
    assert "a header or the method is not valid" in reading.detail
    assert not server.requests


def test_secrets_in_answers_are_redacted(server: FaultServer) -> None:
    """An echo of a secret stands in no detail."""
    prober = HttpxProber(SystemClock(), redact=lambda text: text.replace("s3cret", "***"))
    server.answers["/"] = redirect("/?token=s3cret")
    assert "/?token=***" in ask(server.url("/"), prober).detail


def test_usual_mistakes_come_with_a_hint(server: FaultServer) -> None:
    """405 on HEAD and 400 without a Host are well known at night by nobody."""
    assert "GET only" in answered(server, plain(b"", 405), method="HEAD").detail
    assert "Host header" in answered(server, plain(b"", 400)).detail
    assert "Host header" not in answered(server, plain(b"", 400), headers={"host": "a"}).detail


def test_proxies_of_the_environment_are_not_asked(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer must be the system's own."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert answered(server, plain()).ok


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("good", ""),
        ("expired", "TLS: the certificate has expired"),
        ("self_signed", "TLS: the certificate is self-signed"),
        ("wrong_name", "TLS: the certificate is for another address"),
    ],
)
def test_a_certificate_in_doubt_is_red_with_its_reason(certificates: Certificates, kind: str, words: str) -> None:
    """There is no silent way past a certificate."""
    server = FaultServer({"/": plain()}, serving(getattr(certificates, kind), certificates.key))
    try:
        reading = ask(server.url("/", "https"), ca_file=str(certificates.ca))
        assert reading.ok is (kind == "good"), reading.detail
        assert reading.detail == (words or f"200 in {reading.ms} ms")
        unchecked = ask(server.url("/", "https"), verify_tls=False)
        assert unchecked.ok
        assert unchecked.detail.endswith("(certificate not checked)")
        if kind == "good":
            assert "authority is not known" in ask(server.url("/", "https")).detail
    finally:
        server.close()


def test_asked_by_address_the_certificate_must_be_for_the_host_that_is_meant(certificates: Certificates) -> None:
    """A probe past the load balancer, with the application's name in `Host`."""
    server = FaultServer({"/": plain()}, serving(certificates.wrong_name, certificates.key))
    try:
        url, ca = server.url("/", "https"), str(certificates.ca)
        assert ask(url, ca_file=ca, headers={"Host": "other.example.org:443"}).ok
        wrong = ask(url, ca_file=ca, headers={"Host": "app.example.org"})
        assert wrong.detail == "TLS: the certificate is for another name"
    finally:
        server.close()


def test_a_port_without_tls_and_an_old_protocol(server: FaultServer, certificates: Certificates) -> None:
    """Both are named in words."""
    server.answers["/"] = plain()
    server.drip(b"", b"")
    old = serving(certificates.good, certificates.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated is what it is here for
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    outdated = FaultServer({"/": plain()}, old)
    plain_port = FaultServer({})
    try:
        detail = ask(outdated.url("/", "https"), ca_file=str(certificates.ca)).detail
        assert detail == "TLS: the server speaks only protocol versions that are too old"
    finally:
        outdated.close()
        plain_port.close()


def test_a_ca_file_that_is_none(tmp_path: Path, server: FaultServer) -> None:
    """A wrong path or a file without a certificate is a reading with its reason."""
    missing = ask(server.url("/", "https"), ca_file=str(tmp_path / "no.pem"))
    assert missing.detail.endswith("cannot be used: No such file or directory")
    (tmp_path / "empty.pem").write_text("nothing")
    assert "cannot be used" in ask(server.url("/", "https"), ca_file=str(tmp_path / "empty.pem")).detail


def test_importing_the_gateway_does_not_import_httpx() -> None:
    """The first paint waits for nothing that is not needed yet."""
    code = "import sys, actions.gateways.probes; sys.exit('httpx' in sys.modules)"
    subprocess.run((sys.executable, "-c", code), check=True, cwd=Path(__file__).parents[2])
