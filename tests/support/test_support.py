"""The ground tests stand on is tested itself: services are real, skips are loud, requirements are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_images import ImageBuilder
from longest_first import SHORT, dealt, stretches
from ssh_server import SshServer, running_ssh_server

ROOT = Path(__file__).resolve().parents[2]


def run_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of its own on tests in `folder`, under this project's settings, with an empty PATH; one process, where no
    other number is asked for: each worker takes seconds to start.
    """
    inner = {
        **os.environ,
        "PATH": str(folder / "nothing"),
        "PYTEST_ADDOPTS": "",
        "GOAROUND_REQUIRE": "",
        **environment,
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    return subprocess.run(
        [*command, "--rootdir", str(ROOT), "-p", "conftest", "-n", "0", *arguments, str(folder)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**inner, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'tests/support'}:{ROOT}"},
    )


@pytest.fixture
def needy(tmp_path: Path) -> Path:
    """A folder with one test that needs tmux and must never run without it."""
    (tmp_path / "test_needy.py").write_text(
        "import pytest\n\n@pytest.mark.tmux\ndef test_needs_tmux():\n    raise AssertionError('ran')\n"
    )
    return tmp_path


def test_a_missing_service_is_said_loudly(needy: Path) -> None:
    """Proven, not reported: a test that did not run is named as such at the end of the run."""
    answer = run_pytest(needy)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "NOT TESTED: services missing" in answer.stdout
    assert "1 test marked tmux skipped - tmux: no `tmux` program on PATH" in answer.stdout
    assert "1 skipped" in answer.stdout.splitlines()[-1]


def test_a_missing_service_is_said_loudly_by_xdist_too(needy: Path) -> None:
    """Proven, not reported: reasons travel from the workers to the closing lines."""
    answer = run_pytest(needy, "-n", "1")
    assert "1 test marked tmux skipped - tmux: no `tmux` program on PATH" in answer.stdout


def test_a_required_service_fails_the_test(needy: Path) -> None:
    """Proven, not reported: where everything must be tested, nothing is skipped."""
    answer = run_pytest(needy, GOAROUND_REQUIRE="docker,tmux")
    assert answer.returncode == 1
    assert "tmux is required by GOAROUND_REQUIRE, but: no `tmux` program on PATH" in answer.stdout
    assert "ran" not in answer.stdout.split()


def test_a_misspelt_requirement_stops_the_run(needy: Path) -> None:
    """Bad input: one clear line, and nothing runs."""
    answer = run_pytest(needy, GOAROUND_REQUIRE="dokcer")
    assert answer.returncode == 4
    assert "GOAROUND_REQUIRE names dokcer; it knows docker, postgres, ssh, tmux, browser" in answer.stderr


def test_each_test_has_its_own_state(state_folder: Path) -> None:
    """Nothing is lost: no test touches the state folder of the operator who runs it."""
    assert os.environ["GOAROUND_STATE_DIR"] == str(state_folder)
    assert not state_folder.exists()


def test_git_is_neutral(tmp_path: Path) -> None:
    """Shown, then done: what git does in a test depends on no one's settings."""
    listed = subprocess.run(
        ["git", "config", "--list", "--show-origin"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    origins = {line.split("\t")[0] for line in listed.stdout.splitlines()}
    assert origins == {f"file:{os.environ['GIT_CONFIG_GLOBAL']}"}
    assert "user.name=Test Operator" in listed.stdout


def test_the_ssh_server_is_real(sshd: SshServer) -> None:
    """The `sshd` fixture lets its own key in, under a host key that is known, by alias and by URL."""
    for destination in (sshd.alias, sshd.url):
        answer = subprocess.run(
            ["ssh", "-F", str(sshd.config), destination, "echo $SSH_CONNECTION; git config user.name"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert answer.returncode == 0, answer.stderr + sshd.log.read_text()
        assert answer.stdout.split("\n")[0].endswith(f"127.0.0.1 {sshd.port}")
        assert answer.stdout.split("\n")[1] == "Test Operator"


@pytest.mark.ssh
def test_the_ssh_server_ends_with_its_connections(tmp_path: Path) -> None:
    """A test may cut the line: leaving the block ends a session that would otherwise wait forever."""
    folder = tmp_path / "server"
    folder.mkdir(mode=0o700)
    with running_ssh_server(folder) as server:
        session = subprocess.Popen(
            ["ssh", "-F", str(server.config), server.alias, "echo ready; cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert session.stdout is not None
        assert session.stdout.readline() == b"ready\n"
    try:
        assert session.wait(timeout=60) != 0
    finally:
        session.kill()
        session.communicate()


def test_images_are_built_and_run(build_image: ImageBuilder, engine_name: str) -> None:
    """`build_image` makes images that run, carry their labels, and leave the old one when rebuilt."""
    tag = f"{engine_name}:v1"
    first = build_image(tag, {"/site/index.html": "one"}, ["cat", "/site/index.html"], {"revision": 'a"b'})
    second = build_image(tag, {"/site/index.html": "two"}, ["cat", "/site/index.html"], {"revision": 'a"b'})
    assert first != second
    for image, words in ((first, "one"), (second, "two"), (tag, "two")):
        shown = subprocess.run(["docker", "run", "--rm", image], capture_output=True, text=True, check=True)
        assert shown.stdout == words
    label = ["docker", "image", "inspect", "--format", '{{index .Config.Labels "revision"}}', first]
    assert subprocess.run(label, capture_output=True, text=True, check=True).stdout.strip() == 'a"b'


def test_an_operators_image_is_never_built_over(build_image: ImageBuilder) -> None:
    """Nothing is lost: tests cannot move a tag that could be real."""
    with pytest.raises(ValueError, match="could be a real image"):
        build_image("obcms:v1")


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_long_tests_run_first_and_every_test_runs_once(workers: int) -> None:
    """Each worker begins with long files, a file stays in its order, and nothing is lost or run twice."""
    kinds = (SHORT, 0, SHORT, 1, 0, SHORT, 0, 1, 0, 0)
    files = [(kind, [(name, kind, number) for number in range(7)]) for name, kind in enumerate(kinds)]
    many = [(len(kinds), SHORT, number) for number in range(100)]
    order = dealt([*files, (SHORT, many)], workers)
    assert sorted(order) == sorted([*many, *(test for _, tests in files for test in tests)])
    begin = 0
    for size in stretches(len(order), workers):
        part = [kind for _, kind, _ in order[begin : begin + size]]
        assert part == sorted(part)
        assert part[0] == 0
        assert part[-1] == SHORT
        begin += size
    for name, (kind, tests) in enumerate(files):
        places = [order.index(test) for test in tests]
        assert places == sorted(places)
        assert kind == SHORT or places == list(range(places[0], places[0] + 7)), name


def test_a_file_that_is_longer_than_a_stretch_is_not_lost() -> None:
    """Where all but one file is left out, what is left runs in its order."""
    assert dealt([(0, list(range(9)))], 3) == list(range(9))
