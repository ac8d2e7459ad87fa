"""Two people sign with their own keys, and the bundle proves it anywhere with nothing but the allowed-signers file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tiny_system
from tiny_system import Tiny

from actions.model.clock import SystemClock
from actions.model.errors import Refused
from app.records import export_record, open_store, verify_target
from app.signing import sign_off

pytestmark = pytest.mark.ssh


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Path]:
    """A home folder with an ssh key for each person."""
    found = {}
    for person in ("ops1", "ops2"):
        home = tmp_path / person
        (home / ".ssh").mkdir(parents=True)
        key = home / ".ssh" / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)], check=True)
        found[person] = home
    return found


def allowed(tmp_path: Path, homes: dict[str, Path], swap: bool = False) -> Path:
    """The allowed-signers file; ``swap``: with each other's keys."""
    lines = []
    for person, other in (("ops1", "ops2"), ("ops2", "ops1")):
        public = (homes[other if swap else person] / ".ssh" / "id_ed25519.pub").read_text().split()
        lines.append(f"{person}@jump {public[0]} {public[1]}\n")
    path = tmp_path / f"allowed-{swap}"
    path.write_text("".join(lines))
    return path


def test_a_record_signed_by_two_people_verifies_elsewhere(
    tmp_path: Path, homes: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executed by one, verified by another, each with the key of their own login; a wrong key is found."""
    tiny: Tiny = tiny_system.build(tmp_path / "tiny")
    text = tiny.config.read_text()
    for person in ("ops1", "ops2"):
        text = text.replace(f"{person} = {{ name", f'{person} = {{ signer = "{person}@jump", name')
    tiny.config.write_text(text + '\n[signing]\nkey = "~/.ssh/id_ed25519"\n')

    monkeypatch.setenv("HOME", str(homes["ops1"]))
    session = tiny.session("ops1")
    tiny_system.drawn(session, tiny)
    for code in ("B1", "B2", "X1", "X2", "X3"):
        assert tiny_system.run(session, code) == "done"
    tiny_system.pay_what_is_bent(session)
    session.close_incident("recovered")
    assert sign_off(session, "executed", "ops1").signer == "ops1@jump"
    with pytest.raises(Refused, match="somebody else"):
        sign_off(session, "verified", "ops1")
    incident = session.incident.id
    session.close()

    monkeypatch.setenv("HOME", str(homes["ops2"]))
    other = tiny.session("ops2")
    assert other.incident.id == incident
    assert sign_off(other, "verified", "ops2").signature.startswith("-----BEGIN SSH SIGNATURE-----")
    assert other.incident.finished
    other.close()

    store = open_store(tiny.store, SystemClock())
    assert store is not None
    bundle = tmp_path / "bundle"
    assert export_record(store, incident, bundle).status == 0
    good = verify_target(str(bundle), None, allowed(tmp_path, homes))
    assert (good.status, "VERIFIED" in good.text) == (0, True)
    assert "NOT SIGNED" not in good.text
    assert verify_target(str(bundle), None, allowed(tmp_path, homes, swap=True)).status == 1
    assert verify_target(incident, store, allowed(tmp_path, homes)).status == 0
