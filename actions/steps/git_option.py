"""Draws the way back by git: keep what will be lost, push the target under a new name, deploy it, prove it.

Every name, id and time is drawn here, once; the steps only carry them. Which release to go back to is chosen before.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from datetime import datetime

from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.git_text import branch_problem, filled, in_the_way, is_full_id
from actions.model.naming import first_of
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import Repository, World
from actions.model.release import Release, short_id
from actions.model.system import GitTable, Settings
from actions.steps import git_coolify_option
from actions.steps.configured_probes import configured_probes
from actions.steps.git_branch import Clone, PushBranch
from actions.steps.git_deploy import Deploy
from actions.steps.git_evidence import keep_clone, keep_logs
from actions.steps.git_releases import repository_of
from actions.steps.git_remove_option import Removal, removal, usual_of
from actions.steps.git_running import CommitReader, Running, deploy_host, read_running
from actions.steps.planned import planned
from actions.steps.prove import ProveBack
from actions.steps.schema_notes import gate

_MIGRATION = re.compile(r"(?:^|/)(?:migrations/[^/]+\.(?:py|sql)|alembic/versions/[^/]+|db/migrate/[^/]+)$")
_NAMES_TRIED = 100
SILENT_S = 120
"""Seconds after which a deploy command that says nothing is flagged; it goes on."""


def draw(settings: Settings, release: Release, world: World, incident: str = "") -> Plan:
    """The plan for going back to ``release``. Reads only.

    Raises Refused with the reason when there is no way, Unreachable or CommandFailed when the remote cannot be asked.
    """
    table = _table(settings)
    repository = repository_of(world)
    sha = _target(release, repository)
    clone = Clone(
        host="local" if settings.system.host == "local" else "jump host",
        directory=table.repository,
        git_dir=repository.git_dir(),
        remote=table.remote,
        url=repository.remote_url(table.remote),
    )
    reader = CommitReader.of(table.running, settings.system.host)
    over = git_coolify_option.look(settings, world) if table.coolify else None
    running = read_running(reader, world) if over is None else Running(over.running.version, over.running.why)
    if running.commit == sha:
        raise Refused(
            f"{release.name} runs already", sha, "choose another release, or prove this one", code="target-runs"
        )
    refs = repository.remote_refs(table.remote)
    moment = world.clock.now()
    branch, undo_branch, time = _names(table, moment, refs)
    watched = _watched(table, repository, refs, (sha, running.commit), release)
    prefix = table.branch.partition("{time}")[0]
    former = running.commit if is_full_id(running.commit) else ""
    named = over.application.git_branch if over is not None else ""
    usual = usual_of(refs, former, sha, prefix, "" if prefix and named.startswith(prefix) else named)
    draws = functools.partial(
        removal, clone, usual=usual, moment=moment, time=time, reader=None if over else reader, coolify=over is not None
    )
    gone, undo_gone = draws(branch, sha), draws(undo_branch, former, undo=True)
    pushed = PushBranch(clone, sha, branch, watched, prefix=prefix, left=gone.left)
    kept = _kept(settings, table, clone, world.evidence.encrypts_to)
    schema = gate(settings, world, release, "B3")
    drawn = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "branch": branch, "sha": sha}
    if over is not None:
        back = undo_branch if former else ""
        made = git_coolify_option.Branches(clone, sha, branch, back, undo_gone.left, prefix, usual)
        kept = (*kept, git_coolify_option.keep(settings, world))
        needs = tuple(step.code for step in kept)
        environment = git_coolify_option.environment(settings, release, world)
        kept = (*kept, *environment.steps)
        then = git_coolify_option.steps(settings, over, made, release.name, world, (*needs, "X1"))
        notes = (*git_coolify_option.said(settings, over, made, world), *environment.notes)
        undo_branch = made.undo_branch
    else:
        deployed = _deploy(settings, table, clone, sha, branch, undo_branch, running, reader)
        deployed = dataclasses.replace(deployed, left=undo_gone.left if deployed.undo_branch else None)
        needs = tuple(step.code for step in kept)
        then = _then(settings, release, deployed, reader, needs)
        notes = ()
        undo_branch = deployed.undo_branch
    if undo_branch:
        drawn["undo_branch"] = undo_branch
    x1 = planned(pushed, code="X1", phase="carry out", needs=needs, about_s=5, silent_s=30)
    removals = (gone.planned(), *((undo_gone.planned(),) if undo_branch else ()))
    return Plan(
        option="git",
        system=settings.system.name,
        target=release,
        running=running.commit,
        drawn=drawn,
        steps=(*kept, *schema.steps, x1, *then, *removals),
        notes=(*schema.notes, *notes, *_notes(settings, table, repository, running, gone, undo_branch)),
        facts={"remote": f"{table.remote} ({clone.url})", "watched": ", ".join(sorted(watched)), **schema.facts},
    )


def _table(settings: Settings) -> GitTable:
    if settings.git is None:
        raise Refused("there is no git option", "git.repository is not configured", "add a [git] table")
    if not settings.git.deploy and not settings.git.coolify:
        raise Refused(
            "nothing can be deployed by git",
            "git.deploy is not configured",
            'set git.deploy to the command that deploys a ref, such as ["make", "deploy", "REF={ref}"], '
            "or git.coolify = true",
        )
    return settings.git


def _target(release: Release, repository: Repository) -> str:
    sha = release.commit
    if not is_full_id(sha):
        problem, move = "no full commit id is known for it", "choose a release that has a commit"
        raise Refused(f"{release.name} cannot be gone back to by git", problem, move, code="target-no-commit")
    if repository.commit(sha) is None:
        problem, move = f"{sha} is not in the clone", "run `git fetch --tags` in the clone"
        raise Refused(f"{release.name} cannot be gone back to by git", problem, move, code="target-gone")
    return sha


def _names(table: GitTable, moment: datetime, refs: dict[str, str]) -> tuple[str, str, str]:
    """A branch name that the remote does not have, the one for the undo, and the time in both; with seconds when it
    must be.
    """
    taken = {name.removeprefix("refs/heads/") for name in refs}
    times = [f"{moment:%Y%m%d-%H%M}", f"{moment:%Y%m%d-%H%M%S}"]
    times += [f"{moment:%Y%m%d-%H%M%S}-{number}" for number in range(2, _NAMES_TRIED)]
    for time in times:
        branch = table.branch.replace("{time}", time)
        problem = branch_problem(branch)
        if problem:
            raise BadInput("git.branch", f"{branch!r} {problem}", "correct the name around {time}")
        if other := in_the_way(branch, refs):
            raise Refused(
                f"{table.remote} can take no branch {branch}",
                f"the branch {other} is there, and git keeps no other beside it",
                "rename that branch, or set git.branch to another name",
                code="branch-in-the-way",
            )
        if branch not in taken and f"{branch}-undo" not in taken:
            return branch, f"{branch}-undo", time
    raise Refused("no free branch name is left", table.branch, "remove old branches of this kind from the remote")


def _watched(
    table: GitTable,
    repository: Repository,
    refs: dict[str, str],
    known: tuple[str, ...],
    release: Release,
) -> dict[str, str]:
    """The refs of the remote that must not move under us.

    Its default branch, branches that stand on a release (the ones that something is deployed from), other rollbacks,
    and the tags of the target. Everyday branches of developers may move: they would refuse a rollback all day long.
    """
    target = repository.commit(release.commit)
    tags = {f"refs/tags/{tag}" for tag in (target.tags if target else ())}
    ids = {*known, *(row.id for row in repository.commits() if row.tags)}
    prefix = f"refs/heads/{table.branch.partition('{time}')[0]}"
    ours = len(prefix) > len("refs/heads/")
    return {
        name: sha
        for name, sha in refs.items()
        if name == "HEAD"
        or name in tags
        or (name.startswith("refs/heads/") and (sha in ids or (ours and name.startswith(prefix))))
    }


def _deploy(
    settings: Settings,
    table: GitTable,
    clone: Clone,
    sha: str,
    branch: str,
    undo_branch: str,
    running: Running,
    reader: CommitReader | None,
) -> Deploy:
    by_ref = any("{ref}" in word for word in table.deploy)
    former = running.commit
    return Deploy(
        clone=clone,
        host=deploy_host(settings, table),
        argv=filled(table.deploy, ref=branch, sha=sha),
        sha=sha,
        cwd=table.directory,
        timeout_s=table.deploy_timeout,
        reader=reader,
        former=former,
        undo_argv=filled(table.deploy, ref=undo_branch, sha=former) if former else (),
        branch=branch if by_ref else "",
        undo_branch=undo_branch if by_ref and former else "",
    )


def _kept(settings: Settings, table: GitTable, clone: Clone, readers: tuple[str, ...]) -> tuple[PlannedStep, ...]:
    """What is kept before anything changes."""
    logs = keep_logs(settings.system, table, deploy_host(settings, table))
    state = planned(keep_clone(clone, readers), code="B2", phase="before", gate=True, about_s=5)
    return (state,) if logs is None else (planned(logs, code="B1", phase="before", gate=True, about_s=5), state)


def _then(
    settings: Settings, release: Release, deployed: Deploy, reader: CommitReader | None, kept: tuple[str, ...]
) -> tuple[PlannedStep, ...]:
    """After the push: the deploy command, and the proof."""
    proof = ProveBack(
        target=release.name,
        commit=reader.wanting(deployed.sha) if reader is not None else None,
        probes=configured_probes(settings),
    )
    return (
        planned(deployed, code="X2", phase="carry out", needs=(*kept, "X1"), about_s=120, silent_s=SILENT_S),
        planned(
            proof,
            code="X3",
            phase="carry out",
            needs=("X2",),
            proves=True,
            about_s=5 + max(5, settings.prove.seconds * len(proof.probes)),  # one probe after the other
        ),
    )


def _notes(
    settings: Settings, table: GitTable, repository: Repository, running: Running, gone: Removal, undo_branch: str
) -> tuple[Note, ...]:
    notes, sha = [], gone.step.sha
    if running.commit:
        notes.append(_differences(repository, running.commit, sha))
    elif not table.coolify:  # which says so itself
        cost = f"{running.why}: there is no undo, and that {short_id(sha)} runs may stay not proven"
        notes.append(NoteKind.NO_UNDO.note(cost))
    dirty = repository.dirty()
    if dirty:
        kept = f"the clone has uncommitted changes ({first_of(dirty, 3)}): they are kept as a patch, not touched"
        notes.append(NoteKind.CLONE_DIRTY.note(kept))
    if not settings.system.logs:
        missing = "no system.logs are configured: no log of the release that runs now is kept"
        notes.append(NoteKind.NO_LOGS_CONFIGURED.note(missing))
    undo = f" (and {undo_branch} after an undo)" if undo_branch else ""
    until = f"until {gone.code} removes it, once what is deployed has moved on"
    stays = f"the branch{undo} stays on {table.remote} {until}; nothing is forced"
    return (*notes, NoteKind.BRANCH_STAYS.note(stays))


def is_migration(path: str) -> bool:
    """Whether a path is that of a migration, as Django, Alembic and Rails lay them out."""
    return _MIGRATION.search(path) is not None


def migrations_between(repository: Repository, old: str, new: str) -> tuple[str, ...]:
    """Paths of migrations that differ between two commits. Raises GoaroundError when one is not in the clone."""
    return tuple(path for path in repository.changed_between(old, new) if is_migration(path))


def _differences(repository: Repository, old: str, new: str) -> Note:
    try:
        changed = repository.changed_between(old, new)
    except GoaroundError as error:
        unknown = f"what differs between the running commit and the target is not known: {error.line()}"
        return NoteKind.DIFFERENCE_UNKNOWN.note(unknown)
    migrations = [path for path in changed if is_migration(path)]
    if not migrations:
        files = "1 file differs" if len(changed) == 1 else f"{len(changed)} files differ"
        return NoteKind.FILES_DIFFER.note(f"{files} from what runs, no migration among them")
    return NoteKind.MIGRATIONS_DIFFER.note(
        f"{len(changed)} files differ from what runs, {len(migrations)} of them migrations ({migrations[0]}): "
        "the code goes back, the database does not"
    )
