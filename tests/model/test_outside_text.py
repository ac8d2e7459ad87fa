"""Outside text: nothing that a terminal obeys gets through, nothing that a reader should see gets lost."""

from __future__ import annotations

import bz2
import gzip
import itertools
import time
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actions.model.outside_text import LONGEST_STRING_SEQUENCE, LineSanitiser, is_clean, sanitise

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "logs"

# Text in which hostile pieces are frequent, which random text hardly holds.
PIECES = st.sampled_from(
    [
        *(
            "\x1b",
            "\x1b[",
            "\x1b]",
            "\x1bP",
            "\x1b\\",
            "\x9b",
            "\x9d",
            "\x9c",
            "\x07",
            "0;",
            "31m",
            "1;2",
            "?",
            " ",
            "m",
        ),
        *(
            "\r",
            "\n",
            "\r\n",
            "\t",
            "\v",
            "\f",
            "\x85",
            "\u2028",
            "\x00",
            "\x7f",
            "\b",
            "a",
            "Zoë",
            "日本",
            "e\u0301",
        ),
        *(
            "\u0301" * 3,
            "\u0301" * 6,
            "\u200b",
            "\u200d",
            "\u202e",
            "\u2066",
            "\ufeff",
            "\ufe0f",
            "\u034f",
            "\u3164",
        ),
        *(
            "\u0600",
            "\u0e33",
            "\u1161",
            "\ue000",
            "\u0378",
            "\U000e0041",
            "\U000e0100",
            "\U0001f469\u200d\U0001f4bb",
        ),
        *("\ud800", "\udfff", "\u00a0", "\u3000", "…", "⏎", "\ufffd", "[/red]", "!"),
    ]
)
HOSTILE_TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text()
HOSTILE_BYTES = st.lists(
    PIECES.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=4), max_size=30
).map(b"".join)


def faults(text: str, *, newlines: bool = False) -> list[str]:
    """What must not be in sanitised text, judged by the Unicode tables alone and not by the code under test."""
    found = []
    for line in text.split("\n") if newlines else [text]:
        marks = 0
        for index, char in enumerate(line):
            kind = unicodedata.category(char)
            if kind[0] == "C" or kind in ("Zl", "Zp") or (kind == "Zs" and char != " "):
                found.append(f"U+{ord(char):04X} {kind}")
            if char in "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0":
                found.append(f"filler U+{ord(char):04X}")
            if 0xFE00 <= ord(char) <= 0xFE0F or 0xE0000 <= ord(char) <= 0xE0FFF:
                found.append(f"selector or tag U+{ord(char):04X}")
            marks = marks + 1 if kind[0] == "M" else 0
            if marks > 4 or (marks and index == 0):
                found.append(f"mark U+{ord(char):04X} at {index}")
    return found


# ------------------------------------------------------------ what comes out


@given(HOSTILE_TEXTS | HOSTILE_BYTES | st.binary(), st.booleans(), st.none() | st.integers(1, 12))
def test_only_visible_characters_come_out(text: str | bytes, keep_newlines: bool, limit: int | None) -> None:
    """For any text and any bytes: no control, no escape, nothing invisible, nothing that reorders."""
    shown = sanitise(text, keep_newlines=keep_newlines, limit=limit)
    assert not faults(shown, newlines=keep_newlines)
    assert is_clean(shown, newlines=keep_newlines)
    assert limit is None or len(shown) <= limit


@given(HOSTILE_TEXTS | HOSTILE_BYTES, st.booleans(), st.none() | st.integers(1, 12))
def test_doing_it_twice_changes_nothing(text: str | bytes, keep_newlines: bool, limit: int | None) -> None:
    """Text may pass two edges, and stored text may be shown again."""
    once = sanitise(text, keep_newlines=keep_newlines, limit=limit)
    assert sanitise(once, keep_newlines=keep_newlines, limit=limit) == once


@given(HOSTILE_TEXTS)
@example("e\n\u0301")
def test_is_clean_agrees_with_the_unicode_tables(text: str) -> None:
    """The check that other tests rely on is itself checked, in both directions."""
    for newlines in (False, True):
        if faults(text, newlines=newlines):
            assert not is_clean(text, newlines=newlines)
        if is_clean(text, newlines=newlines):
            assert sanitise(text, keep_newlines=newlines) == text


@given(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_letters_of_every_script_pass(text: str) -> None:
    """What is only text is not touched (Hangul vowels without their consonant are bounded like marks)."""
    if not any("\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb" for char in text):
        assert sanitise(text) == text


def test_every_character_alone() -> None:
    """All of Unicode, one by one and behind a letter: clean, and stable."""
    for code in range(0x110000):
        shown = sanitise("a" + chr(code) + "b")
        if shown != "a" + chr(code) + "b":
            assert not faults(shown)
            assert shown[0] == "a"
    text = "".join("x" + chr(code) for code in range(0x110000))
    assert not faults(sanitise(text))


# ------------------------------------------------------------ the classic hostiles

ESC = "\x1b"
STRING_SEQUENCES = {
    "title": "]0;evil",
    "icon": "]1;evil",
    "link": "]8;;http://evil",
    "notification 9": "]9;evil",
    "clipboard": "]52;c;ZXZpbA==",
    "notification 777": "]777;notify;evil;evil",
    "iterm": "]1337;File=evil",
    "dcs": "Pq#0;2;evil",
    "apc": "_Ga=T;evil",
    "pm": "^evil",
    "sos": "Xevil",
}
SEQUENCES = {
    "report cursor": "[6n",
    "report status": "[5n",
    "device attributes": "[c",
    "secondary attributes": "[>0c",
    "report size": "[18t",
    "report title": "[21t",
    "reset": "c",
    "soft reset": "[!p",
    "clear": "[2J",
    "clear scrollback": "[3J",
    "alternate screen": "[?1049h",
    "scroll region": "[5;10r",
    "hide cursor": "[?25l",
    "bracketed paste": "[?2004h",
    "mouse": "[?1000;1006h",
    "home": "[H",
    "up": "[99A",
    "colour": "[1;38;2;255;0;0m",
    "colour with colons": "[38:2::255:0:0m",
    "conceal": "[8m",
    "cursor shape": "[4 q",
    "save": "7",
    "restore": "8",
    "charset": "(0",
    "alignment": "#8",
    "utf-8 off": "%@",
    "keypad": "=",
    "reverse index": "M",
    "control inside": "[3\x001m",
    "bell inside": "[3\x071m",
}


@pytest.mark.parametrize("body", SEQUENCES.values(), ids=SEQUENCES)
def test_an_escape_sequence_goes_as_a_whole(body: str) -> None:
    """Nothing of it is left, neither the escape nor its parameters."""
    assert sanitise(f"a{ESC}{body}b") == "ab"
    assert sanitise(f"a{ESC}{body}b".encode()) == "ab"


@pytest.mark.parametrize("body", [body for body in SEQUENCES.values() if body.startswith("[")])
def test_an_eight_bit_sequence_goes_as_a_whole(body: str) -> None:
    """U+009B is CSI too."""
    assert sanitise(f"a\x9b{body[1:]}b") == "ab"


@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c"])
@pytest.mark.parametrize("body", STRING_SEQUENCES.values(), ids=STRING_SEQUENCES)
def test_a_string_sequence_goes_with_its_content(body: str, end: str) -> None:
    """Title, clipboard, link and their kin leave nothing, in seven and in eight bits."""
    assert sanitise(f"a{ESC}{body}{end}b") == "ab"
    eight = {"]": "\x9d", "P": "\x90", "_": "\x9f", "^": "\x9e", "X": "\x98"}[body[0]]
    assert sanitise(f"a{eight}{body[1:]}{end}b") == "ab"


@pytest.mark.parametrize("body", STRING_SEQUENCES.values(), ids=STRING_SEQUENCES)
def test_a_string_sequence_that_does_not_end_hides_nothing(body: str) -> None:
    """A broken or hostile program cannot make the rest of a line, or of the log, vanish."""
    assert sanitise(f"a{ESC}{body}b") == f"a{body[1:]}b"
    text = f"{ESC}{body}\nERROR disk full\x07"
    assert sanitise(text, keep_newlines=True) == f"{body[1:]}\nERROR disk full"
    assert sanitise(f"{ESC}{body} ERROR {ESC}[31mdisk\x07") == f"{body[1:]} ERROR disk"
    long = f"{ESC}{body}" + "x" * (1 << 20) + "\x07end"
    assert sanitise(long) == body[1:] + "x" * (1 << 20) + "end"


def test_a_string_sequence_is_believed_up_to_its_limit() -> None:
    """Content up to the limit is taken for a sequence, one character more is text."""
    content = "x" * LONGEST_STRING_SEQUENCE
    assert sanitise(f"a{ESC}]{content}\x07b") == "ab"
    assert sanitise(f"a{ESC}]{content}x\x07b") == f"a{content}xb"


def test_sequences_do_not_form_from_what_is_left() -> None:
    """Taking one out of the middle of another makes no third."""
    assert sanitise("a\x1b\x1b[0m[31mb") == "a[31mb"
    assert sanitise("\x1b[\x1b[31mx") == "x"
    assert sanitise("\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\x") == "tmux;x"
    assert sanitise("\x1b[31") == ""
    assert sanitise("\x1b") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10%\r20%\r30%", "10%⏎20%⏎30%"),
        ("good\rbad", "good⏎bad"),
        ("\rsame line\r", "same line"),
        ("a\r\r\rb", "a⏎b"),
        ("a\r\nb\n", "a⏎b"),
        ("subject\n\nbody\n", "subject⏎body"),
        ("a\vb\fc\x85d\u2028e\u2029f", "a⏎b⏎c⏎d⏎e⏎f"),
        ("\r\x1b[Kprogress", "progress"),
        ("a\tb", "a       b"),
        ("12345678\t|", "12345678        |"),
        ("a\x00b\x7fc\bd\x0ee\x0ff\x1ag", "abcdefg"),
        ("a\x84b\x8dc\x9cd", "abcd"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("\u2066a\u2069\u200eb\u200fc\u061cd", "abcd"),
        ("a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh", "abcdefgh"),
        ("ok\U000e0068\U000e0069", "ok"),
        ("⚠\ufe0f \U0001f469\u200d\U0001f4bb", "⚠ \U0001f469\U0001f4bb"),
        ("a\u034f\u3164\u115fb", "ab"),
        ("a\u00a0b\u2003c\u3000d", "a b c d"),
        ("a\ue000b\U000f0000c\u0378d\uffffe", "a\ufffdb\ufffdc\ufffdd\ufffde"),
        ("a\ud800b\udcffc", "a\ufffdb\ufffdc"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302\u0303\u0304"),
        ("e" + "\u0301" * 500 + "x", "e\u0301\u0301\u0301\u0301\ufffdx"),
        ("\u0301a", "\u25cc\u0301a"),
        ("นี้ ที่", "นี้ ที่"),
        (
            "[/red] [@click=app.quit]x[/] [link=http://x] {} %s",
            "[/red] [@click=app.quit]x[/] [link=http://x] {} %s",
        ),
        ("", ""),
    ],
)
def test_what_is_shown_for_it(text: str, shown: str) -> None:
    """The decisions about overwriting, tabs, invisible characters, marks and markup, one by one."""
    assert sanitise(text) == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"a\xffb", "a\ufffdb"),
        (b"\xc0\xafetc", "\ufffd\ufffdetc"),  # overlong slash
        (b"\xe0\x9b\xb1m", "\ufffd\ufffd\ufffdm"),  # overlong form around 0x9B
        (b"\xed\xa0\x80x", "\ufffd\ufffd\ufffdx"),  # surrogate
        (b"\xf4\x90\x80\x80x", "\ufffd\ufffd\ufffd\ufffdx"),  # beyond Unicode
        (b"caf\xe9 \x9b31m", "caf\ufffd \ufffd31m"),  # Latin-1; a bare 0x9B is no control in UTF-8
        (b"a\xe2\x82", "a\ufffd"),
        ("a\x9b31mb".encode(), "ab"),
    ],
)
def test_bytes_that_are_no_utf8_are_shown_as_such(data: bytes, shown: str) -> None:
    """Old code pages, overlong forms and cut sequences are visible and harmless."""
    assert sanitise(data) == shown


def test_newlines_are_kept_when_asked_for() -> None:
    """Only ``\\n`` counts as one; every line is treated on its own."""
    assert sanitise("a\r\nb\rc\n\n\u0301d\te", keep_newlines=True) == "a\nb⏎c\n\n\u25cc\u0301d      e"
    assert sanitise("a\u2028b\n", keep_newlines=True) == "a⏎b\n"


def test_a_limit_is_marked() -> None:
    """What was cut says so, within the limit."""
    assert sanitise("abcdef", limit=6) == "abcdef"
    assert sanitise("abcdefg", limit=6) == "abcde…"
    assert sanitise("\x1b[31mabcdef\x1b[0m", limit=6) == "abcdef"
    assert sanitise("ab", limit=1) == "…"
    for limit in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            sanitise("a", limit=limit)


# ------------------------------------------------------------ the cost

UNITS = [
    "\x1b",
    "\x1b[",
    "\x1b[1",
    "\x1b[1;",
    "\x1b]",
    "\x1b]0;",
    "\x1bP\x1b",
    "\x9d",
    "\x9dx",
    "\x9c",
    "\x9b1;",
]
UNITS += [
    "\r",
    "a\r",
    "\t",
    "\n",
    "\u0301",
    "e\u0301",
    "\u202e",
    "\u1161",
    "\ufe0f",
    "\x00",
    "é",
    "\ue000",
    " ",
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("start", ["", "\x1b]", "\x1b["])
def test_a_megabyte_is_linear(start: str, unit: str) -> None:
    """Four times the text takes about four times the work, not sixteen."""

    def seconds(size: int) -> float:
        text = start + unit * (size // len(unit))
        begin = time.process_time()
        sanitise(text)
        return time.process_time() - begin

    short, long = (min(seconds(size) for _ in range(2)) for size in (1 << 18, 1 << 20))
    # Quadratic would be sixteen times; processor time below a tenth of a second says nothing.
    assert long < 0.1 or long < 10 * short


# ------------------------------------------------------------ streams


def lines_of(data: bytes, cuts: list[int], longest: int = 8192) -> list[str]:
    """The lines when the data arrives in chunks that end at the cuts."""
    stream = LineSanitiser(longest=longest)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    shown = [line for start, end in itertools.pairwise(edges) for line in stream.feed(data[start:end])]
    return shown + stream.finish()


@given(HOSTILE_BYTES | st.binary(), st.lists(st.integers(0, 200)), st.sampled_from([16, 40, 8192]))
def test_chunks_make_no_difference(data: bytes, cuts: list[int], longest: int) -> None:
    """A sequence or a letter that two reads share comes out as if one had read it."""
    whole = lines_of(data, [], longest)
    assert lines_of(data, cuts, longest) == whole
    assert not [line for line in whole if faults(line) or len(line) > longest]


@given(HOSTILE_BYTES)
def test_lines_are_those_of_the_whole(data: bytes) -> None:
    """Line by line gives what the text as a whole gives."""
    whole = sanitise(data, keep_newlines=True).split("\n")
    if data.endswith(b"\n") or not data:
        whole.pop()
    assert lines_of(data, []) == whole


@given(
    st.integers(16_000, 60_000),
    st.integers(-60, 60),
    st.lists(st.integers(0, 90_000), max_size=6),
    HOSTILE_BYTES,
)
def test_long_lines_are_cut_alike_in_any_chunks(size: int, shift: int, cuts: list[int], middle: bytes) -> None:
    """Where a long line is cut depends on the line alone."""
    data = b"x" * (16_384 + shift) + middle + b"y\t" * (size // 2) + middle + b"\nnext"
    whole = lines_of(data, [])
    assert lines_of(data, cuts) == whole
    assert not [line for line in whole if faults(line) or len(line) > 8192]


@pytest.mark.parametrize("shift", range(16_384 - 30, 16_384 + 3))
def test_no_sequence_is_cut_in_two(shift: int) -> None:
    """A sequence that stands where a long line is cut goes as a whole."""
    body = b"\x1b]0;title\x1b\\\x1b[31m\xf0\x9f\x98\x80"
    shown = lines_of(b"x" * shift + body + b"y" * 40_000, [shift + 3, shift + 20])
    joined = "".join(line.strip("…") for line in shown)
    assert joined == "x" * shift + "\U0001f600" + "y" * 40_000


def test_a_ten_megabyte_line_comes_in_marked_pieces_with_bounded_memory() -> None:
    """Pieces are marked at both seams, nothing is lost, and no more than a few pieces are ever held."""
    stream = LineSanitiser()
    chunk = b"0123456789abcdef" * 4096
    pieces, letters, widest = 0, 0, 0
    tracemalloc.start()
    for number in range(160):
        for piece in stream.feed(chunk):
            assert piece.endswith("…")
            assert piece.startswith("…") == (pieces > 0)
            pieces += 1
            letters += len(piece.strip("…"))
            widest = max(widest, len(piece))
        if number == 2:
            tracemalloc.reset_peak()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    last = stream.feed(b"\nnext") + stream.finish()
    assert last[-1] == "next"
    assert not last[-2].endswith("…")
    assert letters + sum(len(piece.strip("…")) for piece in last[:-1]) == 160 * len(chunk)
    assert widest == 8192
    assert peak < 4_000_000


def test_a_flood_of_lines_in_one_chunk_or_byte_by_byte() -> None:
    """Both extremes of chunking give every line, once."""
    line = b"\x1b[32mok\x1b[0m line\n"
    assert LineSanitiser().feed(line * 20_000) == ["ok line"] * 20_000
    stream = LineSanitiser()
    shown = [each for byte in line * 2000 for each in stream.feed(bytes([byte]))]
    assert shown == ["ok line"] * 2000


@pytest.mark.parametrize("chunk", [1000, 1 << 22])
def test_a_long_line_is_linear_in_any_chunks(chunk: int) -> None:
    """Four times the line takes about four times the work, in one read or in many."""

    def seconds(size: int) -> float:
        stream = LineSanitiser()
        begin = time.process_time()
        for start in range(0, size, chunk):
            stream.feed(b"x" * min(chunk, size - start))
        stream.finish()
        return time.process_time() - begin

    short, long = (min(seconds(size) for _ in range(2)) for size in (1 << 20, 1 << 22))
    assert long < 0.1 or long < 10 * short


def test_the_end_of_a_stream() -> None:
    """A last line without newline is given out once, a broken letter at the end shows, empty lines stay."""
    stream = LineSanitiser()
    assert stream.feed(b"a\n\nb\r\nc \xe2\x82") == ["a", "", "b"]
    assert stream.finish() == ["c \ufffd"]
    assert stream.finish() == []
    assert stream.feed(b"again\n") == ["again"]
    assert stream.finish() == []


def test_a_cut_may_be_moved_but_not_to_nowhere() -> None:
    """The hook chooses an earlier place; what makes no sense is not followed."""
    stream = LineSanitiser(longest=16, cut=lambda text, at: text.rfind(" ", 0, at) + 1)
    shown = stream.feed(b"aaaa bbbb cccc dddd eeee ffff\n" + b"x" * 40 + b"\n")
    assert shown[:3] == ["aaaa bbbb …", "…cccc dddd …", "…eeee ffff"]
    assert "".join(shown[3:]).replace("…", "") == "x" * 40
    stuck = LineSanitiser(longest=16, cut=lambda text, at: at + 1000)
    assert max(map(len, stuck.feed(b"x" * 100_000 + b"\n"))) <= 16
    with pytest.raises(ValueError, match="at least 16"):
        LineSanitiser(longest=15)


# ------------------------------------------------------------ corpus


def corpus_files() -> list[Path]:
    """Recorded logs and terminal sessions of other projects, where they are at hand."""
    return sorted(path for path in CORPUS.glob("*") if path.is_file()) if CORPUS.is_dir() else []


def opened(path: Path) -> bytes:
    """The first megabyte, unpacked."""
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            return packed.read(1_000_000)
    if path.suffix == ".bz2":
        with bz2.open(path) as packed:
            return packed.read(1_000_000)
    with path.open("rb") as file:
        return file.read(1_000_000)


@pytest.mark.skipif(not corpus_files(), reason=f"NO LOG CORPUS at {CORPUS}: sanitising real logs is NOT tested")
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_recorded_logs_come_out_clean(path: Path) -> None:
    """Real logs in many encodings and real terminal recordings hold nothing to obey, and keep their words."""
    data = opened(path)
    stream = LineSanitiser()
    lines = [line for start in range(0, len(data), 4093) for line in stream.feed(data[start : start + 4093])]
    lines += stream.finish()
    assert not [fault for line in set(lines) for fault in faults(line)]
    assert not faults(sanitise(data))
    if data.isascii() and b"\x1b" not in data:
        shown = "".join(lines).replace("⏎", "").replace("…", "")
        controls = bytes([*range(33), 127])
        assert shown.replace(" ", "").encode() == data.translate(None, controls)
