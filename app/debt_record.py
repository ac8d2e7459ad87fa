"""A record whose debts are changed: it stays the one that was meant, whatever a cockpit turns to meanwhile.

Paying and assigning are left to ``debt_desk``; command line and cockpit use the same desk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.secret import Redactor, edge
from actions.model.system import Settings
from app.approval_desk import Desk
from app.secrets_in import redactor_for
from app.settings import Loaded

if TYPE_CHECKING:
    from app.session import Session


class DebtDesk(Desk):
    """A desk that knows the secrets of a configuration: what people write goes through it."""

    loaded: Loaded | None = None
    redactor: Redactor | None = None
    """Of a session, which has made one already."""

    @property
    def settings(self) -> Settings | None:
        """What is configured, where anything is."""
        return self.loaded.settings if self.loaded else None

    def clean(self, text: str, limit: int = 2000) -> str:
        """Safe for screen and record: no control characters, no known secret."""
        if self.loaded is None:
            return super().clean(text, limit)
        return edge(text, self.redactor or redactor_for(self.loaded.settings))[:limit].strip()


def desk_of(session: Session) -> DebtDesk:
    """The record that a session shows now, under the configuration that holds for it."""
    desk = DebtDesk(session.journal, session.clock, session.who, session.incident)
    desk.loaded, desk.redactor = session.loaded, session.redactor
    return desk
