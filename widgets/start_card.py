"""The card that stands on top while no incident is open: which system this is, what runs, and what Enter begins."""

from __future__ import annotations

from textual.strip import Strip

from actions.model.quick_dataclass import dataclass
from widgets.painted import Painted, Row, wrapped
from widgets.presentation import harmless


@dataclass(frozen=True)
class StartFacts:
    """What is known before anything is declared."""

    system: str = ""
    environment: str = ""
    host: str = ""
    running: str = ""
    """The release that runs, in words; empty: not known yet."""
    blocked: str = ""
    """Why Enter declares nothing here, when it does not."""
    parked: tuple[str, ...] = ()
    """Records that wait for their debts, in words, most urgent first."""
    overdue: bool = False
    """Something of theirs is overdue."""


def start_rows(facts: StartFacts) -> tuple[Row, ...]:
    """The card's lines, unwrapped."""
    system = harmless(facts.system)
    runs = harmless(facts.running) or "... (is being read)"
    where: Row = ((f"{system}, {harmless(facts.environment)}, on {harmless(facts.host)}, runs {runs}", ""),)
    if facts.blocked:
        first: Row = ((f"You only look on: {harmless(facts.blocked)}", "tone--warning"),)
    else:
        words = " declares an incident: the clock starts, nothing on the system changes."
        first = (("Something broken? ", "tone--title"), ("Enter", "tone--key"), (words, "tone--title"))
    rest: Row = (("Only looking? 1 to 6 show the panes, ? the keys, q leaves.", "tone--dim"),)
    return (where, *_parked(facts), first, rest)


def _parked(facts: StartFacts) -> tuple[Row, ...]:
    """What is parked, and the key that opens the most urgent one."""
    if not facts.parked:
        return ()
    more = len(facts.parked) - 1
    others = f"; and {more} more: goaround debts lists them" if more else ""
    tone = "tone--failed" if facts.overdue else "tone--warning"
    return (
        (
            (f"◆ PARKED {harmless(facts.parked[0])}. ", tone),
            ("D", "tone--key"),
            (f" opens it{others}", ""),
        ),
    )


class StartCard(Painted):
    """A box with three sentences. ``show`` it the facts."""

    DEFAULT_CSS = "StartCard { height: auto; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.facts = StartFacts()

    def on_mount(self) -> None:
        """Say in the border what state this is."""
        self.set_titles("No incident is open")

    def show(self, facts: StartFacts) -> None:
        """Show these facts; equal facts cost nothing."""
        if facts != self.facts:
            self.facts = facts
            self.refresh(layout=True)

    def lines(self, width: int) -> list[Row]:
        """The sentences, wrapped; what does not change width for width is kept whole."""
        return [line for row in start_rows(self.facts) for line in wrapped(row, max(8, width))]

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return len(self.lines(width))

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        lines = self.lines(width)
        return self.painted(lines[y] if y < len(lines) else (), width)
