"""Which path of the fake Coolify is answered by whom, since which version, with which ability; who may ask at all.

The order of the checks is Coolify's: token, API enabled, address, ability, team, then the endpoint itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fake_coolify_quirks import Quirks
from fake_coolify_state import State, Token, Version

DOCS = "https://coolify.io/docs"
BETA = (0,)
POST_ONLY = (4, 2, 0, 0)
SINCE_ROLLBACK = (4, 3, 0, 0)
SINCE_CANCEL = (4, 0, 0, -1)


@dataclass
class Request:
    """``path`` is below /api/v1."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes = b""
    token: Token | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def sensitive(self) -> bool:
        return self.token is not None and self.token.can("read:sensitive") and not self.token.member

    @property
    def json(self) -> dict[str, Any]:
        """The body's object; empty when it is none."""
        try:
            data = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    def flag(self, name: str, *, default: bool = False) -> bool:
        """From the query or the body, read as Laravel reads a boolean."""
        value = self.query.get(name, self.json.get(name))
        return default if value is None else str(value).lower() in ("1", "true", "on", "yes")


@dataclass
class Reply:
    """``body`` is made JSON unless it is bytes already."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answerer = Callable[[Request], Reply]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    """Below /api/v1, variables in braces."""
    ability: str
    answer: Answerer
    since: Version = BETA
    until: Version | None = None
    """The first version that answers 405 instead."""

    def match(self, path: str) -> Mapping[str, str] | None:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path), path)
        return found.groupdict() if found else None


def message(text: str, status: int, **more: Any) -> Reply:
    return Reply({"message": text, **more}, status)


def not_found() -> Reply:
    """Of a path that this version does not know; something that is not there is told without ``docs``."""
    return message("Not found.", 404, docs=DOCS)


def refused_body(request: Request) -> Reply | None:
    """What every writing endpoint has against a body before it looks at its fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.endswith("json"):
        return message("Invalid request.", 400, error="Content-Type must be application/json.")
    try:
        data = json.loads(request.body)
    except ValueError:
        return message("Invalid request.", 400, error="Invalid JSON.")
    if not data:
        return message(
            "Invalid request.", 400, error="Empty JSON." if request.body.strip() == b"{}" else "Invalid JSON."
        )
    return None


@dataclass
class Gate:
    """Everything before the endpoint."""

    state: State
    quirks: Quirks
    version: Version
    routes: list[Route]
    rate_limit: int = 200
    """Requests of a user in a minute, with whichever token."""
    _seen: dict[str, list[float]] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Finds the route, asks whether it may be asked, and asks."""
        if request.path == "/health":
            return Reply(b"OK", content_type="text/html; charset=UTF-8")
        route, variables = self._find(request)
        if route is None:
            return not_found()
        request.token = self._token(request)
        if request.token is None:
            return message("Unauthenticated.", 401)
        refusal = self._refused(request.token, route)
        if refusal is not None:
            return refusal
        if route.until is not None and self.version >= route.until:
            reply = message("This endpoint has changed to a POST request.", 405)
            reply.headers["Allow"] = "POST"
            return reply
        if not request.token.in_team:
            return message("Invalid token.", 400, docs=f"{DOCS}/api-reference/authorization")
        request.variables = variables
        reply = route.answer(request)
        if self.quirks.errors_as_text and isinstance(reply.body, dict) and isinstance(reply.body.get("errors"), dict):
            errors = {key: value[0] for key, value in reply.body["errors"].items()}
            reply.body = {**reply.body, "errors": errors}
        return reply

    def _find(self, request: Request) -> tuple[Route | None, Mapping[str, str]]:
        for route in self.routes:
            variables = route.match(request.path) if route.method == request.method else None
            if variables is not None and self.version >= route.since:
                return route, variables
        return None, {}

    def _token(self, request: Request) -> Token | None:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        return self.state.tokens.get(secret.strip()) if kind.lower() == "bearer" else None

    def _refused(self, token: Token, route: Route) -> Reply | None:
        if self.quirks.api_disabled:
            return message("API is disabled.", 403, success=True)
        if self.quirks.address_not_allowed:
            return message("You are not allowed to access the API.", 403, success=True)
        if self._too_often(token):
            return Reply({"message": "Too Many Attempts."}, 429, {"Retry-After": "60", "X-RateLimit-Remaining": "0"})
        more = sorted(token.abilities - {"read"})
        if token.member and more:
            return message(
                f"This API token has permissions ({', '.join(more)}) that exceed your current role as a team member. "
                "Members are restricted to read-only API access. Please revoke this token and create a new one with "
                "only read permissions.",
                403,
            )
        if not token.can(route.ability):
            return message(f"Missing required permissions: {route.ability}", 403)
        return None

    def _too_often(self, token: Token) -> bool:
        now = self.state.clock.now().timestamp()
        seen = [moment for moment in self._seen.get(token.user, []) if now - moment < 60]
        self._seen[token.user] = [*seen, now]
        return len(seen) >= self.rate_limit
