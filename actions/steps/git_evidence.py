"""What the git option keeps before it changes anything: logs, the history of deployments, the state of the clone.

Nothing here touches the clone: an uncommitted change is saved as a patch and stays where it is.
"""

from __future__ import annotations

from actions.model.effect import CollectFile, CollectOutput
from actions.model.git_text import NEVER_ASK
from actions.model.system import GitTable, SystemTable
from actions.steps.evidence import KeepEvidence, private_words
from actions.steps.git_branch import Clone

LOG_BYTES = 64 * 1024 * 1024
"""Newest bytes kept of each log file."""


def keep_logs(system: SystemTable, table: GitTable, deploy_host: str) -> KeepEvidence | None:
    """The configured log files and the history of deployments; None when neither is configured."""
    names = _evidence_names(system.logs)
    files = [
        CollectFile(system.host, path, name, limit_bytes=LOG_BYTES)
        for path, name in zip(system.logs, names, strict=True)
    ]
    if table.deployments:
        files.append(CollectFile(deploy_host, table.deployments, "deployments.jsonl", limit_bytes=LOG_BYTES))
    if not files:
        return None
    return KeepEvidence(
        title_text="Keep the logs of the release that runs now",
        expected_text=f"{len(files)} file{'' if len(files) == 1 else 's'} kept: {', '.join(f.name for f in files)}",
        collects=tuple(files),
    )


def keep_clone(clone: Clone, readers: tuple[str, ...] = ()) -> KeepEvidence:
    """Refs here and on the remote; with a work tree, its state and its uncommitted changes as a private patch.

    ``readers``: those who can open the patch; empty: it is not encrypted.
    """
    git = ("git", f"--git-dir={clone.git_dir}", "--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false")
    asking = ("env", *(f"{key}={value}" for key, value in sorted(NEVER_ASK.items())))

    def read(name: str, *argv: str, private: bool = False) -> CollectOutput:
        return CollectOutput(
            clone.host,
            argv,
            name,
            cwd=clone.directory,
            private=private,
            merge_stderr=not private,
            encrypt_to=readers if private else (),
        )

    items = [
        read("git-remote-refs.txt", *asking, *git, "ls-remote", clone.remote),
        read("git-refs.txt", *git, "for-each-ref"),
    ]
    if clone.git_dir != clone.directory:
        items += [
            read("git-status.txt", *git, "status", "--porcelain=v2", "--branch", "--ignore-submodules=dirty"),
            # May hold what nobody meant to publish, so it stays here.
            read("git-uncommitted.patch", *git, "diff", "--binary", "--no-ext-diff", "HEAD", private=True),
        ]
    expected = [f"{len(items)} readings kept: {', '.join(item.name for item in items)}"]
    if any(item.private for item in items):
        expected += [private_words(readers), "NOT kept: files that git does not track"]
    return KeepEvidence(
        title_text="Keep the state of the clone and of the remote",
        expected_text="; ".join(expected),
        collects=tuple(items),
    )


def _evidence_names(paths: tuple[str, ...]) -> list[str]:
    """A file name for each path, no two the same."""
    names: list[str] = []
    for path in paths:
        base = path.rstrip("/").rpartition("/")[2] or "log"
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names
