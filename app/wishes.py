"""What a key asks of the operator before the session is asked to do it: dialogs, arming, and refusals said aloud.

Each function serves one wish on the incident screen. A refusal is shown in the last line and, for a step, recorded.
Dialogs, and what signing needs, are imported when they are asked for: the first screen is painted without them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.blocking import Move, Next, blocked_reason
from actions.model.effect import shown
from actions.model.errors import GoaroundError
from actions.model.release import Release
from actions.model.step import Risk
from app import fact_wishes, list_wishes
from app.attempts import attempt, may_not
from app.ending import finish
from app.keys import pane_help_rows
from app.pane_layout import PaneLayout
from app.start_words import HELD_DOWN, ONLY_LOOKING
from widgets.log_stream import LogStream

if TYPE_CHECKING:
    from actions.model.note import Note
    from actions.model.ports import LogLine
    from app.incident_screen import IncidentScreen
    from widgets.history import ReleaseHistory

LOOK_MS = 700
"""A step that changes something must have been on the screen this long before Enter starts it.

Longer than most keyboards wait before they repeat, so that a key held down from the step before starts nothing.
"""


def do(screen: IncidentScreen, move: Next) -> None:
    """What NEXT proposes."""
    if move.blocked:
        _refuse(screen, move.code, move.blocked)
        return
    actions: dict[Move, Callable[[], None]] = {
        Move.DECLARE: lambda: declare(screen),
        Move.TICK: lambda: list_wishes.tick(screen, move.code),
        Move.DECIDE: lambda: fact_wishes.decide(screen),
        Move.CHOOSE: screen.action_target,
        Move.ASK: lambda: ask_approval(screen),
        Move.RUN: lambda: run(screen, move.code),
        Move.SAY: lambda: list_wishes.say_line(screen),
        Move.WAIT: lambda: list_wishes.look_again(screen, move.words),
        Move.KEEP: lambda: list_wishes.keep_monitoring(screen),
        Move.WATCH: lambda: screen.action_pane("ran"),
        Move.CLOSE: lambda: finish(screen),
        Move.SIGN: lambda: finish(screen),
        Move.VERIFY: lambda: finish(screen),
    }
    if move.move in actions:
        actions[move.move]()


def _refuse(screen: IncidentScreen, code: str, reason: str) -> None:
    screen.say(f"{code}: {reason}" if code else reason)
    plan = screen.session.incident.plan
    if code and plan and plan.step(code) and screen.session.driver:
        attempt(screen, lambda: screen.session.refuse(code, reason))
        screen.say(f"{code}: {reason}")


def declare(screen: IncidentScreen) -> None:
    """Open the incident, after asking what is broken."""
    from widgets.reason_dialog import ReasonDialog

    if screen.observe:
        screen.say(ONLY_LOOKING)
        return

    def answered(title: str | None) -> None:
        if title is None:
            return
        if screen.session.incident.closed is not None:
            screen.session.forget()
        attempt(screen, lambda: screen.session.declare(title))
        screen.read_releases()

    dialog = ReasonDialog(
        "Declare an incident",
        f"{screen.session.settings.system.name}: what is broken, in a few words? The clock starts with this.",
        accept="Declare",
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def new_incident(screen: IncidentScreen) -> None:
    """Declare another incident; the one that is shown must be closed. It stays as it is, signed or not."""
    incident = screen.session.incident
    if incident.declared is not None and incident.closed is None:
        screen.say(f"{incident.id} is open: close it first (s)")
        return
    declare(screen)


def choose(screen: IncidentScreen, release: Release) -> None:
    """Draw the plan to this release, in the background: it asks the world."""
    if screen.drawing:
        screen.say("a plan is being drawn")
        return
    if may_not(screen, flying=True):
        return
    screen.drawing = True
    option = screen.releases_of  # that of the list it was chosen from
    screen.say(f"drawing the plan to {release.name}: reading the system ...")

    def draw() -> None:
        try:
            screen.session.draw(release, option)
            screen.session.runner()
            words = ""
        except GoaroundError as error:
            words = error.line()
        screen.app.call_from_thread(drawn, words)

    def drawn(words: str) -> None:
        screen.drawing = False
        plan = screen.session.incident.plan
        notes = _counted(plan.notes if plan else ())
        screen.say(words or f"plan drawn: {plan.option if plan else ''} to {release.name}, {notes} (5)")
        if not words:
            screen.action_next_open()
        screen.refresh_panes()

    screen.run_worker(draw, thread=True, exit_on_error=False, group="draw")


def _counted(notes: tuple[Note, ...]) -> str:
    """``6 notes``, ``6 notes, 1 of them a warning``."""
    warnings = sum(note.is_warning for note in notes)
    words = f"{len(notes)} note{'' if len(notes) == 1 else 's'}"
    return f"{words}, {warnings} of them {'a warning' if warnings == 1 else 'warnings'}" if warnings else words


def run(screen: IncidentScreen, code: str, *, undo: bool = False) -> None:
    """Arm and start a step. One that changes something must have been seen first."""
    from widgets.confirm_dialog import ConfirmDialog

    session = screen.session
    plan = session.incident.plan
    step = plan.step(code) if plan else None
    if step is None or plan is None:
        return
    if step.risk is Risk.IRREVERSIBLE and not undo:
        # Whole at both ends of what may be longer than the screen: a border would cut off what is lost.
        what = f"{code} {step.title}"
        lines = [what, *shown(step.effects), f"Leaves: {step.leaves}", what]
        how = "replaces what is live; u takes it back" if step.undo else "cannot be undone"
        dialog = ConfirmDialog(f"{code}: {how}", lines, plan.system, ascii=screen.ascii)
        screen.app.push_screen(dialog, lambda armed: _start(screen, code, "typed", undo) if armed else None)
        return
    if step.risk is Risk.REVERSIBLE and not undo and not _seen(screen):
        return
    _start(screen, code, "enter", undo)


def _seen(screen: IncidentScreen) -> bool:
    """Whether the effects have been on the screen long enough; where they are not, they are shown now."""
    if not screen.query_one("#preview").display:
        screen.action_pane("preview")
        screen.armed_at = screen.session.clock.monotonic_ms()
        # On a slow screen the Enters behind this one have come already, and were told: that must not be told over.
        screen.say(HELD_DOWN if screen.held_down else "this is what will happen; Enter runs it as shown")
        return False
    if screen.session.clock.monotonic_ms() - screen.waited_ms - screen.armed_at < LOOK_MS:
        screen.say("look at what will happen, then press Enter again")
        return False
    return True


def _start(screen: IncidentScreen, code: str, armed: str, undo: bool) -> None:
    if not attempt(screen, lambda: screen.session.start(code, armed=armed, undo=undo)):
        return
    screen.hush()
    if screen.pane == "preview":
        screen.action_pane("checklist")


def undo(screen: IncidentScreen, code: str) -> None:
    """Show what the undo does, then arm and start it."""
    from widgets.confirm_dialog import ConfirmDialog

    if may_not(screen, flying=True):
        return
    session = screen.session
    plan = session.incident.plan
    step = plan.step(code) if plan else None
    reason = blocked_reason(session.incident, code, driver=session.driver, undo=True)
    if step is None or reason:
        _refuse(screen, code, (reason or "") if code else "no step is highlighted")
        return
    dialog = ConfirmDialog(f"Undo {code} {step.title}", list(shown(step.undo)), "undo", ascii=screen.ascii)
    screen.app.push_screen(dialog, lambda armed: _start(screen, code, "typed", True) if armed else None)


def stop(screen: IncidentScreen) -> None:
    """Everything stops: says first what each way leaves behind."""
    from widgets.stop_dialog import StopDialog

    if may_not(screen, flying=True):
        return
    incident = screen.session.incident
    running = incident.running
    step = incident.plan.step(running.code) if running and incident.plan else None
    title = f"{running.code} {running.title}" if running else ""

    def answered(how: str | None) -> None:
        if how is not None:
            screen.run_worker(lambda: _stop(screen, how), thread=True, exit_on_error=False, group="stop")

    screen.app.push_screen(StopDialog(title, step.leaves if step else "", ascii=screen.ascii), answered)


def _stop(screen: IncidentScreen, how: str) -> None:
    try:
        screen.session.stop(how)
        words = "stopped; r lifts it"
    except GoaroundError as error:
        words = error.line()
    screen.app.call_from_thread(screen.say, words)


def lift_stop(screen: IncidentScreen) -> None:
    """Steps may run again."""
    if not may_not(screen, flying=True):
        attempt(screen, screen.session.lift_stop)


def ask_approval(screen: IncidentScreen) -> None:
    """Ask for what the plan lacks."""
    from app import approval_wishes

    approval_wishes.ask(screen)


def approval(screen: IncidentScreen) -> None:
    """How the approvals of the plan stand, and what can be done about them."""
    from app import approval_wishes

    approval_wishes.approval(screen)


def way_back(screen: IncidentScreen) -> None:
    """The ways back, and the choice of another."""
    from app import mode_wishes

    mode_wishes.way_back(screen)


def start_at(screen: IncidentScreen, code: str) -> None:
    """Begin at a later step."""
    from app import mode_wishes

    mode_wishes.start_at(screen, code)


def note(screen: IncidentScreen) -> None:
    """A note into the record."""
    from widgets.reason_dialog import ReasonDialog

    if may_not(screen, flying=False):
        return

    def answered(text: str | None) -> None:
        if text:
            attempt(screen, lambda: screen.session.note(text))
            screen.say("noted")

    screen.app.push_screen(
        ReasonDialog("Note", "Into the record, with the time and your name:", ascii=screen.ascii), answered
    )


def pin(screen: IncidentScreen, line: LogLine) -> None:
    """A log line into the record."""
    if not may_not(screen, flying=False) and attempt(
        screen, lambda: screen.session.pin_line(line.source, line.at, line.text)
    ):
        screen.say("pinned into the record")


def find(screen: PaneLayout) -> None:
    """Find a text in the logs."""
    find_in(
        screen,
        screen.query_one(LogStream),
        "Find in the logs",
        "n and N go on; empty ends it",
        lambda text: f"{text!r} is not in the lines that are kept here",
    )


def find_in(
    screen: PaneLayout, pane: LogStream | ReleaseHistory, title: str, prompt: str, nowhere: Callable[[str], str]
) -> None:
    """Ask for a text and look for it in that pane. ``nowhere``: what is said where it does not hold it."""
    from widgets.reason_dialog import ReasonDialog

    def answered(text: str | None) -> None:
        if text is not None and not pane.find(text):
            screen.say(nowhere(text))

    screen.app.push_screen(ReasonDialog(title, prompt, False, value=pane.text, ascii=screen.ascii), answered)


def inform(screen: IncidentScreen) -> None:
    """Tell people: which message, to whom, through what."""
    from app import telling

    telling.inform(screen)


def still_telling(screen: IncidentScreen) -> bool:
    """Whether a message on its way holds up leaving."""
    from app import telling

    return telling.still_telling(screen)


def procedure(screen: IncidentScreen) -> None:
    """The procedure on one page."""
    from app import procedure_wish

    procedure_wish.show(screen)


def take_over(screen: IncidentScreen) -> None:
    """Take the lease from the one who flies."""
    from widgets.reason_dialog import ReasonDialog

    session = screen.session
    if screen.observe or session.driver:
        screen.say(ONLY_LOOKING if screen.observe else "you fly already")
        return

    def answered(reason: str | None) -> None:
        if reason:
            attempt(screen, lambda: session.take_lease(takeover_reason=reason))

    dialog = ReasonDialog(
        "Take over", f"{session.holder_line()} flies. Why do you take over? It is recorded.", ascii=screen.ascii
    )
    screen.app.push_screen(dialog, answered)


def show_help(screen: IncidentScreen) -> None:
    """All keys."""
    from widgets.help_screen import HelpScreen

    screen.app.push_screen(HelpScreen(pane_help_rows(), ascii=screen.ascii))
