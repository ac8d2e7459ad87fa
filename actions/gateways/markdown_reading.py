"""Walks the blocks of a document and gives each to the reader of its kind; knows where in the document it is.

Lists are left to ``markdown_lists``, tables to ``markdown_tables``, code to ``markdown_code``. Nothing is dropped: what
no reader wants is kept as text, and what should have meant something and does not is listed.
"""

from __future__ import annotations

from actions.gateways import markdown_labels as labels
from actions.gateways.markdown_binder import Binder
from actions.gateways.markdown_blocks import Block, Row, blocks_of
from actions.gateways.markdown_code import CodeReader
from actions.gateways.markdown_drafts import Drafts, ItemDraft, ListDraft, StepDraft
from actions.gateways.markdown_fences import task
from actions.gateways.markdown_html import comments, holds_markdown, html_text, without_tags
from actions.gateways.markdown_lists import ListReader
from actions.gateways.markdown_messages import MessageReader
from actions.gateways.markdown_sections import (
    Lead,
    Role,
    Section,
    action_after,
    phase_at,
    role_of_lead,
    slug,
    time_box_at,
)
from actions.gateways.markdown_tables import TableReader
from actions.model.procedure import Criterion, Heading, SignOff
from actions.model.procedure_words import begins_with_level

DEEPEST_INSIDE = 4
"""How often Markdown inside of HTML or of indented code is read as a document of its own."""


class Reader:
    """One walk through one document. Its parts are readers of their own that come back here for the place."""

    def __init__(self) -> None:
        self.drafts = Drafts()
        self.root = Section("", 0, 1, is_title=True)
        self.section = self.root
        self.lead: Lead | None = None
        self.before: Block | None = None
        """The block before this one, among its siblings."""
        self.step: StepDraft | None = None
        """The step that commands right here belong to."""
        self.bound_to: object = None
        """What a comment would bind now."""
        self.message: dict[str, str] | None = None
        """What a message comment said; the next block is its text."""
        self.message_line = 0
        self.inside = 0
        self.lists_by_place: dict[tuple[int, int, str], ListDraft] = {}
        self.code = CodeReader(self)
        self.lists = ListReader(self)
        self.tables = TableReader(self)
        self.messages = MessageReader(self)
        self.binder = Binder(self)

    # ------------------------------------------------------------------------------------------------- blocks

    def read(self, blocks: list[Block]) -> None:
        """Blocks that stand beside each other."""
        for block in blocks:
            if self.message is not None and block.kind in ("fence", "code", "quote", "paragraph"):
                self.messages.bound(block)
            else:
                getattr(self, f"_read_{block.kind}")(block)
            self.before = block

    def read_inside(self, text: str, line: int) -> None:
        """Markdown that stands where the parser did not look: its first line has this number."""
        if self.inside >= DEEPEST_INSIDE:
            self.drafts.not_understood(line, first_line(text), "it is nested too deeply to be read")
            return
        self.inside += 1
        blocks, missed = blocks_of(text, line)
        before, self.before = self.before, None
        self.read(blocks)
        self.before = before
        self.inside -= 1
        lines = text.split("\n")
        self.missed([(number, lines[number - line]) for number in missed])

    def missed(self, lines: list[tuple[int, str]]) -> None:
        """Lines that the parser left out; an item among them is an item nevertheless."""
        for number, text in lines:
            found = task(text)
            if found:
                self.item(found[1], number, depth=DEEPEST_ITEM, ticked=found[0])
            self.drafts.not_understood(number, text.strip(), "it is nested too deeply; what it belongs to is lost")

    def _read_heading(self, block: Block) -> None:
        title = block.words
        parent = self.section
        while parent.level >= block.level and parent.parent is not None:
            parent = parent.parent
        names_document = block.level == 1 and not self.drafts.facts.get("title") and parent is self.root
        self.section = Section(title.rstrip(":"), block.level, block.line, parent, is_title=names_document)
        self.lead, self.step, self.bound_to = None, None, self.section
        self.drafts.anchors.add(slug(title))
        self.drafts.headings.append(Heading(title, block.level, block.line))
        if names_document:
            self.drafts.facts["title"] = title
            self.root.title = ""
        self._take_extras(block.rows)
        found = task(title) if not block.rows or not block.rows[0].code_first else None
        if found:
            self.item(found[1], block.line, ticked=found[0])
        elif self.section.is_option:
            self.drafts.option(self.section)

    def _read_paragraph(self, block: Block) -> None:
        self.paragraph(block)

    def paragraph(self, block: Block, *, leads: bool = True) -> None:
        """Running text: items, labels, blanks and comments are taken out of it, the rest is kept."""
        rest: list[Row] = []
        item: ItemDraft | None = None
        for row in block.rows:
            found = None if row.code_first else task(row.text)
            if found:
                item = self.item(found[1], row.line, ticked=found[0])
                self._take_extras([row])
            elif item is not None and row.text:
                item.text += f" {row.text}"
                self._take_extras([row])
            elif self.line_says(row):
                self._take_extras([row])
            else:
                rest.append(row)
        words = " ".join(row.text for row in rest if row.text)
        if leads and words:
            self._lead(rest, words)
        self._take_extras(rest)
        if words:
            self.prose_or_role(rest)

    def _lead(self, rows: list[Row], words: str) -> None:
        short = len(words) <= 120 and len(rows) <= 2
        if short and (words.endswith(":") or all(row.strong for row in rows)):
            self.lead = Lead(words.rstrip(":").strip(), rows[0].line)
            self.bound_to = self.lead
        else:
            self.lead = None
            self.bound_to = None

    def prose_or_role(self, rows: list[Row]) -> None:
        """Running text in a section for contacts or for who decides is read as such; anywhere else it is kept."""
        for row in rows:
            if not row.text:
                continue
            if self.role is Role.CONTACTS and labels.addresses(row.text):
                entry = labels.contact(row.text, row.line)
                if entry:
                    self.drafts.contacts.append(entry)
                    continue
            self.drafts.prose(self.section, row.text, row.line)

    def line_says(self, row: Row) -> bool:
        """Whether a line is a fact about the document, a blank to sign or a label of an option; then it is taken."""
        facts = {key: value for key, value in labels.metadata(row.text).items() if self.fact(key, value)}
        signed = labels.sign_offs(row.text, self.role is Role.SIGN_OFF)
        self.drafts.sign_offs += [SignOff(name, row.line) for name in signed]
        if facts or signed:
            return True
        label = labels.option_label(row.text)
        if label is None:
            return False
        place = self.section.option_section()
        if label[1]:
            place.labels.setdefault(label[0], label[1])
        return place.is_option and bool(label[1])

    @property
    def role(self) -> Role | None:
        """What stands here, as the line above a list says, or else the headings."""
        if self.lead is not None and (own := role_of_lead(self.lead.text)):
            return own
        return self.section.role

    def fact(self, key: str, value: str) -> bool:
        """A fact about the document: what is said first counts, and what is said otherwise later is no fact."""
        return self.drafts.facts.setdefault(key, value) == value

    def label_here(self) -> str:
        """The label of an option that a heading or the line above a list gives it: ``good_for`` for "Use when:"."""
        if not self.section.option_section().is_option:
            return ""
        for words in (self.lead.text if self.lead else "", self.section.title):
            if found := labels.option_label_of(words, ""):
                return found[0]
        return ""

    def _read_list(self, block: Block) -> None:
        self.lists.read(block)

    def _read_table(self, block: Block) -> None:
        self.tables.read(block.cells, block.line)

    def _read_fence(self, block: Block) -> None:
        self.code.read(block)

    def _read_code(self, block: Block) -> None:
        self.code.read(block)

    def _read_rule(self, block: Block) -> None:
        self.lead, self.step = None, None

    def _read_quote(self, block: Block) -> None:
        if self.role is Role.MESSAGES and not any(task(row.text) for row in block.all_rows()):
            text = "\n".join(row.text for row in block.all_rows())
            plain = not any(one.kind in ("fence", "table", "heading") for one in block.walk())
            if plain and len(text) > 20:
                self.messages.add(text, block.line)
                self._take_extras(block.all_rows())
                return
        before = self.before
        self.before = None
        self.read(block.children)
        self.before = before

    def _read_html(self, block: Block) -> None:
        found, rest = comments(block.text, block.line)
        if holds_markdown(rest):
            self.binder.bind(found)
            self.read_inside(without_tags(rest), block.line)
            return
        read = html_text(rest, block.line)
        self.drafts.targets += read.links
        for table in read.tables:
            if table:
                self.tables.read(table, table[0].line)
        for row in read.rows:
            done = task(row.text)
            if done:
                self.item(done[1], row.line, ticked=done[0])
            elif not self.line_says(row):
                self.drafts.prose(self.section, row.text, row.line)
        self.binder.bind(found)

    # ------------------------------------------------------------------------------------------ items and leads

    def item(
        self, text: str, line: int, *, depth: int = 0, ticked: bool = False, group: str = "", paper: str | None = None
    ) -> ItemDraft:
        """An item, in the checklist of this place. ``paper``: the part of a printed list it stands in."""
        place = (
            id(self.section),
            id(self.lead) if self.lead and paper is None else 0,
            paper if paper is not None else "-",
        )
        draft = self.lists_by_place.get(place)
        if draft is None:
            draft = self._list_here(line, paper)
            self.lists_by_place[place] = draft
            self.drafts.lists.append(draft)
        item = ItemDraft(text, line, depth, ticked, group)
        draft.items.append(item)
        self.bound_to = item
        return item

    def _list_here(self, line: int, paper: str | None) -> ListDraft:
        lead = self.lead
        if paper:
            lead = Lead(paper, line)
        names = [self.section.title, lead.text if lead else ""]
        name = ": ".join(one for one in names if one) or self.drafts.facts.get("title", "")
        phase = phase_at(self.section, lead)
        low, high = time_box_at(self.section, lead)
        return ListDraft(name, phase, line, self.section, lead, paper is not None, low, high)

    def level_here(self) -> tuple[str, str]:
        """The level that criteria here belong to, and what is to be done at it."""
        for words in [self.lead.text] if self.lead else []:
            if found := begins_with_level(words):
                return found, action_after(words, found)
        for one in self.section.upwards():
            if one.is_title:
                break
            if found := begins_with_level(one.title):
                return found, action_after(one.title, found)
        return "", ""

    def criterion(self, text: str, line: int, level: str = "", action: str = "") -> None:
        """One reason to act, at the level of this place unless it names one."""
        here, do_here = self.level_here()
        self.drafts.criteria.append(Criterion(level or here, text, line, action or do_here))
        self.drafts.criteria_bound[len(self.drafts.criteria) - 1] = {}
        self.bound_to = self.drafts.criteria_bound[len(self.drafts.criteria) - 1]

    # ------------------------------------------------------------------------------------ comments and messages

    def _take_extras(self, rows: list[Row]) -> None:
        for row in rows:
            self.drafts.targets += row.links
            self.binder.bind(row.comments)

    def take_extras(self, rows: list[Row]) -> None:
        """Links and comments of rows that a reader has understood."""
        self._take_extras(rows)


DEEPEST_ITEM = 99
"""The depth of an item that lies too deep for the parser."""


def first_line(text: str) -> str:
    """The first line with words in it."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")
