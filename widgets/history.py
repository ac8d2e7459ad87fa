"""The release history: what ran when, what runs now, where the plan leads, and what can still be gone back to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.release import Release, WayBack, short_id
from widgets.painted import Row
from widgets.presentation import WAYS_BACK, day_text, fit, harmless, joined
from widgets.row_view import RowView

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


def release_row(
    release: Release, width: int, now: datetime, *, running: bool, target: bool, suspect: bool = False
) -> Row:
    """One release; ``width`` in cells. The glyph before the name: ``●`` runs now, ``▶`` the plan's target."""
    way = WAYS_BACK[release.way_back]
    glyph = "▶" if target else "●" if running else " "
    tone = "tone--title" if target else "tone--running" if running else ""
    row: list[tuple[str, str]] = [(f"{glyph} ", tone)]
    cut = ""
    for name, size in columns(width):
        if name == "way back":
            row.append((fit(way.text, size - 1) + " ", way.style_class))
            cut = way.word if len(way.text) > size - 1 else ""
            continue
        row.append((fit(_cell(release, name, now), size - 1) + " ", tone if name == "release" else ""))
    if suspect:
        row.append(("suspect ", "tone--error"))
    words = harmless(joined((cut, release.note, release.subject)))
    row.append((words, "tone--warning" if cut or release.note else "tone--dim"))
    return tuple(row)


def _cell(release: Release, name: str, now: datetime) -> str:
    if name == "release":
        return harmless(release.name)
    if name == "live since":
        if release.live_since:
            return day_text(release.live_since, now)
        return f"made {day_text(release.created, now)}" if release.created else "–"
    if name == "ended":
        return harmless(release.ended) or "–"
    if len(set(release.images.values())) > 1:
        return f"{len(set(release.images.values()))} images"
    return harmless(short_id(release.identity)) or "–"


class ReleaseHistory(RowView):
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

    DEFAULT_CSS = "ReleaseHistory { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "go back to it", id="history.choose", tooltip="Go back to this release", show=False)
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
        self._side = ""

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
        if fresh == (self.releases, self.running, self.target) and releases and not new_day:
            return
        held = self.highlighted
        self.releases, self.running, self.target = fresh
        self.now = now or self.now
        self.words, self.words_tone = "No releases were found.", "tone--warning"
        places = [at for at, one in enumerate(self.releases) if held and one.identity == held.identity]
        if held is None:
            wanted = target or next((one.identity for one in self.releases if self._proposed(one)), "")
            places = [at for at, one in enumerate(self.releases) if wanted and one.identity == wanted]
        self.stand_on(places[0] if places else min(self.cursor, max(0, len(self.releases) - 1)))
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

    def _say(self, words: str, tone: str) -> None:
        self.words, self.words_tone = harmless(words), tone
        self._titles(words if self.releases else "")
        self.refresh()

    def _titles(self, words: str = "") -> None:
        count = f"{len(self.releases)} release{'s' if len(self.releases) > 1 else ''}" if self.releases else ""
        self._side = words
        self.set_titles(f"{self.title} by {self.way}" if self.way else self.title, words or count)

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
        names = [
            (f"by {self.way}" if name == "release" and self.way else name, size) for name, size in columns(width - 2)
        ]
        return (("   " + "".join(fit(name, size) for name, size in names) + "note", "tone--dim"),)

    def row(self, index: int, width: int) -> Row:
        """One release, or the words."""
        if not self.releases:
            return ((self.words, self.words_tone),)
        release = self.releases[index]
        mine = release.identity
        running = mine == self.running if self.running else release.way_back is WayBack.RUNNING
        return release_row(
            release,
            width,
            self.now,
            running=running,
            target=bool(mine) and mine == self.target,
            suspect=bool(mine) and mine == self.suspect,
        )

    def can_stand(self, index: int) -> bool:
        """On releases."""
        return index < len(self.releases)

    def moved(self) -> None:
        """Tell where the cursor stands."""
        if self.highlighted is not None:
            self.post_message(self.ReleaseHighlighted(self, self.highlighted))

    def action_choose(self) -> None:
        """Enter."""
        if self.highlighted is not None:
            self.post_message(self.ReleaseChosen(self, self.highlighted))
