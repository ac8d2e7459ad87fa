"""Asks the fake Coolify as a client would that knows nothing of Goaround: plain requests with a token."""

from __future__ import annotations

from typing import Any

import httpx
from fake_coolify import FakeCoolify
from fake_coolify_state import Token


def ask(
    coolify: FakeCoolify, method: str, path: str, token: Token | None = None, body: Any = None, **query: str
) -> httpx.Response:
    """By default with the token that fits the method; ``body`` is sent as JSON."""
    token = token or (coolify.observer if method == "GET" else coolify.actor)
    return httpx.request(
        method,
        f"{coolify.url}/api/v1{path}",
        params=query or None,
        json=body,
        headers={"Authorization": f"Bearer {token.secret}"},
        timeout=60,
        trust_env=False,
        verify=False,  # no certificates are read for plain HTTP
    )


def told(answer: httpx.Response) -> Any:
    """The JSON of a success; fails with what was answered instead."""
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
    return answer.json()
