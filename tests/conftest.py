"""What every test stands on: its own state folder and git settings, and honest words about missing services.

Real services come from `tests/support`: `sshd` and `build_image` are fixtures, `services` finds the programs.
"""

from __future__ import annotations

import gc
import itertools
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from longest_first import longest_first
from services import REQUIRE_VARIABLE, SERVICES, missing, required_services

pytest_plugins = ["engine_images", "postgres_image", "postgres_server", "ssh_server", "django_images"]

BENCHMARKS = Path(__file__).parent / "benchmarks"
SERVICE_OF_FIXTURE = {
    "build_image": "docker",
    "database_image": "docker",
    "django_image": "docker",
    "postgres": "postgres",
    "sshd": "ssh",
}
MISSING_PROPERTY = "missing_service"

NEUTRAL_GIT_CONFIG = """\
[user]
\tname = Test Operator
\temail = operator@example.org
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[advice]
\tdetachedHead = false
"""

# Settings of whoever runs the tests that would move git, Compose, ssh or Goaround elsewhere.
FOREIGN_VARIABLES = (
    "COMPOSE_FILE",
    "COMPOSE_PROFILES",
    "COMPOSE_PROJECT_NAME",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_WORK_TREE",
    "GOAROUND_CONFIG",
    "SSH_AUTH_SOCK",
)

_state_numbers = itertools.count(1)

# A loaded machine is no finding: examples are judged by what they return; the test's timeout ends a hang.
settings.register_profile("goaround", deadline=None)
settings.load_profile("goaround")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: many tests wait for a server, a terminal or a second to pass."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests come, and stay: a third of the time would be spent in looking for garbage among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """A misspelt requirement must not pass as none."""
    try:
        required_services()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks tests by the fixtures and the folder they use; benchmarks run only when asked for; long tests run first."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for fixture, service in SERVICE_OF_FIXTURE.items():
            if fixture in names:
                item.add_marker(service)
        if item.path.is_relative_to(BENCHMARKS):
            item.add_marker("benchmark")
    benchmarks = [] if _asks_for_benchmarks(config) else [one for one in items if one.get_closest_marker("benchmark")]
    if benchmarks:
        config.hook.pytest_deselected(items=benchmarks)
        items[:] = [item for item in items if not item.get_closest_marker("benchmark")]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = longest_first(items, workers)


def _asks_for_benchmarks(config: pytest.Config) -> bool:
    if "benchmark" in config.option.markexpr:
        return True
    places = [Path(str(config.invocation_params.dir), argument.split("::")[0]) for argument in config.args]
    return any(place.resolve().is_relative_to(BENCHMARKS) for place in places)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose service is missing, before any fixture starts; fails it where it is required."""
    for service in SERVICES:
        if item.get_closest_marker(service) is None:
            continue
        reason = missing(service)
        if reason is None:
            continue
        if service in required_services():
            pytest.fail(f"{service} is required by {REQUIRE_VARIABLE}, but: {reason}", pytrace=False)
        item.user_properties.append((MISSING_PROPERTY, f"{service}: {reason}"))
        pytest.skip(f"{service}: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which services were missing and how many tests did not run for it: a skip is not a pass."""
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        for name, text in getattr(report, "user_properties", ()):
            if name == MISSING_PROPERTY:
                counts[text] = counts.get(text, 0) + 1
    if not counts:
        return
    terminalreporter.section("NOT TESTED: services missing", sep="!", yellow=True, bold=True)
    for text, count in sorted(counts.items()):
        service = text.split(":")[0]
        terminalreporter.line(
            f"{count} {'test' if count == 1 else 'tests'} marked {service} skipped - {text}", yellow=True
        )
    terminalreporter.line(
        f"To make this a failure: {REQUIRE_VARIABLE}={','.join(sorted({t.split(':')[0] for t in counts}))}"
    )


@pytest.fixture(scope="session", autouse=True)
def neutral_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Git reads the tests' settings alone, and no fixture reaches the user's real state folder."""
    folder = tmp_path_factory.mktemp("neutral")
    git_config = folder / "gitconfig"
    git_config.write_text(NEUTRAL_GIT_CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(git_config))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        patch.setenv("GOAROUND_STATE_DIR", str(folder / "state"))
        for name in FOREIGN_VARIABLES:
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="session", autouse=True)
def neutral_signals() -> Iterator[None]:
    """A run in the background, or under nohup, ignores signals, and so would every process that a test starts.

    A handler that does nothing spares this run as before, and is not handed on.
    """
    ignored = [one for one in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def state_folder(neutral_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own `GOAROUND_STATE_DIR`. It does not exist yet: creating it is the product's work."""
    folder = neutral_environment / f"state-{next(_state_numbers)}"
    monkeypatch.setenv("GOAROUND_STATE_DIR", str(folder))
    return folder
