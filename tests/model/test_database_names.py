"""Names of databases: nothing is cut in silence, read as a connection string, or belongs to the server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.database_names import LONGEST, conninfo, ident, literal, name_problem, side_name

HOSTILE = (
    ("", "empty"),
    ("postgres", "belongs to the server"),
    ("template1", "belongs to the server"),
    ("x" * 64, "64 bytes"),
    ("ü" * 32, "64 bytes"),
    ("dbname=x host=evil", "connection string"),
    ("postgresql://evil/x", "connection string"),
    ("-x", "begin with"),
    ("a\nb", "control character"),
)


@pytest.mark.parametrize(("name", "words"), HOSTILE)
def test_what_a_client_would_misread_is_refused(name: str, words: str) -> None:
    """Each with its own words."""
    assert words in name_problem(name)


@pytest.mark.parametrize("name", ["obcms_prod", "Obcms Prod", "a;drop", "it's", 'say "x"', "$user", "x" * 63, "日本"])
def test_odd_but_good_names_pass(name: str) -> None:
    """A quote is a character like any other."""
    assert name_problem(name) == ""


@given(st.text(min_size=1, max_size=80).filter(lambda text: not name_problem(text)))
def test_names_beside_are_never_cut_to_the_same(name: str) -> None:
    """They fit, keep their mark, and pass the same rule."""
    first, second = side_name(name, "rb", "k7qf_0241"), side_name(name, "rb", "k7qf_0242")
    assert first != second
    assert first.endswith("_rb_k7qf_0241")
    assert len(first.encode()) <= LONGEST
    assert name_problem(first) == ""


@pytest.mark.parametrize("mark", ["", "A", "a-b", "x" * 25])
def test_a_mark_is_plain(mark: str) -> None:
    """What makes a name unique cannot be cut or need quoting."""
    with pytest.raises(ValueError, match="mark"):
        side_name("obcms", "rb", mark)


def test_sql_text_cannot_be_left() -> None:
    """Quotes and backslashes stay inside; a NUL is refused."""
    assert ident('a"b') == '"a""b"'
    assert literal("it's") == "'it''s'"
    assert literal("a\\b'") == "E'a\\\\b'''"
    assert conninfo("it's \\") == "dbname='it\\'s \\\\'"
    for quote in (ident, literal):
        with pytest.raises(ValueError, match="NUL"):
            quote("a\0b")
