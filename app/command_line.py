"""What may stand on the command line, and what help says of it. Doing it is left to ``cli``."""

from __future__ import annotations

import argparse
from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (next: {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line: every command with its options."""
    whole = _Parser(
        prog="goaround",
        description="From 'something broke after the deploy' to 'the old version is back, proven, and signed for'."
        " Without a command: opens the cockpit on the configuration and resumes the open incident.",
        epilog="Exit status: 0 well, 1 a check failed, 2 bad input.",
    )
    _cockpit_options(whole)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _flying(commands)
    _of_records(commands)
    _of_procedure(commands)
    _with_others(commands)
    keys = commands.add_parser("keys", help="prints the keys of the cockpit")
    keys.add_argument("--markdown", action="store_true", help="as the table in README")

    shots = commands.add_parser("screenshots", help="plays the demo and writes pictures of its screens")
    shots.add_argument("--to", default="screenshots", metavar="DIR", help="the folder (screenshots)")

    _before_it_is_needed(commands)
    return whole


def _flying(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Commands that fly an incident."""
    demo = commands.add_parser(
        "demo", help="a small real system, broken by its last deployment, and the cockpit over it"
    )
    demo.add_argument("--auto", action="store_true", help="plays the keys by itself, to the signed record")
    demo.add_argument("--plain", action="store_true", help="numbered lines instead of the full screen")
    demo.add_argument("--json", action="store_true", help="plays by itself and prints one JSON object")
    demo.add_argument(
        "--compose", action="store_true", help="with Docker Compose (needs an engine and a static busybox)"
    )
    demo.add_argument("--store", default="", metavar="DIR", help="where the record goes")

    run = commands.add_parser("run", help="the same engine without the full screen")
    _common(run)
    _record(run)
    run.add_argument("--plain", action="store_true", help="numbered lines (the only way so far, and the default)")
    run.add_argument("--take-over", metavar="REASON", default="", help="take the lease from the one who flies")
    run.add_argument("--option", metavar="NAME", default="", help="by this one of the configured ways back")
    run.add_argument(
        "--start-at",
        metavar="CODE",
        default="",
        help="begin at this step: the system is asked what became of those before it (needs --reason)",
    )
    run.add_argument("--reason", metavar="TEXT", default="", help="why it begins there; it goes into the record")
    run.add_argument(
        "--noop", action="store_true", help="prints the plan and everything that would run; runs and records nothing"
    )
    run.add_argument("--target", metavar="RELEASE", default="", help="with --noop: to this release")
    run.add_argument("--json", action="store_true", help="with --noop: as one JSON object")


def _of_records(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Commands over what was recorded."""
    records = commands.add_parser("records", help="lists the records, newest first")
    _store(records)
    records.add_argument("--limit", type=int, default=50, metavar="N", help="how many (50)")
    records.add_argument("--before", type=int, default=0, metavar="NUMBER", help="older than this number, for paging")
    records.add_argument("--system", default="", help="of one system only")
    records.add_argument("--json", action="store_true", help="as JSON")

    _debts(commands)

    review = commands.add_parser("review", help="opens a record for reading, in the same panes")
    _store(review)
    review.add_argument(
        "id", nargs="?", default="", help="the record (its beginning or end will do); empty: the newest"
    )
    review.add_argument("--plain", action="store_true", help="the time line as text")

    verify = commands.add_parser(
        "verify", help="checks the chain, the evidence and the signatures of a record or bundle"
    )
    _store(verify)
    verify.add_argument("target", help="a record's id, or the folder of an exported bundle")
    verify.add_argument(
        "--allowed-signers", default="", metavar="FILE", help="whose signatures count (ssh-keygen's format)"
    )
    verify.add_argument(
        "--revoked", default="", metavar="FILE", help="keys that count no more (ssh-keygen's KRL or list)"
    )
    verify.add_argument(
        "--head", default="", metavar="HASH", help="the head that was printed on paper: its beginning will do"
    )
    verify.add_argument("--json", action="store_true", help="as JSON")

    export = commands.add_parser("export", help="writes a bundle: journal, report, evidence, checksums")
    _store(export)
    export.add_argument("id", help="the record")
    export.add_argument(
        "--restricted",
        action="store_true",
        help="also a RESTRICTED one (about a security hole): whoever gets the folder can read it. What is RESTRICTED is"
        " marked and asked for, not locked away: those who share the record store can read it all the same",
    )
    export.add_argument("--to", required=True, metavar="DIR", help="the folder to make")
    export.add_argument("--json", action="store_true", help="as JSON")

    evidence = commands.add_parser("evidence", help="lists what a record has kept, or gives out one file of it")
    _store(evidence)
    evidence.add_argument("target", help="a record's id, or the folder of an exported bundle")
    evidence.add_argument("name", nargs="?", default="", help="the file to give out, by name or path")
    evidence.add_argument("--identity", default="", metavar="FILE", help="private key (SSH or age) that opens it")
    evidence.add_argument("--force", action="store_true", help="show private content on a terminal")
    evidence.add_argument("--json", action="store_true", help="the list as JSON")


def _of_procedure(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Commands over the document."""
    procedure = commands.add_parser("procedure", help="what a procedure says: what was understood of a Markdown file")
    of_procedure = procedure.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=_Parser)
    checked = of_procedure.add_parser("check", help="reads a procedure and says what was understood, with line numbers")
    checked.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="the Markdown file; empty: the built-in one"
    )
    checked.add_argument("--json", action="store_true", help="as JSON")
    ready = of_procedure.add_parser(
        "readiness", help="how ready what runs was to be deployed, by the prevention list; refuses nothing"
    )
    _common(ready)
    ready.add_argument("--json", action="store_true", help="as JSON")

    proposed = of_procedure.add_parser(
        "propose", help="proposes a change of the procedure, as a diff, from what a record knows; changes no file"
    )
    _store(proposed)
    proposed.add_argument("id", help="the record (its beginning or end will do)")
    proposed.add_argument("--to", default="", metavar="FILE", help="write the diff to this new file")


def _with_others(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Commands for whoever does not fly, or does no more."""
    approve = commands.add_parser("approve", help="shows the plan of an open incident; approves or denies it")
    _store(approve)
    approve.add_argument("id", help="the record (its beginning or end will do)")
    approve.add_argument("--deny", metavar="REASON", default=None, help="deny it instead, with the reason")
    approve.add_argument("--as-role", metavar="ROLE", default="", help="answer for this one of your roles only")
    approve.add_argument("--key", metavar="FILE", default="", help="sign with this key instead of the configured one")
    approve.add_argument("--show", action="store_true", help="show the plan and how its approvals stand, and leave")
    approve.add_argument(
        "--read-back", action="store_true", help="show a code to read out over the phone; records nothing"
    )
    approve.add_argument("--json", action="store_true", help="the answer as one JSON object")

    watch = commands.add_parser("watch", help="shows an incident as it goes on; with --for watches over the system")
    _common(watch)
    watch.add_argument("id", nargs="?", default="", help="the record (its beginning will do); empty: the open one")
    watch.add_argument(
        "--for",
        dest="span",
        nargs="?",
        const="",
        default=None,
        metavar="TIME",
        help="watch over the system for so long (24h, 90m), into the record; empty: goes on with one that broke off",
    )
    watch.add_argument("--every", default="", metavar="TIME", help="how often it looks (30s, or [watch] every)")
    watch.add_argument("--once", action="store_true", help="look once, record nothing; the exit status tells")
    watch.add_argument("--json", action="store_true", help="one JSON object a line")

    handover = commands.add_parser("handover", help="offers the controls to somebody, with a brief; or takes them")
    _common(handover)
    handover.add_argument("id", nargs="?", default="", help="the record; empty: the open one of the configuration")
    what = handover.add_mutually_exclusive_group()
    what.add_argument("--to", metavar="LOGIN", default="", help="offer them to this login")
    what.add_argument("--accept", action="store_true", help="read the brief and fly: for the one they are offered to")
    what.add_argument("--withdraw", action="store_true", help="take the offer back")
    handover.add_argument("--note", metavar="TEXT", default="", help="stands first in the brief")
    handover.add_argument("--json", action="store_true", help="as one JSON object")

    status = commands.add_parser("status", help="one line: what is open, where it stands, who flies")
    _common(status)
    status.add_argument("id", nargs="?", default="", help="the record; empty: the open one")
    status.add_argument("--tmux", action="store_true", help="with the colours of tmux's status line")
    status.add_argument("--json", action="store_true", help="as one JSON object")


def _debts(commands: argparse._SubParsersAction[_Parser]) -> None:
    """What is owed."""
    usage = (
        "goaround debts [ID] [--all] [--overdue] [--json]\n"
        "       goaround debts assign ID CODE [--owner WHO] [--due WHEN] [--ticket T] [--make-ticket]\n"
        '       goaround debts pay ID CODE --how "..."\n'
        '       goaround debts reopen ID CODE --why "..."\n'
        '       goaround debts close ID [--how "..."]'
    )
    debts = commands.add_parser(
        "debts",
        usage=usage,
        help="what is still owed after incidents, overdue first; assigns and pays it, closes what was parked",
        epilog="Exit status of the list: 1 when something is overdue.",
    )
    _common(debts)
    debts.add_argument("words", nargs="*", metavar="ID", help="of one record; or assign|pay|reopen ID CODE, close ID")
    debts.add_argument("--all", action="store_true", help="list: also what is paid")
    debts.add_argument("--overdue", action="store_true", help="list: only what is overdue")
    debts.add_argument("--owner", default="", metavar="WHO", help="assign: to this login or name")
    debts.add_argument("--due", default="", metavar="WHEN", help="assign: 2026-11-30, '2026-11-30 18:00', 24h or 3d")
    debts.add_argument("--ticket", default="", metavar="T", help="assign: it is followed in this ticket")
    debts.add_argument("--make-ticket", action="store_true", help="assign: makes the ticket by [tickets] command")
    debts.add_argument(
        "--how", default="", metavar="WORDS", help="pay: how it was straightened; close: words for the record"
    )
    debts.add_argument(
        "--why", default="", metavar="WORDS", help="reopen: why it is owed all the same, though paid by hand"
    )
    debts.add_argument("--json", action="store_true", help="as JSON")


def _before_it_is_needed(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Commands for cron and for the pipeline."""
    ready = commands.add_parser(
        "ready",
        help="would a rollback work right now? --restore: proves that a backup can be restored",
        epilog="Exit status: 0 ready, 1 not ready or not known, 2 the configuration is wrong.",
    )
    _common(ready)
    ready.add_argument("--quiet", action="store_true", help="for cron: prints only when it is not ready")
    ready.add_argument("--watch", action="store_true", help="looks again and again, and prints what has changed")
    ready.add_argument("--every", default="", metavar="TIME", help="with --watch: how often (5m, or [ready] every)")
    ready.add_argument("--codes", action="store_true", help="prints every code with what it means, as README's table")
    ready.add_argument("--protect", action="store_true", help=argparse.SUPPRESS)  # says where that is done
    ready.add_argument(
        "--restore", action="store_true", help="restores one into a scratch database, verifies, drops it"
    )
    ready.add_argument(
        "--backup", default="", metavar="NAME", help="this one (by name or path); else the newest usable"
    )
    ready.add_argument("--json", action="store_true", help="the answer as one JSON object")

    past = commands.add_parser(
        "releases", help="what ran when and how it ended, over all sources; which one is the last known good"
    )
    _common(past)
    past.add_argument("name", nargs="?", default="", metavar="NAME", help="all that is known of this one")
    past.add_argument("--option", default="", metavar="WAY", help="by this one of the configured ways back")
    past.add_argument("--limit", type=int, default=50, metavar="N", help="how many (50)")
    past.add_argument("--every", action="store_true", help="also commits that nobody ever deployed or tagged")
    past.add_argument("--behind", action="store_true", help="also what differs from now: files, environment (slower)")
    past.add_argument("--golden", default="", metavar="NAME", help="pins it as golden: proposed before all others")
    past.add_argument("--as", dest="label", default="", metavar="LABEL", help="with --golden: what it is called")
    past.add_argument("--not-golden", default="", metavar="NAME", help="takes the pin back")
    past.add_argument("--json", action="store_true", help="as one JSON object")

    before = commands.add_parser(
        "predeploy", help="before a deployment: records what is replaced; is there a way back?"
    )
    _common(before)
    before.add_argument("--no-backup", action="store_true", help="takes none: relies on the newest that is there")
    before.add_argument("--snapshot-now", action="store_true", help="takes the snapshot: ends every session for it")
    before.add_argument("--protect", action="store_true", help="tags the images that run, against a prune")
    new = before.add_mutually_exclusive_group()
    new.add_argument(
        "--image", default="", metavar="REF", help="what will be deployed: its migrations, reversed as SQL"
    )
    new.add_argument("--commit", default="", metavar="SHA", help="the same by its full commit id")
    before.add_argument("--json", action="store_true", help="the record as one JSON object")


def _cockpit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="store_true", help="show the version and leave")
    _common(parser)
    _record(parser)
    parser.add_argument("--observe", action="store_true", help="look on without flying; no key changes anything")
    parser.add_argument("--take-over", metavar="REASON", default="", help="take the lease from the one who flies")


def _record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--record", metavar="ID", default="", help="open this record (one that is parked, or waits for a signature)"
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (else GOAROUND_CONFIG, else ./goaround.toml)"
    )
    _store(parser)


def _store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        default="",
        metavar="DIR",
        help="the record store (else as configured, else the state folder)",
    )
