"""The command line: one console script. Bad input is one clear line and exit status 2; a failed check is 1.

With ``--json`` a failure is also one object, ``{"error": {"code": …}}``, so that a program can tell failures apart.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from actions.model.errors import BadInput, ConfigError, GoaroundError

Arguments = SimpleNamespace
"""What the command line says; the names of ``command_line``'s options."""

OUTPUT_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A write without a name that ends so was one to the standard output: what is ours is named, and told by who wrote."""
FLAGS = ("--observe", "--version")
VALUES = ("--config", "--store", "--take-over", "--record")


def _parsed(arguments: Sequence[str] | None) -> Arguments:
    """The command line. Options of the cockpit alone are read here: the whole parser takes time to load and build."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    found = Arguments(command=None, config=None, store="", take_over="", record="", observe=False, version=False)
    at = 0
    while at < len(words):
        word = words[at]
        value = words[at + 1] if at + 1 < len(words) else "-"
        if word in FLAGS:
            setattr(found, word[2:], True)
            at += 1
        elif word in VALUES and value and not value.startswith("-"):
            setattr(found, word[2:].replace("-", "_"), value)
            at += 2
        else:
            from app.command_line import parser

            return parser().parse_args(words, found)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    _open_streams()
    _spell_what_cannot_be_written()
    args = _parsed(arguments)
    try:
        status = _run(args)
        sys.stdout.flush()
    except GoaroundError as error:
        status = _refused(error, args)
    except BrokenPipeError:
        status = 141
    except KeyboardInterrupt:
        status = 130
    except OSError as error:
        if error.errno not in OUTPUT_FULL or error.filename is not None:
            raise
        from app.output import not_written

        status = _refused(not_written(error), args)
    _end_for_sure(status)
    sys.exit(status)


def _refused(error: GoaroundError, args: Arguments) -> int:
    """Tell it; the exit status."""
    sys.stderr.write(f"goaround: {error.line()}\n")
    if getattr(args, "json", False):
        print(json.dumps({"error": error.to_json()}))
    return 2 if isinstance(error, BadInput) else 1


def _open_streams() -> None:
    """What was closed before we began (``>&-``) goes nowhere; else the next file that is opened stands in its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open until the end


def _spell_what_cannot_be_written() -> None:
    """What others named is in any script, and a terminal that is not UTF-8 knows few letters: the rest is spelled."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(errors="backslashreplace")


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


def _run(args: Arguments) -> int:
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
        "debts": _debts,
        "review": _review,
        "verify": _verify,
        "export": _export,
        "procedure": _procedure,
        "evidence": _evidence,
        "approve": _approve,
        "watch": _watch,
        "handover": _handover,
        "status": _status,
        "keys": _keys,
        "screenshots": _screenshots,
        "ready": _ready,
        "predeploy": _predeploy,
        "releases": _releases,
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


def _demo(args: Arguments) -> int:
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


def _cockpit(args: Arguments) -> int:
    # What is loaded now stays: looking through it for garbage would take a tenth of the time to the first screen.
    gc.disable()  # until the screen stands
    # The thread that writes to the terminal gets its turn at once, instead of after a second picture is painted.
    sys.setswitchinterval(0.0005)  # until the screen stands
    from app.flight import open_flight

    return open_flight(
        args.config, args.store, observe=args.observe, take_over=args.take_over, plain=False, record=args.record
    )


def _plain(args: Arguments) -> int:
    from app.run_modes import check_modes, run_noop

    begin = check_modes(args)
    if args.noop:
        print(run_noop(args))
        return 0
    from app.flight import open_flight

    return open_flight(
        args.config,
        args.store,
        observe=False,
        take_over=args.take_over,
        plain=True,
        begin=begin,
        record=args.record,
    )


def _folder(args: Arguments) -> Path:
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


def _records(args: Arguments) -> int:
    from actions.model.clock import SystemClock
    from app.records import list_records, open_store

    folder = _folder(args)
    journal = open_store(folder, SystemClock())
    print(list_records(journal, args.limit, args.before, args.system, as_json=args.json, folder=folder))
    return 0


def _debts(args: Arguments) -> int:
    from app.debt_command import run_debts

    return run_debts(args)


def _review(args: Arguments) -> int:
    from app.review import review

    return review(_folder(args), args.id, plain=args.plain or not sys.stdout.isatty())


def _verify(args: Arguments) -> int:
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


def _export(args: Arguments) -> int:
    from actions.model.clock import SystemClock
    from app.records import export_record, open_store

    folder = _folder(args)
    journal = open_store(folder, SystemClock())
    if journal is None:
        raise BadInput(f"there are no records yet in {folder}", "", "goaround demo makes one")
    answer = export_record(journal, args.id, Path(args.to), args.json, give_restricted=args.restricted)
    print(answer.text)
    return answer.status


def _evidence(args: Arguments) -> int:
    from actions.model.clock import SystemClock
    from app.evidence import content, give_out, kept_of, listing
    from app.records import names_folder, open_store

    is_folder = names_folder(args.target)
    kept = kept_of(args.target, None if is_folder else open_store(_folder(args), SystemClock()), is_folder)
    if not args.name:
        print(listing(kept, args.json))
        return 0
    one, pieces = content(kept, args.name, args.identity)
    give_out(one, pieces, sys.stdout.buffer, terminal=sys.stdout.isatty(), force=args.force)
    return 0


def _procedure(args: Arguments) -> int:
    if args.what == "propose":
        from app.procedure_propose import propose

        return propose(_folder(args), args.id, args.to)
    if args.what == "readiness":
        from app.readiness_command import run_readiness

        return run_readiness(args.config, args.store, as_json=args.json)
    from app.procedure_check import check

    return check(args.file, as_json=args.json)


def _approve(args: Arguments) -> int:
    from app.approval_desk import Asked, run_approve

    asked = Asked(args.id, args.deny, args.as_role, args.key, args.show, args.read_back, args.json)
    return run_approve(_folder(args), asked)


def _watch(args: Arguments) -> int:
    from app.watch import Asked, run_watch

    return run_watch(Asked(args.id, args.span, args.every, args.once, args.json, args.config, args.store))


def _handover(args: Arguments) -> int:
    from app.handover_command import Asked, run_handover

    return run_handover(
        Asked(args.id, args.to, args.note, args.accept, args.withdraw, args.json, args.config, args.store)
    )


def _status(args: Arguments) -> int:
    from app.status import run_status

    return run_status(args.config, args.store, args.id, tmux=args.tmux, program=args.json)


def _keys(args: Arguments) -> int:
    from app.keys import key_table

    print(key_table(markdown=args.markdown))
    return 0


def _screenshots(args: Arguments) -> int:
    from app.screenshots import write_screenshots

    for path in write_screenshots(Path(args.to)):
        print(path)
    return 0


def _ready(args: Arguments) -> int:
    if not args.restore:
        from app.ready_command import Wanted, run_readiness_now

        return run_readiness_now(Wanted.of(args))
    from app.ready import Asked, run_ready

    for flag in ("quiet", "watch", "every", "codes", "protect"):
        if getattr(args, flag):
            raise BadInput(f"--{flag} does not go with --restore", "", "leave one of them out")
    return run_ready(Asked(args.backup, args.config, args.store, args.json))


def _releases(args: Arguments) -> int:
    from app.releases_command import Asked, run_releases

    wanted = Asked(
        name=args.name,
        option=args.option,
        limit=args.limit,
        every=args.every,
        behind=args.behind,
        golden=args.golden,
        label=args.label,
        not_golden=args.not_golden,
        json=args.json,
        config=args.config,
        store=args.store,
    )
    return run_releases(wanted)


def _predeploy(args: Arguments) -> int:
    from app.predeploy import Asked, run_predeploy

    wanted = Asked(
        args.config,
        args.store,
        args.json,
        backup=not args.no_backup,
        snapshot_now=args.snapshot_now,
        protect=args.protect,
        image=args.image,
        commit=args.commit,
    )
    return run_predeploy(wanted)
