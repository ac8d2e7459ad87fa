"""Keeping evidence: each item is tried, and done means that all were kept."""

from __future__ import annotations

import gzip
from pathlib import Path

from performing import Told, local_world

from actions.model.effect import CollectFile, CollectOutput
from actions.model.events import EffectFinished, EvidenceKept
from actions.model.step import Happened, Outcome, Risk
from actions.steps.evidence import KeepEvidence


def logs(*scripts: str) -> tuple[CollectOutput, ...]:
    return tuple(CollectOutput("local", ("sh", "-c", script), f"{n}.log") for n, script in enumerate(scripts))


def step(*collects: CollectOutput | CollectFile) -> KeepEvidence:
    return KeepEvidence("Keep the logs", "all logs are kept", collects)


def test_all_items_are_kept(tmp_path: Path) -> None:
    """Commands and files; the facts name each with its hash."""
    (tmp_path / "app.log").write_text("line\n")
    told = Told()
    result = step(*logs("echo a"), CollectFile("local", str(tmp_path / "app.log"), "app.log")).run(
        local_world(tmp_path), told
    )
    assert result.outcome is Outcome.DONE
    assert result.summary == "2 of 2 kept"
    for kept in told.of(EvidenceKept):
        assert result.facts[f"evidence {kept.name}"] == kept.sha256
    assert gzip.decompress((tmp_path / "evidence/app.log.gz").read_bytes()) == b"line\n"


def test_one_that_fails_does_not_cost_the_others(tmp_path: Path) -> None:
    """The next step destroys them all: whatever can be kept is kept, and the row is red."""
    told = Told()
    result = step(*logs("echo a", "exit 3", "echo c")).run(local_world(tmp_path), told)
    assert result.outcome is Outcome.FAILED
    assert result.summary.startswith("2 of 3 kept; effect 2 of 3: ")
    assert [body.ok for body in told.of(EffectFinished)] == [True, False, True]
    assert [body.name for body in told.of(EvidenceKept)] == ["0.log", "2.log"]


def test_the_operator_ends_it_between_two(tmp_path: Path) -> None:
    """What was kept stays."""
    told = Told()
    told.stop_when = lambda: len(told.of(EffectFinished)) == 1
    result = step(*logs("echo a", "echo b")).run(local_world(tmp_path), told)
    assert result.outcome is Outcome.TERMINATED
    assert result.facts["kept"] == "1 of 2"


def test_running_it_again_keeps_a_second_copy(tmp_path: Path) -> None:
    """After a crash it is simply run again: nothing kept is written over."""
    row = step(*logs("echo a"))
    world = local_world(tmp_path)
    assert row.check(world).happened is Happened.NO
    for _ in range(2):
        assert row.run(world, Told()).outcome is Outcome.DONE
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == ["0-2.log.gz", "0.log.gz"]
    assert row.risk is Risk.READ
    assert "stays" in row.leaves()
