"""The repository gateway and its remotes: only what is configured is asked, nobody is asked, and nothing hangs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from git_ground import Ground, git, http_server, make_ground
from patient_deadlines import closed_port, talks_begin
from process_looks import wait_gone

from actions.gateways.repository import GitRepository
from actions.model.errors import CommandFailed, GoaroundError, Refused, Unreachable


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path)


def repository(ground: Ground, **settings: float) -> GitRepository:
    return GitRepository(str(ground.clone), **settings)


def set_url(ground: Ground, url: str) -> None:
    git(ground.clone, "config", "remote.origin.url", url)


def test_remote_refs_are_the_ones_of_the_remote_now(ground: Ground) -> None:
    """The remote is asked, not the clone's memory of it."""
    git(ground.remote, "update-ref", "refs/heads/main", ground.shas[0])
    git(ground.remote, "tag", "-a", "-m", "x", "stable", ground.shas[1], env={"GIT_COMMITTER_DATE": "@5 +0000"})
    refs = repository(ground).remote_refs("origin")
    assert refs == {"HEAD": ground.shas[0], **ground.refs()}


@pytest.mark.parametrize("name", ["", "-x", "--upload-pack=touch x", "nowhere", "../origin.git", "refs/heads/x"])
def test_only_a_configured_remote_is_asked(ground: Ground, name: str) -> None:
    """A remote is a name of this clone: no option, no path, no guess."""
    with pytest.raises(GoaroundError) as caught:
        repository(ground).remote_refs(name)
    assert "git.remote" in caught.value.line()


def test_a_remote_that_runs_a_program_is_refused(ground: Ground, tmp_path: Path) -> None:
    """`ext::` and other helpers never run, in whatever letters they are written."""
    for url in (f"ext::sh -c touch% {tmp_path}/sprung", "EXT::sh -c id", "foo::bar", "-oProxyCommand=id"):
        set_url(ground, url)
        with pytest.raises(Refused):
            repository(ground).remote_refs("origin")
    assert not (tmp_path / "sprung").exists()


def test_an_ssh_host_that_begins_with_a_dash_is_refused(ground: Ground) -> None:
    """An address cannot pass for an option of ssh."""
    set_url(ground, "ssh://-oProxyCommand=id/x")
    with pytest.raises(CommandFailed, match="begins with '-'"):
        repository(ground).remote_refs("origin")


def test_a_remote_that_asks_for_a_password_is_refused(ground: Ground) -> None:
    """Nobody is asked in the middle of an incident; the reason and the way out are told."""
    with http_server(401, {"WWW-Authenticate": 'Basic realm="git"'}) as url:
        set_url(ground, f"{url}/obcms.git")
        with pytest.raises(CommandFailed, match=r"asks for a password.*credential helper"):
            repository(ground).remote_refs("origin")


def test_a_closed_port_is_unreachable(ground: Ground) -> None:
    """A server that is down is told apart from one that refuses us."""
    with closed_port() as port:
        for url in (f"ssh://git@127.0.0.1:{port}/x", f"http://127.0.0.1:{port}/x", f"git://127.0.0.1:{port}/x"):
            set_url(ground, url)
            with pytest.raises(Unreachable, match="does not answer"):
                repository(ground).remote_refs("origin")


def test_a_silent_remote_ends_at_the_deadline_and_leaves_no_process(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remote that hangs costs a bounded time, and what git started for it ends with it."""
    mark = f"goaround-hang-{os.getpid()}"
    script = tmp_path / "hang.sh"
    script.write_text(f"#!/bin/sh\nexec sh -c 'echo $$ > {tmp_path}/pid; sleep 600' {mark}\n")
    script.chmod(0o755)
    git(ground.clone, "config", "core.sshCommand", str(script))
    set_url(ground, "ssh://git@127.0.0.1:1/x")
    told = tmp_path / "pid"
    talks_begin(monkeypatch, lambda: told.exists() and told.read_text().endswith("\n"))  # it hangs from then on
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"no answer within 0\.7 s"):
        repository(ground, network_s=0.7).remote_refs("origin")
    assert time.monotonic() - began < 100, "it would hang for ten minutes"
    wait_gone(int(told.read_text()))


def test_a_remote_with_two_push_places_is_refused(ground: Ground) -> None:
    """Where two places are pushed to, one answer cannot speak for both."""
    for url in ("/one", "/two"):
        git(ground.clone, "remote", "set-url", "--add", "--push", "origin", url)
    with pytest.raises(Refused, match="pushes to 2 places"):
        repository(ground).remote_refs("origin")


def test_the_place_that_is_pushed_to_is_the_one_that_is_asked(ground: Ground, tmp_path: Path) -> None:
    """With a push URL of its own, the remote is asked there: a mirror that lags proves nothing."""
    git(tmp_path, "init", "-q", "--bare", "mirror.git")
    git(ground.clone, "remote", "set-url", "--push", "origin", str(tmp_path / "mirror.git"))
    assert repository(ground).remote_refs("origin") == {}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ghp_secret@example.org/x.git", "https://***@example.org/x.git"),
        ("https://user:secret@example.org/x.git?token=secret", "https://***@example.org/x.git?…"),
        ("ssh://git:secret@example.org/x.git", "ssh://git@example.org/x.git"),
        ("git@example.org:team/x.git", "git@example.org:team/x.git"),
    ],
)
def test_a_shown_url_holds_no_secret(ground: Ground, url: str, shown: str) -> None:
    """A token in a URL reaches neither the screen nor the record."""
    set_url(ground, url)
    assert repository(ground).remote_url("origin") == shown
