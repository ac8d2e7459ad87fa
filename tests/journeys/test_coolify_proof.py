"""What proves that Coolify is back: what runs, then probes from both sides of the load balancer, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, flying

INSIDE = """
[[probe]]
name = "inside"
url = "{site}"
inside = true
deadline = DEADLINE
expect = { status = 200, json = { FIELDS } }
"""


@pytest.mark.parametrize(
    ("fields", "ended", "words"),
    [
        (f'commit = "{GOOD}"', "done", "2 of 2 probes passed"),
        (f'commit = "{BAD}"', "failed", f'commit = "{GOOD}", expected "{BAD}"'),
        ('database = "ok"', "failed", "it has no field database"),
    ],
)
def test_probes_from_both_sides_and_by_field(
    fields: str, ended: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F05, F08: from here and from the system's host; every JSON field must be as expected."""
    # Whatever a busy machine needs for what comes; what never comes is not waited for so long.
    more = INSIDE.replace("FIELDS", fields).replace("DEADLINE", "60" if ended == "done" else "3")
    with flying(tmp_path / "shop", monkeypatch, more=more) as flown:
        plan = flown.drawn()
        step = plan.step("X4")
        assert step is not None
        shown = "\n".join(line for effect in step.effects for line in effect.lines())
        assert "inside: GET " in shown
        assert "(inside, by curl on local)" in shown
        assert "health: GET " in shown
        assert flown.fly()["X4"] == ended, flown.said
        assert words in flown.said
        assert flown.runs == GOOD
        assert flown.session.incident.proven is (ended == "done")
