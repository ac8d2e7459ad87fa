"""What a configured check says: a number against its limits, or an exit status. Pure; running it is the lookout's."""

from __future__ import annotations

import re

from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import Looked
from actions.model.system_watch import CheckTable

WORTH_S = 300
"""Its number is another one each time; the record gets one in so many seconds while the verdict is the same."""
LONGEST = 160
_NUMBER = re.compile(r"(?<![\w.])-?[0-9]{1,15}(?:\.[0-9]{1,9})?(?![0-9])")


@dataclass(frozen=True)
class Checked:
    """How a check's command ended; texts sanitised and without secrets."""

    exit_status: int
    output: str = ""
    complaint: str = ""
    """The last line of its standard error."""
    ms: int = 0
    late: bool = False


def check_looked(table: CheckTable, found: Checked) -> Looked:
    """Whether it is well."""
    limits = [f"at most {table.at_most}"] * (table.at_most is not None)
    limits += [f"at least {table.at_least}"] * (table.at_least is not None)
    unit = f" {table.unit}" if table.unit else ""
    expected = f"{' and '.join(limits)}{unit}" if limits else "exit 0"
    if found.late:
        return Looked(False, f"no answer within {table.answer} s", expected, found.ms)
    if found.exit_status:
        why = found.complaint or _first_line(found.output)
        return Looked(False, f"exit {found.exit_status}{f': {_cut(why)}' if why else ''}", expected, found.ms, WORTH_S)
    if not limits:
        return Looked(True, "exit 0", expected, found.ms)
    number = _NUMBER.search(found.output)
    if number is None:
        said = _first_line(found.output)
        seen = f"no number in its output: {_cut(said)}" if said else "no output, where a number is expected"
        return Looked(False, seen, expected, found.ms, WORTH_S)
    value = float(number[0])
    ok = (table.at_most is None or value <= table.at_most) and (table.at_least is None or value >= table.at_least)
    return Looked(ok, f"{number[0]}{unit}", expected, found.ms, WORTH_S)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
