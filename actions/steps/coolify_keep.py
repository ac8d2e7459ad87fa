"""Draws the step that lets Coolify keep more images, where its clean-up would take the target; owed until it is back.

Which image stands where is read by the caller. Without the step the plan is the same: it is optional.
"""

from __future__ import annotations

import json
from datetime import timedelta

from actions.model.clock import parse_stamp, stamp
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.prune_horizon import horizon
from actions.model.quick_dataclass import replace
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_releases import CoolifySurvey
from actions.steps.coolify_set import SetField
from actions.steps.perform_coolify import owed_straight
from actions.steps.planned import planned

KEY = "docker_images_to_keep"
CODE, BACK = "B2", "Z3"
DUE = timedelta(days=7)


def keep_more(
    table: CoolifyTable, seen: CoolifySurvey, version: str, world: World
) -> tuple[PlannedStep, PlannedStep] | None:
    """(keeps more, straightens it after); None: the image is not there, not told of, or outlives one more deployment
    and the clean-up after it."""
    before = seen.application.images_to_keep
    at = horizon(seen.images, version, before, None, world.clock.now(), seen.running.version)
    if before is None or at.spare is None or at.spare > 0:
        return None
    now = parse_stamp(stamp(world.clock.now()))
    first = owed_straight(world, KEY, json.dumps(before))
    usual = json.loads(first)
    step = SetField(
        base=table.url,
        application=table.application,
        key=KEY,
        before=json.dumps(before),
        after=json.dumps(at.wanted()),
        title_text=f"Protect the target: Coolify keeps {at.wanted()} images instead of {before}",
        debt=f"Coolify keeps {at.wanted()} images of {seen.application.name} instead of {usual}",
        code=CODE,
        due=stamp(now + DUE),
        straight=first if first != json.dumps(before) else "",
    )
    back = replace(
        step,
        before=step.after,
        after=first,
        title_text=f"Let Coolify keep {usual} images again, once nothing goes back any more",
        debt="",
        straight="",
    )
    kept = planned(step, code=CODE, phase="before", optional=True, about_s=2)
    return kept, replace(planned(back, code=BACK, phase="after", optional=True, about_s=2), pays=CODE)
