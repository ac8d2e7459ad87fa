"""Real key pairs to encrypt to: made by ssh-keygen, or by the age library."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyrage


@dataclass(frozen=True)
class Pair:
    """A public key as it stands in a configuration, and the file of its private half."""

    public: str
    private: Path


def ssh_pair(folder: Path, name: str, kind: str = "ed25519", *, passphrase: str = "", pem: bool = False) -> Pair:
    path = folder / name
    argv = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(path)]
    argv += ["-b", "2048"] if kind == "rsa" else []
    argv += ["-m", "PEM"] if pem else []
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, timeout=60)
    return Pair(path.with_suffix(".pub").read_text().strip(), path)


def age_pair(folder: Path, name: str) -> Pair:
    identity = pyrage.x25519.Identity.generate()
    path = folder / name
    path.write_text(f"# created for a test\n# public key: {identity.to_public()}\n{identity}\n")
    return Pair(str(identity.to_public()), path)
