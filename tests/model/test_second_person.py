"""A record that is changed without its schema, and SQL by hand, are never one person's doing."""

from __future__ import annotations

from typing import Any

import pytest
from approving_book import PEOPLE, Answers
from journals import planned

from actions.model import events as ev
from actions.model.approval import answer_roles
from actions.model.blocking import Move, blocked_reason, move_for
from actions.model.incident import items
from actions.model.plan import Plan
from actions.model.release import Release
from actions.model.second_person import SECOND_PERSON
from actions.steps.catalog import CATALOG


class Alone(Answers):
    """A plan of the migration option whose step is not for one alone."""

    def __init__(self, step: str = "migration.fake", **more: Any) -> None:
        self.step = step
        super().__init__(option="migration", **more)

    def draw(self, target: str = "v1", by: str = "") -> Answers:
        one = planned("X1", step=self.step)
        plan = Plan("migration", "shop", Release(target, commit="a" * 40), "b" * 40, {}, (one,))
        return self.add(ev.PlanDrawn(plan.digest, plan.to_json()), by or self.flies)


def reason(book: Answers) -> str:
    return blocked_reason(book.incident, "X1", approval=book.state) or ""


@pytest.mark.parametrize("step", sorted(SECOND_PERSON))
def test_it_waits_for_somebody_else_also_where_who_flies_may_act_alone(step: str) -> None:
    """Within the fifteen minutes alone nothing else would be asked; the second person may hold any role."""
    assert step in CATALOG
    book = Alone(step)
    assert "a second person (X1: " in reason(book)
    row = next(one for one in items(book.incident) if one.code == "X1")
    assert move_for(book.incident, row, approval=book.state).move is Move.ASK
    assert answer_roles(book.incident, "lead1")[1]
    assert answer_roles(book.incident, "root")[1], "another login of the one who flies"
    assert answer_roles(book.incident, "dba1") == (("database-admin",), "")
    book.given("dba1", roles=("database-admin",))
    assert reason(book) == ""
    assert "approved by dba1" in book.state.words


def test_one_approver_is_enough_for_the_ordinary_need_and_this_one() -> None:
    """The tech manager who approves the plan has read it: no third person."""
    book = Alone().after(20)
    assert len(book.state.missing) == 2
    book.given("tech1")
    assert reason(book) == ""


def test_the_broken_glass_does_not_open_it() -> None:
    """It stands for approvals that nobody gives in time; here the second person is the point."""
    book = Alone().after(20)
    assert book.state.can_break
    book.add(ev.GlassBroken(book.incident.plan_digest, "approval", ("tech-manager",), "nobody answers"), "lead1")
    assert "also with the glass broken" in reason(book)
    assert "also with the glass broken" in book.state.words
    assert not book.state.can_break
    book.given("dba1", roles=("database-admin",))
    assert reason(book) == ""


def test_an_expired_answer_and_another_plans_do_not_count() -> None:
    """As with every approval."""
    book = Alone()
    book.given("tech1")
    assert reason(book) == ""
    book.draw("v2")
    assert "a second person" in reason(book)


@pytest.mark.parametrize("people", [{}, {"lead1": PEOPLE["lead1"]}, {"lead1": PEOPLE["lead1"], "root": PEOPLE["root"]}])
def test_where_nobody_else_is_configured_it_cannot_run(people: dict[str, Any]) -> None:
    """No people means no approvals elsewhere; here it means that there is nobody, and what to do is said."""
    book = Alone(people=people)
    assert "a second person" in reason(book)
    assert not book.state.can_ask or people
    if not people:
        assert "add two people" in reason(book)
    ordinary = Answers(option="git", people=people)
    assert (blocked_reason(ordinary.incident, "X1", approval=ordinary.state) is None) or people
