"""Judges the sign-offs of a record whose chain holds: who stands for what, and whether the signatures say so, too."""

from __future__ import annotations

from pathlib import Path

from actions.gateways import signatures
from actions.gateways.bundle_result import SignOffState, VerifyResult
from actions.model import events as ev
from actions.model.chain import ChainResult, sign_offs_of, statement_of
from actions.model.errors import RecordDamaged
from actions.model.incident import Incident
from actions.model.outside_text import sanitise

UNSIGNED_PROVES = (
    "NOT SIGNED with a key: the chain finds a change to single events, "
    "but whoever can write all of it could have written it anew, or cut off its end"
)


def check_sign_offs(
    result: VerifyResult, chain: ChainResult, allowed_signers: Path | None, revoked: Path | None
) -> None:
    """Add what there is to say on every sign-off. Raises BadInput for an allowed-signers file that cannot be read."""
    incident = chain.folded
    keys: dict[str, SignOffState] = {}
    found = sign_offs_of(chain.events)
    for event, sign in found:
        state = _one(result, incident, event, sign, allowed_signers, revoked)
        result.sign_offs.append(state)
        other = keys.setdefault(state.key or f"event {state.seq}", state)
        if other.person != state.person and other.state != "bad" and state.state != "bad":
            result.fail(
                f"{state.part} by {sanitise(state.person)} is signed with the same key as "
                f"{other.part} by {sanitise(other.person)}: two names, one signer",
                state.seq,
                "ask both people",
            )
    _check_people(result, incident)
    _say_uncovered(result, chain)
    if not found:
        result.not_shown("not signed off by anybody" if incident.closed else "open: not signed off")
        result.not_shown(UNSIGNED_PROVES)
    elif not any(state.state in ("verified", "not checked") for state in result.sign_offs):
        result.not_shown(UNSIGNED_PROVES)
    elif any(state.state == "not checked" for state in result.sign_offs):
        result.not_shown("signatures present, not checked: give --allowed-signers")


def _say_uncovered(result: VerifyResult, chain: ChainResult) -> None:
    found = sign_offs_of(chain.events)
    covered = max((sign.over_seq for _, sign in found), default=0)
    after = [event.seq for event in chain.events if event.seq > covered and event.kind != ev.SignedOff.kind]
    if found and after:
        result.not_shown(f"events from {after[0]} on came after the last sign-off: nobody stands for them")


def _check_people(result: VerifyResult, incident: Incident) -> None:
    executed, verified = incident.executed, incident.verified
    if verified is None:
        return
    seq = next((state.seq for state in result.sign_offs if state.part == "verified"), None)
    if executed is None:
        result.fail("verified, but nobody has signed for carrying it out", seq)
    elif executed.person.strip().casefold() == verified.person.strip().casefold():
        result.fail("executed and verified by the same person", seq, "have somebody else verify")


def _one(
    result: VerifyResult,
    incident: Incident,
    event: ev.Event,
    sign: ev.SignedOff,
    allowed_signers: Path | None,
    revoked: Path | None,
) -> SignOffState:
    who = f"{sanitise(sign.part)} by {sanitise(sign.person)}, over event {sign.over_seq}"
    if event.actor != sign.person:
        who += f", entered at the login of {sanitise(event.actor)}"

    def state(name: str, signer: str = "", key: str = "") -> SignOffState:
        return SignOffState(sign.part, sign.person, event.seq, name, signer, key)

    if not sign.signature:
        result.not_shown(f"{who}: UNSIGNED: {sanitise(sign.unsigned) or 'no reason was recorded'}")
        return state("unsigned")
    try:
        statement = statement_of(incident, sign)
        _check_signer(incident, sign, event.seq)
        if allowed_signers is not None:
            by = signatures.verify(
                statement, sign.signature, sign.signer, allowed_signers, at=event.at, revoked=revoked
            )
            result.good(f"{who}: signature of {sanitise(by.signer)} with {by.key_type} {by.key}")
            return state("verified", by.signer, by.key)
        if not signatures.available():
            result.not_shown(f"{who}: a signature that was not looked at: ssh-keygen is not installed")
            return state("not checked")
        by = signatures.fits(statement, sign.signature)
    except ValueError as error:
        result.fail(f"{who}: {sanitise(str(error))}", event.seq)
        return state("bad")
    except RecordDamaged as error:
        result.fail(f"{who}: {error.title}: {error.detail}", event.seq, error.next_move)
        return state("bad")
    claimed = sanitise(sign.signer) or "nobody"
    result.not_shown(f"{who}: signed with {by.key_type} {by.key}; whether that is {claimed}'s key was not checked")
    return state("not checked", sign.signer, by.key)


def _check_signer(incident: Incident, sign: ev.SignedOff, seq: int) -> None:
    people = incident.declared.people if incident.declared else {}
    configured = people.get(sign.person, {}).get("signer")
    if isinstance(configured, str) and configured and configured != sign.signer:
        raise RecordDamaged(
            f"{sanitise(sign.person)} signs as {sanitise(configured)}, but {sanitise(sign.signer)} has signed",
            "as configured when the incident was declared",
            "ask both people",
            seq=seq,
        )


def check_statements(result: VerifyResult, chain: ChainResult, rows: list[object]) -> None:
    """Hold what ``sign-off.json`` says was signed against the chain: finds a cut end that the manifest hides."""
    hashes = {event.seq: event.hash for event in chain.events}
    for row in rows:
        if not isinstance(row, dict):
            continue
        over, digest, seq = row.get("over_seq"), row.get("over_hash"), row.get("seq")
        if isinstance(over, int) and over > chain.head_seq:
            text = f"the end is cut off: a sign-off stands over event {over}, the journal ends with {chain.head_seq}"
            result.fail(text, chain.head_seq + 1, "look for a whole copy")
        elif isinstance(over, int) and hashes.get(over) != digest:
            result.fail(
                "a sign-off stands over another event than the one in this journal", over, "look for another copy"
            )
        elif isinstance(seq, int) and seq > chain.head_seq:
            text = f"the end is cut off: sign-off.json holds the sign-off of event {seq}"
            result.fail(text, chain.head_seq + 1, "look for a whole copy")
