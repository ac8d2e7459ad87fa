"""``goaround debts`` with ``assign``, ``pay``, ``reopen``, ``close``: what stands on the command line, done and told.

The configuration is that of now where it is given or describes the same system, else the one that the record has kept.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from actions.model.clock import SystemClock
from actions.model.debts import Owed, deadline_words, holding, overdue_s
from actions.model.errors import BadInput, ConfigError, GoaroundError
from actions.model.outside_text import sanitise
from actions.model.parked import may_be_closed
from app.approval_desk import open_desk
from app.debt_desk import assign, debt_of, pay, reopen
from app.debt_record import DebtDesk
from app.debt_ticket import ticket_url, ticketer
from app.debts import about, debts_json, debts_text, every_debt, in_order, straightens, with_ways_now
from app.parking import Parked, close_parked, parked_records
from app.places import pinned_config, store_folder
from app.records import open_store
from app.settings import Loaded, find_config, load
from app.signing import sign_off

ASSIGNS = ("owner", "due", "ticket", "make_ticket")
LISTS = ("all", "overdue")


def run_debts(args: SimpleNamespace) -> int:
    """Exit status: 1 when something that was asked for is overdue or cannot be read, or a change was refused.

    Raises GoaroundError.
    """
    words = list(args.words)
    verb = words.pop(0) if words and words[0] in ("assign", "pay", "reopen", "close") else ""
    _check(args, verb, words)
    if verb == "close":
        return _close(args, words[0])
    if verb:
        return _change(args, verb, *words)
    return _list(args, words[0] if words else "")


def _check(args: SimpleNamespace, verb: str, words: list[str]) -> None:
    """Options that do not belong to what is asked for are named."""
    given = [name for name in (*LISTS, *ASSIGNS, "how", "why") if getattr(args, name) not in (False, "")]
    fits = {"": LISTS, "assign": ASSIGNS, "pay": ("how",), "reopen": ("why",), "close": ("how",)}[verb]
    wrong = next((name for name in given if name not in fits), None)
    if wrong:
        raise BadInput(f"debts{f' {verb}' if verb else ''}: --{wrong.replace('_', '-')} does not belong here")
    if verb == "close" and len(words) != 1:
        raise BadInput("debts close: give the record", "", "goaround debts close ID")
    if verb not in ("", "close") and len(words) != 2:
        how = {"pay": ' --how "..."', "reopen": ' --why "..."'}.get(verb, " --owner LOGIN --due 3d")
        raise BadInput(f"debts {verb}: give the record and the code", "", f"goaround debts {verb} ID CODE{how}")
    if not verb and len(words) > 1:
        raise BadInput(f"debts: one record at most, not {len(words)}", "", "goaround debts assign or pay changes one")


def _folder(args: SimpleNamespace) -> Path:
    """``--store``, else that of the configuration where there is one, else the state folder."""
    if args.store:
        return store_folder(None, args.store)
    try:
        config = find_config(args.config)
    except ConfigError:
        if args.config:
            raise
        return store_folder()
    return store_folder(load(config).settings)


def configuration(given: str | None, incident_folder: Path, system: str) -> Loaded | None:
    """The configuration for a record: the given one, else that of now where it is of this system, else the kept one.

    None where there is none, or none that may be read. Raises ConfigError for a given one that is wrong.
    """
    if given:
        return load(find_config(given))
    try:
        now = load(find_config(None))
        if now.settings.system.name == system:
            return now
    except (GoaroundError, OSError):  # none here, or not one that could be used: the kept one will do
        pass
    try:
        kept = pinned_config(incident_folder)
        return load(kept) if kept.exists() else None
    except (GoaroundError, OSError):  # somebody else's, not readable: the record alone will do
        return None


def _list(args: SimpleNamespace, wanted: str) -> int:
    folder = _folder(args)
    journal = open_store(folder, SystemClock())
    if journal is None:
        if wanted:
            raise BadInput(f"no record {wanted!r}: there are no records yet in {folder}")
        text = debts_json([], [], SystemClock().now(), folder) if args.json else f"no debts: no records yet in {folder}"
        print(text)
        return 0
    try:
        now = journal.clock.now()
        damaged: dict[str, str] = {}
        only = journal.find(wanted) if wanted else ""
        rows = in_order(with_ways_now(journal, every_debt(journal, only, damaged=damaged)), now)

        @functools.cache
        def url(incident: str, system: str) -> str:
            loaded = configuration(args.config, journal.incident_folder(incident), system)
            return loaded.settings.tickets.url if loaded else ""

        def url_of(one: Owed) -> str:
            return ticket_url(url(one.incident, one.system), one.debt.ticket) if one.debt.ticket else ""

        shown = [one for one in rows if args.all or not one.debt.paid]
        if args.overdue:
            shown = [one for one in shown if overdue_s(one.debt, now)]
        tell = debts_json if args.json else debts_text
        print(tell(rows, shown, now, journal.folder, url_of, damaged))
        for one in () if args.json else parked_records(journal, "", only):
            print(sanitise(f"◆ PARKED  {one.words(now)}; {_what_next(one)}"))
        return 1 if damaged or any(overdue_s(one.debt, now) for one in rows) else 0
    finally:
        journal.close()


def _what_next(one: Parked) -> str:
    """What keeps it open, or what closes it; and what signs it."""
    if one.damaged:
        return f"goaround verify {one.incident} tells more"
    sign = f"goaround run --record {one.incident} signs it; " if one.unsigned else ""
    does = f"can be closed: goaround debts close {one.incident}"
    if one.debts:
        does = f"is parked until its debts are paid: goaround --record {one.incident} opens it"
    return f"{sign}it {does}"


def _change(args: SimpleNamespace, verb: str, incident: str, code: str) -> int:
    plain = open_desk(_folder(args), incident)
    desk = DebtDesk(plain.journal, plain.clock, plain.who, plain.incident)
    try:
        system = desk.incident.declared.system if desk.incident.declared else ""
        desk.loaded = configuration(args.config, desk.journal.incident_folder(desk.incident.id), system)
        if verb == "pay":
            pay(desk, code, args.how)
        elif verb == "reopen":
            reopen(desk, code, args.why)
        else:
            make = None
            if args.make_ticket:
                if desk.loaded is None:
                    raise BadInput("no configuration says how tickets are made", "", "name it with --config FILE")
                out = sys.stderr if args.json else sys.stdout
                make = ticketer(desk.loaded.settings.tickets, lambda line: print(line, file=out))
            also = tuple(desk.loaded.settings.people) if desk.loaded else ()
            assign(desk, code, owner=args.owner, due=args.due, ticket=args.ticket, also=also, make=make)
        desk.sync()
        _tell(args, desk, verb, code)
    finally:
        desk.journal.close()
    return 0


def _close(args: SimpleNamespace, incident: str) -> int:
    """A parked record, once nothing is bent any more; whoever closes it signs for having carried it out."""
    plain = open_desk(_folder(args), incident)
    desk = DebtDesk(plain.journal, plain.clock, plain.who, plain.incident)
    try:
        system = desk.incident.declared.system if desk.incident.declared else ""
        desk.loaded = configuration(args.config, desk.journal.incident_folder(desk.incident.id), system)
        end = close_parked(desk, args.how)
        try:
            sign = sign_off(desk, "executed", desk.who.login)
        except GoaroundError as error:  # it is closed all the same; the signature is asked for where it is opened
            sys.stderr.write(f"goaround: not signed: {error.line()}\n")
            sign = None
        if args.json:
            signed = {"by": sign.person, "signer": sign.signer, "unsigned": sign.unsigned} if sign else None
            print(json.dumps({"incident": desk.incident.id, "outcome": end.outcome, "executed": signed}))
            return 0
        how = f"signed by {sign.signer}" if sign and sign.signature else f"UNSIGNED: {sign.unsigned if sign else ''}"
        print(f"{desk.incident.id} closed: {end.outcome}; executed by {desk.who.login} ({how})")
        print(f"somebody else verifies: goaround --record {desk.incident.id}")
        return 0
    finally:
        desk.journal.close()


def _tell(args: SimpleNamespace, desk: DebtDesk, verb: str, code: str) -> None:
    debts = [one for one in desk.incident.debts if bool(one.paid) is (verb == "pay")]
    name = debt_of(desk.incident, code).name
    debt = next(one for one in reversed(debts) if one.name == name)
    now = desk.clock.now()
    url = ticket_url(desk.loaded.settings.tickets.url if desk.loaded else "", debt.ticket)
    signed = desk.incident.executed is not None
    if args.json:
        data = {
            "incident": desk.incident.id,
            "code": debt.name,
            "by": desk.who.login,
            "owner": debt.owner,
            "due": debt.due,
            "ticket": debt.ticket,
            "url": url,
            "paid": debt.paid,
            "why": debt.why,
            "after_sign_off": signed,
            "parked": desk.incident.is_parked,
            "may_be_closed": may_be_closed(desk.incident),
        }
        print(json.dumps(data))
        return
    late = " (recorded after the sign-off)" if signed else ""
    if verb == "pay":
        print(f"{desk.incident.id} {debt.name} paid by {desk.who.login}: {debt.paid}{late}")
        if desk.incident.is_parked:
            left = holding(desk.incident.debts)
            print(
                f"still bent: {', '.join(one.name for one in left)}"
                if left
                else f"nothing is bent any more: close the record with goaround debts close {desk.incident.id}"
            )
    elif verb == "reopen":
        over = f"; {deadline_words(debt, now)}" if overdue_s(debt, now) else ""
        print(f"{desk.incident.id} {debt.name} is owed again: {debt.text}{over}{late}")
    else:
        said = "; ".join((*about(debt, now, url), *straightens(debt)))
        over = f"{deadline_words(debt, now)}; " if overdue_s(debt, now) else ""
        print(f"{desk.incident.id} {debt.name} assigned: {over}{said}{late}")
