"""Telling people over a session, for tests: the built-in messages, shown and sent."""

from __future__ import annotations

import re

from tiny_system import Tiny

from actions.model.checklist import State
from actions.model.incident import item_of
from actions.model.message_rules import untried_reason
from actions.model.procedure import Message
from app import messaging
from app.procedure_check import BUILT_IN as BUILT_IN_PROCEDURE
from app.session import Session


def without_messages(tiny: Tiny) -> None:
    """Have the system follow the shipped procedure without its messages: the built-in ones hold."""
    text = BUILT_IN_PROCEDURE.read_text()
    rest = re.sub(r"^## Messages\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    assert rest != text
    path = tiny.folder / "procedure.md"
    path.write_text(rest)
    tiny.follow_the_built_in()
    tiny.add_to_config(f'\n[procedure]\nfile = "{path}"\nlacks = ["database"]\n')


def started(session: Session, message: Message) -> messaging.Draft:
    """The message as the operator sees it."""
    session.sync()
    return messaging.draft(session, message)


def through(session: Session, shown: messaging.Draft, way: str) -> str:
    """Tell everybody it is for through this way; the words of the last line."""
    roles = shown.rendered.to
    found = next(one for one in messaging.ways_for(session, shown, roles) if one.through == way)
    return messaging.send(session, shown, roles, found)


def named(session: Session, name: str) -> messaging.Row:
    """The row of a message."""
    session.sync()
    return next(row for row in messaging.rows(session) if row.message.name == name)


def looked_after(session: Session) -> None:
    """What is looked at after a rollback (workflows, errors, times, queries) is found well."""
    while (reason := untried_reason(session.incident)) is not None:
        item = item_of(session.incident, reason.partition(" ")[0])
        assert item is not None
        if item.sensor:
            session.sense(item.sensor, True, "as it was before", "")
        else:
            session.mark(item.code, State.DONE)
