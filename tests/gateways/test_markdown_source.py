"""Files that are no procedure, or hardly one: refused in one line, or read without a crash and within its time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from actions.gateways.markdown import read_procedure, read_text
from actions.gateways.markdown_source import LONGEST
from actions.model.errors import BadInput


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# R\n\ncaf\xe9\n", ["r.md:3 is not UTF-8", "byte 9 is 0xE9"]),
        (b"# R\r\n\r\nx\xff", ["r.md:3 is not UTF-8", "byte 9 is 0xFF"]),
        (b"\xef\xbb\xbf# R\n\xc3", ["r.md:2 is not UTF-8"]),
        ("# R\n".encode("utf-16"), ["r.md:1 is not UTF-8", "UTF-16"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0", ["is not text", "is zero"]),
        (b"x" * (LONGEST + 1), ["too long for a procedure", "1.0 MiB"]),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: list[str]) -> None:
    """One line that names the file, the line and the byte, and what to do."""
    file = tmp_path / "r.md"
    file.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_procedure(file)
    assert [one for one in said if one not in caught.value.line()] == []
    assert caught.value.next_move
    assert "\n" not in caught.value.line()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Missing files, folders and names that no file can have."""
    for path, said in (
        (tmp_path / "gone.md", "does not exist"),
        (tmp_path, "is a folder"),
        (Path("/dev/null"), "is no file"),
    ):
        with pytest.raises(BadInput, match=said):
            read_procedure(path)
    with pytest.raises(BadInput):
        read_procedure(Path("x" * 5000))


def test_an_empty_file_is_an_empty_procedure(tmp_path: Path) -> None:
    """Nothing in it, named by its file."""
    file = tmp_path / "empty.md"
    file.write_bytes(b"")
    procedure = read_procedure(file)
    assert procedure.title == "empty.md"
    assert not procedure.checklists
    assert not procedure.options
    assert not procedure.not_understood


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("  " * depth + "- [ ] x" for depth in range(300)),
        ">" * 3000 + " - [ ] x",
        "- " * 3000 + "[ ] x",
        "- [ ] x\n" * 20_000,
        "[" * 20_000,
        "|a" * 2000 + "\n" + "|-" * 2000 + "\n" + ("|[ ] b" * 2000 + "\n") * 20,
        "```bash\necho\n```\n\n" * 5_000,
        "# h\n\n1. x\n" * 5_000,
        "<!-- " * 20_000,
        "<table>" * 5_000 + "<tr><td>[ ] x",
        "<details>\n- [ ] x\n" * 3_000,
        "    - [ ] x\n" * 3_000,
        "Executed by " + "_" * 50_000,
        "a" * 100_000 + ": " + "b" * 100_000,
        "!!! note\n    " * 3_000,
        "<!-- message: to=x -->\n" * 3_000,
        "\ufeff" * 100,
        "---\n" * 2_000,
        "---\na: b\n---\n" * 2_000,
        "| Severity | Users | Action | Time |\n|---|---|---|---|\n" + "| High | 1% | x | 1 h |\n" * 3_000,
        "_" * 30_000 + "x: " * 3_000,
        "1 " * 50_000,
    ],
    ids=range(22),
)
def test_odd_documents_are_read_in_their_time(text: str) -> None:
    """Neither a crash nor a time that grows faster than the document."""
    start = time.process_time()
    read_text(text)
    assert time.process_time() - start < 20


def test_items_that_lie_too_deep_are_items_nevertheless() -> None:
    """None is lost; that their place is not known is said."""
    procedure = read_text("\n".join("  " * depth + f"- [ ] x{depth}" for depth in range(120)))
    lines = sorted(item.line for one in procedure.checklists for item in one.items)
    assert lines == list(range(1, 121))
    assert any("too deeply" in one.why for one in procedure.not_understood)


def test_a_fence_that_is_never_closed_is_told() -> None:
    """All that follows is its content, which its writer hardly meant."""
    procedure = read_text("# R\n```bash\necho\n- [ ] x\n")
    assert [(one.line, "never closed" in one.why) for one in procedure.not_understood] == [(2, True)]


def test_a_row_with_more_cells_than_its_heading_is_told() -> None:
    """What the table cannot hold is not lost in silence."""
    procedure = read_text("| Role | E-mail |\n|---|---|\n| Lead | a@example.org | lost |\n")
    assert [(one.line, "more cells" in one.why) for one in procedure.not_understood] == [(3, True)]


def test_a_line_above_the_document_is_no_front_matter() -> None:
    """A document between two drawn lines is read."""
    procedure = read_text("---\n\n# R\n\nOwner: Ops\n\n- [ ] x\n\n---\n")
    assert (procedure.title, procedure.owner) == ("R", "Ops")
    assert len(procedure.checklists) == 1
