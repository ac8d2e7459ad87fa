"""What exactly is signed by an approval or a denial, so that signing and checking cannot drift apart. Pure."""

from __future__ import annotations

from actions.model import events as ev
from actions.model.incident import Incident

APPROVAL_NAMESPACE = "goaround-approval"
"""A signature made for a sign-off, for git or for a file cannot stand for an approval, nor the other way round."""

_FORMAT = 1


def approval_statement(incident: Incident, body: ev.ApprovalGiven | ev.ApprovalDenied) -> bytes:
    """The text that is signed, one field a line: it names the plan and everything else, so it fits one answer only.

    Raises ValueError for a value that could pass for another line.
    """
    given = isinstance(body, ev.ApprovalGiven)
    fields = {
        "incident": incident.id,
        "system": incident.declared.system if incident.declared else "",
        "mode": incident.mode.upper(),
        "answer": "approved" if given else "denied",
        "plan": body.digest,
        "person": body.person,
        "roles": ", ".join(body.roles),
    }
    if isinstance(body, ev.ApprovalGiven):
        fields["expires"] = body.expires
    else:
        fields["reason"] = body.reason
    for name, value in fields.items():
        if not value.strip() or not value.isprintable():
            raise ValueError(f"{name}: a plain, non-empty text is needed to sign")
    lines = [f"goaround approval {_FORMAT}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\n".join(lines) + "\n").encode("utf-8")
