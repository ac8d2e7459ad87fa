"""Signatures of sign-offs and approvals, by OpenSSH's ``ssh-keygen -Y``; what is signed is decided in the model.

Never asks anything: the child has no terminal, its passphrase helper always says no, and its time is bounded.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actions.model.approval_statement import APPROVAL_NAMESPACE
from actions.model.chain import NAMESPACE
from actions.model.clock import parse_stamp
from actions.model.errors import BadInput, GoaroundError, RecordDamaged, Unreachable
from actions.model.outside_text import sanitise

SIGN_TIMEOUT_S = 60
"""Long enough to touch a security key."""
VERIFY_TIMEOUT_S = 20

_LARGEST_SIGNATURE = 64 * 1024
_GOOD = re.compile(
    r'^Good "(?P<namespace>[^"]*)" signature (?:for (?P<signer>.*) )?with (?P<type>\S+) key (?P<key>\S+)$'
)
_VALIDITY = re.compile(r"key (has expired|is not yet valid): verify time (\S+) [<>] (valid-before|valid-after) (\S+)")


@dataclass(frozen=True)
class VerifiedBy:
    """A signature that holds. ``signer`` is empty when only the key was seen, not whose it is."""

    signer: str
    key: str
    """Fingerprint: ``SHA256:…``."""
    key_type: str


@dataclass(frozen=True)
class _Answer:
    status: int
    out: str
    err: str


_PURPOSES = {NAMESPACE: "a sign-off", APPROVAL_NAMESPACE: "an approval"}


def sign(statement: bytes, key: str, *, timeout_s: float = SIGN_TIMEOUT_S, namespace: str = NAMESPACE) -> str:
    """The armored signature over the statement, by a private key, or a public key whose private half an agent holds.

    Raises BadInput when the key cannot be used as it is, Unreachable when signing does not come to an end.
    """
    path = Path(key).expanduser().absolute()
    if not path.is_file():
        raise BadInput(f"the signing key {path} is not there", "", "set [signing] key, or sign off without a key")
    answer = _ssh_keygen(["-Y", "sign", "-n", namespace, "-f", str(path)], statement, timeout_s)
    if answer.status != 0 or "BEGIN SSH SIGNATURE" not in answer.out:
        raise _signing_failed(path, answer.err)
    return answer.out


def _signing_failed(path: Path, err: str) -> GoaroundError:
    detail = _last_line(err)
    if "passphrase" in err:
        return BadInput(
            f"the signing key {path} has a passphrase, and no agent holds it", "", f"ssh-add {path}, then sign again"
        )
    if "UNPROTECTED" in err or "too open" in err:
        return BadInput(f"the signing key {path} can be read by others", "", f"chmod 600 {path}, then sign again")
    if "No private key found" in err:
        return BadInput(
            f"no private key for {path}: no agent holds it",
            "",
            "ssh-add it (or forward your agent with ssh -A), then sign again",
        )
    if "load public key" in err or "invalid format" in err:
        return BadInput(f"{path} is not a key that ssh-keygen can use", detail, "set [signing] key to a key file")
    return Unreachable(f"{path} did not sign", detail, "look at ssh-add -l, then sign again")


def verify(
    statement: bytes,
    signature: str,
    signer: str,
    allowed_signers: Path,
    *,
    at: str = "",
    revoked: Path | None = None,
    namespace: str = NAMESPACE,
) -> VerifiedBy:
    """Check that ``signer`` signed the statement with a key that the file allows, and allowed at the time ``at``.

    ``at`` is a UTC stamp; empty: now. ``revoked`` is a key revocation list or a file of public keys; a revoked key
    counts for nothing at any time. Raises RecordDamaged in plain words, BadInput for a file that cannot be read.
    """
    check_files(allowed_signers, revoked)
    seen = fits(statement, signature, namespace=namespace)
    if not signer:
        raise _bad("the signature names no signer", f"it was made with {seen.key}")
    when = ["-O", f"verify-time={_local_time(at)}"] if at else []
    common = ["-n", namespace, "-f", str(allowed_signers), "-I", signer, *when]
    revoking = ["-r", str(revoked)] if revoked else []
    answer = _with_signature(["-Y", "verify", *common, *revoking], signature, statement)
    good = _good(answer, namespace)
    if good is not None and good.key == seen.key:
        return VerifiedBy(signer, good.key, good.key_type)
    if revoked and _good(_with_signature(["-Y", "verify", *common], signature, statement), namespace) is not None:
        raise _bad(f"the key of {signer} has been revoked", seen.key)
    raise _why_not(answer.err, seen, signer, allowed_signers, when, signature, namespace)


def check_files(allowed_signers: Path | None, revoked: Path | None) -> None:
    """Raises BadInput for a file that is given and cannot be read."""
    for path, what in ((allowed_signers, "allowed-signers file"), (revoked, "list of revoked keys")):
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            raise BadInput(f"the {what} {path} cannot be read", "", "give the right file")


def fits(statement: bytes, signature: str, *, namespace: str = NAMESPACE) -> VerifiedBy:
    """Check that the signature was made over this statement, by whatever key. Raises RecordDamaged when it was not."""
    answer = _with_signature(["-Y", "check-novalidate", "-n", namespace], signature, statement)
    good = _good(answer, namespace)
    if good is None:
        reason = "the signature was made over something else"
        if "parse signature" in answer.err or "armor" in answer.err:
            reason = "the signature is no signature"
        elif "namespace" in answer.err:
            reason = f"the signature was made for another purpose than {_PURPOSES[namespace]}"
        elif "incorrect signature" not in answer.err:
            reason = "the signature cannot be checked"
        raise _bad(reason, _last_line(answer.err))
    return VerifiedBy("", good.key, good.key_type)


def available() -> bool:
    """Whether ssh-keygen is there."""
    return shutil.which("ssh-keygen") is not None


def _why_not(
    err: str,
    seen: VerifiedBy,
    signer: str,
    allowed_signers: Path,
    when: Sequence[str],
    signature: str,
    namespace: str,
) -> GoaroundError:
    validity = _VALIDITY.search(err)
    if validity:
        state, verified, _, limit = validity.groups()
        words = "had expired when it was signed" if state == "has expired" else "was not valid yet when it was signed"
        return _bad(f"the key of {signer} {words}", f"signed {verified}, limit {limit}, in local time")
    if "not permitted for use in signature namespace" in err:
        what = "to sign off" if namespace == NAMESPACE else f"for {_PURPOSES[namespace]}"
        return _bad(f"the key of {signer} is not allowed {what}", f"its namespaces lack {namespace}")
    answer = _with_signature(["-Y", "find-principals", "-f", str(allowed_signers), *when], signature, None)
    owners = ", ".join(sanitise(line) for line in answer.out.splitlines() if line)
    if answer.status == 0 and owners:
        return _bad(f"it was not signed by {signer}", f"the key {seen.key} belongs to {owners}")
    return _bad(
        f"the key is not among the allowed signers for {signer}",
        f"{seen.key} is not in {allowed_signers}",
        "add the key if you know whose it is; doubt the record if you do not",
    )


def _bad(title: str, detail: str, next_move: str = "do not rely on this signature") -> RecordDamaged:
    return RecordDamaged(sanitise(title), sanitise(detail), next_move)


def _good(answer: _Answer, namespace: str) -> VerifiedBy | None:
    if answer.status != 0:
        return None
    for line in answer.out.splitlines():
        found = _GOOD.match(line)
        if found and found["namespace"] == namespace:
            return VerifiedBy(found["signer"] or "", found["key"], found["type"])
    return None


def _local_time(at: str) -> str:
    # ssh-keygen understands a Z only since OpenSSH 9.1; without one it takes this machine's time, always.
    try:
        return parse_stamp(at).astimezone().strftime("%Y%m%d%H%M%S")
    except (ValueError, OverflowError) as error:
        raise _bad("the time of the signature is not a time", at) from error


def _with_signature(options: list[str], signature: str, statement: bytes | None) -> _Answer:
    if len(signature) > _LARGEST_SIGNATURE:
        raise _bad("the signature is no signature", f"it has {len(signature)} characters")
    with tempfile.TemporaryDirectory(prefix="goaround-signature-") as folder:
        path = Path(folder, "signature")
        path.write_text(signature, encoding="utf-8", errors="replace")
        return _ssh_keygen([*options, "-s", str(path)], statement or b"", VERIFY_TIMEOUT_S)


def _environment() -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    # A helper that always fails: else a passphrase would be asked on the operator's screen, or read from the statement.
    no = shutil.which("false") or "/nonexistent"
    return {**env, "LC_ALL": "C", "SSH_ASKPASS": no, "SSH_ASKPASS_REQUIRE": "force"}


def _ssh_keygen(options: list[str], given: bytes, timeout_s: float) -> _Answer:
    try:
        child = subprocess.Popen(
            ["ssh-keygen", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Unreachable("ssh-keygen is not installed", "", "install OpenSSH's client programs") from error
    except OSError as error:
        raise Unreachable("ssh-keygen cannot be started", str(error), "look at ssh-keygen by hand") from error
    with child:
        try:
            out, err = child.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise Unreachable(
                f"ssh-keygen did not end within {timeout_s:g} s",
                "an agent that is gone, or a security key that waits for a touch",
                "look at ssh-add -l, then try again",
            ) from error
    return _Answer(child.returncode, out.decode("utf-8", "replace"), sanitise(err, keep_newlines=True))


def _last_line(text: str) -> str:
    lines = [
        line for line in text.splitlines() if line.strip() and not line.startswith(("Signing", "Could not verify"))
    ]
    return lines[-1] if lines else ""
