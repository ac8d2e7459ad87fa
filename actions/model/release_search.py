"""Which of thousands of releases a person means by a few letters: a name, the beginning of an id, a word, a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from actions.model.release import Release

if TYPE_CHECKING:
    from actions.model.release_history import History


def means(text: str, release: Release, history: History | None) -> bool:
    """Whether this text may mean that release, as its list or any source of the history tells of it."""
    return holds((release, *(history.told(release.identity) if history is not None else ())), text)


def holds(told: Iterable[Release], text: str) -> bool:
    """Whether anything that is told of a release holds the text, in large or small letters.

    ``told``: the release as each source tells of it. Commits and image ids count from their beginning, as people write
    short ids; names, subjects, authors and stamps (``2026-03-01``) count anywhere. An empty text is in none.
    """
    wanted = text.strip().casefold()
    return bool(wanted) and any(_holds(one, wanted) for one in told)


def _holds(one: Release, wanted: str) -> bool:
    words = (one.name, one.subject, one.author, one.live_since.replace("T", " "), one.created.replace("T", " "))
    if any(wanted in word.casefold() for word in words):
        return True
    ids = (one.commit, *one.images.values(), *(digest.rpartition("@")[2] for digest in one.digests.values()))
    return any(found.startswith(wanted) or found.rpartition(":")[2].startswith(wanted) for found in ids if found)
