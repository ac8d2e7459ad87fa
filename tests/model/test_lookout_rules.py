"""Which sensors are read for an incident, what can be sensed of a system, and which readings say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_incident import Evening
from with_procedure import following

from actions.model import events as ev
from actions.model.codec import to_json
from actions.model.database_errors import FailedQueries, errors_database
from actions.model.error_count import ErrorCount
from actions.model.incident import Incident
from actions.model.lookout_rules import wanted
from actions.model.message_rules import configured_probes
from actions.model.procedure import SENSORS, observes
from actions.model.sensing import can_sense, unknown
from actions.model.sensor_rules import Answered, errors_rate, probes_green, response_times
from actions.model.system import ProbeTable, ProveTable, Settings, SystemTable
from actions.steps.configured_probes import configured_probes as sent

OWN = {"name": "health", "url": "http://127.0.0.1/", "slow_ms": 800, "baseline_ms": 140}
OUTSIDE = {"name": "mail-relay", "url": "http://127.0.0.2/", "external": True, "slow_ms": 9, "baseline_ms": 9}


@pytest.mark.parametrize(
    ("settings", "there", "not_there"),
    [
        ({}, "", "app.runs probes.answer probes.green dependencies.answer errors.rate errors.database probe.health"),
        ({"compose": {"directory": "/a"}}, "app.runs errors.rate errors.database", "probes.answer"),
        ({"system": {"logs": ["/a"]}}, "errors.rate errors.database", "app.runs"),
        (
            {"probe": [OWN]},
            "probes.answer probes.green response.times response.baseline probe.health",
            "dependencies.answer probe.login probe. probe.heal check.health",
        ),
        (
            {"probe": [OUTSIDE]},
            "dependencies.answer probe.mail-relay",
            "probes.answer probes.green response.times response.baseline",
        ),
        ({"probe": [{"name": "a", "url": "http://b/"}]}, "probes.green response.baseline", "response.times"),
        ({"login": [{"name": "login"}]}, "probe.login", "check.login probes.green"),
        ({"check": [{"name": "mail"}]}, "check.mail", "probe.mail check.beat"),
    ],
)
def test_only_what_is_configured_can_be_sensed(settings: dict[str, Any], there: str, not_there: str) -> None:
    """Elsewhere the item or criterion is a person's, and nothing is asked."""
    assert [name for name in there.split() if not can_sense(name, settings)] == []
    assert [name for name in not_there.split() if can_sense(name, settings)] == []


def test_what_is_sensed_is_a_name_that_documents_may_give() -> None:
    """No sensor that nothing could be bound to."""
    every = {"app.runs", "probes.answer", "dependencies.answer", "response.baseline", "errors.database"}
    assert every <= set(SENSORS)


def test_what_a_sensor_observes_is_said() -> None:
    """Also of those that are named after something configured; of an unknown one its name."""
    assert observes("app.runs") == "every container runs, is healthy, and does not restart"
    assert observes("check.mail") == "mail: the [[check]] of this name is well"
    assert observes("probe.login") == "login: the [[probe]] or [[login]] of this name passes"
    assert (observes("probe."), observes("x")) == ("probe.", "x")


def test_services_outside_are_no_part_of_the_proof() -> None:
    """C01: an outage of somebody else must neither fail a proof nor hold back "solved"."""
    probes = (ProbeTable("health", "http://127.0.0.1/"), ProbeTable("mail", "http://127.0.0.2/", external=True))
    settings = Settings(SystemTable("obcms", "drill"), probe=probes)
    assert [one.name for one in settings.own_probes] == ["health"]
    assert [one.name for one in sent(settings)] == ["health"]
    assert configured_probes(with_settings(Evening(), to_json(settings))) == ("health",)


@pytest.mark.parametrize(("deadline", "seconds", "wanted"), [(60, 10, 60), (5, 0, 5), (10, 10, 13), (5, 30, 33)])
def test_a_row_of_passes_fits_into_its_deadline(deadline: int, seconds: int, wanted: int) -> None:
    """What is written holds; where no row of passes could ever fit into it, it is as long as one needs."""
    probe = ProbeTable("health", "http://127.0.0.1/", deadline=deadline, answer=3)
    settings = Settings(SystemTable("obcms", "drill"), probe=(probe,), prove=ProveTable(seconds=seconds))
    assert [one.deadline_s for one in sent(settings)] == [wanted]


def with_settings(evening: Evening, settings: dict[str, Any]) -> Incident:
    incident = evening.incident
    assert incident.declared is not None
    return replace(incident, declared=replace(incident.declared, settings=settings))


def test_sensors_of_criteria_are_read_and_those_that_cannot_be_are_not() -> None:
    """A criterion is proposed by what is read: from the declaration on, whatever the list asks for."""
    few = with_settings(following(), {"check": [{"name": "beat"}], "login": [{"name": "login"}]})
    assert wanted(few) == {"check.beat", "probe.login"}
    full = with_settings(
        following(),
        {
            "probe": [OWN, OUTSIDE],
            "compose": {"directory": "/a"},
            "check": [{"name": "mail"}, {"name": "never bound"}],
        },
    )
    names = wanted(full)
    assert {"app.runs", "probes.answer", "response.baseline", "errors.database", "check.mail"} <= names
    assert {"probes.green", "response.times", "errors.rate"} <= names, "those of the list, as before"
    assert "check.never bound" not in names
    assert "decision" not in names


def test_services_outside_are_always_asked() -> None:
    """C01: "is it the deployment, or something outside?" is asked in every incident; no line needs to be bound."""
    assert "dependencies.answer" in wanted(with_settings(following(), {"probe": [OUTSIDE]}))
    assert "dependencies.answer" not in wanted(with_settings(following(), {"probe": [OWN]}))


def test_a_criterion_that_does_not_apply_is_not_read(tmp_path: Path) -> None:
    """Inhibited by the configuration: nobody is asked for it, so nothing is looked at for it."""
    document = tmp_path / "own.md"
    document.write_text(
        "# Back\n\n## When to go back\n\n### Critical\n\n- Payments fail <!-- when: payments -->"
        " <!-- sensed: probe.pay -->\n"
        "- It is down <!-- sensed: probe.health -->\n\n## Before\n\n- [ ] looked\n"
    )
    settings: dict[str, Any] = {"probe": [OWN, {"name": "pay", "url": "http://127.0.0.1/"}]}
    assert wanted(with_settings(following(document), settings)) == {"probe.health"}
    settings["procedure"] = {"applies": ["payments"]}
    assert wanted(with_settings(following(document), settings)) == {"probe.health", "probe.pay"}


def test_nothing_is_read_for_an_incident_that_is_not_open() -> None:
    """Before the declaration and after the close."""
    assert wanted(Incident("INC-1")) == frozenset()
    incident = with_settings(following(), {"probe": [OWN]})
    assert wanted(incident)
    assert wanted(replace(incident, closed=ev.Closed("abandoned", ""))) == frozenset()


@pytest.mark.parametrize(
    ("seen", "says_nothing"),
    [
        ("cannot be read: no route to host", True),
        (errors_rate(ErrorCount(0, 0, 0, 0), 60, -1).seen, True),
        (errors_rate(ErrorCount(0, 0, 9, 60_000, 1), 60, -1, sources=2).seen, True),
        (errors_rate(ErrorCount(0, 3, 9, 60_000, 1, ("a: gone",)), 60, -1).seen, True),
        (errors_rate(ErrorCount(99, 99, 99, 60_000, 1), 60, -1).seen, False),
        (response_times((Answered("a", False, 500, 1, "500", True, 80),)).seen, True),
        (response_times((Answered("a", True, 200, 99, "200", slow_ms=80),)).seen, False),
        (probes_green((Answered("a", False, 0, 1, "connection refused"),)).seen, False),
        (getattr(errors_database(FailedQueries(0, None, 300_000)), "seen", ""), True),
        (getattr(errors_database(FailedQueries(1, None, 300_000)), "seen", ""), False),
        ("3 of 3 run", False),
        ("not known", False),
    ],
)
def test_readings_that_say_nothing(seen: str, says_nothing: bool) -> None:
    """What could not be seen proposes no criterion, though it ticks no item either."""
    assert unknown(seen) is says_nothing
