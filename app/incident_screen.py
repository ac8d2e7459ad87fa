"""The screen of an incident: lays the panes out, shows them the newest state, and passes the operator's keys on.

A switchboard: what may be done is the model's to say, doing it is the session's, and what a key asks first stands in
``wishes``. Nothing here waits: reading releases, drawing plans and logs happen in threads that only post back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from actions.model.blocking import Move, Next, move_for, next_move
from actions.model.errors import GoaroundError
from actions.model.incident import forward_decided, item_of
from actions.model.parked import straightens_parked
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.step import Risk
from app import ending, fact_wishes, handover_wishes, history_wishes, list_wishes, release_reading, wishes
from app.feeds import LogFeed, SpoolFeed
from app.keys import KEYS, bindings, footer
from app.pane_layout import PaneLayout
from app.parking import elsewhere, owed_words
from app.session import Session
from app.start_words import declare_blocked, flying_elsewhere, start_facts
from widgets.checklist import Checklist
from widgets.command_log import CommandLog
from widgets.decision_matrix import DecisionMatrix
from widgets.footer_line import NextLine
from widgets.hint_line import HintLine
from widgets.history import ReleaseHistory
from widgets.incident_bar import BarFacts, IncidentBar, bar_facts
from widgets.log_stream import LogStream
from widgets.preview import Preview
from widgets.start_card import StartCard

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.model.approval import ApprovalState
    from actions.model.estimate import Timing
    from app.lookout import Lookout
    from app.ready_look import ReadyLook
    from app.release_past import ReleasePast
    from app.schema_column import SchemaColumn

NOTE_S = 8
"""How long a refusal stands in the last line."""


class IncidentScreen(PaneLayout):
    """The cockpit over one session."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    AUTO_FOCUS = "#checklist"

    def __init__(self, session: Session, feed: LogFeed, *, observe: bool = False, ascii: bool = False) -> None:
        """``observe``: no key changes anything, whoever flies."""
        super().__init__()
        self.session = session
        self.feed = feed
        self.observe = observe
        self.spool = SpoolFeed()
        self.lookout: Lookout | None = None
        self.ready: ReadyLook | None = None
        """Looks whether a rollback would work; begins once the screen stands."""
        self.ascii = ascii
        self.releases: tuple[Release, ...] = ()
        self.releases_of = ""
        """The way back whose releases these are."""
        self.reading_releases = False
        self.past: ReleasePast | None = None
        """The history over all sources; made once there is a list."""
        self.schema_column: SchemaColumn | None = None
        """Made once there is a list, where verdicts can be asked for."""
        self.drawing = False
        self.asking = False
        """The system is asked what became of steps."""
        self.measuring = False
        """Earlier records are read for how long each way back took."""
        self.signing = False
        self.keeping = False
        """What monitoring shows is being taken."""
        self.telling = 0
        """Messages that are being sent."""
        self.leaving = False
        self.proposed: tuple[str, ...] = ()
        """Criteria that sensors propose, as far as it was said."""
        self.armed_at = 0
        """Monotonic milliseconds since which the highlighted step has been shown as it is."""
        self.held_down = False
        """The newest Enter came too soon after another."""
        self.waited_ms = 0
        """So long before it was heard the newest Enter was pressed: a slow machine has looked at nothing for us."""
        self._changing = False
        self._shown_for: tuple[str, str] = ("", "")
        self._note = ""
        self._note_until = 0
        self._watching = ""
        self._marked = ("", 0)
        self.offer_seen = ""
        """The offer of the controls whose brief has opened by itself."""
        self._show_strip: Callable[[IncidentScreen], None] | None = None
        """Shows what is new over the logs; loaded once the screen stands."""

    def compose(self) -> ComposeResult:
        """The panes under the bar."""
        declared = self.session.incident.declared is not None
        yield from self.compose_panes(*(() if declared else (StartCard(ascii=self.ascii, id="start"),)))

    def on_mount(self) -> None:
        """Show what is known, then begin to look."""
        self.lay_out()
        self.refresh_panes()
        self.set_interval(0.1, self.tick)
        self.set_interval(0.15, self.drain_logs)
        self.set_interval(1.0, self.look_after)
        self.call_after_refresh(self.begin_to_read)

    def begin_to_read(self) -> None:
        """Releases and logs, once the screen stands: what their threads load would hold it up."""
        self.read_releases()
        from app import strip_facts  # the screen stands
        from app.lookout import Lookout

        strip_facts.put(self)
        self._show_strip = strip_facts.show
        self.lookout = Lookout(self.session, self.feed)  # before the feed: it counts from the first line on
        self.feed.start()
        self.lookout.start()
        self.begin_ready()

    def begin_ready(self) -> None:
        """Whether a rollback would work is looked at behind everything else."""
        from app.ready_look import ReadyLook  # the screen stands

        self.ready = ReadyLook(self.session, observe=self.observe)
        self.ready.start()

    def on_unmount(self) -> None:
        """Nothing is read for a screen that is gone."""
        if self.lookout is not None:
            self.lookout.stop()
        if self.ready is not None:
            self.ready.stop()
        self.feed.stop()

    def panes_changed(self) -> None:
        """Enter means something else in another pane: say it."""
        self.show_next()

    # -- showing -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """What others wrote, and the output of the running step."""
        before = self.session.incident.id
        # A dialog is answered, and what was answered is done, for the record over which it was opened.
        if self.session.poll(turn=self.is_active and not self.signing):
            self.refresh_panes()
        if before not in ("", self.session.incident.id):
            self.say(f"{self.session.incident.id} is open: it is shown now instead of {before}")
        self.drain_spool()

    def look_after(self) -> None:
        """Each second: the clocks, the running step, the leave of a note."""
        try:
            self._watching = self.session.look_after()
        except GoaroundError as error:
            self._watching = error.line()
        fact_wishes.announce(self)
        if self.lookout is not None:  # the screen stands
            from app.measured import read_behind

            read_behind(self)
        self.refresh_panes()
        handover_wishes.look(self)
        if self._show_strip is not None:
            self._show_strip(self)

    def refresh_panes(self) -> None:
        """Show the incident as it stands in every pane; each paints only what changed."""
        session, incident = self.session, self.session.incident
        now = session.clock.now()
        self.query_one(IncidentBar).show(self.ready.on_bar(self.bar()) if self.ready is not None else self.bar())
        self.query_one(DecisionMatrix).show(incident)
        run = incident.running
        run_ms = session.clock.monotonic_ms() - run.started_mono if run and run.boot == session.clock.boot() else None
        approval = self.approval()
        self.query_one(Checklist).show(incident, now=now, driver=session.driver, run_ms=run_ms, approval=approval)
        self.query_one(CommandLog).show(incident, now=now)
        self.show_start()
        self.show_releases()
        release_reading.turn_to_option(self)
        self.look_again()
        self.show_preview(approval)
        self.show_next(approval)
        self.show_tabs(self.session.incident)

    def bar(self) -> BarFacts:
        """The facts for the bar."""
        session = self.session
        if session.incident.declared is None:
            system = session.settings.system
            return BarFacts(
                environment=system.environment,
                system=system.name,
                host=system.host,
                mode="drill" if system.environment == "drill" else "live",
                driver=session.driver,
                flies=flying_elsewhere(session),
                warnings=session.warnings(),
                elsewhere=self.parked_elsewhere(),
            )
        facts = bar_facts(
            session.incident,
            now=session.clock.now(),
            elapsed_ms=session.elapsed_ms(),
            me=session.who.login,
            driver=session.driver,
            authority=session.authority_rules(),
            warnings=session.warnings(),
            elsewhere=self.parked_elsewhere(),
        )
        # The lease is the system's: who took it for something else has left no event in a record that is parked.
        return replace(facts, flies=flying_elsewhere(session)) if facts.parked and not facts.driver else facts

    def parked_elsewhere(self) -> str:
        """What the system's other records that are parked owe, for the bar."""
        return owed_words(elsewhere(self.session), self.session.clock.now())

    def approval(self) -> ApprovalState | None:
        """Where the approvals of the plan stand; None while there is no plan."""
        return self.session.approvals() if self.session.incident.plan is not None else None

    def timing(self) -> Timing | None:
        """How long the plan takes, and whether that is in time; None while there is none."""
        if self.session.incident.plan is None:
            return None
        from app.measured import timing_of  # there is a plan: the screen stands

        return timing_of(self.session)

    def show_start(self) -> None:
        """The card on top, while nothing is declared; who resumes an incident does without one."""
        declared = self.session.incident.declared is not None
        if not declared and not self.query(StartCard):
            self.mount(StartCard(ascii=self.ascii, id="start"), after="#tabs")
        for card in self.query(StartCard):
            card.display = not declared
            if card.display:
                card.show(start_facts(self.session, self.releases, self.observe))

    def look_again(self) -> None:
        """When a step that changes the system has ended, another release may run."""
        run, plan = self.session.incident.running, self.session.incident.plan
        step = plan.step(run.code) if run and plan else None
        changing = step is not None and step.risk is not Risk.READ
        ended, self._changing = self._changing and not changing, changing
        if ended:
            if self.past is not None:
                self.past.behind.forget()
            self.read_releases()

    def show_releases(self) -> None:
        """The releases, with the target and what runs."""
        plan = self.session.incident.plan
        running = next((one.identity for one in self.releases if one.way_back is WayBack.RUNNING), "")
        history = self.query_one(ReleaseHistory)
        history.go_by(self.session.option() if len(self.session.settings.options) > 1 else "")
        column = self.schema_column
        history.show_schema(
            (column.found if column is not None else {}) if release_reading.wants_schema(self.session) else None
        )
        listed = self.releases
        if self.past is not None:
            listed = history_wishes.show(self)
        if listed:
            from actions.model.deployment_time import suspect  # the screen stands

            history.show(
                listed,
                running=running,
                target=plan.target.identity if plan else "",
                suspect=suspect(self.session.incident, self.releases),
                now=self.session.clock.now(),
            )

    @property
    def code(self) -> str:
        """The highlighted item."""
        return self.query_one(Checklist).code

    def show_preview(self, approval: ApprovalState | None = None) -> None:
        """What the highlighted item would do; from when on it has been seen decides about arming.

        ``approval``: as ``approval`` says, where that was asked already.
        """
        session = self.session
        approval = approval or self.approval()
        self.query_one(Preview).show(
            session.incident, self.code, driver=session.driver, approval=approval, timing=self.timing()
        )
        self.query_one(HintLine).show(session.incident, self.code)
        shown_for = (self.code, session.incident.plan_digest)
        if shown_for != self._shown_for:
            self._shown_for = shown_for
            self.armed_at = session.clock.monotonic_ms()

    def next(self, approval: ApprovalState | None = None) -> Next:
        """What Enter does now, for the pane that has the focus. ``approval``: where that was asked already."""
        incident, driver = self.session.incident, self.session.driver
        if incident.declared is None:
            return Next(Move.DECLARE, "", "declare an incident", declare_blocked(self.session, self.observe))
        if incident.closed is not None:
            bent = item_of(incident, self.code) if straightens_parked(incident, self.code) else None
            if bent is not None and incident.signed:
                return move_for(incident, bent, driver=driver)
            return next_move(incident, driver=driver)
        focused = self.focused.id if self.focused else ""
        if focused == "decision":
            return Next(Move.DECIDE, "D1", "decide: roll back or fix forward", "" if driver else "you observe")
        if focused == "releases":
            release = self.query_one(ReleaseHistory).highlighted
            words = f"go back to {release.name}: draws the plan, runs nothing" if release else ""
            blocked = "" if release and driver else "no release is highlighted"
            if release is not None and self.past is not None:
                blocked = blocked or self.past.owns(release)
            return Next(Move.CHOOSE, "", words, blocked)
        item = item_of(incident, self.code)
        approval = approval or self.approval()
        proposed = next_move(incident, driver=driver, approval=approval)
        move = move_for(incident, item, driver=driver, approval=approval) if item is not None else proposed
        there = self.query_one(Checklist).following  # nobody has moved away from what is proposed
        forward = forward_decided(incident) and move.move is not Move.TICK
        # What belongs to no item (a line to be said, the end) comes before doing the last item once more.
        if proposed.move in (Move.SAY, Move.CLOSE, Move.SIGN, Move.VERIFY) and (
            there or forward or move.move is Move.NOTHING
        ):
            return proposed
        return move

    def show_next(self, approval: ApprovalState | None = None) -> None:
        """The last line: what Enter does, and the keys. ``approval``: where that was asked already."""
        self.query_one(NextLine).show(self.next(approval), footer(), self.note())

    def note(self) -> str:
        """A refusal that is still fresh, else what is to be said of the running step, else the stop."""
        if self.session.clock.monotonic_ms() < self._note_until:
            return self._note
        if self._watching:
            return self._watching
        offered = handover_wishes.offered_words(self.session)
        if offered:
            return offered
        return "everything is stopped: r lifts it" if self.session.incident.stop else ""

    def look_anew(self) -> None:
        """What is highlighted counts as seen from now on: nobody looks while a key is held down."""
        self.armed_at = self.session.clock.monotonic_ms()

    def hush(self) -> None:
        """What was said is answered."""
        self._note_until = 0
        self.show_next()

    def say(self, text: str) -> None:
        """Something to tell the operator, for a while, in the last line."""
        self._note = text
        self._note_until = self.session.clock.monotonic_ms() + NOTE_S * 1000
        self.show_next()

    # -- what flows in -------------------------------------------------------------------------------------------

    def drain_logs(self) -> None:
        """New log lines into the pane."""
        lines, lost = self.feed.drain()
        if lines or lost:
            self.query_one(LogStream).extend(lines, lost, by_time=self.session.settings.coolify is not None)
            self.show_tabs(self.session.incident)

    def drain_spool(self) -> None:
        """New output of the newest run; a divider in the logs where it began."""
        runs = self.session.incident.runs
        if not runs:
            return
        run = runs[-1]
        marked = (self.session.incident.id, run.number)
        if marked != self._marked:
            self._marked = marked
            self.query_one(LogStream).mark(f"{'undo of ' if run.undo else ''}step {run.code} {run.title}", run.started)
        lines = self.spool.lines(self.session.folder() / run.spool)
        self.query_one(CommandLog).output([line[11:23] + "Z " + line[28:] for line in lines])
        if lines and self.session.settings.coolify is not None:
            from app.deployment_log import deployment_lines  # something ran

            told = deployment_lines(lines)
            if told:
                self.query_one(LogStream).extend(told, by_time=True)

    def read_releases(self) -> None:
        """Read the releases in the background."""
        release_reading.read(self)

    # -- what the panes want -------------------------------------------------------------------------------------

    @on(Checklist.ItemHighlighted)
    def _item_highlighted(self) -> None:
        self.show_preview()
        self.show_next()

    @on(Checklist.ItemActivated)
    def _item_activated(self, message: Checklist.ItemActivated) -> None:
        message.stop()
        self.action_next()

    @on(Checklist.TickWanted)
    def _tick_wanted(self, message: Checklist.TickWanted) -> None:
        message.stop()
        self.action_tick()

    @on(DecisionMatrix.DecisionWanted)
    def _decision_wanted(self) -> None:
        self.action_decide()

    @on(ReleaseHistory.ReleaseHighlighted)
    def _release_highlighted(self) -> None:
        self.show_next()
        if self.past is not None:
            history_wishes.look_behind(self)

    @on(ReleaseHistory.DetailWanted)
    def _detail_wanted(self, message: ReleaseHistory.DetailWanted) -> None:
        history_wishes.detail(self, message.release)

    @on(ReleaseHistory.GoldenWanted)
    def _golden_wanted(self, message: ReleaseHistory.GoldenWanted) -> None:
        history_wishes.golden(self, message.release)

    @on(ReleaseHistory.MoreWanted)
    def _more_wanted(self) -> None:
        history_wishes.more(self)

    @on(ReleaseHistory.FindWanted)
    def _release_wanted(self) -> None:
        history_wishes.find(self)

    @on(ReleaseHistory.NotFound)
    def _release_not_found(self, message: ReleaseHistory.NotFound) -> None:
        history_wishes.not_found(self, message.text, message.way)

    @on(ReleaseHistory.EveryWanted)
    def _every_wanted(self) -> None:
        history_wishes.every(self)

    @on(ReleaseHistory.ReleaseChosen)
    def _release_chosen(self, message: ReleaseHistory.ReleaseChosen) -> None:
        message.stop()
        strange = self.past.owns(message.release) if self.past is not None else ""
        if strange:
            self.say(strange)
        else:
            wishes.choose(self, message.release)

    @on(LogStream.LinePinned)
    def _line_pinned(self, message: LogStream.LinePinned) -> None:
        wishes.pin(self, message.line)

    @on(LogStream.FindWanted)
    def _find_wanted(self) -> None:
        self.action_find()

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """The one thing."""
        wishes.do(self, self.next())

    def action_next_open(self) -> None:
        """To the next open item."""
        self.action_pane("checklist")
        self.query_one(Checklist).action_follow()

    def action_tick(self) -> None:
        list_wishes.tick(self, self.code)

    def action_decide(self) -> None:
        fact_wishes.decide(self)

    def action_target(self) -> None:
        self.read_releases()
        self.action_pane("releases")

    def action_way_back(self) -> None:
        """Another of the configured ways back."""
        wishes.way_back(self)

    def action_start_at(self) -> None:
        """Begin at the highlighted step."""
        wishes.start_at(self, self.code)

    def action_override(self) -> None:
        list_wishes.mark_with_reason(self, self.code, "overridden")

    def action_not_applicable(self) -> None:
        list_wishes.mark_with_reason(self, self.code, "not applicable")

    def action_defer(self) -> None:
        list_wishes.mark_with_reason(self, self.code, "deferred")

    def action_extend(self) -> None:
        """More time for this part of the list."""
        list_wishes.extend(self)

    def action_approval(self) -> None:
        """Approvals of the plan."""
        wishes.approval(self)

    def action_undo(self) -> None:
        wishes.undo(self, self.code)

    def action_stop(self) -> None:
        wishes.stop(self)

    def action_lift_stop(self) -> None:
        wishes.lift_stop(self)

    def action_criteria(self) -> None:
        fact_wishes.criteria(self)

    def action_note(self) -> None:
        wishes.note(self)

    def action_pin(self) -> None:
        self.query_one(LogStream).action_pin()

    def action_follow(self) -> None:
        self.query_one(LogStream).action_follow()

    def action_next_error(self) -> None:
        self.query_one(LogStream).action_error(1)

    def action_previous_error(self) -> None:
        self.query_one(LogStream).action_error(-1)

    def action_find(self) -> None:
        wishes.find(self)

    def action_sign(self) -> None:
        ending.finish(self)

    def action_new_incident(self) -> None:
        wishes.new_incident(self)

    def action_take_over(self) -> None:
        wishes.take_over(self)

    def action_handover(self) -> None:
        """Offer the controls, or take what is offered."""
        handover_wishes.handover(self)

    def action_help(self) -> None:
        wishes.show_help(self)

    def action_procedure(self) -> None:
        """The document that is followed, to be read."""
        wishes.procedure(self)

    def action_ready(self) -> None:
        """Would a rollback work right now, and what is to be done about it."""
        from app import ready_wishes

        ready_wishes.ready(self)

    def action_debts(self) -> None:
        """What is owed of this incident, also when it is closed."""
        from app import debt_wishes

        debt_wishes.debts(self)

    def action_inform(self) -> None:
        wishes.inform(self)

    def action_leave(self) -> None:
        if not (self.telling and wishes.still_telling(self)):
            self.app.exit(0)
