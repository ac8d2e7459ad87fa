"""The chain of a journal: any change is found, and the first bad event is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_builder import small_declared, small_record, whole_record

from actions.model import events as ev
from actions.model.canonical import canonical_json
from actions.model.chain import hash_groups, sign_off_statement, verify_file, verify_lines
from actions.model.errors import RecordDamaged

STATEMENT = {
    "incident": "INC-20261122-k7qf",
    "system": "obcms",
    "mode": "live",
    "part": "executed",
    "person": "ops1",
    "over_seq": 7,
    "over_hash": "a" * 64,
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return small_record(tmp_path_factory.mktemp("small")).lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return whole_record(tmp_path_factory.mktemp("whole")).lines


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def first_bad(data: bytes) -> int:
    with pytest.raises(RecordDamaged) as caught:
        verify_file(data)
    assert caught.value.seq is not None
    assert caught.value.detail
    return caught.value.seq


def relinked(lines: list[bytes], changes: dict[int, dict[str, object]]) -> list[bytes]:
    """The journal as a clever forger writes it: some fields changed and the whole chain computed anew."""
    prev, out = ev.GENESIS, []
    for seq, line in enumerate(lines, 1):
        data = {**json.loads(line), **changes.get(seq, {}), "prev": prev}
        data.pop("hash")
        prev = ev.chain_hash(prev, data)
        out.append(canonical_json({**data, "hash": prev}))
    return out


def test_an_untouched_journal_verifies(whole: list[bytes]) -> None:
    """The record tells the truth: what was written is read back, to the last event."""
    chain = verify_file(joined(whole))
    assert chain == verify_lines(whole)
    assert chain.head_seq == len(whole)
    assert chain.head_hash == json.loads(whole[-1])["hash"]
    assert chain.folded.finished


def test_every_changed_byte_is_found(small: list[bytes]) -> None:
    """F17, one byte changed: at every position, in several ways, the event of that position is named."""
    data = joined(small)
    seq = 1
    for position, byte in enumerate(data):
        for other in {byte ^ 1, byte ^ (0x20 if position % 2 else 0x80), 0x0A} - {byte}:
            changed = data[:position] + bytes([other]) + data[position + 1 :]
            assert first_bad(changed) == seq, (position, byte, other)
        seq += byte == 0x0A


def test_every_removed_or_inserted_byte_is_found(small: list[bytes]) -> None:
    """F17: a byte too few or too many is found in the event in which it is missing or too much."""
    data = joined(small)
    seq = 1
    for position, byte in enumerate(data):
        assert first_bad(data[:position] + data[position + 1 :]) == seq
        for extra in (b"\n", (b" ", b"\r", b"\0")[position % 3]):
            # A second newline at the end of a line leaves that line whole: the empty one after it is bad.
            bad = seq + (extra == b"\n" and byte == 0x0A)
            assert first_bad(data[:position] + extra + data[position:]) == bad, (position, extra)
        seq += byte == 0x0A
    for extra in (b" ", b"\n", b"\r\n", b"\0", b"{}\n"):
        assert first_bad(data + extra) == len(small) + 1


def test_every_removed_line_is_found(whole: list[bytes]) -> None:
    """F17, a line removed: the event after the gap stands where the removed one should."""
    for index in range(len(whole) - 1):
        assert first_bad(joined(whole[:index] + whole[index + 1 :])) == index + 1


def test_every_pair_of_swapped_lines_is_found(small: list[bytes], whole: list[bytes]) -> None:
    """F17, two lines swapped: the earlier of the two places is named."""
    for lines in (small, whole):
        for first in range(len(lines)):
            for second in range(first + 1, len(lines)):
                swapped = list(lines)
                swapped[first], swapped[second] = swapped[second], swapped[first]
                assert first_bad(joined(swapped)) == first + 1


def test_every_inserted_line_is_found(small: list[bytes], tmp_path: Path) -> None:
    """F17, a line inserted: a copy of an own line, one of another record, and an empty one."""
    foreign = small_record(tmp_path).lines
    for index in range(len(small) + 1):
        for extra in (*small, *foreign, b"", b"{}"):
            data = joined([*small[:index], extra, *small[index:]])
            bad = first_bad(data)
            # A copy of the line that follows, or another record's first line, is itself in its right place.
            in_place = (index < len(small) and extra == small[index]) or (index == 0 and extra == foreign[0])
            assert bad == index + 1 + in_place


def test_a_cut_inside_a_line_is_found(small: list[bytes]) -> None:
    """F17, tail cut: whatever ends in the middle of an event is bad there; a cut between events needs the sign-off."""
    data = joined(small)
    for length in range(len(data)):
        whole_lines = data[:length].count(b"\n")
        if length == 0:
            assert first_bad(b"") == 1
        elif data[:length].endswith(b"\n"):
            assert verify_file(data[:length]).head_seq == whole_lines
        else:
            assert first_bad(data[:length]) == whole_lines + 1


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_never_passes_and_never_crashes(data: st.DataObject, whole: list[bytes]) -> None:
    """F17: any splice of the file is found, with a number, and no other exception escapes."""
    text = joined(whole)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 400)))
    changed = text[:start] + data.draw(st.binary(max_size=60)) + text[end:]
    if changed == text:
        return
    if changed and text.startswith(changed) and changed.endswith(b"\n"):
        return  # a clean cut between events is the sign-off's to find
    pairs = enumerate(zip(text, changed, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(text), len(changed)))
    assert first_bad(changed) <= text[:same].count(b"\n") + 1  # a newline before a newline changes what follows


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_anything_else_is_refused_at_the_first_event(junk: bytes) -> None:
    """A file that is no journal is bad from its first event."""
    assert first_bad(junk) == 1


def test_other_spellings_of_the_same_event_are_refused(small: list[bytes]) -> None:
    """An event has one form: the same JSON with other spaces, order or escapes is not it."""
    data = json.loads(small[1])
    for spelling in (
        json.dumps(data).encode(),
        json.dumps(dict(reversed(data.items())), separators=(",", ":")).encode(),
        small[1].replace(b"pages", b"\\u0070ages"),
        small[1].replace(b'"seq":2', b'"seq":2.0'),
        small[1].replace(b'"seq":2', b'"seq":true'),
        small[1].replace(b'"actor":', b'"actor":"x","actor":'),
        b"\xef\xbb\xbf" + small[1],
    ):
        assert spelling != small[1]
        assert first_bad(joined([small[0], spelling, *small[2:]])) == 2


@pytest.mark.parametrize(
    ("seq", "changes", "bad"),
    [
        (1, {"kind": "note", "data": {"text": "x"}}, 1),
        (2, {"kind": "declared"}, 2),
        (2, {"incident": "INC-20261122-zzzz"}, 2),
        (2, {"seq": 3}, 2),
        (2, {"extra": 1}, 2),
        (2, {"mono": "x"}, 2),
    ],
)
def test_a_chain_computed_anew_still_has_to_make_sense(
    small: list[bytes], seq: int, changes: dict[str, object], bad: int
) -> None:
    """A forger who computes every hash anew cannot make a record of something that is none."""
    data = json.loads(small[0])["data"]
    if changes.get("kind") == "declared":
        changes = {**changes, "data": data}
    assert first_bad(joined(relinked(small, {seq: changes}))) == bad


def test_a_drill_cannot_be_declared_as_something_in_between(small: list[bytes]) -> None:
    """A drill can never pass for the real thing: there are two modes and no third."""
    data = json.loads(small[0])["data"]
    assert first_bad(joined(relinked(small, {1: {"data": {**data, "mode": "rehearsal"}}}))) == 1


def test_a_sign_off_must_stand_over_this_chain(small: list[bytes]) -> None:
    """After any earlier event was rewritten, with all hashes made anew, the recorded sign-off no longer fits."""
    changed = relinked(small, {2: {"data": {"text": "pages are fast"}}})
    assert first_bad(joined(changed)) == 4
    sign = json.loads(small[3])["data"]
    for over in (0, -1, 4, 5, 99):
        assert first_bad(joined(relinked(small, {4: {"data": {**sign, "over_seq": over}}}))) == 4


def test_a_plan_must_match_the_hash_that_names_it(whole: list[bytes]) -> None:
    """What was approved is what stands in the record."""
    seq, data = next((n, json.loads(line)["data"]) for n, line in enumerate(whole, 1) if b'"plan.drawn"' in line)
    plan = {**data["plan"], "running": "c" * 40}
    assert first_bad(joined(relinked(whole, {seq: {"data": {**data, "plan": plan}}}))) == seq


def test_unknown_kinds_are_read_and_unknown_values_are_refused(tmp_path: Path) -> None:
    """F18: a newer record's kinds are kept as they are; a value that cannot be understood is refused cleanly."""
    built = small_declared(tmp_path)
    built.add(ev.Unknown("weather.noted", {"sky": "clear"}))
    chain = verify_lines(built.lines)
    assert chain.folded.unknown_kinds == ("weather.noted",)
    built.add(ev.ItemMarked("A1", "text", "half done"))
    with pytest.raises(RecordDamaged) as caught:
        _ = verify_lines(built.lines).folded
    assert caught.value.seq == 3
    assert "newer goaround" in caught.value.next_move


def test_statements_differ_in_every_field() -> None:
    """A signature fits one part of one record of one mode: no two statements are alike."""
    base = sign_off_statement(**STATEMENT)  # type: ignore[arg-type]  # the table mixes str and int on purpose
    assert b"mode: LIVE\n" in base
    others = {"over_seq": 8, "mode": "drill", "over_hash": "b" * 64, "incident": "x", "system": "y", "part": "verified"}
    for name, other in {**others, "person": "ops2"}.items():
        changed = sign_off_statement(**{**STATEMENT, name: other})  # type: ignore[arg-type]  # as above
        assert changed != base


@pytest.mark.parametrize("value", ["", " ", "a\nmode: DRILL", "a\rb", "a\u2028b", "a\x1b[2K", "\u202eabc"])
def test_nothing_in_a_statement_can_pass_for_another_line(value: str) -> None:
    """A name with a line break cannot smuggle another field into what is signed."""
    for name in ("incident", "system", "mode", "part", "person", "over_hash"):
        with pytest.raises(ValueError, match=name.replace("_", " ")):
            sign_off_statement(**{**STATEMENT, name: value})  # type: ignore[arg-type]  # as above


def test_hash_groups_are_for_reading_aloud() -> None:
    """The head on paper is the head in the record."""
    assert hash_groups("0123456789") == "0123 4567 89"
    assert hash_groups("ab" * 32).replace(" ", "") == "ab" * 32
