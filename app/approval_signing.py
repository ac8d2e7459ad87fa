"""Signing an approval with the key of whoever gives it, and looking at such signatures before a step relies on them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from actions.gateways import agent_keys, signatures
from actions.model import events as ev
from actions.model.approval import ApprovalState, people_of
from actions.model.approval_rules import signing_of
from actions.model.approval_statement import APPROVAL_NAMESPACE, approval_statement
from actions.model.errors import GoaroundError, Refused
from actions.model.incident import Incident

Answer = TypeVar("Answer", ev.ApprovalGiven, ev.ApprovalDenied)


def signed(incident: Incident, body: Answer, key: str = "") -> Answer:
    """The same answer with its signature; where no key can be used it is marked ``login``, with the reason.

    A key that the allowed signers do not give to this person is no key of theirs, and its signature is not kept.
    ``key``: a file to sign with instead of the configured one; then failing is an error.
    """
    signer = str(people_of(incident).get(body.person, {}).get("signer") or "") or body.person
    try:
        statement = approval_statement(incident, body)
    except ValueError as error:
        raise Refused("this answer cannot be signed", str(error), "use plain words") from error
    allowed = _allowed(incident)
    try:
        if key:
            signature = signatures.sign(statement, key, namespace=APPROVAL_NAMESPACE)
        else:
            signature = _sign(statement, signer, signing_of(incident).key, allowed)
        if allowed is not None:
            signatures.verify(statement, signature, signer, allowed, namespace=APPROVAL_NAMESPACE)
    except GoaroundError as error:
        if key:
            raise
        return replace(body, how="login", unsigned=error.line())
    return replace(body, how="signed", signature=signature, signer=signer)


def _sign(statement: bytes, signer: str, key: str, allowed: Path | None) -> str:
    """With the file where it is there, else with the agent's key."""
    path = Path(key).expanduser() if key else None
    if path is not None and path.is_file():
        return signatures.sign(statement, str(path), namespace=APPROVAL_NAMESPACE)
    held = agent_keys.agent_keys()
    if not held:
        why = f"there is no key {path}" if path else "no signing key is configured ([signing] key)"
        raise GoaroundError(f"{why}, and no ssh agent holds one")
    chosen = agent_keys.key_of(signer, held, allowed)
    with tempfile.TemporaryDirectory(prefix="goaround-agent-") as folder:
        public = Path(folder, "key.pub")
        public.write_text(chosen + "\n", encoding="utf-8")
        return signatures.sign(statement, str(public), namespace=APPROVAL_NAMESPACE)


def _allowed(incident: Incident) -> Path | None:
    named = signing_of(incident).allowed_signers
    path = Path(named).expanduser() if named else None
    return path if path is not None and path.is_file() else None


def doubted(incident: Incident, state: ApprovalState) -> str:
    """Why one of the signatures that count now is not to be believed, or empty.

    Asked before a step starts, where the allowed signers are configured; what counts unsigned is not looked at.
    """
    allowed = _allowed(incident)
    if allowed is None or state.broken is not None:
        return ""
    for one in state.given:
        if not one.body.signature:
            continue
        try:
            statement = approval_statement(incident, one.body)
            signatures.verify(
                statement, one.body.signature, one.body.signer, allowed, at=one.at, namespace=APPROVAL_NAMESPACE
            )
        except (GoaroundError, ValueError) as error:
            words = error.line() if isinstance(error, GoaroundError) else str(error)
            return f"the approval of {one.body.person} is not to be believed: {words}"
    return ""
