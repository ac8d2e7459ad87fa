"""The schema verdict on real images: what a release holds is asked of Django itself, in a container of exactly it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import TOOLS, run
from django_ground import environment, lay_out, migrated
from django_images import DjangoImages
from django_stack import DjangoStack, django_stack
from git_ground import commit, git
from performing import local_world
from postgres_server import PostgresServer

from actions.gateways.repository import GitRepository
from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema
from actions.model.migrations import Dropped, GoBack, Migration, SchemaVerdict, Verdict
from actions.steps.schema_code import question
from actions.steps.schema_reading import ask_schema, counts, inside, schema_verdict

pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def socket_client(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> None:
    """The test's server listens on a socket alone; libpq is told where by its own variable."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))


@pytest.fixture(params=sorted(TOOLS))
def shop(
    request: pytest.FixtureRequest,
    engine_name: str,
    tmp_path: Path,
    postgres: PostgresServer,
    django_image: DjangoImages,
) -> Iterator[DjangoStack]:
    with django_stack(engine_name, tmp_path / "shop", postgres, django_image, request.param) as one:
        yield one


def asked(shop: DjangoStack, release: str, **django: object) -> SchemaVerdict:
    return schema_verdict(shop.settings(**django), shop.world(), shop.target(release))


def content(shop: DjangoStack) -> list[bytes]:
    lines = shop.server.dump(shop.database).splitlines()
    return [line for line in lines if not line.startswith((b"\\restrict", b"\\unrestrict"))]  # a key drawn each time


def m(text: str) -> Migration:
    app, _, name = text.partition(".")
    return Migration(app, name)


def test_all_four_verdicts_on_real_images(shop: DjangoStack) -> None:
    """SAFE, REVERSE FIRST, IRREVERSIBLE and UNKNOWN come from what the images hold; nothing is started or changed."""
    shop.deploy("1", "2")
    entries, before = shop.entries(), content(shop)

    safe = asked(shop, "one-way")
    assert (safe.verdict, safe.unknown) == (Verdict.SAFE, ())
    assert safe.missing == (m("shop.0004_one_way"),), "starting it with its migrations would apply this"

    first = asked(shop, "1")
    assert first.verdict is Verdict.REVERSE_FIRST
    assert set(first.unknown) == {
        m("shop.0003_totals"),
        m("shop.0002_order_total"),
        m("people.0003_fill_phone"),
        m("people.0002_person_phone"),
    }
    (back,) = first.back
    assert (back.app, back.to) == ("people", "0001_initial"), "the shop's stand on people's: they go with them"
    assert set(first.drops) == {
        Dropped("shop_order", "total"),
        Dropped("order labels"),
        Dropped("shop_order_labels"),
        Dropped("people_person", "phone"),
    }
    assert len(first.noops) == 3
    numbers = counts(shop.world(), shop.server.client(), shop.database, first.drops)
    assert numbers[Dropped("shop_order", "total")] == 3
    assert numbers[Dropped("people_person", "phone")] == 2

    missing = asked(shop, "2", service="worker")
    assert missing.verdict is Verdict.UNKNOWN
    assert "there is no service worker (there: web)" in missing.why
    gone = schema_verdict(
        shop.settings(), shop.world(), replace(shop.target("1"), images={"web": f"sha256:{'0' * 64}"})
    )
    assert gone.verdict is Verdict.UNKNOWN
    assert "not on the engine" in gone.why

    assert shop.entries() == entries, "the entrypoint, which may migrate, was not started"
    assert content(shop) == before
    shop.deploy("one-way")
    never = asked(shop, "2")
    assert never.verdict is Verdict.IRREVERSIBLE
    assert never.one_way == ("shop.0004_one_way: Raw Python operation (shorten)",)
    assert never.ways
    left = run("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", f"name={shop.stack.name}").split()
    assert len(left) == 1, "every one-off container is gone"


def test_a_project_that_cannot_be_set_up_is_listed_and_judged_unknown(shop: DjangoStack) -> None:
    """Settings that miss their environment: files alone are compared, and what the target does not know is UNKNOWN."""
    shop.deploy("1", "2")
    file = shop.stack.folder / shop.stack.file
    file.write_text(file.read_text().replace("SECRET_KEY", "OTHER_KEY"))
    found = asked(shop, "1")
    assert found.verdict is Verdict.UNKNOWN
    assert "KeyError: 'SECRET_KEY'" in found.why
    assert m("shop.0003_totals") in found.unknown
    assert any("names of files alone" in note for note in found.notes)


def test_variables_of_the_configuration_reach_the_container(shop: DjangoStack) -> None:
    """`[django] env` is passed by name; its value stands in no argv."""
    shop.deploy("1")
    file = shop.stack.folder / shop.stack.file
    file.write_text(file.read_text().replace("SECRET_KEY: 'do-not-show', ", ""))
    world = replace(shop.world(), resolve=lambda text: text.replace("${env:KEY}", "canary-77"))
    settings = shop.settings(env={"SECRET_KEY": "${env:KEY}"})
    asking = question(settings, world, shop.target("2"))
    assert "canary-77" not in repr(asking.target.stages("check"))
    assert schema_verdict(settings, world, shop.target("2")).verdict is Verdict.SAFE


def test_another_database_than_the_configured_one_is_unknown(shop: DjangoStack) -> None:
    """The settings of the project name another database: its record would be compared with the wrong one."""
    shop.deploy("1")
    other = shop.server.new_database(
        text="CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz)"
    )
    shop.server.sql("INSERT INTO django_migrations VALUES (1, 'shop', '0001_initial', now())", other)
    settings = shop.settings()
    assert settings.database is not None
    found = schema_verdict(
        replace(settings, database=replace(settings.database, name=other)), shop.world(), shop.target("1")
    )
    assert found.verdict is Verdict.UNKNOWN
    assert f"its settings name the database {shop.database}, the configuration {other}" in found.why


def process(folder: Path, postgres: PostgresServer, database: str) -> DjangoCode:
    """The code in a folder, run as it is."""
    import sys

    return DjangoCode("local", "here", (sys.executable, "manage.py"), str(folder), env=environment(postgres, database))


def test_the_code_in_a_folder_and_the_files_of_a_commit(tmp_path: Path, postgres: PostgresServer) -> None:
    """Without images: what runs is asked where it lies, the target by the files of its commit, and that is said."""
    shop = migrated(tmp_path, postgres, "1", "2")
    clone = lay_out(tmp_path / "clone", "1")
    git(clone, "init", "-q")
    git(clone, "add", ".")
    sha = commit(clone, "Release 1", 1794000000)
    world = local_world(tmp_path, repository=GitRepository(str(clone)))
    asking = AskSchema(
        postgres.client(),
        shop.database,
        DjangoCode("local", "1", commit=sha),
        process(shop.folder, postgres, shop.database),
    )
    found = ask_schema(world, asking).verdict
    assert found.verdict is Verdict.REVERSE_FIRST
    assert any("and only people, shop" in note for note in found.notes)
    same = replace(asking, running=DjangoCode("local", "?", unknown="nobody said where it is"))
    assert ask_schema(world, same).verdict.verdict is Verdict.UNKNOWN


def test_what_is_not_atomic_and_what_cannot_be_seen_is_told(tmp_path: Path, postgres: PostgresServer) -> None:
    """A concurrent index is not atomic, and whether it was made is not seen in tables and columns."""
    shop = migrated(tmp_path, postgres, "1", "index")
    found = inside(local_world(tmp_path), process(shop.folder, postgres, shop.database))
    by_name = {str(one.migration): one for one in found.migrations}
    assert by_name["shop.0004_order_state"].atomic
    assert not by_name["shop.0005_order_number_index"].atomic
    assert by_name["shop.0005_order_number_index"].unseen
    assert by_name["shop.0004_order_state"].unseen == ()
    assert found.own == ("people", "shop")
    assert found.django.startswith("5.")


def test_a_database_without_the_table_and_one_that_does_not_answer(tmp_path: Path, postgres: PostgresServer) -> None:
    """Both are UNKNOWN with the reason, never SAFE."""
    code = process(lay_out(tmp_path / "code", "1"), postgres, "nowhere")
    empty = postgres.new_database("nowhere")
    asking = AskSchema(postgres.client(), empty, code, code)
    assert "no table django_migrations" in ask_schema(local_world(tmp_path), asking).verdict.why


def test_a_way_back_over_several_apps_is_in_an_order_that_works(tmp_path: Path, postgres: PostgresServer) -> None:
    """What the verdict says Django would take back is what Django's own plan says."""
    shop = migrated(tmp_path, postgres, "1", "index")
    code = process(shop.folder, postgres, shop.database)
    target = process(lay_out(tmp_path / "old", "1"), postgres, shop.database)
    found = ask_schema(local_world(tmp_path), AskSchema(postgres.client(), shop.database, target, code)).verdict
    assert [GoBack(row.app, row.to, ()) for row in found.back] == [GoBack("people", "0001_initial", ())]
    told = shop.manage("migrate", "people", "0001_initial", "--plan", "--no-color").stdout
    planned = [line for line in told.splitlines() if "." in line and not line.startswith(" ")]
    assert sorted(planned) == sorted(map(str, found.back[0].takes))
    assert found.not_atomic == (m("shop.0005_order_number_index"),)
