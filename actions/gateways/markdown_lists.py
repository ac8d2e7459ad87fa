"""Reads lists: items of checklists with all that stands under them, steps, criteria, contacts and who decides.

What the heading above announces decides what a plain line of a list means; a box in front of it decides alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.gateways import markdown_labels as labels
from actions.gateways.markdown_blocks import Block, Row
from actions.gateways.markdown_drafts import ItemDraft, StepDraft
from actions.gateways.markdown_fences import commands, is_commands, task
from actions.gateways.markdown_sections import Role
from actions.model.procedure import Commands, Link
from actions.model.procedure_words import begins_with_level

if TYPE_CHECKING:
    from actions.gateways.markdown_reading import Reader

_NO_STEPS = (Role.CRITERIA, Role.CONTACTS, Role.ESCALATION, Role.LINKS)


class ListReader:
    """Lists of any kind, nested as they are."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def read(self, block: Block, depth: int = 0, group: str = "", level: str = "") -> None:
        """A list: ``depth`` of its items, the line it stands under, and the level that its criteria belong to."""
        for item in block.children:
            self._line(item, block.ordered, depth, group, level)

    def _line(self, item: Block, ordered: bool, depth: int, group: str, level: str) -> None:
        head = item.children[0] if item.children and item.children[0].kind in ("paragraph", "heading") else None
        rows = head.rows if head else []
        rest = item.children[1:] if head else item.children
        found = task(rows[0].text) if rows and not rows[0].code_first else None
        if not rows and not item.children:
            return
        if found:
            self._item(rows, rest, found, depth, group)
        else:
            self._plain(item, rows, rest, ordered, depth, group, level)

    # --------------------------------------------------------------------------------------------------- items

    def _item(self, rows: list[Row], rest: list[Block], found: tuple[bool, str], depth: int, group: str) -> None:
        reader = self.reader
        draft = reader.item(found[1], rows[0].line, depth=depth, ticked=found[0], group=group)
        reader.take_extras(rows[:1])
        for row in rows[1:]:
            more = None if row.code_first else task(row.text)
            if more:
                draft = reader.item(more[1], row.line, depth=depth, ticked=more[0], group=group)
            elif row.text:
                draft.text = f"{draft.text} {row.text}".strip()
            reader.take_extras([row])
        self._under_item(rest, draft, depth)

    def _under_item(self, blocks: list[Block], draft: ItemDraft, depth: int) -> None:
        reader = self.reader
        for block in blocks:
            if block.kind == "list" and _holds_items(block):
                self.read(block, depth + 1)
                reader.bound_to = draft
            elif block.kind in ("fence", "code"):
                reader.code.of_item(block, draft)
            elif block.kind == "table":
                reader.tables.read(block.cells, block.line)
            elif block.kind in ("html", "quote") or (block.kind == "paragraph" and _has_items(block.rows)):
                reader.read([block])
            else:
                self._notes(block, draft, depth)

    def _notes(self, block: Block, draft: ItemDraft, depth: int) -> None:
        reader = self.reader
        for one in block.walk():
            if one.rows:
                text = one.words
                if text:
                    draft.notes.append(text)
                reader.bound_to = draft
                reader.take_extras(one.rows)
            elif one.kind in ("fence", "code"):
                reader.code.of_item(one, draft)
            elif one.kind == "table":
                reader.tables.read(one.cells, one.line)
            elif one.kind == "html":
                reader.read([one])

    # --------------------------------------------------------------------------------------------- other lines

    def _plain(
        self, item: Block, rows: list[Row], rest: list[Block], ordered: bool, depth: int, group: str, level: str
    ) -> None:
        reader = self.reader
        role = reader.role
        text = " ".join(row.text for row in rows if row.text)
        items_inside = any(_holds_items(block) for block in rest) or _has_items(rows)
        step: StepDraft | None = None
        if items_inside:
            self._group(rows)
        elif _holds_commands(item) or (ordered and not self._is_no_step(role, text)):
            step = self._step(text, rows, item.line)
        elif rows:
            level = self._say(rows, text, role, level, nested=any(block.kind == "list" for block in rest))
        for block in rest:
            if block.kind == "list":
                self.read(block, depth + (1 if not items_inside else 0), text if items_inside else group, level)
            elif block.kind in ("fence", "code") and step is not None:
                self._under_step(block, step, item)
            elif block.kind == "paragraph":
                reader.paragraph(block, leads=False)
                reader.before = block if step is None else Block("list", item.line, item.end)
            else:
                reader.before = None
                reader.read([block])
        if step is not None:
            reader.step = step

    def _under_step(self, block: Block, step: StepDraft, item: Block) -> None:
        """Code under a step: commands, or something to look at, which stays with the step and never runs."""
        reader = self.reader
        reader.step, reader.before = step, Block("list", item.line, item.end)
        if reader.code.is_looked_at(block):
            shown, _ = commands(block.language, block.text, block.line)
            step.commands.append(Commands(shown.language, shown.text, shown.line))
        reader.read([block])

    def _is_no_step(self, role: Role | None, text: str) -> bool:
        """A numbered line is a step, unless its heading says otherwise and it reads as what the heading says."""
        if role is Role.CONTACTS:
            return labels.contact(text, 0) is not None
        return role in _NO_STEPS or bool(labels.sign_offs(text, role is Role.SIGN_OFF))

    def _group(self, rows: list[Row]) -> None:
        """A line above items. Items that follow it in the same paragraph are read as such."""
        first = next((at for at, row in enumerate(rows) if not row.code_first and task(row.text)), len(rows))
        reader = self.reader
        text = " ".join(row.text for row in rows[:first] if row.text)
        if text:
            reader.drafts.prose(reader.section, text, rows[0].line)
        reader.bound_to = None
        reader.take_extras(rows[:first])
        if rows[first:]:
            self._item(rows[first:], [], task(rows[first].text) or (False, ""), 0, text)

    def _step(self, text: str, rows: list[Row], line: int) -> StepDraft:
        reader = self.reader
        option = reader.drafts.option(reader.section.option_section())
        step = StepDraft(text, rows[0].line if rows else line)
        option.steps.append(step)
        reader.step, reader.bound_to = step, None
        reader.take_extras(rows)
        return step

    def _say(self, rows: list[Row], text: str, role: Role | None, level: str, *, nested: bool) -> str:
        """A plain line, by what its heading announces. Gives back the level for the lines under it."""
        reader = self.reader
        line = rows[0].line
        named = begins_with_level(text)
        if role is Role.CRITERIA and not nested:
            reader.criterion(text, line, level)
        elif role is Role.CRITERIA and nested and named:
            level = named
            reader.drafts.prose(reader.section, text, line)
            reader.bound_to = None
        elif role is Role.CONTACTS and (entry := labels.contact(text, line)):
            reader.drafts.contacts.append(entry)
            reader.bound_to = None
        elif role is Role.ESCALATION and not nested:
            reader.drafts.rules.append((*labels.split_rule(text), text, line))
            reader.bound_to = None
        elif role is Role.LINKS:
            self._document(rows, text, line)
        elif key := reader.label_here():
            said = reader.section.option_section().labels
            said[key] = f"{said[key]}; {text}" if key in said else text
            reader.bound_to = None
        else:
            for row in rows:
                if not reader.line_says(row):
                    reader.drafts.prose(reader.section, row.text, row.line)
            reader.bound_to = None
        reader.take_extras(rows)
        return level

    def _document(self, rows: list[Row], text: str, line: int) -> None:
        """A related document; one that is named without a link is as much worth knowing."""
        reader = self.reader
        reader.bound_to = None
        if not any(row.links for row in rows):
            codes = [code for row in rows for code in row.codes]
            target = codes[0] if codes and ("/" in codes[0] or codes[0].endswith(".md")) else ""
            reader.drafts.named_documents.append(Link(text, target, line))
        else:
            reader.drafts.prose(reader.section, text, line)


def _has_items(rows: list[Row]) -> bool:
    return any(task(row.text) for row in rows if not row.code_first)


def _holds_items(block: Block) -> bool:
    return any(one.kind == "paragraph" and _has_items(one.rows) for one in block.walk())


def _holds_commands(item: Block) -> bool:
    """Whether commands stand right under a line, not under a line of a list within it."""
    return any(one.kind in ("fence", "code") and is_commands(one.language, one.text) for one in item.children)
