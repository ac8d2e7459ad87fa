"""Signatures with the real ssh-keygen: made without asking, and every way in which one can be wrong, in plain words."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from record_builder import allow, make_key

from actions.gateways import signatures
from actions.gateways.signatures import fits, sign, verify
from actions.model.chain import sign_off_statement
from actions.model.errors import BadInput, GoaroundError, RecordDamaged, Unreachable

pytestmark = pytest.mark.ssh

AT = "2026-11-22T10:02:18.000000Z"


def statement(mode: str = "live", person: str = "ops1") -> bytes:
    return sign_off_statement(
        incident="INC-20261122-k7qf",
        system="obcms",
        mode=mode,
        part="executed",
        person=person,
        over_seq=7,
        over_hash="a" * 64,
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ops1", "ops2", "agent"):
        make_key(folder, name)
    make_key(folder, "locked", passphrase="correct horse")
    return folder


@pytest.fixture
def allowed(keys: Path, tmp_path: Path) -> Path:
    return allow(tmp_path / "allowed", ("ops1@jump", keys / "ops1", ""), ("ops2@jump", keys / "ops2", ""))


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(f"/tmp/goaround-agent-{os.getpid()}-{time.monotonic_ns()}")  # a short path: sockets allow no long one
    child = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert child.stdout is not None
    child.stdout.readline()  # printed once the path is there
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    yield path
    child.terminate()
    child.communicate(timeout=60)
    path.unlink(missing_ok=True)


def refused(what: object, *words: str) -> None:
    assert isinstance(what, GoaroundError)
    for word in words:
        assert word in what.line(), what.line()


def test_what_was_signed_is_verified(keys: Path, allowed: Path) -> None:
    """A sign-off proves who stood for what, with nothing but the statement and the allowed signers."""
    signature = sign(statement(), str(keys / "ops1"))
    assert signature.startswith("-----BEGIN SSH SIGNATURE-----\n")
    by = verify(statement(), signature, "ops1@jump", allowed, at=AT)
    assert (by.signer, by.key_type) == ("ops1@jump", "ED25519")
    assert by.key == fits(statement(), signature).key
    assert by.key.startswith("SHA256:")


def test_a_changed_statement_is_found(keys: Path, allowed: Path) -> None:
    """F17: any byte of what was signed matters."""
    signature = sign(statement(), str(keys / "ops1"))
    for position in range(0, len(statement()), 7):
        changed = bytearray(statement())
        changed[position] ^= 1
        with pytest.raises(RecordDamaged, match="made over something else"):
            verify(bytes(changed), signature, "ops1@jump", allowed, at=AT)


def test_a_drill_never_passes_for_the_real_thing(keys: Path, allowed: Path) -> None:
    """Promise 5: the signature of a drill, replayed on a live record of the same content, is refused."""
    signature = sign(statement("drill"), str(keys / "ops1"))
    verify(statement("drill"), signature, "ops1@jump", allowed, at=AT)
    with pytest.raises(RecordDamaged, match="made over something else"):
        verify(statement("live"), signature, "ops1@jump", allowed, at=AT)


def test_a_signature_of_somebody_else_is_named(keys: Path, allowed: Path, tmp_path: Path) -> None:
    """The wrong signer is not only refused: whose key it was is said."""
    signature = sign(statement(), str(keys / "ops2"))
    with pytest.raises(RecordDamaged) as caught:
        verify(statement(), signature, "ops1@jump", allowed, at=AT)
    refused(caught.value, "not signed by ops1@jump", "belongs to ops2@jump")
    only_one = allow(tmp_path / "one", ("ops1@jump", keys / "ops1", ""))
    with pytest.raises(RecordDamaged) as caught:
        verify(statement(), signature, "ops1@jump", only_one, at=AT)
    refused(caught.value, "not among the allowed signers for ops1@jump", "SHA256:")
    with pytest.raises(RecordDamaged, match="names no signer"):
        verify(statement(), signature, "", allowed, at=AT)


def test_validity_counts_at_the_time_of_the_sign_off(keys: Path, tmp_path: Path) -> None:
    """A key that expired later still proves what it signed earlier; one that had expired does not, and that is said."""
    signature = sign(statement(), str(keys / "ops1"))
    ended = allow(tmp_path / "ended", ("ops1@jump", keys / "ops1", 'valid-before="20261201"'))
    assert verify(statement(), signature, "ops1@jump", ended, at=AT).signer == "ops1@jump"
    with pytest.raises(RecordDamaged) as caught:
        verify(statement(), signature, "ops1@jump", ended, at="2026-12-02T00:00:00.000000Z")
    refused(caught.value, "had expired when it was signed", "limit 2026-12-01")
    later = allow(tmp_path / "later", ("ops1@jump", keys / "ops1", 'valid-after="20261124"'))
    with pytest.raises(RecordDamaged, match="was not valid yet when it was signed"):
        verify(statement(), signature, "ops1@jump", later, at=AT)
    with pytest.raises(RecordDamaged, match="not a time"):
        verify(statement(), signature, "ops1@jump", ended, at="yesterday")


def test_a_revoked_key_counts_for_nothing(keys: Path, allowed: Path, tmp_path: Path) -> None:
    """A key that is listed as revoked is refused in these words, and other keys are not."""
    signature = sign(statement(), str(keys / "ops1"))
    revoked = tmp_path / "revoked"
    shutil.copy(keys / "ops1.pub", revoked)
    with pytest.raises(RecordDamaged, match="key of ops1@jump has been revoked"):
        verify(statement(), signature, "ops1@jump", allowed, at=AT, revoked=revoked)
    shutil.copy(keys / "ops2.pub", revoked)
    assert verify(statement(), signature, "ops1@jump", allowed, at=AT, revoked=revoked).signer == "ops1@jump"


def test_a_signature_for_another_purpose_does_not_count(keys: Path, allowed: Path, tmp_path: Path) -> None:
    """Neither a git signature over the same bytes nor a key that may only sign for git is a sign-off."""
    path = tmp_path / "statement"
    path.write_bytes(statement())
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(keys / "ops1"), str(path)]
    subprocess.run(argv, check=True, timeout=60, capture_output=True)
    with pytest.raises(RecordDamaged, match="another purpose"):
        verify(statement(), (tmp_path / "statement.sig").read_text(), "ops1@jump", allowed, at=AT)
    git_only = allow(tmp_path / "git", ("ops1@jump", keys / "ops1", 'namespaces="git"'))
    with pytest.raises(RecordDamaged, match="not allowed to sign off"):
        verify(statement(), sign(statement(), str(keys / "ops1")), "ops1@jump", git_only, at=AT)


@pytest.mark.parametrize(
    "armor", ["", "x", "-----BEGIN SSH SIGNATURE-----\n", "\0\x1b[2J", "A" * 100_000, "-f/etc/passwd"]
)
def test_what_is_no_signature_is_refused(armor: str, allowed: Path) -> None:
    """Hostile text in the place of a signature ends in one clear line."""
    with pytest.raises(RecordDamaged) as caught:
        verify(statement(), armor, "ops1@jump", allowed, at=AT)
    refused(caught.value, "the signature is no signature")
    assert caught.value.line().isprintable()


def test_hostile_signers_reach_no_option(keys: Path, allowed: Path) -> None:
    """A signer's name from a record is data, never an option or a pattern."""
    signature = sign(statement(), str(keys / "ops1"))
    for name in ("-r/etc/passwd", "*", "*@jump", "ops1@jump,x", "\x1b[2J", "ops?@jump", "!ops2@jump"):
        with pytest.raises(RecordDamaged):
            verify(statement(), signature, name, allowed, at=AT)


def test_missing_files_are_bad_input(keys: Path, tmp_path: Path) -> None:
    """A list that cannot be read must not look like a bad record."""
    signature = sign(statement(), str(keys / "ops1"))
    with pytest.raises(BadInput, match="allowed-signers file"):
        verify(statement(), signature, "ops1@jump", tmp_path / "none", at=AT)
    with pytest.raises(BadInput, match="revoked"):
        verify(statement(), signature, "ops1@jump", allow(tmp_path / "a"), at=AT, revoked=tmp_path / "none")


def test_a_locked_key_without_an_agent_asks_nothing(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No prompt ever appears on the cockpit's terminal: the answer is an error with the next move, at once."""
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(BadInput) as caught:
        sign(statement(), str(keys / "locked"), timeout_s=60)
    refused(caught.value, "has a passphrase, and no agent holds it", "ssh-add")


def test_an_agent_signs_for_a_locked_key_and_for_a_public_one(keys: Path, agent: Path, tmp_path: Path) -> None:
    """An agent (forwarded to the jump host) signs: by the public half alone, and for a key with a passphrase."""
    public = tmp_path / "agent.pub"
    shutil.copy(keys / "agent.pub", public)
    with pytest.raises(BadInput, match="no agent holds it"):
        sign(statement(), str(public))
    subprocess.run(["ssh-add", "-q", str(keys / "agent")], check=True, timeout=60, capture_output=True)
    allowed = allow(tmp_path / "allowed", ("ops1@jump", keys / "agent", ""), ("ops2@jump", keys / "locked", ""))
    assert verify(statement(), sign(statement(), str(public)), "ops1@jump", allowed, at=AT).signer
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho correct horse\n")
    ask.chmod(0o700)
    helped = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    add = ["ssh-add", "-q", str(keys / "locked")]
    subprocess.run(add, check=True, timeout=60, capture_output=True, env=helped, stdin=subprocess.DEVNULL)
    assert verify(statement(), sign(statement(), str(keys / "locked")), "ops2@jump", allowed, at=AT).signer


def test_an_agent_that_hangs_does_not_hold_us(keys: Path, agent: Path) -> None:
    """A forwarded agent whose connection died must not hold the sign-off for ever."""
    agent.unlink()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(agent))
        deaf.listen()
        with pytest.raises(Unreachable, match="did not end within"):
            sign(statement(), str(keys / "ops1"), timeout_s=0.5)


def test_keys_that_cannot_be_used_say_why(keys: Path, tmp_path: Path) -> None:
    """Each unusable key has its own reason and next move."""
    with pytest.raises(BadInput, match="is not there"):
        sign(statement(), str(tmp_path / "none"))
    with pytest.raises(BadInput, match="is not there"):
        sign(statement(), str(tmp_path))
    text = tmp_path / "text"
    text.write_text("no key\n")
    text.chmod(0o600)
    with pytest.raises(BadInput, match="is not a key"):
        sign(statement(), str(text))
    open_key = tmp_path / "open"
    shutil.copy(keys / "ops1", open_key)
    open_key.chmod(0o644)
    with pytest.raises(BadInput, match="can be read by others"):
        sign(statement(), str(open_key))


def test_no_ssh_keygen_is_said(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without OpenSSH gets a line, not a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not signatures.available()
    with pytest.raises(Unreachable, match="not installed"):
        sign(statement(), str(keys / "ops1"))
