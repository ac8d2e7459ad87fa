"""Whether an application runs, by its containers; and the line of a log that says why it does not."""

from __future__ import annotations

import pytest

from actions.model.ports import Container, LogLine
from actions.model.sensor_rules import Looked
from actions.model.sensor_rules_containers import (
    LATELY_S,
    LONG_AGO,
    LONGEST_LINE,
    ailing,
    app_runs,
    restarted_lately,
    trouble_line,
)


def container(service: str = "web", state: str = "running", **more: object) -> Container:
    given: dict[str, object] = {
        "id": f"id-{service}",
        "name": f"obcms-{service}-1",
        "project": "obcms",
        "service": service,
        "number": 1,
        "image_id": "sha256:1",
        "image_ref": "obcms:2",
        "state": state,
        "health": "",
        "restarts": 0,
        "exit_code": 0,
        "started_at": "2026-11-22T10:00:00Z",
        "created_at": "2026-11-22T10:00:00Z",
        **more,
    }
    return Container(**given)  # type: ignore[arg-type]


def runs(*there: Container, missing: tuple[str, ...] = (), line: str = "", late: tuple[str, ...] = ()) -> Looked:
    return app_runs(len(there) + len(missing), missing, ailing(there, {"migrate"}, late), line)


def test_all_is_well() -> None:
    """Running, healthy or without a check; a job that has done its work is no container that is down."""
    well = runs(container(), container("db", health="healthy"), container("migrate", "exited"))
    assert (well.ok, well.seen, well.expected) == (True, "3 of 3 run", "3 of 3 run")
    assert runs(container(restarts=9)).ok, "restarts of long ago"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (container(state="restarting", restarts=7, exit_code=1), "web-1 restarted 7 times, exit 1"),
        (container(state="restarting", exit_code=3), "web-1 restarts, exit 3"),
        (container(state="exited", exit_code=137), "web-1 has ended, exit 137"),
        (container(state="exited"), "web-1 has ended, exit 0"),
        (container("migrate", "exited", exit_code=1), "migrate-1 failed, exit 1"),
        (container(state="created", error="port is already allocated"), "never started: port is already allocated"),
        (container(state="paused"), "web-1 is paused"),
        (container(state="dead", exit_code=1), "web-1 is dead, exit 1"),
        (container(health="unhealthy", health_said="connection refused"), "web-1 is unhealthy: connection refused"),
        (container(health="unhealthy"), "web-1 is unhealthy"),
    ],
)
def test_what_ails_is_named(one: Container, words: str) -> None:
    """A01: which container, how often it restarted, how it ended, what its health check said."""
    looked = runs(container("db"), one)
    assert not looked.ok
    assert looked.seen.startswith("1 of 2 run: ")
    assert looked.seen.endswith(words)
    assert looked.worth_s >= 300, "a count that goes up is no news"


def test_one_that_runs_between_two_crashes_does_not_look_well() -> None:
    """In a crash loop it is up most of the time."""
    looked = runs(container(restarts=4), late=("id-web",))
    assert (looked.ok, looked.seen) == (False, "0 of 1 run: web-1 restarted 4 times")


def test_one_that_has_not_answered_yet_is_neither() -> None:
    """Starting proposes nothing and ticks nothing."""
    looked = runs(container(health="starting"), container("db"))
    assert (looked.ok, looked.seen) == (False, "not known: web-1 is starting")


def test_the_cause_stands_first() -> None:
    """A job that failed keeps the others from being started: it is named, they are counted; so is what is missing."""
    looked = runs(
        container(state="created"),
        container("db"),
        container("migrate", "exited", exit_code=1),
        container("beat", health="starting"),
        missing=("celery",),
        line="django.db.utils.OperationalError: no such host",
    )
    assert looked.seen == (
        "2 of 5 run: migrate-1 failed, exit 1: django.db.utils.OperationalError: no such host and 2 more"
    )
    assert runs(container("db"), missing=("web",)).seen == "1 of 2 run: web has no container"
    assert runs().seen == "there is no container"
    assert not runs().ok


PYTHON = """\
[2026-11-22 10:00:01 +0000] [7] [INFO] Booting worker
Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
  File "/app/core/settings.py", line 3, in <module>
    import nothing_here
ModuleNotFoundError: No module named 'nothing_here'
[2026-11-22 10:00:01 +0000] [7] [INFO] Worker exiting
""".splitlines()
CHAINED = """\
Traceback (most recent call last):
psycopg.OperationalError: connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/x.py", line 1, in <module>
django.db.utils.OperationalError: connection refused
\tIs the server running on that host?
""".splitlines()
JAVA = ["INFO begins", 'Exception in thread "main" java.lang.IllegalStateException: no pool', "\tat a.B.c(B.java:7)"]
GO = ["listening", "panic: runtime error: index out of range", "", "goroutine 1 [running]:", "main.main()"]
NODE = ["node:internal/modules:933", "  throw err;", "", "Error: Cannot find module 'x'", "    at Function (a:1)"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (PYTHON, "ModuleNotFoundError: No module named 'nothing_here'"),
        (CHAINED, "django.db.utils.OperationalError: connection refused"),
        (JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no pool'),
        (GO, "panic: runtime error: index out of range"),
        (NODE, "Error: Cannot find module 'x'"),
        (["fine", "ERROR could not bind to port 8000", "bye"], "ERROR could not bind to port 8000"),
        (["sh: exec: gunicorn: not found", ""], "sh: exec: gunicorn: not found"),
        (["Traceback (most recent call last):", "  File 'x'"], "File 'x'"),
        ([], ""),
        ([" ", ""], ""),
    ],
)
def test_the_line_that_says_why(lines: list[str], said: str) -> None:
    """A01: the error of the stack trace, else the last line of an error, else its last words."""
    levelled = [LogLine("", "web", text, "error" if "ERROR" in text or "Traceback" in text else "") for text in lines]
    assert trouble_line(levelled) == said


def test_an_old_trace_is_not_what_ails_it_now() -> None:
    """A failed request of long ago is not the reason; and what still runs has not spoken its last words."""
    quiet = [LogLine("", "web", f"GET /{number} 200") for number in range(60)]
    trace = [LogLine("", "web", text, "error" if "Traceback" in text else "") for text in PYTHON]
    fatal = LogLine("", "web", "FATAL: out of memory", "error")
    assert trouble_line([*trace, *quiet, fatal, quiet[0]]) == "FATAL: out of memory"
    assert trouble_line(quiet, runs=True) == ""
    assert trouble_line(quiet) == "GET /59 200"


def test_a_line_is_cut() -> None:
    """It stands in a row of the screen."""
    assert len(trouble_line([LogLine("", "web", "x" * 9999)])) == LONGEST_LINE


def test_restarts_are_late_ones_only() -> None:
    """By what was seen to go up; at the first look by its start. What restarted last week restarts no more."""
    wall = 1795341600.0  # 2026-11-22T10:00:00Z
    old, new = container("old", restarts=3), container("new", restarts=3)
    first = restarted_lately((old, new), {}, 100.0, wall + LATELY_S - 60)
    assert first["id-old"][1] == 100.0 - (LATELY_S - 60)
    assert restarted_lately((old,), {}, 100.0, wall + LATELY_S)["id-old"] == (3, LONG_AGO)
    assert restarted_lately((old,), {}, 100.0, wall - 60)["id-old"] == (3, LONG_AGO), "a clock that is ahead"
    known = {"id-old": (3, LONG_AGO)}
    assert restarted_lately((old,), known, 200.0, wall)["id-old"] == (3, LONG_AGO)
    again = restarted_lately((container("old", restarts=4),), known, 300.0, wall)
    assert again["id-old"] == (4, 300.0)
    assert restarted_lately((container("old", restarts=4),), again, 900.0, wall)["id-old"] == (4, 300.0)
    assert restarted_lately((container(),), {}, 100.0, wall)["id-web"] == (0, LONG_AGO)
