"""The log of a Coolify application by polling: every line once, nothing lost unsaid, troubles told once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fake_coolify import FakeCoolify
from fake_coolify_state import App

from actions.gateways.coolify import HttpCoolify
from actions.gateways.coolify_logs import FIRST_LINES, MOST_LINES, CoolifyLogs
from actions.model.errors import GoaroundError, Refused
from actions.model.ports import LogLine

GOOD = "a" * 40


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify() as one:
        yield one
        one.assert_all_valid()


@pytest.fixture
def shop(coolify: FakeCoolify) -> App:
    app = coolify.add_app()
    coolify.has_deployed(app, GOOD, "The good one", days=2)
    return app


def logs(coolify: FakeCoolify, shop: App, redact: object = str) -> CoolifyLogs:
    gateway = HttpCoolify(coolify.table(shop), coolify.resolve, redact, pause=lambda _: None)  # type: ignore[arg-type]
    return CoolifyLogs(gateway.log, 2, name="app")


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_each_line_once_with_its_time_and_level(coolify: FakeCoolify, shop: App) -> None:
    """The same lines are told again with every answer; equal lines of one moment are not lost."""
    source = logs(coolify, shop)
    first = source.look()
    assert texts(first) == ["Listening on :8080"]
    assert first[0].at.endswith("Z")
    assert (len(first[0].at), first[0].source, first[0].level) == (27, "app", "")
    assert source.look() == []
    shop.output += ["GET / 200", "GET / 200", "ERROR: no table \x1b[2J"]
    fresh = source.look()
    assert texts(fresh[:2]) == ["GET / 200", "GET / 200"]
    assert (fresh[2].level, "\x1b" in fresh[2].text) == ("error", False)
    assert source.look() == []


def test_a_secret_stands_nowhere(coolify: FakeCoolify, shop: App) -> None:
    """Redacted by the gateway, as everything else."""
    shop.output.append("login with hunter2")
    source = logs(coolify, shop, lambda text: text.replace("hunter2", "***"))
    assert texts(source.look())[-1] == "login with ***"


def test_not_running_is_told_once(coolify: FakeCoolify, shop: App) -> None:
    """Coolify answers 400 for an application that has ended; when it runs again that is said, too."""
    source = logs(coolify, shop)
    source.look()
    shop.server.reachable = False
    told = source.look()
    assert len(told) == 1
    assert "not running" in told[0].text.lower()
    assert "trying on" in source.trouble
    assert source.look() == []
    shop.server.reachable = True
    shop.output.append("up")
    again = texts(source.look())
    assert ("again" in again[0], again[-1], source.trouble) == (True, "up", "")


def test_looks_are_rare_and_rarer_while_they_fail(coolify: FakeCoolify, shop: App) -> None:
    """Never more often than every two seconds; twice as long after each failure; at once as before when it answers."""
    source = logs(coolify, shop)
    assert source._pause_s == 2
    assert CoolifyLogs(lambda _: "", 0.01)._pause_s == 2
    pauses = []
    shop.server.reachable = False
    for _ in range(6):
        source.look()
        pauses.append(source._pause_s)
    assert pauses == [4, 8, 16, 30, 30, 30]
    shop.server.reachable = True
    source.look()
    source.look()
    assert source._pause_s == 2


def at(number: int) -> str:
    return f"2026-11-22T10:{number // 60:02}:{number % 60:02}.000000000Z line {number}"


def scripted(*answers: str | GoaroundError) -> tuple[CoolifyLogs, list[int]]:
    """A source that is answered so, in turn; and how many lines it asked for."""
    waiting, asked = list(answers), []

    def ask(count: int) -> str:
        asked.append(count)
        answer = waiting.pop(0)
        if isinstance(answer, GoaroundError):
            raise answer
        return answer

    return CoolifyLogs(ask, 2), asked


def test_what_may_be_missing_is_said() -> None:
    """More lines than were asked for came between two looks: it is said where, and more are asked for from then on."""
    whole = "\n".join(at(n) for n in range(FIRST_LINES))
    later = "\n".join(at(n) for n in range(1000, 1000 + FIRST_LINES))
    source, asked = scripted(whole, later, later)
    assert len(source.look()) == FIRST_LINES
    told = source.look()
    assert "may be missing here" in told[0].text
    assert len(told) == FIRST_LINES + 1
    assert source.look() == []
    assert asked == [FIRST_LINES, FIRST_LINES, 2 * FIRST_LINES]
    assert MOST_LINES <= 10_000, "more than that Coolify does not give"


def test_the_first_line_of_the_new_container_is_marked() -> None:
    """A short answer without anything of the old one is that of another container."""
    source, _ = scripted(
        f"{at(1)}\n{at(2)}", f"{at(90)}\n{at(91)}", Refused("gone", "", ""), f"{at(90)}\n{at(91)}\n{at(92)}"
    )
    source.look()
    told = source.look()
    assert "another container; its first line follows" in told[0].text
    assert texts(told[1:]) == ["line 90", "line 91"]
    assert len(source.look()) == 1
    assert texts(source.look())[-1:] == ["line 92"]


def test_lines_without_a_time_are_kept_as_they_are() -> None:
    """Whatever an older server sends."""
    source, _ = scripted("no time here\n2026 is a year")
    assert [(line.at, line.text) for line in source.look()] == [("", "no time here"), ("", "2026 is a year")]


def test_it_runs_until_it_is_stopped(coolify: FakeCoolify, shop: App) -> None:
    """As every source: lines to whoever takes them, and an end soon after it is wanted."""
    source, stop = logs(coolify, shop), threading.Event()
    got: list[LogLine] = []
    came = threading.Event()

    def take(lines: list[LogLine]) -> None:
        got.extend(lines)
        came.set()

    thread = threading.Thread(target=source.run, args=(take, stop), daemon=True)
    thread.start()
    assert came.wait(60)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert texts(got) == ["Listening on :8080"]


def test_a_container_that_has_said_nothing_yet() -> None:
    """Between the last line of the old one and the first of the new: the mark is not lost."""
    source, _ = scripted(f"{at(1)}\n{at(2)}", "", "", f"{at(90)}", f"{at(90)}\n{at(91)}")
    source.look()
    assert source.look() == []
    assert source.look() == []
    told = texts(source.look())
    assert "another container; its first line follows" in told[0]
    assert told[1:] == ["line 90"]
    assert texts(source.look()) == ["line 91"]


def test_the_first_lines_of_all_are_of_no_other_container() -> None:
    """Nothing was there before: nothing is marked."""
    source, _ = scripted("", f"{at(1)}")
    assert source.look() == []
    assert texts(source.look()) == ["line 1"]
