"""A record may be changed without its schema only where the tables prove it: compared as the server tells them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django_ground import Project, environment, migrated, project
from performing import local_world
from postgres_server import PostgresServer

from actions.model.django_code import DjangoCode
from actions.model.migrations import Migration
from actions.model.schema_shape import Compared
from actions.steps.schema_reading import recorded
from actions.steps.schema_shapes import compare

pytestmark = pytest.mark.timeout(180)
STATE, INDEX = Migration("shop", "0004_order_state"), Migration("shop", "0005_order_number_index")


def compared(tmp_path: Path, shop: Project, *moves: Migration, forward: bool) -> Compared:
    env = environment(shop.server, shop.database)
    code = DjangoCode("local", "here", (sys.executable, "manage.py"), str(shop.folder), env=env)
    world = local_world(tmp_path)
    rows = [row.migration for row in recorded(world, shop.server.client(), shop.database) or ()]
    return compare(world, shop.server.client(), shop.database, code, rows, moves, forward=forward)


CASES = (
    ("", "column shop_order.state is not there"),
    ("ADD COLUMN state varchar(10)", ""),
    (
        "ADD COLUMN state varchar(11)",
        "column shop_order.state is character varying(11) NULL, not character varying(10)",
    ),
    ("ADD COLUMN state text", "column shop_order.state is text NULL"),
    ("ADD COLUMN state varchar(10) NOT NULL DEFAULT ''", "NOT NULL DEFAULT ''::character varying, not"),
    ("ADD COLUMN state varchar(10), ADD COLUMN own int", "column shop_order.own is there"),
    ("ADD COLUMN state varchar(10), DROP COLUMN number", "column shop_order.number is not there"),
    ("ADD COLUMN state varchar(10) UNIQUE", "shop_order has shop_order_state_key"),
    ("ADD COLUMN state varchar(10), DROP CONSTRAINT buyer_key", "shop_order has no FOREIGN KEY (buyer_id)"),
)


def test_a_column_as_it_is_and_as_it_should_be(tmp_path: Path, postgres: PostgresServer) -> None:
    """Type, nullability, default, what else was changed on the table: the record is only right where all of it is."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "index", postgres.databases()[0])
    key = postgres.sql("SELECT conname FROM pg_constraint WHERE conname LIKE 'shop_order_buyer_id%fk%'", shop.database)
    postgres.sql(f'ALTER TABLE shop_order RENAME CONSTRAINT "{key}" TO buyer_key', shop.database)
    for number, (sql, words) in enumerate(CASES):
        copy = f"{shop.database}_{number}"
        postgres.sql(f"CREATE DATABASE {copy} TEMPLATE {shop.database}")
        if sql:
            postgres.sql(f"ALTER TABLE shop_order {sql}", copy)
        before = postgres.sql("SELECT count(*) FROM pg_class", copy)
        found = compared(tmp_path, Project(shop.folder, postgres, copy), STATE, forward=True)
        assert found.tables == ("shop_order",), found
        assert found.proven is (words == ""), (sql, found.words())
        assert words in found.words(), (sql, found.words())
        if number < 2:
            back = compared(tmp_path, Project(shop.folder, postgres, copy), STATE, forward=False)
            assert back.proven is (sql == ""), back.words()
        assert postgres.sql("SELECT count(*) FROM pg_class", copy) == before, "the comparison leaves nothing"


def test_an_index_alone_is_seen_and_an_invalid_one_is_no_proof(tmp_path: Path, postgres: PostgresServer) -> None:
    """Tables and columns do not tell an index; its definition, its declared name and its validity do."""
    shop = migrated(tmp_path, postgres, "1", "2", "index")
    postgres.sql("DELETE FROM django_migrations WHERE name = '0005_order_number_index'", shop.database)
    assert compared(tmp_path, shop, INDEX, forward=True).proven
    postgres.sql("ALTER INDEX shop_order_number_idx RENAME TO other", shop.database)
    assert "shop_order has no shop_order_number_idx" in compared(tmp_path, shop, INDEX, forward=True).words()
    postgres.sql("ALTER INDEX other RENAME TO shop_order_number_idx", shop.database)
    postgres.sql("UPDATE pg_index SET indisvalid = false FROM pg_class c WHERE c.oid = indexrelid"
                 " AND c.relname = 'shop_order_number_idx'", shop.database)  # fmt: skip
    found = compared(tmp_path, shop, INDEX, forward=True)
    assert not found.proven
    assert "INVALID" in found.words()
    postgres.sql("DROP INDEX shop_order_number_idx", shop.database)
    assert compared(tmp_path, shop, INDEX, forward=False).proven


def test_what_tables_do_not_show_is_never_proven(tmp_path: Path, postgres: PostgresServer) -> None:
    """Data that a migration fills, and SQL of somebody's own: no comparison tells whether they were run."""
    shop = migrated(tmp_path, postgres, "1", "2")
    found = compared(tmp_path, shop, Migration("shop", "0003_totals"), forward=True)
    assert not found.proven
    assert "Raw Python operation (total)" in found.words()
    assert not compared(tmp_path, shop, Migration("shop", "0999_no"), forward=True).proven
    postgres.sql("DELETE FROM django_migrations WHERE name = '0003_totals'", shop.database)
    whole = compared(tmp_path, shop, Migration("shop", "0002_order_total"), forward=True)
    assert whole.proven, whole.words()
    assert whole.tables == ("order labels", "shop_order", "shop_order_labels")
