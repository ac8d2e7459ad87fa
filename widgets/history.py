"""The release history: what ran when, what runs now, where the plan leads, and what can still be gone back to.

Of thousands only those that are seen are worked out. What is known of one in full stands in ``release_detail``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack, short_id
from widgets.painted import Row
from widgets.presentation import WAYS_BACK, Mark, day_text, fit, harmless, joined
from widgets.release_find import FindsReleases

if TYPE_CHECKING:
    from actions.model.last_good import Judged
    from actions.model.release_history import History
    from actions.model.release_rows import HistoryRow

NEAR = 2
"""So many pages before the end older releases are asked for."""
PROPOSED = "→"
"""Before the word of the release to go back to."""
_Columns = tuple[tuple[str, int], ...]


def columns(width: int) -> _Columns:
    """Name and width of each column that a pane of this width shows; the note takes what is left."""
    if width >= 100:
        return (("release", 20), ("live since", 19), ("ended", 8), ("image/commit", 17), ("way back", 19))
    if width >= 74:
        return (("release", 18), ("live since", 17), ("image/commit", 17), ("way back", 16))
    if width >= 50:
        return (("release", 16), ("live since", 17), ("way back", 14))
    return (("release", max(8, width // 2 - 3)), ("way back", 14))


def columns_of(width: int, *, schema: bool, health: bool) -> _Columns:
    """The columns of a pane of this width, with those that are asked for."""
    if health:
        from widgets.health_cell import columns_with_health  # once there is a history

        return columns_with_health(width, schema=schema)
    if schema:
        from widgets.schema_cell import columns_with_schema  # only where it is asked for

        return columns_with_schema(width)
    return columns(width)


@dataclass(frozen=True)
class Life:
    """What the history knows of a release, for its row."""

    judged: Judged | None
    """None: not read yet."""
    golden: bool = False
    only: str = ""
    """The source that alone knows it; empty: the way back in use does."""
    said: str = ""
    """What sources tell differently."""
    release: Release | None = None
    """As all sources together tell of it."""
    also: str = ""
    """What another source calls it, by a name that somebody gave it."""


def release_row(
    release: Release,
    width: int,
    now: datetime,
    *,
    running: bool,
    target: bool,
    suspect: bool = False,
    schema: str | None = None,
    life: Life | None = None,
    health: bool = True,
    proposed: str = "",
) -> Row:
    """One release; ``width`` in cells. The glyph before the name: ``●`` runs now, ``▶`` the plan's target.

    ``schema``: the verdict in words, empty while it is not read; None: the column is not shown. ``life``: what the
    history knows of it; None: nothing. ``health``: where that is shown in a column of its own. ``proposed``: a word of
    the one to go back to.
    """
    way, shown = (
        WAYS_BACK[release.way_back],
        columns_of(width, schema=schema is not None, health=health and life is not None),
    )
    if life is not None and life.only:
        way = Mark("·", f"{life.only} only", "tone--dim")
    glyph = "▶" if target else "●" if running else " "
    tone = "tone--title" if target else "tone--running" if running else ""
    row: list[tuple[str, str]] = [(f"{glyph} ", tone)]
    cut = ""
    for name, size in shown:
        if name == "schema" and schema is not None:
            from widgets.schema_cell import schema_cell

            row.append(schema_cell(schema, size))
            continue
        if name == "healthy" and life is not None:
            from widgets.health_cell import health_cell

            row.append(health_cell(life.judged, size, golden=life.golden))
            continue
        if name == "way back":
            row.append((fit(way.text, size - 1) + " ", way.style_class))
            cut = way.word if len(way.text) > size - 1 else ""
            continue
        row.append((fit(_cell(release, name, now), size - 1) + " ", tone if name == "release" else ""))
    if proposed:
        row.append((f"{PROPOSED} {proposed}  ", "tone--done"))
    if suspect:
        row.append(("suspect ", "tone--error"))
    said = life.said if life is not None else ""
    also = life.also if life is not None else ""
    words = harmless(joined((cut, said, also, release.note, release.subject)))
    row.append((words, "tone--warning" if cut or said or release.note else "tone--dim"))
    return tuple(row)


def _cell(release: Release, name: str, now: datetime) -> str:
    if name == "release":
        return harmless(release.name)
    if name == "live since":
        if release.live_since:
            return day_text(release.live_since, now)
        day, _, hour = day_text(release.created, now).rpartition(" ")
        return f"made {day if day and hour.endswith('Z') else hour}" if release.created else "–"
    if name == "ended":
        return harmless(release.ended) or "–"
    if len(set(release.images.values())) > 1:
        return f"{len(set(release.images.values()))} images"
    return harmless(short_id(release.identity)) or "–"


class ReleaseHistory(FindsReleases):
    """A list of releases. ``show``, ``show_loading`` and ``show_error`` are its three states."""

    class ReleaseHighlighted(Message):
        """The cursor stands on a release."""

        def __init__(self, history: ReleaseHistory, release: Release) -> None:
            super().__init__()
            self.history = history
            self.release = release

        @property
        def control(self) -> ReleaseHistory:
            """The sender."""
            return self.history

    class ReleaseChosen(ReleaseHighlighted):
        """Enter on a release: it should be gone back to."""

    class DetailWanted(ReleaseHighlighted):
        """All that is known of a release is to be shown."""

    class GoldenWanted(ReleaseHighlighted):
        """A release is to be pinned as golden, or its pin to be taken back."""

    class MoreWanted(Message):
        """The cursor comes near the end, and there are older ones."""

    class EveryWanted(Message):
        """Commits that nobody deployed or named are to be shown too, or no more."""

    DEFAULT_CSS = "ReleaseHistory { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "go back to it", id="history.choose", tooltip="Go back to this release", show=False),
        Binding(
            "x", "detail", "all of it", id="history.detail", tooltip="All that is known of this release", show=False
        ),
        Binding(
            "P",
            "golden",
            "golden",
            id="history.golden",
            tooltip="Pins this release as golden, or takes the pin back",
            show=False,
        ),
        Binding(
            "A",
            "every",
            "every commit",
            id="history.every",
            tooltip="Also commits that nobody ever deployed or tagged, and back",
            show=False,
        ),
    ]

    def __init__(
        self, title: str = "Releases", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.releases: tuple[Release, ...] = ()
        self.running = ""
        """Identity of what runs."""
        self.target = ""
        """Identity of the plan's target."""
        self.suspect = ""
        """Identity of the one that is suspected of the trouble."""
        self.now = datetime.now(UTC)
        self.words = "Releases have not been read yet."
        """What stands there while there is no list."""
        self.words_tone = "tone--dim"
        self.way = ""
        """Of which way back they are, where there are several."""
        self.schema: Mapping[str, tuple[str, str]] | None = None
        """Identity -> schema verdict and why; None: it is not asked for, and there is no such column."""
        self.history: History | None = None
        """All sources joined; None: not read yet, or none is wanted."""
        self.more = False
        """There are older ones that can be read."""
        self.proposal = ("", "")
        """Identity of the one that is proposed, and a word for it."""
        self.behind = ""
        """What is known of how the highlighted one differs from what runs."""
        self._side = ""
        self._lives: dict[str, Life] = {}

    def on_mount(self) -> None:
        """Name the pane."""
        self._titles()

    def show(
        self,
        releases: Sequence[Release],
        *,
        running: str = "",
        target: str = "",
        suspect: str = "",
        now: datetime | None = None,
    ) -> None:
        """Show these releases, newest first; the other texts are identities. The cursor stays."""
        fresh = (tuple(releases), running, target)
        if suspect != self.suspect:
            self.suspect = suspect
            self.refresh()
        new_day = now is not None and now.date() != self.now.date()
        old = (self.releases, self.running, self.target)
        # Mostly it is the very same list: thousands are not compared each second.
        same = fresh[0] is old[0] or fresh[0] == old[0]
        if same and fresh[1:] == old[1:] and releases and not new_day:
            return
        held, before, seen_at = self.highlighted, self.releases, self.cursor - self.top
        self.releases, self.running, self.target = fresh
        self.now = now or self.now
        self.words, self.words_tone = "No releases were found.", "tone--warning"
        if held is None:
            wanted = target or next((one.identity for one in self.releases if self._proposed(one)), "")
            places = [at for at, one in enumerate(self.releases) if wanted and one.identity == wanted]
            self.stand_on(places[0] if places else min(self.cursor, max(0, len(self.releases) - 1)))
        else:
            place = _place_of(before, self.cursor, self.releases)
            self.top = max(0, place - seen_at)  # who reads sees the same line where it was, whatever came above it
            self.stand_on(place)
        self.top = min(self.top, self.last_top)
        self._titles()
        self.refresh()
        if self.highlighted is not None and self.highlighted != held:
            self.post_message(self.ReleaseHighlighted(self, self.highlighted))

    def _proposed(self, release: Release) -> bool:
        return release.identity != self.running and release.way_back in (WayBack.READY, WayBack.PROTECTED)

    def show_loading(self, words: str = "Reading the releases …") -> None:
        """Say that they are being read; a list that is there stays."""
        self._say(words, "tone--dim")

    def show_error(self, words: str) -> None:
        """Say why there is no (fresh) list; a list that is there stays."""
        self._say(words, "tone--error")

    def show_note(self, words: str) -> None:
        """Say something of a list that is there, in the border; an empty text takes it back."""
        self._titles(harmless(words))

    def go_by(self, way: str) -> None:
        """Say of which way back these are the releases; empty: there is one only."""
        if way != self.way:
            self.way = way
            self._titles(self._side)
            self.refresh()

    def show_schema(self, schema: Mapping[str, tuple[str, str]] | None) -> None:
        """Show these verdicts; one that is missing has not been read yet."""
        if schema != self.schema:
            self.schema = schema
            self._titles(self._side)
            self.refresh()

    def show_history(
        self, history: History | None, *, more: bool = False, proposal: tuple[str, str] = ("", "")
    ) -> None:
        """Show what this history knows of each release; None: nothing is known of any.

        ``proposal``: identity of the one to go back to, and the word that its row says of it.
        """
        self.more = more
        if proposal != self.proposal:
            self.proposal = proposal
            self.refresh()
        if history is not self.history:
            self.history = history
            self._lives.clear()
            self._titles(self._side)
            self.refresh()

    def show_behind(self, words: str) -> None:
        """Say how the highlighted release differs from what runs; an empty text: not known yet."""
        if words != self.behind:
            self.behind = words
            self._titles(self._side)

    def _why(self) -> str:
        """The verdict of the release under the cursor, why, and what else is known of it."""
        release = self.highlighted
        if release is None:
            return ""
        parts = []
        if self.schema is not None:
            from widgets.schema_cell import schema_mark

            word, why = self.schema.get(release.identity, ("", ""))
            parts.append(f"schema {schema_mark(word).text}{f': {why}' if why else ''}")
        life = self._life(release)
        if self._tells and life is not None and life.judged is not None:
            mine = release.identity == self.proposal[0]
            parts += [f"{self.proposal[1]}: {life.judged.brief}" if mine else life.judged.brief]
        return harmless(joined((*parts, self.behind)))

    @property
    def _tells(self) -> bool:
        """Whether there is anything to be said in a column of its own."""
        return self.history is not None and self.history.tells

    def _life(self, release: Release) -> Life | None:
        """What the history knows of a release; worked out when it is seen first."""
        if self.history is None:
            return None
        found = self._lives.get(release.identity)
        if found is None:
            row = self.history.of(release.identity)
            found = self._lives[release.identity] = _life_of(self.history, row) if row is not None else Life(None)
        return found

    def _say(self, words: str, tone: str) -> None:
        self.words, self.words_tone = harmless(words), tone
        self._titles(words if self.releases else "")
        self.refresh()

    def _titles(self, words: str = "") -> None:
        count = f"{len(self.releases)} release{'s' if len(self.releases) > 1 else ''}" if self.releases else ""
        self._side = words
        found = f"find: {harmless(self.text)}" if self.text else ""
        side = joined((found, words or self._why() or count))
        self.set_titles(f"{self.title} by {self.way}" if self.way else self.title, side)

    def retitle(self) -> None:
        """What is looked for stands in the border."""
        self._titles(self._side)

    def highlight(self, identity: str) -> None:
        """Stand on the release with this identity, if it is there."""
        place = next((at for at, one in enumerate(self.releases) if one.identity == identity), None)
        if place is not None and self.stand_on(place):
            self.moved()

    @property
    def highlighted(self) -> Release | None:
        """The release under the cursor, or None."""
        return self.releases[self.cursor] if self.cursor < len(self.releases) else None

    @property
    def row_count(self) -> int:
        """Releases, or the one line of words."""
        return len(self.releases) or 1

    def head(self, width: int) -> Row | None:
        """The names of the columns."""
        if not self.releases:
            return None
        shown = columns_of(width - 2, schema=self.schema is not None, health=self._tells)
        names = [(f"by {self.way}" if name == "release" and self.way else name, size) for name, size in shown]
        return (("   " + "".join(fit(name, size) for name, size in names) + "note", "tone--dim"),)

    def row(self, index: int, width: int) -> Row:
        """One release, or the words."""
        if not self.releases:
            return ((self.words, self.words_tone),)
        release = self.releases[index]
        life = self._life(release)
        if life is not None and life.release is not None:
            release = life.release
        mine = self.releases[index].identity
        running = mine == self.running if self.running else release.way_back is WayBack.RUNNING
        return release_row(
            release,
            width,
            self.now,
            running=running,
            target=bool(mine) and mine == self.target,
            suspect=bool(mine) and mine == self.suspect,
            schema=None if self.schema is None else self.schema.get(mine, ("", ""))[0],
            life=life,
            health=self._tells,
            proposed=self.proposal[1] if mine and mine == self.proposal[0] else "",
        )

    def can_stand(self, index: int) -> bool:
        """On releases."""
        return index < len(self.releases)

    def moved(self) -> None:
        """Tell where the cursor stands."""
        self.behind = ""
        if self.schema is not None or self.history is not None or self.text:
            self._titles(self._side)
        if self.more and self.cursor + NEAR * self.page >= len(self.releases):
            self.post_message(self.MoreWanted())
        if self.highlighted is not None:
            self.post_message(self.ReleaseHighlighted(self, self.highlighted))

    def action_choose(self) -> None:
        """Enter."""
        if self.highlighted is not None:
            self.post_message(self.ReleaseChosen(self, self.highlighted))

    def action_detail(self) -> None:
        """All of it."""
        if self.highlighted is not None:
            self.post_message(self.DetailWanted(self, self.highlighted))

    def action_golden(self) -> None:
        """Pin it, or take the pin back."""
        if self.highlighted is not None:
            self.post_message(self.GoldenWanted(self, self.highlighted))

    def action_every(self) -> None:
        """Every commit, or those that were deployed or named."""
        self.post_message(self.EveryWanted())


def _place_of(before: Sequence[Release], cursor: int, after: Sequence[Release]) -> int:
    """Where the highlighted release stands now; where it is gone, the nearest one that was beside it and is there."""
    held = _key(before[cursor])
    there = next((place for place, one in enumerate(after) if _key(one) == held), None)
    if there is not None:
        return there
    at = {_key(one): place for place, one in reversed(list(enumerate(after)))}
    for away in range(len(before)):
        for place in (cursor - away, cursor + away):
            if 0 <= place < len(before) and _key(before[place]) in at:
                return at[_key(before[place])]
    return min(cursor, max(0, len(after) - 1))


def _key(release: Release) -> str:
    return release.identity or f"called {release.name}"


def _life_of(history: History, row: HistoryRow) -> Life:
    from actions.model.last_good import judge  # there is a history: the screen stands

    only = "" if row.own else row.sources[0]
    said = "sources differ (x)" if row.conflicts else ""
    return Life(judge(history, row), row.pin is not None, only, said, row.release, row.also)
