"""Evidence steps with recipients: shown, then kept encrypted to just those that were shown; without, it is said."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

import pytest
from age_keys import Pair, age_pair, ssh_pair
from compose_fakes import FOLDER, container, fakes, image, project, service
from git_flight import Flight, Remembering, dirty_the_clone, make_flight
from git_ground import make_ground
from performing import Told, local_world

from actions.gateways.age_files import unseal
from actions.gateways.evidence import FileEvidence
from actions.model.effect import CollectFile, CollectOutput
from actions.model.events import EvidenceKept
from actions.model.ports import World
from actions.model.release import Release
from actions.model.step import Outcome
from actions.model.system import ComposeTable
from actions.steps.compose_evidence import keep_configuration
from actions.steps.compose_facts import read_facts
from actions.steps.evidence import KeepEvidence
from actions.steps.git_option import draw

NOT_ENCRYPTED = "private, not encrypted: no [evidence] encrypt_to is configured"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pair, Pair, Pair]:
    folder = tmp_path_factory.mktemp("keys")
    return ssh_pair(folder, "ops1"), ssh_pair(folder, "ops2", "rsa"), age_pair(folder, "ops3")


def to(world: World, folder: Path, keys: tuple[Pair, ...]) -> World:
    return dataclasses.replace(world, evidence=FileEvidence(folder, tuple(pair.public for pair in keys)))


def opened(path: Path, pair: Pair) -> bytes:
    return gzip.decompress(unseal(path.read_bytes(), pair.private, path.name, ""))


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    (tmp_path / "ground").mkdir()
    one = make_flight(make_ground(tmp_path / "ground", count=3), tmp_path / "flight")
    dirty_the_clone(one.ground)
    return one


def wanted(flight: Flight) -> Release:
    return Release("v2", flight.ground.shas[1])


def test_the_git_patch_is_encrypted(flight: Flight, tmp_path: Path, keys: tuple[Pair, Pair, Pair]) -> None:
    """What nobody meant to publish is kept so that the team, and nobody else, can read it."""
    folder = tmp_path / "kept"
    world = to(flight.world, folder, keys)
    plan = draw(flight.settings, wanted(flight), world)
    planned = plan.step("B2")
    assert planned is not None
    lines = "\n".join(line for effect in planned.effects for line in effect.lines())
    assert "kept encrypted: git-uncommitted.patch" in lines
    assert all(f"for    {name}" in lines for name in world.evidence.encrypts_to)
    report = Remembering()
    result = flight.step(plan, "B2").run(world, report)
    assert result.outcome is Outcome.DONE, result.summary
    kept = {body.name: body for body in report.bodies if isinstance(body, EvidenceKept)}
    patch = kept["git-uncommitted.patch"]
    assert (patch.private, patch.path, patch.note) == (True, "private/git-uncommitted.patch.gz.age", "")
    assert patch.encrypted_to == world.evidence.encrypts_to
    assert patch.encrypted_to[1].startswith("ops2 (ssh-rsa SHA256:")
    assert kept["git-refs.txt"].encrypted_to == ()
    for pair in keys:
        assert b"edited by hand" in opened(folder / patch.path, pair)
        assert pair.private.read_text() not in str(report.bodies)
    assert not [path for path in folder.rglob("*") if path.is_file() and b"edited by hand" in path.read_bytes()]


def test_without_recipients_the_git_step_says_so(flight: Flight) -> None:
    """Shown before it is done, and recorded with the file."""
    plan = draw(flight.settings, wanted(flight), flight.world)
    planned = plan.step("B2")
    assert planned is not None
    assert f"private files: {NOT_ENCRYPTED}" in planned.expected
    assert "NOT kept: files that git does not track" in planned.expected
    lines = "\n".join(line for effect in planned.effects for line in effect.lines())
    assert "kept on this host only, not encrypted, not exported: git-uncommitted.patch" in lines
    report = Remembering()
    flight.step(plan, "B2").run(flight.world, report)
    (patch,) = [body for body in report.bodies if isinstance(body, EvidenceKept) and body.private]
    assert (patch.path, patch.encrypted_to) == ("private/git-uncommitted.patch.gz", ())
    assert patch.note == NOT_ENCRYPTED


def test_the_compose_step_shows_who_can_open_it(keys: tuple[Pair, Pair, Pair]) -> None:
    """Every private file of the backup, not just some."""
    of = project(service("web", "obcms:2"))
    made = [image("two", "obcms:2"), image("one", "obcms:1")], [container("web", "two")]
    public = tuple(pair.public for pair in keys)
    one = fakes(of, *made, files={"docker-compose.yml": "services: {}\n", ".env": "A=1\n"}, encrypt_to=public)
    facts = read_facts(ComposeTable(directory=FOLDER), one.world)
    step = keep_configuration(dataclasses.replace(facts, drawn_in=(f"{FOLDER}/.env",)), one.world)
    private = [effect for effect in step.collects if effect.private]
    assert {effect.name for effect in private} >= {"compose-config.yml", "docker-compose.yml", "env", "containers.json"}
    assert all(effect.encrypt_to == one.world.evidence.encrypts_to != () for effect in private)
    assert "private files are encrypted to ops1 (ssh-ed25519 SHA256:" in step.expected()
    assert NOT_ENCRYPTED not in step.expected()
    assert "NOT kept: the shell environment of earlier deployments" in step.expected()
    bare = fakes(of, *made)
    assert (
        NOT_ENCRYPTED
        in keep_configuration(read_facts(ComposeTable(directory=FOLDER), bare.world), bare.world).expected()
    )


def test_others_than_were_shown_get_nothing(tmp_path: Path, keys: tuple[Pair, Pair, Pair]) -> None:
    """Shown, then done: recipients that changed in between end the step before anything is read."""
    world = to(local_world(tmp_path), tmp_path / "kept", keys[:1])
    (tmp_path / "a.env").write_text("A=1")
    for shown in ((), ("somebody else",), (*world.evidence.encrypts_to, "and one more")):
        step = KeepEvidence(
            "Keep",
            "",
            (
                CollectFile("local", str(tmp_path / "a.env"), "a.env", private=True, encrypt_to=shown),
                CollectOutput("local", ("cat", str(tmp_path / "a.env")), "b.env", private=True, encrypt_to=shown),
            ),
        )
        told = Told()
        result = step.run(world, told)
        assert result.outcome is Outcome.FAILED
        assert "those who could open it are not those that were shown" in result.summary
        assert told.of(EvidenceKept) == []
    assert not (tmp_path / "kept").exists()


def test_a_file_and_an_output_are_kept_byte_for_byte(tmp_path: Path, keys: tuple[Pair, Pair, Pair]) -> None:
    """The limit of a file does not put it on the disk in the clear, and the backup is what was there."""
    world = to(local_world(tmp_path), tmp_path / "kept", keys)
    raw = b"TOKEN=\xff\x00canary-5f1d\r\n" * 1000
    (tmp_path / "a.env").write_bytes(raw)
    names = world.evidence.encrypts_to
    read = ("cat", str(tmp_path / "a.env"))
    step = KeepEvidence(
        "Keep",
        "",
        (
            CollectFile("local", str(tmp_path / "a.env"), "a.env", private=True, encrypt_to=names),
            CollectOutput("local", read, "b.env", private=True, encrypt_to=names),
        ),
    )
    told = Told()
    assert step.run(world, told).outcome is Outcome.DONE
    for body in told.of(EvidenceKept):
        assert body.complete
        assert opened(tmp_path / "kept" / body.path, keys[2]) == raw
