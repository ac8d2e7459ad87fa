"""The bar's facts and its layout, without a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sample_incident import HOSTILE, Evening

from actions.model import events as ev
from widgets.incident_bar import BarFacts, bar_facts, bar_row, host_words
from widgets.painted import row_text, row_width


def facts(evening: Evening, *, seconds: int = 252, me: str = "ops1", driver: bool = True) -> BarFacts:
    """The facts so many seconds after the declaration."""
    return bar_facts(evening.incident, now=evening.at, elapsed_ms=seconds * 1000, me=me, driver=driver)


def line(some: BarFacts, width: int = 160) -> str:
    """The bar as text."""
    return row_text(bar_row(some, width))


def test_a_decision_is_counted_down_by_the_row_that_wins() -> None:
    """Nothing is known: no deadline. Critical: 15 minutes from the declaration."""
    evening = Evening().taken()
    assert facts(evening).deadline == ""
    evening.add(ev.InputsSet("Critical", -1, -1, ""))
    text = line(facts(evening))
    assert "decide by " in text
    assert ", 10:48 left" in text
    assert "deciding now: devops-lead (you)" in text
    assert "○ not back yet" in text


def test_a_deadline_that_is_past_says_so_in_words() -> None:
    """A countdown at zero prompts; it never disappears and never acts."""
    evening = Evening().taken().add(ev.InputsSet("Critical", -1, -1, ""))
    late = facts(evening, seconds=15 * 60 + 131)
    assert late.left_s == -131
    assert "OVER by 02:11" in line(late)
    assert "OVER" in line(late, 60)
    assert "deciding now: tech-manager" in line(late)
    assert "(you)" not in line(late)


def test_the_deadline_follows_the_monotonic_clock() -> None:
    """A wall clock that jumps an hour changes no countdown."""
    evening = Evening().taken().add(ev.InputsSet("Critical", -1, -1, ""))
    before = facts(evening)
    evening.at += timedelta(hours=1)
    assert facts(evening).left_s == before.left_s


def test_after_the_decision_the_same_time_counts_for_being_back() -> None:
    """Decided to roll back: nobody is asked to decide any more, the row's time is for being back."""
    text = line(facts(Evening().taken().decided()))
    assert "back by" in text
    assert "deciding" not in text


def test_new_facts_ask_for_the_decision_again() -> None:
    """A decision that new facts re-open is asked for again."""
    evening = Evening().taken().decided().add(ev.InputsSet("Low", 1, 1, "None"))
    assert facts(evening).decided == "again"
    assert "deciding again (new facts)" in line(facts(evening))


def test_proven_is_said_only_when_proven() -> None:
    """Green means observed: before the proving step nothing says back."""
    evening = Evening().taken().decided().planned().ran("B1", 1).ran("X1", 2)
    assert "○ not back yet" in line(facts(evening))
    assert "● back, proven" in line(facts(evening.ran("X2", 3)))
    assert "back by" not in line(facts(evening))


def test_who_flies_is_said_to_the_observer() -> None:
    """Two cockpits: one flies, the other knows who."""
    evening = Evening().taken("ops2")
    assert "you observe; ops2 flies" in line(facts(evening, driver=False))
    assert "nobody flies" in line(facts(Evening(), driver=False))


@pytest.mark.parametrize("width", [160, 120, 80, 60, 40])
@pytest.mark.parametrize("environment", ["production", "staging", "drill"])
def test_a_drill_can_never_pass_for_the_real_thing(width: int, environment: str) -> None:
    """The watermark stays at every width, whatever the environment is called."""
    text = line(facts(Evening("drill", environment)), width)
    assert "DRILL" in text
    assert "DRILL" not in line(facts(Evening("live", "production")), width)


@pytest.mark.parametrize(("width", "kept"), [(80, ("PRODUCTION ▲", "T+04:12", "10:48 left", "○ not back")),
                                             (60, ("PRODUCTION ▲", "T+04:12", "10:48 left"))])  # fmt: skip
def test_narrow_bars_keep_what_matters(width: int, kept: tuple[str, ...]) -> None:
    """Where we are, since when, until when and whether it is back survive 80 and 60 columns, warnings as a sign."""
    evening = Evening().taken().add(ev.InputsSet("Critical", -1, -1, ""))
    some = replace(facts(evening), warnings=("PostgreSQL does not answer", "clock skew 4 s"))
    text = line(some, width)
    assert row_width(bar_row(some, width)) <= width
    assert all(word in text for word in kept)
    assert "!" in text


@pytest.mark.parametrize("width", range(20, 200, 7))
def test_hostile_names_never_break_the_line(width: int) -> None:
    """Names from outside are plain text, clipped, at any width."""
    some = BarFacts(environment=HOSTILE, system=HOSTILE, host=HOSTILE, flies=HOSTILE, warnings=(HOSTILE,))
    assert row_text(bar_row(some, width)).isprintable()


def test_a_host_is_named_as_people_name_it() -> None:
    """The user and the scheme are not what anybody looks for."""
    assert host_words("ssh://deploy@app-1:22") == "app-1:22"
    assert host_words("local") == "this host"


def test_the_close_is_said() -> None:
    """A closed incident counts nothing down."""
    evening = Evening().back().add(ev.Closed("recovered", "all well"))
    text = line(facts(evening))
    assert "closed: recovered" in text
    assert "left" not in text
