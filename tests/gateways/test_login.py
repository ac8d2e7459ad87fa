"""A login as a browser does it, against a real site with a form, CSRF and cookies; and every way in which it fails."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from login_site import PASSWORD, USER, LoginSite, login_site

from actions.gateways.login import HttpxLogins
from actions.gateways.login_form import UnfitForm, login_form, read_page
from actions.model.clock import SystemClock
from actions.model.errors import BadInput
from actions.model.ports import ProbeReading
from actions.model.secret import Redactor, Secret, edge
from actions.model.system_watch import LoginTable
from app.secrets_in import resolve


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoginSite]:
    monkeypatch.setenv("DRILL_PASSWORD", PASSWORD)
    with login_site() as one:
        yield one


def log_in(site: LoginSite, path: str = "/login/", **more: Any) -> ProbeReading:
    """One attempt; whatever it says, the password is not in it."""
    given = {"user": USER, "password": "${env:DRILL_PASSWORD}", "answer": 60, **more}
    redactor = Redactor([Secret(os.environ.get("DRILL_PASSWORD", "not set"))])
    logins = HttpxLogins(SystemClock(), resolve, lambda text: edge(text, redactor))
    reading = logins.read(LoginTable(name="login", url=site.url(path), **given))
    assert "horse" not in repr(reading)
    return reading


def test_it_logs_in_as_a_browser_does(site: LoginSite) -> None:
    """A05: hidden fields, cookie, referer and origin go along, and the page that follows is reached."""
    reading = log_in(site)
    assert reading.ok, reading.detail
    assert (reading.name, reading.status) == ("login", 200)
    assert reading.detail.startswith("logs in: 200 in ")
    assert site.asked == ["GET /login/", "POST /login/?from=form", "GET /admin/"]
    (path, fields, headers) = site.posted[0]
    assert path == "/login/?from=form"
    token = fields.pop("csrfmiddlewaretoken")
    assert fields == {
        "username": [USER],
        "password": [PASSWORD],
        "next": ["/admin/?a=1&b=2"],
        "language": ["tl"],
        "terms": ["yes"],
        "note": ["as it was"],
        "enter": ["1"],
    }, "what a browser sends: no unticked box, the chosen language, the first button"
    assert headers["referer"] == site.url("/login/")
    assert headers["origin"] == site.url("")
    assert f"csrftoken={token[0]}" in headers["cookie"]


def test_each_attempt_is_a_new_browser(site: LoginSite) -> None:
    """A session of the last attempt would prove nothing."""
    for _ in range(2):
        assert log_in(site).ok
    assert len(site.sessions) == 2
    assert all("sessionid" not in headers.get("cookie", "") for _, _, headers in site.posted)


def test_the_text_that_proves_it(site: LoginSite) -> None:
    """With a text configured it must stand there, also where the page writes it in another way."""
    assert log_in(site, success="Welcome, drill").ok
    assert log_in(site, success="Ann & Ben").ok
    missing = log_in(site, success="Dashboard")
    assert (missing.ok, missing.detail) == (False, "200, but the page after the login does not hold 'Dashboard'")
    proves_nothing = log_in(site, success="Log in")
    assert not proves_nothing.ok
    assert "stands on the page before anybody logs in" in proves_nothing.detail


def test_a_wrong_password(site: LoginSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form comes back: with status 200, as applications do."""
    monkeypatch.setenv("DRILL_PASSWORD", "another")
    for success in ("", "Welcome"):
        reading = log_in(site, success=success)
        assert (reading.ok, reading.status) == (False, 200)
        assert reading.detail == "the form came back: user or password is not accepted"


def test_a_session_that_is_not_kept(site: LoginSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is taken, and the next page asks for it again: nobody can log in."""
    monkeypatch.setattr(site, "sessions", type("Forgetful", (set,), {"add": lambda *_: None})())
    assert log_in(site).detail == "the form came back: user or password is not accepted"


@pytest.mark.parametrize(
    ("answers", "detail"),
    [
        ({"/login/": 500}, "the page with the form answered 500"),
        ({"/login/": 404}, "the page with the form answered 404"),
        ({"POST": 500}, "the login was answered with 500"),
        ({"POST": 403}, "the login was answered with 403 (a form that may not be sent so"),
        ({"/admin/": 502}, "the login was answered with 502"),
    ],
)
def test_pages_that_fail(site: LoginSite, answers: dict[str, int], detail: str) -> None:
    """Which page failed, and with what."""
    site.answers = answers
    reading = log_in(site)
    assert not reading.ok
    assert reading.detail.startswith(detail)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"page": "<p>closed for maintenance</p>"}, "the page has no form"),
        ({"page": ""}, "the page has no form"),
        ({"page": "\x00\xff<![bad["}, ""),
        ({"page": "<form method=post><input name=q></form>"}, "the page has no form with a password field"),
        ({"kind": "text"}, "the page has no form with a password field"),
        ({"password_field": "passwd"}, "no form has a password field 'password'; there is: passwd"),
        ({"user_field": "email"}, "the form has no field 'username'; there is: csrfmiddlewaretoken, next, email"),
        ({"attributes": 'action="/login/"'}, "the form is not sent by POST: the password would stand in an address"),
        ({"attributes": 'method=get action="/login/"'}, "the form is not sent by POST"),
    ],
)
def test_a_form_that_is_not_there(site: LoginSite, change: dict[str, str], detail: str) -> None:
    """What there is instead is said; nothing is sent."""
    for name, value in change.items():
        setattr(site, name, value)
    reading = log_in(site)
    assert not reading.ok
    assert reading.detail.startswith(detail)
    assert not site.posted


@pytest.mark.parametrize(
    ("action", "detail"),
    [
        ("http://localhost:1/steal", "another host"),
        ("//example.org/login/", "another host"),
        ("http://127.0.0.1:1/", "another port"),
        ("javascript:login()", "not http"),
        ("http://[bad/", "the form names an address that is none"),
    ],
)
def test_the_password_goes_to_no_other_server(site: LoginSite, action: str, detail: str) -> None:
    """A page that was tampered with must not get the drill account."""
    site.attributes = f'method="post" action="{action}"'
    reading = log_in(site)
    assert not reading.ok
    assert detail in reading.detail
    assert not site.posted


def test_an_action_relative_to_a_base(site: LoginSite) -> None:
    """As browsers do: against the base of the page; none at all: to the page itself."""
    site.attributes, site.extra = 'METHOD="POST" action="?x=1"', '<base href="/login/">'
    assert log_in(site, "/moved/").ok
    assert site.posted[0][0] == "/login/?x=1"
    site.attributes, site.extra = 'method="post"', ""
    assert log_in(site).ok
    assert site.posted[1][0] == "/login/"


def test_redirects(site: LoginSite) -> None:
    """Followed on the same server, and to an end."""
    assert log_in(site, "/moved/").ok
    loop = log_in(site, "/loop/")
    assert (loop.ok, loop.detail) == (False, "the page with the form: more than 10 redirects")
    away = log_in(site, "/away/")
    assert (
        away.detail
        == "the page with the form leads elsewhere: http://localhost:1/elsewhere (another host, not followed)"
    )
    site.leads = "/loop/"
    assert log_in(site).detail == "the answer to the login: more than 10 redirects"
    site.leads = "https://sso.example.org/"
    assert "the answer to the login leads elsewhere" in log_in(site).detail


def test_nobody_answers(site: LoginSite) -> None:
    """A site that is gone, and one that drips its answer: both end within the deadline, and say so."""
    table = LoginTable("login", "http://127.0.0.1:1/", USER, "${env:DRILL_PASSWORD}")
    refused = HttpxLogins(SystemClock(), resolve).read(table)
    assert (refused.ok, refused.status, refused.detail) == (False, 0, "the page with the form: connection refused")
    site.drip = threading.Event()
    slow = log_in(site, answer=4)  # each of the pages before it has to come within the same time
    assert (slow.ok, slow.detail) == (False, "the answer to the login: no whole answer within 4 s")


def test_what_is_ours_is_an_error(site: LoginSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is not set is not the site's fault; nor is a file of authorities that is none."""
    monkeypatch.delenv("DRILL_PASSWORD")
    with pytest.raises(BadInput, match="DRILL_PASSWORD is not set"):
        HttpxLogins(SystemClock(), resolve).read(LoginTable("a", site.url(), USER, "${env:DRILL_PASSWORD}"))
    assert not site.asked
    monkeypatch.setenv("DRILL_PASSWORD", PASSWORD)
    reading = log_in(site, ca_file="/nowhere/ca.pem")
    assert (reading.ok, reading.status) == (False, 0)
    assert reading.detail == "TLS: /nowhere/ca.pem cannot be used: No such file or directory"


def test_a_password_stands_nowhere_in_the_configuration() -> None:
    """Only the name of a variable is taken."""
    with pytest.raises(ValueError, match="nothing secret stands in this file"):
        LoginTable("a", "http://127.0.0.1/", USER, PASSWORD)


@pytest.mark.parametrize(
    "page",
    [
        "<form method=post><input name=username><input name=password type=password><form><input name=x></form></form>",
        "<FORM METHOD='Post'><INPUT NAME=username><INPUT TYPE=PASSWORD NAME=password disabled>"
        "<INPUT TYPE=Password NAME=password></FORM>",
        "<form method=post><select name=s></select><textarea name=t><input name=username>"
        "<input name=password type=password></textarea></form>" * 3,
        "<form method=post>" + "<div>" * 5000 + "<input name=username><input name=password type=password>",
    ],
)
def test_odd_pages(page: str) -> None:
    """Unclosed, nested and shouted HTML is read as far as it goes."""
    form = login_form(read_page(page), "username", "password")
    assert form.filled({"username": "u", "password": "p"})[-2:] == [("username", "u"), ("password", "p")]


def test_a_page_that_is_no_html() -> None:
    """Whatever is sent is read, or named."""
    with pytest.raises(UnfitForm):
        login_form(read_page("%PDF-1.7 \x00"), "username", "password")
