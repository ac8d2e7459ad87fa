"""Whether a rollback would work, in plain mode: a line at the beginning, one when the answer is another, all on wish.

It is looked at behind the lines, as the screen does it; nothing here waits for it unless somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.ready import Verdict
from actions.model.ready_moves import Standing, next_move
from app.ready_look import ReadyLook

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.session import Session

PAUSE_S = 0.2
LOOKS = "ready now looks"


class PlainReady:
    """Of one flight in plain mode."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.look = ReadyLook(session)
        self._told: tuple[Verdict, tuple[tuple[str, str], ...]] | None = None

    def begin(self, say: Callable[[str], None]) -> None:
        """Say what was found last, by whomever, and look behind the lines from now on."""
        self.look.read()
        if not self.session.incident.proven and self.session.incident.closed is None:
            self._say(say, at_first=True)
        self.look.start()

    def stop(self) -> None:
        """Look no more."""
        self.look.stop()

    def news(self, say: Callable[[str], None]) -> None:
        """One line, where the answer is another than the one that was told."""
        if not self.session.incident.proven and self.session.incident.closed is None:
            self._say(say, at_first=False)

    def _say(self, say: Callable[[str], None], *, at_first: bool) -> None:
        report = self.look.report
        if report is None:
            if at_first:
                say(f"would a rollback work? {self.look.words(LOOKS)} (ready: shows what was found)")
            return
        seen = report.verdict, tuple(one.identity for one in report.findings)
        if self._told is None or seen[0] is not self._told[0]:
            errors = " ".join(dict.fromkeys(f"[{one.code}]" for one in report.findings if one.level.value == "error"))
            shown = f"{report.line()} {errors}".strip()
            say(f"would a rollback work? {shown}; {self.look.words(LOOKS)} (ready: in full)")
        self._told = seen

    def show(self, rest: str, say: Callable[[str], None], lines: Callable[[list[str]], None]) -> None:
        """All that was found; with ``now``: look first, and wait for it (Ctrl-C: no longer)."""
        from app.ready_lines import lines as lines_of
        from app.ready_lines import safe

        if rest == "now" and not self._looked(say):
            return
        report = self.look.report
        if report is None:
            say(f"? not known: {self.look.words(LOOKS)}")
            return
        standing = self._standing()
        lines([safe(line) for line in lines_of(report, lambda one: next_move(one, standing))])
        say(self.look.words(LOOKS))

    def _looked(self, say: Callable[[str], None]) -> bool:
        before = self.look.report
        reason = self.look.look_now()
        if reason:
            say(f"! not now: {reason}")
            return False
        say("looking whether a rollback would work ... (Ctrl-C: wait no longer)")
        try:
            while self.look.busy:
                self.session.clock.sleep(PAUSE_S)
        except KeyboardInterrupt:
            say("it goes on behind the lines")
            return False
        if self.look.report is before:
            say(f"! {self.look.words(LOOKS)}")
            return False
        return True

    def _standing(self) -> Standing:
        session = self.session
        option = session.option() if session.settings.options else ""
        holder = session.incident.holder
        flier = holder.holder if holder is not None else ""
        return Standing(session.incident, session.driver, False, option, self.look.report, flier, plain=True)
