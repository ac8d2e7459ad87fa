"""Coolify and a clone of the repository: what may go on again and when, and the git option carried out by Coolify."""

from __future__ import annotations

from pathlib import Path

import pytest
from coolify_flight import flying
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from git_ground import Ground, commit, git, make_ground
from tiny_system import moved_on

from actions.model.errors import Refused


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    folder = tmp_path / "ground"
    folder.mkdir()
    return make_ground(folder)


def test_auto_deploy_stays_off_while_the_bad_commit_is_the_newest(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R06, F11: refused with the reason until the branch has moved on; without a clone it says that nobody knows."""
    good, bad = ground.shas[-2:]
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, version="4.2.0", more=ground.table()) as flown:
        plan = flown.drawn(good)
        step = plan.step("Z1")
        assert step is not None
        assert step.expected.endswith(f"refused while main on origin still ends with {bad[:10]}")
        assert set(flown.fly().values()) == {"done"}, flown.said
        for code in ("Z1", "Z2"):
            assert flown.run(code) == "moved"
            assert f"main on origin still ends with the bad {bad[:10]}: it would come back" in flown.said
        assert len(flown.owed()) == 2
        moved_on(ground)
        assert [flown.run(code) for code in ("Z1", "Z2")] == ["done", "done"], flown.said
        assert (flown.owed(), flown.app.git_commit_sha) == ([], "HEAD")


def test_what_cannot_be_known_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No clone is configured: the step says so before it is run, and runs."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        step = flown.drawn().step("Z1")
        assert step is not None
        assert "NOT known here whether anything newer than the bad b2b2b2b2b2 is there" in step.expected


def test_a_remote_that_is_away_keeps_it_off(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the bad commit is the newest cannot be asked: not on, with the reason."""
    good, bad = ground.shas[-2:]
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=ground.table()) as flown:
        flown.drawn(good)
        assert set(flown.fly().values()) == {"done"}, flown.said
        ground.remote.rename(ground.remote.with_suffix(".away"))
        assert flown.run("Z1") == "moved"
        assert "origin could not be asked what main ends with" in flown.said
        assert flown.owed() == ["auto-deploy of shop is off"]


@pytest.mark.parametrize(("version", "pack"), [("4.3.11", "nixpacks"), ("4.2.0", "dockercompose")])
def test_the_git_option_by_coolify(
    version: str, pack: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H03, Z20: the branch is pushed, Coolify put on it, once deployed, proven; the old one is owed."""
    good, bad = ground.shas[-2:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, version=version, pack=pack, good=good, bad=bad, more=more) as flown:
        before = flown.queued()
        flown.app.head = good  # what the pushed branch will end with
        plan = flown.drawn(good, "git")
        assert [step.code for step in plan.steps] == ["B2", "B4", "X1", "X3", "X4", "Z2", "Z4", "Z5"]
        branch = plan.drawn["branch"]
        shown = "\n".join(line for step in plan.steps for effect in step.effects for line in effect.lines())
        assert f'{{"git_branch": "{branch}"}} (acting token)' in shown
        flown.coolify.fail(Fault.STATUS_AFTER, "POST")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.app.git_branch, flown.runs, flown.queued()) == (branch, good, before + 1)
        assert flown.session.incident.proven
        assert [text for text in flown.owed() if "git_branch" in text] == [
            f'git_branch is pinned to "{branch}"; it was "main"'
        ]
        assert flown.run("Z2") == "moved"
        assert f"main on origin still ends with the bad {bad[:10]}" in flown.said

        flown.app.head = bad
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.app.git_branch, flown.runs) == ("main", bad)
        assert ground.refs()[f"refs/heads/{plan.drawn['undo_branch']}"] == bad
        assert not [text for text in flown.owed() if "git_branch" in text]
        assert any(plan.drawn["undo_branch"] in text for text in flown.owed())


def test_the_branch_is_set_back_once_main_has_moved_on(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The debt is paid by its own step."""
    good, bad = ground.shas[-2:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=more) as flown:
        flown.app.head = good
        flown.drawn(good, "git")
        assert set(flown.fly().values()) == {"done"}, flown.said
        moved_on(ground)
        assert flown.run("Z2") == "done", flown.said
        assert flown.app.git_branch == "main"
        assert not [text for text in flown.owed() if "git_branch" in text]


def test_the_branch_goes_once_coolify_is_off_it(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z20: refused while Coolify deploys from it; set back first, then it is removed, and nothing of it is owed."""
    good, bad = ground.shas[-2:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=more) as flown:
        flown.app.head = good
        branch = flown.drawn(good, "git").drawn["branch"]
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert flown.run("Z4") == "moved"
        assert f"main on origin still ends with the bad {bad[:10]}" in flown.said
        moved_on(ground)
        assert flown.run("Z4") == "moved"
        assert f"Coolify still deploys from {branch}: put it on its own branch first" in flown.said
        assert [flown.run(code) for code in ("Z2", "Z4")] == ["done", "done"], flown.said
        assert f"refs/heads/{branch}" not in ground.refs()
        assert flown.owed() == []


def test_a_second_plan_of_one_incident_ends_on_the_usual_branch(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z20: Coolify stands on the first plan's branch then; it is not put back on that. Each branch is owed."""
    older, good, bad = ground.shas[-3:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=more) as flown:
        flown.app.head = good
        first = flown.drawn(good, "git").drawn["branch"]
        assert set(flown.fly().values()) == {"done"}, flown.said
        flown.app.head = older
        plan = flown.session.draw(flown.release(older, "git"), "git")
        second = plan.drawn["branch"]
        back = plan.step("Z2")
        assert back is not None
        assert back.title.startswith("Put Coolify on main again")
        assert back.expected.endswith(f"refused while main on origin still ends with {bad[:10]}")
        assert flown.fly()["X3"] == "done", flown.said
        assert flown.app.git_branch == second
        about = [text for text in flown.owed() if "git_branch" in text]
        assert about == [f'git_branch is pinned to "{first}"; it was "main"'], "owed once"
        moved_on(ground)
        assert flown.run("Z2") == "done", flown.said
        assert flown.app.git_branch == "main"
        assert flown.run("Z4") == "done", flown.said
        assert flown.owed() == [f"the branch {first} stays on origin until somebody removes it"]
        assert f"refs/heads/{first}" in ground.refs()
        carried = next(step for step in plan.steps if f"Remove {first} " in step.title)
        assert carried.code not in ("Z4", "Z5")
        assert flown.run(carried.code) == "done", flown.said
        assert (flown.owed(), f"refs/heads/{first}" in ground.refs()) == ([], False)


def pinned(coolify: FakeCoolify, app: App) -> None:
    app.git_commit_sha = "e5" * 20


@pytest.mark.parametrize(
    ("pack", "setup", "words"),
    [("dockerimage", None, "is not built from git"), ("nixpacks", pinned, "is pinned to e5e5e5e5e5")],
)
def test_what_no_branch_can_deploy_is_refused(
    pack: str, setup: object, words: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that is only pulled, and a commit that is pinned: said, with the next move."""
    good, bad = ground.shas[-2:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, pack=pack, good=good, bad=bad, more=more) as flown:
        release = flown.session.releases("git")[1]
        if setup is pinned:
            pinned(flown.coolify, flown.app)
        with pytest.raises(Refused, match=words):
            flown.drawn(release.commit, "git")


def test_a_pushed_commit_of_nobody_is_noticed(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody pushes onto our branch between the push and the deployment: moved, nothing is deployed."""
    good, bad = ground.shas[-2:]
    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=more) as flown:
        plan = flown.drawn(good, "git")
        assert flown.fly("B2", "B4", "X1") == {"B2": "done", "B4": "done", "X1": "done"}
        work = ground.remote.parent / "work"
        git(work, "fetch", "-q", "origin")
        git(work, "checkout", "-q", "-b", "ours", f"origin/{plan.drawn['branch']}")
        commit(work, "one more", 1793999999)
        git(work, "push", "-q", "origin", f"ours:{plan.drawn['branch']}")
        assert flown.run("X3") == "moved"
        assert "somebody else moved or made it" in flown.said
        assert flown.coolify.asked("PATCH") == []
