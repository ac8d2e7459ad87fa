"""A dump is read by psql's own rules before psql sees it: what it would do is known, what it holds is counted."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from postgres_server import PostgresServer

from actions.model.sql_dump import LONGEST_ROW, SqlDump, bare_name, scan

END = "\n--\n-- PostgreSQL database dump complete\n--\n\n"


def read(text: str | bytes) -> SqlDump:
    return scan([text.encode() if isinstance(text, str) else text])


def whys(text: str) -> list[str]:
    return [finding.why for finding in read(text).findings]


def test_rows_tables_roles_and_migrations_are_counted() -> None:
    """What a restore will be compared with."""
    found = read(
        "-- Dumped from database version 15.14 (Debian)\n-- Dumped by pg_dump version 15.16\n"
        'CREATE TABLE public."Odd (name)" (\n    id integer\n);\nALTER TABLE public."Odd (name)" OWNER TO obcms_user;\n'
        "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;\n"
        'COPY public."Odd (name)" (id) FROM stdin;\n1\n2\n\\.\n\n'
        "COPY public.django_migrations (id, app, name, applied) FROM stdin;\n"
        "1\tcommon\t0001_initial\t2026-01-01\n2\tcommon\t0002_b\t2026-01-02\n\\.\n"
        "GRANT SELECT ON TABLE public.x TO reporting;\n" + END
    )
    assert found.rows == {'public."Odd (name)"': 2, "public.django_migrations": 2}
    assert found.migrations == [("common", "0001_initial"), ("common", "0002_b")]
    assert list(found.tables) == ['public."Odd (name)"']
    assert list(found.roles) == ["obcms_user", "reporting"]
    assert list(found.extensions) == ["pg_trgm"]
    assert (found.server_version, found.dump_version) == ("15.14", "15.16")
    assert found.trailer
    assert not found.findings
    assert not found.odd


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\\! rm -rf /\n", "runs a program"),
        ("SELECT 1; \\! id\n", "runs a program"),
        ("\\connect other\n", "connects"),
        ("\\c postgres\n", "connects"),
        ("\\copy t from program 'id'\n", "runs a program"),
        ("\\i /etc/passwd\n", "reads another file"),
        ("\\o |sh\n", "runs a program"),
        ("\\gexec\n", "command to psql"),
        ("DROP DATABASE obcms_prod;\n", "database"),
        ("create\n  database x;\n", "database"),
        ("/* hidden */ DROP /* in */ DATABASE x;\n", "database"),
        ("CREATE ROLE evil SUPERUSER;\n", "role"),
        ("ALTER USER obcms PASSWORD 'x';\n", "role"),
        ("ALTER SYSTEM SET x = 1;\n", "server"),
        ("COPY t FROM PROGRAM 'id';\n", "program"),
        ("COPY t TO '/tmp/x';\n", "file of the server"),
        ("COPY (SELECT 1) TO PROGRAM 'sh';\n", "program"),
        ("COMMIT;\n", "transaction"),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;\n", "another server"),
    ],
)
def test_hostile_lines_are_found(text: str, why: str) -> None:
    """However they are written."""
    assert any(why in found for found in whys(text)), whys(text)


@pytest.mark.parametrize(
    "text",
    [
        "COMMENT ON TABLE t IS 'a\n\\! not run\n';\n",
        "CREATE FUNCTION f() RETURNS void AS $body$\nDROP DATABASE x;\n\\! not run\n$body$ LANGUAGE sql;\n",
        'CREATE TABLE "a\\b" (x int);\n',
        "SELECT E'it\\'s \\! fine';\n",
        "COPY public.t (a) FROM stdin;\n\\! data\nDROP DATABASE x;\n\\N\n\\.\n",
        "-- \\! a comment\n/* \\! /* nested */ \\! */\n",
        "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n",
        "SET standard_conforming_strings = off;\nSELECT 'it\\'s \\! fine';\n",
        "CREATE USER MAPPING FOR x SERVER y;\n",
    ],
)
def test_harmless_text_is_not_accused(text: str) -> None:
    """Quotes, functions, comments and data hold what they like."""
    assert whys(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("COPY public.t (a) FROM stdin;\n1\n2", "middle of the data of public.t"),
        ("SELECT 'abc", "middle of a quoted text"),
        ("CREATE FUNCTION f() AS $$ begin", "middle of a quoted text"),
        ("CREATE TABLE t (a int", "middle of a statement"),
        ("\\restrict abc\nSELECT 1;\n", "never ended"),
    ],
)
def test_a_cut_dump_is_not_whole(text: str, words: str) -> None:
    """Wherever the cut falls."""
    found = read(text)
    assert any(words in odd for odd in found.odd)
    assert not found.trailer


def test_a_terminal_leaves_its_mark() -> None:
    """A dump through a pseudo-terminal ends its lines in CR LF."""
    assert read("SELECT 1;\r\nSELECT 2;\r\n").crlf == 2


def test_a_row_of_a_gigabyte_takes_no_memory() -> None:
    """A long row is counted, not held, and its end is not taken for the end of the data."""
    found = SqlDump()
    found.feed(b"COPY public.t (a) FROM stdin;\nshort\n")
    for _ in range(40):
        found.feed(b"x" * (LONGEST_ROW // 8))
    found.feed(b"\n\\.\n" + END.encode())
    found.finish()
    assert found.rows == {"public.t": 2}
    assert found.trailer
    assert len(found._held) < LONGEST_ROW


PIECES = (
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\\",
    "E'",
    "\\.",
    ";",
    "\n",
    " x ",
    "e",
    "''",
    "\\!",
    "COPY t FROM stdin;\n",
    "1\n",
    "SELECT ",
)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.lists(st.integers(1, 9), min_size=1, max_size=8))
@example("COPY t FROM stdin;\n1\n\\.\n", [1])
def test_how_the_bytes_are_cut_changes_nothing(text: str, sizes: list[int]) -> None:
    """The same dump in other chunks is the same dump."""
    data, chunks, at = text.encode(), [], 0
    for size in itertools.cycle(sizes):
        if at >= len(data):
            break
        chunks.append(data[at : at + size])
        at += size
    assert scan(chunks) == read(text)


PSQL_PIECES = (
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "E'",
    ";",
    "\n",
    " x ",
    "e",
    "''",
    "\\echo HERE\n",
    "SELECT 1",
    "\\'",
    "U&'",
)


@pytest.mark.postgres
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(st.sampled_from(PSQL_PIECES), max_size=14).map("".join), min_size=8, max_size=8))
def test_psql_and_we_agree_on_what_is_quoted(postgres: PostgresServer, texts: list[str]) -> None:
    """A command that psql obeys is one that we find: tried on psql itself."""
    for text in texts:
        done = postgres.run("psql", "-X", "-q", "-d", "postgres", stdin=text.encode(), ok=False)
        obeyed = done.stdout.count(b"HERE\n")
        found = read(text).findings
        assert obeyed <= len([one for one in found if "command to psql" in one.why]), (text, done.stdout, found)


@pytest.mark.postgres
def test_a_real_dump_is_read_as_it_is(postgres: PostgresServer) -> None:
    """Rows, tables and the end of what pg_dump writes, also as INSERTs; the dump itself is not accused."""
    name = postgres.new_database(
        text="CREATE TABLE a (id int primary key, t text);"
        "INSERT INTO a SELECT i, repeat('x\\y''\n', 3) FROM generate_series(1, 500) i;"
        "CREATE TABLE b (v text); COMMENT ON TABLE b IS 'it''s; \\! x';"
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'begin return 1; end';"
    )
    for options in ((), ("--inserts",), ("--clean", "--if-exists")):
        found = read(postgres.dump(name, *options))
        assert found.rows.get("public.a") == 500
        assert found.trailer
        assert not found.odd
        assert not found.findings
    assert any("database" in one.why for one in read(postgres.dump(name, "--create", "--clean")).findings)


def test_files_of_others(corpus_dumps: tuple[Path, ...]) -> None:
    """Dumps that were not made by us are read without an accusation."""
    for path in corpus_dumps:
        found = scan([path.read_bytes()])
        assert found.tables
        assert not found.odd, path


@pytest.fixture
def corpus_dumps() -> tuple[Path, ...]:
    folder = Path(__file__).parents[3] / "shared/corpus/dumps"
    found = tuple(sorted(folder.glob("*.sql"))) if folder.is_dir() else ()
    if not found:
        pytest.skip("the corpus is not here")
    return found


def test_bare_names() -> None:
    """Without schema and quotes."""
    assert [bare_name(text) for text in ("public.t", '"a.b"."c""d"', "t")] == ["t", 'c"d', "t"]


@pytest.mark.parametrize(
    "begin",
    [
        b"SELECT (;\n",
        b"CREATE RULE r AS ON INSERT TO a DO INSTEAD (SELECT 1; SELECT 2;\n",
        b"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC;\n",
        b"create or replace procedure f()\nbegin\natomic SELECT 1;\n",
    ],
)
def test_where_psql_ends_no_statement_none_is_ended(begin: bytes) -> None:
    """Within parentheses or a body psql goes on, so no COPY begins there, and what follows it is no data."""
    found = scan([begin + b"COPY t FROM stdin;\n\\! touch hit\n\\.\n"])
    assert found.findings


def test_a_body_in_quotes_is_no_body() -> None:
    """As every function stands in a dump but those of SQL's own kind."""
    text = b"CREATE FUNCTION begin_it(a integer) RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n"
    rule = b"CREATE RULE r AS ON INSERT TO a DO INSTEAD ( INSERT INTO b VALUES (1); DELETE FROM c; );\n"
    found = scan([text + rule + b"COPY public.a (b) FROM stdin;\n1\n\\.\n"])
    assert (found.findings, found.odd, found.stray, found.rows) == ([], [], [], {"public.a": 1})
