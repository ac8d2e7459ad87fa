"""Encrypts a stream to age and SSH keys, and opens such a file again; the only importer of the age library.

Which keys, and where a file lies, is the caller's. Plain bytes are in memory only, a few at a time while encrypting.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from actions.model.errors import BadInput, GoaroundError, RecordDamaged
from actions.model.outside_text import sanitise
from actions.model.recipient import Recipient

HEADER = b"age-encryption.org/v1\n"
"""How every such file begins."""
_LARGEST_IDENTITY = 64 * 1024
_PASSPHRASE = ("must be decrypted first", "EncryptedPem")
_AGE_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_PIECE = 256 * 1024


def seal(recipients: tuple[Recipient, ...], chunks: Iterator[bytes], write: Callable[[bytes], object]) -> None:
    """Write the chunks as one age file. An error of ``chunks`` or ``write`` is passed on as it is.

    Raises GoaroundError when the library refuses; what was written until then is worth nothing.
    """
    import pyrage

    source, target = _Source(chunks), _Target(write)
    problem: Exception | None = None
    try:
        pyrage.encrypt_io(source, target, [_public(one) for one in recipients])
    except Exception as error:  # noqa: BLE001 - the library wraps what our own reader and writer raise
        problem = error
    # It also forgets what the writer raised last: a full disk must never look like a whole file.
    for own in (source.error, target.error):
        if own is not None:
            raise own
    if problem is not None:
        raise GoaroundError(
            "the evidence could not be encrypted",
            sanitise(str(problem)),
            "correct [evidence] encrypt_to; nothing was kept in the clear",
        ) from problem


def _public(one: Recipient) -> Any:
    from pyrage import ssh, x25519

    return x25519.Recipient.from_str(one.key) if one.key.startswith("age1") else ssh.Recipient.from_str(one.key)


class _Source:
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = next(self._chunks)
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        size = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class _Target:
    """A function as a file to write to."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self._write(data)
            except BaseException as error:
                self.error = error
                raise
        return len(data)

    def flush(self) -> None:
        """What is written is handed on at once."""


def compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks as a gzip file without name and time."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def unpacked(data: bytes, what: str) -> Iterator[bytes]:
    """The content of a gzip file in memory, piece by piece. Raises RecordDamaged; pieces before it were whole."""
    reader, rest = zlib.decompressobj(31), data
    try:
        while rest and not reader.eof:
            yield reader.decompress(rest, _PIECE)
            rest = reader.unconsumed_tail
        yield reader.flush()
    except zlib.error as error:
        raise RecordDamaged(f"{what} cannot be unpacked", sanitise(str(error)), _OTHER_COPY) from error
    if not reader.eof or reader.unused_data:
        raise RecordDamaged(f"{what} cannot be unpacked", "its end is missing, or more follows it", _OTHER_COPY)


_OTHER_COPY = "look for another copy: an export or a backup"


def is_sealed(start: bytes) -> bool:
    """Whether a file that begins with these bytes is an age file."""
    return start.startswith(HEADER)


def unseal(data: bytes, identity: Path, what: str, by_hand: str) -> bytes:
    """The content of an age file, opened with the private key (or age keys) in ``identity``.

    Nothing is given out unless all of it is proven to be what was encrypted. ``by_hand`` is the command that does the
    same with age itself. Raises BadInput for an identity that does not serve, RecordDamaged for a changed file.
    """
    import pyrage

    keys = _identities(identity, by_hand)
    plain = BytesIO()
    try:
        pyrage.decrypt_io(BytesIO(data), plain, keys)
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise BadInput(
                f"{what} cannot be opened with {sanitise(str(identity))}",
                "it was encrypted to other keys",
                "give the private key of one of those that it is encrypted to",
            ) from error
        raise _changed(what, error) from error
    except OSError as error:  # how the library tells that a piece of the content is not authentic
        raise _changed(what, error) from error
    return plain.getvalue()


def _changed(what: str, error: Exception) -> RecordDamaged:
    return RecordDamaged(f"{what} was changed or cut after it was encrypted", sanitise(str(error)), _OTHER_COPY)


def _identities(path: Path, by_hand: str) -> list[Any]:
    from pyrage import IdentityError, ssh, x25519

    shown, data = sanitise(str(path)), _read_identity(path)
    protected = BadInput(
        f"{shown} is protected by a passphrase", "goaround asks for none", f"use age itself: {by_hand}"
    )
    if data.startswith((HEADER, _AGE_ARMOR)):
        raise protected
    if data.split(b" ", 1)[0] in (b"ssh-ed25519", b"ssh-rsa") or data.startswith(b"age1"):
        raise BadInput(f"{shown} is a public key", "it can only encrypt", "give the private key that belongs to it")
    try:
        if b"-----BEGIN" in data:
            return [ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except IdentityError as error:
        if any(words in str(error) for words in _PASSPHRASE):
            raise protected from error
        # What the library says may hold a piece of the key: it is not repeated.
        raise BadInput(
            f"{shown} holds no private key that can be read",
            "ssh-ed25519, ssh-rsa and AGE-SECRET-KEY-1... are",
            "give another with --identity FILE",
        ) from None
    if not found:
        raise BadInput(f"{shown} holds no key", "", "give another with --identity FILE")
    return found


def _read_identity(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(_LARGEST_IDENTITY + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadInput(
            f"{sanitise(str(path))} cannot be read", why, "give a private key with --identity FILE"
        ) from error
    if len(data) > _LARGEST_IDENTITY:
        raise BadInput(f"{sanitise(str(path))} is too large to be a key", "", "give a private key with --identity FILE")
    return data
