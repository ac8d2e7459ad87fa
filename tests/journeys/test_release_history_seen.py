"""The release history over all sources, on the command line and in the cockpit: real git, a real record, the fake
Coolify.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from coolify_flight import Flown, flying
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from git_ground import Ground, git, make_ground
from pilot_moves import comes, hears, sees, sees_joined
from rich.cells import cell_len
from tiny_system import Tiny, build, copy, decided, finish, run
from widget_bench import screen_text

from actions.gateways.compose_environment import variables_of
from actions.gateways.repository import GitRepository
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.last_good import Standing, judge, last_good
from actions.model.release_rows import HistoryRow
from actions.steps.propose import propose
from app import golden_file
from app.cockpit import Cockpit, cockpit
from app.environment_reading import compare
from app.golden_desk import pin, unpin
from app.predeploy import Asked as PredeployAsked
from app.predeploy import run_predeploy
from app.release_behind import ReleaseBehind
from app.release_notes import notes_of
from app.release_sources import read_history
from app.releases_command import Asked, run_releases
from widgets.history import ReleaseHistory
from widgets.reason_dialog import ReasonDialog

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return build(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture
def tiny(template: Tiny, tmp_path: Path) -> Tiny:
    """v1 ran for days, v2 for four hours, v3 runs since ten minutes ago."""
    one = copy(template, tmp_path / "tiny")
    one.tell_deployments(9000, 250, 10)
    return one


def asked(tiny: Tiny, name: str = "", **more: object) -> Asked:
    return Asked(name=name, config=str(tiny.config), store=str(tiny.store), **more)  # type: ignore[arg-type]


def told(tiny: Tiny, capsys: Printed, name: str = "", **more: object) -> str:
    capsys.readouterr()
    run_releases(asked(tiny, name, **more))
    return capsys.readouterr().out


def test_the_list_says_what_ran_when_and_which_is_the_last_good_one(tiny: Tiny, capsys: Printed) -> None:
    """F02: as lines and as JSON, with the reason; nothing is made for it."""
    text = told(tiny, capsys)
    assert "good 4 h " in next(line for line in text.splitlines() if line.startswith("* v2"))
    assert "proposed: v2: last known good: its deployment was finished, live 4 h" in text
    data = json.loads(told(tiny, capsys, json=True))
    assert [(one["name"], one["standing"]) for one in data["releases"]] == [
        ("v3", "runs now"),
        ("v2", "good"),
        ("v1", "good"),
    ]
    assert (data["proposed"]["name"], data["proposed"]["known_good"]) == ("v2", True)
    assert not tiny.store.exists()


def test_what_counts_as_long_enough_is_configured(tiny: Tiny, capsys: Printed) -> None:
    """A day is needed: v2 is passed over, and it is said why."""
    tiny.add_to_config('\n[releases]\nhealthy = "1d"\n')
    text = told(tiny, capsys)
    assert "proposed: v1: last known good" in text
    assert "not v2: was live for 4 h only, less than 24 h" in text
    tiny.config.write_text(tiny.config.read_text().replace('"1d"', '"soon"'))
    with pytest.raises(BadInput, match="healthy"):
        run_releases(asked(tiny))


def test_one_release_in_full(tiny: Tiny, capsys: Printed) -> None:
    """H01: its life, the difference to what runs, every fact with its source; by a name or the beginning of an id."""
    text = told(tiny, capsys, tiny.target[:12])
    for words in ("v2: good", "1 file, +1 -1 from what runs", f"commit: {tiny.target} (git", "author: Ada Admin"):
        assert words in text
    with pytest.raises(BadInput, match="there is no such release"):
        run_releases(asked(tiny, "v99"))
    for wrong in ({"golden": "v1", "not_golden": "v1"}, {"label": "x"}, {"limit": 0}, {"option": "compose"}):
        with pytest.raises(BadInput):
            run_releases(asked(tiny, **wrong))


def test_a_golden_pin_is_kept_said_and_taken_back(tiny: Tiny, capsys: Printed) -> None:
    """R07: by name, who and when, in a file for its owner alone; proposed before all others, in the plan's notes."""
    assert "pinned as golden as last year" in told(tiny, capsys, golden="v1", label="last year")
    path = tiny.store / golden_file.NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = told(tiny, capsys)
    assert "GOLDEN (last year)" in next(line for line in text.splitlines() if line.startswith("* v1"))
    session = tiny.session()
    decided(session)
    proposal = propose(session.releases(), read_history(session, session.releases(), "git"))
    assert proposal.golden
    assert proposal.release is not None
    notes = session.draw(proposal.release).notes
    assert [note.code for note in notes].count("golden") == 1
    assert any("golden as last year: pinned by" in note.text for note in notes)
    # What is pinned while an incident is open stands in its record, before it stands in the file.
    release = next(one for one in session.releases() if one.name == "v2")
    pin(session, release, "tonight")
    unpin(session, release)
    said = [event.data["text"] for event in session.journal.events(session.incident.id) if event.kind == "note"]
    assert said[-2:] == [
        f"v2 ({tiny.target[:10]}) pinned as golden as tonight",
        f"v2 ({tiny.target[:10]}) is golden no more",
    ]
    with pytest.raises(Refused):
        unpin(session, release)
    session.close()
    session.journal.close()
    assert len(path.read_bytes().splitlines()) == 3, "appended to, never rewritten"
    told(tiny, capsys, not_golden="v1")
    assert "proposed: v2" in told(tiny, capsys)


def test_names_of_any_script_keep_the_columns(tiny: Tiny, capsys: Printed) -> None:
    """A wide letter takes two cells: what stands behind the name stays under its like."""
    git(tiny.ground.clone, "tag", "-d", "v1")
    git(tiny.ground.clone, "tag", "版本一", tiny.ground.shas[0])
    rows = [line for line in told(tiny, capsys).splitlines() if line[2:].startswith(("v", "版本一"))]
    starts = {cell_len(line[: line.index(" 2026-")]) for line in rows}
    assert (len(rows), len(starts)) == (3, 1), rows


def test_a_damaged_file_of_pins_costs_one_line_and_no_list(tiny: Tiny, capsys: Printed) -> None:
    """A line cut off by a full disk is named; the next pin is whole; a link in its place is refused."""
    told(tiny, capsys, golden="v1")
    path = tiny.store / golden_file.NAME
    with path.open("ab") as file:
        file.write(b'{"system": "ti')
    text = told(tiny, capsys)
    assert f"! not read: golden: {path}: line 2 cannot be read and counts as no pin" in text
    assert "* v1" in text
    told(tiny, capsys, golden="v2")
    pins, trouble = golden_file.read(tiny.store, "tiny", drill=True)
    assert ([one.name for one in pins], "line 2" in trouble) == (["v2", "v1"], True)
    path.rename(path.with_suffix(".old"))
    path.symlink_to(path.with_suffix(".old"))
    with pytest.raises(GoaroundError, match=r"golden\.jsonl cannot be written"):
        run_releases(asked(tiny, golden="v1"))


def test_what_an_incident_went_back_from_is_bad_and_what_it_proved_says_so(tiny: Tiny) -> None:
    """F02: flown to its end; the next one knows from the record which release is bad and which one was proven."""
    session = tiny.session()
    decided(session)
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    finish(session)
    incident = session.incident.id
    found = read_history(session, session.releases(), "git")
    session.close()
    session.journal.close()
    rows = {row.release.name: row for row in found.rows()}
    assert judge(found, rows["v3"]).standing is Standing.INCIDENT
    assert rows["v3"].fled[0].incident == incident
    assert rows["v2"].proven[0].incident == incident
    assert any(life.source == "record" or "record" in life.source for life in rows["v2"].lives)
    good = last_good(found)
    assert good.row is not None
    assert good.row.release.name == "v1"


def test_older_ones_are_read_from_the_source_when_they_are_asked_for(tiny: Tiny, capsys: Printed) -> None:
    """Paging: as many as are asked for, not only the newest two hundred."""
    parts = ["reset refs/heads/long\n"]
    for n in range(700):
        parts.append(f"commit refs/heads/long\ncommitter A <a@b> {1700000000 + n * 60} +0000\ndata 3\nc{n % 10}\n\n")
    git(tiny.ground.remote, "fast-import", "--quiet", stdin="".join(parts).encode())
    git(tiny.ground.clone, "fetch", "-q")
    few = json.loads(told(tiny, capsys, json=True))
    many = json.loads(told(tiny, capsys, json=True, limit=650))
    assert (len(few["releases"]), len(many["releases"])) == (50, 650)


def test_a_difference_in_numbers(tmp_path: Path) -> None:
    """Files and lines between two commits; a binary file counts without lines, a commit that is not there is said."""
    ground: Ground = make_ground(tmp_path)
    work = tmp_path / "work"
    (work / "a\tb.bin").write_bytes(b"\0\1\2")
    (work / "shop" / "migrations").mkdir(parents=True)
    (work / "shop" / "migrations" / "0001_x.py").write_text("one\ntwo\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "more")
    sha = git(work, "rev-parse", "HEAD")
    found = GitRepository(str(work)).difference(ground.shas[0], sha)
    assert found.words() == "3 files, +3 -1"
    assert "shop/migrations/0001_x.py" in found.paths
    with pytest.raises(BadInput):
        GitRepository(str(work)).difference(ground.shas[0], "0" * 40)


def test_variables_of_a_resolved_compose_configuration() -> None:
    """Both generations, both forms; what is passed on from a shell has no value."""
    web = '{"A": "1", "B": null, "T": true}'
    same = f'{{"services": {{"web": {{"environment": {web}}}, "db": {{"environment": ["C=x=y", "D"]}}}}}}'
    yaml = "services:\n  web:\n    environment:\n      A: '1'\n      B: null\n      T: true\n"
    yaml += "  db:\n    environment: [C=x=y, D]\n"
    wanted = {"web.A": "1", "web.B": None, "web.T": "true", "db.C": "x=y", "db.D": None}
    assert variables_of(yaml) == variables_of(same) == wanted
    with pytest.raises(GoaroundError):
        variables_of("{")


# -- Coolify and git together ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("ground"))


def with_git(ground: Ground) -> str:
    return ground.table('deploy = ["true", "{ref}"]')


def variables(coolify: FakeCoolify, app: App) -> None:
    coolify.add_variable(app, "DEBUG", "canary-one", twin=False)
    coolify.add_variable(app, "STAYS", "canary-two", twin=False)


def rows(flown: Flown) -> dict[str, HistoryRow]:
    found = read_history(flown.session, flown.session.releases(), "coolify")
    return {row.release.commit: row for row in found.rows()}


def test_coolify_and_git_are_one_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
    """Deployments get the message and the tag of their commit; a tag that was never deployed stands among them; what
    one of them does not answer hides nothing of the other."""
    old, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=with_git(ground)) as flown:
        found = rows(flown)
        assert found[good].sources == ("coolify", "git")
        assert "v2" in {fact.said for fact in found[good].facts if fact.what == "called"}
        assert (found[good].own, found[old].own) == (True, False)
        history = read_history(flown.session, flown.session.releases(), "coolify")
        assert judge(history, found[good]).good
        proposal = propose(flown.session.releases(), history)
        assert (proposal.release.commit if proposal.release else "", proposal.known_good) == (good, True)
        (ground.clone / ".git").rename(ground.clone / ".gone")
        try:
            broken = read_history(flown.session, flown.session.releases(), "coolify")
        finally:
            (ground.clone / ".gone").rename(ground.clone / ".git")
        assert len(broken.shown()) == 2
        assert broken.errors[0].startswith("git: ")


def test_the_environment_then_and_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
    """S12: what `predeploy` kept while it ran, against what Coolify tells now: names in the plan and in the sheet, no
    value in any file."""
    _, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=good, setup=variables) as flown:
        status = run_predeploy(PredeployAsked(str(flown.folder / "goaround.toml"), str(flown.folder / "store")))
        assert status == 0, "the image that runs is kept by Coolify"
        kept = next((flown.folder / "store" / "predeploy").iterdir())
        assert json.loads(kept.read_text())["variables"]["marks"].keys() == {"DEBUG", "STAYS"}
        flown.coolify.has_deployed(flown.app, bad, "The bad one")
        early = flown.session
        same = notes_of(early.journal, early.settings, early.world(), flown.release(good))
        assert [(note.code, note.is_warning) for note in same] == [("environment-same", False)]
        flown.coolify.add_variable(flown.app, "ADDED", "canary-three", twin=False)
        row = next(one for one in flown.app.variables if one.key == "DEBUG")
        row.value = "canary-four"
        plan = flown.drawn(good)
        words = next(note for note in plan.notes if note.code == "environment-changed")
        assert "1 changed (DEBUG), 1 added since (ADDED)" in words.text
        assert words.is_warning
        session = flown.session
        history = read_history(session, session.releases(), "coolify")
        found = history.of(good)
        assert found is not None
        behind = ReleaseBehind(session).read(history, found)
        assert "1 changed (DEBUG), 1 added since (ADDED)" in behind.environment
        assert behind.environment_differs
        other = history.of(bad)
        assert other is not None
        nothing = compare(session.settings, session.world(), session.journal, other.release, other.lives, "coolify")
        assert nothing.found is None
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", "*/envs", times=9)
        again = session.draw(flown.release(good), "coolify")
        assert "environment-unknown" in [note.code for note in again.notes], "it is said, and stands in nobody's way"
        for path in (flown.folder / "store").rglob("*"):
            if path.is_file():
                assert b"canary" not in path.read_bytes(), path
                assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def line_of(app: Cockpit, name: str) -> str:
    """The line of the screen with this name."""
    return next((line for line in screen_text(app).splitlines() if name in line), "")


# -- in the cockpit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_the_pane_proposes_explains_and_pins(
    tiny: Tiny, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cursor stands on the last known good one; x opens its sheet with the difference, P pins it by name."""
    monkeypatch.setattr("widgets.dialog.DEAF_S", 0.0)
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    app = cockpit(session, ascii=False)
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.press("3")
            pane = app.screen.query_one(ReleaseHistory)
            await comes(pilot, lambda: "✔ good" in screen_text(app))
            await comes(pilot, lambda: pane.highlighted is not None and pane.highlighted.name == "v2")
            await comes(pilot, lambda: pane.behind == "1 file, +1 -1 from what runs")
            await sees(pilot, "last good: deployed well, live 4 h")
            await comes(pilot, lambda: "→ last g" in line_of(app, "v2 "))
            await pilot.press("x")
            await comes(pilot, lambda: "Release v2" in screen_text(app))
            await comes(pilot, lambda: "v2: good" in screen_text(app))
            await pilot.press("x")
            await comes(pilot, lambda: "Release v2" not in screen_text(app))
            await pilot.press("P")
            await comes(pilot, lambda: "Pin v2 as golden" in screen_text(app))
            await pilot.press(*"best", "enter")
            await comes(pilot, lambda: "★ golden" in screen_text(app))
            await comes(pilot, lambda: "→ propos" in line_of(app, "v2 "))
            await pilot.press("P")
            await comes(pilot, lambda: "v2 is golden" in screen_text(app))
            await pilot.press("enter")
            await comes(pilot, lambda: "★ golden" not in screen_text(app))
    finally:
        notes = [event.data["text"] for event in session.journal.events(session.incident.id) if event.kind == "note"]
        session.close()
        session.journal.close()
    assert notes[0].endswith("pinned as golden as best")
    assert notes[1].endswith("is golden no more")


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_a_release_is_found_in_its_pane_and_a_line_in_the_logs(tiny: Tiny, size: tuple[int, int]) -> None:
    """`/` asks for what the pane holds that has the focus; what is nowhere is said, and n is the cockpit's again."""
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    app = cockpit(session, ascii=False)
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.press("3")
            pane = app.screen.query_one(ReleaseHistory)
            await comes(pilot, lambda: pane.highlighted is not None and pane.highlighted.name == "v2")
            await pilot.press("slash")
            dialog = await hears(pilot, ReasonDialog)
            assert dialog.heading == "Find a release"
            await pilot.press(*tiny.former[:9], "enter")
            await comes(pilot, lambda: pane.highlighted is not None and pane.highlighted.commit == tiny.former)
            await sees(pilot, f"find: {tiny.former[:9]}")
            await pilot.press("n")
            await sees_joined(pilot, "none below")
            await pilot.press("slash")
            await hears(pilot, ReasonDialog)
            await pilot.press(*["backspace"] * 9, *"v99", "enter")
            await sees_joined(pilot, "no release holds 'v99'")
            await pilot.press("slash")
            await hears(pilot, ReasonDialog)
            await pilot.press(*["backspace"] * 3, "enter", "n")
            await comes(pilot, lambda: app.focused is not None and app.focused.id == "checklist")
            await pilot.press("4", "slash")
            assert (await hears(pilot, ReasonDialog)).heading == "Find in the logs"
    finally:
        session.close()
        session.journal.close()


async def test_a_source_that_fails_is_named_over_the_list(tiny: Tiny) -> None:
    """The history of incidents and pins stands beside what git tells; a bad file of pins is named in the border."""
    os.makedirs(tiny.store, mode=0o700)
    (tiny.store / golden_file.NAME).write_bytes(b"garbage\n")
    session = tiny.session()
    app = cockpit(session, ascii=False)
    try:
        async with app.run_test(size=(160, 48)) as pilot:
            await sees(pilot, "! not read: golden", "v2")
    finally:
        session.close()
        session.journal.close()


async def test_what_another_source_alone_knows_is_not_gone_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    """Enter on a tag that Coolify never deployed says who knows it; nothing is drawn."""
    old, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=with_git(ground)) as flown:
        session = flown.session
        assert session.take_lease()
        session.declare("pages fail")
        app = cockpit(session, ascii=False)
        async with app.run_test(size=(160, 48)) as pilot:
            await pilot.press("3")
            pane = app.screen.query_one(ReleaseHistory)
            await comes(pilot, lambda: "git only" in screen_text(app))
            pane.highlight(old)
            await pilot.press("enter")
            await comes(pilot, lambda: "coolify does not know v1: only git tells of it" in screen_text(app))
        assert session.incident.plan is None


async def test_when_the_way_back_in_use_fails_the_others_are_still_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    """Coolify is down: what git knows stands there, the border says who could not be read, and nothing is proposed."""
    _, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=with_git(ground)) as flown:
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", "*", times=999)
        app = cockpit(flown.session, ascii=False)
        async with app.run_test(size=(160, 48)) as pilot:
            await sees(pilot, "git only", "not read: coolify")


def test_a_step_that_ran_is_seen_by_the_history(tiny: Tiny) -> None:
    """After a deployment of ours, what was compared with what ran before is read anew."""
    session = tiny.session()
    decided(session)
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    behind = ReleaseBehind(session)
    history = read_history(session, session.releases(), "git")
    row = history.of(tiny.target)
    assert row is not None
    assert behind.difference(history, row).words() == "1 file, +1 -1 from what runs"
    for step in session.incident.plan.steps if session.incident.plan else ():
        if run(session, step.code) != "done":
            break
    history = read_history(session, session.releases(), "git")
    row = history.of(tiny.target)
    assert row is not None
    assert behind.difference(history, row).words() == "it runs now"
    session.close()
    session.journal.close()


async def test_scrolling_to_the_end_reads_older_ones(tiny: Tiny) -> None:
    """The list pages from its source: near its end it reads further back, and stays where it was looked at."""
    parts = ["reset refs/heads/long\n"]
    for n in range(700):
        parts.append(f"commit refs/heads/long\ncommitter A <a@b> {1700000000 + n * 60} +0000\ndata 3\nc{n % 10}\n\n")
    git(tiny.ground.remote, "fast-import", "--quiet", stdin="".join(parts).encode())
    git(tiny.ground.clone, "fetch", "-q")
    session = tiny.session()
    app = cockpit(session, ascii=False)
    try:
        async with app.run_test(size=(160, 48)) as pilot:
            pane = app.screen.query_one(ReleaseHistory)
            await comes(pilot, lambda: pane.more)
            first = len(pane.releases)
            await pilot.press("3", "G")
            await comes(pilot, lambda: len(pane.releases) > 3 * first)
            last = pane.releases[first - 1].identity
            assert pane.highlighted is not None
            assert pane.highlighted.identity == last, "the cursor stays on its release"
            await comes(pilot, lambda: not app.screen.reading_releases)  # type: ignore[attr-defined]
            await pilot.press("G")
            await comes(pilot, lambda: not pane.more)
            await comes(pilot, lambda: len(pane.releases) == 703, lambda: len(pane.releases))
    finally:
        session.close()
        session.journal.close()


def test_the_environment_that_an_incident_kept_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    """What an incident saved while a release ran tells later what is another one; by name, never by value."""
    _, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=with_git(ground), setup=variables) as flown:
        flown.drawn(good)
        assert flown.run("B1") == "done"
        next(one for one in flown.app.variables if one.key == "STAYS").value = "canary-other"
        session = flown.session
        history = read_history(session, session.releases(), "coolify")
        row = history.of(bad)
        assert row is not None
        found = compare(session.settings, session.world(), session.journal, row.release, row.lives, "coolify")
        assert found.found is not None
        assert (found.found.changed, found.found.same) == (("STAYS",), 1)
        assert found.why.endswith(f"of coolify by {session.incident.id}")
        assert "canary" not in found.words()


async def test_a_list_that_is_there_stays_when_it_cannot_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    """Older ones are asked for and Coolify does not answer: its releases stay, and the border says what failed."""
    _, good, bad = ground.shas
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=with_git(ground)) as flown:
        app = cockpit(flown.session, ascii=False)
        async with app.run_test(size=(160, 48)) as pilot:
            pane = app.screen.query_one(ReleaseHistory)
            await comes(pilot, lambda: "git only" in screen_text(app))
            held = pane.highlighted
            flown.coolify.fail(Fault.STATUS_BEFORE, "GET", "*", times=999)
            app.screen.read_releases()  # type: ignore[attr-defined]
            await comes(pilot, lambda: "not read: coolify" in screen_text(app))
            assert {good, bad} <= {one.identity for one in pane.releases}
            assert pane.highlighted == held
