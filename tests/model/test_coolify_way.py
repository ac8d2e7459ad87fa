"""The decision table: by which request Coolify goes back, for every version, build pack and list of images."""

from __future__ import annotations

from typing import Any

import pytest

from actions.gateways.coolify_reading import Reader
from actions.model.coolify import HEAD, Application, RollbackImage, RollbackImages, Version
from actions.model.coolify_way import CoolifyWay, Image, choose

V, NOW = "a1" * 20, "b2" * 20
ROLLBACK, PIN, TAG = CoolifyWay.ROLLBACK, CoolifyWay.PIN_COMMIT, CoolifyWay.PIN_TAG
THERE = RollbackImages(True, NOW, (RollbackImage(NOW, "", True), RollbackImage(V, "", False)))
GONE = RollbackImages(True, NOW, (RollbackImage(NOW, "", True),))
EMPTY = RollbackImages(True)
NOT_ASKED = RollbackImages(False)


def version(text: str) -> Version:
    return Reader(str).version(text)


def app(pack: str, **more: Any) -> Application:
    return Application("uuid", "shop", "running:healthy", pack, **more)


@pytest.mark.parametrize(
    ("text", "pack", "more", "way"),
    [
        # >= 4.3, git build packs
        ("4.3.0", "nixpacks", {}, ROLLBACK),
        ("4.3.11", "dockerfile", {}, ROLLBACK),
        ("4.3.11", "static", {}, ROLLBACK),
        ("4.10.0", "railpack", {}, ROLLBACK),
        ("5.0", "nixpacks", {}, ROLLBACK),
        # < 4.3
        ("4.2.99", "nixpacks", {}, PIN),
        ("4.3.0-beta.1", "nixpacks", {}, PIN),
        ("v4.0.0-beta.420", "dockerfile", {}, PIN),
        ("3.12.36", "static", {}, PIN),
        # an image that is only pulled: the tag of a rollback is ignored up to 4.3.11
        ("4.2.0", "dockerimage", {}, TAG),
        ("4.3.0", "dockerimage", {}, TAG),
        ("4.3.11", "dockerimage", {}, TAG),
        ("4.3.12-beta.1", "dockerimage", {}, TAG),
        ("4.3.12", "dockerimage", {}, ROLLBACK),
        ("4.4.0", "dockerimage", {}, ROLLBACK),
        # compose: with a shallow clone a rollback could run the new code
        ("4.3.11", "dockercompose", {"shallow_clone": False}, ROLLBACK),
        ("4.3.11", "dockercompose", {"shallow_clone": True}, PIN),
        ("4.3.11", "dockercompose", {"shallow_clone": None}, PIN),
        ("4.2.0", "dockercompose", {"shallow_clone": False}, PIN),
    ],
)
def test_the_request_follows_from_version_and_build_pack(
    text: str, pack: str, more: dict[str, Any], way: CoolifyWay
) -> None:
    """COOLIFY's table, and the versions around each border."""
    choice = choose(version(text), app(pack, **more), EMPTY, V)
    assert choice.way is way
    key = {ROLLBACK: "", PIN: "git_commit_sha", TAG: "docker_registry_image_tag"}[way]
    assert choice.pin_key == key
    assert choice.why
    if way is PIN and pack != "dockercompose":
        assert version(text).text in choice.why


@pytest.mark.parametrize(
    ("pack", "images", "image", "rebuilds", "words"),
    [
        ("nixpacks", THERE, Image.THERE, False, ""),
        ("nixpacks", GONE, Image.GONE, True, "builds it anew from git, which is not the image that ran before"),
        ("nixpacks", EMPTY, Image.UNKNOWN, False, "lists no image at all, which it also does when it cannot reach"),
        ("nixpacks", NOT_ASKED, Image.UNKNOWN, False, "whether the image is there is not known"),
        ("dockerimage", THERE, Image.THERE, False, ""),
        ("dockerimage", GONE, Image.GONE, False, "it must come from the registry"),
        ("dockerimage", EMPTY, Image.UNKNOWN, False, "lists no image at all"),
        ("dockercompose", THERE, Image.UNKNOWN, False, "whether the image is there is not known"),
        ("dockercompose", GONE, Image.UNKNOWN, False, "whether the image is there is not known"),
    ],
)
def test_an_image_is_there_gone_or_not_known(
    pack: str, images: RollbackImages, image: Image, rebuilds: bool, words: str
) -> None:
    """An empty list is no proof of absence, and a missing one of git packs means a rebuild, which is said."""
    choice = choose(version("4.3.11"), app(pack), images, V)
    assert (choice.image, choice.rebuilds) == (image, rebuilds)
    said = [text for text in choice.cautions if "image" in text]
    assert (not said) if not words else any(words in text for text in said)


def test_what_stood_there_is_kept_for_the_way_back() -> None:
    """The former pin or tag."""
    assert choose(version("4.2.0"), app("nixpacks"), EMPTY, V).pin_before == HEAD
    assert choose(version("4.2.0"), app("nixpacks", git_commit_sha=NOW), EMPTY, V).pin_before == NOW
    assert choose(version("4.2.0"), app("dockerimage", image_tag="v2"), EMPTY, "v1").pin_before == "v2"
    assert choose(version("4.3.11"), app("nixpacks"), EMPTY, V).pin_before == ""


@pytest.mark.parametrize(
    ("more", "unchecked", "words"),
    [
        ({}, False, ""),
        ({"custom_container": True}, True, "stops the old container first and checks nothing"),
        ({"health_check": False}, True, "stops the old container first and checks nothing"),
        ({"pre_deployment": "migrate"}, False, "its pre-deployment command runs in the container that runs now"),
        ({"post_deployment": "warm"}, False, "its post-deployment command runs after `finished`"),
    ],
)
def test_what_coolify_does_beside_deploying_is_said(more: dict[str, Any], unchecked: bool, words: str) -> None:
    """Z27, Z30: the environment stays in any case; the rest as it is configured."""
    choice = choose(version("4.3.11"), app("nixpacks", **more), THERE, V)
    assert choice.unchecked is unchecked
    assert choice.cautions[0].startswith("the environment stays as it is now")
    assert (len(choice.cautions) == 1) if not words else (words in choice.cautions[1])


@pytest.mark.parametrize(
    ("pack", "target", "words"),
    [
        ("nixpacks", "", "no commit or tag is known"),
        ("nixpacks", HEAD, "no commit or tag is known"),
        ("", V, r"the build pack \(none told\) is not known"),
        ("herokuish", V, "the build pack herokuish is not known"),
    ],
)
def test_where_there_is_no_way_the_reason_is_said(pack: str, target: str, words: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=words):
        choose(version("4.3.11"), app(pack), THERE, target)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("4.0.0-beta.420", "4.0.0-beta.421"),
        ("4.0.0-beta.421", "4.0.0"),
        ("4.2.9", "4.2.10"),
        ("4.2.10", "4.3.0-rc.1"),
        ("4.3.0-rc.1", "4.3.0"),
        ("4.3.11", "v4.3.12"),
        ("4.9.9", '"4.10"'),
    ],
)
def test_versions_are_in_order(older: str, newer: str) -> None:
    """A beta is before its release, and ten is after nine."""
    assert version(older).parts < version(newer).parts
    assert version(newer).at_least(*version(newer).parts[:3]) is ("-" not in newer)
