"""Signing off: a person stands for everything up to the head of the chain, with a key where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from actions.gateways.signatures import sign
from actions.model import blocking
from actions.model.chain import sign_off_statement
from actions.model.errors import GoaroundError, Refused
from actions.model.events import Body, Event, SignedOff
from actions.model.incident import Incident
from actions.model.system import Settings
from app.who import Who


class Signer(Protocol):
    """What is asked of a session here; a desk over a record will do, too."""

    @property
    def incident(self) -> Incident: ...
    @property
    def who(self) -> Who: ...
    @property
    def settings(self) -> Settings | None: ...
    def sync(self) -> bool:
        """Fold what is new."""

    def clean(self, text: str, limit: int = 2000) -> str:
        """A text of a person, safe for screen and record."""

    def record_all(
        self, bodies: Sequence[Body], rule: Callable[[Incident], str | None] | None = None, *, drive: bool = True
    ) -> list[Event]:
        """Append all of them or none, when the rule gives no reason against it."""


def sign_off(session: Signer, part: str, person: str) -> SignedOff:
    """Append the sign-off of ``part`` (``executed`` or ``verified``) by ``person`` (a login of ``[people]`` or a name).

    Signed with the configured key when it is the person's own login; otherwise marked unsigned, in plain words.
    Raises Refused with the reason.
    """
    person = session.clean(person, 64)
    if not person:
        raise Refused("a name is needed")
    known = session.settings.people.get(person) if session.settings else None
    for _ in range(20):
        session.sync()
        incident = session.incident
        reason = blocking.sign_reason(incident, part, person)
        if reason:
            raise Refused(reason)
        signature, signer, unsigned = _signature(session, part, person)
        body = SignedOff(
            part=part,
            person=person,
            name=known.name if known else "",
            over_seq=incident.head_seq,
            over_hash=incident.head_hash,
            signature=signature,
            signer=signer,
            unsigned=unsigned,
        )
        seen = incident.head_seq
        try:
            session.record_all((body,), lambda one, seen=seen: None if one.head_seq == seen else "moved", drive=False)  # type: ignore[misc]  # bound by default
        except Refused as refused:
            if refused.title != "moved":
                raise
            continue
        return body
    raise GoaroundError("the record does not come to rest", "", "try again")


def _signature(session: Signer, part: str, person: str) -> tuple[str, str, str]:
    if session.settings is None:
        return "", "", "there was no configuration that names a signing key"
    signing = session.settings.signing
    if not signing.key:
        return "", "", "no signing key is configured ([signing] key)"
    if person != session.who.login:
        return "", "", f"signed on {session.who.login}'s screen, without a key of {person}'s own"
    incident = session.incident
    declared = incident.declared
    assert declared is not None  # sign_reason has looked: the incident is closed
    try:
        statement = sign_off_statement(
            incident=incident.id,
            system=declared.system,
            mode=declared.mode,
            part=part,
            person=person,
            over_seq=incident.head_seq,
            over_hash=incident.head_hash,
        )
    except ValueError as error:
        raise Refused("this name cannot be signed for", str(error), "give the login or a plain name") from error
    return sign(statement, str(Path(signing.key).expanduser())), session.who.signer or person, ""
