"""Compares what the reader of procedures understood with what `markdown_count` counted."""

from __future__ import annotations

from collections import Counter

from markdown_count import SHELL, count

from actions.gateways.markdown_finish import commands_of
from actions.model.procedure import Procedure


def disagreements(procedure: Procedure, text: str) -> list[str]:
    """Every line on which the two differ, in words."""
    counted = count(text)
    wrong = []
    items = Counter(item.line for one in procedure.checklists for item in one.items)
    boxes = Counter(counted.items)
    for line, times in sorted((line, boxes[line]) for line in {*items, *boxes}):
        if items[line] != times:
            wrong.append(f"line {line}: {times} items counted, {items[line]} read")
    blocks = list(commands_of(procedure))
    shell = [block.line for block in blocks if block.language in SHELL]
    if sorted(shell) != counted.shell:
        wrong.append(f"shell blocks: counted at {counted.shell}, read at {sorted(shell)}")
    placed = {block.line for block in blocks} | {one.line for one in procedure.texts}
    placed |= {message.line for message in procedure.messages}
    for line in counted.unlabelled:
        inside = {item - line for item in items if item > line}
        if line not in placed and not inside:
            wrong.append(f"line {line}: a block without a language is nowhere")
    read = {table.line: list(table.rows) for table in procedure.tables}
    listed = {one.line for one in procedure.not_understood}
    for line, rows in counted.tables.items():
        if line in read and read[line] != rows:
            wrong.append(f"line {line}: rows {rows} counted, {read[line]} read")
        if line not in read and line not in listed:
            wrong.append(f"line {line}: a table is neither understood nor listed")
    wrong += [f"line {row}: a row is nowhere" for row in _lost_rows(procedure)]
    return wrong


def _lost_rows(procedure: Procedure) -> list[int]:
    out = {one.line for one in procedure.matrix} | {one.line for one in procedure.criteria}
    out |= {one.line for one in procedure.contacts} | {one.line for one in procedure.escalation}
    out |= {one.line for one in procedure.sign_off} | {one.line for one in procedure.texts}
    out |= {one.line for one in procedure.not_understood}
    out |= {item.line for one in procedure.checklists for item in one.items}
    out |= {step.line for one in procedure.options for step in one.steps}
    out |= {line for one in procedure.options for line in (one.line, one.table_line)}
    lost = []
    for table in procedure.tables:
        tall = len(table.rows) > 1 and table.rows[1] - table.rows[0] > 1  # HTML: a row takes several lines
        ends = [*table.rows[1:], table.rows[-1] + (30 if tall else 1)] if table.rows else []
        between = [(row, range(row, max(end, row + 1))) for row, end in zip(table.rows, ends, strict=True)]
        if table.what != "facts":  # those became the document's own facts
            lost += [row for row, lines in between if not out.intersection(lines)]
    return lost
