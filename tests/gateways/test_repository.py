"""The repository gateway against real git: what it reads, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from git_ground import Ground, commit, fingerprint, git, make_ground

from actions.gateways.git_reading import run_git
from actions.gateways.repository import GitRepository
from actions.model.errors import BadInput, CommandFailed
from actions.model.outside_text import is_clean


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path)


def repository(ground: Ground, **settings: float) -> GitRepository:
    return GitRepository(str(ground.clone), **settings)


def test_commits_come_newest_first_with_their_tags(ground: Ground) -> None:
    """What is shown as history is the history: full ids, times, tags, annotated ones peeled."""
    git(ground.clone, "tag", "-a", "-m", "x", "stable", ground.shas[1])
    git(ground.clone, "tag", "-a", "-m", "x", "stable-again", "stable")
    git(ground.clone, "tag", "a-file", git(ground.clone, "rev-parse", "HEAD:app.py"))
    rows = repository(ground).commits()
    assert [row.id for row in rows] == list(reversed(ground.shas))
    assert sorted(rows[1].tags) == ["stable", "stable-again", "v2"]
    assert rows[0].tags == ("v3",)
    assert (rows[0].subject, rows[0].author) == ("Release 3", "Ada Admin")
    assert rows[0].at == "2026-11-04T09:00:00.000000Z"


def test_a_release_far_behind_is_still_listed(ground: Ground) -> None:
    """A tagged release does not vanish because many commits came after it."""
    for number in range(5):
        commit(ground.clone, f"later {number}", 1794000000 + number)
    rows = repository(ground).commits(limit=3)
    assert [row.subject for row in rows[:3]] == ["later 4", "later 3", "later 2"]
    assert [row.tags for row in rows[3:]] == [("v3",), ("v2",), ("v1",)]


def test_a_tag_named_like_a_commit_confuses_nothing(ground: Ground) -> None:
    """S14: only full ids are used, so a tag named like another commit's short id changes no answer."""
    short, full = ground.shas[2][:7], ground.shas[2]
    git(ground.clone, "tag", short, ground.shas[0])
    git(ground.clone, "update-ref", f"refs/tags/{full}", ground.shas[0])
    found = repository(ground).commit(full)
    assert found is not None
    assert (found.id, found.subject) == (full, "Release 3")
    with pytest.raises(BadInput, match="full commit id"):
        repository(ground).commit(short)


@pytest.mark.parametrize("name", ["HEAD", "-x", "--upload-pack=id", "v1", "main", "a..b", "a~1", "a^", "", "F" * 40])
def test_names_are_no_ids(ground: Ground, name: str) -> None:
    """No name, option or expression is ever handed to git as a commit."""
    with pytest.raises(BadInput, match="full commit id"):
        repository(ground).commit(name)


def test_a_tag_object_or_an_unknown_id_is_no_commit(ground: Ground) -> None:
    """What is not a commit in this clone is not offered as one."""
    git(ground.clone, "tag", "-a", "-m", "x", "stable", ground.shas[1])
    tag_object = git(ground.clone, "rev-parse", "refs/tags/stable")
    assert repository(ground).commit(tag_object) is None
    assert repository(ground).commit("0" * 40) is None


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("\x1b]0;owned\x07\x1b[31mred\u202etxt", "redtxt"),
        (b"caf\xe9 \xff\xfe", "caf"),
        ("", ""),
        ("emoji 🎉 and 'quotes' $(id); %s %H", "emoji 🎉 and 'quotes' $(id); %s %H"),
    ],
)
def test_hostile_subjects_are_harmless(ground: Ground, subject: str | bytes, shown: str) -> None:
    """Whatever stands in a message reaches the screen as plain text, and shifts no other field."""
    sha = commit(ground.clone, subject, 1794000000, author="Eve\x1b[2J Ev\u202eil")
    row = repository(ground).commits()[0]
    assert row.id == sha
    assert row.subject.startswith(shown) if shown else row.subject == ""
    assert is_clean(row.subject)
    assert is_clean(row.author)
    assert row.author.startswith("Eve Ev")


def test_a_subject_of_a_megabyte_is_cut(ground: Ground) -> None:
    """A monstrous message costs neither memory nor the line it stands in."""
    commit(ground.clone, "x" * 1_000_000, 1794000000)
    rows = repository(ground).commits()
    assert 200 < len(rows[0].subject) <= 300
    assert rows[1].subject == "Release 3"


@pytest.mark.parametrize(("seconds", "year"), [(0, "1970"), (1, "1970"), (4_291_747_200, "2106")])
def test_odd_dates_are_read(ground: Ground, seconds: int, year: str) -> None:
    """A clock that was wrong when somebody committed breaks nothing."""
    sha = commit(ground.clone, "odd", seconds)
    found = repository(ground).commit(sha)
    assert found is not None
    assert found.at.startswith(year)
    assert sha in [row.id for row in repository(ground).commits()]


def test_tag_names_from_outside_are_sanitised(ground: Ground) -> None:
    """A tag's name is for the eye only and cannot speak to the terminal."""
    git(ground.clone, "tag", "v9\u202e\u200b🎉'$(id)", ground.shas[2])
    (row, *_) = repository(ground).commits()
    assert all(is_clean(tag) for tag in row.tags)
    assert "v9🎉'$(id)" in row.tags


def test_a_shallow_clone_tells_what_it_has(ground: Ground, tmp_path: Path) -> None:
    """A shallow clone is read as far as it goes; what it lacks is None, not a crash."""
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{ground.remote}", "shallow")
    shallow = GitRepository(str(tmp_path / "shallow"))
    assert [row.id for row in shallow.commits()] == [ground.shas[2]]
    assert shallow.commit(ground.shas[0]) is None


@pytest.mark.parametrize(("leaves_out", "known"), [("blob:none", True), ("tree:0", False)])
def test_a_partial_clone_fetches_nothing_and_tells_what_it_can(
    ground: Ground, tmp_path: Path, leaves_out: str, known: bool
) -> None:
    """Reading is reading: which files differ is told where the clone knows it, else why not and what helps."""
    git(ground.remote, "config", "uploadpack.allowFilter", "true")
    place = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--no-checkout", f"--filter={leaves_out}", f"file://{ground.remote}", str(place))
    before = fingerprint(place)
    partial = GitRepository(str(place))
    assert [row.id for row in partial.commits()] == list(reversed(ground.shas))
    if known:
        found = partial.difference(ground.shas[0], ground.shas[1])
        assert (found.paths, found.words()) == (("app.py",), "1 file, lines not counted: the clone is partial")
    else:
        with pytest.raises(CommandFailed, match="the clone is partial and lacks what is asked for"):
            partial.difference(ground.shas[0], ground.shas[1])
    assert fingerprint(place) == before


def test_a_bare_repository_is_read(ground: Ground) -> None:
    """A clone without a work tree has commits and is never dirty."""
    bare = GitRepository(str(ground.remote))
    assert [row.id for row in bare.commits()] == list(reversed(ground.shas))
    assert bare.dirty() == ()
    assert bare.git_dir() == str(ground.remote)


def test_a_sha256_repository_is_read(tmp_path: Path) -> None:
    """Ids of 64 digits are full ids, too."""
    ground = make_ground(tmp_path, object_format="sha256")
    found = repository(ground).commit(ground.shas[0])
    assert found is not None
    assert len(found.id) == 64
    assert repository(ground).remote_refs("origin")["refs/heads/main"] == ground.shas[2]


def test_an_empty_repository_has_no_commits(tmp_path: Path) -> None:
    """No commit yet is an answer, not an error."""
    git(tmp_path, "init", "-q", "empty")
    assert GitRepository(str(tmp_path / "empty")).commits() == ()


def test_what_is_no_repository_is_refused_by_field(ground: Ground, tmp_path: Path) -> None:
    """A wrong path is one line that names the field and the next move; a folder inside a clone is wrong, too."""
    inside = ground.clone / "inside"
    inside.mkdir()
    (tmp_path / "plain").mkdir()
    for path in (tmp_path / "absent", tmp_path / "plain", ground.clone / "app.py", inside, Path("clone")):
        with pytest.raises(BadInput) as caught:
            GitRepository(str(path)).commits()
        assert caught.value.title == "git.repository"
        assert "next: set git.repository to a clone" in caught.value.line()


def test_a_clone_of_somebody_else_is_refused_with_the_way_out(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's distrust of another user's clone is told as what it is."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(BadInput, match=r"belongs to another user.*safe\.directory"):
        repository(ground).commits()


def test_a_hostile_environment_points_git_nowhere_else(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR and its kin, left over from a hook or a script around us, do not change which repository is read."""
    (tmp_path / "other").mkdir()
    other = make_ground(tmp_path / "other", count=1)
    monkeypatch.setenv("GIT_DIR", str(other.clone / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.clone))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nonexistent")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ext::sh -c id")
    monkeypatch.setenv("GIT_TRACE", "1")
    found = repository(ground)
    assert [row.id for row in found.commits()] == list(reversed(ground.shas))
    assert found.dirty() == ()
    assert found.remote_refs("origin")["refs/heads/main"] == ground.shas[2]


def test_reading_runs_no_hook_and_no_monitor_and_writes_nothing(ground: Ground, tmp_path: Path) -> None:
    """Reading is reading: no program of the clone starts, and not one byte of the clone changes."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    hooks = ground.clone / ".git" / "hooks"
    for name in ("post-index-change", "reference-transaction", "pre-push"):
        (hooks / name).write_text(trap.read_text())
        (hooks / name).chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.alternateRefsCommand"):
        git(ground.clone, "config", key, str(trap))
    git(ground.clone, "config", "log.showSignature", "true")
    (ground.clone / "app.py").write_text("VERSION = 'edited'\n")
    os.utime(ground.clone / "app.py", (1, 1))
    (tmp_path / "sprung").unlink(missing_ok=True)
    before = fingerprint(ground.clone)
    found = repository(ground)
    found.commits()
    found.commit(ground.shas[0])
    assert found.dirty() == ("app.py",)
    assert found.changed_between(ground.shas[0], ground.shas[1]) == ("app.py",)
    found.remote_refs("origin")
    assert fingerprint(ground.clone) == before
    assert not (tmp_path / "sprung").exists()


def test_dirty_paths_are_all_named(ground: Ground) -> None:
    """Changed, staged, renamed and untracked paths are told, with names that cannot hurt."""
    git(ground.clone, "mv", "app.py", "renamed here.py")
    (ground.clone / "new\x1b[31m file").write_text("x")
    (ground.clone / "docker-compose.yml").write_text("services: {}\n")
    assert sorted(repository(ground).dirty()) == ["docker-compose.yml", "new file", "renamed here.py"]
    for number in range(60):
        (ground.clone / f"more{number}").write_text("x")
    assert len(repository(ground).dirty()) == 50


def test_changes_between_commits_want_two_commits_of_the_clone(ground: Ground) -> None:
    """A comparison with something that is not there is refused, not empty."""
    with pytest.raises(BadInput, match="not in the clone"):
        repository(ground).changed_between(ground.shas[0], "0" * 40)


def test_a_replaced_commit_is_shown_as_it_is(ground: Ground) -> None:
    """`git replace` cannot show one commit and deploy another."""
    git(ground.clone, "replace", ground.shas[2], ground.shas[0])
    found = repository(ground).commit(ground.shas[2])
    assert found is not None
    assert found.subject == "Release 3"


def test_without_git_the_reason_is_told(tmp_path: Path) -> None:
    """A jump host without git is one clear line, also for the library that looks for it."""
    code = (
        "from actions.gateways.repository import GitRepository\n"
        "from actions.model.errors import GoaroundError\n"
        "try:\n    GitRepository('/').commits()\n"
        "except GoaroundError as error:\n    print(error.line())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "install git on the jump host" in done.stdout


def test_reading_does_not_import_git_before_it_is_used() -> None:
    """The library is loaded when a repository is read, not when the cockpit starts."""
    code = "import sys, actions.gateways.repository; print('git' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "False"


def test_an_answer_carries_gits_own_status(ground: Ground) -> None:
    """A status that is not zero is an answer to be judged, with git's English words."""
    answer = run_git(str(ground.clone), "cat-file", "-t", "0" * 40)
    assert answer.status == 128
    assert "could not get object info" in answer.err
