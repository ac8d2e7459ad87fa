"""An incident with encrypted evidence, from the configuration to a bundle that a colleague opens with a key."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from age_keys import Pair, age_pair, ssh_pair
from compose_stack import Recorder, Stack, removed_afterwards
from engine_images import ImageBuilder
from terminals import terminal
from tiny_system import Tiny, build, drawn, environment, run

from actions.gateways.bundle import export, verify_bundle, verify_stored
from actions.gateways.evidence import FileEvidence
from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock
from actions.model.errors import ConfigError
from actions.model.record_text import markdown
from actions.model.step import Outcome
from actions.steps.compose_option import draw
from actions.steps.compose_releases import releases
from app.settings import load

GOAROUND = Path(sys.executable).with_name("goaround")
SECRET = "canary-of-a-colleague-7f3a"
PATCH = "git-uncommitted.patch"


@pytest.fixture
def ops1(tmp_path: Path) -> Pair:
    return ssh_pair(tmp_path, "ops1")


@pytest.fixture
def ops2(tmp_path: Path) -> Pair:
    return age_pair(tmp_path, "ops2")


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """Somebody has left a password in the clone, not committed."""
    one = build(tmp_path / "tiny")
    (one.ground.clone / "app.py").write_text(f"PASSWORD = '{SECRET}'\n")
    return one


def evidence_kept(tiny: Tiny) -> str:
    """Fly to where the evidence is kept; the incident's id."""
    session = tiny.session()
    drawn(session, tiny)
    for code in ("B1", "B2"):
        assert run(session, code) == "done", session.incident.runs[-1].summary
    incident = session.incident.id
    session.close()
    session.journal.close()
    return incident


@pytest.fixture
def flown(tiny: Tiny, ops1: Pair, ops2: Pair) -> tuple[Tiny, str]:
    """The recipients stand in the configuration and in a file beside it."""
    (tiny.folder / "recipients.txt").write_text(f"# second operator\n\n{ops2.public}\n")
    tiny.add_to_config(f'[evidence]\nencrypt_to = ["{ops1.public}"]\nencrypt_to_file = "recipients.txt"\n')
    return tiny, evidence_kept(tiny)


def journal_of(tiny: Tiny) -> SqliteJournal:
    return SqliteJournal(tiny.store, SystemClock(), read_only=True)


def goaround(tiny: Tiny, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(GOAROUND), *arguments, "--store", str(tiny.store)]
    return subprocess.run(
        command,
        cwd=tiny.folder.parent,
        env=environment(tiny),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def holding(folder: Path, secret: str) -> list[str]:
    """Files below a folder in which a text stands, unpacked where they are packed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if secret.encode() in data or (path.suffix == ".gz" and secret.encode() in gzip.decompress(data)):
                found.append(str(path.relative_to(folder)))
    return found


def test_the_secret_stands_nowhere_in_the_store(flown: tuple[Tiny, str], ops1: Pair, ops2: Pair) -> None:
    """Whoever copies the disk of the jump host reads nothing; whoever holds a key reads everything."""
    tiny, incident = flown
    assert holding(tiny.store, SECRET) == []
    assert holding(tiny.ground.clone, SECRET) != [], "the look finds what is there"
    for pair in (ops1, ops2):
        done = goaround(tiny, "evidence", incident, PATCH, "--identity", str(pair.private))
        assert done.returncode == 0, done.stderr
        assert f"+PASSWORD = '{SECRET}'\n".encode() in done.stdout
    assert holding(tiny.store, SECRET) == [], "reading leaves nothing behind"


def test_without_recipients_the_record_says_so(tiny: Tiny) -> None:
    """As before, and in plain words: in the event, in the report, in the list."""
    incident = evidence_kept(tiny)
    words = "private, not encrypted: no [evidence] encrypt_to is configured"
    (found,) = holding(tiny.store, SECRET)
    assert found.endswith(f"/evidence/private/{PATCH}.gz")
    journal = journal_of(tiny)
    chain = verify_stored(journal.lines(incident), journal.incident_folder(incident))
    assert chain.incident is not None
    report = markdown(chain.incident, journal.events(incident))
    assert words in report.replace("\\", "")
    assert ", not encrypted**" in report
    assert words in goaround(tiny, "evidence", incident).stdout.decode()
    read = goaround(tiny, "evidence", incident, PATCH)
    assert SECRET.encode() in read.stdout, "what is not encrypted needs no key"
    done = goaround(tiny, "export", incident, "--to", str(tiny.folder / "bundle"))
    assert f"not in it: evidence/private/{PATCH}.gz" in done.stdout.decode()
    away = goaround(tiny, "evidence", str(tiny.folder / "bundle"), PATCH)
    assert away.returncode == 2
    assert b"is not in the bundle: private: stays on" in away.stderr


def test_the_bundle_takes_encrypted_evidence_along(flown: tuple[Tiny, str], ops2: Pair, tmp_path: Path) -> None:
    """It is encrypted, so it may leave its host; the bundle verifies, and opens with a key and nothing else."""
    tiny, incident = flown
    journal = journal_of(tiny)
    to = tmp_path / "elsewhere" / "bundle"
    exported = export(journal.lines(incident), journal.incident_folder(incident), to)
    assert exported.left_out == ()
    assert exported.problems == ()
    assert (to / f"evidence/private/{PATCH}.gz.age").stat().st_mode & 0o777 == 0o600
    assert holding(to, SECRET) == []
    result = verify_bundle(to)
    assert result.ok, result.lines()
    stored = verify_stored(journal.lines(incident), journal.incident_folder(incident))
    assert stored.ok, stored.lines()
    report = (to / "record.md").read_text()
    assert "**private, encrypted**" in report
    assert "encrypted to ops1 (ssh-ed25519 SHA256:" in report.replace("\\", "")
    done = goaround(tiny, "evidence", str(to), PATCH, "--identity", str(ops2.private))
    assert SECRET.encode() in done.stdout
    path = to / f"evidence/private/{PATCH}.gz.age"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not verify_bundle(to).ok


def test_what_is_not_encrypted_any_more_is_not_exported(flown: tuple[Tiny, str], tmp_path: Path) -> None:
    """Somebody has put the plain text in its place: it stays at home, and that is said."""
    tiny, incident = flown
    journal = journal_of(tiny)
    (sealed,) = tiny.store.rglob("*.age")
    sealed.write_text(SECRET)
    exported = export(journal.lines(incident), journal.incident_folder(incident), tmp_path / "bundle")
    assert "is not encrypted, though recorded so" in exported.problems[0]
    assert holding(tmp_path / "bundle", SECRET) == []
    assert not verify_bundle(tmp_path / "bundle").ok


def test_the_list_says_what_is_kept_and_who_can_open_it(flown: tuple[Tiny, str], ops2: Pair) -> None:
    """For people and for programs; nothing is changed by looking."""
    tiny, incident = flown
    before = journal_of(tiny).head(incident)
    done = goaround(tiny, "evidence", incident[-4:])
    lines = done.stdout.decode().splitlines()
    (row,) = [line for line in lines if PATCH in line]
    assert row.startswith(f"private/{PATCH}.gz.age  ")
    assert "private, encrypted to ops1 (ssh-ed25519 SHA256:" in row
    assert ops2.public in row
    assert any(line.startswith("git-refs.txt.gz  ") and line.endswith("text without secrets") for line in lines)
    data = json.loads(goaround(tiny, "evidence", incident, "--json").stdout)
    (one,) = [file for file in data["evidence"] if file["name"] == PATCH]
    assert one["encrypted_to"][1] == ops2.public
    assert journal_of(tiny).head(incident) == before
    log = goaround(tiny, "evidence", incident, "site.log")
    assert log.stdout.decode() == (tiny.folder / "site.log").read_text()


def test_refusals_are_one_line_with_the_next_move(flown: tuple[Tiny, str], tmp_path: Path) -> None:
    """No key, a foreign key, a protected key, an unknown name, a record that is not there."""
    tiny, incident = flown
    foreign = ssh_pair(tmp_path, "stranger").private
    locked = ssh_pair(tmp_path, "locked", passphrase="secret-words").private
    (sealed,) = tiny.store.rglob("*.age")
    cases = [
        ((incident, PATCH), "is encrypted to ops1", "--identity FILE"),
        ((incident, PATCH, "--identity", str(foreign)), "encrypted to other keys", "private key of one"),
        ((incident, PATCH, "--identity", str(locked)), "protected by a passphrase", f"age -d -i {locked} {sealed}"),
        ((incident, PATCH, "--identity", str(tmp_path / "none")), "cannot be read", "--identity FILE"),
        ((incident, "nothing"), "no evidence is named 'nothing'", "lists what there is"),
        (("INC-none", PATCH), "no record", ""),
        ((str(tiny.folder), PATCH), "is no bundle", "give an exported folder"),
    ]
    for arguments, words, move in cases:
        done = goaround(tiny, "evidence", *arguments)
        assert done.returncode == 2, (arguments, done)
        assert done.stdout == b""
        assert done.stderr.count(b"\n") == 1
        assert words in done.stderr.decode()
        assert move in done.stderr.decode()


def test_a_changed_file_is_refused_with_the_reason(flown: tuple[Tiny, str], ops1: Pair) -> None:
    """A failed check: status 1, and not a byte of it is given out."""
    tiny, incident = flown
    (sealed,) = tiny.store.rglob("*.age")
    data = sealed.read_bytes()
    sealed.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = goaround(tiny, "evidence", incident, PATCH, "--identity", str(ops1.private))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"has changed since it was recorded" in done.stderr
    sealed.unlink()
    done = goaround(tiny, "evidence", incident, PATCH, "--identity", str(ops1.private))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"is missing" in done.stderr


def test_a_terminal_shows_secrets_only_when_forced(flown: tuple[Tiny, str], ops1: Pair) -> None:
    """They would stay in its memory, on a screen that is shared; and no byte of them may steer it."""
    tiny, incident = flown
    command = (str(GOAROUND), "evidence", incident, PATCH, "--identity", str(ops1.private), "--store", str(tiny.store))
    with terminal(80, 24, environment(tiny), *command) as line:
        assert line.wait() == 2
        assert SECRET.encode() not in line.output
        assert b"--force" in line.output
    with terminal(80, 24, environment(tiny), *command, "--force") as line:
        assert line.wait() == 0
        assert SECRET.encode() in line.output


def test_recipients_stay_as_they_were_when_it_was_declared(tiny: Tiny, ops1: Pair, ops2: Pair) -> None:
    """The worker encrypts to whom was shown, whatever happens to the file of keys meanwhile."""
    names = tiny.folder / "recipients.txt"
    names.write_text(f"{ops1.public}\n")
    tiny.add_to_config('[evidence]\nencrypt_to_file = "recipients.txt"\n')
    session = tiny.session()
    drawn(session, tiny)
    incident = session.incident.id
    session.close()
    session.journal.close()
    names.write_text(f"{ops2.public}\n")
    again = tiny.session()
    assert any("the pinned copy counts" in text for text in again._changed_config)
    assert again.take_lease()
    for code in ("B1", "B2"):
        assert run(again, code) == "done", again.incident.runs[-1].summary
    (patch,) = [one for one in again.incident.evidence if one.private]
    assert patch.encrypted_to[0].startswith("ops1 (ssh-ed25519")
    assert len(patch.encrypted_to) == 1
    again.close()
    again.journal.close()
    assert SECRET.encode() in goaround(tiny, "evidence", incident, PATCH, "--identity", str(ops1.private)).stdout


BASE = '[system]\nname = "tiny"\nenvironment = "drill"\n\n[evidence]\n'
ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMXzLEUPxGe+pkx0bH0M2Sg0mqwqeBDlzhITgUVNr1CF ops1"


@pytest.mark.parametrize(
    ("table", "file", "place", "key", "words"),
    [
        ('encrypt_to = ["ops1"]', None, 6, "evidence.encrypt_to", "key 1 is no key; an age key"),
        (f'encrypt_to = ["{ED}",\n "age1x"]', None, 6, "evidence.encrypt_to", "key 2 is no whole age key; copy it"),
        ('encrypt_to = ["AGE-SECRET-KEY-1CANARY"]', None, 6, "evidence.encrypt_to", "key 1 is a PRIVATE key: take it"),
        (f'encrypt_to = "{ED}"', None, 6, "evidence.encrypt_to", "must be a list"),
        ('encrypt_too = ["x"]', None, 6, "evidence.encrypt_too", "did you mean 'encrypt_to'"),
        ('encrypt_to_file = "keys.txt"', None, 6, "evidence.encrypt_to_file", "No such file or directory (next: check"),
        ('encrypt_to_file = "~/keys.txt"', None, 6, "evidence.encrypt_to_file", "without '~'"),
        ('encrypt_to_file = "."', None, 6, "evidence.encrypt_to_file", "not a plain file (next: name a file"),
        ('encrypt_to_file = "keys.txt"', b"\xff", 6, "evidence.encrypt_to_file", "not UTF-8"),
        ('encrypt_to_file = "keys.txt"', b"x" * 300_000, 6, "evidence.encrypt_to_file", "larger than 256 KiB"),
        ('encrypt_to_file = "keys.txt"', b"# nobody\n\n", None, "evidence.encrypt_to_file", "holds no key (next: one"),
        (
            'encrypt_to_file = "keys.txt"',
            f"# a\n\n{ED}\nops1 CANARY\n".encode(),
            4,
            "evidence.encrypt_to_file",
            "no key",
        ),
    ],
    ids=[
        "no key",
        "second key of the list",
        "private key",
        "not a list",
        "unknown key",
        "missing file",
        "path with ~",
        "a folder",
        "not text",
        "large file",
        "nobody",
        "second key of the file",
    ],
)
def test_a_bad_recipient_is_one_line_with_its_place(
    tmp_path: Path, table: str, file: bytes | None, place: int | None, key: str, words: str
) -> None:
    """File, line, key and the next move; exit status 2, nothing runs, and no value is repeated."""
    config = tmp_path / "goaround.toml"
    config.write_text(BASE + table + "\n")
    if file is not None:
        (tmp_path / "keys.txt").write_bytes(file)
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert (caught.value.line_number, caught.value.key) == (place, key), caught.value.line()
    done = subprocess.run(
        [str(GOAROUND), "run", "--config", str(config)],
        env={**os.environ, "GOAROUND_STATE_DIR": str(tmp_path / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=110,
        check=False,
    )
    said = done.stderr.decode()
    named = tmp_path / "keys.txt" if place in (4, None) else config
    assert done.returncode == 2
    assert said == f"goaround: {caught.value.line()}\n"
    assert f"{named}:{place}: {key}" in said if place else f"{named}: {key}" in said
    assert words in said
    assert "CANARY" not in said
    assert not (tmp_path / "state").exists()


def test_recipients_of_list_and_file_are_all_meant(tmp_path: Path) -> None:
    """A relative file lies beside the configuration, wherever the command is started."""
    (tmp_path / "keys.txt").write_bytes(f"# team\r\n{ED}\r\n".encode())
    config = tmp_path / "goaround.toml"
    config.write_text(BASE + f'encrypt_to = ["{ED}"]\nencrypt_to_file = "keys.txt"\n')
    assert load(config).recipients.keys == (ED, ED)
    assert len(FileEvidence(tmp_path, load(config).recipients.keys).encrypts_to) == 1


@pytest.fixture
def stack(engine_name: str, build_image: ImageBuilder, tmp_path: Path) -> Iterator[Stack]:
    """One service with an env file, on the newer of two releases."""
    for number in ("1", "2"):
        script = f"#!/bin/sh\ntrap 'exit 0' TERM\necho {number}\nwhile :; do sleep 1 & wait $!; done\n"
        build_image(f"{engine_name}:{number}", {"/app.sh": script, "/name": f"{engine_name}{number}"}, ["/app.sh"])
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "app.env").write_text(f"DB_PASSWORD={SECRET}\n")
    one = Stack(engine_name, folder, "v2")
    one.write(f'services:\n  web:\n    image: "{engine_name}:2"\n    env_file: app.env\n    stop_grace_period: 1s\n')
    with removed_afterwards(engine_name):
        one.compose("up", "-d")
        yield one


@pytest.mark.docker
@pytest.mark.timeout(240)
def test_a_real_stack_is_backed_up_encrypted(stack: Stack, ops1: Pair, tmp_path: Path) -> None:
    """Env, Compose files and `docker inspect` of a real engine: complete for who holds the key, nothing for others."""
    import dataclasses

    from actions.gateways.age_files import unseal
    from actions.model.plan import Plan
    from actions.steps.catalog import build as build_step

    kept = tmp_path / "kept"
    world = dataclasses.replace(stack.world(), evidence=FileEvidence(kept, (ops1.public,)))
    settings = stack.settings()
    assert settings.compose
    target = next(one for one in releases(settings.compose, world, stack.name) if one.name == "1")
    planned = Plan.from_json(draw(settings, target, world, "INC-7").to_json()).step("B2")
    assert planned
    recorder = Recorder()
    result = build_step(planned.step, planned.params).run(world, recorder)
    assert result.outcome is Outcome.DONE, result
    private = {one.name: one for one in recorder.evidence if one.private}
    assert set(private) == {"compose-config.yml", stack.file, "app.env", "containers.json"}
    assert holding(kept, SECRET) == []
    for name, one in private.items():
        assert one.encrypted_to == world.evidence.encrypts_to
        plain = gzip.decompress(unseal((kept / one.path).read_bytes(), ops1.private, name, ""))
        assert (SECRET.encode() in plain) is (name != stack.file)
