"""Who can open encrypted evidence: an age key (``age1…``) or an SSH public key, checked and given a name to be shown.

Pure, so that a bad key is found when the configuration is read and not in the middle of a rollback. Encrypting itself
is left to the gateway ``age_files``. No message repeats a value: it may be a private key, put there by mistake.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from actions.model.quick_dataclass import dataclass

NOT_ENCRYPTED = "private, not encrypted: no [evidence] encrypt_to is configured"
"""Said wherever private evidence is kept or shown without recipients."""

_RSA_BITS = range(2048, 4097)
"""What the age library takes: shorter ones are weak, longer ones it does not read."""
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_AGE_LENGTH = 62
_KINDS = "an age key (age1...) or an SSH public key (ssh-ed25519 or ssh-rsa)"


@dataclass(frozen=True)
class Recipient:
    """A public key that can be encrypted to."""

    key: str
    """As age reads it, without a comment."""
    name: str
    """For people: the comment and the fingerprint of an SSH key, or the whole age key. No secret."""


def read_recipient(text: str) -> Recipient:
    """One line: a key, an SSH key with an optional comment behind it. Raises ValueError in plain words."""
    text = text.strip()
    words = text.split()
    if not words:
        raise ValueError(f"is empty; {_KINDS} is needed")
    if "PRIVATE KEY" in text or words[0].upper().startswith("AGE-SECRET-KEY-"):
        raise ValueError("is a PRIVATE key: take it out, treat it as known to others, and give the public one")
    if not text.isprintable():
        raise ValueError("holds a line break or a control character; one key, in one line, is needed")
    if words[0] in ("ssh-ed25519", "ssh-rsa"):
        return _ssh(words[0], words[1] if len(words) > 1 else "", " ".join(words[2:]))
    if words[0].startswith(("ssh-", "sk-", "ecdsa-")):
        raise ValueError("is of a kind that age cannot encrypt to; give an ssh-ed25519, ssh-rsa or age1... key")
    if words[0].lower().startswith("age1"):
        return _age(words)
    raise ValueError(f"is no key; {_KINDS} is needed, as in a .pub file")


def _ssh(kind: str, encoded: str, comment: str) -> Recipient:
    broken = ValueError(f"is no whole {kind} key; copy the line of the .pub file again")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise broken from None
    fields = _fields(blob)
    if fields is None or fields[0] != kind.encode() or len(fields) != (2 if kind == "ssh-ed25519" else 3):
        raise broken
    if kind == "ssh-ed25519" and len(fields[1]) != 32:
        raise broken
    if kind == "ssh-rsa":
        bits = int.from_bytes(fields[2], "big").bit_length()
        if bits not in _RSA_BITS:
            limits = f"{_RSA_BITS.start} to {_RSA_BITS.stop - 1}"
            raise ValueError(f"is an RSA key of {bits} bits; age takes {limits}, or better an ssh-ed25519 key")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    fingerprint = f"{kind} SHA256:{digest}"
    return Recipient(f"{kind} {encoded}", f"{comment[:100]} ({fingerprint})" if comment else fingerprint)


def _fields(blob: bytes) -> list[bytes] | None:
    """The length-prefixed parts of an SSH key, or None when they do not fill it exactly."""
    found: list[bytes] = []
    at = 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        part = blob[at + 4 : at + 4 + size]
        if len(blob) - at < 4 or len(part) != size:
            return None
        found.append(part)
        at += 4 + size
    return found or None


def _age(words: list[str]) -> Recipient:
    key = words[0]
    if not key.startswith("age1") or "1" in key[4:]:
        # age1yubikey1..., age1pq1...: another program, or a newer form, would have to encrypt.
        raise ValueError("is an age key of a kind that is not known here; give a plain age1... or an SSH key")
    if len(words) > 1:
        raise ValueError("has more behind the key; an age key stands alone, put a # comment in a line of its own")
    values = [_BECH32.find(char) for char in key[4:]]
    if len(key) != _AGE_LENGTH or min(values) < 0 or _checksum([3, 3, 3, 0, 1, 7, 5, *values]) != 1:
        raise ValueError("is no whole age key; copy it again, as age-keygen -y prints it")
    return Recipient(key, key)


def _checksum(values: list[int]) -> int:
    """Bech32's: 1 for a key without a slip of the pen."""
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                state ^= factor
    return state
