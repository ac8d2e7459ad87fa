"""Holds an HTTP answer against what was expected, and says in one line what was seen; reads nothing itself.

A redirect is an answer like any other: it passes only where expected, and the line tells where it leads.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from actions.model.answer import dotted, parse_answer, same
from actions.model.effect import Expectation, ProbeHttp
from actions.model.outside_text import sanitise

REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_VALUE = 120


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    ms: int
    body: bytes
    url: str
    """Where it came from, after what was followed."""
    location: str = ""
    """Where it leads, raw; empty when nowhere."""
    not_followed: str = ""
    """Why a redirect was not followed although the probe follows; empty otherwise."""


def judge(probe: ProbeHttp, answer: Answer) -> tuple[bool, str]:
    """Whether every part of the expectation holds, and one sanitised line on what was seen."""
    shown = f"{answer.status} in {answer.ms} ms"
    if answer.location:
        shown += f" to {sanitise(answer.location, limit=LONGEST_VALUE)}"
    if answer.not_followed:
        shown += f" ({answer.not_followed})"
    if not probe.verify_tls and answer.url.startswith("https:"):
        shown += " (certificate not checked)"
    expect = probe.expect
    if answer.status not in expect.status:
        wanted = " or ".join(str(code) for code in expect.status)
        return False, f"{shown}, expected {wanted}{_hint(probe, answer)}"
    problem = _location_problem(expect, answer) or _body_problem(expect, answer.body)
    if problem:
        return False, f"{shown}, but {problem}"
    if expect.max_ms and answer.ms > expect.max_ms:
        return False, f"{shown}, but at most {expect.max_ms} ms were expected"
    return True, shown


def _hint(probe: ProbeHttp, answer: Answer) -> str:
    """What is usually behind a wrong status, where the status alone sends people the wrong way."""
    if answer.status == 405 and probe.method == "HEAD":
        return " (many applications answer GET only)"
    if answer.status == 400 and "host" not in (name.lower() for name in probe.headers):
        return " (applications refuse a Host header they do not know)"
    return ""


def _location_problem(expect: Expectation, answer: Answer) -> str:
    if not expect.location:
        return ""
    leads = [answer.location]
    with suppress(ValueError):  # what a server sends as an address need not be one
        leads.append(urljoin(answer.url, answer.location))
    return "" if answer.location and expect.location in leads else f"it should lead to {expect.location}"


def _body_problem(expect: Expectation, body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    if expect.body and expect.body not in text:
        return f"the body{_kind(body)} does not hold {_value(expect.body)}"
    if expect.not_body and expect.not_body in text:
        return f"the body holds {_value(expect.not_body)}"
    if not expect.json:
        return ""
    try:
        data = parse_answer(body)
    except ValueError as error:
        return f"the body{_kind(body)} is {error}"
    for path, wanted in sorted(expect.json.items()):
        try:
            seen = dotted(data, path)
        except KeyError:
            return f"it has no field {path}"
        if not same(seen, wanted):
            return f"{path} = {_value(seen)}, expected {_value(wanted)}"
    return ""


def _kind(body: bytes) -> str:
    """Names the usual wrong bodies, so that nobody hunts for a missing word in a login page."""
    if not body.strip():
        return " (empty)"
    return " (an HTML page)" if body.lstrip()[:1] == b"<" else ""


def _value(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return sanitise(json.dumps(value, ensure_ascii=False), limit=LONGEST_VALUE)
