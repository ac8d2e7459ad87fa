"""The community register: one small web application (WSGI), kept in one file, without dependencies.

It lists communities from a SQLite database, with a search and a sign-in page. The server that runs it, the
deploy command and the log files are outside this file. ``/health/`` says that the process is there and
nothing more; ``/ready/`` says whether it can work; ``/version`` says which commit was deployed.
"""

from __future__ import annotations

import html
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

ALLOWED_HOST = "demo.example.org"
PAGE_SIZE = 25
SLOW_SECONDS = 0.5
REFRESH_SECONDS = 5.0

COLUMNS = "c.id, c.name, c.region, c.households"
MATCHING = "WHERE c.name LIKE '%' || ? || '%'"
ORDER = "ORDER BY c.region, c.name"
REGIONS = "SELECT region, count(*) AS communities, sum(households) AS households FROM community GROUP BY region"
SUMMARY = "SELECT count(*) AS communities, count(DISTINCT region) AS areas FROM community"

HEADINGS = ("Name", "Region", "Households")

log = logging.getLogger("register")

Answer = tuple[str, str, str]  # status line, content type, body
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Register:
    """Reads of the database; each opens the file anew, so that no lock outlives a page."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True, timeout=2.0)
        connection.row_factory = sqlite3.Row
        return connection

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of one query."""
        with closing(self._open()) as connection:
            return connection.execute(query, values).fetchall()

    def communities(self, search: str, page: int, size: int = PAGE_SIZE) -> list[sqlite3.Row]:
        """One page of the communities whose name matches."""
        query = f"SELECT {COLUMNS} FROM community c {MATCHING} {ORDER} LIMIT ? OFFSET ?"
        return self.read(query, search, size, (page - 1) * size)


class Totals(threading.Thread):
    """The background worker: refreshes the totals of the front page."""

    def __init__(self, register: Register) -> None:
        super().__init__(name="totals", daemon=True)
        self._register = register
        self.healthy = True
        self.areas = 0

    def run(self) -> None:
        """Refresh, and wait, for as long as the process lives."""
        while True:
            begun = time.monotonic()
            try:
                self.areas = self._register.read(SUMMARY)[0]["areas"]
                self.healthy = True
                log.info("task refresh_totals succeeded in %.3f s", time.monotonic() - begun)
            except Exception:  # a failed task is logged and tried again; it must not end the worker
                self.healthy = False
                log.exception("task refresh_totals failed after %.3f s", time.monotonic() - begun)
            time.sleep(REFRESH_SECONDS)


class Application:
    """The pages. Called by the server once for each request, from several threads."""

    def __init__(self, database: Path, revision: dict[str, str]) -> None:
        self._register = Register(database)
        self._revision = revision
        self._cache: dict[str, str] = {}
        self._totals = Totals(self._register)
        self._totals.start()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        begun = time.monotonic()
        path = environ.get("PATH_INFO", "/")
        more: list[tuple[str, str]] = []
        if environ.get("HTTP_HOST", "").partition(":")[0].lower() != ALLOWED_HOST:
            log.warning("Invalid HTTP_HOST header: %a", environ.get("HTTP_HOST", ""))
            answer = page("400 Bad Request", "Bad Request (400)", "")
        elif environ.get("HTTP_X_FORWARDED_PROTO", "") != "https":
            answer = page("301 Moved Permanently", "Moved", "")
            more.append(("Location", f"https://{ALLOWED_HOST}{path if path.isascii() else '/'}"))
        elif environ["REQUEST_METHOD"] != "GET":
            answer = page("405 Method Not Allowed", "Method not allowed", "")
            more.append(("Allow", "GET"))
        else:
            answer = self._answer(path, parse_qs(environ.get("QUERY_STRING", "")))
        status, kind, text = answer
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
        seconds = time.monotonic() - begun
        if seconds > SLOW_SECONDS:
            log.warning("Slow request: %s took %.3f s", ascii(path), seconds)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *more])
        return [body]

    def _answer(self, path: str, query: dict[str, list[str]]) -> Answer:
        pages: dict[str, Callable[[dict[str, list[str]]], Answer]] = {
            "/": self.front,
            "/communities/": self.communities,
            "/login/": self.login,
            "/health/": self.health,
            "/ready/": self.ready,
            "/version": self.version,
        }
        found = pages.get(path)
        if found is None:
            log.warning("Not Found: %s", ascii(path))
            return page("404 Not Found", "Not found", "")
        try:
            return found(query)
        except Exception:  # a page that fails is a 500 for its visitor, with its traceback in the log
            log.exception("Internal Server Error: %s", path)
            return page("500 Internal Server Error", "Server Error (500)", "")

    def front(self, _query: dict[str, list[str]]) -> Answer:
        """The regions, and the first communities."""
        regions = [(row["region"], row["communities"], row["households"]) for row in self._register.read(REGIONS)]
        newest = [tuple(row)[1:] for row in self._register.communities("", 1, 5)]
        body = table(("Region", "Communities", "Households"), regions) + table(HEADINGS, newest)
        return page("200 OK", "Community register", body)

    def communities(self, query: dict[str, list[str]]) -> Answer:
        """One page of the register."""
        wanted = query.get("page", ["1"])[0]
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
        rows = self._register.communities(query.get("q", [""])[0], max(number, 1))
        return page("200 OK", "Communities", table(HEADINGS, [tuple(row)[1:] for row in rows]))

    def login(self, _query: dict[str, list[str]]) -> Answer:
        """The sign-in form; its line of totals is left out when they cannot be read."""
        try:
            row = self._register.read(SUMMARY)[0]
            line = f"<p>{row['communities']} communities in {row['areas']} areas.</p>"
        except sqlite3.Error as error:
            log.warning("sign-in page without its totals: %s", error)
            line = ""
        form = '<form method="post"><input name="name"><input name="password" type="password"></form>'
        note = "<p>No account? Ask the help desk of your region.</p>"
        return page("200 OK", "Sign in", line + form + note)

    def health(self, _query: dict[str, list[str]]) -> Answer:
        """The process answers. It touches nothing, so it says nothing about the pages."""
        return as_json("200 OK", {"status": "healthy", "service": "register"})

    def ready(self, _query: dict[str, list[str]]) -> Answer:
        """Whether pages can be served: the database, the cache and the worker."""
        self._cache["ready"] = "yes"
        state = {"database": self._database_works(), "cache": self._cache.get("ready") == "yes"}
        state["worker"] = self._totals.healthy and self._totals.is_alive()
        good = all(state.values())
        status = "200 OK" if good else "503 Service Unavailable"
        return as_json(status, {"status": "ready" if good else "not_ready", **state})

    def version(self, _query: dict[str, list[str]]) -> Answer:
        """What the deploy command put here; not what this source believes."""
        return as_json("200 OK", self._revision)

    def _database_works(self) -> bool:
        try:
            return bool(self._register.communities("", 1, 1))
        except sqlite3.Error:
            log.exception("the database does not answer the register's query")
            return False


def page(status: str, title: str, body: str) -> Answer:
    """A whole HTML page. ``body`` is HTML already."""
    title = html.escape(title)
    head = f"<!doctype html><html><head><title>{title}</title></head>"
    text = f"{head}<body><h1>{title}</h1>{body}</body></html>\n"
    return status, "text/html; charset=utf-8", text


def as_json(status: str, value: dict[str, Any]) -> Answer:
    """A JSON answer."""
    return status, "application/json", json.dumps(value)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as an HTML table."""
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    lines = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def make_application(database: Path, release: Path) -> Application:
    """The application of the release in the folder ``release``, over the given database."""
    revision = json.loads((release / "REVISION").read_text("utf-8"))
    return Application(database, revision)
