"""Finds out for ``goaround ready`` what the two tokens of Coolify may do, without changing anything.

Coolify looks at a token's ability before it looks at what is asked for. So the acting token asks for what does not
exist: a deployment that nobody made is cancelled, an application that nobody has is set. 404 means that it may.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.model.coolify_way import choose
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import BadInput, GoaroundError, OutcomeUnknown, Refused, Unreachable
from actions.model.ports import Coolify, World
from actions.model.ready import Finding, Part
from actions.model.ready_kinds import ReadyKind
from actions.model.system import Settings
from actions.model.system_coolify import CoolifyTable
from actions.steps.perform_coolify import coolify_of

NOBODY = "goaroundasksonly00000000"
"""As long as a UUID of Coolify's, and none that it would draw."""
OBSERVES, ACTS = "coolify.token", "coolify.act_token"


@dataclass
class _Seen:
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


def rights(settings: Settings, world: World) -> Part:
    """Of both tokens. Raises Unreachable where Coolify does not answer at all."""
    table = settings.coolify
    assert table is not None  # the caller has looked
    server, seen = coolify_of(world), _Seen()
    exposed = table.exposed()
    if exposed:
        seen.findings.append(ReadyKind.TOKEN_EXPOSED.finding(f"{table.url}: {exposed}", "coolify.url"))
    needs_write = _observing(table, server, seen)
    if not table.act_token:
        seen.findings.append(ReadyKind.TOKEN_MISSING.finding("nothing can be deployed: it is not configured", ACTS))
    elif settings.ready.rights:
        _acting(table, server, seen, needs_write=needs_write)
    else:
        seen.facts["acting token"] = "not tried ([ready] rights)"
    return Part(tuple(seen.findings), facts=seen.facts)


def _observing(table: CoolifyTable, server: Coolify, seen: _Seen) -> bool:
    """What the observing token may; the answer: whether the way back needs to write."""
    try:
        version = server.version()
        seen.facts["coolify"] = version.text
        application = server.application()
        rows, _ = server.deployments(0, 1)
        log_told = server.deployment(rows[0].uuid).log is not None if rows else None
        if log_told is None:
            told = [one.value is not None for one in server.variables() if not one.shown_once]
            log_told = any(told) if told else None
    except Unreachable:
        raise
    except GoaroundError as error:
        kind = _kind(error)
        if kind is None:
            raise
        seen.findings.append(kind.of_error(error, OBSERVES))
        return table.freeze
    if log_told is False:
        words = "it lacks read:sensitive: deployments come without their log, variables without their values"
        seen.findings.append(ReadyKind.TOKEN_SENSITIVE.finding(words, OBSERVES))
    may = {True: "read, read:sensitive", False: "read", None: "read (nothing is there to try read:sensitive on)"}
    seen.facts["observing token"] = may[log_told]
    frozen = table.freeze and application.auto_deploy is not False
    try:
        images = server.rollback_images()
        target = next((one.tag for one in images.images if not one.current), "0" * 40)
        return frozen or bool(choose(version, application, images, target).pin_key)
    except (GoaroundError, ValueError):
        return frozen  # why there is no way back is told where the targets are looked at


def _acting(table: CoolifyTable, server: Coolify, seen: _Seen, *, needs_write: bool) -> None:
    tries = [("deploy", CoolifyCall(table.url, "POST", f"/deployments/{NOBODY}/cancel"))]
    if needs_write:
        body = {"description": "goaround asks whether it may write"}
        tries.append(("write", CoolifyCall(table.url, "PATCH", f"/applications/{NOBODY}", body)))
    may = []
    for right, call in tries:
        finding = _try(server, right, call)
        if finding is None:
            may.append(right)
        else:
            seen.findings.append(finding)
            if finding.code in (ReadyKind.TOKEN_BAD.code, ReadyKind.TOKEN_MISSING.code):
                break  # it would be said once more of the same token
    seen.facts["acting token"] = ", ".join(may) or "nothing that was tried"


def _try(server: Coolify, right: str, call: CoolifyCall) -> Finding | None:
    """None: it may."""
    try:
        server.send(call)
    except OutcomeUnknown as error:
        return ReadyKind.TOKEN_NOT_TRIED.of_error(error, ACTS, f"{right}: ")
    except Unreachable as error:
        return ReadyKind.TOKEN_NOT_TRIED.of_error(error, ACTS, f"{right}: ")
    except Refused as error:
        if error.code in ("coolify-unknown", "coolify-refused"):
            return None
        if error.code == "coolify-right":
            return ReadyKind.TOKEN_RIGHT.of_error(error, ACTS, f"{right}: ")
        if error.code == "coolify-token":
            return ReadyKind.TOKEN_BAD.of_error(error, ACTS)
        return ReadyKind.TOKEN_NOT_TRIED.of_error(error, ACTS, f"{right}: ")
    except BadInput as error:
        return ReadyKind.TOKEN_MISSING.of_error(error, ACTS)
    return None


def why_not_write(server: Coolify, call: CoolifyCall) -> str:
    """Why the acting token may not send this request, which names nothing that exists; empty: it may, or who knows."""
    try:
        server.send(call)
    except Refused as error:
        return error.title if error.code in ("coolify-right", "coolify-token", "coolify-version", "coolify-api") else ""
    except BadInput as error:
        return error.title
    except GoaroundError:
        return ""  # whoever runs the step is told
    return ""


def _kind(error: GoaroundError) -> ReadyKind | None:
    """What a refused question says of the token; None: nothing."""
    known = {"coolify-right": ReadyKind.TOKEN_RIGHT, "coolify-token": ReadyKind.TOKEN_BAD}
    if isinstance(error, BadInput) and error.code != "coolify-answer":
        return ReadyKind.TOKEN_MISSING
    return known.get(error.code)
