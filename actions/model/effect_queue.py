"""The effect that asks how many tasks wait; it takes none, and what it finds holds nothing up."""

from __future__ import annotations

import shlex
from typing import ClassVar

from actions.model.django_code import DjangoCode
from actions.model.effect_words import place
from actions.model.queue_depth import ASK_CELERY
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class AskQueue:
    """How many tasks wait, told by a configured command, or by Celery in a one-off container of its worker."""

    kind: ClassVar[str] = "ask-queue"
    host: str
    when: str
    """``before`` or ``after`` the writers are stopped."""
    command: tuple[str, ...] = ()
    cwd: str = ""
    worker: DjangoCode | None = None
    """The worker's code, where there is no command."""
    app: str = ""
    """The Celery application."""
    names: tuple[str, ...] = ()
    """Queues; empty: those that the application has."""
    python: str = "python"
    deadline_s: int = 60

    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The programs in a row."""
        if self.worker is None:
            return (self.command,)
        return self.worker.stages("-c", ASK_CELERY, self.app, *self.names, program=(self.python,))

    def lines(self) -> tuple[str, ...]:
        how = [f"  run    {shlex.join(self.command)}"]
        if self.worker is not None:
            asked = f"Celery's own Python asks the broker of {self.app} for its queues"
            how = [f"  then   in {self.worker.where()}:", f"         {asked}"]
        return (
            place(self.host, self.cwd),
            *how,
            f"         how many tasks wait {self.when} the writers are stopped; nothing is taken",
        )
