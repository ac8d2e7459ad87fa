"""The releases of a Coolify application: its deployments joined with the images it could go back to and what runs.

A version is a full commit, or an image tag where Coolify only pulls. Which one to choose is left to ``propose`` and to
the operator.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from actions.model.coolify import HEAD, Application, Deployment, DeploymentState, RollbackImages, shown
from actions.model.coolify_rows import version_told
from actions.model.coolify_way import COMPOSE_PACK, GIT_PACKS, IMAGE_PACK
from actions.model.deployed import BY_HAND, BY_ROLLBACK, Deployed
from actions.model.errors import GoaroundError
from actions.model.git_text import is_full_id
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import Coolify, World
from actions.model.release import Release, WayBack
from actions.model.system_coolify import CoolifyTable
from actions.steps.coolify_images import images_there
from actions.steps.git_running import CommitReader, Silent
from actions.steps.perform_commit import NotTold, commit_seen
from actions.steps.perform_coolify import coolify_of, deployed, version_of

PAGE = 100
"""Deployments that are read at once."""
PAGES = 3
UNTAGGED = "<none>"
"""What the engine says of an image whose tag has moved on: nothing that could be deployed."""


@dataclass(frozen=True)
class RunningVersion:
    """What runs, and how surely that is known."""

    version: str
    observed: bool = False
    """The engine was asked; else it is Coolify's word."""
    why: str = ""
    """Why it is not known, or only by Coolify's word."""


@dataclass(frozen=True)
class CoolifySurvey:
    """All that a drawer needs to know."""

    application: Application
    images: RollbackImages
    rows: tuple[Deployment, ...]
    """Newest first; previews are left out."""
    running: RunningVersion
    releases: tuple[Release, ...]
    notes: tuple[Note, ...] = ()

    @property
    def newest(self) -> int:
        """``id`` of the newest deployment; 0: there is none."""
        return max((row.number for row in self.rows), default=0)


def survey(table: CoolifyTable, world: World, *, pages: int = PAGES) -> CoolifySurvey:
    """Look at everything once, at so many pages of deployments.

    Raises GoaroundError when the application cannot be read; all else becomes a note.
    """
    server = coolify_of(world)
    application = server.application()
    images, notes = images_there(table, application, world)
    rows, why = _paged(server, pages)
    if why:
        notes.append(NoteKind.HISTORY_UNUSED.note(why))
    running = running_version(table, world, application, images, rows)
    if not running.observed:
        notes.append(NoteKind.RUNNING_UNKNOWN.note(running.why))
    found = _releases(application, images, rows, running.version)
    return CoolifySurvey(application, images, rows, running, found, tuple(notes))


def _paged(server: Coolify, pages: int) -> tuple[tuple[Deployment, ...], str]:
    """The newest deployments, newest first, without previews; and why older ones could not be read, or empty.

    Raises GoaroundError where not even the newest can be read.
    """
    rows: dict[str, Deployment] = {}
    why = ""
    for page in range(pages):
        try:
            some, count = server.deployments(page * PAGE, PAGE)
        except GoaroundError as error:
            if not page:
                raise
            why = f"deployments older than the newest {len(rows)} are not known: {error.line()}"
            break
        # One that was queued meanwhile moves the others to the next page: what came twice counts once.
        rows.update((row.uuid or str(row.number), row) for row in some)
        if page * PAGE + len(some) >= count or not some:
            break
    found = [row for row in rows.values() if not row.pull_request]
    if all(row.number for row in found):
        found.sort(key=lambda row: row.number, reverse=True)  # those of one second come in any order
    return tuple(found), why


def version_asked(row: Deployment, pack: str) -> str:
    """What a deployment deployed: a full commit or a tag; empty: it does not say."""
    if pack == IMAGE_PACK:
        return version_told(row, pulled=True)
    return row.commit if row.commit != HEAD else ""


def running_version(
    table: CoolifyTable,
    world: World,
    application: Application,
    images: RollbackImages,
    rows: tuple[Deployment, ...],
) -> RunningVersion:
    """The engine's answer where it can be asked, else what the application tells, else what Coolify says of it."""
    why = "[coolify] containers is false and running is not set: Coolify alone tells what runs, which proves nothing"
    if table.containers:
        try:
            there = deployed(world, table.application, application.image_name)
            found = {version_of(one, table.application, application.image_name) for one in there}
        except GoaroundError as error:
            found, why = set(), f"the engine does not tell what runs: {error.line()}"
        else:
            why = f"no container of {application.name} runs on {world.host.name}"
        if len(found) == 1:
            return RunningVersion(found.pop(), observed=True)
        if found:
            return RunningVersion("", why=f"several versions run at once: {', '.join(sorted(found))}")
    if table.running is not None:
        reader = CommitReader.of(table.running, world.host.name)
        told, silent = read_version(reader, world, full=application.build_pack != IMAGE_PACK)
        if told:
            return RunningVersion(told, observed=True)
        why = f"{why}; {silent}" if table.containers else silent
    if images.current:
        return RunningVersion(images.current, why=f"{why}; Coolify says {shown(images.current)}")
    last = next((row for row in rows if row.state is DeploymentState.FINISHED and not row.restart_only), None)
    version = version_asked(last, application.build_pack) if last else ""
    if version:
        return RunningVersion(version, why=f"{why}; {shown(version)} was the last that Coolify finished")
    return RunningVersion("", why=why)


def read_version(reader: CommitReader | None, world: World, *, full: bool) -> tuple[str, str]:
    """The commit (with ``full``: by its full id) or tag that the application tells, asked once; or empty, and why."""
    if reader is None:
        return "", "coolify.running is not configured"
    try:
        seen = commit_seen(reader.wanting(""), world, Silent())
    except NotTold as reason:
        return "", f"the running version is not told: {world.redact(str(reason))}"
    except GoaroundError as error:
        return "", f"the running version cannot be read: {world.redact(error.line())}"
    if full and not is_full_id(seen.lower()):
        return "", f"{seen[:60]!r} is told as the running version, which is no full commit id"
    return (seen.lower() if full else seen), ""


def _releases(
    application: Application, images: RollbackImages, rows: tuple[Deployment, ...], running: str
) -> tuple[Release, ...]:
    found: dict[str, Release] = {}
    deployments = _deployments(application, rows)
    until = ""
    for row in rows:
        if row.restart_only and version_asked(row, application.build_pack) in deployments:
            continue  # it ran before and after: nothing was deployed
        version = version_asked(row, application.build_pack)
        done = row.finished or row.updated
        if version and version not in found:
            found[version] = _release(row, version, application, images, until)
        elif version and row.state is DeploymentState.FINISHED and not found[version].live_since:
            # It came up once; that a later try failed stays said.
            once = replace(found[version], live_since=done, live_until=until)
            found[version] = replace(once, note=_joined(once.note, f"its last deployment: {once.ended}"), ended="ok")
        if row.state is DeploymentState.FINISHED and not row.restart_only:
            until = done
    for image in images.images:
        if image.tag not in found and image.tag != UNTAGGED:
            found[image.tag] = Release(
                name=shown(image.tag),
                commit=image.tag,
                source="coolify image",
                created=image.created,
                way_back=WayBack.READY,
                note="its deployment is not among those that Coolify still lists",
            )
    if running and running not in found:
        found[running] = Release(shown(running), running, source="container", way_back=WayBack.RUNNING)
    told = (replace(one, deployments=tuple(deployments.get(one.commit, ()))) for one in found.values())
    marked = [replace(one, way_back=WayBack.RUNNING) if one.commit == running else one for one in told]
    return tuple(sorted(marked, key=_place, reverse=True))


def _place(one: Release) -> tuple[bool, str]:
    """The newest last. What runs and no row tells of was deployed by another hand, after all that is told."""
    at = one.live_since or one.created
    return one.way_back is WayBack.RUNNING and not at, at


def _deployments(application: Application, rows: tuple[Deployment, ...]) -> dict[str, list[Deployed]]:
    """Every deployment of each version, the last one first; a restart is none."""
    found: dict[str, list[Deployed]] = defaultdict(list)
    after: Deployment | None = None
    over = [row for row in rows if row.state.over and not row.restart_only]
    ran = [(at, row) for at, row in enumerate(over) if row.state is DeploymentState.FINISHED]
    first = {version_asked(row, application.build_pack): at for at, row in ran}  # of each the oldest, which comes last
    for row in over:
        version = version_asked(row, application.build_pack)
        finished = row.state is DeploymentState.FINISHED
        replaced = after if finished else None
        if version:
            one = Deployed(
                at=row.finished or row.updated,
                began=row.created,
                until=(replaced.finished or replaced.updated) if replaced is not None else "",
                ended="ok" if finished else row.state.value,
                trigger=_trigger(row),
                rolled_back=replaced is not None
                and _went_back(replaced, version, version_asked(replaced, application.build_pack), first),
            )
            found[version].append(one)
        after = row if finished else after
    return found


def _went_back(replaced: Deployment, version: str, to: str, first: dict[str, int]) -> bool:
    """Whether somebody went back: by Coolify's own rollback, or by deploying once more what had come up before it.

    ``first``: how many deployments ago each version came up first. The same version once more, by whatever means, is no
    going back from it.
    """
    return to != version and (replaced.rollback or (bool(to) and first[to] > first.get(version, first[to])))


def _trigger(row: Deployment) -> str:
    if row.rollback:
        return BY_ROLLBACK
    return "webhook" if row.by_webhook else "API" if row.by_api else BY_HAND if row.by_hand else ""


def _release(row: Deployment, version: str, application: Application, images: RollbackImages, until: str) -> Release:
    finished = row.state is DeploymentState.FINISHED
    way, note = _way_back(application, images, version)
    trigger = _trigger(row).removeprefix("by ")
    return Release(
        name=shown(version),
        commit=version,
        source="coolify deployment",
        created=row.created,
        live_since=(row.finished or row.updated) if finished else "",
        live_until=until if finished else "",
        ended="ok" if finished else row.state.value,
        way_back=way,
        subject=row.message,
        note=_joined(note, f"by {trigger}" if trigger else ""),
    )


def _way_back(application: Application, images: RollbackImages, version: str) -> tuple[WayBack, str]:
    """Whether it can be gone back to, as far as Coolify tells."""
    if application.build_pack == COMPOSE_PACK:
        return WayBack.UNKNOWN, "Coolify lists no images of compose applications"
    held = images.holds(version)
    if held:
        return WayBack.READY, ""
    if held is None:
        return WayBack.UNKNOWN, ""
    if application.build_pack in GIT_PACKS:
        return WayBack.REBUILD, "its image is gone: Coolify would build it anew from git"
    return WayBack.PULL, "its image is not on the server: it must come from the registry"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
