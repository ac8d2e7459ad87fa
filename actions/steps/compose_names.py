"""Image references, tags and the names that we draw: what is valid, what is the same, and what is ours.

Which images there are is left to ``compose_releases``. Nothing here asks the world.
"""

from __future__ import annotations

import hashlib
import re

from actions.model.errors import BadInput

KEEP_REPOSITORY = "goaround/keep"
"""Images that must not be pruned carry a tag of this repository."""

OVERRIDE_NAME = re.compile(r"goaround-[A-Za-z0-9][A-Za-z0-9._-]*\.override\.yml")
"""File names of override files that we write."""

_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
)
_REPOSITORY = re.compile(rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*")
_LONGEST_TAG = 128


def is_image_id(text: str) -> bool:
    """Whether this is a full image id, the only form by which an image is identified."""
    return bool(_IMAGE_ID.fullmatch(text))


def short(image_id: str) -> str:
    """The first twelve digits of an image id, as Docker shows it; for names and for the eye."""
    return image_id.removeprefix("sha256:")[:12]


def by_number(name: str) -> list[tuple[int, str]]:
    """``v9`` before ``v10``. Images that are built reproducibly all tell one time, mostly of 1980, or none."""
    parts = re.split(r"([0-9]{1,18})", name)
    return [(int(part), "") if number % 2 else (0, part) for number, part in enumerate(parts)]


def split_reference(reference: str) -> tuple[str, str]:
    """Repository and tag of an image reference; a digest is no tag, and a registry's port is none either.

    ``host:5000/obcms`` has no tag: ``("host:5000/obcms", "")``. An image id, as a committed rollback leaves it in
    the file, has neither: services that are pinned by ids share no repository.
    """
    if is_image_id(reference):
        return "", ""
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return familiar(name), ""
    return familiar(head), tag


def familiar(repository: str) -> str:
    """A repository as the engine lists it: Docker Hub's own prefixes left out."""
    for prefix in ("docker.io/", "index.docker.io/"):
        repository = repository.removeprefix(prefix)
    return repository.removeprefix("library/")


def reference_problem(reference: str) -> str:
    """Why Docker would refuse an image reference, in one line; empty: it is well formed.

    Compose resolves a bad reference without a word and fails only when containers are about to be made.
    """
    if is_image_id(reference):
        return ""
    if not reference:
        return "it is empty"
    if reference.startswith("-"):
        return "it begins with '-'"
    if any(char.isspace() or not char.isprintable() for char in reference):
        return "it holds white space"
    name, at, digest = reference.partition("@")
    if at and not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,}", digest):
        return f"{digest!r} is no digest"
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        if not _TAG.fullmatch(tag):
            return f"{tag!r} is no tag"
        name = head
    return "" if _REPOSITORY.fullmatch(name) else f"{name!r} is no repository name"


def tag_problem(tag: str) -> str:
    """Why this cannot be an image tag, in one line; empty: it can."""
    if _TAG.fullmatch(tag):
        return ""
    if tag.startswith("-"):
        return "it begins with '-'"
    if any(char.isspace() for char in tag):
        return "it holds white space"
    return "letters, digits, '_', '.' and '-' make a tag, at most 128"


def keep_reference(system: str, service: str, image_id: str) -> str:
    """``goaround/keep:obcms-web-6e342b70aa11``: keeps a service's image from a plain prune."""
    tag = f"{system}-{service}-{short(image_id)}"
    if len(tag) > _LONGEST_TAG:
        mark = hashlib.sha256(f"{system}-{service}".encode()).hexdigest()[:8]
        tag = f"{f'{system}-{service}'[: _LONGEST_TAG - 22]}-{mark}-{short(image_id)}"
    return f"{KEEP_REPOSITORY}:{tag}"


def override_name(incident: str) -> str:
    """``goaround-inc-7.override.yml``. Raises BadInput when the incident's name makes no file name."""
    name = f"goaround-{incident.lower()}.override.yml"
    if len(name) > 120 or not OVERRIDE_NAME.fullmatch(name) or ".." in name:
        raise BadInput(
            "the incident's name makes no file name",
            f"{incident!r} must be letters, digits, '.', '_' and '-'",
        )
    return name
