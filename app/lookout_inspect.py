"""The whole inspection of the newest backup, for the lookout: what a restore would refuse turns the gate red, too.

Which backup is looked at again, and when, is left to ``lookout_backup``.
"""

from __future__ import annotations

from actions.model.backup_file import PARTIAL, BackupFile, Inspected, Trouble
from actions.model.backup_trend import trend_words
from actions.model.database_client import DatabaseClient
from actions.model.effect_files import FILES
from actions.model.errors import GoaroundError
from app.lookout_reach import Reach
from app.session import Session


class NewestBackup:
    """The newest backup of a session whose configuration names its database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._reach = Reach(session)
        self._before = 0
        """Bytes of the one before the newest; 0: there is none."""

    def _client(self) -> DatabaseClient | None:
        try:
            return self._reach.client()
        except GoaroundError:  # the file can be read all the same
            return None

    def find(self) -> BackupFile | None:
        """The newest that nobody writes to any more; also one that was made here. Raises what listing raises."""
        from actions.steps.backups import backups

        found = backups(self.session.settings, self.session.world(), self._client())
        done = [one for one in found if not _unfinished(one)]
        self._before = next((one.size for one in done[1:] if one.format is done[0].format and one.size), 0)
        return done[0] if done else None

    def read(self, backup: BackupFile) -> tuple[bool, str, bool]:
        """Whether it could be restored, what was found in words, and whether that stands for good."""
        from actions.steps.backup_inspect import inspect

        session = self.session
        if backup.path.endswith(FILES):
            return self._files(backup)
        found = inspect(session.world(), self._client(), backup, session.settings.database)
        codes = {one.code for one in (*found.problems, *found.warnings)}
        return found.usable, self._words(found), Trouble.UNREADABLE not in codes

    def _files(self, backup: BackupFile) -> tuple[bool, str, bool]:
        """A copy of its files counts as what it is: whole, and for a server of one version; no dump."""
        from actions.steps.database_files import read_files
        from actions.steps.host_files import sha256_of
        from actions.steps.perform_ground import host_of

        host = host_of(self.session.world(), backup.host)
        kept = read_files(host, backup.path, backup.manifest_path)
        if kept is None or sha256_of(host, backup.path) != kept.sha256:
            return False, "the files of a server that was down: not what stands beside them", True
        return True, f"the files of a server that was down, whole: for a server of version {kept.server_version}", True

    def _words(self, found: Inspected) -> str:
        if not found.usable:
            return "; ".join(one.words for one in found.problems[:2]) or "it is not whole"
        rows, tables = sum(found.facts.rows.values()), len(found.facts.rows)
        words = [f"read whole: {rows} rows in {tables} tables" if tables else "read whole"]
        words += filter(None, [trend_words(found.backup.size, self._before)])
        proven = found.backup.proven
        if proven is not None and proven.sha256 == found.backup.sha256:
            words.append(f"proven by a restore {proven.at[:10]}")
        return "; ".join([", ".join(words), *(one.words for one in found.warnings[:1])])


def _unfinished(one: BackupFile) -> bool:
    """A dump that is being written is not the newest yet."""
    return one.path.endswith(PARTIAL) or "still being written" in one.problem
