"""An evening whose incident follows a procedure: the built-in document, or one with three rows and other names."""

from __future__ import annotations

from pathlib import Path

from sample_incident import Evening

from actions.gateways.markdown import read_procedure
from actions.model import events as ev
from actions.model.codec import to_json
from app.procedure_check import BUILT_IN
from app.procedure_pinning import rows_of

OTHER = """# Going back at Example

## When to go back

### SEV-1: go back at once

- Nobody can pay
- Orders are lost

### SEV-2: go back this shift

- Search is slow

### SEV-3: mend it

- A colour is wrong

## Decision matrix

| Severity | Users affected | Data risk | Decision | Time |
|---|---|---|---|---|
| SEV-1 | over 60 % | Loss | Roll back | 30 min |
| SEV-2 | 20-60 % | Doubt | Roll back | 4 hours |
| SEV-3 | under 20 % | Safe | Fix forward | next release |

## Before

- [ ] Somebody has looked
"""


def following(path: Path = BUILT_IN, mode: str = "live") -> Evening:
    """An evening that follows the document at this path; ops1 flies."""
    procedure = read_procedure(path)
    body = ev.ProcedurePinned(
        procedure.title,
        "",
        procedure.sha256,
        to_json(procedure),
        tuple(to_json(row) for row in rows_of(procedure.matrix)),
    )
    return Evening(mode).add(body).taken()


def following_other(folder: Path) -> Evening:
    """An evening with the other document."""
    path = folder / "other.md"
    path.write_text(OTHER, encoding="utf-8")
    return following(path)


def marked(evening: Evening, *codes: str, met: bool = True) -> Evening:
    """Criteria found to hold, or not any more."""
    procedure = evening.incident.procedure
    assert procedure is not None
    for code in codes:
        one = procedure.criteria[int(code[1:]) - 1]
        evening.add(ev.CriterionMarked(code, one.level, one.text, met))
    return evening
