"""How ready a release was to be deployed: on the procedure's page, in the history, in the record, and as a command."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pilot_moves import comes, sees_joined
from tiny_flight_operator import Scripted
from tiny_system import PYTHON, Tiny, build, drawn, environment
from widget_bench import screen_text

from actions.model.procedure_line import Look
from actions.model.readiness import Standing
from app.cockpit import cockpit
from app.plain import Plain
from app.procedure_page import read_procedure_of
from app.readiness_reading import read_cards, with_gaps
from app.session import Session
from widgets.procedure_screen import SheetView

SIZES = [(160, 48), (80, 24), (60, 16)]
DOCUMENT = """
## Prevention

### Testing

- [ ] The full suite passes <!-- code: V1 -->
- [ ] Security scan <!-- code: V4 -->

### Backups

- [ ] Automatic and daily <!-- code: V13 --> <!-- sensed: backups.daily -->
- [ ] Proven to be restorable <!-- code: V14 --> <!-- sensed: backups.restorable -->
- [ ] Kept for 7 days <!-- code: V15 --> <!-- sensed: backups.kept -->

### Watching

- [ ] Error rate is monitored <!-- code: V17 --> <!-- sensed: configured.errors -->
- [ ] Response time is monitored <!-- code: V18 --> <!-- sensed: configured.response -->
"""
DAY = 24 * 3600


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    system = build(tmp_path / "tiny")
    with (system.folder / "rollback.md").open("a") as file:
        file.write(DOCUMENT)
    (system.folder / "ready").mkdir()
    (system.folder / "backups").mkdir()
    system.add_to_config(f'[readiness]\nfile = "{system.folder}/ready/{{sha}}.json"\n')
    system.add_to_config(f'[database]\nbackups = "{system.folder}/backups/*.gz"\n')
    return system


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = tiny.session()
    assert one.take_lease()
    yield one
    one.close()
    one.journal.close()


def says(tiny: Tiny, sha: str, **items: bool) -> None:
    """CI says it of this release."""
    told = {code: {"ok": ok, "seen": "looked at", "by": "ci", "at": "2026-10-02"} for code, ok in items.items()}
    (tiny.folder / "ready" / f"{sha}.json").write_text(json.dumps({"items": told}))


def backup(tiny: Tiny, days: int, hours: int = 1) -> None:
    path = tiny.folder / "backups" / f"{days}.sql.gz"
    path.write_bytes(gzip.compress(b"-- dump\n"))
    at = time.time() - days * DAY - hours * 3600
    os.utime(path, (at, at))


def test_the_cards_of_what_runs_and_of_the_target(tiny: Tiny, session: Session) -> None:
    """Files of their own, backups by their ages, the configuration as it is."""
    says(tiny, tiny.former, V1=False, V4=True)
    says(tiny, tiny.target, V1=True)
    for days in range(9):
        backup(tiny, days)
    drawn(session, tiny)
    assert session.incident.procedure is not None
    running, target = read_cards(session, session.incident.procedure)
    rows = {row.code: row for row in running.rows}
    assert running.release.startswith("runs now: v3")
    assert (rows["V1"].standing, rows["V1"].why) == (Standing.GAP, "looked at, ci, 2026-10-02")
    assert rows["V13"].why == "sensed: newest 1 h old"
    assert (rows["V14"].standing, rows["V14"].why) == (Standing.NOT_KNOWN, "not proven by a restore yet")
    assert rows["V15"].standing is Standing.READY
    assert rows["V17"].why == "sensed: 1 log file followed"
    assert rows["V18"].standing is Standing.GAP
    assert running.words == "ready 4 of 7, 2 gaps, 1 not known"
    assert target.words == "ready 4 of 7, 1 gap, 2 not known"
    assert not running.notes


def test_what_cannot_be_read_is_a_note_and_stops_nothing(tiny: Tiny, session: Session) -> None:
    """No file, a broken one, a huge one, a folder that is gone: one line each."""
    procedure = read_procedure_of(session)
    path = tiny.folder / "ready" / f"{tiny.former}.json"
    assert "there is no such file" in read_cards(session, procedure)[0].notes[0]
    path.write_text("{broken")
    assert f"{path}:1:2: no JSON" in read_cards(session, procedure)[0].notes[0]
    path.write_text(" " * 300_000)
    assert len(read_cards(session, procedure)[0].notes) == 1
    path.unlink()
    path.mkdir()
    assert len(read_cards(session, procedure)[0].notes) == 1
    (tiny.folder / "backups").rmdir()
    (card,) = read_cards(session, procedure)
    row = next(row for row in card.rows if row.code == "V13")
    assert row.standing is Standing.NOT_KNOWN
    assert row.why.startswith("cannot be looked at: ")


def test_what_runs_puts_its_gaps_on_record_once(tiny: Tiny, session: Session) -> None:
    """So that it can be seen later which gaps led to a rollback."""
    says(tiny, tiny.former, V1=False, V4=False)
    says(tiny, tiny.target, V1=True)
    assert [one.note for one in with_gaps(session, session.releases()) if one.note] == ["deployed with 2 gaps"]
    assert not session.incident.observations, "nothing is declared yet"
    session.declare("pages fail")
    for _ in range(2):
        with_gaps(session, session.releases())
    session.sync()
    (found,) = [(what, seen) for what, (_, seen) in session.incident.observations.items() if "readiness" in what]
    assert (found[0], found[1].ok, found[1].seen) == ("readiness of v3", False, "deployed with 2 gaps: V1, V4")
    bodies = [event.body for event in session.journal.events(session.incident.id)]
    assert sum(getattr(body, "what", "") == "readiness of v3" for body in bodies) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_the_page_shows_the_card(tiny: Tiny, session: Session, size: tuple[int, int]) -> None:
    """Glyph, word and source of each item, at every size; the history says with how many gaps it was deployed."""
    says(tiny, tiny.former, V1=False, V4=True)
    backup(tiny, 0)
    session.declare("pages fail")
    async with cockpit(session).run_test(size=size) as pilot:
        await pilot.press("3")
        await sees_joined(pilot, "deployed with 1 gap" if size[0] > 100 else "v3")
        await pilot.press("v")
        await sees_joined(pilot, "Procedure (n: next section)")
        view = pilot.app.screen.query_one(SheetView)
        await comes(pilot, lambda: any(line.look is Look.GAP for line in view.lines), "a gap")
        pages = [screen_text(pilot.app)]
        while view.top < view.last_top:
            await pilot.press("space")
            await pilot.pause()
            pages.append(screen_text(pilot.app))
        text = " ".join(" ".join(pages).replace("│", " ").replace("↳", " ").replace("█", " ").split())
        for words in (
            "runs now: v3",
            "✖ gap: V1 The full suite passes: looked at, ci,",
            "✔ ready: V4 Security scan: looked at, ci,",
            "? not known: V14 Proven to be restorable: not proven by a restore yet",
        ):
            assert words in text, words
        assert "reading how ready" not in text
        await pilot.press("q")


async def test_before_an_incident_the_page_has_it_too(tiny: Tiny) -> None:
    """Without a lease, and without anything on record."""
    says(tiny, tiny.former, V1=True)
    session = tiny.session()
    try:
        async with cockpit(session).run_test(size=(160, 48)) as pilot:
            await pilot.press("v")
            await sees_joined(pilot, "no incident is declared", "✔ ready: V1 The full suite passes: looked at, ci")
            await pilot.press("q")
        assert not session.incident.id
    finally:
        session.close()
        session.journal.close()


def test_plain_mode_says_it(tiny: Tiny, session: Session) -> None:
    """In words alone."""
    says(tiny, tiny.former, V1=False)
    session.declare("pages fail")
    operator = Scripted(["v", "q"])
    Plain(session, operator).fly()
    assert "gap: V1 The full suite passes: looked at, ci, 2026-10-02" in operator.text
    assert "ready 1 of 7" in operator.text


@pytest.mark.parametrize("program", [False, True])
def test_the_command_shows_gaps_and_refuses_nothing(tiny: Tiny, program: bool) -> None:
    """Exit status 0 with any number of gaps; nothing is recorded."""
    says(tiny, tiny.former, V1=False, V4=True)
    argv = [PYTHON, "-m", "app.cli", "procedure", "readiness", "--config", str(tiny.config), "--store", str(tiny.store)]
    code = "import sys; from app.cli import main; main(sys.argv[1:])"
    ran = subprocess.run(
        [PYTHON, "-c", code, *argv[3:], *(["--json"] if program else [])],
        env=environment(tiny),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    if program:
        (card,) = json.loads(ran.stdout)["cards"]
        assert (card["items"], card["ready"] + card["gaps"] + card["not_known"]) == (7, 7)
        assert {"code": "V1", "standing": "gap"}.items() <= card["rows"][0].items()
    else:
        assert "gap: V1 The full suite passes: looked at, ci, 2026-10-02" in ran.stdout
        assert "runs now: v3" in ran.stdout
    session = tiny.session()
    assert not session.incident.id
    session.close()
    session.journal.close()
