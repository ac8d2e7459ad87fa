"""Reads tables by what their columns are called and what stands in them; one that means nothing to us is listed.

Every row of a table that is understood comes out, with its line. Blocks around tables are left to ``markdown_reading``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.gateways import markdown_columns as columns
from actions.gateways import markdown_labels as labels
from actions.gateways import markdown_people as people
from actions.gateways.markdown_blocks import Row, TableRow
from actions.gateways.markdown_columns import extras, find, stands_alone, take, words
from actions.gateways.markdown_drafts import OptionDraft, StepDraft
from actions.gateways.markdown_fences import task
from actions.gateways.markdown_sections import Role, Section
from actions.model.procedure import Commands, MatrixLine, SignOff, TableRead
from actions.model.procedure_words import begins_with_level, deadline, level, share

if TYPE_CHECKING:
    from actions.gateways.markdown_reading import Reader


class TableReader:
    """Tables of Markdown and of HTML, as rows of cells of rows of text; the heading row first."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.lines: tuple[str, ...] = ()
        """Of the file, to see what the parser leaves out of a row."""

    def read(self, table: list[TableRow], line: int) -> None:
        """One table."""
        if not table:
            return
        rows, width = table[1:], len(table[0].cells)
        heads = [words(cell) for cell in table[0].cells]
        for row in rows:
            row.cells += [[] for _ in range(width - len(row.cells))]
            self._too_long(row, width)
        self.reader.bound_to = None
        what = self._understood(heads, rows, table[0])
        for row in table:
            for cell in row.cells:
                if what not in ("items", "criteria"):
                    self.reader.bound_to = None
                    self.reader.take_extras(cell)
        if what:
            self.reader.drafts.tables.append(TableRead(line, what, tuple(row.line for row in rows), tuple(heads)))
        else:
            self._unknown(heads, rows, line)

    def _too_long(self, row: TableRow, width: int) -> None:
        raw = self.lines[row.line - 1] if row.line <= len(self.lines) else ""
        if "|" not in raw:
            return
        cells = len(re.split(r"(?<!\\)\|", raw.strip().lstrip("> ").removeprefix("|").removesuffix("|")))
        if cells > width:
            why = "this row has more cells than the heading of its table, so what stands in the last ones is not read"
            self.reader.drafts.not_understood(row.line, raw.strip(), why)

    def _understood(self, heads: list[str], rows: list[TableRow], head: TableRow) -> str:
        severity = find(heads, columns.SEVERITY)
        if severity is None and rows and all(begins_with_level(words(row.cells[0])) for row in rows if row.cells):
            severity = 0
        if any(
            task(part.text, cell=True) for row in rows for cell in row.cells for part in cell if not part.code_first
        ):
            return self._items(heads, rows)
        if self.reader.role is Role.ESCALATION and find(heads, columns.DECIDES) is not None and len(heads) > 1:
            return self._who_decides(heads, rows)
        if severity is not None and (kind := self._levels(heads, rows, severity)):
            return kind
        if find(heads, columns.SIGNED) is not None:
            return people.signatures(self.reader.drafts, rows)
        if (condition := find(heads, columns.CONDITION)) is not None and (
            self.reader.role is Role.CRITERIA or (find(heads, columns.DECISION) is not None and condition == 0)
        ):
            return self._conditions(heads, rows, condition)
        option = find(heads, columns.OPTION)
        if option is not None and (find(heads, columns.RISK) is not None or find(heads, columns.DURATION) is not None):
            return self._options(heads, rows, option)
        people_here = self.reader.role is Role.CONTACTS or (
            find(heads, columns.ROLE) is not None and find(heads, columns.ADDRESS, columns.ROLE) is not None
        )
        reached = find(heads, columns.ADDRESS) is not None or find(heads, columns.DUTY) is not None
        if people_here and len(heads) > 1 and reached:
            return people.contacts(self.reader.drafts, heads, rows)
        if find(heads, columns.TIME) is not None and any(
            re.search(r"decide|approv|escalat", head, re.IGNORECASE) for head in heads
        ):
            return people.escalation(self.reader.drafts, heads, rows)
        if (command := find(heads, columns.COMMAND)) is not None:
            return self._steps(heads, rows, command)
        return self._facts([head, *rows])

    def _who_decides(self, heads: list[str], rows: list[TableRow]) -> str:
        """Under a heading on escalation; where it says how to reach people, they are contacts as well."""
        drafts = self.reader.drafts
        reach = [head for head in heads if columns.REACH.search(head)]
        if reach and find(heads, columns.ROLE) is not None:
            people.contacts(drafts, heads, rows)
            if not any(
                re.search(r"after|within|minutes|until|T\s*\+|^time$|when", head, re.IGNORECASE) for head in heads
            ):
                return "contacts"
        return people.escalation(drafts, heads, rows)

    # ------------------------------------------------------------------------------------------- levels, matrix

    def _levels(self, heads: list[str], rows: list[TableRow], severity: int) -> str:
        taken = {severity}
        data = take(heads, columns.DATA, taken)
        criteria = take(heads, columns.CRITERIA, taken)
        decision = take(heads, columns.DECISION, taken)
        users = take(heads, columns.USERS, taken)
        time = take(heads, columns.TIME, taken)
        is_matrix = decision is not None and (users is not None or data is not None or time is not None)
        if not is_matrix and criteria is None:
            return ""
        if not is_matrix and not any(level(words(row.cells[severity])) for row in rows):
            return ""
        used = taken if is_matrix else {severity, criteria, decision if decision is not None else time}
        for row in rows:
            name = words(row.cells[severity])
            if not name:
                text = " | ".join(words(cell) for cell in row.cells).strip(" |")
                self.reader.drafts.not_understood(row.line, text, "a row of levels that names no level")
                continue
            if _plain(canonical(name)) != _plain(name):
                self.reader.drafts.prose(self.reader.section, name, row.line)
            if is_matrix:
                self._matrix_line(row, name, users, data, decision, time)
            if criteria is not None:
                self._criteria(row, name, criteria, decision if decision is not None else time)
                if not is_matrix and not words(row.cells[criteria]):
                    self.reader.drafts.prose(self.reader.section, name, row.line)
                    self.reader.drafts.not_understood(
                        row.line, name, "a row of levels without a criterion, kept as text"
                    )
            for at in (at for at in range(len(heads)) if at not in used and words(row.cells[at])):
                self.reader.drafts.prose(self.reader.section, f"{name}, {heads[at]}: {words(row.cells[at])}", row.line)
        return "matrix" if is_matrix else "criteria"

    def _matrix_line(
        self, row: TableRow, name: str, users: int | None, data: int | None, decision: int | None, time: int | None
    ) -> None:
        said = [words(row.cells[at]) if at is not None else "" for at in (users, data, decision, time)]
        bounds = share(said[0])
        low, high, low_open, high_open = bounds or (None, None, False, False)
        if said[0] and bounds is None and users is not None:
            why = "no share of users in percent, so users affected cannot point to this row"
            self.reader.drafts.not_understood(row.line, said[0], why)
        self.reader.drafts.matrix.append(
            MatrixLine(
                severity=canonical(name),
                users_low=low,
                users_high=high,
                users=said[0],
                data_risk=said[1],
                decision=said[2],
                within=said[3],
                within_s=deadline(said[3]),
                line=row.line,
                low_open=low_open,
                high_open=high_open,
            )
        )

    def _criteria(self, row: TableRow, name: str, criteria: int, decision: int | None) -> None:
        action = words(row.cells[decision]) if decision is not None else ""
        for part in row.cells[criteria]:
            for text in re.split(r";\s+|\s+•\s+", part.text):
                if text.strip(" •"):
                    self.reader.criterion(text.strip(" •"), part.line, canonical(name), action)
            self.reader.take_extras([Row("", part.line, links=part.links, comments=part.comments)])

    def _conditions(self, heads: list[str], rows: list[TableRow], condition: int) -> str:
        """Reasons to act without levels: what else a row says belongs to its text, but for what is to be done."""
        taken = {condition}
        decision = take(heads, columns.DECISION, taken)
        severity = take(heads, columns.SEVERITY, taken)
        for row in rows:
            rest = [words(row.cells[at]) for at in range(len(heads)) if at not in taken and words(row.cells[at])]
            text = " · ".join([words(row.cells[condition]), *rest])
            of = canonical(words(row.cells[severity])) if severity is not None else ""
            self.reader.criterion(text, row.line, of, words(row.cells[decision]) if decision is not None else "")
            self.reader.take_extras(extras(row))
        return "criteria"

    # -------------------------------------------------------------------------------- items, steps and options

    def _items(self, heads: list[str], rows: list[TableRow]) -> str:
        for row in rows:
            boxed = [
                (at, part, found)
                for at, cell in enumerate(row.cells)
                for part in cell
                if not part.code_first and (found := task(part.text, cell=True))
            ]
            rest = [
                words(cell)
                for cell in row.cells
                if not any(task(part.text, cell=True) for part in cell) and words(cell)
            ]
            bare = sum(not found[1] for _, _, found in boxed)
            for at, part, found in boxed:
                text = found[1] or (rest[0] if rest else "")
                if not found[1] and bare > 1 and heads[at]:
                    text = f"{text}: {heads[at]}"
                item = self.reader.item(text, part.line, ticked=found[0])
                item.notes += rest if found[1] else rest[1:]
                self.reader.take_extras([Row("", part.line, links=part.links, comments=part.comments)])
            if not boxed:
                self.reader.drafts.prose(self.reader.section, " | ".join(rest), row.line)
            else:
                item_cells = {id(part) for _, part, _ in boxed}
                others = [part for cell in row.cells for part in cell if id(part) not in item_cells]
                self.reader.take_extras(
                    [Row("", part.line, links=part.links, comments=part.comments) for part in others]
                )
        return "items"

    def _steps(self, heads: list[str], rows: list[TableRow], command: int) -> str:
        option = self.reader.drafts.option(self.reader.section.option_section())
        for row in rows:
            said = [f"{words(cell)}" for at, cell in enumerate(row.cells) if at != command and words(cell)]
            codes = [code for part in row.cells[command] for code in part.codes if stands_alone(code, part.text)]
            step = StepDraft(" · ".join(said) or words(row.cells[command]), row.line)
            if codes:
                text = "\n".join(codes)
                step.commands.append(Commands("", text, row.line, text))
            elif words(row.cells[command]):
                step.text = f"{step.text} · {words(row.cells[command])}" if said else step.text
            option.steps.append(step)
        return "steps"

    def _options(self, heads: list[str], rows: list[TableRow], name: int) -> str:
        taken = {name}
        labelled = {
            "risk": take(heads, columns.RISK, taken),
            "duration": take(heads, columns.DURATION, taken),
            "good_for": take(heads, columns.GOOD_FOR, taken),
        }
        steps = take(heads, columns.STEPS, taken)
        for row in rows:
            title = words(row.cells[name])
            section = Section(title, 9, row.line, self.reader.section)
            draft = OptionDraft(title, row.line, section, table_line=row.line)
            draft.labels = {key: words(row.cells[at]) for key, at in labelled.items() if at is not None}
            if steps is not None:
                texts = [text for part in row.cells[steps] for text in re.split(r";\s+", part.text)]
                draft.steps = [StepDraft(text.strip(), row.line) for text in texts if text.strip()]
            for at in range(len(heads)):
                if at not in taken and words(row.cells[at]):
                    said = f"{title}, {heads[at]}: {words(row.cells[at])}"
                    self.reader.drafts.prose(self.reader.section, said, row.line)
            self.reader.drafts.options.append(draft)
        return "options"

    def _facts(self, rows: list[TableRow]) -> str:
        """Two columns of names and values: owner and dates, blanks, labels of an option."""
        pairs = [(words(row.cells[0]).strip(" :"), words(row.cells[1]), row) for row in rows if len(row.cells) == 2]
        if len(pairs) != len(rows):
            return ""
        known = [labels.metadata_key(name, value) for name, value, _ in pairs]
        blanks = [labels.sign_offs(f"{name}: {value or '____'}", True) for name, value, _ in pairs]
        option = [labels.option_label_of(name, value) for name, value, _ in pairs]
        if not any(known) and not any(blanks) and not (self.reader.section.option_section().is_option and any(option)):
            return ""
        for (name, value, row), key, blank, label in zip(pairs, known, blanks, option, strict=True):
            if key:
                self.reader.drafts.facts.setdefault(key, value)
            elif blank:
                self.reader.drafts.sign_offs.append(SignOff(name, row.line))
            elif label:
                self.reader.section.option_section().labels.setdefault(*label)
            elif name or value:
                self.reader.drafts.prose(self.reader.section, f"{name}: {value}".strip(": "), row.line)
        return "facts"

    def _unknown(self, heads: list[str], rows: list[TableRow], line: int) -> None:
        drafts = self.reader.drafts
        why = (
            f"a table whose columns mean nothing here ({len(rows)} {'row' if len(rows) == 1 else 'rows'}, kept as text)"
        )
        drafts.not_understood(line, " | ".join(heads), why)
        drafts.prose(self.reader.section, " | ".join(heads), line)
        for row in rows:
            drafts.prose(self.reader.section, " | ".join(words(cell) for cell in row.cells), row.line)


def canonical(name: str) -> str:
    """The level that a cell names, else the cell."""
    return level(name) if begins_with_level(name) else name


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text).lower()
