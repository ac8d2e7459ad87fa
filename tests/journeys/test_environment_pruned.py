"""Values that were kept before deployments go away by themselves, never while an undo or a plan may need them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from environment_ground import KEEP, changed, kept, note, predeploy, row, variables
from tiny_system import decided

from actions.model import events as ev
from actions.model.golden import Pin
from app import golden_file
from app.predeploy_files import read_all

SEVERAL = [f"{number:x}" * 40 for number in range(3, 9)]
Printed = pytest.CaptureFixture[str]


def keeping(count: int) -> str:
    return f"{KEEP}keep_releases = {count}\n"


def there(flown: Flown) -> list[str]:
    """Releases of which values lie in the store, oldest first; a file is named by the record alone."""
    folder = flown.folder / "store" / "predeploy" / "values"
    files = {f"private/{one.name}" for one in (folder / "private").iterdir()}
    named = [
        (one.release.commit, one.values.path)
        for one in read_all(flown.folder / "store")
        if one.release is not None and one.values is not None
    ]
    assert files <= {path for _, path in named}, "nothing else lies there"
    return [commit for commit, path in reversed(named) if path in files]


def deployed(flown: Flown, *commits: str) -> None:
    """One after the other, each with its own run of `predeploy` before the next."""
    for commit in commits:
        flown.coolify.has_deployed(flown.app, commit, "A release")
        assert predeploy(flown) == 0


def test_the_newest_releases_keep_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    """So many releases as configured; of each the newest file; the records stay, with names and marks."""
    with flying(tmp_path / "shop", monkeypatch, more=keeping(3), setup=variables) as flown:
        deployed(flown, *SEVERAL[:3])
        assert there(flown) == SEVERAL[:3]
        assert "removed" not in capsys.readouterr().out
        deployed(flown, SEVERAL[3])
        assert there(flown) == SEVERAL[1:4]
        assert "removed: the values kept of 1 earlier runs (environment.keep_releases)" in capsys.readouterr().out
        assert predeploy(flown) == 0
        assert there(flown) == SEVERAL[1:4], "a run that is repeated takes nobody's place"
        records = [*read_all(flown.folder / "store")]
        assert len(records) == 5
        assert all(one.variables is not None and one.variables.marks["DEBUG"] for one in records)


def test_a_golden_release_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one that is gone back to: it counts beside the newest."""
    with flying(tmp_path / "shop", monkeypatch, more=keeping(1), setup=variables) as flown:
        deployed(flown, SEVERAL[0])
        (record,) = read_all(flown.folder / "store")
        assert record.release is not None
        pin = Pin("shop", record.release.identity, "v3", record.at, "ops1", commit=SEVERAL[0], drill=True)
        golden_file.append(flown.folder / "store", pin)
        deployed(flown, *SEVERAL[1:3])
        assert there(flown) == [SEVERAL[0], SEVERAL[2]]


def test_what_is_golden_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    """Then nothing is removed, and it is said why."""
    with flying(tmp_path / "shop", monkeypatch, more=keeping(1), setup=variables) as flown:
        deployed(flown, SEVERAL[0])
        (flown.folder / "store" / golden_file.NAME).write_text("{not a pin\n")
        deployed(flown, SEVERAL[1])
        assert there(flown) == SEVERAL[:2]
        assert "values kept of earlier releases stay: " in capsys.readouterr().out


def test_nothing_goes_while_a_record_is_open_or_parked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    """The plan of an open record names a file, the undo of a step may be repeated, a new plan may want another one."""
    with kept(tmp_path / "shop", monkeypatch, keeping(1)) as flown:
        flown.drawn()
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        deployed(flown, *SEVERAL[:2])
        assert there(flown) == [GOOD, *SEVERAL[:2]]
        incident = flown.session.incident.id
        assert f"values kept of 2 earlier runs stay while {incident} is open" in capsys.readouterr().out
        assert flown.run("B5", undo=True) == "done", flown.said
        flown.session.record(ev.IncidentParked("not recovered", "later"))
        deployed(flown, SEVERAL[2])
        assert there(flown) == [GOOD, *SEVERAL[:3]]
        assert f"values kept of 3 earlier runs stay while {incident} is parked" in capsys.readouterr().out
        before = [*(flown.folder / "store" / "incidents").rglob("coolify-environment*")]
        flown.session.record(ev.Closed("not recovered", "later"))
        deployed(flown, SEVERAL[3])
        assert there(flown) == [SEVERAL[3]]
        assert [*(flown.folder / "store" / "incidents").rglob("coolify-environment*")] == before, "evidence stays"


def test_another_systems_values_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems may share a store: each counts its own."""
    with flying(tmp_path / "shop", monkeypatch, more=keeping(1), setup=variables) as flown:
        deployed(flown, SEVERAL[0])
        (path,) = (flown.folder / "store" / "predeploy").glob("*.json")
        data = json.loads(path.read_text())
        path.write_text(json.dumps({**data, "system": "other"}))
        deployed(flown, *SEVERAL[1:3])
        assert there(flown) == [SEVERAL[0], SEVERAL[2]]


def test_values_that_are_gone_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs is still known by the marks; why no step sets it back is a note with the next move."""
    with flying(tmp_path / "shop", monkeypatch, good=BAD, bad=GOOD, more=keeping(1), setup=variables) as flown:
        assert predeploy(flown) == 0
        deployed(flown, SEVERAL[0])
        assert there(flown) == [SEVERAL[0]]
        flown.coolify.has_deployed(flown.app, BAD, "The bad one")
        changed(flown)
        decided(flown.session)
        plan = flown.session.draw(flown.release(GOOD), "coolify")
        assert plan.step("B5") is None
        assert "DEBUG" in note(plan, "environment-changed")
        told = note(plan, "environment-stays")
        assert told.startswith("DEBUG, DSN, PEM: others than the target ran with")
        assert told.endswith("not there any more ([environment] keep_releases = 1); set them by hand")
        row(flown, "DEBUG").value = "canary-debug-then"


def test_a_bad_number_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeping none is what `keep = false` is for."""
    from actions.model.errors import GoaroundError

    with (
        pytest.raises(GoaroundError, match="keep_releases"),
        flying(tmp_path / "shop", monkeypatch, more=keeping(0), setup=variables),
    ):
        pass
