"""`goaround run --noop`: everything that would run is printed, and nothing is run, recorded or taken."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from git_ground import git
from tiny_system import Tiny, begin_deploy, build, decided, environment, settle

GOAROUND = Path(sys.executable).with_name("goaround")


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


def noop(tiny: Tiny, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    argv = [str(GOAROUND), "run", "--noop", "--config", str(tiny.config), "--store", str(tiny.store), *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environment(tiny, **variables), timeout=60)


def everything(folder: Path) -> dict[str, str]:
    """Path -> sha256 of every file of the system, the remote and the store."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("journal.sqlite3-")
    }


def test_the_whole_plan_is_printed_and_nothing_is_touched(tiny: Tiny) -> None:
    """R04: every step with its risk, its exact command, its undo; and not one byte anywhere is another afterwards."""
    before = everything(tiny.folder)
    done = noop(tiny)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    text = done.stdout
    assert text.startswith("NOOP DRILL  tiny on local: what would run to go back to v2")
    assert text.rstrip().endswith("NOTHING WAS RUN, AND NOTHING WAS RECORDED.")
    for code in ("B1", "B2", "X1", "X2", "X3"):
        assert f"\n{code} " in text
    assert f"{tiny.target}^{{commit}}:refs/heads/rollback-emergency-" in text
    assert f"  run    {tiny.folder}/deploy rollback-emergency-" in text
    assert "(reversible)" in text
    assert "    undo:" in text
    assert "    expect the deploy command ends with 0" in text
    assert f"must tell {tiny.target}, within 120 s" in text
    assert "the branch (and rollback-emergency-" in text
    assert everything(tiny.folder) == before
    assert not tiny.store.exists(), "looking makes no store"


def test_what_is_printed_is_what_would_run(tiny: Tiny) -> None:
    """Shown, then done: the same drawer, so the effects differ from the real plan's in what is drawn by time alone."""
    told = json.loads(noop(tiny, "--json").stdout)
    assert (told["noop"], told["option"], told["target"]["name"]) == (True, "git", "v2")
    assert told["plan"]["target"]["commit"] == tiny.target
    assert [step["code"] for step in told["steps"]] == ["B1", "B2", "X1", "X2", "X3", "Z4", "Z5"]
    session = tiny.session()
    decided(session)
    plan = session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    branch, drawn = plan.drawn["branch"], told["plan"]["drawn"]["branch"]
    real = [[line for effect in step.effects for line in effect.lines()] for step in plan.steps if step.code == "X1"]
    assert [line.replace(drawn, branch) for line in told["steps"][2]["effects"]] == real[0]
    assert told["steps"][3]["undo"]
    assert len(told["digest"]) == 64
    session.close()
    session.journal.close()


def test_a_release_is_named_by_its_name_or_its_commit(tiny: Tiny) -> None:
    """Any release can be looked at; one that is not there is bad input, with the names that are."""
    first = tiny.ground.shas[0]
    for word in ("v1", first, first[:8]):
        done = noop(tiny, "--target", word)
        assert done.returncode == 0, done.stderr
        assert f"target    {first}" in done.stdout
        assert "(as named)" in done.stdout
    done = noop(tiny, "--target", "v9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--target v9: there is no such release: there are: v3, v2, v1" in done.stderr


def test_no_plan_is_a_failed_check_with_its_reason(tiny: Tiny) -> None:
    """Exit status 1 when nothing can be drawn, as text and as JSON; 2 for what was said wrongly."""
    done = noop(tiny, "--target", "v3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "v3 runs already" in done.stderr
    done = noop(tiny, "--target", "v3", "--json")
    assert json.loads(done.stdout)["error"]["code"] == "target-runs"
    for words, said in (
        (("--option", "compose"), "--option compose: configured are git"),
        (("--start-at", "X2", "--reason", "x"), "--start-at and --noop contradict each other"),
        (("--take-over", "x"), "--take-over and --noop contradict each other"),
    ):
        done = noop(tiny, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


def test_it_looks_on_while_somebody_else_flies(tiny: Tiny) -> None:
    """No lease is taken and nothing is recorded, even while a deployment of somebody else is under way."""
    session = tiny.session()
    begin_deploy(session, tiny)
    session.sync()
    head = session.incident.head_seq
    refs = git(tiny.ground.clone, "ls-remote", "origin")
    done = noop(tiny)
    assert done.returncode == 0, done.stderr
    assert f"open      {session.incident.id}; ops1 from " in done.stdout
    assert ": it is left alone" in done.stdout
    session.sync()
    assert session.incident.head_seq == head
    assert session.driver
    assert git(tiny.ground.clone, "ls-remote", "origin") == refs
    tiny.let_go()
    settle(session)
    session.close()
    session.journal.close()


def test_a_secret_in_clear_text_is_refused_as_in_flight(tiny: Tiny) -> None:
    """What may not be recorded is not printed either."""
    tiny.add_to_config('[[probe]]\nname = "p"\nurl = "http://127.0.0.1:1/"\nheaders = { A = "${env:TINY_SECRET}" }\n')
    text = tiny.config.read_text().replace('"{ref}"]', '"{ref}", "hunter2-hunter2"]')
    tiny.config.write_text(text)
    done = noop(tiny, TINY_SECRET="hunter2-hunter2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the plan would hold a secret" in done.stderr
    assert "hunter2" not in done.stderr
