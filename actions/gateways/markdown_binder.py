"""Binds comments to what stands before them: items, criteria, headings and the lines above lists.

What a comment says is read in ``markdown_bindings``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.gateways.markdown_bindings import Binding, message_fields, read_comment
from actions.gateways.markdown_drafts import ItemDraft
from actions.gateways.markdown_sections import Lead, Section

if TYPE_CHECKING:
    from actions.gateways.markdown_reading import Reader

BINDS = {
    "branch": "a criterion",
    "code": "an item",
    "gate": "an item",
    "sensed": "an item or a criterion",
    "step": "an item",
    "when": "an item, a criterion or a heading",
    "phase": "a heading or the line above a list",
    "option": "a heading",
}


class Binder:
    """Comments of a document, each bound where it stands or listed."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def bind(self, found: list[tuple[int, str]]) -> None:
        """Comments with their lines, in their order."""
        for line, text in found:
            self._bind(read_comment(line, text))

    def _bind(self, binding: Binding) -> None:
        for line, text, why in binding.wrong:
            self.reader.drafts.not_understood(line, text, why)
        for name, value in binding.values.items():
            if name == "message":
                self.reader.message, self.reader.message_line = message_fields(value), binding.line
            elif not self._bind_one(name, value):
                why = f"{name} binds {BINDS[name]}, and none stands before it"
                self.reader.drafts.not_understood(binding.line, f"{name}: {value}".rstrip(": "), why)

    def _bind_one(self, name: str, value: str) -> bool:
        target = self.reader.bound_to
        if (isinstance(target, ItemDraft) and name in ("code", "gate", "sensed", "step", "when")) or (
            isinstance(target, Section | Lead) and name in ("phase", "when", "option") and self._fits(target, name)
        ):
            target.bound[name] = value
        elif isinstance(target, dict) and name in ("branch", "sensed", "when"):
            target[name] = value
        else:
            return False
        if name == "option" and isinstance(target, Section):
            self.reader.drafts.option(target)
        return True

    @staticmethod
    def _fits(target: Section | Lead, name: str) -> bool:
        return name != "option" or isinstance(target, Section)
