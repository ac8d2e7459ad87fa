"""Blocks of HTML in a document: comments, tables, and the text between tags. Nothing of it is dropped.

What the answers mean is left to the readers.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from actions.gateways.markdown_blocks import Row, TableRow, Target

_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_INSIDE = re.compile(r"^\s*(?:>\s*)*(?:(?:[-*+]|\d{1,4}[.)])\s+\[[ xX]?\]|`{3,}|~{3,}|\|.*\|)", re.MULTILINE)
_TAG = re.compile(r"</?[A-Za-z][^>\n]{0,2000}>")


def comments(text: str, line: int) -> tuple[list[tuple[int, str]], str]:
    """The comments of a block with their lines, and the block with blanks in their place."""
    found = [(line + text.count("\n", 0, match.start()), match[1].strip()) for match in _COMMENT.finditer(text)]
    rest = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return found, rest


def holds_markdown(text: str) -> bool:
    """Whether items, fences or tables of Markdown stand in it, which the parser took for HTML."""
    return _INSIDE.search(text) is not None


def without_tags(text: str) -> str:
    """The text with its tags taken away and its lines kept."""
    return "\n".join(_TAG.sub("", line).rstrip() for line in text.split("\n"))


class HtmlText(HTMLParser):
    """Tables, lines of text and links of a block."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.first = first_line - 1
        self.tables: list[list[TableRow]] = []
        self.rows: list[Row] = []
        self.links: list[Target] = []
        self._table_depth = 0
        self._href = ""
        self._words: list[str] = []
        self._start = first_line

    @property
    def _line(self) -> int:
        return self.first + self.getpos()[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._flush()
            self._table_depth += 1
            if self._table_depth == 1:
                self.tables.append([])
        elif tag == "tr" and self._table_depth == 1:
            self._flush()
            self.tables[-1].append(TableRow(self._line, []))
        elif tag in ("td", "th") and self._table_depth == 1 and self.tables[-1]:
            self._flush()
            self.tables[-1][-1].cells.append([])
        elif tag in ("p", "li", "br", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "summary", "ul", "ol"):
            self._flush()
        if tag in ("a", "img"):
            self._href = next((value or "" for name, value in attrs if name in ("href", "src")), "")
            if tag == "img":
                self.links.append(Target(self._href, self._href, self._line))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.links.append(Target(" ".join("".join(self._words[-1:]).split()), self._href, self._line))
            self._href = ""
        if tag in ("p", "li", "div", "td", "th", "tr", "table", "summary", "ul", "ol") or re.fullmatch(r"h[1-6]", tag):
            self._flush()
        if tag == "table" and self._table_depth:
            self._table_depth -= 1

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._words:
            self._start = self._line + data[: len(data) - len(data.lstrip())].count("\n")
        if data.strip() or self._words:
            self._words.append(data)

    def _flush(self) -> None:
        text = " ".join("".join(self._words).split())
        self._words = []
        if not text:
            return
        row = Row(text, self._start)
        if self._table_depth and self.tables and self.tables[-1] and self.tables[-1][-1].cells:
            self.tables[-1][-1].cells[-1].append(row)
        else:
            self.rows.append(row)

    def done(self) -> HtmlText:
        """Everything has been fed."""
        self.close()
        self._flush()
        return self


def html_text(text: str, line: int) -> HtmlText:
    """The block, read."""
    reader = HtmlText(line)
    reader.feed(text)
    return reader.done()
