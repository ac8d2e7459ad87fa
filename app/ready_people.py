"""Looks for ``goaround ready`` whether signatures would work: of whoever is logged in, and of those named in [people].

A signature is made over words that say they count for nothing, and thrown away: an approval's own statement differs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from actions.gateways import agent_keys, signatures
from actions.model.approval_statement import APPROVAL_NAMESPACE
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ready import Finding, Part
from actions.model.ready_kinds import ReadyKind
from actions.model.system import Settings

TRIAL = b"goaround ready tries whether this key signs; this counts for nothing\n"
SIGN_S = 15.0
SECURITY_KEY = "sk-"
"""Begins the type of a key that lies in a thing one carries."""
TOUCHED = "a security key: not tried, since it wants a touch for each signature"


def people_part(settings: Settings, login: str) -> Part:
    """The allowed signers, who of [people] is missing there, and whether this login can sign."""
    signing = settings.signing
    wanted = bool(signing.key or signing.allowed_signers or settings.approval.require_signatures)
    if not wanted:
        return Part(facts={"signatures": "not configured"})
    found: list[Finding] = []
    facts: dict[str, str] = {}
    allowed = Path(signing.allowed_signers).expanduser() if signing.allowed_signers else None
    if allowed is not None:
        lines = _lines(allowed)
        if lines is None:
            words = f"{sanitise(str(allowed), limit=200)} is not there, or cannot be read"
            found.append(ReadyKind.SIGNERS_UNREAD.finding(words, "signers"))
            allowed = None
        else:
            facts["allowed signers"] = str(len({one for line in lines for one in agent_keys.principals_of(line)}))
            for one, person in sorted(settings.people.items()):
                if not any(agent_keys.names(line, person.signer or one) for line in lines):
                    words = f"{person.name or one} ({person.signer or one}) has no key there: they cannot sign"
                    found.append(ReadyKind.SIGNER_MISSING.finding(words, one))
    known = settings.people.get(login)
    try:
        facts["key"] = _signs(signing.key, (known.signer if known else "") or login, allowed)
    except GoaroundError as error:
        kind = ReadyKind.KEY_NEEDED if settings.approval.require_signatures else ReadyKind.KEY_UNUSABLE
        found.append(kind.of_error(error, login))
    return Part(tuple(found), facts=facts)


def _lines(path: Path) -> list[str] | None:
    """Those that name somebody; None: it cannot be read."""
    try:
        rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return [one for one in rows if agent_keys.principals_of(one)]


def _wants_touch(key: Path) -> bool:
    """Whether it is a security key: a hand must be on it for each signature, and cron has none."""
    for path in (key, Path(f"{key}.pub")):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                if file.read(len(SECURITY_KEY)) == SECURITY_KEY:
                    return True
        except OSError:
            continue  # that it cannot be read is told when it is to sign
    return False


def _signs(key: str, signer: str, allowed: Path | None) -> str:
    """Signs the trial, as an approval would be: with the file, else with the agent. Raises GoaroundError."""
    path = Path(key).expanduser() if key else None
    if path is not None and path.is_file():
        if _wants_touch(path):
            return TOUCHED
        signature = signatures.sign(TRIAL, str(path), namespace=APPROVAL_NAMESPACE, timeout_s=SIGN_S)
        how = "the configured key signs"
    else:
        held = agent_keys.agent_keys()
        if not held:
            why = f"there is no key {path}" if path else "no signing key is configured ([signing] key)"
            raise GoaroundError(f"{why}, and no ssh agent holds one")
        mine = agent_keys.key_of(signer, held, allowed)
        if mine.startswith(SECURITY_KEY):
            return TOUCHED
        with tempfile.TemporaryDirectory(prefix="goaround-ready-") as folder:
            public = Path(folder, "key.pub")
            public.write_text(f"{mine}\n", encoding="utf-8")
            signature = signatures.sign(TRIAL, str(public), namespace=APPROVAL_NAMESPACE, timeout_s=SIGN_S)
        how = "a key of the ssh agent signs"
    seen = signatures.fits(TRIAL, signature, namespace=APPROVAL_NAMESPACE)
    if allowed is not None:
        # Whose it is, and whether they may use it for this, is the file's to say.
        signatures.verify(TRIAL, signature, signer, allowed, namespace=APPROVAL_NAMESPACE)
    return f"{how} ({seen.key})"
