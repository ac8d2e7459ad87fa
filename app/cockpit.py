"""The Textual application: one screen over a session, and what must hold for the whole terminal."""

from __future__ import annotations

import gc
import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from app import terminal_env

terminal_env.prepare()

import asyncio  # noqa: E402

from textual import events  # noqa: E402
from textual.app import App  # noqa: E402 - Textual reads its environment when it is imported
from textual.filter import ANSIToTruecolor, LineFilter  # noqa: E402
from textual.screen import Screen  # noqa: E402

from app.feeds import LogFeed  # noqa: E402
from app.incident_screen import IncidentScreen  # noqa: E402
from app.keys import TERMINAL_KEYS, bindings  # noqa: E402
from app.pane_layout import PaneLayout  # noqa: E402
from app.session import Session  # noqa: E402
from app.start_words import HELD_DOWN  # noqa: E402
from widgets.palette import VARIABLES  # noqa: E402

if TYPE_CHECKING:
    from rich.terminal_theme import TerminalTheme

    from actions.gateways.logs import LogSource


COLLECT_AFTER_S = 1.0
ORDINARY_SWITCH_S = 0.005
HELD_S = 0.2
"""An Enter that follows another this closely comes from a key held down, or from a paste: it does nothing."""


def _hung_up(_number: int, _frame: FrameType | None) -> None:
    """What is written to a terminal that is gone goes nowhere.

    Textual's writer would end with the first write that fails, and leaving would wait for it forever.
    """
    for descriptor in (1, 2):
        try:
            termios.tcgetattr(descriptor)
        except (OSError, termios.error):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def _collect_again() -> None:
    """What was loaded before the first screen stays as it is; garbage is looked for in what comes after."""
    sys.setswitchinterval(ORDINARY_SWITCH_S)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class Cockpit(App[int], inherit_css=False):
    """Opens one screen. It never acts on its own."""

    CSS_PATH = "cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "Goaround"
    BINDINGS: ClassVar[list[Any]] = [*bindings(TERMINAL_KEYS)]

    def __init__(self, first_screen: Callable[[], Screen[None]]) -> None:
        self._opened = False
        """Another screen than the first was opened."""
        super().__init__()
        self._disable_tooltips = self._disable_notifications = True  # there are none here: no widgets for them
        self._first_screen = first_screen
        self._held = False
        """The last Enter came too closely after another."""
        self._entered_at = 0.0
        """When the last Enter came, heard or not; seconds of the clock that stamps the keys."""

    def on_mount(self) -> None:
        """Leave cleanly when the terminal goes away; the worker stays.

        Signals are heard between two events, never in the middle of one: who is interrupted while it writes to the
        terminal holds the lock that leaving the terminal would wait for.
        """
        try:
            hear = asyncio.get_running_loop().add_signal_handler
            for number in (signal.SIGHUP, signal.SIGTERM):
                hear(number, self._told_to_end, number)
            signal.signal(signal.SIGHUP, _hung_up)  # at once; the loop's handler follows
            if driver := self._driver_of_terminal():
                hear(signal.SIGTSTP, driver._sigtstp_application)
                hear(signal.SIGCONT, self._goes_on)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # not on the main thread (tests) or no such signal here
        finally:
            self.set_timer(COLLECT_AFTER_S, _collect_again)

    def get_css_variables(self) -> dict[str, str]:
        """The names of colours: ours, and Textual's once something is opened over the first screen, which has none."""
        return super().get_css_variables() if self._opened else VARIABLES

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours, for the style sheet."""
        return VARIABLES

    def push_screen(self, *args: Any, **kwargs: Any) -> Any:
        """Open another screen, which may hold widgets of Textual's own."""
        if not self._opened:
            self._opened = True
            self.stylesheet.set_variables(self.get_css_variables())
        return super().push_screen(*args, **kwargs)

    @property
    def ansi_theme(self) -> TerminalTheme:
        """For a dark ground, as ours is. Textual looks it up by the name of a theme, for every line that it paints."""
        return self.ansi_theme_dark

    def get_line_filters(self) -> Sequence[LineFilter]:
        """As the terminal wants it. All colours here are true ones: nothing is left to translate from ANSI's."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    def get_default_screen(self) -> Screen[None]:
        """The one screen, from the start: an empty one below it would be styled and laid out for nothing."""
        return self._first_screen()

    async def on_event(self, event: events.Event) -> None:
        """A held Enter ends here. The key's own time counts: a slow moment must not make two decisions of one key."""
        if isinstance(event, events.Key) and event.key == "enter" and not event.is_forwarded:
            held = event.time - self._entered_at < HELD_S
            again = held and not self._held
            self._entered_at, self._held = event.time, held
            if isinstance(self.screen, IncidentScreen):
                self.screen.held_down = held
                self.screen.waited_ms = max(0, int((time.monotonic() - event.time) * 1000))
            elif told := getattr(self.screen, "enter_came", None):  # of dialogs, loaded when they are asked for
                told(event.time)
            if held and isinstance(self.screen, PaneLayout):
                if isinstance(self.screen, IncidentScreen):
                    self.screen.look_anew()
                self._say_held(self.screen)
                if again:  # what the first Enter did may be said only now
                    self.set_timer(HELD_S, partial(self._say_held, self.screen))
                return
        await super().on_event(event)

    def _say_held(self, screen: PaneLayout) -> None:
        if screen.is_attached:
            screen.say(HELD_DOWN)

    def _driver_of_terminal(self) -> Any:
        """None: it has no terminal, so nobody stops it there."""
        return self._driver if hasattr(self._driver, "_sigcont_application") else None

    def _goes_on(self) -> None:
        """Whoever was stopped by somebody else (SIGSTOP) has not left the terminal; Textual comes back to it all the
        same, and would then read and write it twice, and never leave. So it is left first; who is ending stays away.
        """
        driver: Any = self._driver
        if self._exit or driver is None:
            return
        if not driver._must_signal_resume:  # no Ctrl-Z went before
            driver.suspend_application_mode()
        driver._sigcont_application()
        self.refresh(layout=True)  # the terminal's other screen is an empty one

    def _told_to_end(self, number: int) -> None:
        self.exit(128 + number, return_code=128 + number)

    def action_hint_leave(self) -> None:
        """Ctrl-C never stops a step and never leaves by accident."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, PaneLayout):
                running = screen.session.incident.running if isinstance(screen, IncidentScreen) else None
                leaves = "Esc leaves this box, then q leaves" if screen is not self.screen else "q leaves"
                goes_on = f"; {running.code} goes on" if running else ""
                stops = ". X stops a step." if isinstance(screen, IncidentScreen) else ""
                screen.say(f"{leaves}{goes_on}{stops}")
                return


def cockpit(session: Session, *, observe: bool = False, ascii: bool | None = None) -> Cockpit:
    """The cockpit over a session, not yet running.

    ``observe``: no key changes anything. ``ascii``: without our glyphs; None: as the terminal's encoding wants it.
    """

    def sources() -> list[LogSource]:
        from app.log_sources import log_sources  # in the feed's thread: it loads the gateways

        return log_sources(session)

    plain = terminal_env.ascii_only() if ascii is None else ascii
    return Cockpit(lambda: IncidentScreen(session, LogFeed(sources, session.clock), observe=observe, ascii=plain))


def fly(session: Session, *, observe: bool = False, auto: dict[str, str] | None = None) -> int:
    """Run the cockpit until the operator leaves; with ``auto`` the demo's story is played with the same keys.

    Returns the exit status: 0, or 128 and the number of the signal that ended it.
    """
    app = cockpit(session, observe=observe)
    if auto is None:
        return app.run() or 0
    from app.autopilot import Autopilot

    return app.run(auto_pilot=Autopilot(session, auto).fly) or 0
