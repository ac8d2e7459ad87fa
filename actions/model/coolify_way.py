"""How to go back to a version with Coolify: which request fits its version and the build pack, and what must be said.

A pure table; what was read comes in, nothing is asked here. Sources: Coolify 4.3.11 and its issues 8445, 8576, 11467.
"""

from __future__ import annotations

from enum import Enum

from actions.model.coolify import HEAD, Application, RollbackImages, Version
from actions.model.quick_dataclass import dataclass

ROLLBACK_SINCE = (4, 3, 0)
TAG_HONOURED_SINCE = (4, 3, 12)
"""From here on a rollback of an image that is only pulled takes the tag it was asked for."""
GIT_PACKS = ("nixpacks", "dockerfile", "static", "railpack")
IMAGE_PACK = "dockerimage"
COMPOSE_PACK = "dockercompose"


class CoolifyWay(Enum):
    """The request by which a version is deployed again."""

    ROLLBACK = "rollback"
    """``POST /applications/{uuid}/rollback``: pins nothing."""
    PIN_COMMIT = "pin commit"
    """``git_commit_sha`` is set, then the configured reference deployed; set back to its former value later."""
    PIN_TAG = "pin tag"
    """``docker_registry_image_tag`` is set, then deployed."""


class Image(Enum):
    """Whether the image is there."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Choice:
    """What is done, and why."""

    way: CoolifyWay
    why: str
    image: Image
    rebuilds: bool
    """The image is not there: Coolify builds it anew from git, and it is another one. Wants a confirmation."""
    pin_key: str = ""
    pin_before: str = ""
    unchecked: bool = False
    """Coolify stops the old container before it looks at the new one, or looks at nothing."""
    cautions: tuple[str, ...] = ()


def choose(version: Version, application: Application, images: RollbackImages, target: str) -> Choice:
    """How to go back to ``target``: a full commit id, or an image tag for applications that only pull one.

    Raises ValueError with the reason when there is no way.
    """
    pack = application.build_pack
    if not target or target == HEAD:
        raise ValueError("no commit or tag is known for it")
    if pack not in (*GIT_PACKS, IMAGE_PACK, COMPOSE_PACK):
        raise ValueError(f"the build pack {pack or '(none told)'} is not known")
    way, why = _way(version, application)
    held = images.holds(target)
    image = Image.UNKNOWN if held is None or pack == COMPOSE_PACK else Image.THERE if held else Image.GONE
    key, before = {
        CoolifyWay.ROLLBACK: ("", ""),
        CoolifyWay.PIN_COMMIT: ("git_commit_sha", application.git_commit_sha or HEAD),
        CoolifyWay.PIN_TAG: ("docker_registry_image_tag", application.image_tag),
    }[way]
    unchecked = application.custom_container or not application.health_check
    return Choice(
        way=way,
        why=why,
        image=image,
        rebuilds=image is Image.GONE and pack in GIT_PACKS,
        pin_key=key,
        pin_before=before,
        unchecked=unchecked,
        cautions=tuple(_cautions(application, images, image, unchecked=unchecked)),
    )


def _way(version: Version, application: Application) -> tuple[CoolifyWay, str]:
    pack = application.build_pack
    if pack == IMAGE_PACK and not version.at_least(*TAG_HONOURED_SINCE):
        return CoolifyWay.PIN_TAG, f"Coolify {version.text} ignores the tag that a rollback asks for"
    if not version.at_least(*ROLLBACK_SINCE):
        return CoolifyWay.PIN_COMMIT, f"Coolify {version.text} has no rollback by request (since 4.3)"
    if pack == COMPOSE_PACK and application.shallow_clone is not False:
        known = "is on" if application.shallow_clone else "is not told"
        return (
            CoolifyWay.PIN_COMMIT,
            f"shallow clone {known}: a rollback of a compose application could run the new code",
        )
    return CoolifyWay.ROLLBACK, f"Coolify {version.text} goes back by itself and pins nothing"


def _cautions(application: Application, images: RollbackImages, image: Image, *, unchecked: bool) -> list[str]:
    said = ["the environment stays as it is now: Coolify's rollback takes the present one"]
    if image is Image.GONE and application.build_pack in GIT_PACKS:
        said.append("the image is not there: Coolify builds it anew from git, which is not the image that ran before")
    elif image is Image.GONE:
        said.append("the image is not on the server: it must come from the registry")
    elif image is Image.UNKNOWN and images.asked and application.build_pack != COMPOSE_PACK:
        said.append("Coolify lists no image at all, which it also does when it cannot reach its server: not known")
    elif image is Image.UNKNOWN:
        said.append("whether the image is there is not known: Coolify builds it anew when it is not")
    if unchecked:
        said.append("Coolify stops the old container first and checks nothing (ports, fixed name, or no health check)")
    if application.pre_deployment:
        said.append("its pre-deployment command runs in the container that runs now, the broken one")
    if application.post_deployment:
        said.append("its post-deployment command runs after `finished`; that it failed stands in the log alone")
    return said
