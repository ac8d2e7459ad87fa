"""What events about approvals say in one line; a "no" and a broken glass stand out in capitals. Pure."""

from __future__ import annotations

from actions.model import events as ev


def requested_words(body: ev.ApprovalRequested) -> str:
    """``approval asked for: tech-manager, for plan 1f3a…``."""
    text = f": {body.text}" if body.text else ""
    return f"approval asked for: {' and '.join(body.roles)}, plan {body.digest[:12]}{text}"


def how_words(body: ev.ApprovalGiven | ev.ApprovalDenied) -> str:
    """Signed by whom, or why that is weaker; signatures are not checked here."""
    if body.signature:
        return f"signature of {body.signer or 'nobody named'}"
    weaker = {"read back": "READ BACK over the phone", "by phone": "said over the phone"}.get(body.how, "NOT SIGNED")
    return f"{weaker}{f': {body.unsigned}' if body.unsigned else ''}"


def given_line(body: ev.ApprovalGiven) -> str:
    """``plan 1f3a… APPROVED by Second Operator (ops2) as tech-manager until 10:31Z; signature of ops2@jump``."""
    who = f"{body.name} ({body.person})" if body.name else body.person
    until = body.expires[:16].replace("T", " ")
    return f"plan {body.digest[:12]} approved by {who} as {', '.join(body.roles)} until {until}Z; {how_words(body)}"


def denied_line(body: ev.ApprovalDenied) -> str:
    """``plan 1f3a… DENIED by …: reason``."""
    who = f"{body.name} ({body.person})" if body.name else body.person
    return f"plan {body.digest[:12]} DENIED by {who} as {', '.join(body.roles)}: {body.reason}; {how_words(body)}"


def broken_line(body: ev.GlassBroken) -> str:
    """``BREAK-GLASS: without approval (tech-manager): nobody answers``."""
    missing = f" ({', '.join(body.missing)})" if body.missing else ""
    beside = f"; {body.second} stood beside" if body.second else ""
    return f"BREAK-GLASS: without {body.what}{missing}: {body.reason}{beside}"
