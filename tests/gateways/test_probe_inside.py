"""A probe that is sent from the system's own host by its curl: judged as any other, and no header in an argv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_faults import FaultServer, json_body, make_certificates, plain, reset, serving
from patient_deadlines import closed_port

from actions.gateways.local_host import LocalHost
from actions.gateways.probe_inside import ARGV, InsideProber
from actions.model.clock import SystemClock
from actions.model.effect import Expectation, ProbeHttp
from actions.model.errors import Unreachable
from actions.model.ports import CommandResult, ProbeReading
from actions.model.secret import Redactor, Secret, edge
from actions.model.system import ProbeTable, ProveTable, Settings, SystemTable
from actions.steps.configured_probes import probe_of

SECRET = "hush-hush-hush-hush"


class FromHere:
    """Stands for the probes that are sent from here."""

    def read(self, probe: ProbeHttp) -> ProbeReading:
        return ProbeReading(probe.name, True, 299, 0, "from here", b"")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    one = FaultServer()
    yield one
    one.close()


def prober(host: Any = None) -> InsideProber:
    redactor = Redactor([Secret(SECRET)])
    there = host or LocalHost()
    return InsideProber(
        FromHere(),
        there,
        SystemClock(),
        resolve=lambda text: text.replace("${env:HUSH}", SECRET),
        redact=lambda text: edge(text, redactor),
    )


def probe(url: str, **more: Any) -> ProbeHttp:
    return ProbeHttp("health", url, inside="local", answer_s=60, **more)


def test_an_answer_is_judged_as_any_other(server: FaultServer) -> None:
    """F05, F08: status, body, JSON fields, latency; `-f` is not needed, as a wrong status is no pass."""
    server.answers = {
        "/ready/": json_body('{"database": "ok", "cache": {"up": true}, "celery": {"workers": 0}}'),
        "/down/": plain(b"no", 503),
        "/away/": plain(b"", 302, ("Location: /login",)),
    }
    good = Expectation(json={"database": "ok", "cache.up": True})
    seen = prober().read(probe(server.url("/ready/"), expect=good))
    assert (seen.ok, seen.status, seen.detail.startswith("inside: 200 in ")) == (True, 200, True), seen.detail
    bad = prober().read(probe(server.url("/ready/"), expect=Expectation(json={"celery.workers": 2})))
    assert (bad.ok, "celery.workers = 0, expected 2" in bad.detail) == (False, True)
    down = prober().read(probe(server.url("/down/")))
    assert (down.ok, down.status, "503" in down.detail) == (False, 503, True)
    away = prober().read(probe(server.url("/away/")))
    assert (away.ok, away.status, "/login" in away.detail) == (False, 302, True)
    assert prober().read(probe(server.url("/ready/"), method="HEAD")).ok
    assert [one.method for one in server.requests] == ["GET", "GET", "GET", "GET", "HEAD"]


def test_headers_are_sent_and_stand_in_no_argv(server: FaultServer) -> None:
    """A user of that host sees the processes; quotes and line breaks begin no option of curl's."""
    server.answers = {"/": plain(f"you sent {SECRET}".encode(), 500)}
    seen: list[tuple[str, ...]] = []

    class Watching(LocalHost):
        def run(self, argv: tuple[str, ...], **more: Any) -> CommandResult:
            seen.append(argv)
            return super().run(argv, **more)

    heads = {"Host": "shop.example.org", "X-Key": "${env:HUSH}", "X-Odd": 'a"b\\c\noutput = "/tmp/x'}
    told = prober(Watching()).read(probe(server.url("/"), headers=heads))
    sent = server.requests[0].headers
    assert (sent["host"], sent["x-key"]) == ("shop.example.org", SECRET)
    assert sent["x-odd"] == 'a"b\\c output = "/tmp/x'
    assert seen == [ARGV]
    assert SECRET not in told.detail


def test_what_goes_wrong_is_named(server: FaultServer, tmp_path: Path) -> None:
    """F84, F85, F90: refused, unknown, cut, late, too long, not believed; never an exception."""
    server.answers = {"/cut": reset, "/late": server.silent, "/long": plain(b"x" * 5000)}
    with closed_port() as port:
        cases = {
            f"http://127.0.0.1:{port}/": "connection refused",
            f"http://{'x' * 64}.invalid/": "the name is not known",  # longer than a name may be: nobody is asked for it
            server.url("/cut"): "connection",
            server.url("/long"): "longer than",
        }
        for url, words in cases.items():
            seen = prober().read(probe(url, body_cap=1000))
            assert (seen.ok, words in seen.detail) == (False, True), seen.detail
    late = prober().read(replace(probe(server.url("/late")), answer_s=1))
    assert (late.ok, "no answer in time" in late.detail) == (False, True)
    made = make_certificates(tmp_path)
    secure = FaultServer(context=serving(made.good, made.key), answers={"/": plain()})
    url = secure.url("/", scheme="https")
    assert "certificate" in prober().read(probe(url)).detail
    assert prober().read(probe(url, ca_file=str(made.ca))).ok
    unchecked = prober().read(probe(url, verify_tls=False))
    assert (unchecked.ok, "certificate not checked" in unchecked.detail) == (True, True)
    secure.close()


def test_a_host_that_is_away_or_has_no_curl() -> None:
    """A reading that fails, with its reason."""

    class Away(LocalHost):
        def run(self, argv: tuple[str, ...], **more: Any) -> CommandResult:
            raise Unreachable("app-1 does not answer", "ssh: timed out")

    class Bare(LocalHost):
        def run(self, argv: tuple[str, ...], **more: Any) -> CommandResult:
            return CommandResult(127, b"", b"curl: not found", 1)

    assert "app-1 does not answer" in prober(Away()).read(probe("http://127.0.0.1/")).detail
    assert "curl cannot be started there" in prober(Bare()).read(probe("http://127.0.0.1/")).detail


def test_all_others_are_sent_from_here() -> None:
    """And what is written in the configuration decides which; the plan shows where each is sent from."""
    assert prober().read(ProbeHttp("out", "http://127.0.0.1/")).detail == "from here"
    settings = Settings(SystemTable("shop", "drill", host="ssh://deploy@app-1"), prove=ProveTable())
    there = probe_of(ProbeTable("in", "http://127.0.0.1:8000/health/", inside=True), settings)
    assert there.inside == "ssh://deploy@app-1"
    assert "(inside, by curl on ssh://deploy@app-1)" in there.lines()[0]
    assert probe_of(ProbeTable("out", "https://shop.example.org/health/"), settings).inside == ""
    with pytest.raises(ValueError, match=r"^inside: "):
        ProbeTable("in", "http://127.0.0.1/", inside=True, follow=1)
