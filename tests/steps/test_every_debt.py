"""Everything that a step bends is in the ledger with what straightens it and until when; it keeps the record open."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journals import Book, plan, planned

from actions import steps
from actions.engine.execute import _debts
from actions.model import events as ev
from actions.model.clock import parse_stamp, stamp
from actions.model.debts import due_by, holding
from actions.model.effect_coolify import CollectCoolify, CoolifyCall, SetVariables
from actions.model.kept_environment import ABSENT, KeptFile
from actions.steps import maintenance, side_debt
from actions.steps.catalog import CATALOG
from actions.steps.compose_switch import OWED
from actions.steps.coolify_environment import SetEnvironment
from actions.steps.coolify_set import SetField
from actions.steps.git_branch import Clone, PushBranch
from actions.steps.git_owed import LeftBranch

FOLDER = Path(str(steps.__file__)).parent
CLONE = Clone("local", "/clone", "/clone/.git", "origin", "ssh://git")
SINCE = "2026-11-25T10:00:00Z"

OPENS = {
    "compose_switch": ("compose.switch",),
    "coolify_deploy": ("coolify.deploy",),
    "coolify_environment": ("coolify.environment",),
    "coolify_set": ("coolify.set",),
    "database_adopt": ("database.adopt",),
    "database_code_switch": ("database.code",),
    "database_swap": ("database.swap",),
    "git_owed": ("git.branch", "git.coolify", "git.deploy", "git.remove"),
    "maintenance": ("maintenance.on", "maintenance.off"),
    "side_debt": ("database.restore", "database.snapshot"),
}
"""Module that tells the fact ``debt`` -> the steps that do. Whoever adds one says here that it was thought of."""


def literals(tree: ast.AST) -> Iterator[ast.Dict]:
    """Dictionaries that hold the fact ``debt``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if "debt" in keys:
                yield node


def test_every_step_that_can_open_a_debt_is_known_here() -> None:
    """Over the sources of all steps: none opens one that this file does not know of."""
    telling = {path.stem for path in FOLDER.glob("*.py") if [*literals(ast.parse(path.read_text()))]}
    assert telling == set(OPENS)
    assert {step for named in OPENS.values() for step in named} <= set(CATALOG)


def test_no_debt_is_opened_but_by_the_engine_and_people() -> None:
    """A debt without undo is something to do: none of them is made where steps are."""
    root = FOLDER.parents[1]
    made = {
        path.relative_to(root).as_posix()
        for folder in ("actions", "app", "widgets")
        for path in (root / folder).rglob("*.py")
        if "DebtOpened(" in path.read_text() and path.name != "events.py"
    }
    assert made == {
        "actions/engine/execute.py",
        "actions/model/debt_again.py",
        "actions/model/start_at.py",
        "app/approving.py",
        "app/follow_ups.py",
        "app/session_phases.py",
    }


def facts_of_steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """What each kind of step tells, from the step itself where it needs no world for it."""
    monkeypatch.setattr(side_debt, "_size", lambda *_: " (8 MB)")
    kept: Any = None
    freeze = SetField("https://c", "abcdef", "is_auto_deploy_enabled", "true", "false", "Freeze", "auto-deploy is off")
    call = CoolifyCall("https://c", "PATCH", "/applications/abcdef/envs/bulk")
    sets = SetVariables(
        call, KeptFile("predeploy", "private/x.gz", "ab"), {"A": "m", "B": ABSENT}, {"A": "n", "B": "o"}
    )
    environment = SetEnvironment(CollectCoolify(call, "environment", "before.json", True), sets, "v1", "X1")
    left = LeftBranch("X1-1004", "Z4 Remove it", SINCE)
    branch = PushBranch(CLONE, "a" * 40, "rollback-emergency-1", left=left)
    older = PushBranch(CLONE, "a" * 40, "rollback-emergency-1")
    return {
        "compose.switch": OWED,
        "coolify.environment": environment._owed(),
        "coolify.environment left": environment._left(),
        "coolify.set": freeze._facts(json.dumps(False)),
        "git.branch": branch._owed(),
        "git.branch before it was removed": older._owed(),
        "git.branch in doubt": branch._owed(sure=False),
        "maintenance.on": maintenance._owed(maintenance.DEBT),
        "maintenance.maybe": maintenance._owed(maintenance.MAYBE),
        "side": side_debt.kept_facts(kept, kept, "shop_rb", SINCE),
    }


def test_each_has_its_undo_and_its_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However little the step says of it: by default its own undo, and a day."""
    book = Book(tmp_path / "store")
    book.decide()
    book.draw(plan(planned("X1"), planned("A1", phase="after", pays="X1")))
    now = book.clock.now()
    everything = facts_of_steps(monkeypatch)
    assert all(facts.get("debt") for facts in everything.values()), everything
    for name, facts in everything.items():
        incident = book.start("X1")
        run = incident.runs[-1]
        opened = [one for one in _debts(incident, run, facts, took=True, now=now) if isinstance(one, ev.DebtOpened)]
        assert len(opened) == 1, name
        (debt,) = opened
        assert (bool(debt.undo), bool(debt.text)) == (True, True), name
        assert parse_stamp(debt.due) > now, name
        assert debt.due == facts.get("due", due_by(now)), name
        code = facts.get("debt of") or "X1"
        assert debt.debt == f"{code}.{run.number}"
        after = book.add(debt)
        assert debt.debt in {one.name for one in holding(after.debts)}, f"{name} keeps the record open"
        book.add(ev.DebtPaid(debt.debt, "for the next"))
        book.finish()


def test_what_the_step_says_comes_first(tmp_path: Path) -> None:
    """Its own undo, also an empty one's stand-in, and its own time."""
    book = Book(tmp_path / "store")
    book.draw(plan(planned("X1"), planned("A1", phase="after", pays="X1")))
    incident = book.start("X1")
    now = book.clock.now()

    def opened(**facts: str) -> ev.DebtOpened:
        (one,) = _debts(incident, incident.runs[-1], {"debt": "it is bent", **facts}, took=True, now=now)
        assert isinstance(one, ev.DebtOpened)
        return one

    assert opened().undo == "u on X1, or A1 title of A1"
    assert opened(undo="").undo == "u on X1, or A1 title of A1", "nothing is never what straightens it"
    assert opened(undo="git push origin :x").undo == "git push origin :x"
    assert opened(due=SINCE).due == SINCE
    assert opened(due="").due == stamp(parse_stamp(due_by(now)))
    assert _debts(incident, incident.runs[-1], {"debt": "it is bent"}, took=False, now=now) == []
