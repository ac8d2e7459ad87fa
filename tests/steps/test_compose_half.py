"""A switch that went half way is owed as well: some containers run the target, the file names the former one."""

from __future__ import annotations

from compose_fakes import FOLDER, V2, Fakes, container, fakes, image, image_id, project, service
from git_flight import Remembering

from actions.model.database_client import DatabaseClient
from actions.model.plan import Plan
from actions.model.release import Release, WayBack
from actions.model.step import Happened, Outcome
from actions.model.system import ComposeTable, Settings, SystemTable
from actions.steps.catalog import build
from actions.steps.compose_option import draw
from actions.steps.compose_switch import DEBT, SwitchImages
from actions.steps.database_code_switch import SwitchCode
from actions.steps.database_quiesce import ComposeServices

SERVICES = ("beat", "web")


def drawn() -> tuple[Fakes, SwitchImages]:
    """Two services run image two; the switch to image one."""
    of = project(*(service(name, "shop:2") for name in SERVICES))
    images = [image("one", "shop:1", created="2025-10-01T08:00:00Z"), image("two", "shop:2")]
    one = fakes(of, images, [container(name, "two") for name in SERVICES])
    settings = Settings(SystemTable("obcms", "drill"), compose=ComposeTable(FOLDER, image="shop"))
    target = Release("1", images=dict.fromkeys(SERVICES, image_id("one")), source="tag", way_back=WayBack.READY)
    plan = Plan.from_json(draw(settings, target, one.world, "INC-7").to_json())
    row = plan.step("X1")
    assert row is not None
    step = build(row.step, row.params)
    assert isinstance(step, SwitchImages)
    return one, step


def test_a_failure_before_anything_was_switched_owes_nothing() -> None:
    """Compose is no program here: the override alone changes nothing that runs."""
    one, step = drawn()
    result = step.run(one.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert "debt" not in result.facts
    assert step.check(one.world).happened is Happened.NO


def test_a_failure_half_way_is_owed_with_its_ways_back() -> None:
    """Z20: however the run ended, and when its end is looked into after a crash."""
    one, step = drawn()
    one.engine.made[0] = container(one.engine.made[0].service, "one")
    result = step.run(one.world, Remembering())
    assert result.outcome is Outcome.FAILED
    owed = {"debt": DEBT, "debt of": "", "by hand": "commit the rollback (pin what runs in the Compose file)"}
    assert {name: result.facts.get(name) for name in owed} == owed
    seen = step.check(one.world)
    assert (seen.happened, seen.facts) == (Happened.UNKNOWN, owed)


def test_one_that_came_about_is_owed_as_ever() -> None:
    """Its undo pays it; so does committing it."""
    one, step = drawn()
    one.engine.made[:] = [container(name, "one") for name in SERVICES]
    seen = step.check(one.world)
    assert (seen.happened, seen.facts["debt"], "debt of" in seen.facts) == (Happened.YES, DEBT, False)


def coded(switch: SwitchImages) -> SwitchCode:
    """The same switch after a swap of the database."""
    services = ComposeServices("local", FOLDER, (), switch.project, V2, SERVICES)
    client = DatabaseClient("local")
    return SwitchCode(client, "shop", "backup", switch, services, owed="while shop_pre is kept, web is pinned")


def test_the_code_of_a_swap_that_went_half_way_is_owed_as_well() -> None:
    """As the switch alone: however the run ended, and when its end is looked into; nothing switched owes nothing."""
    one, switch = drawn()
    step = coded(switch)
    result = step.run(one.world, Remembering())
    assert (result.outcome, "debt" in result.facts) == (Outcome.FAILED, False)
    assert (step.check(one.world).happened, step.check(one.world).facts) == (Happened.NO, {})
    one.engine.made[0] = container(one.engine.made[0].service, "one")
    owed = {"debt": "while shop_pre is kept, web is pinned", "debt of": ""}
    result = step.run(one.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert {name: result.facts.get(name) for name in owed} == owed
    seen = step.check(one.world)
    assert (seen.happened, seen.facts) == (Happened.UNKNOWN, owed)
