"""Reads blocks of code: commands become steps, plain text with boxes a checklist to be printed, wording a message.

What a block is, by its text alone, is decided in ``markdown_fences``.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from actions.gateways import markdown_labels as labels
from actions.gateways.markdown_blocks import Block, plain
from actions.gateways.markdown_drafts import ItemDraft, StepDraft
from actions.gateways.markdown_fences import ALSO_COMMANDS, PLAIN, SHELL, commands, is_commands, task
from actions.gateways.markdown_sections import Role
from actions.model.procedure import Commands, SignOff

if TYPE_CHECKING:
    from actions.gateways.markdown_reading import Reader

_FENCE_INSIDE = re.compile(r"^\s*(?:`{3,}|~{3,})", re.MULTILINE)
_DECORATION = re.compile(r"^[\s=─━_*#+|~>-]*$")


class CodeReader:
    """Fences and indented code."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def read(self, block: Block) -> None:
        """A block of its own, or of a list's line that is no item."""
        reader = self.reader
        kind = self._kind(block)
        if kind == "markdown":
            reader.read_inside(textwrap.dedent(block.text), block.line)
        elif kind == "commands":
            self._step().commands.append(self.taken(block))
        elif kind == "items":
            self._printed(block)
        elif kind == "message":
            reader.messages.add(block.text, block.line)
        elif kind == "sign-off":
            self._signatures(block)
        else:
            self.kept(block)

    def is_looked_at(self, block: Block) -> bool:
        """Whether it is none of the things that we know, and not empty."""
        return self._kind(block) == "" and bool(block.text.strip())

    def _kind(self, block: Block) -> str:
        if block.kind == "code" and (_FENCE_INSIDE.search(block.text) or _items(block.text)):
            return "markdown"
        if self._is_commands(block):
            return "commands"
        if block.language not in PLAIN:
            return ""
        if _items(block.text):
            return "items"
        if self._is_message(block):
            return "message"
        blanks = any(labels.sign_offs(row, self.reader.role is Role.SIGN_OFF) for row in block.text.split("\n"))
        return "sign-off" if blanks else ""

    def taken(self, block: Block) -> Commands:
        """The block as commands; what had to be changed is listed."""
        taken, lost = commands(block.language, block.text, block.line)
        if lost:
            self.reader.drafts.not_understood(block.line, taken.text.split("\n")[0], lost)
        if block.kind == "fence" and block.end - block.line < block.text.count("\n") + 1:
            why = "this fence is never closed, so all that follows was read as its content"
            self.reader.drafts.not_understood(block.line, taken.text.split("\n")[0], why)
        return taken

    def of_item(self, block: Block, item: ItemDraft) -> None:
        """A block under an item of a checklist."""
        if self._is_commands(block):
            item.commands.append(self.taken(block))
        elif _items(block.text) or (block.kind == "code" and _FENCE_INSIDE.search(block.text)):
            self.read(block)
        else:
            item.notes.append(block.text.strip("\n"))

    def kept(self, block: Block) -> None:
        """Something to look at: kept as text, and listed, because nothing will run it."""
        reader = self.reader
        text = block.text.strip("\n")
        if not text.strip():
            return
        reader.drafts.prose(reader.section, text, block.line)
        kind = f"a block of {block.language}" if block.language else "a block without a language that is no command"
        why = f"{kind}: kept as text; only shell and SQL become steps"
        reader.drafts.not_understood(block.line, text.strip().split("\n")[0], why)

    def _is_commands(self, block: Block) -> bool:
        if block.language in SHELL or block.language in ALSO_COMMANDS:
            return bool(block.text.strip())
        return is_commands(block.language, block.text) and not self._is_message(block)

    def _is_message(self, block: Block) -> bool:
        if block.language not in PLAIN:
            return False
        begins = re.match(r"^\s*(?:Subject|To|From)\s*:", block.text)
        if begins:
            return True
        if self.reader.role is not Role.MESSAGES or not block.text.strip():
            return False
        return block.language != "" or not is_commands("", block.text)

    def _step(self) -> StepDraft:
        """The step that commands here belong to: that of the line right above them, else of their heading."""
        reader = self.reader
        before = reader.before
        if reader.step is not None and before is not None and before.kind in ("fence", "code", "list", "html"):
            return reader.step
        option = reader.drafts.option(reader.section.option_section())
        text, line = reader.section.title or reader.drafts.facts.get("title", ""), reader.section.line
        if before is not None and before.kind == "paragraph" and before.words:
            text, line = before.words, before.line
        elif before is not None and before.kind in ("fence", "code") and option.steps:
            return option.steps[-1]
        step = StepDraft(text, line)
        option.steps.append(step)
        reader.step = step
        return step

    def _signatures(self, block: Block) -> None:
        drafts = self.reader.drafts
        for number, row in enumerate(block.text.split("\n"), self._first(block)):
            names = labels.sign_offs(row, self.reader.role is Role.SIGN_OFF)
            drafts.sign_offs += [SignOff(name, number) for name in names]
            if row.strip() and not names:
                drafts.prose(self.reader.section, row.strip(), number)

    def _printed(self, block: Block) -> None:
        """A checklist in plain text: its headings are lines between the items."""
        reader = self.reader
        part, item = "", None
        indents: list[int] = []
        for number, row in enumerate(block.text.split("\n"), self._first(block)):
            found = task(row)
            wide = len(row) - len(row.lstrip())
            if found:
                indents = [*(one for one in indents if one < wide), wide]
                text = plain(found[1]) if block.language in ("markdown", "md") else found[1]
                item = reader.item(text, number, depth=len(indents) - 1, ticked=found[0], paper=part)
            elif _DECORATION.match(row):
                pass
            elif signed := labels.sign_offs(row, True):
                reader.drafts.sign_offs += [SignOff(name, number) for name in signed]
            elif item is not None and indents and wide > indents[-1]:
                item.text += f" {row.strip()}"
            else:
                part, item, indents = row.strip(" \t=#*-_:─━>"), None, []
                for key, value in labels.metadata(row).items():
                    reader.drafts.facts.setdefault(key, value)
                reader.drafts.prose(reader.section, row.strip(), number)
        reader.bound_to = item

    def _first(self, block: Block) -> int:
        return block.line + (1 if block.kind == "fence" else 0)


def _items(text: str) -> bool:
    return any(task(line) for line in text.split("\n"))
