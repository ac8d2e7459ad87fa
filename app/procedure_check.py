"""``goaround procedure check``: what was understood of a procedure, for people and for programs.

Reading is the gateway's work, judging the model's. The built-in procedure lies beside this file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from actions.gateways.markdown import read_procedure
from actions.model.codec import to_json
from actions.model.procedure import Checklist, MatrixLine, OptionText, Procedure
from actions.model.procedure_check import reasons, warnings

BUILT_IN = Path(__file__).parent / "procedure" / "rollback.md"


def built_in() -> Procedure:
    """The procedure that comes with goaround."""
    return read_procedure(BUILT_IN)


def check(file: str, *, as_json: bool, today: date | None = None) -> int:
    """Prints what was understood of a file (empty: the built-in one). 0: usable, 1: not, with the reasons.

    Raises ``BadInput`` for what is no readable text.
    """
    procedure = read_procedure(Path(file)) if file else built_in()
    day = today or datetime.now(UTC).date()
    if as_json:
        print(json.dumps(as_data(procedure), ensure_ascii=not _speaks_utf8(), indent=2))
        for warning in warnings(procedure, day):
            sys.stderr.write(f"goaround: warning: {procedure.path}: {warning}\n")
    else:
        text = "\n".join(as_lines(procedure, day))
        print(text if _speaks_utf8() else text.encode("ascii", "replace").decode())
    return 1 if reasons(procedure) else 0


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def as_data(procedure: Procedure) -> dict[str, Any]:
    """For programs. Shares are percent, deadlines, durations and time boxes seconds, lines count from 1."""
    why = list(reasons(procedure))
    return {
        "title": procedure.title,
        "owner": procedure.owner,
        "updated": procedure.updated,
        "next_review": procedure.next_review,
        "criteria": to_json(procedure.criteria),
        "matrix": [_matrix_data(row) for row in procedure.matrix],
        "checklists": [_checklist_data(one) for one in procedure.checklists],
        "options": [_option_data(one) for one in procedure.options],
        "contacts": to_json(procedure.contacts),
        "escalation": to_json(procedure.escalation),
        "messages": to_json(procedure.messages),
        "sign_off": to_json(procedure.sign_off),
        "links": to_json(procedure.links),
        "not_understood": to_json(procedure.not_understood),
        "usable": not why,
        "reasons": why,
    }


def _matrix_data(row: MatrixLine) -> dict[str, Any]:
    data: dict[str, Any] = to_json(row)
    data["deadline_s"] = data.pop("within_s")
    return data


def _checklist_data(checklist: Checklist) -> dict[str, Any]:
    data: dict[str, Any] = to_json(checklist)
    data["items"] = data.pop("items")  # the list last: it is long
    return data


def _option_data(option: OptionText) -> dict[str, Any]:
    data: dict[str, Any] = to_json(option)
    data["steps"] = data.pop("steps")
    return data


# ------------------------------------------------------------------------------------------------------ for people


def as_lines(procedure: Procedure, today: date) -> list[str]:
    """A summary with line numbers."""
    why = reasons(procedure)
    lines = [procedure.title, f"  {procedure.path}, sha256 {procedure.sha256[:16]}"]
    facts = (("owner", procedure.owner), ("updated", procedure.updated), ("next review", procedure.next_review))
    lines += [f"  {name}: {value}" for name, value in facts if value]
    for part in (_criteria, _matrix, _checklists, _options, _people, _messages, _rest):
        lines += part(procedure)
    if procedure.not_understood:
        lines += ["", f"Not understood ({len(procedure.not_understood)})"]
        lines += [_at(one.line, f"{one.text}  ({one.why})") for one in procedure.not_understood]
    lines.append("")
    lines += [f"warning: {warning}" for warning in warnings(procedure, today)]
    lines += [f"not usable: {reason}" for reason in why]
    if not why:
        lines.append("usable")
    return lines


def _at(line: int, text: str, depth: int = 0) -> str:
    return f"{line:>6}  {'  ' * depth}{' '.join(text.split())}"


def _criteria(procedure: Procedure) -> Iterator[str]:
    if procedure.criteria:
        yield from ("", f"Criteria ({len(procedure.criteria)})")
    before = None
    for one in procedure.criteria:
        if (one.level, one.action) != before:
            before = (one.level, one.action)
            yield f"        {one.level or 'no level'}{f': {one.action}' if one.action else ''}"
        yield _at(one.line, one.text + (f"  [only with {one.when}]" if one.when else ""), 1)


def _matrix(procedure: Procedure) -> Iterator[str]:
    if procedure.matrix:
        yield from ("", f"Matrix ({len(procedure.matrix)} rows)")
    for row in procedure.matrix:
        until = "no deadline" if row.within_s is None else f"within {_time(row.within_s)}"
        parts = [row.severity, row.users or "users ?", f"data risk {row.data_risk or '?'}", row.decision or "?", until]
        yield _at(row.line, " | ".join(parts))


def _checklists(procedure: Procedure) -> Iterator[str]:
    for one in procedure.checklists:
        box = f", {_time(one.time_box_s)}" if one.time_box_s is not None else ""
        paper = ", to be printed" if one.paper else ""
        yield from ("", f"Checklist: {one.name} ({one.phase.value}{box}{paper}, {len(one.items)} items)")
        for item in one.items:
            bound = f"  [{item.kind.value} {item.sensor or item.step}]" if item.sensor or item.step else ""
            marks = f"{'  [gate]' if item.gate else ''}{f'  [only with {item.when}]' if item.when else ''}"
            commands = f"  ({len(item.commands)} blocks of commands)" if item.commands else ""
            yield _at(item.line, f"{item.code} {item.text}{bound}{marks}{commands}", min(item.depth, 8))


def _options(procedure: Procedure) -> Iterator[str]:
    for one in procedure.options:
        said = [one.duration, f"risk {one.risk}" if one.risk else "", f"for {one.good_for}" if one.good_for else ""]
        told = ", ".join(part for part in said if part)
        head = "Option" if one.declared else "Steps"
        yield from ("", f"{head}: {one.name}{f' ({told})' if told else ''}")
        for number, step in enumerate(one.steps, 1):
            yield _at(step.line, f"{number}. {step.text}")
            for block in step.commands:
                yield from (f"{'':>6}      {line}" for line in block.runs.split("\n"))


def _people(procedure: Procedure) -> Iterator[str]:
    if procedure.contacts:
        yield from ("", f"People ({len(procedure.contacts)})")
    for one in procedure.contacts:
        yield _at(one.line, f"{one.role}: {one.address or 'no address'}{f' ({one.duty})' if one.duty else ''}")
    if procedure.escalation:
        yield from ("", f"Who decides ({len(procedure.escalation)})")
    for rule in procedure.escalation:
        until = f"until {_time(rule.within_s)}" if rule.within_s is not None else "and then on"
        about = f", about the {rule.about}" if rule.about else ""
        who = " and ".join(rule.roles) or "nobody that is known"
        yield _at(rule.line, f"from {_time(rule.from_s)} {until}{about}: {who}  ({rule.text})")


def _messages(procedure: Procedure) -> Iterator[str]:
    if procedure.messages:
        yield from ("", f"Messages ({len(procedure.messages)})")
    for one in procedure.messages:
        to = f" to {one.to}" if one.to else ""
        yield _at(one.line, f"{one.name} ({one.phase.value}{to}): {one.subject or one.text[:80]}")


def _rest(procedure: Procedure) -> Iterator[str]:
    if procedure.sign_off:
        yield from ("", "Sign-off")
    yield from (_at(one.line, one.name) for one in procedure.sign_off)
    if procedure.links:
        yield from ("", f"Links ({len(procedure.links)})")
    for link in procedure.links:
        state = {True: "there", False: "missing", None: "not looked at"}[link.exists]
        note = f", {link.note}" if link.note and link.exists is False else ""
        yield _at(link.line, f"{link.text} {f'-> {link.target} ' if link.target else ''}({state}{note})")
    if procedure.texts:
        yield from ("", f"Text kept as it is: {len(procedure.texts)} lines")


def _time(seconds: int) -> str:
    """``15 min``, ``2 h``, ``1 d``."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
