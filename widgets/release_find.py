"""Finding a release in its pane: ``/`` asks for a text, ``n`` and ``N`` go on. What a text means is the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.row_view import RowView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model.release import Release
    from actions.model.release_history import History


class FindsReleases(RowView):
    """A pane of releases in which one can be looked for. With fewer than two, its keys are the whole cockpit's."""

    releases: tuple[Release, ...]
    history: History | None

    class FindWanted(Message):
        """The operator wants to find a release; answer with ``find``."""

    class NotFound(Message):
        """There is no other one in that direction."""

        def __init__(self, text: str, way: int) -> None:
            super().__init__()
            self.text = text
            self.way = way

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash",
            "find",
            "find",
            id="history.find",
            tooltip="Find a release: a name, the beginning of an id, a word, a day",
            show=False,
        ),
        Binding("n", "found(1)", "next found", id="history.next_found", tooltip="To the next one found", show=False),
        Binding(
            "N", "found(-1)", "previous found", id="history.previous_found", tooltip="To the one before", show=False
        ),
    ]

    def __init__(
        self, title: str = "Releases", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.text = ""
        """What is looked for."""

    def retitle(self) -> None:
        """What is looked for stands in the border."""

    def find(self, text: str) -> bool:
        """Look for a text, from the cursor down and then from the top; an empty text ends it. False: it is nowhere."""
        self.text = text
        self.retitle()
        if not text:
            return True
        count = len(self.releases)
        return self._seek([*range(self.cursor, count), *range(min(self.cursor, count))])

    def action_find(self) -> None:
        """Ask for a text."""
        if len(self.releases) < 2:
            raise SkipAction
        self.post_message(self.FindWanted())

    def action_found(self, way: int) -> None:
        """To the next (1) or previous (-1) one that holds the text; with none looked for, the key is the cockpit's."""
        if not self.text:
            raise SkipAction
        onward = range(self.cursor + way, len(self.releases) if way > 0 else -1, way)
        if not self._seek(onward):
            self.post_message(self.NotFound(self.text, way))

    def _seek(self, places: Sequence[int]) -> bool:
        from actions.model.release_search import means  # somebody looks: the screen stands

        for place in places:
            if means(self.text, self.releases[place], self.history):
                self.stand_on(place)
                self.moved()
                return True
        return False
