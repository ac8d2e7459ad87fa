"""A real site with a real login: a form with a CSRF token bound to a cookie, sessions, redirects; and its faults."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

USER = "drill"
PASSWORD = 'c0rrect&horse "b+ttery" %41 ä'
"""Needs quoting in every way there is."""

FORM = """<!doctype html><html><head><title>Log in</title></head><body>
<form action="/search" method="get"><input name="q"><input type="submit" name="go" value="Search"></form>
<!-- <form method="post"><input type="password" name="password"></form> -->
<form id="login-form" {attributes}>
  <input type="hidden" name="csrfmiddlewaretoken" value="{token}">
  <input type="hidden" name="next" value="/admin/?a=1&amp;b=2">
  <label>User <input type="text" name="{user_field}" autofocus></label>
  <label>Password <input type="{kind}" name="{password_field}"></label>
  <select name="language"><option value="en">English</option><option value="tl" selected>Tagalog</option></select>
  <input type="checkbox" name="remember"> <input type="checkbox" name="terms" value="yes" checked>
  <textarea name="note">as it was</textarea>
  <button type="submit" name="enter" value="1">Log in</button>
</form>{extra}</body></html>"""


@dataclass
class LoginSite:
    """Steered by the test; ``posted`` is what came in."""

    port: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    """Path -> the status that is answered instead."""
    attributes: str = 'method="post" action="/login/?from=form"'
    user_field: str = "username"
    password_field: str = "password"
    kind: str = "password"
    extra: str = ""
    leads: str = "/admin/"
    """Where a login leads to."""
    drip: threading.Event | None = None
    """While it is not set, the answer to the login comes byte by byte."""
    page: str | None = None
    """Shown instead of the form."""
    posted: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)

    def url(self, path: str = "/login/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def login_site() -> Iterator[LoginSite]:
    """It answers while the block lasts."""
    site = LoginSite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            site.asked.append(f"GET {self.path}")
            if path in site.answers:
                self._send(site.answers[path], "<h1>no</h1>")
            elif path == "/loop/":
                self._to("/loop/")
            elif path == "/moved/":
                self._to("/login/")
            elif path == "/away/":
                self._to("http://localhost:1/elsewhere")
            elif path == "/login/":
                self._form()
            elif path == "/admin/" and self._cookie("sessionid") in site.sessions:
                self._send(200, "<p>Welcome, drill. <a href='/logout/'>Log&nbsp;out</a> Ann &amp; Ben</p>")
            elif path == "/admin/":
                self._to("/login/")
            else:
                self._send(404, "nothing here")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            fields = parse_qs(body, keep_blank_values=True)
            site.asked.append(f"POST {self.path}")
            site.posted.append((self.path, fields, {key.lower(): value for key, value in self.headers.items()}))
            if "POST" in site.answers:
                self._send(site.answers["POST"], "<h1>no</h1>")
                return
            token = fields.get("csrfmiddlewaretoken", [""])[0]
            own = f"http://{self.headers['Host']}"
            from_here = self.headers.get("Referer", "").startswith(own) and self.headers.get("Origin", own) == own
            if token not in site.tokens or token != self._cookie("csrftoken") or not from_here:
                self._send(403, "CSRF verification failed")
            elif fields.get(site.user_field) == [USER] and fields.get(site.password_field) == [PASSWORD]:
                session = secrets.token_hex(8)
                site.sessions.add(session)
                self._to(site.leads, f"sessionid={session}; Path=/; HttpOnly")
            else:
                self._form()

        def _cookie(self, name: str) -> str:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
            return found.value if found else ""

        def _form(self) -> None:
            token = secrets.token_hex(8)
            site.tokens.add(token)
            page = site.page
            if page is None:
                page = FORM.format(
                    token=token,
                    attributes=site.attributes,
                    user_field=site.user_field,
                    password_field=site.password_field,
                    kind=site.kind,
                    extra=site.extra,
                )
            self._send(200, page, f"csrftoken={token}; Path=/")

        def _to(self, where: str, cookie: str = "") -> None:
            self._send(302, "", cookie, where)

        def _send(self, status: int, text: str, cookie: str = "", location: str = "") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            if cookie:
                self.send_header("Set-Cookie", cookie)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            if site.drip is not None and self.command == "GET" and self._cookie("sessionid"):
                for byte in body:
                    if site.drip.wait(0.2):
                        return
                    self.wfile.write(bytes([byte]))
                return
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        if site.drip is not None:
            site.drip.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
