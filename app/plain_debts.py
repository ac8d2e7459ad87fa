"""The debts in plain lines: what is owed; paying one with words, taking that back, giving it to somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.debt_again import by_hand
from actions.model.debts import counted, in_order, paid_words
from app.debt_desk import assign, debt_of, pay, reopen
from app.debts import about, state_word, straightens

if TYPE_CHECKING:
    from app.plain import Plain


def debts(plain: Plain, code: str) -> None:
    """``f`` lists them, ``f CODE`` asks whether that one is paid or assigned. Raises GoaroundError."""
    session = plain.session
    session.sync()
    now = session.clock.now()
    if not code:
        for one in in_order(session.incident.debts, now):
            plain.operator.say(f"    {state_word(one, now)}  {one.name}  {one.text}")
            for words in ("; ".join(about(one, now)), *straightens(one)):
                plain.operator.say(f"        {words}")
        plain.say(counted(session.incident.debts, now) or "nothing is owed")
        return
    debt = debt_of(session.incident, code)
    if debt.paid:
        plain.say(paid_words(debt))
        ask = "Why is it owed all the same (empty: leave it)? > "
        why = plain.operator.ask("why", ask).strip() if by_hand(debt) else ""
        if why:
            reopen(session, debt.name, why)
            plain.say(f"{debt.name} is owed again")
        return
    how = plain.operator.ask("how", f"{debt.name} {debt.text}: how was it straightened (empty: assign it)? > ").strip()
    if how:
        pay(session, debt.name, how)
        plain.say(f"{debt.name} is paid")
        return
    owner = plain.operator.ask("owner", f"Whose is it (now {debt.owner or 'nobody'})? > ").strip()
    due = plain.operator.ask("due", "Due when (2026-11-30, 24h, 3d; empty: stays)? > ").strip()
    ticket = plain.operator.ask("ticket", f"Ticket (now {debt.ticket or 'none'})? > ").strip()
    assign(session, debt.name, owner=owner, due=due, ticket=ticket)
    plain.say(f"{debt.name} is assigned")
