"""The git commit of a Compose project's folder, as git itself tells it, without asking git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from git_ground import Ground, git, make_ground
from performing import Told, local_world

from actions.model.events import EvidenceKept
from actions.model.step import Outcome
from actions.steps.compose_checkout import commit_evidence
from actions.steps.evidence import KeepEvidence


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, count=2)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("below", ["", "deploy/prod"])
def test_the_commit_is_the_one_that_git_tells(
    ground: Ground, tmp_path: Path, packed: bool, detached: bool, below: str
) -> None:
    """On a branch, packed or not, or detached; the files that prove it are kept."""
    if detached:
        git(ground.clone, "checkout", "-q", "--detach", ground.shas[0])
    if packed:
        git(ground.clone, "pack-refs", "--all")
    folder = ground.clone / below
    folder.mkdir(parents=True, exist_ok=True)
    world = local_world(tmp_path)
    words, files = commit_evidence(str(folder), world)
    commit = git(ground.clone, "rev-parse", "HEAD").strip()
    assert words == f"the folder stands at git commit {commit}"
    told = Told()
    assert KeepEvidence("Keep", "", files).run(world, told).outcome is Outcome.DONE
    names = [body.name for body in told.of(EvidenceKept)]
    assert names == ["git-HEAD.txt", *([] if detached else ["git-packed-refs.txt" if packed else "git-branch.txt"])]
    assert not any(body.private for body in told.of(EvidenceKept))


def test_no_checkout_is_said(tmp_path: Path) -> None:
    """Nobody looks for a commit that was never kept."""
    world = local_world(tmp_path)
    folder = tmp_path / "a" / "b" / "c" / "d" / "e"
    folder.mkdir(parents=True)
    assert commit_evidence(str(folder), world) == (
        "NOT kept: a git commit, as the project's folder is in no plain git checkout",
        (),
    )
    (folder / ".git").write_text("gitdir: /elsewhere\n")
    assert commit_evidence(str(folder), world)[1] == ()


def test_a_branch_without_a_commit_is_not_known(tmp_path: Path) -> None:
    """A fresh repository, and a HEAD that leads out of it."""
    world = local_world(tmp_path)
    git(tmp_path, "init", "-q")
    words, files = commit_evidence(str(tmp_path), world)
    assert words == "the folder is a git checkout whose commit is not known"
    assert [one.name for one in files] == ["git-HEAD.txt"]
    (tmp_path / ".git" / "HEAD").write_text(f"ref: refs/../../../{os.devnull}\n")
    assert commit_evidence(str(tmp_path), world)[0] == words
