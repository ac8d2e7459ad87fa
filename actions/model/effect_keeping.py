"""What effects have in common that keep a file: its name while it is written, and what stands beside it."""

from __future__ import annotations


class KeepsFile:
    """A file that gets its name ``path`` only when it is whole."""

    path: str

    @property
    def partial(self) -> str:
        """Its name while it is being written."""
        from actions.model.backup_file import PARTIAL  # plans in which nothing is kept do not wait for it

        return self.path + PARTIAL

    @property
    def manifest(self) -> str:
        """What stands beside it."""
        from actions.model.backup_file import MANIFEST

        return self.path + MANIFEST
