"""The verdicts of a list of releases on real images: read one by one, and kept while nothing they stand on changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django_images import DjangoImages
from django_stack import DjangoStack, django_stack
from postgres_server import PostgresServer

from actions.model.ports import CommandResult, Host
from actions.model.release import Release, WayBack
from actions.steps.schema_listing import Verdicts

pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres]


@pytest.fixture
def shop(
    engine_name: str,
    tmp_path: Path,
    postgres: PostgresServer,
    django_image: DjangoImages,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[DjangoStack]:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    with django_stack(engine_name, tmp_path / "shop", postgres, django_image) as one:
        yield one


@dataclass
class Counted:
    """The host, and how many one-off containers it was asked for."""

    host: Host
    containers: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.host.name

    def run(self, argv: Any, **more: Any) -> CommandResult:
        if "goaround-migrations:" in str(argv):
            self.containers.append(str(argv))
        return self.host.run(argv, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)


def test_each_release_has_its_verdict_and_is_asked_once(shop: DjangoStack) -> None:
    """Not read, then read; a second list asks no container; a changed record of migrations is another question."""
    shop.deploy("1", "2")
    host = Counted(shop.world().host)
    world = replace(shop.world(), host=host)
    one, two = shop.target("1"), shop.target("2")
    gone = Release("0", images={"web": "sha256:" + "0" * 64}, way_back=WayBack.GONE)
    lost = Release("x", images={"web": "sha256:" + "1" * 64}, way_back=WayBack.READY)
    releases = (two, one, gone, lost)
    column = Verdicts()
    read = list(column.of(shop.settings(), world, releases))
    assert [found for _, found in read[:3]] == [None, None, None], "not read yet"
    found = {identity: one for identity, one in read if one is not None}
    assert found[two.identity].verdict == "SAFE"
    assert found[one.identity].verdict == "REVERSE FIRST"
    assert "the target does not know" in found[one.identity].why
    assert found[lost.identity].verdict == "UNKNOWN"
    assert "not on the engine" in found[lost.identity].why
    assert gone.identity not in dict(read)
    asked = len(host.containers)
    assert 0 < asked <= 3, "the code that runs is asked once for all of them"
    again = list(column.of(shop.settings(), world, (two, one)))
    assert [found and found.verdict for _, found in again] == ["SAFE", "REVERSE FIRST"]
    assert len(host.containers) == asked
    shop.migrate("people", "0001_initial")
    after = dict(column.of(shop.settings(), world, (two, one)))
    now = after[one.identity]
    assert now is not None
    assert now.verdict == "SAFE"


def test_a_database_that_does_not_answer_is_unknown_and_who_leaves_stops_the_reading(shop: DjangoStack) -> None:
    """No verdict is made up, and nobody reads on for a screen that is gone."""
    shop.deploy("1")
    settings = shop.settings()
    assert settings.database is not None
    nowhere = replace(settings, database=replace(settings.database, name="nowhere"))
    read = list(Verdicts().of(nowhere, shop.world(), (shop.target("1"),)))
    assert [found and found.verdict for _, found in read] == ["UNKNOWN"]
    left = list(Verdicts().of(settings, shop.world(), (shop.target("1"),), lambda: False))
    assert [found for _, found in left] == [None]
