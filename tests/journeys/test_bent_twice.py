"""A thing that two plans of one incident bend: it is straight only when it is as it was before the first of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from fake_coolify import FakeCoolify
from fake_coolify_state import App
from git_ground import Ground, make_ground
from tiny_system import moved_on, refused

from app.noop import noop
from app.settings import load

OLDER = "c3" * 20
TAG, KEEPS = "docker_registry_image_tag", "docker_images_to_keep"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    folder = tmp_path / "ground"
    folder.mkdir()
    return make_ground(folder)


def about(flown: Flown, word: str) -> list[str]:
    """What is bent now whose words hold this one."""
    return [text for text in flown.owed() if word in text]


def an_older_one(coolify: FakeCoolify, app: App) -> None:
    coolify.has_deployed(app, OLDER, "An older one", days=5)


def test_a_tag_that_is_pinned_twice_is_straight_when_it_is_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same version again, then another one: neither plan takes the first one's pin for what stood there before."""
    with flying(tmp_path / "shop", monkeypatch, pack="dockerimage", setup=an_older_one) as flown:
        flown.app.broken.add(GOOD)
        flown.drawn()
        assert flown.fly()["X3"] == "failed"
        owed = [f'{TAG} is pinned to "{GOOD}"; it was "{BAD}"']
        flown.app.broken.clear()
        flown.session.draw(flown.release(), "coolify")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert about(flown, TAG) == owed
        plan = flown.session.draw(flown.release(OLDER), "coolify")
        for undone in (True, False):
            plan = plan if undone else flown.session.draw(flown.release(OLDER), "coolify")
            assert set(flown.fly().values()) == {"done"}, flown.said
            assert about(flown, TAG) == owed
            if undone:
                assert flown.run("X3", undo=True) == "done", flown.said
                assert (flown.app.image_tag, about(flown, TAG)) == (GOOD, owed)
        step = plan.step("Z2")
        assert step is not None
        assert step.title == f"Un-pin: {TAG} becomes {BAD} again"
        config = load(flown.folder / "goaround.toml")
        told = json.loads(noop(config, str(flown.folder / "store"), "coolify", GOOD, as_json=True))
        assert step.title in [one["title"] for one in told["steps"]], "what is printed is what the cockpit would draw"
        assert flown.run("Z2") == "done", flown.said
        assert (flown.app.image_tag, about(flown, TAG)) == (BAD, [])


def test_images_that_are_kept_twice_are_as_few_as_before_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo of the second plan goes back to what the first one set, and pays only what the second has bent."""

    def many(coolify: FakeCoolify, app: App) -> None:
        app.settings[KEEPS] = 0
        for days in (9, 8, 7):
            coolify.has_deployed(app, f"d{days}" * 20, f"{days} days ago", days=days)

    with flying(tmp_path / "shop", monkeypatch, setup=many) as flown:
        flown.drawn()
        assert flown.run("B2") == "done", flown.said
        plan = flown.session.draw(flown.release("d9" * 20), "coolify")
        assert flown.run("B2") == "done", flown.said
        first, second = about(flown, "images")
        assert (first, second) == (
            "Coolify keeps 3 images of shop instead of 0",
            "Coolify keeps 6 images of shop instead of 0",
        )
        assert flown.run("B2", undo=True) == "done", flown.said
        assert (flown.app.settings[KEEPS], about(flown, "images")) == (3, [first])
        assert flown.run("B2") == "done", flown.said
        step = plan.step("Z3")
        assert step is not None
        assert step.title.startswith("Let Coolify keep 0 images again")
        assert flown.run("Z3") == "done", flown.said
        assert (flown.app.settings[KEEPS], about(flown, "images")) == (0, [])


def test_a_branch_and_a_commit_are_two_things(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First by git, then by Coolify: the branch is set back by its own step, the un-pinned commit pays none of it."""
    older, good, bad = ground.shas[-3:]

    def setup(coolify: FakeCoolify, app: App) -> None:
        coolify.has_deployed(app, older, "An older one", days=5)

    more = ground.table("coolify = true")
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=more, version="4.2.0", setup=setup) as flown:
        flown.app.head = good
        drawn = flown.drawn(good, "git")
        assert set(flown.fly().values()) == {"done"}, flown.said
        plan = flown.session.draw(flown.release(older), "coolify")
        assert set(flown.fly().values()) == {"done"}, flown.said
        back = next(step for step in plan.steps if step.title.startswith("Put Coolify on main again"))
        unpin = next(step for step in plan.steps if step.title.startswith("Un-pin"))
        assert back.code != unpin.code
        for code in (back.code, unpin.code):
            assert flown.run(code) == "moved"
            assert f"main on origin still ends with the bad {bad[:10]}" in flown.said
        moved_on(ground)
        assert flown.run(unpin.code) == "done", flown.said
        assert (flown.app.git_commit_sha, flown.app.git_branch) == ("HEAD", drawn.drawn["branch"])
        assert (len(about(flown, "git_commit_sha")), len(about(flown, "git_branch"))) == (0, 1)
        assert flown.run(back.code) == "done", flown.said
        assert (flown.app.git_branch, about(flown, "git_branch")) == ("main", [])


def test_what_was_bad_for_the_first_plan_is_bad_for_the_second(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The good one was not good either: auto-deploy stays off while the branch still ends with what broke first."""
    older, good, bad = ground.shas[-3:]

    def setup(coolify: FakeCoolify, app: App) -> None:
        coolify.has_deployed(app, older, "An older one", days=5)

    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=ground.table(), setup=setup) as flown:
        flown.drawn(good)
        assert set(flown.fly().values()) == {"done"}, flown.said
        plan = flown.session.draw(flown.release(older), "coolify")
        assert set(flown.fly().values()) == {"done"}, flown.said
        step = plan.step("Z1")
        assert step is not None
        assert step.expected.endswith(f"refused while main on origin still ends with {good[:10]} or {bad[:10]}")
        assert flown.run("Z1") == "moved"
        assert f"main on origin still ends with the bad {bad[:10]}: it would come back" in flown.said
        assert about(flown, "auto-deploy") == ["auto-deploy of shop is off"]
        plan = flown.session.draw(flown.release(bad), "coolify")  # it was not the cause after all
        step = plan.step("Z1")
        assert step is not None
        assert bad[:10] not in step.expected
        moved_on(ground)
        assert flown.run("Z1") == "done", flown.said
        assert about(flown, "auto-deploy") == []


def test_the_freeze_is_not_undone_under_what_stands_on_it(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its undo would go around the question whether the bad version comes back: first the deployment, or its own step.

    Where nothing was deployed on it, it is undone as ever.
    """
    good, bad = ground.shas[-2:]
    with flying(tmp_path / "shop", monkeypatch, good=good, bad=bad, more=ground.table()) as flown:
        flown.drawn(good)
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        assert flown.run("X1", undo=True) == "done", flown.said
        assert flown.owed() == []
        assert set(flown.fly("X1", "X3", "X4").values()) == {"done"}, flown.said
        why = refused(lambda: flown.session.start("X1", armed="enter", undo=True))
        assert "stands, and stands on this: undo X3 first (u), or run Z1 Switch auto-deploy on again" in why
        assert flown.app.settings["is_auto_deploy_enabled"] is False
        assert flown.run("X3", undo=True) == "done", flown.said
        assert flown.run("X1", undo=True) == "done", flown.said
        assert flown.owed() == []


def test_what_somebody_set_to_something_else_is_left_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pinned nor as it was: nothing is set over it, nothing is paid, and the way out is named."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        flown.app.git_commit_sha = OLDER
        assert flown.run("Z2") == "moved"
        assert flown.said.endswith("; set it right in Coolify and run this again, or pay it by hand if it is right (D)")
        assert (flown.app.git_commit_sha, len(about(flown, "git_commit_sha"))) == (OLDER, 1)
