"""What the release list wants: its history over all sources, the sheet of a release, a golden pin, older ones.

Reading happens in threads that only post back. The list stands on what the way back in use told before any other source
is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.release import Release
from app.start_words import ONLY_LOOKING
from app.wishes import find_in
from widgets.history import ReleaseHistory

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.model.release_history import History
    from actions.model.release_sheet import Behind
    from app.incident_screen import IncidentScreen
    from app.release_past import ReleasePast

REST_S = 0.25
"""The cursor rests so long on a release before what stands behind it is read."""


def past_of(screen: IncidentScreen) -> ReleasePast:
    """The history of this screen; made when it is asked for first."""
    if screen.past is None:
        from app.release_past import ReleasePast  # the screen stands

        screen.past = ReleasePast(screen.session)
    return screen.past


def read_record(screen: IncidentScreen, found: tuple[Release, ...], option: str) -> None:
    """From a thread: the same releases joined with our own record, at once."""
    if option == "database":
        return
    from app.release_sources import of_record

    past_of(screen).put(of_record(screen.session, found, option), whole=False)


def read_all(screen: IncidentScreen, found: tuple[Release, ...], option: str, error: str = "") -> None:
    """From a thread: every other source, then the whole history. ``error``: why the way back in use told nothing."""
    if option == "database" or not screen.is_attached:
        return
    from actions.model.release_rows import Listing
    from app.release_sources import other_listings, with_record

    past, session = past_of(screen), screen.session
    if error and screen.releases_of == option:
        found = screen.releases  # what was read before stays there, under what is said of the failure
    try:
        others = other_listings(session.settings, session.world(), option, past.depth)
    except GoaroundError as problem:  # no world can be built: the list says why
        others = (Listing("sources", error=problem.line()),)
    history = with_record(session, (Listing(option, found, error), *others), option)
    if screen.is_attached:
        screen.app.call_from_thread(_put, screen, history, option)


def _put(screen: IncidentScreen, history: History, option: str) -> None:
    if option != screen.session.option():
        return  # another way back was chosen meanwhile
    past, pane = past_of(screen), screen.query_one(ReleaseHistory)
    standing = pane.highlighted
    past.put(history, whole=True)
    screen.show_releases()
    problems = [note.words() for note in screen.session.release_notes]
    pane.show_note("; ".join((*problems, *(f"! not read: {words}" for words in history.errors))))
    if standing is None or standing.identity == past.proposed:
        propose(screen)  # nobody has moved away from it
    look_behind(screen)
    screen.show_next()


def propose(screen: IncidentScreen) -> None:
    """Put the cursor on the release to go back to, unless a plan says already where to."""
    plan = screen.session.incident.plan
    if plan is not None and plan.option == screen.releases_of:
        return
    past = past_of(screen)
    proposal = past.proposal(screen.releases)
    if proposal.release is not None:
        past.proposed = proposal.release.identity
        screen.query_one(ReleaseHistory).highlight(proposal.release.identity)


def show(screen: IncidentScreen) -> tuple[Release, ...]:
    """Bring the history into the pane; the releases that it lists, or those of the way back in use alone."""
    past = screen.past
    pane = screen.query_one(ReleaseHistory)
    if past is None or past.history is None or past.history.option != screen.session.option():
        pane.show_history(None)
        return screen.releases
    pane.show_history(past.history, more=past.more, proposal=_best(past, screen.releases))
    return past.releases()


def _best(past: ReleasePast, releases: tuple[Release, ...]) -> tuple[str, str]:
    """(identity, word) of the one that is proposed."""
    found = past.proposal(releases)
    if found.release is None:
        return "", ""
    return found.release.identity, "last good" if found.known_good and not found.golden else "proposed"


def look_behind(screen: IncidentScreen) -> None:
    """When the cursor has come to rest: how the release differs from what runs."""
    release = screen.query_one(ReleaseHistory).highlighted
    past = screen.past
    if past is None or not past.whole or release is None:
        return
    words = past.words_of(release)
    screen.query_one(ReleaseHistory).show_behind(words)
    if not words:
        screen.set_timer(REST_S, lambda: _rested(screen, release.identity))


def _rested(screen: IncidentScreen, identity: str) -> None:
    here = screen.query_one(ReleaseHistory).highlighted
    if here is not None and here.identity == identity and screen.past is not None and screen.past.history is not None:
        screen.run_worker(lambda: _read_behind(screen, identity), thread=True, exit_on_error=False, group="behind")


def _read_behind(screen: IncidentScreen, identity: str) -> None:
    past = past_of(screen)
    joined = past.joined(identity)
    if joined is None:
        return
    found = past.behind.difference(*joined)

    def tell() -> None:
        here = screen.query_one(ReleaseHistory).highlighted
        if here is not None and here.identity == identity:
            screen.query_one(ReleaseHistory).show_behind(found.words())

    if screen.is_attached:
        screen.app.call_from_thread(tell)


def detail(screen: IncidentScreen, release: Release) -> None:
    """All that is known of a release; what must be read comes while it is looked at."""
    from actions.model.release_sheet import Behind, sheet
    from widgets.release_detail import ReleaseDetail

    past = screen.past
    joined = past.joined(release.identity) if past is not None else None
    if past is None or joined is None:
        screen.say("the history is being read" if screen.session.option() != "database" else "a backup has no history")
        return
    history, row = joined
    known = past.behind.known(history, row) or Behind()
    proposed = past.proposal(screen.releases).words_for(row.identity)
    dialog = ReleaseDetail(release.name, sheet(history, row, known, proposed), ascii=screen.ascii)
    screen.app.push_screen(dialog)

    def show(found: Behind) -> None:
        if dialog.is_attached:
            dialog.show(sheet(history, row, found, proposed))

    def read() -> None:
        found = past.behind.read(history, row, lambda half: screen.app.call_from_thread(show, half))
        if screen.is_attached:
            screen.app.call_from_thread(show, found)

    screen.run_worker(read, thread=True, exit_on_error=False, group="behind")


def golden(screen: IncidentScreen, release: Release) -> None:
    """Pin it as golden under a name, or take the pin back; both after a question."""
    from app.golden_desk import pin, unpin
    from widgets.reason_dialog import ReasonDialog

    if screen.observe:
        screen.say(ONLY_LOOKING)
        return
    if screen.session.option() == "database":
        screen.say("a backup is no release: it cannot be golden")
        return
    joined = past_of(screen).joined(release.identity)
    pinned = joined[1].pin if joined is not None else None
    # As all sources together tell of it: a pin may mean it by a commit that only another one knows.
    meant = joined[1].release if joined is not None else release
    if pinned is not None:
        title, accept = f"{release.name} is golden", "Take it back"
        prompt = f"{pinned.words()}. Take the pin back? Why, in a few words (it may stay empty):"
    else:
        title, accept = f"Pin {release.name} as golden", "Pin"
        prompt = "It is proposed before all others from now on. What shall it be called (it may stay empty)?"

    def answered(text: str | None) -> None:
        if text is None:
            return
        change = unpin if pinned is not None else pin
        screen.run_worker(
            lambda: _pin(screen, lambda: change(screen.session, meant, text)),
            thread=True,
            exit_on_error=False,
            group="golden",
        )

    screen.app.push_screen(ReasonDialog(title, prompt, False, accept=accept, ascii=screen.ascii), answered)


def _pin(screen: IncidentScreen, change: Callable[[], str]) -> None:
    """From a thread: change the pins, and join the same listings with them."""
    from app.release_sources import with_record

    past = past_of(screen)
    try:
        words = change()
    except GoaroundError as error:
        words = error.line()
    old = past.history
    if old is not None:
        told = tuple(one for one in old.listings if one.source not in ("record", "golden"))
        fresh = with_record(screen.session, told, old.option)
        if past.history is old:  # else a later reading knows the pins as well
            past.put(fresh, whole=past.whole)

    def show() -> None:
        screen.say(words)
        screen.refresh_panes()

    if screen.is_attached:
        screen.app.call_from_thread(show)


def more(screen: IncidentScreen) -> None:
    """Older ones, where a source has more."""
    past = past_of(screen)
    if past.more and not screen.reading_releases:
        past.deeper()
        screen.read_releases()


def every(screen: IncidentScreen) -> None:
    """Every commit, or those that were deployed or named."""
    past = past_of(screen)
    past.every = not past.every
    screen.show_releases()
    screen.say("every commit is shown" if past.every else "of other sources, what was deployed or named is shown")


def find(screen: IncidentScreen) -> None:
    """Find a release among those that are read."""
    pane = screen.query_one(ReleaseHistory)
    prompt = "A name, the beginning of a commit or image id, a word, a day; n and N go on, empty ends it"
    find_in(screen, pane, "Find a release", prompt, lambda text: f"no release holds {text!r}{_rest(pane)}")


def not_found(screen: IncidentScreen, text: str, way: int) -> None:
    """There is no other one in that direction."""
    pane = screen.query_one(ReleaseHistory)
    screen.say(f"{text!r}: none {f'below{_rest(pane)}' if way > 0 else 'above'}")


def _rest(pane: ReleaseHistory) -> str:
    return f" among the {len(pane.releases)} that are read; G reads older ones" if pane.more else ""
