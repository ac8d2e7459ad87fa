"""The Coolify gateway over a server that misbehaves: how it is made for a test, and how an error must be told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_coolify import ACT, OBSERVE
from http_faults import FaultServer

from actions.gateways.coolify import HttpCoolify
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import GoaroundError
from actions.model.secret import Redactor, Secret, edge
from actions.model.system_coolify import CoolifyTable

APP = "app4uuid"
SEES, ACTS = "11|seesSEESseesSEESsees", "12|actsACTSactsACTSacts"
TOKENS = {f"${{env:{OBSERVE}}}": SEES, f"${{env:{ACT}}}": ACTS}
PATH = f"/api/v1/applications/{APP}"


def table(url: str, **more: object) -> CoolifyTable:
    tokens = {"token": f"${{env:{OBSERVE}}}", "act_token": f"${{env:{ACT}}}"}
    return CoolifyTable(url=url, application=APP, **{"answer": 60, **tokens, **more})  # type: ignore[arg-type]


def gateway(url: str, pauses: list[float] | None = None, **more: object) -> HttpCoolify:
    redactor = Redactor(Secret(value) for value in TOKENS.values())
    wait = (lambda _: None) if pauses is None else pauses.append
    return HttpCoolify(table(url, **more), TOKENS.__getitem__, lambda text: edge(text, redactor), wait)


def posting(url: str) -> CoolifyCall:
    return CoolifyCall(url, "POST", f"/applications/{APP}/rollback", {"commit": "a1" * 20})


def root(server: FaultServer) -> str:
    return server.url("")


def failed(what: Callable[[], object], kind: type[GoaroundError] = GoaroundError) -> GoaroundError:
    with pytest.raises(kind) as told:
        what()
    assert SEES not in told.value.line()
    assert ACTS not in told.value.line()
    assert "\n" not in told.value.line()
    return told.value
