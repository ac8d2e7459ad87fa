"""The debts in a real terminal of 80 and of 60 columns: what is bent, until when, whose, what undoes it, what next."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from terminals import GOAROUND, tmux
from tiny_system import Tiny, environment

from actions.model import events as ev
from actions.model.clock import stamp

pytestmark = pytest.mark.tmux

UNDO = "u on X1, or by hand: curl -X PATCH https://coolify.example.org/api/v1/applications/a1b2 -d '{\"auto\": true}'"


def owing(tiny: Tiny, count: int, *, park: bool) -> str:
    """An incident with so many things bent, every other one overdue, the last the most; its id."""
    session = tiny.session()
    assert session.take_lease()
    session.declare("pages fail")
    now = datetime.now(UTC)
    for number in range(1, count + 1):
        due = now - timedelta(days=number) if number % 2 == 0 else now + timedelta(days=number)
        text = f"auto-deploy of shop-frontend-production-eu-central-1 版本 🚧 number {number} is off"
        session.record_all((ev.DebtOpened(f"X1.{number}", text, UNDO, stamp(due)),), drive=False)
    session.record_all((ev.DebtAssigned(f"X1.{count}", owner="ops2"),), drive=False)
    one = session.incident.id
    if park:
        session.park_incident("not recovered", "it did not help")
    session.close()
    session.journal.close()
    return one


def flat(screen: str) -> str:
    """Without borders, folds and line ends."""
    return " ".join(re.sub(r"[│╭╮╰╯─█▌↳▁-▇|]", " ", screen).split())


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
@pytest.mark.parametrize("count", [2, 14, 60])
def test_what_is_bent_is_read_and_parked(tiny: Tiny, size: tuple[int, int], count: int) -> None:
    """The list begins with the most urgent one, whole; the dialog that parks shows its question and its button."""
    owing(tiny, count, park=False)
    with tmux(*size, environment(tiny)) as op:
        op.run(*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
        op.sees("tick A1")
        op.press("D")
        shown = flat(op.sees("[Pay]", "[Leave]"))
        assert f"{count} debts, {count // 2} overdue; they are bent and keep the record open. Enter pays" in shown
        assert f"! OVERDUE, bent X1.{count} auto-deploy of" in shown
        assert f"OVERDUE by {count} d" in shown
        assert "owner: ops2" in shown
        assert "straightened by: u on X1, or by hand: curl -X PATCH" in shown
        assert "true}'" in shown, "to its end"
        op.answers("Escape", "Debts of")
        op.press("s")
        shown = flat(op.sees("Park INC-", "[Park the record]"))
        assert f"! X1.{count} auto-deploy of" in shown
        assert "How did it end?" in shown
        assert ("more: leave this, D shows them all" in shown) is (count > 2 or size[0] == 60)
        op.answers("Escape", "Park INC-")
        op.press("q")
        op.sees("left 0")


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
def test_a_parked_record_is_opened_and_paid_while_a_shell_pays_too(tiny: Tiny, size: tuple[int, int]) -> None:
    """From the start card to the close: what the shell pays is seen without a key, the next move is named."""
    one = owing(tiny, 2, park=True)
    store = ("--store", str(tiny.store))
    with tmux(*size, environment(tiny)) as op:
        op.run(*GOAROUND, "--config", str(tiny.config), *store)
        assert f"◆ PARKED {one}: 2 debts, 1 overdue, NOT SIGNED. D opens it" in flat(op.sees("D opens it"))
        op.press("D")
        op.sees("Debts of", "[Pay]")
        words = ("debts", *store, "pay", one, "X1.1", "--how", "switched on")
        done = subprocess.run([*GOAROUND, *words], env=environment(tiny), capture_output=True, text=True, check=True)
        assert f"{one} X1.1 paid by" in done.stdout
        op.sees("1 debt, 1 overdue", "X1.1 was paid by")
        op.answers("Enter", "Debts of")
        shown = flat(op.sees("Pay X1.2 of"))
        assert "It is ops2's." in shown
        assert "Straightened by: u on X1, or by hand: curl" in shown
        assert "Nothing is run now" in shown
        op.types("switched on, too")
        op.answers("Enter", "Pay X1.2 of")
        op.sees("Nothing is owed")
        op.answers("Escape", "Debts of")
        op.sees("close the record: nothing is bent")
        assert "◆ PARKED" in op.screen().splitlines()[0]
        op.press("s")
        op.sees("sign off")
        assert "closed" in op.screen().splitlines()[0]
        op.press("q")
        op.sees("left 0")


def test_the_list_in_sixty_columns(tiny: Tiny) -> None:
    """Printed into a narrow window: each of the three lines of a debt is there whole, folded by the terminal alone."""
    one = owing(tiny, 2, park=True)
    with tmux(60, 40, environment(tiny)) as op:
        op.run(*GOAROUND, "debts", "--store", str(tiny.store))
        op.sees("left 1")
        shown = "".join(line.ljust(60) for line in op.screen().splitlines())
        assert f"OVERDUE by 2 d, bent  {one} DRILL  X1.2  auto-deploy" in shown
        assert "straightened by: u on X1 (undoes X1 in the cockpit), or by hand: curl" in shown
        assert f"goaround --record {one} opens it" in shown
