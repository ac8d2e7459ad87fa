"""What Coolify leaves beside an application: previews of pull requests, and images in the middle of a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from engine_images import ImageBuilder
from fake_coolify_engine import EngineRuntime, on_engine

from actions.gateways.engine_rows import is_called
from actions.model.coolify import RollbackImage, RollbackImages

PREVIEW = f"pr-5-{BAD}"


def leave(flown: Flown, *tags: str) -> None:
    """Images of the application under these tags, the newest of all."""
    for tag in tags:
        flown.coolify.core.runtime.build(flown.app, flown.app.repository, tag, BAD)


def test_a_preview_is_never_meant() -> None:
    """Its containers bear the application's name; Coolify's label tells them apart, and nothing else does."""
    names = ["/app4uuid-pr-5"]
    assert not is_called({"Names": names, "Labels": {"coolify.pullRequestId": "5"}}, "app4uuid")
    for labels in ({"coolify.pullRequestId": "0"}, {"coolify.pullRequestId": ""}, {}, None):
        assert is_called({"Names": names, "Labels": labels}, "app4uuid")
    assert not is_called({"Labels": {"com.docker.compose.project": "x", "coolify.pullRequestId": "5"}}, "x")


@pytest.mark.parametrize("pack", ["nixpacks", "dockerfile", "static", "railpack"])
def test_only_versions_are_offered(pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coolify lists them all; deployed, the image of a preview would put a pull request live."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        leave(flown, f"{GOOD}-build", f"{BAD}-build", PREVIEW, "pr-7")
        assert {one.commit for one in flown.session.releases("coolify")} == {GOOD, BAD}
        # They take no place of the retention: the clean-up takes them first, and the target stays as it was.
        assert [step.code for step in flown.drawn().steps if step.code == "B2"] == []


def test_what_is_only_pulled_is_called_as_its_makers_like(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of one's own: its tags are versions, however they end."""
    with flying(tmp_path / "shop", monkeypatch, pack="dockerimage", good="7-build", bad="pr-8") as flown:
        assert {one.commit for one in flown.session.releases("coolify")} == {"7-build", "pr-8"}


def test_an_image_without_a_tag_is_offered_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine says ``<none>`` of an image whose tag has moved on, and Coolify hands that on as a tag."""
    with flying(tmp_path / "shop", monkeypatch, pack="dockerimage", good="v1", bad="v2") as flown:
        leave(flown, "<none>")
        assert {one.commit for one in flown.session.releases("coolify")} == {"v1", "v2"}


def test_without_a_version_nothing_is_known() -> None:
    """A list of previews alone says nothing of the target: not known, never gone."""
    alone = RollbackImages(True, "", (RollbackImage(PREVIEW, "", current=False),))
    assert alone.holds(GOOD) is False
    assert alone.built().holds(GOOD) is None


@pytest.mark.docker
def test_a_preview_that_runs_is_not_the_application(
    build_image: ImageBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real containers: what runs is known, and proven, while the preview of the bad one runs beside it."""
    with flying(
        tmp_path / "shop",
        monkeypatch,
        runtime=on_engine(build_image),
        table='cancel_after = "10m"',
        deadline=10,
        version="4.2.0",
    ) as flown:
        runtime = flown.coolify.core.runtime
        assert isinstance(runtime, EngineRuntime)
        leave(flown, PREVIEW)
        runtime.start_preview(flown.app, PREVIEW, 5, version="4.2.0")
        assert {one.commit for one in flown.session.releases("coolify")} == {GOOD, BAD}
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, flown.session.incident.proven) == (GOOD, True)
