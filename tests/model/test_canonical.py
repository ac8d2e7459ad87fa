"""Canonical JSON: one byte form per value, and nothing read that has no such form."""

from __future__ import annotations

import enum
import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from actions.model.canonical import canonical_json, content_hash, loads_strict, sha256_hex

LARGEST = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(TEXTS, inner),
    max_leaves=25,
)


def as_lists(value: Any) -> Any:
    """The value with lists for tuples, as JSON gives it back."""
    if isinstance(value, (list, tuple)):
        return [as_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: as_lists(item) for key, item in value.items()}
    return value


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@given(VALUES)
def test_bytes_are_those_of_an_independent_implementation(value: Any) -> None:
    """A hash of ours can be checked with any RFC 8785 library."""
    assert canonical_json(value) == rfc8785.dumps(value)


@given(VALUES)
def test_reading_what_was_written_gives_the_value_back(value: Any) -> None:
    """The journal reads back exactly what was signed."""
    assert loads_strict(canonical_json(value)) == as_lists(value)
    assert canonical_json(loads_strict(canonical_json(value))) == canonical_json(value)


@given(st.dictionaries(TEXTS, LEAVES))
def test_the_order_of_insertion_does_not_matter(members: dict[str, Any]) -> None:
    """Two programs that build the same event in another order get the same hash."""
    backwards = dict(reversed(list(members.items())))
    assert content_hash(backwards) == content_hash(members)


def test_keys_are_ordered_by_utf16_code_units() -> None:
    """The example of RFC 8785, 3.2.3, where code points would give another order."""
    members = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    order = list(json.loads(canonical_json(members)))
    assert order == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_the_standard_says() -> None:
    """Short escapes, lower-case hexadecimal, and everything else as it is."""
    assert canonical_json('\u20ac$\x0f\nA\'B"\\\\"/\x7f') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'


def test_hashes_are_sha256() -> None:
    """The hash of a value is the sha256 of its bytes, as ``sha256sum`` prints it."""
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_hash({"b": [1, True, None], "a": "x"}) == hashlib.sha256(b'{"a":"x","b":[1,true,null]}').hexdigest()


def test_enums_count_as_what_they_extend() -> None:
    """A state that is a str enum is written as its value."""

    class State(enum.StrEnum):
        DONE = "done"

    class Level(enum.IntEnum):
        HIGH = 3

    assert canonical_json([State.DONE, Level.HIGH, {State.DONE: 1}]) == b'["done",3,{"done":1}]'


def test_true_and_one_differ() -> None:
    """A bool is never written as an int."""
    assert content_hash(True) != content_hash(1)


@pytest.mark.parametrize(
    ("value", "error", "path"),
    [
        (1.0, ValueError, r"^\$: a float"),
        ({"a": [0, float("nan")]}, ValueError, r"^\$\.a\[1\]: a float"),
        ({"a": float("inf")}, ValueError, r"^\$\.a: a float"),
        ([LARGEST + 1], ValueError, r"^\$\[0\]: an int"),
        ([-LARGEST - 1], ValueError, r"^\$\[0\]: an int"),
        ({"a": {"b": "x\ud800"}}, ValueError, r"^\$\.a\.b holds a lone surrogate at character 2"),
        ({"a": {"\udc00": 1}}, ValueError, r"^\$\.a: a key holds a lone surrogate"),
        ({"a": {1: 2}}, TypeError, r"^\$\.a: a key is int"),
        ({"a": [b"x"]}, TypeError, r"^\$\.a\[0\]: bytes"),
        ({"a": {"s"}}, TypeError, r"^\$\.a: set"),
        (object(), TypeError, r"^\$: object"),
    ],
)
def test_what_has_no_one_form_is_refused_by_path(value: Any, error: type[Exception], path: str) -> None:
    """Whoever builds a wrong event is told where it is wrong."""
    with pytest.raises(error, match=path):
        canonical_json(value)


def test_a_path_holds_no_terminal_control() -> None:
    """A hostile key cannot drive the terminal through our own message."""
    with pytest.raises(ValueError, match="float") as caught:
        canonical_json({"\x1b]0;x\x07k\u202e": 1.5})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("write", [canonical_json, lambda value: loads_strict(json.dumps(value))])
def test_nesting_is_bounded_at_a_hundred(write: Any) -> None:
    """A hundred levels pass, one more is a plain error."""
    write(nested(100))
    write({"a": [{"b": nested(96)}]})
    with pytest.raises(ValueError, match="nested deeper than 100"):
        write(nested(101))


def test_a_value_that_holds_itself_is_refused() -> None:
    """No endless recursion, whatever is handed over."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested deeper"):
        canonical_json(value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_a_hundred_thousand_levels_are_a_plain_error(text: str) -> None:
    """An answer nested without end is refused before the parser sees it."""
    with pytest.raises(ValueError, match="nested deeper than 100 levels at character"):
        loads_strict(text)


def test_brackets_in_strings_are_no_levels() -> None:
    """A text full of brackets is a text."""
    text = '["' + "[{" * 5000 + '\\"[", "' + "[" * 200 + '\\\\", [[]]]'
    assert loads_strict(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "a": 1}', 'the key "a" stands twice'),
        ('[{"x": {"\\u0061": 1, "a": 2}}]', 'the key "a" stands twice'),
        ("NaN", "NaN"),
        ("[Infinity]", "Infinity"),
        ('{"a": -Infinity}', "-Infinity"),
        ("1.0", "1.0 is not a whole number"),
        ("1e3", "1e3 is not a whole number"),
        ("9007199254740992", "beyond"),
        ("-9007199254740992", "beyond"),
        ("1" * 100_000, "beyond"),
        ('"\\ud800"', "lone surrogate"),
        ('{"\\udfff": 1}', "lone surrogate"),
        ('"\ud800"', "lone surrogate"),
        ("", "line 1, column 1"),
        ('{"a": 1,\n }', "line 2, column 2"),
        ("[1] [2]", "column 5"),
        ("\ufeff[]", "BOM"),
        ("'a'", "not JSON"),
        ('"a\nb"', "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 2"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
    ],
)
def test_what_is_not_strict_json_is_refused_in_words(text: str | bytes, problem: str) -> None:
    """Two readers of one record can never see two values."""
    with pytest.raises(ValueError, match=problem) as caught:
        loads_strict(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@given(st.text() | st.binary())
def test_reading_ends_in_a_value_or_a_plain_error(text: str | bytes) -> None:
    """Whatever stands in a file: a value that can be written again, or a ValueError."""
    try:
        value = loads_strict(text)
    except ValueError:
        return
    canonical_json(value)


def test_a_paired_surrogate_escape_is_one_character() -> None:
    """Escapes of characters beyond the BMP are read."""
    assert loads_strict('"\\ud83d\\ude00"') == "\U0001f600"
