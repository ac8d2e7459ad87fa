"""Markdown as a tree of blocks with the lines of the file; the one place that knows markdown-it.

What the blocks mean is left to the readers. Lines that the parser leaves out (nested too deeply) are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

DEEPEST = 90
"""Nesting levels that are parsed; a list takes two. The parser recurses, and Python's stack is finite."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"^<!--(.*?)-->$", re.DOTALL)


@dataclass
class Target:
    """A link: what it shows and where it leads."""

    text: str
    target: str
    line: int


@dataclass
class Row:
    """One line of running text, its marks taken away."""

    text: str
    line: int
    strong: bool = False
    """All of it is bold."""
    code_first: bool = False
    """It begins with code or a link, so brackets at its start are none of ours."""
    codes: list[str] = field(default_factory=list)
    links: list[Target] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Block:
    """One block. ``line`` and ``end`` count from 1, the end is included."""

    kind: str
    """heading, paragraph, list, item, fence, code, html, table, quote, rule."""
    line: int
    end: int
    rows: list[Row] = field(default_factory=list)
    children: list[Block] = field(default_factory=list)
    cells: list[TableRow] = field(default_factory=list)
    """Of a table: the heading row first."""
    level: int = 0
    """Of a heading."""
    ordered: bool = False
    language: str = ""
    text: str = ""
    """Of fences, code and HTML."""

    @property
    def words(self) -> str:
        """All running text in one line."""
        return " ".join(row.text for row in self.rows if row.text)

    def all_rows(self) -> list[Row]:
        """Every row of running text beneath this block, too."""
        return [row for one in self.walk() for row in one.rows]

    def walk(self) -> Iterator[Block]:
        """This block and all beneath it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class TableRow:
    """One row of a table: its cells, each of one or more rows of text."""

    line: int
    cells: list[list[Row]]


@cache
def parser() -> MarkdownIt:
    """A parser of CommonMark with tables."""
    return MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable("table")


def blocks_of(text: str, first_line: int = 1) -> tuple[list[Block], list[int]]:
    """The top blocks, and the lines with content that belong to none. ``first_line``: the number of the first."""
    tokens = parser().parse(text)
    lines = text.split("\n")
    blocks, covered = _tree(tokens, first_line - 1)
    blocks = _with_tables(blocks, lines, first_line)
    missed = [
        number + first_line
        for number, line in enumerate(lines)
        if number not in covered
        and re.search(r"\w|\[ ?\]", line)
        and not re.fullmatch(r"[\s>]*(?:[-*+]|\d+[.)])?\s*", line)
    ]
    definitions = re.compile(r"^[\s>]*\[[^\]]+\]:\s*\S")
    return blocks, [number for number in missed if not definitions.match(lines[number - first_line])]


def references(text: str) -> list[Target]:
    """Link definitions (``[name]: address``) with their lines."""
    env: dict[str, dict[str, dict[str, object]]] = {}
    MarkdownIt("commonmark", {"maxNesting": DEEPEST}).disable(["inline"]).parse(text, env)
    found = []
    for name, entry in env.get("references", {}).items():
        where = entry.get("map")
        line = int(where[0]) + 1 if isinstance(where, list) else 1
        found.append(Target(name.lower(), str(entry.get("href", "")), line))
    return found


def _tree(tokens: list[Token], offset: int) -> tuple[list[Block], set[int]]:
    covered: set[int] = set()
    root = Block("root", 1, 1)
    stack = [root]
    for token in tokens:
        if token.type in ("fence", "code_block", "html_block", "hr"):
            stack[-1].children.append(_leaf(token, offset))
            _cover(covered, token)
        elif token.type == "inline":
            _fill(stack[-1], token, offset)
            _cover(covered, token)
        elif token.nesting == 1:
            block = _opened(token, stack[-1], offset)
            if block is not stack[-1]:
                stack[-1].children.append(block)
            stack.append(block)
            if token.type in ("table_open", "heading_open"):
                _cover(covered, token)
        elif token.nesting == -1:
            stack.pop()
    return root.children, covered


def _cover(covered: set[int], token: Token) -> None:
    if token.map:
        covered.update(range(token.map[0], token.map[1]))


_DELIMITER = re.compile(r"^[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")


def _with_tables(blocks: list[Block], lines: list[str], first: int) -> list[Block]:
    """A table right under a line of a list is that line's text to the parser; to its writer it is a table."""
    out: list[Block] = []
    for block in blocks:
        block.children = _with_tables(block.children, lines, first)
        begins = _table_inside(block, lines, first) if block.kind == "paragraph" else 0
        out.append(block)
        if begins:
            text = "\n".join(line.lstrip(" \t>") for line in lines[begins - first : block.end - first + 1])
            out += _tree(parser().parse(text), begins - 1)[0]
            block.rows, block.end = [row for row in block.rows if row.line < begins], begins - 1
    return out


def _table_inside(block: Block, lines: list[str], first: int) -> int:
    """The line on which a table begins inside of a paragraph; 0: none does."""
    for number in range(block.line + 1, block.end):
        if "|" in lines[number - first] and _DELIMITER.match(lines[number + 1 - first]):
            return number
    return 0


_KINDS = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "list_item_open": "item",
    "blockquote_open": "quote",
    "table_open": "table",
}


def _opened(token: Token, parent: Block, offset: int) -> Block:
    """The block that a token opens; parts of a table stay within the table."""
    if parent.kind == "table" and token.type != "table_open":
        if token.type == "tr_open":
            parent.cells.append(TableRow((token.map or [0])[0] + 1 + offset, []))
        elif token.type in ("th_open", "td_open"):
            parent.cells[-1].cells.append([])
        return parent
    start, end = token.map or [0, 1]
    block = Block(_KINDS.get(token.type, token.type), start + 1 + offset, end + offset)
    if block.kind == "heading":
        block.level = int(token.tag[1:])
    block.ordered = token.type == "ordered_list_open"
    return block


def _leaf(token: Token, offset: int) -> Block:
    start, end = token.map or [0, 1]
    kind = {"fence": "fence", "code_block": "code", "html_block": "html", "hr": "rule"}[token.type]
    block = Block(kind, start + 1 + offset, end + offset, text=token.content)
    if kind == "fence":
        words = re.split(r"[\s,{]", token.info.strip().lstrip("{.").strip(), maxsplit=1)
        block.language = words[0].strip("}.").lower()
    return block


def _fill(block: Block, token: Token, offset: int) -> None:
    line = (token.map or [0])[0] + 1 + offset
    rows = rows_of(token.children or [], line)
    if block.kind == "table" and block.cells and block.cells[-1].cells:
        block.cells[-1].cells[-1] = rows
    else:
        block.rows += rows


def rows_of(children: list[Token], line: int) -> list[Row]:
    """Inline tokens as rows of plain text; a row ends where the source's line ends, or at ``<br>``."""
    rows = [_RowBuilder(line)]
    for token in children:
        current = rows[-1]
        if token.type in ("softbreak", "hardbreak"):
            line += 1
            rows.append(_RowBuilder(line, current))
        elif token.type == "html_inline" and _BREAK.fullmatch(token.content.strip()):
            rows.append(_RowBuilder(line, current))
        else:
            current.take(token)
            line += token.content.count("\n") if token.type == "html_inline" else 0
    built = [row.built() for row in rows]
    return [row for row in built if row.text or row.comments or row.links]


class _RowBuilder:
    def __init__(self, line: int, before: _RowBuilder | None = None) -> None:
        self.row = Row("", line)
        self.parts: list[str] = []
        self.bold: int = before.bold if before else 0
        self.plain_text = False
        self.link: tuple[str, int, str, int] | None = None
        """An open link: where it leads, which part begins it, its text on the lines before, the line it began on."""
        if before is not None and before.link is not None:
            href, start, text, began = before.link
            self.link = (href, 0, f"{text}{''.join(before.parts[start:])} ", began)

    def take(self, token: Token) -> None:
        kind = token.type
        if kind in ("strong_open", "strong_close"):
            self.bold += token.nesting
        elif kind == "link_open":
            self.row.code_first |= not "".join(self.parts).strip()
            self.link = (str(token.attrGet("href") or ""), len(self.parts), "", self.row.line)
        elif kind == "link_close" and self.link is not None:
            href, start, text, began = self.link
            self.row.links.append(Target(f"{text}{''.join(self.parts[start:])}".strip(), href, began))
            self.link = None
        elif kind == "html_inline":
            comment = _COMMENT.match(token.content)
            if comment:
                self.row.comments.append((self.row.line, comment[1].strip()))
            elif re.match(r"<a\s", token.content, re.IGNORECASE) and (
                href_match := re.search(r"href\s*=\s*[\"']([^\"']*)", token.content)
            ):
                self.row.links.append(Target(href_match[1], href_match[1], self.row.line))
        elif kind == "image":
            name = "".join(child.content for child in token.children or [])
            source = str(token.attrGet("src") or "")
            self.row.links.append(Target(name or source, source, self.row.line))
            self._word(name or source)
        elif kind == "code_inline":
            self.row.code_first |= not "".join(self.parts).strip()
            self.row.codes.append(token.content)
            self._word(token.content)
        elif token.content:
            self._word(token.content)

    def _word(self, text: str) -> None:
        self.parts.append(text)
        if text.strip(" :.-–—") and not self.bold:
            self.plain_text = True

    def built(self) -> Row:
        self.row.text = "".join(self.parts).strip()
        self.row.strong = bool(self.row.text) and not self.plain_text
        return self.row


def plain(text: str) -> str:
    """One line of Markdown without its marks."""
    tokens = parser().parseInline(text)
    return " ".join(row.text for token in tokens for row in rows_of(token.children or [], 1))
