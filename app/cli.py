"""The command line: one console script. Bad input is one clear line and exit status 2; a failed check is 1.

With ``--json`` a failure is also one object, ``{"error": {"code": …}}``, so that a program can tell failures apart.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from actions.model.errors import BadInput, ConfigError, GoaroundError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (next: {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="goaround",
        description="From 'something broke after the deploy' to 'the old version is back, proven, and signed for'."
        " Without a command: opens the cockpit on the configuration and resumes the open incident.",
        epilog="Exit status: 0 well, 1 a check failed, 2 bad input.",
    )
    _cockpit_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

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
    run.add_argument("--plain", action="store_true", help="numbered lines (the only way so far, and the default)")
    run.add_argument("--take-over", metavar="REASON", default="", help="take the lease from the one who flies")

    records = commands.add_parser("records", help="lists the records, newest first")
    _store(records)
    records.add_argument("--limit", type=int, default=50, metavar="N", help="how many (50)")
    records.add_argument("--before", type=int, default=0, metavar="NUMBER", help="older than this number, for paging")
    records.add_argument("--system", default="", help="of one system only")
    records.add_argument("--json", action="store_true", help="as JSON")

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
    export.add_argument("--to", required=True, metavar="DIR", help="the folder to make")
    export.add_argument("--json", action="store_true", help="as JSON")

    keys = commands.add_parser("keys", help="prints the keys of the cockpit")
    keys.add_argument("--markdown", action="store_true", help="as the table in README")

    shots = commands.add_parser("screenshots", help="plays the demo and writes pictures of its screens")
    shots.add_argument("--to", default="screenshots", metavar="DIR", help="the folder (screenshots)")
    return parser


class _OptionsAlone(argparse.ArgumentParser):
    """Leaves it to the whole parser to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise _NotAlone(message)


class _NotAlone(Exception):
    """There is more on the command line than options of the cockpit."""


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line. Without a command the parsers of the commands are not built: the cockpit opens sooner."""
    alone = _OptionsAlone(add_help=False)
    _cockpit_options(alone)
    try:
        return alone.parse_args(arguments, argparse.Namespace(command=None))
    except _NotAlone:
        return _parser().parse_args(arguments)


def _cockpit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="store_true", help="show the version and leave")
    _common(parser)
    parser.add_argument("--observe", action="store_true", help="look on without flying; no key changes anything")
    parser.add_argument("--take-over", metavar="REASON", default="", help="take the lease from the one who flies")


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


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    args = _parsed(arguments)
    try:
        status = _run(args)
    except GoaroundError as error:
        sys.stderr.write(f"goaround: {error.line()}\n")
        if getattr(args, "json", False):
            print(json.dumps({"error": error.to_json()}))
        status = 2 if isinstance(error, BadInput) else 1
    except BrokenPipeError:
        status = 141
    except KeyboardInterrupt:
        status = 130
    _end_for_sure(status)
    sys.exit(status)


def _end_for_sure(status: int) -> None:
    """Threads of the screen that hang on a terminal which is gone must not keep a process alive, let alone a core busy.

    When a terminal goes away the kernel sends CONT, too; Textual then starts its threads anew while it is ending, and
    nobody stops those. Everything of ours has been closed by now.
    """
    others = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    for thread in others:
        thread.join(1.0)
    if any(thread.is_alive() for thread in others):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # the terminal is gone: nobody reads it
                stream.flush()
        os._exit(status)


def _run(args: argparse.Namespace) -> int:
    _guard_packages()
    if args.version:
        from app.version import VERSION

        print(f"goaround {VERSION}")
        return 0
    handler = {
        None: _cockpit,
        "demo": _demo,
        "run": _plain,
        "records": _records,
        "review": _review,
        "verify": _verify,
        "export": _export,
        "keys": _keys,
        "screenshots": _screenshots,
    }[args.command]
    return handler(args)


def _guard_packages() -> None:
    """Our three packages must come from one place: a working directory may hold a stranger's ``widgets``."""
    import actions
    import app
    import widgets

    places = {str(Path(str(package.__file__)).parent.parent) for package in (actions, app, widgets)}
    if len(places) != 1:
        raise BadInput(
            "parts of goaround come from different places",
            ", ".join(sorted(places)),
            "start it by its own command, outside that folder and without PYTHONPATH",
        )


def _demo(args: argparse.Namespace) -> int:
    from app.demo import DemoOptions, run_demo

    return run_demo(
        DemoOptions(
            auto=args.auto or args.json,
            plain=args.plain,
            json=args.json,
            compose=args.compose,
            store=args.store,
        )
    )


def _cockpit(args: argparse.Namespace) -> int:
    # What is loaded now stays: looking through it for garbage would take a tenth of the time to the first screen.
    gc.disable()  # until the screen stands
    from app.flight import open_flight

    return open_flight(args.config, args.store, observe=args.observe, take_over=args.take_over, plain=False)


def _plain(args: argparse.Namespace) -> int:
    from app.flight import open_flight

    return open_flight(args.config, args.store, observe=False, take_over=args.take_over, plain=True)


def _folder(args: argparse.Namespace) -> Path:
    """The record store: ``--store``, else that of the configuration where there is one, else the state folder."""
    from app.places import store_folder
    from app.settings import find_config, load

    if args.store:
        return store_folder(None, args.store)
    try:
        config = find_config(None)
    except ConfigError:
        return store_folder()
    return store_folder(load(config).settings)


def _records(args: argparse.Namespace) -> int:
    from actions.model.clock import SystemClock
    from app.records import list_records, open_store

    folder = _folder(args)
    journal = open_store(folder, SystemClock())
    print(list_records(journal, args.limit, args.before, args.system, as_json=args.json, folder=folder))
    return 0


def _review(args: argparse.Namespace) -> int:
    from app.review import review

    return review(_folder(args), args.id, plain=args.plain or not sys.stdout.isatty())


def _verify(args: argparse.Namespace) -> int:
    from actions.model.clock import SystemClock
    from app.records import names_folder, open_store, verify_target

    folder = Path() if names_folder(args.target) else _folder(args)
    journal = None if names_folder(args.target) else open_store(folder, SystemClock())
    answer = verify_target(
        args.target,
        journal,
        Path(args.allowed_signers) if args.allowed_signers else None,
        args.json,
        folder=folder,
        revoked=Path(args.revoked) if args.revoked else None,
        known_head=args.head,
    )
    print(answer.text)
    return answer.status


def _export(args: argparse.Namespace) -> int:
    from actions.model.clock import SystemClock
    from app.records import export_record, open_store

    folder = _folder(args)
    journal = open_store(folder, SystemClock())
    if journal is None:
        raise BadInput(f"there are no records yet in {folder}", "", "goaround demo makes one")
    answer = export_record(journal, args.id, Path(args.to), args.json)
    print(answer.text)
    return answer.status


def _keys(args: argparse.Namespace) -> int:
    from app.keys import key_table

    print(key_table(markdown=args.markdown))
    return 0


def _screenshots(args: argparse.Namespace) -> int:
    from app.screenshots import write_screenshots

    for path in write_screenshots(Path(args.to)):
        print(path)
    return 0
