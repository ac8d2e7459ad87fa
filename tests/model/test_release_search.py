"""Finding a release by a few letters: what a person writes down of one is enough, and no more than it is meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.release_search import holds

ONE = Release(
    "web-2026.3",
    "0123456789abcdef0123456789abcdef01234567",
    {"web": f"sha256:{'c4' * 32}"},
    {"web": f"registry.example.org/shop@sha256:{'d7' * 32}"},
    created="2026-03-01T09:30:00.000000Z",
    live_since="2026-03-02T10:15:00.000000Z",
    subject="Stop the Gülle",
    author="Ada",
)


@pytest.mark.parametrize(
    "text",
    [
        "WEB-2026",
        "2026.3",
        "0123",
        "c4c4",
        "sha256:c4c4",
        "d7d7",
        "sha256:d7",
        "gÜLLE",
        "ada",
        "2026-03-01",
        "03-02 10:15",
        " ada ",
    ],
)
def test_what_a_person_writes_down_of_it_finds_it(text: str) -> None:
    """Names and words anywhere, ids from their beginning, days and minutes; capitals do not count."""
    assert holds((ONE,), text)


@pytest.mark.parametrize("text", ["", "  ", "4567", "789a", "bob", "2026-03-03", "sha256:e", "registry"])
def test_what_is_not_meant_is_not_found(text: str) -> None:
    """The middle of an id is no id, and an empty text is in none."""
    assert not holds((ONE,), text)


def test_each_source_may_be_the_one_that_tells_it() -> None:
    """What Coolify calls it finds the image that the way back in use lists."""
    told = Release("gh-77", ONE.commit, source="coolify deployment", live_since=ONE.live_since)
    now = datetime(2026, 3, 5, tzinfo=UTC)
    seen = History("compose", (Listing("compose", (ONE,)), Listing("coolify", (told,))), now=now)
    assert holds(seen.told(ONE.identity), "gh-77")
    assert seen.told("nobody") == ()
    assert seen.told("") == ()
