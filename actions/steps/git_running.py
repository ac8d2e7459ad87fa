"""Reads which commit runs, once, as ``git.running`` says; waiting for one and recording it is left to the proof."""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.model.effect import ObserveCommit
from actions.model.errors import GoaroundError
from actions.model.events import Body
from actions.model.git_text import is_full_id
from actions.model.ports import World
from actions.model.system import GitTable, RunningCommit, Settings
from actions.steps.perform_commit import NotTold, commit_seen

NO_READER = "git.running is not configured, so nobody can tell which commit runs"


@dataclass(frozen=True)
class Running:
    """The full id of the running commit, or empty and the reason."""

    commit: str
    why: str = ""


@dataclass(frozen=True)
class CommitReader:
    """How the running commit is learned; the part of ``ObserveCommit`` that does not depend on what is wanted."""

    host: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    json_field: str = ""
    deadline_s: int = 120
    """Seconds until the wanted commit must be told, when it is waited for."""

    @staticmethod
    def of(table: RunningCommit | None, host: str) -> CommitReader | None:
        """The reader that the configuration describes; None when it describes none. ``host`` runs its command."""
        if table is None:
            return None
        if table.url:
            return CommitReader(url=table.url, headers=table.headers, json_field=table.field, deadline_s=table.deadline)
        return CommitReader(
            host=host,
            argv=table.command,
            cwd=table.directory,
            json_field=table.field,
            deadline_s=table.deadline,
        )

    def wanting(self, commit: str) -> ObserveCommit:
        """The effect that waits until ``commit`` runs."""
        return ObserveCommit(
            want=commit,
            host=self.host,
            argv=self.argv,
            cwd=self.cwd,
            url=self.url,
            headers=self.headers,
            json_field=self.json_field,
            deadline_s=self.deadline_s,
        )


class Silent:
    """Takes what a reading outside of a step would tell; nothing of it belongs into a record."""

    def line(self, text: str) -> None:
        """Not kept."""

    def record(self, body: Body) -> None:
        """Not kept."""

    def stopping(self) -> bool:
        """A single reading is short and is not stopped."""
        return False


def read_running(reader: CommitReader | None, world: World) -> Running:
    """Ask once. A short id, no id, or no answer is not known, with the reason in one line."""
    if reader is None:
        return Running("", NO_READER)
    try:
        seen = commit_seen(reader.wanting(""), world, Silent()).lower()
    except NotTold as reason:
        return Running("", f"the running commit is not told: {world.redact(str(reason))}")
    except GoaroundError as error:
        return Running("", f"the running commit cannot be read: {world.redact(error.line())}")
    if not is_full_id(seen):
        return Running("", f"{seen[:60]!r} is told as the running commit, which is no full commit id")
    return Running(seen)


def deploy_host(settings: Settings, table: GitTable) -> str:
    """Where the deploy command runs, and where its history of deployments lies."""
    if table.deploy_on == "host" or settings.system.host == "local":
        return settings.system.host
    return "jump host"
