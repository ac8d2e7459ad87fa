"""Logs in once with a drill account, as a browser would: page, form, cookies, redirects. How often is up to others.

The password goes to the server of the configured page and to no other, and into no text of ours: of the pages nothing
is quoted. Every attempt begins without cookies, on connections of its own. httpx is imported with the first attempt.
"""

from __future__ import annotations

import html
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from actions.gateways.login_form import Form, Page, UnfitForm, asks_for_login, login_form, read_page
from actions.gateways.probe_answers import REDIRECTS
from actions.gateways.probe_faults import named
from actions.gateways.probes import UnfitAnswer, not_followed, read_body, tls_context
from actions.model.clock import Clock
from actions.model.outside_text import sanitise
from actions.model.ports import ProbeReading
from actions.model.system_watch import LoginTable

BODY_CAP = 1024 * 1024
MOST_REDIRECTS = 10
_GRACE_S = 0.25
"""httpx's own time-outs come first by this much, as their words are better."""


class _Failed(Exception):
    """It is over; why is its text, in words of ours."""


@dataclass(frozen=True)
class _Answer:
    """A page, after what was followed."""

    url: str
    status: int
    text: str


class HttpxLogins:
    """The ``LoginProber`` over httpx; may be shared by threads.

    ``resolve`` turns ``${env:NAME}`` into its value right before it is sent, ``redact`` takes secrets out of what is
    told.
    """

    def __init__(self, clock: Clock, resolve: Callable[[str], str] = str, redact: Callable[[str], str] = str) -> None:
        self._clock = clock
        self._resolve = resolve
        self._redact = redact

    def read(self, login: LoginTable) -> ProbeReading:
        """One attempt. Raises ``GoaroundError`` only for what is ours: a variable that is not set."""
        import httpx

        user, password = self._resolve(login.user), self._resolve(login.password)
        begun = self._clock.monotonic_ms()
        visit: _Visit | None = None
        try:
            context = tls_context(login.verify_tls, login.ca_file)
            visit = _Visit(context, login.answer)
            status, problem = _log_in(visit, login, user, password), ""
        except (_Failed, UnfitAnswer, UnfitForm) as failed:
            status, problem = visit.status if visit else 0, str(failed)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            status, problem = visit.status if visit else 0, self._fault(login, visit, error)
        finally:
            if visit is not None:
                visit.close()
        ms = self._clock.monotonic_ms() - begun
        return ProbeReading(
            login.name, not problem, status, ms, self._redact(problem or f"logs in: {status} in {ms} ms")
        )

    def _fault(self, login: LoginTable, visit: _Visit | None, error: BaseException) -> str:
        if visit is None:
            reason = sanitise(getattr(error, "strerror", None) or "no certificate in it", limit=200)
            return f"TLS: {login.ca_file or 'the authorities of this machine'} cannot be used: {reason}"
        if visit.late:
            return f"{visit.doing}: no whole answer within {login.answer} s"
        return f"{visit.doing}: {named(error)}"


def _log_in(visit: _Visit, login: LoginTable, user: str, password: str) -> int:
    """The status of the page that came after. Raises ``_Failed``, ``UnfitForm``, ``UnfitAnswer`` and httpx's errors."""
    visit.doing = "the page with the form"
    page = visit.ask("GET", login.url)
    if page.status >= 400:
        raise _Failed(f"the page with the form answered {page.status}")
    if login.success and _holds(page.text, login.success):
        raise _Failed(f"{_shown(login.success)} stands on the page before anybody logs in: it proves nothing")
    found = read_page(page.text)
    form = login_form(found, login.user_field, login.password_field)
    target = _target(page, found, form)
    fields = form.filled({login.user_field: user, login.password_field: password})
    visit.doing = "the answer to the login"
    after = visit.ask("POST", target, fields, referer=page.url)
    if after.status >= 400:
        hint = " (a form that may not be sent so: CSRF, or the account is locked)" if after.status in (401, 403) else ""
        raise _Failed(f"the login was answered with {after.status}{hint}")
    again = asks_for_login(read_page(after.text), login.password_field)
    if login.success:
        if _holds(after.text, login.success):
            return after.status
        if not again:
            raise _Failed(f"{after.status}, but the page after the login does not hold {_shown(login.success)}")
    if again:
        raise _Failed("the form came back: user or password is not accepted")
    return after.status


def _target(page: _Answer, found: Page, form: Form) -> str:
    """Where the form is sent; the password leaves for no other server than the one that showed it."""
    try:
        target = urljoin(urljoin(page.url, found.base) if form.action else page.url, form.action)
    except ValueError:
        raise _Failed("the form names an address that is none") from None
    refusal = not_followed(page.url, target)
    if refusal:
        raise _Failed(f"the form would be sent elsewhere ({refusal.removesuffix(', not followed')}): nothing was sent")
    return target


def _holds(text: str, wanted: str) -> bool:
    return wanted in text or wanted in html.unescape(text)


def _shown(text: str) -> str:
    return f"{sanitise(text, limit=80)!r}"


class _Visit:
    """One browser without a past: its cookies and connections."""

    def __init__(self, context: Any, answer_s: float) -> None:
        import httpx

        self.status = 0
        """Of the newest answer."""
        self.doing = ""
        self.late = False
        self._answer_s = answer_s
        self._plugs: list[socket.socket] = []
        """Second handles of the connections: shut down, they end every wait."""
        self._client = httpx.Client(verify=context, trust_env=False, follow_redirects=False, timeout=answer_s)

    def close(self) -> None:
        """Give everything back."""
        self._client.close()
        for plug in self._plugs:
            with suppress(OSError):
                plug.close()

    def ask(self, method: str, url: str, fields: Sequence[tuple[str, str]] = (), referer: str = "") -> _Answer:
        """One page, after every redirect that leads to the same server."""
        for _ in range(MOST_REDIRECTS + 1):
            text, location = self._once(method, url, fields, referer)
            if not location:
                return _Answer(url, self.status, text)
            refusal = not_followed(url, location)
            if refusal:
                raise _Failed(f"{self.doing} leads elsewhere: {sanitise(location, limit=120)} ({refusal})")
            referer, url = url, urljoin(url, location)
            if method != "GET" and self.status not in (307, 308):
                method, fields = "GET", ()
        raise _Failed(f"{self.doing}: more than {MOST_REDIRECTS} redirects")

    def _once(self, method: str, url: str, fields: Sequence[tuple[str, str]], referer: str) -> tuple[str, str]:
        """Text of the page, and where it leads. Whole within the deadline: a server that drips meets it, too."""
        headers = {"User-Agent": "goaround", "Accept": "text/html,*/*", "Accept-Encoding": "identity"}
        content = b""
        if referer:
            headers["Referer"] = referer
        if method == "POST":
            parts = urlsplit(url)
            headers |= {"Origin": f"{parts.scheme}://{parts.netloc}"}
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            content = urlencode(list(fields)).encode("ascii")
        body = bytearray()
        self.status = 0
        timer = threading.Timer(self._answer_s + _GRACE_S, self._cut)
        timer.daemon = True
        timer.start()
        try:
            with self._client.stream(
                method, url, headers=headers, content=content, extensions={"trace": self._trace}
            ) as response:
                self.status = response.status_code
                read_body(response, BODY_CAP, body)
                leads = response.headers.get("location", "") if response.status_code in REDIRECTS else ""
                return _decoded(bytes(body), response.charset_encoding), leads
        finally:
            timer.cancel()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            plug = info["return_value"].get_extra_info("socket").dup()
            self._plugs.append(plug)
            if self.late:
                plug.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        self.late = True
        for plug in list(self._plugs):
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:  # a character set that nobody knows
        return body.decode("utf-8", "replace")
