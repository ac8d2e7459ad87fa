"""Reads a git repository: commits, tags, remotes, differences. Never writes to it; pushing is an effect of a step.

Only full object ids are given to git (a tag may be named like a short one), names never. Texts are sanitised here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actions.gateways.git_order import newest_first
from actions.gateways.git_reading import LOCAL_S, NETWORK_S, Answer, failure, run_git
from actions.model.clock import stamp
from actions.model.errors import BadInput, CommandFailed, GoaroundError, Refused
from actions.model.git_text import is_full_id, refusal, shown_url
from actions.model.outside_text import sanitise
from actions.model.ports import Commit, Difference

_CLONE = "set git.repository to a clone of the application on this machine"
# Cut by git itself, so that a subject of a megabyte is not read 200 times; columns, not bytes.
_FORMAT = "--format=tformat:%H %P%x00%ct%x00%<(200,trunc)%an%x00%<(300,trunc)%s"
_DIRTY_SHOWN = 50


class GitRepository:
    """Implements ``ports.Repository`` for a clone (with or without work tree, shallow or not) on this machine."""

    def __init__(self, path: str, *, local_s: float = LOCAL_S, network_s: float = NETWORK_S) -> None:
        """``path`` is the top of the clone; nothing is read yet. Deadlines are in seconds, for each git command."""
        self._path = path
        self._local_s = local_s
        self._network_s = network_s
        self._checked = False

    def git_dir(self) -> str:
        """The absolute git folder; the clone's own path when it is bare."""
        answer = self._ok("rev-parse", "--absolute-git-dir")
        return answer.out.rstrip(b"\n").decode("utf-8", "surrogateescape")

    def is_shallow(self) -> bool:
        """Whether its history was cut off: what is not there may be older than all that is."""
        return self._ok("rev-parse", "--is-shallow-repository").out.strip() == b"true"

    def commits(self, limit: int = 200) -> tuple[Commit, ...]:
        """Newest first, none before what came of it (whatever a clock said), from all tags, remote branches and HEAD:
        the newest ``limit``, and besides them every tagged commit of the newest ``limit`` tags, so that no release is
        missing because much was merged since."""
        tags = self._tags()
        tips = ["--tags", "--remotes"]
        if self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").status == 0:
            tips.append("HEAD")
        found = {row[0].id: row for row in self._log(tags, f"--max-count={max(1, limit)}", *tips)}
        far = [sha for sha in tags if sha not in found][:limit]
        for start in range(0, len(far), 100):
            rows = self._log(tags, "--no-walk=unsorted", *far[start : start + 100])
            found.update((row[0].id, row) for row in rows)
        return tuple(newest_first(tuple(found.values())))

    def commit(self, full_id: str) -> Commit | None:
        """One commit by its full id, or None when it is not here. Raises BadInput for anything but a full id."""
        if not is_full_id(full_id):
            raise BadInput("a full commit id is needed", sanitise(full_id, limit=80), "give all 40 or 64 digits")
        kind = self._git("cat-file", "-t", full_id)
        if kind.status != 0 or kind.out.strip() != b"commit":
            return None
        points = self._git("for-each-ref", f"--points-at={full_id}", "--format=%(refname)", "refs/tags")
        tags = {full_id: tuple(_tag(name) for name in points.out.splitlines())}
        return next((row for row, _ in self._log(tags, "--no-walk=unsorted", full_id)), None)

    def remote_refs(self, remote: str) -> dict[str, str]:
        """``refs/…`` and ``HEAD`` -> full id, where pushes to this remote go; tags unpeeled. Bounded in time."""
        answer = self._git("ls-remote", "--", self._push_place(remote), timeout_s=self._network_s)
        if answer.status != 0:
            raise failure(answer, f"{sanitise(remote)} cannot be read")
        refs = {}
        for line in answer.out.splitlines():
            sha, _, name = line.decode("utf-8", "replace").partition("\t")
            if is_full_id(sha) and not name.endswith("^{}"):
                refs[sanitise(name)] = sha
        return refs

    def remote_url(self, remote: str) -> str:
        """The push URL, redacted; raises CommandFailed when there is no such remote, Refused when it is unsafe."""
        return shown_url(self._push_url(remote))

    def dirty(self) -> tuple[str, ...]:
        """Paths with uncommitted changes, untracked ones too (at most 50); none for a bare repository."""
        if self._ok("rev-parse", "--is-inside-work-tree").out.strip() != b"true":
            return ()
        answer = self._ok("status", "--porcelain=v2", "-z", "--untracked-files=normal", "--ignore-submodules=dirty")
        paths: list[str] = []
        entries = iter(answer.out.split(b"\0"))
        for entry in entries:
            kind = entry[:2]
            if kind in (b"1 ", b"2 ", b"u ", b"? "):
                fields = {b"1 ": 8, b"2 ": 9, b"u ": 10, b"? ": 1}[kind]
                paths.append(sanitise(entry.split(b" ", fields)[fields], limit=300))
            if kind == b"2 ":
                next(entries, b"")  # the former name of a renamed file follows by itself
        return tuple(paths[:_DIRTY_SHOWN])

    def changed_between(self, old: str, new: str) -> tuple[str, ...]:
        """Paths that differ between two commits, given by full ids; a renamed file counts under both names."""
        for sha in (old, new):
            if self.commit(sha) is None:
                raise BadInput("this commit is not in the clone", sha, "run `git fetch --tags` in the clone")
        answer = self._ok("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", old, new)
        return tuple(sanitise(path, limit=1000) for path in answer.out.split(b"\0") if path)

    def difference(self, old: str, new: str) -> Difference:
        """Paths and lines that differ between two commits, given by full ids; of binary files no lines are counted."""
        for sha in (old, new):
            if self.commit(sha) is None:
                raise BadInput("this commit is not in the clone", sha, "run `git fetch --tags` in the clone")
        answer = self._git(
            "diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", old, new
        )
        if answer.status != 0:  # a clone without blobs tells which files differ all the same
            return Difference(self.changed_between(old, new), counted=False)
        paths, added, removed = [], 0, 0
        for entry in answer.out.split(b"\0"):
            more, _, rest = entry.partition(b"\t")
            less, _, path = rest.partition(b"\t")
            if path:
                paths.append(sanitise(path, limit=1000))
                added += int(more) if more.isdigit() else 0
                removed += int(less) if less.isdigit() else 0
        return Difference(tuple(paths), added, removed)

    def paths(self, full_id: str) -> tuple[str, ...]:
        """Every path of a commit, given by its full id."""
        if self.commit(full_id) is None:
            raise BadInput("this commit is not in the clone", full_id, "run `git fetch --tags` in the clone")
        answer = self._ok("ls-tree", "-r", "-z", "--name-only", "--full-tree", full_id)
        return tuple(sanitise(path, limit=1000) for path in answer.out.split(b"\0") if path)

    def _push_place(self, remote: str) -> str:
        """What ls-remote is given to reach the place that a push reaches: the name, unless pushes go elsewhere."""
        url = self._push_url(remote)
        read = self._ok("remote", "get-url", "--", remote).out.strip().decode("utf-8", "surrogateescape")
        return remote if read == url else url

    def _push_url(self, remote: str) -> str:
        shown = sanitise(remote, limit=80)
        if not remote or remote.startswith("-"):
            raise BadInput("git.remote", f"{shown!r} is no name of a remote", "name one of `git remote`")
        answer = self._git("remote", "get-url", "--push", "--all", "--", remote)
        if answer.status != 0:
            raise CommandFailed(
                f"there is no remote {shown} in {self._path}",
                "",
                "set git.remote to one of `git remote`",
                exit_status=answer.status,
            )
        urls = answer.out.decode("utf-8", "surrogateescape").splitlines()
        if len(urls) != 1:
            raise Refused(
                f"remote {shown} pushes to {len(urls)} places",
                "what became of each could not be told apart",
                "set git.remote to a remote with one push URL",
            )
        _check_transport(shown, urls[0])
        return urls[0]

    def _tags(self) -> dict[str, tuple[str, ...]]:
        """Commit -> names of its tags, newest tags first; tags of anything but a commit are left out."""
        fields = "%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)%00%(refname)"
        answer = self._ok("for-each-ref", "--sort=-creatordate", f"--format={fields}", "refs/tags")
        found: dict[str, tuple[str, ...]] = {}
        for line in answer.out.splitlines():
            sha, kind, inner, inner_kind, name = line.split(b"\0", 4)
            if kind == b"tag":
                sha, kind = inner, inner_kind
            if kind == b"tag":  # a tag of a tag of a commit
                peeled = self._git("rev-parse", "--verify", "--quiet", f"{sha.decode()}^{{commit}}")
                sha, kind = peeled.out.strip(), b"commit" if peeled.status == 0 else b""
            if kind == b"commit":
                key = sha.decode("ascii")
                found[key] = (*found.get(key, ()), _tag(name))
        return found

    def _log(self, tags: dict[str, tuple[str, ...]], *which: str) -> list[tuple[Commit, tuple[str, ...]]]:
        """Each commit with its parents, as git lists them."""
        answer = self._ok("log", "-z", "--encoding=UTF-8", _FORMAT, *which, "--")
        fields = answer.out.split(b"\0")
        rows = zip(*[iter(fields)] * 4, strict=False)
        return [
            (
                Commit(
                    id=(key := (ids := sha.decode("ascii").split())[0]),
                    at=_stamp(seconds),
                    author=sanitise(author).strip(),
                    subject=sanitise(subject).strip(),
                    tags=tags.get(key, ()),
                ),
                tuple(ids[1:]),
            )
            for sha, seconds, author, subject in rows
        ]

    def _ok(self, *arguments: str) -> Answer:
        answer = self._git(*arguments)
        if answer.status != 0:
            raise failure(answer, f"git {arguments[0]} failed in {self._path}")
        return answer

    def _git(self, *arguments: str, timeout_s: float | None = None) -> Answer:
        if not self._checked:
            self._check()
            self._checked = True
        return run_git(self._path, *arguments, timeout_s=timeout_s or self._local_s)

    def _check(self) -> None:
        """The path must be the top of a repository: not a folder somewhere inside another one."""
        shown = sanitise(self._path, limit=200)
        folder = Path(self._path)
        if not folder.is_absolute():
            raise BadInput("git.repository", f"{shown} is no absolute path", _CLONE)
        try:
            there = folder.is_dir()
        except OSError as error:
            raise BadInput("git.repository", f"{shown}: {error.strerror}", _CLONE) from error
        if not there:
            raise BadInput("git.repository", f"there is no folder {shown}", _CLONE)
        answer = run_git(self._path, "rev-parse", "--git-dir", timeout_s=self._local_s)
        if answer.status != 0:
            raise _unusable(answer, shown)


def _unusable(answer: Answer, shown: str) -> GoaroundError:
    known = refusal(answer.err)
    if known is None:
        return failure(answer, f"git cannot read {shown}")
    return BadInput("git.repository", f"{shown}: {known.why}", known.next_move)


def _check_transport(remote: str, url: str) -> None:
    """Raises Refused for a URL that would run a command of its own or pass for an option."""
    import git

    if url.startswith("-"):
        raise Refused(f"remote {remote} is refused", "its URL begins with '-'", "correct the URL of the remote")
    try:
        git.Git.check_unsafe_protocols(url)
    except git.exc.UnsafeProtocolError as error:
        scheme = sanitise(url.partition("::")[0], limit=20)
        raise Refused(
            f"remote {remote} is refused",
            f"its URL begins with {scheme}::, which runs a program of its own",
            "use an ssh, https, http, git or file remote",
        ) from error


def _tag(refname: bytes) -> str:
    return sanitise(refname.removeprefix(b"refs/tags/"), limit=200)


def _stamp(seconds: bytes) -> str:
    """A committer date as a UTC stamp; empty when it is no date that a calendar has."""
    try:
        return stamp(datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError):
        return ""
