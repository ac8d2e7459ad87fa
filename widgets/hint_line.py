"""One line that says what the highlighted step would do, where the preview is not seen beside the list."""

from __future__ import annotations

from textual.strip import Strip

from actions.model.after_failure import after_failure
from actions.model.clock import span
from actions.model.effect import shown
from actions.model.incident import Incident
from widgets.painted import Painted, Row
from widgets.presentation import harmless


def hint_row(incident: Incident, code: str) -> Row:
    """``X2: docker compose … up -d web · reversible · about 20 s``; empty for what is no step."""
    step = incident.plan.step(code) if incident.plan else None
    if step is None:
        return ()
    failed = after_failure(incident, code)
    if failed:
        return ((f" {code}: ", "tone--key"), ("✖ failed · ", "tone--failed"), (failed, "tone--title"))
    lines = [line.strip() for line in shown(step.effects) if not line.startswith("on ")]
    what = " ".join(lines[0].split()[1:]) if lines else step.title
    about = f"{step.risk.value} · about {span(step.about_s)} · "
    return ((f" {code}: ", "tone--key"), (about, "tone--title"), (harmless(what), "tone--dim"))


class HintLine(Painted):
    """One line. ``show`` it the incident and the code of the highlighted item."""

    DEFAULT_CSS = "HintLine { height: 1; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.line: Row = ()

    def show(self, incident: Incident, code: str) -> None:
        """Show what this item would do."""
        fresh = hint_row(incident, code)
        if fresh != self.line:
            self.line = fresh
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        return self.painted(self.line if y == 0 else (), self.content_size.width)
