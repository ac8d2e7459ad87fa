"""Judges the approvals and denials of a record whose chain holds: whether the signatures say what the events say.

Whether they were enough for what was done is for people to judge; the report lists them all.
"""

from __future__ import annotations

from pathlib import Path

from actions.gateways import signatures
from actions.gateways.bundle_result import VerifyResult
from actions.model import events as ev
from actions.model.approval import Moment, approval_state, people_of, same_person
from actions.model.approval_statement import APPROVAL_NAMESPACE, approval_statement
from actions.model.blocking import wants_approval
from actions.model.chain import ChainResult
from actions.model.clock import parse_stamp
from actions.model.errors import RecordDamaged
from actions.model.fold import apply
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import replace

_DECIDES = (
    ev.Declared,
    ev.LeaseTaken,
    ev.LeaseReleased,
    ev.PlanDrawn,
    ev.ProcedurePinned,
    ev.ApprovalRequested,
    ev.ApprovalGiven,
    ev.ApprovalDenied,
    ev.GlassBroken,
)
"""What approvals depend on; everything else need not be folded a second time."""

_NEXT = "do not rely on this approval; ask the person"


def check_approvals(
    result: VerifyResult, chain: ChainResult, allowed_signers: Path | None, revoked: Path | None
) -> None:
    """Add what there is to say on every approval, denial and broken glass; a bad signature fails at its event."""
    incident = chain.folded
    _say_unapproved(result, chain)
    keys = {state.key: state.person for state in result.sign_offs if state.key}
    for event in chain.events:
        body = event.body
        if isinstance(body, ev.GlassBroken):
            result.not_shown(f"event {event.seq}: BREAK-GLASS by {sanitise(event.actor)}: {sanitise(body.reason)}")
        if not isinstance(body, ev.ApprovalGiven | ev.ApprovalDenied):
            continue
        key = _one(result, incident, event, body, allowed_signers, revoked)
        other = keys.setdefault(key, body.person) if key else body.person
        if same_person(incident, other) != same_person(incident, body.person):
            result.fail(
                f"{sanitise(body.person)} answers with the same key with which {sanitise(other)} signs: "
                "two names, one signer",
                event.seq,
                "ask both people",
            )


def _say_unapproved(result: VerifyResult, chain: ChainResult) -> None:
    """Steps that began while an approval was missing, by the rules of the record: said, and left to people to judge.

    It is no failure: records from before there were approvals have no other steps.
    """
    incident = Incident(chain.incident)
    for event in chain.events:
        body = event.body
        if isinstance(body, ev.StepStarted) and not body.undo and incident.plan is not None:
            step = incident.plan.step(body.code)
            state = approval_state(incident, Moment(parse_stamp(event.at), event.mono, event.boot))
            if step is not None and wants_approval(incident, step) and state.blocked:
                words = sanitise(state.blocked)
                result.not_shown(f"event {event.seq}: {sanitise(body.code)} began although the plan {words}")
        if isinstance(body, _DECIDES):
            incident = apply(incident, replace(event, seq=incident.head_seq + 1))


def _one(
    result: VerifyResult,
    incident: Incident,
    event: ev.Event,
    body: ev.ApprovalGiven | ev.ApprovalDenied,
    allowed_signers: Path | None,
    revoked: Path | None,
) -> str:
    """Say what there is to say; the fingerprint of the key, or empty."""
    verb = "approval" if isinstance(body, ev.ApprovalGiven) else "denial"
    who = f"{verb} by {sanitise(body.person)} of plan {sanitise(body.digest[:12])}"
    if not body.signature:
        result.not_shown(
            f"{who}: UNSIGNED ({sanitise(body.how)}): {sanitise(body.unsigned) or 'no reason was recorded'}"
        )
        if body.how == "signed":
            result.fail(f"{who}: it is called signed, and there is no signature", event.seq, _NEXT)
        return ""
    try:
        statement = approval_statement(incident, body)
        _check_signer(incident, event, body)
        if allowed_signers is not None:
            by = signatures.verify(
                statement,
                body.signature,
                body.signer,
                allowed_signers,
                at=event.at,
                revoked=revoked,
                namespace=APPROVAL_NAMESPACE,
            )
            result.good(f"{who}: signature of {sanitise(by.signer)} with {by.key_type} {by.key}")
            return by.key
        if not signatures.available():
            result.not_shown(f"{who}: a signature that was not looked at: ssh-keygen is not installed")
            return ""
        by = signatures.fits(statement, body.signature, namespace=APPROVAL_NAMESPACE)
    except ValueError as error:
        result.fail(f"{who}: {sanitise(str(error))}", event.seq, _NEXT)
        return ""
    except RecordDamaged as error:
        result.fail(f"{who}: {error.title}: {error.detail}", event.seq, error.next_move)
        return ""
    claimed = sanitise(body.signer) or "nobody"
    result.not_shown(f"{who}: signed with {by.key_type} {by.key}; whether that is {claimed}'s key was not checked")
    return by.key


def _check_signer(incident: Incident, event: ev.Event, body: ev.ApprovalGiven | ev.ApprovalDenied) -> None:
    configured = people_of(incident).get(body.person, {}).get("signer")
    if isinstance(configured, str) and configured and configured != body.signer:
        raise RecordDamaged(
            f"{sanitise(body.person)} signs as {sanitise(configured)}, but {sanitise(body.signer)} has signed",
            "as configured when the incident was declared",
            "ask both people",
            seq=event.seq,
        )
