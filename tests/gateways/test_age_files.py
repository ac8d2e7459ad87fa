"""Encryption to real keys: each of them opens the file, nothing else does, and no failure leaves half a file."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from age_keys import Pair, age_pair, ssh_pair

from actions.gateways.age_files import HEADER, seal, unpacked, unseal
from actions.gateways.evidence import FileEvidence
from actions.model.errors import BadInput, GoaroundError, RecordDamaged, Unreachable
from actions.model.recipient import read_recipient

ROOT = Path(__file__).parents[2]
SECRET = b"DB_PASSWORD=canary-7f3a"
BY_HAND = "age -d -i KEY FILE | gunzip"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("keys")
    return {
        "ed25519": ssh_pair(folder, "ops1"),
        "rsa": ssh_pair(folder, "ops2", "rsa"),
        "rsa-pem": ssh_pair(folder, "ops3", "rsa", pem=True),
        "age": age_pair(folder, "ops4"),
    }


def everybody(keys: dict[str, Pair]) -> tuple[str, ...]:
    return tuple(pair.public for pair in keys.values())


def opened(path: Path, identity: Path) -> bytes:
    return gzip.decompress(unseal(path.read_bytes(), identity, path.name, BY_HAND))


@pytest.mark.parametrize("limit", [0, 1000])
def test_every_recipient_opens_it_and_nobody_else(tmp_path: Path, keys: dict[str, Pair], limit: int) -> None:
    """Encrypted, 0600, under its own name, with the sum of what lies on the disk."""
    store = FileEvidence(tmp_path / "evidence", everybody(keys))
    kept = store.keep("app.env", iter([SECRET, b"\n"]), private=True, limit_bytes=limit)
    path = tmp_path / "evidence" / kept.path
    assert kept.path == "private/app.env.gz.age"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (kept.sha256, kept.size) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
    assert (kept.private, kept.complete, kept.note) == (True, True, "")
    assert kept.encrypted_to == store.encrypts_to
    assert kept.encrypted_to[0].startswith("ops1 (ssh-ed25519 SHA256:")
    assert path.read_bytes().startswith(HEADER)
    for pair in keys.values():
        assert opened(path, pair.private) == SECRET + b"\n"
    stranger = ssh_pair(tmp_path, "stranger")
    with pytest.raises(BadInput, match="encrypted to other keys"):
        opened(path, stranger.private)
    assert str(path).endswith(kept.path)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(tmp_path: Path) -> None:
    """An operator can compare it."""
    pair = ssh_pair(tmp_path, "ops1")
    done = subprocess.run(["ssh-keygen", "-lf", f"{pair.private}.pub"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] in read_recipient(pair.public).name


def test_what_is_not_private_is_not_encrypted(tmp_path: Path, keys: dict[str, Pair]) -> None:
    """Text without secrets stays readable for everybody who reviews."""
    kept = FileEvidence(tmp_path, everybody(keys)).keep("web.log", iter([b"GET /\n"]))
    assert (kept.path, kept.encrypted_to, kept.note) == ("web.log.gz", (), "")
    assert gzip.decompress((tmp_path / kept.path).read_bytes()) == b"GET /\n"


def test_without_recipients_it_is_said(tmp_path: Path) -> None:
    """Nobody may believe that a file is encrypted when it is not."""
    kept = FileEvidence(tmp_path).keep("app.env", iter([SECRET, SECRET]), private=True, limit_bytes=3)
    assert kept.note == ("private, not encrypted: no [evidence] encrypt_to is configured; only the newest 3 bytes")


def test_the_same_name_twice_keeps_both(tmp_path: Path, keys: dict[str, Pair]) -> None:
    """Nothing is written over."""
    store = FileEvidence(tmp_path, everybody(keys))
    paths = [store.keep("a.env", iter([text]), private=True).path for text in (b"1", b"2")]
    assert paths == ["private/a.env.gz.age", "private/a-2.env.gz.age"]
    assert [opened(tmp_path / path, keys["age"].private) for path in paths] == [b"1", b"2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9, 10, 33, 100])
@pytest.mark.parametrize("size", [1, 3, 5, 100])
def test_the_newest_bytes_are_kept(tmp_path: Path, keys: dict[str, Pair], limit: int, size: int) -> None:
    """The same cut as without encryption."""
    data = bytes(range(33))
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    kept = FileEvidence(tmp_path, (keys["age"].public,)).keep("f", iter(chunks), private=True, limit_bytes=limit)
    assert opened(tmp_path / kept.path, keys["age"].private) == data[-limit:]
    assert kept.complete is (limit >= len(data))


def on_disk(folder: Path) -> bytes:
    """All that this process has open below a folder, nameless files too, and all that has a name there."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith(str(folder)):
            with entry.open("rb") as file:  # opens the file itself anew, from its start
                found.append(file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b"")
    found += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"".join(found)


@pytest.mark.parametrize("limit", [0, 1 << 20])
def test_nothing_lies_in_the_clear_while_it_is_written(tmp_path: Path, keys: dict[str, Pair], limit: int) -> None:
    """No temporary file either: a crash or a copied disk shows nothing. (Without keys the look finds it.)"""
    seen: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield SECRET + os.urandom(10_000)
            seen.append(on_disk(tmp_path))

    FileEvidence(tmp_path, everybody(keys)).keep("a.env", chunks(), private=True, limit_bytes=limit)
    seen.append(on_disk(tmp_path))
    assert len(seen) == 41
    assert not any(SECRET in one for one in seen)
    if limit:
        seen.clear()
        FileEvidence(tmp_path / "plain").keep("a.env", chunks(), private=True, limit_bytes=limit)
        assert any(SECRET in one for one in seen)


def test_an_error_of_the_source_is_passed_on_and_leaves_nothing(tmp_path: Path, keys: dict[str, Pair]) -> None:
    """Half a file must not look like a whole one, and the reason must not become the library's."""

    def lost() -> Iterator[bytes]:
        yield SECRET
        raise Unreachable("the host is gone")

    with pytest.raises(Unreachable, match="the host is gone"):
        FileEvidence(tmp_path, everybody(keys)).keep("a.env", lost(), private=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, keys: dict[str, Pair], size: int) -> None:
    """Also when the very last write fails, which the library itself forgets."""
    code = f"""
        import os, resource, signal
        from pathlib import Path
        from actions.gateways.evidence import FileEvidence
        from actions.model.errors import GoaroundError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        store = FileEvidence(Path({str(tmp_path)!r}), ({keys["age"].public!r},))
        try:
            store.keep("a.env", iter([os.urandom({size})]), private=True)
        except GoaroundError as error:
            print(error.line())
    """
    command = (sys.executable, "-c", textwrap.dedent(code))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "a.env could not be kept as evidence" in done.stdout
    assert "File too large" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_memory_stays_bounded(tmp_path: Path, keys: dict[str, Pair]) -> None:
    """A large patch passes through piece by piece."""
    chunk = bytes(1024 * 1024)
    store = FileEvidence(tmp_path, (keys["age"].public,))
    store.keep("warm", iter([chunk]), private=True)
    tracemalloc.start()
    try:
        store.keep("big", (chunk for _ in range(64)), private=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.fixture
def sealed(keys: dict[str, Pair]) -> bytes:
    out: list[bytes] = []
    seal((read_recipient(keys["age"].public),), iter([SECRET * 10_000]), out.append)
    return b"".join(out)


def test_any_change_of_the_ciphertext_is_refused_with_the_reason(keys: dict[str, Pair], sealed: bytes) -> None:
    """Nothing is given out of a file that is not, to the last byte, what was encrypted."""
    identity = keys["age"].private
    assert unseal(sealed, identity, "x", BY_HAND) == SECRET * 10_000
    for at in (len(sealed) - 1, len(sealed) // 2, sealed.index(b"--- ") + 8, len(sealed) - 70_000):
        bad = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(RecordDamaged, match="was changed or cut after it was encrypted"):
            unseal(bad, identity, "x", BY_HAND)
    for bad in (sealed[:-1], sealed[: len(sealed) // 2], sealed + b"x", b"", b"junk", HEADER):
        with pytest.raises(RecordDamaged, match="was changed or cut"):
            unseal(bad, identity, "x", BY_HAND)


def test_identities_that_do_not_serve(tmp_path: Path, keys: dict[str, Pair], sealed: bytes) -> None:
    """One clear line each, with the next move, and never a piece of a key."""
    protected = [
        ssh_pair(tmp_path, "locked", passphrase="secret-words").private,
        ssh_pair(tmp_path, "locked-pem", "rsa", passphrase="secret-words", pem=True).private,
        tmp_path / "locked-age",
    ]
    protected[2].write_bytes(sealed[:1000])
    for path in protected:
        with pytest.raises(BadInput, match="is protected by a passphrase") as caught:
            unseal(sealed, path, "x", "age -d -i K F | gunzip")
        assert caught.value.next_move == "use age itself: age -d -i K F | gunzip"
    (tmp_path / "public").write_text(keys["ed25519"].public)
    (tmp_path / "empty").write_text("# nothing\n")
    (tmp_path / "broken").write_text("AGE-SECRET-KEY-1CANARY\n")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    ecdsa = ssh_pair(tmp_path, "ec", "ecdsa").private
    cases = {
        tmp_path / "public": "is a public key",
        tmp_path / "empty": "holds no key",
        tmp_path / "broken": "holds no private key that can be read",
        tmp_path / "large": "too large",
        ecdsa: "holds no private key that can be read",
        tmp_path / "none": "cannot be read",
        tmp_path: "cannot be read",
    }
    for path, words in cases.items():
        with pytest.raises(BadInput, match=words) as caught:
            unseal(sealed, path, "x", BY_HAND)
        assert caught.value.next_move
        assert "CANARY" not in caught.value.line()


def test_what_is_packed_badly_is_told() -> None:
    """Never half a file without a word."""
    good = gzip.compress(b"x" * 1_000_000)
    assert b"".join(unpacked(good, "x")) == b"x" * 1_000_000
    for bad in (good[:-5], good + b"more", b"", b"junk"):
        with pytest.raises(RecordDamaged, match="cannot be unpacked"):
            list(unpacked(bad, "x"))


def test_a_refusal_of_the_library_is_ours(keys: dict[str, Pair]) -> None:
    """A foreign exception ends at the gateway, and nothing counts as kept."""
    with pytest.raises(GoaroundError, match="could not be encrypted"):
        seal((), iter([SECRET]), lambda data: None)


def test_the_library_is_loaded_when_it_is_used() -> None:
    """Nobody waits for it who encrypts nothing."""
    code = "import sys, actions.gateways.evidence, app.world, app.evidence; print('pyrage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
