"""Releases and plans of whichever option is asked for; the one place that knows which options there are.

An option's steps are imported when it is used: the screen paints without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.note import Note
from actions.model.plan import Plan
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.system import Settings
from actions.steps.propose import propose

if TYPE_CHECKING:
    from actions.model.ports import World


def releases(
    settings: Settings, option: str, world: World, incident: str = "", *, depth: int = 1
) -> tuple[tuple[Release, ...], tuple[Note, ...]]:
    """Releases that the option knows, newest first, and what could not be learnt, a note each. Asks the world.

    ``incident``: what it kept itself before going back is nothing to go back to. ``depth``: so many times as far back
    as usually, where a source is read in pages.
    """
    if option == "git" and settings.git is not None:
        from actions.steps import git_releases

        survey = git_releases.survey(settings.git, world, limit=git_releases.COMMITS * depth)
        return survey.releases, survey.notes
    if option == "coolify" and settings.coolify is not None:
        from actions.steps import coolify_releases

        seen = coolify_releases.survey(settings.coolify, world, pages=coolify_releases.PAGES * depth)
        return seen.releases, seen.notes
    if option == "compose" and settings.compose is not None:
        from actions.steps import compose_releases

        return compose_releases.releases(settings.compose, world, settings.system.name), ()
    if option == "database" and settings.database is not None:
        from actions.steps import database_releases

        return database_releases.releases(settings, world, incident), ()
    if option == "migration" and option in settings.options:
        # Migrations go back to a release of the code: those that the option of the code knows.
        code = "compose" if settings.compose is not None else "git"
        return releases(settings, code, world, depth=depth)
    raise _unconfigured(option)


def draw(settings: Settings, option: str, release: Release, world: World, incident: str) -> Plan:
    """The plan that goes back to this release, with what every plan of this system has. Asks; changes nothing."""
    # How often it was deployed before is no part of what runs, and would make a new plan of the same one.
    plan = _draw(settings, option, replace(release, deployments=()), world, incident)
    kept = world.notes_of(release)
    plan = replace(plan, notes=(*plan.notes, *kept)) if kept else plan
    if settings.maintenance is None:
        return plan
    from actions.steps.maintenance import with_notice

    return replace(plan, steps=with_notice(plan.steps, settings))


def _draw(settings: Settings, option: str, release: Release, world: World, incident: str) -> Plan:
    if option == "git" and settings.git is not None:
        from actions.steps import git_option

        _prefer_image(settings, release, world)
        return git_option.draw(settings, release, world, incident)
    if option == "compose" and settings.compose is not None:
        from actions.steps import compose_option

        return compose_option.draw(settings, release, world, incident)
    if option == "coolify" and settings.coolify is not None:
        from actions.steps import coolify_option

        return coolify_option.draw(settings, release, world, incident)
    if option == "database" and settings.database is not None:
        from actions.steps import database_option

        return database_option.draw(settings, release, world, incident)
    if option == "migration" and option in settings.options:
        from actions.steps import migration_option

        return migration_option.draw(settings, release, world, incident)
    raise _unconfigured(option)


def _prefer_image(settings: Settings, release: Release, world: World) -> None:
    """Refuse git where the same commit lies ready as an image and the migrations differ: the switch is surer."""
    if settings.compose is None or world.repository is None:
        return
    from actions.steps import compose_releases
    from actions.steps.git_option import migrations_between

    try:
        found = compose_releases.releases(settings.compose, world, settings.system.name)
        running = next((one.commit for one in found if one.way_back is WayBack.RUNNING), "")
        ready = [
            one for one in found if one.commit == release.commit and one.way_back in (WayBack.READY, WayBack.PROTECTED)
        ]
        differ = migrations_between(world.repository, running, release.commit) if ready and running else ()
    except GoaroundError:
        return  # what cannot be read is no reason to refuse the other way
    if differ:
        raise Refused(
            f"{release.name} lies ready as an image, and {len(differ)} migration files differ",
            f"a deployment from git may run them again ({differ[0]}); the image switch runs no job and is faster",
            "use the compose option",
        )


def _unconfigured(option: str) -> BadInput:
    return BadInput(f"the option {option!r} is not configured", "", f"add a [{option}] table to the configuration")


__all__ = ["draw", "propose", "releases"]
