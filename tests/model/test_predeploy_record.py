"""The record of a moment before a deployment: its numbers, its way through JSON, and which one counts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.errors import GoaroundError
from actions.model.predeploy import (
    Gap,
    KeptState,
    Predeploy,
    ProbeBaseline,
    ReverseSql,
    baseline_of,
    newest_before,
    percentile,
)
from actions.model.release import Release, WayBack
from app.predeploy_files import baselines, newest, read_all, write

WHOLE = Predeploy(
    system="obcms",
    environment="production",
    at="2026-11-22T10:00:00.000000Z",
    option="compose",
    release=Release("2026.8", "ab" * 20, {"web": "sha256:" + "cd" * 32}, way_back=WayBack.RUNNING),
    new="app:2026.9",
    probes=(ProbeBaseline("health", 20, 19, 12, 40, "503"), ProbeBaseline("slow", 3, 0, detail="no answer")),
    migrations=(ReverseSql("shop.0002_x", "BEGIN;\nALTER …;\nCOMMIT;", False, ("RunPython",), (), ("column a.b",)),),
    kept=(KeptState("snapshot", "obcms_snap_1", "2026-11-22T10:00:01.000000Z", 9, pause_ms=80),),
    protected={"goaround/keep:x": "sha256:" + "cd" * 32},
    gaps=(Gap("probe-fails", "words", blocks=False),),
)


def test_there_and_back() -> None:
    """What is read is what was written; a file of another format is refused by name."""
    data = json.loads(json.dumps(WHOLE.to_json()))
    assert Predeploy.from_json(data) == WHOLE
    assert data["way_back"] is True
    with pytest.raises(ValueError, match="another version"):
        Predeploy.from_json({**data, "format": 2})


def test_a_gap_that_blocks_is_no_way_back() -> None:
    """Warnings do not block; one missing part does."""
    assert WHOLE.way_back
    one = replace(WHOLE, gaps=(*WHOLE.gaps, Gap("no-backup", "nothing to restore from", next="make one")))
    assert not one.way_back
    assert one.gaps[1].line() == "[no-backup] nothing to restore from (next: make one)"


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_a_percentile_is_one_of_the_values(values: list[int]) -> None:
    """So many of a hundred are not above it, and fewer are not above the next smaller value."""
    for percent in (50, 95):
        found = percentile(values, percent)
        assert found in values
        assert sum(value <= found for value in values) * 100 >= percent * len(values)
        assert sum(value < found for value in values) * 100 < percent * len(values)


def test_a_baseline_needs_answers() -> None:
    """Of answers that pass alone; of too few there is none."""
    many = [(True, ms, "200") for ms in range(1, 21)]
    assert baseline_of("p", [*many, (False, 9000, "503")]) == ProbeBaseline("p", 21, 20, 10, 19, "503")
    assert baseline_of("p", many[:4]) == ProbeBaseline("p", 4, 4)
    assert baseline_of("p", []) == ProbeBaseline("p", 0, 0)


def test_the_one_before_a_moment(tmp_path: Path) -> None:
    """Of this system, not after the moment; what is no record is passed over."""
    moments = [f"2026-11-2{day}T10:00:00.000000Z" for day in range(1, 5)]
    records = [
        replace(WHOLE, at=at, probes=(ProbeBaseline("health", 20, 20, 1, day),)) for day, at in enumerate(moments)
    ]
    paths = [write(tmp_path, one) for one in records]
    write(tmp_path, replace(records[3], system="other", at="2026-11-23T10:00:00.500000Z"))
    (paths[0].parent / "2026.json").write_text("{")
    assert newest_before(records, moments[2]) == records[2]
    assert newest_before(records, "2026-11-20T00:00:00.000000Z") is None
    assert newest(tmp_path, "2026-11-23T11:00:00.000000Z", "obcms") == records[2]
    assert baselines(tmp_path, "2026-11-23T11:00:00.000000Z", "obcms") == {"health": 2}
    assert baselines(tmp_path, "2026-11-23T11:00:00.000000Z") == {"health": 3}
    assert baselines(tmp_path, "2026-11-20T00:00:00.000000Z") == {}
    assert baselines(tmp_path / "nowhere", moments[3]) == {}
    assert len(list(read_all(tmp_path))) == 5


def test_where_it_lies(tmp_path: Path) -> None:
    """For its owner alone, whatever the umask; nothing but whole files; a store that cannot be is one clear line."""
    before = os.umask(0)
    try:
        path = write(tmp_path / "store", WHOLE)
    finally:
        os.umask(before)
    assert path.name == "20261122T100000.000000Z.json"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    (tmp_path / "file").touch()
    with pytest.raises(GoaroundError, match="cannot be written"):
        write(tmp_path / "file", WHOLE)
