"""The pictures of the cockpit: each station in each size, standing alone, without a trace of where they were taken."""

from __future__ import annotations

import html
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import demo_system
from app.screenshots import FOLDER, SIZES, STATIONS
from app.screenshots_drill import make_harder
from app.settings import load

PICTURES = Path(__file__).resolve().parents[2] / "screenshots"
SAYS = {
    "matrix": ("ROLL BACK recommended", "inputs disagree", "criteria propose High", "under 10 %"),
    "gate": ("K1", "no file", "GATE, closed", "a second person"),
    "approval": ("waits for tech-manager (ops2 may)", "blocked:"),
    "after": ("T1", "open:", "T2", "done: slowest"),
}
"""What the wide picture of a station shows."""


def words(picture: Path) -> str:
    """The text that stands in it."""
    found = re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text())
    return " ".join(" ".join(html.unescape(one).replace("\xa0", " ") for one in found).split())


@pytest.mark.parametrize("station", STATIONS)
def test_every_station_is_there_in_every_size_and_stands_alone(station: str) -> None:
    """Nothing is loaded from a network, and no path but the demo's own and no name of a host stands in them."""
    for width, height in SIZES:
        picture = PICTURES / f"{station}-{width}x{height}.svg"
        text = picture.read_text()
        assert "@font-face" not in text
        assert not re.findall(r'(?:href|src|url)\s*[=(]\s*"?https?:', text)
        shown = words(picture).replace(str(FOLDER), "")
        paths = re.findall(r"(?:^|[ '=])(/(?:tmp|home|root|work|Users|var)/[^ ]*)", shown)
        assert [path for path in paths if not str(FOLDER).startswith(path.removesuffix("…"))] == []
        assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", shown)


@pytest.mark.parametrize("station", SAYS)
def test_the_wide_picture_shows_what_it_is_about(station: str) -> None:
    """A picture that was taken at the wrong moment would show something else."""
    shown = words(PICTURES / f"{station}-160x48.svg")
    assert [one for one in SAYS[station] if one not in shown] == []


def test_the_harder_drill_has_a_gate_and_needs_an_approval(tmp_path: Path) -> None:
    """It is the demo with another configuration; the demo itself stays as easy as it is."""
    system = demo_system.build(datetime.now(UTC), tmp_path / "demo")
    plain = load(system.config).settings
    assert not plain.approval.rule
    assert "backups" not in system.config.read_text()
    make_harder(system)
    hard = load(system.config).settings
    assert hard.database is not None
    assert hard.database.backups == str(tmp_path / "demo" / "backups" / "*.sql.gz")
    assert [rule.of for rule in hard.approval.rule] == [("tech-manager",)]
    assert "database" not in hard.procedure.lacks
    assert "database" in plain.procedure.lacks
    assert list((tmp_path / "demo" / "backups").iterdir()) == []
