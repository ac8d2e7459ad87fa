"""What `goaround ready` says of the ground: programs, host, clocks, disks, keys. A code for each that is wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from performing import local_world

from actions.gateways.host import connect
from actions.model.errors import CommandFailed, Unreachable
from actions.model.ports import CommandResult, Image, World
from actions.model.ready import Part
from actions.model.release import Release
from actions.model.system import (
    ApprovalTable,
    GitTable,
    PersonTable,
    ProbeTable,
    Settings,
    SigningTable,
    SystemTable,
)
from actions.steps.ready_ground import host_part, probes_part, tools_part
from actions.steps.ready_targets import pullable
from app.bounded import Bounded, Question
from app.ready_people import people_part

Answers = Callable[[tuple[str, ...]], CommandResult | None]
DF = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100000000 1 %d 3%% /srv/app data\n"


@dataclass
class Far:
    """A host that answers some commands as it is told to; the rest runs here."""

    answers: Answers
    name: str = "ssh://ops@app-1"
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, argv: tuple[str, ...], **options: Any) -> CommandResult:
        self.asked.append(argv)
        found = self.answers(argv)
        return found if found is not None else connect("local").run(argv, **options)


def said(out: bytes, status: int = 0) -> CommandResult:
    return CommandResult(status, out, b"", 1)


def settings(**more: Any) -> Settings:
    return Settings(SystemTable("obcms", "drill"), **more)


def world(folder: Path, answers: Answers) -> World:
    far = Far(answers)
    return replace(local_world(folder), host=far, local=connect("local"))  # type: ignore[arg-type]  # what is asked of it


def codes(part: Part) -> list[str]:
    return [one.code for one in part.findings]


def test_a_host_that_is_well(tmp_path: Path) -> None:
    """Its disks are told, on this machine too; nothing else."""
    well = {"date": None, "timedatectl": said(b"yes\n"), "df": said(DF % 90_000_000)}
    part = host_part(settings(), world(tmp_path, lambda argv: well.get(argv[0])), (str(tmp_path),))
    assert "clock-off" not in codes(part)
    assert any(name.startswith("free on ssh://ops@app-1 ") for name in part.facts)
    assert any(name.startswith("free on local ") for name in part.facts)


@pytest.mark.parametrize(
    ("program", "answer", "code"),
    [
        ("date", said(b"1000000000\n"), "clock-off"),
        ("date", said(b"sh: date: not found\n", 127), "host-unreached"),
        ("timedatectl", said(b"no\n"), "clock-off"),
        ("df", said(DF % 1_000_000), "disk-low"),
        ("df", said(DF % 1_000), "disk-full"),
    ],
)
def test_a_host_that_is_not(tmp_path: Path, program: str, answer: CommandResult, code: str) -> None:
    """Each by its own code, and that one alone."""
    told = {"timedatectl": said(b"yes\n"), "df": said(DF % 90_000_000), program: answer}
    part = host_part(settings(), world(tmp_path, lambda argv: told.get(argv[0])))
    assert codes(part) == [code]
    assert part.findings[0].about.startswith("ssh://ops@app-1")


def test_a_host_that_does_not_answer(tmp_path: Path) -> None:
    """ssh's own reason, and no further question."""

    def silent(argv: tuple[str, ...]) -> CommandResult | None:
        raise Unreachable("ssh://ops@app-1 does not answer", "Connection timed out", "check the network")

    part = host_part(settings(), world(tmp_path, silent))
    assert codes(part) == ["host-unreached"]
    assert "Connection timed out" in part.findings[0].text


def test_programs_that_are_missing(tmp_path: Path) -> None:
    """git, and the deploy command: where it would be started, not here."""
    table = GitTable(str(tmp_path), deploy=("no-such-deployer", "{ref}"), deploy_on="host")
    part = tools_part(settings(git=table), world(tmp_path, lambda argv: None))
    assert [(one.code, one.about) for one in part.findings] == [("tool-missing", "no-such-deployer")]
    assert part.facts["git"].startswith("git version ")

    def none(argv: tuple[str, ...]) -> CommandResult | None:
        raise CommandFailed(f"{argv[0]} is not there")

    missing = replace(local_world(tmp_path), host=Far(none), local=Far(none))  # type: ignore[arg-type]  # as above
    assert {one.about for one in tools_part(settings(git=table), missing).findings} == {"git", "no-such-deployer"}


def test_probes_that_are_not_answered(tmp_path: Path) -> None:
    """A warning for each; none configured is one, too."""
    down = ProbeTable("health", "http://127.0.0.1:9/health", answer=1)
    assert codes(probes_part(settings(probe=(down,)), local_world(tmp_path))) == ["probe-fails"]
    assert codes(probes_part(settings(), local_world(tmp_path))) == ["probe-none"]


class Engine:
    """An engine that has these images."""

    def __init__(self, *images: Image) -> None:
        self._images = images

    def images(self) -> tuple[Image, ...]:
        return self._images


def test_a_registry_is_asked_by_digest(tmp_path: Path) -> None:
    """Given: pullable; refused: a warning with its words; without a digest nothing is asked."""
    ref = "registry:5000/shop@sha256:" + "d" * 64
    image = Image("sha256:" + "a" * 64, ("shop:1",), (ref,), "", 1)
    release = Release("1", images={"web": image.id})
    answers: list[CommandResult] = [said(b"{}"), CommandResult(1, b"", b"no such manifest: \x1b[31mred", 1)]
    far = Far(lambda argv: answers.pop(0))

    def over(*images: Image) -> World:
        return replace(local_world(tmp_path), host=far, containers=Engine(*images))  # type: ignore[arg-type]  # as above

    assert pullable(over(image), release)[0] is True
    may, part = pullable(over(image), release)
    assert (may, codes(part)) == (False, ["target-not-pullable"])
    assert "no such manifest" in part.findings[0].text
    assert "\x1b" not in part.findings[0].text
    assert far.asked == [("docker", "manifest", "inspect", ref)] * 2
    assert pullable(over(replace(image, digests=())), release) == (None, Part())
    mirrored = replace(image, digests=("gone.example/shop@sha256:" + "c" * 64, ref))
    answers += [CommandResult(1, b"", b"no such manifest", 1), said(b"{}")]
    assert pullable(over(mirrored), release) == (True, Part())
    plain = b'Get "https://registry:5000/v2/": tls: first record does not look like a TLS handshake'
    answers.append(CommandResult(1, b"", plain, 1))
    may, part = pullable(over(image), release)
    assert (may, codes(part)) == (None, [])
    assert "plain http" in part.facts["registry"]


# -- people


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", str(path)]
    subprocess.run(argv, check=True, timeout=110)
    return path


def signers(folder: Path, *lines: str) -> Path:
    path = folder / "allowed"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def people(key: str, allowed: str, *, required: bool = False) -> Settings:
    return settings(
        people={"ops1": PersonTable("First Operator", ("lead",), "ops1@jump")},
        signing=SigningTable(key, allowed),
        approval=ApprovalTable(require_signatures=required),
    )


def test_a_key_that_signs(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the person whom the file gives it to, in the namespace of approvals; nobody else is missing."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = (tmp_path / "key.pub").read_text().strip()
    allowed = signers(tmp_path, "# who may", f"ops1@jump {public}")
    part = people_part(people(str(key), str(allowed)), "ops1")
    assert codes(part) == []
    assert part.facts["key"].startswith("the configured key signs (SHA256:")


def test_keys_that_do_not(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, nobody's key, a key of somebody else, no key at all; needed where approvals must be signed."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = (tmp_path / "key.pub").read_text().strip()
    gone = tmp_path / "gone"
    assert codes(people_part(people(str(key), str(gone)), "ops1")) == ["signers-unread"]
    other = signers(tmp_path, f"ops2@jump {public}")
    assert codes(people_part(people(str(key), str(other)), "ops1")) == ["signer-missing", "key-unusable"]
    assert codes(people_part(people(str(gone), "", required=True), "ops1")) == ["key-needed"]
    assert codes(people_part(people("", str(signers(tmp_path, f"ops1@jump {public}"))), "ops1")) == ["key-unusable"]
    assert codes(people_part(settings(), "ops1")) == []


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("*@jump {key} x", False),
        ("  ops?@jump,ops9 {key}", False),
        ('"ops1@jump,b c" cert-authority {key}', False),
        ("ops1@jump {key} Pat O'Brien", False),
        ("*@jump,!ops1@jump {key}", True),
        ("OPS1@jump {key}", True),
        ("# ops1@jump {key}", True),
    ],
)
def test_who_the_file_names_is_what_ssh_keygen_takes(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch, line: str, missing: bool
) -> None:
    """Patterns, quotes, an apostrophe in the comment: nobody is missing who can sign, and the other way round."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    allowed = signers(tmp_path, line.format(key=public))
    found = codes(people_part(people(str(key), str(allowed)), "ops1"))
    authority = "cert-authority" in line  # such a key signs for others, never itself
    assert found == ["signer-missing"] * missing + ["key-unusable"] * (missing or authority)


def test_a_security_key_is_not_tried(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody touches it while cron looks, or the cockpit in the background: that is no finding."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    public = "sk-ssh-ed25519@openssh.com AAAAGnNr"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (tmp_path / "key.pub").write_text(f"{public} x\n")
    part = people_part(people(str(key), str(signers(tmp_path, f"ops1@jump {public}")), required=True), "ops1")
    assert codes(part) == []
    assert part.facts["key"].startswith("a security key: not tried")


# -- side by side


def test_one_that_raises_and_one_that_hangs_hide_no_other() -> None:
    """Answers come in the order of the questions; what hangs is given up, and asked again only once it has ended."""
    import threading

    go, there = threading.Event(), threading.Event()
    begun: list[str] = []

    def hangs() -> str:
        begun.append("hangs")
        there.set()
        go.wait(60)
        return "at last"

    bounded: Bounded[str] = Bounded()
    asked = [
        Question("bad", lambda: str(1 // 0), 60),
        Question("hangs", hangs, 0.2),
        *(Question(f"good {at}", lambda at=at: f"{at}", 60) for at in range(20)),  # type: ignore[misc]  # bound by default
    ]
    first = bounded.ask(asked, "test")
    assert isinstance(first[0].error, ZeroDivisionError)
    assert (first[1].value, first[1].hangs_s) == (None, 0.2)
    assert [one.value for one in first[2:]] == [str(at) for at in range(20)]
    assert bounded.ask(asked[1:2], "test")[0].hangs_s == 0.2
    assert there.wait(60)
    assert begun == ["hangs"]
    go.set()
    for thread in threading.enumerate():
        if thread.name == "test hangs":
            thread.join(60)
    assert bounded.ask([Question("hangs", hangs, 60)], "test")[0].value == "at last"
