"""The watch of hours: looks every so often, says and records what changes, and what came back of known problems.

Nothing is acted on. Recording is that of an observer: it needs no lease, and goes on after the incident was closed and
signed. Reading the sensors happens in threads: one that hangs holds up neither the logs nor the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.model import events as ev
from actions.model import watching
from actions.model.clock import stamp
from actions.model.errors import GoaroundError
from actions.model.recurring import SENSOR, Found, Recurrences
from actions.model.sensing import PREFIX as SENSED
from actions.model.sensor_rules import Looked, worth_recording
from app.feeds import LogFeed
from app.session import Session
from app.watch_door import Door
from app.watch_lock import WatchLock
from app.watch_readings import WatchReadings

TICK_S = 1.0
TOLD_EVERY_MS = 60_000
"""What came back is told at once, and recorded at most so often."""
ALIVE_S = 1800
ANSWER_MS = 600_000
"""What is typed so soon after a question answers it; later it is a note like any other."""


@dataclass
class Plan:
    """What a watch is to do. ``recording``: into the record of the session's incident."""

    until: watching.Until
    every_s: int
    ask_every_s: int
    recording: bool


class Watch:
    """Over one session. ``feed``: its log lines, started and stopped by whoever made it; None: there are no logs."""

    def __init__(
        self, session: Session, door: Door, plan: Plan, rules: Recurrences, feed: LogFeed | None, lock: WatchLock | None
    ) -> None:
        self.session = session
        self.door = door
        self.plan = plan
        self.rules = rules
        self._feed = feed
        self._lock = lock
        self.readings = WatchReadings(session, feed)
        self._newest: dict[str, tuple[Looked, int]] = {}
        """Sensor -> what was last told of it, and when (monotonic milliseconds)."""
        self._now: dict[str, Looked] = {}
        self._was_red: list[str] = []
        self._recorded_ms: int | None = None
        self._waiting: dict[str, Found] = {}
        self._asked_ms: int | None = None
        """When somebody was asked who has not answered yet."""
        self._trouble = ""

    # -- the whole -----------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Until the time is over or somebody ends it. Exit status 0: all well; 1: not at the end, or it came back."""
        clock, plan = self.session.clock, self.plan
        begun = clock.monotonic_ms()
        left_ms = max(0, round((plan.until.until - clock.now()).total_seconds() * 1000))
        over = begun + left_ms
        before_ms = max(0, plan.until.total_s * 1000 - left_ms)  # of the watch that broke off
        self._begin()
        look, ask = begun, begun + plan.ask_every_s * 1000
        alive_ms = max(60, min(ALIVE_S, plan.until.total_s // 4)) * 1000
        alive = begun + alive_ms
        while not self.door.stopped:
            now = clock.monotonic_ms()
            self._logs(now)
            self._take(now)
            if now >= over:
                break
            if now >= look:
                look = now + plan.every_s * 1000
                self.readings.start()
            if now >= ask:
                ask = now + plan.ask_every_s * 1000
                self._ask()
            if now >= alive:
                alive = now + alive_ms
                self._say_alive(before_ms + now - begun)
            for line in self.door.wait(min(TICK_S, max(0.0, (min(over, look) - now) / 1000) or TICK_S)):
                self._typed(line)
        return self._end(before_ms + clock.monotonic_ms() - begun, complete=not self.door.stopped)

    def _begin(self) -> None:
        plan, incident = self.plan, self.session.incident
        words = watching.begun_words(plan.until, plan.every_s, len(self.rules.rules))
        if plan.recording:
            rules = tuple(self.session.clean(rule.words, 200) for rule in self.rules.rules)
            until = stamp(plan.until.until)
            self._record(ev.WatchBegun(until, plan.every_s, rules, plan.until.total_s, plan.until.resumed))
            goes_on = "goes on where one broke off, " if plan.until.resumed else ""
            self.door.say("begun", f"watching {incident.id}: {goes_on}{words}", incident=incident.id, until=until)
        else:
            self.door.say("begun", f"watching {self.session.settings.system.name}, recording nothing: {words}")
        if not self.readings.names:
            self.door.say("warning", "nothing is configured that could be looked at ([[probe]], logs)")
        if self.door.interactive and plan.recording:
            self.door.say("hint", "whatever you type here goes into the record as a note; Ctrl-C ends the watch")

    def _end(self, elapsed_ms: int, *, complete: bool) -> int:
        self._logs(self.session.clock.monotonic_ms(), last=True)
        body = watching.ended(
            complete=complete,
            elapsed_s=elapsed_ms // 1000,
            total_s=self.plan.until.total_s,
            red=self.red,
            was_red=tuple(self._was_red),
            recurred=self.rules.total,
        )
        if self.plan.recording:
            self._record(body)
        by = f" ({self.door.stopped})" if self.door.stopped else ""
        self.door.say("ended", f"{body.words}{by}", ok=body.ok, complete=complete)
        return 0 if body.ok and not self._trouble else 1

    # -- the sensors ---------------------------------------------------------------------------------------------

    @property
    def red(self) -> tuple[str, ...]:
        """Sensors that are not well now."""
        return tuple(name for name, looked in self._now.items() if not looked.ok)

    def _take(self, now: int) -> None:
        """What the round has found, once it is through."""
        found = self.readings.taken()
        if found is None:
            return
        if self._lock is not None:
            self._lock.alive()
        for name, looked in found.items():
            self._now[name] = looked
            if not looked.ok and name not in self._was_red:
                self._was_red.append(name)
            last, at = self._newest.get(name, (None, 0))
            if not worth_recording(last, (now - at) / 1000, looked):
                continue
            self._newest[name] = (looked, now)
            if self.plan.recording:
                body = ev.Observed(0, watching.PREFIX + name, looked.ok, looked.seen, looked.expected, looked.ms)
                self._record(body)
            more = {"sensor": name, "ok": looked.ok, "seen": looked.seen, "expected": looked.expected}
            self.door.say("reading", watching.reading_words(name, looked), **more)

    # -- what comes back -----------------------------------------------------------------------------------------

    def _logs(self, now: int, *, last: bool = False) -> None:
        """Look through new log lines; what came back is said at once and recorded once a minute."""
        if self._feed is None:
            return
        lines, lost = self._feed.drain()
        while lines or lost:
            self.rules.take(lines)
            if lost:
                self.door.say("warning", f"{lost} log lines came too fast and were not looked at", lost=lost)
            lines, lost = self._feed.drain()
        for found in self.rules.told():
            before = self._waiting.get(found.rule.words)
            if before is None:
                more = {"rule": found.rule.words, "count": found.count, "total": found.total, "line": found.first}
                self.door.say("recurring", f"CAME BACK {_times(found)}: {found.source}: {found.first}", **more)
                self._waiting[found.rule.words] = found
            else:
                joined = Found(found.rule, before.count + found.count, before.first, before.source, found.total)
                self._waiting[found.rule.words] = joined
        due = self._recorded_ms is None or now - self._recorded_ms >= TOLD_EVERY_MS
        if self._waiting and (due or last):
            self._recorded_ms = now
            self._record_found()

    def _record_found(self) -> None:
        found, self._waiting = list(self._waiting.values()), {}
        first = found[0]
        others = f"; and {len(found) - 1} other known problems" if len(found) > 1 else ""
        count = sum(one.count for one in found)
        seen = self.session.clean(
            f"{count} line{'' if count == 1 else 's'}: {first.source}: {first.first}{others}", 300
        )
        if self.plan.recording:
            self._record(ev.Observed(0, SENSED + SENSOR, False, seen, "no line like those that were pinned"))

    # -- people --------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        if not self.door.interactive:
            self.door.say("reminder", f"{watching.ASK} (a note into the record: c in the cockpit)")
            return
        self._asked_ms = self.session.clock.monotonic_ms()
        self.door.say("reminder", f"{watching.ASK} Type them, or Enter for none")

    def _typed(self, line: str) -> None:
        now = self.session.clock.monotonic_ms()
        asked, self._asked_ms = self._asked_ms is not None and now - self._asked_ms <= ANSWER_MS, None
        text = line.strip()
        if not asked and not text:
            return
        note = f"reports of users: {text or 'none'}" if asked else text
        if not self.plan.recording:
            self.door.say("note", "not recorded: there is no incident")
            return
        try:
            self.session.note(note)
        except GoaroundError as error:
            self.door.say("warning", f"NOT recorded: {error.line()}")
            return
        self.door.say("note", f"noted: {note}")

    def _say_alive(self, elapsed_ms: int) -> None:
        pending = self.readings.pending
        words = watching.verdict(self.red, self.rules.total, pending)
        gone = watching.gone_on(elapsed_ms // 1000, self.plan.until.total_s)
        self.door.say("alive", f"{gone}: {words}", ok=not self.red and not self.rules.total)

    def _record(self, body: ev.Body) -> None:
        """A record that cannot be written is said; watching goes on, and the exit status tells of it."""
        try:
            self.session.record(body, drive=False)
        except GoaroundError as error:
            if error.line() != self._trouble:
                self._trouble = error.line()
                self.door.say("warning", f"CANNOT BE RECORDED: {self._trouble}")


def _times(found: Found) -> str:
    return "once" if found.count == 1 else f"{found.count} times"
