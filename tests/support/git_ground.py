"""Real repositories for tests: a bare remote, an operator's clone, a history with releases; nothing is faked."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


def git(folder: Path, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b"") -> str:
    """Run git in a folder as a careful operator would; raises with git's words when it fails."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        timeout=110,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "replace").strip()


def commit(folder: Path, subject: str | bytes, at: int, *, author: str = "Ada Admin") -> str:
    """An empty commit on the current branch, dated `at` (seconds since 1970, UTC). Returns its full id."""
    who = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.org"}
    when = {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
    text = subject.encode() if isinstance(subject, str) else subject
    options = ("--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-q", "-F", "-")
    git(folder, "commit", *options, env={**who, **when}, stdin=text)
    return git(folder, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Ground:
    """A bare remote and a clone of it, with releases v1, v2, v3, oldest first; v3 is the newest on main."""

    remote: Path
    clone: Path
    shas: tuple[str, ...]

    def refs(self) -> dict[str, str]:
        """What the remote really holds."""
        lines = git(self.remote, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def table(self, *lines: str) -> str:
        """The `[git]` table of a configuration for the clone, with further lines."""
        return "\n".join(("[git]", f'repository = "{self.clone}"', *lines, ""))

    def hook(self, name: str, script: str) -> None:
        """Install a hook on the remote."""
        path = self.remote / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def make_ground(folder: Path, *, count: int = 3, object_format: str = "sha1") -> Ground:
    """Build it; commits are a day apart from 2026-11-01 on."""
    remote, work, clone = folder / "origin.git", folder / "work", folder / "clone"
    git(folder, "init", "-q", "--bare", f"--object-format={object_format}", str(remote))
    git(folder, "init", "-q", f"--object-format={object_format}", str(work))
    shas = []
    for number in range(1, count + 1):
        (work / "app.py").write_text(f"VERSION = {number}\n")
        git(work, "add", "app.py")
        shas.append(commit(work, f"Release {number}", 1793523600 + 86400 * number))
        git(work, "tag", f"v{number}")
    git(work, "remote", "add", "origin", str(remote))
    git(work, "push", "-q", "origin", "main", "--tags")
    git(folder, "clone", "-q", str(remote), str(clone))
    return Ground(remote, clone, tuple(shas))


def fingerprint(folder: Path) -> str:
    """One hash over every file below a folder, the index and the refs too: equal only when nothing was touched.

    Remote-tracking refs and the logs of them are left out: a push notes there what it learned.
    """
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        if inside.startswith((".git/refs/remotes", ".git/logs/refs/remotes")):
            continue
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
        content = os.readlink(path).encode() if kind == "link" else path.read_bytes() if kind == "file" else b""
        found.update(f"{inside}\0{kind}\0{path.lstat().st_mode}\0".encode() + hashlib.sha256(content).digest())
    return found.hexdigest()


@contextmanager
def http_server(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[str]:
    """A local web server that gives one answer to everything. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
