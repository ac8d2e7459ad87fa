"""What an answer of a Coolify server other than a success means, and how the JSON of a success is read. Sends nothing.

The status decides, never the body: a refusal may say ``"success": true``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import BadInput, GoaroundError, OutcomeUnknown, Refused, Unreachable
from actions.model.outside_text import sanitise

LONGEST_WORDS = 300
DOCS = "docs"
"""Key of Coolify's answer to a path that it does not know at all."""
_ABILITIES = re.compile(r"(?i)missing required permissions:\s*([a-z:, ]+)")


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    retry_after_s: int = 0
    location: str = ""
    """Where a redirect leads, safe to show."""


PAGE = "a web page, no answer of its API"


def is_page(answer: Answer) -> bool:
    """Whether it is HTML: of a proxy, or of a dashboard that is asked at the wrong place."""
    return answer.body[:200].lstrip().startswith(b"<")


def words(answer: Answer, redact: Callable[[str], str]) -> str:
    """What the server says, in one harmless line: its message and the fields it complains of."""
    data = _json(answer)
    if data is None:
        if is_page(answer):
            return PAGE
        return _line(answer.body[:LONGEST_WORDS].decode("utf-8", "replace"), redact)
    if not isinstance(data, dict):
        return ""
    parts = [data[key] for key in ("message", "error") if isinstance(data.get(key), str)]
    rows = data.get("deployments")
    if isinstance(rows, list):  # what /deploy says of each
        parts += [row["message"] for row in rows if isinstance(row, dict) and isinstance(row.get("message"), str)]
    errors = data.get("errors")
    if isinstance(errors, dict):  # values are a text or a list of them
        parts += [f"{key}: {_text(value)}" for key, value in errors.items()]
    return _line("; ".join(parts), redact)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _line(text: str, redact: Callable[[str], str]) -> str:
    return sanitise(" ".join(redact(text).split()), limit=LONGEST_WORDS)


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def unknown_path(answer: Answer) -> bool:
    """A path it does not know names its documentation; something it does not find does not."""
    data = _json(answer)
    return isinstance(data, dict) and DOCS in data


def refusal(call: CoolifyCall, answer: Answer, said: str) -> GoaroundError:
    """What it means for whoever asked; ``said``: the server's words."""
    status, detail = answer.status, f"{answer.status}: {said}" if said else str(answer.status)
    token = "coolify.act_token" if call.acts else "coolify.token"
    if (status >= 500 or status == 408) and call.method != "GET":
        return OutcomeUnknown("Coolify failed at it, perhaps after it was done", detail, "what came of it is looked up")
    if status >= 500 or status == 408:
        after = f"wait {answer.retry_after_s} s, then " if answer.retry_after_s else ""
        return Unreachable("Coolify fails", f"{call.path}: {detail}", f"{after}try again; look at Coolify's own log")
    if status == 401:
        return Refused(
            "the token is not known to Coolify",
            detail,
            f"make a new one under Keys & Tokens and export it as {token} says",
            code="coolify-token",
        )
    if status == 400 and "token" in said.lower():
        return Refused(
            "the Coolify token is of another team, or its owner has left it",
            detail,
            f"make a new one in the application's team; {token}",
            code="coolify-token",
        )
    if status in (403, 404) and not isinstance(_json(answer), dict):
        # Coolify says no in JSON. Its own proxy does not ("404 page not found") while it is updated.
        return Refused(
            "no Coolify API answers at this address",
            f"{call.method} {call.path}: {detail}",
            "check coolify.url: its port, a path in front, what a proxy lets through; or Coolify is just being updated",
            code="coolify-answer",
        )
    if status == 403:
        return _forbidden(call, said, detail, token)
    if status == 404:
        return _not_found(call, answer, said)
    if status == 405:
        return Refused(
            "this Coolify wants another method",
            f"{call.method} {call.path}: {said}",
            "do it in its dashboard; see whether a newer goaround knows this version",
            code="coolify-version",
        )
    if status == 429:
        wait = f"wait {answer.retry_after_s} s" if answer.retry_after_s else "wait a minute"
        return Refused("Coolify takes no more for now", detail, wait, code="coolify-busy")
    if 300 <= status < 400:
        return Refused(
            "Coolify redirects, which is not followed",
            f"{detail}{f'; it leads to {answer.location}' if answer.location else ''}",
            "give the final address in coolify.url",
            code="coolify-redirect",
        )
    return Refused("Coolify refuses", detail, "look at the application in Coolify", code="coolify-refused")


def _forbidden(call: CoolifyCall, said: str, detail: str, token: str) -> Refused:
    missing = _ABILITIES.search(said)
    if missing:
        right = missing[1].strip()
        return Refused(
            f"the Coolify token lacks the right {right}",
            f"{call.method} {call.path}: {detail}",
            f"make a token that has {right}, too; {token}",
            code="coolify-right",
        )
    if any(word in said.lower() for word in ("permission", "role", "authorized")):
        return Refused(
            "the Coolify token may do more than its owner",
            detail,
            f"have an admin of the team make it, or one that only reads; {token}",
            code="coolify-right",
        )
    # Its body says "success": true. The status decides.
    return Refused(
        "Coolify's API does not let us in",
        detail,
        "in Coolify's settings: switch the API on and allow this machine's address",
        code="coolify-api",
    )


def _not_found(call: CoolifyCall, answer: Answer, said: str) -> Refused:
    if unknown_path(answer):
        return Refused(
            "this version of Coolify has no such request",
            f"{call.method} {call.path}",
            "do it in its dashboard, or update Coolify",
            code="coolify-version",
        )
    return Refused(
        "Coolify does not find it",
        f"{call.path}: {said}",
        "check the UUID, and that the token is of the same team",
        code="coolify-unknown",
    )


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For ``json.loads``: an object that says something twice says nothing."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key stands there twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def parsed(call: CoolifyCall, answer: Answer, redact: Callable[[str], str]) -> Any:
    """The JSON of a success. Raises BadInput for HTML, cut JSON, doubled keys, NaN."""
    try:
        return json.loads(answer.body, object_pairs_hook=no_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        # The reason of json.loads names places alone; our own two name no value either.
        begins = _line(answer.body[:60].decode("utf-8", "replace"), redact)
        raise BadInput(
            f"Coolify answered {call.path} with something that is no JSON",
            f"{sanitise(str(error), limit=120)}; it begins {begins!r}" if begins else "the answer is empty",
            "check that coolify.url is the dashboard and not a proxy's error page",
            code="coolify-answer",
        ) from error
