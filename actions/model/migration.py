"""One migration of Django, by its name: what plans hold of it. What may be done with it is ``migrations``'s to say."""

from __future__ import annotations

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Migration:
    """One migration: the label of its app and its name."""

    app: str
    name: str

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"
