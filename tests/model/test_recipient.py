"""Public keys for encrypted evidence: good ones get a name, bad ones a reason, and no reason repeats what was given."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.recipient import Recipient, read_recipient

AGE = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMXzLEUPxGe+pkx0bH0M2Sg0mqwqeBDlzhITgUVNr1CF"


def ssh(kind: str, *fields: bytes) -> str:
    parts = (kind.encode(), *fields)
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind} {base64.b64encode(blob).decode()}"


def rsa(bits: int) -> str:
    number = (1 << (bits - 1)) | 1
    return ssh("ssh-rsa", b"\x01\x00\x01", b"\0" + number.to_bytes((bits + 7) // 8, "big"))


def test_an_age_key_is_its_own_name() -> None:
    """An age key has no comment, and no shorter name that could not be mistaken."""
    assert read_recipient(f"  {AGE}\n") == Recipient(AGE, AGE)


def test_an_ssh_key_is_named_by_comment_and_fingerprint() -> None:
    """The comment is what people know, the fingerprint is what cannot lie."""
    one = read_recipient(f"{ED} ops1 at jump\n")
    assert one.key == ED
    assert re.fullmatch(r"ops1 at jump \(ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}\)", one.name)
    assert re.fullmatch(r"ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}", read_recipient(ED).name)
    for bits in (2048, 3072, 4096):
        assert read_recipient(rsa(bits)).name.startswith("ssh-rsa SHA256:")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("ops1@jump", "is no key"),
        ("/home/ops1/.ssh/id_ed25519.pub", "is no key"),
        ("ssh-ed25519", "no whole ssh-ed25519 key"),
        (ED[:-4], "no whole ssh-ed25519 key"),
        (ED.replace("ssh-ed25519 ", "ssh-rsa "), "no whole ssh-rsa key"),
        (ssh("ssh-ed25519", b"x" * 31), "no whole ssh-ed25519 key"),
        (ssh("ssh-ed25519", b"x" * 32, b"more"), "no whole ssh-ed25519 key"),
        (ssh("ssh-rsa", b"\x03"), "no whole ssh-rsa key"),
        (rsa(1024), "of 1024 bits; age takes 2048 to 4096"),
        (rsa(8192), "of 8192 bits"),
        (ssh("ecdsa-sha2-nistp256", b"nistp256", b"x" * 65), "cannot encrypt to"),
        ("sk-ssh-ed25519@openssh.com AAAA", "cannot encrypt to"),
        (AGE[:-1], "no whole age key"),
        (AGE[:-1] + ("q" if AGE[-1] != "q" else "p"), "no whole age key"),
        (AGE.replace("zv", "vz", 1), "no whole age key"),
        (AGE.upper(), "not known here"),
        ("age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt", "not known here"),
        (f"{AGE} ops1", "stands alone"),
        ("AGE-SECRET-KEY-1QQQQ", "PRIVATE key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "PRIVATE key"),
        (f"{ED} ops1\n{ED} ops2", "line break"),
        (f"{ED} \x1b[31mops1", "control character"),
    ],
)
def test_each_bad_key_is_refused_with_its_reason(text: str, why: str) -> None:
    """Found when the configuration is read, not in the middle of a rollback."""
    with pytest.raises(ValueError, match=re.escape(why)):
        read_recipient(text)


@given(st.one_of(st.text(), st.text().map(lambda t: f"ssh-rsa {t}"), st.text().map(lambda t: f"age1{t}")))
def test_no_text_is_more_than_refused(text: str) -> None:
    """Whatever is written there: a reason, or a name that can be shown."""
    try:
        said = read_recipient(text).name
    except ValueError as error:
        said = str(error)
    assert said.isprintable()


def test_no_reason_repeats_the_value() -> None:
    """A private key that was put there by mistake must not reach a log through our own message."""
    for text in (
        "AGE-SECRET-KEY-1CANARY",
        "-----BEGIN PRIVATE KEY----- CANARY",
        "CANARY",
        "ssh-rsa CANARY",
        "age1CANARY",
    ):
        with pytest.raises(ValueError) as caught:
            read_recipient(text)
        assert "CANARY" not in str(caught.value)
