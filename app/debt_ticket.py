"""Making a ticket for a debt by the configured command: an argv with its blanks filled in, never a shell.

That it is asked for is on record before it runs, and a failure is, too; the ticket itself is recorded by ``debt_desk``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from urllib.parse import quote

from actions.gateways.local_host import LocalHost
from actions.model import events as ev
from actions.model.clock import parse_stamp
from actions.model.errors import BadInput, GoaroundError
from actions.model.incident import Debt
from actions.model.outside_text import sanitise
from actions.model.system_watch import TicketTable
from app.approving import Recorder

DEADLINE_S = 60
"""Seconds that the command may take."""
_BLANK = re.compile(r"\{(incident|code|text|owner|due)\}")

Ticketer = Callable[[Recorder, Debt, str, str], str]
"""Desk, debt, owner and due (a stamp) -> ticket."""


def ticket_argv(table: TicketTable, incident: str, debt: Debt, owner: str, due: str) -> tuple[str, ...]:
    """The command with its blanks filled in. A value cannot become an option, or be filled in itself."""
    values = {"incident": incident, "code": debt.name, "text": debt.text, "owner": owner, "due": _plain_due(due)}

    def filled(word: str) -> str:
        out = _BLANK.sub(lambda blank: values[blank[1]], word)
        return f" {out}" if out.startswith("-") and not word.startswith("-") else out

    return tuple(filled(word) for word in table.command)


def _plain_due(due: str) -> str:
    """``2026-11-30T18:00:00Z``."""
    try:
        return f"{parse_stamp(due):%Y-%m-%dT%H:%M:%SZ}" if due else ""
    except (ValueError, OverflowError):
        return due


def ticketer(table: TicketTable, say: Callable[[str], object], deadline_s: float = DEADLINE_S) -> Ticketer:
    """What makes tickets by this table; ``say`` shows the command before it runs. Raises BadInput without one."""
    if not table.command:
        raise BadInput("no command makes tickets here", "", 'configure [tickets] command = ["...", "{text}"]')

    def make(desk: Recorder, debt: Debt, owner: str, due: str) -> str:
        argv = ticket_argv(table, desk.incident.id, debt, owner, due)
        shown = desk.clean(shlex.join(argv))
        say(f"$ {shown}")
        _note(desk, f"asks for a ticket for {debt.name}: {shown}")
        why = ""
        try:
            done = LocalHost().run(argv, timeout_s=deadline_s)
        except GoaroundError as error:
            why = error.line()
        else:
            words = desk.clean(
                " ".join((done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace").split())
            )
            lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
            if done.timed_out:
                why = f"ended after {deadline_s:g} s; it may have made one all the same"
            elif done.exit_status != 0:
                why = f"exit {done.exit_status}{f': {words[-300:]}' if words else ''}"
            elif not lines:
                why = "it has said nothing: the last line of its output is the ticket"
            else:
                return lines[-1]
        why = desk.clean(why, 400)
        _note(desk, f"no ticket for {debt.name}: {why}")
        raise GoaroundError(f"no ticket for {debt.name} of {desk.incident.id}", why, "nothing was assigned")

    return make


def _note(desk: Recorder, text: str) -> None:
    desk.record_all((ev.NoteAdded(text),), None, drive=False)


def ticket_url(url: str, ticket: str) -> str:
    """Where the ticket is read; a ticket that is an address stands for itself. Empty: nobody said where."""
    if not ticket or ticket.startswith(("http://", "https://")) or not url:
        return ticket if ticket.startswith(("http://", "https://")) else ""
    return sanitise(url.replace("{ticket}", quote(ticket, safe="")))
